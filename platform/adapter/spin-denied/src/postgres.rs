//! `fermyon:spin/postgres@2.0.0` and `spin:postgres/postgres` 3.0.0 and 4.0.0, which differ in their types alone.

use crate::addresses::postgres_not_permitted;
use crate::bindings::exports::{
    fermyon::spin::postgres as v2, spin::postgres3_0_0::postgres as v3,
    spin::postgres4_0_0::postgres as v4,
};
use crate::{Denied, Never};

macro_rules! denied {
    ($interface:ident) => {
        impl $interface::Guest for Denied {
            type Connection = Never;
        }

        impl $interface::GuestConnection for Never {
            fn open(address: String) -> Result<$interface::Connection, $interface::Error> {
                let text = postgres_not_permitted(&address);
                Err($interface::Error::ConnectionFailed(text))
            }

            fn query(
                &self,
                _statement: String,
                _params: Vec<$interface::ParameterValue>,
            ) -> Result<$interface::RowSet, $interface::Error> {
                match *self {}
            }

            fn execute(
                &self,
                _statement: String,
                _params: Vec<$interface::ParameterValue>,
            ) -> Result<u64, $interface::Error> {
                match *self {}
            }
        }
    };
}

denied!(v2);
denied!(v3);
denied!(v4);
