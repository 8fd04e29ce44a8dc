//! The world of a bridge: it exports what is bridged, with the types that this needs, and imports the host.

use super::guest::Guest;
use super::host::{Host, PACKAGE};
use anyhow::{Context, Result, bail};
use std::collections::BTreeSet;
use wit_parser::{
    InterfaceId, LiveTypes, TypeDef, TypeDefKind, TypeId, TypeOwner, WorldId, WorldItem,
};

const NAME: &str = "bridge";

/// Adds the world to what the guest was decoded to.
pub fn add(guest: &mut Guest, host: &Host) -> Result<WorldId> {
    let exported = exported(guest)?;
    let imports = &guest.resolve.worlds[guest.world].imports;
    // A component imports what it uses types of before what uses them.
    let exports: Vec<_> = imports
        .iter()
        .filter(
            |(_, item)| matches!(item, WorldItem::Interface { id, .. } if exported.contains(id)),
        )
        .map(|(key, item)| (key.clone(), item.clone()))
        .collect();
    let mut packages = guest.resolve.packages.iter();
    if packages.any(|(_, each)| (&*each.name.namespace, &*each.name.name) == PACKAGE) {
        bail!(
            "the component imports `whorl:host`, which only what lies between it and the host may"
        );
    }
    let package = guest
        .resolve
        .push_source("host.wit", &host.wit(NAME))
        .context("the world of the bridge cannot be made")?;
    let world = guest.resolve.select_world(&[package], Some(NAME))?;
    guest.resolve.worlds[world].exports.extend(exports);
    Ok(world)
}

/// The bridged interfaces and those whose types they use.
fn exported(guest: &Guest) -> Result<BTreeSet<InterfaceId>> {
    let mut exported: BTreeSet<_> = guest.bridged.iter().map(|each| each.id).collect();
    let mut pending: Vec<_> = exported.iter().copied().collect();
    while let Some(interface) = pending.pop() {
        let mut types = LiveTypes::default();
        types.add_interface(&guest.resolve, interface);
        for ty in types.iter() {
            if let Some(owner) = owner(guest, interface, ty)?
                && !exported.contains(&owner)
            {
                check_values(guest, interface, owner, ty)?;
                exported.insert(owner);
                pending.push(owner);
            }
        }
    }
    Ok(exported)
}

fn owner(guest: &Guest, user: InterfaceId, ty: TypeId) -> Result<Option<InterfaceId>> {
    match guest.resolve.types[ty].owner {
        TypeOwner::Interface(owner) => Ok(Some(owner)),
        TypeOwner::World(_) => bail!("{} uses types of no interface", named(guest, user)),
        TypeOwner::None => Ok(None),
    }
}

/// Fails if `owner`, of which `user` uses `ty`, is more than types of values.
fn check_values(guest: &Guest, user: InterfaceId, owner: InterfaceId, ty: TypeId) -> Result<()> {
    let resolve = &guest.resolve;
    let (interface, ty) = (&resolve.interfaces[owner], &resolve.types[ty]);
    let is_resource = |ty: &TypeDef| ty.kind == TypeDefKind::Resource;
    let (user, of) = (named(guest, user), named(guest, owner));
    if is_resource(ty) {
        let name = ty.name.as_deref().unwrap_or_default();
        bail!("{user} uses the resource `{name}` of {of}, which is not bridged with it");
    }
    let mut types = interface.types.values();
    if !interface.functions.is_empty() || types.any(|ty| is_resource(&resolve.types[*ty])) {
        bail!(
            "{user} uses types of {of}, which has functions or resources and is not bridged with it"
        );
    }
    Ok(())
}

fn named(guest: &Guest, interface: InterfaceId) -> String {
    let mut imports = guest.resolve.worlds[guest.world].imports.iter();
    let found = imports
        .find(|(_, item)| matches!(item, WorldItem::Interface { id, .. } if *id == interface));
    let name = found.map(|(key, _)| guest.resolve.name_world_key(key));
    format!("`{}`", name.unwrap_or_default())
}
