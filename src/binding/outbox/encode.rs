//! What crosses to JavaScript, as JSON: payloads of lifecycle events, settled promises, errors. Owns the shapes;
//! `lib/outbox.js` and `lib/errors.js` read them.
//!
//! An error is `{code, message, …fields, original?, shared?}`. One that was told before is `true`: the same object; and
//! `{given: true}` is what the user's `WebClient` failed with last.

use std::sync::Arc;

use serde_json::value::RawValue;
use serde_json::{Map, Value, json};

use crate::session::{ApiError, ApiResponse, ConnectResponse, Diagnostic, ErrorReport, Failure, SocketError};

/// Encodes one client's errors, and knows the last one that may come again.
#[derive(Debug, Default)]
pub(super) struct ErrorEncoder {
    last: Option<Shared>,
}

/// An error that several events and promises may share: they get the same object.
#[derive(Debug, Clone)]
enum Shared {
    Connect(Arc<ErrorReport<ApiError>>),
    Socket(Arc<ErrorReport<SocketError>>),
}

impl Shared {
    fn is(&self, other: &Shared) -> bool {
        match (self, other) {
            (Shared::Connect(one), Shared::Connect(other)) => Arc::ptr_eq(one, other),
            (Shared::Socket(one), Shared::Socket(other)) => Arc::ptr_eq(one, other),
            (Shared::Connect(_), Shared::Socket(_)) | (Shared::Socket(_), Shared::Connect(_)) => false,
        }
    }
}

impl ErrorEncoder {
    pub(super) fn failure(&mut self, failure: &Failure) -> String {
        let code = match failure {
            Failure::Api(error) => return self.connect_error(error),
            Failure::Socket(error) => return self.socket_error(error),
            Failure::SendWhileDisconnected => "slack_rtmapi_send_while_disconnected_error",
            Failure::SendWhileNotReady => "slack_rtmapi_send_while_not_ready_error",
            Failure::NoReply(_) => "slack_rtmapi_no_reply_received_error",
            Failure::Aborted => "ABORT_ERR",
        };
        json!({ "code": code, "message": failure.to_string() }).to_string()
    }

    pub(super) fn connect_error(&mut self, error: &Arc<ErrorReport<ApiError>>) -> String {
        self.shared(Shared::Connect(Arc::clone(error)), || connect_error(error))
    }

    pub(super) fn socket_error(&mut self, error: &Arc<ErrorReport<SocketError>>) -> String {
        self.shared(Shared::Socket(Arc::clone(error)), || socket_error(error))
    }

    fn shared(&mut self, error: Shared, encode: impl FnOnce() -> String) -> String {
        if self.last.as_ref().is_some_and(|last| last.is(&error)) {
            return "true".to_owned();
        }
        self.last = Some(error);
        encode()
    }
}

fn connect_error(told: &ErrorReport<ApiError>) -> String {
    let message = told.to_string();
    match &told.error {
        ApiError::Request { cause, code, .. } => json!({
            "shared": true, "code": "slack_webapi_request_error", "message": message,
            "original": { "message": cause, "code": code },
        })
        .to_string(),
        ApiError::Http { status, reason, headers, body, .. } => json!({
            "shared": true, "code": "slack_webapi_http_error", "message": message,
            "statusCode": status, "statusMessage": reason, "headers": headers_object(headers), "body": body,
        })
        .to_string(),
        ApiError::RateLimited { retry_after, .. } => json!({
            "shared": true, "code": "slack_webapi_rate_limited_error", "message": message,
            "retryAfter": retry_after.as_secs(),
        })
        .to_string(),
        ApiError::Platform { body, .. } => {
            let data = String::from_utf8_lossy(body);
            let message = Value::from(message);
            format!(
                r#"{{"shared":true,"code":"slack_webapi_platform_error","message":{message},"data":{data}}}"#
            )
        }
        ApiError::WebClient { .. } => json!({ "shared": true, "given": true }).to_string(),
    }
}

/// Headers as Node gives them: names in lower case, repeated ones joined, `set-cookie` a list.
fn headers_object(headers: &[(String, String)]) -> Map<String, Value> {
    let mut object = Map::new();
    for (name, value) in headers {
        match object.get_mut(name) {
            None if name == "set-cookie" => {
                object.insert(name.clone(), json!([value]));
            }
            None => {
                object.insert(name.clone(), Value::from(value.as_str()));
            }
            Some(Value::Array(values)) => values.push(Value::from(value.as_str())),
            Some(known) => *known = Value::from(format!("{}, {value}", known.as_str().unwrap_or_default())),
        }
    }
    object
}

fn socket_error(told: &ErrorReport<SocketError>) -> String {
    let error = &told.error;
    json!({
        "shared": true, "code": "slack_rtmapi_websocket_error", "message": told.to_string(),
        "original": {
            "message": error.message, "code": error.code, "closeCode": error.close_code, "reason": error.reason,
        },
    })
    .to_string()
}

/// `{data, scopes, acceptedScopes}`, `data` being the answer's body as it came.
pub(super) fn api_answer(answer: &ApiResponse) -> String {
    let body: Option<&RawValue> = serde_json::from_slice(&answer.body).ok();
    let data = body.map_or("null", RawValue::get);
    let [scopes, accepted] = [json!(answer.scopes), json!(answer.accepted_scopes)];
    format!(r#"{{"data":{data},"scopes":{scopes},"acceptedScopes":{accepted}}}"#)
}

/// `{userId, teamId, answer}`; `answer` is `null` where the user's `WebClient` gave it.
pub(super) fn connect_answer(
    ConnectResponse { user_id, team_id, response: answer, .. }: &ConnectResponse,
) -> String {
    let answer = answer.as_ref().map_or_else(|| "null".to_owned(), api_answer);
    format!(r#"{{"userId":{},"teamId":{},"answer":{answer}}}"#, json!(user_id), json!(team_id))
}

/// `[channel, message]`, for `node:diagnostics_channel`. Times are in ms.
pub(super) fn diagnostic(diagnostic: &Diagnostic) -> String {
    match diagnostic {
        Diagnostic::ConnectCall { attempt } => json!(["connect", { "attempt": attempt }]),
        Diagnostic::OpenSocket { server } => json!(["dial", { "server": server }]),
        Diagnostic::Pause { pause, reason } => {
            json!(["pause", { "milliseconds": u64::try_from(pause.as_millis()).ok(), "reason": reason }])
        }
    }
    .to_string()
}
