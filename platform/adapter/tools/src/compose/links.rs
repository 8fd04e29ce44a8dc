//! Decides by name alone which export satisfies which import, and what is part of the composition.

use super::names::{final_release, on_same_track, precision};
use super::plan::{Plan, Source, Target};
use crate::describe::{Kind, describe_file};
use anyhow::{Context, Result, bail};
use std::collections::BTreeSet;

/// One component of the composition, by what it imports and exports.
#[derive(Debug)]
pub struct Part<'a> {
    pub source: &'a Source,
    pub role: Role,
    pub imports: Vec<String>,
    pub exports: Vec<String>,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Role {
    Component,
    Adapter,
    Driver,
}

/// An import of a part, satisfied by an export of another part.
#[derive(Clone, Debug, PartialEq)]
pub struct Link {
    pub importer: usize,
    pub import: String,
    pub provider: usize,
    pub export: String,
}

/// What the plan comes to. Indices are those of the parts.
#[derive(Debug)]
pub struct Links {
    /// Ordered by importer and import.
    pub links: Vec<Link>,
    /// Importer and import of what nobody satisfies.
    pub unresolved: Vec<(usize, String)>,
    /// Every part that is needed; a provider comes before those that import from it.
    pub order: Vec<usize>,
    /// The part whose exports are exported.
    pub root: usize,
}

impl<'a> Part<'a> {
    pub fn read_all(plan: &'a Plan) -> Result<Vec<Self>> {
        let roles = plan
            .components
            .iter()
            .map(|source| (source, Role::Component));
        let roles = roles.chain(plan.adapters.iter().map(|source| (source, Role::Adapter)));
        let roles = roles.chain(plan.driver.iter().map(|source| (source, Role::Driver)));
        roles
            .map(|(source, role)| Self::read(source, role))
            .collect()
    }

    fn read(source: &'a Source, role: Role) -> Result<Self> {
        let name = &source.name;
        let description =
            describe_file(&source.path).with_context(|| format!("component `{name}`"))?;
        if description.kind == Kind::Module {
            bail!("component `{name}` is a core module: componentize it first");
        }
        Ok(Self {
            source,
            role,
            imports: description.imports,
            exports: description.exports,
        })
    }

    fn name(&self) -> &'a str {
        &self.source.name
    }
}

impl Links {
    pub fn of(parts: &[Part<'_>]) -> Result<Self> {
        let driver = parts.iter().position(|part| part.role == Role::Driver);
        let mut found = Self {
            links: Vec::new(),
            unresolved: Vec::new(),
            order: Vec::new(),
            root: driver.unwrap_or(0),
        };
        found.visit(parts, found.root, &mut Vec::new())?;
        found.links.sort_by_key(|link| link.importer);
        found.unresolved.sort_by_key(|(importer, _)| *importer);
        Ok(found)
    }

    /// Adds a part after everything that it imports from; `path` leads from the root to it.
    fn visit(&mut self, parts: &[Part<'_>], index: usize, path: &mut Vec<usize>) -> Result<()> {
        if self.order.contains(&index) {
            return Ok(());
        }
        if let Some(start) = path.iter().position(|visited| *visited == index) {
            let names: Vec<_> = path[start..]
                .iter()
                .map(|part| format!("`{}`", parts[*part].name()))
                .collect();
            bail!(
                "components import from each other in a circle: {}",
                names.join(", ")
            );
        }
        path.push(index);
        let (links, unresolved) = satisfy(parts, index)?;
        let providers: BTreeSet<usize> = links.iter().map(|link| link.provider).collect();
        self.links.extend(links);
        self.unresolved
            .extend(unresolved.into_iter().map(|import| (index, import)));
        for provider in providers {
            self.visit(parts, provider, path)?;
        }
        path.pop();
        self.order.push(index);
        Ok(())
    }
}

/// The links of one part, and its imports that nobody satisfies.
fn satisfy(parts: &[Part<'_>], importer: usize) -> Result<(Vec<Link>, Vec<String>)> {
    let part = &parts[importer];
    let (mut links, mut unresolved, mut used) = (Vec::new(), Vec::new(), BTreeSet::new());
    for import in &part.imports {
        let found = match wired(part, import) {
            Some((key, target)) => {
                used.insert(key);
                Some(follow_wiring(parts, part, import, key, target)?)
            }
            None => by_adapter(parts, importer, import).or_else(|| by_root(parts, part, import)),
        };
        match found {
            Some((provider, export)) => links.push(Link {
                importer,
                import: import.clone(),
                provider,
                export: export.to_owned(),
            }),
            None => unresolved.push(import.clone()),
        }
    }
    match part
        .source
        .wiring
        .keys()
        .find(|key| !used.contains(key.as_str()))
    {
        Some(key)
            if !part
                .imports
                .iter()
                .any(|import| precision(key, import).is_some()) =>
        {
            bail!(
                "component `{}`: dependency `{key}` does not match any of its imports",
                part.name()
            )
        }
        _ => Ok((links, unresolved)),
    }
}

/// The wiring that names an import most precisely.
fn wired<'a>(part: &Part<'a>, import: &str) -> Option<(&'a str, &'a Target)> {
    let wiring = part.source.wiring.iter();
    let matching = wiring.filter_map(|(key, target)| Some((precision(key, import)?, key, target)));
    matching
        .max_by_key(|(precision, ..)| *precision)
        .map(|(_, key, target)| (key.as_str(), target))
}

fn follow_wiring<'a>(
    parts: &'a [Part<'_>],
    part: &Part<'_>,
    import: &'a str,
    key: &str,
    target: &'a Target,
) -> Result<(usize, &'a str)> {
    let named = parts
        .iter()
        .position(|candidate| candidate.name() == target.component());
    let provider = named.context("the plan was checked")?;
    let exports = &parts[provider].exports;
    let export = match target.export() {
        Some(export) => exports
            .iter()
            .find(|candidate| *candidate == export)
            .map(String::as_str),
        None => offered(&parts[provider], import),
    };
    let wanted = target.export().unwrap_or(import);
    let export = export.with_context(|| {
        format!(
            "component `{}`: dependency `{key}`: `{}` does not export `{wanted}` to satisfy import `{import}`",
            part.name(),
            target.component(),
        )
    })?;
    Ok((provider, export))
}

/// An exact name in any adapter goes before a compatible one in an earlier adapter.
fn by_adapter<'a>(
    parts: &'a [Part<'_>],
    importer: usize,
    import: &str,
) -> Option<(usize, &'a str)> {
    let allowed = parts[importer].source.adapters.as_ref();
    let adapters: Vec<usize> = match allowed {
        Some(names) => names
            .iter()
            .filter_map(|name| parts.iter().position(|part| part.name() == name))
            .collect(),
        None => (0..parts.len())
            .filter(|index| parts[*index].role == Role::Adapter)
            .collect(),
    };
    let adapters = || {
        adapters
            .iter()
            .copied()
            .filter(|adapter| *adapter != importer)
    };
    let exact = |import: &str| {
        adapters().find_map(|adapter| Some((adapter, exactly(&parts[adapter], import)?)))
    };
    exact(import)
        .or_else(|| {
            adapters().find_map(|adapter| {
                Some((adapter, on_same_track(import, &parts[adapter].exports)?))
            })
        })
        .or_else(|| exact(&final_release(import)?))
}

/// The driver calls the first component.
fn by_root<'a>(parts: &'a [Part<'_>], part: &Part<'_>, import: &str) -> Option<(usize, &'a str)> {
    if part.role != Role::Driver {
        return None;
    }
    Some((0, offered(&parts[0], import)?))
}

fn offered<'a>(part: &'a Part<'_>, import: &str) -> Option<&'a str> {
    exactly(part, import).or_else(|| on_same_track(import, &part.exports))
}

fn exactly<'a>(part: &'a Part<'_>, import: &str) -> Option<&'a str> {
    part.exports
        .iter()
        .find(|export| *export == import)
        .map(String::as_str)
}
