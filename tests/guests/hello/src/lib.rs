//! The smallest useful guest: answers every request with `hello`, by the plainest sequence of `wasi:http` calls.

use exports::wasi::http::incoming_handler::Guest;
use wasi::http::types::{Fields, IncomingRequest, OutgoingBody, OutgoingResponse, ResponseOutparam};

wit_bindgen::generate!({
    inline: "
        package test:hello;
        world hello {
            import wasi:http/types@0.2.12;
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
    ],
    world: "test:hello/hello",
    generate_all,
});

struct Hello;

export!(Hello);

impl Guest for Hello {
    fn handle(_request: IncomingRequest, response_out: ResponseOutparam) {
        let headers = Fields::new();
        let _ = headers.append("content-type", b"text/plain");
        let response = OutgoingResponse::new(headers);
        let Ok(body) = response.body() else { return };
        ResponseOutparam::set(response_out, Ok(response));
        if let Ok(stream) = body.write() {
            let _ = stream.blocking_write_and_flush(b"hello");
        }
        let _ = OutgoingBody::finish(body, None);
    }
}
