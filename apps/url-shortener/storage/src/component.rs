//! What the component exports: `kv-store` and `counters`.

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use crate::backend;
use crate::bindings::exports::url_shortener::api::{counters, kv_store};
use crate::bindings::wasi::clocks::wall_clock;
use crate::envelope;
use kv_store::KvEntry;

struct Storage;

crate::bindings::export!(Storage with_types_in crate::bindings);

impl kv_store::Guest for Storage {
    fn get(key: String) -> Option<KvEntry> {
        let bytes = or_trap(backend::read(&key))?;
        alive(key, bytes)
    }

    fn get_batch(keys: Vec<String>) -> Vec<Option<KvEntry>> {
        let found = or_trap(backend::read_many(&keys));
        keys.into_iter().zip(found).map(|(key, bytes)| alive(key, bytes?)).collect()
    }

    fn set(entry: KvEntry) -> Result<(), String> {
        backend::write(&entry.key, &envelope::seal(&entry.value, entry.expires_at))
    }

    fn delete(key: String) -> bool {
        let Some(bytes) = or_trap(backend::read(&key)) else { return false };
        or_trap(backend::remove(&key));
        alive(key, bytes).is_some()
    }
}

impl counters::Guest for Storage {
    fn next(key: String) -> Result<u64, String> {
        backend::count(&key)
    }
}

/// The entry that the bytes hold, unless its time is over.
fn alive(key: String, bytes: Vec<u8>) -> Option<KvEntry> {
    let stored = envelope::open(bytes);
    let stored = or_trap(stored.ok_or_else(|| format!("entry `{key}` was not written by this storage")));
    let is_alive = stored.expires_at.is_none() || stored.is_alive(wall_clock::now().seconds);
    is_alive.then_some(KvEntry { key, value: stored.value, expires_at: stored.expires_at })
}

/// `get` and `delete` cannot answer an error, and "there is no such entry" would be a lie: the caller's request fails.
fn or_trap<T>(result: Result<T, String>) -> T {
    result.unwrap_or_else(|message| panic!("{message}"))
}
