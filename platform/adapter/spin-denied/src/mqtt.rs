//! `fermyon:spin/mqtt@2.0.0`.

use crate::addresses::not_permitted;
use crate::bindings::exports::fermyon::spin::mqtt::{
    Connection, Error, Guest, GuestConnection, Payload, Qos,
};
use crate::{Denied, Never};

impl Guest for Denied {
    type Connection = Never;
}

impl GuestConnection for Never {
    fn open(
        address: String,
        _username: String,
        _password: String,
        _keep_alive_interval_in_secs: u64,
    ) -> Result<Connection, Error> {
        Err(Error::ConnectionFailed(not_permitted(&address)))
    }

    fn publish(&self, _topic: String, _payload: Payload, _qos: Qos) -> Result<(), Error> {
        match *self {}
    }
}
