//! What a caller imports of the host, and the one function by which the host calls it.

use crate::bridge::host::{CHALLENGE, FILL, LOCATE, PACKAGE, function};
use wit_parser::{Function, Type};

/// Calls what the host asks for.
pub const HANDLE: &str = "handle";
/// Gives what is called and its arguments, where the host does not see the memory.
pub const NEXT: &str = "next";
/// Takes the result there.
pub const DONE: &str = "done";

pub const LABEL: &str = "caller";

/// The package of what the adapters have for callers, its interface, and the function that hears of a call's end.
pub const ADAPTERS: (&str, &str, &str) = ("whorl", "adapter", "0.1.0");
pub const CALLS: &str = "calls";
pub const RETURNED: &str = "returned";

/// The functions of the host.
pub fn functions() -> Vec<Function> {
    vec![
        function(NEXT, &[], Some(Type::String)),
        function(DONE, &[("frame", Type::String)], None),
        function(FILL, &[], None),
        function(CHALLENGE, &[], Some(Type::String)),
        function(LOCATE, &[("address", Type::U32)], Some(Type::U64)),
    ]
}

/// The name of what a caller imports of the host.
pub fn interface() -> String {
    let (namespace, package, version) = PACKAGE;
    format!("{namespace}:{package}/{LABEL}@{version}")
}

/// The name of what a caller imports of the adapters.
pub fn calls() -> String {
    let (namespace, package, version) = ADAPTERS;
    format!("{namespace}:{package}/{CALLS}@{version}")
}

/// Whether a function of the host's takes or gives frames, whose bytes are latin1.
pub fn takes_frames(function: &str) -> bool {
    [NEXT, DONE].contains(&function)
}
