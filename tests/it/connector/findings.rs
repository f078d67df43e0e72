//! Declarations broken on purpose: each rule has a fault that only it sees.

use std::time::Duration;

use serde_json::json;
use tripline::ErrorKind;
use tripline::action::{DynamicChoices, Field, Metadata, Visibility};
use tripline::connector::{Authentication, ChoiceList, Connector, Contact, OAuth2, Revision};

use super::declared;

fn told(connector: &Connector) -> Vec<String> {
    connector.validate().iter().map(ToString::to_string).collect()
}

fn contact(name: &str, url: &str, email: &str) -> Connector {
    declared().with_contact(Contact::new(name, url, email))
}

fn oauth2(settings: OAuth2) -> Connector {
    declared().with_authentication(settings)
}

fn sound_oauth2() -> OAuth2 {
    OAuth2::new("https://login.contoso.example/authorize", "https://login.contoso.example/token")
}

fn action(change: impl FnOnce(Metadata) -> Metadata) -> Connector {
    let metadata = Metadata::new("ping").with_title("Ping").with_description("Does nothing, politely.");
    declared().with_action(change(metadata))
}

fn input(field: Field) -> Connector {
    action(|metadata| metadata.with_input(Field::string("instance").with_title("Instance")).with_input(field))
}

fn list(list: ChoiceList) -> Connector {
    declared().with_list(list)
}

fn revision(operation: &str, revision: Revision) -> Connector {
    declared().with_revision(operation, revision)
}

/// A broken declaration, and the finding that it comes to: its place, and what begins the rest.
fn broken() -> Vec<(Connector, &'static str)> {
    let without_contact = Connector::new("Contoso Insights")
        .with_description("Tells when segments, measures and refreshes of Contoso's data change.")
        .with_host("hooks.contoso.example")
        .with_website("https://contoso.example/insights")
        .with_privacy_policy("https://contoso.example/privacy")
        .with_publisher("Contoso")
        .with_icon_color("#0f6cbd");
    let titled = |title: &str| {
        let sound = Contact::new("Contoso Data", "https://contoso.example/support", "data@contoso.example");
        Connector::new(title)
            .with_description("Tells when segments, measures and refreshes of Contoso's data change.")
            .with_host("hooks.contoso.example")
            .with_contact(sound)
            .with_website("https://contoso.example/insights")
            .with_privacy_policy("https://contoso.example/privacy")
            .with_publisher("Contoso")
            .with_icon_color("#0f6cbd")
    };
    let of_instance = || DynamicChoices::new("segments").with_parameter("instance", "instance");
    vec![
        // The connector as a whole.
        (titled(" "), "title: is missing; give it a title of at most 30 characters"),
        (titled("Insights of Contoso and Fabrikam"), "title: has 32 characters, the limit is 30; shorten it"),
        (
            titled("Contoso Insights!"),
            "title: \"Contoso Insights!\" does not end with a letter, a digit or ); ",
        ),
        (titled("Contoso API"), "title: \"Contoso API\" holds the word \"API\", which a title may not; "),
        (titled("A connector of Contoso"), "title: \"A connector of Contoso\" holds the word \"Connector\""),
        (
            titled("Contoso for Power Automate"),
            "title: names the product \"Power Automate\"; leave out where it runs",
        ),
        (declared().with_description("Short."), "description: has 6 characters, it takes 30 to 500; "),
        (
            declared().with_description("x".repeat(501)),
            "description: has 501 characters, it takes 30 to 500; ",
        ),
        (
            declared().with_description("Tells your Power BI when Contoso's data changes."),
            "description: names the product \"Power BI\"; ",
        ),
        (declared().with_version(""), "version: is missing; write a version such as 1.0.0"),
        (declared().with_host(""), "host: \"\" is not the name of a host; write the name alone"),
        (
            declared().with_host("https://contoso.example"),
            "host: \"https://contoso.example\" is not the name",
        ),
        (
            declared().with_host("contoso.example/api"),
            "host: \"contoso.example/api\" is not the name of a host; ",
        ),
        (declared().with_host("contoso.example:"), "host: \"contoso.example:\" is not the name of a host; "),
        (
            declared().with_host("contoso.example:65536"),
            "host: \"contoso.example:65536\" is not the name of a host; ",
        ),
        (declared().with_host("bücher.example"), "host: \"bücher.example\" is not the name of a host; "),
        (
            declared().with_host("localhost:8080"),
            "host: \"localhost:8080\" cannot be reached from where flows run; ",
        ),
        (declared().with_host("127.0.0.1"), "host: \"127.0.0.1\" cannot be reached from where flows run; "),
        (declared().with_base_path("v1"), "basePath: \"v1\" is not such a path; write a path such as /v1"),
        (declared().with_base_path("/v1/"), "basePath: \"/v1/\" is not such a path; "),
        (declared().with_base_path("/{tenant}"), "basePath: \"/{tenant}\" is not such a path; "),
        (without_contact.clone(), "contact: is missing; name who is asked, with a page and an address"),
        (
            contact("", "https://contoso.example", "a@b.example"),
            "contact.name: is missing; name a person or a team",
        ),
        (contact("Ana", "contoso.example", "a@b.example"), "contact.url: \"contoso.example\" is no URL; "),
        (contact("Ana", "https://contoso.example", "ana"), "contact.email: \"ana\" is not an address; "),
        (contact("Ana", "https://contoso.example", "ana@b"), "contact.email: \"ana@b\" is not an address; "),
        (
            contact("Ana", "https://contoso.example", "a na@b.example"),
            "contact.email: \"a na@b.example\" is not",
        ),
        (declared().with_website("javascript:alert(1)"), "website: \"javascript:alert(1)\" is no URL; "),
        (
            declared().with_privacy_policy(""),
            "privacyPolicy: is missing; write a URL that starts with https://",
        ),
        (declared().with_categories([""; 0]), "categories: there are 0; choose one or two"),
        (declared().with_categories(["Data", "AI", "Website"]), "categories: there are 3; choose one or two"),
        (
            declared().with_categories(["Insights"]),
            "categories: \"Insights\" is none that is known; choose from AI, ",
        ),
        (
            declared().with_categories(["AI", "AI"]),
            "categories[1]: \"AI\" is there twice; take one of them away",
        ),
        (declared().with_publisher(""), "publisher: is missing; name the company or the person"),
        (declared().with_stack_owner(""), "stackOwner: is missing; name the company or the person"),
        (declared().with_icon_color("blue"), "iconColor: \"blue\" is not a colour; write # and six"),
        (declared().with_icon_color("#0f6cbd00"), "iconColor: \"#0f6cbd00\" is not a colour; "),
        (declared().with_icon_color("#FFFFFF"), "iconColor: #FFFFFF is not allowed; choose another colour"),
        (declared().with_icon_color("#007ee5"), "iconColor: #007ee5 is not allowed; choose another colour"),
        (
            declared().with_authentication(Authentication::api_key("Api Key")),
            "authentication.header: \"Api Key\" is not the name of a header; write a name such as X-Api-Key",
        ),
        (
            oauth2(OAuth2::new("http://login.contoso.example", "https://t.example/")),
            "authentication.authorizationUrl: \"http://login.contoso.example\" is no URL over https; ",
        ),
        (
            oauth2(sound_oauth2().with_refresh_url("")),
            "authentication.refreshUrl: \"\" is no URL over https; write a URL that starts with https://",
        ),
        (
            oauth2(sound_oauth2().with_scope("read all", "Read.")),
            "authentication.scopes[0]: \"read all\" is no scope; ",
        ),
        (
            oauth2(sound_oauth2().with_scope("read", "Read.").with_scope("read", "Read.")),
            "authentication.scopes[1]: \"read\" is there twice; take one of them away",
        ),
        (declared().with_limit("", 1, Duration::from_secs(1)), "limits[1]: has no name; say what is counted"),
        (declared().with_limit("Calls", 0, Duration::from_secs(1)), "limits[1]: allows 0 calls in 1s; "),
        (declared().with_limit("Calls", 1, Duration::ZERO), "limits[1]: allows 1 calls in 0ns; "),
        // Triggers, lists, revisions.
        (
            declared().with_triggers(["segmentThresholdCrossed", "noData"]),
            "triggers[1]: \"noData\" is no trigger that a connector offers; choose from dataSourceRefreshFailed, ",
        ),
        (
            declared().with_triggers(["unificationCompleted", "unificationCompleted"]),
            "triggers[1]: \"unificationCompleted\" is there twice; take one of them away",
        ),
        (
            titled("Contoso Insights").with_triggers([""; 0]),
            "triggers: there are none, and no actions; offer a trigger or an action at least",
        ),
        (
            list(ChoiceList::new("all entities", "entities")),
            "lists.all entities: \"all entities\" cannot stand in a path and an operation's id; ",
        ),
        (
            list(ChoiceList::new("things", " ")),
            "lists.things: has no title; say in a word or two what is in it",
        ),
        (
            list(ChoiceList::new("things", "things").with_parameter("a b")),
            "lists.things: the parameter \"a b\" cannot stand in a query; ",
        ),
        (
            list(ChoiceList::new("things", "things").with_parameter("connectionId")),
            "lists.things: the parameter connectionId is the platform's own; ",
        ),
        (
            list(ChoiceList::new("things", "things").with_parameter("of").with_parameter("of")),
            "lists.things: the parameter \"of\" is there twice; take one of them away",
        ),
        (
            list(ChoiceList::new("Segments", "segments")),
            "lists.Segments: its operation \"ListSegments\" is also ListSegments of lists.segments; ",
        ),
        (
            list(ChoiceList::new("Connection", "connections")),
            "connection: its path \"/connection\" is also that of lists.Connection; ",
        ),
        (
            declared().with_action(
                Metadata::new("GetItems").with_title("Get items").with_description("Gets items."),
            ),
            "actions.GetItems: its operation \"GetItems\" is also GetItems of actions.getItems; ",
        ),
        (
            declared().with_action(
                Metadata::new("unsubscribe").with_title("Leave").with_description("Leaves a list."),
            ),
            "subscriptions: its operation \"Unsubscribe\" is also Unsubscribe of actions.unsubscribe; ",
        ),
        (
            declared().with_action(
                Metadata::new("segmentThresholdCrossedPoll")
                    .with_title("Ask")
                    .with_description("Asks again."),
            ),
            "actions.segmentThresholdCrossedPoll: its operation \"SegmentThresholdCrossedPoll\" is also ",
        ),
        (
            revision("GetItem", Revision::new("GetItem", 1)),
            "revisions.GetItem: there is no operation \"GetItem\"; write one of DataSourceRefreshFailed, ",
        ),
        (
            revision("GetItems", Revision::new("GetItems", 3)),
            "revisions.GetItems: is there twice; say once which revision it is",
        ),
        (
            revision("PostTeamsChannelMessage", Revision::new("", 1)),
            "revisions.PostTeamsChannelMessage: the family has no name; write the id of its first operation",
        ),
        (
            revision("PostTeamsChannelMessage", Revision::new("Post", 0)),
            "revisions.PostTeamsChannelMessage: the number is 0; count from 1",
        ),
        (
            revision("PostTeamsChannelMessage", Revision::new("GetItems", 2)),
            "revisions.PostTeamsChannelMessage: GetItemsV2 is number 2 of the family already; count on",
        ),
        (
            revision(
                "PostTeamsChannelMessage",
                Revision::new("Post", 1).with_replacement("GetItemsV2").with_deprecated(false),
            ),
            "revisions.PostTeamsChannelMessage: has a replacement and is not deprecated; deprecate it",
        ),
        (
            revision("PostTeamsChannelMessage", Revision::new("Post", 1).with_replacement("PostV2")),
            "revisions.PostTeamsChannelMessage: the replacement \"PostV2\" is no other operation; ",
        ),
        (
            action(|it| it.with_title("x".repeat(68)))
                .with_revision("Ping", Revision::new("Ping", 1).with_deprecated(true)),
            "revisions.Ping: its title has no room for \" (deprecated)\" within 80 characters; shorten the title",
        ),
        (
            revision("PostTeamsChannelMessage", Revision::new("Post", 1).with_replacement("GetItems")),
            "revisions.PostTeamsChannelMessage: the replacement \"GetItems\" is deprecated itself; ",
        ),
        // Actions.
        (action(|it| it.with_title("")), "actions.ping.title: is missing; say in a few words what it does"),
        (
            action(|it| it.with_title("x".repeat(81))),
            "actions.ping.title: has 81 characters, the limit is 80; shorten it",
        ),
        (
            action(|it| it.with_title("Ping/pong")),
            "actions.ping.title: \"Ping/pong\" holds '/'; keep to ASCII letters, digits, spaces and ( ) - , . ' &",
        ),
        (action(|it| it.with_title("Élan")), "actions.ping.title: \"Élan\" holds 'É'; keep to ASCII letters"),
        (action(|it| it.with_title("Ping.")), "actions.ping.title: \"Ping.\" does not end with a letter"),
        (
            action(|it| it.with_title("Ping Copilot Studio")),
            "actions.ping.title: names the product \"Copilot Studio\"; ",
        ),
        (
            action(|it| it.with_description("")),
            "actions.ping.description: is missing; say in a sentence what it does",
        ),
        (
            action(|it| it.with_description("Does nothing. ")),
            "actions.ping.description: ends with \"Does nothing. \"; write sentences, and end the last one",
        ),
        (
            action(|it| it.with_description("Ping.")),
            "actions.ping.description: says what the title says; say more than the title does",
        ),
        (
            action(|it| it.with_description("Does nothing in Logic Apps.")),
            "actions.ping.description: names the product \"Logic Apps\"; ",
        ),
        (
            input(Field::integer("n").with_title("N").with_default("one")),
            "actions.ping.input.n.default: \"one\" is not a whole number; mend the metadata",
        ),
        (input(Field::string("text")), "actions.ping.input.text.title: is missing; say in a word or two"),
        (
            input(Field::string("text").with_title("x".repeat(81))),
            "actions.ping.input.text.title: has 81 characters, the limit is 80; shorten it",
        ),
        (
            input(Field::array("to", Field::object("one", [Field::string("name")])).with_title("To")),
            "actions.ping.input.to[].name.title: is missing; say in a word or two what is filled in",
        ),
        (
            input(Field::string("mode").with_required(true).with_visibility(Visibility::Internal)),
            "actions.ping.input.mode: is required and internal, and has no default; ",
        ),
        (
            input(Field::string("text").with_title("Text").with_default("")),
            "actions.ping.input.text.default: is empty; leave it out: nothing is what is sent without it",
        ),
        (
            input(Field::string("of").with_title("Of").with_dynamic_choices("nothing")),
            "actions.ping.input.of.choices: there is no list \"nothing\"; declare it with with_list, or ",
        ),
        (
            input(Field::string("of").with_title("Of").with_dynamic_choices("segments")),
            "actions.ping.input.of.choices: the list \"segments\" needs instance; say which field gives it",
        ),
        (
            input(
                Field::string("of")
                    .with_title("Of")
                    .with_dynamic_choices(of_instance().with_parameter("tenant", "instance")),
            ),
            "actions.ping.input.of.choices: the list \"segments\" takes no \"tenant\"; ",
        ),
        (
            input(
                Field::array("all", Field::object("one", [Field::string("$ref").with_title("R")]))
                    .with_title("All"),
            ),
            "actions.ping.input.all.$ref: would be read as a reference; give the field another name",
        ),
        (
            action(|it| it.with_output(Field::integer("$ref"))),
            "actions.ping.output.$ref: would be read as a reference; give the field another name",
        ),
        (
            input(Field::object("any", []).with_title("Any").with_default(json!({"a": [{"$ref": 1}]}))),
            "actions.ping.input.any: would be read as a reference; give the field another name, or another default",
        ),
        (
            action(|it| {
                it.with_output(Field::object("any", []))
                    .with_sample(json!({}), json!({"any": {"$ref": "#/x"}}))
            }),
            "actions.ping.samples[0].output: holds a member $ref, which is read as a reference; ",
        ),
        (
            oauth2(sound_oauth2().with_scope("$ref", "Read.")),
            "authentication.scopes[0]: would be read as a reference; give the scope another name",
        ),
        (
            action(|it| {
                it.with_input(Field::secret("key").with_title("Key")).with_input(
                    Field::string("of").with_title("Of").with_dynamic_choices(
                        DynamicChoices::new("segments").with_parameter("instance", "key"),
                    ),
                )
            }),
            "actions.ping.input.of.choices: depends on the secret key, which would stand in a URL; ",
        ),
        (
            input(
                Field::array(
                    "all",
                    Field::object(
                        "one",
                        [
                            Field::string("instance").with_title("Instance"),
                            Field::string("of").with_title("Of").with_dynamic_choices(of_instance()),
                        ],
                    ),
                )
                .with_title("All"),
            ),
            "actions.ping.input.all[].of.choices: depends on a field inside an array, ",
        ),
    ]
}

#[test]
fn nothing_is_found_where_nothing_is_wrong() {
    assert_eq!(told(&declared()), [""; 0]);
}

#[test]
fn every_broken_declaration_is_told_by_the_one_rule_that_it_breaks() {
    for (connector, expected) in broken() {
        let told = told(&connector);
        assert!(told.len() == 1 && told[0].starts_with(expected), "{expected}\n{told:#?}");
    }
}

#[test]
fn everything_is_told_at_once_and_nothing_is_written() {
    let findings = Connector::new("").validate();
    let places: Vec<&str> = findings.iter().map(|finding| finding.place()).collect();
    assert_eq!(
        places,
        [
            "title",
            "description",
            "host",
            "contact",
            "website",
            "privacyPolicy",
            "publisher",
            "stackOwner",
            "iconColor"
        ]
    );
    let error = Connector::new("").export().unwrap_err();
    assert_eq!((error.kind(), error.faults().len()), (ErrorKind::Invalid, findings.len()));
    assert!(findings.iter().all(|finding| !finding.what().is_empty() && !finding.remedy().is_empty()));
}

#[test]
fn what_is_huge_is_told_in_short() {
    let long = "ü".repeat(100_000);
    let told = told(
        &Connector::new(&*long)
            .with_host(&*long)
            .with_base_path(&*long)
            .with_website(&*long)
            .with_icon_color(&*long)
            .with_categories([&*long])
            .with_triggers([&*long])
            .with_contact(Contact::new("", &*long, &*long))
            .with_authentication(Authentication::api_key(&*long)),
    );
    assert!(told.len() >= 10 && told.iter().all(|finding| finding.len() < 500), "{told:?}");
}
