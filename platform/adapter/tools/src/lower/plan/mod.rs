//! What is to be done with a component: what stands in place of each of its canonical functions, and what is left out.

mod builtins;
mod model;
mod planner;

pub use model::{Early, Late, Plan, Stand, is_asynchronous, space_of};
pub use planner::Planner;
