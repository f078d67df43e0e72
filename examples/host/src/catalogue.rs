//! What subscribers can choose from: the instances, data sources, segments and measures that events have named.
//!
//! A name is kept by the pipeline in the batch of the event that first told it, so that it is there after a restart too.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde_json::{from_str, to_string};
use tripline::action::Choice;
use tripline::event::{Event, RefreshCompleted, ValueObserved};
use tripline::pipeline::{Keep, Pipeline};

use crate::instance::is_meant;
use crate::keys::Access;

/// Most names of all sources; those that come later are no choice, but can be typed in.
const NAMES: usize = 5_000;
/// What the keys begin with under which names are kept.
const KEPT: &str = "host/name/";
/// The longest key that the pipeline keeps.
const MAX_KEY: usize = 512;

/// A list, the source that it is of, and an id of it.
type Name = (String, String, String);

/// A clone is the same one.
#[derive(Debug, Clone)]
pub struct Catalogue {
    /// With the title of each.
    names: Arc<Mutex<BTreeMap<Name, String>>>,
    access: Access,
}

impl Catalogue {
    /// With the names that a pipeline keeps.
    pub fn of(pipeline: &Pipeline, access: Access) -> Self {
        let kept = pipeline.kept_under(KEPT);
        let names =
            kept.filter_map(|(key, title)| Some((from_str(key.strip_prefix(KEPT)?).ok()?, title.to_owned())));
        Self { names: Arc::new(Mutex::new(names.collect())), access }
    }

    /// What is to be kept with events, for the names that are new in them.
    pub fn news(&self, events: &[Event<'_>]) -> Vec<Keep> {
        let mut news = BTreeMap::new();
        let known = self.names();
        for (name, title) in events.iter().filter_map(named) {
            let Ok(id) = to_string(&name) else { continue };
            let key = format!("{KEPT}{id}");
            let is_room = known.len() + news.len() < NAMES && key.len() <= MAX_KEY;
            if is_room && !known.contains_key(&name) {
                news.insert(key, title);
            }
        }
        news.into_iter().map(|(key, title)| Keep::put(key, title)).collect()
    }

    /// Takes note of names that the pipeline has taken.
    pub fn took(&self, news: &[Keep]) {
        let mut names = self.names();
        for keep in news {
            let name = keep.key().strip_prefix(KEPT).and_then(|id| from_str(id).ok());
            if let (Some(name), Some(title)) = (name, keep.value()) {
                names.insert(name, title.to_owned());
            }
        }
    }

    /// The choices of a list for a subscriber, of one instance or of all; those alone that it may watch.
    pub fn choices(&self, subscriber: &str, list: &str, instance: Option<&str>) -> Vec<Choice> {
        let names = self.names();
        let seen = names.iter().filter(|((_, source, _), _)| self.access.may_see(subscriber, source));
        let mut choices: Vec<(&str, &str)> = match list {
            "instances" => seen.map(|((_, source, _), _)| (source.as_str(), source.as_str())).collect(),
            _ => {
                let of = seen.filter(|((of, source, _), _)| {
                    of == list
                        && instance.is_none_or(|instance| instance == "*" || is_meant(source, instance))
                });
                of.map(|((.., id), title)| (id.as_str(), title.as_str())).collect()
            }
        };
        choices.sort_unstable();
        choices.dedup_by_key(|(id, _)| *id);
        choices.into_iter().map(|(id, title)| Choice::new(id).with_title(title)).collect()
    }

    fn names(&self) -> MutexGuard<'_, BTreeMap<Name, String>> {
        // Nothing in here can panic halfway.
        self.names.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What an event names.
fn named(event: &Event<'_>) -> Option<(Name, String)> {
    let name = |list: &str, id: &str| (list.to_owned(), event.source().to_owned(), id.to_owned());
    if let Ok(Some(observed)) = ValueObserved::from_event(event) {
        let list = if observed.kind().as_str() == "measure" { "measures" } else { "segments" };
        return Some((name(list, observed.name()), observed.name().to_owned()));
    }
    let refresh = RefreshCompleted::from_event(event).ok()??;
    let item = refresh.item().filter(|_| refresh.process().as_str() == "ingestion")?;
    Some((name("datasources", item.id()), item.name().unwrap_or(item.id()).to_owned()))
}

#[cfg(test)]
mod tests {
    use tripline::event::Item;

    use super::*;
    use crate::keys::Keys;

    #[test]
    fn names_are_kept_once_and_shown_to_those_who_may_see_them() {
        let keys = "subscriber ana k-1f5Yq0CrZ9wT2mUe\nsubscriber bo k-8sLp3Vt6XbNq1RdA /instances/contoso";
        let access = Keys::read(keys).unwrap().access();
        let pipeline = Pipeline::builder(tripline::action::Registry::new()).build().unwrap();
        let catalogue = Catalogue::of(&pipeline, access);
        let value = |kind, name, source| ValueObserved::new(kind, name, 1.0).into_event("e", source).unwrap();
        let refresh =
            RefreshCompleted::new("ingestion", "succeeded").with_item(Item::new("ds-1").with_name("Loyalty"));
        let events = [
            value("segment", "vip", "/instances/contoso"),
            value("segment", "vip", "/instances/contoso"),
            value("measure", "revenue", "/instances/fabrikam"),
            refresh.into_event("r", "/instances/contoso").unwrap(),
        ];
        let news = catalogue.news(&events);
        assert_eq!(news.len(), 3);
        catalogue.took(&news);
        assert!(catalogue.news(&events).is_empty());
        let shown = |who, list, instance| {
            let choices = catalogue.choices(who, list, instance);
            choices.iter().map(|choice| choice.title().unwrap().to_owned()).collect::<Vec<_>>()
        };
        assert_eq!(shown("ana", "instances", None), ["/instances/contoso", "/instances/fabrikam"]);
        assert_eq!(shown("bo", "instances", None), ["/instances/contoso"]);
        assert_eq!(shown("ana", "segments", Some("/instances/contoso")), ["vip"]);
        assert_eq!(shown("ana", "measures", Some("*")), ["revenue"]);
        assert_eq!(shown("ana", "measures", Some("/instances/contoso")), [""; 0]);
        assert_eq!(shown("bo", "measures", None), [""; 0]);
        assert_eq!(shown("bo", "datasources", None), ["Loyalty"]);
    }
}
