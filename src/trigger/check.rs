//! Judges what a builder was given, part by part, and keeps every fault.

use std::time::Duration;

use super::body::Body;
use super::words::quoted;
use super::{DimensionRule, Limit, Matcher, Rest};
use crate::error::Fault;
use crate::event::{Outcome, Process, SeriesKind, Submission};
use crate::threshold::{Threshold, ThresholdBuilder};
use crate::time::{MAX_DURATION, format_duration};

/// The longest id, in characters.
const MAX_ID: usize = 128;

/// The greatest `limit.max`: an engine remembers so many firings of the trigger.
const MAX_LIMIT: u32 = 1_000_000;

/// What `noData` can be about.
const SILENT_KINDS: [SeriesKind; 3] = [SeriesKind::DATA_SOURCE, SeriesKind::SEGMENT, SeriesKind::MEASURE];

/// The faults so far.
pub(super) struct Faults(pub(super) Vec<Fault>);

impl Faults {
    pub(super) fn add(&mut self, path: &str, message: impl Into<String>) {
        self.0.push(Fault::new(path, message));
    }

    fn extend(&mut self, prefix: &str, faults: &[Fault]) {
        self.0.extend(faults.iter().map(|fault| fault.clone().under(prefix)));
    }

    pub(super) fn check_id(&mut self, id: &str) {
        let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | ':' | '-');
        let length = id.chars().count();
        let rule = format!("an id is 1 to {MAX_ID} characters of A-Z a-z 0-9 . _ : -");
        if length == 0 || length > MAX_ID {
            self.add("id", format!("{} has {length} characters: {rule}", quoted(id)));
        } else if let Some(c) = id.chars().find(|c| !allowed(*c)) {
            self.add("id", format!("{} has {c:?}: {rule}", quoted(id)));
        }
    }

    pub(super) fn check_matcher(&mut self, path: &str, matcher: &Matcher) {
        self.extend(path, &matcher.faults());
    }

    pub(super) fn check_body(&mut self, mut draft: Body<ThresholdBuilder>) -> Option<Body<Threshold>> {
        match &mut draft {
            Body::Measure(body) => self.check_dimensions(&body.0),
            Body::NoData(silence) => {
                self.check_kind(&silence.kind);
                self.check_length("on.within", silence.within, Duration::from_nanos(1));
            }
            Body::RefreshFailed(patience) => {
                self.check_length("on.settle", patience.settle, Duration::ZERO);
            }
            Body::FullRefresh(body) => {
                self.check_word("on.submission", &mut body.0, Submission::as_str);
                self.check_word("on.outcome", &mut body.1, Outcome::as_str);
            }
            Body::Unification(outcome) => self.check_word("on.outcome", outcome, Outcome::as_str),
            Body::Refresh(body) => {
                self.check_word("on.process", &mut body.0, Process::as_str);
                self.check_word("on.outcome", &mut body.1, Outcome::as_str);
            }
            Body::Segment(_) | Body::RefreshSucceeded | Body::Event => {}
        }
        let body = draft.try_map(ThresholdBuilder::build);
        body.map_err(|error| self.extend("on", error.faults())).ok()
    }

    fn check_dimensions(&mut self, dimensions: &DimensionRule) {
        if let DimensionRule::Exact(these) = dimensions
            && these.iter().any(|(name, _)| name.is_empty())
        {
            self.add("on.dimensions", "the name of a dimension is empty");
        }
    }

    fn check_kind(&mut self, kind: &SeriesKind) {
        if !SILENT_KINDS.contains(kind) {
            let all = SILENT_KINDS.map(|kind| format!("`{kind}`")).join(", ");
            self.add("on.kind", format!("{} is not one of {all}", quoted(kind.as_str())));
        }
    }

    /// The word `any` says no more than its absence, which it becomes.
    fn check_word<W>(&mut self, path: &str, word: &mut Option<W>, text: fn(&W) -> &str) {
        match word.as_ref().map(text) {
            Some("") => self.add(path, "the text is empty"),
            Some("any") => *word = None,
            _ => {}
        }
    }

    pub(super) fn check_rest(&mut self, mut rest: Rest) -> Rest {
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
