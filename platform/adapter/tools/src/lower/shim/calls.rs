//! Calls of asynchronous functions.

use super::base::{Given, I32, I64, RETURNED, VALUE, flat_params};
use super::writer::Writer;
use crate::core_module::at;
use crate::lower::plan::Late;
use wasm_encoder::{BlockType, InstructionSink};
use wasmparser::PrimitiveValType as Primitive;

impl Writer<'_> {
    /// A call of an asynchronous function.
    pub fn call(&mut self, function: &Late) -> u32 {
        let Late::Call {
            function: index,
            is_async,
            is_spread,
            params,
            results,
            value,
        } = function
        else {
            return u32::MAX;
        };
        let found = &self.plan.asyncs[*index];
        let flat = flat_params(found.has_result, *is_async, params, results).len() as u32;
        let start = self.shim.called(if *is_spread {
            Given::Spread(*index)
        } else {
            Given::Start(*index)
        });
        let result = found
            .has_result
            .then(|| self.shim.called(Given::Result(*index)));
        let note = self.shim.called(Given::Runtime("subtask-note"));
        let block = self.shim.called(Given::Runtime("subtask-block"));
        let drop = self.shim.called(Given::Runtime("subtask-drop"));
        let count = params.len() as u32;
        let (state, number, place, saved, kept) =
            (count, count + 1, count + 2, count + 3, count + 4);
        let mut module = std::mem::take(&mut self.shim.module);
        let defined = module.define(params, results, &[I32, I32, I32, I64, I64], |code| {
            for local in 0..flat {
                code.local_get(local);
            }
            if *is_spread {
                code.i32_const(1);
            }
            code.call(start)
                .local_tee(state)
                .i32_const(4)
                .i32_shr_u()
                .local_set(number);
            // Where the result goes: the component's address, or behind what the engine answers.
            if value.is_some() {
                code.i32_const(VALUE).local_set(place);
                code.i32_const(VALUE).i64_load(at(0)).local_set(kept);
            } else if result.is_some() {
                code.local_get(flat).local_set(place);
            }
            let has_returned = |code: &mut InstructionSink<'_>| {
                code.local_get(state)
                    .i32_const(15)
                    .i32_and()
                    .i32_const(RETURNED)
                    .i32_eq();
            };
            let arguments = |code: &mut InstructionSink<'_>| {
                code.local_get(number);
            };
            if *is_async {
                has_returned(code);
                code.if_(BlockType::Empty);
                if let Some(result) = result {
                    self.take(code, place, saved, arguments, result);
                }
                code.i32_const(RETURNED).return_().end();
                if result.is_some() {
                    code.local_get(number)
                        .i32_const(*index as i32 + 1)
                        .local_get(place)
                        .call(note);
                }
                code.local_get(state);
                return;
            }
            has_returned(code);
            code.i32_eqz()
                .if_(BlockType::Empty)
                .local_get(number)
                .call(block)
                .end();
            if let Some(result) = result {
                self.take(code, place, saved, arguments, result);
            }
            has_returned(code);
            code.i32_eqz()
                .if_(BlockType::Empty)
                .local_get(number)
                .call(drop)
                .end();
            if let Some(value) = value {
                code.local_get(place);
                load(code, *value);
                code.local_get(place).local_get(kept).i64_store(at(0));
            }
        });
        self.shim.module = module;
        defined
    }
}

fn load(code: &mut InstructionSink<'_>, value: Primitive) {
    match value {
        Primitive::Bool | Primitive::U8 => code.i32_load8_u(at(0)),
        Primitive::S8 => code.i32_load8_s(at(0)),
        Primitive::U16 => code.i32_load16_u(at(0)),
        Primitive::S16 => code.i32_load16_s(at(0)),
        Primitive::U64 | Primitive::S64 => code.i64_load(at(0)),
        Primitive::F32 => code.f32_load(at(0)),
        Primitive::F64 => code.f64_load(at(0)),
        _ => code.i32_load(at(0)),
    };
}
