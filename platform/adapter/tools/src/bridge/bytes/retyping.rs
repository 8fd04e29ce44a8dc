//! The type of an import, with strings in place of the bytes of some functions.

use super::places::ODD;
use crate::renumbering::{Renumbering, failure};
use anyhow::{Context, Result, bail};
use std::collections::BTreeMap;
use wasm_encoder::reencode::ReencodeComponent;
use wasm_encoder::{
    ComponentDefinedTypeEncoder, ComponentTypeRef, ComponentValType, InstanceType, PrimitiveValType,
};
use wasmparser::{
    ComponentAlias, ComponentDefinedType, ComponentFuncType, ComponentOuterAliasKind,
    ComponentType, ComponentTypeRef as Ref, ComponentValType as Value, InstanceTypeDeclaration,
    PrimitiveValType as Primitive, TypeBounds,
};

const STRING: ComponentValType = ComponentValType::Primitive(PrimitiveValType::String);

/// The type of an instance with `declarations`; `functions` are those with strings, and whether they tell of odd ones.
///
/// Types keep their indices: functions come behind them, in their order.
pub fn retyped(
    declarations: &[InstanceTypeDeclaration<'_>],
    functions: &BTreeMap<&str, bool>,
    renumbering: &mut Renumbering,
) -> Result<InstanceType> {
    let mut retyping = Retyping {
        types: Vec::new(),
        out: InstanceType::new(),
    };
    let mut exported = Vec::new();
    renumbering.push_depth();
    for declaration in declarations {
        match declaration {
            InstanceTypeDeclaration::Type(ty) => retyping.types.push(Known::of(ty)),
            InstanceTypeDeclaration::Alias(alias) => {
                if !is_type(alias) {
                    bail!("it uses something else of what is around it");
                }
                retyping.types.push(Known::Other);
            }
            InstanceTypeDeclaration::Export { name, ty } => match ty {
                Ref::Func(ty) => {
                    exported.push((*name, *ty));
                    continue;
                }
                Ref::Type(TypeBounds::Eq(ty)) => retyping.types.push(Known::Same(*ty)),
                Ref::Type(TypeBounds::SubResource) => retyping.types.push(Known::Other),
                _ => bail!("it has more than types and functions"),
            },
            InstanceTypeDeclaration::CoreType(_) => {}
        }
        let written = renumbering
            .parse_component_instance_type_declaration(&mut retyping.out, declaration.clone());
        written.map_err(failure)?;
    }
    renumbering.pop_depth();
    for (name, mut ty) in exported {
        if let Some(tells_odd) = functions.get(name.name) {
            ty = retyping.function(ty, *tells_odd)?;
        }
        retyping.out.export(name, ComponentTypeRef::Func(ty));
    }
    Ok(retyping.out)
}

/// What is known of a type.
#[derive(Clone)]
enum Known<'a> {
    Value(ComponentDefinedType<'a>),
    Function(ComponentFuncType<'a>),
    Same(u32),
    Other,
}

impl<'a> Known<'a> {
    fn of(ty: &ComponentType<'a>) -> Self {
        match ty {
            ComponentType::Defined(ty) => Self::Value(ty.clone()),
            ComponentType::Func(ty) => Self::Function(ty.clone()),
            _ => Self::Other,
        }
    }
}

struct Retyping<'a> {
    types: Vec<Known<'a>>,
    out: InstanceType,
}

impl<'a> Retyping<'a> {
    /// Adds what becomes of the function type `index`.
    fn function(&mut self, index: u32, tells_odd: bool) -> Result<u32> {
        let Some(Known::Function(function)) = self.types.get(index as usize).cloned() else {
            bail!("the type of a function is another");
        };
        let mut params = Vec::new();
        for (name, ty) in &function.params {
            params.push((*name, self.value(*ty)?.0));
        }
        if tells_odd {
            params.push((ODD, ComponentValType::Primitive(PrimitiveValType::U32)));
        }
        let result = self.some_value(function.result)?.0;
        let added = self.out.type_count();
        self.out.ty().function().params(params).result(result);
        Ok(added)
    }

    /// What becomes of a type, and whether that is another.
    fn value(&mut self, ty: Value) -> Result<(ComponentValType, bool)> {
        let index = match ty {
            Value::Primitive(ty) => return Ok((ComponentValType::Primitive(ty.into()), false)),
            Value::Type(index) => index,
        };
        let same = (ComponentValType::Type(index), false);
        Ok(match self.defined(index)? {
            Some(ComponentDefinedType::List(element)) if self.is_byte(element)? => (STRING, true),
            Some(ComponentDefinedType::Option(inner)) => match self.value(inner)? {
                (inner, true) => self.add(|encoder| encoder.option(inner)),
                _ => same,
            },
            Some(ComponentDefinedType::Result { ok, err }) => {
                match (self.some_value(ok)?, self.some_value(err)?) {
                    ((_, false), (_, false)) => same,
                    ((ok, _), (err, _)) => self.add(|encoder| encoder.result(ok, err)),
                }
            }
            Some(ComponentDefinedType::Tuple(types)) => {
                let types = types.iter().map(|ty| self.value(*ty));
                let (types, are_changed): (Vec<_>, Vec<_>) =
                    types.collect::<Result<Vec<_>>>()?.into_iter().unzip();
                match are_changed.contains(&true) {
                    true => self.add(|encoder| encoder.tuple(types)),
                    false => same,
                }
            }
            _ => same,
        })
    }

    fn some_value(&mut self, ty: Option<Value>) -> Result<(Option<ComponentValType>, bool)> {
        let Some(ty) = ty else {
            return Ok((None, false));
        };
        let (ty, is_changed) = self.value(ty)?;
        Ok((Some(ty), is_changed))
    }

    fn add(
        &mut self,
        define: impl FnOnce(ComponentDefinedTypeEncoder<'_>),
    ) -> (ComponentValType, bool) {
        let added = self.out.type_count();
        define(self.out.ty().defined_type());
        (ComponentValType::Type(added), true)
    }

    fn is_byte(&self, ty: Value) -> Result<bool> {
        Ok(match ty {
            Value::Primitive(ty) => ty == Primitive::U8,
            Value::Type(index) => matches!(
                self.defined(index)?,
                Some(ComponentDefinedType::Primitive(Primitive::U8))
            ),
        })
    }

    /// The definition behind a type, whatever its names; None if it is not known.
    fn defined(&self, mut index: u32) -> Result<Option<ComponentDefinedType<'a>>> {
        loop {
            let known = self.types.get(index as usize);
            match known.context("a type that there is not")? {
                Known::Same(other) => index = *other,
                Known::Value(ty) => return Ok(Some(ty.clone())),
                _ => return Ok(None),
            }
        }
    }
}

fn is_type(alias: &ComponentAlias<'_>) -> bool {
    matches!(
        alias,
        ComponentAlias::Outer {
            kind: ComponentOuterAliasKind::Type,
            ..
        }
    )
}
