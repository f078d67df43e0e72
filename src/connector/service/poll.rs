//! Polled triggers: firings in order, and states that nobody else can make.

use std::sync::Arc;

use http::StatusCode;
use http::header::HeaderName;

use super::super::Profile;
use super::ConnectorService;
use super::key::is_same;
use super::notify;
use super::problem::{Answer, Problem};
use super::query::{too_long, without};
use super::record::Form;
use super::subscribe::STEP;
use crate::error::Error;
use crate::flow::Step;
use crate::pipeline::Activity;

/// The parameter that carries the state.
const STATE: &str = "triggerState";
/// Says how many firings came and went between two polls.
static MISSED: HeaderName = HeaderName::from_static("tripline-missed");

/// How far a poller has come.
struct State {
    id: String,
    /// How many of the trigger's firings it has been given, or was too late for.
    cursor: u64,
}

impl ConnectorService {
    pub(super) fn poll(
        &mut self,
        principal: &str,
        profile: &Profile,
        query: &str,
    ) -> Result<Answer, Problem> {
        let read = profile.read_poll("polled", query);
        let (trigger, state) = read.map_err(|error| unread(&error, query))?;
        self.check_access(principal, &trigger)?;
        let content = trigger.to_json();
        let state = match state {
            Some(text) => Some(self.read_state(principal, &content, &text)?),
            None => None,
        };
        let known = self.store.polled(principal, &content);
        let id = match known {
            Some(id) => id,
            None => self.begin_polling(principal, profile, query, &content)?,
        };
        self.touch(&id);
        let poller = Poller { principal, content: &content, id: &id, type_name: profile.name(), query };
        match state {
            Some(state) if state.id == *id => Ok(self.next_page(&poller, state.cursor)),
            // The first poll, or one whose trigger had expired: from now on.
            _ => Ok(self.nothing_new(&poller, self.fired(&id))),
        }
    }

    /// Defines the trigger of a first poll.
    fn begin_polling(
        &mut self,
        principal: &str,
        profile: &Profile,
        query: &str,
        content: &str,
    ) -> Result<Arc<str>, Problem> {
        self.check_room(principal)?;
        let id = self.new_id(principal);
        self.next += 1;
        let (trigger, _) = profile.read_poll(&id, query).map_err(|error| unread(&error, query))?;
        // A flow has a step; this one only ever waits to be read.
        let step = Step::new(STEP, notify::NAME).with_condition("false");
        self.define(principal, trigger, step, Form::Polled(content.to_owned()))?;
        self.counts.polled += 1;
        Ok(id.into())
    }

    fn next_page(&mut self, poller: &Poller<'_>, cursor: u64) -> Answer {
        let fired = self.fired(poller.id);
        // A journal that has lost its end may know of fewer than were told.
        let cursor = cursor.min(fired);
        let (mut body, mut next, mut count, mut missed) = (String::from("["), fired, 0, fired - cursor);
        for (number, firing) in self.pipeline.firings_of(poller.id, cursor) {
            if count == 0 {
                missed = number - cursor;
            } else if count >= self.limits.poll_page() || body.len() >= self.limits.poll_bytes() {
                break;
            } else {
                body.push(',');
            }
            body.push_str(&firing.to_json());
            next = number + 1;
            count += 1;
        }
        body.push(']');
        if count == 0 && missed == 0 {
            return self.nothing_new(poller, cursor);
        }
        self.counts.missed += missed;
        let answer = Answer::text(StatusCode::OK, body).at(self.location(poller, next));
        let answer = answer.after(if next < fired { 0 } else { self.limits.poll_interval().as_secs() });
        if missed > 0 { answer.with(MISSED.clone(), missed.to_string()) } else { answer }
    }

    fn nothing_new(&self, poller: &Poller<'_>, cursor: u64) -> Answer {
        let answer = Answer::empty(StatusCode::ACCEPTED).at(self.location(poller, cursor));
        answer.after(self.limits.poll_interval().as_secs())
    }

    fn fired(&self, id: &str) -> u64 {
        self.pipeline.activity(id).map_or(0, Activity::fired)
    }

    /// Where the next poll goes: the fields as they came, and how far this one has come.
    fn location(&self, poller: &Poller<'_>, cursor: u64) -> String {
        let fields = without(poller.query, STATE);
        let separator = if fields.is_empty() { "" } else { "&" };
        let mac = self.mac_of(poller.principal, poller.content, poller.id, cursor);
        let (base, name, id) = (&self.base.text, poller.type_name, poller.id);
        format!("{base}/poll/{name}?{fields}{separator}{STATE}={id}.{cursor}.{mac}")
    }

    /// Only a state that was made here, for this principal and this trigger, reads as one.
    fn read_state(&mut self, principal: &str, content: &str, text: &str) -> Result<State, Problem> {
        let state = split(text).filter(|(state, mac)| {
            let own = self.mac_of(principal, content, &state.id, state.cursor);
            is_same(own.as_bytes(), mac.as_bytes())
        });
        match state {
            Some((state, _)) => Ok(state),
            None => {
                self.counts.forged += 1;
                Err(Problem::field(
                    STATE,
                    "it was not made here for this trigger: leave it out to begin anew",
                ))
            }
        }
    }

    fn mac_of(&self, principal: &str, content: &str, id: &str, cursor: u64) -> String {
        let parts = [principal.as_bytes(), content.as_bytes(), id.as_bytes(), &cursor.to_be_bytes()];
        self.key.id("poll state", &parts)
    }
}

/// Who polls what.
struct Poller<'a> {
    principal: &'a str,
    /// The trigger without its id.
    content: &'a str,
    id: &'a str,
    type_name: &'a str,
    query: &'a str,
}

fn split(text: &str) -> Option<(State, &str)> {
    let mut parts = text.split('.');
    let (id, digits, mac) = (parts.next()?, parts.next()?, parts.next()?);
    let cursor: u64 = digits.parse().ok()?;
    // One spelling only.
    let is_plain = parts.next().is_none() && cursor.to_string() == digits;
    is_plain.then(|| (State { id: id.to_owned(), cursor }, mac))
}

fn unread(error: &Error, query: &str) -> Problem {
    // What a query has too many of is told of in its own way.
    if error.is_limit() { too_long(query.len(), 64 << 10) } else { Problem::invalid(error) }
}
