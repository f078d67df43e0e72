//! `tripline.value.observed`: a value of a series is known (SPEC section 1).

use std::borrow::Cow;

use super::fields::{Fields, RawFields};
use super::json::type_name;
use super::members::{Faults, each_data_member, json_data, present};
use super::number::{self, Inexact};
use super::owners::Owners;
use super::place::shown;
use super::text::{push_json_object, push_key};
use super::{Data, Event, SeriesKind, SeriesRef, push_json_number, push_json_string};
use crate::error::Error;

/// What the data must hold, for messages.
const WANTED: &str = "kind, name and value";

/// The data of a `tripline.value.observed` event: a segment's member count or
/// a measure's value is known.
///
/// ```
/// use tripline::event::ValueObserved;
///
/// let observed = ValueObserved::from_data_json(r#"{"kind":"segment","name":"vip","value":1004}"#)?;
/// assert_eq!(observed.value(), Some(1004.0));
/// let error = ValueObserved::from_data_json(r#"{"kind":"segment","value":9007199254740993}"#).unwrap_err();
/// let faults: Vec<_> = error.faults().iter().map(|fault| fault.path()).collect();
/// assert_eq!(faults, ["data.name", "data.value"]);
/// # Ok::<(), tripline::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct ValueObserved<'a> {
    kind: SeriesKind,
    name: Cow<'a, str>,
    dimensions: Vec<(Cow<'a, str>, Cow<'a, str>)>,
    value: Option<f64>,
    sequence: Option<i64>,
    owners: Owners<'a>,
}

impl<'a> ValueObserved<'a> {
    /// The type of the events that carry such data.
    pub const EVENT_TYPE: &'static str = "tripline.value.observed";

    /// A value, or `None` for "no usable value".
    ///
    /// ```
    /// use tripline::event::ValueObserved;
    /// assert_eq!(ValueObserved::new("segment", "vip", 7.0).value(), Some(7.0));
    /// assert_eq!(ValueObserved::new("segment", "vip", None).value(), None);
    /// ```
    pub fn new(
        kind: impl Into<SeriesKind>,
        name: impl Into<Cow<'a, str>>,
        value: impl Into<Option<f64>>,
    ) -> Self {
        Self {
            kind: kind.into(),
            name: name.into(),
            dimensions: Vec::new(),
            value: value.into(),
            sequence: None,
            owners: Owners::None,
        }
    }

    /// The same with one more dimension, or with another value for it.
    ///
    /// ```
    /// use tripline::event::ValueObserved;
    /// let observed = ValueObserved::new("measure", "revenue", 7.0).with_dimension("region", "EMEA");
    /// assert_eq!(observed.dimensions().collect::<Vec<_>>(), [("region", "EMEA")]);
    /// ```
    #[must_use]
    pub fn with_dimension(mut self, name: impl Into<Cow<'a, str>>, value: impl Into<Cow<'a, str>>) -> Self {
        let (name, value) = (name.into(), value.into());
        match self.dimensions.binary_search_by(|(known, _)| known.cmp(&name)) {
            Ok(at) => self.dimensions[at].1 = value,
            Err(at) => self.dimensions.insert(at, (name, value)),
        }
        self
    }

    /// The same with a sequence number, which orders values of equal time.
    ///
    /// ```
    /// use tripline::event::ValueObserved;
    /// assert_eq!(ValueObserved::new("segment", "vip", 7.0).with_sequence(3).sequence(), Some(3));
    /// ```
    #[must_use]
    pub fn with_sequence(mut self, sequence: i64) -> Self {
        self.sequence = Some(sequence);
        self
    }

    /// The same with these owners.
    ///
    /// ```
    /// use tripline::event::ValueObserved;
    /// let observed = ValueObserved::new("segment", "vip", 7.0).with_owners(["ana@contoso.example"]);
    /// assert_eq!(observed.owners().collect::<Vec<_>>(), ["ana@contoso.example"]);
    /// ```
    #[must_use]
    pub fn with_owners<O: Into<Cow<'a, str>>>(mut self, owners: impl IntoIterator<Item = O>) -> Self {
        self.owners = owners.into_iter().collect();
        self
    }

    /// The data of `event`; `None` where it is of another type.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Invalid`](crate::ErrorKind::Invalid) with every fault of the data and its path, such as `data.value`.
    ///
    /// ```
    /// use tripline::event::{Event, ValueObserved};
    /// assert_eq!(ValueObserved::from_event(&Event::new("1", "/s", "other")?)?, None);
    /// # Ok::<(), tripline::Error>(())
    /// ```
    pub fn from_event(event: &'a Event<'_>) -> Result<Option<Self>, Error> {
        if event.event_type() != Self::EVENT_TYPE {
            return Ok(None);
        }
        if event.is_plain
            && let Some(observed) = plain(&event.fields)
        {
            return Ok(Some(observed));
        }
        let is_noted = event.fields.iter().any(Option::is_some);
        let fields = if is_noted { event.fields } else { fields(json_data(event, WANTED)?)? };
        decode(fields).map(Some)
    }

    /// Reads the data alone.
    ///
    /// # Errors
    ///
    /// As [`from_event`](Self::from_event), and where `text` is not JSON as [`Data::json`].
    ///
    /// ```
    /// use tripline::event::ValueObserved;
    /// assert_eq!(ValueObserved::from_data_json(r#"{"kind":"segment","name":"vip","value":null}"#)?.value(), None);
    /// # Ok::<(), tripline::Error>(())
    /// ```
    pub fn from_data_json(text: &'a str) -> Result<Self, Error> {
        Data::json(text)?;
        decode(fields(text)?)
    }

    /// An event that carries this data. A value that is not finite becomes `null`.
    ///
    /// # Errors
    ///
    /// As [`Event::new`].
    ///
    /// ```
    /// use tripline::event::{Event, ValueObserved};
    /// let event = ValueObserved::new("segment", "vip", 1004.0).into_event("7", "/instances/contoso")?;
    /// assert_eq!(event.data().and_then(|data| data.as_json()), Some(r#"{"kind":"segment","name":"vip","value":1004}"#));
    /// # Ok::<(), tripline::Error>(())
    /// ```
    pub fn into_event(
        self,
        id: impl Into<String>,
        source: impl Into<String>,
    ) -> Result<Event<'static>, Error> {
        let event = Event::new(id.into(), source.into(), Self::EVENT_TYPE)?;
        Ok(event.with_data(Data::Json(Cow::Owned(self.to_data_json()))))
    }

    /// The data as JSON.
    ///
    /// ```
    /// use tripline::event::ValueObserved;
    /// assert_eq!(ValueObserved::new("segment", "vip", 0.5).to_data_json(), r#"{"kind":"segment","name":"vip","value":0.5}"#);
    /// ```
    pub fn to_data_json(&self) -> String {
        let mut text = String::from(r#"{"kind":"#);
        push_json_string(&mut text, self.kind.as_str());
        text.push_str(r#","name":"#);
        push_json_string(&mut text, &self.name);
        if !self.dimensions.is_empty() {
            push_key(&mut text, "dimensions");
            push_json_object(&mut text, self.dimensions());
        }
        text.push_str(r#","value":"#);
        push_json_number(&mut text, self.value.unwrap_or(f64::NAN));
        if let Some(sequence) = self.sequence {
            push_key(&mut text, "sequence");
            text.push_str(&sequence.to_string());
        }
        self.owners.push_json(&mut text);
        text.push('}');
        text
    }

    /// What the series measures.
    ///
    /// ```
    /// use tripline::event::{SeriesKind, ValueObserved};
    /// assert_eq!(ValueObserved::new("segment", "vip", 7.0).kind(), &SeriesKind::SEGMENT);
    /// ```
    pub fn kind(&self) -> &SeriesKind {
        &self.kind
    }

    /// The name of the segment or measure.
    ///
    /// ```
    /// use tripline::event::ValueObserved;
    /// assert_eq!(ValueObserved::new("segment", "vip", 7.0).name(), "vip");
    /// ```
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The dimensions, sorted by name.
    ///
    /// ```
    /// use tripline::event::ValueObserved;
    /// assert_eq!(ValueObserved::new("segment", "vip", 7.0).dimensions().count(), 0);
    /// ```
    pub fn dimensions(&self) -> impl Iterator<Item = (&str, &str)> {
        self.dimensions.iter().map(|(name, value)| (&**name, &**value))
    }

    /// The value; `None` for "no usable value".
    ///
    /// ```
    /// use tripline::event::ValueObserved;
    /// assert_eq!(ValueObserved::new("segment", "vip", 7.0).value(), Some(7.0));
    /// ```
    pub fn value(&self) -> Option<f64> {
        self.value
    }

    /// The number that orders values of equal time.
    ///
    /// ```
    /// use tripline::event::ValueObserved;
    /// assert_eq!(ValueObserved::new("segment", "vip", 7.0).sequence(), None);
    /// ```
    pub fn sequence(&self) -> Option<i64> {
        self.sequence
    }

    /// Who owns the segment or measure.
    ///
    /// ```
    /// use tripline::event::ValueObserved;
    /// assert_eq!(ValueObserved::new("segment", "vip", 7.0).owners().count(), 0);
    /// ```
    pub fn owners(&self) -> impl Iterator<Item = Cow<'_, str>> {
        self.owners.iter()
    }

    /// The series of this value, as seen by `source`.
    ///
    /// ```
    /// use tripline::event::{SeriesRef, ValueObserved};
    /// assert_eq!(ValueObserved::new("segment", "vip", 7.0).series("/s"), SeriesRef::segment("/s", "vip"));
    /// ```
    pub fn series<'b>(&'b self, source: &'b str) -> SeriesRef<'b> {
        SeriesRef::new(source, self.kind.as_str(), &self.name).with_read_dimensions(&self.dimensions)
    }
}

/// The fields of verified JSON.
fn fields(raw: &str) -> Result<RawFields<'_>, Error> {
    let mut fields = Fields::default();
    each_data_member(raw, WANTED, |name, value| fields.set(name, value))?;
    Ok(fields.raw())
}

fn decode(fields: RawFields<'_>) -> Result<ValueObserved<'_>, Error> {
    let [kind, name, value, sequence, dimensions, owners] = fields;
    let mut faults = Faults::default();
    let observed = ValueObserved {
        kind: SeriesKind::from(&*faults.required_string("data.kind", kind)),
        name: faults.required_string("data.name", name),
        value: number(value, &mut faults),
        sequence: sequence_number(sequence, &mut faults),
        dimensions: faults.dimensions(dimensions),
        owners: faults.owners(owners),
    };
    faults.or(observed)
}

/// The same where nothing in the strings is escaped and the owners are strings;
/// `None` where it is not as simple as most, or at fault.
#[inline]
fn plain<'a>(fields: &RawFields<'a>) -> Option<ValueObserved<'a>> {
    let &[Some(kind), Some(name), Some(value), None, None, owners] = fields else { return None };
    let text = |raw: &'a str| raw.strip_prefix('"')?.strip_suffix('"');
    Some(ValueObserved {
        kind: SeriesKind::from(text(kind)?),
        name: Cow::Borrowed(text(name)?),
        dimensions: Vec::new(),
        value: if value == "null" { None } else { Some(number::float(value).ok()?) },
        sequence: None,
        owners: present(owners).map_or(Owners::None, Owners::Raw),
    })
}

fn number(raw: Option<&str>, faults: &mut Faults) -> Option<f64> {
    let message = match (raw, raw.and_then(|raw| raw.bytes().next())) {
        (None, _) => "is missing; null stands for no usable value".to_owned(),
        (Some("null"), _) => return None,
        (Some(raw), Some(b'-' | b'0'..=b'9')) => match number::float(raw) {
            Ok(number) => return Some(number),
            Err(Inexact::Between(nearest)) => {
                format!(
                    "{} cannot be held exactly by a 64-bit float; nearest {}",
                    shown(raw),
                    shown(&nearest)
                )
            }
            Err(Inexact::Beyond) => format!("{} is beyond the range of a 64-bit float", shown(raw)),
        },
        (Some(raw), _) => format!("must be a number, or null for no usable value, found {}", type_name(raw)),
    };
    faults.add("data.value", message);
    None
}

fn sequence_number(raw: Option<&str>, faults: &mut Faults) -> Option<i64> {
    let raw = present(raw)?;
    let sequence = raw.parse().ok();
    if sequence.is_none() {
        faults.add("data.sequence", format!("must be a whole number of 64 bits, found {}", shown(raw)));
    }
    sequence
}

#[cfg(test)]
mod tests {
    use super::*;

    const FULL: &str = r#"{"kind":"measure","name":"revenue","dimensions":{"region":"EMEA","product":"oil"},"value":-1.5,
        "sequence":3,"owners":["ana@contoso.example","b\u00f6b"],"later":{"more":[true]}}"#;

    fn event(data: &str) -> Event<'static> {
        let text = format!(
            r#"{{"specversion":"1.0","id":"7","source":"/s","type":"tripline.value.observed","data":{data}}}"#
        );
        Event::from_json(text.as_bytes()).unwrap().into_owned()
    }

    #[test]
    fn every_field_is_read_and_unknown_ones_are_left_alone() {
        let observed = ValueObserved::from_data_json(FULL).unwrap();
        assert_eq!((observed.kind(), observed.name()), (&SeriesKind::MEASURE, "revenue"));
        assert_eq!((observed.value(), observed.sequence()), (Some(-1.5), Some(3)));
        assert_eq!(observed.dimensions().collect::<Vec<_>>(), [("product", "oil"), ("region", "EMEA")]);
        assert_eq!(observed.owners().collect::<Vec<_>>(), ["ana@contoso.example", "böb"]);
        let reference = observed.series("/s");
        assert_eq!(
            reference,
            SeriesRef::measure("/s", "revenue").with_dimensions(&[("region", "EMEA"), ("product", "oil")])
        );
    }

    #[test]
    fn what_a_reader_noted_and_what_the_data_says_are_the_same() {
        for data in [
            FULL,
            r#"{"kind":"segment","name":"vip","value":1}"#,
            r#" { "owners" : [ "a" ] , "value" : null , "name" : "v,ip" , "kind" : "segment" , "dimensions" : { } } "#,
            r#"{"n\u0061me":"a\"b","kind":"\u0073egment","v\u0061lue":1,"dimensions":{"\u0061":"\n"},"owners":[]}"#,
            r#"{"owners":null,"dimensions":null,"sequence":null,"value":0,"kind":"x","name":""}"#,
        ] {
            let text = format!(
                r#"{{"data":{data},"specversion":"1.0","id":"7","source":"/s","type":"tripline.value.observed"}}"#
            );
            let read = Event::from_json(text.as_bytes()).unwrap();
            assert!(read.fields.iter().any(Option::is_some), "{data}");
            let noted = ValueObserved::from_event(&read).unwrap().unwrap();
            assert_eq!(noted, ValueObserved::from_data_json(data).unwrap(), "{data}");
            let owned = read.clone().into_owned();
            assert_eq!(noted, ValueObserved::from_event(&owned).unwrap().unwrap(), "{data}");
        }
    }

    #[test]
    fn other_data_is_not_judged_by_what_a_reader_noted_before() {
        let event = event(r#"{"kind":"segment","name":"vip","value":1}"#);
        let text = event.to_json();
        let read = Event::from_json(text.as_bytes()).unwrap();
        let changed = read.with_data(Data::json(r#"{"kind":"segment","name":"vip","value":2}"#).unwrap());
        assert_eq!(ValueObserved::from_event(&changed).unwrap().unwrap().value(), Some(2.0));
    }

    #[test]
    fn what_is_written_is_read_back() {
        let full = ValueObserved::from_data_json(FULL).unwrap();
        let simple = ValueObserved::new("segment", "vip", 7.0);
        let missing =
            ValueObserved::new("queue", "a\"b", None).with_dimension("b", "2").with_dimension("a", "1");
        for observed in [full, simple, missing.with_owners(["x", "y"]).with_sequence(i64::MIN)] {
            let event = observed.clone().into_event("7", "/s").unwrap();
            assert_eq!(
                ValueObserved::from_event(&event).unwrap().as_ref(),
                Some(&observed),
                "{}",
                event.to_json()
            );
        }
    }

    #[test]
    fn a_value_that_json_has_no_number_for_is_written_as_null() {
        for value in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
            let text = ValueObserved::new("segment", "vip", value).to_data_json();
            assert_eq!(text, r#"{"kind":"segment","name":"vip","value":null}"#);
        }
    }

    #[test]
    fn no_dimensions_and_empty_ones_are_the_same_series() {
        let none = ValueObserved::from_data_json(r#"{"kind":"segment","name":"vip","value":1}"#).unwrap();
        let empty =
            ValueObserved::from_data_json(r#"{"kind":"segment","name":"vip","value":1,"dimensions":{}}"#)
                .unwrap();
        assert_eq!(none.series("/s"), empty.series("/s"));
    }

    #[test]
    fn whole_numbers_are_exact_and_others_are_the_nearest_float() {
        for (text, value) in [
            ("9007199254740992", 9_007_199_254_740_992.0),
            ("-9223372036854775808", -9_223_372_036_854_775_808.0),
            ("36893488147419103232", 36_893_488_147_419_103_232.0),
            ("-0", 0.0),
            ("0.1", 0.1),
            ("1e3", 1000.0),
            ("123456789.123456789123456789", 123_456_789.123_456_79),
            ("1e-400", 0.0),
        ] {
            let data = format!(r#"{{"kind":"segment","name":"vip","value":{text}}}"#);
            assert_eq!(ValueObserved::from_data_json(&data).unwrap().value(), Some(value), "{text}");
        }
    }
}
