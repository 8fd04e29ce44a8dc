//! Builds the graph of a composition: here types are checked, and the result is encoded.

use super::links::{Link, Links, Part};
use super::memory;
use anyhow::{Context, Result, anyhow, bail};
use std::collections::BTreeMap;
use wac_graph::types::{ItemKind, Package, Type};
use wac_graph::{CompositionGraph, EncodeError, EncodeOptions, InstantiationArgumentError, NodeId};

/// The bytes of the composed component. Its types have been checked, the whole has not been validated.
/// `components` has the bytes of every part that is needed; `is_measured`: the first one tells the size of its memory.
/// Imports of types of values alone need nobody: they are no longer among the unresolved ones of `links`.
pub fn encode(
    parts: &[Part<'_>],
    links: &mut Links,
    exports: &[&str],
    mut components: BTreeMap<usize, Vec<u8>>,
    is_measured: bool,
) -> Result<Vec<u8>> {
    let mut graph = CompositionGraph::new();
    let mut instances = BTreeMap::new();
    for index in &links.order {
        let bytes = components.remove(index).context("a part that is needed")?;
        let name = &parts[*index].source.name;
        instances.insert(*index, instantiate(&mut graph, name, bytes)?);
    }
    for link in &links.links {
        satisfy(&mut graph, &instances, link).with_context(|| describe(parts, link))?;
    }
    check_unresolved(&graph, parts, links, &instances)?;
    links
        .unresolved
        .retain(|(importer, import)| !has_values_alone(&graph, instances[importer], import));
    for export in exports {
        let node = graph.alias_instance_export(instances[&links.root], export)?;
        graph.export(node, *export)?;
    }
    if is_measured {
        let node = graph.alias_instance_export(instances[&0], memory::EXPORT)?;
        graph.export(node, memory::EXPORT)?;
    }
    let options = EncodeOptions {
        validate: false,
        ..EncodeOptions::default()
    };
    graph
        .encode(options)
        .map_err(|error| merge_conflict(error, parts, &instances))
}

fn instantiate(graph: &mut CompositionGraph, name: &str, bytes: Vec<u8>) -> Result<NodeId> {
    let register = |graph: &mut CompositionGraph| -> Result<NodeId> {
        let package = Package::from_bytes(name, None, bytes, graph.types_mut())?;
        let package = graph.register_package(package)?;
        Ok(graph.instantiate(package))
    };
    register(graph).with_context(|| format!("component `{name}` is not valid"))
}

fn satisfy(
    graph: &mut CompositionGraph,
    instances: &BTreeMap<usize, NodeId>,
    link: &Link,
) -> Result<()> {
    let argument = graph.alias_instance_export(instances[&link.provider], &link.export)?;
    graph
        .set_instantiation_argument(instances[&link.importer], &link.import, argument)
        .map_err(|error| match error {
            InstantiationArgumentError::ArgumentTypeMismatch { source, .. } => source,
            other => other.into(),
        })
}

fn describe(parts: &[Part<'_>], link: &Link) -> String {
    let (importer, provider) = (
        &parts[link.importer].source.name,
        &parts[link.provider].source.name,
    );
    format!(
        "component `{importer}`: import `{}` does not fit export `{}` of `{provider}`",
        link.import, link.export
    )
}

/// An import whose types come from an interface that is satisfied inside cannot stay an import: its types would be others.
fn check_unresolved(
    graph: &CompositionGraph,
    parts: &[Part<'_>],
    links: &Links,
    instances: &BTreeMap<usize, NodeId>,
) -> Result<()> {
    for (importer, import) in &links.unresolved {
        let package = graph[instances[importer]]
            .package()
            .context("an instance has a package")?;
        let world = &graph.types()[graph[package].ty()];
        let Some(ItemKind::Instance(interface)) = world.imports.get(import) else {
            continue;
        };
        for used in graph.types()[*interface].uses.values() {
            let Some(used) = &graph.types()[used.interface].id else {
                continue;
            };
            let satisfied = |link: &&Link| link.importer == *importer && link.import == *used;
            if let Some(link) = links.links.iter().find(satisfied) {
                bail!(
                    "component `{}`: nothing provides import `{import}`, which uses types of `{used}` of `{}`",
                    parts[*importer].source.name,
                    parts[link.provider].source.name,
                );
            }
        }
    }
    Ok(())
}

/// Whether `import` is an interface that has types of values, and neither functions nor resources.
fn has_values_alone(graph: &CompositionGraph, importer: NodeId, import: &str) -> bool {
    let types = graph.types();
    let world = graph[importer].package().map(|id| &types[graph[id].ty()]);
    let Some(ItemKind::Instance(interface)) = world.and_then(|world| world.imports.get(import))
    else {
        return false;
    };
    let is_value = |item: &ItemKind| matches!(item, ItemKind::Type(Type::Value(_)));
    let exports = &types[*interface].exports;
    !exports.is_empty() && exports.values().all(is_value)
}

fn merge_conflict(
    error: EncodeError,
    parts: &[Part<'_>],
    instances: &BTreeMap<usize, NodeId>,
) -> anyhow::Error {
    let name = |node: NodeId| {
        let part = instances
            .iter()
            .find(|(_, instance)| **instance == node)
            .map(|(part, _)| *part);
        part.map_or("?", |part| parts[part].source.name.as_str())
    };
    match error {
        EncodeError::ImportTypeMergeConflict { import, first, second, source } => source.context(format!(
            "components `{}` and `{}` import `{import}`, which nothing provides, with different types",
            name(first),
            name(second)
        )),
        other => anyhow!(other),
    }
}
