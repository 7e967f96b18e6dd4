//! Errors as the user gets them: why a call is rejected, why a socket failed, and what the client does next.

use std::sync::Arc;
use std::time::Duration;

use super::api_error::{ApiError, ErrorCode};

/// The close code that stands for "the connection ended without a close frame" (RFC 6455, section 7.1.5).
pub(super) const ABNORMAL_CLOSURE: u16 = 1006;

/// Why a call is rejected or a session ended.
///
/// Each variant names the JavaScript error that it becomes. docs/errors.md describes these for users.
#[derive(Debug, Clone, thiserror::Error)]
pub enum Failure {
    /// `send()` or `ping()` was called while the client had no connection: `ErrorCode.SendWhileDisconnectedError`.
    #[error(
        "cannot send a message: the client is not connected; call start() first, or use addOutgoingEvent()"
    )]
    SendWhileDisconnected,
    /// `send()` or `ping()` was called on a connection that is not `ready`: `ErrorCode.SendWhileNotReadyError`.
    #[error("cannot send a message: the client is not ready; wait for `ready`, or use addOutgoingEvent()")]
    SendWhileNotReady,
    /// The reply did not arrive, for the given reason: `ErrorCode.NoReplyReceivedError`. Slack may have received the
    /// message.
    #[error("no reply to the message: {0}")]
    NoReply(String),
    /// The connection ended: `ErrorCode.WebsocketError`.
    #[error("{0}")]
    Socket(Arc<ErrorReport<SocketError>>),
    /// The connect call, or a call of `apiCall()`, failed: one of the `slack_webapi_*` errors of `@slack/web-api`.
    #[error("{0}")]
    Api(Arc<ErrorReport<ApiError>>),
    /// `disconnect()` ended a `start()` before the client was authenticated: an `AbortError` with code `ABORT_ERR`.
    #[error("start() was ended by disconnect() before the client was authenticated")]
    Aborted,
}

/// An error together with what the client does about it. Its text is `ERROR; NEXT`.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{error}; {next}")]
pub struct ErrorReport<E: std::error::Error> {
    /// The error.
    pub error: E,
    /// What the client does next, for example `trying again in 812 ms`.
    pub next: String,
}

/// Why a socket ended, or could not be opened. `original` of the JavaScript `WebsocketError` has these values.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct SocketError {
    /// What happened, and to which host.
    pub message: String,
    /// Node's code for the error, for example `ECONNRESET`, if Node has one.
    pub code: Option<ErrorCode>,
    /// The close code (RFC 6455, section 7.4), or 1006 if the connection ended without a close frame.
    pub close_code: u16,
    /// The reason in the server's close frame. Empty if there is none.
    pub reason: String,
    /// The pause that the server asked for when it refused the upgrade (`Retry-After`). Zero if it asked for none.
    pub retry_after: Duration,
}

impl SocketError {
    /// An error of a connection that ended without a close frame.
    pub fn new(message: String, code: Option<ErrorCode>) -> Self {
        Self {
            message,
            code,
            close_code: ABNORMAL_CLOSURE,
            reason: String::new(),
            retry_after: Duration::ZERO,
        }
    }
}
