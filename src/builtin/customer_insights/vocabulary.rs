//! The service's words for how things are and what they are.
//!
//! Dynamics 365 Customer Insights says the same in three vocabularies: the
//! diagnostic log's, the REST API's (`jobStatus`, `taskStatus`, `refreshState`,
//! a segment's `evaluationStatus`) and the status page's. All three are known
//! here, in any case:
//!
//! | means | words |
//! |---|---|
//! | [`Outcome::SUCCEEDED`] | `successful`, `CompletedSuccess`, `completed`, `updated`, `Success` |
//! | [`Outcome::FAILED`] | `failed`, `Failure`, `CompletedFailure`, `updateFailed`; with a kind: `Failed (permanent)`, `Failed (retrying)` |
//! | [`Outcome::TIMED_OUT`] | `timedOut` |
//! | [`Outcome::CANCELED`] | `aborted`, `Cancelled`, `Canceled`, `updateCancelled`, `Interrupted`, `deleted` |
//! | [`Outcome::SKIPPED`] | `skipped`, `NotQualified` |
//! | not ended | `queued`, `needsUpdate`, `running`, `notUpdated`, `updating`, `Processing`, `Refreshing`, `None`, `Not started` |
//!
//! ```
//! use tripline::builtin::customer_insights::vocabulary::{outcome_of, process_of, Status};
//! use tripline::event::{FailureKind, Outcome, Process};
//!
//! assert_eq!(outcome_of("CompletedSuccess"), Status::Ended(Outcome::SUCCEEDED, None));
//! assert_eq!(outcome_of("failed (RETRYING)"), Status::Ended(Outcome::FAILED, Some(FailureKind::RETRYING)));
//! assert_eq!(outcome_of("Not started"), Status::NotEnded);
//! assert_eq!(outcome_of("HalfDone"), Status::Unknown);
//! assert_eq!(process_of("TABLEMEASURES"), Process::ENTITY_MEASURES);
//! ```

use crate::event::{FailureKind, Outcome, Process, Scope, Submission};

/// What a status word says.
///
/// ```
/// use tripline::builtin::customer_insights::vocabulary::{outcome_of, Status};
/// assert!(matches!(outcome_of("timedOut"), Status::Ended(outcome, None) if outcome.as_str() == "timedOut"));
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Status {
    /// It has ended so; of a failure, whether it will be tried again, where the word says it.
    Ended(Outcome, Option<FailureKind>),
    /// It waits, or runs.
    NotEnded,
    /// No vocabulary here has the word.
    Unknown,
}

const ENDED: &[(Outcome, &[&str])] = &[
    (Outcome::SUCCEEDED, &["successful", "CompletedSuccess", "completed", "updated", "Success"]),
    (Outcome::FAILED, &["failed", "Failure", "CompletedFailure", "updateFailed"]),
    (Outcome::TIMED_OUT, &["timedOut"]),
    (Outcome::CANCELED, &["aborted", "Cancelled", "Canceled", "updateCancelled", "Interrupted", "deleted"]),
    (Outcome::SKIPPED, &["skipped", "NotQualified"]),
];

const FAILED: &[(FailureKind, &str)] =
    &[(FailureKind::PERMANENT, "Failed (permanent)"), (FailureKind::RETRYING, "Failed (retrying)")];

const NOT_ENDED: &[&str] = &[
    "queued",
    "needsUpdate",
    "running",
    "notUpdated",
    "updating",
    "Processing",
    "Refreshing",
    "None",
    "Not started",
];

/// Names of one process that it does not have everywhere.
const SYNONYMS: &[(&str, Process)] = &[("TableMeasures", Process::ENTITY_MEASURES)];

/// What `word` says of a task, a job, a data source, a segment or a measure.
///
/// ```
/// use tripline::builtin::customer_insights::vocabulary::{outcome_of, Status};
/// use tripline::event::Outcome;
/// assert_eq!(outcome_of("Interrupted"), Status::Ended(Outcome::CANCELED, None));
/// ```
pub fn outcome_of(word: &str) -> Status {
    let is = |known: &&str| known.eq_ignore_ascii_case(word);
    if let Some((outcome, _)) = ENDED.iter().find(|(_, words)| words.iter().any(is)) {
        return Status::Ended(outcome.clone(), None);
    }
    if let Some((kind, _)) = FAILED.iter().find(|(_, known)| is(known)) {
        return Status::Ended(Outcome::FAILED, Some(kind.clone()));
    }
    if NOT_ENDED.iter().any(is) { Status::NotEnded } else { Status::Unknown }
}

/// The process of an operation type (`Segmentation`), in any case; one that is
/// not known stays as it is. `TableMeasures` is what newer logs call `EntityMeasures`.
///
/// ```
/// use tripline::builtin::customer_insights::vocabulary::process_of;
/// assert_eq!(process_of("DataPreparation").as_str(), "dataPreparation");
/// assert_eq!(process_of("Deduplication").as_str(), "Deduplication");
/// ```
pub fn process_of(operation_type: &str) -> Process {
    let is = |known: &str| known.eq_ignore_ascii_case(operation_type);
    let synonym = SYNONYMS.iter().find(|(name, _)| is(name)).map(|(_, process)| process);
    let known = synonym.or_else(|| Process::KNOWN.iter().find(|process| is(process.as_str())));
    known.cloned().unwrap_or_else(|| Process::from(operation_type))
}

/// The scope of a workflow or job type (`full`, `Incremental`), in any case;
/// one that is not known stays as it is.
///
/// ```
/// use tripline::builtin::customer_insights::vocabulary::scope_of;
/// use tripline::event::Scope;
/// assert_eq!(scope_of("Full"), Scope::FULL);
/// ```
pub fn scope_of(job_type: &str) -> Scope {
    let known = Scope::KNOWN.iter().find(|scope| scope.as_str().eq_ignore_ascii_case(job_type));
    known.cloned().unwrap_or_else(|| Scope::from(job_type))
}

/// The submission of a submission kind (`OnDemand`, `Scheduled`), in any case;
/// one that is not known stays as it is.
///
/// ```
/// use tripline::builtin::customer_insights::vocabulary::submission_of;
/// use tripline::event::Submission;
/// assert_eq!(submission_of("OnDemand"), Submission::ON_DEMAND);
/// ```
pub fn submission_of(submission_kind: &str) -> Submission {
    let is = |known: &&Submission| known.as_str().eq_ignore_ascii_case(submission_kind);
    Submission::KNOWN.iter().find(is).cloned().unwrap_or_else(|| Submission::from(submission_kind))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_word_means_two_things_whatever_its_case() {
        let ended = ENDED.iter().flat_map(|(_, words)| *words).copied();
        let all = ended.chain(FAILED.iter().map(|(_, word)| *word)).chain(NOT_ENDED.iter().copied());
        let mut all: Vec<String> = all.map(str::to_ascii_lowercase).collect();
        assert_eq!(all.len(), 29);
        all.sort();
        all.dedup();
        assert_eq!(all.len(), 29);
    }

    #[test]
    fn every_word_is_known_in_every_case() {
        for (outcome, words) in ENDED {
            for word in *words {
                for word in [(*word).to_owned(), word.to_ascii_uppercase(), word.to_ascii_lowercase()] {
                    assert_eq!(outcome_of(&word), Status::Ended(outcome.clone(), None), "{word}");
                }
            }
        }
        for (kind, word) in FAILED {
            assert_eq!(
                outcome_of(&word.to_ascii_uppercase()),
                Status::Ended(Outcome::FAILED, Some(kind.clone()))
            );
        }
        for word in NOT_ENDED {
            assert_eq!(outcome_of(&word.to_ascii_uppercase()), Status::NotEnded, "{word}");
        }
        for word in ["", "ClientError", "successful ", "fail", "Failed (unclear)", "nоne"] {
            assert_eq!(outcome_of(word), Status::Unknown, "{word}");
        }
    }

    #[test]
    fn every_operation_type_of_the_log_is_a_known_process() {
        let types = "Ingestion DataPreparation Map Match Merge ProfileStore Search Activity AttributeMeasures \
            TableMeasures EntityMeasures Measures Segmentation Enrichment Intelligence AiBuilder Insights Export \
            ModelManagement Relationship";
        for name in types.split_whitespace() {
            for name in [name.to_owned(), name.to_uppercase(), name.to_lowercase()] {
                assert!(Process::KNOWN.contains(&process_of(&name)), "{name}");
            }
        }
        assert_eq!(process_of("All").as_str(), "All");
    }
}
