//! The plan of a composition: what is composed, and who satisfies which import.

use anyhow::{Context, Result, bail};
use serde::Deserialize;
use std::collections::{BTreeMap, BTreeSet};

/// A composition as the caller describes it.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Plan {
    /// The first one is the root: the driver calls it, or its exports are exported.
    pub components: Vec<Source>,
    /// They satisfy what nobody is wired to, the first that fits; those that nobody needs are left out.
    #[serde(default)]
    pub adapters: Vec<Source>,
    /// It calls the root; its exports become the exports of the composed component.
    #[serde(default)]
    pub driver: Option<Source>,
    /// The exports to keep, in place of all.
    #[serde(default)]
    pub exports: Option<Vec<String>>,
    /// How the names begin of what a component of WASI 0.3 may import though nobody provides it: its functions trap.
    #[serde(default)]
    pub optional: Vec<String>,
    /// Export also what tells the size of the root's memory, where the root has one of its own.
    #[serde(default)]
    pub measure_memory: bool,
}

/// A component on disk.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Source {
    #[serde(default = "driver")]
    pub name: String,
    pub path: String,
    /// By the name of an import, of an interface without its version, or of a package with or without its version.
    #[serde(default)]
    pub wiring: BTreeMap<String, Target>,
    /// The adapters that may satisfy its imports, in place of all.
    #[serde(default)]
    pub adapters: Option<Vec<String>>,
}

/// Who satisfies an import: a component or an adapter, and by which of its exports if not by the one of that name.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
pub enum Target {
    Component(String),
    Export { component: String, export: String },
}

impl Target {
    pub fn component(&self) -> &str {
        match self {
            Self::Component(component) | Self::Export { component, .. } => component,
        }
    }

    pub fn export(&self) -> Option<&str> {
        match self {
            Self::Component(_) => None,
            Self::Export { export, .. } => Some(export),
        }
    }
}

impl Plan {
    /// Reads a plan; every name in it is unique and refers to something.
    pub fn from_json(text: &str) -> Result<Self> {
        let plan: Self = serde_json::from_str(text).context("the plan cannot be read")?;
        if plan.components.is_empty() {
            bail!("the plan has no component");
        }
        let mut names = BTreeSet::new();
        for source in plan.sources() {
            if !names.insert(source.name.as_str()) {
                bail!("the plan has two components named `{}`", source.name);
            }
        }
        for source in plan.sources() {
            let adapters = source.adapters.iter().flatten().map(String::as_str);
            for name in source
                .wiring
                .values()
                .map(Target::component)
                .chain(adapters)
            {
                if !names.contains(name) {
                    bail!(
                        "component `{}`: the plan has no component named `{name}`",
                        source.name
                    );
                }
            }
        }
        Ok(plan)
    }

    /// Components, adapters and the driver, in this order.
    pub fn sources(&self) -> impl Iterator<Item = &Source> {
        self.components
            .iter()
            .chain(&self.adapters)
            .chain(&self.driver)
    }
}

fn driver() -> String {
    "driver".to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(text: &str) -> String {
        format!("{:#}", Plan::from_json(text).unwrap_err())
    }

    #[test]
    fn two_components_of_one_name_are_refused() {
        let text = r#"{"components": [{"name": "a", "path": "1"}], "adapters": [{"name": "a", "path": "2"}]}"#;
        assert_eq!(refusal(text), "the plan has two components named `a`");
    }

    #[test]
    fn wiring_to_a_component_that_is_not_there_is_refused() {
        let text = r#"{"components": [{"name": "a", "path": "1", "wiring": {"x:y": "b"}}]}"#;
        assert_eq!(
            refusal(text),
            "component `a`: the plan has no component named `b`"
        );
    }

    #[test]
    fn an_unknown_key_is_refused() {
        let text = r#"{"components": [{"name": "a", "path": "1", "wires": {}}]}"#;
        assert!(refusal(text).starts_with("the plan cannot be read: unknown field `wires`"));
    }
}
