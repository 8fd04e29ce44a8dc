//! What stands for an interface that nobody provides: a component inside, with its types alone.

use super::types::lowered;
use crate::renumbering::{Renumbering, failure};
use crate::spaces::Space;
use anyhow::{Result, bail};
use wasm_encoder::reencode::ReencodeComponent;
use wasm_encoder::{
    Alias, Component, ComponentAliasSection, ComponentExportKind, ComponentExportSection,
    ComponentOuterAliasKind, ComponentTypeSection, ValType,
};
use wasmparser::{
    ComponentAlias, ComponentType, ComponentTypeRef, InstanceTypeDeclaration as Declaration,
    TypeBounds,
};

/// A component that exports the types of an interface; `around` numbers those of the component around it.
pub fn types_of(declarations: Box<[Declaration<'_>]>, around: &Renumbering) -> Result<Component> {
    let mut inside = Renumbering::default();
    let mut out = Component::new();
    for declaration in declarations.into_vec() {
        match declaration {
            // Functions are left out, and with them their types.
            Declaration::Type(ComponentType::Func(_)) => inside.skip(Space::Type),
            Declaration::Type(ty) => {
                let mut types = ComponentTypeSection::new();
                inside
                    .parse_component_type(types.ty(), lowered(ty))
                    .map_err(failure)?;
                out.section(&types);
                let index = inside.insert(Space::Type);
                inside.note(Space::Type, index);
            }
            Declaration::Alias(ComponentAlias::Outer { index, .. }) => {
                let mut aliases = ComponentAliasSection::new();
                aliases.alias(Alias::Outer {
                    kind: ComponentOuterAliasKind::Type,
                    count: 1,
                    index: around.of(Space::Type, index),
                });
                out.section(&aliases);
                let index = inside.insert(Space::Type);
                inside.note(Space::Type, index);
            }
            Declaration::Export { name, ty } => match ty {
                ComponentTypeRef::Type(bounds) => {
                    let index = match bounds {
                        TypeBounds::Eq(index) => inside.of(Space::Type, index),
                        TypeBounds::SubResource => {
                            let mut types = ComponentTypeSection::new();
                            types.resource(ValType::I32, None);
                            out.section(&types);
                            inside.insert(Space::Type)
                        }
                    };
                    let mut exports = ComponentExportSection::new();
                    exports.export(name, ComponentExportKind::Type, index, None);
                    out.section(&exports);
                    let index = inside.insert(Space::Type);
                    inside.note(Space::Type, index);
                }
                ComponentTypeRef::Func(_) => {}
                _ => bail!("it has more than types and functions"),
            },
            _ => bail!("it has more than types and functions"),
        }
    }
    Ok(out)
}
