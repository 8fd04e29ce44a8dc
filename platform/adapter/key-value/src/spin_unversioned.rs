//! `fermyon:spin/key-value` without a version: stores are integers, a missing key is an error.

use crate::bindings::exports::fermyon::spin::key_value::{Error, Guest, Store};
use crate::{Adapter, host};
use std::cell::RefCell;

/// How many stores may be open at once, as in Spin.
const MOST_OPEN: usize = 256;

thread_local! {
    /// The labels of the open stores; a handle is an index.
    static OPEN: RefCell<Vec<Option<String>>> = const { RefCell::new(Vec::new()) };
}

impl Guest for Adapter {
    fn open(name: String) -> Result<Store, Error> {
        host::open(&name)?;
        OPEN.with_borrow_mut(|open| {
            let free = open.iter().position(Option::is_none);
            let index = free.unwrap_or(open.len());
            if index == MOST_OPEN {
                return Err(Error::StoreTableFull);
            }
            if index == open.len() {
                open.push(None);
            }
            open[index] = Some(name);
            Ok(index as Store)
        })
    }

    fn get(store: Store, key: String) -> Result<Vec<u8>, Error> {
        host::get(&label(store)?, &key)?.ok_or(Error::NoSuchKey)
    }

    fn set(store: Store, key: String, value: Vec<u8>) -> Result<(), Error> {
        Ok(host::set(&label(store)?, &key, &value, 0)?)
    }

    fn delete(store: Store, key: String) -> Result<(), Error> {
        Ok(host::delete(&label(store)?, &key)?)
    }

    fn exists(store: Store, key: String) -> Result<bool, Error> {
        Ok(host::exists(&label(store)?, &key)?)
    }

    fn get_keys(store: Store) -> Result<Vec<String>, Error> {
        Ok(host::keys(&label(store)?)?)
    }

    fn close(store: Store) {
        OPEN.with_borrow_mut(|open| {
            if let Some(slot) = open.get_mut(store as usize) {
                *slot = None;
            }
        });
    }
}

fn label(store: Store) -> Result<String, Error> {
    OPEN.with_borrow(|open| open.get(store as usize).cloned().flatten())
        .ok_or(Error::InvalidStore)
}

impl From<host::Failure> for Error {
    fn from(failure: host::Failure) -> Self {
        match failure {
            host::Failure::AccessDenied => Error::AccessDenied,
            host::Failure::NoSuchStore => Error::NoSuchStore,
            host::Failure::StoreTableFull => Error::StoreTableFull,
            host::Failure::Other(text) => Error::Io(text),
        }
    }
}
