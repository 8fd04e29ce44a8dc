//! Makes a bridge: a component that exports interfaces which another component, the guest, imports, and passes each
//! call to the host as a frame of bytes.
//!
//! `guest` finds the interfaces, `description` says what the host needs to know to read frames and to answer, `host`
//! is what the bridge imports, `world` puts both into a world, and `program` writes the code. `bytes` changes the guest,
//! so that bytes cross as strings.

pub mod assembly;
mod bytes;
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
use std::collections::BTreeMap;
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
    /// Where the guest is written if it is changed, so that bytes cross as strings; without this it is not.
    #[serde(default)]
    changed: Option<String>,
}

/// What was made.
struct Made {
    bridge: Vec<u8>,
    description: Description,
    /// The guest for this bridge, if it was changed.
    guest: Option<Vec<u8>>,
}

/// `bridge PLAN OUT`: JSON about the frames.
pub fn run(plan: &str, output: &str) -> Result<String> {
    let text = std::fs::read_to_string(plan).with_context(|| format!("cannot read `{plan}`"))?;
    let plan: Plan = serde_json::from_str(&text).context("the plan cannot be read")?;
    let made = bridge(&read_component(&plan.component)?, &plan)?;
    let write = |path: &str, component: Vec<u8>| {
        std::fs::write(path, component).with_context(|| format!("cannot write `{path}`"))
    };
    write(output, made.bridge)?;
    if let (Some(path), Some(guest)) = (&plan.changed, made.guest) {
        write(path, guest)?;
    }
    Ok(serde_json::to_string(&made.description)?)
}

fn bridge(component: &[u8], plan: &Plan) -> Result<Made> {
    if plan.interfaces.is_empty() {
        bail!("the plan names no interface");
    }
    let mut guest = Guest::read(component, &plan.interfaces)?;
    let interface = host::interface(plan.number);
    let mut description = Description::of(&guest, interface, &plan.keeps_nothing)?;
    let (mut changed, mut functions) = (None, BTreeMap::new());
    if plan.changed.is_some()
        && let Some(found) = bytes::over(component, &guest, &plan.interfaces)
    {
        (changed, guest, functions) = (Some(found.component), found.guest, found.functions);
        description.note_strings(&functions);
    }
    let host = Host::of(plan.number, &description);
    let world = world::add(&mut guest, &host)?;
    let mut module = program::module(&guest, &host, &description, &functions)?;
    embed_component_metadata(&mut module, &guest.resolve, world, StringEncoding::UTF8)?;
    let mut made = ComponentEncoder::default()
        .validate(true)
        .module(&module)
        .and_then(|encoder| encoder.encode())
        .context("the bridge cannot be made a component")?;
    made = recoded(made, &description.interface, host::takes_frames)?;
    for interface in &plan.interfaces {
        let is_meant = |name: &str| functions.contains_key(&(interface.clone(), name.to_owned()));
        made = recoded(made, interface, is_meant)?;
    }
    validate(&made).context("the bridge is not valid")?;
    Ok(Made {
        bridge: made,
        description,
        guest: changed,
    })
}
