//! The component for which a bridge is made, and what of its imports is bridged.

use crate::compose::uses::imports;
use anyhow::{Context, Result, bail};
use wit_component::DecodedWasm;
use wit_parser::{
    Function, InterfaceId, Resolve, TypeDefKind, TypeId, WorldId, WorldItem, WorldKey,
};

/// A function of an interface, by the names of both.
pub type Key = (String, String);

pub struct Guest {
    pub resolve: Resolve,
    pub world: WorldId,
    /// In the order of its imports.
    pub bridged: Vec<Bridged>,
}

/// An interface that the guest imports and the bridge exports.
pub struct Bridged {
    pub name: String,
    pub key: WorldKey,
    pub id: InterfaceId,
}

impl Guest {
    /// Reads `component`, of which the imports `interfaces` are bridged.
    pub fn read(component: &[u8], interfaces: &[String]) -> Result<Self> {
        let decoded =
            wit_component::decode(component).context("the component's types cannot be read")?;
        let DecodedWasm::Component(resolve, world) = decoded else {
            bail!("this is a package of WIT, not a component");
        };
        let mut guest = Self {
            resolve,
            world,
            bridged: Vec::new(),
        };
        for (key, item) in &guest.resolve.worlds[world].imports {
            let name = guest.resolve.name_world_key(key);
            if interfaces.contains(&name) {
                let WorldItem::Interface { id, .. } = item else {
                    bail!("`{name}` is not an interface");
                };
                guest.bridged.push(Bridged {
                    name,
                    key: key.clone(),
                    id: *id,
                });
            }
        }
        let is_missing = |name: &&String| !guest.bridged.iter().any(|each| each.name == **name);
        if let Some(missing) = interfaces.iter().find(is_missing) {
            bail!("the component does not import `{missing}`");
        }
        guest.keep_imported(component)?;
        Ok(guest)
    }

    /// Leaves out the functions of interfaces which it exports too, and which it does not import.
    fn keep_imported(&mut self, component: &[u8]) -> Result<()> {
        let imports = imports(component)?;
        for (key, item) in &self.resolve.worlds[self.world].imports {
            let name = self.resolve.name_world_key(key);
            if let WorldItem::Interface { id, .. } = item
                && let Some(Some(functions)) = imports.get(&name)
            {
                self.resolve.interfaces[*id]
                    .functions
                    .retain(|name, _| functions.contains(name));
            }
        }
        Ok(())
    }

    /// The resources that the bridged interfaces define, each with its interface.
    pub fn resources(&self) -> impl Iterator<Item = (&Bridged, TypeId)> {
        self.bridged.iter().flat_map(|bridged| {
            let types = self.resolve.interfaces[bridged.id].types.values();
            types
                .filter(|ty| self.resolve.types[**ty].kind == TypeDefKind::Resource)
                .map(move |ty| (bridged, *ty))
        })
    }

    /// The functions of the bridged interfaces, each with its interface.
    pub fn functions(&self) -> impl Iterator<Item = (&Bridged, &Function)> {
        self.bridged.iter().flat_map(|bridged| {
            let functions = self.resolve.interfaces[bridged.id].functions.values();
            functions.map(move |function| (bridged, function))
        })
    }
}
