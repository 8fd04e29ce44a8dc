//! Reading what the commands work on.

use anyhow::{Context, Result, bail};
use wasmparser::Parser;

/// The bytes of a file that must hold a core module or a component.
pub fn read_wasm(path: &str) -> Result<Vec<u8>> {
    let bytes = std::fs::read(path).with_context(|| format!("cannot read `{path}`"))?;
    if !bytes.starts_with(b"\0asm") {
        bail!("this is not WebAssembly");
    }
    Ok(bytes)
}

/// The bytes of a file that must hold a component.
pub fn read_component(path: &str) -> Result<Vec<u8>> {
    let bytes = read_wasm(path)?;
    if !Parser::is_component(&bytes) {
        bail!("this is a core module, not a component: componentize it first");
    }
    Ok(bytes)
}
