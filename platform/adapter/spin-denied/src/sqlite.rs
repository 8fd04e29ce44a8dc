//! `fermyon:spin/sqlite@2.0.0` and `spin:sqlite/sqlite@3.0.0`.

use crate::bindings::exports::{fermyon::spin::sqlite as v2, spin::sqlite::sqlite as v3};
use crate::{Denied, Never};

impl v2::Guest for Denied {
    type Connection = Never;
}

impl v2::GuestConnection for Never {
    fn open(_database: String) -> Result<v2::Connection, v2::Error> {
        Err(v2::Error::AccessDenied)
    }

    fn execute(
        &self,
        _statement: String,
        _parameters: Vec<v2::Value>,
    ) -> Result<v2::QueryResult, v2::Error> {
        match *self {}
    }
}

impl v3::Guest for Denied {
    type Connection = Never;
}

impl v3::GuestConnection for Never {
    fn open(_database: String) -> Result<v3::Connection, v3::Error> {
        Err(v3::Error::AccessDenied)
    }

    fn execute(
        &self,
        _statement: String,
        _parameters: Vec<v3::Value>,
    ) -> Result<v3::QueryResult, v3::Error> {
        match *self {}
    }

    fn last_insert_rowid(&self) -> i64 {
        match *self {}
    }

    fn changes(&self) -> u64 {
        match *self {}
    }
}
