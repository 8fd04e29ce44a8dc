//! Functions that do nothing but call another one through a table, and the one that they call.

use super::constants::Constants;
use super::linking::{Function, Linked, Place};
use super::scan::Scan;
use anyhow::{Result, bail};
use std::collections::{HashMap, HashSet};
use wasmparser::{ElementItems, ElementKind, FunctionBody, Operator};

/// A segment of a table: where it lies, and its functions; None is a null reference.
pub struct Segment {
    pub table: Place,
    pub offset: u32,
    pub functions: Vec<Option<Function>>,
}

/// The segments of all modules, in the order in which they are written.
///
/// Fails if one of them would trap.
pub fn segments(linked: &Linked<'_>, constants: &Constants) -> Result<Vec<Segment>> {
    let mut segments = Vec::new();
    for (position, module) in linked.modules.iter().enumerate() {
        for element in &module.elements {
            let ElementKind::Active {
                table_index,
                offset_expr,
            } = &element.kind
            else {
                continue;
            };
            let table = linked.table(position, table_index.unwrap_or(0))?;
            let size = linked.modules[table.module].tables[table.index as usize]
                .ty
                .initial;
            let functions = functions(linked, position, &element.items)?;
            let length = functions.len();
            let offset = constants.offset(linked, position, offset_expr, length, size)?;
            segments.push(Segment {
                table,
                offset,
                functions,
            });
        }
    }
    Ok(segments)
}

fn functions(
    linked: &Linked<'_>,
    module: usize,
    items: &ElementItems<'_>,
) -> Result<Vec<Option<Function>>> {
    match items {
        ElementItems::Functions(indices) => indices
            .clone()
            .into_iter()
            .map(|index| Ok(Some(linked.function(module, index?)?)))
            .collect(),
        ElementItems::Expressions(_, expressions) => expressions
            .clone()
            .into_iter()
            .map(
                |expression| match expression?.get_operators_reader().read()? {
                    Operator::RefFunc { function_index } => {
                        Ok(Some(linked.function(module, function_index)?))
                    }
                    Operator::RefNull { .. } => Ok(None),
                    _ => bail!("an element is neither a function nor null"),
                },
            )
            .collect(),
    }
}

/// By each trampoline, what a call of it comes to in the end.
pub struct Trampolines(HashMap<Function, Function>);

impl Trampolines {
    pub fn of(linked: &Linked<'_>, scan: &Scan, segments: &[Segment]) -> Result<Self> {
        let content = content(scan, segments);
        let mut targets = HashMap::new();
        for (position, module) in linked.modules.iter().enumerate() {
            for (index, body) in module.bodies.iter().enumerate() {
                let place = Place {
                    module: position,
                    index: index as u32,
                };
                if let Some(target) = target(linked, place, body, &content)? {
                    targets.insert(Function::Defined(place), target);
                }
            }
        }
        Ok(Self(ends(&targets)))
    }

    /// `function`, or what it comes to if it is a trampoline.
    pub fn follow(&self, function: Function) -> Function {
        self.0.get(&function).copied().unwrap_or(function)
    }
}

/// By each trampoline, where those that it leads to end; those that lead in a circle are left out.
fn ends(targets: &HashMap<Function, Function>) -> HashMap<Function, Function> {
    let mut ends: HashMap<Function, Option<Function>> = HashMap::new();
    for start in targets.keys() {
        let (mut passed, mut current) = (Vec::new(), *start);
        let end = loop {
            if let Some(end) = ends.get(&current) {
                break *end;
            }
            let Some(target) = targets.get(&current) else {
                break Some(current);
            };
            // Until its end is known, whoever comes here again goes in a circle.
            ends.insert(current, None);
            passed.push(current);
            current = *target;
        };
        ends.extend(passed.into_iter().map(|trampoline| (trampoline, end)));
    }
    let known = ends.into_iter();
    known.filter_map(|(from, end)| Some((from, end?))).collect()
}

/// What is in the tables that nobody changes, by table and position.
fn content(scan: &Scan, segments: &[Segment]) -> HashMap<(Place, u32), Function> {
    let changed: HashSet<Place> = scan
        .all()
        .flat_map(|references| &references.changed_tables)
        .copied()
        .collect();
    let mut content = HashMap::new();
    for segment in segments {
        if changed.contains(&segment.table) {
            continue;
        }
        for (position, function) in (segment.offset..).zip(&segment.functions) {
            match function {
                Some(function) => content.insert((segment.table, position), *function),
                None => content.remove(&(segment.table, position)),
            };
        }
    }
    content
}

/// The only function that `body` calls, with its own parameters as they are, if it does nothing else.
fn target(
    linked: &Linked<'_>,
    place: Place,
    body: &FunctionBody<'_>,
    content: &HashMap<(Place, u32), Function>,
) -> Result<Option<Function>> {
    let ty = linked.function_type(Function::Defined(place))?;
    let mut reader = body.get_operators_reader()?;
    for parameter in 0..ty.params().len() as u32 {
        match reader.read()? {
            Operator::LocalGet { local_index } if local_index == parameter => {}
            _ => return Ok(None),
        }
    }
    let Operator::I32Const { value } = reader.read()? else {
        return Ok(None);
    };
    let Operator::CallIndirect {
        type_index,
        table_index,
    } = reader.read()?
    else {
        return Ok(None);
    };
    let module = &linked.modules[place.module];
    if !matches!(reader.read()?, Operator::End) || module.function_type(type_index)? != ty {
        return Ok(None);
    }
    let table = linked.table(place.module, table_index)?;
    let target = content.get(&(table, value as u32)).copied();
    // Of another type, the call traps; so it has to stay.
    Ok(target.filter(|target| linked.function_type(*target).is_ok_and(|found| found == ty)))
}
