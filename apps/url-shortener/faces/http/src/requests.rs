//! Requests that a face is asked.

use alloc::string::{String, ToString};
use alloc::vec::Vec;

use crate::addresses;
use crate::bindings::wasi::http::types::{IncomingBody, IncomingRequest, Method as WasiMethod, Scheme};
use crate::bindings::wasi::io::streams::StreamError;

/// How much is read of a body at once; bytes.
const STEP: u64 = 16 * 1024;

/// The methods that the contract knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Method {
    Get,
    Head,
    Post,
    Delete,
    Other,
}

/// A request, with what routing needs read already.
pub struct Request {
    pub method: Method,
    /// Without the query.
    pub path: String,
    incoming: IncomingRequest,
}

impl Request {
    pub fn new(incoming: IncomingRequest) -> Self {
        let method = match incoming.method() {
            WasiMethod::Get => Method::Get,
            WasiMethod::Head => Method::Head,
            WasiMethod::Post => Method::Post,
            WasiMethod::Delete => Method::Delete,
            _ => Method::Other,
        };
        let target = incoming.path_with_query().unwrap_or_default();
        let path = target.split('?').next().unwrap_or_default().to_string();
        Self { method, path, incoming }
    }

    /// A header's last value: the platform adds its own after those that the client sent.
    pub fn header(&self, name: &str) -> Option<String> {
        let values = self.incoming.headers().get(name);
        values.last().map(|value| String::from_utf8_lossy(value).into_owned())
    }

    /// Scheme and authority under which the client sees this service.
    pub fn origin(&self) -> String {
        let full_url = self.header("spin-full-url");
        if let Some(origin) = full_url.as_deref().and_then(addresses::origin) {
            return origin.to_string();
        }
        let scheme = if matches!(self.incoming.scheme(), Some(Scheme::Https)) { "https://" } else { "http://" };
        let authority = self.incoming.authority().unwrap_or_else(|| "localhost".to_string());
        alloc::format!("{scheme}{authority}")
    }

    /// The whole body; `None` when it is longer than `limit` bytes or breaks off.
    pub fn body(&self, limit: usize) -> Option<Vec<u8>> {
        let body: IncomingBody = self.incoming.consume().ok()?;
        let stream = body.stream().ok()?;
        let mut bytes = Vec::new();
        loop {
            match stream.blocking_read(STEP) {
                Ok(mut chunk) => bytes.append(&mut chunk),
                Err(StreamError::Closed) => return Some(bytes),
                Err(StreamError::LastOperationFailed(_)) => return None,
            }
            if bytes.len() > limit {
                return None;
            }
        }
    }
}
