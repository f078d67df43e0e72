//! An embeddable trigger engine: events go in, firings come out.
//!
//! A data platform knows things its users want to act on: a segment or a
//! business measure crossed a threshold, or went silent; a data source's refresh
//! failed; a full refresh or a unification completed. tripline watches for
//! them, exactly, in any Rust program. It is a pure library: it reads no clock,
//! opens no socket, spawns nothing and draws no random number. The host hands
//! in events and the time, and takes firings out.
//!
//! # The mental model
//!
//! ```text
//!   host                        tripline                              host
//!
//!   events ────▶ Event ──▶ ┌────────────────────┐
//!   numbers ─────────────▶ │       Engine       │ ──▶ Firing ──▶  act on it
//!   time ────────────────▶ │  Trigger × series  │
//!                          │ side, phase, timers│ ──▶ poll_timeout: call me then
//!   triggers ────────────▶ └────────────────────┘ ──▶ snapshot: my whole state
//! ```
//!
//! * An [`Event`](event::Event) is a CloudEvents 1.0 event. One type carries
//!   numbers: [`ValueObserved`](event::ValueObserved), a segment's member count or a
//!   measure's value. All numbers of one (source, kind, name, dimensions) are a
//!   [`Series`](event::Series). Two say that work has ended:
//!   [`RefreshCompleted`](event::RefreshCompleted), one task about one item, and
//!   [`JobCompleted`](event::JobCompleted), a whole run. Any other type is carried.
//! * A [`Trigger`] says what to watch for: which series and a
//!   [`Threshold`](threshold::Threshold) or a silence; or which tasks, jobs or events.
//! * An [`Engine`](engine::Engine) keeps, for every (trigger, series), on which
//!   side the value is and what it waits for. When an *episode* begins, that is
//!   when the value enters the condition, it gives one [`Firing`](firing::Firing).
//!   For every (trigger, item or job) it keeps what still has to happen, or not to.
//! * Time is event time. What is due between two events happens when the next
//!   event, or the host's clock, passes it; so a replay, a restart and a live
//!   run give the same firings with the same ids.
//!
//! ```
//! use chrono::DateTime;
//! use tripline::{engine::Engine, event::Event, threshold::Threshold, Trigger};
//!
//! let now = DateTime::from_timestamp(1_772_330_400, 0).unwrap(); // the host's clock
//! let mut engine = Engine::new();
//! engine.add(now, Trigger::segment_threshold_crossed("vip-1000", "vip", Threshold::above(1000.0)).build()?)?;
//!
//! for (id, members) in [("t-16", 998), ("t-17", 1004)] {
//!     let line = format!(
//!         r#"{{"specversion":"1.0","id":"{id}","source":"/instances/contoso","type":"tripline.value.observed",
//!             "data":{{"kind":"segment","name":"vip","value":{members}}}}}"#
//!     );
//!     let _ = engine.handle_event(now, &Event::from_json(line.as_bytes())?)?;
//!     while let Some(firing) = engine.poll_firing() {
//!         assert_eq!(firing.trigger(), "vip-1000");
//!         assert_eq!((firing.previous_value(), firing.value()), (Some(998.0), Some(1004.0)));
//!     }
//! }
//! assert_eq!(engine.counts().firings(), 1);
//! # Ok::<(), tripline::Error>(())
//! ```
//!
//! # The map
//!
//! | I want to… | go to… |
//! |---|---|
//! | watch a number with one threshold, without events or engine | [`threshold::Monitor`] |
//! | know what a condition or an option means | [`threshold`], [`ThresholdBuilder`](threshold::ThresholdBuilder), [`semantics`](_documentation::semantics) |
//! | write a trigger in Rust | [`Trigger::segment_threshold_crossed`], [`Trigger::measure_threshold_crossed`], [`Trigger::no_data`], [`Trigger::data_source_refresh_failed`], [`Trigger::unification_completed`] and the others |
//! | read triggers from JSON, with every fault listed | [`Trigger::from_json`], [`Trigger::list_from_json`] |
//! | read or write CloudEvents | [`event::Event`], [`event::Reader`]; over HTTP [`event::http`] |
//! | read the log of Dynamics 365 Customer Insights, or poll the service | [`builtin::customer_insights`], [`Poller`](builtin::customer_insights::poll::Poller) |
//! | get and change data of Customer Insights | [`builtin::customer_insights`] |
//! | only let some events through | [`event::filter`] |
//! | run many triggers over many series | [`engine::Engine`] |
//! | feed numbers or tasks as fast as possible | [`Engine::resolve`](engine::Engine::resolve) and [`observe`](engine::Engine::observe), [`observe_batch`](engine::Engine::observe_batch), [`observe_refreshes`](engine::Engine::observe_refreshes); of items of my own [`observe_batch_of`](engine::Engine::observe_batch_of), [`observe_refreshes_of`](engine::Engine::observe_refreshes_of) |
//! | divide the work among several engines | [`partition`], [`Router`](partition::Router) |
//! | run the parts on several machines, over a log of my own | [`shard`], [`scale_out`](_documentation::scale_out) |
//! | see why something did not fire | [`Engine::state_of`](engine::Engine::state_of), [`Engine::set_explain`](engine::Engine::set_explain) |
//! | do something about a firing: write an action | [`action`], [`Action`](action::Action), [`HttpAction`](action::HttpAction) |
//! | post to Microsoft Teams | [`builtin::teams`] |
//! | send an e-mail to those who own the data | [`builtin::email`] |
//! | hand a firing to another program | [`builtin::webhook`] |
//! | say in words what has fired | [`builtin::Notice`] |
//! | have it done: retries, limits for each target, dead letters | [`dispatch`], [`Dispatcher`](dispatch::Dispatcher), [`drive`](dispatch::drive()) |
//! | say what follows a firing, step by step, in Rust or JSON | [`flow`], [`Flow`](flow::Flow), [`Flows`](flow::Flows), [`flows`](_documentation::flows) |
//! | offer triggers and actions to Power Automate and Logic Apps | [`connector`], [`Connector`](connector::Connector) |
//! | get from a clone to a flow that posts to Teams | [`power_automate`](_documentation::power_automate) |
//! | sign or verify webhooks | [`webhook::Signer`], [`webhook::Verifier`] |
//! | accept callback URLs from strangers | [`webhook::Guard`] |
//! | learn to write an action, from nothing | [`connector_authors`](_documentation::connector_authors) |
//! | prove my action right, or simulate in no time | with the feature `testing`: `testing::conformance`, `testing::World` |
//! | know when to try again, and how fast | [`action::RetryPolicy`], [`action::Throttle`] |
//! | survive a restart | [`Engine::snapshot`](engine::Engine::snapshot), [`restore`](engine::Engine::restore) |
//! | keep what must not be lost, in a folder or in a store of my own | [`journal`] |
//! | have all of it as one machine that goes on after a crash | [`pipeline`], [`Pipeline`](pipeline::Pipeline), [`recover`](pipeline::recover) |
//! | know what is promised, and what is not | [`guarantees`](_documentation::guarantees) |
//! | drive it from my runtime | [`driving`](_documentation::driving) |
//! | know how it is built, and why | [`design`](_documentation::design) |
//! | know what an event costs, and what a trigger takes | [`performance`](_documentation::performance) |
//! | choose between this and another library | [`comparison`](_documentation::comparison) |
//! | run it over a file | `cargo run --example replay` |
//!
//! # Recipes
//!
//! **Do not fire again for every wobble around the bound**: re-arm lower.
//!
//! ```
//! # use tripline::threshold::Threshold;
//! let threshold = Threshold::above(1000.0).with_rearm(950.0).build()?;
//! # Ok::<(), tripline::Error>(())
//! ```
//!
//! **Only when it lasts**: ten minutes above before it fires, and half an hour
//! below before the episode is over, which is told too.
//!
//! ```
//! # use std::time::Duration;
//! # use tripline::threshold::Threshold;
//! let threshold = Threshold::above(1000.0)
//!     .with_hold(Duration::from_secs(600))
//!     .with_keep(Duration::from_secs(1800))
//!     .with_notify_cleared(true)
//!     .build()?;
//! # Ok::<(), tripline::Error>(())
//! ```
//!
//! **A fall by a tenth from one report to the next**, for every region by
//! itself, and no more than one firing a day and region.
//!
//! ```
//! # use std::time::Duration;
//! use tripline::{threshold::{Direction, Threshold}, Trigger};
//!
//! let fall = Threshold::changes_by_percent(10.0).with_direction(Direction::Down);
//! let trigger = Trigger::measure_threshold_crossed("revenue-falls", "revenue", fall)
//!     .with_each_dimensions()
//!     .with_cooldown(Duration::from_secs(24 * 3600))
//!     .build()?;
//! # Ok::<(), tripline::Error>(())
//! ```
//!
//! **Tell me when reports stop**, starting now.
//!
//! ```
//! # use std::time::Duration;
//! use tripline::{event::SeriesKind, Trigger};
//!
//! let day = Duration::from_secs(24 * 3600);
//! let trigger = Trigger::no_data("vip-silent", SeriesKind::SEGMENT, "vip", day).with_from_start(true).build()?;
//! # Ok::<(), tripline::Error>(())
//! ```
//!
//! **A data source that stays broken**, not one that recovers by itself.
//!
//! ```
//! # use std::time::Duration;
//! use tripline::Trigger;
//!
//! let half_an_hour = Duration::from_secs(30 * 60);
//! let trigger = Trigger::data_source_refresh_failed("broken", "*").with_settle(half_an_hour).build()?;
//! # Ok::<(), tripline::Error>(())
//! ```
//!
//! **Post a message to a Teams channel when a data source refresh fails.**
//! Over an HTTP client of your own, see [`Transport`](action::Transport).
//!
//! ```
//! use tripline::action::{Action, ActionContext, ActionError, OverHttp, SecretUrl, Transport};
//! use tripline::builtin::{teams::TeamsWebhook, Notice};
//! use tripline::{firing::Firing, Trigger};
//!
//! // The engine gives a firing for it:
//! let trigger = Trigger::data_source_refresh_failed("source-failed", "*").build()?;
//!
//! // The action makes a card of it, and your client posts that:
//! async fn tell(client: impl Transport, url: SecretUrl, firing: Firing) -> Result<(), ActionError> {
//!     let ctx = ActionContext::new(firing.time(), firing.id().to_string()).with_firing(firing);
//!     let notice = Notice::default().with_link("Open the data sources", "https://ci.contoso.example/sources");
//!     OverHttp::new(TeamsWebhook::new(url), client).run(&ctx, notice).await?;
//!     Ok(())
//! }
//! # Ok::<(), tripline::Error>(())
//! ```
//!
//! **Send an e-mail to the data owners when a segment threshold is crossed.**
//! The event names the owners, or your catalogue does.
//!
//! ```
//! use tripline::action::{Action, ActionContext, ActionError, Login, OverHttp, Transport};
//! use tripline::builtin::email::{GraphMail, Mail};
//! use tripline::{firing::Firing, threshold::Threshold, Trigger};
//!
//! let trigger = Trigger::segment_threshold_crossed("vip-1000", "vip", Threshold::above(1000.0)).build()?;
//!
//! async fn tell(client: impl Transport, login: Login, firing: Firing) -> Result<(), ActionError> {
//!     let firing = firing.with_owners_if_none(["Ana Müller <ana@contoso.example>"]);
//!     let ctx = ActionContext::new(firing.time(), firing.id().to_string()).with_firing(firing);
//!     let send = OverHttp::new(GraphMail::new("alerts@contoso.example"), client).with_login(login);
//!     send.run(&ctx, Mail::default()).await?;
//!     Ok(())
//! }
//! # Ok::<(), tripline::Error>(())
//! ```
//!
//! **One thing after another**: tell sales, and where that fails, operations.
//! A flow is such a trigger with steps; see [`flow`] for the machine that runs it.
//!
//! ```
//! # #[cfg(feature = "flow")] {
//! use tripline::flow::{Flow, Step, StepOutcome};
//! use tripline::{threshold::Threshold, Trigger};
//!
//! let trigger = Trigger::segment_threshold_crossed("vip-1000", "vip", Threshold::above(1000.0)).build()?;
//! let flow = Flow::builder(trigger)
//!     .with_step(Step::new("tell", "postNote").with_input("text", "VIPs: {{ trigger.value }}"))
//!     .with_step(
//!         Step::new("complain", "postNote")
//!             .with_input("text", "sales was not told: {{ steps.tell.error }}")
//!             .with_run_after("tell", [StepOutcome::Failed, StepOutcome::TimedOut]),
//!     )
//!     .build()?;
//! # }
//! # Ok::<(), tripline::Error>(())
//! ```
//!
//! **Why did nothing fire?** Ask for the state, in words.
//!
//! ```
//! # use chrono::DateTime;
//! # use tripline::{engine::Engine, event::SeriesRef, threshold::Threshold, Trigger};
//! # let (mut engine, now) = (Engine::new(), DateTime::UNIX_EPOCH);
//! # engine.add(now, Trigger::segment_threshold_crossed("vip-1000", "vip", Threshold::above(1000.0)).build()?)?;
//! let vip = SeriesRef::segment("/instances/contoso", "vip");
//! let _ = engine.observe_series(now, &vip, now, 1200.0)?; // the first value ever
//! let state = engine.state_of("vip-1000", &vip).expect("it has been seen");
//! assert_eq!(state.reason(), "inside since it was first seen: the value must leave once before it can fire");
//! # Ok::<(), tripline::Error>(())
//! ```
//!
//! **Stop here, go on there**: the state is bytes.
//!
//! ```
//! # use tripline::engine::Engine;
//! # let engine = Engine::new();
//! let bytes = engine.snapshot(); // to a file, a table, another machine
//! let mut engine = Engine::new(); // add the triggers first, then:
//! let report = engine.restore(&bytes)?;
//! assert!(report.dropped().is_empty());
//! # Ok::<(), tripline::Error>(())
//! ```
//!
//! # What it is not
//!
//! * No scheduler and no runtime: it never waits, the host does.
//! * No database: it hands out its state as bytes, the host keeps them, in a folder ([`journal`]) or wherever it likes.
//! * No query language: conditions compare one number with bounds or with the
//!   number before. Sums and averages are made where the data is.
//! * No second engine for many threads: an engine is `Send`, one owner each;
//!   split the events over several by [`Trigger::partition_key`].
//! * No HTTP client: an [`action`] says what is to be sent and what the answer
//!   means, the host sends it.
//! * No service is asked for news yet: reading a REST API is a later part of this library.

pub mod action;
mod base64;
mod bounds;
pub mod builtin;
pub mod connector;
pub mod dispatch;
pub mod engine;
mod error;
pub mod event;
mod few;
pub mod firing;
#[cfg(feature = "flow")]
pub mod flow;
pub mod journal;
pub mod partition;
#[cfg(feature = "flow")]
pub mod pipeline;
mod sealed;
#[cfg(feature = "flow")]
pub mod shard;
#[cfg(feature = "testing")]
pub mod testing;
pub mod threshold;
pub mod time;
pub mod trigger;
pub mod webhook;

pub use error::{Error, ErrorKind, Fault};
pub use trigger::Trigger;

/// The guides of `docs/`, so that their snippets are tests.
pub mod _documentation {
    #[doc = include_str!("../docs/comparison.md")]
    pub mod comparison {}
    #[doc = include_str!("../docs/connector_authors.md")]
    pub mod connector_authors {}

    #[doc = include_str!("../docs/design.md")]
    pub mod design {}

    #[doc = include_str!("../docs/driving.md")]
    pub mod driving {}

    #[cfg(feature = "flow")]
    #[doc = include_str!("../docs/driving_pipeline.md")]
    pub mod driving_pipeline {}

    #[cfg(feature = "flow")]
    #[doc = include_str!("../docs/flows.md")]
    pub mod flows {}

    #[cfg(feature = "flow")]
    #[doc = include_str!("../docs/guarantees.md")]
    pub mod guarantees {}

    #[doc = include_str!("../docs/journal_format.md")]
    pub mod journal_format {}

    #[doc = include_str!("../docs/performance.md")]
    pub mod performance {}

    #[cfg(feature = "flow")]
    #[doc = include_str!("../docs/power_automate.md")]
    pub mod power_automate {}

    #[cfg(feature = "flow")]
    #[doc = include_str!("../docs/scale_out.md")]
    pub mod scale_out {}

    #[doc = include_str!("../docs/semantics.md")]
    pub mod semantics {}
}

/// The README's example, run as a test.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
mod readme {}
