//! The states of a session.

use super::ids::MessageId;

/// The state of a session. docs/lifecycle.md has the diagram; [`Session`](super::Session) repeats it in short.
///
/// Only `Session::enter` changes the state. Every `match` on it lists all variants, so the compiler shows each place
/// that a new state affects.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum State {
    /// No connection is open or wanted.
    Disconnected,
    /// The connect call is in progress, or it failed and waits for its next attempt.
    Authenticating,
    /// The connect call has succeeded. The socket is being opened.
    Authenticated,
    /// The socket is open. The session waits for `hello`.
    Handshaking,
    /// `hello` has arrived, and replies to messages of an earlier connection are still awaited. The reply to
    /// `last_pending`, the newest of these messages, makes the client ready.
    Resuming {
        /// The newest message whose reply is awaited.
        last_pending: MessageId,
    },
    /// Messages can be sent.
    Ready,
    /// `disconnect()` was called. The close handshake is in progress.
    Disconnecting {
        /// Whether `start()` was called after `disconnect()`, so that the client connects again.
        restart: bool,
    },
    /// The connection was lost, or the connect call failed. The session waits before it tries again.
    Reconnecting,
}

/// What exists of the socket in a state.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum SocketPhase {
    /// There is no socket.
    None,
    /// The socket is being opened. Nothing can be received or sent.
    Opening,
    /// The socket is open.
    Open,
    /// The close handshake is in progress. Frames can still be received.
    Closing,
}

impl State {
    /// The name of the state in log lines: that of the lifecycle event, and the sub-state if there is one.
    pub(super) fn name(self) -> &'static str {
        match self {
            State::Disconnected => "disconnected",
            State::Authenticating => "connecting:authenticating",
            State::Authenticated => "connecting:authenticated",
            State::Handshaking => "connecting:handshaking",
            State::Resuming { .. } => "connected:resuming",
            State::Ready => "connected:ready",
            State::Disconnecting { .. } => "disconnecting",
            State::Reconnecting => "reconnecting",
        }
    }

    /// What exists of the socket.
    pub(super) fn socket(self) -> SocketPhase {
        match self {
            State::Disconnected | State::Authenticating | State::Reconnecting => SocketPhase::None,
            State::Authenticated => SocketPhase::Opening,
            State::Handshaking | State::Resuming { .. } | State::Ready => SocketPhase::Open,
            State::Disconnecting { .. } => SocketPhase::Closing,
        }
    }

    /// Whether `hello` has arrived on the current socket, and the socket is not being closed.
    pub(super) fn is_connected(self) -> bool {
        match self {
            State::Resuming { .. } | State::Ready => true,
            State::Disconnected
            | State::Authenticating
            | State::Authenticated
            | State::Handshaking
            | State::Disconnecting { .. }
            | State::Reconnecting => false,
        }
    }
}
