//! A closure as an action.

use std::marker::PhantomData;

use async_trait::async_trait;
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::{Action, ActionContext, ActionError, Metadata};

/// A closure as an action: it takes the context and the input, and gives a future.
///
/// ```
/// # use chrono::DateTime;
/// # use serde_json::json;
/// use tripline::action::{ActionContext, ActionError, Field, Metadata, Registry, action_fn};
#[doc = include_str!("../../docs/snippets/block_on.rs")]
///
/// #[derive(serde::Deserialize)]
/// struct Greeting { name: String }
///
/// let metadata = Metadata::new("greet").with_input(Field::string("name").with_required(true));
/// let greet = action_fn(metadata, |ctx, input: Greeting| async move {
///     Ok(format!("hello, {}, for the {}. time", input.name, ctx.attempt()))
/// });
///
/// let mut registry = Registry::new();
/// registry.add(greet)?;
/// let ctx = ActionContext::new(DateTime::UNIX_EPOCH, "d-17");
/// let said = block_on(registry.get("greet").unwrap().run(&ctx, json!({"name": "Ana"})))?;
/// assert_eq!(said, "hello, Ana, for the 1. time");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn action_fn<I, O, F, R>(metadata: Metadata, run: F) -> impl Action<Input = I, Output = O>
where
    I: DeserializeOwned + Send,
    O: Serialize + Send + 'static,
    F: Fn(ActionContext, I) -> R + Send + Sync,
    R: Future<Output = Result<O, ActionError>> + Send,
{
    ActionFn { metadata, run, types: PhantomData }
}

struct ActionFn<I, O, F> {
    metadata: Metadata,
    run: F,
    types: PhantomData<fn(I) -> O>,
}

#[async_trait]
impl<I, O, F, R> Action for ActionFn<I, O, F>
where
    I: DeserializeOwned + Send,
    O: Serialize + Send + 'static,
    F: Fn(ActionContext, I) -> R + Send + Sync,
    R: Future<Output = Result<O, ActionError>> + Send,
{
    type Input = I;
    type Output = O;

    fn metadata(&self) -> Metadata {
        self.metadata.clone()
    }

    async fn run(&self, ctx: &ActionContext, input: I) -> Result<O, ActionError> {
        (self.run)(ctx.clone(), input).await
    }
}
