//! The program: everything of the core modules but the memory.

use super::base;
use super::constants::Constants;
use super::inlining::{Code, budget, inlinable};
use super::modules::{Function, Linked, Place};
use super::outline::Outline;
use super::reach::Reach;
use super::rewriting::{Layout, Rewriting, Types};
use super::scan::Scan;
use super::trampolines::{Segment, Trampolines, segments};
use anyhow::{Context, Result, anyhow, bail};
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

/// How many tables a module may define: the engine's allocator has room for no more.
const MOST_TABLES: usize = 1;

/// How often what is needed early may lead to more that is.
const MOST_ROUNDS: usize = 16;

/// The program, and what the component has to do for it.
pub struct Program {
    pub module: Module,
    pub constants: Constants,
    /// The canonical functions that it imports.
    pub imports: BTreeSet<u32>,
    /// The functions that the component needs before there is a program, in the order of the base's table.
    pub early: Vec<Place>,
    /// The functions that it exports, by their positions. Those that nobody needs have a body that traps.
    pub exports: Vec<Place>,
}

/// The program of a component of whose lifted functions `unneeded` are not needed.
pub fn encode(outline: &Outline<'_>, unneeded: &BTreeSet<usize>) -> Result<Program> {
    let linked = &outline.linked;
    let constants = Constants::of(linked);
    let scan = Scan::of(linked)?;
    let segments = segments(linked, &constants)?;
    let trampolines = Trampolines::of(linked, &scan, &segments)?;
    let starts = linked.starts()?;
    let lifts = outline.lifts.iter().enumerate();
    let needed: BTreeSet<Place> = lifts
        .filter(|(position, _)| !unneeded.contains(position))
        .flat_map(|(_, places)| places.iter().copied())
        .collect();
    let exports: BTreeSet<Place> = outline.lifts.iter().flatten().copied().collect();

    // What is imported decides what is needed early, which may lead to more imports.
    let (mut early, mut rounds) = (Vec::new(), 0);
    let reach = loop {
        rounds += 1;
        if rounds > MOST_ROUNDS {
            bail!("what it needs early is too entangled");
        }
        let used = needed.iter().chain(&early).copied();
        let roots = used.map(Function::Defined).chain(starts.iter().copied());
        let reach = Reach::from(roots, &constants, &scan, &segments, &trampolines);
        let needed_early = outline.early(&reach.canonical);
        if needed_early == early {
            break reach;
        }
        early = needed_early;
    };
    if reach.tables.len() > MOST_TABLES {
        bail!("it has several tables");
    }
    let exports = Vec::from_iter(exports);
    let module = Writer {
        linked,
        constants: &constants,
        layout: &layout(&reach, !early.is_empty()),
        reach: &reach,
        segments: &segments,
        trampolines: &trampolines,
        early: &early,
        exports: &exports,
        needed: &needed,
        inlinable: &inlinable(linked)?,
        budget: budget(linked),
        types: Types::default(),
        functions: FunctionSection::new(),
        code: CodeSection::new(),
    }
    .write(&starts)?;
    Ok(Program {
        module,
        constants,
        imports: reach.canonical,
        early,
        exports,
    })
}

/// Imports come first in each index space.
fn layout(reach: &Reach, imports_table: bool) -> Layout {
    let canonical = reach.canonical.iter().copied().map(Function::Canonical);
    let defined = reach.functions.iter().copied().map(Function::Defined);
    Layout {
        functions: canonical.chain(defined).zip(0..).collect(),
        tables: reach
            .tables
            .iter()
            .copied()
            .zip(u32::from(imports_table)..)
            .collect(),
        globals: reach.globals.iter().copied().zip(0..).collect(),
    }
}

struct Writer<'m> {
    linked: &'m Linked<'m>,
    constants: &'m Constants,
    reach: &'m Reach,
    segments: &'m [Segment],
    trampolines: &'m Trampolines,
    early: &'m [Place],
    exports: &'m [Place],
    needed: &'m BTreeSet<Place>,
    inlinable: &'m HashSet<Function>,
    budget: usize,
    layout: &'m Layout,
    types: Types,
    functions: FunctionSection,
    code: CodeSection,
}

impl Writer<'_> {
    fn write(mut self, starts: &[Function]) -> Result<Module> {
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
