//! Core modules, read as far as merging needs them, and how they are linked to each other.

use anyhow::{Context, Result, bail};
use std::collections::{BTreeMap, HashMap};
use wasmparser::{
    CompositeInnerType, ConstExpr, Data, DataKind, Element, ElementKind, ExternalKind, FuncType,
    FunctionBody, Global, Import, MemoryType, Name, NameSectionReader, Parser, Payload, RefType,
    Table, TableInit, TypeRef, TypeSectionReader, ValType,
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

/// A definition: the position of its module and its index among the definitions of its kind there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Place {
    pub module: usize,
    pub index: u32,
}

/// A function: one that the component makes, by its index there, or one that a module defines.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Function {
    Canonical(u32),
    Defined(Place),
}

/// What a name stands for.
#[derive(Clone, Copy, Debug)]
pub enum Item {
    Function(Function),
    Table(Place),
    Memory(Place),
    Global(Place),
}

/// The index spaces of a module, each item followed to its definition.
#[derive(Debug, Default)]
pub struct Spaces {
    pub functions: Vec<Function>,
    pub tables: Vec<Place>,
    pub memories: Vec<Place>,
    pub globals: Vec<Place>,
}

impl Spaces {
    pub fn push(&mut self, item: Item) {
        match item {
            Item::Function(function) => self.functions.push(function),
            Item::Table(table) => self.tables.push(table),
            Item::Memory(memory) => self.memories.push(memory),
            Item::Global(global) => self.globals.push(global),
        }
    }

    pub fn get(&self, kind: ExternalKind, index: u32) -> Result<Item> {
        let index = index as usize;
        let item = match kind {
            ExternalKind::Func | ExternalKind::FuncExact => {
                self.functions.get(index).copied().map(Item::Function)
            }
            ExternalKind::Table => self.tables.get(index).copied().map(Item::Table),
            ExternalKind::Memory => self.memories.get(index).copied().map(Item::Memory),
            ExternalKind::Global => self.globals.get(index).copied().map(Item::Global),
            ExternalKind::Tag => bail!("it has tags"),
        };
        item.context("an index that is not there")
    }
}

/// The modules of a component in the order of their instantiation, each with its index spaces.
#[derive(Default)]
pub struct Linked<'a> {
    pub modules: Vec<CoreModule<'a>>,
    pub spaces: Vec<Spaces>,
    /// The types by which canonical functions are imported.
    pub canonical_types: BTreeMap<u32, FuncType>,
}

impl<'a> Linked<'a> {
    /// Adds a module that is instantiated now; `items` are what satisfies its imports.
    pub fn add(&mut self, module: CoreModule<'a>, items: &[Item]) -> Result<()> {
        let mut spaces = Spaces::default();
        for (import, item) in module.imports.iter().zip(items) {
            if let (Item::Function(Function::Canonical(index)), TypeRef::Func(ty)) =
                (item, import.ty)
            {
                let ty = module.function_type(ty)?.clone();
                self.canonical_types.insert(*index, ty);
            }
            spaces.push(*item);
        }
        let place = |index: usize| Place {
            module: self.modules.len(),
            index: index as u32,
        };
        let functions = (0..module.functions.len()).map(place);
        spaces.functions.extend(functions.map(Function::Defined));
        spaces.tables.extend((0..module.tables.len()).map(place));
        spaces
            .memories
            .extend((0..module.memories.len()).map(place));
        spaces.globals.extend((0..module.globals.len()).map(place));
        self.modules.push(module);
        self.spaces.push(spaces);
        Ok(())
    }

    /// What the module at `module` exports as `name`.
    pub fn export(&self, module: usize, name: &str) -> Result<Item> {
        let (kind, index) = self.modules[module]
            .exports
            .get(name)
            .context("an export that is not there")?;
        self.spaces[module].get(*kind, *index)
    }

    pub fn function_type(&self, function: Function) -> Result<&FuncType> {
        match function {
            Function::Canonical(index) => self
                .canonical_types
                .get(&index)
                .context("a canonical function that nobody imports"),
            Function::Defined(place) => {
                let module = &self.modules[place.module];
                module.function_type(module.functions[place.index as usize])
            }
        }
    }

    /// The function that `index` stands for in the module at `module`.
    pub fn function(&self, module: usize, index: u32) -> Result<Function> {
        let functions = &self.spaces[module].functions;
        functions
            .get(index as usize)
            .copied()
            .context("a function that is not there")
    }

    pub fn table(&self, module: usize, index: u32) -> Result<Place> {
        let tables = &self.spaces[module].tables;
        tables
            .get(index as usize)
            .copied()
            .context("a table that is not there")
    }

    pub fn global(&self, module: usize, index: u32) -> Result<Place> {
        let globals = &self.spaces[module].globals;
        globals
            .get(index as usize)
            .copied()
            .context("a global that is not there")
    }

    /// The only memory there is.
    ///
    /// Fails if there is none, are several, or it is one that cannot be moved to the base.
    pub fn memory(&self) -> Result<MemoryType> {
        let mut memories = self.modules.iter().flat_map(|module| &module.memories);
        match (memories.next(), memories.next()) {
            (Some(memory), None)
                if !memory.memory64 && !memory.shared && memory.page_size_log2.is_none() =>
            {
                Ok(*memory)
            }
            _ => bail!("it does not have one plain memory"),
        }
    }

    /// The start functions, in order.
    ///
    /// Fails if a module that comes later has segments: these would be in place before the function runs.
    pub fn starts(&self) -> Result<Vec<Function>> {
        let mut starts = Vec::new();
        for (position, module) in self.modules.iter().enumerate() {
            if module.has_segments() && !starts.is_empty() {
                bail!("a start function runs before all segments are in place");
            }
            if let Some(start) = module.start {
                starts.push(self.function(position, start)?);
            }
        }
        Ok(starts)
    }
}
