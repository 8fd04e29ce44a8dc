//! `wasi:keyvalue/batch@0.2.0-draft2`.

use crate::bindings::exports::wasi::keyvalue::batch::{BucketBorrow, Error, Guest};
use crate::store::Label;
use crate::{Adapter, host};

impl Guest for Adapter {
    fn get_many(
        bucket: BucketBorrow<'_>,
        keys: Vec<String>,
    ) -> Result<Vec<(String, Option<Vec<u8>>)>, Error> {
        Ok(host::get_many(&bucket.get::<Label>().0, keys)?)
    }

    fn set_many(bucket: BucketBorrow<'_>, key_values: Vec<(String, Vec<u8>)>) -> Result<(), Error> {
        Ok(host::set_many(&bucket.get::<Label>().0, &key_values)?)
    }

    fn delete_many(bucket: BucketBorrow<'_>, keys: Vec<String>) -> Result<(), Error> {
        Ok(host::delete_many(&bucket.get::<Label>().0, &keys)?)
    }
}
