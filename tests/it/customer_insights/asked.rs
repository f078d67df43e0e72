//! The actions against the fake service.

use std::sync::{Arc, Mutex};

use chrono::{DateTime, TimeDelta, Utc};
use http::{Request, Response};
use serde_json::{Map, Value, json};
use tripline::action::{
    AccessToken, Action, ActionContext, ActionError, Credential, DynAction, ErrorClass, Login, OverHttp,
    Rate, Refresh, Secret, Slot, Throttle, Transport, TransportError, async_trait,
};
use tripline::builtin::customer_insights::{
    CreateItem, GetAllItems, GetEntities, GetItem, GetItems, GetPartitionData, GetPartitions,
    GetPartitionsV2, ItemSearch, Items, RATE, SendStatusReport, SendStatusReportV2, Stopped, UpdateItem,
    subscription_key,
};

use super::fake::{Fake, KEY};

/// The service behind a client, which counts what it sends.
#[derive(Clone)]
struct Service {
    fake: Arc<Mutex<Fake>>,
    sent: Arc<Mutex<Vec<String>>>,
}

#[async_trait]
impl Transport for Service {
    async fn send(&self, request: Request<Vec<u8>>) -> Result<Response<Vec<u8>>, TransportError> {
        self.sent.lock().unwrap().push(request.uri().to_string());
        Ok(self.fake.lock().unwrap().answer(&request))
    }
}

/// Gets the token that the service takes now.
#[async_trait]
impl Refresh for Service {
    async fn refresh(&self, _: &ActionContext, _: &Credential) -> Result<AccessToken, ActionError> {
        Ok(AccessToken::new(Secret::new(self.fake.lock().unwrap().new_token())))
    }
}

fn at(second: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(1_772_330_400 + second, 0).unwrap()
}

fn service() -> Service {
    let mut fake = Fake::new(at(0), 1);
    let customers = (0..205).map(|n| {
        let item = json!({"id": format!("c-{n}"), "Name": format!("Customer {n}"), "Number": n});
        item.as_object().unwrap().clone()
    });
    fake.items.insert("Customer".to_owned(), customers.collect());
    fake.items.insert("Größe/m²".to_owned(), vec![Map::from_iter([("id".to_owned(), json!("a/b?c#d"))])]);
    Service { fake: Arc::new(Mutex::new(fake)), sent: Arc::default() }
}

impl Service {
    fn login(&self) -> Login {
        Login::new(Credential::bearer(Secret::new(self.fake.lock().unwrap().first_token())))
            .with_refresh(self.clone())
    }

    fn over<A: tripline::action::HttpAction + 'static>(&self, action: A) -> DynAction {
        let over = OverHttp::new(action, self.clone()).with_login(self.login());
        DynAction::new(over.with_login(subscription_key(Secret::new(KEY))))
    }

    fn all_items(&self) -> GetAllItems<Self> {
        let action = GetAllItems::new(self.clone()).with_login(self.login());
        action.with_login(subscription_key(Secret::new(KEY)))
    }

    fn pass(&self, seconds: i64) {
        let mut fake = self.fake.lock().unwrap();
        fake.now += TimeDelta::seconds(seconds);
    }

    fn sent(&self) -> usize {
        self.sent.lock().unwrap().len()
    }
}

fn run(action: &DynAction, input: Value) -> Result<Value, ActionError> {
    block_on(action.run(&ActionContext::new(at(0), "d-17"), input))
}

fn get_all(action: &GetAllItems<Service>, search: ItemSearch) -> Result<Items, ActionError> {
    block_on(action.run(&ActionContext::new(at(0), "d-17"), search))
}

/// Polls until it is ready; nothing here waits for another thread.
fn block_on<F: Future>(future: F) -> F::Output {
    let (mut future, mut context) =
        (std::pin::pin!(future), std::task::Context::from_waker(std::task::Waker::noop()));
    loop {
        if let std::task::Poll::Ready(output) = future.as_mut().poll(&mut context) {
            return output;
        }
    }
}

#[test]
fn an_item_is_created_read_changed_and_read_again() {
    let service = service();
    let item = json!({"id": "c-new", "Name": "Ana"});
    let new = json!({"instance": "contoso", "entity": "Customer", "item": item});
    assert_eq!(
        run(&service.over(CreateItem::new()), new.clone()).unwrap(),
        json!({"status": 201, "item": item})
    );
    let error = run(&service.over(CreateItem::new()), new).unwrap_err();
    assert!(error.is_invalid_input() && error.to_string().contains("ItemExists"), "{error}");

    let change = json!({"instance": "contoso", "entity": "Customer", "id": "c-new", "item": {"Name": "Bea"}});
    for _ in 0..2 {
        assert_eq!(run(&service.over(UpdateItem::new()), change.clone()).unwrap(), json!({"status": 204}));
    }
    let key = json!({"instance": "contoso", "entity": "Customer", "id": "c-new"});
    assert_eq!(
        run(&service.over(GetItem::new()), key).unwrap(),
        json!({"item": {"id": "c-new", "Name": "Bea"}})
    );
    let odd = json!({"instance": "contoso", "entity": "Größe/m²", "id": "a/b?c#d"});
    assert_eq!(run(&service.over(GetItem::new()), odd).unwrap(), json!({"item": {"id": "a/b?c#d"}}));
    for missing in [
        json!({"instance": "contoso", "entity": "Customer", "id": "nobody"}),
        json!({"instance": "contoso", "entity": "Nothing", "id": "c-1"}),
        json!({"instance": "nowhere", "entity": "Customer", "id": "c-1"}),
    ] {
        assert!(run(&service.over(GetItem::new()), missing).unwrap_err().is_permanent());
    }
}

#[test]
fn entities_partitions_and_their_data_are_listed_and_reports_are_sent() {
    let service = service();
    assert_eq!(
        run(&service.over(GetEntities::new()), json!({"instance": "contoso"})).unwrap(),
        json!({"entities": [{"name": "Customer"}, {"name": "Größe/m²"}]})
    );
    let entity = json!({"instance": "contoso", "entity": "Größe/m²"});
    let partitions = json!({"partitions": [{"name": "p-0"}]});
    assert_eq!(run(&service.over(GetPartitions::new()), entity.clone()).unwrap(), partitions);
    assert_eq!(run(&service.over(GetPartitionsV2::new()), entity).unwrap(), partitions);
    let partition = json!({"instance": "contoso", "entity": "Größe/m²", "partition": "p-0"});
    assert_eq!(
        run(&service.over(GetPartitionData::new()), partition).unwrap(),
        json!({"items": [{"id": "a/b?c#d"}], "count": 1, "hasNext": false})
    );
    let report = |kind: &str| json!({"dataset": "contoso", "reportType": kind});
    for action in [service.over(SendStatusReport::new()), service.over(SendStatusReportV2::new())] {
        assert_eq!(run(&action, report("refresh")).unwrap(), json!({"status": 202}));
        let error = run(&action, report("weather")).unwrap_err();
        assert!(error.is_invalid_input() && error.to_string().contains("UnknownReportType"), "{error}");
    }
}

#[test]
fn a_page_says_whether_there_are_more() {
    let service = service();
    let get = service.over(GetItems::new());
    let query = |top: u32, skip: u32| json!({"instance": "contoso", "entity": "Customer", "$top": top, "$skip": skip});
    let page = run(&get, query(100, 0)).unwrap();
    assert_eq!((page["count"].as_u64(), page["hasNext"].as_bool()), (Some(40), Some(true)));
    let page = run(&get, query(100, 200)).unwrap();
    assert_eq!((page["count"].as_u64(), page["hasNext"].as_bool()), (Some(5), Some(false)));
    assert_eq!(page["items"][4]["Number"], 204);
}

#[test]
fn a_token_that_has_ended_is_renewed_and_the_call_made_again() {
    let service = service();
    let get = service.over(GetEntities::new());
    run(&get, json!({"instance": "contoso"})).unwrap();
    service.pass(3_600);
    run(&get, json!({"instance": "contoso"})).unwrap();
    assert_eq!(service.sent(), 3, "one was refused");
    let wrong_key = OverHttp::new(GetEntities::new(), service.clone()).with_login(service.login());
    let wrong_key = DynAction::new(wrong_key.with_login(subscription_key(Secret::new("another"))));
    assert!(run(&wrong_key, json!({"instance": "contoso"})).unwrap_err().is_permanent());
}

#[test]
fn all_items_are_got_page_after_page_whatever_the_service_gives_at_once() {
    for page_size in [1_000, 100, 40, 17] {
        let service = service();
        let search = ItemSearch::new("contoso", "Customer").with_page_size(page_size).with_orderby("id asc");
        let items = get_all(&service.all_items(), search).unwrap();
        let numbers: Vec<u64> = items.items().iter().map(|item| item["Number"].as_u64().unwrap()).collect();
        assert_eq!(numbers, (0..205).collect::<Vec<_>>(), "{page_size}");
        assert_eq!((items.stopped(), items.next_skip()), (Stopped::End, None));
        assert_eq!(items.pages() as usize, service.sent());
    }
}

/// One run after another, from where the last one stopped.
fn in_runs(action: &GetAllItems<Service>, limit: u32) -> (Vec<u64>, Vec<Stopped>) {
    let (mut numbers, mut stops, mut skip) = (Vec::new(), Vec::new(), 0);
    loop {
        let search =
            ItemSearch::new("contoso", "Customer").with_skip(skip).with_limit(limit).with_page_size(30);
        let items = get_all(action, search).unwrap();
        numbers.extend(items.items().iter().map(|item| item["Number"].as_u64().unwrap()));
        stops.push(items.stopped());
        match items.next_skip() {
            Some(next) => skip = next,
            None => return (numbers, stops),
        }
    }
}

#[test]
fn each_bound_stops_a_run_and_the_next_goes_on_there() {
    let all: Vec<u64> = (0..205).collect();
    let (numbers, stops) = in_runs(&service().all_items(), 70);
    assert_eq!((numbers, stops), (all.clone(), vec![Stopped::Limit, Stopped::Limit, Stopped::End]));
    let (numbers, stops) = in_runs(&service().all_items().with_max_pages(3), 1_000);
    assert_eq!((numbers, stops), (all.clone(), vec![Stopped::Pages, Stopped::Pages, Stopped::End]));
    let (numbers, stops) = in_runs(&service().all_items().with_max_bytes(5_000), 1_000);
    assert_eq!(numbers, all);
    assert!(stops.len() > 2 && stops[0] == Stopped::Bytes, "{stops:?}");
}

#[test]
fn a_page_that_is_too_long_by_itself_is_told_as_such() {
    let search = ItemSearch::new("contoso", "Customer").with_page_size(30);
    let error = get_all(&service().all_items().with_max_bytes(1_000), search).unwrap_err();
    assert_eq!(error.to_string(), "pageSize: a page of 30 items has more than 1000 bytes");
}

#[test]
fn its_own_throttle_stops_a_run_with_the_time_at_which_it_goes_on() {
    let service = service();
    let rate = Rate::new(2, std::time::Duration::from_secs(60)).unwrap();
    let throttle = Arc::new(Mutex::new(Throttle::new(rate)));
    let action = service.all_items().with_throttle(throttle.clone(), "c-7");
    let search = || ItemSearch::new("contoso", "Customer").with_page_size(30);
    let items = get_all(&action, search()).unwrap();
    assert_eq!((items.items().len(), items.stopped(), items.next_skip()), (60, Stopped::Throttle, Some(60)));
    assert_eq!(items.not_before(), Some(at(60)));
    // The next run has nothing to give yet.
    let error = get_all(&action, search().with_skip(60)).unwrap_err();
    assert_eq!(
        (error.class(), error.retry_after()),
        (ErrorClass::Throttled, Some(std::time::Duration::from_secs(60)))
    );
    assert_eq!(service.sent(), 2);
    // Another connection has calls of its own.
    assert_eq!(throttle.lock().unwrap().take(at(0), "c-8").unwrap(), Slot::Granted);
}

#[test]
fn the_services_throttle_stops_a_run_and_holds_back_all_that_share_the_connection() {
    let service = service();
    let get = service.over(GetEntities::new());
    for _ in 0..98 {
        run(&get, json!({"instance": "contoso"})).unwrap();
    }
    let throttle = Arc::new(Mutex::new(Throttle::new(RATE)));
    let action = service.all_items().with_throttle(throttle.clone(), "c-7");
    let search = ItemSearch::new("contoso", "Customer").with_page_size(30);
    let items = get_all(&action, search.clone()).unwrap();
    assert_eq!((items.items().len(), items.stopped()), (60, Stopped::Throttle));
    assert_eq!(items.not_before(), Some(at(61)));
    assert_eq!(throttle.lock().unwrap().take(at(0), "c-7").unwrap(), Slot::NotBefore(at(61)));
    // Without a throttle of its own, the first page is refused by the service.
    let error = get_all(&service.all_items(), search).unwrap_err();
    assert_eq!(
        (error.class(), error.retry_after()),
        (ErrorClass::Throttled, Some(std::time::Duration::from_secs(61)))
    );
}
