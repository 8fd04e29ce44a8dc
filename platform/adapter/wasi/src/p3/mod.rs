//! WASI 0.3 for components that were lowered, over the same host interface and state as 0.2.
//!
//! Functions that are asynchronous in the WIT answer how far they have come, and streams and futures are numbers:
//! [`runtime`] knows them. One module per WIT interface; [`bodies`] to [`receipts`] have the ends of streams and futures
//! that are the adapter's, [`sleeping`] is where tasks wait.

mod async_runtime;
mod bindings;
mod bodies;
mod cli;
mod client;
mod clocks;
mod conversions;
mod fields;
mod filesystem;
mod http_handler;
mod http_types;
mod incoming;
mod logs;
mod outgoing;
mod promises;
mod random;
mod receipts;
mod request_options;
mod requests;
mod responses;
mod runtime;
mod sleeping;
mod sockets;
mod subtasks;
