//! The core module of a bridge: what it exports for each function of the interfaces, over what `routines` share.

use super::assembly::{NAMES, TOP, assembled};
use super::description::Description;
use super::flat::{leaf, load, store, value};
use super::guest::{Bridged, Guest, Key};
use super::host::{
    CALL, CHALLENGE, DROP, ENTER, FILL, FINISH, Host, LOCATE, RESOLVED, TASKS, WAIT,
};
use super::routines::{ARENA, Imported, SLOTS, realloc, settle};
use crate::core_module::CoreModule;
use anyhow::Result;
use std::collections::{BTreeMap, BTreeSet};
use wasm_encoder::{BlockType, InstructionSink, ValType};
use wit_parser::abi::AbiVariant;
use wit_parser::{Function, ResourceIntrinsic, WasmExport, WasmExportKind, WasmImport};

/// The module, without the world that it is for.
///
/// `strings` are the functions that have them in place of bytes, each with the parameters that are their addresses.
pub fn module(
    guest: &Guest,
    host: &Host,
    description: &Description,
    strings: &BTreeMap<Key, Vec<u32>>,
) -> Result<Vec<u8>> {
    let mut program = Program {
        guest,
        host,
        strings,
        interface: &description.interface,
        assembly: CoreModule::default(),
    };
    let drop = program.import_drop();
    let imported = program.imported(description);
    let realloc = realloc(&mut program.assembly);
    program.assembly.export("cabi_realloc", realloc);
    let settle = settle(&mut program.assembly, &imported);
    program.add_functions(settle)?;
    if let Some(drop) = drop {
        program.add_destructors(description, drop);
    }
    Ok(assembled(program.assembly, ARENA))
}

struct Program<'a> {
    guest: &'a Guest,
    host: &'a Host,
    strings: &'a BTreeMap<Key, Vec<u32>>,
    interface: &'a str,
    assembly: CoreModule,
}

impl Program<'_> {
    fn import_drop(&mut self) -> Option<u32> {
        let drops = self.host.drops;
        drops.then(|| self.import_host(DROP, &[ValType::I32; 2]))
    }

    fn import_host(&mut self, function: &str, params: &[ValType]) -> u32 {
        self.assembly.import(self.interface, function, params, &[])
    }

    fn imported(&mut self, description: &Description) -> Imported {
        use ResourceIntrinsic::{ExportedDrop, ExportedNew, ExportedRep};
        let (i32, i64) = (ValType::I32, ValType::I64);
        let (given, taken) = (description.given(), description.taken());
        Imported {
            call: self.import_host(CALL, &[i32; 3]),
            finish: self.import_host(FINISH, &[i32; 2]),
            enter: self.import_host(ENTER, &[]),
            fill: self.import_host(FILL, &[i32]),
            challenge: self.import_host(CHALLENGE, &[i32]),
            locate: self.assembly.import(self.interface, LOCATE, &[i32], &[i64]),
            wait: self
                .assembly
                .import(TASKS, WAIT, &[i32, i32, i64, i32], &[]),
            resolved: self
                .host
                .resolves
                .then(|| self.import_host(RESOLVED, &[i32; 3])),
            news: self.import_intrinsics(|| ExportedNew, &given, &[i32]),
            reps: self.import_intrinsics(|| ExportedRep, &taken, &[i32]),
            drops: self.import_intrinsics(|| ExportedDrop, &taken, &[]),
        }
    }

    fn import_intrinsics(
        &mut self,
        intrinsic: impl Fn() -> ResourceIntrinsic,
        wanted: &BTreeSet<usize>,
        results: &[ValType],
    ) -> BTreeMap<usize, u32> {
        let mut imported = BTreeMap::new();
        for (index, (bridged, resource)) in self.guest.resources().enumerate() {
            if wanted.contains(&index) {
                let import = WasmImport::ResourceIntrinsic {
                    interface: Some(&bridged.key),
                    resource,
                    intrinsic: intrinsic(),
                };
                let (module, name) = self.guest.resolve.wasm_import_name(NAMES, import);
                let function = self
                    .assembly
                    .import(&module, &name, &[ValType::I32], results);
                imported.insert(index, function);
            }
        }
        imported
    }

    fn add_functions(&mut self, settle: u32) -> Result<()> {
        let empty = self.assembly.define(&[ValType::I32], &[], &[], empty_arena);
        for (index, (bridged, function)) in (0..).zip(self.guest.functions()) {
            let resolve = &self.guest.resolve;
            let signature = resolve.wasm_signature(AbiVariant::GuestExport, function);
            let result = match &function.result {
                Some(ty) if !signature.retptr => Some(leaf(resolve, ty)?),
                _ => None,
            };
            let params: Vec<_> = signature.params.iter().map(value).collect();
            let key = (bridged.name.clone(), function.name.clone());
            let addresses = self.strings.get(&key).map_or(&[][..], Vec::as_slice);
            let stored = params.len() - usize::from(!addresses.is_empty());
            let results: Vec<_> = signature.results.iter().map(value).collect();
            let defined = self.assembly.define(&params, &results, &[], |code| {
                if !addresses.is_empty() {
                    step_over(code, addresses, stored as u32);
                }
                let slots = (SLOTS..).step_by(8);
                for ((local, param), slot) in (0..).zip(&params[..stored]).zip(slots) {
                    code.i32_const(0).local_get(local);
                    store(code, *param, slot);
                }
                code.i32_const(index).call(settle);
                if signature.retptr {
                    return;
                }
                match &result {
                    Some(leaf) => load(code, leaf),
                    None => {
                        code.drop();
                    }
                }
                empty_arena(code);
            });
            self.export(bridged, function, WasmExportKind::Normal, defined);
            if signature.retptr {
                self.export(bridged, function, WasmExportKind::PostReturn, empty);
            }
        }
        Ok(())
    }

    fn export(&mut self, bridged: &Bridged, func: &Function, kind: WasmExportKind, defined: u32) {
        let export = WasmExport::Func {
            interface: Some(&bridged.key),
            func,
            kind,
        };
        let name = self.guest.resolve.wasm_export_name(NAMES, export);
        self.assembly.export(&name, defined);
    }

    fn add_destructors(&mut self, description: &Description, drop: u32) {
        let resources = self.guest.resources().zip(&description.resources);
        for (index, ((bridged, resource), described)) in (0..).zip(resources) {
            if !described.keeps_nothing {
                let defined = self.assembly.define(&[ValType::I32], &[], &[], |code| {
                    code.i32_const(index).local_get(0).call(drop);
                });
                let export = WasmExport::ResourceDtor {
                    interface: &bridged.key,
                    resource,
                };
                let name = self.guest.resolve.wasm_export_name(NAMES, export);
                self.assembly.export(&name, defined);
            }
        }
    }
}

fn empty_arena(code: &mut InstructionSink<'_>) {
    code.i32_const(ARENA).global_set(TOP);
}

/// Leaves out the first byte of strings that begin at odd addresses in the guest, of which the parameter `odd` tells.
fn step_over(code: &mut InstructionSink<'_>, addresses: &[u32], odd: u32) {
    code.local_get(odd).if_(BlockType::Empty);
    for address in addresses {
        let bit = |code: &mut InstructionSink<'_>| {
            code.local_get(odd).i32_const(*address as i32).i32_shr_u();
            code.i32_const(1).i32_and();
        };
        code.local_get(*address);
        bit(code);
        code.i32_add().local_set(*address);
        code.local_get(address + 1);
        bit(code);
        code.i32_sub().local_set(address + 1);
    }
    code.end();
}
