//! What a poller wants done.

use http::Request;

use super::cursor::Cursor;
use crate::event::Event;

/// What a [`Poller`](super::Poller) wants done.
#[derive(Debug)]
#[must_use = "it is handed out once"]
#[non_exhaustive]
pub enum PollEffect {
    /// Send this, with the connection's logins put in, and hand in what comes of it.
    Send(PollRequest),
    /// The service refuses the token: get another, and say
    /// [`handle_renewed`](super::Poller::handle_renewed), or why there is none with
    /// [`handle_failure`](super::Poller::handle_failure) and this number.
    Renew(u64),
    /// Store these events and this cursor, both or neither, and say
    /// [`handle_committed`](super::Poller::handle_committed). Nothing else happens until then.
    Commit(PollBatch),
}

/// A request that is to be sent, and the number that its answer is handed in with.
#[derive(Debug)]
#[must_use = "it is to be sent"]
pub struct PollRequest {
    pub(super) id: u64,
    pub(super) request: Request<Vec<u8>>,
}

/// Events, and the cursor that stands behind them.
#[derive(Debug, Clone)]
#[must_use = "it is to be stored"]
pub struct PollBatch {
    pub(super) events: Vec<Event<'static>>,
    pub(super) cursor: Cursor,
}

impl PollRequest {
    /// The number that its answer is handed in with.
    ///
    /// ```
    #[doc = include_str!("../../../../docs/snippets/polled.rs")]
    /// assert_eq!(request.id(), 1);
    /// # Ok::<(), tripline::Error>(())
    /// ```
    pub fn id(&self) -> u64 {
        self.id
    }

    /// The request, without logins; [`AnswerLimits`](crate::action::AnswerLimits) are among its extensions.
    ///
    /// ```
    #[doc = include_str!("../../../../docs/snippets/polled.rs")]
    /// assert_eq!(
    ///     request.request().uri(),
    ///     "https://api.ci.ai.dynamics.com/v1/instances/contoso/workflows/main/status"
    /// );
    /// # Ok::<(), tripline::Error>(())
    /// ```
    pub fn request(&self) -> &Request<Vec<u8>> {
        &self.request
    }

    /// The request by value.
    ///
    /// ```
    #[doc = include_str!("../../../../docs/snippets/polled.rs")]
    /// assert_eq!(request.into_request().method(), "GET");
    /// # Ok::<(), tripline::Error>(())
    /// ```
    pub fn into_request(self) -> Request<Vec<u8>> {
        self.request
    }
}

impl PollBatch {
    /// The events, in the order in which they are to be handed on. There may be none.
    ///
    /// ```
    /// # use chrono::DateTime;
    /// # use tripline::builtin::customer_insights::poll::{Poller, PollEffect};
    /// # let mut poller = Poller::builder("contoso").build(DateTime::UNIX_EPOCH)?;
    /// let Some(PollEffect::Commit(batch)) = poller.poll_effect() else { panic!("the first thing to store") };
    /// assert!(batch.events().is_empty(), "where to begin");
    /// # Ok::<(), tripline::Error>(())
    /// ```
    pub fn events(&self) -> &[Event<'static>] {
        &self.events
    }

    /// The cursor behind these events.
    ///
    /// ```
    /// # use chrono::DateTime;
    /// # use tripline::builtin::customer_insights::poll::{Poller, PollEffect};
    /// # let mut poller = Poller::builder("contoso").build(DateTime::UNIX_EPOCH)?;
    /// let Some(PollEffect::Commit(batch)) = poller.poll_effect() else { panic!("the first thing to store") };
    /// assert_eq!(batch.cursor(), poller.cursor());
    /// # Ok::<(), tripline::Error>(())
    /// ```
    pub fn cursor(&self) -> &Cursor {
        &self.cursor
    }

    /// Both by value.
    ///
    /// ```
    /// # use chrono::DateTime;
    /// # use tripline::builtin::customer_insights::poll::{Poller, PollEffect};
    /// # let mut poller = Poller::builder("contoso").build(DateTime::UNIX_EPOCH)?;
    /// let Some(PollEffect::Commit(batch)) = poller.poll_effect() else { panic!("the first thing to store") };
    /// let (events, cursor) = batch.into_parts();
    /// # assert_eq!((events.len(), cursor.instance()), (0, "contoso"));
    /// # Ok::<(), tripline::Error>(())
    /// ```
    pub fn into_parts(self) -> (Vec<Event<'static>>, Cursor) {
        (self.events, self.cursor)
    }
}
