//! What a Web API method answered, and the parts of the connect call's answer that the session needs. Owns reading a body;
//! making the call is the driver's affair, and what a failure means `api_error`'s.

use std::borrow::{Borrow, Cow};
use std::collections::HashMap;
use std::fmt;

use bytes::Bytes;
use serde::de::{Deserialize, Deserializer, Visitor};
use serde_json::value::RawValue;

use super::api_error::ApiError;
use super::frame::check_keys;
use super::redact::redact;

/// A method's successful answer.
#[derive(Clone, PartialEq, Eq)]
pub struct ApiResponse {
    /// The whole body, JSON.
    pub body: Bytes,
    /// The `x-oauth-scopes` header.
    pub scopes: Option<String>,
    /// The `x-accepted-oauth-scopes` header.
    pub accepted_scopes: Option<String>,
}

impl fmt::Debug for ApiResponse {
    /// Leaves out the body, which may hold anything.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("ApiResponse").field("bytes", &self.body.len()).finish_non_exhaustive()
    }
}

/// A successful answer of `rtm.connect` or `rtm.start`.
#[derive(Clone, PartialEq, Eq)]
pub struct ConnectResponse {
    /// The socket's URL, good for one use. A secret.
    pub url: String,
    /// `self.id` of the answer.
    pub user_id: String,
    /// `team.id` of the answer.
    pub team_id: String,
    /// The answer itself. None: the user's side has it, since a `WebClient` of the user's made the call.
    pub answer: Option<ApiResponse>,
}

impl fmt::Debug for ConnectResponse {
    /// Leaves out the URL and the body that holds it.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("ConnectResponse")
            .field("user_id", &self.user_id)
            .field("team_id", &self.team_id)
            .finish_non_exhaustive()
    }
}

impl ApiResponse {
    /// Reads the body of a 200.
    ///
    /// # Errors
    /// [`ApiError::Platform`]: the body is not a JSON object (then `error` is the text itself, as in `@slack/web-api`),
    /// or is not `ok`.
    pub fn read(method: &str, body: Bytes) -> Result<Self, ApiError> {
        let body = text_of(body);
        let Some(members) = object(&body) else {
            return Err(not_json(method, &body));
        };
        if members.get("ok").is_none_or(|ok| ok.get() != "true") {
            let error = string(members.get("error"));
            let code = error.as_deref().map_or("no error code".to_owned(), |code| start_of(&redact(code)));
            return Err(ApiError::Platform { message: format!("{method} failed: {code}"), error, body });
        }
        Ok(Self { body, scopes: None, accepted_scopes: None })
    }
}

impl ConnectResponse {
    /// Takes from an answer what a session needs. Lenient: all else may be missing or of any shape.
    ///
    /// # Errors
    /// [`ApiError::Platform`]: `url`, `self.id` or `team.id` is missing.
    pub fn from_answer(method: &str, answer: ApiResponse) -> Result<Self, ApiError> {
        let members = object(&answer.body).unwrap_or_else(|| Members(HashMap::new()));
        let id_of = |key: &str| string(object(members.get(key)?.get().as_bytes())?.get("id"));
        let missing = |what: &str| {
            ApiError::unusable(
                format!("{method} answered without `{what}`, which a session needs"),
                Some(&answer),
            )
        };
        Ok(Self {
            url: string(members.get("url")).ok_or_else(|| missing("url"))?,
            user_id: id_of("self").ok_or_else(|| missing("self.id"))?,
            team_id: id_of("team").ok_or_else(|| missing("team.id"))?,
            answer: Some(answer),
        })
    }

    /// Refuses a socket URL of another scheme than `wss:` (or `ws:`, where `secure_only` is off).
    pub(super) fn check_url(&self, secure_only: bool) -> Result<(), ApiError> {
        let scheme = self.url.split_once("://").map(|(scheme, _)| scheme.to_ascii_lowercase());
        let why = match scheme.as_deref() {
            Some("wss") => return Ok(()),
            Some("ws") if !secure_only => return Ok(()),
            Some("ws") => "an unencrypted socket URL (ws:) although the API is reached by https:",
            _ => "a `url` that is no socket URL (wss:)",
        };
        Err(ApiError::unusable(
            format!("the connect call answered with {why}; it is refused"),
            self.answer.as_ref(),
        ))
    }
}

/// The members of a JSON object by name, undecoded; of duplicate keys the last one.
struct Members<'a>(HashMap<Key, &'a RawValue>);

impl<'a> Members<'a> {
    fn get(&self, name: &str) -> Option<&'a RawValue> {
        self.0.get(name.as_bytes()).copied()
    }
}

/// A member's name as bytes, since it may hold a lone surrogate.
#[derive(PartialEq, Eq, Hash)]
struct Key(Vec<u8>);

impl Borrow<[u8]> for Key {
    fn borrow(&self) -> &[u8] {
        &self.0
    }
}

impl<'de> Deserialize<'de> for Key {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct KeyVisitor;

        impl Visitor<'_> for KeyVisitor {
            type Value = Key;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("a key")
            }

            fn visit_bytes<E>(self, key: &[u8]) -> Result<Key, E> {
                Ok(Key(key.to_vec()))
            }
        }

        deserializer.deserialize_bytes(KeyVisitor)
    }
}

/// `None` for all else than an object.
fn object(json: &[u8]) -> Option<Members<'_>> {
    let text = std::str::from_utf8(json).ok()?;
    check_keys(text).ok()?;
    serde_json::from_str(text).ok().map(Members)
}

/// A body as text, as every HTTP client in JavaScript reads it: without a byte order mark, and with replacement
/// characters for what is no UTF-8.
fn text_of(body: Bytes) -> Bytes {
    let body = if body.starts_with(b"\xef\xbb\xbf") { body.slice(3..) } else { body };
    match String::from_utf8_lossy(&body) {
        Cow::Borrowed(_) => body,
        Cow::Owned(text) => text.into(),
    }
}

/// As much of a text as fits into a message.
fn start_of(text: &str) -> String {
    text.trim().chars().take(100).collect()
}

fn string(json: Option<&RawValue>) -> Option<String> {
    serde_json::from_str(json?.get()).ok()
}

fn not_json(method: &str, body: &Bytes) -> ApiError {
    let text = redact(&String::from_utf8_lossy(body));
    let message = if text.trim().is_empty() {
        format!("{method} answered with an empty body")
    } else {
        let start = start_of(&text);
        format!("{method} answered with something that is not a JSON object: {start}")
    };
    let body = serde_json::json!({ "ok": false, "error": text });
    ApiError::Platform { message, error: Some(text), body: body.to_string().into() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::session::api_error::Verdict;

    fn read(body: &'static str) -> Result<ConnectResponse, ApiError> {
        let answer = ApiResponse::read("rtm.connect", Bytes::from_static(body.as_bytes()))?;
        ConnectResponse::from_answer("rtm.connect", answer)
    }

    #[test]
    fn a_good_answer() {
        let body = r#"{"ok":true,"url":"wss:\/\/h\/t1cket","self":{"id":"U1","x":null},"team":{"id":"T1"},
            "response_metadata":{"messages":null},"url":"wss:\/\/h\/last"}"#;
        let answer = read(body).unwrap();
        assert_eq!((&*answer.url, &*answer.user_id, &*answer.team_id), ("wss://h/last", "U1", "T1"));
        assert!(!format!("{answer:?}").contains("last"));
    }

    #[test]
    fn answers_that_are_not_ok() {
        let verdict = |body| read(body).unwrap_err().verdict();
        assert_eq!(verdict(r#"{"ok":false,"error":"invalid_auth"}"#), Verdict::Permanent);
        assert_eq!(verdict(r#"{"ok":false,"error":"fatal_error"}"#), Verdict::Passing);
        assert_eq!(verdict(r#"{"ok":false}"#), Verdict::Passing);
        assert_eq!(verdict(r#"{"error":"token_revoked"}"#), Verdict::Permanent);
    }

    #[test]
    fn unusable_answers_say_what_is_missing() {
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
            assert_eq!(error.verdict(), Verdict::Passing);
            let ApiError::Platform { error: text, body, .. } = &error else { panic!("{error}") };
            assert!(!format!("{error} {text:?} {}", String::from_utf8_lossy(body)).contains("t1cket"));
        }
    }

    #[test]
    fn only_socket_urls_and_no_downgrade() {
        let check = |url: &str, secure_only| {
            let mut answer = read(r#"{"ok":true,"url":"x","self":{"id":"U"},"team":{"id":"T"}}"#).unwrap();
            answer.url = url.to_owned();
            answer.check_url(secure_only).is_ok()
        };
        assert!(check("wss://h", true) && check("WSS://h", false) && check("ws://h", false));
        assert!(!check("ws://h", true) && !check("http://h", false) && !check("h", false));
    }
}
