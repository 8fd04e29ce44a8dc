//! What the host needs to know to read the frames of a bridge and to answer: its functions, with their types.

use super::guest::{Bridged, Guest, Key};
use anyhow::{Result, anyhow, bail};
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};
use wit_parser::{Handle, Resolve, TypeDefKind, TypeId, TypeOwner};

#[derive(Debug, Serialize)]
pub struct Description {
    /// What the bridge imports.
    pub interface: String,
    /// Each is known by its position, as is each function and type.
    pub resources: Vec<Resource>,
    pub functions: Vec<Function>,
    /// No type refers to a later one.
    pub types: Vec<Definition>,
}

#[derive(Debug, Serialize)]
pub struct Resource {
    pub interface: String,
    pub name: String,
    /// The host does not hear when one is dropped.
    pub keeps_nothing: bool,
}

#[derive(Debug, Serialize)]
pub struct Function {
    pub interface: String,
    pub name: String,
    pub params: Vec<(String, Type)>,
    pub result: Option<Type>,
    /// Its text and bytes cross as strings of latin1, which begin at even addresses.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub has_strings: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
#[serde(untagged)]
pub enum Type {
    Primitive(&'static str),
    Defined(usize),
}

#[derive(Debug, PartialEq, Serialize)]
pub struct Definition {
    #[serde(flatten)]
    shape: Shape,
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<String>,
}

#[derive(Debug, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
enum Shape {
    Record(Vec<(String, Type)>),
    Variant(Vec<(String, Option<Type>)>),
    Enum(Vec<String>),
    Flags(Vec<String>),
    Tuple(Vec<Type>),
    Option(Type),
    Result((Option<Type>, Option<Type>)),
    List(Type),
    Own(usize),
    Borrow(usize),
}

impl Shape {
    fn refers_to(&self) -> Vec<Type> {
        match self {
            Self::Record(fields) => fields.iter().map(|(_, ty)| *ty).collect(),
            Self::Variant(cases) => cases.iter().filter_map(|(_, ty)| *ty).collect(),
            Self::Tuple(types) => types.clone(),
            Self::Option(ty) | Self::List(ty) => vec![*ty],
            Self::Result((ok, err)) => ok.iter().chain(err).copied().collect(),
            Self::Enum(_) | Self::Flags(_) | Self::Own(_) | Self::Borrow(_) => Vec::new(),
        }
    }
}

impl Description {
    /// Fails if a function has something that a bridge cannot pass.
    pub fn of(guest: &Guest, interface: String, keeps_nothing: &[String]) -> Result<Self> {
        let mut types = Types::new(
            &guest.resolve,
            guest.resources().map(|(_, id)| id),
            "is not bridged with it",
        );
        let mut functions = Vec::new();
        for (bridged, function) in guest.functions() {
            let (interface, name) = (&bridged.name, &function.name);
            if function.kind.is_async() {
                bail!("`{interface}`: the function `{name}` is async, which a bridge is not");
            }
            let mut add = |ty: &wit_parser::Type| {
                types.add(ty).map_err(|unknown| {
                    anyhow!("`{interface}`: the function `{name}` uses {unknown}")
                })
            };
            let params = function.params.iter();
            functions.push(Function {
                interface: interface.clone(),
                name: name.clone(),
                params: params
                    .map(|each| Ok((each.name.clone(), add(&each.ty)?)))
                    .collect::<Result<_>>()?,
                result: function.result.as_ref().map(add).transpose()?,
                has_strings: false,
            });
        }
        let resource = |(bridged, id): (&Bridged, TypeId)| {
            let name = guest.resolve.types[id].name.clone().unwrap_or_default();
            Resource {
                keeps_nothing: keeps_nothing.contains(&format!("{}/{name}", bridged.name)),
                interface: bridged.name.clone(),
                name,
            }
        };
        Ok(Self {
            interface,
            resources: guest.resources().map(resource).collect(),
            functions,
            types: types.definitions,
        })
    }

    /// Notes which functions have strings in place of bytes.
    pub fn note_strings(&mut self, functions: &BTreeMap<Key, Vec<u32>>) {
        for function in &mut self.functions {
            let key = (function.interface.clone(), function.name.clone());
            function.has_strings = functions.contains_key(&key);
        }
    }

    /// The resources of which a parameter owns one.
    pub fn taken(&self) -> BTreeSet<usize> {
        let params = self.functions.iter().flat_map(|each| &each.params);
        self.owned(params.map(|(_, ty)| *ty))
    }

    /// The resources of which a result owns one.
    pub fn given(&self) -> BTreeSet<usize> {
        self.owned(self.functions.iter().filter_map(|each| each.result))
    }

    fn owned(&self, types: impl Iterator<Item = Type>) -> BTreeSet<usize> {
        let (mut owned, mut seen) = (BTreeSet::new(), BTreeSet::new());
        let mut pending: Vec<Type> = types.collect();
        while let Some(ty) = pending.pop() {
            if let Type::Defined(index) = ty
                && seen.insert(index)
            {
                let shape = &self.types[index].shape;
                pending.extend(shape.refers_to());
                if let Shape::Own(resource) = shape {
                    owned.insert(*resource);
                }
            }
        }
        owned
    }
}

/// The types so far.
pub struct Types<'a> {
    resolve: &'a Resolve,
    resources: BTreeMap<TypeId, usize>,
    pub definitions: Vec<Definition>,
    known: BTreeMap<TypeId, Type>,
    /// What is said of resources that may not be passed.
    others: &'static str,
}

impl<'a> Types<'a> {
    /// `resources` are those that may be passed, by their positions; of `others` is said so.
    pub fn new(
        resolve: &'a Resolve,
        resources: impl Iterator<Item = TypeId>,
        others: &'static str,
    ) -> Self {
        Self {
            resolve,
            resources: resources.zip(0..).collect(),
            definitions: Vec::new(),
            known: BTreeMap::new(),
            others,
        }
    }

    /// Fails with what cannot be passed.
    pub fn add(&mut self, ty: &wit_parser::Type) -> Result<Type> {
        Ok(Type::Primitive(match ty {
            wit_parser::Type::Bool => "bool",
            wit_parser::Type::U8 => "u8",
            wit_parser::Type::U16 => "u16",
            wit_parser::Type::U32 => "u32",
            wit_parser::Type::U64 => "u64",
            wit_parser::Type::S8 => "s8",
            wit_parser::Type::S16 => "s16",
            wit_parser::Type::S32 => "s32",
            wit_parser::Type::S64 => "s64",
            wit_parser::Type::F32 => "f32",
            wit_parser::Type::F64 => "f64",
            wit_parser::Type::Char => "char",
            wit_parser::Type::String => "string",
            wit_parser::Type::ErrorContext => bail!("an error-context"),
            wit_parser::Type::Id(id) => {
                if let Some(known) = self.known.get(id) {
                    return Ok(*known);
                }
                let added = self.define(*id)?;
                self.known.insert(*id, added);
                return Ok(added);
            }
        }))
    }

    fn define(&mut self, id: TypeId) -> Result<Type> {
        let resolve = self.resolve;
        let definition = &resolve.types[id];
        let shape = match &definition.kind {
            TypeDefKind::Type(ty) => return self.add(ty),
            TypeDefKind::Record(record) => {
                let fields = record.fields.iter();
                Shape::Record(
                    fields
                        .map(|field| Ok((field.name.clone(), self.add(&field.ty)?)))
                        .collect::<Result<_>>()?,
                )
            }
            TypeDefKind::Variant(variant) => {
                let cases = variant.cases.iter();
                Shape::Variant(
                    cases
                        .map(|case| Ok((case.name.clone(), self.add_some(case.ty.as_ref())?)))
                        .collect::<Result<_>>()?,
                )
            }
            TypeDefKind::Enum(cases) => {
                Shape::Enum(cases.cases.iter().map(|each| each.name.clone()).collect())
            }
            TypeDefKind::Flags(flags) => {
                Shape::Flags(flags.flags.iter().map(|each| each.name.clone()).collect())
            }
            TypeDefKind::Tuple(tuple) => {
                let types = tuple.types.iter();
                Shape::Tuple(types.map(|ty| self.add(ty)).collect::<Result<_>>()?)
            }
            TypeDefKind::Option(ty) => Shape::Option(self.add(ty)?),
            TypeDefKind::Result(result) => Shape::Result((
                self.add_some(result.ok.as_ref())?,
                self.add_some(result.err.as_ref())?,
            )),
            TypeDefKind::List(ty) => Shape::List(self.add(ty)?),
            TypeDefKind::Handle(Handle::Own(id)) => Shape::Own(self.resource(*id)?),
            TypeDefKind::Handle(Handle::Borrow(id)) => Shape::Borrow(self.resource(*id)?),
            TypeDefKind::FixedLengthList(..) => bail!("a list of fixed length"),
            TypeDefKind::Map(..) => bail!("a map"),
            TypeDefKind::Future(_) => bail!("a future"),
            TypeDefKind::Stream(_) => bail!("a stream"),
            TypeDefKind::Resource | TypeDefKind::Unknown => bail!("a type that is no value"),
        };
        let is_named = matches!(
            shape,
            Shape::Record(_) | Shape::Variant(_) | Shape::Enum(_) | Shape::Flags(_)
        );
        let name = definition.name.clone().filter(|_| is_named);
        Ok(self.position(Definition { shape, name }))
    }

    fn add_some(&mut self, ty: Option<&wit_parser::Type>) -> Result<Option<Type>> {
        ty.map(|ty| self.add(ty)).transpose()
    }

    /// Of equal definitions there is one.
    fn position(&mut self, definition: Definition) -> Type {
        let mut known = self.definitions.iter();
        Type::Defined(
            known
                .position(|each| *each == definition)
                .unwrap_or_else(|| {
                    self.definitions.push(definition);
                    self.definitions.len() - 1
                }),
        )
    }

    fn resource(&self, mut id: TypeId) -> Result<usize> {
        while let TypeDefKind::Type(wit_parser::Type::Id(aliased)) = self.resolve.types[id].kind {
            id = aliased;
        }
        if let Some(index) = self.resources.get(&id) {
            return Ok(*index);
        }
        let definition = &self.resolve.types[id];
        let name = definition.name.as_deref().unwrap_or_default();
        let owner = match definition.owner {
            TypeOwner::Interface(interface) => self.resolve.id_of(interface),
            _ => None,
        };
        let owner = owner.unwrap_or_else(|| "the component's world".to_owned());
        bail!("the resource `{name}` of `{owner}`, which {}", self.others)
    }
}
