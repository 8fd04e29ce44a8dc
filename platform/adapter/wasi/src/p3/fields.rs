//! `wasi:http/types.fields`: headers and trailers, by the rules of 0.2.

use super::bindings::exports::wasi::http::types::{self, HeaderError};
use super::conversions::refusal_to_guest;
use crate::http_types::fields::{Editable, Field, FieldList, Refusal};

/// The resource.
pub struct Fields(Editable);

impl Fields {
    /// A handle through which the guest may look at `list` but not change it.
    pub fn immutable(list: FieldList) -> types::Fields {
        types::Fields::new(Self(Editable::new(list, false)))
    }

    /// Ends the handle and returns its list.
    pub fn into_list(handle: types::Fields) -> FieldList {
        handle.into_inner::<Self>().0.into_list()
    }

    fn change(
        &self,
        change: impl FnOnce(&mut FieldList) -> Result<(), Refusal>,
    ) -> Result<(), HeaderError> {
        self.0.change(change).map_err(refusal_to_guest)
    }
}

impl types::GuestFields for Fields {
    fn new() -> Self {
        Self(Editable::new(FieldList::default(), true))
    }

    fn from_list(entries: Vec<Field>) -> Result<types::Fields, HeaderError> {
        let mut list = FieldList::default();
        for (name, value) in entries {
            list.append(name, value).map_err(refusal_to_guest)?;
        }
        Ok(types::Fields::new(Self(Editable::new(list, true))))
    }

    fn get(&self, name: String) -> Vec<Vec<u8>> {
        self.0.list().values(&name).cloned().collect()
    }

    fn has(&self, name: String) -> bool {
        self.0.list().has(&name)
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
        self.0.list().all().to_vec()
    }

    fn clone(&self) -> types::Fields {
        types::Fields::new(Self(Editable::new(self.0.list().clone(), true)))
    }
}
