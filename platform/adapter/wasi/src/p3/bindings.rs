//! Generated from the lowered WIT of WASI 0.3: the traits that the adapter implements besides those of 0.2.

#![allow(clippy::all)]

wit_bindgen::generate!({
    path: [
        "../wit/wasi-0.3/clocks.wit",
        "../wit/wasi-0.3/random.wit",
        "../wit/wasi-0.3/filesystem.wit",
        "../wit/wasi-0.3/sockets.wit",
        "../wit/wasi-0.3/cli.wit",
        "../wit/wasi-0.3/http.wit",
        "../wit/host.wit",
        "wit/p3",
    ],
    world: "whorl:adapter/lowered-adapter",
    with: {
        "whorl:host/tasks@0.1.0": crate::bindings::whorl::host::tasks,
        "whorl:host/clocks@0.1.0": crate::bindings::whorl::host::clocks,
        "whorl:host/random@0.1.0": crate::bindings::whorl::host::random,
        "whorl:host/cli@0.1.0": crate::bindings::whorl::host::cli,
        "whorl:host/memory@0.1.0": crate::bindings::whorl::host::memory,
        "whorl:host/http-server@0.1.0": crate::bindings::whorl::host::http_server,
        "whorl:host/http-client@0.1.0": crate::bindings::whorl::host::http_client,
    },
    generate_all,
});

#[cfg(target_arch = "wasm32")]
use crate::bindings::Adapter;

#[cfg(target_arch = "wasm32")]
export!(Adapter with_types_in self);
