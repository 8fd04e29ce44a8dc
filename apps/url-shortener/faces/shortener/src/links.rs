//! What can be done with links: `url-shortener:api/shortener` as the HTTP contract puts it.

use alloc::format;

use http::json::Object;
use http::{Request, Response};

use crate::bindings::url_shortener::api::shortener::{self, ResolveError, ShortUrl, ShortenError};
use crate::locations::to_header;
use crate::new_link::NewLink;
use crate::rate_limit::{self, Verdict};

/// The longest body of a request; bytes.
const LIMIT: usize = 1024 * 1024;

/// `POST /api/shorten`.
pub fn shorten(request: &Request) -> Response {
    let Some(body) = request.body(LIMIT) else {
        return Response::error(413, "invalid-request", "the body is too long or was broken off");
    };
    let wanted = match NewLink::parse(&body) {
        Ok(wanted) => wanted,
        Err(message) => return Response::error(400, "invalid-request", message),
    };
    if let Verdict::Refused { retry_after } = rate_limit::ask(request) {
        return too_many(retry_after);
    }
    match shortener::shorten(&wanted.url, wanted.ttl_seconds) {
        Ok(link) => created(request, &link, wanted.ttl_seconds),
        Err(error) => refused(&error),
    }
}

/// `GET /api/resolve/:id`.
pub fn resolve(id: &str) -> Response {
    match shortener::resolve(id) {
        Ok(link) => Response::json(200, record(Object::new().text("id", &link.id), &link)),
        Err(error) => unresolved(error),
    }
}

/// `DELETE /api/urls/:id`.
pub fn delete(id: &str) -> Response {
    match shortener::delete(id) {
        Ok(true) => Response::empty(204),
        Ok(false) => unresolved(ResolveError::NotFound),
        Err(error) => refused(&error),
    }
}

/// `GET /:id`.
pub fn redirect(id: &str) -> Response {
    match shortener::resolve(id) {
        Ok(link) => {
            Response::empty(302).header("location", to_header(&link.original)).header("cache-control", "no-store")
        }
        Err(error) => unresolved(error),
    }
}

fn created(request: &Request, link: &ShortUrl, ttl_seconds: Option<u64>) -> Response {
    let short_url = format!("{}/{}", request.origin(), link.id);
    let expires_at = ttl_seconds.map(|ttl| link.created_at.saturating_add(ttl));
    let object = Object::new().text("id", &link.id).text("short_url", &short_url);
    let object = record(object, link).optional_number("expires_at", expires_at);
    Response::json(201, object).header("location", to_header(&short_url))
}

fn record(object: Object, link: &ShortUrl) -> Object {
    object
        .text("original", &link.original)
        .number("created_at", link.created_at)
        .number("click_count", link.click_count)
}

fn unresolved(error: ResolveError) -> Response {
    match error {
        ResolveError::NotFound => Response::error(404, "not-found", "there is no such link"),
        ResolveError::Expired => Response::error(410, "expired", "the link has expired"),
    }
}

fn refused(error: &ShortenError) -> Response {
    match error {
        ShortenError::InvalidUrl(message) => Response::error(400, "invalid-url", message),
        ShortenError::RateLimited => too_many(1),
        ShortenError::StorageFailed(message) => {
            guest::log(&format!("storage failed: {message}"));
            Response::error(500, "storage-failed", "the link cannot be stored now")
        }
    }
}

fn too_many(retry_after: u64) -> Response {
    let message = format!("too many links from this address; try again in {retry_after} s");
    Response::error(429, "rate-limited", &message).header("retry-after", format!("{retry_after}"))
}
