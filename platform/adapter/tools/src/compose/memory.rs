//! Lets a component tell how large its linear memory is: the C API of the engine cannot.

use crate::core_module::CoreModule;
use crate::input::outermost;
use crate::validate::check_types;
use wasm_encoder::{
    Alias, CanonicalFunctionSection, ComponentAliasSection, ComponentExportKind,
    ComponentExportSection, ComponentSection, ComponentTypeSection, ExportKind, InstanceSection,
    Module, ModuleArg, ModuleSection, PrimitiveValType, ValType,
};
use wasmparser::{
    BinaryReaderError, CanonicalFunction, ComponentAlias, ComponentExternalKind,
    ComponentOuterAliasKind, ExternalKind, Payload,
};

/// The export that answers with the size of the memory: `func() -> u32`, in pages of 64 KiB.
pub const EXPORT: &str = "whorl-memory-pages";

const MEMORY: &str = "memory";
const SIZE: &str = "size";

/// `component` with one export more. None if it has no memory at its top level, or none that can be measured so.
pub fn measured(component: &[u8]) -> Option<Vec<u8>> {
    let spaces = Spaces::of(component).ok()?;
    let mut measured = component.to_vec();
    spaces.append_measuring(spaces.memory?, &mut measured);
    check_types(&measured).is_ok().then_some(measured)
}

/// How many items the index spaces of a component have, and the core instance whose memory its functions use.
#[derive(Debug, Default, PartialEq)]
struct Spaces {
    modules: u32,
    core_instances: u32,
    core_functions: u32,
    types: u32,
    functions: u32,
    memory: Option<u32>,
}

impl Spaces {
    fn of(component: &[u8]) -> Result<Self, BinaryReaderError> {
        let mut spaces = Self::default();
        for section in outermost(component)? {
            spaces.count_section(section)?;
        }
        Ok(spaces)
    }

    fn count_section(&mut self, section: Payload<'_>) -> Result<(), BinaryReaderError> {
        match section {
            Payload::ModuleSection { .. } => self.modules += 1,
            Payload::InstanceSection(section) => self.core_instances += section.count(),
            Payload::ComponentTypeSection(section) => self.types += section.count(),
            Payload::ComponentAliasSection(section) => {
                for alias in section {
                    self.count_alias(&alias?);
                }
            }
            Payload::ComponentCanonicalSection(section) => {
                for function in section {
                    match function? {
                        CanonicalFunction::Lift { .. } => self.functions += 1,
                        _ => self.core_functions += 1,
                    }
                }
            }
            Payload::ComponentImportSection(section) => {
                for import in section {
                    self.count(import?.ty.kind());
                }
            }
            Payload::ComponentExportSection(section) => {
                for export in section {
                    self.count(export?.kind);
                }
            }
            _ => {}
        }
        Ok(())
    }

    fn count_alias(&mut self, alias: &ComponentAlias<'_>) {
        match alias {
            ComponentAlias::InstanceExport { kind, .. } => self.count(*kind),
            ComponentAlias::CoreInstanceExport {
                kind: ExternalKind::Func,
                ..
            } => self.core_functions += 1,
            ComponentAlias::CoreInstanceExport {
                kind: ExternalKind::Memory,
                instance_index,
                name: MEMORY,
            } => {
                self.memory.get_or_insert(*instance_index);
            }
            ComponentAlias::Outer { kind, .. } => match kind {
                ComponentOuterAliasKind::CoreModule => self.modules += 1,
                ComponentOuterAliasKind::Type => self.types += 1,
                _ => {}
            },
            _ => {}
        }
    }

    fn count(&mut self, kind: ComponentExternalKind) {
        match kind {
            ComponentExternalKind::Module => self.modules += 1,
            ComponentExternalKind::Func => self.functions += 1,
            ComponentExternalKind::Type => self.types += 1,
            _ => {}
        }
    }

    /// Appends what measures the memory that core instance `owner` exports.
    fn append_measuring(&self, owner: u32, component: &mut Vec<u8>) {
        ModuleSection(&measuring_module()).append_to_component(component);
        InstanceSection::new()
            .instantiate(self.modules, [(MEMORY, ModuleArg::Instance(owner))])
            .append_to_component(component);
        ComponentAliasSection::new()
            .alias(Alias::CoreInstanceExport {
                instance: self.core_instances,
                kind: ExportKind::Func,
                name: SIZE,
            })
            .append_to_component(component);
        let mut types = ComponentTypeSection::new();
        types
            .function()
            .params([] as [(&str, PrimitiveValType); 0])
            .result(Some(PrimitiveValType::U32.into()));
        types.append_to_component(component);
        CanonicalFunctionSection::new()
            .lift(self.core_functions, self.types, [])
            .append_to_component(component);
        ComponentExportSection::new()
            .export(EXPORT, ComponentExportKind::Func, self.functions, None)
            .append_to_component(component);
    }
}

/// `(module (import "memory" "memory" (memory 0)) (func (export "size") (result i32) memory.size))`
fn measuring_module() -> Module {
    let mut module = CoreModule::default();
    module.import_memory(MEMORY, MEMORY);
    let size = module.define(&[], &[ValType::I32], &[], |code| {
        code.memory_size(0);
    });
    module.export(SIZE, size);
    module.finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    const EVERY_SPACE: &str = r#"(component
        (import "one" (func $one (result u32)))
        (import "types" (instance $types (export "t" (type (sub resource))) (export "f" (func))))
        (alias export $types "t" (type $t))
        (alias export $types "f" (func $f))
        (core module $code (memory (export "memory") 3) (func (export "run")))
        (core module (func (export "inner")))
        (component (core module) (type (func)))
        (core instance $running (instantiate $code))
        (core func (canon lower (func $one)))
        (core func (canon resource.drop $t))
        (alias core export $running "run" (core func $run))
        (alias core export $running "memory" (core memory $memory))
        (func $lifted (canon lift (core func $run)))
        (export "run" (func $lifted))
        (export "handle" (type $t)))"#;

    fn parse(text: &str) -> Vec<u8> {
        wat::parse_str(text).unwrap()
    }

    #[test]
    fn a_component_with_a_memory_gets_one_export_more() {
        let component = parse(EVERY_SPACE);
        let measured = measured(&component).unwrap();
        assert!(measured.starts_with(&component));
        assert!(crate::validate::check_types(&measured).is_ok());
    }

    #[test]
    fn every_index_space_counts_what_is_outermost() {
        let spaces = Spaces::of(&parse(EVERY_SPACE)).unwrap();
        assert_eq!(
            (spaces.modules, spaces.core_instances, spaces.core_functions),
            (2, 1, 3)
        );
        assert_eq!((spaces.functions, spaces.memory), (4, Some(0)));
    }

    #[test]
    fn a_component_without_a_memory_of_its_own_is_left_as_it_is() {
        let inner = "(component (component (core module (memory (export \"memory\") 1))))";
        assert_eq!(measured(&parse(inner)), None);
    }

    #[test]
    fn a_memory_of_64_bits_is_not_measured() {
        let component = parse(
            r#"(component
                (core module $code (memory (export "memory") i64 1))
                (core instance $running (instantiate $code))
                (alias core export $running "memory" (core memory $memory)))"#,
        );
        assert_eq!(measured(&component), None);
    }

    #[test]
    fn a_component_that_is_measured_already_is_left_as_it_is() {
        let once = measured(&parse(EVERY_SPACE)).unwrap();
        assert_eq!(measured(&once), None);
    }
}
