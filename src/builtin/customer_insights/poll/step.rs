//! The questions of a round, and how they are asked.

use http::{Method, Request};

use crate::action::{ActionError, AnswerLimits};
use crate::builtin::customer_insights::service::{about, reading};

/// One question.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Step {
    Status,
    Jobs,
    History,
    Sources,
    Segments,
    Measures,
    /// One measure, whose list did not say its values.
    Measure(String),
}

impl Step {
    /// The question in one word, for reports and as the key of its pauses.
    pub(super) fn word(&self) -> &'static str {
        match self {
            Self::Status => "status",
            Self::Jobs => "jobs",
            Self::History => "history",
            Self::Sources => "dataSources",
            Self::Segments => "segments",
            Self::Measures => "measures",
            Self::Measure(_) => "measure",
        }
    }

    /// The request that asks it.
    pub(super) fn request(
        &self,
        base: &str,
        instance: &str,
        top: u32,
        limits: AnswerLimits,
    ) -> Result<Request<Vec<u8>>, ActionError> {
        let of = about(Method::GET, base, "instance", instance);
        let workflow = || of.clone().with_segment("", "workflows").with_segment("", "main");
        let manage = |what: &str| of.clone().with_segment("", "manage").with_segment("", what);
        let top = top.to_string();
        let request = match self {
            Self::Status => workflow().with_segment("", "status"),
            Self::Jobs => {
                workflow().with_segment("", "jobs").with_query("top", &top).with_query("includeTasks", "true")
            }
            Self::History => workflow().with_segment("", "history").with_query("top", &top),
            Self::Sources => manage("datasources"),
            Self::Segments => manage("segments").with_query("includeHistoricStats", "false"),
            Self::Measures => manage("measures"),
            Self::Measure(name) => manage("measures").with_segment("measure", name),
        };
        let mut request = reading(request, limits.max_bytes())?;
        request.extensions_mut().insert(limits);
        Ok(request)
    }
}
