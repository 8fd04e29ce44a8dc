//! Merges the core modules of a component into one, so that an instance is made faster and runs faster.
//!
//! Theory of operation. Toolchains leave a component's code in several core modules: shared libraries, the adapter of
//! `wasi_snapshot_preview1`, and the two that wit-component adds so that functions which need a memory can be lowered
//! before that memory exists. All of it is static: `outline` follows every import to what satisfies it. What comes out
//! has two modules. The *base* has the memory with all its data, and a trampoline for each function of the guest that
//! the component needs before there is a program (`realloc`, destructors). The *program* has everything else; it
//! imports the memory and the lowered functions, and puts its functions where the base's trampolines look for them.
//!
//! On the way, functions that nobody can reach are left out (`reach`), globals that nobody sets become constants
//! (`constants`), and calls through a table whose content is known become direct ones (`trampolines`).
//!
//! What is not understood completely is left as it is: merging is never needed.

mod base;
mod component;
mod constants;
mod inlining;
mod lifts;
mod linking;
mod modules;
mod outline;
mod program;
mod reach;
mod rewriting;
mod scan;
mod trampolines;
mod writing;

#[cfg(test)]
mod tests;

use crate::input::{Sections, outermost, read_component};
use crate::validate::validate;
use anyhow::{Context, Result, bail};
use component::MergeNested;
pub use lifts::Used;
use outline::Outline;
use std::collections::BTreeSet;

/// What comes out: a base and a program.
const MODULES: usize = 2;

/// How deep components are merged that lie in others.
const DEEPEST: usize = 8;

/// `merge IN OUT`: fails where there is nothing to merge or something that cannot be.
pub fn run(input: &str, output: &str) -> Result<String> {
    let merged =
        try_merge(&read_component(input)?, None).context("the component stays as it is")?;
    std::fs::write(output, merged).with_context(|| format!("cannot write `{output}`"))?;
    Ok(String::new())
}

/// `component` with its core modules merged, those of components inside it too, as far as they can be.
///
/// Of its exports, only `used` has to work afterwards; all of them if that is None.
pub fn merge(component: Vec<u8>, used: Option<&Used>) -> Vec<u8> {
    try_merge(&component, used).unwrap_or(component)
}

/// What is written is validated: merging must not be what keeps a component from being deployed.
fn try_merge(component: &[u8], used: Option<&Used>) -> Result<Vec<u8>> {
    let merged = merge_level(component, used, 0)?;
    validate(&merged).context("the merged component is not valid")?;
    Ok(merged)
}

/// Merges a component that lies in others, `depth` of them.
fn merge_level(component: &[u8], used: Option<&Used>, depth: usize) -> Result<Vec<u8>> {
    if depth > DEEPEST {
        bail!("it lies in too many others");
    }
    let sections = outermost(component)?;
    component::refuse_borrowed_modules(&sections, component)?;
    let nested = |component: &[u8]| merge_level(component, None, depth + 1).ok();
    let own = merge_own(&sections, component, used, &nested);
    own.or_else(|refusal| {
        component::with_nested_merged(&sections, component, &nested).ok_or(refusal)
    })
}

fn merge_own(
    sections: &Sections<'_>,
    component: &[u8],
    used: Option<&Used>,
    merge_nested: MergeNested<'_>,
) -> Result<Vec<u8>> {
    let outline = Outline::of(sections, component)?;
    if outline.linked.modules.len() <= MODULES {
        bail!("it has no more than {MODULES} core modules");
    }
    let unneeded = match used {
        Some(used) => lifts::unneeded(sections, component, used)?,
        None => BTreeSet::new(),
    };
    component::write(&outline, &unneeded, sections, component, merge_nested)
}
