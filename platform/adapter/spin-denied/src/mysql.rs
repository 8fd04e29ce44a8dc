//! `fermyon:spin/mysql@2.0.0`.

use crate::addresses::not_permitted;
use crate::bindings::exports::fermyon::spin::mysql::{
    Connection, Error, Guest, GuestConnection, ParameterValue, RowSet,
};
use crate::{Denied, Never};

impl Guest for Denied {
    type Connection = Never;
}

impl GuestConnection for Never {
    fn open(address: String) -> Result<Connection, Error> {
        Err(Error::ConnectionFailed(not_permitted(&address)))
    }

    fn query(&self, _statement: String, _params: Vec<ParameterValue>) -> Result<RowSet, Error> {
        match *self {}
    }

    fn execute(&self, _statement: String, _params: Vec<ParameterValue>) -> Result<(), Error> {
        match *self {}
    }
}
