//! The requests of the actions of Customer Insights.

use http::Request;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use tripline::action::{
    ActionContext, DynAction, HttpAction, OverHttp, Transport, TransportError, async_trait,
};
use tripline::builtin::customer_insights::{
    CreateItem, GetAllItems, GetEntities, GetItem, GetItems, GetPartitionData, GetPartitions,
    GetPartitionsV2, SendStatusReport, SendStatusReportV2, UpdateItem,
};

use super::{assert_golden, at, block_on, shown};

fn ctx() -> ActionContext {
    ActionContext::new(at(0), "d-17")
}

/// What the sample of an action makes, and the input as its type writes it again.
fn of_sample<A: HttpAction>(action: &A) -> Request<Vec<u8>>
where
    A::Input: Serialize + DeserializeOwned,
{
    let metadata = action.metadata();
    let sample = metadata.samples()[0].input();
    let input: A::Input = serde_json::from_value(sample.clone()).unwrap();
    assert_eq!(&serde_json::to_value(&input).unwrap(), sample, "nothing of it is lost");
    action.encode(&ctx(), &input).unwrap()
}

#[test]
fn each_action_sends_what_the_golden_file_has() {
    let requests = [
        of_sample(&CreateItem::new()),
        of_sample(&UpdateItem::new()),
        of_sample(&GetItem::new()),
        of_sample(&GetItems::new()),
        of_sample(&GetEntities::new()),
        of_sample(&GetPartitionData::new()),
        of_sample(&GetPartitions::new()),
        of_sample(&GetPartitionsV2::new()),
        of_sample(&SendStatusReport::new()),
        of_sample(&SendStatusReportV2::new()),
    ];
    let text: Vec<String> = requests.iter().map(shown).collect();
    assert_golden("customer_insights/requests.txt", &text.join("----\n"));
}

fn uri_of<A: HttpAction>(action: &A, input: Value) -> Result<String, Vec<String>> {
    let input: A::Input = serde_json::from_value(input).unwrap();
    match action.encode(&ctx(), &input) {
        Ok(request) => Ok(request.uri().to_string()),
        Err(error) => Err(error.fields().iter().map(|fault| fault.path().to_owned()).collect()),
    }
}

#[test]
fn hostile_names_stay_in_their_segment_or_are_refused_by_their_field() {
    let base = "https://api.ci.ai.dynamics.com/v1/instances";
    for (name, encoded) in [
        ("a/b", "a%2Fb"),
        ("../../admin", "..%2F..%2Fadmin"),
        ("a?b=c", "a%3Fb%3Dc"),
        ("a#b", "a%23b"),
        ("a%2Fb", "a%252Fb"),
        ("Kunden-Größe", "Kunden-Gr%C3%B6%C3%9Fe"),
        ("顧客", "%E9%A1%A7%E5%AE%A2"),
        ("a b+c", "a%20b%2Bc"),
        ("@evil.example", "%40evil.example"),
        ("...", "..."),
    ] {
        let key = json!({"instance": name, "entity": name, "id": name});
        assert_eq!(
            uri_of(&GetItem::new(), key),
            Ok(format!("{base}/{encoded}/data/{encoded}/{encoded}")),
            "{name}"
        );
        let partition = json!({"instance": name, "entity": name, "partition": name});
        let expected = format!("{base}/{encoded}/data/{encoded}/partitions/{encoded}");
        assert_eq!(uri_of(&GetPartitionData::new(), partition), Ok(expected), "{name}");
        let report = json!({"dataset": name, "reportType": name});
        let expected = format!("{base}/{encoded}/v2/reports/{encoded}");
        assert_eq!(uri_of(&SendStatusReportV2::new(), report), Ok(expected), "{name}");
        let query =
            json!({"instance": "i", "entity": "e", "$filter": name, "$select": name, "$orderby": name});
        let expected = format!("{base}/i/data/e?$filter={encoded}&$select={encoded}&$orderby={encoded}");
        assert_eq!(uri_of(&GetItems::new(), query), Ok(expected), "{name}");
    }
    for name in ["", ".", "..", "a\nb", "\0"] {
        let key = json!({"instance": name, "entity": name, "id": name});
        assert_eq!(uri_of(&GetItem::new(), key), Err(vec!["instance".into(), "entity".into(), "id".into()]));
        let report = json!({"dataset": name, "reportType": name});
        assert_eq!(
            uri_of(&SendStatusReport::new(), report),
            Err(vec!["dataset".into(), "reportType".into()])
        );
    }
}

#[test]
fn an_item_over_the_limit_is_not_sent() {
    let item = |size: usize| {
        let input = json!({"instance": "i", "entity": "e", "item": {"a": "x".repeat(size - 8)}});
        CreateItem::new().encode(&ctx(), &serde_json::from_value(input).unwrap())
    };
    assert_eq!(item(256 << 10).unwrap().body().len(), 256 << 10);
    let error = item((256 << 10) + 1).unwrap_err();
    assert_eq!(error.to_string(), "item: has 262145 bytes as JSON, the limit is 262144");
}

#[test]
fn what_was_written_is_a_success_whatever_the_answer_says() {
    let decode = |status: u16, body: &str| {
        let mut response = http::Response::new(body.as_bytes().to_vec());
        *response.status_mut() = status.try_into().unwrap();
        serde_json::to_value(CreateItem::new().decode(&ctx(), response).unwrap()).unwrap()
    };
    assert_eq!(decode(201, r#"{"LeadId":"l-7"}"#), json!({"status": 201, "item": {"LeadId": "l-7"}}));
    for body in ["", "<html>", "[]", "7", "null", r#"{"LeadId":"#] {
        assert_eq!(decode(204, body), json!({"status": 204}), "{body}");
    }
}

#[test]
fn numbers_of_an_item_are_neither_rounded_nor_rewritten() {
    let body = r#"{"big":18446744073709551615,"small":0.1,"low":-9223372036854775808}"#;
    let item = GetItem::new().decode(&ctx(), http::Response::new(body.into())).unwrap();
    assert_eq!(
        serde_json::to_string(item.item()).unwrap(),
        r#"{"big":18446744073709551615,"low":-9223372036854775808,"small":0.1}"#
    );
}

struct Nobody;

#[async_trait]
impl Transport for Nobody {
    async fn send(&self, _: Request<Vec<u8>>) -> Result<http::Response<Vec<u8>>, TransportError> {
        Err(TransportError::not_sent("there is nobody"))
    }
}

#[test]
fn every_action_has_a_name_of_its_own_and_says_what_it_is() {
    let actions = [
        DynAction::new(OverHttp::new(CreateItem::default(), Nobody)),
        DynAction::new(OverHttp::new(UpdateItem::default(), Nobody)),
        DynAction::new(OverHttp::new(GetItem::default(), Nobody)),
        DynAction::new(OverHttp::new(GetItems::default(), Nobody)),
        DynAction::new(OverHttp::new(GetEntities::default(), Nobody)),
        DynAction::new(OverHttp::new(GetPartitionData::default(), Nobody)),
        DynAction::new(OverHttp::new(GetPartitions::default(), Nobody)),
        DynAction::new(OverHttp::new(GetPartitionsV2::default(), Nobody)),
        DynAction::new(OverHttp::new(SendStatusReport::default(), Nobody)),
        DynAction::new(OverHttp::new(SendStatusReportV2::default(), Nobody)),
        DynAction::new(GetAllItems::new(Nobody)),
    ];
    let mut registry = tripline::action::Registry::new();
    for action in actions {
        let metadata = action.metadata().clone();
        assert!(metadata.description().is_some() && metadata.title() != metadata.name());
        for field in metadata.inputs().iter().chain(metadata.outputs()) {
            assert!(field.title().is_some(), "{} {}", metadata.name(), field.name());
        }
        let error = block_on(action.run(&ctx(), metadata.samples()[0].input().clone())).unwrap_err();
        assert!(error.is_transient() && !error.is_outcome_unknown(), "{error}");
        registry.add(action).unwrap();
    }
}
