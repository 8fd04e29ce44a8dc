//! The URL shortener's figures over HTTP: `GET /api/stats/:id`, and `POST /track` for the shortener's face alone.
#![cfg_attr(target_arch = "wasm32", no_std)]

extern crate alloc;
extern crate guest;

mod clicks;
mod statistics;

mod bindings {
    wit_bindgen::generate!({
        path: "../../wit",
        world: "analytics-face",
        generate_all,
        with: {
            "wasi:clocks/monotonic-clock@0.2.0": http::bindings::wasi::clocks::monotonic_clock,
            "wasi:http/types@0.2.0": http::bindings::wasi::http::types,
            "wasi:io/error@0.2.0": http::bindings::wasi::io::error,
            "wasi:io/poll@0.2.0": http::bindings::wasi::io::poll,
            "wasi:io/streams@0.2.0": http::bindings::wasi::io::streams,
        },
    });
}

use bindings::exports::wasi::http::incoming_handler::{Guest, IncomingRequest, ResponseOutparam};
use http::{Method, Request, Response, addresses};

struct Face;

bindings::export!(Face with_types_in bindings);

impl Guest for Face {
    fn handle(request: IncomingRequest, out: ResponseOutparam) {
        let request = Request::new(request);
        let response = answer(&request);
        let response = if request.method == Method::Head { response.without_body() } else { response };
        response.send(out);
    }
}

fn answer(request: &Request) -> Response {
    let is_chained = request.header("spin-client-addr").is_some_and(|address| addresses::is_chained(&address));
    match (request.path.strip_prefix("/api/stats/"), request.method) {
        (Some(id), Method::Get | Method::Head) => statistics::answer(id),
        (Some(_), _) => Response::method_not_allowed("GET, HEAD"),
        (None, Method::Post) if is_chained && request.path == "/track" => clicks::track(request),
        (None, _) => Response::error(404, "not-found", "there is nothing under this path"),
    }
}
