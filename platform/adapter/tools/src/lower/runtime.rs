//! `whorl:adapter/async-runtime`, as lowered components import it.

use Param::{Bool, U32};
use wasm_encoder::{ComponentValType, InstanceType, PrimitiveValType, ValType};

#[derive(Clone, Copy)]
enum Param {
    U32,
    U64,
    Bool,
    Bytes,
    Text,
}

#[derive(Clone, Copy)]
enum Answer {
    Nothing,
    U32,
    U64,
    Bytes,
    Text,
}

struct Signature {
    name: &'static str,
    params: &'static [(&'static str, Param)],
    answer: Answer,
}

const fn function(
    name: &'static str,
    params: &'static [(&'static str, Param)],
    answer: Answer,
) -> Signature {
    Signature {
        name,
        params,
        answer,
    }
}

const COPY: &[(&str, Param)] = &[
    ("end", U32),
    ("kind", U32),
    ("size", U32),
    ("is-async", Bool),
    ("address", U32),
    ("count", U32),
];
const CANCEL: &[(&str, Param)] = &[("end", U32), ("kind", U32), ("is-async", Bool)];
const END: &[(&str, Param)] = &[("end", U32), ("kind", U32)];
const SET: &[(&str, Param)] = &[("set", U32)];
const SUBTASK: &[(&str, Param)] = &[("subtask", U32)];

const FUNCTIONS: &[Signature] = &[
    function("context-get", &[("slot", U32)], Answer::U32),
    function(
        "context-set",
        &[("slot", U32), ("value", U32)],
        Answer::Nothing,
    ),
    function("waitable-set-new", &[], Answer::U32),
    function("waitable-set-drop", SET, Answer::Nothing),
    function(
        "waitable-join",
        &[("waitable", U32), ("set", U32)],
        Answer::Nothing,
    ),
    function("waitable-set-poll", SET, Answer::U64),
    function("waitable-set-wait", SET, Answer::U64),
    function(
        "subtask-note",
        &[("subtask", U32), ("function", U32), ("address", U32)],
        Answer::Nothing,
    ),
    function(
        "subtask-cancel",
        &[("subtask", U32), ("is-async", Bool)],
        Answer::U32,
    ),
    function("subtask-block", SUBTASK, Answer::Nothing),
    function("subtask-drop", SUBTASK, Answer::Nothing),
    function("task-cancel", &[], Answer::Nothing),
    function("yield", &[], Answer::Nothing),
    function("backpressure-inc", &[], Answer::Nothing),
    function("backpressure-dec", &[], Answer::Nothing),
    function("channel-new", &[("kind", U32)], Answer::U64),
    function("read", COPY, Answer::U64),
    function("write", COPY, Answer::U64),
    function("cancel-read", CANCEL, Answer::U32),
    function("cancel-write", CANCEL, Answer::U32),
    function("drop-readable", END, Answer::Nothing),
    function("drop-writable", END, Answer::Nothing),
    function("claim", &[("handle", U32)], Answer::U64),
    function("next", &[("code", U32)], Answer::U64),
    function("take-u8", &[("end", U32), ("count", U32)], Answer::Bytes),
    function(
        "put-u8",
        &[("end", U32), ("values", Param::Bytes)],
        Answer::Nothing,
    ),
    function(
        "take-u8-text",
        &[("end", U32), ("count", U32)],
        Answer::Text,
    ),
    function(
        "put-u8-text",
        &[("end", U32), ("values", Param::Text)],
        Answer::Nothing,
    ),
    function("missing", &[("part", Param::U64)], Answer::Nothing),
];

/// The type of the interface, with the functions that `wanted` names.
pub fn interface<'a>(wanted: impl Iterator<Item = &'a str>) -> InstanceType {
    let mut ty = InstanceType::new();
    ty.ty()
        .defined_type()
        .list(ComponentValType::Primitive(PrimitiveValType::U8));
    let bytes = ComponentValType::Type(0);
    for name in wanted {
        let Some(function) = find(name) else { continue };
        let index = ty.type_count();
        let params = function.params.iter().map(|(name, param)| {
            let ty = match param {
                Param::U32 => ComponentValType::Primitive(PrimitiveValType::U32),
                Param::U64 => ComponentValType::Primitive(PrimitiveValType::U64),
                Param::Bool => ComponentValType::Primitive(PrimitiveValType::Bool),
                Param::Bytes => bytes,
                Param::Text => ComponentValType::Primitive(PrimitiveValType::String),
            };
            (*name, ty)
        });
        let result = match function.answer {
            Answer::Nothing => None,
            Answer::U32 => Some(ComponentValType::Primitive(PrimitiveValType::U32)),
            Answer::U64 => Some(ComponentValType::Primitive(PrimitiveValType::U64)),
            Answer::Bytes => Some(bytes),
            Answer::Text => Some(ComponentValType::Primitive(PrimitiveValType::String)),
        };
        ty.ty().function().params(params).result(result);
        ty.export(name, wasm_encoder::ComponentTypeRef::Func(index));
    }
    ty
}

/// The core function that one of the functions without bytes is lowered to.
pub fn lowered(name: &str) -> (Vec<ValType>, Vec<ValType>) {
    let Some(function) = find(name) else {
        return Default::default();
    };
    let results = match function.answer {
        Answer::U32 => vec![ValType::I32],
        Answer::U64 => vec![ValType::I64],
        Answer::Nothing | Answer::Bytes | Answer::Text => Vec::new(),
    };
    let params = function.params.iter().map(|(_, param)| match param {
        Param::U64 => ValType::I64,
        _ => ValType::I32,
    });
    (params.collect(), results)
}

fn find(name: &str) -> Option<&'static Signature> {
    FUNCTIONS.iter().find(|function| function.name == name)
}
