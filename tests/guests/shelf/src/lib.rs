//! A guest that does with its key-value store what the end of the path says, and answers with what came of it.
//!
//! | end of the path | what it does |
//! |---|---|
//! | `/hello` | nothing; answers |
//! | `/get?key`, `/set?key`, `/delete?key`, `/exists?key` | one call; `set` stores the text `value` |
//! | `/increment?key` | adds 1 |
//! | `/swap?key` | compares with the value it has just got, and sets `swapped` |
//! | `/keys` | the number of keys, and the sum of their lengths |
//! | `/get-many?n` | asks for `key-0` to `key-<n-1>`; how many have a value, and the bytes of all |
//! | `/gets?n`, `/sets?n` | so many calls of `get` and `set` with the key `key` |
//! | `/set-many?n`, `/delete-many?n` | the same keys; each gets the text `value` |

mod bindings {
    wit_bindgen::generate!({
        inline: "
            package test:shelf;
            world shelf {
                import wasi:keyvalue/store@0.2.0-draft2;
                import wasi:keyvalue/batch@0.2.0-draft2;
                import wasi:keyvalue/atomics@0.2.0-draft2;
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
            "../../../platform/adapter/wit/spin/wasi-keyvalue-0.2.0-draft2.wit",
        ],
        world: "test:shelf/shelf",
        generate_all,
    });
}

use bindings::exports::wasi::http::incoming_handler::Guest;
use bindings::wasi::http::types::{
    Fields, IncomingRequest, OutgoingBody, OutgoingResponse, ResponseOutparam,
};
use bindings::wasi::keyvalue::atomics::{self, Cas, CasError};
use bindings::wasi::keyvalue::batch;
use bindings::wasi::keyvalue::store::{self, Error};

struct Shelf;

bindings::export!(Shelf with_types_in bindings);

impl Guest for Shelf {
    fn handle(request: IncomingRequest, out: ResponseOutparam) {
        let target = request.path_with_query().unwrap_or_default();
        let (path, query) = target.split_once('?').unwrap_or((&target, ""));
        let call = path.rsplit_once('/').map_or(path, |(_, call)| call);
        let (status, text) = match answer(call, query) {
            Ok(text) => (200, text),
            Err(Error::Other(text)) => (500, text),
            Err(Error::AccessDenied) => (403, "denied".into()),
            Err(Error::NoSuchStore) => (404, "no such store".into()),
        };
        respond(out, status, &text);
    }
}

fn answer(call: &str, query: &str) -> Result<String, Error> {
    if call == "hello" {
        return Ok("hello".into());
    }
    let bucket = store::open("default")?;
    let keys = || (0..query.parse().unwrap_or(0)).map(|number: u32| format!("key-{number}"));
    match call {
        "get" => Ok(text(bucket.get(query)?)),
        "set" => bucket.set(query, b"value").map(|()| "set".into()),
        "delete" => bucket.delete(query).map(|()| "deleted".into()),
        "exists" => Ok(bucket.exists(query)?.to_string()),
        "increment" => Ok(atomics::increment(&bucket, query, 1)?.to_string()),
        "swap" => {
            let cas = Cas::new(&bucket, query)?;
            cas.current()?;
            match atomics::swap(cas, b"swapped") {
                Ok(()) => Ok("swapped".into()),
                Err(CasError::StoreError(error)) => Err(error),
                Err(CasError::CasFailed(_)) => Ok("changed".into()),
            }
        }
        "keys" => {
            let keys = bucket.list_keys(None)?.keys;
            let length: usize = keys.iter().map(String::len).sum();
            Ok(format!("{} {length}", keys.len()))
        }
        "get-many" => {
            let entries = batch::get_many(&bucket, &keys().collect::<Vec<_>>())?;
            let values: Vec<_> = entries.into_iter().filter_map(|(_, value)| value).collect();
            let length: usize = values.iter().map(Vec::len).sum();
            Ok(format!("{} {length}", values.len()))
        }
        "gets" => {
            for _ in keys() {
                bucket.get("key")?;
            }
            Ok(format!("{query} times"))
        }
        "sets" => {
            for _ in keys() {
                bucket.set("key", &[b'v'; 100])?;
            }
            Ok(format!("{query} times"))
        }
        "set-many" => {
            let entries: Vec<_> = keys().map(|key| (key, b"value".to_vec())).collect();
            batch::set_many(&bucket, &entries).map(|()| "set".into())
        }
        "delete-many" => {
            batch::delete_many(&bucket, &keys().collect::<Vec<_>>()).map(|()| "deleted".into())
        }
        _ => Ok("unknown call".into()),
    }
}

fn text(value: Option<Vec<u8>>) -> String {
    value.map_or_else(
        || "none".into(),
        |bytes| String::from_utf8_lossy(&bytes).into(),
    )
}

fn respond(out: ResponseOutparam, status: u16, text: &str) {
    let response = OutgoingResponse::new(Fields::new());
    response.set_status_code(status).unwrap();
    let body = response.body().unwrap();
    ResponseOutparam::set(out, Ok(response));
    let stream = body.write().unwrap();
    stream.blocking_write_and_flush(text.as_bytes()).unwrap();
    drop(stream);
    OutgoingBody::finish(body, None).unwrap();
}
