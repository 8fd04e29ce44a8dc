//! The world of a bridge: it exports what is bridged, with the types that this needs, and imports the host.

use super::guest::Guest;
use super::host::{Host, PACKAGE};
use anyhow::{Result, bail};
use std::collections::BTreeSet;
use wit_parser::{
    Docs, Function, IndexMap, Interface, InterfaceId, LiveTypes, Package, PackageId, PackageName,
    Resolve, Span, Stability, TypeDef, TypeDefKind, TypeId, TypeOwner, World, WorldId, WorldItem,
    WorldKey,
};

/// Adds the world to what the guest was decoded to.
pub fn add(guest: &mut Guest, host: &Host) -> Result<WorldId> {
    let exported = exported(guest)?;
    let is_exported =
        |item: &WorldItem| matches!(item, WorldItem::Interface { id, .. } if exported.contains(id));
    // A component imports what it uses types of before what uses them.
    let imports = guest.resolve.worlds[guest.world].imports.iter();
    let exports = imports
        .filter(|(_, item)| is_exported(item))
        .map(|(key, item)| (key.clone(), item.clone()))
        .collect();
    let package = add_package(&mut guest.resolve, PACKAGE)?;
    let imports = host.interfaces().map(|(name, functions)| {
        let id = add_interface(&mut guest.resolve, package, name, functions);
        (WorldKey::Interface(id), item(id))
    });
    Ok(add_world(
        &mut guest.resolve,
        package,
        "bridge",
        imports.into_iter().collect(),
        exports,
    ))
}

/// Adds a world to a package.
pub fn add_world(
    resolve: &mut Resolve,
    package: PackageId,
    name: &str,
    imports: IndexMap<WorldKey, WorldItem>,
    exports: IndexMap<WorldKey, WorldItem>,
) -> WorldId {
    let world = resolve.worlds.alloc(World {
        name: name.to_owned(),
        imports,
        exports,
        package: Some(package),
        docs: Docs::default(),
        stability: Stability::default(),
        includes: Vec::new(),
        span: Span::default(),
    });
    let worlds = &mut resolve.packages[package].worlds;
    worlds.insert(name.to_owned(), world);
    world
}

/// Adds a package of ours: of what is imported, and of the world.
pub fn add_package(
    resolve: &mut Resolve,
    (namespace, name, version): (&str, &str, &str),
) -> Result<PackageId> {
    let mut others = resolve.package_names.keys();
    if others.any(|other| (&*other.namespace, &*other.name) == (namespace, name)) {
        bail!(
            "the component imports `{namespace}:{name}`, which only what lies between it and the host may"
        );
    }
    let name = PackageName {
        namespace: namespace.to_owned(),
        name: name.to_owned(),
        version: Some(version.parse()?),
    };
    let package = resolve.packages.alloc(Package {
        name: name.clone(),
        docs: Docs::default(),
        interfaces: IndexMap::default(),
        worlds: IndexMap::default(),
    });
    resolve.package_names.insert(name, package);
    Ok(package)
}

pub fn add_interface(
    resolve: &mut Resolve,
    package: PackageId,
    name: String,
    functions: Vec<Function>,
) -> InterfaceId {
    let functions = functions.into_iter().map(|each| (each.name.clone(), each));
    let interface = resolve.interfaces.alloc(Interface {
        name: Some(name.clone()),
        types: IndexMap::default(),
        functions: functions.collect(),
        docs: Docs::default(),
        stability: Stability::default(),
        package: Some(package),
        span: Span::default(),
        clone_of: None,
    });
    resolve.packages[package].interfaces.insert(name, interface);
    interface
}

pub fn item(id: InterfaceId) -> WorldItem {
    WorldItem::Interface {
        id,
        stability: Stability::default(),
        external_id: None,
        docs: Docs::default(),
        span: Span::default(),
    }
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
