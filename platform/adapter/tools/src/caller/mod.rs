//! Makes a caller: a component that imports what another component, the guest, exports, and calls it for the host.
//!
//! It is a bridge the other way round. `exports` finds the functions, `description` says what the host needs to know of
//! them, with the `words` of WIT, `host` is what the caller imports besides, `world` puts what is imported and exported
//! into a world, and `program` writes the code.

mod description;
mod exports;
mod host;
mod program;
mod words;
mod world;

#[cfg(test)]
mod tests;

use crate::input::read_component;
use crate::latin1::recoded;
use crate::validate::validate;
use anyhow::{Context, Result};
use description::Description;
use exports::Exports;
use serde::Deserialize;
use wit_component::{ComponentEncoder, StringEncoding, embed_component_metadata};

/// What is called.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Plan {
    /// The path of the guest.
    component: String,
    /// The names of the exports that are called, interfaces and functions, in place of all.
    #[serde(default)]
    exports: Option<Vec<String>>,
    /// The adapters are told when a function has returned.
    #[serde(default)]
    tells_adapters: bool,
}

/// `caller PLAN OUT`: JSON about the functions.
pub fn run(plan: &str, output: &str) -> Result<String> {
    let text = std::fs::read_to_string(plan).with_context(|| format!("cannot read `{plan}`"))?;
    let plan: Plan = serde_json::from_str(&text).context("the plan cannot be read")?;
    let guest = read_component(&plan.component)?;
    let (component, description) = caller(&guest, plan.exports.as_deref(), plan.tells_adapters)?;
    std::fs::write(output, component).with_context(|| format!("cannot write `{output}`"))?;
    Ok(serde_json::to_string(&description)?)
}

fn caller(
    component: &[u8],
    wanted: Option<&[String]>,
    tells_adapters: bool,
) -> Result<(Vec<u8>, Description)> {
    let (mut exports, description) = Exports::read(component, wanted)?;
    let world = world::add(&mut exports, tells_adapters)?;
    let mut module = program::module(&exports, tells_adapters)?;
    embed_component_metadata(&mut module, &exports.resolve, world, StringEncoding::UTF8)?;
    let made = ComponentEncoder::default()
        .validate(true)
        .module(&module)
        .and_then(|encoder| encoder.encode())
        .context("the caller cannot be made a component")?;
    let made = recoded(made, &description.interface, host::takes_frames)?;
    validate(&made).context("the caller is not valid")?;
    Ok((made, description))
}
