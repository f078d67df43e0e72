//! Any action as one type: JSON in, JSON out.

use std::any::Any;
use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use serde::Serialize;
use serde_json::{Map, Value};

use super::{Action, ActionContext, ActionError, Metadata, input};

/// Any action, its types erased: JSON goes in and JSON comes out.
///
/// It checks the input against the [`Metadata`] before the action sees it, and
/// tells every fault at once. It is cheap to clone, so that an attempt can own
/// one. It is an [`Action`] itself, so that what wraps actions wraps this too.
///
/// ```
/// # use chrono::DateTime;
/// # use serde_json::json;
/// use tripline::action::{ActionContext, DynAction, Field, Metadata, action_fn};
#[doc = include_str!("../../docs/snippets/block_on.rs")]
///
/// let metadata = Metadata::new("double").with_input(Field::integer("n").with_required(true));
/// let double = action_fn(metadata, |_ctx, input: std::collections::BTreeMap<String, i64>| async move {
///     Ok(2 * input["n"])
/// });
/// let double = DynAction::new(double);
///
/// let ctx = ActionContext::new(DateTime::UNIX_EPOCH, "d-17");
/// assert_eq!(block_on(double.run(&ctx, json!({"n": 21})))?, 42);
/// let error = block_on(double.run(&ctx, json!({"n": "21", "m": 1}))).unwrap_err();
/// assert_eq!(error.to_string(), r#"n: "21" is not a whole number; m: is no field of double"#);
/// # Ok::<(), tripline::action::ActionError>(())
/// ```
#[derive(Clone)]
pub struct DynAction {
    inner: Arc<Inner<dyn Erased>>,
}

struct Inner<A: ?Sized> {
    metadata: Metadata,
    action: A,
}

impl DynAction {
    /// Erases an action's types, and asks it for its metadata.
    ///
    /// ```
    /// # use tripline::action::{ActionError, DynAction, Metadata, action_fn};
    /// let ping = DynAction::new(action_fn(Metadata::new("ping"), |_, ()| async { Ok(()) }));
    /// assert_eq!(ping.metadata().name(), "ping");
    /// ```
    pub fn new<A: Action + 'static>(action: A) -> Self {
        // What is erased already stays as it is, instead of being checked twice.
        if let Some(erased) = (&action as &dyn Any).downcast_ref::<Self>() {
            return erased.clone();
        }
        Self { inner: Arc::new(Inner { metadata: action.metadata(), action }) }
    }

    /// What the action says about itself.
    ///
    /// ```
    /// # use tripline::action::{DynAction, Effect, Metadata, action_fn};
    /// let ping = DynAction::new(action_fn(Metadata::new("ping"), |_, ()| async { Ok(()) }));
    /// assert_eq!(ping.metadata().effect(), Effect::Unsafe);
    /// ```
    pub fn metadata(&self) -> &Metadata {
        &self.inner.metadata
    }

    /// Whether the action would take an input, without running it.
    ///
    /// # Errors
    ///
    /// [`ErrorClass::InvalidInput`](super::ErrorClass::InvalidInput) with every
    /// field that is wrong by the metadata; where all are right by it and the
    /// action's own type cannot be read, with the first that stands in the way.
    ///
    /// ```
    /// # use serde_json::json;
    /// # use tripline::action::{DynAction, Metadata, action_fn};
    /// let ping = DynAction::new(action_fn(Metadata::new("ping"), |_, ()| async { Ok(()) }));
    /// assert!(ping.check(json!({})).is_ok());
    /// assert_eq!(ping.check(json!({"x": 1})).unwrap_err().fields()[0].path(), "x");
    /// ```
    pub fn check(&self, input: Value) -> Result<(), ActionError> {
        self.inner.action.check(self.metadata(), self.metadata().prepare(input)?)
    }

    /// Checks the input, fills in its defaults, and runs the action once.
    ///
    /// # Errors
    ///
    /// As [`check`](Self::check), and then what the action says. An output that
    /// cannot be written as JSON is permanent, with an unknown outcome: it was run.
    ///
    /// ```
    /// # use chrono::DateTime;
    /// # use serde_json::json;
    /// # use tripline::action::{ActionContext, DynAction, Metadata, action_fn};
    #[doc = include_str!("../../docs/snippets/block_on.rs")]
    /// let ping = DynAction::new(action_fn(Metadata::new("ping"), |_, ()| async { Ok("pong") }));
    /// let ctx = ActionContext::new(DateTime::UNIX_EPOCH, "d-17");
    /// assert_eq!(block_on(ping.run(&ctx, json!({})))?, "pong");
    /// # Ok::<(), tripline::action::ActionError>(())
    /// ```
    pub async fn run(&self, ctx: &ActionContext, input: Value) -> Result<Value, ActionError> {
        let members = self.metadata().prepare(input)?;
        self.inner.action.run(self.metadata(), ctx, members).await
    }
}

impl fmt::Debug for DynAction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("DynAction").field(&self.metadata().name()).finish()
    }
}

#[async_trait]
impl Action for DynAction {
    type Input = Value;
    type Output = Value;

    fn metadata(&self) -> Metadata {
        self.inner.metadata.clone()
    }

    async fn run(&self, ctx: &ActionContext, input: Value) -> Result<Value, ActionError> {
        Self::run(self, ctx, input).await
    }
}

/// An action of any types. Its input has passed the metadata.
#[async_trait]
trait Erased: Send + Sync {
    fn check(&self, metadata: &Metadata, input: Map<String, Value>) -> Result<(), ActionError>;

    async fn run(
        &self,
        metadata: &Metadata,
        ctx: &ActionContext,
        input: Map<String, Value>,
    ) -> Result<Value, ActionError>;
}

#[async_trait]
impl<A: Action> Erased for A {
    fn check(&self, metadata: &Metadata, input: Map<String, Value>) -> Result<(), ActionError> {
        input::read::<A::Input>(metadata.inputs(), input).map(drop)
    }

    async fn run(
        &self,
        metadata: &Metadata,
        ctx: &ActionContext,
        input: Map<String, Value>,
    ) -> Result<Value, ActionError> {
        let input = input::read(metadata.inputs(), input)?;
        let output = Action::run(self, ctx, input).await?;
        json(output).map_err(|error| {
            ActionError::permanent("the action was run, and its output cannot be written as JSON")
                .with_outcome_unknown(true)
                .with_source(error)
        })
    }
}

/// An output as JSON; one that is JSON already is not copied.
fn json<O: Serialize + 'static>(output: O) -> Result<Value, serde_json::Error> {
    let mut output = Some(output);
    match (&mut output as &mut dyn Any).downcast_mut::<Option<Value>>().and_then(Option::take) {
        Some(value) => Ok(value),
        None => serde_json::to_value(output),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use chrono::DateTime;
    use serde_json::json;

    use super::super::testing::block_on;
    use super::super::{Field, action_fn};
    use super::*;

    fn ctx() -> ActionContext {
        ActionContext::new(DateTime::UNIX_EPOCH, "d-17")
    }

    /// Gives back what it was given.
    fn echo() -> impl Action<Input = Value, Output = Value> {
        let metadata = Metadata::new("echo")
            .with_input(Field::integer("n").with_default(7))
            .with_input(Field::object("o", [Field::string("x").with_default("y"), Field::string("z")]))
            .with_input(Field::array("a", Field::integer("e")));
        action_fn(metadata, |_, input: Value| async move { Ok(input) })
    }

    #[test]
    fn the_action_sees_defaults_and_whole_numbers_and_no_null() {
        let run = |input| block_on(DynAction::new(echo()).run(&ctx(), input)).unwrap();
        assert_eq!(run(json!({})), json!({"n": 7}));
        assert_eq!(
            run(json!({"n": null, "o": {"z": null}, "a": [1.0, 2]})),
            json!({"n": 7, "o": {"x": "y"}, "a": [1, 2]})
        );
        assert_eq!(run(json!({"n": 3.0})).to_string(), r#"{"n":3}"#);
    }

    #[test]
    fn what_is_erased_twice_is_erased_once() {
        let once = DynAction::new(echo());
        let twice = DynAction::new(once.clone());
        assert!(Arc::ptr_eq(&once.inner, &twice.inner));
        assert_eq!(format!("{twice:?}"), r#"DynAction("echo")"#);
    }

    #[test]
    fn an_output_that_is_no_json_was_run_all_the_same() {
        let keys_are_no_strings = || async { Ok(BTreeMap::from([((1, 2), 3)])) };
        let action = DynAction::new(action_fn(Metadata::new("a"), move |_, ()| keys_are_no_strings()));
        let error = block_on(action.run(&ctx(), json!({}))).unwrap_err();
        assert!(error.is_permanent() && error.is_outcome_unknown(), "{error:?}");
    }
}
