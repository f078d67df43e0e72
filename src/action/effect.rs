//! What running an action twice does.

use serde::{Deserialize, Serialize};

/// What it does to the world to run an action twice with the same idempotency key.
///
/// An action declares it ([`Metadata::with_effect`](super::Metadata::with_effect)).
/// It decides what happens after an attempt whose outcome is unknown: see
/// [`ActionError::may_retry`](super::ActionError::may_retry).
///
/// ```
/// use tripline::action::{Effect, Metadata};
/// assert_eq!(Metadata::new("postNote").effect(), Effect::Unsafe, "until the author says otherwise");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub enum Effect {
    /// Twice is the same as once by nature: reading, or writing the same value to the same place.
    Idempotent,
    /// The receiver is told the idempotency key and takes the second time for the first.
    Guarded,
    /// Twice is twice. It is not run again unasked while the first outcome is unknown.
    #[default]
    Unsafe,
}

impl Effect {
    /// The word for it, as in records.
    ///
    /// ```
    /// use tripline::action::Effect;
    /// assert_eq!(Effect::Guarded.as_str(), "guarded");
    /// ```
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Idempotent => "idempotent",
            Self::Guarded => "guarded",
            Self::Unsafe => "unsafe",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_word_is_the_one_in_json() {
        for effect in [Effect::Idempotent, Effect::Guarded, Effect::Unsafe] {
            assert_eq!(serde_json::to_value(effect).unwrap(), effect.as_str());
            assert_eq!(serde_json::from_value::<Effect>(effect.as_str().into()).unwrap(), effect);
        }
    }
}
