//! A guest that asks the host for customers, by an interface that the host implements in Python.
//!
//! | end of the path | what it answers with |
//! |---|---|
//! | `/find?id` | the customer, or 404, or 502 and why |
//! | `/search?text` | the names |
//! | `/photo?id` | the picture's size and the sum of its bytes |
//! | `/greet?name` | the greeting |
//! | `/visit?text` | the notes of a visit that it makes, with `text` and `more` |
//! | `/merge?n` | the notes of `n` visits and the open ones, made one |
//! | `/drop?n` | after it has made and dropped `n` visits |
//! | `/times?what,n` | after it has asked `n` times for a greeting, a photo or a search |

mod bindings {
    wit_bindgen::generate!({
        inline: "
            package test:crm;
            world crm {
                import example:crm/customers@1.0.0;
                include wasi:http/imports@0.2.12;
                export wasi:http/incoming-handler@0.2.12;
            }
        ",
        path: [
            "../../../platform/adapter/wit/wasi/io.wit",
            "../../../platform/adapter/wit/wasi/clocks.wit",
            "../../../platform/adapter/wit/wasi/random.wit",
            "../../../platform/adapter/wit/wasi/filesystem.wit",
            "../../../platform/adapter/wit/wasi/sockets.wit",
            "../../../platform/adapter/wit/wasi/cli.wit",
            "../../../platform/adapter/wit/wasi/http.wit",
            "wit/crm.wit",
        ],
        world: "test:crm/crm",
        generate_all,
    });
}

use bindings::example::crm::customers::{self, Customer, Failure, Visit};
use bindings::exports::wasi::http::incoming_handler::Guest;
use bindings::wasi::http::types::{
    Fields, IncomingRequest, OutgoingBody, OutgoingResponse, ResponseOutparam,
};

struct Crm;

bindings::export!(Crm with_types_in bindings);

impl Guest for Crm {
    fn handle(request: IncomingRequest, response_out: ResponseOutparam) {
        let target = request.path_with_query().unwrap_or_default();
        let (path, query) = target.split_once('?').unwrap_or((&target, ""));
        let (status, text) = match path.rsplit('/').next().unwrap_or_default() {
            "find" => find(number(query)),
            "search" => (200, names(&customers::search(query))),
            "photo" => (200, sum(&customers::photo(number(query)))),
            "greet" => (200, customers::greet(query)),
            "visit" => (200, visit(query)),
            "merge" => (200, merge(number(query))),
            "drop" => (200, drop_all(number(query))),
            "times" => (200, times(query)),
            _ => (404, String::new()),
        };
        answer(response_out, status, &text);
    }
}

fn number(text: &str) -> u32 {
    text.parse().unwrap_or_default()
}

fn find(id: u32) -> (u16, String) {
    match customers::find(id) {
        Ok(customer) => (200, format!("{customer:?}")),
        Err(Failure::Unknown) => (404, "unknown".into()),
        Err(Failure::Unreachable(why)) => (502, why),
    }
}

fn names(found: &[Customer]) -> String {
    let names: Vec<&str> = found.iter().map(|each| each.name.as_str()).collect();
    names.join(", ")
}

fn sum(bytes: &[u8]) -> String {
    let sum: u64 = bytes.iter().map(|byte| u64::from(*byte)).sum();
    format!("{} bytes, {sum}", bytes.len())
}

fn visit(text: &str) -> String {
    let visit = Visit::new(7);
    let first = visit.note(text);
    let second = visit.note("more");
    format!("{first} {second} {}", visit.notes().join(", "))
}

fn merge(count: u32) -> String {
    let mut visits: Vec<Visit> = (0..count)
        .map(|customer| {
            let visit = Visit::new(customer);
            visit.note(&format!("of {customer}"));
            visit
        })
        .collect();
    visits.extend(customers::open_visits());
    Visit::merge(visits).notes().join(", ")
}

fn drop_all(count: u32) -> String {
    for customer in 0..count {
        drop(Visit::new(customer));
    }
    format!("{count} dropped")
}

fn times(query: &str) -> String {
    let (what, count) = query.split_once(',').unwrap_or((query, "1"));
    for _ in 0..number(count) {
        match what {
            "greet" => drop(customers::greet("Ada Lovelace")),
            "photo" => drop(customers::photo(1)),
            "search" => drop(customers::search("a")),
            _ => {}
        }
    }
    format!("{count} times")
}

fn answer(response_out: ResponseOutparam, status: u16, text: &str) {
    let response = OutgoingResponse::new(Fields::new());
    let _ = response.set_status_code(status);
    let Ok(body) = response.body() else { return };
    ResponseOutparam::set(response_out, Ok(response));
    if let Ok(stream) = body.write() {
        for part in text.as_bytes().chunks(4096) {
            let _ = stream.blocking_write_and_flush(part);
        }
    }
    let _ = OutgoingBody::finish(body, None);
}
