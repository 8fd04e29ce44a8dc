//! What writes the late module.

use super::base::{NOWHERE, Shim};
use crate::lower::plan::Plan;
use wasm_encoder::InstructionSink;

pub struct Writer<'p> {
    pub plan: &'p Plan,
    pub shim: Shim,
    /// The global that names the address of what is taken next.
    pub target: u32,
    /// The global that holds the address of the scratch space.
    pub scratch: u32,
}

impl Writer<'_> {
    /// Calls what takes a list, for the component's `address`; the parameters are on the stack.
    pub fn take(
        &self,
        code: &mut InstructionSink<'_>,
        address: u32,
        scratch: u32,
        arguments: impl FnOnce(&mut InstructionSink<'_>),
        called: u32,
    ) {
        code.local_get(address)
            .i64_extend_i32_u()
            .global_set(self.target);
        arguments(code);
        code.call(scratch)
            .call(called)
            .i64_const(NOWHERE)
            .global_set(self.target);
    }
}
