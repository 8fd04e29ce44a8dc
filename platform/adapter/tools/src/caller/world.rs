//! The world of a caller: it imports what is called, with the types that this needs, and the host, and exports one
//! function.

use super::exports::Exports;
use super::host::{ADAPTERS, CALLS, HANDLE, LABEL, RETURNED, functions};
use crate::bridge::host::{PACKAGE, function};
use crate::bridge::world::{add_interface, add_package, add_world, item};
use anyhow::Result;
use wit_parser::{IndexMap, WorldId, WorldItem, WorldKey};

/// Adds the world to what the guest was decoded to.
pub fn add(exports: &mut Exports, tells_adapters: bool) -> Result<WorldId> {
    let mut imports = needed(exports);
    for (interface, function) in &exports.functions {
        if interface.is_none() {
            let key = WorldKey::Name(function.name.clone());
            imports.insert(key, WorldItem::Function(function.clone()));
        }
    }
    let resolve = &mut exports.resolve;
    if tells_adapters {
        let package = add_package(resolve, ADAPTERS)?;
        let functions = vec![function(RETURNED, &[], None)];
        let calls = add_interface(resolve, package, CALLS.to_owned(), functions);
        imports.insert(WorldKey::Interface(calls), item(calls));
    }
    let package = add_package(resolve, PACKAGE)?;
    let host = add_interface(resolve, package, LABEL.to_owned(), functions());
    imports.insert(WorldKey::Interface(host), item(host));
    let handle = WorldItem::Function(function(HANDLE, &[], None));
    let handle = (WorldKey::Name(HANDLE.to_owned()), handle);
    let exported = IndexMap::from_iter([handle]);
    Ok(add_world(resolve, package, LABEL, imports, exported))
}

/// The interfaces that are needed. A component imports and exports what it uses types of before what uses them.
fn needed(exports: &Exports) -> IndexMap<WorldKey, WorldItem> {
    let world = &exports.resolve.worlds[exports.world];
    let items = world.imports.iter().chain(&world.exports);
    let is_needed = |item: &WorldItem| matches!(item, WorldItem::Interface { id, .. } if exports.needed.contains(id));
    items
        .filter(|(_, item)| is_needed(item))
        .map(|(key, item)| (key.clone(), item.clone()))
        .collect()
}
