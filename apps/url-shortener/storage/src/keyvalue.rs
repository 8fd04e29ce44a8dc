//! The host's key-value store (`wasi:keyvalue`) as the place where entries stand.

use alloc::boxed::Box;
use alloc::collections::BTreeMap;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use once_cell::race::OnceBox;

use crate::bindings::wasi::keyvalue::atomics::increment;
use crate::bindings::wasi::keyvalue::batch::get_many;
use crate::bindings::wasi::keyvalue::store::{self, Bucket, Error};

/// The store's label in the manifest's `key_value_stores`.
const STORE: &str = "default";

/// Opened once in an instance's life.
static BUCKET: OnceBox<Bucket> = OnceBox::new();

/// The bytes under a key.
pub fn read(key: &str) -> Result<Option<Vec<u8>>, String> {
    with_bucket(|bucket| bucket.get(key))
}

/// The bytes under each key, in the order of the keys: the host may leave out the missing ones and change the order.
pub fn read_many(keys: &[String]) -> Result<Vec<Option<Vec<u8>>>, String> {
    let found: BTreeMap<_, _> = with_bucket(|bucket| get_many(bucket, keys))?.into_iter().collect();
    Ok(keys.iter().map(|key| found.get(key).cloned().flatten()).collect())
}

/// Puts bytes under a key, in place of what was there.
pub fn write(key: &str, bytes: &[u8]) -> Result<(), String> {
    with_bucket(|bucket| bucket.set(key, bytes))
}

/// Takes away what is under a key, if anything is.
pub fn remove(key: &str) -> Result<(), String> {
    with_bucket(|bucket| bucket.delete(key))
}

/// Adds one to the number under a key and gives the sum; the host does it in one step.
pub fn count(key: &str) -> Result<u64, String> {
    let value = with_bucket(|bucket| increment(bucket, key, 1))?;
    u64::try_from(value).map_err(|_| format!("counter `{key}` is negative"))
}

fn with_bucket<T>(act: impl FnOnce(&Bucket) -> Result<T, Error>) -> Result<T, String> {
    let bucket = BUCKET.get_or_try_init(|| store::open(STORE).map(Box::new));
    bucket.and_then(act).map_err(describe)
}

fn describe(error: Error) -> String {
    match error {
        Error::NoSuchStore => format!("key-value store `{STORE}` does not exist"),
        Error::AccessDenied => format!("key-value store `{STORE}` is not granted: add it to `key_value_stores`"),
        Error::Other(message) => format!("key-value store `{STORE}`: {message}"),
    }
}
