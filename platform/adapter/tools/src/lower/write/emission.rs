//! Items that were not there, one at a time.

use super::writer::Writer;
use crate::lower::shim::{GIVEN, Given, Shim};
use crate::spaces::Space;
use anyhow::{Context, Result};
use std::collections::BTreeMap;
use wasm_encoder::{
    Alias, CanonicalFunctionSection, CanonicalOption, ComponentAliasSection, ComponentExportKind,
    ComponentImportSection, ComponentTypeRef, ComponentTypeSection, ExportKind, InstanceSection,
    InstanceType, ModuleArg, ModuleSection,
};

impl Writer<'_, '_> {
    pub fn import(&mut self, name: &'static str, ty: &InstanceType) -> u32 {
        let mut types = ComponentTypeSection::new();
        types.instance(ty);
        self.out.section(&types);
        let ty = self.renumbering.insert(Space::Type);
        let mut imports = ComponentImportSection::new();
        imports.import(name, ComponentTypeRef::Instance(ty));
        self.out.section(&imports);
        self.added.push(name);
        self.renumbering.insert(Space::Instance)
    }

    pub fn alias_function(&mut self, instance: u32, name: &str) -> u32 {
        let mut aliases = ComponentAliasSection::new();
        aliases.alias(Alias::InstanceExport {
            instance,
            kind: ComponentExportKind::Func,
            name,
        });
        self.out.section(&aliases);
        self.renumbering.insert(Space::Function)
    }

    pub fn alias_core(&mut self, instance: u32, name: &str, kind: ExportKind) -> u32 {
        let mut aliases = ComponentAliasSection::new();
        aliases.alias(Alias::CoreInstanceExport {
            instance,
            kind,
            name,
        });
        self.out.section(&aliases);
        self.renumbering.insert(match kind {
            ExportKind::Memory => Space::CoreMemory,
            ExportKind::Table => Space::CoreTable,
            ExportKind::Global => Space::CoreGlobal,
            _ => Space::CoreFunction,
        })
    }

    pub fn lower(
        &mut self,
        function: u32,
        options: impl IntoIterator<Item = CanonicalOption>,
    ) -> u32 {
        let options: Vec<CanonicalOption> = options.into_iter().collect();
        let mut functions = CanonicalFunctionSection::new();
        functions.lower(function, options);
        self.out.section(&functions);
        self.renumbering.insert(Space::CoreFunction)
    }

    /// Instantiates a module with what it is to be given.
    pub fn instantiate(&mut self, shim: Shim, given: &BTreeMap<Given, u32>) -> Result<u32> {
        let (module, wanted) = shim.finish();
        self.out.section(&ModuleSection(&module));
        let module = self.renumbering.insert(Space::CoreModule);
        let mut items = Vec::new();
        for each in wanted {
            let (kind, index) = match each {
                Given::Runtime(name) => (ExportKind::Func, self.lowered.get(name)),
                Given::Memory => (ExportKind::Memory, given.get(&each)),
                Given::Target => (ExportKind::Global, given.get(&each)),
                Given::Table => (ExportKind::Table, given.get(&each)),
                _ => (ExportKind::Func, given.get(&each)),
            };
            let index = *index.with_context(|| format!("nothing is there for {each:?}"))?;
            items.push((each.name(), kind, index));
        }
        let mut instances = InstanceSection::new();
        instances.export_items(
            items
                .iter()
                .map(|(name, kind, index)| (name.as_str(), *kind, *index)),
        );
        let items = self.renumbering.insert(Space::CoreInstance);
        instances.instantiate(module, [(GIVEN, ModuleArg::Instance(items))]);
        self.out.section(&instances);
        Ok(self.renumbering.insert(Space::CoreInstance))
    }
}
