//! Rewrites the code of a module for the index spaces of the program.

use super::linking::{Function, Linked, Place};
use super::reach::Reach;
use super::trampolines::Trampolines;
use std::collections::HashMap;
use std::fmt;
use wasm_encoder::Instruction;
use wasm_encoder::reencode::{Error, Reencode, utils};
use wasmparser::{FuncType, Operator};

/// Something that has no place in what is written: it should not have been reachable.
#[derive(Debug)]
pub struct Misplaced(pub &'static str);

impl fmt::Display for Misplaced {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} has no place in the merged module", self.0)
    }
}

impl std::error::Error for Misplaced {}

/// The function types of the program, each once.
#[derive(Default)]
pub struct Types {
    pub list: Vec<FuncType>,
    indices: HashMap<FuncType, u32>,
}

impl Types {
    pub fn index(&mut self, ty: &FuncType) -> u32 {
        if let Some(index) = self.indices.get(ty) {
            return *index;
        }
        let index = self.list.len() as u32;
        self.indices.insert(ty.clone(), index);
        self.list.push(ty.clone());
        index
    }
}

/// Where everything is in the program.
pub struct Layout {
    pub functions: HashMap<Function, u32>,
    pub tables: HashMap<Place, u32>,
    pub globals: HashMap<Place, u32>,
}

/// Rewrites what belongs to the module at `module`.
pub struct Rewriting<'m> {
    pub linked: &'m Linked<'m>,
    pub reach: &'m Reach,
    pub trampolines: &'m Trampolines,
    pub layout: &'m Layout,
    pub types: &'m mut Types,
    pub module: usize,
}

type Rewritten<T> = Result<T, Error<Misplaced>>;

fn or_misplaced<T>(found: Option<T>, what: &'static str) -> Rewritten<T> {
    found.ok_or(Error::UserError(Misplaced(what)))
}

impl Reencode for Rewriting<'_> {
    type Error = Misplaced;

    fn type_index(&mut self, index: u32) -> Rewritten<u32> {
        let ty = self.linked.modules[self.module].function_type(index).ok();
        or_misplaced(ty, "a type").map(|ty| self.types.index(ty))
    }

    fn function_index(&mut self, index: u32) -> Rewritten<u32> {
        let function = self.linked.function(self.module, index).ok();
        let function = self
            .trampolines
            .follow(or_misplaced(function, "a function")?);
        or_misplaced(self.layout.functions.get(&function).copied(), "a function")
    }

    fn table_index(&mut self, index: u32) -> Rewritten<u32> {
        let table = self.linked.table(self.module, index).ok();
        let index = table.and_then(|table| self.layout.tables.get(&table).copied());
        or_misplaced(index, "a table")
    }

    fn global_index(&mut self, index: u32) -> Rewritten<u32> {
        let global = self.linked.global(self.module, index).ok();
        let index = global.and_then(|global| self.layout.globals.get(&global).copied());
        or_misplaced(index, "a global")
    }

    fn memory_index(&mut self, _: u32) -> Rewritten<u32> {
        Ok(0)
    }

    fn tag_index(&mut self, _: u32) -> Rewritten<u32> {
        or_misplaced(None, "a tag")
    }

    fn data_index(&mut self, _: u32) -> Rewritten<u32> {
        or_misplaced(None, "a data segment")
    }

    fn element_index(&mut self, _: u32) -> Rewritten<u32> {
        or_misplaced(None, "an element segment")
    }

    fn instruction<'a>(&mut self, operator: Operator<'a>) -> Rewritten<Instruction<'a>> {
        if let Operator::GlobalGet { global_index } = operator {
            let global = self.linked.global(self.module, global_index).ok();
            let global = or_misplaced(global, "a global")?;
            if let Some(value) = self.reach.constants.get(&global) {
                return Ok(value.instruction());
            }
        }
        utils::instruction(self, operator)
    }
}
