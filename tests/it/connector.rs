//! A connector: what it declares, what is exported, and what notifications of it really look like.

mod export;
mod findings;
mod firings;
mod hostile;
mod lint;
mod mutations;

use serde_json::{Value, json};
use tripline::action::{DynamicChoices, Field, HttpAction, Metadata, Visibility};
use tripline::builtin::teams::TeamsChannelMessage;
use tripline::connector::{ChoiceList, Connector, Contact, Revision};

/// A declaration with one of everything, in which nothing is found.
fn declared() -> Connector {
    Connector::new("Contoso Insights")
        .with_description("Tells when segments, measures and refreshes of Contoso's data change.")
        .with_host("hooks.contoso.example")
        .with_base_path("/v1")
        .with_contact(Contact::new("Contoso Data", "https://contoso.example/support", "data@contoso.example"))
        .with_website("https://contoso.example/insights")
        .with_privacy_policy("https://contoso.example/privacy")
        .with_categories(["Data", "Marketing"])
        .with_publisher("Fabrikam")
        .with_stack_owner("Contoso")
        .with_icon_color("#0F6CBD")
        .with_limit("API calls per connection", 100, std::time::Duration::from_secs(60))
        .with_list(ChoiceList::new("entities", "entities").with_parameter("instance"))
        .with_action(TeamsChannelMessage::new().metadata())
        .with_action(get_items("getItems"))
        .with_action(get_items("getItemsV2"))
        .with_revision("GetItems", Revision::new("GetItems", 1).with_replacement("GetItemsV2"))
        .with_revision("GetItemsV2", Revision::new("GetItems", 2).with_preview(true))
}

/// An action with a field of every kind.
fn get_items(name: &str) -> Metadata {
    let of_instance = |list: &str, source: &str| DynamicChoices::new(list).with_parameter("instance", source);
    Metadata::new(name)
        .with_title("Get items from an entity")
        .with_description("Gets items from an entity, as many as there are.")
        .with_input(Field::string("instance").with_title("Instance").with_required(true).with_dynamic_choices("instances"))
        .with_input(
            Field::string("entity")
                .with_title("Entity")
                .with_required(true)
                .with_min_length(1)
                .with_dynamic_choices(of_instance("entities", "instance")),
        )
        .with_input(
            Field::object(
                "scope",
                [
                    Field::string("of").with_title("Of instance"),
                    Field::string("segment").with_title("Segment").with_dynamic_choices(of_instance("segments", "of")),
                ],
            ),
        )
        .with_input(Field::integer("top").with_title("Top").with_default(50.0).with_range(1.0, 5_000.0))
        .with_input(Field::number("share").with_title("Share").with_choices([0.5, 1.0]).with_maximum(0.75e10))
        .with_input(Field::boolean("count").with_title("Count").with_default(false))
        .with_input(Field::secret("key").with_title("Key"))
        .with_input(Field::string("mode").with_visibility(Visibility::Internal).with_default("plain"))
        .with_input(Field::array("fields", Field::string("field")).with_title("Fields").with_max_length(20))
        .with_input(Field::object("extra", []).with_title("Extra"))
        .with_output(Field::array("items", Field::object("item", [])).with_title("Items").with_required(true))
        .with_output(Field::date_time("read").with_title("Read").with_visibility(Visibility::Advanced))
        .with_output(Field::secret("cursor"))
        .with_sample(
            json!({"instance": "contoso", "entity": "Customer", "key": "CANARY-7f3a", "scope": {"of": "contoso"}}),
            json!({"items": [{"CustomerId": "c-1"}], "cursor": "CANARY-7f3a"}),
        )
}

fn definition(connector: &Connector) -> Value {
    serde_json::from_str(connector.export().unwrap().definition()).unwrap()
}
