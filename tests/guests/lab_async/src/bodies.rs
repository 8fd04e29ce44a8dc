//! Bodies both ways: whole, streamed, passed through, with trailers.

use crate::answers::{self, Answer, with_body};
use crate::bindings::wasi::http::types::{Fields, Request, Response};
use crate::bindings::{wit_future, wit_stream};
use crate::number;
use wit_bindgen::{FutureReader, StreamReader, StreamResult};

type Trailers = FutureReader<
    Result<Option<Fields>, crate::bindings::wasi::http::types::ErrorCode>,
>;

fn consume(request: Request) -> (StreamReader<u8>, Trailers) {
    let (_, received) = wit_future::new(|| Ok(()));
    Request::consume_body(request, received)
}

/// Reads pieces and writes each of them.
pub fn echo(request: Request) -> Answer {
    let (mut body, _) = consume(request);
    let (mut writer, copy) = wit_stream::new();
    wit_bindgen::spawn_local(async move {
        loop {
            let (result, piece) = body.read(Vec::with_capacity(64 << 10)).await;
            if !writer.write_all(piece).await.is_empty() || !matches!(result, StreamResult::Complete(_)) {
                return;
            }
        }
    });
    Ok(with_body(Fields::new(), copy).0)
}

/// Reads all of it, and then writes it.
pub async fn whole(request: Request) -> Answer {
    let (body, _) = consume(request);
    answers::bytes(body.collect().await)
}

/// Gives the request's body to the response.
pub fn pass(request: Request) -> Answer {
    let (body, trailers) = consume(request);
    let (response, _) = Response::new(Fields::new(), Some(body), trailers);
    Ok(response)
}

pub async fn count(request: Request) -> Answer {
    let (mut body, trailers) = consume(request);
    let mut count = 0;
    loop {
        let (result, piece) = body.read(Vec::with_capacity(1 << 16)).await;
        count += piece.len();
        if !matches!(result, StreamResult::Complete(_)) {
            break;
        }
    }
    let end = match trailers.await {
        Ok(_) => "whole".to_owned(),
        Err(code) => format!("{code:?}"),
    };
    answers::text(&format!("{count} {end}"))
}

pub fn trailers() -> Answer {
    let (mut writer, body) = wit_stream::new();
    let (trailing, trailers) = wit_future::new(|| Ok(None));
    wit_bindgen::spawn_local(async move {
        writer.write_all(b"before".to_vec()).await;
        drop(writer);
        let fields = Fields::new();
        fields.append("x-end", b"1").unwrap();
        let _ = trailing.write(Ok(Some(fields))).await;
    });
    let (response, _) = Response::new(Fields::new(), Some(body), trailers);
    Ok(response)
}

pub async fn request_trailers(request: Request) -> Answer {
    let (body, trailers) = consume(request);
    let body = body.collect().await;
    let mut lines = vec![String::from_utf8_lossy(&body).into_owned()];
    if let Ok(Some(fields)) = trailers.await {
        for (name, value) in fields.copy_all() {
            lines.push(format!("{name}: {}", String::from_utf8_lossy(&value)));
        }
    }
    answers::text(&lines.join("\n"))
}

/// So many bytes of `x`, in pieces of 64 KiB.
pub fn long(query: &str) -> Answer {
    let mut left = number(query, 1 << 20) as usize;
    let (mut writer, body) = wit_stream::new();
    wit_bindgen::spawn_local(async move {
        while left > 0 {
            let piece = left.min(64 << 10);
            if !writer.write_all(vec![b'x'; piece]).await.is_empty() {
                return;
            }
            left -= piece;
        }
    });
    Ok(with_body(Fields::new(), body).0)
}

/// Answers, and tells on stderr what has become of the response.
pub async fn sent(query: &str) -> Answer {
    let size = number(query, 5) as usize;
    let (mut writer, body) = wit_stream::new();
    let (response, sent) = with_body(Fields::new(), body);
    wit_bindgen::spawn_local(async move {
        let left = writer.write_all(vec![b'x'; size]).await.len();
        drop(writer);
        let sent = sent.await;
        crate::system::print(&format!("left {left}, sent {sent:?}\n")).await;
    });
    Ok(response)
}

/// Promises a shorter body than it writes, and tells on stdout what has become of the response.
pub fn sent_wrong() -> Answer {
    let fields = Fields::new();
    fields.append("content-length", b"3").unwrap();
    let (mut writer, body) = wit_stream::new();
    let (response, sent) = with_body(fields, body);
    wit_bindgen::spawn_local(async move {
        writer.write_all(b"longer than that".to_vec()).await;
        drop(writer);
        let sent = sent.await;
        crate::system::print(&format!("sent {sent:?}\n")).await;
    });
    Ok(response)
}

/// Reads the body, and says that it could not be used.
pub async fn receipt(request: Request) -> Answer {
    let (receipt, received) = wit_future::new(|| Ok(()));
    let (body, _) = Request::consume_body(request, received);
    let body = body.collect().await;
    let code = crate::bindings::wasi::http::types::ErrorCode::InternalError(Some("no".into()));
    let told = receipt.write(Err(code)).await.is_ok();
    answers::text(&format!("{} {told}", body.len()))
}
