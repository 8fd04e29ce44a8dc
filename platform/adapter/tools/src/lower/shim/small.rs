//! The module whose `realloc` answers with an address that was named, and the one that stands for the handler.

use super::base::{BEGIN, DONE, ENTRY, GIVE, Given, I32, I64, NOWHERE, Shim, TARGET, event_parts};
use wasm_encoder::{BlockType, ConstExpr};

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
