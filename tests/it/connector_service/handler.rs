//! The plain function: one request, from start to end.

use std::net::IpAddr;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};

use chrono::{DateTime, Utc};
use serde_json::json;
use tripline::action::{ActionError, Choice, async_trait};
use tripline::connector::{BoxError, Callbacks, Choose, Handler, Limits, Ports, Resolver};
use tripline::journal::{Journal, Lsn, MemoryJournal};
use tripline::pipeline::{Persist, Pipeline};
use tripline::webhook::Guard;

use super::host::{self, HOOK, Net, Setup, at, block_on, get, json, location, post, status, vip};

#[derive(Default)]
struct Parts {
    journal: Mutex<MemoryJournal>,
    is_full: AtomicBool,
    seconds: Mutex<i64>,
}

#[async_trait]
impl Resolver for Parts {
    async fn resolve(&self, host: &str) -> Result<Vec<IpAddr>, BoxError> {
        if host.starts_with("never") {
            std::future::pending::<()>().await;
        }
        *self.seconds.lock().unwrap() += if host.starts_with("slow") { 11 } else { 0 };
        if host.starts_with("down") { Err("no answer".into()) } else { Ok(vec!["93.184.215.14".parse()?]) }
    }
}

#[async_trait]
impl Ports for Parts {
    fn now(&self) -> DateTime<Utc> {
        at(*self.seconds.lock().unwrap())
    }

    fn persist(&self, batches: &[Persist]) -> Result<Lsn, BoxError> {
        if self.is_full.load(Ordering::Relaxed) {
            return Err("no space is left".into());
        }
        let mut journal = self.journal.lock().unwrap();
        for batch in batches {
            batch.append_to(&mut *journal)?;
        }
        Ok(journal.sync()?)
    }

    async fn choose(&self, choose: &Choose) -> Result<Vec<Choice>, ActionError> {
        if choose.principal() == "ana" && choose.list() == "instances" {
            std::future::pending::<()>().await;
        }
        Ok(vec![Choice::new(choose.list())])
    }
}

fn handler() -> Handler<Parts> {
    handler_with(Limits::default())
}

fn handler_with(limits: Limits) -> Handler<Parts> {
    let (callbacks, net) = (Callbacks::new(Guard::new()), Net::default());
    let pipeline = Pipeline::builder(host::registry(&callbacks, &net)).build().unwrap();
    let service =
        host::builder(&Setup { limits, ..Setup::default() }, &callbacks).build(at(0), pipeline).unwrap();
    Handler::new(service, Parts::default())
}

#[test]
fn every_kind_of_request_is_answered_from_start_to_end() {
    let handler = handler();
    let ask = |principal: &str, request| block_on(handler.handle(principal, request));
    let made = ask("ana", vip(1000.0, HOOK));
    assert_eq!(status(&made), 201);
    assert_eq!(status(&ask("ana", get(&location(&made)))), 200);
    assert_eq!(status(&ask("bo", get(&location(&made)))), 404);
    assert_eq!(json(&ask("ana", post("/actions/double", &json!({"n": 2})))), 4);
    assert_eq!(json(&ask("bo", get("/instances")))["value"][0]["id"], "instances");
    assert_eq!(status(&ask("ana", get("/poll/unificationCompleted?instance=*"))), 202);
    assert_eq!(status(&ask("ana", vip(1.0, "https://down.contoso.example/"))), 503);
    assert_eq!(status(&ask("", get("/connection"))), 503, "the host's mistake");
    assert!(handler.with(|service| service.pipeline().is_safe()).unwrap());
    assert_eq!(status(&ask("ana", vip(1.0, "https://slow.contoso.example/"))), 503, "it took too long");
    assert!(!format!("{handler:?}").contains("whsec"));
}

#[test]
fn a_request_that_is_dropped_halfway_frees_its_place_and_leaves_no_answer_behind() {
    let handler = handler_with(Limits::default().with_per_principal(1).with_requests(1));
    for request in [vip(1.0, "https://never.contoso.example/in"), get("/instances")] {
        let mut future = std::pin::pin!(handler.handle("ana", request));
        let mut context = std::task::Context::from_waker(std::task::Waker::noop());
        let is_done = future.as_mut().poll(&mut context).is_ready();
        // The second is refused while the first is under way, and both are dropped here.
        assert!(!is_done);
        let other = block_on(handler.handle("bo", get("/connection")));
        assert_eq!(status(&other), 503, "one request at a time");
    }
    assert_eq!(status(&block_on(handler.handle("ana", vip(1.0, HOOK)))), 201, "its place is free");
    assert_eq!(status(&block_on(handler.handle("ana", vip(1.0, HOOK)))), 429);
}

#[test]
fn after_a_write_that_failed_nothing_is_answered_but_that() {
    let handler = handler();
    handler.with(|_| ()).unwrap();
    let first = block_on(handler.handle("ana", vip(1.0, HOOK)));
    assert_eq!(status(&first), 201);
    let broken = {
        let (callbacks, net) = (Callbacks::new(Guard::new()), Net::default());
        let pipeline = Pipeline::builder(host::registry(&callbacks, &net)).build().unwrap();
        let service = host::builder(&Setup::default(), &callbacks).build(at(0), pipeline).unwrap();
        Handler::new(service, Parts { is_full: AtomicBool::new(true), ..Parts::default() })
    };
    for request in [vip(1.0, HOOK), get("/connection"), get("/poll/unificationCompleted?instance=*")] {
        let answer = block_on(broken.handle("ana", request));
        assert_eq!(status(&answer), 503, "{answer:?}");
    }
    assert!(broken.with(|_| ()).is_err());
}

#[test]
fn requests_on_many_threads_are_each_answered_and_written_down_in_order() {
    let handler = handler();
    std::thread::scope(|scope| {
        for thread in 0..4 {
            let handler = &handler;
            scope.spawn(move || {
                for number in 0..25 {
                    let principal = format!("p{thread}");
                    let made = block_on(handler.handle(&principal, vip(f64::from(number), HOOK)));
                    assert_eq!(status(&made), 201);
                    let read = block_on(handler.handle(&principal, get(&location(&made))));
                    assert_eq!(status(&read), 200);
                }
            });
        }
    });
    let (count, is_safe) =
        handler.with(|service| (service.subscriptions(), service.pipeline().is_safe())).unwrap();
    assert_eq!((count, is_safe), (100, true));
}
