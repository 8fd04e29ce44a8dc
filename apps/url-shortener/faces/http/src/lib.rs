//! HTTP for the URL shortener's faces, over `wasi:http`: requests, answers, and the JSON of its contract.
#![cfg_attr(target_arch = "wasm32", no_std)]

extern crate alloc;

pub mod addresses;
pub mod json;
mod outgoing;
mod requests;
mod responses;

pub use outgoing::post;
pub use requests::{Method, Request};
pub use responses::Response;

/// Generated; the faces map their own imports of `wasi:http` to these types.
pub mod bindings {
    wit_bindgen::generate!({ path: "../../wit", world: "http", generate_all });
}
