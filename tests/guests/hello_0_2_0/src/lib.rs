//! A guest of the first stable release of `wasi:http`: answers every request with `hello from 0.2.0`.

use exports::wasi::http::incoming_handler::Guest;
use wasi::http::types::{Fields, IncomingRequest, OutgoingBody, OutgoingResponse, ResponseOutparam};

wit_bindgen::generate!({
    inline: "
        package test:hello;
        world hello {
            import wasi:http/types@0.2.0;
            export wasi:http/incoming-handler@0.2.0;
        }
    ",
    path: [
        "target/wit/io.wit",
        "target/wit/clocks.wit",
        "target/wit/random.wit",
        "target/wit/filesystem.wit",
        "target/wit/sockets.wit",
        "target/wit/cli.wit",
        "target/wit/http.wit",
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
            let _ = stream.blocking_write_and_flush(b"hello from 0.2.0");
        }
        let _ = OutgoingBody::finish(body, None);
    }
}
