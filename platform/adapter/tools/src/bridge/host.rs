//! What a bridge imports: the functions of the host that take frames, and the one that waits.

use super::description::Description;
use wit_parser::{Docs, Function, FunctionKind, Param, Span, Stability, Type};

pub const CALL: &str = "call";
pub const FINISH: &str = "finish";
pub const RESOLVED: &str = "resolved";
pub const ENTER: &str = "enter";
pub const FILL: &str = "fill";
pub const CHALLENGE: &str = "challenge";
pub const LOCATE: &str = "locate";
pub const DROP: &str = "drop";
pub const TASKS: &str = "whorl:host/tasks@0.1.0";
pub const WAIT: &str = "wait";

/// The package of all of it.
pub const PACKAGE: (&str, &str, &str) = ("whorl", "host", "0.1.0");

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

    /// Its interfaces, by their names without the package.
    pub fn interfaces(&self) -> [(String, Vec<Function>); 2] {
        let mut functions = vec![
            function(CALL, &[FRAME], STRING),
            function(FINISH, &[("task", Type::U32)], STRING),
            function(ENTER, &[], None),
            function(FILL, &[("address", Type::U32)], None),
            function(CHALLENGE, &[], STRING),
            function(LOCATE, &[("address", Type::U32)], Some(Type::U64)),
        ];
        if self.resolves {
            functions.push(function(RESOLVED, &[FRAME], STRING));
        }
        if self.drops {
            let params = [("resource", Type::U32), ("rep", Type::U32)];
            functions.push(function(DROP, &params, None));
        }
        let params = [("tasks", Type::String), ("deadline", Type::U64)];
        let wait = function(WAIT, &params, STRING);
        [
            (self.label.clone(), functions),
            ("tasks".to_owned(), vec![wait]),
        ]
    }
}

const FRAME: (&str, Type) = ("frame", Type::String);
const STRING: Option<Type> = Some(Type::String);

pub fn function(name: &str, params: &[(&str, Type)], result: Option<Type>) -> Function {
    let params = params.iter().map(|(name, ty)| Param {
        name: (*name).to_owned(),
        ty: *ty,
        span: Span::default(),
    });
    Function {
        name: name.to_owned(),
        kind: FunctionKind::Freestanding,
        params: params.collect(),
        result,
        docs: Docs::default(),
        stability: Stability::default(),
        span: Span::default(),
        external_id: None,
    }
}

/// The name of what the bridge `number` imports.
pub fn interface(number: u32) -> String {
    let (namespace, package, version) = PACKAGE;
    format!("{namespace}:{package}/{}@{version}", label(number))
}

fn label(number: u32) -> String {
    format!("bridge-{number}")
}

/// Whether a function of the host's takes or gives frames, whose bytes are latin1.
pub fn takes_frames(function: &str) -> bool {
    [CALL, FINISH, RESOLVED].contains(&function)
}
