//! `fermyon:spin/key-value@2.0.0`.

use crate::bindings::exports::fermyon::spin2_0_0::key_value::{Error, Guest, GuestStore, Store};
use crate::{Adapter, host};

impl Guest for Adapter {
    type Store = Label;
}

/// An open store.
pub struct Label(String);

impl GuestStore for Label {
    fn open(label: String) -> Result<Store, Error> {
        host::open(&label)?;
        Ok(Store::new(Label(label)))
    }

    fn get(&self, key: String) -> Result<Option<Vec<u8>>, Error> {
        Ok(host::get(&self.0, &key)?)
    }

    fn set(&self, key: String, value: Vec<u8>) -> Result<(), Error> {
        Ok(host::set(&self.0, &key, &value, 0)?)
    }

    fn delete(&self, key: String) -> Result<(), Error> {
        Ok(host::delete(&self.0, &key)?)
    }

    fn exists(&self, key: String) -> Result<bool, Error> {
        Ok(host::exists(&self.0, &key)?)
    }

    fn get_keys(&self) -> Result<Vec<String>, Error> {
        Ok(host::keys(&self.0)?)
    }
}

impl From<host::Failure> for Error {
    fn from(failure: host::Failure) -> Self {
        match failure {
            host::Failure::AccessDenied => Error::AccessDenied,
            host::Failure::NoSuchStore => Error::NoSuchStore,
            host::Failure::StoreTableFull => Error::StoreTableFull,
            host::Failure::Other(text) => Error::Other(text),
        }
    }
}
