//! The inputs and outputs of a session.
//!
//! The order of the outputs is the order of events: the driver executes them one after the other.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;

use super::api_error::ApiError;
use super::failure::{ErrorReport, Failure, SocketError};
use super::frame::{Frame, FrameHead, FrameToken};
use super::ids::{CallId, ConnectionId, MessageId};
use super::message::Message;
use super::response::{ApiResponse, ConnectResponse};

/// An event that the driver reports to the session: a call of the user's, something from the network, or a deadline.
///
/// The driver reports events in the order in which they happen.
#[derive(Debug, Clone)]
pub enum Input {
    /// The user calls `start()`.
    Start {
        /// Settles with [`Outcome::Started`], or fails.
        call: CallId,
        /// The options of `start()` as the form fields of the connect call (`application/x-www-form-urlencoded`). They
        /// are kept for reconnects.
        options: Arc<str>,
    },
    /// The user calls `disconnect()`.
    Disconnect {
        /// Settles with [`Outcome::Done`] within 5 seconds.
        call: CallId,
    },
    /// The user calls `send()`: the message is written now, or the call fails.
    Send {
        /// Settles with [`Outcome::Sent`] when the message is written, or fails.
        call: CallId,
        /// The message.
        message: Message,
    },
    /// The user calls `addOutgoingEvent()`: the message is written when the client is `ready`, in the order of the
    /// calls.
    Enqueue {
        /// If a reply is awaited, [`Delivery::Frame`] settles the call. If not, it settles with [`Outcome::Done`] when
        /// the message is written. In both cases it may fail.
        call: CallId,
        /// Whether the call waits for the reply.
        await_reply: bool,
        /// The message.
        message: Message,
    },
    /// The user calls `ping()`.
    Ping {
        /// Settles with [`Outcome::Pong`], or fails.
        call: CallId,
    },
    /// The connect call has ended.
    ConnectFinished {
        /// The id that [`Output::Connect`] had.
        connection: ConnectionId,
        /// The response or the error.
        result: Result<ConnectResponse, ApiError>,
    },
    /// The socket is open: the server has accepted the WebSocket upgrade.
    Opened {
        /// The id that [`Output::Open`] had.
        connection: ConnectionId,
    },
    /// A text frame or a binary frame has arrived.
    Frame {
        /// The connection of the socket.
        connection: ConnectionId,
        /// The frame.
        frame: Frame,
    },
    /// Something other than a whole frame has arrived: a control frame, or a part of a frame. It proves that the server
    /// is there.
    Activity {
        /// The connection of the socket.
        connection: ConnectionId,
    },
    /// All frames of the [`Output::Write`]s so far have been written to the socket.
    Flushed {
        /// The connection of the socket.
        connection: ConnectionId,
    },
    /// The socket has ended, or it could not be opened.
    Closed {
        /// The connection of the socket.
        connection: ConnectionId,
        /// Why.
        reason: CloseReason,
    },
    /// The driver stops reading the socket because the user's code is slow (backpressure), or reads it again. Silence
    /// during the pause says nothing about the server.
    ReadPaused {
        /// Whether reading is paused from now on.
        paused: bool,
    },
    /// The time of [`Session::poll_timeout`](super::Session::poll_timeout) has come.
    Timeout,
}

/// Something that the driver must do.
#[derive(Debug, Clone)]
pub enum Output {
    /// Make one attempt of the connect call, and report its end with [`Input::ConnectFinished`].
    Connect {
        /// The id to report with.
        connection: ConnectionId,
        /// The form fields of the call (`application/x-www-form-urlencoded`).
        options: Arc<str>,
    },
    /// Open a socket, and report with [`Input::Opened`] or [`Input::Closed`].
    Open {
        /// The id to report with.
        connection: ConnectionId,
        /// The socket's URL.
        url: Secret,
    },
    /// Write a text frame to the socket. Report with [`Input::Flushed`] when all frames are written.
    Write {
        /// The frame's payload: JSON.
        frame: Bytes,
    },
    /// Send a WebSocket pong that the server has not asked for (RFC 6455, section 5.5.3).
    Pong,
    /// Begin the close handshake of the socket, and report its end with [`Input::Closed`].
    Close,
    /// Drop the connect call or the socket in progress immediately. Report nothing.
    Drop,
    /// Pass something to the user.
    Deliver(Delivery),
}

/// Something that the user gets.
#[derive(Debug, Clone)]
pub enum Delivery {
    /// A lifecycle event.
    Event(Event),
    /// A frame from Slack.
    Frame {
        /// The payload: valid JSON.
        data: Bytes,
        /// The fields that were looked up.
        head: FrameHead,
        /// The call that the frame settles, because it is the reply to the call's message.
        reply: Option<CallId>,
        /// The [`Frame::token`] of the frame.
        token: Option<FrameToken>,
    },
    /// A frame that the client sends: the `outgoing_message` event.
    Outgoing {
        /// The payload: JSON.
        frame: Bytes,
    },
    /// A call settles.
    Settle {
        /// The call.
        call: CallId,
        /// How it settles.
        outcome: Outcome,
    },
    /// A message for `node:diagnostics_channel`.
    Diagnostic(Diagnostic),
    /// A log line.
    Log {
        /// Its level.
        level: LogLevel,
        /// The line. It contains no token and no ticket.
        text: String,
    },
}

/// The lifecycle events (docs/lifecycle.md). The event has the name of the state that the client enters.
#[derive(Debug, Clone)]
pub enum Event {
    /// `connecting`
    Connecting,
    /// `authenticated`, with the response of the connect call.
    Authenticated(Arc<ConnectResponse>),
    /// `connected`
    Connected,
    /// `ready`
    Ready,
    /// `disconnecting`
    Disconnecting,
    /// `disconnected`, with the error that ended the session. `None` after `disconnect()`.
    Disconnected(Option<Failure>),
    /// `reconnecting`
    Reconnecting,
    /// `unable_to_rtm_start`: the connect call failed. `Reconnecting` or `Disconnected` follows.
    UnableToRtmStart(Arc<ErrorReport<ApiError>>),
    /// `error`: a transport error. `Reconnecting` or `Disconnected` follows.
    Error(Arc<ErrorReport<SocketError>>),
}

/// What the client does to get a connection, for `node:diagnostics_channel` (docs/operations.md).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Diagnostic {
    /// The connect call is made.
    ConnectCall {
        /// The number of attempts since the client was last `ready`, this one included.
        attempt: u32,
    },
    /// The socket is opened.
    OpenSocket {
        /// The host name, and the port if the URL has one.
        server: String,
    },
    /// The client waits before it tries again.
    Pause {
        /// The length of the pause.
        pause: Duration,
        /// The error that caused it.
        reason: String,
    },
}

/// How a call settles.
#[derive(Debug, Clone)]
pub enum Outcome {
    /// Resolves with nothing.
    Done,
    /// Resolves with the data of the last `authenticated` event.
    Started,
    /// Resolves with the message's id.
    Sent(MessageId),
    /// Resolves with the round-trip time.
    Pong(Duration),
    /// Resolves with the response of a Web API method.
    ApiResponse(ApiResponse),
    /// Rejects.
    Failed(Failure),
}

/// How a socket ended.
#[derive(Debug, Clone)]
pub enum CloseReason {
    /// By a close frame, or by the end of the stream.
    Closed {
        /// The close code (RFC 6455, section 7.4), or 1006 if there was no close frame.
        code: u16,
        /// The reason in the close frame. Empty if there is none.
        reason: String,
    },
    /// By a transport error: the upgrade was refused, the connection was reset, TLS failed, the server broke the
    /// protocol.
    Failed(SocketError),
}

/// The level of a log line (docs/logging.md).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum LogLevel {
    /// State changes, keepalive, and every frame.
    Debug,
    /// Why the client has no connection, and when it tries again.
    Info,
    /// Errors after which the client tries again by itself.
    Warn,
    /// Transport errors, frames that are not JSON, and errors that end the session.
    Error,
}

/// A text that `Debug` does not print.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(pub String);

impl fmt::Debug for Secret {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Secret(…)")
    }
}
