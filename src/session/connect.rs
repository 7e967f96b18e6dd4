//! From `connecting` to an open socket: the connect call, its retries, and opening the socket.

use std::sync::Arc;
use std::time::Instant;

use super::Session;
use super::api_error::{ApiError, ErrorClass};
use super::connection_loss::ConnectionLoss;
use super::failure::{ErrorReport, Failure, SocketError};
use super::ids::ConnectionId;
use super::io::{Delivery, Diagnostic, Event, LogLevel, Outcome, Output, Secret};
use super::response::ConnectResponse;
use super::retry::retries_exhausted;
use super::state::{SocketPhase, State};
use super::timer::Timer;

impl Session {
    /// Enters `connecting`, and makes the connect call.
    pub(super) fn connect(&mut self, now: Instant) {
        self.retry.connecting(now);
        self.enter(State::Authenticating);
        self.outputs.emit(Event::Connecting);
        self.make_connect_call();
    }

    /// Makes one attempt of the connect call.
    pub(super) fn make_connect_call(&mut self) {
        let connection = self.connection.begin();
        self.read_clock.renew_grace();
        let attempt = self.retry.count_attempt();
        self.outputs.log(LogLevel::Debug, || "making the connect call".to_owned());
        self.outputs.deliver(Delivery::Diagnostic(Diagnostic::ConnectCall { attempt }));
        self.outputs.push(Output::Connect { connection, options: Arc::clone(&self.connect_options) });
    }

    /// The connect call has succeeded: opens the socket, and settles `start()`.
    pub(super) fn on_connect_response(
        &mut self,
        now: Instant,
        connection: ConnectionId,
        response: ConnectResponse,
    ) {
        if self.state != State::Authenticating {
            return;
        }
        if let Err(error) = response.check_url(self.config.secure_only) {
            return self.on_connect_error(now, error);
        }
        let url = Secret(response.url.clone());
        self.connection.opening(&response.url, now);
        self.retry.authenticated();
        self.enter(State::Authenticated);
        self.outputs.emit(Event::Authenticated(Arc::new(response)));
        for call in std::mem::take(&mut self.starts) {
            self.outputs.settle(call, Outcome::Started);
        }
        let server = self.connection.server().to_owned();
        self.outputs.deliver(Delivery::Diagnostic(Diagnostic::OpenSocket { server }));
        self.outputs.push(Output::Open { connection, url });
        if let Some(timeout) = self.config.connect_timeout {
            self.set_timer(Timer::Connect, now, timeout);
        }
    }

    /// The connect call has failed: retries it, connects again later, or gives up. [`ErrorClass`] has the rules.
    pub(super) fn on_connect_error(&mut self, now: Instant, error: ApiError) {
        if self.state != State::Authenticating {
            return;
        }
        self.connection.end();
        let failed = self.retry.count_failed_call(now);
        let class = error.class();
        let has_retries = class != ErrorClass::RetriesExhausted && self.config.retry.allows(failed);
        let can_reconnect = self.config.auto_reconnect && (self.retry.was_authenticated || has_retries);
        let next = match class {
            ErrorClass::Retryable if has_retries => return self.retry_connect_call(now, &error),
            ErrorClass::Retryable | ErrorClass::Temporary | ErrorClass::RetriesExhausted if can_reconnect => {
                return self.reconnect_after_error(now, error);
            }
            ErrorClass::Permanent => "giving up, since trying again cannot help".to_owned(),
            ErrorClass::RetriesExhausted => "giving up, since the webClient gave up".to_owned(),
            ErrorClass::Retryable | ErrorClass::Temporary if has_retries => {
                "giving up, since autoReconnect is off".to_owned()
            }
            ErrorClass::Retryable | ErrorClass::Temporary => retries_exhausted(failed),
        };
        let report = Arc::new(ErrorReport { error, next });
        self.outputs.log(LogLevel::Error, || format!("unable to start: {report}"));
        self.outputs.emit(Event::UnableToRtmStart(Arc::clone(&report)));
        self.give_up(&Failure::Api(report));
    }

    /// Retries the connect call after a pause. The state does not change, and no event reports the error.
    fn retry_connect_call(&mut self, now: Instant, error: &ApiError) {
        let pause = self.retry.call_pause(&self.config.retry, &mut self.rng).max(error.retry_after());
        self.outputs.log(LogLevel::Info, || format!("{error}; trying again in {} ms", pause.as_millis()));
        self.outputs.deliver(Delivery::Diagnostic(Diagnostic::Pause { pause, reason: error.to_string() }));
        self.set_timer(Timer::Retry, now, pause);
    }

    /// Reports the error, and connects again after a pause.
    fn reconnect_after_error(&mut self, now: Instant, error: ApiError) {
        let pause = self.retry.reconnect_pause(error.retry_after(), &mut self.rng);
        let reason = error.to_string();
        let next = format!("trying again in {} ms", pause.as_millis());
        let report = Arc::new(ErrorReport { error, next });
        self.outputs.log(LogLevel::Warn, || format!("unable to start: {report}"));
        self.outputs.emit(Event::UnableToRtmStart(report));
        self.reconnect(now, pause, reason);
    }

    /// The socket is open.
    pub(super) fn on_opened(&mut self, now: Instant) {
        if self.state == State::Authenticated {
            self.enter(State::Handshaking);
            self.schedule_unsolicited_pong(now);
        }
    }

    /// `hello` did not arrive within `connectTimeout`.
    pub(super) fn on_connect_timeout(&mut self, now: Instant) {
        let waited = self.config.connect_timeout.unwrap_or_default().as_millis();
        let server = self.connection.server();
        let message = match self.state.socket() {
            SocketPhase::None | SocketPhase::Opening => {
                format!("the socket to {server} could not be opened within {waited} ms (connectTimeout)")
            }
            SocketPhase::Open | SocketPhase::Closing => {
                format!("no `hello` from {server} within {waited} ms (connectTimeout)")
            }
        };
        let error = SocketError::new(message, Some("ETIMEDOUT".into()));
        self.drop_connection(now, error, ConnectionLoss::TransportError);
    }
}
