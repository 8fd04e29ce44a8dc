//! What a bridge imports: the functions of the host that take frames, and the one that waits.

use super::description::Description;

pub const CALL: &str = "call";
pub const FINISH: &str = "finish";
pub const RESOLVED: &str = "resolved";
pub const DROP: &str = "drop";
pub const TASKS: &str = "whorl:host/tasks@0.1.0";
pub const WAIT: &str = "wait";

/// The package of all of it.
pub const PACKAGE: (&str, &str) = ("whorl", "host");

/// The host as one bridge sees it.
pub struct Host {
    /// The name of its interface.
    pub interface: String,
    /// It hears of resources that are dropped.
    pub drops: bool,
    /// It takes resources of its own back.
    pub resolves: bool,
    label: String,
}

impl Host {
    pub fn new(number: u32) -> Self {
        let label = format!("bridge-{number}");
        Self {
            interface: format!("whorl:host/{label}@0.1.0"),
            drops: false,
            resolves: false,
            label,
        }
    }

    /// With what the functions and resources of `description` need.
    pub fn used_for(self, description: &Description) -> Self {
        Self {
            drops: description.resources.iter().any(|each| !each.keeps_nothing),
            resolves: !description.taken().is_empty(),
            ..self
        }
    }

    /// The package, with a world of the name `world` that imports its interfaces.
    pub fn wit(&self, world: &str) -> String {
        let label = &self.label;
        let resolved = "resolved: func(frame: string) -> string;";
        let resolved = if self.resolves { resolved } else { "" };
        let drop = "drop: func(%resource: u32, rep: u32);";
        let drop = if self.drops { drop } else { "" };
        format!(
            "package whorl:host@0.1.0;
            interface {label} {{
                call: func(function: u32, frame: string) -> string;
                finish: func(task: u32) -> string;
                {resolved}
                {drop}
            }}
            interface tasks {{
                wait: func(tasks: string, deadline: u64) -> string;
            }}
            world {world} {{
                import {label};
                import tasks;
            }}"
        )
    }
}

/// Whether a function of the host's takes or gives frames, whose bytes are latin1.
pub fn takes_frames(function: &str) -> bool {
    [CALL, FINISH, RESOLVED].contains(&function)
}
