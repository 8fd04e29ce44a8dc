//! Makes a component of a core module, as `wasm-component-ld` does for toolchains that do not.

use crate::compose::streams::lifted;
use crate::input::read_wasm;
use crate::latin1::recoded;
use crate::lower::{RUNTIME, TEXT};
use anyhow::{Context, Result, anyhow};
use wasi_preview1_component_adapter_provider::{
    WASI_SNAPSHOT_PREVIEW1_ADAPTER_NAME, WASI_SNAPSHOT_PREVIEW1_COMMAND_ADAPTER,
    WASI_SNAPSHOT_PREVIEW1_REACTOR_ADAPTER,
};
use wasmparser::{Parser, Payload};
use wit_component::ComponentEncoder;

/// `componentize IN OUT`: a component passes through unchanged.
pub fn run(input: &str, output: &str) -> Result<String> {
    let bytes = read_wasm(input)?;
    let component = if Parser::is_component(&bytes) {
        bytes
    } else {
        recoded(lifted(encode(&bytes)?)?, RUNTIME, |name| {
            name.ends_with(TEXT)
        })?
    };
    std::fs::write(output, component).with_context(|| format!("cannot write `{output}`"))?;
    Ok(String::new())
}

fn encode(module: &[u8]) -> Result<Vec<u8>> {
    let traits = ModuleTraits::of(module).context("the core module cannot be read")?;
    let mut encoder = ComponentEncoder::default();
    encoder.validate(true);
    encoder
        .module(module)
        .context("the core module does not fit the world that it was built for")?;
    if traits.imports_preview1 {
        encoder
            .adapter(
                WASI_SNAPSHOT_PREVIEW1_ADAPTER_NAME,
                traits.preview1_adapter(),
            )
            .context("the adapter for `wasi_snapshot_preview1` cannot be used")?;
    }
    encoder.encode().map_err(|error| {
        let world = if traits.has_world {
            ""
        } else {
            ", for it does not carry the world that it was built for"
        };
        anyhow!(
            "the core module cannot be made a component{world}: {}",
            error.root_cause()
        )
    })
}

/// What decides how a core module is adapted.
#[derive(Default)]
struct ModuleTraits {
    imports_preview1: bool,
    exports_start: bool,
    has_world: bool,
}

impl ModuleTraits {
    fn of(module: &[u8]) -> Result<Self> {
        let mut traits = Self::default();
        for payload in Parser::new(0).parse_all(module) {
            match payload? {
                Payload::ImportSection(section) => {
                    for import in section.into_imports() {
                        traits.imports_preview1 |=
                            import?.module == WASI_SNAPSHOT_PREVIEW1_ADAPTER_NAME;
                    }
                }
                Payload::ExportSection(section) => {
                    for export in section {
                        traits.exports_start |= export?.name == "_start";
                    }
                }
                Payload::CustomSection(section) => {
                    traits.has_world |= section.name().starts_with("component-type")
                }
                _ => {}
            }
        }
        Ok(traits)
    }

    /// A program with a `main` and no world of its own is a command; everything else is called through its exports.
    fn preview1_adapter(&self) -> &'static [u8] {
        if self.exports_start && !self.has_world {
            WASI_SNAPSHOT_PREVIEW1_COMMAND_ADAPTER
        } else {
            WASI_SNAPSHOT_PREVIEW1_REACTOR_ADAPTER
        }
    }
}
