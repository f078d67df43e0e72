//! What a connector offers, and what people are told about it.

mod export;
mod operation;
mod validate;

pub use export::Export;

use std::time::Duration;

use super::{Authentication, ChoiceList, Contact, Finding, Profile, Revision};
use crate::action::{Metadata, Registry};
use crate::error::Error;

/// A connector as it is declared: what it offers, and what people are told about it.
///
/// It offers every trigger of [`Profile::all`], as a webhook and to be polled,
/// and the actions that are added. [`validate`](Self::validate) says what the platform
/// or its certification would refuse, [`export`](Self::export) writes the two files that are uploaded.
///
/// ```
/// use tripline::action::{Field, Metadata};
/// use tripline::connector::{Connector, Contact};
/// use serde_json::json;
///
/// let note = Metadata::new("postNote")
///     .with_title("Post a note")
///     .with_description("Puts a note on the board in the kitchen.")
///     .with_input(Field::string("text").with_title("Text").with_required(true))
///     .with_output(Field::integer("number").with_title("Number"))
///     .with_sample(json!({"text": "Cake!"}), json!({"number": 17}));
/// let connector = Connector::new("Contoso Insights")
///     .with_description("Tells when segments, measures and refreshes of Contoso's data change.")
///     .with_host("hooks.contoso.example")
///     .with_contact(Contact::new("Contoso Data", "https://contoso.example/support", "data@contoso.example"))
///     .with_website("https://contoso.example/insights")
///     .with_privacy_policy("https://contoso.example/privacy")
///     .with_publisher("Contoso")
///     .with_icon_color("#0f6cbd")
///     .with_action(note);
/// assert!(connector.validate().is_empty());
/// let export = connector.export()?;
/// assert!(export.definition().contains(r#""operationId": "PostNote""#));
/// # Ok::<(), tripline::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Connector {
    pub(super) title: String,
    pub(super) description: String,
    pub(super) version: String,
    pub(super) host: String,
    pub(super) base_path: String,
    pub(super) allows_http: bool,
    pub(super) contact: Option<Contact>,
    pub(super) website: String,
    pub(super) privacy_policy: String,
    pub(super) categories: Vec<String>,
    pub(super) publisher: String,
    pub(super) stack_owner: Option<String>,
    pub(super) icon_color: String,
    pub(super) authentication: Authentication,
    pub(super) limits: Vec<CallLimit>,
    pub(super) triggers: Vec<String>,
    pub(super) lists: Vec<ChoiceList>,
    pub(super) actions: Vec<Metadata>,
    pub(super) revisions: Vec<(String, Revision)>,
}

/// How fast a connection may call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct CallLimit {
    pub(super) name: String,
    pub(super) calls: u32,
    pub(super) per: Duration,
}

impl Connector {
    /// A connector of this title, at most 30 characters, with every trigger, no
    /// actions, and an API key in the header `X-Api-Key`.
    ///
    /// ```
    /// # use tripline::connector::Connector;
    /// assert_eq!(Connector::new("Contoso Insights").title(), "Contoso Insights");
    /// ```
    pub fn new(title: impl Into<String>) -> Self {
        Self {
            title: title.into(),
            description: String::new(),
            version: "1.0.0".to_owned(),
            host: String::new(),
            base_path: "/".to_owned(),
            allows_http: false,
            contact: None,
            website: String::new(),
            privacy_policy: String::new(),
            categories: vec!["Data".to_owned()],
            publisher: String::new(),
            stack_owner: None,
            icon_color: String::new(),
            authentication: Authentication::api_key("X-Api-Key"),
            limits: Vec::new(),
            triggers: Profile::all().iter().map(|profile| profile.name().to_owned()).collect(),
            lists: ChoiceList::built_in().to_vec(),
            actions: Vec::new(),
            revisions: Vec::new(),
        }
    }

    /// The same with a description of 30 to 500 characters.
    ///
    /// ```
    /// # use tripline::connector::Connector;
    /// let connector = Connector::new("Contoso Insights").with_description("Tells when Contoso's data changes.");
    /// ```
    #[must_use]
    pub fn with_description(mut self, description: impl Into<String>) -> Self {
        self.description = description.into();
        self
    }

    /// The same with another version than `1.0.0`.
    ///
    /// ```
    /// # use tripline::connector::Connector;
    /// let connector = Connector::new("Contoso Insights").with_version("1.1.0");
    /// ```
    #[must_use]
    pub fn with_version(mut self, version: impl Into<String>) -> Self {
        self.version = version.into();
        self
    }

    /// The same at a host, with its port where that is not the scheme's own.
    ///
    /// ```
    /// # use tripline::connector::Connector;
    /// let connector = Connector::new("Contoso Insights").with_host("hooks.contoso.example");
    /// assert_eq!(connector.host(), "hooks.contoso.example");
    /// ```
    #[must_use]
    pub fn with_host(mut self, host: impl Into<String>) -> Self {
        self.host = host.into();
        self
    }

    /// The same with its paths below this one, which starts with a slash and does not end with one.
    ///
    /// ```
    /// # use tripline::connector::Connector;
    /// assert_eq!(Connector::new("Contoso Insights").with_base_path("/v1").base_path(), "/v1");
    /// ```
    #[must_use]
    pub fn with_base_path(mut self, path: impl Into<String>) -> Self {
        self.base_path = path.into();
        self
    }

    /// The same reached over `http` too: for trials, since keys and firings are then there to read.
    ///
    /// ```
    /// # use tripline::connector::Connector;
    /// let connector = Connector::new("Contoso Insights").with_http(true);
    /// ```
    #[must_use]
    pub fn with_http(mut self, is_allowed: bool) -> Self {
        self.allows_http = is_allowed;
        self
    }

    /// The same with those who are asked about it.
    ///
    /// ```
    /// # use tripline::connector::{Connector, Contact};
    /// let contact = Contact::new("Contoso Data", "https://contoso.example/support", "data@contoso.example");
    /// let connector = Connector::new("Contoso Insights").with_contact(contact);
    /// ```
    #[must_use]
    pub fn with_contact(mut self, contact: Contact) -> Self {
        self.contact = Some(contact);
        self
    }

    /// The same with the URL of a page about what it connects to.
    ///
    /// ```
    /// # use tripline::connector::Connector;
    /// let connector = Connector::new("Contoso Insights").with_website("https://contoso.example/insights");
    /// ```
    #[must_use]
    pub fn with_website(mut self, url: impl Into<String>) -> Self {
        self.website = url.into();
        self
    }

    /// The same with the URL of its privacy policy.
    ///
    /// ```
    /// # use tripline::connector::Connector;
    /// let connector = Connector::new("Contoso Insights").with_privacy_policy("https://contoso.example/privacy");
    /// ```
    #[must_use]
    pub fn with_privacy_policy(mut self, url: impl Into<String>) -> Self {
        self.privacy_policy = url.into();
        self
    }

    /// The same in other categories than `Data`: one or two of those that Microsoft lists.
    ///
    /// ```
    /// # use tripline::connector::Connector;
    /// let connector = Connector::new("Contoso Insights").with_categories(["Data", "Marketing"]);
    /// ```
    #[must_use]
    pub fn with_categories<C: Into<String>>(mut self, categories: impl IntoIterator<Item = C>) -> Self {
        self.categories = categories.into_iter().map(Into::into).collect();
        self
    }

    /// The same with those who publish it, who are also taken for the owners of what it connects to.
    ///
    /// ```
    /// # use tripline::connector::Connector;
    /// let connector = Connector::new("Contoso Insights").with_publisher("Contoso");
    /// ```
    #[must_use]
    pub fn with_publisher(mut self, publisher: impl Into<String>) -> Self {
        self.publisher = publisher.into();
        self
    }

    /// The same with other owners of what it connects to.
    ///
    /// ```
    /// # use tripline::connector::Connector;
    /// let connector = Connector::new("Contoso Insights").with_publisher("Fabrikam").with_stack_owner("Contoso");
    /// ```
    #[must_use]
    pub fn with_stack_owner(mut self, owner: impl Into<String>) -> Self {
        self.stack_owner = Some(owner.into());
        self
    }

    /// The same with the colour behind its icon, `#` and six hexadecimal digits; neither white nor `#007ee5`.
    ///
    /// ```
    /// # use tripline::connector::Connector;
    /// let connector = Connector::new("Contoso Insights").with_icon_color("#0f6cbd");
    /// ```
    #[must_use]
    pub fn with_icon_color(mut self, color: impl Into<String>) -> Self {
        self.icon_color = color.into();
        self
    }

    /// The same with another way to say who one is than an API key in `X-Api-Key`.
    ///
    /// ```
    /// # use tripline::connector::{Authentication, Connector};
    /// let connector = Connector::new("Contoso Insights").with_authentication(Authentication::Basic);
    /// ```
    #[must_use]
    pub fn with_authentication(mut self, authentication: impl Into<Authentication>) -> Self {
        self.authentication = authentication.into();
        self
    }

    /// The same telling of one limit more: what is counted, and how many of it in how long.
    ///
    /// The files have it as `x-throttling-limits`; keeping to it is up to the host.
    ///
    /// ```
    /// # use tripline::connector::Connector;
    /// # use std::time::Duration;
    /// let minute = Duration::from_secs(60);
    /// let connector = Connector::new("Contoso Insights").with_limit("API calls per connection", 100, minute);
    /// ```
    #[must_use]
    pub fn with_limit(mut self, name: impl Into<String>, calls: u32, per: Duration) -> Self {
        self.limits.push(CallLimit { name: name.into(), calls, per });
        self
    }

    /// The same with only these triggers, by the names of their profiles.
    ///
    /// ```
    /// # use tripline::connector::Connector;
    /// let connector = Connector::new("Contoso Insights").with_triggers(["segmentThresholdCrossed"]);
    /// assert_eq!(connector.profiles().count(), 1);
    /// ```
    #[must_use]
    pub fn with_triggers<N: Into<String>>(mut self, names: impl IntoIterator<Item = N>) -> Self {
        self.triggers = names.into_iter().map(Into::into).collect();
        self
    }

    /// The same with a list more that fields of actions are chosen from.
    ///
    /// ```
    /// # use tripline::connector::{ChoiceList, Connector};
    /// let entities = ChoiceList::new("entities", "entities").with_parameter("instance");
    /// let connector = Connector::new("Contoso Insights").with_list(entities);
    /// assert_eq!(connector.lists().len(), 5);
    /// ```
    #[must_use]
    pub fn with_list(mut self, list: ChoiceList) -> Self {
        self.lists.push(list);
        self
    }

    /// The same with an action more.
    ///
    /// ```
    /// # use tripline::{action::Metadata, connector::Connector};
    /// let connector = Connector::new("Contoso Insights").with_action(Metadata::new("postNote"));
    /// assert_eq!(connector.actions()[0].name(), "postNote");
    /// ```
    #[must_use]
    pub fn with_action(mut self, metadata: Metadata) -> Self {
        self.actions.push(metadata);
        self
    }

    /// The same with all actions of a registry, in the order of their names.
    ///
    /// ```
    /// # use tripline::{action::{Metadata, Registry, action_fn}, connector::Connector};
    /// let mut registry = Registry::new();
    /// registry.add(action_fn(Metadata::new("ping"), |_, ()| async { Ok(()) }))?;
    /// let connector = Connector::new("Contoso Insights").with_actions(&registry);
    /// assert_eq!(connector.actions()[0].name(), "ping");
    /// # Ok::<(), tripline::Error>(())
    /// ```
    #[must_use]
    pub fn with_actions(mut self, registry: &Registry) -> Self {
        self.actions.extend(registry.iter().map(|action| action.metadata().clone()));
        self
    }

    /// The same with an operation said to be a certain revision, by the operation's id.
    ///
    /// An action's operation is its name with a capital letter; a trigger's is [`Profile::operation`],
    /// with `Poll` behind it for the one that is polled.
    ///
    /// ```
    /// # use tripline::{action::Metadata, connector::{Connector, Revision}};
    /// let connector = Connector::new("Contoso Insights")
    ///     .with_action(Metadata::new("getItems"))
    ///     .with_action(Metadata::new("getItemsV2"))
    ///     .with_revision("GetItems", Revision::new("GetItems", 1).with_replacement("GetItemsV2"))
    ///     .with_revision("GetItemsV2", Revision::new("GetItems", 2));
    /// ```
    #[must_use]
    pub fn with_revision(mut self, operation: impl Into<String>, revision: Revision) -> Self {
        self.revisions.push((operation.into(), revision));
        self
    }

    /// Everything that the platform or its certification would refuse, each with what mends it; empty where all is well.
    ///
    /// The rules are those of Microsoft's schemas of the two files, of its
    /// [OpenAPI extensions](https://learn.microsoft.com/connectors/custom-connectors/openapi-extensions) and of its
    /// [certification](https://learn.microsoft.com/connectors/custom-connectors/certification-submission), as far as a declaration can break them.
    ///
    /// ```
    /// # use tripline::connector::Connector;
    /// let findings = Connector::new("Contoso Insights").with_host("https://contoso.example").validate();
    /// let host = findings.iter().find(|finding| finding.place() == "host").unwrap();
    /// assert_eq!(host.remedy(), "write the name alone, such as hooks.contoso.example, with a port where it needs one");
    /// ```
    pub fn validate(&self) -> Vec<Finding> {
        validate::findings(self)
    }

    /// The two files that are uploaded, byte for byte the same for the same declaration.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Invalid`](crate::ErrorKind::Invalid) with everything that [`validate`](Self::validate) finds.
    ///
    /// ```
    /// # use tripline::connector::Connector;
    /// let error = Connector::new("Contoso Insights").export().unwrap_err();
    /// assert_eq!(error.faults()[0].path(), "description");
    /// ```
    pub fn export(&self) -> Result<Export, Error> {
        let findings = self.validate();
        if findings.is_empty() {
            return export::export(self);
        }
        Err(Error::from_faults(findings.into_iter().map(Finding::into_fault).collect()))
    }

    /// The title.
    ///
    /// ```
    /// # use tripline::connector::Connector;
    /// assert_eq!(Connector::new("Contoso Insights").title(), "Contoso Insights");
    /// ```
    pub fn title(&self) -> &str {
        &self.title
    }

    /// The host, empty where none was named.
    ///
    /// ```
    /// # use tripline::connector::Connector;
    /// assert_eq!(Connector::new("Contoso Insights").host(), "");
    /// ```
    pub fn host(&self) -> &str {
        &self.host
    }

    /// What all paths are below.
    ///
    /// ```
    /// # use tripline::connector::Connector;
    /// assert_eq!(Connector::new("Contoso Insights").base_path(), "/");
    /// ```
    pub fn base_path(&self) -> &str {
        &self.base_path
    }

    /// How a connection says who it is.
    ///
    /// ```
    /// # use tripline::connector::{Authentication, Connector};
    /// assert_eq!(Connector::new("Contoso Insights").authentication(), &Authentication::api_key("X-Api-Key"));
    /// ```
    pub fn authentication(&self) -> &Authentication {
        &self.authentication
    }

    /// The triggers that it offers, in the order in which they were named; names that are none are left out.
    ///
    /// ```
    /// # use tripline::connector::Connector;
    /// assert_eq!(Connector::new("Contoso Insights").profiles().count(), 6);
    /// ```
    pub fn profiles(&self) -> impl Iterator<Item = &'static Profile> {
        self.triggers.iter().filter_map(|name| Profile::named(name))
    }

    /// The lists that drop-downs are filled from, those of the triggers first.
    ///
    /// ```
    /// # use tripline::connector::Connector;
    /// assert_eq!(Connector::new("Contoso Insights").lists()[0].name(), "instances");
    /// ```
    pub fn lists(&self) -> &[ChoiceList] {
        &self.lists
    }

    /// The actions that it offers.
    ///
    /// ```
    /// # use tripline::connector::Connector;
    /// assert!(Connector::new("Contoso Insights").actions().is_empty());
    /// ```
    pub fn actions(&self) -> &[Metadata] {
        &self.actions
    }
}
