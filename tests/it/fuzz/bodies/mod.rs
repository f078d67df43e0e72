//! What each fuzz target does with its bytes, and what must hold of it. The tests beside it and the targets of `fuzz/`
//! run the same bodies.

mod callback_url;
mod engine_operations;
mod event_json;
mod flat_trigger;
#[cfg(feature = "flow")]
mod flow_json;
#[cfg(feature = "journal-file")]
mod folder;
mod input;
#[cfg(feature = "journal-file")]
mod journal_recovery;
#[cfg(feature = "email")]
mod mime;
mod retry_after;
#[cfg(feature = "flow")]
mod scenario;
#[cfg(feature = "signing")]
mod signature;
#[cfg(feature = "flow")]
mod snapshot_restore;
#[cfg(feature = "flow")]
mod template;
mod told;
mod trigger_json;

/// A body panics where something does not hold.
pub(crate) type Body = fn(&[u8]);

/// Every target by its name, which is that of its folder under `tests/data/fuzz`.
pub(crate) const ALL: &[(&str, Body)] = &[
    ("callback_url", callback_url::body),
    ("engine_operations", engine_operations::body),
    ("event_json", event_json::body),
    ("flat_trigger", flat_trigger::body),
    #[cfg(feature = "flow")]
    ("flow_json", flow_json::body),
    #[cfg(feature = "journal-file")]
    ("journal_recovery", journal_recovery::body),
    #[cfg(feature = "email")]
    ("mime", mime::body),
    ("retry_after", retry_after::body),
    #[cfg(feature = "signing")]
    ("signature", signature::body),
    #[cfg(feature = "flow")]
    ("snapshot_restore", snapshot_restore::body),
    #[cfg(feature = "flow")]
    ("template", template::body),
    ("trigger_json", trigger_json::body),
];
