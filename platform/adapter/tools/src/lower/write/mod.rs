//! Writes the component that a plan describes, section by section.

mod emission;
mod late;
mod writer;

use super::names::RUNTIME;
use super::plan::{Plan, Stand, space_of};
use super::shim::{self, Given, TABLE};
use super::world::World;
use super::{missing, runtime, types};
use crate::renumbering::failure;
use crate::spaces::{Space, of_alias};
use anyhow::{Context, Result, bail};
use std::collections::{BTreeMap, BTreeSet};
use wasm_encoder::reencode::{ReencodeComponent, component_utils};
use wasm_encoder::{
    CanonicalFunctionSection, ComponentAliasSection, ComponentExportSection,
    ComponentImportSection, ComponentInstanceSection, ComponentTypeSection, ExportKind,
};
use wasmparser::{
    CanonicalFunction, CanonicalOption as Read, ComponentAlias, ComponentDefinedType,
    ComponentExternalKind, ComponentType, InstanceTypeDeclaration, Parser, Payload,
};
use writer::Writer;

/// The component, and what it imports beyond what it did.
pub fn write(
    component: &[u8],
    sections: &[Payload<'_>],
    world: &World<'_>,
    plan: &Plan,
    missing: &[bool],
) -> Result<(Vec<u8>, Vec<&'static str>)> {
    let mut writer = Writer::new(world, plan, missing, shim::late(plan));
    writer.begin()?;
    for section in sections {
        writer.add(section, component)?;
    }
    writer.end()?;
    Ok((writer.out.finish(), writer.added))
}

impl<'a> Writer<'_, 'a> {
    /// Imports the runtime, and makes what needs no memory.
    fn begin(&mut self) -> Result<()> {
        let early = shim::early(self.plan);
        let mut wanted: BTreeSet<&'static str> = BTreeSet::new();
        for stand in self.plan.stands.values() {
            if let Stand::Runtime(name) = stand {
                wanted.insert(name);
            }
        }
        wanted.extend(self.plan.handler.is_some().then_some("next"));
        let blocks = |stand: &Stand| matches!(stand, Stand::Blocking { .. });
        if self.plan.stands.values().any(blocks) {
            wanted.extend(["subtask-block", "subtask-drop"]);
        }
        for shim in early.iter().chain(&self.late) {
            wanted.extend(shim.given.iter().filter_map(|given| match given {
                Given::Runtime(name) => Some(*name),
                _ => None,
            }));
        }
        let lowered: Vec<&'static str> = wanted.iter().copied().collect();
        if self
            .plan
            .payloads
            .iter()
            .any(|each| each.interface.is_none())
        {
            wanted.extend(["take-u8", "put-u8", "take-u8-text", "put-u8-text"]);
        }
        if !wanted.is_empty() {
            let ty = runtime::interface(wanted.iter().copied());
            let instance = self.import(RUNTIME, &ty);
            for name in wanted {
                let function = self.alias_function(instance, name);
                self.runtime_functions.insert(name.to_owned(), function);
            }
            for name in lowered {
                let function = self.runtime_functions[name];
                let core = self.lower(function, []);
                self.lowered.insert(name, core);
            }
        }
        if let Some(early) = early {
            let instance = self.instantiate(early, &BTreeMap::new())?;
            for (index, stand) in &self.plan.stands {
                if matches!(stand, Stand::Early(_)) {
                    let made = self.alias_core(instance, &shim::name_of(*index), ExportKind::Func);
                    self.stands.insert(*index, made);
                }
            }
            if self.plan.has_table() {
                self.table = Some(self.alias_core(instance, TABLE, ExportKind::Table));
            }
        }
        Ok(())
    }

    fn add(&mut self, section: &Payload<'a>, component: &[u8]) -> Result<()> {
        match section {
            Payload::ComponentTypeSection(types) => {
                for ty in types.clone() {
                    self.add_type(ty?)?;
                }
            }
            Payload::ComponentImportSection(imports) => {
                for import in imports.clone() {
                    self.add_import(import?)?;
                }
            }
            Payload::ComponentAliasSection(aliases) => {
                for alias in aliases.clone() {
                    self.add_alias(alias?)?;
                }
            }
            Payload::ComponentCanonicalSection(functions) => {
                for function in functions.clone() {
                    self.add_function(function?)?;
                }
            }
            Payload::ComponentSection {
                unchecked_range, ..
            } => {
                let index = self.renumbering.was(Space::Component);
                if self.is_dropped(Space::Component, index) {
                    self.renumbering.skip(Space::Component);
                } else {
                    let range = unchecked_range.start as usize..unchecked_range.end as usize;
                    refuse_asynchronous(&component[range])?;
                    self.keep(section, component)?;
                }
            }
            Payload::ComponentInstanceSection(instances) => {
                for instance in instances.clone() {
                    let index = self.renumbering.was(Space::Instance);
                    if self.is_dropped(Space::Instance, index) {
                        self.renumbering.skip(Space::Instance);
                        continue;
                    }
                    let mut written = ComponentInstanceSection::new();
                    self.renumbering
                        .parse_component_instance(&mut written, instance?)
                        .map_err(failure)?;
                    self.out.section(&written);
                    self.renumbering.append(Space::Instance);
                }
            }
            Payload::ComponentExportSection(exports) => {
                for export in exports.clone() {
                    let export = export?;
                    let Some(space) = space_of(export.kind) else {
                        bail!("it exports what is neither a function nor an interface");
                    };
                    if self.is_dropped(space, export.index) {
                        self.renumbering.skip(space);
                        continue;
                    }
                    let mut written = ComponentExportSection::new();
                    self.renumbering
                        .parse_component_export(&mut written, export)
                        .map_err(failure)?;
                    self.out.section(&written);
                    self.renumbering.append(space);
                }
            }
            section => self.keep(section, component)?,
        }
        Ok(())
    }

    fn keep(&mut self, section: &Payload<'_>, component: &[u8]) -> Result<()> {
        self.renumbering.add(section)?;
        self.renumbering.write(section, component, &mut self.out)
    }

    fn is_dropped(&self, space: Space, index: u32) -> bool {
        self.plan.dropped.contains(&(space as usize, index))
    }

    fn add_type(&mut self, ty: ComponentType<'a>) -> Result<()> {
        let index = self.renumbering.was(Space::Type);
        let interfaces = &self.world.interfaces;
        let interface = interfaces.iter().position(|each| each.ty == index);
        let mut written = ComponentTypeSection::new();
        match (interface, ty) {
            (Some(interface), ComponentType::Instance(declarations))
                if !self.missing[interface] =>
            {
                let ty = types::interface(
                    self.world,
                    interface,
                    self.plan,
                    declarations,
                    &mut self.renumbering,
                )?;
                written.instance(&ty);
            }
            (Some(interface), ComponentType::Instance(declarations)) => {
                let instance =
                    missing::instance(declarations, &mut self.renumbering, &mut self.out)
                        .with_context(|| format!("`{}`", interfaces[interface].name))?;
                self.absent.insert(interface, instance);
                self.renumbering.skip(Space::Type);
                return Ok(());
            }
            (_, ty) => self
                .renumbering
                .parse_component_type(written.ty(), types::lowered(ty))
                .map_err(failure)?,
        }
        self.out.section(&written);
        self.renumbering.append(Space::Type);
        Ok(())
    }

    fn add_import(&mut self, import: wasmparser::ComponentImport<'a>) -> Result<()> {
        let interface = match import.ty.kind() {
            ComponentExternalKind::Instance => {
                let instance = self.renumbering.was(Space::Instance);
                let mut interfaces = self.world.interfaces.iter();
                interfaces.position(|each| each.instance == instance)
            }
            _ => None,
        };
        if let Some(instance) = interface.and_then(|each| self.absent.remove(&each)) {
            self.out.section(&instance);
            self.renumbering.append(Space::Instance);
            return Ok(());
        }
        let Some(space) = space_of(import.ty.kind()) else {
            bail!("it imports `{}`, which is no interface", import.name.name);
        };
        let mut written = ComponentImportSection::new();
        let ty = self
            .renumbering
            .component_type_ref(import.ty)
            .map_err(failure)?;
        written.import(import.name, ty);
        self.out.section(&written);
        self.renumbering.append(space);
        Ok(())
    }

    fn add_alias(&mut self, alias: ComponentAlias<'a>) -> Result<()> {
        let space = of_alias(&alias);
        let index = self.renumbering.was(space);
        if space == Space::Function && self.is_dropped(space, index) {
            self.renumbering.skip(space);
            return Ok(());
        }
        let mut written = ComponentAliasSection::new();
        written.alias(self.renumbering.component_alias(alias).map_err(failure)?);
        self.out.section(&written);
        self.renumbering.append(space);
        Ok(())
    }

    fn add_function(&mut self, function: CanonicalFunction) -> Result<()> {
        if let CanonicalFunction::Lift { .. } = function {
            let index = self.renumbering.was(Space::Function);
            if self.is_dropped(Space::Function, index) {
                self.renumbering.skip(Space::Function);
                return Ok(());
            }
            self.write_function(function)?;
            self.renumbering.append(Space::Function);
            return Ok(());
        }
        let index = self.renumbering.was(Space::CoreFunction);
        match self.plan.stands.get(&index) {
            None => {
                self.write_function(function)?;
                self.renumbering.append(Space::CoreFunction);
                return Ok(());
            }
            Some(Stand::Runtime(name)) => {
                let made = self.lowered[name];
                self.renumbering.note(Space::CoreFunction, made);
            }
            Some(Stand::Early(_)) => {
                let made = self.stands[&index];
                self.renumbering.note(Space::CoreFunction, made);
            }
            Some(Stand::Late(_)) => {
                self.instantiate_late()?;
                let made = self.stands[&index];
                self.renumbering.note(Space::CoreFunction, made);
            }
            Some(Stand::Start(function)) => {
                let made = self.start(*function)?;
                self.renumbering.note(Space::CoreFunction, made);
            }
            Some(Stand::Blocking { function, params }) => {
                let start = self.start(*function)?;
                let given = BTreeMap::from([(Given::Start(*function), start)]);
                let instance = self.instantiate(shim::blocking(*function, params), &given)?;
                let made = self.alias_core(instance, shim::ENTRY, ExportKind::Func);
                self.renumbering.note(Space::CoreFunction, made);
            }
            Some(Stand::Return) => {
                self.instantiate_late()?;
                let (_, takes) = self.import_handler()?;
                let options =
                    self.memory_options(self.plan.return_encoding.unwrap_or(Read::UTF8))?;
                let made = self.lower(takes, options);
                self.renumbering.note(Space::CoreFunction, made);
            }
        }
        Ok(())
    }

    fn write_function(&mut self, function: CanonicalFunction) -> Result<()> {
        let mut written = CanonicalFunctionSection::new();
        component_utils::parse_component_canonical(&mut self.renumbering, &mut written, function)
            .map_err(failure)?;
        self.out.section(&written);
        Ok(())
    }
}

/// Fails if a component inside has to do with what is lowered: it would not fit any more.
fn refuse_asynchronous(component: &[u8]) -> Result<()> {
    let is_plain = |ty: &ComponentType<'_>| {
        match ty {
        ComponentType::Func(function) => !function.async_,
        ComponentType::Defined(
            ComponentDefinedType::Stream(_) | ComponentDefinedType::Future(_),
        ) => false,
        ComponentType::Instance(declarations) => declarations.iter().all(|each| {
            !matches!(each, InstanceTypeDeclaration::Type(ComponentType::Func(function)) if function.async_)
        }),
        _ => true,
    }
    };
    for payload in Parser::new(0).parse_all(component) {
        if let Payload::ComponentTypeSection(types) = payload? {
            for ty in types {
                if !is_plain(&ty?) {
                    bail!(
                        "it is made of components that call each other asynchronously, or exports functions that take or give streams; build it as one component"
                    );
                }
            }
        }
    }
    Ok(())
}
