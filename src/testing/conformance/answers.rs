//! What an action makes of answers and of silence.

use std::time::Duration;

use chrono::TimeDelta;
use http::header::{LOCATION, RETRY_AFTER};
use http::{HeaderValue, Response, StatusCode};

use super::Check;
use super::lab::{Attempt, End, KEY, Lab, TIME, may_change};
use crate::action::{Action, Effect, ErrorClass};
use crate::testing::{Fate, World};

/// Statuses, and the classes that they may have (SPEC: HTTP classes; RFC 9110, section 15).
const CLASSES: &[(&[u16], &[ErrorClass])] = &[
    (&[300, 301, 302, 303, 304, 307, 308], &[ErrorClass::Permanent]),
    (&[400, 404, 405, 409, 413, 422], &[ErrorClass::Permanent, ErrorClass::InvalidInput, ErrorClass::Gone]),
    (&[401, 403], &[ErrorClass::AuthExpired, ErrorClass::Permanent]),
    (&[408, 425], &[ErrorClass::Transient, ErrorClass::Throttled]),
    (&[410], &[ErrorClass::Gone]),
    (&[429], &[ErrorClass::Throttled]),
    (&[500, 501, 502, 503, 504, 505, 507], &[ErrorClass::Transient, ErrorClass::Throttled]),
];

/// Statuses that say that it is done (RFC 9110, section 15.3).
const SUCCESSES: &[u16] = &[200, 201, 202, 203, 204];

/// An intermediary may speak for a server that has done it.
const OUTCOME_UNKNOWN: &[u16] = &[500, 502, 504];

/// Everything about answers; `requests` is how many an undisturbed attempt makes.
pub(super) fn check<A: Action + 'static>(lab: &Lab<'_, A>, requests: usize) {
    for at in 0..requests {
        successes(lab, at);
        statuses(lab, at);
        transport_errors(lab, at);
        deadline(lab, at);
    }
    if requests > 0 {
        redirects(lab);
        retry_after(lab);
        unreadable(lab);
    }
}

/// One attempt whose so-manieth main request is answered so, with the body of a success.
fn answered<A: Action + 'static>(
    lab: &Lab<'_, A>,
    at: usize,
    status: u16,
    header: Option<(http::HeaderName, HeaderValue)>,
) -> Attempt {
    let (service, status) = (lab.service(), StatusCode::from_u16(status).unwrap_or_default());
    let bench = lab.bench_under(move |number, request| {
        // Again and again, if it asks again and again.
        if number < at {
            return Fate::delivered();
        }
        let mut response = service(request);
        *response.status_mut() = status;
        response.headers_mut().remove(RETRY_AFTER);
        response.headers_mut().extend(header.clone());
        Fate::answered(response)
    });
    lab.first(&bench, &format!("status {}", status.as_u16()))
}

/// Any status of success, with the body of one.
fn successes<A: Action + 'static>(lab: &Lab<'_, A>, at: usize) {
    if !lab.wants(Check::Statuses) {
        return;
    }
    let usual = SUCCESSES.iter().filter(|status| !lab.capabilities.classes.contains_key(status));
    for status in usual {
        let attempt = answered(lab, at, *status, None);
        if let End::Failed(_) = &attempt.end {
            let told = attempt.told();
            lab.found(Check::Statuses, format!("status {status} is {told}, wanted: a success"));
        }
    }
}

fn statuses<A: Action + 'static>(lab: &Lab<'_, A>, at: usize) {
    if !lab.wants(Check::Statuses) {
        return;
    }
    let usual =
        CLASSES.iter().flat_map(|(statuses, classes)| statuses.iter().map(move |one| (*one, *classes)));
    for (status, classes) in usual {
        let own = lab.capabilities.classes.get(&status);
        let attempt = answered(lab, at, status, None);
        let error = match &attempt.end {
            End::Done(_) if own == Some(&None) => continue,
            End::Failed(error) => error,
            End::Lost => continue,
            End::Done(_) | End::Dropped => {
                lab.found(Check::Statuses, format!("status {status} is taken for a success"));
                continue;
            }
        };
        let is_right = match own {
            Some(Some(class)) => error.class() == *class,
            Some(None) => false,
            None => classes.contains(&error.class()),
        };
        if !is_right {
            let wanted = own.map_or(format!("{classes:?}"), |own| format!("{own:?}"));
            lab.found(Check::Statuses, format!("status {status} is {}, wanted: {wanted}", attempt.told()));
        }
        outcome_of_status(lab, at, status, &attempt);
        one_attempt(lab, at, status, &attempt);
    }
}

fn outcome_of_status<A: Action + 'static>(lab: &Lab<'_, A>, at: usize, status: u16, attempt: &Attempt) {
    let (Some(error), Some(sent)) = (attempt.error(), attempt.sent.get(at)) else { return };
    if !lab.wants(Check::Outcome)
        || lab.metadata.effect() == Effect::Idempotent
        || !may_change(sent.request())
    {
        return;
    }
    if OUTCOME_UNKNOWN.contains(&status) && error.is_retryable() && !error.is_outcome_unknown() {
        lab.found(
            Check::Outcome,
            format!("status {status}: the server may have done it, and the outcome is said to be known"),
        );
    }
    if status == 429 && at == 0 && error.is_outcome_unknown() {
        lab.found(Check::Outcome, "status 429: it was refused, and the outcome is said to be unknown");
    }
}

fn one_attempt<A: Action + 'static>(lab: &Lab<'_, A>, at: usize, status: u16, attempt: &Attempt) {
    // A login is renewed once.
    let most = at + if status == 401 { 2 } else { 1 };
    if lab.wants(Check::OneAttempt) && attempt.sent.len() > most {
        let count = attempt.sent.len() - at;
        lab.found(Check::OneAttempt, format!("status {status}: it asks {count} times in one attempt"));
    }
}

fn redirects<A: Action + 'static>(lab: &Lab<'_, A>) {
    if !lab.wants(Check::Redirects) {
        return;
    }
    for status in [301, 302, 303, 307, 308] {
        let elsewhere = HeaderValue::from_static("https://tripline-elsewhere.test/");
        let attempt = answered(lab, 0, status, Some((LOCATION, elsewhere)));
        let follows =
            attempt.sent.iter().any(|sent| sent.request().uri().host() == Some("tripline-elsewhere.test"));
        if follows {
            lab.found(Check::Redirects, format!("status {status}: it goes where Location points"));
        }
        if attempt.is_done() {
            lab.found(Check::Redirects, format!("status {status} with a Location is taken for a success"));
        }
    }
}

fn retry_after<A: Action + 'static>(lab: &Lab<'_, A>) {
    if !lab.wants(Check::RetryAfter) {
        return;
    }
    let now = World::new(0).now();
    let date = now.checked_add_signed(TimeDelta::seconds(90)).unwrap_or(now);
    let date = date.format("%a, %d %b %Y %H:%M:%S GMT").to_string();
    let cap = lab.capabilities.max_pause;
    for status in [429, 503] {
        for (text, wanted) in
            [("75", Duration::from_secs(75)), (&date, Duration::from_secs(90)), ("999999999", cap)]
        {
            let value = HeaderValue::from_str(text).ok().map(|value| (RETRY_AFTER, value));
            let attempt = answered(lab, 0, status, value);
            // What is not to be tried again has no pause; that is another fault.
            let Some(error) = attempt.error().filter(|error| error.is_retryable()) else { continue };
            let (wanted, got) = (wanted.min(cap), error.retry_after());
            if got != Some(wanted) {
                let got = got.map_or("no pause".to_owned(), |got| format!("{} s", got.as_secs()));
                let message = format!(
                    "status {status} with Retry-After {text:?} asks for {} s, and the error carries {got}",
                    wanted.as_secs()
                );
                lab.found(Check::RetryAfter, message);
            }
        }
    }
}

fn transport_errors<A: Action + 'static>(lab: &Lab<'_, A>, at: usize) {
    let cases = [
        ("the request does not leave", Fate::not_sent(), false),
        ("the request is lost", Fate::lost_request(), true),
        ("the answer is lost", Fate::lost_reply(), true),
        ("the answer breaks off", Fate::broken_off(), true),
        ("no answer comes", Fate::silent(), true),
    ];
    if !lab.wants(Check::TransportErrors) {
        return;
    }
    for (case, fate, is_unknown) in cases {
        let bench =
            lab.bench_under(move |number, _| if number < at { Fate::delivered() } else { fate.clone() });
        let attempt = lab.first(&bench, case);
        if matches!(attempt.end, End::Lost) {
            continue;
        }
        if !attempt.error().is_some_and(|error| error.is_retryable()) {
            lab.found(
                Check::TransportErrors,
                format!("{case}: it ends in {}, wanted: Transient", attempt.told()),
            );
        }
        if lab.wants(Check::OneAttempt) && attempt.sent.len() > at + 1 {
            let count = attempt.sent.len() - at;
            lab.found(Check::OneAttempt, format!("{case}: it asks {count} times in one attempt"));
        }
        let (Some(error), Some(sent)) = (attempt.error(), attempt.sent.get(at)) else { continue };
        let counts = lab.metadata.effect() != Effect::Idempotent && may_change(sent.request());
        if !counts || !lab.wants(Check::Outcome) {
            continue;
        }
        match (is_unknown, error.is_outcome_unknown()) {
            (true, false) => {
                lab.found(
                    Check::Outcome,
                    format!("{case}: it may have been carried out, and the outcome is said to be known"),
                );
            }
            (false, true) if at == 0 => {
                lab.found(
                    Check::Outcome,
                    format!("{case}: nothing was done, and the outcome is said to be unknown"),
                );
            }
            _ => {}
        }
    }
}

fn deadline<A: Action + 'static>(lab: &Lab<'_, A>, at: usize) {
    if !lab.wants(Check::Deadline) {
        return;
    }
    let drip = Fate::delivered().with_drip(Duration::from_secs(3));
    for (case, fate) in [("no answer comes", Fate::silent()), ("the answer drips in", drip)] {
        let bench =
            lab.bench_under(move |number, _| if number == at { fate.clone() } else { Fate::delivered() });
        let ctx = lab.context(&bench, KEY, 1);
        let left = ctx.time_left() / 4;
        let soon = TimeDelta::from_std(left).ok().and_then(|left| ctx.now().checked_add_signed(left));
        let ctx = ctx.clone().with_deadline(soon.unwrap_or(ctx.now()));
        let attempt = lab.attempt(&bench, case, &ctx, lab.input.clone(), usize::MAX);
        // Logins and the requests before this one have taken some of it.
        let slack = TIME / 100 * u32::try_from(at + 1).unwrap_or(1);
        if attempt.took > left + slack {
            let message =
                format!("{case}: it ends after {:?}, its deadline was after {left:?}", attempt.took);
            lab.found(Check::Deadline, message);
        }
    }
}

/// A success that cannot be read was carried out all the same.
fn unreadable<A: Action + 'static>(lab: &Lab<'_, A>) {
    if !lab.wants(Check::Outcome) {
        return;
    }
    let bodies =
        [("nothing", Vec::new()), ("no JSON", b"<html>\xff".to_vec()), ("far too much", vec![b'['; 2 << 20])];
    for (name, body) in bodies {
        let bench = lab.bench_under(move |_, _| Fate::answered(Response::new(body.clone())));
        let case = format!("a success with {name} in its body");
        let attempt = lab.first(&bench, &case);
        let Some(error) = attempt.error() else { continue };
        let changes = attempt.sent.iter().any(|sent| may_change(sent.request()));
        if changes && lab.metadata.effect() != Effect::Idempotent && !error.is_outcome_unknown() {
            lab.found(
                Check::Outcome,
                format!("{case}: it was carried out, and the outcome is said to be known"),
            );
        }
    }
}
