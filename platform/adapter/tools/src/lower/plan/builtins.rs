//! What stands in place of each canonical function.

use super::model::{Async, Early, Late, MOST_FLAT, MOST_FLAT_BLOCKING, Payloads, Stand};
use super::planner::{Lift, Planner};
use crate::latin1::is_encoding;
use crate::lower::names::{RESPONSE, kind};
use crate::lower::world::Channel;
use crate::spaces::Space;
use anyhow::{Context, Result, bail};
use wasm_encoder::ValType;
use wasmparser::{CanonicalFunction as Canonical, CanonicalOption as Read, ComponentValType};

/// The size of elements that the component's own ends must not carry.
const NO_COPY: u32 = u32::MAX;

impl Planner<'_, '_> {
    pub fn function(&mut self, function: Canonical, index: u32) -> Result<()> {
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
                type_index,
                options,
            } => {
                let is_synchronous = !options.contains(&Read::Async);
                if !is_synchronous || self.world.is_asynchronous(type_index) {
                    let callback = options.iter().find_map(|option| match option {
                        Read::Callback(function) => Some(*function),
                        _ => None,
                    });
                    let start = core_func_index;
                    let lift = Lift {
                        start,
                        callback,
                        is_synchronous,
                    };
                    self.lifts.insert(index, lift);
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
            Canonical::TaskReturn { result, options } => {
                if !self.is_response(result) {
                    // Of an export that is left out, so that nobody calls it.
                    let (params, results) = self.signature(index)?;
                    let name = "the result of an export that is not called".to_owned();
                    Stand::Early(Early::Trap {
                        name,
                        params,
                        results,
                    })
                } else {
                    self.options(&options)?;
                    self.plan.return_encoding = Some(encoding(&options));
                    Stand::Return
                }
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

    /// Whether a result is that of the handler of HTTP.
    fn is_response(&self, result: Option<ComponentValType>) -> bool {
        let identity = self.world.identity(None, result);
        identity.as_deref() == Some(RESPONSE)
    }

    fn channel(&self, ty: u32) -> Result<Channel> {
        self.world
            .channel(ty)
            .context("a stream or future of an unknown type")
    }

    fn kind(&self, ty: u32) -> Result<i32> {
        let channel = self.channel(ty)?;
        Ok(kind(&self.identity(channel)?, channel.is_future) as i32)
    }

    fn identity(&self, channel: Channel) -> Result<String> {
        self.world
            .identity(None, channel.payload)
            .context("streams and futures cannot carry one of its types yet: a map, a list of fixed length, an error context, or a record that has no name")
    }

    fn copy(&mut self, ty: u32, options: &[Read], writes: bool) -> Result<Stand> {
        self.options(options)?;
        let channel = self.channel(ty)?;
        let identity = self.identity(channel)?;
        let number = self.world.number(None, channel.payload);
        let size = match channel.payload {
            None => 0,
            Some(_) => number.unwrap_or(NO_COPY),
        };
        let kind = kind(&identity, channel.is_future);
        let (is_async, is_future) = (options.contains(&Read::Async), channel.is_future);
        if channel.payload.is_none() {
            return Ok(Stand::Early(Early::Signal {
                writes,
                is_async,
                is_future,
                kind,
            }));
        }
        let payload = match channel.payload {
            None => None,
            Some(_) => self.payload(channel, identity, encoding(options))?,
        };
        self.plan
            .kinds
            .extend(payload.map(|payload| (kind, payload)));
        Ok(Stand::Late(Late::Copy {
            writes,
            is_async,
            is_future,
            kind,
            size,
            payload,
        }))
    }

    /// Who moves values of a type: None if none of the provided interfaces has streams of it.
    fn payload(
        &mut self,
        channel: Channel,
        identity: String,
        encoding: Read,
    ) -> Result<Option<usize>> {
        let mut known = self.plan.payloads.iter();
        if let Some(known) = known.position(|each| each.identity == identity) {
            if self.plan.payloads[known].encoding != encoding {
                bail!("it uses two string encodings for one type of streams");
            }
            return Ok(Some(known));
        }
        let interface = if identity == "u8" {
            None
        } else {
            let world = self.world;
            let carries = |interface: usize| {
                world.channels(interface).any(|each| {
                    let carried = world.identity(Some(interface), each.payload);
                    each.payload.is_some() && carried.as_deref() == Some(&identity)
                })
            };
            let found = (0..world.interfaces.len())
                .find(|interface| !self.missing[*interface] && carries(*interface));
            match found {
                Some(interface) => Some(interface),
                None => return Ok(None),
            }
        };
        let name = self.world.mangled(None, channel.payload);
        let name = name.context("a type that has an identity has a name")?;
        let mut known = self.plan.payloads.iter();
        if known.any(|each| each.name == name && each.interface == interface) {
            bail!("one interface has streams of two types named `{name}`");
        }
        self.plan.payloads.push(Payloads {
            name,
            identity,
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
            let name = format!(
                "{} {}",
                self.world.interfaces[interface].name, imported.name
            );
            return Ok(Some(Stand::Early(Early::Trap {
                name,
                params,
                results,
            })));
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
        let value = match ty.result {
            Some(ty) if !is_async && !results.is_empty() => {
                let leaf = self.world.leaf(Some(interface), ty);
                Some(leaf.with_context(|| {
                    format!("the result of `{name}`, which it calls synchronously, is of an unknown layout")
                })?)
            }
            _ => None,
        };
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
        let needs_memory = options
            .iter()
            .any(|option| matches!(option, Read::Memory(_)));
        if !needs_memory && !has_result {
            return Ok(Some(if is_async {
                Stand::Start(function)
            } else {
                Stand::Blocking { function, params }
            }));
        }
        Ok(Some(Stand::Late(Late::Call {
            function,
            is_async,
            is_spread,
            params,
            results,
            value,
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

/// The encoding of strings: that of the specification if none is named.
fn encoding(options: &[Read]) -> Read {
    let named = options.iter().copied().find(is_encoding);
    named.unwrap_or(Read::UTF8)
}

fn name_of(function: &Canonical) -> String {
    let text = format!("{function:?}");
    text.split([' ', '{']).next().unwrap_or_default().to_owned()
}
