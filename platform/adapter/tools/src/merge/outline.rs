//! The outermost level of a component, as far as its core modules are concerned.

use super::linking::{Function, Item, Linked, Place, Spaces};
use super::modules::CoreModule;
use crate::input::Sections;
use anyhow::{Context, Result, bail};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use wasmparser::{
    CanonicalFunction, CanonicalOption, ComponentAlias, ComponentExternalKind, ComponentInstance,
    ComponentOuterAliasKind, ComponentType, Instance, InstantiationArg, Payload,
};

/// How the core modules of a component are linked, and what the component uses of them.
#[derive(Default)]
pub struct Outline<'a> {
    pub linked: Linked<'a>,
    /// The component's own index spaces of core items.
    pub spaces: Spaces,
    /// The canonical functions that modules can import, by their indices.
    pub canonical: BTreeMap<u32, Canonical>,
    /// For each lifted function, the functions of modules behind it.
    pub lifts: Vec<Vec<Place>>,
    /// The resources that the component defines, by the indices of their types, and their destructors.
    pub resources: BTreeMap<u32, Option<Place>>,
    /// None for those that have been instantiated.
    modules: Vec<Option<&'a [u8]>>,
    instances: Vec<CoreInstance<'a>>,
    /// Whether a component is instantiated before the first function is lifted.
    has_early_component: bool,
    types: u32,
}

/// What a canonical function has to do with functions of modules.
pub struct Canonical {
    /// What it calls to allocate memory.
    pub realloc: Option<Place>,
    /// The type of the resources that it makes.
    pub creates: Option<u32>,
}

/// A core instance: of a module, by its position among those that are instantiated, or made of single items.
enum CoreInstance<'a> {
    Module(usize),
    Items(HashMap<&'a str, Item>),
}

impl<'a> Outline<'a> {
    pub fn of(sections: &Sections<'a>, component: &'a [u8]) -> Result<Self> {
        let mut outline = Self::default();
        for section in sections {
            outline.add(section, component)?;
        }
        if outline.modules.iter().any(Option::is_some) {
            bail!("a core module is not instantiated");
        }
        outline.linked.memory()?;
        if outline.has_early_component && !outline.linked.starts()?.is_empty() {
            bail!("its start functions and those of components inside it have an order");
        }
        Ok(outline)
    }

    fn add(&mut self, section: &Payload<'a>, component: &'a [u8]) -> Result<()> {
        match section {
            Payload::ModuleSection {
                unchecked_range, ..
            } => {
                let range = unchecked_range.start as usize..unchecked_range.end as usize;
                self.modules.push(Some(&component[range]));
            }
            Payload::InstanceSection(section) => {
                for instance in section.clone() {
                    self.add_instance(&instance?)?;
                }
            }
            Payload::ComponentAliasSection(section) => {
                for alias in section.clone() {
                    self.add_alias(&alias?)?;
                }
            }
            Payload::ComponentCanonicalSection(section) => {
                for function in section.clone() {
                    self.add_canonical(&function?)?;
                }
            }
            Payload::ComponentTypeSection(section) => {
                for ty in section.clone() {
                    self.add_type(&ty?)?;
                }
            }
            Payload::ComponentImportSection(section) => {
                for import in section.clone() {
                    self.add_item(import?.ty.kind())?;
                }
            }
            Payload::ComponentExportSection(section) => {
                for export in section.clone() {
                    self.add_item(export?.kind)?;
                }
            }
            Payload::ComponentInstanceSection(section) => {
                for instance in section.clone() {
                    let instance = instance?;
                    refuse_modules(&instance)?;
                    let instantiates = matches!(instance, ComponentInstance::Instantiate { .. });
                    self.has_early_component |= instantiates && self.lifts.is_empty();
                }
            }
            _ => {}
        }
        Ok(())
    }

    fn add_instance(&mut self, instance: &Instance<'a>) -> Result<()> {
        let instance = match instance {
            Instance::Instantiate { module_index, args } => {
                self.instantiate(*module_index as usize, args)?
            }
            Instance::FromExports(exports) => {
                let mut items = HashMap::new();
                for export in exports {
                    items.insert(export.name, self.spaces.get(export.kind, export.index)?);
                }
                CoreInstance::Items(items)
            }
        };
        self.instances.push(instance);
        Ok(())
    }

    fn instantiate(
        &mut self,
        index: usize,
        arguments: &[InstantiationArg<'a>],
    ) -> Result<CoreInstance<'a>> {
        if !self.lifts.is_empty() {
            bail!("a core module is instantiated after functions are lifted");
        }
        let module = self.modules.get_mut(index);
        let bytes = module.context("a module that is not there")?.take();
        let bytes = bytes.context("a core module is instantiated twice")?;
        let module = CoreModule::read(bytes)?;
        let items = module.imports.iter().map(|import| {
            let argument = arguments.iter().find(|each| each.name == import.module);
            let argument = argument.context("an import without an argument")?;
            self.export(argument.index, import.name)
        });
        let items: Vec<Item> = items.collect::<Result<_>>()?;
        self.linked.add(module, &items)?;
        Ok(CoreInstance::Module(self.linked.modules.len() - 1))
    }

    fn export(&self, instance: u32, name: &str) -> Result<Item> {
        match self.instances.get(instance as usize) {
            Some(CoreInstance::Module(module)) => self.linked.export(*module, name),
            Some(CoreInstance::Items(items)) => items.get(name).copied().context("no such export"),
            None => bail!("a core instance that is not there"),
        }
    }

    fn add_alias(&mut self, alias: &ComponentAlias<'a>) -> Result<()> {
        match alias {
            ComponentAlias::CoreInstanceExport {
                instance_index,
                name,
                ..
            } => {
                let item = self.export(*instance_index, name)?;
                self.spaces.push(item);
            }
            ComponentAlias::InstanceExport { kind, .. } => self.add_item(*kind)?,
            ComponentAlias::Outer { kind, .. } => match kind {
                ComponentOuterAliasKind::CoreModule => {
                    bail!("it has a core module of the component around it")
                }
                ComponentOuterAliasKind::Type => self.types += 1,
                _ => {}
            },
        }
        Ok(())
    }

    /// Counts an item of the component.
    fn add_item(&mut self, kind: ComponentExternalKind) -> Result<()> {
        match kind {
            ComponentExternalKind::Type => self.types += 1,
            ComponentExternalKind::Module => bail!("it passes core modules on"),
            _ => {}
        }
        Ok(())
    }

    fn add_type(&mut self, ty: &ComponentType<'a>) -> Result<()> {
        if let ComponentType::Resource { dtor, .. } = ty {
            let destructor = dtor.map(|function| self.defined(function)).transpose()?;
            self.resources.insert(self.types, destructor);
        }
        self.types += 1;
        Ok(())
    }

    fn add_canonical(&mut self, function: &CanonicalFunction) -> Result<()> {
        let mut creates = None;
        let options = match function {
            CanonicalFunction::Lift {
                core_func_index,
                options,
                ..
            } => return self.add_lift(*core_func_index, options),
            CanonicalFunction::Lower { options, .. }
            | CanonicalFunction::TaskReturn { options, .. }
            | CanonicalFunction::StreamRead { options, .. }
            | CanonicalFunction::StreamWrite { options, .. }
            | CanonicalFunction::FutureRead { options, .. }
            | CanonicalFunction::FutureWrite { options, .. }
            | CanonicalFunction::ErrorContextNew { options }
            | CanonicalFunction::ErrorContextDebugMessage { options } => &options[..],
            CanonicalFunction::ResourceNew { resource } => {
                creates = Some(*resource);
                &[]
            }
            _ => &[],
        };
        let mut realloc = None;
        for option in options {
            if let CanonicalOption::Realloc(function) = option {
                realloc = Some(self.defined(*function)?);
            }
        }
        // A function that is made after the first lift is too late for the program: writing it out will find that.
        let index = self.spaces.functions.len() as u32;
        self.spaces.functions.push(Function::Canonical(index));
        self.canonical.insert(index, Canonical { realloc, creates });
        Ok(())
    }

    fn add_lift(&mut self, function: u32, options: &[CanonicalOption]) -> Result<()> {
        let used = options.iter().filter_map(|option| match option {
            CanonicalOption::Realloc(function)
            | CanonicalOption::PostReturn(function)
            | CanonicalOption::Callback(function) => Some(*function),
            _ => None,
        });
        let functions = std::iter::once(function).chain(used);
        let places = functions.map(|function| self.defined(function));
        self.lifts.push(places.collect::<Result<_>>()?);
        Ok(())
    }

    /// The functions of modules that the component needs before all modules are instantiated, so that the functions
    /// `canonical` can be made: those that allocate, and the destructors of resources that can come to be.
    pub fn early(&self, canonical: &BTreeSet<u32>) -> Vec<Place> {
        let mut early = BTreeSet::new();
        for canonical in canonical
            .iter()
            .filter_map(|index| self.canonical.get(index))
        {
            early.extend(canonical.realloc);
            let Some(resource) = canonical.creates else {
                continue;
            };
            match self.resources.get(&resource) {
                Some(destructor) => early.extend(*destructor),
                // By another name: it can be any of them.
                None => early.extend(self.resources.values().flatten()),
            }
        }
        early.into_iter().collect()
    }

    /// The function of a module that the component calls by `index`.
    fn defined(&self, index: u32) -> Result<Place> {
        match self.spaces.functions.get(index as usize) {
            Some(Function::Defined(place)) => Ok(*place),
            _ => bail!("the component calls a function that no module defines"),
        }
    }
}

fn refuse_modules(instance: &ComponentInstance<'_>) -> Result<()> {
    let is_module = |kind| kind == ComponentExternalKind::Module;
    let passes_modules = match instance {
        ComponentInstance::Instantiate { args, .. } => {
            args.iter().any(|argument| is_module(argument.kind))
        }
        ComponentInstance::FromExports(exports) => {
            exports.iter().any(|export| is_module(export.kind))
        }
    };
    if passes_modules {
        bail!("it passes core modules on");
    }
    Ok(())
}
