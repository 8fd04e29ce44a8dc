//! Lets the bytes of `wasi:io/streams` cross between a component and the adapter as strings of latin1.
//!
//! Theory of operation. The engine copies a string of the encoding latin1+utf16 at once, and a `list<u8>` byte by byte.
//! To a component's core code both are an address and a length. So a component that imports `wasi:io/streams` from an
//! adapter that exports `whorl:adapter/byte-streams` is made to import that too, and to call its functions in place of
//! four methods. Between the two lies a small core module with a function for each: strings begin at even addresses, and
//! an empty one cannot be given (the WIT of the interface says what stands for it).
//!
//! What is not understood completely is left as it is: this is never needed.

use crate::core_module::{CoreModule, at};
use crate::input::outermost;
use crate::latin1::{is_encoding, recoded};
use crate::renumbering::{Renumbering, failure};
use crate::spaces::{Indices, Space, added};
use crate::validate::check_types;
use anyhow::{Context, Result, bail};
use std::collections::{BTreeMap, HashMap};
use wasm_encoder::reencode::{ReencodeComponent, component_utils};
use wasm_encoder::{
    Alias, BlockType, CanonicalFunctionSection, CanonicalOption, Component, ComponentAliasSection,
    ComponentExportKind, ComponentImportSection, ComponentTypeRef, ComponentTypeSection,
    ComponentValType, ExportKind, InstanceSection, InstanceType, InstructionSink, Module,
    ModuleArg, ModuleSection, PrimitiveValType, TypeBounds, ValType,
};
use wasmparser::{
    CanonicalFunction, CanonicalOption as Read, ComponentAlias, ComponentExternalKind, Payload,
};

/// The interface that moves bytes as strings.
pub const BYTE_STREAMS: &str = "whorl:adapter/byte-streams@0.1.0";
/// How the names of the interface begin whose methods are replaced.
pub const STREAMS: &str = "wasi:io/streams@0.2.";

const INPUT: &str = "input-stream";
const OUTPUT: &str = "output-stream";
const ERROR: &str = "error";

/// A method that moves bytes.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Method {
    /// The function in its place.
    function: &'static str,
    writes: bool,
}

fn method(name: &str) -> Option<Method> {
    let (function, writes) = match name {
        "[method]input-stream.read" => ("read", false),
        "[method]input-stream.blocking-read" => ("blocking-read", false),
        "[method]output-stream.write" => ("write", true),
        "[method]output-stream.blocking-write-and-flush" => ("blocking-write-and-flush", true),
        _ => return None,
    };
    Some(Method { function, writes })
}

/// `component` with `BYTE_STREAMS` as one import more, used in place of methods of its import `streams`; None if it
/// uses none of them, or is not understood.
pub fn over(component: &[u8], streams: &str) -> Option<Vec<u8>> {
    check_types(component).ok()?;
    let rewritten = rewrite(component, streams).ok()??;
    check_types(&rewritten).is_ok().then_some(rewritten)
}

/// `component` with the functions that it exports as `BYTE_STREAMS`, if it does, lifted in latin1.
pub fn lifted(component: Vec<u8>) -> Result<Vec<u8>> {
    recoded(component, BYTE_STREAMS, |_| true)
}

fn rewrite(component: &[u8], streams: &str) -> Result<Option<Vec<u8>>> {
    let sections = outermost(component)?;
    let uses = Uses::of(&sections, streams)?;
    if uses.lowered.is_empty() {
        return Ok(None);
    }
    let mut writer = Writer {
        uses,
        renumbering: Renumbering::default(),
        functions: None,
        out: Component::new(),
    };
    for section in &sections {
        writer.add(section, component)?;
    }
    Ok(Some(writer.out.finish()))
}

/// Where a component uses the methods.
#[derive(Default)]
struct Uses {
    /// The instance that it imports.
    streams: u32,
    /// By the core functions that they are lowered to.
    lowered: BTreeMap<u32, Method>,
}

impl Uses {
    fn of(sections: &[Payload<'_>], streams: &str) -> Result<Self> {
        let mut numbers = Indices::default();
        let mut imported = None;
        let mut methods: HashMap<u32, Method> = HashMap::new();
        let mut lowered = BTreeMap::new();
        for section in sections {
            let indices = numbers.of(section)?;
            match section {
                Payload::ComponentImportSection(imports) => {
                    for (import, index) in imports.clone().into_iter().zip(indices) {
                        let import = import?;
                        if import.name.name == streams
                            && import.ty.kind() == ComponentExternalKind::Instance
                        {
                            imported = Some(index);
                        }
                    }
                }
                Payload::ComponentAliasSection(aliases) => {
                    for (alias, index) in aliases.clone().into_iter().zip(indices) {
                        if let ComponentAlias::InstanceExport {
                            kind: ComponentExternalKind::Func,
                            instance_index,
                            name,
                        } = alias?
                            && Some(instance_index) == imported
                        {
                            methods.extend(method(name).map(|method| (index, method)));
                        }
                    }
                }
                Payload::ComponentCanonicalSection(functions) => {
                    for (function, index) in functions.clone().into_iter().zip(indices) {
                        if let CanonicalFunction::Lower { func_index, .. } = function? {
                            lowered.extend(methods.get(&func_index).map(|each| (index, *each)));
                        }
                    }
                }
                _ => {}
            }
        }
        Ok(Self {
            streams: imported.unwrap_or_default(),
            lowered,
        })
    }
}

struct Writer {
    uses: Uses,
    renumbering: Renumbering,
    /// The functions of `BYTE_STREAMS`, once it is imported.
    functions: Option<BTreeMap<Method, u32>>,
    out: Component,
}

impl Writer {
    fn add(&mut self, section: &Payload<'_>, component: &[u8]) -> Result<()> {
        let before = self.renumbering.was(Space::CoreFunction);
        if let Payload::ComponentCanonicalSection(functions) = section {
            let spaces = added(section)?;
            let is_core = |space: &&Space| **space == Space::CoreFunction;
            let count = spaces.iter().filter(is_core).count() as u32;
            let lowered: BTreeMap<u32, Method> = self
                .uses
                .lowered
                .range(before..before + count)
                .map(|(index, method)| (*index, *method))
                .collect();
            if !lowered.is_empty() {
                if count < functions.count() {
                    bail!("it lifts functions where it lowers methods: perhaps these");
                }
                self.import();
                self.renumbering.add(section)?;
                return self.lower(section, before, &lowered);
            }
        }
        self.renumbering.add(section)?;
        self.renumbering.write(section, component, &mut self.out)
    }

    /// Imports the functions in place of the methods that are used, unless that has been done.
    fn import(&mut self) {
        if self.functions.is_some() {
            return;
        }
        let mut methods: Vec<Method> = self.uses.lowered.values().copied().collect();
        methods.sort_unstable();
        methods.dedup();
        let streams = self.renumbering.of(Space::Instance, self.uses.streams);
        let mut aliases = ComponentAliasSection::new();
        let mut resource = |writer: &mut Self, name| {
            aliases.alias(Alias::InstanceExport {
                instance: streams,
                kind: ComponentExportKind::Type,
                name,
            });
            writer.renumbering.insert(Space::Type)
        };
        let mut resources = vec![(ERROR, resource(self, ERROR))];
        for (name, writes) in [(INPUT, false), (OUTPUT, true)] {
            if methods.iter().any(|method| method.writes == writes) {
                resources.push((name, resource(self, name)));
            }
        }
        self.out.section(&aliases);
        let mut types = ComponentTypeSection::new();
        types.instance(&instance_type(&resources, &methods));
        self.out.section(&types);
        let mut imports = ComponentImportSection::new();
        let ty = self.renumbering.insert(Space::Type);
        imports.import(BYTE_STREAMS, ComponentTypeRef::Instance(ty));
        self.out.section(&imports);
        let instance = self.renumbering.insert(Space::Instance);
        let mut aliases = ComponentAliasSection::new();
        let mut functions = BTreeMap::new();
        for method in methods {
            aliases.alias(Alias::InstanceExport {
                instance,
                kind: ComponentExportKind::Func,
                name: method.function,
            });
            functions.insert(method, self.renumbering.insert(Space::Function));
        }
        self.out.section(&aliases);
        self.functions = Some(functions);
    }

    /// Writes a section that lowers methods, the functions in their place, and what lies between these and the code.
    fn lower(
        &mut self,
        section: &Payload<'_>,
        before: u32,
        lowered: &BTreeMap<u32, Method>,
    ) -> Result<()> {
        let Payload::ComponentCanonicalSection(functions) = section else {
            bail!("a section of another kind");
        };
        let mut written = CanonicalFunctionSection::new();
        let mut given = Given::default();
        for (index, function) in (before..).zip(functions.clone()) {
            let function = function?;
            match (&function, lowered.get(&index)) {
                (CanonicalFunction::Lower { options, .. }, Some(method)) => {
                    let options = self.options(options, &mut given)?;
                    let functions = self.functions.as_ref().context("they are imported")?;
                    written.lower(functions[method], options);
                }
                _ => component_utils::parse_component_canonical(
                    &mut self.renumbering,
                    &mut written,
                    function,
                )
                .map_err(failure)?,
            }
        }
        self.out.section(&written);
        self.add_module(lowered, &given)
    }

    fn options(&mut self, options: &[Read], given: &mut Given) -> Result<Vec<CanonicalOption>> {
        let mut kept = vec![CanonicalOption::CompactUTF16];
        for option in options {
            match option {
                Read::Memory(index) if given.memory.is_none_or(|other| other == *index) => {
                    given.memory = Some(*index);
                }
                Read::Realloc(index) if given.realloc.is_none_or(|other| other == *index) => {
                    given.realloc = Some(*index);
                }
                option if is_encoding(option) => continue,
                _ => bail!("a method is lowered in an unknown way"),
            }
            kept.push(
                self.renumbering
                    .canonical_option(*option)
                    .map_err(failure)?,
            );
        }
        Ok(kept)
    }

    /// Instantiates the module that lies between, whose functions the code then calls.
    fn add_module(&mut self, lowered: &BTreeMap<u32, Method>, given: &Given) -> Result<()> {
        let memory = given.memory.context("they have no memory")?;
        let methods: Vec<Method> = lowered.values().copied().collect();
        self.out.section(&ModuleSection(&between(&methods)));
        let module = self.renumbering.insert(Space::CoreModule);
        let items = self.renumbering.insert(Space::CoreInstance);
        let instance = self.renumbering.insert(Space::CoreInstance);
        let names: Vec<String> = (0..methods.len()).map(|each| each.to_string()).collect();
        let functions = names.iter().zip(lowered.keys()).map(|(name, index)| {
            let written = self.renumbering.of(Space::CoreFunction, *index);
            (name.as_str(), ExportKind::Func, written)
        });
        let mut given_items: Vec<_> = functions.collect();
        given_items.push((MEMORY, ExportKind::Memory, memory));
        if methods.iter().any(|method| !method.writes) {
            let realloc = given.realloc.context("they cannot allocate")?;
            let written = self.renumbering.of(Space::CoreFunction, realloc);
            given_items.push((REALLOC, ExportKind::Func, written));
        }
        let mut instances = InstanceSection::new();
        instances
            .export_items(given_items)
            .instantiate(module, [(METHODS, ModuleArg::Instance(items))]);
        self.out.section(&instances);
        let mut aliases = ComponentAliasSection::new();
        for (name, index) in names.iter().zip(lowered.keys()) {
            aliases.alias(Alias::CoreInstanceExport {
                instance,
                kind: ExportKind::Func,
                name,
            });
            let written = self.renumbering.insert(Space::CoreFunction);
            self.renumbering
                .replace(Space::CoreFunction, *index, written);
        }
        self.out.section(&aliases);
        Ok(())
    }
}

/// What the component gives to the functions that it lowers: the same to all of a section.
#[derive(Default)]
struct Given {
    memory: Option<u32>,
    realloc: Option<u32>,
}

/// The type of the interface, as far as it is used; `resources` are those of the component that it is about.
fn instance_type(resources: &[(&str, u32)], methods: &[Method]) -> InstanceType {
    let mut ty = InstanceType::new();
    let mut named = HashMap::new();
    for (name, index) in resources {
        let alias = ty.type_count();
        ty.alias(Alias::Outer {
            kind: wasm_encoder::ComponentOuterAliasKind::Type,
            count: 1,
            index: *index,
        });
        ty.export(*name, ComponentTypeRef::Type(TypeBounds::Eq(alias)));
        named.insert(*name, alias + 1);
    }
    let defined =
        |ty: &mut InstanceType, define: &dyn Fn(wasm_encoder::ComponentDefinedTypeEncoder<'_>)| {
            let index = ty.type_count();
            define(ty.ty().defined_type());
            ComponentValType::Type(index)
        };
    let string = ComponentValType::Primitive(PrimitiveValType::String);
    let error = defined(&mut ty, &|encoder| encoder.own(named[ERROR]));
    let failed = defined(&mut ty, &|encoder| {
        encoder.result(
            Some(error),
            Some(ComponentValType::Primitive(PrimitiveValType::Bool)),
        );
    });
    for method in methods {
        let resource = if method.writes { OUTPUT } else { INPUT };
        let stream = defined(&mut ty, &|encoder| encoder.borrow(named[resource]));
        let ok = (!method.writes).then_some(string);
        let result = defined(&mut ty, &|encoder| encoder.result(ok, Some(failed)));
        let function = ty.type_count();
        let parameters = if method.writes {
            vec![
                ("stream", stream),
                ("contents", string),
                ("odd", ComponentValType::Primitive(PrimitiveValType::U32)),
            ]
        } else {
            vec![
                ("stream", stream),
                ("len", ComponentValType::Primitive(PrimitiveValType::U64)),
            ]
        };
        ty.ty().function().params(parameters).result(Some(result));
        ty.export(method.function, ComponentTypeRef::Func(function));
    }
    ty
}

const METHODS: &str = "methods";
const MEMORY: &str = "memory";
const REALLOC: &str = "realloc";

/// The core module whose functions are called in place of `methods`.
fn between(methods: &[Method]) -> Module {
    let (i32, i64) = (ValType::I32, ValType::I64);
    let mut module = CoreModule::default();
    module.import_memory(METHODS, MEMORY);
    for (position, method) in methods.iter().enumerate() {
        let params: &[ValType] = if method.writes {
            &[i32; 5]
        } else {
            &[i32, i64, i32]
        };
        module.import(METHODS, &position.to_string(), params, &[]);
    }
    let reads = methods.iter().any(|method| !method.writes);
    let realloc = reads.then(|| module.import(METHODS, REALLOC, &[i32; 4], &[i32]));
    for (position, method) in (0..).zip(methods) {
        let defined = match realloc {
            Some(realloc) if !method.writes => module.define(&[i32, i64, i32], &[], &[], |code| {
                read(code, position, realloc);
            }),
            _ => module.define(&[i32; 4], &[], &[i32], |code| write(code, position)),
        };
        module.export(&position.to_string(), defined);
    }
    module.finish()
}

/// Makes "nothing yet", which is `err(err(true))`, an empty list, where the component wants it: some free every list.
fn read(code: &mut InstructionSink<'_>, read: u32, realloc: u32) {
    let (stream, len, result) = (0, 1, 2);
    code.local_get(stream)
        .local_get(len)
        .local_get(result)
        .call(read);
    code.local_get(result).i32_load8_u(at(0));
    code.local_get(result).i32_load8_u(at(4)).i32_and();
    code.local_get(result).i32_load8_u(at(8)).i32_and();
    code.if_(BlockType::Empty);
    code.local_get(result).i32_const(0).i32_store8(at(0));
    code.local_get(result);
    code.i32_const(0).i32_const(0).i32_const(1).i32_const(0);
    code.call(realloc).i32_store(at(4));
    code.local_get(result).i32_const(0).i32_store(at(8));
    code.end();
}

/// Begins the string at an even address. A length of 2 GiB and more is none of a list, and would be read as UTF-16.
fn write(code: &mut InstructionSink<'_>, write: u32) {
    let (stream, address, len, result, odd) = (0, 1, 2, 3, 4);
    code.local_get(len).i32_const(0).i32_lt_s();
    code.if_(BlockType::Empty).unreachable().end();
    code.local_get(address)
        .i32_const(1)
        .i32_and()
        .local_set(odd);
    code.local_get(len).local_get(odd).i32_add().local_tee(len);
    code.i32_const(0).i32_lt_s();
    code.if_(BlockType::Empty).unreachable().end();
    code.local_get(stream);
    code.local_get(address).local_get(odd).i32_sub();
    code.local_get(len)
        .local_get(odd)
        .local_get(result)
        .call(write);
}
