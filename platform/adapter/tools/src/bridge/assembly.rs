//! The core module of a bridge or a caller: one memory, some globals, and what wit-component is to know.

use crate::core_module::CoreModule;
use wasm_encoder::{ConstExpr, ValType};
use wit_parser::{LiftLowerAbi, ManglingAndAbi};

/// How wit-component is told what a core module imports and exports.
pub const NAMES: ManglingAndAbi = ManglingAndAbi::Legacy(LiftLowerAbi::Sync);

/// The globals, in their order.
pub const TOP: u32 = 0;
pub const SIGHT: u32 = 1;
pub const CALLS: u32 = 2;

/// The module with its memory and its globals: `TOP` begins as `top`, the others as 0.
pub fn assembled(mut module: CoreModule, top: i32) -> Vec<u8> {
    module.export_memory("memory", 1);
    for value in [top, 0, 0] {
        module.global(ValType::I32, &ConstExpr::i32_const(value));
    }
    module.finish().finish()
}
