//! Makes a bridge: a component that exports interfaces which another component, the guest, imports, and passes each
//! call to the host as a frame of bytes.
//!
//! `guest` finds the interfaces, `description` says what the host needs to know to read frames and to answer, `host`
//! is what the bridge imports, `world` puts both into a world, and `program` writes the code.

pub mod assembly;
pub mod description;
pub mod flat;
mod guest;
pub mod host;
mod program;
pub mod routines;
pub mod world;

#[cfg(test)]
mod tests;

use crate::input::read_component;
use crate::latin1::recoded;
use crate::validate::validate;
use anyhow::{Context, Result, bail};
use description::Description;
use guest::Guest;
use host::Host;
use serde::Deserialize;
use wit_component::{ComponentEncoder, StringEncoding, embed_component_metadata};

/// What is bridged.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Plan {
    /// The path of the guest.
    component: String,
    /// The names of the imports that are bridged.
    interfaces: Vec<String>,
    /// Tells bridges of one composition from each other.
    #[serde(default)]
    number: u32,
    /// The resources (`INTERFACE/NAME`) of which the host need not hear when one is dropped.
    #[serde(default)]
    keeps_nothing: Vec<String>,
}

/// `bridge PLAN OUT`: JSON about the frames.
pub fn run(plan: &str, output: &str) -> Result<String> {
    let text = std::fs::read_to_string(plan).with_context(|| format!("cannot read `{plan}`"))?;
    let plan: Plan = serde_json::from_str(&text).context("the plan cannot be read")?;
    let (component, description) = bridge(&read_component(&plan.component)?, &plan)?;
    std::fs::write(output, component).with_context(|| format!("cannot write `{output}`"))?;
    Ok(serde_json::to_string(&description)?)
}

fn bridge(component: &[u8], plan: &Plan) -> Result<(Vec<u8>, Description)> {
    if plan.interfaces.is_empty() {
        bail!("the plan names no interface");
    }
    let mut guest = Guest::read(component, &plan.interfaces)?;
    let interface = host::interface(plan.number);
    let description = Description::of(&guest, interface, &plan.keeps_nothing)?;
    let host = Host::of(plan.number, &description);
    let world = world::add(&mut guest, &host)?;
    let mut module = program::module(&guest, &host, &description)?;
    embed_component_metadata(&mut module, &guest.resolve, world, StringEncoding::UTF8)?;
    let made = ComponentEncoder::default()
        .validate(true)
        .module(&module)
        .and_then(|encoder| encoder.encode())
        .context("the bridge cannot be made a component")?;
    let made = recoded(made, &description.interface, host::takes_frames)?;
    validate(&made).context("the bridge is not valid")?;
    Ok((made, description))
}
