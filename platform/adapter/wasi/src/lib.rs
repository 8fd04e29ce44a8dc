//! WASI 0.2 inside the sandbox: the adapter exports the WASI interfaces to the guest it is composed with and imports
//! the flat host interface `whorl:host`.
//!
//! Fields, requests, responses, bodies, streams and pollables live here, in the adapter's own memory; the host is asked
//! only for what it alone can give. One module per WIT interface; [`exchange`] holds what the instance serves right now.

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
mod random;
mod shared_memory;
mod sockets;
mod sockets_tcp;
mod sockets_udp;

/// The type that implements every exported interface.
struct Adapter;

#[cfg(target_arch = "wasm32")]
#[global_allocator]
static HEAP: heap::Heap = heap::Heap::new();

#[cfg(target_arch = "wasm32")]
bindings::export!(Adapter with_types_in bindings);

/// Ends the guest for breaking a rule of WASI that the specification answers with a trap; `rule` goes to stderr.
fn trap(rule: &str) -> ! {
    #[cfg(target_arch = "wasm32")]
    {
        log_streams::deliver();
        bindings::whorl::host::cli::log(2, &packing::pack(format!("wasi: {rule}\n").as_bytes()));
        core::arch::wasm32::unreachable()
    }
    #[cfg(not(target_arch = "wasm32"))]
    panic!("{rule}")
}
