//! What each function refers to.

use super::linking::{Function, Linked, Place};
use super::modules::CoreModule;
use anyhow::{Result, bail};
use std::collections::BTreeSet;
use wasmparser::{FunctionBody, Operator};

/// What the code of one function refers to, each followed to its definition.
#[derive(Debug, Default)]
pub struct References {
    pub calls: BTreeSet<Function>,
    /// Functions whose reference is taken.
    pub taken: BTreeSet<Function>,
    pub tables: BTreeSet<Place>,
    /// Tables whose content it may change.
    pub changed_tables: BTreeSet<Place>,
    pub read_globals: BTreeSet<Place>,
    pub set_globals: BTreeSet<Place>,
}

impl References {
    pub fn of(linked: &Linked<'_>, module: usize, body: &FunctionBody<'_>) -> Result<Self> {
        let mut references = Self::default();
        let mut reader = body.get_operators_reader()?;
        while !reader.eof() {
            references.add(linked, module, &reader.read()?)?;
        }
        Ok(references)
    }

    fn add(&mut self, linked: &Linked<'_>, module: usize, operator: &Operator<'_>) -> Result<()> {
        match *operator {
            Operator::Call { function_index } | Operator::ReturnCall { function_index } => {
                self.calls.insert(linked.function(module, function_index)?);
            }
            Operator::RefFunc { function_index } => {
                self.taken.insert(linked.function(module, function_index)?);
            }
            Operator::CallIndirect { table_index, .. }
            | Operator::ReturnCallIndirect { table_index, .. } => {
                self.tables.insert(linked.table(module, table_index)?);
            }
            Operator::TableGet { table } | Operator::TableSize { table } => {
                self.tables.insert(linked.table(module, table)?);
            }
            Operator::TableSet { table }
            | Operator::TableGrow { table }
            | Operator::TableFill { table } => {
                self.change(linked.table(module, table)?);
            }
            Operator::TableCopy {
                dst_table,
                src_table,
            } => {
                self.tables.insert(linked.table(module, src_table)?);
                self.change(linked.table(module, dst_table)?);
            }
            Operator::GlobalGet { global_index } => {
                self.read_globals
                    .insert(linked.global(module, global_index)?);
            }
            Operator::GlobalSet { global_index } => {
                self.set_globals
                    .insert(linked.global(module, global_index)?);
            }
            Operator::TableInit { .. }
            | Operator::ElemDrop { .. }
            | Operator::MemoryInit { .. }
            | Operator::DataDrop { .. } => bail!("it refers to segments"),
            _ => {}
        }
        Ok(())
    }

    fn change(&mut self, table: Place) {
        self.tables.insert(table);
        self.changed_tables.insert(table);
    }
}

/// The references of every function, by module and index.
pub struct Scan(Vec<Vec<References>>);

impl Scan {
    pub fn of(linked: &Linked<'_>) -> Result<Self> {
        let modules = linked.modules.iter().enumerate();
        let scan = |(position, module): (usize, &CoreModule<'_>)| {
            let bodies = module.bodies.iter();
            bodies
                .map(|body| References::of(linked, position, body))
                .collect()
        };
        modules.map(scan).collect::<Result<_>>().map(Self)
    }

    pub fn of_function(&self, place: Place) -> &References {
        &self.0[place.module][place.index as usize]
    }

    pub fn all(&self) -> impl Iterator<Item = &References> {
        self.0.iter().flatten()
    }
}
