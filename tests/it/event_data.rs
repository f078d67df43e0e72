//! The typed data of tasks and jobs: whatever is built is read back equal,
//! whatever is not that is refused with a path.

use chrono::{DateTime, Utc};
use proptest::prelude::*;
use serde_json::{Value, json};
use tripline::ErrorKind;
use tripline::event::{Event, Failure, Item, JobCompleted, Outcome, Process, RefreshCompleted};

fn text() -> impl Strategy<Value = String> {
    any::<String>().prop_filter("not empty", |text| !text.is_empty())
}

fn time() -> impl Strategy<Value = DateTime<Utc>> {
    (i64::MIN + 1..i64::MAX - 1).prop_map(DateTime::from_timestamp_nanos)
}

fn any_item() -> impl Strategy<Value = Item<'static>> {
    (text(), prop::option::of(any::<String>())).prop_map(|(id, name)| match name {
        Some(name) => Item::new(id).with_name(name),
        None => Item::new(id),
    })
}

fn any_failure() -> impl Strategy<Value = Failure<'static>> {
    let kind = prop_oneof![Just("permanent".to_owned()), Just("retrying".to_owned()), any::<String>()];
    (prop::option::of(kind), prop::option::of(any::<String>())).prop_map(|(kind, message)| {
        let failure = kind.map_or(Failure::new(), |kind| Failure::new().with_kind(&*kind));
        message.map_or(failure.clone(), |message| failure.with_message(message))
    })
}

fn any_refresh() -> impl Strategy<Value = RefreshCompleted<'static>> {
    let process =
        prop_oneof![prop::sample::select(Process::KNOWN), text().prop_map(|word| Process::from(&*word))];
    let outcome =
        prop_oneof![prop::sample::select(Outcome::KNOWN), text().prop_map(|word| Outcome::from(&*word))];
    let optional = (
        prop::option::of(any_item()),
        prop::option::of(any_failure()),
        any::<String>(),
        prop::option::of(time()),
        prop::collection::vec(any::<String>(), 0..4),
    );
    (process, outcome, optional).prop_map(|(process, outcome, (item, failure, job_id, ended_at, owners))| {
        let mut refresh = RefreshCompleted::new(process, outcome).with_job_id(job_id).with_owners(owners);
        if let Some(item) = item {
            refresh = refresh.with_item(item);
        }
        if let Some(failure) = failure {
            refresh = refresh.with_failure(failure);
        }
        match ended_at {
            Some(time) => refresh.with_ended_at(time),
            None => refresh,
        }
    })
}

fn any_job() -> impl Strategy<Value = JobCompleted<'static>> {
    let optional = (
        prop::option::of(any::<String>()),
        prop::option::of(any::<String>()),
        prop::option::of(time()),
        prop::option::of(time()),
        prop::collection::vec(any::<String>(), 0..4),
    );
    (text(), text(), text(), optional).prop_map(|(job_id, scope, outcome, optional)| {
        let (submission, operation, started_at, ended_at, owners) = optional;
        let mut job = JobCompleted::new(job_id, &*scope, &*outcome).with_owners(owners);
        if let Some(submission) = submission {
            job = job.with_submission(&*submission);
        }
        if let Some(operation) = operation {
            job = job.with_operation(operation);
        }
        if let Some(time) = started_at {
            job = job.with_started_at(time);
        }
        match ended_at {
            Some(time) => job.with_ended_at(time),
            None => job,
        }
    })
}

/// Values that are nearly right: members of the contract, of this type or another.
fn nearly_data() -> impl Strategy<Value = Value> {
    let value = prop_oneof![
        Just(Value::Null),
        Just(json!("")),
        Just(json!("full")),
        Just(json!("2026-03-01T02:00:07Z")),
        Just(json!(7)),
        Just(json!(["ana", "bo\u{1}b"])),
        Just(json!(["ana", 7])),
        Just(json!({"id": "ds-42", "name": null})),
        Just(json!({"id": "", "kind": 1})),
        Just(json!({})),
    ];
    let names = prop::sample::select(
        &[
            "process",
            "item",
            "outcome",
            "failure",
            "jobId",
            "endedAt",
            "owners",
            "scope",
            "submission",
            "operation",
            "startedAt",
            "x",
        ][..],
    );
    prop_oneof![
        4 => prop::collection::btree_map(names.prop_map(str::to_owned), value.clone(), 0..12)
            .prop_map(|members| members.into_iter().collect()),
        1 => value,
    ]
}

proptest! {
    #[test]
    fn any_task_is_read_back_equal_from_its_event(refresh in any_refresh()) {
        let event = refresh.clone().into_event("t-17", "/instances/contoso").unwrap();
        let text = event.to_json();
        let read = Event::from_json(text.as_bytes()).unwrap();
        let again = RefreshCompleted::from_event(&read).unwrap().unwrap();
        prop_assert_eq!(&again, &refresh);
        prop_assert_eq!(again.to_data_json(), refresh.to_data_json());
        prop_assert_eq!(JobCompleted::from_event(&read).unwrap(), None);
    }

    #[test]
    fn any_job_is_read_back_equal_from_its_event(job in any_job()) {
        let event = job.clone().into_event("7", "/instances/contoso").unwrap();
        let text = event.to_json();
        let read = Event::from_json(text.as_bytes()).unwrap();
        let again = JobCompleted::from_event(&read).unwrap().unwrap();
        prop_assert_eq!(&again, &job);
        prop_assert_eq!(again.to_data_json(), job.to_data_json());
        prop_assert_eq!(RefreshCompleted::from_event(&read).unwrap(), None);
    }

    #[test]
    fn what_is_not_such_data_is_refused_with_paths_and_what_is_taken_is_written_the_same(data in nearly_data()) {
        let text = data.to_string();
        let refresh = RefreshCompleted::from_data_json(&text).map(|refresh| refresh.to_data_json());
        let job = JobCompleted::from_data_json(&text).map(|job| job.to_data_json());
        if let Ok(text) = &refresh {
            prop_assert_eq!(&RefreshCompleted::from_data_json(text).unwrap().to_data_json(), text);
        }
        if let Ok(text) = &job {
            prop_assert_eq!(&JobCompleted::from_data_json(text).unwrap().to_data_json(), text);
        }
        for error in [refresh.err(), job.err()].into_iter().flatten() {
            prop_assert_eq!(error.kind(), ErrorKind::Invalid);
            prop_assert!(!error.faults().is_empty());
            for fault in error.faults() {
                prop_assert!(fault.path() == "data" || fault.path().starts_with("data."), "{fault}");
            }
        }
    }
}
