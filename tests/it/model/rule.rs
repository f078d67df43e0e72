//! Reading a trigger's JSON for the model, and the questions a trigger answers about one observation.

use serde_json::{Map, Value};

use super::exact::Exact;
use super::fields::{Fields, number};
use super::filter::{is_static, passes};
use super::{Ns, Obs, Series};

#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Rule {
    pub(crate) id: String,
    pub(crate) enabled: bool,
    pub(crate) kind: String,
    pub(crate) name: Match,
    /// `None`: any dimensions.
    pub(crate) dimensions: Option<Vec<(String, String)>>,
    pub(crate) source: Match,
    pub(crate) filters: Vec<Value>,
    pub(crate) cooldown: Ns,
    pub(crate) limit: Option<(usize, Ns)>,
    pub(crate) lateness: Ns,
    pub(crate) what: What,
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) enum What {
    Threshold(Threshold),
    Silence { within: Ns, from_start: bool },
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Threshold {
    pub(crate) condition: Condition,
    /// The bound at which it re-arms; for ranges the margin.
    pub(crate) rearm: f64,
    pub(crate) hold: Ns,
    pub(crate) keep: Ns,
    pub(crate) occurrences: Option<Occurrences>,
    pub(crate) first_fires: bool,
    pub(crate) on_missing: String,
    pub(crate) stale_after: Option<Ns>,
    pub(crate) remind_every: Option<Ns>,
    pub(crate) notify_cleared: bool,
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Condition {
    Above(f64),
    AtOrAbove(f64),
    Below(f64),
    AtOrBelow(f64),
    Enters(Range),
    Leaves(Range),
    Change { amount: f64, percent: bool, direction: String },
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Range {
    pub(crate) low: f64,
    pub(crate) high: f64,
    pub(crate) include_low: bool,
    pub(crate) include_high: bool,
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Occurrences {
    OfLast(usize, usize),
    Within(usize, Ns),
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Match {
    Any,
    Exact(String),
    Prefix(String),
    Suffix(String),
    OneOf(Vec<String>),
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Zone {
    In,
    Band,
    Out,
}

pub(crate) type Fault = String;

impl Rule {
    pub(crate) fn parse(v: &Value) -> Result<Rule, Fault> {
        let mut top = Fields::new(v, "")?;
        let id = top.text("id")?.ok_or("id: missing")?;
        top.take("name");
        let enabled = top.flag("enabled")?.unwrap_or(true);
        let source = top.take("source").map_or(Ok(Match::Any), |v| matcher(&v, "source"))?;
        let filters = top.take("where").map_or(Vec::new(), |w| w.as_array().cloned().unwrap_or_default());
        let cooldown = top.span("cooldown")?.unwrap_or(0);
        let limit = match top.take("limit") {
            None => None,
            Some(l) => {
                let mut l = Fields::new(&l, "limit.")?;
                let limit = (
                    l.count("max")?.ok_or("limit.max: missing")?,
                    l.span("per")?.ok_or("limit.per: missing")?,
                );
                l.done()?;
                Some(limit)
            }
        };
        let mut on = Fields::new(&top.take("on").ok_or("on: missing")?, "on.")?;
        top.done()?;
        let (kind, subject) = match on.text("type")?.unwrap_or_default().as_str() {
            "segmentThresholdCrossed" => ("segment".to_owned(), "segment"),
            "measureThresholdCrossed" => ("measure".to_owned(), "measure"),
            "noData" => (on.text("kind")?.ok_or("on.kind: missing")?, "name"),
            other => return Err(format!("on.type: `{other}` is not modelled")),
        };
        let name =
            matcher(&on.take(subject).ok_or(format!("on.{subject}: missing"))?, &format!("on.{subject}"))?;
        let dimensions = match (subject, on.take("dimensions")) {
            ("measure", None) => Some(Vec::new()),
            ("measure", Some(Value::String(each))) if each == "each" => None,
            ("measure", Some(Value::Object(map))) => Some(pairs(&map)),
            (_, None) => None,
            _ => return Err("on.dimensions: refused".into()),
        };
        let mut lateness = 0;
        let what = if subject == "name" {
            let within = on.span("within")?.ok_or("on.within: missing")?;
            What::Silence { within, from_start: on.flag("fromStart")?.unwrap_or(false) }
        } else {
            lateness = on.span("lateness")?.unwrap_or(0);
            What::Threshold(Threshold::parse(&mut on)?)
        };
        on.done()?;
        Ok(Rule { id, enabled, kind, name, dimensions, source, filters, cooldown, limit, lateness, what })
    }

    /// Whether the series is one of this trigger's, `where` aside.
    pub(crate) fn takes(&self, s: &Series) -> bool {
        s.kind == self.kind
            && self.name.matches(&s.name)
            && self.source.matches(&s.source)
            && self.dimensions.as_ref().is_none_or(|d| *d == s.dimensions)
    }

    /// Whether the series is one of this trigger's, by the filters too that look at `source` and `type` alone.
    pub(crate) fn watches(&self, s: &Series) -> bool {
        let any = || Obs::bare(s);
        self.takes(s) && self.filters.iter().all(|f| !is_static(f) || passes(f, &any()))
    }

    pub(crate) fn reached_by(&self, o: &Obs) -> bool {
        self.takes(&o.series) && self.filters.iter().all(|f| passes(f, o))
    }

    /// One silence for the whole trigger, not one per series.
    pub(crate) fn is_whole(&self) -> bool {
        matches!(self.what, What::Silence { .. }) && self.name == Match::Any
    }

    pub(crate) fn threshold(&self) -> Option<&Threshold> {
        if let What::Threshold(t) = &self.what { Some(t) } else { None }
    }
}

impl Threshold {
    fn parse(on: &mut Fields) -> Result<Threshold, Fault> {
        let mut conditions = Vec::new();
        for name in ["above", "atOrAbove", "below", "atOrBelow", "entersRange", "leavesRange", "changesBy"] {
            if let Some(v) = on.take(name) {
                conditions.push(condition(name, &v)?);
            }
        }
        let [condition] = <[Condition; 1]>::try_from(conditions).map_err(|_| "on: exactly one condition")?;
        let is_change = matches!(condition, Condition::Change { .. });
        for name in ["rearm", "hold", "keep", "occurrences", "remindEvery", "notifyCleared"] {
            if is_change && on.has(name) {
                return Err(format!("on.{name}: not with changesBy"));
            }
        }
        if on.has("occurrences") && on.has("rearm") {
            return Err("on.rearm: not with occurrences".into());
        }
        let rearm = rearm(&condition, on.number("rearm")?)?;
        let occurrences = on.take("occurrences").map(|v| occurrences(&v)).transpose()?;
        let remind_every = on.span("remindEvery")?;
        if remind_every.is_some_and(|r| r < 60_000_000_000) {
            return Err("on.remindEvery: less than PT1M".into());
        }
        Ok(Threshold {
            condition,
            rearm,
            hold: on.span("hold")?.unwrap_or(0),
            keep: on.span("keep")?.unwrap_or(0),
            occurrences,
            first_fires: on.word("onFirst", &["quiet", "fire"])? == "fire",
            on_missing: on.word("onMissing", &["keep", "outside", "inside"])?,
            stale_after: on.span("staleAfter")?,
            remind_every,
            notify_cleared: on.flag("notifyCleared")?.unwrap_or(false),
        })
    }

    pub(crate) fn is_change(&self) -> bool {
        matches!(self.condition, Condition::Change { .. })
    }

    /// The bounds and the rearm.
    pub(crate) fn numbers(&self) -> Vec<f64> {
        let bounds = match &self.condition {
            Condition::Above(x) | Condition::AtOrAbove(x) | Condition::Below(x) | Condition::AtOrBelow(x) => {
                vec![*x]
            }
            Condition::Enters(range) | Condition::Leaves(range) => vec![range.low, range.high],
            Condition::Change { .. } => vec![],
        };
        [bounds, vec![self.rearm]].concat()
    }

    pub(crate) fn zone(&self, v: f64) -> Zone {
        let r = self.rearm;
        let (inside, outside) = match &self.condition {
            Condition::Above(x) => (v > *x, v <= r),
            Condition::AtOrAbove(x) => (v >= *x, v < r),
            Condition::Below(x) => (v < *x, v >= r),
            Condition::AtOrBelow(x) => (v <= *x, v > r),
            Condition::Enters(range) => (range.holds(v), range.is_beyond(v, r)),
            Condition::Leaves(range) => (!range.holds(v), range.is_within(v, r)),
            Condition::Change { .. } => unreachable!("changesBy has no zones"),
        };
        match (inside, outside) {
            (true, _) => Zone::In,
            (false, true) => Zone::Out,
            (false, false) => Zone::Band,
        }
    }

    /// Whether the step from `p` to `v` is large enough for `changesBy`.
    pub(crate) fn steps(&self, p: f64, v: f64) -> bool {
        let Condition::Change { amount, percent, direction } = &self.condition else { return false };
        let asked = match direction.as_str() {
            "up" => v > p,
            "down" => v < p,
            _ => v != p,
        };
        if p.is_infinite() || !asked {
            return false;
        }
        if v.is_infinite() || (*percent && p == 0.0) {
            return true;
        }
        let change = Exact::new(v).minus(&Exact::new(p)).abs();
        if *percent {
            let hundredfold = change.times(&Exact::whole(100)).times(&Exact::unit());
            hundredfold.at_least(&Exact::new(*amount).times(&Exact::new(p).abs()))
        } else {
            change.at_least(&Exact::new(*amount))
        }
    }
}

impl Range {
    fn holds(&self, v: f64) -> bool {
        (v > self.low || (self.include_low && v == self.low))
            && (v < self.high || (self.include_high && v == self.high))
    }

    fn is_beyond(&self, v: f64, margin: f64) -> bool {
        let far = |a: f64, b: f64| Exact::new(a).minus(&Exact::new(b)).at_least(&Exact::new(margin));
        !self.holds(v) && (v.is_infinite() || far(self.low, v) || far(v, self.high))
    }

    fn is_within(&self, v: f64, margin: f64) -> bool {
        let far = |a: f64, b: f64| Exact::new(a).minus(&Exact::new(b)).at_least(&Exact::new(margin));
        self.holds(v) && far(v, self.low) && far(self.high, v)
    }
}

impl Match {
    pub(crate) fn matches(&self, s: &str) -> bool {
        match self {
            Match::Any => true,
            Match::Exact(x) => s == x,
            Match::Prefix(x) => s.starts_with(x.as_str()),
            Match::Suffix(x) => s.ends_with(x.as_str()),
            Match::OneOf(all) => all.iter().any(|x| x == s),
        }
    }
}

fn condition(name: &str, v: &Value) -> Result<Condition, Fault> {
    let place = format!("on.{name}");
    Ok(match name {
        "above" => Condition::Above(number(v, &place)?),
        "atOrAbove" => Condition::AtOrAbove(number(v, &place)?),
        "below" => Condition::Below(number(v, &place)?),
        "atOrBelow" => Condition::AtOrBelow(number(v, &place)?),
        "changesBy" => {
            let mut f = Fields::new(v, "on.changesBy.")?;
            let amount = f.number("amount")?.ok_or("on.changesBy.amount: missing")?;
            let percent = f.flag("percent")?.unwrap_or(false);
            let direction = f.word("direction", &["either", "up", "down"])?;
            f.done()?;
            if amount <= 0.0 {
                return Err("on.changesBy.amount: must be above 0".into());
            }
            Condition::Change { amount, percent, direction }
        }
        _ => {
            let mut f = Fields::new(v, &format!("{place}."))?;
            let range = Range {
                low: f.number("low")?.ok_or("low: missing")?,
                high: f.number("high")?.ok_or("high: missing")?,
                include_low: f.flag("includeLow")?.unwrap_or(true),
                include_high: f.flag("includeHigh")?.unwrap_or(true),
            };
            f.done()?;
            if range.low > range.high
                || (range.low == range.high && !(range.include_low && range.include_high))
            {
                return Err(format!("{place}: empty range"));
            }
            if name == "entersRange" { Condition::Enters(range) } else { Condition::Leaves(range) }
        }
    })
}

fn rearm(condition: &Condition, given: Option<f64>) -> Result<f64, Fault> {
    let wrong = Err("on.rearm: on the wrong side".to_owned());
    match (condition, given) {
        (Condition::Above(x) | Condition::AtOrAbove(x), Some(r)) if r > *x => wrong,
        (Condition::Below(x) | Condition::AtOrBelow(x), Some(r)) if r < *x => wrong,
        (Condition::Enters(_) | Condition::Leaves(_), Some(m)) if m < 0.0 => wrong,
        (Condition::Leaves(range), Some(m))
            if !Exact::new(range.high)
                .minus(&Exact::new(range.low))
                .at_least(&Exact::new(m).times(&Exact::whole(2))) =>
        {
            wrong
        }
        (_, Some(r)) => Ok(r),
        (
            Condition::Above(x) | Condition::AtOrAbove(x) | Condition::Below(x) | Condition::AtOrBelow(x),
            None,
        ) => Ok(*x),
        (_, None) => Ok(0.0),
    }
}

fn occurrences(v: &Value) -> Result<Occurrences, Fault> {
    let mut f = Fields::new(v, "on.occurrences.")?;
    let at_least = f.count("atLeast")?.ok_or("on.occurrences.atLeast: missing")?;
    let (of_last, within) = (f.count("ofLast")?, f.span("within")?);
    f.done()?;
    match (of_last, within) {
        _ if !(1..=1000).contains(&at_least) => Err("on.occurrences.atLeast: 1 to 1000".into()),
        (Some(n), None) if at_least <= n && n <= 1000 => Ok(Occurrences::OfLast(at_least, n)),
        (None, Some(d)) => Ok(Occurrences::Within(at_least, d)),
        _ => Err("on.occurrences.ofLast: wrong".into()),
    }
}

fn matcher(v: &Value, place: &str) -> Result<Match, Fault> {
    let fault = || format!("{place}: not a matcher");
    match v {
        Value::String(s) if s == "*" => Ok(Match::Any),
        Value::String(s) => Ok(Match::Exact(s.clone())),
        Value::Object(map) if map.len() == 1 => {
            match (map.get("prefix"), map.get("suffix"), map.get("oneOf")) {
                (Some(Value::String(s)), _, _) => Ok(Match::Prefix(s.clone())),
                (_, Some(Value::String(s)), _) => Ok(Match::Suffix(s.clone())),
                (_, _, Some(Value::Array(all))) => {
                    Ok(Match::OneOf(all.iter().filter_map(|s| s.as_str().map(str::to_owned)).collect()))
                }
                _ => Err(fault()),
            }
        }
        _ => Err(fault()),
    }
}

pub(crate) fn pairs(map: &Map<String, Value>) -> Vec<(String, String)> {
    let mut all: Vec<_> =
        map.iter().map(|(k, v)| (k.clone(), v.as_str().unwrap_or_default().to_owned())).collect();
    all.sort();
    all
}
