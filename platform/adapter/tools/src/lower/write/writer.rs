//! What is written so far, and what has been made for what is still to come.

use crate::lower::plan::Plan;
use crate::lower::shim::Shim;
use crate::lower::world::World;
use crate::renumbering::Renumbering;
use std::collections::BTreeMap;
use wasm_encoder::{Component, ComponentInstanceSection};

pub struct Writer<'w, 'a> {
    pub world: &'w World<'a>,
    pub plan: &'w Plan,
    pub missing: &'w [bool],
    pub renumbering: Renumbering,
    pub out: Component,
    /// The functions of the runtime, and the core functions that they are lowered to.
    pub runtime_functions: BTreeMap<String, u32>,
    pub lowered: BTreeMap<&'static str, u32>,
    /// As long as it has not been instantiated.
    pub late: Option<Shim>,
    /// What has been made for core functions ahead of their section.
    pub stands: BTreeMap<u32, u32>,
    pub table: Option<u32>,
    /// Functions that get the request, and take the response.
    pub handler: Option<(u32, u32)>,
    /// The late function that moves what an event says has moved.
    pub deliver: Option<u32>,
    /// Instances with the types of interfaces that nobody provides, by the interface.
    pub absent: BTreeMap<usize, ComponentInstanceSection>,
    pub added: Vec<&'static str>,
}

impl<'w, 'a> Writer<'w, 'a> {
    pub fn new(
        world: &'w World<'a>,
        plan: &'w Plan,
        missing: &'w [bool],
        late: Option<Shim>,
    ) -> Self {
        Self {
            world,
            plan,
            missing,
            renumbering: Renumbering::default(),
            out: Component::new(),
            runtime_functions: BTreeMap::new(),
            lowered: BTreeMap::new(),
            late,
            stands: BTreeMap::new(),
            table: None,
            handler: None,
            deliver: None,
            absent: BTreeMap::new(),
            added: Vec::new(),
        }
    }
}
