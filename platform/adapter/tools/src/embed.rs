//! Gives a core module the world that it is written for.

use crate::input::read_wasm;
use anyhow::{Context, Result};
use wit_component::{StringEncoding, embed_component_metadata};
use wit_parser::Resolve;

/// `embed WIT WORLD IN OUT`: `WIT` is a folder or a file, `WORLD` the name of a world in its package.
pub fn run(wit: &str, world: &str, input: &str, output: &str) -> Result<String> {
    let mut module = read_wasm(input)?;
    let mut resolve = Resolve::default();
    let (package, _) = resolve.push_path(wit).with_context(|| format!("`{wit}` cannot be read as WIT"))?;
    let world = resolve
        .select_world(&[package], Some(world))
        .with_context(|| format!("`{wit}` has no world `{world}`"))?;
    embed_component_metadata(&mut module, &resolve, world, StringEncoding::UTF8)
        .context("the world cannot be embedded")?;
    std::fs::write(output, module).with_context(|| format!("cannot write `{output}`"))?;
    Ok(String::new())
}
