//! What an attempt needs that the dispatcher does not know.

use async_trait::async_trait;

use super::super::work::Work;
use crate::action::ActionError;

/// Gives attempts what the dispatcher does not know: secrets, and for guarded
/// targets the addresses that were resolved and checked.
///
/// # Contract
///
/// It is asked before every attempt, within the attempt's time, and may be
/// dropped at every `.await`. It gives back the work that it was given. An error
/// is the attempt's end, as if the action had said it.
///
/// ```
/// use std::collections::BTreeMap;
/// use tripline::action::{ActionError, Secret, async_trait};
/// use tripline::dispatch::{Prepare, Work};
///
/// struct Vault;
///
/// #[async_trait]
/// impl Prepare for Vault {
///     async fn prepare(&self, work: Work) -> Result<Work, ActionError> {
///         match work.target().strip_prefix("teams/") {
///             Some(_) => Ok(work.with_secrets(BTreeMap::from([("token".to_owned(), Secret::new("s3cr3t"))]))),
///             None => Ok(work),
///         }
///     }
/// }
#[doc = include_str!("../../../docs/snippets/block_on.rs")]
#[doc = include_str!("../../../docs/snippets/work.rs")]
/// assert!(block_on(Vault.prepare(work))?.context().secret("token").is_err(), "a board is no team");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[async_trait]
pub trait Prepare: Send + Sync {
    /// The same work with what it needs.
    ///
    /// # Errors
    ///
    /// What the attempt is to end with.
    async fn prepare(&self, work: Work) -> Result<Work, ActionError>;
}

#[async_trait]
impl Prepare for () {
    /// As it is.
    async fn prepare(&self, work: Work) -> Result<Work, ActionError> {
        Ok(work)
    }
}
