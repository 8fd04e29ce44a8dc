//! Reads and writes of streams and futures.

use super::base::{BLOCKED, Given, I32, I64, OWN};
use super::writer::Writer;
use crate::lower::plan::Late;
use wasm_encoder::{BlockType, InstructionSink};

impl Writer<'_> {
    /// A read or a write.
    pub fn copy(&mut self, function: &Late) -> u32 {
        let Late::Copy {
            writes,
            is_async,
            is_future,
            kind,
            size,
            payload,
        } = *function
        else {
            return u32::MAX;
        };
        let called = self
            .shim
            .called(Given::Runtime(if writes { "write" } else { "read" }));
        let mover = payload.map(|payload| self.movers[payload]);
        let copies = size != 0 && size != u32::MAX;
        let params = vec![I32; if is_future { 2 } else { 3 }];
        let first = params.len() as u32;
        let (end, address, answer, status, moved) = (0, 1, first, first + 1, first + 2);
        let mut module = std::mem::take(&mut self.shim.module);
        let defined = module.define(&params, &[I32], &[I64, I32, I32], |code| {
            code.local_get(end)
                .i32_const(kind as i32)
                .i32_const(size as i32)
                .i32_const(i32::from(is_async))
                .local_get(address);
            if is_future {
                code.i32_const(1);
            } else {
                code.local_get(2);
            }
            code.call(called)
                .local_tee(answer)
                .i32_wrap_i64()
                .local_tee(status)
                .i32_const(BLOCKED)
                .i32_eq()
                .if_(BlockType::Empty)
                .local_get(status)
                .return_()
                .end();
            if is_future {
                code.local_get(status).i32_const(7).i32_and().i32_eqz();
            } else {
                code.local_get(status).i32_const(4).i32_shr_u();
            }
            code.local_tee(moved).if_(BlockType::Empty);
            code.local_get(status)
                .i32_const(OWN)
                .i32_and()
                .if_(BlockType::Empty);
            if copies {
                let own = |code: &mut InstructionSink<'_>| {
                    code.local_get(answer)
                        .i64_const(32)
                        .i64_shr_u()
                        .i32_wrap_i64();
                };
                if writes {
                    own(code);
                    code.local_get(address);
                } else {
                    code.local_get(address);
                    own(code);
                }
                code.local_get(moved)
                    .i32_const(size as i32)
                    .i32_mul()
                    .memory_copy(0, 0);
            }
            code.else_();
            if let Some(mover) = mover {
                code.local_get(end);
                if writes {
                    code.local_get(address).local_get(moved).call(mover.put);
                } else {
                    code.local_get(moved).local_get(address).call(mover.take);
                }
            }
            code.end().end();
            code.local_get(status).i32_const(!OWN).i32_and();
        });
        self.shim.module = module;
        defined
    }
}
