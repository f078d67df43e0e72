//! Builds a trigger and names every fault of what it was given.

use std::time::Duration;

use super::words::quoted;
use super::{Body, DimensionRule, Limit, Matcher, Rest, Silence, Trigger};
use crate::error::{Error, Fault};
use crate::event::filter::Filter;
use crate::event::{Dimensions, SeriesKind};
use crate::threshold::{Threshold, ThresholdBuilder};
use crate::time::{MAX_DURATION, format_duration};

/// The longest id, in characters.
const MAX_ID: usize = 128;

/// The greatest `limit.max`: an engine remembers so many firings of the trigger.
const MAX_LIMIT: u32 = 1_000_000;

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
    draft: Draft,
    rest: Rest,
    /// What was asked of a kind that does not have it.
    stray: Vec<&'static str>,
}

/// What distinguishes the kinds, as yet unchecked.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Draft {
    Segment(ThresholdBuilder),
    Measure(DimensionRule, ThresholdBuilder),
    NoData(Silence),
}

impl TriggerBuilder {
    pub(super) fn new(id: impl Into<Box<str>>, subject: Matcher, draft: Draft) -> Self {
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

    /// Swallows what would fire of the same series within so long after a
    /// firing, the end exclusive; zero is none.
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

    /// Fires at most `max` times in `per`, over all series together.
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
            Draft::Measure(dimensions, _) => *dimensions = rule,
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
            Draft::NoData(silence) => silence.from_start = from_start,
            _ => self.stray.push("on.fromStart"),
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
    /// - for silence a `within` of zero, or a kind other than segment and measure;
    /// - a `limit` of none, over 1,000,000, or per no time; a duration above 292 years;
    /// - dimensions for another kind than a measure's, `fromStart` for another
    ///   than silence.
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
            faults.add(path, draft.has_not());
        }
        let body = faults.check_draft(draft);
        let rest = faults.check_rest(rest);
        match body {
            Some(body) if faults.0.is_empty() => {
                let rest = (rest != Rest::DEFAULT).then(|| Box::new(rest));
                Ok(Trigger { id, subject: subject.normalised(), body, rest })
            }
            _ => Err(faults.0),
        }
    }
}

impl Draft {
    fn subject_path(&self) -> &'static str {
        match self {
            Self::Segment(_) => "on.segment",
            Self::Measure(..) => "on.measure",
            Self::NoData(_) => "on.name",
        }
    }

    fn has_not(&self) -> &'static str {
        match self {
            Self::Segment(_) => "`segmentThresholdCrossed` does not have it",
            Self::Measure(..) => "`measureThresholdCrossed` does not have it",
            Self::NoData(_) => "`noData` does not have it",
        }
    }
}

impl From<Trigger> for TriggerBuilder {
    fn from(trigger: Trigger) -> Self {
        let Trigger { id, subject, body, rest } = trigger;
        let draft = match body {
            Body::Segment(threshold) => Draft::Segment(threshold.into()),
            Body::Measure(body) => {
                let (dimensions, threshold) = *body;
                Draft::Measure(dimensions, threshold.into())
            }
            Body::NoData(silence) => Draft::NoData(*silence),
        };
        let rest = rest.map_or(Rest::DEFAULT, |rest| *rest);
        Self { id, subject, draft, rest, stray: Vec::new() }
    }
}

struct Faults(Vec<Fault>);

impl Faults {
    fn add(&mut self, path: &str, message: impl Into<String>) {
        self.0.push(Fault::new(path, message));
    }

    fn extend(&mut self, prefix: &str, faults: &[Fault]) {
        self.0.extend(faults.iter().map(|fault| fault.clone().under(prefix)));
    }

    fn check_id(&mut self, id: &str) {
        let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | ':' | '-');
        let length = id.chars().count();
        let rule = format!("an id is 1 to {MAX_ID} characters of A-Z a-z 0-9 . _ : -");
        if length == 0 || length > MAX_ID {
            self.add("id", format!("{} has {length} characters: {rule}", quoted(id)));
        } else if let Some(c) = id.chars().find(|c| !allowed(*c)) {
            self.add("id", format!("{} has {c:?}: {rule}", quoted(id)));
        }
    }

    fn check_matcher(&mut self, path: &str, matcher: &Matcher) {
        self.extend(path, &matcher.faults());
    }

    fn check_draft(&mut self, draft: Draft) -> Option<Body> {
        match draft {
            Draft::Segment(threshold) => self.check_threshold(threshold).map(Body::Segment),
            Draft::Measure(dimensions, threshold) => {
                if matches!(&dimensions, DimensionRule::Exact(these) if these.iter().any(|(name, _)| name.is_empty()))
                {
                    self.add("on.dimensions", "the name of a dimension is empty");
                }
                let threshold = self.check_threshold(threshold)?;
                Some(Body::Measure(Box::new((dimensions, threshold))))
            }
            Draft::NoData(silence) => {
                self.check_kind(&silence.kind);
                self.check_length("on.within", silence.within, Duration::from_nanos(1));
                Some(Body::NoData(Box::new(silence)))
            }
        }
    }

    fn check_threshold(&mut self, threshold: ThresholdBuilder) -> Option<Threshold> {
        threshold.build().map_err(|error| self.extend("on", error.faults())).ok()
    }

    fn check_kind(&mut self, kind: &SeriesKind) {
        match kind.as_str() {
            "segment" | "measure" => {}
            "dataSource" => {
                self.add("on.kind", "`dataSource` is known to the format but not supported by this version");
            }
            other => self.add("on.kind", format!("{} is not one of `segment`, `measure`", quoted(other))),
        }
    }

    fn check_rest(&mut self, mut rest: Rest) -> Rest {
        if let Some(source) = &rest.source {
            self.check_matcher("source", source);
        }
        if let Some(cooldown) = rest.cooldown {
            self.check_length("cooldown", cooldown, Duration::ZERO);
        }
        if let Some(Limit { max, per }) = rest.limit {
            if max == 0 || max > MAX_LIMIT {
                self.add("limit.max", format!("{max} is not between 1 and {MAX_LIMIT}"));
            }
            self.check_length("limit.per", per, Duration::from_nanos(1));
        }
        // Said in two ways, kept in one: every source, and no cooldown.
        rest.source = rest.source.filter(|source| *source != Matcher::Any).map(Matcher::normalised);
        rest.cooldown = rest.cooldown.filter(|cooldown| !cooldown.is_zero());
        rest
    }

    fn check_length(&mut self, path: &str, length: Duration, least: Duration) {
        if length > MAX_DURATION {
            self.add(path, format!("{} s is longer than the limit of 292 years", length.as_secs()));
        } else if length < least {
            self.add(path, format!("{} is too short: it must be above zero", format_duration(length)));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
    fn silence_is_of_a_segment_or_a_measure_and_takes_time() {
        let quiet = |kind: &str, within| paths(Trigger::no_data("x", kind, "vip", within));
        let day = Duration::from_secs(86_400);
        assert!(quiet("segment", day).is_empty());
        assert!(quiet("measure", day).is_empty());
        assert_eq!(quiet("dataSource", day), ["on.kind"]);
        assert_eq!(quiet("queueLength", Duration::ZERO), ["on.kind", "on.within"]);
        let each = Trigger::no_data("x", SeriesKind::SEGMENT, "vip", day).with_each_dimensions();
        assert_eq!(paths(each), ["on.dimensions"]);
    }

    #[test]
    fn the_dimensions_of_a_measure_have_names() {
        let unnamed = Dimensions::from_iter([("", "EMEA")]);
        let builder = || Trigger::measure_threshold_crossed("x", "churn", Threshold::above(1.0));
        assert_eq!(paths(builder().with_dimensions(unnamed)), ["on.dimensions"]);
        assert_eq!(builder().with_dimensions(Dimensions::new()).build().unwrap(), builder().build().unwrap());
    }
}
