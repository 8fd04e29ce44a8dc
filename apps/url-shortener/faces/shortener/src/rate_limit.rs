//! The rate limit of `POST /api/shorten`: so many links per client address and window of time.
//!
//! Set by the component's environment: `RATE_LIMIT` (links; 0: no limit) and `RATE_WINDOW_SECONDS`.

use alloc::format;
use alloc::string::String;

use http::{Request, addresses};

use crate::bindings::wasi::cli::environment::get_environment;
use crate::bindings::wasi::clocks::wall_clock;
use crate::bindings::wasi::keyvalue::atomics::{Cas, CasError, swap};
use crate::bindings::wasi::keyvalue::store::{self, Error};
use crate::windows::{Client, admit, client, slot};

const STORE: &str = "default";
const LIMIT: u32 = 100;
const WINDOW_SECONDS: u64 = 10;
/// How often a slot is tried again that another instance has changed meanwhile.
const ATTEMPTS: usize = 8;

/// May the client go on?
pub enum Verdict {
    Admitted,
    /// The window ends after so many seconds.
    Refused {
        retry_after: u64,
    },
}

/// Counts one link of the client that asks. A client without an address (another component of this application) is
/// not limited; nor is anyone while the store cannot be reached, which making the link will then tell.
pub fn ask(request: &Request) -> Verdict {
    let (limit, seconds) = settings();
    let address = request.header("spin-client-addr").and_then(|header| addresses::client(&header));
    let (Some(address), 1..) = (address, limit) else { return Verdict::Admitted };
    let now = wall_clock::now().seconds;
    match count(&client(address.ip()), now / seconds, limit) {
        Ok(false) => Verdict::Refused { retry_after: seconds - now % seconds },
        Ok(true) => Verdict::Admitted,
        Err(error) => {
            guest::log(&format!("the rate limit is not kept: {error:?}"));
            Verdict::Admitted
        }
    }
}

fn settings() -> (u32, u64) {
    let environment = get_environment();
    let value = |name: &str| -> Option<&String> {
        environment.iter().find(|(variable, _)| variable == name).map(|(_, value)| value)
    };
    let limit = value("RATE_LIMIT").and_then(|text| text.parse().ok()).unwrap_or(LIMIT);
    let seconds = value("RATE_WINDOW_SECONDS").and_then(|text| text.parse().ok()).unwrap_or(WINDOW_SECONDS);
    (limit, seconds.max(1))
}

/// Whether the client may make one link more, which is counted in one step with the question.
fn count(client: &Client, window: u64, limit: u32) -> Result<bool, Error> {
    let bucket = store::open(STORE)?;
    let mut cas = Cas::new(&bucket, &format!("rate/{}", slot(client)))?;
    for _ in 0..ATTEMPTS {
        let Some(updated) = admit(cas.current()?.as_deref(), client, window, limit) else { return Ok(false) };
        match swap(cas, &updated) {
            Ok(()) => return Ok(true),
            Err(CasError::CasFailed(newer)) => cas = newer,
            Err(CasError::StoreError(error)) => return Err(error),
        }
    }
    Err(Error::Other("others were faster each time".into()))
}
