//! The URL shortener's core: implements `url-shortener:api/shortener` over whatever `kv-store` it is given.
#![cfg_attr(target_arch = "wasm32", no_std)]

extern crate alloc;
// Brings the allocator and the panic handler.
extern crate guest;

mod component;
mod ids;
mod links;
mod urls;

mod bindings {
    wit_bindgen::generate!({ path: "../wit", world: "shortener-core", generate_all });
}
