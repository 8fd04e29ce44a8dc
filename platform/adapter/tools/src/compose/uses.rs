//! What a composition uses of each of its parts.

use super::links::Links;
use crate::input::outermost;
use crate::merge::Used;
use anyhow::Result;
use std::collections::{BTreeMap, BTreeSet};
use wasmparser::{
    ComponentAlias, ComponentExternalKind, ComponentOuterAliasKind, ComponentType,
    ComponentTypeRef, InstanceTypeDeclaration, Payload,
};

/// By import, the functions that it asks for if it is an interface; None if that cannot be told.
pub type Imports = BTreeMap<String, Option<BTreeSet<String>>>;

/// What is used of the part at `provider`, if all that use it have `imports`; None if that cannot be told.
pub fn of(provider: usize, links: &Links, imports: &BTreeMap<usize, Imports>) -> Option<Used> {
    let mut used = Used::new();
    for link in &links.links {
        if link.provider == provider {
            let functions = imports.get(&link.importer)?.get(&link.import)?.clone()?;
            used.entry(link.export.clone())
                .or_default()
                .extend(functions);
        }
    }
    Some(used)
}

/// What a component imports.
pub fn imports(component: &[u8]) -> Result<Imports> {
    let mut imports = Imports::new();
    // The index space of types: for one of an interface, its functions.
    let mut types: Vec<Option<BTreeSet<String>>> = Vec::new();
    for section in outermost(component)? {
        match section {
            Payload::ComponentTypeSection(section) => {
                for ty in section {
                    types.push(functions(&ty?));
                }
            }
            Payload::ComponentAliasSection(section) => {
                for alias in section {
                    types.extend(is_type(&alias?).then_some(None));
                }
            }
            Payload::ComponentExportSection(section) => {
                for export in section {
                    let is_type = export?.kind == ComponentExternalKind::Type;
                    types.extend(is_type.then_some(None));
                }
            }
            Payload::ComponentImportSection(section) => {
                for import in section {
                    let import = import?;
                    let functions = match import.ty {
                        ComponentTypeRef::Instance(ty) => types.get(ty as usize).cloned().flatten(),
                        ComponentTypeRef::Func(_) => Some(BTreeSet::new()),
                        ComponentTypeRef::Type(_) => {
                            types.push(None);
                            None
                        }
                        _ => None,
                    };
                    imports.insert(import.name.name.to_owned(), functions);
                }
            }
            _ => {}
        }
    }
    Ok(imports)
}

fn is_type(alias: &ComponentAlias<'_>) -> bool {
    matches!(
        alias,
        ComponentAlias::InstanceExport {
            kind: ComponentExternalKind::Type,
            ..
        } | ComponentAlias::Outer {
            kind: ComponentOuterAliasKind::Type,
            ..
        }
    )
}

/// The functions of an interface's type; None if it is another type, or has more than types and functions.
fn functions(ty: &ComponentType<'_>) -> Option<BTreeSet<String>> {
    let ComponentType::Instance(declarations) = ty else {
        return None;
    };
    let mut functions = BTreeSet::new();
    for declaration in declarations {
        if let InstanceTypeDeclaration::Export { name, ty } = declaration {
            match ty {
                ComponentTypeRef::Func(_) => {
                    functions.insert(name.name.to_owned());
                }
                ComponentTypeRef::Type(_) => {}
                _ => return None,
            }
        }
    }
    Some(functions)
}
