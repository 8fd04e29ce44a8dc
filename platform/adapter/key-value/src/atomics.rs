//! `wasi:keyvalue/atomics@0.2.0-draft2`.
//!
//! A `cas` handle remembers what `current` last saw, and `swap` succeeds only if the value is still that. A handle that
//! was never asked for its current value expects nothing: its swap always writes, as in Spin.

use crate::bindings::exports::wasi::keyvalue::atomics::{
    BucketBorrow, Cas, CasError, Error, Guest, GuestCas,
};
use crate::host::Swapped;
use crate::store::Label;
use crate::{Adapter, host};
use std::cell::RefCell;

impl Guest for Adapter {
    type Cas = Comparison;

    fn increment(bucket: BucketBorrow<'_>, key: String, delta: i64) -> Result<i64, Error> {
        Ok(host::increment(&bucket.get::<Label>().0, &key, delta)?)
    }

    fn swap(cas: Cas, value: Vec<u8>) -> Result<(), CasError> {
        let Comparison { store, key, seen } = cas.into_inner();
        let Some(expected) = seen.into_inner() else {
            return host::set(&store, &key, &value, 0).map_err(store_error);
        };
        match host::swap(&store, &key, expected.as_deref(), &value).map_err(store_error)? {
            Swapped::Done => Ok(()),
            Swapped::Changed(now) => {
                let seen = RefCell::new(Some(now));
                Err(CasError::CasFailed(Cas::new(Comparison {
                    store,
                    key,
                    seen,
                })))
            }
        }
    }
}

/// A compare-and-swap under way.
pub struct Comparison {
    store: String,
    key: String,
    /// What `current` last answered, if it was asked.
    seen: RefCell<Option<Option<Vec<u8>>>>,
}

impl GuestCas for Comparison {
    fn new(bucket: BucketBorrow<'_>, key: String) -> Result<Cas, Error> {
        let store = bucket.get::<Label>().0.clone();
        Ok(Cas::new(Comparison {
            store,
            key,
            seen: RefCell::new(None),
        }))
    }

    fn current(&self) -> Result<Option<Vec<u8>>, Error> {
        let now = host::get(&self.store, &self.key)?;
        *self.seen.borrow_mut() = Some(now.clone());
        Ok(now)
    }
}

fn store_error(failure: host::Failure) -> CasError {
    CasError::StoreError(failure.into())
}
