//! Responses of a few lines.

use crate::bindings::wasi::http::types::{
    ErrorCode, Fields, Method, Request, Response, Scheme, Trailers,
};
use crate::bindings::{wit_future, wit_stream};
use wit_bindgen::{FutureReader, StreamReader};

pub type Answer = Result<Response, ErrorCode>;

/// A body that is one piece of text.
pub fn text(text: &str) -> Answer {
    bytes(text.as_bytes().to_vec())
}

pub fn bytes(bytes: Vec<u8>) -> Answer {
    let (mut writer, body) = wit_stream::new();
    wit_bindgen::spawn_local(async move {
        writer.write_all(bytes).await;
    });
    Ok(with_body(Fields::new(), body).0)
}

pub fn status(status: u16) -> Answer {
    let (response, _) = Response::new(Fields::new(), None, no_trailers());
    response.set_status_code(status).unwrap();
    Ok(response)
}

pub type Sent = FutureReader<Result<(), ErrorCode>>;

pub fn with_body(fields: Fields, body: StreamReader<u8>) -> (Response, Sent) {
    Response::new(fields, Some(body), no_trailers())
}

pub fn no_trailers() -> FutureReader<Result<Option<Trailers>, ErrorCode>> {
    // A writer that is dropped writes the default.
    let (_, trailers) = wit_future::new(|| Ok(None));
    trailers
}

/// What the request says of itself, a line each.
pub fn head(request: &Request) -> String {
    let method = match request.get_method() {
        Method::Get => "GET".to_owned(),
        Method::Post => "POST".to_owned(),
        Method::Other(other) => other,
        other => format!("{other:?}"),
    };
    let scheme = match request.get_scheme() {
        Some(Scheme::Http) => "http".to_owned(),
        Some(Scheme::Https) => "https".to_owned(),
        other => format!("{other:?}"),
    };
    let mut lines = vec![
        method,
        scheme,
        request.get_authority().unwrap_or_default(),
        request.get_path_with_query().unwrap_or_default(),
    ];
    for (name, value) in request.get_headers().copy_all() {
        lines.push(format!("{name}: {}", String::from_utf8_lossy(&value)));
    }
    lines.join("\n")
}

/// What fields allow, and what they refuse.
pub fn fields() -> Answer {
    let fields = Fields::new();
    let mut lines = vec![
        format!("{:?}", fields.append("X-A", b"1")),
        format!("{:?}", fields.append("x-a", b"2")),
        format!("{:?}", fields.append("no good", b"1")),
        format!("{:?}", fields.append("x-b", b"a\r\nb")),
        format!("{:?}", fields.set("x-c", &[b"3".to_vec()])),
        format!("{:?}", fields.get("x-A").len()),
        format!("{:?}", fields.get_and_delete("x-a").map(|values| values.len())),
        format!("{:?}", fields.has("x-a")),
        format!("{:?}", Fields::from_list(&[("a".into(), b"b".to_vec())]).map(|_| ())),
        format!("{:?}", Fields::from_list(&[("a b".into(), b"b".to_vec())]).map(|_| ())),
        format!("{:?}", fields.copy_all().len()),
    ];
    let (response, _) = Response::new(fields.clone(), None, no_trailers());
    lines.push(format!("{:?}", response.get_headers().append("x", b"y")));
    text(&lines.join("\n"))
}
