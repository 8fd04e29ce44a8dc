//! Writes the module of the program, section by section.

use super::base;
use super::constants::Constants;
use super::inlining::Code;
use super::linking::{Function, Linked, Place};
use super::reach::Reach;
use super::rewriting::{Layout, Rewriting, Types};
use super::trampolines::{Segment, Trampolines};
use anyhow::{Context, Result, anyhow};
use std::borrow::Cow;
use std::collections::{BTreeSet, HashMap, HashSet};
use wasm_encoder::reencode::{Reencode, RoundtripReencoder};
use wasm_encoder::{
    CodeSection, ConstExpr, ElementSection, Elements, EntityType, ExportKind, ExportSection,
    FunctionSection, GlobalSection, ImportSection, Instruction, Module, NameMap, NameSection,
    RefType, StartSection, TableSection, TypeSection,
};
use wasmparser::FuncType;

/// The module from which the memory and the table of the base are imported.
pub const BASE: &str = "base";

/// The module from which canonical functions are imported, each by its index in the component that was.
pub const CANONICAL: &str = "canonical";

/// Everything that decides what is written.
pub struct Writer<'m> {
    pub linked: &'m Linked<'m>,
    pub constants: &'m Constants,
    pub reach: &'m Reach,
    pub segments: &'m [Segment],
    pub trampolines: &'m Trampolines,
    /// The functions that fill the base's table.
    pub early: &'m [Place],
    pub exports: &'m [Place],
    /// Those of `exports` that have to work.
    pub needed: &'m BTreeSet<Place>,
    pub inlinable: &'m HashSet<Function>,
    pub budget: usize,
    pub layout: &'m Layout,
    pub types: Types,
    pub functions: FunctionSection,
    pub code: CodeSection,
}

impl Writer<'_> {
    /// The module.
    pub fn write(mut self, starts: &[Function]) -> Result<Module> {
        let imports = self.imports()?;
        for place in &self.reach.functions {
            self.add_function(*place)?;
        }
        let start = self.start(starts)?;
        let exports = self.exports()?;
        let (tables, globals) = (self.tables()?, self.globals()?);
        let (elements, names) = (self.elements()?, self.names());
        let mut types = TypeSection::new();
        for ty in &self.types.list {
            types
                .ty()
                .func_type(&RoundtripReencoder.func_type(ty.clone())?);
        }
        let mut module = Module::new();
        module
            .section(&types)
            .section(&imports)
            .section(&self.functions)
            .section(&tables)
            .section(&globals)
            .section(&exports);
        if let Some(function_index) = start {
            module.section(&StartSection { function_index });
        }
        module
            .section(&elements)
            .section(&self.code)
            .section(&names);
        Ok(module)
    }

    fn imports(&mut self) -> Result<ImportSection> {
        let mut imports = ImportSection::new();
        let memory = RoundtripReencoder.memory_type(self.linked.memory()?)?;
        imports.import(BASE, base::MEMORY, memory);
        if !self.early.is_empty() {
            let table = base::table_type(self.early.len());
            imports.import(BASE, base::TABLE, table);
        }
        for index in &self.reach.canonical {
            let ty = self.linked.function_type(Function::Canonical(*index))?;
            let ty = EntityType::Function(self.types.index(ty));
            imports.import(CANONICAL, &index.to_string(), ty);
        }
        Ok(imports)
    }

    fn add_function(&mut self, place: Place) -> Result<()> {
        let ty = self.linked.function_type(Function::Defined(place))?;
        self.functions.function(self.types.index(ty));
        let mut rewriting = Rewriting {
            linked: self.linked,
            reach: self.reach,
            trampolines: self.trampolines,
            layout: self.layout,
            types: &mut self.types,
            module: place.module,
        };
        let function = Code::write(&mut rewriting, self.inlinable, &mut self.budget, place);
        self.code
            .function(&function.map_err(|error| anyhow!("{error}"))?);
        Ok(())
    }

    /// Adds a function that no module has, and returns its index.
    fn add_own(&mut self, ty: &FuncType, instructions: &[Instruction<'_>]) -> u32 {
        let index = self.reach.canonical.len() as u32 + self.functions.len();
        self.functions.function(self.types.index(ty));
        let mut body = wasm_encoder::Function::new([]);
        for instruction in instructions {
            body.instruction(instruction);
        }
        body.instruction(&Instruction::End);
        self.code.function(&body);
        index
    }

    /// The index of the start function; one more that calls them all if there are several.
    fn start(&mut self, starts: &[Function]) -> Result<Option<u32>> {
        if starts.len() < 2 {
            return starts.first().map(|start| self.index(*start)).transpose();
        }
        let calls: Vec<_> = starts
            .iter()
            .map(|start| Ok(Instruction::Call(self.index(*start)?)))
            .collect::<Result<_>>()?;
        Ok(Some(self.add_own(&FuncType::new([], []), &calls)))
    }

    fn exports(&mut self) -> Result<ExportSection> {
        let mut exports = ExportSection::new();
        let mut stubs: HashMap<&FuncType, u32> = HashMap::new();
        for (position, place) in self.exports.iter().enumerate() {
            let function = Function::Defined(*place);
            let index = if self.needed.contains(place) {
                self.index(function)?
            } else {
                let ty = self.linked.function_type(function)?;
                *stubs
                    .entry(ty)
                    .or_insert_with(|| self.add_own(ty, &[Instruction::Unreachable]))
            };
            exports.export(&position.to_string(), ExportKind::Func, index);
        }
        Ok(exports)
    }

    fn tables(&self) -> Result<TableSection> {
        let mut tables = TableSection::new();
        for place in &self.reach.tables {
            let table = &self.linked.modules[place.module].tables[place.index as usize];
            tables.table(RoundtripReencoder.table_type(table.ty)?);
        }
        Ok(tables)
    }

    fn globals(&self) -> Result<GlobalSection> {
        let mut globals = GlobalSection::new();
        for place in &self.reach.globals {
            let global = &self.linked.modules[place.module].globals[place.index as usize];
            let value = self
                .constants
                .initial(*place)
                .context("the initial value of a global is not a number")?;
            globals.global(
                RoundtripReencoder.global_type(global.ty)?,
                &value.expression(),
            );
        }
        Ok(globals)
    }

    /// The segment for the table of the base comes last: the engine prepares those that lead the section.
    fn elements(&self) -> Result<ElementSection> {
        let mut elements = ElementSection::new();
        for segment in self.segments {
            let Some(table) = self.layout.tables.get(&segment.table) else {
                continue;
            };
            let functions = segment.functions.iter();
            let functions: Vec<_> = functions
                .map(|each| each.map(|function| self.index(function)).transpose())
                .collect::<Result<_>>()?;
            let offset = ConstExpr::i32_const(segment.offset as i32);
            elements.active(Some(*table), &offset, items(&functions));
        }
        let taken = self.reach.taken.iter().map(|each| self.index(*each));
        let taken: Vec<_> = taken.collect::<Result<_>>()?;
        if !taken.is_empty() {
            elements.declared(Elements::Functions(Cow::Owned(taken)));
        }
        let early = self.early.iter();
        let early: Vec<_> = early
            .map(|place| self.index(Function::Defined(*place)))
            .collect::<Result<_>>()?;
        if !early.is_empty() {
            let functions = Elements::Functions(Cow::Owned(early));
            elements.active(Some(0), &ConstExpr::i32_const(0), functions);
        }
        Ok(elements)
    }

    fn index(&self, function: Function) -> Result<u32> {
        let function = self.trampolines.follow(function);
        let index = self.layout.functions.get(&function);
        index
            .copied()
            .context("a function that cannot be reached is used")
    }

    fn names(&self) -> NameSection {
        let mut functions = NameMap::new();
        for (place, index) in self
            .reach
            .functions
            .iter()
            .zip(self.reach.canonical.len() as u32..)
        {
            let module = &self.linked.modules[place.module];
            let spaces = &self.linked.spaces[place.module];
            let imported = spaces.functions.len() - module.functions.len();
            if let Some(name) = module.names.get(&(place.index + imported as u32)) {
                functions.append(index, name);
            }
        }
        let mut names = NameSection::new();
        names.functions(&functions);
        names
    }
}

fn items(functions: &[Option<u32>]) -> Elements<'static> {
    match functions.iter().copied().collect::<Option<Vec<u32>>>() {
        Some(indices) => Elements::Functions(Cow::Owned(indices)),
        None => {
            let expressions = functions.iter().map(|function| match function {
                Some(index) => ConstExpr::ref_func(*index),
                None => ConstExpr::ref_null(wasm_encoder::HeapType::FUNC),
            });
            Elements::Expressions(RefType::FUNCREF, Cow::Owned(expressions.collect()))
        }
    }
}
