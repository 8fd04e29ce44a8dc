//! Generated from the WIT: the traits that the adapter implements and the host functions that it calls.

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
    pub_export_macro: true,
    default_bindings_module: "crate::bindings",
});
