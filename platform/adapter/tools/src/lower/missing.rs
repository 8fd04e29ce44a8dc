//! What stands for an interface that nobody provides: an instance that has its types alone.

use super::types::lowered;
use crate::renumbering::{Renumbering, failure};
use crate::spaces::Space;
use anyhow::{Result, bail};
use wasm_encoder::reencode::ReencodeComponent;
use wasm_encoder::{
    Component, ComponentExportKind, ComponentInstanceSection, ComponentTypeSection, ValType,
};
use wasmparser::{
    ComponentAlias, ComponentType, ComponentTypeRef, InstanceTypeDeclaration as Declaration,
    TypeBounds,
};

/// Writes the types of an interface to the outermost level; returns the instance that has them, by their names.
pub fn instance(
    declarations: Box<[Declaration<'_>]>,
    around: &mut Renumbering,
    out: &mut Component,
) -> Result<ComponentInstanceSection> {
    let mut inside = Renumbering::default();
    let mut exports = Vec::new();
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
                inside.note(Space::Type, around.insert(Space::Type));
            }
            Declaration::Alias(ComponentAlias::Outer { index, .. }) => {
                inside.note(Space::Type, around.of(Space::Type, index));
            }
            Declaration::Export { name, ty } => match ty {
                ComponentTypeRef::Type(bounds) => {
                    let index = match bounds {
                        TypeBounds::Eq(index) => inside.of(Space::Type, index),
                        TypeBounds::SubResource => {
                            let mut types = ComponentTypeSection::new();
                            types.resource(ValType::I32, None);
                            out.section(&types);
                            around.insert(Space::Type)
                        }
                    };
                    exports.push((name.name, index));
                    inside.note(Space::Type, index);
                }
                ComponentTypeRef::Func(_) => {}
                _ => bail!("it has more than types and functions"),
            },
            _ => bail!("it has more than types and functions"),
        }
    }
    let mut instances = ComponentInstanceSection::new();
    instances.export_items(
        exports
            .into_iter()
            .map(|(name, index)| (name, ComponentExportKind::Type, index)),
    );
    Ok(instances)
}
