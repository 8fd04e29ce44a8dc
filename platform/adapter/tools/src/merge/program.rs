//! The program: everything of the core modules but the memory. Here is decided what is part of it.

use super::constants::Constants;
use super::inlining::{budget, inlinable};
use super::linking::{Function, Place};
use super::outline::Outline;
use super::reach::Reach;
use super::rewriting::{Layout, Types};
use super::scan::Scan;
use super::trampolines::{Trampolines, segments};
use super::writing::Writer;
use anyhow::{Result, bail};
use std::collections::BTreeSet;
use wasm_encoder::{CodeSection, FunctionSection, Module};

/// How many tables a module may define: the engine's allocator has room for no more.
const MOST_TABLES: usize = 1;

/// How often what is needed early may lead to more that is.
const MOST_ROUNDS: usize = 16;

/// The program, and what the component has to do for it.
pub struct Program {
    pub module: Module,
    pub constants: Constants,
    /// The canonical functions that it imports.
    pub imports: BTreeSet<u32>,
    /// The functions that the component needs before there is a program, in the order of the base's table.
    pub early: Vec<Place>,
    /// The functions that it exports, by their positions. Those that nobody needs have a body that traps.
    pub exports: Vec<Place>,
}

/// The program of a component of whose lifted functions `unneeded` are not needed.
pub fn encode(outline: &Outline<'_>, unneeded: &BTreeSet<usize>) -> Result<Program> {
    let linked = &outline.linked;
    let constants = Constants::of(linked);
    let scan = Scan::of(linked)?;
    let segments = segments(linked, &constants)?;
    let trampolines = Trampolines::of(linked, &scan, &segments)?;
    let starts = linked.starts()?;
    let lifts = outline.lifts.iter().enumerate();
    let needed: BTreeSet<Place> = lifts
        .filter(|(position, _)| !unneeded.contains(position))
        .flat_map(|(_, places)| places.iter().copied())
        .collect();
    let exports: BTreeSet<Place> = outline.lifts.iter().flatten().copied().collect();

    // What is imported decides what is needed early, which may lead to more imports.
    let (mut early, mut rounds) = (Vec::new(), 0);
    let reach = loop {
        rounds += 1;
        if rounds > MOST_ROUNDS {
            bail!("what it needs early is too entangled");
        }
        let used = needed.iter().chain(&early).copied();
        let roots = used.map(Function::Defined).chain(starts.iter().copied());
        let reach = Reach::from(roots, &constants, &scan, &segments, &trampolines);
        let needed_early = outline.early(&reach.canonical);
        if needed_early == early {
            break reach;
        }
        early = needed_early;
    };
    if reach.tables.len() > MOST_TABLES {
        bail!("it has several tables");
    }
    let exports = Vec::from_iter(exports);
    let module = Writer {
        linked,
        constants: &constants,
        layout: &layout(&reach, !early.is_empty()),
        reach: &reach,
        segments: &segments,
        trampolines: &trampolines,
        early: &early,
        exports: &exports,
        needed: &needed,
        inlinable: &inlinable(linked)?,
        budget: budget(linked),
        types: Types::default(),
        functions: FunctionSection::new(),
        code: CodeSection::new(),
    }
    .write(&starts)?;
    Ok(Program {
        module,
        constants,
        imports: reach.canonical,
        early,
        exports,
    })
}

/// Imports come first in each index space.
fn layout(reach: &Reach, imports_table: bool) -> Layout {
    let canonical = reach.canonical.iter().copied().map(Function::Canonical);
    let defined = reach.functions.iter().copied().map(Function::Defined);
    Layout {
        functions: canonical.chain(defined).zip(0..).collect(),
        tables: reach
            .tables
            .iter()
            .copied()
            .zip(u32::from(imports_table)..)
            .collect(),
        globals: reach.globals.iter().copied().zip(0..).collect(),
    }
}
