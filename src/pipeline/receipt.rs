//! What one input has led to.

use crate::error::Error;
use crate::firing::Firing;
use crate::flow::RunId;
use crate::journal::Lsn;

/// What an input has led to.
///
/// ```
#[doc = include_str!("../../docs/snippets/pipeline.rs")]
/// let event = ValueObserved::new("segment", "vip", 998.0).into_event("t-16", "/s")?;
/// let receipt = pipeline.handle_events(now, &[event.clone(), event])?;
/// assert_eq!((receipt.taken(), receipt.duplicates(), receipt.firings().len()), (2, 1, 0));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Default)]
#[must_use = "events that are refused are told of here"]
pub struct Receipt {
    pub(super) lsn: Option<Lsn>,
    pub(super) taken: usize,
    pub(super) duplicates: usize,
    pub(super) late: usize,
    pub(super) ignored: usize,
    pub(super) refused: Vec<(usize, Error)>,
    pub(super) firings: Vec<Firing>,
    pub(super) runs: Vec<RunId>,
    /// How many of the firings the flows have been told.
    pub(super) told: usize,
}

macro_rules! getters {
    ($($(#[$doc:meta])* $name:ident -> $type:ty: $get:expr, $example:literal;)*) => {
        impl Receipt {
            $(
                $(#[$doc])*
                ///
                /// ```
                #[doc = include_str!("../../docs/snippets/pipeline.rs")]
                /// let one = ValueObserved::new("segment", "vip", 998.0).into_event("t-16", "/s")?;
                /// let other = ValueObserved::new("segment", "vip", 1004.0).into_event("t-17", "/s")?;
                /// let receipt = pipeline.handle_events(now, &[one, other])?;
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
    /// The batch that it is in; `None` where nothing had to be written down.
    lsn -> Option<Lsn>: |this| this.lsn, "receipt.lsn() == Some(pipeline.last())";
    /// Events that were looked at, refused ones among them.
    taken -> usize: |this| this.taken, "receipt.taken() == 2";
    /// Events seen before: they changed nothing.
    duplicates -> usize: |this| this.duplicates, "receipt.duplicates() == 0";
    /// Events older than what was judged already, for all who watch them.
    late -> usize: |this| this.late, "receipt.late() == 0";
    /// Events that no flow watches.
    ignored -> usize: |this| this.ignored, "receipt.ignored() == 0";
    /// Events that were refused, by their places, and why.
    refused -> &[(usize, Error)]: |this| &this.refused, "receipt.refused().is_empty()";
    /// What fired, in order.
    firings -> &[Firing]: |this| &this.firings, "receipt.firings().len() == 1";
    /// The runs that were started.
    runs -> &[RunId]: |this| &this.runs, "receipt.runs().len() == 1";
}

impl Receipt {
    /// What was refused, for whoever tells of it by other places.
    pub(crate) fn take_refused(&mut self) -> Vec<(usize, Error)> {
        std::mem::take(&mut self.refused)
    }
}
