//! The core module between the guest's code and the functions that it calls.

use super::places::{Bytes, Place};
use wasm_encoder::{
    BlockType, CodeSection, EntityType, ExportKind, ExportSection, Function, FunctionSection,
    ImportSection, InstructionSink, Module, TypeSection, ValType,
};

/// What the module imports its functions from.
pub const CALLED: &str = "called";

/// A function in place of each of `functions`, which the module imports, both by their numbers.
pub fn between(functions: &[&Bytes]) -> Module {
    let (mut types, mut imports) = (TypeSection::new(), ImportSection::new());
    let (mut defined, mut exports) = (FunctionSection::new(), ExportSection::new());
    let mut code = CodeSection::new();
    let count = functions.len() as u32;
    for (number, function) in (0..).zip(functions) {
        let (before, area) = parts(function);
        let called = [before, &[ValType::I32], area].concat();
        types.ty().function(called, function.results.clone());
        types
            .ty()
            .function(function.params.clone(), function.results.clone());
        let name = number.to_string();
        imports.import(CALLED, &name, EntityType::Function(2 * number));
        defined.function(2 * number + 1);
        exports.export(&name, ExportKind::Func, count + number);
        code.function(&passing(number, function));
    }
    let mut module = Module::new();
    module
        .section(&types)
        .section(&imports)
        .section(&defined)
        .section(&exports)
        .section(&code);
    module
}

/// The flat parameters, and where the result goes.
fn parts(function: &Bytes) -> (&[ValType], &[ValType]) {
    let flat = function.params.len() - usize::from(function.has_area);
    function.params.split_at(flat)
}

/// Begins each string at an even address, and tells which did not.
fn passing(called: u32, function: &Bytes) -> Function {
    let (before, area) = parts(function);
    let (flat, params) = (before.len() as u32, function.params.len() as u32);
    let (odd, bit) = (params, params + 1);
    let mut written = Function::new([(2, ValType::I32)]);
    let mut code = written.instructions();
    for place in &function.places {
        if !place.when.is_empty() {
            is_there(&mut code, place);
            code.if_(BlockType::Empty);
        }
        let (address, len) = (place.address, place.address + 1);
        code.local_get(address)
            .i32_const(1)
            .i32_and()
            .local_set(bit);
        code.local_get(len);
        code.local_get(len).local_get(bit).i32_add().local_tee(len);
        code.i32_or().i32_const(0).i32_lt_s();
        code.if_(BlockType::Empty).unreachable().end();
        code.local_get(address)
            .local_get(bit)
            .i32_sub()
            .local_set(address);
        code.local_get(bit)
            .i32_const(place.address as i32)
            .i32_shl();
        code.local_get(odd).i32_or().local_set(odd);
        if !place.when.is_empty() {
            code.end();
        }
    }
    for param in 0..flat {
        code.local_get(param);
    }
    code.local_get(odd);
    if !area.is_empty() {
        code.local_get(flat);
    }
    code.call(called).end();
    written
}

fn is_there(code: &mut InstructionSink<'_>, place: &Place) {
    for (index, (param, case)) in place.when.iter().enumerate() {
        code.local_get(*param).i32_const(*case).i32_eq();
        if index > 0 {
            code.i32_and();
        }
    }
}
