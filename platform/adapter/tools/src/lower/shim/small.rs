//! Modules of one function: the `realloc` that answers with an address that was named, what stands for the handler, and
//! calls that wait without memory.

use super::base::{
    BEGIN, DONE, ENTRY, GIVE, Given, I32, I64, NOWHERE, RETURNED, Shim, TARGET, event_parts,
};
use wasm_encoder::{BlockType, ConstExpr, ValType};

/// The `realloc` whose first answer is the address that was named.
pub fn give(has_realloc: bool) -> Shim {
    let mut shim = Shim::default();
    let realloc = has_realloc.then(|| shim.import(Given::Realloc, &[I32; 4], &[I32]));
    let target = shim.module.global(I64, &ConstExpr::i64_const(NOWHERE));
    shim.module.export_global(TARGET, target);
    let give = shim.module.define(&[I32; 4], &[I32], &[I32], |code| {
        code.global_get(target)
            .i64_const(NOWHERE)
            .i64_ne()
            .if_(BlockType::Empty)
            .global_get(target)
            .i32_wrap_i64()
            .i64_const(NOWHERE)
            .global_set(target)
            .return_()
            .end();
        match realloc {
            Some(realloc) => {
                for param in 0..4 {
                    code.local_get(param);
                }
                code.call(realloc);
            }
            None => {
                code.unreachable();
            }
        }
    });
    shim.module.export(GIVE, give);
    shim
}

/// What stands for the handler: begins requests, and tells the callback of one event after another.
pub fn entry() -> Shim {
    let mut shim = Shim::default();
    let next = shim.runtime("next");
    let request = shim.import(Given::Request, &[], &[I32]);
    let start = shim.import(Given::GuestStart, &[I32], &[I32]);
    let callback = shim.import(Given::GuestCallback, &[I32; 3], &[I32]);
    let deliver = shim.import(Given::Deliver, &[I64], &[]);
    let event = 0;
    let entry = shim.module.define(&[], &[], &[I64], |code| {
        code.i64_const(BEGIN).local_set(event);
        code.loop_(BlockType::Empty);
        code.local_get(event)
            .i64_const(BEGIN)
            .i64_eq()
            .if_(BlockType::Result(I32))
            .call(request)
            .call(start)
            .else_();
        code.local_get(event).call(deliver);
        event_parts(code, event);
        code.call(callback).end();
        code.call(next)
            .local_tee(event)
            .i64_const(DONE)
            .i64_ne()
            .br_if(0)
            .end();
    });
    shim.module.export(ENTRY, entry);
    shim
}

/// Calls an asynchronous function without a result, and waits until it has returned.
pub fn blocking(function: usize, params: &[ValType]) -> Shim {
    let mut shim = Shim::default();
    let start = shim.import(Given::Start(function), params, &[I32]);
    let block = shim.runtime("subtask-block");
    let drop = shim.runtime("subtask-drop");
    let state = params.len() as u32;
    let defined = shim.module.define(params, &[], &[I32], |code| {
        for (local, _) in (0..).zip(params) {
            code.local_get(local);
        }
        code.call(start).local_tee(state);
        code.i32_const(15)
            .i32_and()
            .i32_const(RETURNED)
            .i32_ne()
            .if_(BlockType::Empty);
        for called in [block, drop] {
            code.local_get(state).i32_const(4).i32_shr_u().call(called);
        }
        code.end();
    });
    shim.module.export(ENTRY, defined);
    shim
}
