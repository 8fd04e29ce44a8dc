//! `whorl:host/key-value`: what the host answers, as values of Rust.
//!
//! The host may answer that a call takes time. Then the guest is suspended here until the host has more to say, and the
//! caller notices nothing.

use crate::bindings::whorl::host::{key_value as host, tasks};
use packing::netstrings;

const NEVER: u64 = u64::MAX;

/// Why the host did not do it.
pub enum Failure {
    AccessDenied,
    NoSuchStore,
    StoreTableFull,
    Other(String),
}

pub type Answer<T> = Result<T, Failure>;

pub fn open(store: &str) -> Answer<()> {
    nothing(settled(host::open(store)))
}

pub fn get(store: &str, key: &str) -> Answer<Option<Vec<u8>>> {
    value(settled(host::get(store, key)))
}

/// `milliseconds` to live; 0: for ever.
pub fn set(store: &str, key: &str, value: &[u8], milliseconds: u64) -> Answer<()> {
    let answer = host::set(store, key, &packing::pack(value), milliseconds);
    nothing(settled(answer))
}

pub fn delete(store: &str, key: &str) -> Answer<()> {
    nothing(settled(host::delete(store, key)))
}

pub fn exists(store: &str, key: &str) -> Answer<bool> {
    let answer = settled(host::exists(store, key));
    match answer.as_bytes() {
        b"y" => Ok(true),
        b"n" => Ok(false),
        _ => Err(failure(answer)),
    }
}

pub fn keys(store: &str) -> Answer<Vec<String>> {
    let mut keys = Vec::new();
    gather(host::keys(store), 'k', |key| {
        keys.push(key.into());
        Ok(())
    })?;
    Ok(keys)
}

/// Each of `keys`, in their order, with its value.
pub fn get_many(store: &str, keys: Vec<String>) -> Answer<Vec<(String, Option<Vec<u8>>)>> {
    let mut values = Vec::with_capacity(keys.len());
    gather(host::get_many(store, &joined(&keys)), 'l', |packed| {
        values.push(match packed {
            "n" => None,
            _ => Some(packing::unpack_str(packed).ok_or_else(malformed)?),
        });
        Ok(())
    })?;
    if values.len() != keys.len() {
        return Err(malformed());
    }
    Ok(keys.into_iter().zip(values).collect())
}

pub fn set_many(store: &str, entries: &[(String, Vec<u8>)]) -> Answer<()> {
    let mut joined = String::new();
    for (key, value) in entries {
        netstrings::push(&mut joined, key);
        netstrings::push(&mut joined, &packing::pack(value));
    }
    nothing(settled(host::set_many(store, &joined)))
}

pub fn delete_many(store: &str, keys: &[String]) -> Answer<()> {
    nothing(settled(host::delete_many(store, &joined(keys))))
}

/// The new value.
pub fn increment(store: &str, key: &str, delta: i64) -> Answer<i64> {
    let answer = settled(host::increment(store, key, delta));
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
    let mut answer = settled(host::swap(store, key, &expected, &packing::pack(new)));
    match answer.as_bytes().first() {
        None => Ok(Swapped::Done),
        Some(b'c') => {
            answer.remove(0);
            value(answer).map(Swapped::Changed)
        }
        Some(_) => Err(failure(answer)),
    }
}

/// The answer to a call that has no parts, once the host has it.
fn settled(mut answer: String) -> String {
    while let Some(task) = answer.strip_prefix('w') {
        answer = finished(task);
    }
    answer
}

/// Gives each netstring of an answer to `take`, those that come before it ends too. `flag` is what its last part begins
/// with.
fn gather(mut answer: String, flag: char, mut take: impl FnMut(&str) -> Answer<()>) -> Answer<()> {
    while let Some(unfinished) = answer.strip_prefix('w') {
        let (task, part) = unfinished.split_once(' ').unwrap_or((unfinished, ""));
        each(part, &mut take)?;
        answer = finished(task);
    }
    match answer.strip_prefix(flag) {
        Some(part) => each(part, take),
        None => Err(failure(answer)),
    }
}

fn each(part: &str, mut take: impl FnMut(&str) -> Answer<()>) -> Answer<()> {
    netstrings::split(part).try_for_each(|string| take(string.map_err(|_| malformed())?))
}

/// Waits for `task` and returns what the host then answers.
fn finished(task: &str) -> String {
    let Ok(number) = task.parse() else {
        return "?".into();
    };
    tasks::wait(task, NEVER);
    host::finish(number)
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
