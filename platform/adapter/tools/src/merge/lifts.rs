//! Which of a component's lifted functions nobody needs, when it is known what is used of its exports.
//!
//! A function is needed unless everything that refers to it is an export, or part of an exported interface, that nobody
//! uses. Interfaces are followed through the small components by which toolchains export them: these have nothing but
//! types, imports and exports. Any other use counts as one.

use crate::input::Sections;
use anyhow::{Context, Result};
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use wasmparser::{
    CanonicalFunction, ComponentAlias, ComponentExport, ComponentExternalKind, ComponentInstance,
    ComponentInstantiationArg, ComponentOuterAliasKind, Parser, Payload,
};

/// What is used of a component: its exports by name, and of those that are interfaces the functions.
pub type Used = BTreeMap<String, BTreeSet<String>>;

/// The lifted functions, by their positions among them, that nobody needs if only `used` is used.
pub fn unneeded(sections: &Sections<'_>, component: &[u8], used: &Used) -> Result<BTreeSet<usize>> {
    let mut references = References::default();
    for section in sections {
        references.add(section, component)?;
    }
    references.unneeded(used)
}

/// An instance of a component, as far as it passes functions on.
struct Passing<'a> {
    /// The component that it is of; None if it is made of single items.
    component: Option<&'a [u8]>,
    /// Functions by the names under which they come in.
    functions: HashMap<&'a str, u32>,
}

#[derive(Default)]
struct References<'a> {
    lifts: usize,
    /// The index space of functions: the positions of those that are lifted.
    functions: Vec<Option<usize>>,
    components: Vec<Option<&'a [u8]>>,
    /// The index space of instances: positions in `passing`.
    instances: Vec<Option<usize>>,
    passing: Vec<Passing<'a>>,
    /// Instances that others than exports use.
    used_inside: HashSet<usize>,
    exported_instances: Vec<(&'a str, usize)>,
    exported_functions: Vec<(&'a str, u32)>,
    /// By lifted function, how much refers to it.
    counts: BTreeMap<usize, usize>,
}

impl<'a> References<'a> {
    fn add(&mut self, section: &Payload<'a>, component: &'a [u8]) -> Result<()> {
        match section {
            Payload::ComponentImportSection(section) => {
                for import in section.clone() {
                    self.add_unknown(import?.ty.kind());
                }
            }
            Payload::ComponentAliasSection(section) => {
                for alias in section.clone() {
                    self.add_alias(&alias?);
                }
            }
            Payload::ComponentCanonicalSection(section) => {
                for function in section.clone() {
                    match function? {
                        CanonicalFunction::Lift { .. } => {
                            self.functions.push(Some(self.lifts));
                            self.lifts += 1;
                        }
                        CanonicalFunction::Lower { func_index, .. } => self.count(func_index),
                        _ => {}
                    }
                }
            }
            Payload::ComponentSection {
                unchecked_range, ..
            } => {
                let range = unchecked_range.start as usize..unchecked_range.end as usize;
                self.components.push(Some(&component[range]));
            }
            Payload::ComponentInstanceSection(section) => {
                for instance in section.clone() {
                    self.add_instance(&instance?);
                }
            }
            Payload::ComponentExportSection(section) => {
                for export in section.clone() {
                    self.add_export(&export?);
                }
            }
            Payload::ComponentStartSection { start, .. } => self.count(start.func_index),
            _ => {}
        }
        Ok(())
    }

    fn count(&mut self, function: u32) {
        if let Some(Some(lift)) = self.functions.get(function as usize) {
            *self.counts.entry(*lift).or_default() += 1;
        }
    }

    fn add_unknown(&mut self, kind: ComponentExternalKind) {
        match kind {
            ComponentExternalKind::Func => self.functions.push(None),
            ComponentExternalKind::Instance => self.instances.push(None),
            ComponentExternalKind::Component => self.components.push(None),
            _ => {}
        }
    }

    fn add_alias(&mut self, alias: &ComponentAlias<'a>) {
        match alias {
            ComponentAlias::InstanceExport {
                kind,
                instance_index,
                ..
            } => {
                if *kind != ComponentExternalKind::Type {
                    self.use_instance(*instance_index);
                }
                self.add_unknown(*kind);
            }
            ComponentAlias::Outer {
                kind: ComponentOuterAliasKind::Component,
                ..
            } => self.components.push(None),
            _ => {}
        }
    }

    fn use_instance(&mut self, index: u32) {
        if let Some(Some(instance)) = self.instances.get(index as usize) {
            self.used_inside.insert(*instance);
        }
    }

    fn add_instance(&mut self, instance: &ComponentInstance<'a>) {
        let passing = match instance {
            ComponentInstance::Instantiate {
                component_index,
                args,
            } => {
                let component = self.components.get(*component_index as usize);
                let component = component.copied().flatten();
                self.passing_of(component, args.iter().map(argument), component.is_none())
            }
            ComponentInstance::FromExports(exports) => {
                self.passing_of(None, exports.iter().map(item), false)
            }
        };
        self.instances.push(Some(self.passing.len()));
        self.passing.push(passing);
    }

    fn passing_of(
        &mut self,
        component: Option<&'a [u8]>,
        items: impl Iterator<Item = (&'a str, ComponentExternalKind, u32)>,
        is_unknown: bool,
    ) -> Passing<'a> {
        let mut functions = HashMap::new();
        for (name, kind, index) in items {
            match kind {
                ComponentExternalKind::Func => {
                    self.count(index);
                    functions.insert(name, index);
                }
                ComponentExternalKind::Instance => self.use_instance(index),
                _ => {}
            }
        }
        if is_unknown {
            self.used_inside.insert(self.passing.len());
        }
        Passing {
            component,
            functions,
        }
    }

    fn add_export(&mut self, export: &ComponentExport<'a>) {
        let index = export.index as usize;
        match export.kind {
            ComponentExternalKind::Func => {
                self.count(export.index);
                self.exported_functions
                    .push((export.name.name, export.index));
                let function = self.functions.get(index).copied().flatten();
                self.functions.push(function);
            }
            ComponentExternalKind::Instance => {
                let instance = self.instances.get(index).copied().flatten();
                if let Some(instance) = instance {
                    self.exported_instances.push((export.name.name, instance));
                }
                self.instances.push(instance);
            }
            ComponentExternalKind::Component => {
                let component = self.components.get(index).copied().flatten();
                self.components.push(component);
            }
            _ => {}
        }
    }

    fn unneeded(&self, used: &Used) -> Result<BTreeSet<usize>> {
        let mut unused: BTreeMap<usize, usize> = BTreeMap::new();
        let mut count = |function: u32| {
            if let Some(Some(lift)) = self.functions.get(function as usize) {
                *unused.entry(*lift).or_default() += 1;
            }
        };
        for (name, function) in &self.exported_functions {
            if !used.contains_key(*name) {
                count(*function);
            }
        }
        let mut wanted: BTreeMap<usize, BTreeSet<&str>> = BTreeMap::new();
        for (name, instance) in &self.exported_instances {
            let functions = used.get(*name).into_iter().flatten().map(String::as_str);
            wanted.entry(*instance).or_default().extend(functions);
        }
        for (instance, wanted) in &wanted {
            if self.used_inside.contains(instance) {
                continue;
            }
            let passing = &self.passing[*instance];
            let Some(needed) = passing.needed(wanted)? else {
                continue;
            };
            for (name, function) in &passing.functions {
                if !needed.contains(name) {
                    count(*function);
                }
            }
        }
        let is_unused = |lift: &usize| self.counts.get(lift) == unused.get(lift);
        Ok((0..self.lifts).filter(is_unused).collect())
    }
}

impl<'a> Passing<'a> {
    /// Of the names under which functions come in, those behind `wanted`; None if that cannot be told.
    fn needed(&self, wanted: &BTreeSet<&str>) -> Result<Option<HashSet<&'a str>>> {
        let Some(component) = self.component else {
            let names = self.functions.keys().copied();
            return Ok(Some(names.filter(|name| wanted.contains(name)).collect()));
        };
        let mut imports = Vec::new();
        let mut needed = HashSet::new();
        for payload in Parser::new(0).parse_all(component) {
            match payload? {
                Payload::Version { .. }
                | Payload::ComponentTypeSection(_)
                | Payload::CustomSection(_)
                | Payload::End(_) => {}
                Payload::ComponentImportSection(section) => {
                    for import in section {
                        let import = import?;
                        if import.ty.kind() == ComponentExternalKind::Func {
                            imports.push(import.name.name);
                        }
                    }
                }
                Payload::ComponentExportSection(section) => {
                    for export in section {
                        let export = export?;
                        if export.kind != ComponentExternalKind::Func {
                            continue;
                        }
                        let import = imports.get(export.index as usize);
                        let import = import.copied().context("a function that is not there")?;
                        if wanted.contains(export.name.name) {
                            needed.insert(import);
                        }
                        imports.push(import);
                    }
                }
                _ => return Ok(None),
            }
        }
        Ok(Some(needed))
    }
}

fn argument<'a>(argument: &ComponentInstantiationArg<'a>) -> (&'a str, ComponentExternalKind, u32) {
    (argument.name, argument.kind, argument.index)
}

fn item<'a>(export: &ComponentExport<'a>) -> (&'a str, ComponentExternalKind, u32) {
    (export.name.name, export.kind, export.index)
}
