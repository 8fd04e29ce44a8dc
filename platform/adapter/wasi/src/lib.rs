//! WASI 0.2 inside the sandbox: the adapter exports the WASI interfaces to the guest it is composed with and imports
//! the flat host interface `whorl:host`.
//!
//! Fields, requests, responses, bodies, streams and pollables live here, in the adapter's own memory; the host is asked
//! only for what it alone can give. One module per WIT interface; [`exchange`] holds what the instance serves right now.
//!
//! No modules import each other in a circle: [`exchange`] and [`io_poll`] lie below the bodies and requests that they
//! push, wait for and end, and know of these what their own traits say.

mod bindings;
mod bridge;
mod buffers;
mod byte_streams;
mod cli;
mod clocks;
mod exchange;
mod filesystem;
mod http_outgoing;
mod http_types;
mod io_error;
mod io_poll;
mod io_streams;
mod log_streams;
mod p3;
mod random;
mod shared_memory;
mod sockets;
mod sockets_tcp;
mod sockets_udp;
mod traps;

#[cfg(target_arch = "wasm32")]
#[global_allocator]
static HEAP: heap::Heap = heap::Heap::new();
