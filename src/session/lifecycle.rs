//! `start()`, `disconnect()` and the end of a session. The state changes here, in [`Session::enter`].

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::Session;
use super::failure::{ErrorReport, Failure, SocketError};
use super::ids::CallId;
use super::io::{Event, LogLevel, Outcome, Output};
use super::retry::RetryState;
use super::state::State;
use super::timer::Timer;

/// The time limit of the close handshake. `disconnect()` is documented to resolve within five seconds; the other two are
/// for a busy process.
const CLOSE_TIMEOUT: Duration = Duration::from_secs(3);

impl Session {
    /// Enters a state. No other code changes the state.
    pub(super) fn enter(&mut self, state: State) {
        let previous = std::mem::replace(&mut self.state, state);
        self.outputs.log(LogLevel::Debug, || format!("state: {} -> {}", previous.name(), state.name()));
    }

    /// The user calls `start()`.
    pub(super) fn on_start(&mut self, now: Instant, call: CallId, options: Arc<str>) {
        self.connect_options = options;
        match self.state {
            State::Disconnected => {
                self.starts.push(call);
                self.begin(now);
            }
            State::Authenticating | State::Reconnecting => self.starts.push(call),
            State::Authenticated | State::Handshaking | State::Resuming { .. } | State::Ready => {
                self.outputs.settle(call, Outcome::Started);
            }
            State::Disconnecting { .. } => {
                self.starts.push(call);
                self.enter(State::Disconnecting { restart: true });
            }
        }
    }

    /// Begins a new session: failures of an earlier one do not count.
    fn begin(&mut self, now: Instant) {
        self.retry = RetryState::new(now);
        self.connect(now);
    }

    /// The user calls `disconnect()`.
    pub(super) fn on_disconnect(&mut self, now: Instant, call: CallId) {
        match self.state {
            State::Disconnected => self.outputs.settle(call, Outcome::Done),
            State::Authenticating | State::Authenticated | State::Reconnecting => {
                self.begin_disconnect(call);
                self.abandon_connection();
                self.end(now);
            }
            State::Handshaking | State::Resuming { .. } | State::Ready => {
                self.begin_disconnect(call);
                self.timers.stop_all();
                self.rtm.keepalive.stop();
                self.outputs.push(Output::Close);
                self.set_timer(Timer::Close, now, CLOSE_TIMEOUT);
            }
            State::Disconnecting { .. } => {
                self.disconnects.push(call);
                self.enter(State::Disconnecting { restart: false });
                self.reject_starts(&Failure::Aborted);
            }
        }
    }

    fn begin_disconnect(&mut self, call: CallId) {
        self.disconnects.push(call);
        self.enter(State::Disconnecting { restart: false });
        self.outputs.emit(Event::Disconnecting);
    }

    /// The close handshake took too long.
    pub(super) fn on_close_timeout(&mut self, now: Instant) {
        self.abandon_connection();
        self.end(now);
    }

    /// The end that `disconnect()` asked for. If `start()` was called since, a new session begins.
    pub(super) fn end(&mut self, now: Instant) {
        let restart = match self.state {
            State::Disconnecting { restart } => restart,
            State::Disconnected
            | State::Authenticating
            | State::Authenticated
            | State::Handshaking
            | State::Resuming { .. }
            | State::Ready
            | State::Reconnecting => false,
        };
        self.become_disconnected(None);
        for call in std::mem::take(&mut self.disconnects) {
            self.outputs.settle(call, Outcome::Done);
        }
        if restart {
            self.begin(now);
        } else {
            self.reject_starts(&Failure::Aborted);
        }
    }

    /// An end that the user has not asked for.
    pub(super) fn give_up(&mut self, failure: &Failure) {
        self.become_disconnected(Some(failure.clone()));
        self.reject_starts(failure);
    }

    fn become_disconnected(&mut self, error: Option<Failure>) {
        self.timers.stop_all();
        match &error {
            Some(failure) => self.fail_unwritten(failure),
            None => self.fail_unwritten(&ended_by_disconnect()),
        }
        self.fail_pending_replies();
        self.enter(State::Disconnected);
        self.outputs.emit(Event::Disconnected(error));
    }

    fn reject_starts(&mut self, failure: &Failure) {
        for call in std::mem::take(&mut self.starts) {
            self.outputs.fail(call, failure.clone());
        }
    }
}

/// The failure of a message that was not written before `disconnect()` ended the connection.
fn ended_by_disconnect() -> Failure {
    let message = "the connection was ended by disconnect() before the message was written";
    let next = "call start() and send it again".to_owned();
    Failure::Socket(Arc::new(ErrorReport { error: SocketError::new(message.to_owned(), None), next }))
}
