//! The JSON of payloads: lifecycle events, settled promises, errors. `lib/rtm-client.js` and `lib/errors.js` read it.
//!
//! An error is `{ code, message, …fields, original?, shared? }`. With `shared`, later items may stand for the same error: they
//! have `true` in its place, and JavaScript uses the same `Error` object. `{ fromWebClient: true }` stands for the error that
//! the user's `WebClient` threw last, which never left JavaScript.

use std::sync::Arc;

use serde_json::value::RawValue;
use serde_json::{Map, Value, json};

use crate::driver::io::{
    ApiError, ApiResponse, ConnectResponse, Diagnostic, ErrorReport, Failure, SocketError,
};

/// Encodes the errors of one client.
#[derive(Debug, Default)]
pub(super) struct ErrorEncoder {
    /// The last shared error.
    last: Option<SharedError>,
}

/// An error that several events and promises may have in common.
#[derive(Debug, Clone)]
enum SharedError {
    Connect(Arc<ErrorReport<ApiError>>),
    Socket(Arc<ErrorReport<SocketError>>),
}

impl SharedError {
    fn is_same(&self, other: &SharedError) -> bool {
        match (self, other) {
            (SharedError::Connect(one), SharedError::Connect(other)) => Arc::ptr_eq(one, other),
            (SharedError::Socket(one), SharedError::Socket(other)) => Arc::ptr_eq(one, other),
            (SharedError::Connect(_), SharedError::Socket(_))
            | (SharedError::Socket(_), SharedError::Connect(_)) => false,
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
        self.shared(SharedError::Connect(Arc::clone(error)), || connect_error(error))
    }

    pub(super) fn socket_error(&mut self, error: &Arc<ErrorReport<SocketError>>) -> String {
        self.shared(SharedError::Socket(Arc::clone(error)), || socket_error(error))
    }

    fn shared(&mut self, error: SharedError, encode: impl FnOnce() -> String) -> String {
        if self.last.as_ref().is_some_and(|last| last.is_same(&error)) {
            return "true".to_owned();
        }
        self.last = Some(error);
        encode()
    }
}

fn connect_error(report: &ErrorReport<ApiError>) -> String {
    let message = report.to_string();
    match &report.error {
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
        ApiError::WebClient { .. } => json!({ "shared": true, "fromWebClient": true }).to_string(),
    }
}

/// Headers as Node's `http` presents them: repeated headers are joined, `set-cookie` is a list.
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

fn socket_error(report: &ErrorReport<SocketError>) -> String {
    let error = &report.error;
    json!({
        "shared": true, "code": "slack_rtmapi_websocket_error", "message": report.to_string(),
        "original": {
            "message": error.message, "code": error.code, "closeCode": error.close_code, "reason": error.reason,
        },
    })
    .to_string()
}

/// `{ data, scopes, acceptedScopes }`; `data` is the response's body.
pub(super) fn api_response(response: &ApiResponse) -> String {
    let body: Option<&RawValue> = serde_json::from_slice(&response.body).ok();
    let data = body.map_or("null", RawValue::get);
    let [scopes, accepted] = [json!(response.scopes), json!(response.accepted_scopes)];
    format!(r#"{{"data":{data},"scopes":{scopes},"acceptedScopes":{accepted}}}"#)
}

/// `{ userId, teamId, response }`; `response` is `null` if the user's `WebClient` made the call.
pub(super) fn connect_response(response: &ConnectResponse) -> String {
    let ConnectResponse { user_id, team_id, response, .. } = response;
    let response = response.as_ref().map_or_else(|| "null".to_owned(), api_response);
    format!(r#"{{"userId":{},"teamId":{},"response":{response}}}"#, json!(user_id), json!(team_id))
}

/// `[channel, message]`, for `node:diagnostics_channel`. Times are in milliseconds.
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
