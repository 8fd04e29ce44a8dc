//! `fermyon:spin/variables@2.0.0`.

use crate::Denied;
use crate::bindings::exports::fermyon::spin::variables::{Error, Guest};

impl Guest for Denied {
    fn get(name: String) -> Result<String, Error> {
        Err(Error::Undefined(
            ["no variable for this component: \"", &name, "\""].concat(),
        ))
    }
}
