//! New indices for a component into whose outermost level something is inserted.

use crate::spaces::{Space, added};
use anyhow::{Result, anyhow, bail};
use std::convert::Infallible;
use wasm_encoder::reencode::{Error, Reencode, ReencodeComponent};
use wasm_encoder::{
    CanonicalFunctionSection, Component, ComponentAliasSection, ComponentExportSection,
    ComponentImportSection, ComponentInstanceSection, ComponentTypeSection, InstanceSection,
    RawSection,
};
use wasmparser::{ComponentAlias, ComponentType, InstanceTypeDeclaration, Parser, Payload};

/// By what they were, the indices of what has been written.
#[derive(Default)]
pub struct Renumbering {
    written: [Vec<u32>; Space::COUNT],
    counts: [u32; Space::COUNT],
    /// How many types within types surround what is written now.
    depth: u32,
}

impl Renumbering {
    /// Notes what `section` adds, which is about to be written.
    pub fn add(&mut self, section: &Payload<'_>) -> Result<()> {
        for space in added(section)? {
            self.append(space);
        }
        Ok(())
    }

    /// Makes room for an item that was not there; returns its index.
    pub fn insert(&mut self, space: Space) -> u32 {
        let count = &mut self.counts[space as usize];
        *count += 1;
        *count - 1
    }

    /// Makes room for the next item, which is about to be written.
    pub fn append(&mut self, space: Space) {
        let index = self.insert(space);
        self.note(space, index);
    }

    /// The next item is not written: `written` stands for it.
    pub fn note(&mut self, space: Space, written: u32) {
        self.written[space as usize].push(written);
    }

    /// The next item is left out, and nothing stands for it.
    pub fn skip(&mut self, space: Space) {
        self.note(space, u32::MAX);
    }

    /// From now on `written` stands for what was `index`.
    pub fn replace(&mut self, space: Space, index: u32, written: u32) {
        self.written[space as usize][index as usize] = written;
    }

    /// How many items there were so far.
    pub fn was(&self, space: Space) -> u32 {
        self.written[space as usize].len() as u32
    }

    /// What has become of `index`.
    pub fn of(&self, space: Space, index: u32) -> u32 {
        let written = self.written[space as usize].get(index as usize);
        // An index without an item: whoever validates what is written says so.
        written.copied().unwrap_or(u32::MAX)
    }

    /// Writes `section`, which has been noted.
    pub fn write(
        &mut self,
        section: &Payload<'_>,
        component: &[u8],
        out: &mut Component,
    ) -> Result<()> {
        match section {
            Payload::CustomSection(section) if section.name() == "component-name" => {}
            Payload::ComponentTypeSection(section) => {
                let mut types = ComponentTypeSection::new();
                self.parse_component_type_section(&mut types, section.clone())
                    .map_err(failure)?;
                out.section(&types);
            }
            Payload::ComponentAliasSection(section) => {
                let mut aliases = ComponentAliasSection::new();
                self.parse_component_alias_section(&mut aliases, section.clone())
                    .map_err(failure)?;
                out.section(&aliases);
            }
            Payload::ComponentImportSection(section) => {
                let mut imports = ComponentImportSection::new();
                self.parse_component_import_section(&mut imports, section.clone())
                    .map_err(failure)?;
                out.section(&imports);
            }
            Payload::ComponentCanonicalSection(section) => {
                let mut functions = CanonicalFunctionSection::new();
                self.parse_component_canonical_section(&mut functions, section.clone())
                    .map_err(failure)?;
                out.section(&functions);
            }
            Payload::InstanceSection(section) => {
                let mut instances = InstanceSection::new();
                self.parse_instance_section(&mut instances, section.clone())
                    .map_err(failure)?;
                out.section(&instances);
            }
            Payload::ComponentInstanceSection(section) => {
                let mut instances = ComponentInstanceSection::new();
                self.parse_component_instance_section(&mut instances, section.clone())
                    .map_err(failure)?;
                out.section(&instances);
            }
            Payload::ComponentExportSection(section) => {
                let mut exports = ComponentExportSection::new();
                self.parse_component_export_section(&mut exports, section.clone())
                    .map_err(failure)?;
                out.section(&exports);
            }
            Payload::ComponentStartSection { .. } => bail!("it has a start function"),
            section => self.copy(section, component, out)?,
        }
        Ok(())
    }

    /// Copies a section in which no index of the outermost level stands.
    fn copy(&self, section: &Payload<'_>, component: &[u8], out: &mut Component) -> Result<()> {
        let Some((id, range)) = section.as_section() else {
            return Ok(());
        };
        let data = &component[range.start as usize..range.end as usize];
        if let Payload::ComponentSection { .. } = section {
            refuse_outer_aliases(data)?;
        }
        out.section(&RawSection { id, data });
        Ok(())
    }
}

/// Fails if a component uses what lies in those around it.
fn refuse_outer_aliases(component: &[u8]) -> Result<()> {
    let is_outer = |alias: &ComponentAlias<'_>, depth| matches!(alias, ComponentAlias::Outer { count, .. } if *count > depth);
    for payload in Parser::new(0).parse_all(component) {
        let refers_outside = match payload? {
            Payload::ComponentAliasSection(aliases) => aliases
                .into_iter()
                .any(|alias| alias.is_ok_and(|alias| is_outer(&alias, 0))),
            Payload::ComponentTypeSection(types) => types.into_iter().any(|ty| match ty {
                Ok(ComponentType::Instance(declarations)) => declarations.iter().any(|each| {
                    matches!(each, InstanceTypeDeclaration::Alias(alias) if is_outer(alias, 1))
                        || matches!(
                            each,
                            InstanceTypeDeclaration::Type(
                                ComponentType::Instance(_) | ComponentType::Component(_)
                            )
                        )
                }),
                Ok(ComponentType::Component(_)) => true,
                _ => false,
            }),
            _ => false,
        };
        if refers_outside {
            bail!("a component inside uses something of those around it");
        }
    }
    Ok(())
}

impl Reencode for Renumbering {
    type Error = Infallible;

    fn function_index(&mut self, index: u32) -> Result<u32, Error<Infallible>> {
        Ok(self.of(Space::CoreFunction, index))
    }
}

impl ReencodeComponent for Renumbering {
    fn component_type_index(&mut self, index: u32) -> u32 {
        match self.depth {
            0 => self.of(Space::Type, index),
            _ => index,
        }
    }

    fn outer_component_type_index(&mut self, count: u32, index: u32) -> u32 {
        match count == self.depth {
            true => self.of(Space::Type, index),
            false => index,
        }
    }

    fn component_instance_index(&mut self, index: u32) -> u32 {
        match self.depth {
            0 => self.of(Space::Instance, index),
            _ => index,
        }
    }

    fn component_func_index(&mut self, index: u32) -> u32 {
        match self.depth {
            0 => self.of(Space::Function, index),
            _ => index,
        }
    }

    fn module_index(&mut self, index: u32) -> u32 {
        match self.depth {
            0 => self.of(Space::CoreModule, index),
            _ => index,
        }
    }

    fn instance_index(&mut self, index: u32) -> u32 {
        self.of(Space::CoreInstance, index)
    }

    fn push_depth(&mut self) {
        self.depth += 1;
    }

    fn pop_depth(&mut self) {
        self.depth -= 1;
    }
}

/// Whatever goes wrong in writing is a mistake in what was read.
pub fn failure(error: Error<Infallible>) -> anyhow::Error {
    anyhow!("{error}")
}
