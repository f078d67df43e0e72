//! Conditions on the data: a JSON Pointer, a comparison, a value.

use std::borrow::Cow;
use std::cmp::Ordering;

use super::super::json::{self, each_element, each_member};
use super::super::{Data, number, push_json_number, push_json_string};
use super::{Candidate, Filter, Told};
use crate::error::{Error, ErrorKind, Fault};

/// How a value of the data is compared.
///
/// ```
/// use tripline::event::filter::Op;
/// assert_eq!(Op::from_word("ge"), Some(Op::Ge));
/// assert_eq!(Op::Ge.as_str(), "ge");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Op {
    /// It equals the value.
    Eq,
    /// It does not equal the value; values of different types do not.
    Ne,
    /// It is less: numbers by size, strings by bytes, anything else never.
    Lt,
    /// It is less or equal.
    Le,
    /// It is greater.
    Gt,
    /// It is greater or equal.
    Ge,
    /// A string that holds the value, or an array with an element that equals it.
    Contains,
    /// It is there, be it `null`.
    Exists,
}

impl Op {
    const WORDS: [(Self, &'static str); 8] = [
        (Self::Eq, "eq"),
        (Self::Ne, "ne"),
        (Self::Lt, "lt"),
        (Self::Le, "le"),
        (Self::Gt, "gt"),
        (Self::Ge, "ge"),
        (Self::Contains, "contains"),
        (Self::Exists, "exists"),
    ];

    /// The operator that `word` names in a trigger file.
    ///
    /// ```
    /// use tripline::event::filter::Op;
    /// assert_eq!(Op::from_word("EQ"), None);
    /// ```
    pub fn from_word(word: &str) -> Option<Self> {
        Self::WORDS.iter().find(|(_, known)| *known == word).map(|(op, _)| *op)
    }

    /// The word for it in a trigger file.
    ///
    /// ```
    /// use tripline::event::filter::Op;
    /// assert_eq!(Op::Contains.as_str(), "contains");
    /// ```
    pub fn as_str(self) -> &'static str {
        Self::WORDS.iter().find(|(op, _)| *op == self).map_or("", |(_, word)| word)
    }
}

/// What a value of the data is compared with: `null`, a boolean, a number or a string.
///
/// ```
/// use tripline::event::filter::FilterValue;
/// assert_eq!(FilterValue::try_from(1004.0)?, FilterValue::from(1004));
/// assert_ne!(FilterValue::from("1004"), FilterValue::from(1004));
/// # Ok::<(), tripline::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct FilterValue(Scalar<'static>);

impl FilterValue {
    /// JSON's `null`.
    ///
    /// ```
    /// use tripline::event::filter::FilterValue;
    /// assert_ne!(FilterValue::NULL, FilterValue::from(false));
    /// ```
    pub const NULL: Self = Self(Scalar::Null);

    /// The value that verified JSON text stands for; `None` for an object or an array.
    pub(crate) fn from_raw_json(raw: &str) -> Option<Self> {
        match Scalar::of_raw(raw)? {
            Scalar::Null => Some(Self::NULL),
            Scalar::Boolean(value) => Some(Self(Scalar::Boolean(value))),
            Scalar::Number(text) => Some(Self(Scalar::Number(Cow::Owned(text.into_owned())))),
            Scalar::Text(text) => Some(Self(Scalar::Text(Cow::Owned(text.into_owned())))),
        }
    }
}

impl From<bool> for FilterValue {
    fn from(value: bool) -> Self {
        Self(Scalar::Boolean(value))
    }
}

impl From<i64> for FilterValue {
    fn from(value: i64) -> Self {
        Self(Scalar::Number(Cow::Owned(value.to_string())))
    }
}

/// Fails for what JSON has no number for: NaN and the infinities.
impl TryFrom<f64> for FilterValue {
    type Error = Error;

    fn try_from(value: f64) -> Result<Self, Error> {
        if !value.is_finite() {
            return Err(Error::new(ErrorKind::Invalid, format!("{value} is not a number in JSON")));
        }
        let mut text = String::new();
        push_json_number(&mut text, value);
        Ok(Self(Scalar::Number(Cow::Owned(text))))
    }
}

impl From<&str> for FilterValue {
    fn from(value: &str) -> Self {
        Self(Scalar::Text(Cow::Owned(value.to_owned())))
    }
}

/// A condition on one value inside an event's data.
///
/// ```
/// use tripline::event::filter::{Candidate, Filter, FilterValue, Op};
/// use tripline::event::{Data, Event};
///
/// let filter = Filter::data("/item/id", Op::Eq, FilterValue::from("ds-42"))?;
/// let event = Event::new("1", "/s", "t")?.with_data(Data::json(r#"{"item":{"id":"ds-42"}}"#)?);
/// assert!(filter.matches(&Candidate::from(&event)));
/// # Ok::<(), tripline::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct DataFilter {
    pointer: Box<str>,
    op: Op,
    value: FilterValue,
}

impl Filter {
    /// The value at `pointer` (a JSON Pointer, RFC 6901) compares so with
    /// `value`. [`Op::Exists`] needs none and takes `false` for "is not there"; what
    /// is not there fails every other comparison.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Invalid`] with every fault: a pointer that is none, a value
    /// that the operator cannot be used with.
    ///
    /// ```
    /// use tripline::event::filter::{Filter, FilterValue, Op};
    /// assert!(Filter::data("/value", Op::Gt, FilterValue::from(10)).is_ok());
    /// assert!(Filter::data("/item", Op::Exists, None).is_ok());
    /// assert_eq!(Filter::data("value", Op::Gt, None).unwrap_err().faults().len(), 2);
    /// ```
    pub fn data(pointer: &str, op: Op, value: impl Into<Option<FilterValue>>) -> Result<Self, Error> {
        let value = value.into();
        let mut faults = Vec::new();
        if !pointer.is_empty() && !pointer.starts_with('/') {
            faults.push(Fault::new("data.path", format!("{pointer:?} is no JSON Pointer: it starts with /")));
        }
        if pointer.split('~').skip(1).any(|rest| !rest.starts_with(['0', '1'])) {
            let message = format!("{pointer:?} is no JSON Pointer: ~ is followed by 0 or 1");
            faults.push(Fault::new("data.path", message));
        }
        let value = value.or_else(|| (op == Op::Exists).then_some(FilterValue(Scalar::Boolean(true))));
        let fault = match (op, value.as_ref().map(|value| &value.0)) {
            (_, None) => Some("is missing"),
            (Op::Lt | Op::Le | Op::Gt | Op::Ge, Some(Scalar::Null | Scalar::Boolean(_))) => {
                Some("must be a number or a string: nothing else has an order")
            }
            (Op::Exists, Some(Scalar::Null | Scalar::Number(_) | Scalar::Text(_))) => {
                Some("must be true or false, or left out, for exists")
            }
            _ => None,
        };
        faults.extend(fault.map(|fault| Fault::new("data.value", fault)));
        match value {
            Some(value) if faults.is_empty() => {
                Ok(Self::Data(DataFilter { pointer: pointer.into(), op, value }))
            }
            _ => Err(Error::from_faults(faults)),
        }
    }
}

impl DataFilter {
    /// The JSON Pointer; empty for the whole data.
    ///
    /// ```
    /// use tripline::event::filter::{Filter, FilterValue, Op};
    /// let Filter::Data(filter) = Filter::data("/value", Op::Gt, FilterValue::from(10))? else { unreachable!() };
    /// assert_eq!((filter.pointer(), filter.op()), ("/value", Op::Gt));
    /// # Ok::<(), tripline::Error>(())
    /// ```
    pub fn pointer(&self) -> &str {
        &self.pointer
    }

    /// How it compares.
    ///
    /// ```
    /// # use tripline::event::filter::{Filter, FilterValue, Op};
    /// let Filter::Data(filter) = Filter::data("/value", Op::Gt, FilterValue::from(10))? else { unreachable!() };
    /// assert_eq!(filter.op(), Op::Gt);
    /// # Ok::<(), tripline::Error>(())
    /// ```
    pub fn op(&self) -> Op {
        self.op
    }

    /// What it compares with.
    ///
    /// ```
    /// # use tripline::event::filter::{Filter, FilterValue, Op};
    /// let Filter::Data(filter) = Filter::data("/value", Op::Gt, FilterValue::from(10))? else { unreachable!() };
    /// assert_eq!(filter.value(), &FilterValue::from(10));
    /// # Ok::<(), tripline::Error>(())
    /// ```
    pub fn value(&self) -> &FilterValue {
        &self.value
    }

    pub(super) fn matches(&self, candidate: &Candidate<'_>) -> bool {
        let found = match (candidate.event, candidate.told) {
            (Some(event), _) => match event.data() {
                Some(Data::Json(raw)) => in_json(raw, &self.pointer),
                Some(Data::Text(text)) if self.pointer.is_empty() => {
                    Some(Found::Scalar(Scalar::Text(Cow::Borrowed(text))))
                }
                _ => None,
            },
            // What comes without an event is filtered seldom: its data is written out and walked like any other.
            (None, Some(told)) => return self.judge(in_json(&told.data_json(), &self.pointer)),
            (None, None) => None,
        };
        self.judge(found)
    }

    fn judge(&self, found: Option<Found<'_>>) -> bool {
        let wanted = &self.value.0;
        let Some(found) = found else { return self.op == Op::Exists && *wanted == Scalar::Boolean(false) };
        let ordered = |wanted_order: fn(Ordering) -> bool| match &found {
            Found::Scalar(scalar) => scalar.order(wanted).is_some_and(wanted_order),
            Found::Array(_) | Found::Object => false,
        };
        let equal = || matches!(&found, Found::Scalar(scalar) if scalar == wanted);
        match self.op {
            Op::Eq => equal(),
            Op::Ne => !equal(),
            Op::Lt => ordered(Ordering::is_lt),
            Op::Le => ordered(Ordering::is_le),
            Op::Gt => ordered(Ordering::is_gt),
            Op::Ge => ordered(Ordering::is_ge),
            Op::Exists => *wanted == Scalar::Boolean(true),
            Op::Contains => match (&found, wanted) {
                (Found::Scalar(Scalar::Text(text)), Scalar::Text(part)) => text.contains(&**part),
                (Found::Array(raw), wanted) => {
                    let mut any = false;
                    let walked = each_element(raw, |raw| {
                        any |= Scalar::of_raw(raw).is_some_and(|element| element == *wanted);
                        Ok(())
                    });
                    walked.is_ok() && any
                }
                _ => false,
            },
        }
    }

    pub(super) fn push_json(&self, text: &mut String) {
        text.push_str(r#"{"data":{"path":"#);
        push_json_string(text, &self.pointer);
        text.push_str(r#","op":"#);
        push_json_string(text, self.op.as_str());
        text.push_str(r#","value":"#);
        match &self.value.0 {
            Scalar::Null => text.push_str("null"),
            Scalar::Boolean(value) => text.push_str(if *value { "true" } else { "false" }),
            Scalar::Number(number) => text.push_str(number),
            Scalar::Text(value) => push_json_string(text, value),
        }
        text.push_str("}}");
    }
}

impl Told<'_> {
    fn data_json(&self) -> String {
        match self {
            Self::Observed(observed) => observed.to_data_json(),
            Self::Refresh(refresh) => refresh.to_data_json(),
        }
    }
}

/// A JSON value without parts. Numbers stay text: they compare as the decimals they are.
#[derive(Debug, Clone)]
enum Scalar<'a> {
    Null,
    Boolean(bool),
    Number(Cow<'a, str>),
    Text(Cow<'a, str>),
}

impl<'a> Scalar<'a> {
    fn of_raw(raw: &'a str) -> Option<Self> {
        match raw.as_bytes().first()? {
            b'n' => Some(Self::Null),
            b't' => Some(Self::Boolean(true)),
            b'f' => Some(Self::Boolean(false)),
            b'"' => json::string(raw).ok().flatten().map(Self::Text),
            b'{' | b'[' => None,
            _ => Some(Self::Number(Cow::Borrowed(raw))),
        }
    }

    fn order(&self, other: &Scalar<'_>) -> Option<Ordering> {
        match (self, other) {
            (Self::Number(left), Scalar::Number(right)) => Some(number::compare(left, right)),
            (Self::Text(left), Scalar::Text(right)) => Some(left.as_bytes().cmp(right.as_bytes())),
            _ => None,
        }
    }
}

impl PartialEq<Scalar<'_>> for Scalar<'_> {
    fn eq(&self, other: &Scalar<'_>) -> bool {
        match (self, other) {
            (Self::Null, Scalar::Null) => true,
            (Self::Boolean(left), Scalar::Boolean(right)) => left == right,
            (left, right) => left.order(right) == Some(Ordering::Equal),
        }
    }
}

/// What a pointer leads to.
enum Found<'a> {
    Scalar(Scalar<'a>),
    Array(&'a str),
    Object,
}

/// Walks down verified JSON; one level is read at a time and nothing is copied.
fn in_json<'a>(raw: &'a str, pointer: &str) -> Option<Found<'a>> {
    let mut raw = raw.trim_ascii();
    for token in pointer.split('/').skip(1) {
        raw = step(raw, token)?;
    }
    Some(match raw.as_bytes().first()? {
        b'{' => Found::Object,
        b'[' => Found::Array(raw),
        _ => Found::Scalar(Scalar::of_raw(raw)?),
    })
}

fn step<'a>(raw: &'a str, token: &str) -> Option<&'a str> {
    let mut found = None;
    let walked = match raw.as_bytes().first()? {
        b'{' => {
            let name = match token.contains('~') {
                true => Cow::Owned(token.replace("~1", "/").replace("~0", "~")),
                false => Cow::Borrowed(token),
            };
            each_member(raw, |key, value| {
                if key == name {
                    found = Some(value);
                }
                Ok(())
            })
        }
        b'[' => {
            let plain = token == "0" || (!token.starts_with(['0', '+']) && !token.is_empty());
            let index: usize = token.parse().ok().filter(|_| plain)?;
            let mut at = 0;
            each_element(raw, |value| {
                if at == index {
                    found = Some(value);
                }
                at += 1;
                Ok(())
            })
        }
        _ => return None,
    };
    walked.ok().and(found)
}

#[cfg(test)]
mod tests {
    use super::super::super::{Event, Failure, Item, RefreshCompleted, ValueObserved};
    use super::*;

    fn event(data: &str) -> Event<'static> {
        let data = Data::json(data.to_owned()).unwrap();
        Event::new("1", "/s", "t").unwrap().with_data(data)
    }

    fn passes(data: &str, pointer: &str, op: Op, value: impl Into<Option<FilterValue>>) -> bool {
        Filter::data(pointer, op, value).unwrap().matches(&Candidate::from(&event(data)))
    }

    #[test]
    fn a_pointer_leads_through_objects_and_arrays_as_rfc_6901_has_it() {
        let data = r#" {"foo":["bar","baz"],"":0,"a/b":1,"m~n":8,"~1":9,"\u0061":{"b":[[7]]},"01":2} "#;
        for (pointer, value) in
            [("/", 0), ("/a~1b", 1), ("/m~0n", 8), ("/~01", 9), ("/a/b/0/0", 7), ("/01", 2)]
        {
            assert!(passes(data, pointer, Op::Eq, FilterValue::from(value)), "{pointer}");
        }
        assert!(passes(data, "/foo/1", Op::Eq, FilterValue::from("baz")));
        for pointer in ["", "/foo", "/a", "/a/b/0"] {
            assert!(passes(data, pointer, Op::Exists, None), "{pointer}");
        }
        for pointer in
            ["/foo/2", "/foo/-", "/foo/01", "/foo/+1", "/foo/", "/x", "/foo/0/a", "//", "/a/b/0/0/0"]
        {
            assert!(!passes(data, pointer, Op::Exists, None), "{pointer}");
            assert!(passes(data, pointer, Op::Exists, FilterValue::from(false)), "{pointer}");
        }
    }

    #[test]
    fn a_missing_value_fails_every_comparison_and_null_is_not_missing() {
        for op in [Op::Eq, Op::Ne, Op::Contains] {
            assert!(!passes("{}", "/a", op, FilterValue::NULL), "{op:?}");
        }
        for op in [Op::Eq, Op::Ne, Op::Lt, Op::Le, Op::Gt, Op::Ge, Op::Contains] {
            assert!(!passes("{}", "/a", op, FilterValue::from(1)), "{op:?}");
        }
        assert!(passes(r#"{"a":null}"#, "/a", Op::Eq, FilterValue::NULL));
        assert!(passes(r#"{"a":null}"#, "/a", Op::Exists, FilterValue::from(true)));
        assert!(passes(r#"{"a":null}"#, "/a", Op::Ne, FilterValue::from(1)));
        assert!(!passes(r#"{"a":null}"#, "/a", Op::Le, FilterValue::from(1)));
    }

    #[test]
    fn numbers_compare_exactly_and_strings_by_their_bytes() {
        let big = FilterValue::from(9_007_199_254_740_993);
        assert!(passes("9007199254740992", "", Op::Lt, big.clone()));
        assert!(passes("9007199254740993", "", Op::Eq, big.clone()));
        assert!(passes("9007199254740993.5", "", Op::Gt, big));
        assert!(passes("1e2", "", Op::Eq, FilterValue::from(100)));
        assert!(passes("-0.0", "", Op::Ge, FilterValue::from(0)));
        assert!(passes("0.1", "", Op::Eq, FilterValue::try_from(0.1).unwrap()));
        assert!(passes(r#""a""#, "", Op::Gt, FilterValue::from("Z")));
        assert!(passes(r#""é""#, "", Op::Gt, FilterValue::from("z")));
        assert!(passes(r#""10""#, "", Op::Lt, FilterValue::from("9")));
        assert!(passes(r#""\u0061""#, "", Op::Eq, FilterValue::from("a")));
    }

    #[test]
    fn values_of_different_types_are_unequal_and_have_no_order() {
        for (data, value) in [
            ("\"1\"", FilterValue::from(1)),
            ("1", FilterValue::from("1")),
            ("true", FilterValue::from("true")),
            ("[1]", FilterValue::from(1)),
            ("{}", FilterValue::from("{}")),
        ] {
            assert!(passes(data, "", Op::Ne, value.clone()), "{data}");
            for op in [Op::Eq, Op::Lt, Op::Le, Op::Gt, Op::Ge] {
                assert!(!passes(data, "", op, value.clone()), "{data} {op:?}");
            }
        }
    }

    #[test]
    fn contains_means_a_part_of_a_string_or_an_element_of_an_array() {
        assert!(passes(r#""Loyalty CSV""#, "", Op::Contains, FilterValue::from("CSV")));
        assert!(!passes(r#""Loyalty CSV""#, "", Op::Contains, FilterValue::from("csv")));
        assert!(passes(r#"["a", 1.0, null, [2]]"#, "", Op::Contains, FilterValue::from("a")));
        assert!(passes(r#"["a", 1.0, null, [2]]"#, "", Op::Contains, FilterValue::from(1)));
        assert!(passes(r#"["a", 1.0, null, [2]]"#, "", Op::Contains, FilterValue::NULL));
        for (data, value) in [(r#"["ab"]"#, "a"), (r#"{"a":1}"#, "a"), ("12", "1"), ("[[2]]", "2")] {
            assert!(!passes(data, "", Op::Contains, FilterValue::from(value)), "{data}");
        }
    }

    #[test]
    fn text_data_is_a_string_and_binary_data_is_not_there() {
        let plain = Event::new("1", "/s", "t").unwrap().with_data_content_type("text/plain");
        let filter = Filter::data("", Op::Contains, FilterValue::from("b")).unwrap();
        assert!(filter.matches(&Candidate::from(&plain.clone().with_data(Data::Text("abc".into())))));
        assert!(
            !filter
                .matches(&Candidate::from(&plain.clone().with_data(Data::Binary(b"abc".as_slice().into()))))
        );
        assert!(!filter.matches(&Candidate::from(&plain)));
    }

    #[test]
    fn a_value_observed_without_an_event_has_the_data_of_one() {
        let observed =
            ValueObserved::new("measure", "revenue", 12.5).with_dimension("region", "EMEA").with_sequence(3);
        let candidate = Candidate::from_observed("/s", &observed);
        let matches = |pointer, value| Filter::data(pointer, Op::Eq, value).unwrap().matches(&candidate);
        assert!(matches("/kind", FilterValue::from("measure")));
        assert!(matches("/dimensions/region", FilterValue::from("EMEA")));
        assert!(matches("/value", FilterValue::try_from(12.5).unwrap()));
        assert!(matches("/sequence", FilterValue::from(3)));
        assert!(!matches("/owners/0", FilterValue::from("x")));
    }

    #[test]
    fn a_task_without_an_event_has_the_data_of_one() {
        let failure = Failure::new().with_message("login refused");
        let refresh = RefreshCompleted::new("ingestion", "failed").with_item(Item::new("ds-42"));
        let refresh = refresh.with_failure(failure).with_owners(["ana"]);
        let candidate = Candidate::from_refresh("/s", &refresh);
        let matches = |pointer, value| Filter::data(pointer, Op::Eq, value).unwrap().matches(&candidate);
        assert!(matches("/item/id", FilterValue::from("ds-42")));
        assert!(matches("/failure/message", FilterValue::from("login refused")));
        assert!(matches("/owners/0", FilterValue::from("ana")));
        assert!(!matches("/jobId", FilterValue::from("")));
    }

    #[test]
    fn every_fault_of_a_condition_is_named() {
        let paths = |pointer, op, value: Option<FilterValue>| {
            let error = Filter::data(pointer, op, value).unwrap_err();
            error.faults().iter().map(|fault| fault.path().to_owned()).collect::<Vec<_>>()
        };
        assert_eq!(paths("a~2", Op::Eq, None), ["data.path", "data.path", "data.value"]);
        assert_eq!(paths("/a~", Op::Eq, Some(FilterValue::NULL)), ["data.path"]);
        assert_eq!(paths("/a", Op::Lt, Some(FilterValue::from(true))), ["data.value"]);
        assert_eq!(paths("/a", Op::Exists, Some(FilterValue::from("yes"))), ["data.value"]);
        assert!(FilterValue::try_from(f64::NAN).is_err());
    }
}
