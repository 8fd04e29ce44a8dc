//! A core module that is written function by function.

use wasm_encoder::{
    CodeSection, ConstExpr, ElementSection, Elements, EntityType, ExportKind, ExportSection,
    Function, FunctionSection, GlobalSection, GlobalType, ImportSection, InstructionSink, MemArg,
    MemorySection, MemoryType, Module, RefType, TableSection, TableType, TypeSection, ValType,
};

#[derive(Default)]
pub struct CoreModule {
    types: TypeSection,
    signatures: Vec<(Vec<ValType>, Vec<ValType>)>,
    imports: ImportSection,
    functions: FunctionSection,
    tables: TableSection,
    memories: MemorySection,
    globals: GlobalSection,
    exports: ExportSection,
    elements: ElementSection,
    code: CodeSection,
    function_count: u32,
    global_count: u32,
}

impl CoreModule {
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
        self.function_count += 1;
        self.function_count - 1
    }

    /// Imports a memory of any size.
    pub fn import_memory(&mut self, module: &str, name: &str) {
        self.imports.import(module, name, memory(0));
    }

    pub fn import_global(&mut self, module: &str, name: &str, ty: ValType) -> u32 {
        self.imports.import(module, name, global(ty));
        self.global_count += 1;
        self.global_count - 1
    }

    pub fn import_table(&mut self, module: &str, name: &str) {
        self.imports.import(module, name, one_function());
    }

    /// The memory, of so many pages at first.
    pub fn export_memory(&mut self, name: &str, pages: u64) {
        self.memories.memory(memory(pages));
        self.exports.export(name, ExportKind::Memory, 0);
    }

    /// The table has room for one function.
    pub fn export_table(&mut self, name: &str) {
        self.tables.table(one_function());
        self.exports.export(name, ExportKind::Table, 0);
    }

    /// The one function of the table is this.
    pub fn fill_table(&mut self, function: u32) {
        let functions = [function];
        let functions = Elements::Functions((&functions[..]).into());
        self.elements
            .active(None, &ConstExpr::i32_const(0), functions);
    }

    pub fn global(&mut self, ty: ValType, value: &ConstExpr) -> u32 {
        self.globals.global(global(ty), value);
        self.global_count += 1;
        self.global_count - 1
    }

    pub fn export_global(&mut self, name: &str, index: u32) {
        self.exports.export(name, ExportKind::Global, index);
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
        self.function_count += 1;
        self.function_count - 1
    }

    pub fn export(&mut self, name: &str, function: u32) {
        self.exports.export(name, ExportKind::Func, function);
    }

    /// The index of a function type.
    pub fn signature(&mut self, params: &[ValType], results: &[ValType]) -> u32 {
        let mut known = self.signatures.iter();
        let position = known.position(|(p, r)| (&p[..], &r[..]) == (params, results));
        let index = position.unwrap_or_else(|| {
            self.types
                .ty()
                .function(params.iter().copied(), results.iter().copied());
            self.signatures.push((params.to_vec(), results.to_vec()));
            self.signatures.len() - 1
        });
        index as u32
    }

    pub fn finish(self) -> Module {
        let mut module = Module::new();
        module
            .section(&self.types)
            .section(&self.imports)
            .section(&self.functions);
        if !self.tables.is_empty() {
            module.section(&self.tables);
        }
        if !self.memories.is_empty() {
            module.section(&self.memories);
        }
        if !self.globals.is_empty() {
            module.section(&self.globals);
        }
        module.section(&self.exports);
        if !self.elements.is_empty() {
            module.section(&self.elements);
        }
        module.section(&self.code);
        module
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

fn memory(pages: u64) -> MemoryType {
    MemoryType {
        minimum: pages,
        maximum: None,
        memory64: false,
        shared: false,
        page_size_log2: None,
    }
}

fn global(val_type: ValType) -> GlobalType {
    GlobalType {
        val_type,
        mutable: true,
        shared: false,
    }
}

fn one_function() -> TableType {
    TableType {
        element_type: RefType::FUNCREF,
        table64: false,
        minimum: 1,
        maximum: Some(1),
        shared: false,
    }
}
