//! Prints the WIT of a component.

use crate::input::read_component;
use anyhow::{Context, Result};
use wit_component::{DecodedWasm, WitPrinter};

/// `wit IN`: the package of the component's world, then the packages that it uses.
pub fn run(input: &str) -> Result<String> {
    let decoded = wit_component::decode(&read_component(input)?)
        .context("the component's types cannot be read")?;
    let main = decoded.package();
    let resolve = match &decoded {
        DecodedWasm::WitPackage(resolve, _) | DecodedWasm::Component(resolve, _) => resolve,
    };
    let used: Vec<_> = resolve
        .packages
        .iter()
        .map(|(id, _)| id)
        .filter(|id| *id != main)
        .collect();
    let mut printer = WitPrinter::default();
    printer
        .print(resolve, main, &used)
        .context("the component's types cannot be printed")?;
    Ok(printer.output.to_string())
}
