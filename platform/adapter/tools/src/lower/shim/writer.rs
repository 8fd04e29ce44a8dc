//! What writes the late module.

use super::base::{Given, I32, I64, NOWHERE, Shim};
use crate::core_module::at;
use crate::lower::plan::Plan;
use wasm_encoder::{BlockType, InstructionSink};

pub struct Writer<'p> {
    pub plan: &'p Plan,
    pub shim: Shim,
    /// The global that names the address of what is taken next.
    pub target: u32,
    /// By payload, the functions that move values: `(end, address, count)` out of memory, `(end, count, address)` into it.
    pub movers: Vec<Mover>,
}

#[derive(Clone, Copy)]
pub struct Mover {
    pub put: u32,
    pub take: u32,
}

impl Writer<'_> {
    /// Calls what takes a list, for the component's `address`. The engine writes the list's address and length to where
    /// the null pointer leads, where no toolchain puts anything; what stands there is there again afterwards (`saved` is
    /// a local of 64 bits).
    pub fn take(
        &self,
        code: &mut InstructionSink<'_>,
        address: u32,
        saved: u32,
        arguments: impl FnOnce(&mut InstructionSink<'_>),
        called: u32,
    ) {
        code.i32_const(0).i64_load(at(0)).local_set(saved);
        code.local_get(address)
            .i64_extend_i32_u()
            .global_set(self.target);
        arguments(code);
        code.i32_const(0)
            .call(called)
            .i64_const(NOWHERE)
            .global_set(self.target);
        code.i32_const(0).local_get(saved).i64_store(at(0));
    }

    /// Defines the functions that move values of a payload. Bytes at an even address cross as characters: the engine copies
    /// those at once, and elements of a list one by one.
    pub fn mover(&mut self, index: usize) -> Mover {
        let (put, take) = (
            self.shim.called(Given::Put(index)),
            self.shim.called(Given::Take(index)),
        );
        let is_bytes = self.plan.payloads[index].interface.is_none();
        let texts = is_bytes.then(|| {
            let (put, take) = (Given::PutText(index), Given::TakeText(index));
            (self.shim.called(put), self.shim.called(take))
        });
        let (end, count, address) = (0, 1, 2);
        let mut module = std::mem::take(&mut self.shim.module);
        let saved = 3;
        let taking = module.define(&[I32; 3], &[], &[I64], |code| {
            let arguments = |code: &mut InstructionSink<'_>| {
                code.local_get(end).local_get(count);
            };
            if let Some((_, take_text)) = texts {
                is_even(code, address);
                code.if_(BlockType::Empty);
                self.take(code, address, saved, arguments, take_text);
                code.return_().end();
            }
            self.take(code, address, saved, arguments, take);
        });
        let (end, address, count) = (0, 1, 2);
        let putting = texts.map_or(put, |(put_text, _)| {
            module.define(&[I32; 3], &[], &[], |code| {
                is_even(code, address);
                code.if_(BlockType::Empty);
                for called in [put_text, put] {
                    for local in [end, address, count] {
                        code.local_get(local);
                    }
                    code.call(called);
                    if called == put_text {
                        code.else_();
                    }
                }
                code.end();
            })
        });
        self.shim.module = module;
        Mover {
            put: putting,
            take: taking,
        }
    }
}

fn is_even(code: &mut InstructionSink<'_>, address: u32) {
    code.local_get(address).i32_const(1).i32_and().i32_eqz();
}
