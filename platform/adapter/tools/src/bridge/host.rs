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
    /// It hears of resources that are dropped.
    pub drops: bool,
    /// It takes resources of its own back.
    pub resolves: bool,
    label: String,
}

impl Host {
    /// The host of the bridge `number`, as far as `description` needs it.
    pub fn of(number: u32, description: &Description) -> Self {
        Self {
            drops: description.resources.iter().any(|each| !each.keeps_nothing),
            resolves: !description.taken().is_empty(),
            label: label(number),
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

/// The name of what the bridge `number` imports.
pub fn interface(number: u32) -> String {
    format!("whorl:host/{}@0.1.0", label(number))
}

fn label(number: u32) -> String {
    format!("bridge-{number}")
}

/// Whether a function of the host's takes or gives frames, whose bytes are latin1.
pub fn takes_frames(function: &str) -> bool {
    [CALL, FINISH, RESOLVED].contains(&function)
}
