//! The subscriptions that there are.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::record::{Form, Record};
use crate::time::Nanos;

/// One subscription or polled trigger.
#[derive(Debug, Clone)]
pub(super) struct Subscription {
    pub(super) record: Record,
    /// When it was last read or polled.
    pub(super) active: Nanos,
    /// When it is looked at next, to see whether it has ended.
    due: Nanos,
}

/// All of them, by id.
#[derive(Debug, Default)]
pub(super) struct Store {
    all: BTreeMap<Arc<str>, Subscription>,
    /// How many each principal has, those that are being made among them.
    by_principal: BTreeMap<String, usize>,
    making: usize,
    /// Polled triggers by principal and what they ask for.
    polled: BTreeMap<(String, String), Arc<str>>,
    due: BTreeSet<(Nanos, Arc<str>)>,
}

impl Store {
    pub(super) fn get(&self, id: &str) -> Option<&Subscription> {
        self.all.get(id)
    }

    /// The one of this id, if it is this principal's and is told by posts.
    pub(super) fn own(&self, principal: &str, id: &str) -> Option<&Subscription> {
        let found = self.all.get(id)?;
        let is_own = found.record.principal == principal && matches!(found.record.form, Form::Sealed(_));
        is_own.then_some(found)
    }

    pub(super) fn polled(&self, principal: &str, content: &str) -> Option<Arc<str>> {
        self.polled.get(&(principal.to_owned(), content.to_owned())).cloned()
    }

    /// How many there are, those that are being made among them.
    pub(super) fn len(&self) -> usize {
        self.all.len() + self.making
    }

    pub(super) fn of(&self, principal: &str) -> usize {
        self.by_principal.get(principal).copied().unwrap_or(0)
    }

    pub(super) fn ids(&self) -> impl Iterator<Item = &Arc<str>> {
        self.all.keys()
    }

    /// One is being made: its place counts from now on.
    pub(super) fn reserve(&mut self, principal: &str) {
        *self.by_principal.entry(principal.to_owned()).or_default() += 1;
        self.making += 1;
    }

    /// It is not being made any more: it is there, or will not be.
    pub(super) fn release(&mut self, principal: &str) {
        self.making -= 1;
        self.leave(principal);
    }

    pub(super) fn insert(&mut self, id: &str, record: Record, active: Nanos, due: Nanos) {
        let id: Arc<str> = id.into();
        *self.by_principal.entry(record.principal.clone()).or_default() += 1;
        if let Form::Polled(content) = &record.form {
            self.polled.insert((record.principal.clone(), content.clone()), id.clone());
        }
        self.due.insert((due, id.clone()));
        self.all.insert(id, Subscription { record, active, due });
    }

    pub(super) fn remove(&mut self, id: &str) -> Option<Subscription> {
        let (id, found) = self.all.remove_entry(id)?;
        self.due.remove(&(found.due, id));
        let principal = found.record.principal.clone();
        self.leave(&principal);
        if let Form::Polled(content) = &found.record.form {
            self.polled.remove(&(principal, content.clone()));
        }
        Some(found)
    }

    pub(super) fn get_mut(&mut self, id: &str) -> Option<&mut Subscription> {
        self.all.get_mut(id)
    }

    /// The one that is looked at next, and when.
    pub(super) fn next_due(&self) -> Option<(Nanos, Arc<str>)> {
        self.due.first().cloned()
    }

    pub(super) fn postpone(&mut self, id: &str, to: Nanos) {
        let Some((id, found)) = self.all.get_key_value(id).map(|(id, found)| (id.clone(), found.due)) else {
            return;
        };
        self.due.remove(&(found, id.clone()));
        if let Some(found) = self.all.get_mut(&id) {
            found.due = to;
        }
        self.due.insert((to, id));
    }

    fn leave(&mut self, principal: &str) {
        if let Some(count) = self.by_principal.get_mut(principal) {
            *count -= 1;
            if *count == 0 {
                self.by_principal.remove(principal);
            }
        }
    }
}
