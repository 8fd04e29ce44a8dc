//! A core module that is written function by function, and imports everything from one instance.

use wasm_encoder::{
    CodeSection, ConstExpr, ElementSection, Elements, EntityType, ExportKind, ExportSection,
    Function, FunctionSection, GlobalSection, GlobalType, ImportSection, InstructionSink,
    MemoryType, Module, RefType, TableSection, TableType, TypeSection, ValType,
};

/// The name of the instance that everything is imported from.
pub const GIVEN: &str = "given";

#[derive(Default)]
pub struct CoreModule {
    types: TypeSection,
    signatures: Vec<(Vec<ValType>, Vec<ValType>)>,
    imports: ImportSection,
    functions: FunctionSection,
    tables: TableSection,
    globals: GlobalSection,
    exports: ExportSection,
    elements: ElementSection,
    code: CodeSection,
    function_count: u32,
    global_count: u32,
}

impl CoreModule {
    /// Imports a function, before any is defined.
    pub fn import(&mut self, name: &str, params: &[ValType], results: &[ValType]) -> u32 {
        let ty = self.signature(params, results);
        self.imports.import(GIVEN, name, EntityType::Function(ty));
        self.function_count += 1;
        self.function_count - 1
    }

    pub fn import_memory(&mut self, name: &str) {
        let memory = MemoryType {
            minimum: 0,
            maximum: None,
            memory64: false,
            shared: false,
            page_size_log2: None,
        };
        self.imports.import(GIVEN, name, memory);
    }

    pub fn import_global(&mut self, name: &str, ty: ValType) -> u32 {
        self.imports.import(GIVEN, name, global(ty));
        self.global_count += 1;
        self.global_count - 1
    }

    pub fn import_table(&mut self, name: &str) {
        self.imports.import(GIVEN, name, one_function());
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
            .section(&self.functions)
            .section(&self.tables)
            .section(&self.globals)
            .section(&self.exports)
            .section(&self.elements)
            .section(&self.code);
        module
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
