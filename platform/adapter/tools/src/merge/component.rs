//! Writes the component anew around the base and the program.

use super::linking::{Function, Place};
use super::outline::Outline;
use super::program::Program;
use super::rewriting::Misplaced;
use super::writing::{BASE, CANONICAL};
use super::{base, program};
use crate::input::Sections;
use anyhow::{Context, Result, anyhow, bail};
use std::collections::{BTreeSet, HashMap};
use wasm_encoder::reencode::{Error, Reencode, ReencodeComponent, component_utils};
use wasm_encoder::{
    Alias, CanonicalFunctionSection, Component, ComponentAliasSection, ComponentTypeEncoder,
    ComponentTypeSection, ExportKind, InstanceSection, ModuleArg, ModuleSection, RawSection,
};
use wasmparser::{
    CanonicalFunction, ComponentAlias, ComponentCanonicalSectionReader, ComponentOuterAliasKind,
    ComponentType, ComponentTypeSectionReader, Parser, Payload,
};

/// Merges a component that lies inside; None if it cannot be.
pub type MergeNested<'m> = &'m dyn Fn(&[u8]) -> Option<Vec<u8>>;

const BASE_INSTANCE: u32 = 0;
const PROGRAM_INSTANCE: u32 = 3;

/// Fails if a component inside uses a core module of one around it: merging would take it away.
pub fn refuse_borrowed_modules(sections: &Sections<'_>, component: &[u8]) -> Result<()> {
    for section in sections {
        let Payload::ComponentSection {
            unchecked_range, ..
        } = section
        else {
            continue;
        };
        let range = unchecked_range.start as usize..unchecked_range.end as usize;
        for payload in Parser::new(0).parse_all(&component[range]) {
            let Payload::ComponentAliasSection(aliases) = payload? else {
                continue;
            };
            for alias in aliases {
                if let ComponentAlias::Outer {
                    kind: ComponentOuterAliasKind::CoreModule,
                    ..
                } = alias?
                {
                    bail!("a component inside has a core module of one around it");
                }
            }
        }
    }
    Ok(())
}

/// The component of `outline` with its core modules merged, of whose lifted functions `unneeded` are not needed.
pub fn write(
    outline: &Outline<'_>,
    unneeded: &BTreeSet<usize>,
    sections: &Sections<'_>,
    component: &[u8],
    merge_nested: MergeNested<'_>,
) -> Result<Vec<u8>> {
    let program = program::encode(outline, unneeded)?;
    let canonical: Vec<u32> = outline.canonical.keys().copied().collect();
    let mut writer = Writer {
        outline,
        program,
        written: Component::new(),
        core_functions: 0,
        canonical: canonical.into_iter(),
        renaming: Renaming::default(),
        has_program: false,
        merge_nested,
    };
    writer.add_base()?;
    for section in sections {
        writer.add(section, component)?;
    }
    if !writer.has_program {
        writer.add_program()?;
    }
    Ok(writer.written.finish())
}

/// New indices of core functions, by what they were.
#[derive(Default)]
struct Renaming {
    functions: HashMap<u32, u32>,
}

impl Reencode for Renaming {
    type Error = Misplaced;

    fn function_index(&mut self, index: u32) -> Result<u32, Error<Misplaced>> {
        let index = self.functions.get(&index).copied();
        index.ok_or(Error::UserError(Misplaced("a core function")))
    }

    fn memory_index(&mut self, _: u32) -> Result<u32, Error<Misplaced>> {
        Ok(0)
    }

    fn table_index(&mut self, _: u32) -> Result<u32, Error<Misplaced>> {
        Err(Error::UserError(Misplaced("a core table")))
    }
}

impl ReencodeComponent for Renaming {
    /// A destructor without a place is one of resources that never come to be.
    fn parse_component_type(
        &mut self,
        target: ComponentTypeEncoder<'_>,
        ty: ComponentType<'_>,
    ) -> Result<(), Error<Misplaced>> {
        let ty = match ty {
            ComponentType::Resource {
                rep,
                dtor: Some(destructor),
            } if !self.functions.contains_key(&destructor) => {
                ComponentType::Resource { rep, dtor: None }
            }
            ty => ty,
        };
        component_utils::parse_component_type(self, target, ty)
    }
}

struct Writer<'m> {
    outline: &'m Outline<'m>,
    program: Program,
    written: Component,
    /// How many core functions the written component has.
    core_functions: u32,
    /// The indices that the canonical functions had which are still to come.
    canonical: std::vec::IntoIter<u32>,
    renaming: Renaming,
    has_program: bool,
    merge_nested: MergeNested<'m>,
}

impl Writer<'_> {
    fn add_base(&mut self) -> Result<()> {
        let early = self.program.early.clone();
        let module = base::encode(&self.outline.linked, &self.program.constants, &early)?;
        self.written.section(&ModuleSection(&module));
        let mut instances = InstanceSection::new();
        instances.instantiate(0, [] as [(&str, ModuleArg); 0]);
        self.written.section(&instances);
        let mut aliases = ComponentAliasSection::new();
        aliases.alias(core_export(BASE_INSTANCE, ExportKind::Memory, base::MEMORY));
        for slot in 0..early.len() {
            let name = base::trampoline(slot);
            aliases.alias(core_export(BASE_INSTANCE, ExportKind::Func, &name));
        }
        self.written.section(&aliases);
        self.rename(&early);
        Ok(())
    }

    /// Gives the functions of the component that are one of `places` the next indices, in this order.
    fn rename(&mut self, places: &[Place]) {
        let positions: HashMap<Function, u32> = places
            .iter()
            .map(|place| Function::Defined(*place))
            .zip(self.core_functions..)
            .collect();
        for (index, function) in (0..).zip(&self.outline.spaces.functions) {
            if let Some(position) = positions.get(function) {
                self.renaming.functions.insert(index, *position);
            }
        }
        self.core_functions += places.len() as u32;
    }

    fn add_program(&mut self) -> Result<()> {
        self.has_program = true;
        self.written.section(&ModuleSection(&self.program.module));
        let mut base_items = vec![(base::MEMORY, ExportKind::Memory, 0)];
        if !self.program.early.is_empty() {
            let mut aliases = ComponentAliasSection::new();
            aliases.alias(core_export(BASE_INSTANCE, ExportKind::Table, base::TABLE));
            self.written.section(&aliases);
            base_items.push((base::TABLE, ExportKind::Table, 0));
        }
        let canonical = self.program.imports.iter().map(|index| {
            let renamed = self.renaming.functions.get(index).copied();
            let renamed = renamed.context("a function is made too late")?;
            Ok((index.to_string(), ExportKind::Func, renamed))
        });
        let canonical: Vec<_> = canonical.collect::<Result<_>>()?;
        let mut instances = InstanceSection::new();
        instances
            .export_items(base_items)
            .export_items(canonical)
            .instantiate(
                1,
                [
                    (BASE, ModuleArg::Instance(BASE_INSTANCE + 1)),
                    (CANONICAL, ModuleArg::Instance(BASE_INSTANCE + 2)),
                ],
            );
        self.written.section(&instances);
        let mut aliases = ComponentAliasSection::new();
        let exports = self.program.exports.clone();
        for position in 0..exports.len() {
            let name = position.to_string();
            aliases.alias(core_export(PROGRAM_INSTANCE, ExportKind::Func, &name));
        }
        self.written.section(&aliases);
        self.rename(&exports);
        Ok(())
    }

    fn add(&mut self, section: &Payload<'_>, component: &[u8]) -> Result<()> {
        match section {
            Payload::ModuleSection { .. } | Payload::InstanceSection(_) => {}
            Payload::CustomSection(section) if section.name() == "component-name" => {}
            Payload::ComponentAliasSection(aliases) => {
                let mut kept = ComponentAliasSection::new();
                for alias in aliases.clone() {
                    let alias = alias?;
                    if !matches!(alias, ComponentAlias::CoreInstanceExport { .. }) {
                        kept.alias(self.renaming.component_alias(alias).map_err(written)?);
                    }
                }
                self.written.section(&kept);
            }
            Payload::ComponentCanonicalSection(functions) => self.add_canonical(functions)?,
            Payload::ComponentTypeSection(types) if has_destructor(types)? => {
                let mut rewritten = ComponentTypeSection::new();
                self.renaming
                    .parse_component_type_section(&mut rewritten, types.clone())
                    .map_err(written)?;
                self.written.section(&rewritten);
            }
            section => {
                copy(section, component, self.merge_nested, &mut self.written);
            }
        }
        Ok(())
    }

    fn add_canonical(&mut self, functions: &ComponentCanonicalSectionReader<'_>) -> Result<()> {
        let mut section = CanonicalFunctionSection::new();
        for function in functions.clone() {
            let function = function?;
            if matches!(function, CanonicalFunction::Lift { .. }) {
                if !self.has_program {
                    self.written.section(&section);
                    section = CanonicalFunctionSection::new();
                    self.add_program()?;
                }
            } else {
                let was = self.canonical.next().context("a function too many")?;
                if !self.program.imports.contains(&was) {
                    continue;
                }
                self.renaming.functions.insert(was, self.core_functions);
                self.core_functions += 1;
            }
            self.renaming
                .parse_component_canonical(&mut section, function)
                .map_err(written)?;
        }
        self.written.section(&section);
        Ok(())
    }
}

/// `component` as it is, but for the components inside it, which are merged; None if none of them can be.
pub fn with_nested_merged(
    sections: &Sections<'_>,
    component: &[u8],
    merge_nested: MergeNested<'_>,
) -> Option<Vec<u8>> {
    let mut written = Component::new();
    let mut is_merged = false;
    for section in sections {
        is_merged |= copy(section, component, merge_nested, &mut written);
    }
    is_merged.then(|| written.finish())
}

/// Copies a section; tells whether it is a component that was merged.
fn copy(
    section: &Payload<'_>,
    component: &[u8],
    merge_nested: MergeNested<'_>,
    written: &mut Component,
) -> bool {
    let Some((id, range)) = section.as_section() else {
        return false;
    };
    let data = &component[range.start as usize..range.end as usize];
    let merged = match section {
        Payload::ComponentSection { .. } => merge_nested(data),
        _ => None,
    };
    let is_merged = merged.is_some();
    let data = merged.as_deref().unwrap_or(data);
    written.section(&RawSection { id, data });
    is_merged
}

fn core_export(instance: u32, kind: ExportKind, name: &str) -> Alias<'_> {
    Alias::CoreInstanceExport {
        instance,
        kind,
        name,
    }
}

fn has_destructor(types: &ComponentTypeSectionReader<'_>) -> Result<bool> {
    for ty in types.clone() {
        if let ComponentType::Resource { dtor: Some(_), .. } = ty? {
            return Ok(true);
        }
    }
    Ok(false)
}

fn written(error: Error<Misplaced>) -> anyhow::Error {
    anyhow!("{error}")
}
