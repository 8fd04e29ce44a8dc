//! `wasi:clocks`: the host's clocks; the time zone is UTC.

use crate::bindings::Adapter;
use crate::bindings::exports::wasi::clocks::wall_clock::Datetime;
use crate::bindings::exports::wasi::clocks::{monotonic_clock, timezone, wall_clock};
use crate::bindings::exports::wasi::io::poll;
use crate::bindings::whorl::host::clocks;
use crate::exchange;
use crate::io_poll::Pollable;

const SECOND: u64 = 1_000_000_000;

impl monotonic_clock::Guest for Adapter {
    fn now() -> u64 {
        exchange::settle();
        clocks::monotonic_now()
    }

    fn resolution() -> u64 {
        1
    }

    fn subscribe_instant(when: u64) -> poll::Pollable {
        Pollable::Timer(when).handle()
    }

    fn subscribe_duration(duration: u64) -> poll::Pollable {
        match duration {
            0 => Pollable::Always.handle(),
            _ => Pollable::Timer(clocks::monotonic_now().saturating_add(duration)).handle(),
        }
    }
}

impl wall_clock::Guest for Adapter {
    fn now() -> Datetime {
        exchange::settle();
        let now = clocks::wall_now();
        Datetime {
            seconds: now / SECOND,
            nanoseconds: (now % SECOND) as u32,
        }
    }

    fn resolution() -> Datetime {
        Datetime {
            seconds: 0,
            nanoseconds: 1,
        }
    }
}

impl timezone::Guest for Adapter {
    fn display(_when: Datetime) -> timezone::TimezoneDisplay {
        timezone::TimezoneDisplay {
            utc_offset: 0,
            name: "UTC".into(),
            in_daylight_saving_time: false,
        }
    }

    fn utc_offset(_when: Datetime) -> i32 {
        0
    }
}
