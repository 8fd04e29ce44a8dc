//! Lowers a component of WASI 0.3: what comes out has no asynchronous functions, streams or futures.
//!
//! Theory of operation. The canonical built-ins for these become functions of a runtime, which the WASI adapter exports
//! (`whorl:adapter/async-runtime`); streams, futures and subtasks are numbers. An asynchronous function that the
//! component imports answers with the number of a subtask. The asynchronous lift of the HTTP handler becomes a function
//! that calls the component's own start function, and then its callback with one event after another, as the runtime
//! tells them. So the engine has nothing to do with it: any of its instances and fibers will do.
//!
//! Payloads need no code by type. Reads and writes call ordinary functions that take or give a `list<T>`; the engine
//! copies, validates and moves handles (`shim`). `names` has the rule by which interfaces are lowered.

mod missing;
mod names;
mod plan;
mod runtime;
mod shim;
mod types;
mod world;
mod write;

pub use names::{ENTRY, RUNTIME, TEXT};

use crate::input::outermost;
use crate::validate::{check_types, types_of};
use anyhow::{Context, Result};
use plan::Planner;
use wasmparser::Payload;
use world::World;

/// A component that was lowered.
pub struct Lowered {
    pub component: Vec<u8>,
    /// What it imports beyond what it did.
    pub added: Vec<&'static str>,
    /// Whether it exports `ENTRY` in place of a handler.
    pub is_handler: bool,
    /// What it exported before, and does not any more: asynchronous functions that are no handler's.
    pub left_out: Vec<String>,
}

/// `component` without anything asynchronous; None if there is nothing in it. `is_provided` tells of its imports whether
/// somebody provides them: functions of the others become traps.
pub fn lower(component: &[u8], is_provided: impl Fn(&str) -> bool) -> Result<Option<Lowered>> {
    let sections = outermost(component)?;
    let world = World::of(&sections)?;
    if !is_asynchronous(&sections, &world)? {
        return Ok(None);
    }
    let types = types_of(component)?;
    let missing: Vec<bool> = world
        .interfaces
        .iter()
        .map(|interface| !is_provided(interface.name))
        .collect();
    let plan = Planner::new(&world, types.as_ref(), &missing).read(&sections)?;
    let (component, added) = write::write(component, &sections, &world, &plan, &missing)?;
    check_types(&component).context(
        "what it is lowered to is not valid, which is a mistake of whorl's; please report it",
    )?;
    Ok(Some(Lowered {
        component,
        added,
        is_handler: plan.handler.is_some(),
        left_out: plan.left_out,
    }))
}

fn is_asynchronous(sections: &[Payload<'_>], world: &World<'_>) -> Result<bool> {
    for section in sections {
        if let Payload::ComponentCanonicalSection(functions) = section {
            for function in functions.clone() {
                if plan::is_asynchronous(&function?) {
                    return Ok(true);
                }
            }
        }
    }
    Ok((0..world.interfaces.len()).any(|index| {
        let functions = &world.interfaces[index].functions;
        functions.iter().any(|each| each.ty.async_) || world.channels(index).next().is_some()
    }))
}

#[cfg(test)]
mod tests;
