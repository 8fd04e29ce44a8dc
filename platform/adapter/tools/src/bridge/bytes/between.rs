//! The core module between the guest's code and the functions that it calls.

use super::places::{Bytes, Place};
use crate::core_module::CoreModule;
use wasm_encoder::{BlockType, InstructionSink, Module, ValType};

/// What the module imports its functions from.
pub const CALLED: &str = "called";

/// A function in place of each of `functions`, which the module imports, both by their numbers.
pub fn between(functions: &[&Bytes]) -> Module {
    let mut module = CoreModule::default();
    for (number, function) in functions.iter().enumerate() {
        let (before, area) = parts(function);
        let called = [before, &[ValType::I32], area].concat();
        module.import(CALLED, &number.to_string(), &called, &function.results);
    }
    for (number, function) in (0..).zip(functions) {
        let locals = [ValType::I32; 2];
        let defined = module.define(&function.params, &function.results, &locals, |code| {
            pass(code, number, function);
        });
        module.export(&number.to_string(), defined);
    }
    module.finish()
}

/// The flat parameters, and where the result goes.
fn parts(function: &Bytes) -> (&[ValType], &[ValType]) {
    let flat = function.params.len() - usize::from(function.has_area);
    function.params.split_at(flat)
}

/// Begins each string at an even address, and tells which did not.
fn pass(code: &mut InstructionSink<'_>, called: u32, function: &Bytes) {
    let (before, area) = parts(function);
    let (flat, params) = (before.len() as u32, function.params.len() as u32);
    let (odd, bit) = (params, params + 1);
    for place in &function.places {
        if !place.when.is_empty() {
            is_there(code, place);
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
    code.call(called);
}

fn is_there(code: &mut InstructionSink<'_>, place: &Place) {
    for (index, (param, case)) in place.when.iter().enumerate() {
        code.local_get(*param).i32_const(*case).i32_eq();
        if index > 0 {
            code.i32_and();
        }
    }
}
