//! Customer Insights as a connector.

use std::time::Duration;

use crate::connector::Connector;

/// A connector with the six triggers of Customer Insights; the actions that a
/// host runs for its users are added to it.
///
/// What only the host knows is left to it: where it is, who publishes it, whom to ask.
/// Its title differs from that of Microsoft's own connector, so that people can tell them apart.
///
/// ```
/// use tripline::action::HttpAction;
/// use tripline::builtin::{customer_insights, teams::TeamsChannelMessage};
/// use tripline::connector::Contact;
///
/// let connector = customer_insights::connector()
///     .with_action(TeamsChannelMessage::new().metadata())
///     .with_host("hooks.contoso.example")
///     .with_contact(Contact::new("Contoso Data", "https://contoso.example/support", "data@contoso.example"))
///     .with_website("https://contoso.example/insights")
///     .with_privacy_policy("https://contoso.example/privacy")
///     .with_publisher("Contoso");
/// assert!(connector.validate().is_empty());
/// ```
pub fn connector() -> Connector {
    Connector::new("Customer Insights Triggers")
        .with_description(
            "Tells when segments and business measures of Dynamics 365 Customer Insights pass a threshold, \
             when refreshes of data sources fail or succeed, and when a full refresh or unification completes.",
        )
        .with_icon_color("#0f6cbd")
        .with_categories(["Data", "Marketing"])
        .with_limit("API calls per connection", 100, Duration::from_secs(60))
}
