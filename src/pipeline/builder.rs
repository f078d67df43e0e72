//! How a pipeline is set up.

use std::collections::VecDeque;

use super::Pipeline;
use super::firings::Firings;
use super::keep::Kept;
use super::limits::{Counts, Limits};
use crate::action::Registry;
use crate::dispatch::{Dispatcher, DispatcherBuilder};
use crate::engine::{Engine, EngineBuilder};
use crate::error::Error;
use crate::flow::{self, Flows};
use crate::journal::Lsn;

/// Sets a [`Pipeline`] up, or what [`recover`](super::recover) brings back.
///
/// ```
/// use tripline::{action::Registry, engine::Engine, pipeline::{Limits, Pipeline}};
///
/// let pipeline = Pipeline::builder(Registry::new())
///     .with_engine(Engine::builder().with_hash_seed(7))
///     .with_limits(Limits::default().with_events(100))
///     .build()?;
/// assert_eq!(pipeline.limits().events(), 100);
/// # Ok::<(), tripline::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct PipelineBuilder {
    registry: Registry,
    engine: EngineBuilder,
    dispatcher: DispatcherBuilder,
    flow_limits: flow::Limits,
    limits: Limits,
    is_durable: bool,
}

impl PipelineBuilder {
    pub(super) fn new(registry: Registry) -> Self {
        Self {
            registry,
            engine: Engine::builder(),
            dispatcher: Dispatcher::builder(),
            flow_limits: flow::Limits::default(),
            limits: Limits::default(),
            is_durable: true,
        }
    }

    /// How the engine is set up: its bounds, and how far ahead of `now` an event may be.
    ///
    /// ```
    /// # use tripline::{action::Registry, engine::{Engine, Limits}, pipeline::Pipeline};
    /// let engine = Engine::builder().with_limits(Limits::default().with_series(50));
    /// let pipeline = Pipeline::builder(Registry::new()).with_engine(engine).build()?;
    /// assert_eq!(pipeline.engine().limits().series(), 50);
    /// # Ok::<(), tripline::Error>(())
    /// ```
    #[must_use]
    pub fn with_engine(mut self, engine: EngineBuilder) -> Self {
        self.engine = engine;
        self
    }

    /// How the dispatcher is set up: bounds, targets, throttles.
    ///
    /// ```
    /// # use tripline::{action::Registry, dispatch::{Dispatcher, Limits}, pipeline::Pipeline};
    /// let dispatcher = Dispatcher::builder().with_limits(Limits::default().with_deliveries(50));
    /// let pipeline = Pipeline::builder(Registry::new()).with_dispatcher(dispatcher).build()?;
    /// assert_eq!(pipeline.dispatcher().limits().deliveries(), 50);
    /// # Ok::<(), tripline::Error>(())
    /// ```
    #[must_use]
    pub fn with_dispatcher(mut self, dispatcher: DispatcherBuilder) -> Self {
        self.dispatcher = dispatcher;
        self
    }

    /// The bounds of the flows.
    ///
    /// ```
    /// # use tripline::{action::Registry, flow, pipeline::Pipeline};
    /// let limits = flow::Limits::default().with_history(50);
    /// let pipeline = Pipeline::builder(Registry::new()).with_flow_limits(limits).build()?;
    /// assert_eq!(pipeline.flows().limits().history(), 50);
    /// # Ok::<(), tripline::Error>(())
    /// ```
    #[must_use]
    pub fn with_flow_limits(mut self, limits: flow::Limits) -> Self {
        self.flow_limits = limits;
        self
    }

    /// Its own bounds.
    ///
    /// ```
    /// # use tripline::{action::Registry, pipeline::{Limits, Pipeline}};
    /// let limits = Limits::default().with_firings(50);
    /// assert_eq!(Pipeline::builder(Registry::new()).with_limits(limits).build()?.limits().firings(), 50);
    /// # Ok::<(), tripline::Error>(())
    /// ```
    #[must_use]
    pub fn with_limits(mut self, limits: Limits) -> Self {
        self.limits = limits;
        self
    }

    /// Makes no batches: work is handed out at once, and the end of the process
    /// loses what is pending. For programs whose state may go with them.
    ///
    /// ```
    /// # use tripline::{action::Registry, pipeline::Pipeline};
    /// let pipeline = Pipeline::builder(Registry::new()).without_journal().build()?;
    /// assert!(pipeline.is_safe());
    /// # Ok::<(), tripline::Error>(())
    /// ```
    #[must_use]
    pub fn without_journal(mut self) -> Self {
        self.is_durable = false;
        self
    }

    /// A pipeline without flows, at the beginning of its journal. Where there may
    /// be one already, use [`recover`](super::recover).
    ///
    /// # Errors
    ///
    /// As [`DispatcherBuilder::build`].
    ///
    /// ```
    /// # use tripline::{action::Registry, pipeline::Pipeline};
    /// assert_eq!(Pipeline::builder(Registry::new()).build()?.last().get(), 0);
    /// # Ok::<(), tripline::Error>(())
    /// ```
    pub fn build(self) -> Result<Pipeline, Error> {
        Ok(Pipeline {
            engine: self.engine.build(),
            flows: Flows::new(self.registry).with_limits(self.flow_limits),
            dispatcher: self.dispatcher.build()?,
            firings: Firings::new(self.limits.firings()),
            limits: self.limits,
            kept: Kept::default(),
            offset: 0,
            last: Lsn::ZERO,
            safe: Lsn::ZERO,
            checkpoint: Lsn::ZERO,
            is_durable: self.is_durable,
            batches: VecDeque::new(),
            unsafe_bytes: VecDeque::new(),
            bytes: 0,
            outgoing: VecDeque::new(),
            counts: Counts::default(),
            rendered: Vec::new(),
            given: None,
        })
    }
}
