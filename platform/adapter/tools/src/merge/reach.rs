//! What can be reached from what the component uses; everything else is left out.

use super::constants::{Constants, Value};
use super::linking::{Function, Place};
use super::scan::Scan;
use super::trampolines::{Segment, Trampolines};
use std::collections::{BTreeMap, BTreeSet, HashMap};

/// Everything that can be reached.
#[derive(Default)]
pub struct Reach {
    pub canonical: BTreeSet<u32>,
    pub functions: BTreeSet<Place>,
    pub tables: BTreeSet<Place>,
    /// Functions whose reference is taken by code.
    pub taken: BTreeSet<Function>,
    /// Globals that are needed as such.
    pub globals: BTreeSet<Place>,
    /// Globals that nobody sets.
    pub constants: BTreeMap<Place, Value>,
}

impl Reach {
    /// Follows references from `roots`.
    pub fn from(
        roots: impl IntoIterator<Item = Function>,
        constants: &Constants,
        scan: &Scan,
        segments: &[Segment],
        trampolines: &Trampolines,
    ) -> Self {
        let mut reach = Self::default();
        let mut segments_of: HashMap<Place, Vec<&Segment>> = HashMap::new();
        for segment in segments {
            segments_of.entry(segment.table).or_default().push(segment);
        }
        let mut open: Vec<Function> = roots.into_iter().collect();
        let (mut read, mut set) = (BTreeSet::new(), BTreeSet::new());
        while let Some(function) = open.pop() {
            let place = match trampolines.follow(function) {
                Function::Canonical(index) => {
                    reach.canonical.insert(index);
                    continue;
                }
                Function::Defined(place) => place,
            };
            if !reach.functions.insert(place) {
                continue;
            }
            let references = scan.of_function(place);
            read.extend(&references.read_globals);
            set.extend(&references.set_globals);
            open.extend(&references.calls);
            open.extend(&references.taken);
            let taken = references.taken.iter();
            reach
                .taken
                .extend(taken.map(|each| trampolines.follow(*each)));
            for table in &references.tables {
                if reach.tables.insert(*table) {
                    let segments = segments_of.get(table).into_iter().flatten();
                    open.extend(segments.flat_map(|segment| segment.functions.iter().flatten()));
                }
            }
        }
        reach.sort_globals(constants, &read, &set);
        reach
    }

    fn sort_globals(
        &mut self,
        constants: &Constants,
        read: &BTreeSet<Place>,
        set: &BTreeSet<Place>,
    ) {
        for global in read.union(set) {
            match constants.initial(*global) {
                Some(value) if !set.contains(global) => {
                    self.constants.insert(*global, value);
                }
                _ => {
                    self.globals.insert(*global);
                }
            }
        }
    }
}
