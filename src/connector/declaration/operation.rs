//! The operations that a declaration comes to: their ids and their places, for checks and for the export alike.

use super::Connector;
use crate::action::Metadata;
use crate::connector::list::capitalised;
use crate::connector::{ChoiceList, Profile};

/// What the texts of an operation end with that is deprecated.
pub(super) const DEPRECATED: &str = " (deprecated)";

/// One operation.
#[derive(Debug, Clone)]
pub(super) struct Operation<'a> {
    pub(super) id: String,
    /// In lower case, as the definition has it.
    pub(super) method: &'static str,
    pub(super) path: String,
    /// Where in the declaration it comes from.
    pub(super) place: String,
    pub(super) kind: Kind<'a>,
}

#[derive(Debug, Clone, Copy)]
pub(super) enum Kind<'a> {
    Webhook(&'static Profile),
    Polling(&'static Profile),
    Status,
    Unsubscribe,
    List(&'a ChoiceList),
    Test,
    Action(&'a Metadata),
}

/// All of them, in the order of the definition.
pub(super) fn all(connector: &Connector) -> Vec<Operation<'_>> {
    let mut all = Vec::new();
    for profile in connector.profiles() {
        let (id, name) = (profile.operation(), profile.name());
        let place = format!("triggers.{name}");
        all.push(Operation {
            id: id.to_owned(),
            method: "post",
            path: format!("/subscriptions/{name}"),
            place: place.clone(),
            kind: Kind::Webhook(profile),
        });
        all.push(Operation {
            id: format!("{id}Poll"),
            method: "get",
            path: format!("/poll/{name}"),
            place,
            kind: Kind::Polling(profile),
        });
    }
    for action in &connector.actions {
        let name = action.name();
        all.push(Operation {
            id: capitalised(name),
            method: "post",
            path: format!("/actions/{name}"),
            place: format!("actions.{name}"),
            kind: Kind::Action(action),
        });
    }
    for (id, method, kind) in
        [("GetSubscription", "get", Kind::Status), ("Unsubscribe", "delete", Kind::Unsubscribe)]
    {
        let path = "/subscriptions/{id}".to_owned();
        all.push(Operation { id: id.to_owned(), method, path, place: "subscriptions".to_owned(), kind });
    }
    for list in &connector.lists {
        let (path, place) = (format!("/{}", list.name()), format!("lists.{}", list.name()));
        all.push(Operation { id: list.operation(), method: "get", path, place, kind: Kind::List(list) });
    }
    let (path, place) = ("/connection".to_owned(), "connection".to_owned());
    all.push(Operation { id: "TestConnection".to_owned(), method: "get", path, place, kind: Kind::Test });
    all
}
