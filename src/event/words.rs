//! Words that may grow: processes, outcomes and their like. Those known here
//! have constants; any other is kept as it is.

use std::cmp::Ordering;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

/// A known word, or one that came from outside.
#[derive(Clone)]
enum Word {
    Known(&'static str),
    Other(Arc<str>),
}

impl Word {
    fn as_str(&self) -> &str {
        match self {
            Self::Known(word) => word,
            Self::Other(word) => word,
        }
    }
}

macro_rules! words {
    ($(
        $(#[$doc:meta])*
        $name:ident $example:literal { $($(#[$constant_doc:meta])* $constant:ident = $word:literal,)* }
    )*) => {$(
        $(#[$doc])*
        #[derive(Clone)]
        pub struct $name(Word);

        impl $name {
            $($(#[$constant_doc])* pub const $constant: Self = Self(Word::Known($word));)*

            /// Every word that has a constant, in the order of the contract.
            #[doc = concat!("\n\n```\nuse tripline::event::", stringify!($name), ";\nassert_eq!(", stringify!($name), "::KNOWN[0].as_str(), ", stringify!($example), ");\n```")]
            pub const KNOWN: &[Self] = &[$(Self::$constant),*];

            /// The word as it stands in events.
            #[doc = concat!("\n\n```\nuse tripline::event::", stringify!($name), ";\nassert_eq!(", stringify!($name), "::from(", stringify!($example), ").as_str(), ", stringify!($example), ");\n```")]
            pub fn as_str(&self) -> &str {
                self.0.as_str()
            }
        }

        impl From<&str> for $name {
            fn from(word: &str) -> Self {
                match word {
                    $($word => Self::$constant,)*
                    _ => Self(Word::Other(word.into())),
                }
            }
        }

        impl PartialEq for $name {
            fn eq(&self, other: &Self) -> bool {
                self.as_str() == other.as_str()
            }
        }

        impl Eq for $name {}

        impl PartialOrd for $name {
            fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
                Some(self.cmp(other))
            }
        }

        impl Ord for $name {
            fn cmp(&self, other: &Self) -> Ordering {
                self.as_str().cmp(other.as_str())
            }
        }

        impl Hash for $name {
            fn hash<H: Hasher>(&self, state: &mut H) {
                self.as_str().hash(state);
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.debug_tuple(stringify!($name)).field(&self.as_str()).finish()
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(self.as_str())
            }
        }
    )*};
}

words! {
    /// What a task does: `ingestion`, `map`, `segmentation`, or any other word.
    ///
    /// The known words are the operation types of Dynamics 365 Customer Insights.
    ///
    /// ```
    /// use tripline::event::Process;
    /// assert_eq!(Process::from("ingestion"), Process::INGESTION);
    /// assert_eq!(Process::from("deduplication").as_str(), "deduplication");
    /// ```
    Process "ingestion" {
        /// A data source is read.
        INGESTION = "ingestion",
        /// Ingested data is prepared.
        DATA_PREPARATION = "dataPreparation",
        /// First phase of unification: source fields are mapped.
        MAP = "map",
        /// Second phase of unification: records that mean the same are matched.
        MATCH = "match",
        /// Third phase of unification: matched records are merged.
        MERGE = "merge",
        /// Unified profiles are stored.
        PROFILE_STORE = "profileStore",
        /// The search index is built.
        SEARCH = "search",
        /// Activities are built.
        ACTIVITY = "activity",
        /// Measures that are attributes of a profile are computed.
        ATTRIBUTE_MEASURES = "attributeMeasures",
        /// Measures that have a table of their own are computed.
        ENTITY_MEASURES = "entityMeasures",
        /// Measures are computed.
        MEASURES = "measures",
        /// Segments are computed.
        SEGMENTATION = "segmentation",
        /// Profiles are enriched.
        ENRICHMENT = "enrichment",
        /// Models are scored.
        INTELLIGENCE = "intelligence",
        /// Models of AI Builder are scored.
        AI_BUILDER = "aiBuilder",
        /// Insights are computed.
        INSIGHTS = "insights",
        /// Data is exported.
        EXPORT = "export",
        /// Models are managed.
        MODEL_MANAGEMENT = "modelManagement",
        /// Relationships are refreshed.
        RELATIONSHIP = "relationship",
    }

    /// How a task or a job ended: `succeeded`, `failed`, or any other word.
    ///
    /// ```
    /// use tripline::event::Outcome;
    /// assert_eq!(Outcome::from("timedOut"), Outcome::TIMED_OUT);
    /// assert_eq!(Outcome::from("halfDone").as_str(), "halfDone");
    /// ```
    Outcome "succeeded" {
        /// It did what it should.
        SUCCEEDED = "succeeded",
        /// It failed.
        FAILED = "failed",
        /// It was given up after too long a time.
        TIMED_OUT = "timedOut",
        /// It had nothing to do, or something before it failed.
        SKIPPED = "skipped",
        /// Somebody stopped it.
        CANCELED = "canceled",
    }

    /// Whether a failed task will be tried again by the platform itself.
    ///
    /// ```
    /// use tripline::event::FailureKind;
    /// assert_eq!(FailureKind::from("retrying"), FailureKind::RETRYING);
    /// assert_eq!(FailureKind::from("unclear").as_str(), "unclear");
    /// ```
    FailureKind "permanent" {
        /// It will not; what a failure counts as whose kind is absent.
        PERMANENT = "permanent",
        /// It will.
        RETRYING = "retrying",
    }

    /// How much a job refreshes: `full`, `incremental`, or any other word.
    ///
    /// ```
    /// use tripline::event::Scope;
    /// assert_eq!(Scope::from("full"), Scope::FULL);
    /// assert_eq!(Scope::from("partial").as_str(), "partial");
    /// ```
    Scope "full" {
        /// Everything.
        FULL = "full",
        /// Only what has changed, or was asked for.
        INCREMENTAL = "incremental",
    }

    /// How a job was started: `scheduled`, `onDemand`, or any other word.
    ///
    /// ```
    /// use tripline::event::Submission;
    /// assert_eq!(Submission::from("onDemand"), Submission::ON_DEMAND);
    /// assert_eq!(Submission::from("chained").as_str(), "chained");
    /// ```
    Submission "scheduled" {
        /// By the platform's schedule.
        SCHEDULED = "scheduled",
        /// By a person or a call.
        ON_DEMAND = "onDemand",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_known_word_is_itself_again_when_it_is_read_and_case_matters() {
        for process in Process::KNOWN {
            assert_eq!(&Process::from(process.as_str()), process);
            assert!(matches!(Process::from(process.as_str()).0, Word::Known(_)));
        }
        assert_eq!(Process::KNOWN.len(), 19);
        assert_ne!(Process::from("Ingestion"), Process::INGESTION);
    }

    #[test]
    fn words_are_equal_ordered_and_shown_by_their_text() {
        assert_eq!(format!("{} {:?}", Outcome::from("x"), Outcome::FAILED), "x Outcome(\"failed\")");
        assert!(Outcome::CANCELED < Outcome::from("d") && Outcome::from("d") < Outcome::FAILED);
    }
}
