//! The response of a Web API method, and the part of the connect call's response that the session needs.

use std::borrow::Cow;
use std::fmt;

use bytes::Bytes;
use serde_json::Value;

use super::api_error::ApiError;
use super::json::Members;
use super::redact::redact;

/// How much of a response is quoted in an error message, in characters.
const QUOTED_CHARACTERS: usize = 100;

/// The response of a Web API method that has succeeded (`ok: true`).
#[derive(Clone, PartialEq, Eq)]
pub struct ApiResponse {
    /// The whole body: a JSON object.
    pub body: Bytes,
    /// The `x-oauth-scopes` header. JavaScript gets it as `response_metadata.scopes`.
    pub scopes: Option<String>,
    /// The `x-accepted-oauth-scopes` header. JavaScript gets it as `response_metadata.acceptedScopes`.
    pub accepted_scopes: Option<String>,
}

impl fmt::Debug for ApiResponse {
    /// Prints the body's length only, because the body may contain secrets.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("ApiResponse").field("bytes", &self.body.len()).finish_non_exhaustive()
    }
}

/// The response of `rtm.connect` or `rtm.start` that has succeeded.
#[derive(Clone, PartialEq, Eq)]
pub struct ConnectResponse {
    /// The socket's URL. It is valid for one connection, and it is a secret.
    pub url: String,
    /// `self.id`: the bot's user id.
    pub user_id: String,
    /// `team.id`
    pub team_id: String,
    /// The whole response. `None` if the `webClient` option's object made the call, because then JavaScript has it.
    pub response: Option<ApiResponse>,
}

impl fmt::Debug for ConnectResponse {
    /// Prints neither the URL nor the body that contains it.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("ConnectResponse")
            .field("user_id", &self.user_id)
            .field("team_id", &self.team_id)
            .finish_non_exhaustive()
    }
}

impl ApiResponse {
    /// Reads the body of a response with status 200. `method` names the method and the host in errors.
    ///
    /// # Errors
    /// [`ApiError::Platform`] if the body is not a JSON object (then `error` is the body's text, as in
    /// `@slack/web-api`), or if it does not have `ok: true`.
    pub fn read(method: &str, body: Bytes) -> Result<Self, ApiError> {
        let body = decode_text(body);
        let Some(members) = Members::of(&body) else {
            return Err(not_an_object(method, &body));
        };
        if members.get("ok").is_none_or(|ok| ok.get() != "true") {
            let error = members.string("error");
            let code = error.as_deref().map_or("no error code".to_owned(), |code| quote(&redact(code)));
            return Err(ApiError::Platform { message: format!("{method} failed: {code}"), error, body });
        }
        Ok(Self { body, scopes: None, accepted_scopes: None })
    }
}

impl ConnectResponse {
    /// Takes the members that a session needs. All others may be missing or have any type. `method` names the method
    /// and the host in errors.
    ///
    /// # Errors
    /// [`ApiError::Platform`] if `url`, `self.id` or `team.id` is missing or not a string.
    pub fn from_response(method: &str, response: ApiResponse) -> Result<Self, ApiError> {
        let members = Members::of(&response.body).unwrap_or_default();
        let id_of = |object: &str| members.object(object)?.string("id");
        let missing = |name: &str| {
            let message = format!("the response of {method} has no `{name}`, which the client needs");
            unusable(message, Some(&response))
        };
        Ok(Self {
            url: members.string("url").ok_or_else(|| missing("url"))?,
            user_id: id_of("self").ok_or_else(|| missing("self.id"))?,
            team_id: id_of("team").ok_or_else(|| missing("team.id"))?,
            response: Some(response),
        })
    }

    /// Rejects a socket URL that is not a `wss:` URL, or a `ws:` URL if `secure_only` is off.
    pub(super) fn check_url(&self, secure_only: bool) -> Result<(), ApiError> {
        let scheme = self.url.split_once("://").map(|(scheme, _)| scheme.to_ascii_lowercase());
        let problem = match scheme.as_deref() {
            Some("wss") => return Ok(()),
            Some("ws") if !secure_only => return Ok(()),
            Some("ws") => {
                "an unencrypted socket URL (ws:), which is refused because the API URL is encrypted (https:)"
            }
            _ => "an invalid socket URL: it must begin with wss:",
        };
        let message = format!("the response of the connect call has {problem}");
        Err(unusable(message, self.response.as_ref()))
    }
}

/// The error for a response with status 200 that cannot be used. The error's body is the response without the ticket in
/// its `url`.
fn unusable(message: String, response: Option<&ApiResponse>) -> ApiError {
    let mut data: serde_json::Map<String, Value> =
        response.and_then(|response| serde_json::from_slice(&response.body).ok()).unwrap_or_default();
    if let Some(Value::String(url)) = data.get_mut("url") {
        *url = redact(url);
    }
    ApiError::Platform { message, error: None, body: Value::Object(data).to_string().into() }
}

/// The error for a body that is not a JSON object.
fn not_an_object(method: &str, body: &Bytes) -> ApiError {
    let text = redact(&String::from_utf8_lossy(body));
    let message = if text.trim().is_empty() {
        format!("{method} responded with an empty body")
    } else {
        format!("{method} responded with something that is not a JSON object: {}", quote(&text))
    };
    let body = serde_json::json!({ "ok": false, "error": text });
    ApiError::Platform { message, error: Some(text), body: body.to_string().into() }
}

/// Decodes a body as HTTP clients in JavaScript do: without a byte order mark, and with replacement characters for
/// invalid UTF-8.
fn decode_text(body: Bytes) -> Bytes {
    let body = if body.starts_with(b"\xef\xbb\xbf") { body.slice(3..) } else { body };
    match String::from_utf8_lossy(&body) {
        Cow::Borrowed(_) => body,
        Cow::Owned(text) => text.into(),
    }
}

/// The beginning of a text, for an error message.
fn quote(text: &str) -> String {
    text.trim().chars().take(QUOTED_CHARACTERS).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::session::api_error::ErrorClass;

    fn read(body: &'static str) -> Result<ConnectResponse, ApiError> {
        let response = ApiResponse::read("rtm.connect", Bytes::from_static(body.as_bytes()))?;
        ConnectResponse::from_response("rtm.connect", response)
    }

    #[test]
    fn a_response_may_have_members_of_any_kind() {
        let body = r#"{"ok":true,"url":"wss:\/\/h\/t1cket","self":{"id":"U1","x":null},"team":{"id":"T1"},
            "response_metadata":{"messages":null},"url":"wss:\/\/h\/last"}"#;
        let response = read(body).unwrap();
        assert_eq!((&*response.url, &*response.user_id, &*response.team_id), ("wss://h/last", "U1", "T1"));
        assert!(!format!("{response:?}").contains("last"));
    }

    #[test]
    fn a_response_that_is_not_ok_is_permanent_or_temporary_by_its_error() {
        let class_of = |body| read(body).unwrap_err().class();
        assert_eq!(class_of(r#"{"ok":false,"error":"invalid_auth"}"#), ErrorClass::Permanent);
        assert_eq!(class_of(r#"{"ok":false,"error":"fatal_error"}"#), ErrorClass::Temporary);
        assert_eq!(class_of(r#"{"ok":false}"#), ErrorClass::Temporary);
        assert_eq!(class_of(r#"{"error":"token_revoked"}"#), ErrorClass::Permanent);
    }

    #[test]
    fn the_error_for_an_unusable_response_names_the_problem() {
        for (body, part) in [
            (r#"{"ok":true}"#, "`url`"),
            (r#"{"ok":true,"url":null,"self":{"id":"U"},"team":{"id":"T"}}"#, "`url`"),
            (r#"{"ok":true,"url":"wss://h/t1cket","team":{"id":"T"}}"#, "`self.id`"),
            (r#"{"ok":true,"url":"wss://h","self":{"id":"U"},"team":[]}"#, "`team.id`"),
            ("", "empty body"),
            ("<html>hello</html>", "<html>hello"),
            (r#"{"ok":true,"url":"wss://h/t1cket","self":{"#, "wss://h/…"),
            ("[]", "not a JSON object"),
            ("{\"ok\":true,\"a\u{1}b\":1}", "not a JSON object"),
        ] {
            let error = read(body).unwrap_err();
            assert!(error.to_string().contains(part), "{error} for {body}");
            assert_eq!(error.class(), ErrorClass::Temporary);
            let ApiError::Platform { error: text, body, .. } = &error else { panic!("{error}") };
            assert!(!format!("{error} {text:?} {}", String::from_utf8_lossy(body)).contains("t1cket"));
        }
    }

    #[test]
    fn a_socket_url_must_be_encrypted_if_the_api_is() {
        let check = |url: &str, secure_only| {
            let mut response = read(r#"{"ok":true,"url":"x","self":{"id":"U"},"team":{"id":"T"}}"#).unwrap();
            response.url = url.to_owned();
            response.check_url(secure_only).is_ok()
        };
        assert!(check("wss://h", true) && check("WSS://h", false) && check("ws://h", false));
        assert!(!check("ws://h", true) && !check("http://h", false) && !check("h", false));
    }
}
