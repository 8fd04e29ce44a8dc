//! What is to be done with a component: what stands in place of each of its canonical functions, and what is left out.

use super::names::{HANDLED, kind};
use super::world::{Channel, World};
use crate::latin1::is_encoding;
use crate::spaces::{Space, added};
use anyhow::{Context, Result, bail};
use std::collections::{BTreeMap, BTreeSet};
use wasm_encoder::ValType;
use wasmparser::types::TypesRef;
use wasmparser::{
    CanonicalFunction as Canonical, CanonicalOption as Read, ComponentAlias, ComponentExternalKind,
    ComponentInstance, ExternalKind, Payload,
};

/// Of an asynchronous function, more flat parameters than these are passed by address.
pub const MOST_FLAT: usize = 4;
/// The same of a synchronous call.
pub const MOST_FLAT_BLOCKING: usize = 16;
/// The size of elements that the component's own ends must not carry.
const NO_COPY: u32 = u32::MAX;

/// What stands in place of a canonical function.
pub enum Stand {
    /// The runtime's function of that name.
    Runtime(&'static str),
    Early(Early),
    Late(Late),
    /// What takes the handler's response.
    Return,
}

/// A function that needs no memory: it may be imported by the code that has one.
pub enum Early {
    /// The runtime's function, with constants before and behind the parameters; `answers`: with 0 in place of nothing.
    Constants {
        call: &'static str,
        before: Vec<i32>,
        params: u32,
        behind: Vec<i32>,
        answers_zero: bool,
    },
    CancelSubtask {
        is_async: bool,
    },
    /// What nobody provides.
    Trap {
        params: Vec<ValType>,
        results: Vec<ValType>,
    },
}

/// A function that reads or writes the component's memory.
pub enum Late {
    Copy {
        writes: bool,
        is_async: bool,
        is_future: bool,
        kind: u32,
        size: u32,
        /// None if only the component's own ends can carry it, or nothing is carried.
        payload: Option<usize>,
    },
    Event {
        waits: bool,
    },
    Call {
        function: usize,
        is_async: bool,
        params: Vec<ValType>,
        results: Vec<ValType>,
    },
}

/// Values of one type that cross by streams and futures.
pub struct Payloads {
    pub name: String,
    /// The interface whose functions move them; None: the runtime's, for bytes.
    pub interface: Option<usize>,
    pub encoding: Read,
}

/// An asynchronous function that is imported.
pub struct Async {
    pub interface: usize,
    pub name: String,
    pub has_result: bool,
    pub encoding: Read,
    /// Whether it is called with its parameters by address, and with flat ones.
    pub is_spread: bool,
    pub is_called_flat: bool,
}

/// The export whose lift is replaced.
pub struct Handler {
    pub start: u32,
    pub callback: u32,
    /// The name under which it is exported: of a release candidate perhaps.
    pub interface: String,
}

#[derive(Default)]
pub struct Plan {
    /// By the core functions.
    pub stands: BTreeMap<u32, Stand>,
    pub payloads: Vec<Payloads>,
    pub asyncs: Vec<Async>,
    /// The kinds of channels that are read and written, by payload.
    pub kinds: BTreeMap<u32, usize>,
    pub memory: Option<u32>,
    pub realloc: Option<u32>,
    pub handler: Option<Handler>,
    pub return_encoding: Option<Read>,
    /// Components, instances, functions and exports that are left out.
    pub dropped: BTreeSet<(usize, u32)>,
    /// Where core functions and memories come from: core instance and export.
    pub origins: BTreeMap<(usize, u32), (u32, String)>,
}

impl Plan {
    /// Whether the early module has a table for the late function that delivers results.
    pub fn has_table(&self) -> bool {
        let cancels = |stand: &Stand| matches!(stand, Stand::Early(Early::CancelSubtask { .. }));
        self.asyncs.iter().any(|each| each.has_result) && self.stands.values().any(cancels)
    }
}

pub struct Planner<'w, 'a> {
    pub world: &'w World<'a>,
    pub types: TypesRef<'w>,
    /// The interfaces that nobody provides.
    pub missing: &'w [bool],
    pub plan: Plan,
    counts: [u32; Space::COUNT],
    lifts: BTreeMap<u32, Lift>,
}

/// A function that is lifted asynchronously.
struct Lift {
    start: u32,
    callback: Option<u32>,
}

impl<'w, 'a> Planner<'w, 'a> {
    pub fn new(world: &'w World<'a>, types: TypesRef<'w>, missing: &'w [bool]) -> Self {
        Self {
            world,
            types,
            missing,
            plan: Plan::default(),
            counts: [0; Space::COUNT],
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
        let mut indices = Vec::new();
        for space in added(section)? {
            indices.push(self.counts[space as usize]);
            self.counts[space as usize] += 1;
        }
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
                && let Some(Lift { start, callback }) = self.lifts.remove(&of)
            {
                // By its instance from now on.
                self.lifts
                    .insert(INSTANCES + index, Lift { start, callback });
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
            return Ok(());
        };
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

    fn drop(&mut self, space: Space, index: u32) {
        self.plan.dropped.insert((space as usize, index));
    }

    fn is_dropped(&self, space: Space, index: u32) -> bool {
        self.plan.dropped.contains(&(space as usize, index))
    }

    fn function(&mut self, function: Canonical, index: u32) -> Result<()> {
        use Stand::Runtime;
        let constants = |call, before: &[i32], params, behind: &[i32]| {
            Stand::Early(Early::Constants {
                call,
                before: before.to_vec(),
                params,
                behind: behind.to_vec(),
                answers_zero: false,
            })
        };
        let stand = match function {
            Canonical::Lift {
                core_func_index,
                options,
                ..
            } => {
                if options.contains(&Read::Async) {
                    let callback = options.iter().find_map(|option| match option {
                        Read::Callback(function) => Some(*function),
                        _ => None,
                    });
                    let start = core_func_index;
                    self.lifts.insert(index, Lift { start, callback });
                    self.drop(Space::Function, index);
                }
                return Ok(());
            }
            Canonical::Lower {
                func_index,
                options,
            } => match self.lower(func_index, &options, index)? {
                Some(stand) => stand,
                None => return Ok(()),
            },
            Canonical::ResourceNew { .. }
            | Canonical::ResourceDrop { .. }
            | Canonical::ResourceRep { .. } => return Ok(()),
            Canonical::ContextGet {
                ty: wasmparser::ValType::I32,
                slot,
            } => constants("context-get", &[slot as i32], 0, &[]),
            Canonical::ContextSet {
                ty: wasmparser::ValType::I32,
                slot,
            } => constants("context-set", &[slot as i32], 1, &[]),
            Canonical::BackpressureInc => Runtime("backpressure-inc"),
            Canonical::BackpressureDec => Runtime("backpressure-dec"),
            Canonical::TaskReturn { options, .. } => {
                self.options(&options)?;
                self.plan.return_encoding = Some(encoding(&options));
                Stand::Return
            }
            Canonical::TaskCancel => Runtime("task-cancel"),
            Canonical::SubtaskDrop => Runtime("subtask-drop"),
            Canonical::SubtaskCancel { async_ } => {
                Stand::Early(Early::CancelSubtask { is_async: async_ })
            }
            Canonical::WaitableSetNew => Runtime("waitable-set-new"),
            Canonical::WaitableSetDrop => Runtime("waitable-set-drop"),
            Canonical::WaitableJoin => Runtime("waitable-join"),
            Canonical::WaitableSetWait { memory, .. } => {
                self.use_memory(memory)?;
                Stand::Late(Late::Event { waits: true })
            }
            Canonical::WaitableSetPoll { memory, .. } => {
                self.use_memory(memory)?;
                Stand::Late(Late::Event { waits: false })
            }
            Canonical::ThreadYield { .. } => Stand::Early(Early::Constants {
                call: "yield",
                before: Vec::new(),
                params: 0,
                behind: Vec::new(),
                answers_zero: true,
            }),
            Canonical::StreamNew { ty } | Canonical::FutureNew { ty } => {
                constants("channel-new", &[self.kind(ty)?], 0, &[])
            }
            Canonical::StreamRead { ty, options } | Canonical::FutureRead { ty, options } => {
                self.copy(ty, &options, false)?
            }
            Canonical::StreamWrite { ty, options } | Canonical::FutureWrite { ty, options } => {
                self.copy(ty, &options, true)?
            }
            Canonical::StreamCancelRead { ty, async_ }
            | Canonical::FutureCancelRead { ty, async_ } => {
                let behind = [self.kind(ty)?, i32::from(async_)];
                constants("cancel-read", &[], 1, &behind)
            }
            Canonical::StreamCancelWrite { ty, async_ }
            | Canonical::FutureCancelWrite { ty, async_ } => {
                let behind = [self.kind(ty)?, i32::from(async_)];
                constants("cancel-write", &[], 1, &behind)
            }
            Canonical::StreamDropReadable { ty } | Canonical::FutureDropReadable { ty } => {
                constants("drop-readable", &[], 1, &[self.kind(ty)?])
            }
            Canonical::StreamDropWritable { ty } | Canonical::FutureDropWritable { ty } => {
                constants("drop-writable", &[], 1, &[self.kind(ty)?])
            }
            Canonical::ErrorContextNew { .. }
            | Canonical::ErrorContextDebugMessage { .. }
            | Canonical::ErrorContextDrop => bail!(
                "it uses error contexts, which are no part of WASI 0.3.0; build it without them"
            ),
            Canonical::ContextGet { .. } | Canonical::ContextSet { .. } => {
                bail!("it keeps 64-bit values for its tasks; build it for 32-bit memories")
            }
            other => bail!(
                "it uses threads (`{}`), which are no part of WASI 0.3.0; build it without them",
                name_of(&other)
            ),
        };
        self.plan.stands.insert(index, stand);
        Ok(())
    }

    fn channel(&self, ty: u32) -> Result<Channel> {
        self.world
            .channel(ty)
            .context("a stream or future of an unknown type")
    }

    fn kind(&self, ty: u32) -> Result<i32> {
        let channel = self.channel(ty)?;
        Ok(kind(&self.mangled(channel)?, channel.is_future) as i32)
    }

    fn mangled(&self, channel: Channel) -> Result<String> {
        self.world
            .mangled(None, channel.payload)
            .context("streams and futures cannot carry one of its types yet: a map, a list of fixed length, or an error context")
    }

    fn copy(&mut self, ty: u32, options: &[Read], writes: bool) -> Result<Stand> {
        self.options(options)?;
        let channel = self.channel(ty)?;
        let name = self.mangled(channel)?;
        let number = self.world.number(None, channel.payload);
        let size = match channel.payload {
            None => 0,
            Some(_) => number.unwrap_or(NO_COPY),
        };
        let kind = kind(&name, channel.is_future);
        let payload = match channel.payload {
            None => None,
            Some(_) => self.payload(name, encoding(options))?,
        };
        self.plan
            .kinds
            .extend(payload.map(|payload| (kind, payload)));
        Ok(Stand::Late(Late::Copy {
            writes,
            is_async: options.contains(&Read::Async),
            is_future: channel.is_future,
            kind,
            size,
            payload,
        }))
    }

    /// Who moves values of the type of that name: None if none of the provided interfaces has streams of it.
    fn payload(&mut self, name: String, encoding: Read) -> Result<Option<usize>> {
        let known = self.plan.payloads.iter();
        if let Some(known) = known.clone().position(|each| each.name == name) {
            if self.plan.payloads[known].encoding != encoding {
                bail!("it uses two string encodings for one type of streams");
            }
            return Ok(Some(known));
        }
        let interface = if name == "u8" {
            None
        } else {
            let world = self.world;
            let carries = |interface: usize| {
                world.channels(interface).any(|each| {
                    let carried = world.mangled(Some(interface), each.payload);
                    each.payload.is_some() && carried.as_deref() == Some(&name)
                })
            };
            let found = (0..world.interfaces.len())
                .find(|interface| !self.missing[*interface] && carries(*interface));
            match found {
                Some(interface) => Some(interface),
                None => return Ok(None),
            }
        };
        self.plan.payloads.push(Payloads {
            name,
            interface,
            encoding,
        });
        Ok(Some(self.plan.payloads.len() - 1))
    }

    fn lower(&mut self, function: u32, options: &[Read], index: u32) -> Result<Option<Stand>> {
        let is_async = options.contains(&Read::Async);
        let Some((interface, imported)) = self.world.imported(function) else {
            if is_async {
                bail!(
                    "it calls an asynchronous function that is not of an imported interface; export it from an interface"
                );
            }
            return Ok(None);
        };
        let (params, results) = self.signature(index)?;
        if self.missing[interface] {
            return Ok(Some(Stand::Early(Early::Trap { params, results })));
        }
        if !imported.ty.async_ {
            return Ok(None);
        }
        let (name, ty) = (imported.name.to_owned(), &imported.ty);
        let most = if is_async {
            MOST_FLAT
        } else {
            MOST_FLAT_BLOCKING
        };
        let is_spread = self.world.is_beyond(interface, imported, most);
        let has_result = ty.result.is_some();
        self.options(options)?;
        let encoding = encoding(options);
        let mut known = self.plan.asyncs.iter();
        let known = known.position(|each| each.interface == interface && each.name == name);
        let function = known.unwrap_or_else(|| {
            self.plan.asyncs.push(Async {
                interface,
                name,
                has_result,
                encoding,
                is_spread: false,
                is_called_flat: false,
            });
            self.plan.asyncs.len() - 1
        });
        let found = &mut self.plan.asyncs[function];
        if found.encoding != encoding {
            bail!("it uses two string encodings for one function");
        }
        found.is_spread |= is_spread;
        found.is_called_flat |= !is_spread;
        Ok(Some(Stand::Late(Late::Call {
            function,
            is_async,
            params,
            results,
        })))
    }

    fn signature(&self, function: u32) -> Result<(Vec<ValType>, Vec<ValType>)> {
        let ty = self
            .types
            .get(self.types.core_function_at(function))
            .context("a core function without a type")?;
        let ty = ty.unwrap_func();
        let value = |ty: &wasmparser::ValType| match ty {
            wasmparser::ValType::I32 => Ok(ValType::I32),
            wasmparser::ValType::I64 => Ok(ValType::I64),
            wasmparser::ValType::F32 => Ok(ValType::F32),
            wasmparser::ValType::F64 => Ok(ValType::F64),
            _ => bail!("a lowered function passes references"),
        };
        let params = ty.params().iter().map(value).collect::<Result<_>>()?;
        let results = ty.results().iter().map(value).collect::<Result<_>>()?;
        Ok((params, results))
    }

    fn options(&mut self, options: &[Read]) -> Result<()> {
        for option in options {
            match *option {
                Read::Memory(memory) => self.use_memory(memory)?,
                Read::Realloc(realloc) => {
                    let known = *self.plan.realloc.get_or_insert(realloc);
                    let origins = &self.plan.origins;
                    let origin = |index| origins.get(&(Space::CoreFunction as usize, index));
                    if known != realloc && origin(known) != origin(realloc) {
                        bail!("its asynchronous functions allocate in two ways");
                    }
                }
                Read::Gc | Read::CoreType(_) => {
                    bail!("it passes values by garbage-collected references")
                }
                _ => {}
            }
        }
        Ok(())
    }

    fn use_memory(&mut self, memory: u32) -> Result<()> {
        let known = *self.plan.memory.get_or_insert(memory);
        let origins = &self.plan.origins;
        let origin = |index| origins.get(&(Space::CoreMemory as usize, index));
        if known != memory && origin(known) != origin(memory) {
            bail!("its asynchronous functions use two memories");
        }
        Ok(())
    }
}

/// Instances among the lifts: beyond the functions.
const INSTANCES: u32 = 1 << 31;
pub fn space_of(kind: ComponentExternalKind) -> Option<Space> {
    Some(match kind {
        ComponentExternalKind::Func => Space::Function,
        ComponentExternalKind::Instance => Space::Instance,
        ComponentExternalKind::Component => Space::Component,
        ComponentExternalKind::Type => Space::Type,
        _ => return None,
    })
}

/// The encoding of strings: that of the specification if none is named.
fn encoding(options: &[Read]) -> Read {
    let named = options.iter().copied().find(is_encoding);
    named.unwrap_or(Read::UTF8)
}

fn name_of(function: &Canonical) -> String {
    let text = format!("{function:?}");
    text.split([' ', '{']).next().unwrap_or_default().to_owned()
}

/// Whether a canonical function is there for asynchronous functions, streams and futures alone.
pub fn is_asynchronous(function: &Canonical) -> bool {
    let options = match function {
        Canonical::Lift { options, .. } | Canonical::Lower { options, .. } => options,
        Canonical::ResourceNew { .. }
        | Canonical::ResourceDrop { .. }
        | Canonical::ResourceRep { .. } => return false,
        _ => return true,
    };
    options.contains(&Read::Async)
}
