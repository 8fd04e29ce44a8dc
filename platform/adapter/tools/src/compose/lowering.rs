//! Lowers the components of a composition that are asynchronous, and links what they import beyond what they did.

use super::links::{Link, Links, Part, Role};
use super::plan::Plan;
use crate::input::read_component;
use crate::lower::{ENTRY, RUNTIME, lower};
use anyhow::{Context, Result, bail};
use std::collections::BTreeMap;

/// The components that are needed, lowered where they are asynchronous. What those import and nobody provides is nothing
/// left to import any more, where the plan says that it may be missing.
pub fn lowered(
    plan: &Plan,
    parts: &mut [Part<'_>],
    links: &mut Links,
) -> Result<BTreeMap<usize, Vec<u8>>> {
    let mut done = BTreeMap::new();
    let mut asynchronous: Option<String> = None;
    for index in links.order.clone() {
        if parts[index].role != Role::Component {
            continue;
        }
        let name = parts[index].source.name.clone();
        let is_missing = |import: &str| {
            let is_optional = plan.optional.iter().any(|each| import.starts_with(each));
            is_optional && links.unresolved.contains(&(index, import.to_owned()))
        };
        let component = read_component(&parts[index].source.path)?;
        let found = lower(&component, |import| !is_missing(import))
            .with_context(|| format!("component `{name}` cannot be lowered"))?;
        let Some(found) = found else {
            done.insert(index, component);
            continue;
        };
        if found.added.contains(&RUNTIME)
            && let Some(other) = asynchronous.replace(name.clone())
        {
            bail!(
                "components `{other}` and `{name}` both have streams, futures or asynchronous functions of WASI 0.3, and one component of a composition may; build the dependency for WASI 0.2"
            );
        }
        let called = links
            .links
            .iter()
            .find(|link| link.provider == index && found.left_out.contains(&link.export));
        if let Some(link) = called {
            bail!(
                "component `{}` imports `{}` of `{name}`, whose functions are asynchronous, and components cannot call each other so yet; export functions that are not `async`",
                parts[link.importer].source.name,
                link.import
            );
        }
        let missing: Vec<String> = parts[index]
            .imports
            .iter()
            .filter(|each| is_missing(each))
            .cloned()
            .collect();
        links
            .unresolved
            .retain(|(importer, import)| *importer != index || !missing.contains(import));
        for import in found.added {
            let exports = |part: &Part<'_>| {
                part.role == Role::Adapter && part.exports.iter().any(|each| each == import)
            };
            let Some(provider) = parts.iter().position(exports) else {
                bail!(
                    "component `{name}`: no adapter provides `{import}`, which components of WASI 0.3 need"
                );
            };
            links.links.push(Link {
                importer: index,
                import: import.to_owned(),
                provider,
                export: import.to_owned(),
            });
            if !links.order.contains(&provider) {
                let before = links.order.iter().position(|each| *each == index);
                links.order.insert(before.unwrap_or_default(), provider);
            }
        }
        if found.is_handler {
            parts[index].exports.push(ENTRY.to_owned());
        }
        done.insert(index, found.component);
    }
    Ok(done)
}
