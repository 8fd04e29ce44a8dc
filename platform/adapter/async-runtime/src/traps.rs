//! How a breach of the canonical ABI is told.

/// A breach of the canonical ABI by the guest, which ends its instance. The text names the rule.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Trap(pub &'static str);

/// What a call of the guest comes to: a value, or a trap.
pub type Checked<T> = Result<T, Trap>;
