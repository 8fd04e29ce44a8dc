//! Validates a module or component with the features that the engine has on by default.

use crate::input::read_wasm;
use anyhow::{Context, Result, anyhow};
use wasmparser::types::Types;
use wasmparser::{BinaryReaderError, Parser, ValidPayload, Validator, WasmFeatures};

/// What wasmtime 50 accepts when nothing is configured.
const FEATURES: WasmFeatures = WasmFeatures::WASM3
    .union(WasmFeatures::WIDE_ARITHMETIC)
    .union(WasmFeatures::COMPONENT_MODEL)
    .union(WasmFeatures::CM_ASYNC);

/// `validate IN`: everything, function bodies included.
pub fn run(input: &str) -> Result<String> {
    validate(&read_wasm(input)?)?;
    Ok(String::new())
}

/// Validates everything, function bodies included.
pub fn validate(bytes: &[u8]) -> Result<()> {
    let validated = Validator::new_with_features(FEATURES).validate_all(bytes);
    validated.map_err(|error| describe(&error)).map(drop)
}

/// Validates all but function bodies, which the engine's compiler validates anyway.
pub fn check_types(component: &[u8]) -> Result<()> {
    read_types(component, FEATURES).map(drop)
}

/// The types of the outermost level of a component that may use whatever is proposed for components, after validating all
/// but function bodies.
pub fn types_of(component: &[u8]) -> Result<Types> {
    let proposals = WasmFeatures::CM_ASYNC_STACKFUL
        .union(WasmFeatures::CM_MORE_ASYNC_BUILTINS)
        .union(WasmFeatures::CM_THREADING)
        .union(WasmFeatures::CM_ERROR_CONTEXT);
    read_types(component, FEATURES.union(proposals))
}

fn read_types(component: &[u8], features: WasmFeatures) -> Result<Types> {
    let mut validator = Validator::new_with_features(features);
    let mut types = None;
    for payload in Parser::new(0).parse_all(component) {
        match validator.payload(&payload.map_err(|error| describe(&error))?) {
            // The last end is that of the outermost level.
            Ok(ValidPayload::End(found)) => types = Some(found),
            Ok(ValidPayload::Func(..) | ValidPayload::Ok | ValidPayload::Parser(_)) => {}
            Err(error) => return Err(describe(&error)),
        }
    }
    types.context("the component does not end")
}

fn describe(error: &BinaryReaderError) -> anyhow::Error {
    anyhow!("{} at offset {:#x}", error.message(), error.offset())
}
