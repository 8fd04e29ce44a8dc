//! `wasi:config/store@0.2.0-draft-2024-09-27`.

use crate::Denied;
use crate::bindings::exports::wasi::config::store::{Error, Guest};

impl Guest for Denied {
    fn get(_key: String) -> Result<Option<String>, Error> {
        Ok(None)
    }

    fn get_all() -> Result<Vec<(String, String)>, Error> {
        Ok(Vec::new())
    }
}
