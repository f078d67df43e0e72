//! Customer Insights as a connector.

use std::time::Duration;

use super::{
    CreateItem, GetEntities, GetItem, GetItems, GetPartitionData, GetPartitions, GetPartitionsV2,
    SendStatusReport, SendStatusReportV2, UpdateItem,
};
use crate::action::{HttpAction, Metadata};
use crate::connector::Connector;

/// A connector with the six triggers and the ten actions of Customer Insights;
/// what else a host runs for its users is added to it. The actions are those of
/// the registry that the host's service runs by their names.
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
    let connector = Connector::new("Customer Insights Triggers")
        .with_description(
            "Tells when segments and business measures of Dynamics 365 Customer Insights pass a threshold, \
             when refreshes of data sources fail or succeed, and when a full refresh or unification completes.",
        )
        .with_icon_color("#0f6cbd")
        .with_categories(["Data", "Marketing"])
        .with_limit("API calls per connection", 100, Duration::from_secs(60));
    actions().into_iter().fold(connector, Connector::with_action)
}

/// In the order in which Microsoft lists those of its own connector.
fn actions() -> [Metadata; 10] {
    [
        CreateItem::new().metadata(),
        GetItem::new().metadata(),
        GetEntities::new().metadata(),
        GetItems::new().metadata(),
        GetPartitionData::new().metadata(),
        GetPartitions::new().metadata(),
        GetPartitionsV2::new().metadata(),
        SendStatusReport::new().metadata(),
        SendStatusReportV2::new().metadata(),
        UpdateItem::new().metadata(),
    ]
}
