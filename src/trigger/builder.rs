//! Builds a trigger and names every fault of what it was given.

use std::convert::Infallible;
use std::time::Duration;

use super::body::Body;
use super::check::Faults;
use super::{DimensionRule, Limit, Matcher, Rest, Trigger};
use crate::error::{Error, Fault};
use crate::event::filter::Filter;
use crate::event::{Dimensions, Outcome, Process, Submission};
use crate::threshold::ThresholdBuilder;

/// A [`Trigger`] in the making; [`build`](Self::build) checks it.
///
/// ```
/// use tripline::threshold::Threshold;
/// use tripline::Trigger;
///
/// let error = Trigger::segment_threshold_crossed("VIP 1000", "", Threshold::above(1000.0).with_rearm(1200.0))
///     .build()
///     .unwrap_err();
/// let places: Vec<&str> = error.faults().iter().map(|fault| fault.path()).collect();
/// assert_eq!(places, ["id", "on.segment", "on.rearm"]);
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct TriggerBuilder {
    id: Box<str>,
    subject: Matcher,
    draft: Body<ThresholdBuilder>,
    rest: Rest,
    /// What was asked of a kind that does not have it.
    stray: Vec<&'static str>,
}

impl TriggerBuilder {
    pub(super) fn new(id: impl Into<Box<str>>, subject: Matcher, draft: Body<ThresholdBuilder>) -> Self {
        Self { id: id.into(), subject, draft, rest: Rest::DEFAULT, stray: Vec::new() }
    }

    /// Says what people call it.
    ///
    /// ```
    /// use tripline::{threshold::Threshold, Trigger};
    /// let builder = Trigger::segment_threshold_crossed("vip-1000", "vip", Threshold::above(1000.0));
    /// assert!(builder.with_name("").build().is_err());
    /// ```
    #[must_use]
    pub fn with_name(mut self, name: impl Into<Box<str>>) -> Self {
        self.rest.name = Some(name.into());
        self
    }

    /// Says whether it fires; a disabled trigger keeps its state.
    ///
    /// ```
    /// use tripline::{threshold::Threshold, Trigger};
    /// let builder = Trigger::segment_threshold_crossed("vip-1000", "vip", Threshold::above(1000.0));
    /// assert!(!builder.with_enabled(false).build()?.enabled());
    /// # Ok::<(), tripline::Error>(())
    /// ```
    #[must_use]
    pub fn with_enabled(mut self, enabled: bool) -> Self {
        self.rest.enabled = enabled;
        self
    }

    /// Listens to these sources only; `"*"` is every source, as by default.
    ///
    /// ```
    /// use tripline::trigger::{Matcher, Trigger};
    /// use tripline::threshold::Threshold;
    /// let builder = Trigger::segment_threshold_crossed("vip-1000", "vip", Threshold::above(1000.0));
    /// let trigger = builder.with_source(Matcher::prefix("/instances/")).build()?;
    /// assert!(trigger.source().unwrap().matches("/instances/contoso"));
    /// # Ok::<(), tripline::Error>(())
    /// ```
    #[must_use]
    pub fn with_source(mut self, source: impl Into<Matcher>) -> Self {
        self.rest.source = Some(source.into());
        self
    }

    /// Adds a filter that an event must pass as well.
    ///
    /// ```
    /// use tripline::event::filter::Filter;
    /// use tripline::{threshold::Threshold, Trigger};
    /// let builder = Trigger::segment_threshold_crossed("vip-1000", "vip", Threshold::above(1000.0));
    /// let trigger = builder.with_filter(Filter::prefix([("source", "/instances/")])?).build()?;
    /// assert_eq!(trigger.filters().len(), 1);
    /// # Ok::<(), tripline::Error>(())
    /// ```
    #[must_use]
    pub fn with_filter(mut self, filter: Filter) -> Self {
        self.rest.filters.push(filter);
        self
    }

    /// Swallows what would fire of the same series, item or job within so long
    /// after a firing, the end exclusive; zero is none.
    ///
    /// ```
    /// use tripline::{threshold::Threshold, Trigger};
    /// use std::time::Duration;
    /// let builder = Trigger::segment_threshold_crossed("vip-1000", "vip", Threshold::above(1000.0));
    /// assert_eq!(builder.with_cooldown(Duration::ZERO).build()?.cooldown(), None);
    /// # Ok::<(), tripline::Error>(())
    /// ```
    #[must_use]
    pub fn with_cooldown(mut self, cooldown: Duration) -> Self {
        self.rest.cooldown = Some(cooldown);
        self
    }

    /// Fires at most `max` times in `per`, over all series, items and jobs together.
    ///
    /// ```
    /// use tripline::{threshold::Threshold, Trigger};
    /// use std::time::Duration;
    /// let builder = Trigger::segment_threshold_crossed("vip-1000", "vip", Threshold::above(1000.0));
    /// assert!(builder.with_limit(0, Duration::from_secs(60)).build().is_err());
    /// ```
    #[must_use]
    pub fn with_limit(mut self, max: u32, per: Duration) -> Self {
        self.rest.limit = Some(Limit { max, per });
        self
    }

    /// Watches the series with exactly these dimensions; of a measure only.
    ///
    /// ```
    /// use tripline::event::Dimensions;
    /// use tripline::{threshold::Threshold, Trigger};
    /// let emea = Dimensions::from_iter([("region", "EMEA")]);
    /// let builder = Trigger::measure_threshold_crossed("churn", "churn-rate", Threshold::above(0.05));
    /// assert!(builder.with_dimensions(emea).build().is_ok());
    /// ```
    #[must_use]
    pub fn with_dimensions(self, dimensions: Dimensions) -> Self {
        self.with_rule(dimensions.into())
    }

    /// Watches every combination of dimensions, each with its own state; of a
    /// measure only.
    ///
    /// ```
    /// use tripline::{threshold::Threshold, Trigger};
    /// let builder = Trigger::segment_threshold_crossed("vip-1000", "vip", Threshold::above(1000.0));
    /// assert_eq!(builder.with_each_dimensions().build().unwrap_err().faults()[0].path(), "on.dimensions");
    /// ```
    #[must_use]
    pub fn with_each_dimensions(self) -> Self {
        self.with_rule(DimensionRule::Each)
    }

    fn with_rule(mut self, rule: DimensionRule) -> Self {
        match &mut self.draft {
            Body::Measure(body) => body.0 = rule,
            _ => self.stray.push("on.dimensions"),
        }
        self
    }

    /// Says whether the wait for silence begins when the trigger is added,
    /// rather than with the first report; of [`Trigger::no_data`] only.
    ///
    /// ```
    /// use tripline::event::SeriesKind;
    /// use tripline::Trigger;
    /// use std::time::Duration;
    /// let day = Duration::from_secs(86_400);
    /// assert!(Trigger::no_data("quiet", SeriesKind::SEGMENT, "vip", day).with_from_start(true).build().is_ok());
    /// ```
    #[must_use]
    pub fn with_from_start(mut self, from_start: bool) -> Self {
        match &mut self.draft {
            Body::NoData(silence) => silence.from_start = from_start,
            _ => self.stray.push("on.fromStart"),
        }
        self
    }

    /// Counts failures that the platform itself will try again; of
    /// [`Trigger::data_source_refresh_failed`] only.
    ///
    /// ```
    /// use tripline::trigger::{Trigger, TriggerKind};
    /// let builder = Trigger::data_source_refresh_failed("crm-fails", "ds-42");
    /// let trigger = builder.with_including_retrying(true).build()?;
    /// assert!(matches!(trigger.kind(), TriggerKind::DataSourceRefreshFailed { include_retrying: true, .. }));
    /// # Ok::<(), tripline::Error>(())
    /// ```
    #[must_use]
    pub fn with_including_retrying(mut self, include_retrying: bool) -> Self {
        match &mut self.draft {
            Body::RefreshFailed(patience) => patience.include_retrying = include_retrying,
            _ => self.stray.push("on.includeRetrying"),
        }
        self
    }

    /// Waits so long for a success of the same item before a failure fires; zero
    /// does not wait. Of [`Trigger::data_source_refresh_failed`] only.
    ///
    /// ```
    /// use tripline::Trigger;
    /// use std::time::Duration;
    /// let hour = Duration::from_secs(3600);
    /// let trigger = Trigger::data_source_refresh_failed("crm-fails", "ds-42").with_settle(hour).build()?;
    /// assert!(trigger.to_json().contains(r#""settle":"PT1H""#));
    /// # Ok::<(), tripline::Error>(())
    /// ```
    #[must_use]
    pub fn with_settle(mut self, settle: Duration) -> Self {
        match &mut self.draft {
            Body::RefreshFailed(patience) => patience.settle = settle,
            _ => self.stray.push("on.settle"),
        }
        self
    }

    /// Takes jobs that were started so; `"any"` is every job, as by default. Of
    /// [`Trigger::full_refresh_completed`] only.
    ///
    /// ```
    /// use tripline::event::Submission;
    /// use tripline::Trigger;
    /// let builder = Trigger::full_refresh_completed("night").with_submission(Submission::SCHEDULED);
    /// assert!(builder.build()?.to_json().contains(r#""submission":"scheduled""#));
    /// # Ok::<(), tripline::Error>(())
    /// ```
    #[must_use]
    pub fn with_submission(mut self, submission: impl Into<Submission>) -> Self {
        match &mut self.draft {
            Body::FullRefresh(body) => body.0 = Some(submission.into()),
            _ => self.stray.push("on.submission"),
        }
        self
    }

    /// Takes what ended so; `"any"` is every end, as by default. Of
    /// [`Trigger::full_refresh_completed`], [`Trigger::unification_completed`]
    /// and [`Trigger::refresh_completed`].
    ///
    /// A word that is not known here is allowed: it may be one of the sender's.
    ///
    /// ```
    /// use tripline::event::Outcome;
    /// use tripline::trigger::{Trigger, TriggerKind};
    /// let trigger = Trigger::unification_completed("unified").with_outcome("succeeded").build()?;
    /// assert_eq!(trigger.kind(), TriggerKind::UnificationCompleted { outcome: Some(&Outcome::SUCCEEDED) });
    /// let any = Trigger::unification_completed("unified").with_outcome("any").build()?;
    /// assert_eq!(any.kind(), TriggerKind::UnificationCompleted { outcome: None });
    /// # Ok::<(), tripline::Error>(())
    /// ```
    #[must_use]
    pub fn with_outcome(mut self, outcome: impl Into<Outcome>) -> Self {
        let outcome = Some(outcome.into());
        match &mut self.draft {
            Body::FullRefresh(body) => body.1 = outcome,
            Body::Unification(body) => **body = outcome,
            Body::Refresh(body) => body.1 = outcome,
            _ => self.stray.push("on.outcome"),
        }
        self
    }

    /// Takes tasks of this process; `"any"` is every process, as by default. Of
    /// [`Trigger::refresh_completed`] only.
    ///
    /// ```
    /// use tripline::event::Process;
    /// use tripline::Trigger;
    /// let builder = Trigger::refresh_completed("exported").with_process(Process::EXPORT);
    /// assert!(builder.build()?.to_json().contains(r#""process":"export""#));
    /// # Ok::<(), tripline::Error>(())
    /// ```
    #[must_use]
    pub fn with_process(mut self, process: impl Into<Process>) -> Self {
        match &mut self.draft {
            Body::Refresh(body) => body.0 = Some(process.into()),
            _ => self.stray.push("on.process"),
        }
        self
    }

    /// Takes tasks on these items, by id or by name; `"*"` is every task, as by
    /// default, one without an item too. Of [`Trigger::refresh_completed`] only.
    ///
    /// ```
    /// use tripline::trigger::{Matcher, Trigger};
    /// let builder = Trigger::refresh_completed("loyalty").with_item(Matcher::prefix("Loyalty"));
    /// assert!(builder.build()?.to_json().contains(r#""item":{"prefix":"Loyalty"}"#));
    /// # Ok::<(), tripline::Error>(())
    /// ```
    #[must_use]
    pub fn with_item(mut self, item: impl Into<Matcher>) -> Self {
        match &self.draft {
            Body::Refresh(_) => self.subject = item.into(),
            _ => self.stray.push("on.item"),
        }
        self
    }

    /// The trigger, if everything about it is allowed.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Invalid`](crate::ErrorKind::Invalid) with *every* fault; the
    /// paths are those of the trigger in JSON (`id`, `on.segment`, `on.rearm`):
    ///
    /// - an id that is not 1 to 128 characters of `A-Z a-z 0-9 . _ : -`;
    /// - empty texts, and empty or repeating lists of names;
    /// - all that [`ThresholdBuilder::build`] refuses;
    /// - for silence a `within` of zero, or a kind other than data source, segment
    ///   and measure;
    /// - a `limit` of none, over 1,000,000, or per no time; a duration above 292 years;
    /// - what its kind does not have, such as dimensions for another than a
    ///   measure's, or an outcome for a threshold.
    ///
    /// ```
    /// use tripline::{threshold::Threshold, Trigger};
    /// let error = Trigger::segment_threshold_crossed("", "vip", Threshold::above(1000.0)).build().unwrap_err();
    /// assert_eq!(error.faults()[0].path(), "id");
    /// ```
    pub fn build(self) -> Result<Trigger, Error> {
        self.check().map_err(Error::from_faults)
    }

    pub(super) fn check(self) -> Result<Trigger, Vec<Fault>> {
        let Self { id, subject, draft, rest, stray } = self;
        let mut faults = Faults(Vec::new());
        faults.check_id(&id);
        if rest.name.as_deref() == Some("") {
            faults.add("name", "the text is empty");
        }
        faults.check_matcher(draft.subject_path(), &subject);
        for path in stray {
            faults.add(path, format!("`{}` does not have it", draft.type_name()));
        }
        let body = faults.check_body(draft);
        let rest = faults.check_rest(rest);
        match body {
            Some(body) if faults.0.is_empty() => {
                let rest = (rest != Rest::DEFAULT).then(|| Box::new(rest));
                Ok(Trigger { id: id.into(), subject: subject.normalised(), body, rest })
            }
            _ => Err(faults.0),
        }
    }
}

impl From<Trigger> for TriggerBuilder {
    fn from(trigger: Trigger) -> Self {
        let Trigger { id, subject, body, rest } = trigger;
        let Ok(draft) = body.try_map(|threshold| Ok::<_, Infallible>(threshold.into()));
        let rest = rest.map_or(Rest::DEFAULT, |rest| *rest);
        Self { id: id.into(), subject, draft, rest, stray: Vec::new() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::SeriesKind;
    use crate::threshold::Threshold;

    fn paths(builder: TriggerBuilder) -> Vec<String> {
        builder.check().map_or_else(
            |faults| faults.iter().map(|fault| fault.path().to_owned()).collect(),
            |_| Vec::new(),
        )
    }

    #[test]
    fn every_fault_of_a_builder_is_named_in_the_order_of_the_document() {
        let builder =
            Trigger::segment_threshold_crossed("a b", Matcher::prefix(""), Threshold::above(f64::NAN))
                .with_limit(0, Duration::ZERO)
                .with_cooldown(Duration::MAX)
                .with_source("")
                .with_name("")
                .with_each_dimensions()
                .with_from_start(true);
        let all = [
            "id",
            "name",
            "on.segment.prefix",
            "on.dimensions",
            "on.fromStart",
            "on.above",
            "source",
            "cooldown",
            "limit.max",
            "limit.per",
        ];
        assert_eq!(paths(builder), all);
    }

    #[test]
    fn silence_is_of_a_known_kind_and_takes_time() {
        let quiet = |kind: &str, within| paths(Trigger::no_data("x", kind, "vip", within));
        let day = Duration::from_secs(86_400);
        for kind in ["segment", "measure", "dataSource"] {
            assert!(quiet(kind, day).is_empty(), "{kind}");
        }
        assert_eq!(quiet("queueLength", Duration::ZERO), ["on.kind", "on.within"]);
        let each = Trigger::no_data("x", SeriesKind::SEGMENT, "vip", day).with_each_dimensions();
        assert_eq!(paths(each), ["on.dimensions"]);
    }

    /// One sound builder of every kind.
    fn of_every_kind() -> [TriggerBuilder; 9] {
        let over = || Threshold::above(1.0);
        [
            Trigger::segment_threshold_crossed("x", "vip", over()),
            Trigger::measure_threshold_crossed("x", "churn", over()),
            Trigger::no_data("x", SeriesKind::SEGMENT, "vip", Duration::from_secs(1)),
            Trigger::data_source_refresh_failed("x", "crm"),
            Trigger::data_source_refresh_succeeded("x", "crm"),
            Trigger::full_refresh_completed("x"),
            Trigger::unification_completed("x"),
            Trigger::refresh_completed("x"),
            Trigger::event_received("x", "com.example.paid"),
        ]
    }

    #[test]
    fn what_a_kind_does_not_have_is_refused_at_its_path() {
        type Setter = fn(TriggerBuilder) -> TriggerBuilder;
        let setters: [(&str, Setter, &[&str]); 9] = [
            (
                "on.dimensions",
                |it| it.with_dimensions(Dimensions::from_iter([("a", "b")])),
                &["measureThresholdCrossed"],
            ),
            ("on.dimensions", TriggerBuilder::with_each_dimensions, &["measureThresholdCrossed"]),
            ("on.fromStart", |it| it.with_from_start(false), &["noData"]),
            ("on.includeRetrying", |it| it.with_including_retrying(false), &["dataSourceRefreshFailed"]),
            ("on.settle", |it| it.with_settle(Duration::ZERO), &["dataSourceRefreshFailed"]),
            ("on.submission", |it| it.with_submission("any"), &["fullRefreshCompleted"]),
            (
                "on.outcome",
                |it| it.with_outcome("any"),
                &["fullRefreshCompleted", "unificationCompleted", "refreshCompleted"],
            ),
            ("on.process", |it| it.with_process("any"), &["refreshCompleted"]),
            ("on.item", |it| it.with_item("*"), &["refreshCompleted"]),
        ];
        for (path, set, owners) in setters {
            for builder in of_every_kind() {
                let name = builder.draft.type_name();
                let result = set(builder).check();
                if owners.contains(&name) {
                    assert!(result.is_ok(), "{path} {name}");
                    continue;
                }
                let faults: Vec<String> = result.unwrap_err().iter().map(ToString::to_string).collect();
                assert_eq!(faults, [format!("{path}: `{name}` does not have it")]);
            }
        }
    }

    #[test]
    fn empty_names_and_words_and_endless_waits_are_faults() {
        let empty = Trigger::refresh_completed("x").with_item("").with_process("").with_outcome("");
        assert_eq!(paths(empty), ["on.item", "on.process", "on.outcome"]);
        let empty = Trigger::full_refresh_completed("x").with_submission("").with_outcome("");
        assert_eq!(paths(empty), ["on.submission", "on.outcome"]);
        assert_eq!(paths(Trigger::unification_completed("x").with_outcome("")), ["on.outcome"]);
        let endless = Trigger::data_source_refresh_failed("x", "").with_settle(Duration::MAX);
        assert_eq!(paths(endless), ["on.dataSource", "on.settle"]);
        let twice = Trigger::data_source_refresh_succeeded("x", Matcher::one_of(["crm", "crm"]));
        assert_eq!(paths(twice), ["on.dataSource.oneOf[1]"]);
        assert_eq!(paths(Trigger::event_received("x", "")), ["on.eventType"]);
    }

    #[test]
    fn the_last_word_counts_and_any_word_says_as_much_as_none() {
        let plain = of_every_kind();
        for at in [5, 6, 7] {
            let again = plain[at].clone().with_outcome("failed").with_outcome("any");
            assert_eq!(again.build().unwrap(), plain[at].clone().build().unwrap());
        }
        let words = plain[7].clone().with_process("any").with_item("crm").with_item(Matcher::Any);
        assert_eq!(words.build().unwrap(), plain[7].clone().build().unwrap());
        let words = plain[5].clone().with_submission("any");
        assert_eq!(words.build().unwrap(), plain[5].clone().build().unwrap());
    }

    #[test]
    fn every_kind_without_options_is_its_builder_again() {
        for builder in of_every_kind() {
            let trigger = builder.clone().build().unwrap();
            assert!(trigger.rest.is_none());
            assert_eq!(TriggerBuilder::from(trigger), builder);
        }
    }

    #[test]
    fn the_dimensions_of_a_measure_have_names() {
        let unnamed = Dimensions::from_iter([("", "EMEA")]);
        let builder = || Trigger::measure_threshold_crossed("x", "churn", Threshold::above(1.0));
        assert_eq!(paths(builder().with_dimensions(unnamed)), ["on.dimensions"]);
        assert_eq!(builder().with_dimensions(Dimensions::new()).build().unwrap(), builder().build().unwrap());
    }
}
