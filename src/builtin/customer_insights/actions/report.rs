//! The status report of an instance.

use http::{Method, Request, Response};
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::over_base;
use crate::action::{ActionContext, ActionError, Effect, Field, HttpAction, HttpRequest, Metadata};
use crate::builtin::customer_insights::error::explain;
use crate::builtin::customer_insights::service::{MAX_ANSWER_BYTES, about, reading};

over_base! {
    /// Sends the status report: the action `sendStatusReport`,
    /// `POST /instances/{dataset}/reports/{reportType}`.
    ///
    /// Microsoft documents the two
    /// [inputs](https://learn.microsoft.com/connectors/customerinsights/#sends-the-status-report),
    /// both required, and neither a path nor who gets it; the path is this project's own. A
    /// report that is sent twice arrives twice, so it is [unsafe](Effect::Unsafe).
    ///
    /// ```
    /// use chrono::DateTime;
    /// use tripline::action::{ActionContext, HttpAction};
    /// use tripline::builtin::customer_insights::{SendStatusReport, StatusReport};
    ///
    /// let ctx = ActionContext::new(DateTime::UNIX_EPOCH, "d-17");
    /// let request = SendStatusReport::new().encode(&ctx, &StatusReport::new("contoso", "refresh"))?;
    /// assert_eq!(request.method(), "POST");
    /// assert_eq!(request.uri().path(), "/v1/instances/contoso/reports/refresh");
    /// # Ok::<(), tripline::action::ActionError>(())
    /// ```
    SendStatusReport
}

over_base! {
    /// Sends the status report, second version: the action
    /// `sendStatusReportV2`, `POST /instances/{dataset}/v2/reports/{reportType}`.
    ///
    /// What is said of [`SendStatusReport`] holds here too.
    ///
    /// ```
    /// use chrono::DateTime;
    /// use tripline::action::{ActionContext, HttpAction};
    /// use tripline::builtin::customer_insights::{SendStatusReportV2, StatusReport};
    ///
    /// let ctx = ActionContext::new(DateTime::UNIX_EPOCH, "d-17");
    /// let request = SendStatusReportV2::new().encode(&ctx, &StatusReport::new("contoso", "refresh"))?;
    /// assert_eq!(request.uri().path(), "/v1/instances/contoso/v2/reports/refresh");
    /// # Ok::<(), tripline::action::ActionError>(())
    /// ```
    SendStatusReportV2
}

/// Which report of which instance: the input of [`SendStatusReport`] and [`SendStatusReportV2`].
///
/// ```
/// use tripline::builtin::customer_insights::StatusReport;
/// let report: StatusReport = serde_json::from_str(r#"{"dataset":"contoso","reportType":"refresh"}"#)?;
/// assert_eq!(report, StatusReport::new("contoso", "refresh"));
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct StatusReport {
    dataset: String,
    report_type: String,
}

/// That it was taken: the output of [`SendStatusReport`] and [`SendStatusReportV2`].
///
/// ```
/// use tripline::builtin::customer_insights::Sent;
/// let sent: Sent = serde_json::from_str(r#"{"status":202}"#)?;
/// assert_eq!(sent.status(), 202);
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sent {
    status: u16,
}

impl StatusReport {
    /// The report of this type, of an instance: `dataset` is Microsoft's key for it.
    ///
    /// ```
    /// # use tripline::builtin::customer_insights::StatusReport;
    /// let report = StatusReport::new("contoso", "refresh");
    /// ```
    pub fn new(dataset: impl Into<String>, report_type: impl Into<String>) -> Self {
        Self { dataset: dataset.into(), report_type: report_type.into() }
    }

    fn described(metadata: Metadata) -> Metadata {
        let field = |name: &str, title: &str, description: &str| {
            Field::string(name)
                .with_title(title)
                .with_description(description)
                .with_required(true)
                .with_min_length(1)
        };
        metadata
            .with_effect(Effect::Unsafe)
            .with_input(field("dataset", "Instance ID", "The id of the instance."))
            .with_input(field("reportType", "Report type", "Which report."))
            .with_output(
                Field::integer("status").with_title("Status").with_description("202: it will be sent."),
            )
            .with_sample(json!({"dataset": "contoso", "reportType": "refresh"}), json!({"status": 202}))
    }

    fn request(&self, base: &str, version: Option<&str>) -> HttpRequest {
        let to = about(Method::POST, base, "dataset", &self.dataset);
        let to = version.into_iter().fold(to, |to, version| to.with_segment("", version));
        to.with_segment("", "reports").with_segment("reportType", &self.report_type)
    }
}

impl Sent {
    /// The answer's status.
    ///
    /// ```
    /// # use tripline::builtin::customer_insights::Sent;
    /// let sent: Sent = serde_json::from_str(r#"{"status":200}"#)?;
    /// assert_eq!(sent.status(), 200);
    /// # Ok::<(), serde_json::Error>(())
    /// ```
    pub fn status(&self) -> u16 {
        self.status
    }
}

impl HttpAction for SendStatusReport {
    type Input = StatusReport;
    type Output = Sent;

    fn metadata(&self) -> Metadata {
        StatusReport::described(Metadata::new("sendStatusReport"))
            .with_title("Send the status report")
            .with_description("Sends the status report of an instance.")
    }

    fn encode(&self, _: &ActionContext, input: &StatusReport) -> Result<Request<Vec<u8>>, ActionError> {
        reading(input.request(&self.base, None), MAX_ANSWER_BYTES)
    }

    fn decode(&self, _: &ActionContext, response: Response<Vec<u8>>) -> Result<Sent, ActionError> {
        Ok(Sent { status: response.status().as_u16() })
    }

    fn explain(&self, ctx: &ActionContext, response: &Response<Vec<u8>>, error: ActionError) -> ActionError {
        explain(ctx, response, error)
    }

    fn needs_whole_answer(&self) -> bool {
        false
    }
}

impl HttpAction for SendStatusReportV2 {
    type Input = StatusReport;
    type Output = Sent;

    fn metadata(&self) -> Metadata {
        StatusReport::described(Metadata::new("sendStatusReportV2"))
            .with_title("Send the status report V2")
            .with_description("Sends the status report of an instance, second version.")
    }

    fn encode(&self, _: &ActionContext, input: &StatusReport) -> Result<Request<Vec<u8>>, ActionError> {
        reading(input.request(&self.base, Some("v2")), MAX_ANSWER_BYTES)
    }

    fn decode(&self, _: &ActionContext, response: Response<Vec<u8>>) -> Result<Sent, ActionError> {
        Ok(Sent { status: response.status().as_u16() })
    }

    fn explain(&self, ctx: &ActionContext, response: &Response<Vec<u8>>, error: ActionError) -> ActionError {
        explain(ctx, response, error)
    }

    fn needs_whole_answer(&self) -> bool {
        false
    }
}
