//! Where a subscription stands.

use http::StatusCode;
use serde_json::{Map, Value, json};

use super::ConnectorService;
use super::problem::{Answer, Problem};
use super::subscribe::STEP;
use crate::engine::SeriesState;
use crate::event::{Series, push_json_number};
use crate::pipeline::Activity;
use crate::threshold::{Phase, Side};
use crate::time::{format_instant, instant};
use crate::trigger::Trigger;

impl ConnectorService {
    /// All that is known of a subscription, but for its secrets. To ask is a sign of life.
    pub(super) fn status(&mut self, principal: &str, id: &str) -> Result<Answer, Problem> {
        let unknown = || Problem::new(StatusCode::NOT_FOUND, "there is no such subscription");
        let created = self.store.own(principal, id).ok_or_else(unknown)?.record.created;
        self.touch(id);
        let expires = self.expires_at(id);
        let states = self.pipeline.states_of(id, self.limits.states());
        let flow = self.pipeline.flows().flow(id).ok_or_else(unknown)?;
        let activity = self.pipeline.activity(id);
        let fired = activity.map_or(0, Activity::fired);
        let (side, phase, reason) = summary(flow.trigger().threshold().is_some(), fired, &states);
        let waiting: Vec<String> = self.waiting_of(id).collect();
        let body = json!({
            "id": id,
            "triggerType": flow.trigger().type_name(),
            "trigger": of_trigger(flow.trigger()),
            "callback": self.callbacks.get(id).map(|callback| callback.url.to_string()),
            "createdAt": format_instant(created),
            "expiresAt": format_instant(expires),
            "side": side.as_str(),
            "phase": phase.as_str(),
            "reason": reason,
            "series": states.iter().map(of_series).collect::<Value>(),
            "fired": fired,
            "lastFiring": self.last_firing(id, activity),
            "delivered": activity.map_or(0, Activity::delivered),
            "failed": activity.map_or(0, Activity::failed),
            "lastDelivery": activity.and_then(last_delivery),
            "waiting": waiting.len(),
            "waitsFor": waiting.first(),
        });
        Ok(Answer::json(StatusCode::OK, &body))
    }

    /// Of each delivery that is on its way, what it waits for.
    fn waiting_of<'a>(&'a self, id: &'a str) -> impl Iterator<Item = String> + 'a {
        let runs = self.pipeline.flows().live_runs().filter(move |run| run.flow() == id);
        runs.map(|run| {
            let delivery = format!("{}_{STEP}", run.id());
            self.pipeline.dispatcher().explain(&delivery).unwrap_or_else(|| "waits for its turn".to_owned())
        })
    }

    fn last_firing(&self, id: &str, activity: Option<&Activity>) -> Option<Value> {
        let activity = activity.filter(|activity| activity.fired() > 0)?;
        let last = self.pipeline.firings_of(id, activity.fired() - 1).next();
        match last {
            Some((_, firing)) => serde_json::from_str(&firing.to_json()).ok(),
            // It is not remembered any more but for its time.
            None => Some(json!({"time": activity.last_fired_at().map(shown)})),
        }
    }
}

fn last_delivery(activity: &Activity) -> Option<Value> {
    let (delivered, failed) = (activity.last_delivered_at(), activity.last_failed_at());
    if delivered.is_none() && failed.is_none() {
        return None;
    }
    Some(if activity.has_failed_last() {
        json!({"time": failed.map(shown), "outcome": "failed", "reason": activity.last_failure()})
    } else {
        json!({"time": delivered.map(shown), "outcome": "delivered"})
    })
}

/// The side and the phase of its one series, and why nothing fires, in words.
fn summary(has_sides: bool, fired: u64, states: &[(Series, SeriesState)]) -> (Side, Phase, String) {
    match states {
        [(_, state)] => (state.side(), state.phase(), state.reason().to_owned()),
        [] if has_sides => (Side::Unknown, Phase::Watching, "nothing has been reported of it yet".to_owned()),
        [] if fired == 0 => (Side::Unknown, Phase::Watching, "waits: no such event has come yet".to_owned()),
        [] => (Side::Unknown, Phase::Watching, "waits for the next such event".to_owned()),
        [(_, first), ..] => {
            (first.side(), first.phase(), format!("{} series, each for itself: see `series`", states.len()))
        }
    }
}

fn of_series((series, state): &(Series, SeriesState)) -> Value {
    let dimensions: Map<String, Value> =
        series.dimensions().iter().map(|(name, value)| (name.to_owned(), value.into())).collect();
    json!({
        "series": {
            "source": series.source(), "kind": series.kind().as_str(), "name": series.name(), "dimensions": dimensions,
        },
        "side": state.side().as_str(),
        "phase": state.phase().as_str(),
        "value": state.value().and_then(number),
        "reportedAt": state.reported_at().map(shown),
        "nextDeadline": state.next_deadline().map(shown),
        "suppressed": state.suppressed(),
        "reason": state.reason(),
    })
}

/// What it watches for, and of whom.
fn of_trigger(trigger: &Trigger) -> Value {
    let mut written: Value = serde_json::from_str(&trigger.to_json()).unwrap_or_default();
    let mut on = written["on"].take();
    if let Some(source) = written.get_mut("source") {
        on["source"] = source.take();
    }
    on
}

/// As all numbers are written: without a fraction where there is none. JSON has no infinite ones.
fn number(value: f64) -> Option<Value> {
    let mut text = String::new();
    push_json_number(&mut text, value);
    serde_json::from_str(&text).ok()
}

fn shown(at: chrono::DateTime<chrono::Utc>) -> String {
    // Every time in here came in as nanoseconds.
    format_instant(instant(at).unwrap_or_default())
}
