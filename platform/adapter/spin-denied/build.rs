//! Gives the component a small stack whose end, the static data and the start of the heap lie in one page of 4 KiB, for
//! most calls touch no other: a page costs a fresh instance microseconds. An overflow runs off the memory's start: a trap.

/// Four pages, and 1 KiB of the page in which the data begins.
const STACK_BYTES: usize = 4 * 4096 + 1024;

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-changed=src/world.wit");
    println!("cargo::rerun-if-changed=../wit");
    if std::env::var("CARGO_CFG_TARGET_ARCH").is_ok_and(|arch| arch == "wasm32") {
        println!("cargo::rustc-link-arg-cdylib=-zstack-size={STACK_BYTES}");
    }
}
