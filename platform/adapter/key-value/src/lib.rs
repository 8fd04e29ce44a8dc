//! The key-value adapter: the interfaces of Spin (2.0.0 and the unversioned one), `wasi:keyvalue@0.2.0-draft2` and our
//! own time to live, over `whorl:host/key-value`. The host keeps the stores and checks the grant on every call; a store
//! or bucket in here is no more than its label.
//!
//! One module per interface that is exported; `host` is the one that is imported.

mod atomics;
mod batch;
mod host;
mod spin;
mod spin_unversioned;
mod store;
mod time_to_live;

mod bindings {
    wit_bindgen::generate!({
        path: [
            "../wit/host.wit",
            "../wit/key-value.wit",
            "../wit/spin/fermyon-spin-2.0.0.wit",
            "../wit/spin/fermyon-spin-unversioned.wit",
            "../wit/spin/wasi-keyvalue-0.2.0-draft2.wit",
            "src/world.wit",
        ],
        world: "whorl:adapters/key-value",
        generate_all,
    });
}

#[cfg(target_arch = "wasm32")]
#[global_allocator]
static HEAP: heap::Heap = heap::Heap::new();

/// What implements every exported interface.
struct Adapter;

bindings::export!(Adapter with_types_in bindings);
