use super::*;
use crate::input::outermost;
use wasmparser::Payload;
use wit_component::dummy_module;
use wit_parser::{LiftLowerAbi, ManglingAndAbi, Resolve};

/// A component with what is in its world as text, and does nothing.
fn guest(packages: &[&str], items: &str) -> Vec<u8> {
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

fn called(packages: &[&str], items: &str) -> (Vec<u8>, Description) {
    caller(&guest(packages, items), None, false).unwrap()
}

/// The names of what a component imports and exports.
fn names(component: &[u8]) -> (Vec<String>, Vec<String>) {
    let (mut imports, mut exports) = (Vec::new(), Vec::new());
    for section in outermost(component).unwrap() {
        match section {
            Payload::ComponentImportSection(section) => {
                let names = section.into_iter().map(|each| each.unwrap().name.name);
                imports.extend(names.map(str::to_owned));
            }
            Payload::ComponentExportSection(section) => {
                let names = section.into_iter().map(|each| each.unwrap().name.name);
                exports.extend(names.map(str::to_owned));
            }
            _ => {}
        }
    }
    (imports, exports)
}

fn words(description: &Description) -> Vec<&str> {
    let functions = description.functions.iter();
    functions.map(|each| each.words.as_str()).collect()
}

const SHOP: &str = "package a:b;
    interface types {
        record price { cents: u32 }
    }
    interface shop {
        use types.{price};
        resource item {
            constructor(name: string);
            cost: func() -> price;
            find: static func(name: string) -> result<item, string>;
        }
        flags few { one, two }
        sell: func(items: list<borrow<item>>, to: option<tuple<few, char>>) -> result<_, price>;
        none: func() -> result;
    }
    interface more {
        use shop.{item};
        buy: func(item: item);
    }
    interface later {
        listen: func() -> stream<u8>;
        wait: async func();
        now: func() -> u64;
    }";

#[test]
fn it_imports_what_is_exported_and_exports_one_function() {
    let (made, description) = called(&[SHOP], "export a:b/later; export run: func(x: s8) -> f32;");
    let (imports, exports) = names(&made);
    assert_eq!(imports, ["a:b/later", "whorl:host/caller@0.1.0", "run"]);
    assert_eq!(exports, ["handle"]);
    let mut called = description.exports.clone();
    called.sort();
    assert_eq!(called, ["a:b/later", "run"]);
    assert_eq!(description.interface, "whorl:host/caller@0.1.0");
}

#[test]
fn types_that_it_uses_are_imported_with_it() {
    let (made, description) = called(&[SHOP], "export a:b/shop;");
    let expected = ["a:b/types", "a:b/shop", "whorl:host/caller@0.1.0"];
    assert_eq!(names(&made).0, expected);
    assert_eq!(description.exports, ["a:b/shop"]);
    let resource = &description.resources[0];
    assert_eq!(
        (&*resource.interface, &*resource.name),
        ("a:b/shop", "item")
    );
}

#[test]
fn functions_are_told_as_wit() {
    let (_, description) = called(&[SHOP], "export a:b/shop;");
    let mut words = words(&description);
    words.sort_unstable();
    let expected = [
        "item.cost: func() -> price",
        "item.find: static func(name: string) -> result<item, string>",
        "item: constructor(name: string)",
        "none: func() -> result",
        "sell: func(items: list<borrow<item>>, to: option<tuple<few, char>>) -> result<_, price>",
    ];
    assert_eq!(words, expected);
}

#[test]
fn functions_that_cannot_be_called_are_told_with_the_reason() {
    let (_, description) = called(&[SHOP], "export a:b/later;");
    assert_eq!(words(&description), ["now: func() -> u64"]);
    let refused = description.refused.iter();
    let refused: Vec<_> = refused
        .map(|each| (each.words.as_str(), each.because.as_str()))
        .collect();
    let expected = [
        ("listen: func() -> stream<u8>", "it uses a stream"),
        ("wait: async func()", "it is async"),
    ];
    assert_eq!(refused, expected);
}

#[test]
fn a_resource_that_the_component_imports_cannot_be_passed() {
    let (made, description) = called(&[SHOP], "import a:b/shop; export a:b/more;");
    assert!(description.functions.is_empty());
    assert_eq!(
        description.refused[0].because,
        "it uses the resource `item` of `a:b/shop`, which is not exported with it"
    );
    assert_eq!(names(&made).0, ["whorl:host/caller@0.1.0"]);
}

#[test]
fn interfaces_that_share_a_resource_are_called_together() {
    let (made, description) = called(&[SHOP], "export a:b/shop; export a:b/more;");
    assert_eq!(description.resources.len(), 1);
    assert!(description.refused.is_empty());
    assert!(names(&made).0.contains(&"a:b/more".to_owned()));
}

#[test]
fn an_interface_that_is_imported_too_is_called() {
    let (made, description) = called(&[SHOP], "import a:b/shop; export a:b/shop;");
    assert_eq!(description.functions.len(), 5);
    assert_eq!(description.exports, ["a:b/shop"]);
    let expected = ["a:b/types", "a:b/shop", "whorl:host/caller@0.1.0"];
    assert_eq!(names(&made).0, expected);
}

#[test]
fn an_interface_without_a_package_is_called_by_its_own_name() {
    let (made, description) = called(&[], "export local: interface { f: func() -> string; }");
    assert_eq!(names(&made).0, ["local", "whorl:host/caller@0.1.0"]);
    assert_eq!(description.functions[0].interface.as_deref(), Some("local"));
}

#[test]
fn adapters_are_told_when_a_function_has_returned() {
    let (made, _) = caller(&guest(&[], "export run: func();"), None, true).unwrap();
    let expected = [
        "whorl:adapter/calls@0.1.0",
        "whorl:host/caller@0.1.0",
        "run",
    ];
    assert_eq!(names(&made).0, expected);
}

#[test]
fn exports_that_are_not_asked_for_are_left_out() {
    let component = guest(&[SHOP], "export a:b/later; export run: func();");
    let wanted = ["run".to_owned()];
    let (made, _) = caller(&component, Some(&wanted), false).unwrap();
    assert_eq!(names(&made).0, ["whorl:host/caller@0.1.0", "run"]);
}

#[test]
fn an_export_that_there_is_not_is_told_with_those_that_there_are() {
    let component = guest(&[SHOP], "export a:b/later; export run: func();");
    let refusal = caller(&component, Some(&["walk".to_owned()]), false).unwrap_err();
    let expected = "the component does not export `walk`; it exports `run`, `a:b/later`";
    assert_eq!(refusal.to_string(), expected);
}

#[test]
fn large_results_and_many_parameters_go_by_memory() {
    let params: Vec<_> = (0..20).map(|n| format!("p{n}: u64")).collect();
    let items = format!(
        "export f: func({}) -> tuple<string, f64>;",
        params.join(", ")
    );
    let (_, description) = called(&[], &items);
    assert_eq!(description.functions[0].params.len(), 20);
}

#[test]
fn a_caller_is_not_called_itself() {
    let (made, _) = called(&[], "export run: func();");
    let refusal = caller(&made, None, false).unwrap_err().to_string();
    assert!(refusal.starts_with("the component imports `whorl:host`"));
}
