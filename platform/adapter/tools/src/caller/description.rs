//! What the host needs to know of what a component exports.

use crate::bridge::description::{Definition, Type};
use serde::Serialize;

/// What the host needs to know to call functions by a caller.
#[derive(Debug, Serialize)]
pub struct Description {
    /// What the caller imports.
    pub interface: String,
    /// The exports that the caller imports from the guest.
    pub exports: Vec<String>,
    /// Each is known by its position, as is each function and type. Handles of the resource N are dropped by a function
    /// that comes N behind the last.
    pub resources: Vec<Resource>,
    pub functions: Vec<Function>,
    pub refused: Vec<Refused>,
    /// No type refers to a later one.
    pub types: Vec<Definition>,
}

#[derive(Debug, Serialize)]
pub struct Resource {
    pub interface: String,
    pub name: String,
}

#[derive(Debug, Serialize)]
pub struct Function {
    /// None for one that is exported by itself.
    pub interface: Option<String>,
    pub name: String,
    /// As it is in WIT.
    pub words: String,
    pub params: Vec<(String, Type)>,
    pub result: Option<Type>,
}

/// A function that cannot be called.
#[derive(Debug, Serialize)]
pub struct Refused {
    pub interface: Option<String>,
    pub name: String,
    pub words: String,
    /// What is in the way: `a stream`.
    pub because: String,
}
