//! Components of each shape are lowered; what comes out is valid where nothing asynchronous is known.

use super::{Lowered, lower};
use wasmparser::{Validator, WasmFeatures};

/// What every component here begins with: an interface, and a module with memory and `realloc`.
const HEAD: &str = r#"
    (import "test:lab/store@1.0.0" (instance $store
        (export "bucket" (type $bucket (sub resource)))
        (type $error' (variant (case "none") (case "other" string)))
        (export "error" (type $error (eq $error')))
        (export "wait" (func async (param "for" u64)))
        (export "number" (func async (result u16)))
        (export "[method]bucket.get" (func async (param "self" (borrow $bucket)) (param "key" string)
            (result (result (option (list u8)) (error $error)))))
        (export "[method]bucket.set" (func async (param "self" (borrow $bucket)) (param "key" string)
            (param "value" (list u8)) (result (result (error $error)))))
        (export "keys" (func (result (tuple (stream string) (future (result (error $error)))))))
        (export "count" (func (param "values" (stream u32)) (result u32)))))
    (core module $Memory
        (memory (export "memory") 1)
        (func (export "realloc") (param i32 i32 i32 i32) (result i32) (i32.const 8)))
    (core instance $memory (instantiate $Memory))
    (alias core export $memory "memory" (core memory $mem))
    (alias core export $memory "realloc" (core func $realloc))
    (alias export $store "error" (type $error))
    (type $strings (stream string))
    (type $numbers (stream u32))
    (type $end (future (result (error $error))))
    (type $nothing (stream))
"#;

fn lowered(body: &str) -> anyhow::Result<Option<Lowered>> {
    lowered_without(body, "")
}

fn lowered_without(body: &str, missing: &str) -> anyhow::Result<Option<Lowered>> {
    let component = wat::parse_str(format!("(component {HEAD} {body})")).unwrap();
    let lowered = lower(&component, |import| {
        missing.is_empty() || !import.starts_with(missing)
    })?;
    if let Some(lowered) = &lowered {
        let plain = WasmFeatures::WASM3.union(WasmFeatures::COMPONENT_MODEL);
        Validator::new_with_features(plain)
            .validate_all(&lowered.component)
            .unwrap();
    }
    Ok(lowered)
}

fn refusal(body: &str) -> String {
    match lowered(body) {
        Ok(_) => panic!("it is lowered"),
        Err(error) => format!("{error:#}"),
    }
}

fn is_lowered(body: &str) {
    let lowered = lowered(body).unwrap().unwrap();
    assert_eq!(lowered.added, ["whorl:adapter/async-runtime@0.1.0"]);
}

#[test]
fn a_component_with_nothing_asynchronous_is_left_as_it_is() {
    let component =
        wat::parse_str(r#"(component (import "a" (func (param "b" string))))"#).unwrap();
    assert!(lower(&component, |_| true).unwrap().is_none());
}

#[test]
fn types_alone_are_lowered() {
    let lowered = lowered("").unwrap().unwrap();
    assert!(lowered.added.is_empty());
    assert!(!lowered.is_handler);
}

#[test]
fn built_ins_without_memory_are_there_before_the_code() {
    is_lowered(
        r#"
        (core func $0 (canon context.get i32 0))
        (core func $1 (canon context.set i32 1))
        (core func $2 (canon backpressure.inc))
        (core func $3 (canon backpressure.dec))
        (core func $4 (canon task.cancel))
        (core func $5 (canon subtask.drop))
        (core func $6 (canon waitable-set.new))
        (core func $7 (canon waitable-set.drop))
        (core func $8 (canon waitable.join))
        (core func $9 (canon thread.yield))
        (core func $10 (canon stream.new $strings))
        (core func $11 (canon future.new $end))
        (core func $12 (canon stream.cancel-read $strings))
        (core func $13 (canon stream.cancel-write $strings async))
        (core func $14 (canon stream.drop-readable $strings))
        (core func $15 (canon stream.drop-writable $strings))
        (core func $16 (canon future.cancel-read $end))
        (core func $17 (canon future.cancel-write $end async))
        (core func $18 (canon future.drop-readable $end))
        (core func $19 (canon future.drop-writable $end))
        (core module $Code
            (import "b" "0" (func (result i32)))
            (import "b" "1" (func (param i32)))
            (import "b" "2" (func))
            (import "b" "3" (func))
            (import "b" "4" (func))
            (import "b" "5" (func (param i32)))
            (import "b" "6" (func (result i32)))
            (import "b" "7" (func (param i32)))
            (import "b" "8" (func (param i32 i32)))
            (import "b" "9" (func (result i32)))
            (import "b" "10" (func (result i64)))
            (import "b" "11" (func (result i64)))
            (import "b" "12" (func (param i32) (result i32)))
            (import "b" "13" (func (param i32) (result i32)))
            (import "b" "14" (func (param i32)))
            (import "b" "15" (func (param i32)))
            (import "b" "16" (func (param i32) (result i32)))
            (import "b" "17" (func (param i32) (result i32)))
            (import "b" "18" (func (param i32)))
            (import "b" "19" (func (param i32))))
        (core instance (instantiate $Code (with "b" (instance
            (export "0" (func $0)) (export "1" (func $1)) (export "2" (func $2)) (export "3" (func $3))
            (export "4" (func $4)) (export "5" (func $5)) (export "6" (func $6)) (export "7" (func $7))
            (export "8" (func $8)) (export "9" (func $9)) (export "10" (func $10)) (export "11" (func $11))
            (export "12" (func $12)) (export "13" (func $13)) (export "14" (func $14)) (export "15" (func $15))
            (export "16" (func $16)) (export "17" (func $17)) (export "18" (func $18)) (export "19" (func $19))))))
        "#,
    );
}

const COPIES: &str = r#"
    (core func $0 (canon stream.read $strings (memory $mem) (realloc $realloc) string-encoding=utf8 async))
    (core func $1 (canon stream.write $strings (memory $mem) (realloc $realloc) string-encoding=utf8))
    (core func $2 (canon stream.read $numbers (memory $mem) async))
    (core func $3 (canon stream.write $numbers (memory $mem) async))
    (core func $4 (canon stream.read $nothing async))
    (core func $5 (canon stream.write $nothing async))
    (core func $6 (canon future.read $end (memory $mem) (realloc $realloc) async))
    (core func $7 (canon future.write $end (memory $mem) (realloc $realloc) async))
    (core func $8 (canon waitable-set.poll (memory $mem)))
    (core func $9 (canon waitable-set.wait (memory $mem)))
    (core module $Code
        (import "b" "0" (func (param i32 i32 i32) (result i32)))
        (import "b" "1" (func (param i32 i32 i32) (result i32)))
        (import "b" "2" (func (param i32 i32 i32) (result i32)))
        (import "b" "3" (func (param i32 i32 i32) (result i32)))
        (import "b" "4" (func (param i32 i32 i32) (result i32)))
        (import "b" "5" (func (param i32 i32 i32) (result i32)))
        (import "b" "6" (func (param i32 i32) (result i32)))
        (import "b" "7" (func (param i32 i32) (result i32)))
        (import "b" "8" (func (param i32 i32) (result i32)))
        (import "b" "9" (func (param i32 i32) (result i32))))
    (core instance (instantiate $Code (with "b" (instance
        (export "0" (func $0)) (export "1" (func $1)) (export "2" (func $2)) (export "3" (func $3))
        (export "4" (func $4)) (export "5" (func $5)) (export "6" (func $6)) (export "7" (func $7))
        (export "8" (func $8)) (export "9" (func $9))))))
"#;

#[test]
fn copies_of_every_kind_of_payload_are_lowered() {
    is_lowered(COPIES);
}

#[test]
fn copies_of_what_nobody_provides_are_lowered() {
    let lowered = lowered_without(COPIES, "test:").unwrap().unwrap();
    assert_eq!(lowered.added, ["whorl:adapter/async-runtime@0.1.0"]);
}

const CALLS: &str = r#"
    (core func $cancel (canon subtask.cancel))
    (core func $0 (canon lower (func $store "wait") async))
    (core func $1 (canon lower (func $store "number") (memory $mem) async))
    (core func $2 (canon lower (func $store "[method]bucket.get") (memory $mem) (realloc $realloc) async))
    (core func $3 (canon lower (func $store "[method]bucket.set") (memory $mem) (realloc $realloc) async))
    (core func $4 (canon lower (func $store "wait")))
    (core func $5 (canon lower (func $store "number")))
    (core func $6 (canon lower (func $store "[method]bucket.get") (memory $mem) (realloc $realloc)))
    (core func $7 (canon lower (func $store "[method]bucket.set") (memory $mem) (realloc $realloc)))
    (core func $8 (canon lower (func $store "count")))
    (core module $Code
        (import "b" "cancel" (func (param i32) (result i32)))
        (import "b" "0" (func (param i64) (result i32)))
        (import "b" "1" (func (param i32) (result i32)))
        (import "b" "2" (func (param i32 i32 i32 i32) (result i32)))
        (import "b" "3" (func (param i32 i32) (result i32)))
        (import "b" "4" (func (param i64)))
        (import "b" "5" (func (result i32)))
        (import "b" "6" (func (param i32 i32 i32 i32)))
        (import "b" "7" (func (param i32 i32 i32 i32 i32 i32)))
        (import "b" "8" (func (param i32) (result i32))))
    (core instance (instantiate $Code (with "b" (instance
        (export "cancel" (func $cancel))
        (export "0" (func $0)) (export "1" (func $1)) (export "2" (func $2)) (export "3" (func $3))
        (export "4" (func $4)) (export "5" (func $5)) (export "6" (func $6)) (export "7" (func $7))
        (export "8" (func $8))))))
"#;

#[test]
fn calls_are_lowered_whether_they_wait_or_not() {
    is_lowered(CALLS);
}

#[test]
fn calls_of_what_nobody_provides_are_traps() {
    let lowered = lowered_without(CALLS, "test:").unwrap().unwrap();
    let text = String::from_utf8_lossy(&lowered.component).into_owned();
    assert!(!text.contains("test:lab/store@1.0.0"));
}

/// A handler as SDKs build it: lifted with a callback, exported by a component inside.
fn handler(start: &str, options: &str) -> String {
    format!(
        r#"
        (import "wasi:http/types@0.3.0" (instance $types
            (export "request" (type (sub resource)))
            (export "response" (type (sub resource)))
            (type $code (variant (case "a") (case "internal-error" (option string))))
            (export "error-code" (type (eq $code)))))
        (alias export $types "request" (type $request))
        (alias export $types "response" (type $response))
        (alias export $types "error-code" (type $error-code))
        (type $answer (result (own $response) (error $error-code)))
        (core func $return (canon task.return (result $answer) (memory $mem)))
        (core module $Code
            (import "b" "return" (func (param i32 i32 i32 i32 i32)))
            (func (export "start") (param i32) (result i32) (i32.const 0))
            (func (export "run") (param i32))
            (func (export "callback") (param i32 i32 i32) (result i32) (i32.const 0)))
        (core instance $code (instantiate $Code (with "b" (instance (export "return" (func $return))))))
        (type $Handle (func async (param "request" (own $request)) (result $answer)))
        (alias core export $code "{start}" (core func $start))
        (alias core export $code "callback" (core func $callback))
        (func $handle (type $Handle) (canon lift (core func $start) (memory $mem) {options}))
        (component $Shim
            (import "request" (type $request (sub resource)))
            (import "response" (type $response (sub resource)))
            (type $code (variant (case "a") (case "internal-error" (option string))))
            (import "error-code" (type $error-code (eq $code)))
            (type $answer (result (own $response) (error $error-code)))
            (type $Handle (func async (param "request" (own $request)) (result $answer)))
            (import "handle" (func $handle (type $Handle)))
            (export "handle-it" (func $handle)))
        (instance $handler (instantiate $Shim
            (with "request" (type $request)) (with "response" (type $response))
            (with "error-code" (type $error-code)) (with "handle" (func $handle))))
        (export "wasi:http/handler@0.3.0" (instance $handler))
        "#
    )
}

#[test]
fn the_handler_becomes_a_function() {
    let lowered = lowered(&handler("start", "async (callback $callback)"));
    let lowered = lowered.unwrap().unwrap();
    let added = [
        "whorl:adapter/async-runtime@0.1.0",
        "whorl:adapter/http-handler@0.1.0",
    ];
    assert_eq!(lowered.added, added);
    assert!(lowered.is_handler);
    let types = crate::validate::types_of(&lowered.component).unwrap();
    assert!(types.as_ref().component_item_for_export("handle").is_some());
    let handler = types
        .as_ref()
        .component_item_for_export("wasi:http/handler@0.3.0");
    assert!(handler.is_none());
}

#[test]
fn what_cannot_be_lowered_is_refused_by_what_it_is() {
    let threads = r#"(core func (canon thread.index))"#;
    let contexts = r#"(core func (canon error-context.drop))"#;
    for (body, expected) in [
        (threads, "it uses threads (`ThreadIndex`)"),
        (contexts, "it uses error contexts"),
        (&handler("run", "async"), "is lifted without a callback"),
    ] {
        let found = refusal(body);
        assert!(found.contains(expected), "{found}");
    }
}
