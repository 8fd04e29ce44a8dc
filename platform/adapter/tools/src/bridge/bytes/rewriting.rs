//! A guest with other types for what it imports, and with what lies between its code and that.

use super::between::{CALLED, between};
use super::places::Bytes;
use super::retyping::retyped;
use crate::bridge::guest::Key;
use crate::input::{Sections, outermost};
use crate::latin1::is_encoding;
use crate::renumbering::{Renumbering, failure};
use crate::spaces::{Indices, Space};
use anyhow::{Result, bail};
use std::collections::{BTreeMap, BTreeSet};
use wasm_encoder::reencode::{ReencodeComponent, component_utils};
use wasm_encoder::{
    Alias, CanonicalFunctionSection, CanonicalOption, Component, ComponentAliasSection,
    ComponentTypeSection, ExportKind, InstanceSection, ModuleArg, ModuleSection,
};
use wasmparser::{
    CanonicalFunction, CanonicalOption as Read, ComponentAlias, ComponentExternalKind,
    ComponentInstance, ComponentType, ComponentTypeRef, Payload,
};

/// A guest, and those of its functions that have strings.
type Rewritten = (Vec<u8>, BTreeMap<Key, Bytes>);

/// The guest with strings in those of `wanted` that it only lowers, and these; None if there are none.
pub fn rewrite(component: &[u8], mut wanted: BTreeMap<Key, Bytes>) -> Result<Option<Rewritten>> {
    let sections = outermost(component)?;
    let uses = Uses::of(&sections, &wanted)?;
    let lowered: BTreeSet<&Key> = uses.lowered.values().collect();
    wanted.retain(|key, _| lowered.contains(key) && !uses.refused.contains(key));
    if wanted.is_empty() {
        return Ok(None);
    }
    let mut writer = Writer {
        uses: &uses,
        functions: &wanted,
        renumbering: Renumbering::default(),
        out: Component::new(),
    };
    for section in &sections {
        writer.add(section, component)?;
    }
    Ok(Some((writer.out.finish(), wanted)))
}

/// Where a component uses the functions that are wanted.
#[derive(Default)]
struct Uses {
    /// By the types of the instances that it imports, their names.
    types: BTreeMap<u32, String>,
    /// The instances, by their indices.
    instances: BTreeMap<u32, String>,
    /// By the functions of these.
    functions: BTreeMap<u32, Key>,
    /// By the core functions that they are lowered to.
    lowered: BTreeMap<u32, Key>,
    /// Those that it uses in another way too.
    refused: BTreeSet<Key>,
}

impl Uses {
    fn of(sections: &Sections<'_>, wanted: &BTreeMap<Key, Bytes>) -> Result<Self> {
        let mut uses = Self::default();
        let mut numbers = Indices::default();
        let mut imported = BTreeSet::new();
        for section in sections {
            let indices = numbers.of(section)?;
            match section {
                Payload::ComponentImportSection(imports) => {
                    for (import, index) in imports.clone().into_iter().zip(indices) {
                        let import = import?;
                        let ComponentTypeRef::Instance(ty) = import.ty else {
                            continue;
                        };
                        let name = import.name.name;
                        let is_new = imported.insert(ty);
                        if wanted.keys().any(|(interface, _)| interface == name) {
                            uses.types.insert(ty, name.to_owned());
                            uses.instances.insert(index, name.to_owned());
                        }
                        if !is_new && uses.types.contains_key(&ty) {
                            bail!("two imports have one type");
                        }
                    }
                }
                Payload::ComponentAliasSection(aliases) => {
                    for (alias, index) in aliases.clone().into_iter().zip(indices) {
                        uses.note_alias(&alias?, index, wanted);
                    }
                }
                Payload::ComponentCanonicalSection(functions) => {
                    for (function, index) in functions.clone().into_iter().zip(indices) {
                        uses.note_canonical(&function?, index);
                    }
                }
                Payload::ComponentInstanceSection(instances) => {
                    for instance in instances.clone() {
                        let given: Vec<_> = match instance? {
                            ComponentInstance::Instantiate { args, .. } => {
                                args.iter().map(|each| (each.kind, each.index)).collect()
                            }
                            ComponentInstance::FromExports(exports) => {
                                exports.iter().map(|each| (each.kind, each.index)).collect()
                            }
                        };
                        for (kind, index) in given {
                            uses.refuse(kind, index, wanted);
                        }
                    }
                }
                Payload::ComponentExportSection(exports) => {
                    for export in exports.clone() {
                        let export = export?;
                        uses.refuse(export.kind, export.index, wanted);
                    }
                }
                _ => {}
            }
        }
        Ok(uses)
    }

    fn note_alias(
        &mut self,
        alias: &ComponentAlias<'_>,
        index: u32,
        wanted: &BTreeMap<Key, Bytes>,
    ) {
        if let ComponentAlias::InstanceExport {
            kind: ComponentExternalKind::Func,
            instance_index,
            name,
        } = alias
            && let Some(interface) = self.instances.get(instance_index)
        {
            let key = (interface.clone(), (*name).to_owned());
            if wanted.contains_key(&key) {
                self.functions.insert(index, key);
            }
        }
    }

    fn note_canonical(&mut self, function: &CanonicalFunction, index: u32) {
        if let CanonicalFunction::Lower {
            func_index,
            options,
        } = function
            && let Some(key) = self.functions.get(func_index)
        {
            // Those that are not of UTF-8 have other lengths.
            let is_known =
                |option: &Read| matches!(option, Read::UTF8 | Read::Memory(_) | Read::Realloc(_));
            if !options.iter().all(is_known) {
                self.refused.insert(key.clone());
            }
            self.lowered.insert(index, key.clone());
        }
    }

    /// Notes that something of the component's is given away, or exported.
    fn refuse(&mut self, kind: ComponentExternalKind, index: u32, wanted: &BTreeMap<Key, Bytes>) {
        match kind {
            ComponentExternalKind::Func => self.refused.extend(self.functions.get(&index).cloned()),
            ComponentExternalKind::Instance => {
                if let Some(name) = self.instances.get(&index) {
                    let keys = wanted.keys().filter(|(interface, _)| interface == name);
                    self.refused.extend(keys.cloned());
                }
            }
            _ => {}
        }
    }
}

struct Writer<'a> {
    uses: &'a Uses,
    functions: &'a BTreeMap<Key, Bytes>,
    renumbering: Renumbering,
    out: Component,
}

impl Writer<'_> {
    fn add(&mut self, section: &Payload<'_>, component: &[u8]) -> Result<()> {
        let first_type = self.renumbering.was(Space::Type);
        let first_function = self.renumbering.was(Space::CoreFunction);
        self.renumbering.add(section)?;
        match section {
            Payload::ComponentTypeSection(types) => {
                let mut written = ComponentTypeSection::new();
                for (index, ty) in (first_type..).zip(types.clone()) {
                    self.write_type(&mut written, index, ty?)?;
                }
                self.out.section(&written);
                Ok(())
            }
            Payload::ComponentCanonicalSection(functions) => {
                let mut written = CanonicalFunctionSection::new();
                let (mut between, mut index, mut lifts) = (Vec::new(), first_function, false);
                for function in functions.clone() {
                    let function = function?;
                    if matches!(function, CanonicalFunction::Lift { .. }) {
                        lifts = true;
                        self.copy(&mut written, function)?;
                        continue;
                    }
                    let found = self.uses.lowered.get(&index);
                    match found.and_then(|key| self.functions.get(key)) {
                        Some(bytes) => {
                            self.lower(&mut written, function)?;
                            if !bytes.places.is_empty() {
                                between.push((index, bytes));
                            }
                        }
                        None => self.copy(&mut written, function)?,
                    }
                    index += 1;
                }
                if lifts && !between.is_empty() {
                    bail!("it lifts functions where it lowers others: perhaps these");
                }
                self.out.section(&written);
                self.add_between(&between)
            }
            section => self.renumbering.write(section, component, &mut self.out),
        }
    }

    fn write_type(
        &mut self,
        out: &mut ComponentTypeSection,
        index: u32,
        ty: ComponentType<'_>,
    ) -> Result<()> {
        if let (Some(interface), ComponentType::Instance(declarations)) =
            (self.uses.types.get(&index), &ty)
        {
            let functions = self.functions.iter();
            let functions = functions.filter(|((of, _), _)| of == interface);
            let functions = functions
                .map(|((_, name), bytes)| (name.as_str(), !bytes.places.is_empty()))
                .collect();
            out.instance(&retyped(declarations, &functions, &mut self.renumbering)?);
            return Ok(());
        }
        let written = self.renumbering.parse_component_type(out.ty(), ty);
        written.map_err(failure)
    }

    fn copy(
        &mut self,
        out: &mut CanonicalFunctionSection,
        function: CanonicalFunction,
    ) -> Result<()> {
        component_utils::parse_component_canonical(&mut self.renumbering, out, function)
            .map_err(failure)
    }

    fn lower(
        &mut self,
        out: &mut CanonicalFunctionSection,
        function: CanonicalFunction,
    ) -> Result<()> {
        let CanonicalFunction::Lower {
            func_index,
            options,
        } = function
        else {
            bail!("a function that is made in another way");
        };
        let mut written = vec![CanonicalOption::CompactUTF16];
        for option in options.iter().filter(|option| !is_encoding(option)) {
            written.push(
                self.renumbering
                    .canonical_option(*option)
                    .map_err(failure)?,
            );
        }
        out.lower(self.renumbering.of(Space::Function, func_index), written);
        Ok(())
    }

    /// Instantiates the module whose functions the code calls in place of those that were lowered.
    fn add_between(&mut self, lowered: &[(u32, &Bytes)]) -> Result<()> {
        if lowered.is_empty() {
            return Ok(());
        }
        let functions: Vec<&Bytes> = lowered.iter().map(|(_, bytes)| *bytes).collect();
        self.out.section(&ModuleSection(&between(&functions)));
        let module = self.renumbering.insert(Space::CoreModule);
        let items = self.renumbering.insert(Space::CoreInstance);
        let instance = self.renumbering.insert(Space::CoreInstance);
        let names: Vec<String> = (0..lowered.len()).map(|each| each.to_string()).collect();
        let called = names.iter().zip(lowered).map(|(name, (index, _))| {
            let written = self.renumbering.of(Space::CoreFunction, *index);
            (name.as_str(), ExportKind::Func, written)
        });
        let called: Vec<_> = called.collect();
        let mut instances = InstanceSection::new();
        instances
            .export_items(called)
            .instantiate(module, [(CALLED, ModuleArg::Instance(items))]);
        self.out.section(&instances);
        let mut aliases = ComponentAliasSection::new();
        for (name, (index, _)) in names.iter().zip(lowered) {
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
