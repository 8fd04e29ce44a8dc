//! How a guest ends that has broken a rule.

/// Ends the guest for breaking a rule of WASI that the specification answers with a trap; `rule` goes to stderr.
pub fn trap(rule: &str) -> ! {
    #[cfg(target_arch = "wasm32")]
    {
        use crate::{bindings::whorl::host::cli, log_streams};
        log_streams::deliver();
        cli::log(2, &packing::pack(format!("wasi: {rule}\n").as_bytes()));
        core::arch::wasm32::unreachable()
    }
    #[cfg(not(target_arch = "wasm32"))]
    panic!("{rule}")
}
