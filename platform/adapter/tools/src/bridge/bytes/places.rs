//! Which functions have bytes that may be strings, and where in their flat parameters strings are.

use crate::bridge::flat::value;
use crate::bridge::guest::{Bridged, Guest, Key};
use anyhow::{Result, bail};
use std::collections::BTreeMap;
use wasm_encoder::ValType;
use wit_parser::abi::{AbiVariant, WasmSignature};
use wit_parser::{Function, InterfaceId, Resolve, Type, TypeDefKind, TypeId, TypeOwner};

/// Flat parameters that a function may have; more go by memory.
const MOST_FLAT: usize = 16;
/// The parameter that tells which addresses were odd.
pub const ODD: &str = "odd-addresses";

/// A function whose bytes are to be strings.
pub struct Bytes {
    /// As it is, its core function has these parameters and results.
    pub params: Vec<ValType>,
    pub results: Vec<ValType>,
    /// The last of the parameters says where the result goes.
    pub has_area: bool,
    pub places: Vec<Place>,
}

/// Where a string is among flat parameters: its address, and its length behind that.
#[derive(Debug, PartialEq)]
pub struct Place {
    pub address: u32,
    /// It is there if each of these flat parameters has that value.
    pub when: Vec<(u32, i32)>,
}

impl Bytes {
    /// The flat parameters that are addresses of strings, each once.
    pub fn addresses(&self) -> Vec<u32> {
        let mut addresses: Vec<u32> = self.places.iter().map(|each| each.address).collect();
        addresses.sort_unstable();
        addresses.dedup();
        addresses
    }
}

/// The functions of the bridged interfaces whose bytes may be strings.
pub fn functions(guest: &Guest) -> BTreeMap<Key, Bytes> {
    let functions = guest.functions();
    functions
        .filter_map(|(bridged, function)| {
            let found = bytes(&guest.resolve, bridged, function)?;
            Some((key(bridged, function), found))
        })
        .collect()
}

/// Whether `changed` is `guest` with strings in `functions`, where they are expected.
pub fn are_functions(changed: &Guest, guest: &Guest, functions: &BTreeMap<Key, Bytes>) -> bool {
    let names = |guest: &Guest| {
        let functions = guest.functions();
        let names: Vec<Key> = functions
            .map(|(bridged, each)| key(bridged, each))
            .collect();
        let resources = guest.resources().map(|(bridged, id)| {
            let name = guest.resolve.types[id].name.clone().unwrap_or_default();
            (bridged.name.clone(), name)
        });
        (names, resources.collect::<Vec<Key>>())
    };
    let is_as_expected = |(bridged, function): (&Bridged, &Function)| {
        let Some(expected) = functions.get(&key(bridged, function)) else {
            return true;
        };
        let mut walk = Walk::of(&changed.resolve, bridged.id, false);
        let has_odd = function.params.last().is_some_and(|each| each.name == ODD);
        walk.params(function).is_ok()
            && walk.places == expected.places
            && has_odd != expected.places.is_empty()
            && !walk.has_bytes(function.result.as_ref())
    };
    names(changed) == names(guest) && changed.functions().all(is_as_expected)
}

fn key(bridged: &Bridged, function: &Function) -> Key {
    (bridged.name.clone(), function.name.clone())
}

fn bytes(resolve: &Resolve, bridged: &Bridged, function: &Function) -> Option<Bytes> {
    let mut walk = Walk::of(resolve, bridged.id, true);
    let flat = walk.params(function).ok()?;
    let has_bytes = walk.found || walk.has_bytes(function.result.as_ref());
    let signature = resolve.wasm_signature(AbiVariant::GuestImport, function);
    let is_understood = has_bytes
        && !function.kind.is_async()
        && (walk.places.is_empty() || is_flat(&signature, flat, &walk.places));
    is_understood.then(|| Bytes {
        params: signature.params.iter().map(value).collect(),
        results: signature.results.iter().map(value).collect(),
        has_area: signature.retptr,
        places: walk.places,
    })
}

/// Whether there is room for one parameter more, and what is looked at is always an i32.
fn is_flat(signature: &WasmSignature, flat: u32, places: &[Place]) -> bool {
    let is_number = |index: u32| {
        let ty = signature.params.get(index as usize);
        ty.is_some_and(|ty| value(ty) == ValType::I32)
    };
    let are_numbers = |place: &Place| {
        let mut cases = place.when.iter().map(|(param, _)| *param);
        is_number(place.address) && is_number(place.address + 1) && cases.all(is_number)
    };
    (flat as usize) < MOST_FLAT && !signature.indirect_params && places.iter().all(are_numbers)
}

/// Goes through types of a function.
struct Walk<'a> {
    resolve: &'a Resolve,
    interface: InterfaceId,
    /// Bytes count as strings, where they may become such.
    is_before: bool,
    /// Bytes that may be strings were among them.
    found: bool,
    places: Vec<Place>,
    when: Vec<(u32, i32)>,
}

impl<'a> Walk<'a> {
    fn of(resolve: &'a Resolve, interface: InterfaceId, is_before: bool) -> Self {
        Self {
            resolve,
            interface,
            is_before,
            found: false,
            places: Vec::new(),
            when: Vec::new(),
        }
    }

    /// Finds the places of strings; returns how many flat parameters there are.
    fn params(&mut self, function: &Function) -> Result<u32> {
        let mut params = function.params.iter();
        params.try_fold(0, |flat, each| self.flat(&each.ty, flat, true))
    }

    /// Finds the strings of a value that begins at the flat parameter `at`; returns where it ends.
    ///
    /// `is_free`: bytes in it may become strings.
    fn flat(&mut self, ty: &Type, at: u32, is_free: bool) -> Result<u32> {
        let id = match ty {
            Type::String => {
                self.add_place(at);
                return Ok(at + 2);
            }
            Type::Id(id) => *id,
            _ => return Ok(at + 1),
        };
        let resolve = self.resolve;
        match &resolve.types[id].kind {
            TypeDefKind::Type(ty) => self.flat(ty, at, is_free && self.is_own(ty)),
            TypeDefKind::List(element) => {
                if is_free && self.is_before && self.is_byte(element) {
                    self.found = true;
                    self.add_place(at);
                } else if has_text(resolve, element) {
                    bail!("strings in a list, whose addresses may be odd");
                }
                Ok(at + 2)
            }
            TypeDefKind::Option(ty) => self.cases([None, Some(ty)], at, is_free),
            TypeDefKind::Result(result) => {
                self.cases([result.ok.as_ref(), result.err.as_ref()], at, is_free)
            }
            TypeDefKind::Tuple(tuple) => {
                let mut types = tuple.types.iter();
                types.try_fold(at, |at, ty| self.flat(ty, at, is_free))
            }
            TypeDefKind::Record(record) => {
                let mut fields = record.fields.iter();
                fields.try_fold(at, |at, field| self.flat(&field.ty, at, false))
            }
            TypeDefKind::Variant(variant) => {
                self.cases(variant.cases.iter().map(|case| case.ty.as_ref()), at, false)
            }
            TypeDefKind::Enum(_) | TypeDefKind::Handle(_) => Ok(at + 1),
            TypeDefKind::Flags(flags) => Ok(at + flags.flags.len().div_ceil(32) as u32),
            _ => bail!("a type that is not bridged"),
        }
    }

    fn cases<'b>(
        &mut self,
        cases: impl IntoIterator<Item = Option<&'b Type>>,
        at: u32,
        is_free: bool,
    ) -> Result<u32> {
        let mut end = at + 1;
        for (case, ty) in (0..).zip(cases) {
            if let Some(ty) = ty {
                self.when.push((at, case));
                end = end.max(self.flat(ty, at + 1, is_free)?);
                self.when.pop();
            }
        }
        Ok(end)
    }

    fn add_place(&mut self, address: u32) {
        let when = self.when.clone();
        self.places.push(Place { address, when });
    }

    /// Whether there are bytes in a result that may be strings.
    fn has_bytes(&self, ty: Option<&Type>) -> bool {
        let Some(Type::Id(id)) = ty else {
            return false;
        };
        match &self.resolve.types[*id].kind {
            TypeDefKind::Type(ty) => self.is_own(ty) && self.has_bytes(Some(ty)),
            TypeDefKind::List(element) => self.is_byte(element),
            TypeDefKind::Option(ty) => self.has_bytes(Some(ty)),
            TypeDefKind::Result(result) => {
                self.has_bytes(result.ok.as_ref()) || self.has_bytes(result.err.as_ref())
            }
            TypeDefKind::Tuple(tuple) => tuple.types.iter().any(|ty| self.has_bytes(Some(ty))),
            _ => false,
        }
    }

    fn is_byte(&self, ty: &Type) -> bool {
        match ty {
            Type::U8 => true,
            Type::Id(id) => match &self.resolve.types[*id].kind {
                TypeDefKind::Type(ty) => self.is_own(ty) && self.is_byte(ty),
                _ => false,
            },
            _ => false,
        }
    }

    /// Whether a type that has another name is no type of another interface, which the guest's code of types hides.
    fn is_own(&self, ty: &Type) -> bool {
        let is_others = |id: TypeId| {
            let owner = self.resolve.types[id].owner;
            !matches!(owner, TypeOwner::Interface(owner) if owner == self.interface)
                && owner != TypeOwner::None
        };
        !matches!(ty, Type::Id(id) if is_others(*id))
    }
}

fn has_text(resolve: &Resolve, ty: &Type) -> bool {
    let id = match ty {
        Type::String => return true,
        Type::Id(id) => *id,
        _ => return false,
    };
    let mut parts: Box<dyn Iterator<Item = &Type>> = match &resolve.types[id].kind {
        TypeDefKind::Type(ty) | TypeDefKind::List(ty) | TypeDefKind::Option(ty) => {
            Box::new([ty].into_iter())
        }
        TypeDefKind::Result(result) => Box::new(result.ok.iter().chain(&result.err)),
        TypeDefKind::Tuple(tuple) => Box::new(tuple.types.iter()),
        TypeDefKind::Record(record) => Box::new(record.fields.iter().map(|field| &field.ty)),
        TypeDefKind::Variant(variant) => {
            Box::new(variant.cases.iter().filter_map(|case| case.ty.as_ref()))
        }
        _ => return false,
    };
    parts.any(|ty| has_text(resolve, ty))
}
