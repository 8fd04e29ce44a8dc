//! Flat values: in the slots of a call, and in memory.

use crate::core_module::at;
use anyhow::{Result, bail};
use wasm_encoder::{InstructionSink, ValType};
use wit_parser::abi::WasmType;
use wit_parser::{FlagsRepr, Int, Record, Resolve, Tuple, Type, TypeDefKind};

/// The type of a flat value.
pub fn value(ty: &WasmType) -> ValType {
    match ty {
        WasmType::I32 | WasmType::Pointer | WasmType::Length => ValType::I32,
        WasmType::I64 | WasmType::PointerOrI64 => ValType::I64,
        WasmType::F32 => ValType::F32,
        WasmType::F64 => ValType::F64,
    }
}

/// Stores a flat value, `offset` bytes behind an address.
pub fn store(code: &mut InstructionSink<'_>, ty: ValType, offset: u32) {
    match ty {
        ValType::I64 => code.i64_store(at(offset)),
        ValType::F32 => code.f32_store(at(offset)),
        ValType::F64 => code.f64_store(at(offset)),
        _ => code.i32_store(at(offset)),
    };
}

/// Loads what `store` has stored at `offset`.
pub fn load_slot(code: &mut InstructionSink<'_>, ty: ValType, offset: u32) {
    code.i32_const(0);
    match ty {
        ValType::I64 => code.i64_load(at(offset)),
        ValType::F32 => code.f32_load(at(offset)),
        ValType::F64 => code.f64_load(at(offset)),
        _ => code.i32_load(at(offset)),
    };
}

/// A flat value, as it is in memory.
pub enum Leaf {
    U8,
    S8,
    U16,
    S16,
    I32,
    I64,
    F32,
    F64,
}

pub fn load(code: &mut InstructionSink<'_>, leaf: &Leaf) {
    match leaf {
        Leaf::U8 => code.i32_load8_u(at(0)),
        Leaf::S8 => code.i32_load8_s(at(0)),
        Leaf::U16 => code.i32_load16_u(at(0)),
        Leaf::S16 => code.i32_load16_s(at(0)),
        Leaf::I32 => code.i32_load(at(0)),
        Leaf::I64 => code.i64_load(at(0)),
        Leaf::F32 => code.f32_load(at(0)),
        Leaf::F64 => code.f64_load(at(0)),
    };
}

/// Stores a flat value as it is in memory.
pub fn store_leaf(code: &mut InstructionSink<'_>, leaf: &Leaf) {
    match leaf {
        Leaf::U8 | Leaf::S8 => code.i32_store8(at(0)),
        Leaf::U16 | Leaf::S16 => code.i32_store16(at(0)),
        Leaf::I32 => code.i32_store(at(0)),
        Leaf::I64 => code.i64_store(at(0)),
        Leaf::F32 => code.f32_store(at(0)),
        Leaf::F64 => code.f64_store(at(0)),
    };
}

/// The flat value of a type that is one. A record that is one has one field, which begins where it begins.
pub fn leaf(resolve: &Resolve, ty: &Type) -> Result<Leaf> {
    Ok(match ty {
        Type::Bool | Type::U8 => Leaf::U8,
        Type::S8 => Leaf::S8,
        Type::U16 => Leaf::U16,
        Type::S16 => Leaf::S16,
        Type::U32 | Type::S32 | Type::Char => Leaf::I32,
        Type::U64 | Type::S64 => Leaf::I64,
        Type::F32 => Leaf::F32,
        Type::F64 => Leaf::F64,
        Type::Id(id) => match &resolve.types[*id].kind {
            TypeDefKind::Type(ty) => leaf(resolve, ty)?,
            TypeDefKind::Record(Record { fields }) if fields.len() == 1 => {
                leaf(resolve, &fields[0].ty)?
            }
            TypeDefKind::Tuple(Tuple { types }) if types.len() == 1 => leaf(resolve, &types[0])?,
            TypeDefKind::Flags(flags) => match flags.repr() {
                FlagsRepr::U8 => Leaf::U8,
                FlagsRepr::U16 => Leaf::U16,
                FlagsRepr::U32(_) => Leaf::I32,
            },
            TypeDefKind::Enum(cases) => discriminant(cases.tag()),
            TypeDefKind::Variant(variant) => discriminant(variant.tag()),
            TypeDefKind::Result(_) => discriminant(Int::U8),
            TypeDefKind::Handle(_) => Leaf::I32,
            kind => bail!("a {} is not one flat value", kind.as_str()),
        },
        Type::String | Type::ErrorContext => bail!("a string is not one flat value"),
    })
}

fn discriminant(size: Int) -> Leaf {
    match size {
        Int::U8 => Leaf::U8,
        Int::U16 => Leaf::U16,
        Int::U32 | Int::U64 => Leaf::I32,
    }
}
