//! What the component exports: `shortener`.

use alloc::string::{String, ToString};

use crate::bindings::exports::url_shortener::api::shortener::{Guest, ResolveError, ShortUrl, ShortenError};
use crate::bindings::url_shortener::api::kv_store::{self, KvEntry};
use crate::bindings::wasi::clocks::wall_clock;
use crate::bindings::wasi::random::random::get_random_bytes;
use crate::ids::{is_id, new_id};
use crate::links::{Link, clicks_key, counter_value, link_key};
use crate::urls;

/// One collision is already unlikely before a million million links; several mean that something is wrong.
const ATTEMPTS: usize = 5;

struct Shortener;

crate::bindings::export!(Shortener with_types_in crate::bindings);

impl Guest for Shortener {
    fn shorten(original_url: String, ttl_seconds: Option<u64>) -> Result<ShortUrl, ShortenError> {
        urls::check(&original_url).map_err(ShortenError::InvalidUrl)?;
        let id = free_id().ok_or_else(|| ShortenError::StorageFailed("no free identifier was found".to_string()))?;
        let created_at = now();
        let expires_at = ttl_seconds.map(|ttl| created_at.saturating_add(ttl));
        let link = Link { original: original_url, created_at, expires_at };
        store(&id, &link).map_err(ShortenError::StorageFailed)?;
        Ok(ShortUrl { id, original: link.original, created_at, click_count: 0 })
    }

    fn resolve(id: String) -> Result<ShortUrl, ResolveError> {
        let link = find(&id).ok_or(ResolveError::NotFound)?;
        if link.is_expired(now()) {
            return Err(ResolveError::Expired);
        }
        let clicks = kv_store::get(&clicks_key(&id));
        let click_count = clicks.map_or(0, |entry| counter_value(&entry.value));
        Ok(ShortUrl { id, original: link.original, created_at: link.created_at, click_count })
    }

    fn delete(id: String) -> Result<bool, ShortenError> {
        Ok(is_id(&id) && kv_store::delete(&link_key(&id)))
    }
}

fn now() -> u64 {
    wall_clock::now().seconds
}

fn free_id() -> Option<String> {
    let mut candidates = (0..ATTEMPTS).map(|_| new_id(get_random_bytes));
    candidates.find(|id| kv_store::get(&link_key(id)).is_none())
}

fn store(id: &str, link: &Link) -> Result<(), String> {
    let value = link.encode().into_bytes();
    kv_store::set(&KvEntry { key: link_key(id), value, expires_at: link.forget_at() })
}

fn find(id: &str) -> Option<Link> {
    if !is_id(id) {
        return None;
    }
    let entry = kv_store::get(&link_key(id))?;
    Link::decode(&entry.value)
}
