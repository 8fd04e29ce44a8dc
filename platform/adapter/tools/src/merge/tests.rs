use super::*;
use std::collections::BTreeMap;
use wasmparser::{Operator, Parser, Payload, Validator, WasmFeatures};

/// Three modules: an environment, a library whose function goes through a trampoline, and what the component exports.
const LINKED: &str = r#"(component
    (core module $environment
        (memory (export "memory") 1)
        (table (export "table") 2 2 funcref)
        (global (export "base") i32 (i32.const 1000))
        (global (export "stack") (mut i32) (i32.const 2000))
        (func (export "later") (result i32) (call_indirect (result i32) (i32.const 1))))
    (core instance $environment (instantiate $environment))
    (core module $library
        (import "environment" "memory" (memory 1))
        (import "environment" "base" (global $base i32))
        (global $place (mut i32) (i32.const 30))
        (func (export "address") (result i32)
            (i32.add (i32.add (global.get $base) (global.get $place)) (i32.div_u (i32.const 77) (i32.const 7))))
        (func (export "dead") (result i32) (i32.const 555555))
        (data (global.get $base) "library"))
    (core instance $library (instantiate $library (with "environment" (instance $environment))))
    (core module $main
        (import "environment" "memory" (memory 1))
        (import "environment" "table" (table 1 funcref))
        (import "environment" "stack" (global $stack (mut i32)))
        (import "environment" "later" (func $later (result i32)))
        (import "library" "address" (func $address (result i32)))
        (func $large (result i32)
            (global.set $stack (i32.sub (global.get $stack) (i32.const 16)))
            (i32.store (global.get $stack) (i32.add (call $address) (call $address)))
            (i32.store (global.get $stack) (i32.add (call $address) (call $address)))
            (i32.store (global.get $stack) (i32.add (call $address) (call $address)))
            (i32.store (global.get $stack) (i32.add (call $address) (call $address)))
            (i32.load (global.get $stack)))
        (elem (i32.const 1) func $large)
        (func (export "run") (result i32) (i32.add (call $later) (call $large))))
    (core instance $main (instantiate $main
        (with "environment" (instance $environment)) (with "library" (instance $library))))
    (func (export "run") (result u32) (canon lift (core func $main "run"))))"#;

fn parse(text: &str) -> Vec<u8> {
    wat::parse_str(text).unwrap()
}

fn merged(text: &str) -> Vec<u8> {
    let merged = try_merge(&parse(text), None).unwrap();
    let features = WasmFeatures::default() | WasmFeatures::COMPONENT_MODEL;
    Validator::new_with_features(features)
        .validate_all(&merged)
        .unwrap();
    merged
}

/// Why a component stays as it is.
fn refusal(text: &str) -> String {
    match try_merge(&parse(text), None) {
        Ok(_) => String::from("it is merged"),
        Err(refusal) => format!("{refusal:#}"),
    }
}

/// How many modules a component has on its outermost level, and how often each kind of operator stands in them.
fn contents(component: &[u8]) -> (usize, BTreeMap<&'static str, usize>) {
    let (mut modules, mut operators) = (0, BTreeMap::new());
    for payload in Parser::new(0).parse_all(component) {
        match payload.unwrap() {
            Payload::ModuleSection { .. } => modules += 1,
            Payload::CodeSectionEntry(body) => {
                for operator in body.get_operators_reader().unwrap() {
                    let kind = match operator.unwrap() {
                        Operator::CallIndirect { .. } => "call_indirect",
                        Operator::Call { .. } => "call",
                        Operator::GlobalGet { .. } => "global.get",
                        Operator::I32DivU => "i32.div_u",
                        Operator::I32Const { value: 555_555 } => "dead",
                        _ => "other",
                    };
                    *operators.entry(kind).or_default() += 1;
                }
            }
            _ => {}
        }
    }
    (modules, operators)
}

#[test]
fn two_modules_come_of_three() {
    assert_eq!(contents(&parse(LINKED)).0, 3);
    assert_eq!(contents(&merged(LINKED)).0, 2);
}

#[test]
fn what_is_merged_once_has_nothing_left_to_merge() {
    let once = merged(LINKED);
    assert!(try_merge(&once, None).is_err());
    assert_eq!(merge(once.clone(), None), once);
}

#[test]
fn a_trampoline_becomes_a_direct_call() {
    let (_, operators) = contents(&merged(LINKED));
    assert_eq!(operators.get("call_indirect"), None);
    // Of `large`, which is too large to be put where it is called: by its name and by the trampoline.
    assert_eq!(operators["call"], 2);
}

#[test]
fn small_functions_stand_where_they_are_called() {
    let (before, after) = (contents(&parse(LINKED)).1, contents(&merged(LINKED)).1);
    assert_eq!(before["i32.div_u"], 1);
    assert_eq!(after["i32.div_u"], 1 + 8);
}

/// A function that is called twice by the next, that one by the next, and so on.
#[test]
fn what_is_put_where_it_is_called_grows_within_bounds() {
    let mut functions =
        String::from("(func $f0 (result i32) (i32.div_u (i32.const 1) (i32.const 2)))");
    for n in 1..=40 {
        let before = n - 1;
        functions +=
            &format!("(func $f{n} (result i32) (i32.add (call $f{before}) (call $f{before})))");
    }
    let calls = "(drop (call $f40))".repeat(20_000);
    let text = LINKED.replace(
        "(func $large",
        &format!("{functions} (func $many {calls}) (elem (i32.const 0) func $many) (func $large"),
    );
    let (before, after) = (contents(&parse(&text)).1, contents(&merged(&text)).1);
    assert!(after["other"] < before["other"] + 100_000);
}

#[test]
fn globals_that_nobody_sets_become_constants() {
    // Only the stack is set; `large` reads it six times.
    assert_eq!(contents(&merged(LINKED)).1["global.get"], 6);
}

#[test]
fn what_nobody_can_reach_is_left_out() {
    assert_eq!(contents(&parse(LINKED)).1["dead"], 1);
    assert_eq!(contents(&merged(LINKED)).1.get("dead"), None);
}

#[test]
fn a_table_that_somebody_changes_keeps_its_trampolines() {
    let changing = LINKED.replace(
        "(func (export \"run\") (result i32)",
        "(func (export \"run\") (result i32) (table.set (i32.const 0) (ref.null func))",
    );
    // Of the trampoline itself, and of its body where it is called.
    assert_eq!(contents(&merged(&changing)).1["call_indirect"], 2);
}

#[test]
fn components_inside_are_merged_too() {
    let around = format!("(component {LINKED})");
    assert_eq!(contents(&merged(&around)).0, 2);
    let with_own = LINKED.replacen("(component", &format!("(component {LINKED}"), 1);
    assert_eq!(contents(&parse(&with_own)).0, 6);
    assert_eq!(contents(&merged(&with_own)).0, 4);
}

#[test]
fn components_that_lie_deep_in_others_are_left_as_they_are() {
    let deep = |levels: usize| {
        let around = |data: Vec<u8>, _| {
            let mut component = wasm_encoder::Component::new();
            component.section(&wasm_encoder::RawSection { id: 4, data: &data });
            component.finish()
        };
        (0..levels).fold(parse(LINKED), around)
    };
    assert_eq!(contents(&try_merge(&deep(DEEPEST), None).unwrap()).0, 2);
    assert!(try_merge(&deep(DEEPEST + 1), None).is_err());
    assert!(try_merge(&deep(5000), None).is_err());
}

#[test]
fn globals_that_double_from_one_to_the_next_are_computed_once() {
    let mut globals = String::from("(global $g0 i32 (i32.const 1))");
    for n in 1..=60 {
        let before = n - 1;
        globals += &format!(
            "(global $g{n} i32 (i32.add (global.get $g{before}) (global.get $g{before})))"
        );
    }
    let text = LINKED.replace("(func $large", &format!("{globals} (func $large"));
    let text = text.replace("(call $later)", "(i32.add (call $later) (global.get $g60))");
    assert_eq!(contents(&merged(&text)).1["global.get"], 6);
}

#[test]
fn trampolines_that_lead_in_a_circle_are_left_as_they_are() {
    let text = LINKED.replace(
        "(elem (i32.const 1) func $large)",
        "(elem (i32.const 1) func $later)",
    );
    assert!(contents(&merged(&text)).1["call_indirect"] > 0);
}

#[test]
fn a_trampoline_by_another_type_is_left_as_it_is() {
    let text = LINKED.replace(
        "(call_indirect (result i32) (i32.const 1))",
        "(i32.const 5) (call_indirect (i32.const 1))",
    );
    assert!(contents(&merged(&text)).1["call_indirect"] > 0);
}

/// A component with a resource whose destructor is one of its functions; `uses` is what else its code does.
fn with_resource(uses: &str) -> String {
    format!(
        r#"(component
        (core module $shim
            (table (export "table") 1 funcref)
            (func (export "destroy") (param i32) (call_indirect (param i32) (local.get 0) (i32.const 0))))
        (core instance $shim (instantiate $shim))
        (alias core export $shim "destroy" (core func $destroy))
        (type $thing (resource (rep i32) (dtor (func $destroy))))
        (core func $new (canon resource.new $thing))
        (core func $drop (canon resource.drop $thing))
        (core module $main
            (import "things" "new" (func $new (param i32) (result i32)))
            (import "things" "drop" (func $drop (param i32)))
            (memory (export "memory") 1)
            (func (export "destroy") (param i32) (i32.store (i32.const 0) (local.get 0)))
            (func (export "run") (result i32) {uses} (i32.load (i32.const 0))))
        (core instance $main (instantiate $main
            (with "things" (instance (export "new" (func $new)) (export "drop" (func $drop))))))
        (core module $fill
            (import "" "table" (table 1 funcref))
            (import "" "destroy" (func $destroy (param i32)))
            (elem (i32.const 0) func $destroy))
        (core instance (instantiate $fill (with "" (instance
            (export "table" (table $shim "table")) (export "destroy" (func $main "destroy"))))))
        (func (export "run") (result u32) (canon lift (core func $main "run"))))"#
    )
}

fn has_destructor(component: &[u8]) -> bool {
    Parser::new(0).parse_all(component).any(|payload| {
        let Payload::ComponentTypeSection(types) = payload.unwrap() else {
            return false;
        };
        types.into_iter().any(|ty| {
            matches!(
                ty.unwrap(),
                wasmparser::ComponentType::Resource { dtor: Some(_), .. }
            )
        })
    })
}

#[test]
fn a_resource_that_is_made_keeps_its_destructor() {
    assert!(has_destructor(&merged(&with_resource(
        "(call $drop (call $new (i32.const 7)))"
    ))));
}

#[test]
fn a_resource_that_is_never_made_needs_no_destructor() {
    assert!(!has_destructor(&merged(&with_resource(
        "(call $drop (i32.const 1))"
    ))));
}

#[test]
fn what_is_not_understood_is_left_as_it_is() {
    let main = "(func $large";
    let many = format!(
        "(func $many (local {})) (func $large (result i32) (call $many)",
        "i32 ".repeat(45_000)
    );
    for (place, with, reason) in [
        (
            "(func $large (result i32)",
            many.as_str(),
            "so large a frame has no place in the merged module",
        ),
        (main, "(tag) (func $large", "it has tags"),
        (
            main,
            "(data \"x\") (func $large",
            "it has passive data segments",
        ),
        (
            main,
            "(elem func 0) (func $large",
            "it has passive element segments",
        ),
        (
            main,
            "(type (struct)) (func $large",
            "it has types that are not of functions",
        ),
        (
            main,
            "(memory 1) (func $large",
            "it does not have one plain memory",
        ),
        (
            "(global.get $base) \"library\"",
            "(i32.const 0) \"library\") (func $begin) (start $begin",
            "a start function runs before all segments are in place",
        ),
        (
            "(core instance $environment (instantiate $environment))",
            "(core instance $environment (instantiate $environment)) (core instance (instantiate $environment))",
            "a core module is instantiated twice",
        ),
        (
            "(core module $library",
            "(component (alias outer 1 $environment (core module))) (core module $library",
            "a component inside has a core module of one around it",
        ),
        (
            "(func (export \"run\") (result u32)",
            "(export \"code\" (core module $main)) (func (export \"run\") (result u32)",
            "it passes core modules on",
        ),
    ] {
        let text = LINKED.replacen(place, with, 1);
        assert_ne!(text, LINKED);
        assert_eq!(refusal(&text), reason);
    }
}
