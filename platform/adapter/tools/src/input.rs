//! Reading what the commands work on.

use anyhow::{Context, Result, bail};
use wasmparser::{BinaryReaderError, Parser, Payload};

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

/// The sections of a component's outermost level.
pub type Sections<'a> = Vec<Payload<'a>>;

/// Reads the sections of the outermost level of `component`.
pub fn outermost(component: &[u8]) -> Result<Sections<'_>, BinaryReaderError> {
    let (mut sections, mut depth) = (Vec::new(), 0);
    for payload in Parser::new(0).parse_all(component) {
        match payload? {
            Payload::Version { .. } => depth += 1,
            Payload::End(_) => depth -= 1,
            section if depth == 1 => sections.push(section),
            _ => {}
        }
    }
    Ok(sections)
}
