//! `whorl:host/key-value`: what the host answers, as values of Rust.

use crate::bindings::whorl::host::key_value as host;
use packing::netstrings;

/// Why the host did not do it.
pub enum Failure {
    AccessDenied,
    NoSuchStore,
    StoreTableFull,
    Other(String),
}

pub type Answer<T> = Result<T, Failure>;

pub fn open(store: &str) -> Answer<()> {
    nothing(host::open(store))
}

pub fn get(store: &str, key: &str) -> Answer<Option<Vec<u8>>> {
    value(host::get(store, key))
}

/// `milliseconds` to live; 0: for ever.
pub fn set(store: &str, key: &str, value: &[u8], milliseconds: u64) -> Answer<()> {
    nothing(host::set(store, key, &packing::pack(value), milliseconds))
}

pub fn delete(store: &str, key: &str) -> Answer<()> {
    nothing(host::delete(store, key))
}

pub fn exists(store: &str, key: &str) -> Answer<bool> {
    let answer = host::exists(store, key);
    match answer.as_bytes() {
        b"y" => Ok(true),
        b"n" => Ok(false),
        _ => Err(failure(answer)),
    }
}

pub fn keys(store: &str) -> Answer<Vec<String>> {
    let answer = host::keys(store);
    match answer.strip_prefix('k') {
        Some(keys) => netstrings::split(keys)
            .map(|key| key.map(String::from).map_err(|_| malformed()))
            .collect(),
        None => Err(failure(answer)),
    }
}

/// Each of `keys`, in their order, with its value.
pub fn get_many(store: &str, keys: Vec<String>) -> Answer<Vec<(String, Option<Vec<u8>>)>> {
    let answer = host::get_many(store, &joined(&keys));
    let Some(values) = answer.strip_prefix('l') else {
        return Err(failure(answer));
    };
    let mut values = netstrings::split(values);
    keys.into_iter()
        .map(|key| match values.next() {
            Some(Ok("n")) => Ok((key, None)),
            Some(Ok(packed)) => match packing::unpack_str(packed) {
                Some(value) => Ok((key, Some(value))),
                None => Err(malformed()),
            },
            _ => Err(malformed()),
        })
        .collect()
}

pub fn set_many(store: &str, entries: &[(String, Vec<u8>)]) -> Answer<()> {
    let mut joined = String::new();
    for (key, value) in entries {
        netstrings::push(&mut joined, key);
        netstrings::push(&mut joined, &packing::pack(value));
    }
    nothing(host::set_many(store, &joined))
}

pub fn delete_many(store: &str, keys: &[String]) -> Answer<()> {
    nothing(host::delete_many(store, &joined(keys)))
}

/// The new value.
pub fn increment(store: &str, key: &str, delta: i64) -> Answer<i64> {
    let answer = host::increment(store, key, delta);
    match answer.strip_prefix('i').map(str::parse) {
        Some(Ok(value)) => Ok(value),
        Some(Err(_)) => Err(malformed()),
        None => Err(failure(answer)),
    }
}

/// What became of a swap.
pub enum Swapped {
    Done,
    /// The value is no longer the expected one, but this.
    Changed(Option<Vec<u8>>),
}

pub fn swap(store: &str, key: &str, expected: Option<&[u8]>, new: &[u8]) -> Answer<Swapped> {
    let expected = expected.map_or_else(|| "n".into(), packing::pack);
    let mut answer = host::swap(store, key, &expected, &packing::pack(new));
    match answer.as_bytes().first() {
        None => Ok(Swapped::Done),
        Some(b'c') => {
            answer.remove(0);
            value(answer).map(Swapped::Changed)
        }
        Some(_) => Err(failure(answer)),
    }
}

fn joined(keys: &[String]) -> String {
    let mut joined = String::new();
    for key in keys {
        netstrings::push(&mut joined, key);
    }
    joined
}

fn nothing(answer: String) -> Answer<()> {
    if answer.is_empty() {
        Ok(())
    } else {
        Err(failure(answer))
    }
}

fn value(answer: String) -> Answer<Option<Vec<u8>>> {
    match answer.as_bytes().first() {
        Some(b'n') => Ok(None),
        Some(b'r' | b'b') => packing::unpack(answer).map(Some).ok_or_else(malformed),
        _ => Err(failure(answer)),
    }
}

fn failure(answer: String) -> Failure {
    match answer.as_str() {
        "xaccess-denied" => Failure::AccessDenied,
        "xno-such-store" => Failure::NoSuchStore,
        "xstore-table-full" => Failure::StoreTableFull,
        _ => match answer.strip_prefix("xother\n") {
            Some(text) => Failure::Other(text.into()),
            None => malformed(),
        },
    }
}

fn malformed() -> Failure {
    Failure::Other("the host's answer is malformed".into())
}
