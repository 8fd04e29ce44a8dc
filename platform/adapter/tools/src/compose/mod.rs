//! Composes components into one.
//!
//! `plan` says what is composed, `links` decides by name which export satisfies which import, `graph` checks the types
//! and encodes the result. `memory` adds the one export that no component brings with it; `streams` has bytes cross
//! between components quickly.

mod graph;
mod links;
mod lowering;
mod memory;
mod names;
mod plan;
pub mod streams;
pub mod uses;

use crate::input::read_component;
use crate::merge::merge;
use crate::validate::check_types;
use anyhow::{Context, Result};
use links::{Link, Links, Part, Role};
use plan::Plan;
use serde::Serialize;
use std::collections::BTreeMap;
use streams::{BYTE_STREAMS, STREAMS};

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
    let mut parts = Part::read_all(&plan)?;
    let mut links = Links::of(&parts)?;
    let lowered = lowering::lowered(&plan, &mut parts, &mut links)?;
    let mut exports = exports(&plan, &parts[links.root])?;
    let mut components = merged(&parts, &mut links, lowered)?;
    let is_measured = plan.measure_memory && measure_root(&mut components);
    let composed = graph::encode(&parts, &mut links, &exports, components, is_measured)?;
    exports.extend(is_measured.then_some(memory::EXPORT));
    check_types(&composed).context("the composed component is not valid")?;
    std::fs::write(output, composed).with_context(|| format!("cannot write `{output}`"))?;
    Ok(serde_json::to_string(&report(&parts, &links, exports))?)
}

/// The components of the parts that are needed, each without what the others do not use; `lowered` has those that have
/// been read.
fn merged(
    parts: &[Part<'_>],
    links: &mut Links,
    mut lowered: BTreeMap<usize, Vec<u8>>,
) -> Result<BTreeMap<usize, Vec<u8>>> {
    let (mut components, mut imports) = (BTreeMap::new(), BTreeMap::new());
    // Those that import come before those that they import from.
    for index in links.order.clone().iter().rev() {
        let component = match lowered.remove(index) {
            Some(component) => component,
            None => read_component(&parts[*index].source.path)?,
        };
        let component = over_byte_streams(*index, component, parts, links);
        // What cannot be read is said where the graph is made.
        imports.extend(uses::imports(&component).ok().map(|found| (*index, found)));
        let used = if *index == links.root {
            None
        } else {
            uses::of(*index, links, &imports)
        };
        components.insert(*index, merge(component, used.as_ref()));
    }
    Ok(components)
}

/// `component`, calling `BYTE_STREAMS` where it can.
fn over_byte_streams(
    importer: usize,
    component: Vec<u8>,
    parts: &[Part<'_>],
    links: &mut Links,
) -> Vec<u8> {
    let offers = |provider: usize| {
        parts[provider]
            .exports
            .iter()
            .any(|each| each == BYTE_STREAMS)
    };
    let streams = links.links.iter().find(|link| {
        link.importer == importer && link.import.starts_with(STREAMS) && offers(link.provider)
    });
    let Some((import, provider)) = streams.map(|link| (link.import.clone(), link.provider)) else {
        return component;
    };
    let Some(rewritten) = streams::over(&component, &import) else {
        return component;
    };
    links.links.push(Link {
        importer,
        import: BYTE_STREAMS.to_owned(),
        provider,
        export: BYTE_STREAMS.to_owned(),
    });
    rewritten
}

/// Makes the root tell the size of its memory, if it has one of its own.
fn measure_root(components: &mut BTreeMap<usize, Vec<u8>>) -> bool {
    let measured = components.get(&0).and_then(|root| memory::measured(root));
    let is_measured = measured.is_some();
    components.extend(measured.map(|component| (0, component)));
    is_measured
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
