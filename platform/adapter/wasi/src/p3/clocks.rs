//! `wasi:clocks`: the host's clocks, timers of the runtime; the time zone is UTC.

use super::bindings::exports::wasi::clocks::{monotonic_clock, system_clock, timezone};
use super::runtime::checked;
use super::subtasks::{NUMBER, RETURNED, STARTED};
use crate::bindings::Adapter;
use crate::bindings::whorl::host::clocks;
use crate::exchange;

const SECOND: u64 = 1_000_000_000;

fn timer(when: u64) -> u32 {
    // The last moment stands for never, where the host is asked to wait.
    let when = when.min(u64::MAX - 1);
    STARTED | checked(|runtime| runtime.subtask_new(Some(when))) << NUMBER
}

impl monotonic_clock::Guest for Adapter {
    fn now() -> u64 {
        exchange::settle();
        clocks::monotonic_now()
    }

    fn get_resolution() -> u64 {
        1
    }

    fn wait_until(when: u64) -> u32 {
        if when <= clocks::monotonic_now() {
            return RETURNED;
        }
        timer(when)
    }

    fn wait_for(duration: u64) -> u32 {
        match duration {
            0 => RETURNED,
            _ => timer(clocks::monotonic_now().saturating_add(duration)),
        }
    }
}

impl system_clock::Guest for Adapter {
    fn now() -> system_clock::Instant {
        exchange::settle();
        let now = clocks::wall_now();
        system_clock::Instant {
            seconds: (now / SECOND) as i64,
            nanoseconds: (now % SECOND) as u32,
        }
    }

    fn get_resolution() -> u64 {
        1
    }
}

impl timezone::Guest for Adapter {
    fn iana_id() -> Option<String> {
        Some("UTC".into())
    }

    fn utc_offset(_when: timezone::Instant) -> Option<i64> {
        Some(0)
    }

    fn to_debug_string() -> String {
        "UTC".into()
    }
}
