//! The flat form of a trigger.

mod build;
mod kinds;
mod member;
mod read;

use std::fmt;
use std::sync::LazyLock;

use crate::action::Field;
use crate::error::{Error, Fault};
use crate::trigger::Trigger;
use kinds::Kind;
pub(super) use kinds::{callback_url, trigger_state};
use read::Reading;

/// One type of trigger in the flat form that a connector offers: a path segment,
/// texts for people, and fields that are names, numbers or words to choose.
///
/// The nested options of a [`Trigger`] (ranges, occurrences, filters) have no
/// place in it. Of the three that Microsoft's own segment trigger takes
/// (instance, segment, threshold) all are here, and they alone do; the other
/// fields, the names and the texts are this project's own.
///
/// | name | fields beside `instance` |
/// |---|---|
/// | `dataSourceRefreshFailed` | `dataSource` |
/// | `dataSourceRefreshSucceeded` | `dataSource` |
/// | `segmentThresholdCrossed` | `segment`, `threshold`, `condition`, `rearm`, `hold` |
/// | `measureThresholdCrossed` | `measure`, `threshold`, `condition`, `rearm`, `hold` |
/// | `fullRefreshCompleted` | `submission`, `outcome` |
/// | `unificationCompleted` | `outcome` |
///
/// `instance` is the id of an instance, the whole source of its events
/// (`/instances/contoso`), or `*` for every one. An id without a slash means the
/// source `/instances/` and the id, which is what readers of Customer
/// Insights write, or a source of that very name. `dataSource`, `segment` and
/// `measure` are an id or a name, or `*`.
///
/// ```
/// use tripline::connector::Profile;
///
/// let names: Vec<&str> = Profile::all().iter().map(Profile::name).collect();
/// assert_eq!(names.len(), 6);
/// let profile = Profile::named("unificationCompleted").unwrap();
/// assert_eq!(profile.fields().iter().map(|field| field.name()).collect::<Vec<_>>(), ["instance", "outcome"]);
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Profile {
    name: &'static str,
    operation: &'static str,
    title: &'static str,
    description: &'static str,
    hint: &'static str,
    fields: Vec<Field>,
    kind: Kind,
}

impl Profile {
    /// All of them, in a fixed order.
    ///
    /// ```
    /// # use tripline::connector::Profile;
    /// assert_eq!(Profile::all()[0].name(), "dataSourceRefreshFailed");
    /// ```
    pub fn all() -> &'static [Self] {
        static ALL: LazyLock<Vec<Profile>> = LazyLock::new(kinds::all);
        &ALL
    }

    /// The one of this name, in this very case; `None` for any other, the types
    /// of triggers that have no flat form among them.
    ///
    /// ```
    /// # use tripline::connector::Profile;
    /// assert!(Profile::named("measureThresholdCrossed").is_some());
    /// assert!(Profile::named("noData").is_none() && Profile::named("MeasureThresholdCrossed").is_none());
    /// ```
    pub fn named(name: &str) -> Option<&'static Self> {
        Self::all().iter().find(|profile| profile.name == name)
    }

    /// The trigger's type, which is also the segment of its paths: `/subscriptions/{name}`, `/poll/{name}`.
    ///
    /// ```
    /// # use tripline::connector::Profile;
    /// let profile = &Profile::all()[2];
    /// let trigger = profile.read("s-1", r#"{"instance":"*","segment":"vip","threshold":1000}"#)?;
    /// assert_eq!(trigger.type_name(), profile.name());
    /// # Ok::<(), tripline::Error>(())
    /// ```
    pub fn name(&self) -> &'static str {
        self.name
    }

    /// The name as an operation id: the same, beginning with a capital letter.
    ///
    /// ```
    /// # use tripline::connector::Profile;
    /// assert_eq!(Profile::all()[2].operation(), "SegmentThresholdCrossed");
    /// ```
    pub fn operation(&self) -> &'static str {
        self.operation
    }

    /// What people read in the list of triggers; it begins with "When".
    ///
    /// ```
    /// # use tripline::connector::Profile;
    /// assert_eq!(Profile::all()[2].title(), "When a segment passes a threshold");
    /// ```
    pub fn title(&self) -> &'static str {
        self.title
    }

    /// What it does, in a sentence or two.
    ///
    /// ```
    /// # use tripline::connector::Profile;
    /// assert!(Profile::all().iter().all(|profile| profile.description().ends_with('.')));
    /// ```
    pub fn description(&self) -> &'static str {
        self.description
    }

    /// What to do to see it fire.
    ///
    /// ```
    /// # use tripline::connector::Profile;
    /// assert!(Profile::all().iter().all(|profile| profile.hint().starts_with("To see it work now,")));
    /// ```
    pub fn hint(&self) -> &'static str {
        self.hint
    }

    /// Its fields, in the order in which a form shows them. Those whose values a host can
    /// list have [`DynamicChoices`](crate::action::DynamicChoices) of the lists `instances`, `datasources`, `segments`
    /// and `measures`, the last three for the instance that was chosen.
    ///
    /// ```
    /// use tripline::action::Choices;
    /// # use tripline::connector::Profile;
    /// let segment = &Profile::named("segmentThresholdCrossed").unwrap().fields()[1];
    /// let Some(Choices::Dynamic(choices)) = segment.choices() else { unreachable!() };
    /// assert_eq!(choices.list(), "segments");
    /// assert!(choices.parameters().eq([("instance", "instance")]));
    /// ```
    pub fn fields(&self) -> &[Field] {
        &self.fields
    }

    /// The trigger that the fields of a JSON object mean, under this id.
    ///
    /// A field that is `null` counts as left out.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Syntax`](crate::ErrorKind::Syntax) and [`ErrorKind::Limit`](crate::ErrorKind::Limit) where
    /// the text is no JSON, or too deep. Otherwise [`ErrorKind::Invalid`](crate::ErrorKind::Invalid)
    /// with every fault by its field: missing, unknown, repeated, of the wrong type, not among
    /// the choices, a number that a 64-bit float cannot hold, a bound on the wrong side.
    ///
    /// ```
    /// # use tripline::connector::Profile;
    /// let profile = Profile::named("measureThresholdCrossed").unwrap();
    /// let error = profile
    ///     .read("s-1", r#"{"instance":"contoso","measure":"churn","threshold":5,"rearm":6,"condition":"over","holds":1}"#)
    ///     .unwrap_err();
    /// let faults: Vec<&str> = error.faults().iter().map(|fault| fault.path()).collect();
    /// assert_eq!(faults, ["condition", "holds"], "which side `rearm` is on depends on the condition");
    /// ```
    pub fn read(&self, id: &str, text: &str) -> Result<Trigger, Error> {
        let mut reading = Reading::new(self, member::of_json(text)?);
        let builder = build::builder(self.kind, id, &mut reading);
        reading.finish(builder, build::flat)
    }

    /// The same of a subscription's body, which also has a `callbackUrl`, a string that `judge` takes or refuses.
    ///
    /// The URL is handed to `judge` also where there are other faults, so that all are told at once.
    ///
    /// # Errors
    ///
    /// As [`read`](Self::read); what `judge` says is a fault of `callbackUrl`.
    ///
    /// ```
    /// # use tripline::connector::Profile;
    /// use tripline::webhook::Guard;
    ///
    /// let profile = Profile::named("unificationCompleted").unwrap();
    /// let guard = Guard::new();
    /// let body = r#"{"instance":"contoso","callbackUrl":"https://flows.contoso.example/in?sig=s3cr3t"}"#;
    /// let (trigger, url) = profile.read_subscription("s-1", body, |url| guard.check_url(url))?;
    /// assert_eq!((trigger.id(), url.host()), ("s-1", "flows.contoso.example"));
    ///
    /// let body = r#"{"outcome":"bad","callbackUrl":"http://127.0.0.1/"}"#;
    /// let error = profile.read_subscription("s-1", body, |url| guard.check_url(url)).unwrap_err();
    /// let faults: Vec<&str> = error.faults().iter().map(|fault| fault.path()).collect();
    /// assert_eq!(faults, ["instance", "outcome", "callbackUrl"]);
    /// # Ok::<(), tripline::Error>(())
    /// ```
    pub fn read_subscription<C, E: fmt::Display>(
        &self,
        id: &str,
        text: &str,
        judge: impl FnOnce(&str) -> Result<C, E>,
    ) -> Result<(Trigger, C), Error> {
        let field = kinds::callback_url();
        let mut reading = Reading::new(self, member::of_json(text)?);
        let builder = build::builder(self.kind, id, &mut reading);
        let url = reading.beside(&field);
        let callback =
            url.and_then(|url| judge(&url).map_err(|why| reading.fault(field.name(), why.to_string())).ok());
        let trigger = reading.finish(builder, build::flat)?;
        match callback {
            Some(callback) => Ok((trigger, callback)),
            // Without a callback there was a fault, so that this is not reached.
            None => Err(Error::from_faults(vec![Fault::new(field.name(), "is missing")])),
        }
    }

    /// The same of the query of a poll, in which every value is text, and its `triggerState`, where it has one.
    ///
    /// The query is what stands after the `?`, as `application/x-www-form-urlencoded`: `+`
    /// is a space. A field without a value counts as left out, as in a form.
    ///
    /// # Errors
    ///
    /// As [`read`](Self::read), a percent sign without its two digits and bytes that are not
    /// UTF-8 being faults of the field as well; [`ErrorKind::Limit`](crate::ErrorKind::Limit) for a query of more than 64 KiB.
    ///
    /// ```
    /// # use tripline::connector::Profile;
    /// let profile = Profile::named("segmentThresholdCrossed").unwrap();
    /// let query = "instance=contoso&segment=high+value&threshold=1e3&rearm=&triggerState=abc";
    /// let (trigger, state) = profile.read_poll("p-1", query)?;
    /// assert!(trigger.to_json().contains(r#""segment":"high value","above":1000"#));
    /// assert_eq!(state.as_deref(), Some("abc"));
    /// # Ok::<(), tripline::Error>(())
    /// ```
    pub fn read_poll(&self, id: &str, query: &str) -> Result<(Trigger, Option<String>), Error> {
        let field = kinds::trigger_state();
        let mut reading = Reading::new(self, member::of_query(query)?);
        let builder = build::builder(self.kind, id, &mut reading);
        let state = reading.beside(&field);
        Ok((reading.finish(builder, build::flat)?, state))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::ErrorKind;

    const SOUND: [(&str, &str, &str); 6] = [
        (
            r#"{"instance":"contoso","dataSource":"crm"}"#,
            "instance=contoso&dataSource=crm",
            r#"{"id":"s-1","on":{"type":"dataSourceRefreshFailed","dataSource":"crm"},"source":{"oneOf":["/instances/contoso","contoso"]}}"#,
        ),
        (
            r#"{"instance":"/instances/contoso"}"#,
            "instance=%2Finstances%2Fcontoso&dataSource=",
            r#"{"id":"s-1","on":{"type":"dataSourceRefreshSucceeded"},"source":"/instances/contoso"}"#,
        ),
        (
            r#"{"instance":"*","segment":"vip","threshold":1000}"#,
            "instance=*&segment=vip&threshold=1000",
            r#"{"id":"s-1","on":{"type":"segmentThresholdCrossed","segment":"vip","above":1000}}"#,
        ),
        (
            r#"{"instance":"*","measure":"tägliche Summe","threshold":-0.5,"condition":"atOrBelow","rearm":1e1,"hold":"PT10M"}"#,
            "instance=*&measure=t%C3%A4gliche+Summe&threshold=-0.5&condition=atOrBelow&rearm=1e1&hold=PT10M",
            r#"{"id":"s-1","on":{"type":"measureThresholdCrossed","measure":"tägliche Summe","atOrBelow":-0.5,"rearm":10,"hold":"PT10M"}}"#,
        ),
        (
            r#"{"instance":"*","submission":"onDemand","outcome":"any"}"#,
            "instance=*&submission=onDemand&outcome=",
            r#"{"id":"s-1","on":{"type":"fullRefreshCompleted","submission":"onDemand"}}"#,
        ),
        (
            r#"{"instance":"*","outcome":"timedOut"}"#,
            "instance=*&outcome=timedOut",
            r#"{"id":"s-1","on":{"type":"unificationCompleted","outcome":"timedOut"}}"#,
        ),
    ];

    fn faults(read: Result<Trigger, Error>) -> Vec<String> {
        read.unwrap_err().faults().iter().map(ToString::to_string).collect()
    }

    fn of_segment(text: &str) -> Vec<String> {
        faults(Profile::named("segmentThresholdCrossed").unwrap().read("s-1", text))
    }

    #[test]
    fn every_profile_reads_its_fields_from_json_and_from_a_query_alike() {
        assert_eq!(Profile::all().len(), SOUND.len());
        for (profile, (json, query, trigger)) in Profile::all().iter().zip(SOUND) {
            let read = profile.read("s-1", json).unwrap();
            assert_eq!((read.type_name(), &*read.to_json()), (profile.name(), trigger));
            let (polled, state) = profile.read_poll("s-1", query).unwrap();
            assert_eq!((polled, state), (read, None), "{query}");
        }
    }

    #[test]
    fn the_names_of_a_profile_belong_together_and_its_fields_are_sound() {
        for profile in Profile::all() {
            let (first, rest) = profile.operation.split_at(1);
            assert_eq!(first.to_lowercase() + rest, profile.name);
            assert!(profile.title.starts_with("When ") && profile.description.ends_with('.'));
            let mut metadata = crate::action::Metadata::new(profile.name);
            for field in profile.fields().iter().cloned() {
                assert!(
                    field.title().is_some() && field.description().is_some_and(|text| text.ends_with('.'))
                );
                metadata = metadata.with_input(field);
            }
            metadata.validate().unwrap();
        }
    }

    #[test]
    fn every_fault_is_told_by_its_field_in_the_order_of_the_form() {
        let wrong = r#"{"zoom":1,"Segment":"vip","hold":"10M","rearm":true,"condition":"over","threshold":"1000",
            "segment":7,"instance":null,"hold ":[]}"#;
        assert_eq!(
            of_segment(wrong),
            [
                "instance: is missing",
                "segment: 7 is not a string",
                "threshold: \"1000\" is not a number",
                "condition: \"over\" is not one of above, atOrAbove, below, atOrBelow",
                "rearm: true is not a number",
                "hold: \"10M\" is not a duration such as PT10M or P1DT2H: it does not start with P",
                "Segment: is no field of segmentThresholdCrossed; did you mean segment?",
                "hold : is no field of segmentThresholdCrossed; did you mean hold?",
                "zoom: is no field of segmentThresholdCrossed",
            ]
        );
        assert_eq!(
            of_segment("{}"),
            ["instance: is missing", "segment: is missing", "threshold: is missing"]
        );
    }

    #[test]
    fn a_number_is_exact_and_finite_and_on_the_right_side() {
        let with = |fields: &str| of_segment(&format!(r#"{{"instance":"*","segment":"vip",{fields}}}"#));
        assert!(with(r#""threshold":9007199254740993"#)[0].contains("9007199254740993"));
        assert!(with(r#""threshold":1e999"#)[0].starts_with("threshold: 1e999 is beyond"));
        let sides = with(r#""threshold":1000,"rearm":1200,"hold":"P300000D""#);
        assert!(sides[0].starts_with("rearm: ") && sides[0].contains("1200"), "{sides:?}");
        assert!(sides[1].starts_with("hold: "), "{sides:?}");
        let below = r#"{"instance":"*","segment":"vip","threshold":1,"rearm":2,"condition":"below"}"#;
        assert!(Profile::named("segmentThresholdCrossed").unwrap().read("s-1", below).is_ok());
    }

    #[test]
    fn what_is_there_twice_is_refused_and_not_chosen_from() {
        let twice =
            r#"{"instance":"*","segment":"vip","segment":"vip","threshold":1,"threshold":2,"threshold":3}"#;
        assert_eq!(of_segment(twice), ["segment: is there 2 times", "threshold: is there 3 times"]);
        let profile = Profile::named("unificationCompleted").unwrap();
        let poll = |query: &str| faults(profile.read_poll("p-1", query).map(|(trigger, _)| trigger));
        assert_eq!(poll("instance=a&instance=b"), ["instance: is there 2 times"]);
        assert_eq!(poll("instance=a&triggerState=1&triggerState=1"), ["triggerState: is there 2 times"]);
    }

    #[test]
    fn a_query_that_is_not_well_formed_is_told_by_its_field() {
        let profile = Profile::named("segmentThresholdCrossed").unwrap();
        let poll = |query: &str| faults(profile.read_poll("p-1", query).map(|(trigger, _)| trigger));
        assert_eq!(
            poll("instance=%&segment=%ff&threshold=+1&rearm=1.&hold=%zz&%=1"),
            [
                "instance: holds \"%\"; a percent sign must be followed by two hexadecimal digits",
                "segment: \"%ff\" is not UTF-8",
                "threshold: \" 1\" is not a number",
                "rearm: \"1.\" is not a number",
                "hold: holds \"%zz\"; a percent sign must be followed by two hexadecimal digits",
                "%: is no field of segmentThresholdCrossed",
            ]
        );
        for number in ["NaN", "inf", "0x10", "1_000", "01", "1,5", "\"1\"", "null", "[1]", "-", "1 "] {
            let query = format!("instance=*&segment=vip&threshold={number}");
            assert_eq!(poll(&query).len(), 1, "{number}");
        }
        assert_eq!(profile.read_poll("p-1", &"&".repeat(65 << 10)).unwrap_err().kind(), ErrorKind::Limit);
    }

    #[test]
    fn a_callback_is_judged_with_all_the_rest_and_only_for_subscriptions() {
        let profile = Profile::named("unificationCompleted").unwrap();
        let subscribe = |text| {
            profile.read_subscription("s-1", text, |url| if url == "ok" { Ok(url.len()) } else { Err("no") })
        };
        let (trigger, length) = subscribe(r#"{"instance":"*","callbackUrl":"ok"}"#).unwrap();
        assert_eq!((trigger.type_name(), length), ("unificationCompleted", 2));
        let told = |text| faults(subscribe(text).map(|(trigger, _)| trigger));
        assert_eq!(told(r#"{"callbackUrl":"bad"}"#), ["instance: is missing", "callbackUrl: no"]);
        assert_eq!(told(r#"{"instance":"*"}"#), ["callbackUrl: is missing"]);
        assert_eq!(told(r#"{"instance":"*","callbackUrl":null}"#), ["callbackUrl: is missing"]);
        assert_eq!(told(r#"{"instance":"*","callbackUrl":{}}"#), ["callbackUrl: an object is not a string"]);
        let plain = faults(profile.read("s-1", r#"{"instance":"*","callbackUrl":"ok"}"#));
        assert_eq!(plain, ["callbackUrl: is no field of unificationCompleted"]);
    }

    #[test]
    fn what_is_no_object_of_json_is_refused_as_a_whole() {
        let profile = &Profile::all()[0];
        assert_eq!(profile.read("s-1", "{").unwrap_err().kind(), ErrorKind::Syntax);
        assert_eq!(profile.read("s-1", &"[".repeat(100)).unwrap_err().kind(), ErrorKind::Syntax);
        for other in ["[]", "null", "\"x\"", "1"] {
            assert_eq!(profile.read("s-1", other).unwrap_err().kind(), ErrorKind::Invalid, "{other}");
        }
    }

    #[test]
    fn huge_texts_and_many_unknown_fields_are_refused_in_short() {
        let long = "x".repeat(100_000);
        let told = of_segment(&format!(
            r#"{{"instance":"{long}","segment":"","threshold":1,"hold":"{long}","condition":"{long}","{long}":1}}"#
        ));
        assert_eq!(told[0], "instance: has 100000 characters, the limit is 1024");
        assert_eq!(told[1], "segment: the text is empty");
        assert!(told.len() == 5 && told.iter().all(|fault| fault.len() < 300), "{told:?}");
        let many: Vec<String> = (0..5_000).map(|n| format!("\"f{n:04}\":1")).collect();
        let told = of_segment(&format!("{{{}}}", many.join(",")));
        assert_eq!(
            (told.len(), told.last().unwrap().as_str()),
            (104, "4900 more unknown fields are not listed")
        );
        assert!(faults(Profile::all()[0].read("not an id", r#"{"instance":"*"}"#))[0].starts_with("id: "));
    }
}
