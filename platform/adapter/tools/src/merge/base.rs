//! The base: the memory, its data, and trampolines to what the component needs of a program that is yet to come.

use super::constants::Constants;
use super::linking::{Function, Linked, Place};
use anyhow::Result;
use wasm_encoder::reencode::{Reencode, RoundtripReencoder};
use wasm_encoder::{
    CodeSection, ConstExpr, DataSection, ExportKind, ExportSection, FunctionSection, Instruction,
    MemorySection, Module, RefType, TableSection, TableType, TypeSection,
};

pub const MEMORY: &str = "memory";
pub const TABLE: &str = "table";

/// The name of the trampoline in slot `slot` of the table.
pub fn trampoline(slot: usize) -> String {
    slot.to_string()
}

/// The type of the table that leads to the functions of the program.
pub fn table_type(slots: usize) -> TableType {
    TableType {
        element_type: RefType::FUNCREF,
        table64: false,
        minimum: slots as u64,
        maximum: Some(slots as u64),
        shared: false,
    }
}

/// The module, with a trampoline for each of `early`.
pub fn encode(linked: &Linked<'_>, constants: &Constants, early: &[Place]) -> Result<Module> {
    let mut exports = ExportSection::new();
    let mut memories = MemorySection::new();
    memories.memory(RoundtripReencoder.memory_type(linked.memory()?)?);
    exports.export(MEMORY, ExportKind::Memory, 0);

    let (mut types, mut functions, mut code): (TypeSection, FunctionSection, CodeSection) =
        Default::default();
    for (slot, place) in early.iter().enumerate() {
        add_trampoline(linked, slot, *place, &mut types, &mut functions, &mut code)?;
        exports.export(&trampoline(slot), ExportKind::Func, slot as u32);
    }
    let mut tables = TableSection::new();
    if !early.is_empty() {
        tables.table(table_type(early.len()));
        exports.export(TABLE, ExportKind::Table, 0);
    }

    let mut module = Module::new();
    module
        .section(&types)
        .section(&functions)
        .section(&tables)
        .section(&memories)
        .section(&exports)
        .section(&code)
        .section(&data(linked, constants)?);
    Ok(module)
}

fn add_trampoline(
    linked: &Linked<'_>,
    slot: usize,
    target: Place,
    types: &mut TypeSection,
    functions: &mut FunctionSection,
    code: &mut CodeSection,
) -> Result<()> {
    let ty = linked.function_type(Function::Defined(target))?;
    types
        .ty()
        .func_type(&RoundtripReencoder.func_type(ty.clone())?);
    functions.function(slot as u32);
    let mut body = wasm_encoder::Function::new([]);
    for parameter in 0..ty.params().len() as u32 {
        body.instruction(&Instruction::LocalGet(parameter));
    }
    body.instruction(&Instruction::I32Const(slot as i32));
    body.instruction(&Instruction::CallIndirect {
        type_index: slot as u32,
        table_index: 0,
    });
    body.instruction(&Instruction::End);
    code.function(&body);
    Ok(())
}

fn data(linked: &Linked<'_>, constants: &Constants) -> Result<DataSection> {
    let size = linked.memory()?.initial << 16;
    let mut section = DataSection::new();
    for (position, module) in linked.modules.iter().enumerate() {
        for (offset, bytes) in &module.data {
            let offset = constants.offset(linked, position, offset, bytes.len(), size)?;
            section.active(
                0,
                &ConstExpr::i32_const(offset as i32),
                bytes.iter().copied(),
            );
        }
    }
    Ok(section)
}
