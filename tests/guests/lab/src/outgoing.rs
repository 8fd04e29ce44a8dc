//! Paths about requests that the guest sends itself.

use crate::answers::{begin, finish, read_all, stream_error, text, write_permitted};
use crate::bindings::wasi::http::outgoing_handler::handle;
use crate::bindings::wasi::http::types::{
    ErrorCode, Fields, FutureIncomingResponse, IncomingBody, IncomingRequest, IncomingResponse,
    Method, OutgoingBody, OutgoingRequest, OutgoingResponse, RequestOptions, ResponseOutparam,
    Scheme,
};
use crate::bindings::wasi::io::poll::poll;
use crate::bindings::wasi::io::streams::StreamError;

/// A request for `url`; one without scheme and authority when it is a path.
fn request(url: &str, method: &Method) -> OutgoingRequest {
    let request =
        OutgoingRequest::new(Fields::from_list(&[("x-lab".into(), b"1".to_vec())]).unwrap());
    request.set_method(method).unwrap();
    if let Some((scheme, rest)) = url.split_once("://") {
        let (authority, path) = rest.split_once('/').unwrap_or((rest, ""));
        let scheme = if scheme == "https" {
            Scheme::Https
        } else {
            Scheme::Http
        };
        request.set_scheme(Some(&scheme)).unwrap();
        request.set_authority(Some(authority)).unwrap();
        request
            .set_path_with_query(Some(&format!("/{path}")))
            .unwrap();
    } else {
        request.set_path_with_query(Some(url)).unwrap();
    }
    request
}

fn wait(future: &FutureIncomingResponse) -> Result<IncomingResponse, ErrorCode> {
    loop {
        if let Some(response) = future.get() {
            let response = response.expect("the response is given once");
            assert!(matches!(future.get(), Some(Err(()))));
            return response;
        }
        future.subscribe().block();
    }
}

/// Gives the response back as it comes, with its status, its headers and its trailers.
fn pass_on(out: ResponseOutparam, response: Result<IncomingResponse, ErrorCode>) {
    let response = match response {
        Ok(response) => response,
        Err(code) => return text(out, &format!("error: {code:?}")),
    };
    let answer = OutgoingResponse::new(response.headers().clone());
    answer.set_status_code(response.status()).unwrap();
    let body = answer.body().unwrap();
    let input = response.consume().unwrap();
    let source = input.stream().unwrap();
    ResponseOutparam::set(out, Ok(answer));
    let stream = body.write().unwrap();
    let failure = loop {
        match source.blocking_read(64 << 10) {
            Ok(piece) => write_permitted(&stream, &piece).unwrap(),
            Err(StreamError::Closed) => break None,
            Err(error) => break Some(stream_error(&error)),
        }
    };
    drop(source);
    drop(stream);
    if let Some(failure) = failure {
        crate::system::log(&format!("response body: {failure}\n"));
        return;
    }
    let future = IncomingBody::finish(input);
    future.subscribe().block();
    let trailers = future
        .get()
        .unwrap()
        .unwrap()
        .unwrap()
        .map(|trailers| trailers.clone());
    OutgoingBody::finish(body, trailers).unwrap();
}

pub fn get(out: ResponseOutparam, url: &str) {
    let options = RequestOptions::new();
    options.set_connect_timeout(Some(5_000_000_000)).unwrap();
    options.set_first_byte_timeout(Some(5_000_000_000)).unwrap();
    assert_eq!(options.connect_timeout(), Some(5_000_000_000));
    match handle(request(url, &Method::Get), Some(options)) {
        Ok(future) => pass_on(out, wait(&future)),
        Err(code) => text(out, &format!("refused: {code:?}")),
    }
}

/// Writes the body after `handle`, finishes it, then waits.
pub fn post(incoming: IncomingRequest, out: ResponseOutparam, url: &str) {
    let input = incoming.consume().unwrap();
    let (bytes, _) = read_all(&input.stream().unwrap()).unwrap();
    let request = request(url, &Method::Post);
    let body = request.body().unwrap();
    let future = handle(request, None).unwrap();
    let stream = body.write().unwrap();
    write_permitted(&stream, &bytes).unwrap();
    finish(body, stream);
    pass_on(out, wait(&future));
}

/// Sends the body on as it comes.
pub fn stream(incoming: IncomingRequest, out: ResponseOutparam, url: &str) {
    let input = incoming.consume().unwrap();
    let source = input.stream().unwrap();
    let request = request(url, &Method::Post);
    let body = request.body().unwrap();
    let future = handle(request, None).unwrap();
    let stream = body.write().unwrap();
    while stream.blocking_splice(&source, 64 << 10).is_ok() {}
    drop(source);
    finish(body, stream);
    pass_on(out, wait(&future));
}

/// Finishes the body before the request is handled, with trailers.
pub fn early(out: ResponseOutparam, url: &str) {
    let request = request(url, &Method::Put);
    let body = request.body().unwrap();
    let stream = body.write().unwrap();
    stream.blocking_write_and_flush(b"early").unwrap();
    finish(body, stream);
    pass_on(out, wait(&handle(request, None).unwrap()));
}

pub fn drop_future(out: ResponseOutparam, url: &str) {
    let future = handle(request(url, &Method::Get), None).unwrap();
    let pollable = future.subscribe();
    drop(future);
    assert!(pollable.ready());
    let response = wait(&handle(request(url, &Method::Get), None).unwrap()).unwrap();
    let input = response.consume().unwrap();
    drop(response);
    let first = input.stream().unwrap().blocking_read(1);
    drop(input);
    text(
        out,
        &format!(
            "dropped after {:?}",
            first
                .map(|piece| piece.len())
                .map_err(|error| stream_error(&error))
        ),
    );
}

pub fn unfinished(out: ResponseOutparam, url: &str) {
    let request = request(url, &Method::Post);
    let body = request.body().unwrap();
    let future = handle(request, None).unwrap();
    let stream = body.write().unwrap();
    stream.blocking_write_and_flush(b"some of it").unwrap();
    drop(stream);
    drop(body);
    text(
        out,
        &format!("{:?}", wait(&future).map(|response| response.status())),
    );
}

pub fn two(out: ResponseOutparam, url: &str) {
    let futures = [
        handle(request(url, &Method::Get), None).unwrap(),
        handle(request(url, &Method::Get), None).unwrap(),
    ];
    let pollables = [futures[0].subscribe(), futures[1].subscribe()];
    let mut left: Vec<usize> = vec![0, 1];
    let mut statuses = Vec::new();
    while !left.is_empty() {
        let waiting: Vec<_> = left.iter().map(|&at| &pollables[at]).collect();
        let ready: Vec<usize> = poll(&waiting)
            .into_iter()
            .map(|at| left[at as usize])
            .collect();
        for at in ready {
            let response = futures[at]
                .get()
                .expect("it is ready")
                .expect("it is taken once");
            statuses.push(
                response
                    .map(|response| response.status())
                    .map_err(|code| format!("{code:?}")),
            );
            left.retain(|&other| other != at);
        }
    }
    text(out, &format!("{statuses:?}"));
}

pub fn invalid(out: ResponseOutparam) {
    let bare = || OutgoingRequest::new(Fields::new());
    let syntax = [
        bare().set_method(&Method::Other("A B".into())),
        bare().set_scheme(Some(&Scheme::Other("a b".into()))),
        bare().set_authority(Some("a b")),
        bare().set_authority(Some("example.com:x")),
        bare().set_path_with_query(Some("no slash")),
    ];
    let ftp = bare();
    ftp.set_scheme(Some(&Scheme::Other("ftp".into()))).unwrap();
    ftp.set_authority(Some("example.com")).unwrap();
    let long = OutgoingRequest::new(
        Fields::from_list(&[("content-length".into(), b"5".to_vec())]).unwrap(),
    );
    let refused = [handle(ftp, None).map(drop), handle(long, None).map(drop)];
    let (body, stream) = begin(out, &[]);
    write_permitted(&stream, format!("{syntax:?} {refused:?}").as_bytes()).unwrap();
    finish(body, stream);
}
