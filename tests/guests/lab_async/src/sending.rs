//! Requests that the guest sends.

use crate::answers::{self, Answer, no_trailers};
use crate::bindings::wasi::http::client;
use crate::bindings::wasi::http::types::{
    ErrorCode, Fields, Method, Request, RequestOptions, Response, Scheme,
};
use crate::bindings::{wit_future, wit_stream};
use futures::future::join_all;
use wit_bindgen::StreamReader;

/// A request to `http://AUTHORITY/PATH`.
fn request(url: &str, method: &Method, body: Option<StreamReader<u8>>) -> Request {
    let rest = url.strip_prefix("http://").unwrap_or(url);
    let (authority, path) = rest.split_once('/').unwrap_or((rest, ""));
    let options = RequestOptions::new();
    let _ = options.set_connect_timeout(Some(5_000_000_000));
    let fields = Fields::new();
    let _ = fields.append("x-lab", b"1");
    let (request, _) = Request::new(fields, body, no_trailers(), Some(options));
    request.set_method(method).unwrap();
    request.set_scheme(Some(&Scheme::Http)).unwrap();
    request.set_authority(Some(authority)).unwrap();
    request.set_path_with_query(Some(&format!("/{path}"))).unwrap();
    request
}

fn consume(response: Response) -> StreamReader<u8> {
    let (_, received) = wit_future::new(|| Ok(()));
    Response::consume_body(response, received).0
}

async fn fetch(url: &str) -> Result<String, ErrorCode> {
    let response = client::send(request(url, &Method::Get, None)).await?;
    let status = response.get_status_code();
    let body = consume(response).collect().await;
    Ok(format!("{status} {}", String::from_utf8_lossy(&body)))
}

pub async fn send(query: &str) -> Answer {
    match fetch(query).await {
        Ok(text) => answers::text(&text),
        Err(code) => answers::text(&format!("{code:?}")),
    }
}

/// Sends the request's body on, and gives the response's body back: both as they come.
pub async fn relay(incoming: Request, query: &str) -> Answer {
    let (_, received) = wit_future::new(|| Ok(()));
    let (body, _) = Request::consume_body(incoming, received);
    let response = client::send(request(query, &Method::Post, Some(body))).await?;
    let (_, received) = wit_future::new(|| Ok(()));
    let status = response.get_status_code();
    let (body, trailers) = Response::consume_body(response, received);
    let (answer, _) = Response::new(Fields::new(), Some(body), trailers);
    answer.set_status_code(status).unwrap();
    Ok(answer)
}

/// Sends a request and drops it before its response is there.
pub async fn hidden(query: &str) -> Answer {
    use futures::FutureExt;
    let sent = client::send(request(query, &Method::Get, None)).boxed_local();
    let soon = crate::bindings::wasi::clocks::monotonic_clock::wait_for(30_000_000).boxed_local();
    let first = futures::future::select(sent, soon).await;
    let text = match first {
        futures::future::Either::Left(_) => "answered",
        futures::future::Either::Right(_) => "dropped",
    };
    answers::text(text)
}

/// Four at once.
pub async fn several(query: &str) -> Answer {
    let fetched = join_all((0..4).map(|_| fetch(query))).await;
    let (mut writer, body) = wit_stream::new();
    wit_bindgen::spawn_local(async move {
        for each in fetched {
            let line = match each {
                Ok(text) => format!("{text}\n"),
                Err(code) => format!("{code:?}\n"),
            };
            writer.write_all(line.into_bytes()).await;
        }
    });
    Ok(answers::with_body(Fields::new(), body).0)
}

/// What becomes of a request that cannot be sent.
pub async fn unsent(query: &str) -> Answer {
    let (mut writer, body) = wit_stream::new();
    let (request, sent) = Request::new(Fields::new(), Some(body), no_trailers(), None);
    request.set_authority(Some(query)).unwrap();
    wit_bindgen::spawn_local(async move {
        writer.write_all(b"nobody reads this".to_vec()).await;
    });
    let response = client::send(request).await.map(|_| ());
    let sent = sent.await;
    answers::text(&format!("{response:?} {sent:?}"))
}
