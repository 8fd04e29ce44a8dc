//! `wasi:http/types.fields`: headers and trailers, by the rules of 0.2.

use super::bindings::exports::wasi::http::types::{self, HeaderError};
use super::conversions::refusal_to_guest;
use crate::http_types::fields::{Field, FieldList, Refusal};
use core::cell::RefCell;

/// The resource: a list, and whether the guest may change it.
pub struct Fields {
    list: RefCell<FieldList>,
    mutable: bool,
}

impl Fields {
    /// A handle through which the guest may look at `list` but not change it.
    pub fn immutable(list: FieldList) -> types::Fields {
        types::Fields::new(Self {
            list: RefCell::new(list),
            mutable: false,
        })
    }

    /// Ends the handle and returns its list.
    pub fn into_list(handle: types::Fields) -> FieldList {
        handle.into_inner::<Self>().list.into_inner()
    }

    fn change(
        &self,
        change: impl FnOnce(&mut FieldList) -> Result<(), Refusal>,
    ) -> Result<(), HeaderError> {
        if self.mutable {
            return change(&mut self.list.borrow_mut()).map_err(refusal_to_guest);
        }
        // What is wrong with a name or a value counts before the right to change anything.
        match change(&mut FieldList::default()) {
            Err(refusal @ Refusal::Error(_)) => Err(refusal_to_guest(refusal)),
            _ => Err(HeaderError::Immutable),
        }
    }
}

impl types::GuestFields for Fields {
    fn new() -> Self {
        Self {
            list: RefCell::default(),
            mutable: true,
        }
    }

    fn from_list(entries: Vec<Field>) -> Result<types::Fields, HeaderError> {
        let mut list = FieldList::default();
        for (name, value) in entries {
            list.append(name, value).map_err(refusal_to_guest)?;
        }
        Ok(types::Fields::new(Self {
            list: RefCell::new(list),
            mutable: true,
        }))
    }

    fn get(&self, name: String) -> Vec<Vec<u8>> {
        self.list.borrow().values(&name).cloned().collect()
    }

    fn has(&self, name: String) -> bool {
        self.list.borrow().has(&name)
    }

    fn set(&self, name: String, values: Vec<Vec<u8>>) -> Result<(), HeaderError> {
        self.change(|list| list.set(name, values))
    }

    fn delete(&self, name: String) -> Result<(), HeaderError> {
        self.change(|list| list.delete(name))
    }

    fn get_and_delete(&self, name: String) -> Result<Vec<Vec<u8>>, HeaderError> {
        let values = types::GuestFields::get(self, name.clone());
        self.change(|list| list.delete(name))?;
        Ok(values)
    }

    fn append(&self, name: String, value: Vec<u8>) -> Result<(), HeaderError> {
        self.change(|list| list.append(name, value))
    }

    fn copy_all(&self) -> Vec<Field> {
        self.list.borrow().all().to_vec()
    }

    fn clone(&self) -> types::Fields {
        types::Fields::new(Self {
            list: RefCell::new(self.list.borrow().clone()),
            mutable: true,
        })
    }
}
