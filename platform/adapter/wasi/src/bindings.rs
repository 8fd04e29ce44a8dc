//! Generated from the WIT: the traits that the adapter implements and the host functions that it calls. [`Adapter`] is
//! what implements them, each in the module of its interface.

#![allow(clippy::all)]

wit_bindgen::generate!({
    path: [
        "../wit/wasi/io.wit",
        "../wit/wasi/clocks.wit",
        "../wit/wasi/random.wit",
        "../wit/wasi/filesystem.wit",
        "../wit/wasi/sockets.wit",
        "../wit/wasi/cli.wit",
        "../wit/wasi/http.wit",
        "../wit/host.wit",
        "wit",
    ],
    world: "whorl:adapter/adapter",
    features: ["clocks-timezone", "informational-outbound-responses", "network-error-code"],
    generate_all,
});

/// What implements every exported interface.
pub struct Adapter;

#[cfg(target_arch = "wasm32")]
export!(Adapter);
