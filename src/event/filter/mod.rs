//! CloudEvents Subscriptions filters: what a trigger's `where` is made of.

mod data;

use std::borrow::Cow;

pub use data::{DataFilter, FilterValue, Op};

use super::{Event, RefreshCompleted, ValueObserved, push_json_string};
use crate::error::{Error, Fault};
use crate::time::{Nanos, format_instant};

/// A condition on an event, in the CloudEvents Subscriptions dialects `exact`,
/// `prefix`, `suffix`, `all`, `any` and `not`, and one for the data.
///
/// ```
/// use tripline::event::filter::{Candidate, Filter};
/// use tripline::event::Event;
///
/// let filter = Filter::prefix([("source", "/instances/")])?;
/// let event = Event::new("1", "/instances/contoso", "t")?;
/// assert!(filter.matches(&Candidate::from(&event)));
/// # Ok::<(), tripline::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum Filter {
    /// Every named attribute equals its value.
    Exact(Attributes),
    /// Every named attribute starts with its value.
    Prefix(Attributes),
    /// Every named attribute ends with its value.
    Suffix(Attributes),
    /// All of them match.
    All(Filters),
    /// At least one of them matches.
    Any(Filters),
    /// It does not match.
    Not(Box<Filter>),
    /// A condition on one value inside the data.
    Data(DataFilter),
}

impl Filter {
    /// Every attribute named equals its value.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Invalid`](crate::ErrorKind::Invalid) with every fault: no
    /// attribute, one twice, a name or a value that is empty, a name that
    /// holds more than `a-z` and `0-9`.
    ///
    /// ```
    /// use tripline::event::filter::Filter;
    /// assert!(Filter::exact([("type", "t"), ("subject", "vip")]).is_ok());
    /// assert_eq!(Filter::exact([("type", "")]).unwrap_err().faults()[0].path(), "exact.type");
    /// ```
    pub fn exact<'a>(attributes: impl IntoIterator<Item = (&'a str, &'a str)>) -> Result<Self, Error> {
        Attributes::new("exact", attributes).map(Self::Exact)
    }

    /// Every attribute named starts with its value.
    ///
    /// # Errors
    ///
    /// As [`exact`](Filter::exact).
    ///
    /// ```
    /// use tripline::event::filter::Filter;
    /// assert!(Filter::prefix([("source", "/instances/")]).is_ok());
    /// ```
    pub fn prefix<'a>(attributes: impl IntoIterator<Item = (&'a str, &'a str)>) -> Result<Self, Error> {
        Attributes::new("prefix", attributes).map(Self::Prefix)
    }

    /// Every attribute named ends with its value.
    ///
    /// # Errors
    ///
    /// As [`exact`](Filter::exact).
    ///
    /// ```
    /// use tripline::event::filter::Filter;
    /// assert!(Filter::suffix([("subject", ".csv")]).is_ok());
    /// ```
    pub fn suffix<'a>(attributes: impl IntoIterator<Item = (&'a str, &'a str)>) -> Result<Self, Error> {
        Attributes::new("suffix", attributes).map(Self::Suffix)
    }

    /// All filters match.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Invalid`](crate::ErrorKind::Invalid) where there is none.
    ///
    /// ```
    /// use tripline::event::filter::Filter;
    /// assert!(Filter::all([]).is_err());
    /// ```
    pub fn all(filters: impl IntoIterator<Item = Filter>) -> Result<Self, Error> {
        Filters::new("all", filters).map(Self::All)
    }

    /// At least one filter matches.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Invalid`](crate::ErrorKind::Invalid) where there is none.
    ///
    /// ```
    /// use tripline::event::filter::Filter;
    /// let either = Filter::any([Filter::exact([("type", "a")])?, Filter::exact([("type", "b")])?])?;
    /// # Ok::<(), tripline::Error>(())
    /// ```
    pub fn any(filters: impl IntoIterator<Item = Filter>) -> Result<Self, Error> {
        Filters::new("any", filters).map(Self::Any)
    }

    /// The filter does not match.
    ///
    /// ```
    /// use tripline::event::filter::{Candidate, Filter};
    /// use tripline::event::Event;
    /// let others = Filter::not(Filter::exact([("type", "a")])?);
    /// assert!(others.matches(&Candidate::from(&Event::new("1", "/s", "b")?)));
    /// # Ok::<(), tripline::Error>(())
    /// ```
    #[must_use]
    #[expect(clippy::should_implement_trait, reason = "`not` is what CloudEvents calls this dialect")]
    pub fn not(filter: Filter) -> Self {
        Self::Not(Box::new(filter))
    }

    /// Whether `candidate` passes. An attribute or a value that is not there matches nothing.
    ///
    /// ```
    /// use tripline::event::filter::{Candidate, Filter};
    /// use tripline::event::Event;
    /// let event = Event::new("1", "/s", "t")?;
    /// assert!(!Filter::prefix([("subject", "v")])?.matches(&Candidate::from(&event)));
    /// # Ok::<(), tripline::Error>(())
    /// ```
    pub fn matches(&self, candidate: &Candidate<'_>) -> bool {
        match self {
            Self::Exact(attributes) => attributes.match_all(candidate, |text, wanted| text == wanted),
            Self::Prefix(attributes) => {
                attributes.match_all(candidate, |text, wanted| text.starts_with(wanted))
            }
            Self::Suffix(attributes) => {
                attributes.match_all(candidate, |text, wanted| text.ends_with(wanted))
            }
            Self::All(filters) => filters.iter().all(|filter| filter.matches(candidate)),
            Self::Any(filters) => filters.iter().any(|filter| filter.matches(candidate)),
            Self::Not(filter) => !filter.matches(candidate),
            Self::Data(filter) => filter.matches(candidate),
        }
    }

    /// False where it looks at nothing but `source` and `type`, so that one
    /// answer holds for every event of a source and a type.
    ///
    /// ```
    /// use tripline::event::filter::Filter;
    /// assert!(!Filter::exact([("source", "/s")])?.needs_event());
    /// assert!(Filter::exact([("subject", "vip")])?.needs_event());
    /// # Ok::<(), tripline::Error>(())
    /// ```
    pub fn needs_event(&self) -> bool {
        match self {
            Self::Exact(attributes) | Self::Prefix(attributes) | Self::Suffix(attributes) => {
                attributes.iter().any(|(name, _)| !matches!(name, "source" | "type"))
            }
            Self::All(filters) | Self::Any(filters) => filters.iter().any(Filter::needs_event),
            Self::Not(filter) => filter.needs_event(),
            Self::Data(_) => true,
        }
    }

    /// Appends the JSON form.
    pub(crate) fn push_json(&self, text: &mut String) {
        match self {
            Self::Exact(attributes) => attributes.push_json("exact", text),
            Self::Prefix(attributes) => attributes.push_json("prefix", text),
            Self::Suffix(attributes) => attributes.push_json("suffix", text),
            Self::All(filters) => filters.push_json("all", text),
            Self::Any(filters) => filters.push_json("any", text),
            Self::Not(filter) => {
                text.push_str(r#"{"not":"#);
                filter.push_json(text);
                text.push('}');
            }
            Self::Data(filter) => filter.push_json(text),
        }
    }
}

/// Attribute names with what each is compared with: sorted by name, not empty.
///
/// ```
/// use tripline::event::filter::Filter;
/// let Filter::Exact(attributes) = Filter::exact([("type", "t"), ("source", "/s")])? else { unreachable!() };
/// assert_eq!(attributes.iter().collect::<Vec<_>>(), [("source", "/s"), ("type", "t")]);
/// # Ok::<(), tripline::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attributes {
    pairs: Box<[(Box<str>, Box<str>)]>,
}

impl Attributes {
    fn new<'a>(dialect: &str, given: impl IntoIterator<Item = (&'a str, &'a str)>) -> Result<Self, Error> {
        let mut pairs: Vec<(Box<str>, Box<str>)> = Vec::new();
        let mut faults = Vec::new();
        for (name, value) in given {
            let valid = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
            let fault = if name.is_empty() || name == "data" || !name.bytes().all(valid) {
                Some("is not the name of a context attribute: only a-z and 0-9 may stand in it")
            } else if value.is_empty() {
                Some("must not be empty")
            } else if pairs.iter().any(|(known, _)| **known == *name) {
                Some("comes twice")
            } else {
                None
            };
            match fault {
                Some(fault) => faults.push(Fault::new(format!("{dialect}.{name}"), fault)),
                None => pairs.push((name.into(), value.into())),
            }
        }
        if pairs.is_empty() && faults.is_empty() {
            faults.push(Fault::new(dialect, "must name at least one attribute"));
        }
        if !faults.is_empty() {
            return Err(Error::from_faults(faults));
        }
        pairs.sort();
        Ok(Self { pairs: pairs.into() })
    }

    /// The names and values, sorted by name.
    ///
    /// ```
    /// use tripline::event::filter::Filter;
    /// let Filter::Prefix(attributes) = Filter::prefix([("type", "tripline.")])? else { unreachable!() };
    /// assert_eq!(attributes.iter().next(), Some(("type", "tripline.")));
    /// # Ok::<(), tripline::Error>(())
    /// ```
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.pairs.iter().map(|(name, value)| (&**name, &**value))
    }

    fn match_all(&self, candidate: &Candidate<'_>, matches: impl Fn(&str, &str) -> bool) -> bool {
        self.iter().all(|(name, wanted)| candidate.attribute(name).is_some_and(|text| matches(&text, wanted)))
    }

    fn push_json(&self, dialect: &str, text: &mut String) {
        text.push('{');
        push_json_string(text, dialect);
        text.push(':');
        super::text::push_json_object(text, self.iter());
        text.push('}');
    }
}

/// Filters of which all or one must match; not empty.
///
/// ```
/// use tripline::event::filter::Filter;
/// let Filter::Any(filters) = Filter::any([Filter::exact([("type", "t")])?])? else { unreachable!() };
/// assert_eq!(filters.iter().count(), 1);
/// # Ok::<(), tripline::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Filters {
    filters: Box<[Filter]>,
}

impl Filters {
    fn new(dialect: &str, filters: impl IntoIterator<Item = Filter>) -> Result<Self, Error> {
        let filters: Box<[Filter]> = filters.into_iter().collect();
        if filters.is_empty() {
            return Err(Error::from_faults(vec![Fault::new(dialect, "must hold at least one filter")]));
        }
        Ok(Self { filters })
    }

    /// The filters, in the order given.
    ///
    /// ```
    /// use tripline::event::filter::Filter;
    /// let Filter::All(filters) = Filter::all([Filter::exact([("type", "t")])?])? else { unreachable!() };
    /// assert!(filters.iter().all(|filter| !filter.needs_event()));
    /// # Ok::<(), tripline::Error>(())
    /// ```
    pub fn iter(&self) -> impl Iterator<Item = &Filter> {
        self.filters.iter()
    }

    fn push_json(&self, dialect: &str, text: &mut String) {
        text.push('{');
        push_json_string(text, dialect);
        text.push_str(":[");
        for (i, filter) in self.iter().enumerate() {
            if i > 0 {
                text.push(',');
            }
            filter.push_json(text);
        }
        text.push_str("]}");
    }
}

/// What a filter looks at: an event, or where there is none (a value observed
/// or a task reported by a call), the little that stands for it.
///
/// ```
/// use tripline::event::filter::{Candidate, Filter};
/// use tripline::event::ValueObserved;
///
/// let observed = ValueObserved::new("segment", "vip", 1004.0);
/// let candidate = Candidate::from_observed("/s", &observed);
/// assert!(Filter::exact([("type", "tripline.value.observed")])?.matches(&candidate));
/// # Ok::<(), tripline::Error>(())
/// ```
#[derive(Debug, Clone, Copy)]
pub struct Candidate<'a> {
    event: Option<&'a Event<'a>>,
    source: &'a str,
    event_type: &'a str,
    time: Option<Nanos>,
    told: Option<Told<'a>>,
}

/// The data of what came without an event.
#[derive(Debug, Clone, Copy)]
enum Told<'a> {
    Observed(&'a ValueObserved<'a>),
    Refresh(&'a RefreshCompleted<'a>),
}

impl<'a> Candidate<'a> {
    /// An observation that came without an event: it has a source, a type and its data.
    ///
    /// ```
    /// use tripline::event::filter::Candidate;
    /// use tripline::event::ValueObserved;
    /// let observed = ValueObserved::new("segment", "vip", 1004.0);
    /// let candidate = Candidate::from_observed("/s", &observed);
    /// ```
    pub fn from_observed(source: &'a str, observed: &'a ValueObserved<'a>) -> Self {
        let told = Some(Told::Observed(observed));
        Self { told, ..Self::of_type(source, ValueObserved::EVENT_TYPE) }
    }

    /// A task that was reported without an event: it has a source, a type and its data.
    ///
    /// ```
    /// use tripline::event::filter::{Candidate, Filter, FilterValue, Op};
    /// use tripline::event::RefreshCompleted;
    /// let refresh = RefreshCompleted::new("ingestion", "failed");
    /// let filter = Filter::data("/outcome", Op::Eq, FilterValue::from("failed"))?;
    /// assert!(filter.matches(&Candidate::from_refresh("/s", &refresh)));
    /// # Ok::<(), tripline::Error>(())
    /// ```
    pub fn from_refresh(source: &'a str, refresh: &'a RefreshCompleted<'a>) -> Self {
        let told = Some(Told::Refresh(refresh));
        Self { told, ..Self::of_type(source, RefreshCompleted::EVENT_TYPE) }
    }

    /// Source and type alone: enough for a filter that does not [need the event](Filter::needs_event).
    pub(crate) fn of_type(source: &'a str, event_type: &'a str) -> Self {
        Self { event: None, source, event_type, time: None, told: None }
    }

    /// The same with the time of what came without an event.
    pub(crate) fn with_time(mut self, time: Nanos) -> Self {
        self.time = Some(time);
        self
    }

    fn attribute(&self, name: &str) -> Option<Cow<'a, str>> {
        match (name, self.event, self.time) {
            ("source", ..) => Some(Cow::Borrowed(self.source)),
            ("type", ..) => Some(Cow::Borrowed(self.event_type)),
            ("time", None, Some(time)) => Some(Cow::Owned(format_instant(time))),
            (_, Some(event), _) => event.attribute(name),
            (_, None, _) => None,
        }
    }
}

impl<'a> From<&'a Event<'_>> for Candidate<'a> {
    fn from(event: &'a Event<'_>) -> Self {
        Self {
            event: Some(event),
            source: event.source(),
            event_type: event.event_type(),
            time: None,
            told: None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event() -> Event<'static> {
        let event = Event::new("1", "/instances/contoso", "tripline.refresh.completed").unwrap();
        let event = event.with_subject("sales.csv").with_time(crate::time::datetime(1_500_000_000));
        event.with_extension("attempt", 3).and_then(|event| event.with_extension("final", true)).unwrap()
    }

    #[test]
    fn attributes_match_whole_by_their_start_or_by_their_end_and_all_of_them_must() {
        let event = event();
        let matches = |filter: Result<Filter, Error>| filter.unwrap().matches(&Candidate::from(&event));
        assert!(matches(Filter::exact([
            ("id", "1"),
            ("specversion", "1.0"),
            ("attempt", "3"),
            ("final", "true")
        ])));
        assert!(matches(Filter::exact([("time", "1970-01-01T00:00:01.5Z")])));
        assert!(!matches(Filter::exact([("id", "1"), ("subject", "sales")])));
        assert!(matches(Filter::prefix([("subject", "sales"), ("source", "/instances/")])));
        assert!(!matches(Filter::prefix([("subject", "csv")])));
        assert!(matches(Filter::suffix([("subject", ".csv")])));
        assert!(!matches(Filter::suffix([("subject", ".CSV")])));
        for absent in ["dataschema", "nosuch"] {
            assert!(!matches(Filter::prefix([(absent, "a")])));
            assert!(matches(Filter::prefix([(absent, "a")]).map(Filter::not)));
        }
    }

    #[test]
    fn filters_combine() {
        let event = event();
        let candidate = Candidate::from(&event);
        let (yes, no) = (Filter::exact([("id", "1")]).unwrap(), Filter::exact([("id", "2")]).unwrap());
        assert!(Filter::any([no.clone(), yes.clone()]).unwrap().matches(&candidate));
        assert!(!Filter::all([no.clone(), yes.clone()]).unwrap().matches(&candidate));
        assert!(Filter::all([Filter::not(no.clone()), yes]).unwrap().matches(&candidate));
        assert!(!Filter::any([no]).unwrap().matches(&candidate));
    }

    #[test]
    fn only_source_and_type_do_without_the_event() {
        let source = Filter::prefix([("source", "/s"), ("type", "t")]).unwrap();
        let subject = Filter::exact([("subject", "a")]).unwrap();
        assert!(!Filter::not(source.clone()).needs_event());
        assert!(!Filter::all([source.clone(), source.clone()]).unwrap().needs_event());
        assert!(Filter::any([source.clone(), Filter::not(subject)]).unwrap().needs_event());
        assert!(Filter::data("", Op::Exists, None).unwrap().needs_event());
        assert!(source.matches(&Candidate::of_type("/s/1", "t")));
    }

    #[test]
    fn an_observation_without_an_event_has_a_source_a_type_and_a_time() {
        let observed = ValueObserved::new("segment", "vip", 1.0);
        let candidate = Candidate::from_observed("/s", &observed).with_time(0);
        let matches = |name, value| Filter::exact([(name, value)]).unwrap().matches(&candidate);
        assert!(matches("source", "/s") && matches("type", "tripline.value.observed"));
        assert!(matches("time", "1970-01-01T00:00:00Z"));
        assert!(!matches("id", "1") && !matches("specversion", "1.0"));
    }

    #[test]
    fn a_task_without_an_event_has_a_source_a_type_and_a_time() {
        let refresh = RefreshCompleted::new("ingestion", "failed");
        let candidate = Candidate::from_refresh("/s", &refresh).with_time(0);
        let matches = |name, value| Filter::exact([(name, value)]).unwrap().matches(&candidate);
        assert!(matches("source", "/s") && matches("type", "tripline.refresh.completed"));
        assert!(matches("time", "1970-01-01T00:00:00Z"));
        assert!(!matches("id", "1") && !matches("specversion", "1.0"));
    }

    #[test]
    fn every_fault_of_the_attributes_is_named() {
        let error = Filter::suffix([
            ("Type", "a"),
            ("id", ""),
            ("", "b"),
            ("data", "c"),
            ("type", "d"),
            ("type", "e"),
        ])
        .unwrap_err();
        let paths: Vec<&str> = error.faults().iter().map(Fault::path).collect();
        assert_eq!(paths, ["suffix.Type", "suffix.id", "suffix.", "suffix.data", "suffix.type"]);
        assert_eq!(Filter::exact([]).unwrap_err().faults()[0].path(), "exact");
        assert_eq!(Filter::any([]).unwrap_err().faults()[0].path(), "any");
    }

    #[test]
    fn a_filter_is_written_as_cloudevents_has_it() {
        let data = Filter::data("/item/id", Op::Eq, FilterValue::from("a\"")).unwrap();
        let exact = Filter::exact([("type", "t"), ("source", "/s")]).unwrap();
        let number = Filter::data("/value", Op::Ge, FilterValue::from(7)).unwrap();
        let filter = Filter::all([Filter::not(data), Filter::any([exact, number]).unwrap()]).unwrap();
        let mut text = String::new();
        filter.push_json(&mut text);
        assert_eq!(
            text,
            concat!(
                r#"{"all":[{"not":{"data":{"path":"/item/id","op":"eq","value":"a\""}}},"#,
                r#"{"any":[{"exact":{"source":"/s","type":"t"}},{"data":{"path":"/value","op":"ge","value":7}}]}]}"#
            )
        );
    }
}
