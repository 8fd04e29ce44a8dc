//! Constant expressions, computed as far as they are known before anything runs.

use super::linking::{Linked, Place};
use anyhow::{Result, bail};
use wasm_encoder::{Encode, Ieee32, Ieee64, Instruction};
use wasmparser::Operator;

/// A number; floats by their bits.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Value {
    I32(i32),
    I64(i64),
    F32(u32),
    F64(u64),
}

impl Value {
    pub fn instruction(self) -> Instruction<'static> {
        match self {
            Self::I32(value) => Instruction::I32Const(value),
            Self::I64(value) => Instruction::I64Const(value),
            Self::F32(bits) => Instruction::F32Const(Ieee32::new(bits)),
            Self::F64(bits) => Instruction::F64Const(Ieee64::new(bits)),
        }
    }

    pub fn expression(self) -> wasm_encoder::ConstExpr {
        let mut bytes = Vec::new();
        self.instruction().encode(&mut bytes);
        wasm_encoder::ConstExpr::raw(bytes)
    }
}

/// The initial values of all globals, by module and index; None for one that is not a number that is known.
pub struct Constants(Vec<Vec<Option<Value>>>);

impl Constants {
    /// Computes them in the order in which the globals come to be: an initial value can only refer to earlier ones.
    pub fn of(linked: &Linked<'_>) -> Self {
        let mut constants = Self(Vec::new());
        for (position, module) in linked.modules.iter().enumerate() {
            constants.0.push(Vec::new());
            for global in &module.globals {
                let value = constants.evaluate(linked, position, &global.init_expr);
                constants.0[position].push(value);
            }
        }
        constants
    }

    /// The initial value of a global, if it is a number that is known.
    pub fn initial(&self, global: Place) -> Option<Value> {
        *self.0.get(global.module)?.get(global.index as usize)?
    }

    /// The offset of a segment of the module at `module` that is `length` long.
    ///
    /// Fails if it is not known, or the segment does not end within `size`: instantiating would trap.
    pub fn offset(
        &self,
        linked: &Linked<'_>,
        module: usize,
        expression: &wasmparser::ConstExpr<'_>,
        length: usize,
        size: u64,
    ) -> Result<u32> {
        let Some(Value::I32(offset)) = self.evaluate(linked, module, expression) else {
            bail!("the offset of a segment is not known");
        };
        let offset = offset as u32;
        if u64::from(offset) + length as u64 > size {
            bail!("a segment does not fit where it is to lie");
        }
        Ok(offset)
    }

    fn evaluate(
        &self,
        linked: &Linked<'_>,
        module: usize,
        expression: &wasmparser::ConstExpr<'_>,
    ) -> Option<Value> {
        let mut stack = Vec::new();
        let mut reader = expression.get_operators_reader();
        loop {
            let value = match reader.read().ok()? {
                Operator::I32Const { value } => Value::I32(value),
                Operator::I64Const { value } => Value::I64(value),
                Operator::F32Const { value } => Value::F32(value.bits()),
                Operator::F64Const { value } => Value::F64(value.bits()),
                Operator::GlobalGet { global_index } => {
                    self.initial(linked.global(module, global_index).ok()?)?
                }
                Operator::I32Add => binary_32(&mut stack, i32::wrapping_add)?,
                Operator::I32Sub => binary_32(&mut stack, i32::wrapping_sub)?,
                Operator::I32Mul => binary_32(&mut stack, i32::wrapping_mul)?,
                Operator::I64Add => binary_64(&mut stack, i64::wrapping_add)?,
                Operator::I64Sub => binary_64(&mut stack, i64::wrapping_sub)?,
                Operator::I64Mul => binary_64(&mut stack, i64::wrapping_mul)?,
                Operator::End => return stack.pop(),
                _ => return None,
            };
            stack.push(value);
        }
    }
}

fn binary_32(stack: &mut Vec<Value>, operation: fn(i32, i32) -> i32) -> Option<Value> {
    match (stack.pop()?, stack.pop()?) {
        (Value::I32(right), Value::I32(left)) => Some(Value::I32(operation(left, right))),
        _ => None,
    }
}

fn binary_64(stack: &mut Vec<Value>, operation: fn(i64, i64) -> i64) -> Option<Value> {
    match (stack.pop()?, stack.pop()?) {
        (Value::I64(right), Value::I64(left)) => Some(Value::I64(operation(left, right))),
        _ => None,
    }
}
