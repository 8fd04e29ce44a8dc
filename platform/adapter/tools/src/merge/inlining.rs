//! Puts the code of small functions where they are called.
//!
//! The engine's compiler does not: a call costs it a frame, a check of the stack and one of the epoch, which is more than
//! many functions do. A body takes its arguments from locals of its own and stands in a block, which its returns leave.

use super::linking::{Function, Linked, Place};
use super::modules::CoreModule;
use super::rewriting::{Misplaced, Rewriting};
use anyhow::Result;
use std::collections::{HashMap, HashSet};
use wasm_encoder::reencode::{Error, Reencode};
use wasm_encoder::{BlockType, Instruction};
use wasmparser::{FuncType, FunctionBody, Operator, ValType};

/// Bytes of a body that is put where it is called.
const LARGEST: usize = 60;

/// Calls in such a body.
const MOST_CALLS: usize = 2;

/// How deep bodies are put into each other.
const DEEPEST: usize = 3;

/// Locals of such a body: each is set to zero where it is put.
const MOST_LOCALS: u64 = 32;

/// Locals of a function, those of the bodies in it included.
const MOST_LOCALS_IN_ALL: u32 = 40_000;

/// By how many instructions the code may grow in any case. The last body may go beyond it.
const GROWTH: usize = 10_000;

/// For how many bytes of code it may grow by one instruction more.
const BYTES_PER_GROWTH: usize = 2;

/// The functions whose code may stand where they are called.
pub fn inlinable(linked: &Linked<'_>) -> Result<HashSet<Function>> {
    let mut found = HashSet::new();
    for (position, module) in linked.modules.iter().enumerate() {
        for (index, body) in module.bodies.iter().enumerate() {
            if is_inlinable(body)? {
                found.insert(Function::Defined(Place {
                    module: position,
                    index: index as u32,
                }));
            }
        }
    }
    Ok(found)
}

fn is_inlinable(body: &FunctionBody<'_>) -> Result<bool> {
    if size(body) > LARGEST {
        return Ok(false);
    }
    let mut count = 0;
    for locals in body.get_locals_reader()? {
        let (more, ty) = locals?;
        count += u64::from(more);
        if zero(ty).is_none() || count > MOST_LOCALS {
            return Ok(false);
        }
    }
    let (mut operators, mut calls) = (body.get_operators_reader()?, 0);
    while !operators.eof() {
        match operators.read()? {
            Operator::Call { .. } => calls += 1,
            // A loop makes a call cheap; a tail call would leave the caller.
            Operator::Loop { .. }
            | Operator::ReturnCall { .. }
            | Operator::ReturnCallIndirect { .. }
            | Operator::ReturnCallRef { .. }
            | Operator::TryTable { .. } => return Ok(false),
            _ => {}
        }
    }
    Ok(calls <= MOST_CALLS)
}

/// How many instructions may be added to the code of `linked` in all.
pub fn budget(linked: &Linked<'_>) -> usize {
    let bodies = linked.modules.iter().flat_map(|module| &module.bodies);
    GROWTH + bodies.map(size).sum::<usize>() / BYTES_PER_GROWTH
}

fn size(body: &FunctionBody<'_>) -> usize {
    let range = body.range();
    (range.end - range.start) as usize
}

fn zero(ty: ValType) -> Option<Instruction<'static>> {
    match ty {
        ValType::I32 => Some(Instruction::I32Const(0)),
        ValType::I64 => Some(Instruction::I64Const(0)),
        ValType::F32 => Some(Instruction::F32Const(0.0.into())),
        ValType::F64 => Some(Instruction::F64Const(0.0.into())),
        ValType::V128 => Some(Instruction::V128Const(0)),
        ValType::Ref(_) => None,
    }
}

/// The locals of a function that is written: its own, then those of bodies put into it, which share them.
#[derive(Default)]
struct Locals {
    count: u32,
    more: Vec<ValType>,
    free: HashMap<ValType, Vec<u32>>,
}

impl Locals {
    fn take(&mut self, ty: ValType) -> u32 {
        if let Some(local) = self.free.get_mut(&ty).and_then(Vec::pop) {
            return local;
        }
        self.more.push(ty);
        self.count += 1;
        self.count - 1
    }

    fn give_back(&mut self, ty: ValType, local: u32) {
        self.free.entry(ty).or_default().push(local);
    }
}

/// The code of one function of the program.
pub struct Code<'c, 'm> {
    rewriting: &'c mut Rewriting<'m>,
    inlinable: &'m HashSet<Function>,
    /// How many instructions may still be added.
    budget: &'c mut usize,
    locals: Locals,
    instructions: Vec<Instruction<'m>>,
    /// The functions whose bodies are being written, the outermost first.
    within: Vec<Function>,
}

type Written<T> = Result<T, Error<Misplaced>>;

impl<'c, 'm> Code<'c, 'm> {
    /// Writes the function at `place`, which the module of `rewriting` defines.
    pub fn write(
        rewriting: &'c mut Rewriting<'m>,
        inlinable: &'m HashSet<Function>,
        budget: &'c mut usize,
        place: Place,
    ) -> Written<wasm_encoder::Function> {
        let mut code = Self {
            rewriting,
            inlinable,
            budget,
            locals: Locals::default(),
            instructions: Vec::new(),
            within: vec![Function::Defined(place)],
        };
        let (module, body) = code.enter(place);
        let mut own = Vec::new();
        code.locals.count = parameters(module, place)?.len() as u32;
        for locals in body.get_locals_reader()? {
            let (count, ty) = locals?;
            own.push((count, code.rewriting.val_type(ty)?));
            code.locals.count = code.locals.count.saturating_add(count);
        }
        if code.locals.count > MOST_LOCALS_IN_ALL {
            return Err(Error::UserError(Misplaced("so large a frame")));
        }
        let map: Vec<u32> = (0..code.locals.count).collect();
        code.body(body, &map, false)?;
        for ty in std::mem::take(&mut code.locals.more) {
            own.push((1, code.rewriting.val_type(ty)?));
        }
        let mut function = wasm_encoder::Function::new(own);
        for instruction in &code.instructions {
            function.instruction(instruction);
        }
        Ok(function)
    }

    fn enter(&mut self, place: Place) -> (&'m CoreModule<'m>, &'m FunctionBody<'m>) {
        self.rewriting.module = place.module;
        let module = &self.rewriting.linked.modules[place.module];
        (module, &module.bodies[place.index as usize])
    }

    /// Writes a body whose locals are `map`; one that stands in another leaves its block where it returns.
    fn body(&mut self, body: &FunctionBody<'m>, map: &[u32], is_inside: bool) -> Written<()> {
        let local = |index: u32| {
            let local = map.get(index as usize).copied();
            local.ok_or(Error::UserError(Misplaced("a local")))
        };
        let mut operators = body.get_operators_reader()?;
        let mut depth = 0;
        while !operators.eof() {
            let operator = operators.read()?;
            match operator {
                Operator::Block { .. }
                | Operator::Loop { .. }
                | Operator::If { .. }
                | Operator::TryTable { .. } => depth += 1,
                Operator::End if depth > 0 => depth -= 1,
                _ => {}
            }
            let instruction = match operator {
                Operator::LocalGet { local_index } => Instruction::LocalGet(local(local_index)?),
                Operator::LocalSet { local_index } => Instruction::LocalSet(local(local_index)?),
                Operator::LocalTee { local_index } => Instruction::LocalTee(local(local_index)?),
                Operator::Return if is_inside => Instruction::Br(depth),
                Operator::Call { function_index } if self.inline(function_index)? => continue,
                operator => self.rewriting.instruction(operator)?,
            };
            self.instructions.push(instruction);
        }
        Ok(())
    }

    /// Writes the body of a function that is called; false if the call has to stay.
    fn inline(&mut self, index: u32) -> Written<bool> {
        let module = self.rewriting.module;
        let function = self.rewriting.linked.function(module, index).ok();
        let function = function.map(|function| self.rewriting.trampolines.follow(function));
        let Some(Function::Defined(place)) = function else {
            return Ok(false);
        };
        let function = Function::Defined(place);
        if !self.inlinable.contains(&function)
            || self.within.contains(&function)
            || self.within.len() > DEEPEST
            || *self.budget == 0
            || self.locals.count > MOST_LOCALS_IN_ALL
        {
            return Ok(false);
        }
        let before = self.instructions.len();
        self.within.push(function);
        self.inlined(place)?;
        self.within.pop();
        if self.within.len() == 1 {
            *self.budget = self.budget.saturating_sub(self.instructions.len() - before);
        }
        self.rewriting.module = module;
        Ok(true)
    }

    fn inlined(&mut self, place: Place) -> Written<()> {
        let (module, body) = self.enter(place);
        let parameters = parameters(module, place)?;
        let mut types = parameters.to_vec();
        for locals in body.get_locals_reader()? {
            let (count, ty) = locals?;
            types.extend(std::iter::repeat_n(ty, count as usize));
        }
        let map: Vec<u32> = types.iter().map(|ty| self.locals.take(*ty)).collect();
        for local in map[..parameters.len()].iter().rev() {
            self.instructions.push(Instruction::LocalSet(*local));
        }
        for (local, ty) in map.iter().zip(&types).skip(parameters.len()) {
            self.instructions.extend(zero(*ty));
            self.instructions.push(Instruction::LocalSet(*local));
        }
        let block = self.block(module, place)?;
        self.instructions.push(Instruction::Block(block));
        self.body(body, &map, true)?;
        for (local, ty) in map.iter().zip(&types) {
            self.locals.give_back(*ty, *local);
        }
        Ok(())
    }

    /// The type of the block around a body.
    fn block(&mut self, module: &CoreModule<'m>, place: Place) -> Written<BlockType> {
        let ty = function_type(module, place)?;
        Ok(match ty.results() {
            [] => BlockType::Empty,
            [result] => BlockType::Result(self.rewriting.val_type(*result)?),
            results => {
                let ty = FuncType::new([], results.iter().copied());
                BlockType::FunctionType(self.rewriting.types.index(&ty))
            }
        })
    }
}

fn function_type<'m>(module: &'m CoreModule<'_>, place: Place) -> Written<&'m FuncType> {
    let ty = module.functions.get(place.index as usize);
    let ty = ty.and_then(|ty| module.function_type(*ty).ok());
    ty.ok_or(Error::UserError(Misplaced("a type")))
}

fn parameters<'m>(module: &'m CoreModule<'_>, place: Place) -> Written<&'m [ValType]> {
    function_type(module, place).map(FuncType::params)
}
