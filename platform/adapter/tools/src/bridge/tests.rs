use super::*;
use crate::input::outermost;
use std::collections::BTreeMap;
use wasmparser::{
    CanonicalFunction, CanonicalOption, ComponentAlias, ComponentExternalKind, Payload,
};
use wit_component::dummy_module;
use wit_parser::{LiftLowerAbi, ManglingAndAbi, Resolve};

/// A component that imports `imports`, which `packages` define, and does nothing.
fn guest(packages: &[&str], imports: &[&str]) -> Vec<u8> {
    let imports: String = imports
        .iter()
        .map(|name| format!("import {name};\n"))
        .collect();
    guest_of(packages, &imports)
}

/// The same, with what is in its world as text.
fn guest_of(packages: &[&str], items: &str) -> Vec<u8> {
    let mut resolve = Resolve::default();
    for package in packages {
        resolve.push_source("package.wit", package).unwrap();
    }
    let text = format!("package test:guest;\nworld guest {{ {items} }}");
    let package = resolve.push_source("guest.wit", &text).unwrap();
    let world = resolve.select_world(&[package], None).unwrap();
    let abi = ManglingAndAbi::Legacy(LiftLowerAbi::Sync);
    let mut module = dummy_module(&resolve, world, abi);
    embed_component_metadata(&mut module, &resolve, world, StringEncoding::UTF8).unwrap();
    let mut encoder = ComponentEncoder::default();
    encoder.module(&module).unwrap().encode().unwrap()
}

fn plan(interfaces: &[&str]) -> Plan {
    Plan {
        component: String::new(),
        interfaces: interfaces.iter().map(ToString::to_string).collect(),
        number: 0,
        keeps_nothing: Vec::new(),
        changed: None,
    }
}

fn bridged(packages: &[&str], interfaces: &[&str]) -> (Vec<u8>, Description) {
    made(&guest(packages, interfaces), &plan(interfaces))
}

fn made(component: &[u8], plan: &Plan) -> (Vec<u8>, Description) {
    let made = bridge(component, plan).unwrap();
    (made.bridge, made.description)
}

/// The names of what a component imports and exports.
fn names(component: &[u8]) -> (Vec<String>, Vec<String>) {
    let (mut imports, mut exports) = (Vec::new(), Vec::new());
    for section in outermost(component).unwrap() {
        match section {
            Payload::ComponentImportSection(section) => {
                imports.extend(
                    section
                        .into_iter()
                        .map(|each| each.unwrap().name.name.into()),
                );
            }
            Payload::ComponentExportSection(section) => {
                exports.extend(
                    section
                        .into_iter()
                        .map(|each| each.unwrap().name.name.into()),
                );
            }
            _ => {}
        }
    }
    (imports, exports)
}

/// By the names of the functions that a component lowers, the encodings of their strings.
fn encodings(component: &[u8]) -> BTreeMap<String, CanonicalOption> {
    let (mut functions, mut encodings) = (Vec::new(), BTreeMap::new());
    for section in outermost(component).unwrap() {
        match section {
            Payload::ComponentAliasSection(section) => {
                for alias in section {
                    if let ComponentAlias::InstanceExport {
                        kind: ComponentExternalKind::Func,
                        name,
                        ..
                    } = alias.unwrap()
                    {
                        functions.push(name.to_owned());
                    }
                }
            }
            Payload::ComponentCanonicalSection(section) => {
                for function in section {
                    if let CanonicalFunction::Lower {
                        func_index,
                        options,
                    } = function.unwrap()
                    {
                        let name = functions[func_index as usize].clone();
                        let mut encoding = options.iter().copied();
                        encodings.extend(
                            encoding
                                .find(crate::latin1::is_encoding)
                                .map(|each| (name, each)),
                        );
                    }
                }
            }
            _ => {}
        }
    }
    encodings
}

const SPIN: &str = include_str!("../../../wit/spin/fermyon-spin-2.0.0.wit");

#[test]
fn the_interfaces_of_spin_are_bridged() {
    let cases: [(&str, &[&str]); 7] = [
        (
            SPIN,
            &[
                "fermyon:spin/key-value@2.0.0",
                "fermyon:spin/variables@2.0.0",
                "fermyon:spin/llm@2.0.0",
                "fermyon:spin/redis@2.0.0",
                "fermyon:spin/mqtt@2.0.0",
                "fermyon:spin/rdbms-types@2.0.0",
                "fermyon:spin/mysql@2.0.0",
                "fermyon:spin/postgres@2.0.0",
                "fermyon:spin/sqlite@2.0.0",
            ],
        ),
        (
            include_str!("../../../wit/spin/fermyon-spin-unversioned.wit"),
            &["fermyon:spin/key-value"],
        ),
        (
            include_str!("../../../wit/spin/spin-postgres-3.0.0.wit"),
            &["spin:postgres/postgres@3.0.0"],
        ),
        (
            include_str!("../../../wit/spin/spin-postgres-4.0.0.wit"),
            &["spin:postgres/postgres@4.0.0"],
        ),
        (
            include_str!("../../../wit/spin/spin-sqlite-3.0.0.wit"),
            &["spin:sqlite/sqlite@3.0.0"],
        ),
        (
            include_str!("../../../wit/spin/wasi-config-0.2.0-draft-2024-09-27.wit"),
            &["wasi:config/store@0.2.0-draft-2024-09-27"],
        ),
        (
            include_str!("../../../wit/spin/wasi-keyvalue-0.2.0-draft2.wit"),
            &[
                "wasi:keyvalue/store@0.2.0-draft2",
                "wasi:keyvalue/batch@0.2.0-draft2",
                "wasi:keyvalue/atomics@0.2.0-draft2",
            ],
        ),
    ];
    for (package, interfaces) in cases {
        let (made, description) = bridged(&[package], interfaces);
        let (_, exports) = names(&made);
        assert_eq!(exports, interfaces);
        assert!(!description.functions.is_empty());
    }
}

#[test]
fn each_is_bridged_alone_if_its_types_are_its_own() {
    for interface in ["key-value", "redis", "mqtt", "sqlite"] {
        let name = format!("fermyon:spin/{interface}@2.0.0");
        assert_eq!(names(&bridged(&[SPIN], &[&name]).0).1, [name]);
    }
}

#[test]
fn what_has_only_types_comes_with_what_uses_them() {
    let types = "fermyon:spin/rdbms-types@2.0.0";
    let (made, description) = bridged(&[SPIN], &["fermyon:spin/mysql@2.0.0"]);
    assert_eq!(names(&made).1, [types, "fermyon:spin/mysql@2.0.0"]);
    assert!(
        description
            .functions
            .iter()
            .all(|each| each.interface != types)
    );
}

const SHOP: &str = "package a:b;
    interface shop {
        resource item {
            constructor(name: string);
            price: func() -> u32;
        }
        sell: func(item: item);
    }
    interface plain {
        f: func();
    }";

#[test]
fn strings_of_frames_are_latin1_and_others_utf_8() {
    let (made, _) = bridged(&[SHOP], &["a:b/shop"]);
    let expected = [
        ("call", CanonicalOption::CompactUTF16),
        ("challenge", CanonicalOption::UTF8),
        ("finish", CanonicalOption::CompactUTF16),
        ("resolved", CanonicalOption::CompactUTF16),
        ("wait", CanonicalOption::UTF8),
    ];
    let expected = expected.map(|(name, encoding)| (name.to_owned(), encoding));
    assert_eq!(encodings(&made), BTreeMap::from(expected));
}

#[test]
fn its_imports_are_those_of_its_number_and_the_one_that_waits() {
    let mut plan = plan(&["a:b/plain"]);
    plan.number = 3;
    let (bridge, description) = made(&guest(&[SHOP], &["a:b/plain"]), &plan);
    let (imports, _) = names(&bridge);
    assert_eq!(imports, ["whorl:host/bridge-3@0.1.0", host::TASKS]);
    assert_eq!(description.interface, imports[0]);
}

#[test]
fn an_interface_without_a_package_is_bridged_by_its_own_name() {
    let component = guest_of(&[], "import local: interface { f: func() -> string; }");
    let (bridge, description) = made(&component, &plan(&["local"]));
    assert_eq!(names(&bridge).1, ["local"]);
    assert_eq!(description.functions[0].interface, "local");
}

#[test]
fn a_bridge_that_is_bridged_itself_is_refused() {
    let (made, _) = bridged(&[SHOP], &["a:b/plain"]);
    let refusal = bridge(&made, &plan(&["whorl:host/bridge-0@0.1.0"]))
        .err()
        .unwrap();
    assert!(
        refusal
            .to_string()
            .starts_with("the component imports `whorl:host`")
    );
}

#[test]
fn an_unknown_key_of_a_plan_is_refused() {
    let text = r#"{"component": "a", "interfaces": [], "resources": []}"#;
    let refusal = serde_json::from_str::<Plan>(text).unwrap_err().to_string();
    assert!(refusal.starts_with("unknown field `resources`"));
}

#[test]
fn bytes_of_key_value_are_strings_and_the_guest_is_changed_for_that() {
    let interface = "fermyon:spin/key-value@2.0.0";
    let component = guest(&[SPIN], &[interface]);
    let mut plan = plan(&[interface]);
    plan.changed = Some("changed.wasm".to_owned());
    let made = bridge(&component, &plan).unwrap();
    let functions = made.description.functions.iter();
    let with_strings: Vec<&str> = functions
        .filter(|each| each.has_strings)
        .map(|each| each.name.as_str())
        .collect();
    assert_eq!(with_strings, ["[method]store.get", "[method]store.set"]);
    let changed = made.guest.unwrap();
    crate::validate::validate(&changed).unwrap();
    let encodings = encodings(&changed);
    let is_compact = |name: &&str| encodings.get(*name) == Some(&CanonicalOption::CompactUTF16);
    assert!(with_strings.iter().all(is_compact));
    assert_eq!(
        encodings.get("[static]store.open"),
        Some(&CanonicalOption::UTF8)
    );
}

#[test]
fn a_guest_of_which_nothing_is_to_be_changed_is_not() {
    let component = guest(&[SHOP], &["a:b/shop"]);
    let mut plan = plan(&["a:b/shop"]);
    plan.changed = Some("changed.wasm".to_owned());
    assert!(bridge(&component, &plan).unwrap().guest.is_none());
}
