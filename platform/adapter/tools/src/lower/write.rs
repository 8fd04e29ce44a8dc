//! Writes the component that a plan describes.

use super::names::{ENTRY, HANDLED, HANDLER, RUNTIME, TYPES, put, result_of, spread_of, take};
use super::plan::{Plan, Stand, space_of};
use super::shim::{self, DELIVER, GIVE, Given, Shim, TABLE, TARGET};
use super::world::World;
use super::{Lowered, missing, runtime, types};
use crate::renumbering::{Renumbering, failure};
use crate::spaces::{Space, of_alias};
use anyhow::{Context, Result, bail};
use std::collections::{BTreeMap, BTreeSet};
use wasm_encoder::reencode::{ReencodeComponent, component_utils};
use wasm_encoder::{
    Alias, CanonicalFunctionSection, CanonicalOption, Component, ComponentAliasSection,
    ComponentExportKind, ComponentExportSection, ComponentImportSection, ComponentInstanceSection,
    ComponentOuterAliasKind, ComponentTypeRef, ComponentTypeSection, ComponentValType, ExportKind,
    InstanceSection, InstanceType, ModuleArg, ModuleSection, TypeBounds,
};
use wasmparser::{
    CanonicalFunction, CanonicalOption as Read, ComponentAlias, ComponentDefinedType,
    ComponentExternalKind, ComponentType, InstanceTypeDeclaration, Parser, Payload,
};

pub fn write(
    component: &[u8],
    sections: &[Payload<'_>],
    world: &World<'_>,
    plan: &Plan,
    missing: &[bool],
) -> Result<Lowered> {
    let mut writer = Writer {
        world,
        plan,
        missing,
        renumbering: Renumbering::default(),
        out: Component::new(),
        runtime: None,
        runtime_functions: BTreeMap::new(),
        lowered: BTreeMap::new(),
        late: shim::late(plan, world)?,
        stands: BTreeMap::new(),
        table: None,
        handler: None,
        deliver: None,
        absent: BTreeMap::new(),
        added: Vec::new(),
    };
    writer.begin()?;
    for section in sections {
        writer.add(section, component)?;
    }
    writer.end()?;
    Ok(Lowered {
        component: writer.out.finish(),
        added: writer.added,
        is_handler: plan.handler.is_some(),
    })
}

struct Writer<'w, 'a> {
    world: &'w World<'a>,
    plan: &'w Plan,
    missing: &'w [bool],
    renumbering: Renumbering,
    out: Component,
    /// The instance of the runtime, its functions, and the core functions that they are lowered to.
    runtime: Option<u32>,
    runtime_functions: BTreeMap<String, u32>,
    lowered: BTreeMap<&'static str, u32>,
    /// As long as it has not been instantiated.
    late: Option<Shim>,
    /// What has been made for core functions ahead of their section.
    stands: BTreeMap<u32, u32>,
    table: Option<u32>,
    /// Functions that get the request, and take the response.
    handler: Option<(u32, u32)>,
    /// The late function that moves what an event says has moved.
    deliver: Option<u32>,
    /// Instances with the types of interfaces that nobody provides, by the interface.
    absent: BTreeMap<usize, ComponentInstanceSection>,
    added: Vec<&'static str>,
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
            wanted.extend(["take-u8", "put-u8"]);
        }
        if !wanted.is_empty() {
            let ty = runtime::interface(wanted.iter().copied());
            let instance = self.import(RUNTIME, &ty);
            self.runtime = Some(instance);
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

    /// Makes what needs the memory, unless that has been done.
    fn instantiate_late(&mut self) -> Result<()> {
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
    fn lowered_for(&mut self, given: Given, gives: u32) -> Result<Option<u32>> {
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

    fn instance(&self, interface: usize) -> Result<u32> {
        let interface = &self.world.interfaces[interface];
        if self.renumbering.was(Space::Instance) <= interface.instance {
            bail!("it imports `{}` behind its code", interface.name);
        }
        Ok(self.renumbering.of(Space::Instance, interface.instance))
    }

    fn memory_options(&mut self, encoding: Read) -> Result<Vec<CanonicalOption>> {
        let memory = self.memory()?;
        let encoding = match encoding {
            Read::UTF16 => CanonicalOption::UTF16,
            Read::CompactUTF16 => CanonicalOption::CompactUTF16,
            _ => CanonicalOption::UTF8,
        };
        Ok(vec![CanonicalOption::Memory(memory), encoding])
    }

    fn memory(&mut self) -> Result<u32> {
        let memory = self.plan.memory.context("it has no memory")?;
        self.made(Space::CoreMemory, memory, ExportKind::Memory)
    }

    fn core_function(&mut self, index: u32) -> Result<u32> {
        self.made(Space::CoreFunction, index, ExportKind::Func)
    }

    /// What has become of a core item: if its section is still to come, it is taken from its instance.
    fn made(&mut self, space: Space, index: u32, kind: ExportKind) -> Result<u32> {
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
    fn import_handler(&mut self) -> Result<(u32, u32)> {
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
    fn end(&mut self) -> Result<()> {
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

    fn import(&mut self, name: &'static str, ty: &InstanceType) -> u32 {
        let mut types = ComponentTypeSection::new();
        types.instance(ty);
        self.out.section(&types);
        let ty = self.renumbering.insert(Space::Type);
        let mut imports = ComponentImportSection::new();
        imports.import(name, ComponentTypeRef::Instance(ty));
        self.out.section(&imports);
        self.added.push(name);
        self.renumbering.insert(Space::Instance)
    }

    fn alias_function(&mut self, instance: u32, name: &str) -> u32 {
        let mut aliases = ComponentAliasSection::new();
        aliases.alias(Alias::InstanceExport {
            instance,
            kind: ComponentExportKind::Func,
            name,
        });
        self.out.section(&aliases);
        self.renumbering.insert(Space::Function)
    }

    fn alias_core(&mut self, instance: u32, name: &str, kind: ExportKind) -> u32 {
        let mut aliases = ComponentAliasSection::new();
        aliases.alias(Alias::CoreInstanceExport {
            instance,
            kind,
            name,
        });
        self.out.section(&aliases);
        self.renumbering.insert(match kind {
            ExportKind::Memory => Space::CoreMemory,
            ExportKind::Table => Space::CoreTable,
            ExportKind::Global => Space::CoreGlobal,
            _ => Space::CoreFunction,
        })
    }

    fn lower(&mut self, function: u32, options: impl IntoIterator<Item = CanonicalOption>) -> u32 {
        let options: Vec<CanonicalOption> = options.into_iter().collect();
        let mut functions = CanonicalFunctionSection::new();
        functions.lower(function, options);
        self.out.section(&functions);
        self.renumbering.insert(Space::CoreFunction)
    }

    /// Instantiates a module with what it is to be given.
    fn instantiate(&mut self, shim: Shim, given: &BTreeMap<Given, u32>) -> Result<u32> {
        let (module, wanted) = shim.finish();
        self.out.section(&ModuleSection(&module));
        let module = self.renumbering.insert(Space::CoreModule);
        let mut items = Vec::new();
        for each in wanted {
            let (kind, index) = match each {
                Given::Runtime(name) => (ExportKind::Func, self.lowered.get(name)),
                Given::Memory => (ExportKind::Memory, given.get(&each)),
                Given::Target => (ExportKind::Global, given.get(&each)),
                Given::Table => (ExportKind::Table, given.get(&each)),
                _ => (ExportKind::Func, given.get(&each)),
            };
            let index = *index.with_context(|| format!("nothing is there for {each:?}"))?;
            items.push((each.name(), kind, index));
        }
        let mut instances = InstanceSection::new();
        instances.export_items(
            items
                .iter()
                .map(|(name, kind, index)| (name.as_str(), *kind, *index)),
        );
        let items = self.renumbering.insert(Space::CoreInstance);
        instances.instantiate(module, [(super::module::GIVEN, ModuleArg::Instance(items))]);
        self.out.section(&instances);
        Ok(self.renumbering.insert(Space::CoreInstance))
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
