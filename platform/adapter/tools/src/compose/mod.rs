//! Composes components into one.
//!
//! `plan` says what is composed, `links` decides by name which export satisfies which import, `graph` checks the types
//! and encodes the result. `memory` adds the one export that no component brings with it.

mod graph;
mod links;
mod memory;
mod names;
mod plan;

use crate::input::read_component;
use crate::validate::check_types;
use anyhow::{Context, Result};
use links::{Links, Part, Role};
use plan::Plan;
use serde::Serialize;

/// What was composed, for the caller.
#[derive(Debug, Serialize)]
struct Report<'a> {
    /// Everything that stays an import of the composed component, by who imports it.
    unresolved: Vec<Unresolved<'a>>,
    /// The adapters that are part of the composition, in the order of the plan.
    adapters: Vec<&'a str>,
    exports: Vec<&'a str>,
}

#[derive(Debug, Serialize)]
struct Unresolved<'a> {
    component: &'a str,
    import: &'a str,
}

/// `compose PLAN OUT`: JSON about what was composed.
pub fn run(plan: &str, output: &str) -> Result<String> {
    let text = std::fs::read_to_string(plan).with_context(|| format!("cannot read `{plan}`"))?;
    let plan = Plan::from_json(&text)?;
    let parts = Part::read_all(&plan)?;
    let links = Links::of(&parts)?;
    let mut exports = exports(&plan, &parts[links.root])?;
    let measured = measured_root(&plan, &links)?;
    let is_measured = measured.is_some();
    let composed = graph::encode(&parts, &links, &exports, measured)?;
    exports.extend(is_measured.then_some(memory::EXPORT));
    check_types(&composed).context("the composed component is not valid")?;
    std::fs::write(output, composed).with_context(|| format!("cannot write `{output}`"))?;
    Ok(serde_json::to_string(&report(&parts, &links, exports))?)
}

/// The bytes of the root when they differ from its file: it can tell the size of its memory.
fn measured_root(plan: &Plan, links: &Links) -> Result<Option<Vec<u8>>> {
    if !plan.measure_memory || !links.order.contains(&0) {
        return Ok(None);
    }
    Ok(memory::measured(&read_component(&plan.components[0].path)?))
}

fn exports<'a>(plan: &'a Plan, root: &'a Part<'_>) -> Result<Vec<&'a str>> {
    let Some(wanted) = &plan.exports else {
        return Ok(root.exports.iter().map(String::as_str).collect());
    };
    let find = |name: &'a String| {
        root.exports
            .contains(name)
            .then_some(name.as_str())
            .with_context(|| format!("component `{}` does not export `{name}`", root.source.name))
    };
    wanted.iter().map(find).collect()
}

fn report<'a>(parts: &'a [Part<'_>], links: &'a Links, exports: Vec<&'a str>) -> Report<'a> {
    let unresolved = links.unresolved.iter();
    let used = parts
        .iter()
        .enumerate()
        .filter(|(index, part)| part.role == Role::Adapter && links.order.contains(index));
    Report {
        unresolved: unresolved
            .map(|(part, import)| Unresolved {
                component: &parts[*part].source.name,
                import,
            })
            .collect(),
        adapters: used.map(|(_, part)| part.source.name.as_str()).collect(),
        exports,
    }
}
