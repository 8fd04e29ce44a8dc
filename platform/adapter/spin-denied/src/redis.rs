//! `fermyon:spin/redis@2.0.0`.

use crate::bindings::exports::fermyon::spin::redis::{
    Connection, Error, Guest, GuestConnection, Payload, RedisParameter, RedisResult,
};
use crate::{Denied, Never};

impl Guest for Denied {
    type Connection = Never;
}

impl GuestConnection for Never {
    fn open(_address: String) -> Result<Connection, Error> {
        Err(Error::InvalidAddress)
    }

    fn publish(&self, _channel: String, _payload: Payload) -> Result<(), Error> {
        match *self {}
    }

    fn get(&self, _key: String) -> Result<Option<Payload>, Error> {
        match *self {}
    }

    fn set(&self, _key: String, _value: Payload) -> Result<(), Error> {
        match *self {}
    }

    fn incr(&self, _key: String) -> Result<i64, Error> {
        match *self {}
    }

    fn del(&self, _keys: Vec<String>) -> Result<u32, Error> {
        match *self {}
    }

    fn sadd(&self, _key: String, _values: Vec<String>) -> Result<u32, Error> {
        match *self {}
    }

    fn smembers(&self, _key: String) -> Result<Vec<String>, Error> {
        match *self {}
    }

    fn srem(&self, _key: String, _values: Vec<String>) -> Result<u32, Error> {
        match *self {}
    }

    fn execute(
        &self,
        _command: String,
        _arguments: Vec<RedisParameter>,
    ) -> Result<Vec<RedisResult>, Error> {
        match *self {}
    }
}
