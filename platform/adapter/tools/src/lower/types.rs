//! Types without anything asynchronous: what becomes of those of a component, and of the interfaces that it imports.

use super::names::{put, result_of, spread_of, take};
use super::plan::Plan;
use super::world::World;
use crate::renumbering::{Renumbering, failure};
use anyhow::Result;
use wasm_encoder::reencode::ReencodeComponent;
use wasm_encoder::{ComponentTypeRef, ComponentValType, InstanceType, PrimitiveValType};
use wasmparser::{
    ComponentDefinedType as Defined, ComponentType, ComponentTypeDeclaration,
    ComponentValType as Val, InstanceTypeDeclaration as Declaration, PrimitiveValType as Primitive,
};

const NUMBER: ComponentValType = ComponentValType::Primitive(PrimitiveValType::U32);

/// A type without streams, futures, and asynchronous functions; such a function answers with the number of its subtask.
pub fn lowered(ty: ComponentType<'_>) -> ComponentType<'_> {
    match ty {
        ComponentType::Defined(Defined::Stream(_) | Defined::Future(_)) => {
            ComponentType::Defined(Defined::Primitive(Primitive::U32))
        }
        ComponentType::Func(mut function) if function.async_ => {
            function.async_ = false;
            function.result = Some(Val::Primitive(Primitive::U32));
            ComponentType::Func(function)
        }
        ComponentType::Instance(declarations) => {
            let declarations = declarations.into_vec().into_iter().map(declaration);
            ComponentType::Instance(declarations.collect())
        }
        ComponentType::Component(declarations) => {
            let declarations = declarations.into_vec().into_iter().map(|each| match each {
                ComponentTypeDeclaration::Type(ty) => ComponentTypeDeclaration::Type(lowered(ty)),
                other => other,
            });
            ComponentType::Component(declarations.collect())
        }
        other => other,
    }
}

fn declaration(declaration: Declaration<'_>) -> Declaration<'_> {
    match declaration {
        Declaration::Type(ty) => Declaration::Type(lowered(ty)),
        other => other,
    }
}

/// The type of the interface at `index` of the world, with what `plan` uses of it beyond its own functions.
pub fn interface(
    world: &World<'_>,
    index: usize,
    plan: &Plan,
    declarations: Box<[Declaration<'_>]>,
    renumbering: &mut Renumbering,
) -> Result<InstanceType> {
    let declarations: Box<[_]> = declarations
        .into_vec()
        .into_iter()
        .map(declaration)
        .collect();
    let mut ty = renumbering
        .component_instance_type(declarations)
        .map_err(failure)?;
    let mut writer = Writer {
        ty: &mut ty,
        renumbering,
    };
    for used in plan.asyncs.iter().filter(|each| each.interface == index) {
        let functions = &world.interfaces[index].functions;
        let Some(function) = functions.iter().find(|each| each.name == used.name) else {
            continue;
        };
        if used.is_spread {
            let params: Vec<Val> = function.ty.params.iter().map(|(_, ty)| *ty).collect();
            writer.spread(&spread_of(&used.name), &params);
        }
        if let Some(result) = function.ty.result {
            writer.list_of(&result_of(&used.name), &[("number", NUMBER)], result);
        }
    }
    for payload in plan
        .payloads
        .iter()
        .filter(|each| each.interface == Some(index))
    {
        let carried = world.channels(index).find_map(|channel| {
            let identity = world.identity(Some(index), channel.payload);
            channel
                .payload
                .filter(|_| identity.as_ref() == Some(&payload.identity))
        });
        if let Some(carried) = carried {
            let params = [("end", NUMBER), ("count", NUMBER)];
            writer.list_of(&take(&payload.name), &params, carried);
            writer.put(&put(&payload.name), carried);
        }
    }
    Ok(ty)
}

struct Writer<'w> {
    ty: &'w mut InstanceType,
    renumbering: &'w mut Renumbering,
}

impl Writer<'_> {
    fn value(&mut self, ty: Val) -> ComponentValType {
        match ty {
            Val::Primitive(primitive) => ComponentValType::Primitive(
                self.renumbering.component_primitive_val_type(primitive),
            ),
            // Types of an interface keep their numbers.
            Val::Type(index) => ComponentValType::Type(index),
        }
    }

    fn list(&mut self, of: ComponentValType) -> ComponentValType {
        let index = self.ty.type_count();
        self.ty.ty().defined_type().list(of);
        ComponentValType::Type(index)
    }

    fn function(
        &mut self,
        name: &str,
        params: &[(&str, ComponentValType)],
        result: Option<ComponentValType>,
    ) {
        let index = self.ty.type_count();
        self.ty
            .ty()
            .function()
            .params(params.iter().copied())
            .result(result);
        self.ty.export(name, ComponentTypeRef::Func(index));
    }

    fn list_of(&mut self, name: &str, params: &[(&str, ComponentValType)], of: Val) {
        let of = self.value(of);
        let list = self.list(of);
        self.function(name, params, Some(list));
    }

    fn put(&mut self, name: &str, of: Val) {
        let of = self.value(of);
        let list = self.list(of);
        self.function(name, &[("end", NUMBER), ("values", list)], None);
    }

    fn spread(&mut self, name: &str, params: &[Val]) {
        let params: Vec<_> = params.iter().map(|ty| self.value(*ty)).collect();
        let index = self.ty.type_count();
        self.ty.ty().defined_type().tuple(params);
        let list = self.list(ComponentValType::Type(index));
        self.function(name, &[("args", list)], Some(NUMBER));
    }
}
