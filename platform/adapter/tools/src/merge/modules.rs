//! Core modules, read as far as merging needs them.

use anyhow::{Context, Result, bail};
use std::collections::HashMap;
use wasmparser::{
    CompositeInnerType, ConstExpr, Data, DataKind, Element, ElementKind, ExternalKind, FuncType,
    FunctionBody, Global, Import, MemoryType, Name, NameSectionReader, Parser, Payload, RefType,
    Table, TableInit, TypeSectionReader, ValType,
};

/// A core module. Vectors of definitions do not have what is imported.
#[derive(Default)]
pub struct CoreModule<'a> {
    pub types: Vec<FuncType>,
    pub imports: Vec<Import<'a>>,
    /// The type of each function, and its code.
    pub functions: Vec<u32>,
    pub bodies: Vec<FunctionBody<'a>>,
    pub tables: Vec<Table<'a>>,
    pub memories: Vec<MemoryType>,
    pub globals: Vec<Global<'a>>,
    pub exports: HashMap<&'a str, (ExternalKind, u32)>,
    pub start: Option<u32>,
    pub elements: Vec<Element<'a>>,
    pub data: Vec<(ConstExpr<'a>, &'a [u8])>,
    /// By the index of the function, imported ones included.
    pub names: HashMap<u32, &'a str>,
}

impl<'a> CoreModule<'a> {
    /// Reads a module.
    ///
    /// Fails if it has anything that merging does not know: passive segments, tags, types that are not of functions,
    /// tables that are not of functions.
    pub fn read(bytes: &'a [u8]) -> Result<Self> {
        let mut module = Self::default();
        for payload in Parser::new(0).parse_all(bytes) {
            module.add(payload?)?;
        }
        Ok(module)
    }

    fn add(&mut self, payload: Payload<'a>) -> Result<()> {
        match payload {
            Payload::TypeSection(section) => self.types = function_types(section)?,
            Payload::ImportSection(section) => {
                self.imports = section.into_imports().collect::<Result<_, _>>()?;
            }
            Payload::FunctionSection(section) => {
                self.functions = section.into_iter().collect::<Result<_, _>>()?;
            }
            Payload::TableSection(section) => {
                self.tables = section.into_iter().collect::<Result<_, _>>()?;
                if !self.tables.iter().all(is_plain) {
                    bail!("it has a table that is not of functions, or not empty at first");
                }
            }
            Payload::MemorySection(section) => {
                self.memories = section.into_iter().collect::<Result<_, _>>()?;
            }
            Payload::GlobalSection(section) => {
                self.globals = section.into_iter().collect::<Result<_, _>>()?;
            }
            Payload::ExportSection(section) => {
                for export in section {
                    let export = export?;
                    self.exports
                        .insert(export.name, (export.kind, export.index));
                }
            }
            Payload::StartSection { func, .. } => self.start = Some(func),
            Payload::ElementSection(section) => {
                self.elements = section.into_iter().collect::<Result<_, _>>()?;
                if self.elements.iter().any(is_passive) {
                    bail!("it has passive element segments");
                }
            }
            Payload::DataSection(section) => {
                self.data = section
                    .into_iter()
                    .map(|data| active(data?))
                    .collect::<Result<_>>()?;
            }
            Payload::CodeSectionEntry(body) => self.bodies.push(body),
            Payload::TagSection(_) => bail!("it has tags"),
            Payload::CustomSection(section) if section.name() == "name" => {
                let reader = wasmparser::BinaryReader::new(section.data(), section.data_offset());
                // Names are for messages: if they cannot be read, there are none.
                self.names = names(NameSectionReader::new(reader)).unwrap_or_default();
            }
            _ => {}
        }
        Ok(())
    }

    pub fn function_type(&self, index: u32) -> Result<&FuncType> {
        self.types
            .get(index as usize)
            .context("a type that is not there")
    }

    /// Whether it writes to a table or memory when it is instantiated.
    pub fn has_segments(&self) -> bool {
        !self.data.is_empty() || self.elements.iter().any(|each| !is_declared(each))
    }
}

fn function_types(section: TypeSectionReader<'_>) -> Result<Vec<FuncType>> {
    let mut types = Vec::new();
    for group in section {
        let group = group?;
        if group.types().len() != 1 {
            bail!("it has recursive types");
        }
        for ty in group.into_types() {
            let CompositeInnerType::Func(function) = ty.composite_type.inner else {
                bail!("it has types that are not of functions");
            };
            let is_plain = ty.is_final && ty.supertype_idx.is_none() && !ty.composite_type.shared;
            let mut values = function.params().iter().chain(function.results());
            if !is_plain || values.any(is_concrete) {
                bail!("it has types that refer to others");
            }
            types.push(function);
        }
    }
    Ok(types)
}

fn is_concrete(ty: &ValType) -> bool {
    matches!(ty, ValType::Ref(reference) if reference.is_concrete_type_ref())
}

fn is_plain(table: &Table<'_>) -> bool {
    table.ty.element_type == RefType::FUNCREF
        && !table.ty.table64
        && !table.ty.shared
        && matches!(table.init, TableInit::RefNull)
}

fn is_passive(element: &Element<'_>) -> bool {
    matches!(element.kind, ElementKind::Passive)
}

fn is_declared(element: &Element<'_>) -> bool {
    matches!(element.kind, ElementKind::Declared)
}

fn active(data: Data<'_>) -> Result<(ConstExpr<'_>, &[u8])> {
    match data.kind {
        DataKind::Active { offset_expr, .. } => Ok((offset_expr, data.data)),
        DataKind::Passive => bail!("it has passive data segments"),
    }
}

fn names(section: NameSectionReader<'_>) -> Result<HashMap<u32, &str>> {
    let mut names = HashMap::new();
    for subsection in section {
        if let Name::Function(functions) = subsection? {
            for naming in functions {
                let naming = naming?;
                names.insert(naming.index, naming.name);
            }
        }
    }
    Ok(names)
}
