//! The types of what a component imports, as far as lowering asks: who names a type, how it is mangled, and how it lies
//! in memory.

use crate::spaces::{Space, added};
use anyhow::{Context, Result};
use wasmparser::{
    ComponentAlias, ComponentDefinedType as Defined, ComponentExternalKind, ComponentFuncType,
    ComponentOuterAliasKind, ComponentType, ComponentTypeRef, ComponentValType as Val,
    InstanceTypeDeclaration as Declaration, Payload, PrimitiveValType as Primitive, TypeBounds,
};

/// Where an index of a type is looked up: at the outermost level, or in the type of an interface.
pub type Scope = Option<usize>;

/// A type, by how it came to its index.
enum Def<'a> {
    Defined(Defined<'a>),
    Function(ComponentFuncType<'a>),
    Resource,
    /// Under a name: the same as another of its scope, or a resource.
    Named(&'a str, Option<u32>),
    /// What an imported interface has under a name.
    Of(usize, &'a str),
    /// One of the outermost level, within the type of an interface.
    Outer(u32),
    Interface(Vec<Declaration<'a>>),
    Other,
}

/// A function of an interface; its types are in the interface's scope.
pub struct Function<'a> {
    pub name: &'a str,
    pub ty: ComponentFuncType<'a>,
}

/// An imported interface.
pub struct Interface<'a> {
    pub name: &'a str,
    /// Its instance, and the type of that, at the outermost level.
    pub instance: u32,
    pub ty: u32,
    pub functions: Vec<Function<'a>>,
    types: Vec<Def<'a>>,
}

#[derive(Default)]
pub struct World<'a> {
    pub interfaces: Vec<Interface<'a>>,
    types: Vec<Def<'a>>,
    /// By the functions of the outermost level, which function of which interface they are.
    functions: Vec<Option<(usize, &'a str)>>,
    /// By the instances of the outermost level.
    instances: Vec<Option<usize>>,
}

/// A stream or a future: whether it is a future, and what it carries.
#[derive(Clone, Copy)]
pub struct Channel {
    pub is_future: bool,
    pub payload: Option<Val>,
}

impl<'a> World<'a> {
    pub fn of(sections: &[Payload<'a>]) -> Result<Self> {
        let mut world = Self::default();
        for section in sections {
            world.add(section)?;
        }
        Ok(world)
    }

    fn add(&mut self, section: &Payload<'a>) -> Result<()> {
        match section {
            Payload::ComponentTypeSection(types) => {
                for ty in types.clone() {
                    self.types.push(definition(ty?));
                }
            }
            Payload::ComponentImportSection(imports) => {
                for import in imports.clone() {
                    let import = import?;
                    match import.ty {
                        ComponentTypeRef::Instance(ty) => self.import(import.name.name, ty)?,
                        ComponentTypeRef::Func(_) => self.functions.push(None),
                        ComponentTypeRef::Type(_) => self.types.push(Def::Other),
                        _ => {}
                    }
                }
            }
            Payload::ComponentAliasSection(aliases) => {
                for alias in aliases.clone() {
                    self.alias(&alias?);
                }
            }
            section => {
                for space in added(section)? {
                    match space {
                        Space::Type => self.types.push(Def::Other),
                        Space::Instance => self.instances.push(None),
                        Space::Function => self.functions.push(None),
                        _ => {}
                    }
                }
            }
        }
        Ok(())
    }

    fn import(&mut self, name: &'a str, ty: u32) -> Result<()> {
        let Some(Def::Interface(declarations)) = self.types.get(ty as usize) else {
            self.instances.push(None);
            return Ok(());
        };
        let (types, functions) = members(declarations.clone())?;
        self.instances.push(Some(self.interfaces.len()));
        self.interfaces.push(Interface {
            name,
            instance: self.instances.len() as u32 - 1,
            ty,
            functions,
            types,
        });
        Ok(())
    }

    fn alias(&mut self, alias: &ComponentAlias<'a>) {
        match alias {
            ComponentAlias::InstanceExport {
                kind,
                instance_index,
                name,
            } => {
                let interface = self.instances.get(*instance_index as usize);
                let interface = interface.copied().flatten();
                match kind {
                    ComponentExternalKind::Func => {
                        self.functions.push(interface.map(|each| (each, *name)))
                    }
                    ComponentExternalKind::Type => {
                        let ty = interface.map_or(Def::Other, |each| Def::Of(each, name));
                        self.types.push(ty);
                    }
                    ComponentExternalKind::Instance => self.instances.push(None),
                    _ => {}
                }
            }
            ComponentAlias::Outer {
                kind: ComponentOuterAliasKind::Type,
                ..
            } => self.types.push(Def::Other),
            _ => {}
        }
    }

    /// Interface and function behind a function of the outermost level, if it is imported.
    pub fn imported(&self, function: u32) -> Option<(usize, &Function<'a>)> {
        let (interface, name) = (*self.functions.get(function as usize)?)?;
        let functions = &self.interfaces[interface].functions;
        let function = functions.iter().find(|each| each.name == name)?;
        Some((interface, function))
    }

    /// The stream or future that a type of the outermost level is.
    pub fn channel(&self, ty: u32) -> Option<Channel> {
        channel(self.base(None, ty)?.1)
    }

    /// Whether a type of the outermost level is of an asynchronous function.
    pub fn is_asynchronous(&self, ty: u32) -> bool {
        matches!(self.base(None, ty), Some((_, Def::Function(function))) if function.async_)
    }

    /// The types of streams and futures in the scope of an interface.
    pub fn channels(&self, interface: usize) -> impl Iterator<Item = Channel> {
        let types = self.interfaces[interface].types.iter();
        types.filter_map(channel)
    }

    fn definition(&self, scope: Scope, index: u32) -> Option<&Def<'a>> {
        let types = match scope {
            Some(interface) => &self.interfaces[interface].types,
            None => &self.types,
        };
        types.get(index as usize)
    }

    /// Where the type that `index` stands for is defined, one step on; None if it is defined here.
    fn next(&self, scope: Scope, index: u32) -> Option<(Scope, u32)> {
        match self.definition(scope, index)? {
            Def::Named(_, other) => Some((scope, (*other)?)),
            Def::Of(interface, name) => {
                let position = self.interfaces[*interface]
                    .types
                    .iter()
                    .position(|each| matches!(each, Def::Named(other, _) if other == name))?;
                Some((Some(*interface), position as u32))
            }
            Def::Outer(index) => Some((None, *index)),
            _ => None,
        }
    }

    fn base(&self, mut scope: Scope, mut index: u32) -> Option<(Scope, &Def<'a>)> {
        while let Some(next) = self.next(scope, index) {
            (scope, index) = next;
        }
        Some((scope, self.definition(scope, index)?))
    }

    /// The interface that defines a type, and the name that it has there.
    fn origin(&self, mut scope: Scope, mut index: u32) -> Option<(usize, &'a str)> {
        let mut found = None;
        loop {
            if let (Some(interface), Some(Def::Named(name, _))) =
                (scope, self.definition(scope, index))
            {
                found = Some((interface, *name));
            }
            match self.next(scope, index) {
                Some(next) => (scope, index) = next,
                None => return found,
            }
        }
    }

    /// How the functions that move values of a type are named; None for what no stream carries.
    pub fn mangled(&self, scope: Scope, ty: Option<Val>) -> Option<String> {
        self.written(scope, ty, &|_, name| name.to_owned())
    }

    /// Tells a type from all others: named types with the interface that defines them, without its version.
    pub fn identity(&self, scope: Scope, ty: Option<Val>) -> Option<String> {
        self.written(scope, ty, &|interface, name| {
            let interface = self.interfaces[interface].name;
            let path = interface.split('@').next().unwrap_or_default();
            format!("{path}/{name}")
        })
    }

    fn written(
        &self,
        scope: Scope,
        ty: Option<Val>,
        named: &dyn Fn(usize, &str) -> String,
    ) -> Option<String> {
        let index = match ty {
            None => return Some("none".to_owned()),
            Some(Val::Primitive(primitive)) => {
                return self::primitive(primitive).map(str::to_owned);
            }
            Some(Val::Type(index)) => index,
        };
        let origin = |index| {
            let (interface, name) = self.origin(scope, index)?;
            Some(named(interface, name))
        };
        let (inner, definition) = self.base(scope, index)?;
        // Another name for a number or a string is no other type.
        if let Def::Defined(Defined::Primitive(primitive)) = definition {
            return self::primitive(*primitive).map(str::to_owned);
        }
        if let Some(name) = origin(index) {
            return Some(name);
        }
        let Def::Defined(defined) = definition else {
            return None;
        };
        let of = |ty: Option<Val>| self.written(inner, ty, named);
        let parts = match defined {
            Defined::Own(resource) => {
                let (interface, name) = self.origin(inner, *resource)?;
                return Some(named(interface, name));
            }
            Defined::List(ty) => vec!["list".to_owned(), of(Some(*ty))?],
            Defined::Option(ty) => vec!["option".to_owned(), of(Some(*ty))?],
            Defined::Result { ok, err } => vec!["result".to_owned(), of(*ok)?, of(*err)?],
            Defined::Stream(ty) => vec!["stream".to_owned(), of(*ty)?],
            Defined::Future(ty) => vec!["future".to_owned(), of(*ty)?],
            Defined::Tuple(types) => {
                let parts = types.iter().map(|ty| of(Some(*ty)));
                std::iter::once(Some("tuple".to_owned()))
                    .chain(parts)
                    .collect::<Option<_>>()?
            }
            _ => return None,
        };
        Some(parts.join("-"))
    }

    /// How many core values a type is flattened to, as far as `most`.
    pub fn flattened(&self, scope: Scope, ty: Val, most: usize) -> usize {
        let index = match ty {
            Val::Primitive(Primitive::String) => return 2,
            Val::Primitive(_) => return 1,
            Val::Type(index) => index,
        };
        let Some((scope, Def::Defined(defined))) = self.base(scope, index) else {
            return 1;
        };
        let sum = |types: &mut dyn Iterator<Item = Val>| {
            let mut count = 0;
            for ty in types {
                if count > most {
                    break;
                }
                count += self.flattened(scope, ty, most);
            }
            count
        };
        let largest = |types: &mut dyn Iterator<Item = Val>| {
            types
                .map(|ty| self.flattened(scope, ty, most))
                .max()
                .unwrap_or(0)
        };
        match defined {
            Defined::Primitive(primitive) => {
                self.flattened(scope, Val::Primitive(*primitive), most)
            }
            Defined::Record(fields) => sum(&mut fields.iter().map(|(_, ty)| *ty)),
            Defined::Tuple(types) => sum(&mut types.iter().copied()),
            Defined::Variant(cases) => 1 + largest(&mut cases.iter().filter_map(|case| case.ty)),
            Defined::Option(ty) => 1 + self.flattened(scope, *ty, most),
            Defined::Result { ok, err } => 1 + largest(&mut ok.iter().chain(err.iter()).copied()),
            Defined::List(_) | Defined::Map(..) => 2,
            Defined::FixedLengthList(ty, count) => self
                .flattened(scope, *ty, most)
                .saturating_mul(*count as usize),
            _ => 1,
        }
    }

    /// Whether the parameters of a function of an interface are flattened to more than `most` core values.
    pub fn is_beyond(&self, interface: usize, function: &Function<'_>, most: usize) -> bool {
        let params = function.ty.params.iter();
        let flattened = params.map(|(_, ty)| self.flattened(Some(interface), *ty, most));
        flattened.sum::<usize>() > most
    }

    /// The bytes of a number, which streams within one component may carry; None for everything else.
    pub fn number(&self, scope: Scope, ty: Option<Val>) -> Option<u32> {
        let primitive = match ty? {
            Val::Primitive(primitive) => primitive,
            Val::Type(index) => match self.base(scope, index)?.1 {
                Def::Defined(Defined::Primitive(primitive)) => *primitive,
                _ => return None,
            },
        };
        match primitive {
            Primitive::S8 | Primitive::U8 => Some(1),
            Primitive::S16 | Primitive::U16 => Some(2),
            Primitive::S32 | Primitive::U32 | Primitive::F32 => Some(4),
            Primitive::S64 | Primitive::U64 | Primitive::F64 => Some(8),
            _ => None,
        }
    }

    /// How a type of one core value lies in memory: as that primitive.
    pub fn leaf(&self, scope: Scope, ty: Val) -> Option<Primitive> {
        let index = match ty {
            Val::Primitive(primitive) => return Some(primitive),
            Val::Type(index) => index,
        };
        let (scope, Def::Defined(defined)) = self.base(scope, index)? else {
            return None;
        };
        let discriminant = |count: usize| match count {
            0..=0x100 => Primitive::U8,
            0x101..=0x1_0000 => Primitive::U16,
            _ => Primitive::U32,
        };
        Some(match defined {
            Defined::Primitive(primitive) => *primitive,
            Defined::Record(fields) => self.leaf(scope, fields.first()?.1)?,
            Defined::Tuple(types) => self.leaf(scope, *types.first()?)?,
            Defined::Variant(cases) => discriminant(cases.len()),
            Defined::Enum(cases) => discriminant(cases.len()),
            Defined::Result { .. } => Primitive::U8,
            Defined::Flags(names) => match names.len() {
                0..=8 => Primitive::U8,
                9..=16 => Primitive::U16,
                _ => Primitive::U32,
            },
            Defined::Own(_) | Defined::Borrow(_) | Defined::Stream(_) | Defined::Future(_) => {
                Primitive::U32
            }
            _ => return None,
        })
    }
}

fn channel(ty: &Def<'_>) -> Option<Channel> {
    let (is_future, payload) = match ty {
        Def::Defined(Defined::Stream(payload)) => (false, payload),
        Def::Defined(Defined::Future(payload)) => (true, payload),
        _ => return None,
    };
    Some(Channel {
        is_future,
        payload: *payload,
    })
}

fn definition(ty: ComponentType<'_>) -> Def<'_> {
    match ty {
        ComponentType::Defined(defined) => Def::Defined(defined),
        ComponentType::Func(function) => Def::Function(function),
        ComponentType::Instance(declarations) => Def::Interface(declarations.into_vec()),
        ComponentType::Resource { .. } => Def::Resource,
        ComponentType::Component(_) => Def::Other,
    }
}

/// Types and functions of an interface.
fn members<'a>(declarations: Vec<Declaration<'a>>) -> Result<(Vec<Def<'a>>, Vec<Function<'a>>)> {
    let (mut types, mut functions) = (Vec::new(), Vec::new());
    for declaration in declarations {
        match declaration {
            Declaration::Type(ty) => types.push(definition(ty)),
            Declaration::Alias(ComponentAlias::Outer {
                kind: ComponentOuterAliasKind::Type,
                count: 1,
                index,
            }) => types.push(Def::Outer(index)),
            Declaration::Alias(_) => types.push(Def::Other),
            Declaration::Export { name, ty } => match ty {
                ComponentTypeRef::Type(TypeBounds::Eq(index)) => {
                    types.push(Def::Named(name.name, Some(index)))
                }
                ComponentTypeRef::Type(TypeBounds::SubResource) => {
                    types.push(Def::Named(name.name, None))
                }
                ComponentTypeRef::Func(index) => {
                    let Some(Def::Function(ty)) = types.get(index as usize) else {
                        return Err(anyhow::anyhow!("a function has no type"))
                            .context(name.name.to_owned());
                    };
                    functions.push(Function {
                        name: name.name,
                        ty: ty.clone(),
                    });
                }
                _ => {}
            },
            Declaration::CoreType(_) => {}
        }
    }
    Ok((types, functions))
}

fn primitive(primitive: Primitive) -> Option<&'static str> {
    Some(match primitive {
        Primitive::Bool => "bool",
        Primitive::S8 => "s8",
        Primitive::U8 => "u8",
        Primitive::S16 => "s16",
        Primitive::U16 => "u16",
        Primitive::S32 => "s32",
        Primitive::U32 => "u32",
        Primitive::S64 => "s64",
        Primitive::U64 => "u64",
        Primitive::F32 => "f32",
        Primitive::F64 => "f64",
        Primitive::Char => "char",
        Primitive::String => "string",
        Primitive::ErrorContext => return None,
    })
}
