//! The crate `async-runtime` as a core module: runs programs, sequences of calls that a test has made up.
use async_runtime::{Buffer, Cancellation, ChannelId, Checked, Copy, Next, Runtime, TaskId, Trap};

/// Words of a call: its number, as in `tests/unit/async_runtime/runtime_calls.py`, and five arguments.
const CALL: usize = 6;
/// What stands for no value where one may be missing.
const NONE: u64 = u64::MAX;

/// Returns memory for programs and results.
#[unsafe(no_mangle)]
pub extern "C" fn reserve(bytes: usize) -> *mut u8 {
    Box::leak(vec![0u64; bytes.div_ceil(8)].into_boxed_slice())
        .as_mut_ptr()
        .cast()
}

/// Runs the calls at `program` on a new runtime. Puts what they answer at `results`, and returns how many did before
/// one was a trap.
///
/// # Safety
/// There are `count` calls at `program`, and room for as many results.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn run(program: *const u32, count: usize, results: *mut u64) -> usize {
    let calls = unsafe { core::slice::from_raw_parts(program, count * CALL) };
    let results = unsafe { core::slice::from_raw_parts_mut(results, count) };
    let mut bench = Bench {
        runtime: Runtime::new(),
        channels: Vec::new(),
        tasks: Vec::new(),
    };
    for (at, (call, result)) in calls.chunks_exact(CALL).zip(results).enumerate() {
        match bench.call(call[0], [call[1], call[2], call[3], call[4], call[5]]) {
            Ok(answer) => *result = answer,
            Err(_) => return at,
        }
    }
    count
}

/// A runtime, and the names that native code has for channels and tasks, which a program names by their order.
struct Bench {
    runtime: Runtime,
    channels: Vec<ChannelId>,
    tasks: Vec<TaskId>,
}

impl Bench {
    fn call(&mut self, call: u32, [a, b, c, d, e]: [u32; 5]) -> Checked<u64> {
        let runtime = &mut self.runtime;
        Ok(match call {
            0 => runtime.set_new()?.into(),
            1 => done(runtime.set_drop(a)?),
            2 => done(runtime.join(a, b)?),
            3 => runtime.poll(a, b.into())?.pack(),
            4 => runtime.channel_new(a)?,
            5 | 6 => {
                let buffer = Buffer {
                    size: c,
                    address: d,
                    count: e & !(1 << 31),
                };
                let is_async = e >> 31 == 0;
                match call {
                    5 => copy(runtime.read(a, b, buffer, is_async)?),
                    _ => copy(runtime.write(a, b, buffer, is_async)?),
                }
            }
            7 => runtime.cancel_read(a, b, c != 0)?.into(),
            8 => runtime.cancel_write(a, b, c != 0)?.into(),
            9 => runtime.drop_readable(a, b)?.is_some().into(),
            10 => runtime.drop_writable(a, b)?.is_some().into(),
            11 => runtime.claim(a)?,
            12 => runtime.take(a, b, c).map(|_| 0)?,
            13 => runtime.put(a, b, c).map(|_| 0)?,
            14 => {
                let (channel, readable) = runtime.native_writer(a)?;
                self.channels.push(channel);
                readable.into()
            }
            15 => {
                self.channels.push(runtime.native_reader_of(a, b)?);
                0
            }
            31 => runtime.copy_outcome(a)?.unwrap_or(NONE),
            16..=21 | 30 => self.channel_call(call, a, b)?,
            22..=29 => self.subtask_call(call, [a, b, c])?,
            _ => self.task_call(call, a)?,
        })
    }

    fn channel_call(&mut self, call: u32, channel: u32, count: u32) -> Checked<u64> {
        let runtime = &mut self.runtime;
        let channel = *self
            .channels
            .get(channel as usize)
            .ok_or(Trap("no such channel"))?;
        Ok(match call {
            16 => runtime.give_readable(channel)?.into(),
            17 => done(runtime.offer(channel, count)),
            18 => done(runtime.set_room(channel, count)),
            19 => done(runtime.drop_native_writer(channel)),
            20 => done(runtime.drop_native_reader(channel)),
            30 => runtime.withdraw(channel).into(),
            _ => {
                let waiting = runtime
                    .has_waiting_write(channel)
                    .map_or(0, |count| u64::from(count) + 1);
                u64::from(runtime.offered(channel))
                    | u64::from(runtime.room(channel)) << 16
                    | waiting << 32
                    | u64::from(runtime.writer_is_gone(channel)) << 48
                    | u64::from(runtime.reader_is_gone(channel)) << 49
                    | u64::from(runtime.is_wanted(channel)) << 50
                    | u64::from(runtime.both_native(channel)) << 51
            }
        })
    }

    fn subtask_call(&mut self, call: u32, [a, b, c]: [u32; 3]) -> Checked<u64> {
        let runtime = &mut self.runtime;
        Ok(match call {
            22 => runtime.subtask_new((a != 0).then_some(a.into()))?.into(),
            23 => done(runtime.subtask_resolve(a)),
            24 => done(runtime.subtask_cancelled(a)),
            25 => match runtime.subtask_cancel(a)? {
                Cancellation::Resolved(state) => state.into(),
                Cancellation::Requested => NONE,
            },
            26 => runtime
                .subtask_outcome(a, b.into())?
                .map_or(NONE, u64::from),
            27 => done(runtime.subtask_drop(a)?),
            28 => runtime.is_settled(a, b.into())?.into(),
            _ => done(runtime.subtask_note(a, b, c)?),
        })
    }

    fn task_call(&mut self, call: u32, a: u32) -> Checked<u64> {
        let runtime = &mut self.runtime;
        Ok(match call {
            32 => {
                self.tasks.push(runtime.task_begin()?);
                0
            }
            33 => done(runtime.suspend(a)?),
            34 => runtime.next_event(a.into())?.map_or(NONE, Next::pack),
            35 => done(runtime.task_return()?),
            36 => done(runtime.task_cancel()?),
            37 => {
                let task = *self.tasks.get(a as usize).ok_or(Trap("no such task"))?;
                runtime.request_cancel(task).into()
            }
            38 => self
                .tasks
                .iter()
                .position(|task| runtime.current() == Some(*task))
                .map_or(NONE, |at| at as u64),
            39 => runtime.can_be_woken().into(),
            _ => return Err(Trap("no such call")),
        })
    }
}

fn done((): ()) -> u64 {
    0
}

fn copy(copy: Copy) -> u64 {
    match copy {
        Copy::Answer(answer) => answer,
        Copy::MustWait => NONE,
    }
}
