//! What needs the component's memory, the handler, and the entry that stands for it.

use super::writer::Writer;
use crate::lower::names::{
    ENTRY, HANDLED, HANDLER, TYPES, put, result_of, spread_of, take, text_of,
};
use crate::lower::plan::Stand;
use crate::lower::shim::{self, DELIVER, GIVE, Given, TARGET};
use crate::spaces::Space;
use anyhow::{Context, Result, bail};
use std::collections::BTreeMap;
use wasm_encoder::{
    Alias, CanonicalFunctionSection, CanonicalOption, ComponentAliasSection, ComponentExportKind,
    ComponentExportSection, ComponentOuterAliasKind, ComponentTypeRef, ComponentTypeSection,
    ComponentValType, ExportKind, InstanceType, TypeBounds,
};
use wasmparser::CanonicalOption as Read;

impl Writer<'_, '_> {
    /// Makes what needs the memory, unless that has been done.
    pub fn instantiate_late(&mut self) -> Result<()> {
        let Some(late) = self.late.take() else {
            return Ok(());
        };
        let memory = self.memory()?;
        let mut given: BTreeMap<Given, u32> = BTreeMap::from([(Given::Memory, memory)]);
        if let Some(realloc) = self.plan.realloc {
            let realloc = self.core_function(realloc)?;
            given.insert(Given::Realloc, realloc);
        }
        let give = self.instantiate(shim::give(self.plan.realloc.is_some()), &given)?;
        let gives = self.alias_core(give, GIVE, ExportKind::Func);
        given.insert(
            Given::Target,
            self.alias_core(give, TARGET, ExportKind::Global),
        );
        given.extend(self.table.map(|table| (Given::Table, table)));
        for wanted in late.given.clone() {
            if let Some(made) = self.lowered_for(wanted, gives)? {
                given.insert(wanted, made);
            }
        }
        let instance = self.instantiate(late, &given)?;
        for (index, stand) in &self.plan.stands {
            if matches!(stand, Stand::Late(_)) {
                let made = self.alias_core(instance, &shim::name_of(*index), ExportKind::Func);
                self.stands.insert(*index, made);
            }
        }
        if self.plan.handler.is_some() {
            self.deliver = Some(self.alias_core(instance, DELIVER, ExportKind::Func));
        }
        Ok(())
    }

    /// The core function that the late module is given, if that is one.
    pub fn lowered_for(&mut self, given: Given, gives: u32) -> Result<Option<u32>> {
        let (interface, name, encoding, takes) = match given {
            Given::Put(index) | Given::Take(index) => {
                let payload = &self.plan.payloads[index];
                let takes = matches!(given, Given::Take(_));
                let name = if takes {
                    take(&payload.name)
                } else {
                    put(&payload.name)
                };
                (payload.interface, name, payload.encoding, takes)
            }
            Given::PutText(index) | Given::TakeText(index) => {
                let name = &self.plan.payloads[index].name;
                let takes = matches!(given, Given::TakeText(_));
                let name = text_of(&if takes { take(name) } else { put(name) });
                (None, name, Read::CompactUTF16, takes)
            }
            Given::Start(index) | Given::Spread(index) | Given::Result(index) => {
                let function = &self.plan.asyncs[index];
                let name = match given {
                    Given::Start(_) => function.name.clone(),
                    Given::Spread(_) => spread_of(&function.name),
                    _ => result_of(&function.name),
                };
                let takes = matches!(given, Given::Result(_));
                (Some(function.interface), name, function.encoding, takes)
            }
            _ => return Ok(None),
        };
        let function = match interface {
            None => self.runtime_functions[&name],
            Some(interface) => {
                let instance = self.instance(interface)?;
                self.alias_function(instance, &name)
            }
        };
        let mut options = self.memory_options(encoding)?;
        options.extend(takes.then_some(CanonicalOption::Realloc(gives)));
        Ok(Some(self.lower(function, options)))
    }

    /// The core function that starts an asynchronous function to which nothing is passed by memory.
    pub fn start(&mut self, function: usize) -> Result<u32> {
        let function = &self.plan.asyncs[function];
        let instance = self.instance(function.interface)?;
        let started = self.alias_function(instance, &function.name);
        Ok(self.lower(started, []))
    }

    pub fn instance(&self, interface: usize) -> Result<u32> {
        let interface = &self.world.interfaces[interface];
        if self.renumbering.was(Space::Instance) <= interface.instance {
            bail!("it imports `{}` behind its code", interface.name);
        }
        Ok(self.renumbering.of(Space::Instance, interface.instance))
    }

    pub fn memory_options(&mut self, encoding: Read) -> Result<Vec<CanonicalOption>> {
        let memory = self.memory()?;
        let encoding = match encoding {
            Read::UTF16 => CanonicalOption::UTF16,
            Read::CompactUTF16 => CanonicalOption::CompactUTF16,
            _ => CanonicalOption::UTF8,
        };
        Ok(vec![CanonicalOption::Memory(memory), encoding])
    }

    pub fn memory(&mut self) -> Result<u32> {
        let memory = self.plan.memory.context("it has no memory")?;
        self.made(Space::CoreMemory, memory, ExportKind::Memory)
    }

    pub fn core_function(&mut self, index: u32) -> Result<u32> {
        self.made(Space::CoreFunction, index, ExportKind::Func)
    }

    /// What has become of a core item: if its section is still to come, it is taken from its instance.
    pub fn made(&mut self, space: Space, index: u32, kind: ExportKind) -> Result<u32> {
        if self.renumbering.was(space) > index {
            return Ok(self.renumbering.of(space, index));
        }
        let origin = self.plan.origins.get(&(space as usize, index));
        let (instance, name) = origin
            .context("its code comes behind what calls it")?
            .clone();
        if self.renumbering.was(Space::CoreInstance) <= instance {
            bail!("its code comes behind what calls it");
        }
        let instance = self.renumbering.of(Space::CoreInstance, instance);
        Ok(self.alias_core(instance, &name, kind))
    }

    /// The functions that get a request and take the response.
    pub fn import_handler(&mut self) -> Result<(u32, u32)> {
        if let Some(handler) = self.handler {
            return Ok(handler);
        }
        let handler = self.plan.handler.as_ref();
        let handler = handler.context(
            "it returns from an asynchronous function that is not exported as `wasi:http/handler`",
        )?;
        let version = handler.interface.strip_prefix(HANDLED).unwrap_or_default();
        let name = format!("{TYPES}{version}");
        let mut interfaces = self.world.interfaces.iter();
        let interface = interfaces.position(|each| each.name == name);
        let interface =
            interface.with_context(|| format!("`{}` without `{name}`", handler.interface))?;
        let instance = self.instance(interface)?;
        let mut aliases = ComponentAliasSection::new();
        let mut ty = InstanceType::new();
        for (name, here) in [
            ("request", "http-request"),
            ("response", "response"),
            ("error-code", "error-code"),
        ] {
            aliases.alias(Alias::InstanceExport {
                instance,
                kind: ComponentExportKind::Type,
                name,
            });
            let index = self.renumbering.insert(Space::Type);
            let alias = ty.type_count();
            ty.alias(Alias::Outer {
                kind: ComponentOuterAliasKind::Type,
                count: 1,
                index,
            });
            ty.export(here, ComponentTypeRef::Type(TypeBounds::Eq(alias)));
        }
        self.out.section(&aliases);
        let (request, response, error) = (1, 3, 5);
        let index = ty.type_count();
        ty.ty().defined_type().own(request);
        ty.ty().defined_type().own(response);
        ty.ty().defined_type().result(
            Some(ComponentValType::Type(index + 1)),
            Some(ComponentValType::Type(error)),
        );
        ty.ty()
            .function()
            .params([] as [(&str, ComponentValType); 0])
            .result(Some(ComponentValType::Type(index)));
        ty.export("request", ComponentTypeRef::Func(index + 3));
        ty.ty()
            .function()
            .params([("response", ComponentValType::Type(index + 2))])
            .result(None);
        ty.export("task-return", ComponentTypeRef::Func(index + 4));
        let instance = self.import(HANDLER, &ty);
        let functions = (
            self.alias_function(instance, "request"),
            self.alias_function(instance, "task-return"),
        );
        self.handler = Some(functions);
        Ok(functions)
    }

    /// Lifts and exports the entry.
    pub fn end(&mut self) -> Result<()> {
        self.instantiate_late()?;
        let (Some(handler), Some(deliver)) = (&self.plan.handler, self.deliver) else {
            return Ok(());
        };
        let (gets, _) = self.import_handler()?;
        let given = BTreeMap::from([
            (Given::Deliver, deliver),
            (Given::GuestStart, self.core_function(handler.start)?),
            (Given::GuestCallback, self.core_function(handler.callback)?),
            (Given::Request, self.lower(gets, [])),
        ]);
        let instance = self.instantiate(shim::entry(), &given)?;
        let entry = self.alias_core(instance, shim::ENTRY, ExportKind::Func);
        let mut types = ComponentTypeSection::new();
        types
            .function()
            .params([] as [(&str, ComponentValType); 0])
            .result(None);
        self.out.section(&types);
        let ty = self.renumbering.insert(Space::Type);
        let mut functions = CanonicalFunctionSection::new();
        functions.lift(entry, ty, []);
        self.out.section(&functions);
        let function = self.renumbering.insert(Space::Function);
        let mut exports = ComponentExportSection::new();
        exports.export(ENTRY, ComponentExportKind::Func, function, None);
        self.out.section(&exports);
        self.renumbering.insert(Space::Function);
        Ok(())
    }
}
