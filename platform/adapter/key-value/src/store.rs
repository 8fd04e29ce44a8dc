//! `wasi:keyvalue/store@0.2.0-draft2`.

use crate::bindings::exports::wasi::keyvalue::store::{
    Bucket, Error, Guest, GuestBucket, KeyResponse,
};
use crate::{Adapter, host};

impl Guest for Adapter {
    type Bucket = Label;

    fn open(identifier: String) -> Result<Bucket, Error> {
        host::open(&identifier)?;
        Ok(Bucket::new(Label(identifier)))
    }
}

/// An open bucket.
pub struct Label(pub String);

impl GuestBucket for Label {
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

    fn list_keys(&self, cursor: Option<String>) -> Result<KeyResponse, Error> {
        if cursor.is_some() {
            return Err(Error::Other("list_keys: cursor not supported".into()));
        }
        let keys = host::keys(&self.0)?;
        Ok(KeyResponse { keys, cursor: None })
    }
}

impl From<host::Failure> for Error {
    fn from(failure: host::Failure) -> Self {
        match failure {
            host::Failure::AccessDenied => Error::AccessDenied,
            host::Failure::NoSuchStore => Error::NoSuchStore,
            host::Failure::StoreTableFull => Error::Other("store table full".into()),
            host::Failure::Other(text) => Error::Other(text),
        }
    }
}
