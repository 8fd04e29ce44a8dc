//! How the core modules of a component are linked to each other: every index followed to its definition.

use super::modules::CoreModule;
use anyhow::{Context, Result, bail};
use std::collections::BTreeMap;
use wasmparser::{ExternalKind, FuncType, MemoryType, TypeRef};

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
