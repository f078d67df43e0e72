//! A subscription as the pipeline keeps it.

use serde::{Deserialize, Serialize};

use crate::time::{Nanos, format_instant, parse_instant};

/// Under which the subscriptions are kept, by their ids.
pub(super) const SUBSCRIPTIONS: &str = "tripline.connector/s/";
/// Under which the number is kept that no subscription has had.
pub(super) const NEXT: &str = "tripline.connector/next";

/// The form of the records; a reader takes no other.
const VERSION: u32 = 1;

/// What is not in the flow of a subscription.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Record {
    pub(super) principal: String,
    pub(super) created: Nanos,
    /// When it was last read or polled, as far as written down.
    pub(super) active: Nanos,
    pub(super) form: Form,
}

/// How a subscription is told.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) enum Form {
    /// By posts to a callback: its URL and its secret, sealed, in base64.
    Sealed(String),
    /// By polls: the trigger as JSON without its id, which tells it from the principal's others.
    Polled(String),
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Line {
    v: u32,
    principal: String,
    created_at: String,
    active_at: String,
    #[serde(flatten)]
    form: Form,
}

/// What is sealed of a subscription.
#[derive(Serialize, Deserialize)]
pub(super) struct Secrets {
    pub(super) url: String,
    pub(super) secret: String,
}

impl Record {
    pub(super) fn to_json(&self) -> String {
        let line = Line {
            v: VERSION,
            principal: self.principal.clone(),
            created_at: format_instant(self.created),
            active_at: format_instant(self.active),
            form: self.form.clone(),
        };
        // Every key in it is a text, so it is always written.
        serde_json::to_string(&line).unwrap_or_default()
    }

    pub(super) fn read(text: &str) -> Result<Self, String> {
        let line: Line = serde_json::from_str(text).map_err(|error| error.to_string())?;
        if line.v != VERSION {
            return Err(format!("it is of version {}, and this build reads {VERSION}", line.v));
        }
        let instant = |text: &str| parse_instant(text).map_err(|error| error.to_string());
        Ok(Self {
            principal: line.principal,
            created: instant(&line.created_at)?,
            active: instant(&line.active_at)?,
            form: line.form,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_is_read_back_and_one_of_another_version_is_not() {
        for form in [Form::Sealed("c2VhbGVk".into()), Form::Polled("{}".into())] {
            let record = Record { principal: "ana".into(), created: 5, active: 7_000_000_000, form };
            let text = record.to_json();
            assert_eq!(Record::read(&text).unwrap(), record, "{text}");
            assert!(Record::read(&text.replace("\"v\":1", "\"v\":2")).unwrap_err().contains("version 2"));
        }
    }
}
