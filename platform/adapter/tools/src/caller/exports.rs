//! What a component exports: the functions that can be called, and those that cannot.

use super::description::{Description, Function, Refused, Resource};
use super::host;
use super::words::words;
use crate::bridge::description::{Type, Types};
use anyhow::{Context, Result, bail};
use std::collections::BTreeSet;
use wit_component::DecodedWasm;
use wit_parser::{
    Function as WitFunction, InterfaceId, LiveTypes, Resolve, TypeDefKind, TypeId, TypeOwner,
    WorldId, WorldItem, WorldKey,
};

/// The functions and resources of a caller, each known by its position.
pub struct Exports {
    pub resolve: Resolve,
    /// What the guest imports and exports.
    pub world: WorldId,
    /// The interfaces that the functions and resources need.
    pub needed: BTreeSet<InterfaceId>,
    /// Each with its interface, unless it is exported by itself.
    pub functions: Vec<(Option<WorldKey>, WitFunction)>,
    /// Each with its interface.
    pub resources: Vec<(WorldKey, TypeId)>,
}

/// An export that is asked for.
struct Export {
    name: String,
    key: WorldKey,
    /// None for a function.
    interface: Option<InterfaceId>,
    functions: Vec<WitFunction>,
}

/// What a function passes, or why it cannot be called.
type Signature = Result<(Vec<(String, Type)>, Option<Type>)>;

impl Exports {
    /// Reads `component`; `wanted` are the names of exports, in place of all.
    pub fn read(component: &[u8], wanted: Option<&[String]>) -> Result<(Self, Description)> {
        let decoded =
            wit_component::decode(component).context("the component's types cannot be read")?;
        let DecodedWasm::Component(resolve, world) = decoded else {
            bail!("this is a package of WIT, not a component");
        };
        let found = exports(&resolve, world, wanted)?;
        let resources: Vec<_> = resources(&resolve, &found).collect();
        let mut description = Description {
            interface: host::interface(),
            exports: Vec::new(),
            resources: resources
                .iter()
                .map(|(key, id)| Resource {
                    interface: resolve.name_world_key(key),
                    name: resolve.types[*id].name.clone().unwrap_or_default(),
                })
                .collect(),
            functions: Vec::new(),
            refused: Vec::new(),
            types: Vec::new(),
        };
        let functions = callable(&resolve, &found, &resources, &mut description);
        let mut exports = Self {
            resolve,
            world,
            needed: BTreeSet::new(),
            functions,
            resources,
        };
        exports.keep_needed();
        let is_imported = |export: &&Export| match export.interface {
            Some(id) => exports.needed.contains(&id),
            None => exports
                .functions
                .iter()
                .any(|(key, each)| key.is_none() && each.name == export.name),
        };
        let imported = found.iter().filter(is_imported);
        description.exports = imported.map(|export| export.name.clone()).collect();
        Ok((exports, description))
    }

    /// Leaves out of the interfaces what no function and no resource needs.
    fn keep_needed(&mut self) {
        let mut live = LiveTypes::default();
        for (_, function) in &self.functions {
            live.add_func(&self.resolve, function);
        }
        for (_, resource) in &self.resources {
            live.add_type_id(&self.resolve, *resource);
        }
        let live: BTreeSet<TypeId> = live.iter().collect();
        let owners = live.iter().map(|id| self.resolve.types[*id].owner);
        self.needed = owners
            .filter_map(|owner| match owner {
                TypeOwner::Interface(id) => Some(id),
                TypeOwner::World(_) | TypeOwner::None => None,
            })
            .collect();
        let keys = self.functions.iter().filter_map(|(key, _)| key.as_ref());
        let world = &self.resolve.worlds[self.world];
        self.needed
            .extend(keys.filter_map(|key| match world.exports.get(key) {
                Some(WorldItem::Interface { id, .. }) => Some(*id),
                _ => None,
            }));
        let called: BTreeSet<(Option<InterfaceId>, &str)> = self
            .functions
            .iter()
            .filter_map(|(key, function)| match world.exports.get(key.as_ref()?) {
                Some(WorldItem::Interface { id, .. }) => Some((Some(*id), &*function.name)),
                _ => None,
            })
            .collect();
        for id in &self.needed {
            let interface = &mut self.resolve.interfaces[*id];
            interface
                .functions
                .retain(|name, _| called.contains(&(Some(*id), name)));
            interface.types.retain(|_, ty| live.contains(ty));
        }
    }
}

fn exports(resolve: &Resolve, world: WorldId, wanted: Option<&[String]>) -> Result<Vec<Export>> {
    let mut found = Vec::new();
    for (key, item) in &resolve.worlds[world].exports {
        let (interface, functions) = match item {
            WorldItem::Interface { id, .. } => {
                let functions = resolve.interfaces[*id].functions.values();
                (Some(*id), functions.cloned().collect())
            }
            WorldItem::Function(function) => (None, vec![function.clone()]),
            WorldItem::Type { .. } => continue,
        };
        found.push(Export {
            name: resolve.name_world_key(key),
            key: key.clone(),
            interface,
            functions,
        });
    }
    if let Some(wanted) = wanted {
        if let Some(missing) = wanted
            .iter()
            .find(|name| found.iter().all(|export| export.name != **name))
        {
            let names: Vec<_> = found
                .iter()
                .map(|each| format!("`{}`", each.name))
                .collect();
            let names = if names.is_empty() {
                "nothing".to_owned()
            } else {
                names.join(", ")
            };
            bail!("the component does not export `{missing}`; it exports {names}");
        }
        found.retain(|export| wanted.contains(&export.name));
    }
    Ok(found)
}

fn resources<'a>(
    resolve: &'a Resolve,
    exports: &'a [Export],
) -> impl Iterator<Item = (WorldKey, TypeId)> + 'a {
    exports.iter().flat_map(|export| {
        let types = export
            .interface
            .map(|id| resolve.interfaces[id].types.values());
        types
            .into_iter()
            .flatten()
            .filter(|ty| resolve.types[**ty].kind == TypeDefKind::Resource)
            .map(|ty| (export.key.clone(), *ty))
    })
}

/// The functions that can be called; `description` gets what is told of all.
fn callable(
    resolve: &Resolve,
    exports: &[Export],
    resources: &[(WorldKey, TypeId)],
    description: &mut Description,
) -> Vec<(Option<WorldKey>, WitFunction)> {
    let mut types = Types::new(
        resolve,
        resources.iter().map(|(_, id)| *id),
        "is not exported with it",
    );
    let mut functions = Vec::new();
    for export in exports {
        let interface = export.interface.map(|_| export.name.clone());
        for function in &export.functions {
            let (name, words) = (function.name.clone(), words(resolve, function));
            match signature(&mut types, resolve, function) {
                Ok((params, result)) => {
                    functions.push((
                        export.interface.map(|_| export.key.clone()),
                        function.clone(),
                    ));
                    description.functions.push(Function {
                        interface: interface.clone(),
                        name,
                        words,
                        params,
                        result,
                    });
                }
                Err(because) => description.refused.push(Refused {
                    interface: interface.clone(),
                    name,
                    words,
                    because: because.to_string(),
                }),
            }
        }
    }
    description.types = types.definitions;
    functions
}

fn signature(types: &mut Types<'_>, resolve: &Resolve, function: &WitFunction) -> Signature {
    if function.kind.is_async() {
        bail!("it is async");
    }
    let mut live = LiveTypes::default();
    live.add_func(resolve, function);
    let of_world = |id: TypeId| matches!(resolve.types[id].owner, TypeOwner::World(_));
    if live.iter().any(of_world) {
        bail!("it uses types of no interface");
    }
    let mut add = |ty: &wit_parser::Type| {
        let added = types.add(ty);
        added.map_err(|unknown| anyhow::anyhow!("it uses {unknown}"))
    };
    let params = function.params.iter();
    Ok((
        params
            .map(|each| Ok((each.name.clone(), add(&each.ty)?)))
            .collect::<Result<_>>()?,
        function.result.as_ref().map(add).transpose()?,
    ))
}
