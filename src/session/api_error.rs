//! The errors of a Web API call, and what the session does about each.

use std::borrow::Cow;
use std::fmt;
use std::time::Duration;

use bytes::Bytes;

use super::redact::redact;

/// Slack's error codes after which no further connect call is made, because it would fail in the same way.
/// docs/errors.md has this list for users.
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

/// A shorter secret is not searched for: it could be part of any text by chance.
const SHORTEST_SECRET: usize = 8;

/// The longest pause that a server can ask for by `Retry-After`.
pub(super) const LONGEST_RETRY_AFTER: Duration = Duration::from_secs(3600);

/// Node's code for an error, for example `ECONNREFUSED`.
pub type ErrorCode = Cow<'static, str>;

/// A failed call of a Web API method.
///
/// Each variant but the last becomes the error of `@slack/web-api` that its documentation names. docs/errors.md
/// describes these for users.
#[derive(Clone, PartialEq, Eq, thiserror::Error)]
pub enum ApiError {
    /// No response: refused, reset, DNS, TLS, time limit. `slack_webapi_request_error`, retried according to
    /// `retryConfig`.
    #[error("{message}")]
    Request {
        /// What happened, and to which host.
        message: String,
        /// The reason alone, for example `connect ECONNREFUSED`.
        cause: String,
        /// Node's code for the error, if Node has one.
        code: Option<ErrorCode>,
    },
    /// A status other than 200 and 429. `slack_webapi_http_error`, retried according to `retryConfig`, but not earlier
    /// than the server asks.
    #[error("{method} failed with HTTP status {status} {}", redact(reason))]
    Http {
        /// The method and the host, for example `rtm.connect at slack.com:443`.
        method: String,
        /// The status.
        status: u16,
        /// The text after the status (the reason phrase).
        reason: String,
        /// All headers. The names are in lower case.
        headers: Vec<(String, String)>,
        /// The body as text.
        body: String,
        /// The time in the `Retry-After` header. Zero if the header is missing or invalid.
        retry_after: Duration,
    },
    /// Status 429. `slack_webapi_rate_limited_error`, retried according to `retryConfig`, but not earlier than the
    /// server asks.
    #[error("{method} is rate-limited: the next call is allowed in {} s", retry_after.as_secs())]
    RateLimited {
        /// The method and the host, for example `rtm.connect at slack.com:443`.
        method: String,
        /// The time in the `Retry-After` header. Zero if the header is missing or invalid.
        retry_after: Duration,
    },
    /// Status 200 with a body that does not have `ok: true`, or that cannot be used. `slack_webapi_platform_error`,
    /// permanent or temporary depending on `error`.
    #[error("{message}")]
    Platform {
        /// What is wrong.
        message: String,
        /// The `error` of the response: Slack's code.
        error: Option<String>,
        /// The body: a JSON object.
        body: Bytes,
    },
    /// The call was made by the `webClient` option's object and failed. JavaScript keeps the error that it threw and
    /// passes it on unchanged.
    #[error("{message}")]
    WebClient {
        /// The error's message.
        message: String,
        /// The `error` of the response, if there was a response.
        error: Option<String>,
        /// Whether the object has retried the call itself and given up: no response, or an HTTP error.
        gave_up: bool,
        /// The time that the server asked the object to wait. Zero if it asked for none.
        retry_after: Duration,
    },
}

impl fmt::Debug for ApiError {
    /// Prints only the message, because headers and body may contain secrets.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "ApiError({self})")
    }
}

/// What the session does after an [`ApiError`] of the connect call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ErrorClass {
    /// The call would fail again. The session reports the error and ends.
    Permanent,
    /// Slack cannot serve the call at present. The session reports the error (`unable_to_rtm_start`), waits and
    /// connects again. Before the first authentication it does so only as often as `retryConfig` allows.
    Temporary,
    /// The call was retried as often as it should be. The session treats the error as `Temporary` once it was
    /// authenticated, and as `Permanent` before.
    RetriesExhausted,
    /// There is no usable response. The session retries the call according to `retryConfig`, and reports the error only
    /// when no retry is left.
    Retryable,
}

impl ApiError {
    /// What the session does after this error of the connect call.
    pub(super) fn class(&self) -> ErrorClass {
        match self {
            Self::Request { .. } | Self::Http { .. } | Self::RateLimited { .. } => ErrorClass::Retryable,
            Self::Platform { error: Some(error), .. } | Self::WebClient { error: Some(error), .. }
                if PERMANENT.contains(&error.as_str()) =>
            {
                ErrorClass::Permanent
            }
            Self::WebClient { gave_up: true, .. } => ErrorClass::RetriesExhausted,
            Self::Platform { .. } | Self::WebClient { .. } => ErrorClass::Temporary,
        }
    }

    /// The shortest pause before the next call: the time that the server asked for, but at most
    /// [`LONGEST_RETRY_AFTER`].
    pub(super) fn retry_after(&self) -> Duration {
        match self {
            Self::Http { retry_after, .. }
            | Self::RateLimited { retry_after, .. }
            | Self::WebClient { retry_after, .. } => (*retry_after).min(LONGEST_RETRY_AFTER),
            Self::Request { .. } | Self::Platform { .. } => Duration::ZERO,
        }
    }

    /// Replaces `secret` by `…` wherever the server has quoted it.
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
}
