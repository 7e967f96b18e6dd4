//! The session's vocabulary: what goes in, what comes out. Owns types only.
//!
//! The order of the outputs is the order of events: a driver carries them out one after the other.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;

use super::ABNORMAL_CLOSURE;
use super::api_error::{ApiError, ErrorCode};
use super::frame::{Frame, FrameHead, FrameToken};
use super::response::{ApiResponse, ConnectResponse};

/// A promise that the user holds: opaque to the session, unique among those not yet settled.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CallId(pub u32);

/// One connect call and the socket that it leads to. Ids increase; an input with an earlier id than the current one is
/// late, and the session ignores it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ConnectionId(pub u64);

/// The `id` of an outgoing message.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MessageId(pub u64);

impl ConnectionId {
    /// The id that follows this one.
    #[must_use]
    pub fn next(self) -> Self {
        Self(self.0 + 1)
    }
}

impl MessageId {
    /// The id that follows this one.
    #[must_use]
    pub fn next(self) -> Self {
        Self(self.0 + 1)
    }
}

impl fmt::Display for MessageId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(formatter)
    }
}

/// What the session is told.
#[derive(Debug, Clone)]
pub enum Input {
    /// The user calls `start()`; `options` are the connect call's form fields, encoded.
    Start {
        /// Settled by [`Outcome::Started`], or fails.
        call: CallId,
        /// `application/x-www-form-urlencoded`.
        options: Arc<str>,
    },
    /// The user calls `disconnect()`.
    Disconnect {
        /// Settled by [`Outcome::Done`].
        call: CallId,
    },
    /// The user calls `send()`: write now or fail.
    Send {
        /// Settled by [`Outcome::Sent`] when written, or fails.
        call: CallId,
        /// The message without its `id`.
        message: Message,
    },
    /// The user calls `addOutgoingEvent()`: write when ready, in the order of the calls.
    Enqueue {
        /// Settled by the reply where one is awaited, else by [`Outcome::Done`] when written; or fails.
        call: CallId,
        /// Whether the call waits for the reply.
        await_reply: bool,
        /// The message without its `id`.
        message: Message,
    },
    /// The user calls `ping()`.
    Ping {
        /// Settled by [`Outcome::Pong`], or fails.
        call: CallId,
    },
    /// The connect call ended.
    ConnectFinished {
        /// Which one.
        connection: ConnectionId,
        /// How.
        result: Result<ConnectResponse, ApiError>,
    },
    /// The socket is open: the upgrade was answered.
    Opened {
        /// Of which connection.
        connection: ConnectionId,
    },
    /// A text frame arrived, or a binary one.
    Frame {
        /// By which connection.
        connection: ConnectionId,
        /// The frame.
        frame: Frame,
    },
    /// A control frame arrived: a sign of life.
    Activity {
        /// By which connection.
        connection: ConnectionId,
    },
    /// All frames asked for so far have been written to the socket.
    Flushed {
        /// Of which connection.
        connection: ConnectionId,
    },
    /// The socket is gone, or could not be opened.
    Closed {
        /// Of which connection.
        connection: ConnectionId,
        /// Why.
        reason: CloseReason,
    },
    /// Reading stopped because the user's side is slow, or goes on again. What does not arrive meanwhile says
    /// nothing about the server.
    ReadPaused {
        /// Whether the socket is being read.
        paused: bool,
    },
    /// A deadline of `poll_timeout` has come.
    Timeout,
}

/// An outgoing message as JSON text, complete but for its `id`: an object, with `type` last.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message(String);

impl Message {
    /// Takes a JSON object's text.
    ///
    /// # Errors
    /// Gives the text back where it is no object.
    pub fn new(json: String) -> Result<Self, String> {
        if json.starts_with('{') && json.ends_with('}') { Ok(Self(json)) } else { Err(json) }
    }

    /// A message that has only a type.
    pub(super) fn bare(kind: &str) -> Self {
        Self(format!(r#"{{"type":"{kind}"}}"#))
    }

    /// The frame's text.
    pub(super) fn with_id(mut self, id: MessageId) -> String {
        self.0.pop();
        let comma = if self.0.len() > 1 { "," } else { "" };
        self.0.push_str(comma);
        self.0.push_str("\"id\":");
        self.0.push_str(&id.to_string());
        self.0.push('}');
        self.0
    }

    pub(super) fn len(&self) -> usize {
        self.0.len()
    }
}

/// What the session wants done.
#[derive(Debug, Clone)]
pub enum Output {
    /// Make one attempt of the connect call and answer with [`Input::ConnectFinished`].
    Connect {
        /// The number to answer with.
        connection: ConnectionId,
        /// The call's form fields, encoded.
        options: Arc<str>,
    },
    /// Dial the socket and answer with [`Input::Opened`] or [`Input::Closed`].
    Open {
        /// The number to answer with.
        connection: ConnectionId,
        /// Where to.
        url: Secret,
    },
    /// Write a text frame; later answer with [`Input::Flushed`].
    Write {
        /// The frame's text.
        frame: Bytes,
    },
    /// Send a WebSocket pong that nobody has asked for (RFC 6455, section 5.5.3).
    Pong,
    /// Begin the close handshake; answer with [`Input::Closed`] when it is done.
    Close,
    /// Drop the connect call or socket under way, without a farewell. No answer.
    Drop,
    /// Hand something to the user.
    Deliver(Delivery),
}

/// What the user gets to see, in this order.
#[derive(Debug, Clone)]
pub enum Delivery {
    /// A lifecycle event.
    Event(Event),
    /// A frame of Slack's.
    Frame {
        /// The payload: valid JSON.
        data: Bytes,
        /// What is known of it.
        head: FrameHead,
        /// The promise that this frame settles as its reply.
        reply: Option<CallId>,
        /// The number that the host has set in [`Frame::token`].
        token: Option<FrameToken>,
    },
    /// A frame of ours (`outgoing_message`).
    Outgoing {
        /// The frame's text.
        frame: Bytes,
    },
    /// A promise settles.
    Settle {
        /// Which one.
        call: CallId,
        /// How.
        outcome: Outcome,
    },
    /// Something that an operator may want to watch, for `node:diagnostics_channel`.
    Diagnostic(Diagnostic),
    /// A line for the log.
    Log {
        /// How grave.
        level: LogLevel,
        /// The line, without secrets.
        text: String,
    },
}

/// The lifecycle events.
#[derive(Debug, Clone)]
pub enum Event {
    /// `connecting`
    Connecting,
    /// `authenticated`
    Authenticated(Arc<ConnectResponse>),
    /// `connected`
    Connected,
    /// `ready`
    Ready,
    /// `disconnecting`
    Disconnecting,
    /// `disconnected`; with its cause where nobody asked for it.
    Disconnected(Option<Failure>),
    /// `reconnecting`
    Reconnecting,
    /// `unable_to_rtm_start`
    UnableToRtmStart(Arc<ErrorReport<ApiError>>),
    /// `error`
    Error(Arc<ErrorReport<SocketError>>),
}

/// What the client does to get a connection, and why it is without one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Diagnostic {
    /// A connect call is made.
    ConnectCall {
        /// Counted from 1, and anew when the client has been ready.
        attempt: u32,
    },
    /// The socket is dialled.
    Dial {
        /// The server's name, and its port where the URL has one.
        server: String,
    },
    /// Nothing is tried for a while.
    Pause {
        /// For how long.
        pause: Duration,
        /// Why.
        reason: String,
    },
}

/// How a promise settles.
#[derive(Debug, Clone)]
pub enum Outcome {
    /// Resolves with nothing.
    Done,
    /// Resolves with the data of the last `authenticated` event.
    Started,
    /// Resolves with the message's id.
    Sent(MessageId),
    /// Resolves with the round trip.
    Pong(Duration),
    /// Resolves with a Web API method's answer.
    ApiResponse(ApiResponse),
    /// Rejects.
    Failed(Failure),
}

/// Why a promise is rejected, or a session ended. Each variant says which JavaScript error it becomes.
#[derive(Debug, Clone, thiserror::Error)]
pub enum Failure {
    /// `ErrorCode.SendWhileDisconnectedError`
    #[error(
        "cannot send a message: the client is not connected; call start() first, or use addOutgoingEvent()"
    )]
    SendWhileDisconnected,
    /// `ErrorCode.SendWhileNotReadyError`
    #[error("cannot send a message: the client is not ready; wait for `ready`, or use addOutgoingEvent()")]
    SendWhileNotReady,
    /// `ErrorCode.NoReplyReceivedError`
    #[error("no reply to the message: {0}")]
    NoReply(String),
    /// `ErrorCode.WebsocketError`
    #[error("{0}")]
    Socket(Arc<ErrorReport<SocketError>>),
    /// One of the `slack_webapi_*` errors
    #[error("{0}")]
    Api(Arc<ErrorReport<ApiError>>),
    /// `ABORT_ERR`
    #[error("start() was ended by disconnect() before the client was authenticated")]
    Aborted,
}

/// An error as the user is told of it: what happened, and what follows from it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{error}; {next}")]
pub struct ErrorReport<E: std::error::Error> {
    /// What happened, to what.
    pub error: E,
    /// What the client does about it, like `trying again in 812 ms`.
    pub next: String,
}

/// What happened to a socket, or to the dialling of one.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct SocketError {
    /// What happened, to which host.
    pub message: String,
    /// Node's name for it (`ECONNRESET`), where there is one.
    pub code: Option<ErrorCode>,
    /// The close code (RFC 6455, section 7.4; 1006 where the connection just ended).
    pub close_code: u16,
    /// The reason in the server's close frame.
    pub reason: String,
    /// For how long the server asked to be left alone, when it refused the upgrade.
    pub retry_after: Duration,
}

impl SocketError {
    /// An error without a close frame.
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

/// How a socket ended.
#[derive(Debug, Clone)]
pub enum CloseReason {
    /// By a close frame, or by the end of the stream (1006).
    Closed {
        /// The close code.
        code: u16,
        /// The close frame's reason.
        reason: String,
    },
    /// By a transport error: refused, reset, TLS, protocol.
    Failed(SocketError),
}

/// How grave a log line is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum LogLevel {
    /// Frames, transitions, keepalive.
    Debug,
    /// What an operator wants to know: why a client is away, and until when.
    Info,
    /// Trouble that the session deals with itself.
    Warn,
    /// Frames that are not JSON, transport errors.
    Error,
}

/// Text that `Debug` does not show.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(pub String);

impl fmt::Debug for Secret {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Secret(…)")
    }
}
