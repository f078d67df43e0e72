//! Doing something about a firing: the SDK for those who write actions.
//!
//! An [`Action`] takes a typed input and gives a typed output, or an
//! [`ActionError`] that says what to do next. Its [`Metadata`] says what it is
//! called and takes; from that its input is checked, a form is made and a
//! connector is exported. Who runs it makes an [`ActionContext`] for every
//! attempt. A [`Registry`] holds actions by name, their types erased
//! ([`DynAction`]).

mod addresses;
mod context;
mod contract;
mod dynamic;
mod effect;
mod error;
mod function;
mod input;
mod metadata;
mod registry;
mod secret;

/// The attribute for implementations of this room's traits, from the crate
/// [`async-trait`](https://docs.rs/async-trait).
pub use async_trait::async_trait;

pub use addresses::CheckedAddresses;
pub use context::ActionContext;
pub use contract::Action;
pub use dynamic::DynAction;
pub use effect::Effect;
pub use error::{ActionError, ErrorClass};
pub use function::action_fn;
pub use metadata::{Choice, Choices, DynamicChoices, Field, FieldType, Format, Metadata, Sample, Visibility};
pub use registry::Registry;
pub use secret::{Secret, SecretUrl, Secrets};

#[cfg(test)]
mod testing {
    use std::pin::pin;
    use std::task::{Context, Poll, Waker};

    /// Polls until it is ready; what waits for another thread would spin.
    pub(super) fn block_on<F: Future>(future: F) -> F::Output {
        let (mut future, mut context) = (pin!(future), Context::from_waker(Waker::noop()));
        loop {
            if let Poll::Ready(output) = future.as_mut().poll(&mut context) {
                return output;
            }
        }
    }
}
