//! Spin's interfaces as Spin answers a component that was granted nothing: a program that imports the whole of Spin, as
//! each one made with its Python SDK does, can run, and is told which key of its manifest it lacks or that it may not.
//!
//! One module per interface. No connection can ever be opened, so the resources are types without a value, and their
//! methods have nothing to do.

mod addresses;
mod config;
mod llm;
mod mqtt;
mod mysql;
mod postgres;
mod redis;
mod sqlite;
mod variables;

mod bindings {
    wit_bindgen::generate!({
        path: [
            "../wit/spin/fermyon-spin-2.0.0.wit",
            "../wit/spin/spin-postgres-3.0.0.wit",
            "../wit/spin/spin-postgres-4.0.0.wit",
            "../wit/spin/spin-sqlite-3.0.0.wit",
            "../wit/spin/wasi-config-0.2.0-draft-2024-09-27.wit",
            "src/world.wit",
        ],
        world: "whorl:adapters/spin-denied",
        generate_all,
    });
}

#[cfg(target_arch = "wasm32")]
#[global_allocator]
static HEAP: heap::Heap = heap::Heap::new();

/// What implements every exported interface.
struct Denied;

/// A connection that cannot be.
enum Never {}

bindings::export!(Denied with_types_in bindings);
