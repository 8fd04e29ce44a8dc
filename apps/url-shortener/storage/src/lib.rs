//! The URL shortener's storage: `kv-store` and `counters` over the host's key-value store, or over files in a mounted
//! folder when built with the feature `files`.
#![cfg_attr(target_arch = "wasm32", no_std)]

extern crate alloc;
// Brings the allocator and the panic handler.
extern crate guest;

mod component;
mod envelope;
#[cfg(any(feature = "files", test))]
mod names;

#[cfg(feature = "files")]
mod files;
#[cfg(feature = "files")]
use files as backend;

#[cfg(not(feature = "files"))]
mod keyvalue;
#[cfg(not(feature = "files"))]
use keyvalue as backend;

#[cfg(feature = "files")]
mod bindings {
    wit_bindgen::generate!({ path: "../wit", world: "storage-in-files", generate_all });
}

#[cfg(not(feature = "files"))]
mod bindings {
    wit_bindgen::generate!({ path: "../wit", world: "storage", generate_all });
}
