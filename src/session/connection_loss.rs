//! How a connection is lost, and the pause before the next one.

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::Session;
use super::api_error::LONGEST_RETRY_AFTER;
use super::failure::{ABNORMAL_CLOSURE, ErrorReport, Failure, SocketError};
use super::io::{CloseReason, Delivery, Diagnostic, Event, LogLevel, Output};
use super::redact::redact;
use super::state::{SocketPhase, State};
use super::timer::Timer;

/// A connection is stable if it has lasted this long since `hello`. The pauses after it start from the shortest one
/// again.
const STABLE_AFTER: Duration = Duration::from_secs(30);

/// The factor by which the first pause after a silent connection is shorter than after another loss.
///
/// It took ten seconds (at the default timeouts) to notice the silence, and each client notices it at a different time.
/// A shorter pause therefore does not bring all clients of a server back at the same moment, and the connection is
/// replaced within half a second.
const PAUSE_FACTOR_AFTER_SILENCE: f64 = 0.4;

/// How a connection was lost.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ConnectionLoss {
    /// The server closed it, or announced that it will.
    Closed,
    /// By a transport error, which the `error` event reports.
    TransportError,
    /// Nothing arrived any more.
    Silent,
}

impl Session {
    /// The socket has ended, or it could not be opened.
    pub(super) fn on_closed(&mut self, now: Instant, reason: CloseReason) {
        match self.state.socket() {
            SocketPhase::None => return,
            SocketPhase::Opening | SocketPhase::Open | SocketPhase::Closing => {}
        }
        let (error, loss) = match reason {
            CloseReason::Closed { code, reason } => {
                (self.closed_by_server(code, reason), ConnectionLoss::Closed)
            }
            CloseReason::Failed(error) => (error, ConnectionLoss::TransportError),
        };
        self.lose_connection(now, self.with_age(now, error), loss);
    }

    /// Drops the connection and treats it as lost.
    pub(super) fn drop_connection(&mut self, now: Instant, error: SocketError, loss: ConnectionLoss) {
        self.abandon_connection();
        self.lose_connection(now, error, loss);
    }

    /// Ends the session if `disconnect()` asked for it. Otherwise reports the loss, and connects again or gives up.
    fn lose_connection(&mut self, now: Instant, error: SocketError, loss: ConnectionLoss) {
        self.connection.end();
        match self.state.socket() {
            SocketPhase::Closing => return self.end(now),
            SocketPhase::None | SocketPhase::Opening | SocketPhase::Open => {}
        }
        if self.connection.time_since_hello(now).is_some_and(|age| age >= STABLE_AFTER) {
            self.retry.stable();
        }
        let at_least = error.retry_after.min(LONGEST_RETRY_AFTER);
        let pause = self.config.auto_reconnect.then(|| self.pause_after(loss, at_least));
        let next = match pause {
            Some(pause) => format!("reconnecting in {} ms", pause.as_millis()),
            None => "giving up, since autoReconnect is off".to_owned(),
        };
        let report = Arc::new(ErrorReport { error, next });
        match loss {
            ConnectionLoss::TransportError => {
                self.outputs.log(LogLevel::Error, || format!("transport error: {report}"));
                self.outputs.emit(Event::Error(Arc::clone(&report)));
            }
            ConnectionLoss::Closed | ConnectionLoss::Silent => {
                self.outputs.log(LogLevel::Info, || report.to_string());
            }
        }
        let failure = Failure::Socket(Arc::clone(&report));
        match pause {
            Some(pause) => {
                self.fail_unwritten(&failure);
                self.reconnect(now, pause, report.error.to_string());
            }
            None => self.give_up(&failure),
        }
    }

    fn pause_after(&mut self, loss: ConnectionLoss, at_least: Duration) -> Duration {
        let is_first = self.retry.is_first_failure();
        let pause = self.retry.reconnect_pause(at_least, &mut self.rng);
        match loss {
            ConnectionLoss::Silent if is_first => pause.mul_f64(PAUSE_FACTOR_AFTER_SILENCE),
            ConnectionLoss::Silent | ConnectionLoss::Closed | ConnectionLoss::TransportError => pause,
        }
    }

    /// Enters `reconnecting` and connects again after a pause.
    pub(super) fn reconnect(&mut self, now: Instant, pause: Duration, reason: String) {
        self.timers.stop_all();
        self.enter(State::Reconnecting);
        self.outputs.emit(Event::Reconnecting);
        self.outputs.deliver(Delivery::Diagnostic(Diagnostic::Pause { pause, reason }));
        self.set_timer(Timer::Reconnect, now, pause);
    }

    /// Drops the connect call or the socket in progress, if there is one. Its late inputs are ignored from now on.
    pub(super) fn abandon_connection(&mut self) {
        if self.connection.end() {
            self.outputs.push(Output::Drop);
        }
    }

    /// Adds the age of the connection to the message of an error.
    pub(super) fn with_age(&self, now: Instant, mut error: SocketError) -> SocketError {
        error.message = format!("{} ({})", error.message, self.connection.describe_age(now));
        error
    }

    /// The error for a connection that the server closed, or that ended without a close frame.
    fn closed_by_server(&self, code: u16, reason: String) -> SocketError {
        let server = self.connection.server();
        let message = match (code, redact(&reason).as_str()) {
            (ABNORMAL_CLOSURE, "") => format!("the connection to {server} ended without a close frame"),
            (ABNORMAL_CLOSURE, reason) => reason.to_owned(),
            (code, "") => format!("{server} closed the connection with code {code}"),
            (code, reason) => format!("{server} closed the connection with code {code}: {reason}"),
        };
        SocketError { close_code: code, reason, ..SocketError::new(message, None) }
    }
}
