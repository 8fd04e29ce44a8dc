//! The core module of a caller.
//!
//! Theory of operation. The memory is laid out as that of a bridge (`bridge::routines`). The host writes a *request*:
//! at CALLED the number of a function and the address where the request ends, in the slots the flat arguments, and in
//! the arena what these point to. `handle` passes the slots to the function. The engine has read the arguments when
//! the function begins, so the result begins where the arena does, as the canonical ABI stores it, and what it points
//! to is allocated behind it. At CALLED stand then where the arena ends and how many pages the memory has.
//!
//! At the first call the caller lets the host look for the memory. A host that sees it writes the request before it
//! calls `handle`, the first time when it has found the memory, and reads the result afterwards: nothing is called in
//! between. Of a request that is longer than the memory it writes the first 16 bytes; the caller makes room for the
//! rest and calls `fill`. Where the host sees nothing, `next` gives the request, what is in the arena first and then what
//! is before it, and `done` takes everything up to the end of the result.

use super::exports::Exports;
use super::host::{DONE, HANDLE, NEXT, RETURNED, calls, interface};
use crate::bridge::assembly::{NAMES, SIGHT, TOP, assembled};
use crate::bridge::flat::{leaf, load_slot, store_leaf, value};
use crate::bridge::host::{CHALLENGE, FILL, LOCATE};
use crate::bridge::routines::{ARENA, CALLED, REPLY, SLOTS, grow, is_seen, look, realloc};
use crate::core_module::{CoreModule, at};
use anyhow::Result;
use wasm_encoder::{BlockType, InstructionSink, ValType};
use wit_parser::abi::AbiVariant;
use wit_parser::{Function, ResourceIntrinsic, SizeAlign, WasmImport};

/// What of a request is before the arena.
const HEAD: i32 = ARENA - CALLED as i32;

/// What a caller imports of the host, as functions of its module.
struct Host {
    next: u32,
    done: u32,
    fill: u32,
    challenge: u32,
    locate: u32,
}

/// The module, without the world that it is for.
pub fn module(exports: &Exports, tells_adapters: bool) -> Result<Vec<u8>> {
    let mut assembly = CoreModule::default();
    let host = import_host(&mut assembly);
    let returned = tells_adapters.then(|| assembly.import(&calls(), RETURNED, &[], &[]));
    let called = import_called(exports, &mut assembly);
    let dropped = import_drops(exports, &mut assembly);
    let realloc = realloc(&mut assembly);
    assembly.export("cabi_realloc", realloc);
    let look = look(&mut assembly, host.challenge, host.locate);
    let mut sizes = SizeAlign::default();
    sizes.fill(&exports.resolve);
    let mut numbered = Vec::new();
    for ((_, function), import) in exports.functions.iter().zip(called) {
        numbered.push(define(exports, &mut assembly, &sizes, function, import)?);
    }
    for drop in dropped {
        numbered.push(assembly.define(&[], &[], &[], |code| {
            load_slot(code, ValType::I32, SLOTS);
            code.call(drop);
        }));
    }
    let handle = handle(&mut assembly, &host, look, &numbered, returned);
    assembly.export(HANDLE, handle);
    Ok(assembled(assembly, ARENA))
}

fn import_host(assembly: &mut CoreModule) -> Host {
    let interface = interface();
    let mut import = |name, params: &[ValType], results: &[ValType]| {
        assembly.import(&interface, name, params, results)
    };
    let (i32, i64) = (ValType::I32, ValType::I64);
    Host {
        next: import(NEXT, &[i32], &[]),
        done: import(DONE, &[i32; 2], &[]),
        fill: import(FILL, &[], &[]),
        challenge: import(CHALLENGE, &[i32], &[]),
        locate: import(LOCATE, &[i32], &[i64]),
    }
}

fn import_called(exports: &Exports, assembly: &mut CoreModule) -> Vec<u32> {
    let resolve = &exports.resolve;
    let mut imported = Vec::new();
    for (interface, func) in &exports.functions {
        let signature = resolve.wasm_signature(AbiVariant::GuestImport, func);
        let params: Vec<_> = signature.params.iter().map(value).collect();
        let results: Vec<_> = signature.results.iter().map(value).collect();
        let interface = interface.as_ref();
        let import = WasmImport::Func { interface, func };
        let (module, name) = resolve.wasm_import_name(NAMES, import);
        imported.push(assembly.import(&module, &name, &params, &results));
    }
    imported
}

fn import_drops(exports: &Exports, assembly: &mut CoreModule) -> Vec<u32> {
    let mut imported = Vec::new();
    for (interface, resource) in &exports.resources {
        let import = WasmImport::ResourceIntrinsic {
            interface: Some(interface),
            resource: *resource,
            intrinsic: ResourceIntrinsic::ImportedDrop,
        };
        let (module, name) = exports.resolve.wasm_import_name(NAMES, import);
        imported.push(assembly.import(&module, &name, &[ValType::I32], &[]));
    }
    imported
}

/// Calls `import` with what is in the slots, and leaves the result where the arena begins.
fn define(
    exports: &Exports,
    assembly: &mut CoreModule,
    sizes: &SizeAlign,
    function: &Function,
    import: u32,
) -> Result<u32> {
    let resolve = &exports.resolve;
    let signature = resolve.wasm_signature(AbiVariant::GuestImport, function);
    let passed = signature.params.len() - usize::from(signature.retptr);
    let params: Vec<_> = signature.params[..passed].iter().map(value).collect();
    let result = match &function.result {
        Some(ty) if !signature.retptr => Some(leaf(resolve, ty)?),
        _ => None,
    };
    let size = function
        .result
        .map_or(0, |ty| sizes.size(&ty).size_wasm32());
    let end = i64::from(ARENA) + size as i64;
    Ok(assembly.define(&[], &[], &[ValType::I64], |code| {
        code.i64_const(end).local_set(0);
        grow(code, 0);
        code.i32_const(end as i32).global_set(TOP);
        if result.is_some() {
            code.i32_const(ARENA);
        }
        for (param, slot) in params.iter().zip((SLOTS..).step_by(8)) {
            load_slot(code, *param, slot);
        }
        if signature.retptr {
            code.i32_const(ARENA);
        }
        code.call(import);
        if let Some(leaf) = &result {
            store_leaf(code, leaf);
        }
    }))
}

fn handle(
    assembly: &mut CoreModule,
    host: &Host,
    look: u32,
    numbered: &[u32],
    returned: Option<u32>,
) -> u32 {
    let end = 0;
    assembly.define(&[], &[], &[ValType::I64], |code| {
        code.i32_const(ARENA).global_set(TOP);
        code.global_get(SIGHT).i32_eqz();
        code.if_(BlockType::Empty).i32_const(ARENA).call(look).end();
        is_seen(code);
        code.if_(BlockType::Empty);
        code.i32_const(0).i32_load(at(CALLED + 4));
        code.i64_extend_i32_u().local_tee(end);
        code.memory_size(0).i64_extend_i32_u();
        code.i64_const(16).i64_shl().i64_gt_u();
        code.if_(BlockType::Empty);
        grow(code, end);
        code.call(host.fill).end();
        code.else_();
        take(code, host);
        code.end();
        choose(code, numbered);
        if let Some(returned) = returned {
            code.call(returned);
        }
        code.i32_const(0).global_get(TOP).i32_store(at(CALLED + 4));
        code.i32_const(0).memory_size(0).i32_store(at(CALLED + 8));
        is_seen(code);
        code.if_(BlockType::Empty).return_().end();
        code.global_get(TOP).i32_const(0).i32_lt_s(); // a longer string would be read as UTF-16
        code.if_(BlockType::Empty).unreachable().end();
        code.i32_const(0).global_get(TOP).call(host.done);
    })
}

/// Gets the request as a string; the length of one that is not latin1 is negative.
fn take(code: &mut InstructionSink<'_>, host: &Host) {
    code.i32_const(REPLY).call(host.next);
    code.i32_const(REPLY).i32_load(at(0));
    code.i32_const(ARENA).i32_ne();
    code.i32_const(REPLY).i32_load(at(4));
    code.i32_const(HEAD).i32_lt_s().i32_or();
    code.if_(BlockType::Empty).unreachable().end();
    code.i32_const(CALLED as i32);
    code.i32_const(REPLY).i32_load(at(4));
    code.i32_const(ARENA - HEAD).i32_add();
    code.i32_const(HEAD).memory_copy(0, 0);
}

/// Calls the function with the number that is called.
fn choose(code: &mut InstructionSink<'_>, numbered: &[u32]) {
    let count = numbered.len() as u32;
    code.block(BlockType::Empty); // left when the function has returned
    for _ in 0..=count {
        code.block(BlockType::Empty);
    }
    code.i32_const(0).i32_load(at(CALLED));
    code.br_table(0..count, count).end();
    for (left, function) in (0..count).rev().zip(numbered) {
        code.call(*function).br(left + 1).end();
    }
    code.unreachable().end();
}
