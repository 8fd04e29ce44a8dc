//! The index spaces of a component's outermost level: which items a section adds, in order.

use wasmparser::{
    BinaryReaderError, CanonicalFunction, ComponentAlias, ComponentExternalKind,
    ComponentOuterAliasKind, ExternalKind, Payload,
};

/// An index space.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Space {
    CoreModule,
    CoreInstance,
    CoreFunction,
    CoreMemory,
    CoreTable,
    CoreGlobal,
    CoreTag,
    CoreType,
    Component,
    Instance,
    Function,
    Type,
    Value,
}

impl Space {
    /// How many there are.
    pub const COUNT: usize = Self::Value as usize + 1;
}

/// Numbers the items of a component, section by section.
#[derive(Default)]
pub struct Indices([u32; Space::COUNT]);

impl Indices {
    /// The index that each item which `section` adds has in its space.
    pub fn of(&mut self, section: &Payload<'_>) -> Result<Vec<u32>, BinaryReaderError> {
        let number = |space: Space| {
            let count = &mut self.0[space as usize];
            *count += 1;
            *count - 1
        };
        Ok(added(section)?.into_iter().map(number).collect())
    }
}

/// The spaces of the items that `section` adds.
pub fn added(section: &Payload<'_>) -> Result<Vec<Space>, BinaryReaderError> {
    let repeated = |space, count: u32| vec![space; count as usize];
    let spaces = match section {
        Payload::ModuleSection { .. } => vec![Space::CoreModule],
        Payload::ComponentSection { .. } => vec![Space::Component],
        Payload::InstanceSection(section) => repeated(Space::CoreInstance, section.count()),
        Payload::CoreTypeSection(section) => repeated(Space::CoreType, section.count()),
        Payload::ComponentTypeSection(section) => repeated(Space::Type, section.count()),
        Payload::ComponentInstanceSection(section) => repeated(Space::Instance, section.count()),
        Payload::ComponentStartSection { start, .. } => repeated(Space::Value, start.results),
        Payload::ComponentAliasSection(section) => {
            let aliases = section.clone().into_iter();
            aliases
                .map(|alias| Ok(of_alias(&alias?)))
                .collect::<Result<_, BinaryReaderError>>()?
        }
        Payload::ComponentCanonicalSection(section) => {
            let functions = section.clone().into_iter();
            functions
                .map(|function| Ok(of_canonical(&function?)))
                .collect::<Result<_, BinaryReaderError>>()?
        }
        Payload::ComponentImportSection(section) => {
            let imports = section.clone().into_iter();
            imports
                .map(|import| Ok(of_kind(import?.ty.kind())))
                .collect::<Result<_, BinaryReaderError>>()?
        }
        Payload::ComponentExportSection(section) => {
            let exports = section.clone().into_iter();
            exports
                .map(|export| Ok(of_kind(export?.kind)))
                .collect::<Result<_, BinaryReaderError>>()?
        }
        _ => Vec::new(),
    };
    Ok(spaces)
}

/// The space of the item that an alias makes.
pub fn of_alias(alias: &ComponentAlias<'_>) -> Space {
    match alias {
        ComponentAlias::InstanceExport { kind, .. } => of_kind(*kind),
        ComponentAlias::CoreInstanceExport { kind, .. } => match kind {
            ExternalKind::Func | ExternalKind::FuncExact => Space::CoreFunction,
            ExternalKind::Table => Space::CoreTable,
            ExternalKind::Memory => Space::CoreMemory,
            ExternalKind::Global => Space::CoreGlobal,
            ExternalKind::Tag => Space::CoreTag,
        },
        ComponentAlias::Outer { kind, .. } => match kind {
            ComponentOuterAliasKind::CoreModule => Space::CoreModule,
            ComponentOuterAliasKind::CoreType => Space::CoreType,
            ComponentOuterAliasKind::Type => Space::Type,
            ComponentOuterAliasKind::Component => Space::Component,
        },
    }
}

fn of_canonical(function: &CanonicalFunction) -> Space {
    match function {
        CanonicalFunction::Lift { .. } => Space::Function,
        _ => Space::CoreFunction,
    }
}

fn of_kind(kind: ComponentExternalKind) -> Space {
    match kind {
        ComponentExternalKind::Module => Space::CoreModule,
        ComponentExternalKind::Func => Space::Function,
        ComponentExternalKind::Value => Space::Value,
        ComponentExternalKind::Type => Space::Type,
        ComponentExternalKind::Instance => Space::Instance,
        ComponentExternalKind::Component => Space::Component,
    }
}
