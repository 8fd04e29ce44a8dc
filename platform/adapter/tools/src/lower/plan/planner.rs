//! Goes through a component: what is exported, and what is left out with what is lifted asynchronously.

use super::model::{Handler, Plan, space_of};
use crate::lower::names::HANDLED;
use crate::lower::world::World;
use crate::spaces::{Indices, Space};
use anyhow::{Context, Result, bail};
use std::collections::BTreeMap;
use wasmparser::types::TypesRef;
use wasmparser::{ComponentAlias, ComponentExternalKind, ComponentInstance, ExternalKind, Payload};

pub struct Planner<'w, 'a> {
    pub world: &'w World<'a>,
    pub types: TypesRef<'w>,
    /// The interfaces that nobody provides.
    pub missing: &'w [bool],
    pub plan: Plan,
    indices: Indices,
    pub lifts: BTreeMap<u32, Lift>,
}

/// A function that is lifted asynchronously.
pub struct Lift {
    pub start: u32,
    pub callback: Option<u32>,
    /// Though its type is asynchronous.
    pub is_synchronous: bool,
}

impl<'w, 'a> Planner<'w, 'a> {
    pub fn new(world: &'w World<'a>, types: TypesRef<'w>, missing: &'w [bool]) -> Self {
        Self {
            world,
            types,
            missing,
            plan: Plan::default(),
            indices: Indices::default(),
            lifts: BTreeMap::new(),
        }
    }

    pub fn read(mut self, sections: &[Payload<'a>]) -> Result<Plan> {
        for section in sections {
            self.add(section)?;
        }
        if let Some(handler) = &self.plan.handler
            && self.plan.memory.is_none()
        {
            bail!("`{}` has no memory", handler.interface);
        }
        Ok(self.plan)
    }

    fn add(&mut self, section: &Payload<'a>) -> Result<()> {
        let indices = self.indices.of(section)?;
        match section {
            Payload::ComponentCanonicalSection(functions) => {
                for (function, index) in functions.clone().into_iter().zip(indices) {
                    self.function(function?, index)?;
                }
            }
            Payload::ComponentAliasSection(aliases) => {
                for (alias, index) in aliases.clone().into_iter().zip(indices) {
                    self.alias(&alias?, index);
                }
            }
            Payload::ComponentInstanceSection(instances) => {
                for (instance, index) in instances.clone().into_iter().zip(indices) {
                    self.instance(&instance?, index);
                }
            }
            Payload::ComponentExportSection(exports) => {
                for (export, index) in exports.clone().into_iter().zip(indices) {
                    let export = export?;
                    let Some(space) = space_of(export.kind) else {
                        continue;
                    };
                    if self.is_dropped(space, export.index) {
                        self.handler(export.name.name, space, export.index)?;
                        self.drop(space, index);
                    }
                }
            }
            _ => {}
        }
        Ok(())
    }

    fn alias(&mut self, alias: &ComponentAlias<'a>, index: u32) {
        match alias {
            ComponentAlias::CoreInstanceExport {
                kind,
                instance_index,
                name,
            } => {
                let space = match kind {
                    ExternalKind::Func => Space::CoreFunction,
                    ExternalKind::Memory => Space::CoreMemory,
                    _ => return,
                };
                let origin = (*instance_index, (*name).to_owned());
                self.plan.origins.insert((space as usize, index), origin);
            }
            ComponentAlias::InstanceExport {
                kind: ComponentExternalKind::Func,
                ..
            } if self
                .world
                .imported(index)
                .is_some_and(|(interface, _)| self.missing[interface]) =>
            {
                self.drop(Space::Function, index);
            }
            _ => {}
        }
    }

    /// Instances of what is left out are left out, and the component that they are made of.
    fn instance(&mut self, instance: &ComponentInstance<'a>, index: u32) {
        let (component, items): (_, Vec<_>) = match instance {
            ComponentInstance::Instantiate {
                component_index,
                args,
            } => {
                let args = args.iter().map(|arg| (arg.kind, arg.index));
                (Some(*component_index), args.collect())
            }
            ComponentInstance::FromExports(exports) => {
                let exports = exports.iter().map(|each| (each.kind, each.index));
                (None, exports.collect())
            }
        };
        let lift = items.into_iter().find_map(|(kind, index)| {
            let space = space_of(kind)?;
            let is_lift = self.is_dropped(space, index);
            is_lift.then_some((space, index))
        });
        if let Some((space, of)) = lift {
            self.drop(Space::Instance, index);
            if let Some(component) = component {
                self.drop(Space::Component, component);
            }
            if space == Space::Function
                && let Some(lift) = self.lifts.remove(&of)
            {
                // By its instance from now on.
                self.lifts.insert(INSTANCES + index, lift);
            }
        }
    }

    /// Notes what is exported, if that is the handler: a release goes before a candidate.
    fn handler(&mut self, name: &str, space: Space, index: u32) -> Result<()> {
        let key = if space == Space::Instance {
            INSTANCES + index
        } else {
            index
        };
        let Some(lift) = self.lifts.get(&key) else {
            return Ok(());
        };
        let Some(version) = name.strip_prefix(HANDLED) else {
            self.plan.left_out.push(name.to_owned());
            return Ok(());
        };
        if lift.is_synchronous {
            bail!("`{name}` is lifted synchronously; build it with an asynchronous handler");
        }
        let is_final = !version.contains('-');
        let callback = lift.callback.with_context(|| {
            format!(
                "`{name}` is lifted without a callback, as threads are; build it with callbacks"
            )
        })?;
        if is_final || self.plan.handler.is_none() {
            self.plan.handler = Some(Handler {
                start: lift.start,
                callback,
                interface: name.to_owned(),
            });
        }
        Ok(())
    }

    pub fn drop(&mut self, space: Space, index: u32) {
        self.plan.dropped.insert((space as usize, index));
    }

    fn is_dropped(&self, space: Space, index: u32) -> bool {
        self.plan.dropped.contains(&(space as usize, index))
    }
}

/// Instances among the lifts: beyond the functions.
const INSTANCES: u32 = 1 << 31;
