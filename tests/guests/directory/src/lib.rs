//! The guest of the guide to host interfaces: `/find/ID` answers with a customer's name, all else with those who have
//! the query in theirs.

mod bindings {
    wit_bindgen::generate!({
        inline: "
            package test:directory;
            world directory {
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
            "../crm/wit/crm.wit",
        ],
        world: "test:directory/directory",
        generate_all,
    });
}

use bindings::example::crm::customers::{self, Failure};
use bindings::exports::wasi::http::incoming_handler::Guest;
use bindings::wasi::http::types::{
    Fields, IncomingRequest, OutgoingBody, OutgoingResponse, ResponseOutparam,
};

struct Directory;

bindings::export!(Directory with_types_in bindings);

impl Guest for Directory {
    fn handle(request: IncomingRequest, response_out: ResponseOutparam) {
        let target = request.path_with_query().unwrap_or_default();
        let (path, query) = target.split_once('?').unwrap_or((&target, ""));
        let (status, text) = match path.split_once("/find/") {
            Some((_, id)) => found(id.parse().unwrap_or_default()),
            None => (200, names(query)),
        };
        let response = OutgoingResponse::new(Fields::new());
        let _ = response.set_status_code(status);
        let Ok(body) = response.body() else { return };
        ResponseOutparam::set(response_out, Ok(response));
        if let Ok(stream) = body.write() {
            let _ = stream.blocking_write_and_flush(text.as_bytes());
        }
        let _ = OutgoingBody::finish(body, None);
    }
}

fn found(id: u32) -> (u16, String) {
    match customers::find(id) {
        Ok(customer) => (200, customer.name),
        Err(Failure::Unknown) => (404, "unknown".into()),
        Err(Failure::Unreachable(why)) => (502, why),
    }
}

fn names(text: &str) -> String {
    let found = customers::search(text);
    let names: Vec<&str> = found.iter().map(|each| each.name.as_str()).collect();
    names.join(", ")
}
