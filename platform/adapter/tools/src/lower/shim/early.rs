//! The early functions: those that need no memory.

use super::base::{BLOCKED, Given, I32, OWN, RETURNED, Shim, TABLE, name_of};
use crate::lower::plan::{Early, Plan, Stand};
use crate::lower::runtime;
use wasm_encoder::{BlockType, ValType};

/// The early functions of a plan; None if there are none.
pub fn early(plan: &Plan) -> Option<Shim> {
    let mut shim = Shim::default();
    let functions = || {
        plan.stands.iter().filter_map(|(index, stand)| match stand {
            Stand::Early(early) => Some((*index, early)),
            _ => None,
        })
    };
    functions().next()?;
    for (_, function) in functions() {
        match function {
            Early::Constants { call, .. } => shim.runtime(call),
            Early::CancelSubtask { .. } => shim.runtime("subtask-cancel"),
            Early::Signal { writes, .. } => shim.runtime(if *writes { "write" } else { "read" }),
            Early::Trap { .. } => shim.runtime("missing"),
        };
    }
    if plan.has_table() {
        shim.module.export_table(TABLE);
    }
    for (index, function) in functions() {
        let defined = match function {
            Early::Constants { .. } => constants(&mut shim, function),
            Early::CancelSubtask { is_async } => cancelling(&mut shim, *is_async, plan.has_table()),
            Early::Signal { .. } => signal(&mut shim, function),
            Early::Trap {
                name,
                params,
                results,
            } => missing(&mut shim, name, params, results),
        };
        shim.module.export(&name_of(index), defined);
    }
    Some(shim)
}

fn constants(shim: &mut Shim, function: &Early) -> u32 {
    let Early::Constants {
        call,
        before,
        params,
        behind,
        answers_zero,
    } = function
    else {
        return u32::MAX;
    };
    let (_, mut results) = runtime::lowered(call);
    if *answers_zero {
        results = vec![I32];
    }
    let called = shim.called(Given::Runtime(call));
    let params = vec![I32; *params as usize];
    shim.module.define(&params, &results, &[], |code| {
        for constant in before {
            code.i32_const(*constant);
        }
        for (local, _) in (0..).zip(&params) {
            code.local_get(local);
        }
        for constant in behind {
            code.i32_const(*constant);
        }
        code.call(called);
        if *answers_zero {
            code.i32_const(0);
        }
    })
}

/// A subtask that has returned meanwhile has a result, which the late module delivers: it is in the table by then.
fn cancelling(shim: &mut Shim, is_async: bool, delivers: bool) -> u32 {
    let called = shim.called(Given::Runtime("subtask-cancel"));
    let deliver = shim.module.signature(&[I32], &[]);
    let (handle, state) = (0, 1);
    shim.module.define(&[I32], &[I32], &[I32], |code| {
        code.local_get(handle)
            .i32_const(i32::from(is_async))
            .call(called)
            .local_tee(state);
        if delivers {
            code.i32_const(RETURNED)
                .i32_eq()
                .if_(BlockType::Empty)
                .local_get(handle)
                .i32_const(0)
                .call_indirect(0, deliver)
                .end()
                .local_get(state);
        }
    })
}

/// A trap that names what nobody provides: eight bytes of the name at a time, for there is no memory to pass it by.
fn missing(shim: &mut Shim, name: &str, params: &[ValType], results: &[ValType]) -> u32 {
    let called = shim.called(Given::Runtime("missing"));
    shim.module.define(params, results, &[], |code| {
        for part in name.as_bytes().chunks(8) {
            let mut word = [0; 8];
            word[..part.len()].copy_from_slice(part);
            code.i64_const(i64::from_le_bytes(word)).call(called);
        }
        code.i64_const(0).call(called).unreachable();
    })
}

/// A read or write without payload: nothing is moved, whoever has the other end.
fn signal(shim: &mut Shim, function: &Early) -> u32 {
    let Early::Signal {
        writes,
        is_async,
        is_future,
        kind,
    } = *function
    else {
        return u32::MAX;
    };
    let called = shim.called(Given::Runtime(if writes { "write" } else { "read" }));
    let params = vec![I32; if is_future { 2 } else { 3 }];
    let (end, address, count, status) = (0, 1, 2, params.len() as u32);
    shim.module.define(&params, &[I32], &[I32], |code| {
        code.local_get(end)
            .i32_const(kind as i32)
            .i32_const(0)
            .i32_const(i32::from(is_async))
            .local_get(address);
        if is_future {
            code.i32_const(1);
        } else {
            code.local_get(count);
        }
        code.call(called)
            .i32_wrap_i64()
            .local_tee(status)
            .local_get(status)
            .i32_const(!OWN)
            .i32_and()
            .local_get(status)
            .i32_const(BLOCKED)
            .i32_eq()
            .select();
    })
}
