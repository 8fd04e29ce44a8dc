//! Tells what a file is, without reading more of it than its outermost sections.

use crate::spaces::{Space, of_alias};
use anyhow::{Context, Result, bail};
use serde::Serialize;
use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use wasmparser::{
    BinaryReader, ComponentAliasSectionReader, ComponentExportSectionReader, ComponentExternalKind,
    ComponentImportSectionReader, ComponentType, ComponentTypeRef, ComponentTypeSectionReader,
    ExportSectionReader, ImportSectionReader, InstanceTypeDeclaration,
};

const MODULE: [u8; 8] = *b"\0asm\x01\0\0\0";
const COMPONENT: [u8; 8] = *b"\0asm\x0d\0\x01\0";

/// A component, or a core module with what decides how it can be componentized.
#[derive(Debug, PartialEq, Serialize)]
pub struct Description {
    pub kind: Kind,
    /// Interfaces and functions of a component; names of modules for a core module.
    pub imports: Vec<String>,
    pub exports: Vec<String>,
    /// The imported interfaces that have asynchronous functions.
    pub asynchronous: Vec<String>,
    /// Whether it carries the world that it was built for; a component always does.
    pub has_world: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    Component,
    Module,
}

/// `describe IN`: JSON.
pub fn run(input: &str) -> Result<String> {
    Ok(serde_json::to_string(&describe_file(input)?)?)
}

pub fn describe_file(path: &str) -> Result<Description> {
    describe(&mut File::open(path).with_context(|| format!("cannot read `{path}`"))?)
}

/// Describes a binary; nested modules and components are skipped over.
fn describe(source: &mut (impl Read + Seek)) -> Result<Description> {
    let end = source.seek(SeekFrom::End(0))?;
    source.rewind()?;
    let mut header = [0; 8];
    if source.read_exact(&mut header).is_err() {
        bail!("this is not WebAssembly");
    }
    let kind = match header {
        MODULE => Kind::Module,
        COMPONENT => Kind::Component,
        _ if header.starts_with(b"\0asm") => {
            bail!("this is WebAssembly of a version that is not supported")
        }
        _ => bail!("this is not WebAssembly"),
    };
    let mut description = Description {
        kind,
        imports: Vec::new(),
        exports: Vec::new(),
        asynchronous: Vec::new(),
        has_world: kind == Kind::Component,
    };
    // The index space of types: whether one is of an interface with asynchronous functions.
    let mut types = Vec::new();
    while let Some((id, size)) = section_header(source)? {
        let names = match (kind, id) {
            (Kind::Component, 6 | 7 | 10 | 11) | (Kind::Module, 0 | 2 | 7) => true,
            (_, 0..=13) => false,
            _ => bail!("there is no section with the number {id}"),
        };
        if source.stream_position()? + u64::from(size) > end {
            bail!("the file is cut off");
        }
        if names {
            let mut section = Vec::new();
            source.take(u64::from(size)).read_to_end(&mut section)?;
            description
                .add_section(id, &section, &mut types)
                .context("a section cannot be read")?;
        } else {
            source.seek(SeekFrom::Current(i64::from(size)))?;
        }
    }
    Ok(description)
}

impl Description {
    fn add_section(&mut self, id: u8, section: &[u8], types: &mut Vec<bool>) -> Result<()> {
        let reader = BinaryReader::new(section, 0);
        match (self.kind, id) {
            (Kind::Component, 6) => {
                for alias in ComponentAliasSectionReader::new(reader)? {
                    let is_type = of_alias(&alias?) == Space::Type;
                    types.extend(is_type.then_some(false));
                }
            }
            (Kind::Component, 7) => {
                for ty in ComponentTypeSectionReader::new(reader)? {
                    types.push(has_asynchronous_functions(&ty?));
                }
            }
            (Kind::Component, 10) => {
                for import in ComponentImportSectionReader::new(reader)? {
                    let import = import?;
                    let name = import.name.name.to_owned();
                    match import.ty {
                        ComponentTypeRef::Instance(ty)
                            if types.get(ty as usize).is_some_and(|each| *each) =>
                        {
                            self.asynchronous.push(name.clone());
                        }
                        ComponentTypeRef::Type(_) => types.push(false),
                        _ => {}
                    }
                    self.imports.push(name);
                }
            }
            (Kind::Component, _) => {
                for export in ComponentExportSectionReader::new(reader)? {
                    let export = export?;
                    let is_type = export.kind == ComponentExternalKind::Type;
                    types.extend(is_type.then_some(false));
                    self.exports.push(export.name.name.to_owned());
                }
            }
            (Kind::Module, 2) => {
                for import in ImportSectionReader::new(reader)?.into_imports() {
                    let module = import?.module;
                    if !self.imports.iter().any(|known| known == module) {
                        self.imports.push(module.to_owned());
                    }
                }
            }
            (Kind::Module, 7) => {
                for export in ExportSectionReader::new(reader)? {
                    self.exports.push(export?.name.to_owned());
                }
            }
            (Kind::Module, _) => {
                let mut reader = reader;
                self.has_world |= reader.read_string()?.starts_with("component-type");
            }
        }
        Ok(())
    }
}

fn has_asynchronous_functions(ty: &ComponentType<'_>) -> bool {
    let ComponentType::Instance(declarations) = ty else {
        return false;
    };
    declarations.iter().any(|each| {
        matches!(each, InstanceTypeDeclaration::Type(ComponentType::Func(function)) if function.async_)
    })
}

/// The number and the size in bytes of the next section.
fn section_header(source: &mut impl Read) -> Result<Option<(u8, u32)>> {
    let mut byte = [0];
    if source.read(&mut byte)? == 0 {
        return Ok(None);
    }
    let id = byte[0];
    let mut size = 0_u64;
    for shift in [0, 7, 14, 21, 28] {
        if source.read_exact(&mut byte).is_err() {
            bail!("the file is cut off");
        }
        size |= u64::from(byte[0] & 0x7f) << shift;
        if byte[0] & 0x80 == 0 {
            return Ok(Some((
                id,
                u32::try_from(size).context("a section is too large")?,
            )));
        }
    }
    bail!("the size of a section cannot be read")
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Cursor;

    fn describe_text(text: &str) -> Description {
        describe(&mut Cursor::new(wat::parse_str(text).unwrap())).unwrap()
    }

    #[test]
    fn interfaces_with_asynchronous_functions_are_told_from_others() {
        let text = r#"(component
            (type $plain (instance (export "f" (func))))
            (import "a:b/plain" (instance $a (type $plain)))
            (type (instance (export "t" (type (sub resource))) (export "f" (func async))))
            (import "a:b/waits" (instance $b (type 1)))
            (alias export $b "t" (type $t))
            (import "a:b/waits-too" (instance (export "g" (func async (param "a" (borrow $t)))))))"#;
        assert_eq!(
            describe_text(text).asynchronous,
            ["a:b/waits", "a:b/waits-too"]
        );
    }

    #[test]
    fn a_component_is_described_by_its_own_names_alone() {
        let text = r#"(component
            (core module (import "inner" "f" (func)))
            (component (import "nested" (func)))
            (import "a:b/c@1.0.0" (instance $c (export "f" (func))))
            (alias export $c "f" (func $f))
            (export "g" (func $f)))"#;
        assert_eq!(
            describe_text(text),
            Description {
                kind: Kind::Component,
                imports: vec!["a:b/c@1.0.0".into()],
                exports: vec!["g".into()],
                asynchronous: Vec::new(),
                has_world: true
            }
        );
    }

    #[test]
    fn a_module_is_described_by_the_modules_that_it_imports() {
        let text =
            r#"(module (import "env" "f" (func)) (import "env" "g" (func)) (func (export "h")))"#;
        let description = describe_text(text);
        assert_eq!(
            (description.imports, description.exports),
            (vec!["env".into()], vec!["h".into()])
        );
        assert!(!description.has_world);
    }

    #[test]
    fn a_file_that_is_cut_off_is_refused() {
        let bytes = wat::parse_str(r#"(module (func (export "h")))"#).unwrap();
        assert!(describe(&mut Cursor::new(&bytes[..bytes.len() - 2])).is_err());
    }
}
