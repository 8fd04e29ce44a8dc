//! A core module with one memory and some globals, written function by function.

use wasm_encoder::{
    CodeSection, ConstExpr, EntityType, ExportKind, ExportSection, Function, FunctionSection,
    GlobalSection, GlobalType, ImportSection, InstructionSink, MemArg, MemorySection, MemoryType,
    Module, TypeSection, ValType,
};
use wit_parser::{LiftLowerAbi, ManglingAndAbi};

/// How wit-component is told what a core module imports and exports.
pub const NAMES: ManglingAndAbi = ManglingAndAbi::Legacy(LiftLowerAbi::Sync);

/// The globals, in their order.
pub const TOP: u32 = 0;
pub const SIGHT: u32 = 1;
pub const CALLS: u32 = 2;

#[derive(Default)]
pub struct Assembly {
    types: TypeSection,
    signatures: Vec<(Vec<ValType>, Vec<ValType>)>,
    imports: ImportSection,
    functions: FunctionSection,
    exports: ExportSection,
    code: CodeSection,
    count: u32,
}

impl Assembly {
    /// Imports a function, before any is defined.
    pub fn import(
        &mut self,
        module: &str,
        name: &str,
        params: &[ValType],
        results: &[ValType],
    ) -> u32 {
        let ty = self.signature(params, results);
        self.imports.import(module, name, EntityType::Function(ty));
        self.next()
    }

    /// Defines a function whose code `write` writes; its end is added.
    pub fn define(
        &mut self,
        params: &[ValType],
        results: &[ValType],
        locals: &[ValType],
        write: impl FnOnce(&mut InstructionSink<'_>),
    ) -> u32 {
        let ty = self.signature(params, results);
        self.functions.function(ty);
        let mut function = Function::new_with_locals_types(locals.iter().copied());
        let mut code = function.instructions();
        write(&mut code);
        code.end();
        self.code.function(&function);
        self.next()
    }

    pub fn export(&mut self, name: &str, function: u32) {
        self.exports.export(name, ExportKind::Func, function);
    }

    /// The module; `TOP` begins as `top`, the other globals as 0.
    pub fn finish(mut self, top: i32) -> Vec<u8> {
        let mut memories = MemorySection::new();
        memories.memory(MemoryType {
            minimum: 1,
            maximum: None,
            memory64: false,
            shared: false,
            page_size_log2: None,
        });
        self.exports.export("memory", ExportKind::Memory, 0);
        let mut globals = GlobalSection::new();
        let ty = GlobalType {
            val_type: ValType::I32,
            mutable: true,
            shared: false,
        };
        for value in [top, 0, 0] {
            globals.global(ty, &ConstExpr::i32_const(value));
        }
        let mut module = Module::new();
        module
            .section(&self.types)
            .section(&self.imports)
            .section(&self.functions)
            .section(&memories)
            .section(&globals)
            .section(&self.exports)
            .section(&self.code);
        module.finish()
    }

    fn signature(&mut self, params: &[ValType], results: &[ValType]) -> u32 {
        let mut known = self.signatures.iter();
        let position = known.position(|(p, r)| (&p[..], &r[..]) == (params, results));
        let index = position.unwrap_or_else(|| {
            let signature = (params.to_vec(), results.to_vec());
            self.types
                .ty()
                .function(signature.0.clone(), signature.1.clone());
            self.signatures.push(signature);
            self.signatures.len() - 1
        });
        index as u32
    }

    fn next(&mut self) -> u32 {
        self.count += 1;
        self.count - 1
    }
}

/// An access to memory, `offset` bytes behind an address; it may be unaligned.
pub fn at(offset: u32) -> MemArg {
    MemArg {
        offset: offset.into(),
        align: 0,
        memory_index: 0,
    }
}
