//! What came of reading on.

use crate::error::Error;
use crate::pipeline::Receipt;

/// What a [`Shard`](super::Shard) has taken from its log.
///
/// ```
#[doc = include_str!("../../docs/snippets/shard.rs")]
/// inputs.push("not an event");
/// let taken = shard.take(now)?;
/// let (offset, error) = &taken.refused()[0];
/// assert_eq!((*offset, error.kind()), (0, tripline::ErrorKind::Syntax));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Default)]
#[must_use = "inputs that are refused are told of here"]
pub struct Taken {
    pub(super) inputs: usize,
    pub(super) refused: Vec<(u64, Error)>,
    pub(super) receipt: Receipt,
    pub(super) is_full: bool,
}

macro_rules! getters {
    ($($(#[$doc:meta])* $name:ident -> $type:ty: $get:expr, $example:literal;)*) => {
        impl Taken {
            $(
                $(#[$doc])*
                ///
                /// ```
                #[doc = include_str!("../../docs/snippets/shard.rs")]
                /// inputs.push(vip("t-16", 1004.0)?.to_json());
                /// let taken = shard.take(now)?;
                #[doc = concat!("assert!(", $example, ");")]
                /// # Ok::<(), Box<dyn std::error::Error>>(())
                /// ```
                pub fn $name(&self) -> $type {
                    let get: fn(&Self) -> $type = $get;
                    get(self)
                }
            )*
        }
    };
}

getters! {
    /// How many inputs were read; none where the log has no more for now.
    inputs -> usize: |this| this.inputs, "taken.inputs() == 1";
    /// Inputs that are no events, or that the engine refused, by their offsets, and why. They are passed
    /// over: no time will make them better.
    refused -> &[(u64, Error)]: |this| &this.refused, "taken.refused().is_empty()";
    /// What the events led to.
    receipt -> &Receipt: |this| &this.receipt, "taken.receipt().lsn().is_some()";
    /// Whether nothing was read since too much waits to be delivered.
    is_full -> bool: |this| this.is_full, "!taken.is_full()";
}
