//! The actions that there are, by name.

use std::collections::BTreeMap;

use super::{Action, DynAction};
use crate::error::{Error, ErrorKind};

/// The actions that there are, by name.
///
/// ```
/// use tripline::action::{Metadata, Registry, action_fn};
///
/// let mut registry = Registry::new();
/// for name in ["ping", "echo"] {
///     registry.add(action_fn(Metadata::new(name), |_, ()| async { Ok(()) }))?;
/// }
/// assert!(registry.get("ping").is_some());
/// assert!(registry.names().eq(["echo", "ping"]), "always in the same order");
/// # Ok::<(), tripline::Error>(())
/// ```
#[derive(Debug, Clone, Default)]
pub struct Registry {
    actions: BTreeMap<String, DynAction>,
}

impl Registry {
    /// A registry without actions.
    ///
    /// ```
    /// # use tripline::action::Registry;
    /// assert!(Registry::new().is_empty());
    /// ```
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds an action under the name that its metadata gives.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Invalid`] with every fault of the metadata, and
    /// [`ErrorKind::DuplicateAction`] where the name is taken, if only in
    /// another case. The registry is as it was then.
    ///
    /// ```
    /// # use tripline::action::{Field, Metadata, Registry, action_fn};
    /// # use tripline::ErrorKind;
    /// let mut registry = Registry::new();
    /// let ping = |metadata| action_fn(metadata, |_, ()| async { Ok(()) });
    /// registry.add(ping(Metadata::new("ping")))?;
    /// assert_eq!(registry.add(ping(Metadata::new("Ping"))).unwrap_err().kind(), ErrorKind::DuplicateAction);
    ///
    /// let wrong = Metadata::new("pong").with_input(Field::integer("n").with_default("one"));
    /// let error = registry.add(ping(wrong)).unwrap_err();
    /// assert_eq!(error.to_string(), "pong.input.n.default: \"one\" is not a whole number");
    /// # Ok::<(), tripline::Error>(())
    /// ```
    pub fn add<A: Action + 'static>(&mut self, action: A) -> Result<(), Error> {
        let action = DynAction::new(action);
        let name = action.metadata().name();
        let is_taken = |taken: &&String| taken.eq_ignore_ascii_case(name);
        if let Err(error) = action.metadata().validate() {
            let faults = error.faults().iter().map(|fault| fault.clone().under(name));
            return Err(Error::from_faults(faults.collect()));
        }
        if let Some(taken) = self.actions.keys().find(is_taken) {
            let message = format!("the action {name:?} is there already, as {taken:?}");
            return Err(Error::new(ErrorKind::DuplicateAction, message));
        }
        self.actions.insert(name.to_owned(), action);
        Ok(())
    }

    /// The action of this name, in this very case.
    ///
    /// ```
    /// # use tripline::action::Registry;
    /// assert!(Registry::new().get("ping").is_none());
    /// ```
    pub fn get(&self, name: &str) -> Option<&DynAction> {
        self.actions.get(name)
    }

    /// All actions, in the order of their names.
    ///
    /// ```
    /// # use tripline::action::Registry;
    /// assert_eq!(Registry::new().iter().count(), 0);
    /// ```
    pub fn iter(&self) -> impl Iterator<Item = &DynAction> {
        self.actions.values()
    }

    /// All names, in order.
    ///
    /// ```
    /// # use tripline::action::Registry;
    /// assert_eq!(Registry::new().names().next(), None);
    /// ```
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.actions.keys().map(String::as_str)
    }

    /// How many actions there are.
    ///
    /// ```
    /// # use tripline::action::Registry;
    /// assert_eq!(Registry::new().len(), 0);
    /// ```
    pub fn len(&self) -> usize {
        self.actions.len()
    }

    /// Whether there are none.
    ///
    /// ```
    /// # use tripline::action::Registry;
    /// assert!(Registry::new().is_empty());
    /// ```
    pub fn is_empty(&self) -> bool {
        self.actions.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Field, Metadata, action_fn};
    use super::*;

    fn named(metadata: Metadata) -> impl Action {
        action_fn(metadata, |_, ()| async { Ok(()) })
    }

    #[test]
    fn a_refused_action_leaves_the_registry_as_it_was() {
        let mut registry = Registry::new();
        registry.add(named(Metadata::new("a"))).unwrap();
        assert_eq!(registry.add(named(Metadata::new("A"))).unwrap_err().kind(), ErrorKind::DuplicateAction);
        let wrong = Metadata::new("b c")
            .with_input(Field::string(""))
            .with_input(Field::secret("k").with_default(""));
        assert_eq!(registry.add(named(wrong)).unwrap_err().faults().len(), 3);
        assert_eq!((registry.len(), registry.names().next()), (1, Some("a")));
        assert!(registry.get("A").is_none());
    }
}
