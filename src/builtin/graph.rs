//! What every call to Microsoft Graph has in common.

use http::Response;
use serde::Deserialize;

use crate::action::ActionError;

/// The global cloud; national clouds have hosts of their own.
pub(super) const BASE: &str = "https://graph.microsoft.com/v1.0";

/// An error with the code that Graph gives with it. Its message is left out:
/// it repeats what was sent.
pub(super) fn explain(response: &Response<Vec<u8>>, error: ActionError) -> ActionError {
    #[derive(Deserialize)]
    struct Answer {
        error: Said,
    }
    #[derive(Deserialize)]
    struct Said {
        code: String,
    }
    match serde_json::from_slice::<Answer>(response.body()) {
        Ok(Answer { error: Said { code } }) if is_code(&code) => error.during(&format!("Graph says {code}")),
        _ => error,
    }
}

fn is_code(code: &str) -> bool {
    (1..=64).contains(&code.len())
        && code.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"._-".contains(&byte))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_code_is_taken_over() {
        let said = |body: &str| {
            let response = Response::new(body.as_bytes().to_vec());
            explain(&response, ActionError::permanent("the service answered 403 Forbidden")).to_string()
        };
        assert_eq!(
            said(r#"{"error":{"code":"ErrorAccessDenied","message":"KEY"}}"#),
            "Graph says ErrorAccessDenied: the service answered 403 Forbidden"
        );
        for body in
            ["", "<html>", r#"{"error":{"code":"a b\r\n"}}"#, r#"{"error":{"code":""}}"#, r#"{"error":"x"}"#]
        {
            assert_eq!(said(body), "the service answered 403 Forbidden", "{body}");
        }
    }
}
