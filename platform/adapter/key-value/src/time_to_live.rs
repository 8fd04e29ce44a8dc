//! `whorl:key-value/time-to-live@0.1.0`.

use crate::bindings::exports::whorl::key_value::time_to_live::{Error, Guest};
use crate::{Adapter, host};

impl Guest for Adapter {
    fn set(store: String, key: String, value: Vec<u8>, milliseconds: u64) -> Result<(), Error> {
        host::set(&store, &key, &value, milliseconds).map_err(|failure| match failure {
            host::Failure::AccessDenied => Error::AccessDenied,
            host::Failure::NoSuchStore => Error::NoSuchStore,
            host::Failure::StoreTableFull => Error::Other("store table full".into()),
            host::Failure::Other(text) => Error::Other(text),
        })
    }
}
