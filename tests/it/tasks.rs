//! Tasks where triggers are replaced, bounds are met and names change: what the random nights do not reach.

use chrono::{DateTime, TimeDelta, Utc};
use tripline::Trigger;
use tripline::engine::{Engine, Limits, Receipt, Replace};
use tripline::event::{Event, RefreshCompleted, ValueObserved};

fn at(minute: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(1_772_330_400, 0).unwrap() + TimeDelta::minutes(minute)
}

fn trigger(on: &str) -> Trigger {
    Trigger::from_json(&format!(r#"{{"id":"t","on":{on}}}"#)).unwrap()
}

fn engine(limits: Limits, triggers: &[&str]) -> Engine {
    let mut engine = Engine::builder().with_limits(limits).with_skew(None).build();
    for text in triggers {
        engine.add(at(0), Trigger::from_json(text).unwrap()).unwrap();
    }
    engine
}

fn event(id: &str, data: &str, minute: i64) -> Event<'static> {
    let task = RefreshCompleted::from_data_json(data).unwrap();
    task.into_event(id.to_owned(), "/s").unwrap().with_time(at(minute))
}

/// An ingestion of item "a".
fn ingest(engine: &mut Engine, minute: i64, outcome: &str) {
    let task = format!(r#"{{"process":"ingestion","item":{{"id":"a"}},"outcome":"{outcome}"}}"#);
    let task = RefreshCompleted::from_data_json(&task).unwrap();
    assert_eq!(engine.observe_refresh(at(minute), "/s", at(minute), &task).unwrap(), Receipt::Accepted);
}

/// The minutes of the firings so far.
fn minutes(engine: &mut Engine) -> Vec<i64> {
    std::iter::from_fn(|| engine.poll_firing()).map(|firing| (firing.time() - at(0)).num_minutes()).collect()
}

const SETTLE: &str = r#"{"type":"dataSourceRefreshFailed","settle":"PT30M"}"#;

#[test]
fn with_another_settle_what_waits_is_judged_by_it_and_what_has_become_due_fires_at_the_next_move() {
    for (settle, expected) in [("PT10M", 10), ("PT1H", 60)] {
        let mut engine = engine(Limits::default(), &[]);
        engine.add(at(0), trigger(SETTLE)).unwrap();
        ingest(&mut engine, 0, "failed");
        engine.handle_timeout(at(20)).unwrap();
        let other = format!(r#"{{"type":"dataSourceRefreshFailed","settle":"{settle}"}}"#);
        engine.replace(at(20), trigger(&other), Replace::Quiet).unwrap();
        assert_eq!(minutes(&mut engine), [0; 0]);
        engine.handle_timeout(at(21)).unwrap();
        engine.handle_timeout(at(100)).unwrap();
        assert_eq!(minutes(&mut engine), [expected]);
    }
}

#[test]
fn without_settle_what_waits_is_dropped_and_counted_and_the_next_failure_fires_at_once() {
    let mut engine = engine(Limits::default(), &[]);
    engine.add(at(0), trigger(SETTLE)).unwrap();
    ingest(&mut engine, 0, "failed");
    engine.replace(at(1), trigger(r#"{"type":"dataSourceRefreshFailed"}"#), Replace::Quiet).unwrap();
    assert_eq!((engine.counts().waiting_dropped(), engine.poll_timeout()), (1, None));
    ingest(&mut engine, 5, "failed");
    engine.replace(at(5), trigger(SETTLE), Replace::Quiet).unwrap();
    ingest(&mut engine, 6, "failed");
    engine.handle_timeout(at(100)).unwrap();
    assert_eq!(minutes(&mut engine), [5, 36]);
}

#[test]
fn a_replacement_that_no_longer_accepts_an_item_drops_it_and_another_type_starts_afresh() {
    let mut engine = engine(Limits::default(), &[]);
    engine.add(at(0), trigger(SETTLE)).unwrap();
    ingest(&mut engine, 0, "failed");
    let other = r#"{"type":"dataSourceRefreshFailed","dataSource":"b","settle":"PT30M"}"#;
    engine.replace(at(1), trigger(other), Replace::Quiet).unwrap();
    assert_eq!((engine.counts().waiting_dropped(), engine.poll_timeout()), (1, None));
    engine.replace(at(1), trigger(r#"{"type":"refreshCompleted","item":"a"}"#), Replace::Quiet).unwrap();
    ingest(&mut engine, 2, "skipped");
    assert_eq!(minutes(&mut engine), [2]);
}

#[test]
fn a_silence_that_was_measured_is_not_measured_again_from_the_start() {
    let quiet = |from_start: bool| {
        let on = format!(
            r#"{{"type":"noData","kind":"dataSource","name":"a","within":"PT1H","fromStart":{from_start}}}"#
        );
        trigger(&on)
    };
    let mut engine = engine(Limits::default(), &[]);
    engine.add(at(0), quiet(false)).unwrap();
    ingest(&mut engine, 0, "succeeded");
    engine.replace(at(30), quiet(true), Replace::Quiet).unwrap();
    engine.handle_timeout(at(300)).unwrap();
    assert_eq!(minutes(&mut engine), [60]);
}

#[test]
fn a_task_that_a_trigger_does_not_hear_does_not_bring_its_deadline_forward() {
    let mine = r#"{"id":"t","on":{"type":"dataSourceRefreshFailed","settle":"PT10M"},"where":[{"exact":{"subject":"mine"}}]}"#;
    let mut engine = engine(Limits::default(), &[mine]);
    for (id, minute, outcome, subject) in
        [("1", 0, "failed", "mine"), ("2", 10, "failed", "other"), ("3", 10, "succeeded", "mine")]
    {
        let data = format!(r#"{{"process":"ingestion","item":{{"id":"a"}},"outcome":"{outcome}"}}"#);
        let event = event(id, &data, minute).with_subject(subject);
        let receipt = engine.handle_event(at(minute), &event).unwrap();
        assert_eq!(receipt == Receipt::Accepted, subject == "mine");
    }
    engine.handle_timeout(at(100)).unwrap();
    assert_eq!(minutes(&mut engine), [0; 0]);
}

#[test]
fn the_bound_of_one_trigger_does_not_keep_an_event_from_those_who_hear_it() {
    let limits = Limits::default().with_series(1);
    let any = r#"{"id":"s","on":{"type":"segmentThresholdCrossed","segment":"*","above":1}}"#;
    let heard = r#"{"id":"e","on":{"type":"eventReceived","eventType":"tripline.value.observed"}}"#;
    for (triggers, is_heard) in [(vec![any, heard], true), (vec![any], false)] {
        let mut engine = engine(limits.clone(), &triggers);
        for name in ["a", "b"] {
            let value = ValueObserved::new("segment", name, 5.0).into_event(name, "/s").unwrap();
            let result = engine.handle_event(at(0), &value);
            assert_eq!(result.is_ok(), is_heard || name == "a", "{result:?}");
        }
        assert_eq!(minutes(&mut engine).len(), if is_heard { 2 } else { 0 });
        assert_eq!((engine.counts().over_limit(), engine.counts().not_watched()), (1, u64::from(is_heard)));
    }
}

#[test]
fn a_refused_task_leaves_the_name_of_its_item_as_it_was() {
    let old = r#"{"id":"r","on":{"type":"refreshCompleted","item":"Old"}}"#;
    let unified = r#"{"id":"u","on":{"type":"unificationCompleted"}}"#;
    let mut engine = engine(Limits::default().with_jobs(0), &[old, unified]);
    let map = |id: &str, item: &str, job: &str| {
        event(id, &format!(r#"{{"process":"map","item":{item},"outcome":"succeeded"{job}}}"#), 0)
    };
    let tasks = [
        (map("1", r#"{"id":"1","name":"Old"}"#, ""), true),
        (map("2", r#"{"id":"1","name":"New"}"#, r#","jobId":"j""#), false),
        (map("3", r#"{"id":"1"}"#, ""), true),
    ];
    for (task, is_taken) in tasks {
        let result = engine.handle_event(at(0), &task);
        assert_eq!(result.is_ok(), is_taken, "{result:?}");
    }
    assert_eq!(minutes(&mut engine), [0, 0]);
}

#[test]
fn a_trigger_that_had_no_room_for_an_item_takes_it_once_there_is_room_cut_or_not() {
    for cut in [false, true] {
        let limits = Limits::default().with_series(3).with_series_per_trigger(2);
        let on = |id: &str, items: &str| {
            format!(r#"{{"id":"{id}","on":{{"type":"refreshCompleted","item":{{"oneOf":[{items}]}}}}}}"#)
        };
        let triggers = [on("t1", r#""x1","a1","a2""#), on("t2", r#""a1","a2""#), on("t3", r#""c1""#)];
        let triggers: Vec<&str> = triggers.iter().map(String::as_str).collect();
        let mut one = engine(limits.clone(), &triggers);
        let day = 24 * 60;
        for (id, item, days) in
            [("1", "x1", 0), ("2", "a1", 20), ("3", "a2", 20), ("4", "c1", 40), ("5", "a2", 41)]
        {
            if cut && id == "5" {
                let mut next = engine(limits.clone(), &triggers);
                next.restore(&one.snapshot()).unwrap();
                one = next;
            }
            let data = format!(r#"{{"process":"export","item":{{"id":"{item}"}},"outcome":"succeeded"}}"#);
            let _ = one.handle_event(at(days * day), &event(id, &data, days * day)).unwrap();
        }
        let last = std::iter::from_fn(|| one.poll_firing()).filter(|firing| firing.time() == at(41 * day));
        assert_eq!(last.map(|firing| firing.trigger().to_owned()).collect::<Vec<_>>(), ["t1", "t2"], "{cut}");
    }
}

#[test]
fn explanations_of_tasks_say_which_trigger_did_what_with_which_item_or_job_and_why() {
    let triggers = [
        r#"{"id":"f","on":{"type":"dataSourceRefreshFailed"}}"#,
        r#"{"id":"w","on":{"type":"dataSourceRefreshSucceeded"},"where":[{"exact":{"subject":"x"}}]}"#,
        r#"{"id":"u","on":{"type":"unificationCompleted"}}"#,
    ];
    let mut engine = engine(Limits::default(), &triggers);
    engine.set_explain(true);
    let tasks = [
        r#"{"process":"ingestion","item":{"id":"a"},"outcome":"succeeded"}"#,
        r#"{"process":"ingestion","item":{"id":"a"},"outcome":"failed"}"#,
        r#"{"process":"match","outcome":"succeeded","jobId":"j"}"#,
        r#"{"process":"export","outcome":"succeeded"}"#,
    ];
    for (id, task) in ["1", "2", "3", "4"].into_iter().zip(tasks) {
        let _ = engine.handle_event(at(0), &event(id, task, 0)).unwrap();
    }
    let said: Vec<String> = std::iter::from_fn(|| engine.poll_explanation())
        .map(|one| format!("{} {}: {}", one.event().unwrap(), one.trigger().unwrap_or("-"), one.reason()))
        .collect();
    let expected = [
        "1 w: the event does not pass where",
        "1 f: the task did not fail: succeeded",
        "2 w: the event does not pass where",
        "2 f: fired: this is what it waits for",
        "3 u: waits for map and merge",
        "4 -: no trigger watches it",
    ];
    assert_eq!(said, expected);
}
