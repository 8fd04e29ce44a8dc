//! The URL shortener over HTTP: its API, its redirects and its page.
#![cfg_attr(target_arch = "wasm32", no_std)]

extern crate alloc;
extern crate guest;

mod clicks;
mod links;
mod locations;
mod new_link;
mod page;
mod rate_limit;
mod routes;
mod windows;

mod bindings {
    wit_bindgen::generate!({
        path: "../../wit",
        world: "shortener-face",
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
use http::{Method, Request, Response};
use routes::Route;

struct Face;

bindings::export!(Face with_types_in bindings);

impl Guest for Face {
    fn handle(incoming: IncomingRequest, out: ResponseOutparam) {
        let request = Request::new(incoming);
        let response = answer(&request);
        let is_visit = response.status == 302 && request.method == Method::Get;
        let response = if request.method == Method::Head { response.without_body() } else { response };
        response.send(out);
        if is_visit {
            clicks::report(&request);
        }
    }
}

fn answer(request: &Request) -> Response {
    match (routes::find(&request.path), request.method) {
        (Route::File(file), Method::Get | Method::Head) => page::answer(request, file),
        (Route::Shorten, Method::Post) => links::shorten(request),
        (Route::Resolve(id), Method::Get | Method::Head) => links::resolve(id),
        (Route::Link(id), Method::Delete) => links::delete(id),
        (Route::Visit(id), Method::Get | Method::Head) => links::redirect(id),
        (Route::Nothing, _) => Response::error(404, "not-found", "there is nothing under this path"),
        (route, _) => Response::method_not_allowed(route.methods()),
    }
}
