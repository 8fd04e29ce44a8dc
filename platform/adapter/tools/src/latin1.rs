//! Lets functions of an interface take and give their strings in latin1, where a component lifts or lowers them.
//!
//! The engine copies a string of the encoding latin1+utf16 at once if it is latin1, and checks one of UTF-8 as it
//! copies. No metadata of a core module can ask for that for some functions alone.

use crate::input::outermost;
use crate::renumbering::{Renumbering, failure};
use crate::spaces::{Space, added};
use anyhow::Result;
use wasm_encoder::reencode::ReencodeComponent;
use wasm_encoder::{CanonicalFunctionSection, Component};
use wasmparser::{
    CanonicalFunction, CanonicalOption as Read, ComponentAlias, ComponentExternalKind,
    ExternalKind, Payload,
};

/// `component` with those functions of `interface` in latin1 that `is_meant` tells by their names.
///
/// One that it exports is known by the name under which a core module exports it.
pub fn recoded(
    component: Vec<u8>,
    interface: &str,
    is_meant: impl Fn(&str) -> bool,
) -> Result<Vec<u8>> {
    let mut recoding = Recoding {
        interface,
        is_meant,
        renumbering: Renumbering::default(),
        instances: Vec::new(),
        lowered: Vec::new(),
        lifted: Vec::new(),
        is_done: false,
    };
    let mut out = Component::new();
    for section in &outermost(&component)? {
        recoding.note(section)?;
        recoding.renumbering.add(section)?;
        match section {
            Payload::ComponentCanonicalSection(functions) => {
                let mut written = CanonicalFunctionSection::new();
                for function in functions.clone() {
                    recoding.write(&mut written, function?)?;
                }
                out.section(&written);
            }
            section => recoding.renumbering.write(section, &component, &mut out)?,
        }
    }
    Ok(if recoding.is_done {
        out.finish()
    } else {
        component
    })
}

pub fn is_encoding(option: &Read) -> bool {
    matches!(option, Read::UTF8 | Read::UTF16 | Read::CompactUTF16)
}

struct Recoding<'a, F> {
    interface: &'a str,
    is_meant: F,
    renumbering: Renumbering,
    /// The instances that are imported as the interface.
    instances: Vec<u32>,
    /// The functions of these.
    lowered: Vec<u32>,
    /// The core functions that are exported as functions of the interface.
    lifted: Vec<u32>,
    is_done: bool,
}

impl<F: Fn(&str) -> bool> Recoding<'_, F> {
    /// Notes what of `section`, whose items have no indices yet, is of the interface.
    fn note(&mut self, section: &Payload<'_>) -> Result<()> {
        match section {
            Payload::ComponentImportSection(imports) => {
                for (import, index) in imports.clone().into_iter().zip(self.indices(section)?) {
                    let import = import?;
                    if import.name.name == self.interface
                        && import.ty.kind() == ComponentExternalKind::Instance
                    {
                        self.instances.push(index);
                    }
                }
            }
            Payload::ComponentAliasSection(aliases) => {
                for (alias, index) in aliases.clone().into_iter().zip(self.indices(section)?) {
                    self.note_alias(&alias?, index);
                }
            }
            _ => {}
        }
        Ok(())
    }

    fn note_alias(&mut self, alias: &ComponentAlias<'_>, index: u32) {
        match alias {
            ComponentAlias::InstanceExport {
                kind: ComponentExternalKind::Func,
                instance_index,
                name,
            } if self.instances.contains(instance_index) && (self.is_meant)(name) => {
                self.lowered.push(index);
            }
            ComponentAlias::CoreInstanceExport {
                kind: ExternalKind::Func,
                name,
                ..
            } => {
                if let Some((interface, function)) = name.split_once('#')
                    && interface == self.interface
                    && (self.is_meant)(function)
                {
                    self.lifted.push(index);
                }
            }
            _ => {}
        }
    }

    /// The index that each item of `section` will have in its space.
    fn indices(&self, section: &Payload<'_>) -> Result<Vec<u32>> {
        let mut before = [0; Space::COUNT];
        let index = |space: Space| {
            before[space as usize] += 1;
            self.renumbering.was(space) + before[space as usize] - 1
        };
        Ok(added(section)?.into_iter().map(index).collect())
    }

    fn write(
        &mut self,
        out: &mut CanonicalFunctionSection,
        mut function: CanonicalFunction,
    ) -> Result<()> {
        let options = match &mut function {
            CanonicalFunction::Lift {
                core_func_index,
                options,
                ..
            } if self.lifted.contains(core_func_index) => Some(options),
            CanonicalFunction::Lower {
                func_index,
                options,
            } if self.lowered.contains(func_index) => Some(options),
            _ => None,
        };
        if let Some(options) = options {
            let kept = options.iter().copied().filter(|each| !is_encoding(each));
            *options = kept.chain([Read::CompactUTF16]).collect();
            self.is_done = true;
        }
        let written = self.renumbering.parse_component_canonical(out, function);
        written.map_err(failure)
    }
}
