//! The ways in which a Web API call can fail, and what is to be done about each: permanent, passing, repeated. Owns that
//! judgement; reading an answer is `response`'s.

use std::borrow::Cow;
use std::fmt;
use std::time::Duration;

use bytes::Bytes;
use serde_json::Value;

use super::backoff::LONGEST_RETRY_AFTER;
use super::redact::redact;
use super::response::ApiResponse;

/// The error codes of Slack after which no further connect call is made.
const PERMANENT: [&str; 29] = [
    "not_authed",
    "invalid_auth",
    "account_inactive",
    "user_removed_from_team",
    "team_disabled",
    "token_revoked",
    "token_expired",
    "no_permission",
    "missing_scope",
    "access_denied",
    "not_allowed_token_type",
    "org_login_required",
    "ekm_access_denied",
    "team_access_not_granted",
    "two_factor_setup_required",
    "enterprise_is_restricted",
    "legacy_custom_bots_deprecated",
    "method_deprecated",
    "deprecated_endpoint",
    "upgrade_required",
    "invalid_arguments",
    "invalid_arg_name",
    "invalid_array_arg",
    "invalid_charset",
    "invalid_form_data",
    "invalid_json",
    "json_not_object",
    "invalid_post_type",
    "missing_post_type",
];

/// What is shorter is no secret, and may stand anywhere by chance.
const SHORTEST_SECRET: usize = 8;

/// Node's name for what went wrong, like `ECONNREFUSED`.
pub type ErrorCode = Cow<'static, str>;

/// A call that failed. The kinds bear the names that users know from `@slack/web-api`.
#[derive(Clone, PartialEq, Eq, thiserror::Error)]
pub enum ApiError {
    /// No answer: refused, reset, DNS, TLS, timeout. Repeated by `retryConfig`.
    #[error("{message}")]
    Request {
        /// What happened, to which host.
        message: String,
        /// What is behind it, in a few words.
        cause: String,
        /// Node's name for it, where there is one.
        code: Option<ErrorCode>,
    },
    /// A status other than 200 and 429. Repeated by `retryConfig`, and not before the time it names.
    #[error("{method} was answered with HTTP status {status} {}", redact(reason))]
    Http {
        /// What was called: the Web API method, and the host.
        method: String,
        /// The status.
        status: u16,
        /// The text behind the status.
        reason: String,
        /// All headers, names in lower case.
        headers: Vec<(String, String)>,
        /// The body as text.
        body: String,
        /// The time from the `Retry-After` header; zero where that is missing or unreadable.
        retry_after: Duration,
    },
    /// Status 429. Repeated by `retryConfig`, and not before the time it names.
    #[error("the rate of {method} is limited: the next call is allowed in {} s", retry_after.as_secs())]
    RateLimited {
        /// What was called: the Web API method, and the host.
        method: String,
        /// The time from the `Retry-After` header; zero where that is missing or unreadable.
        retry_after: Duration,
    },
    /// An answer other than `ok: true`, or one that cannot be used. Permanent or passing, by its `error`.
    #[error("{message}")]
    Platform {
        /// What is wrong.
        message: String,
        /// The answer's `error`.
        error: Option<String>,
        /// The body as a JSON object.
        body: Bytes,
    },
    /// A `WebClient` of the user's failed. What it failed with stays with the user's side and is handed on unchanged.
    #[error("{message}")]
    WebClient {
        /// What it said.
        message: String,
        /// The `error` of the answer it got, where it got one.
        error: Option<String>,
        /// Whether it has repeated the call by itself, and given up: no answer, or an HTTP error.
        gave_up: bool,
        /// The time it was told to wait.
        retry_after: Duration,
    },
}

impl fmt::Debug for ApiError {
    /// Only the message: headers and bodies are the user's to look at, not a log's.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "ApiError({self})")
    }
}

/// What is to be done about a [`ApiError`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verdict {
    /// Give up: trying again cannot help.
    Permanent,
    /// Tell the user, pause, connect again.
    Passing,
    /// The call was repeated often enough: as `Passing` once a session is established, else as `Permanent`.
    Spent,
    /// Repeat the call by `retryConfig`, and tell the user only when that is spent.
    Repeat,
}

impl ApiError {
    pub(super) fn verdict(&self) -> Verdict {
        match self {
            Self::Request { .. } | Self::Http { .. } | Self::RateLimited { .. } => Verdict::Repeat,
            Self::Platform { error: Some(error), .. } | Self::WebClient { error: Some(error), .. }
                if PERMANENT.contains(&error.as_str()) =>
            {
                Verdict::Permanent
            }
            Self::WebClient { gave_up: true, .. } => Verdict::Spent,
            Self::Platform { .. } | Self::WebClient { .. } => Verdict::Passing,
        }
    }

    /// For how long Slack asked to be left alone, as far as that is granted.
    pub(super) fn retry_after(&self) -> Duration {
        match self {
            Self::Http { retry_after, .. }
            | Self::RateLimited { retry_after, .. }
            | Self::WebClient { retry_after, .. } => (*retry_after).min(LONGEST_RETRY_AFTER),
            Self::Request { .. } | Self::Platform { .. } => Duration::ZERO,
        }
    }

    /// Leaves out a secret that the server has quoted.
    #[must_use]
    pub fn without(mut self, secret: &str) -> Self {
        if secret.len() < SHORTEST_SECRET {
            return self;
        }
        let hide = |text: &mut String| {
            if text.contains(secret) {
                *text = text.replace(secret, "…");
            }
        };
        let hide_bytes = |bytes: &mut Bytes| {
            let mut text = String::from_utf8_lossy(bytes).into_owned();
            hide(&mut text);
            *bytes = text.into();
        };
        match &mut self {
            Self::Http { reason, headers, body, .. } => {
                headers.iter_mut().map(|(_, value)| value).chain([reason, body]).for_each(hide);
            }
            Self::Platform { message, error, body } => {
                error.iter_mut().chain([message]).for_each(hide);
                hide_bytes(body);
            }
            Self::Request { .. } | Self::RateLimited { .. } | Self::WebClient { .. } => {}
        }
        self
    }

    /// A 200 whose body cannot be used, for the reason given. The ticket in its `url` is left out.
    pub(super) fn unusable(message: String, answer: Option<&ApiResponse>) -> Self {
        let mut data: serde_json::Map<String, Value> =
            answer.and_then(|answer| serde_json::from_slice(&answer.body).ok()).unwrap_or_default();
        if let Some(Value::String(url)) = data.get_mut("url") {
            *url = redact(url);
        }
        Self::Platform { message, error: None, body: Value::Object(data).to_string().into() }
    }
}
