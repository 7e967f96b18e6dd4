//! How a connection is lost, what the user is told of it, and the pause before the next one. Changes the state through
//! `lifecycle`.

use super::{
    ABNORMAL_CLOSURE, Arc, CloseReason, Delivery, Diagnostic, Duration, ErrorReport, Event, Failure, Instant,
    LogLevel, OnWritten, Output, STABLE_AFTER, Session, SocketError, State, Timer, backoff, redact, words_of,
};

/// The part of the first pause that is made after silence.
const AFTER_SILENCE: f64 = 0.4;

/// How a connection was lost.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Loss {
    /// The server ended it, or is told to have gone.
    Ended,
    /// By a transport error, which is told by `error`.
    Broken,
    /// Nothing came any longer. Much time is lost already.
    Silent,
}

impl Session {
    pub(super) fn on_closed(&mut self, now: Instant, reason: CloseReason) {
        match (self.state, reason) {
            (State::Disconnected | State::Authenticating | State::Reconnecting, _) => {}
            (_, CloseReason::Closed { code, reason }) => {
                let error = self.closed_by(code, reason);
                self.lose(now, self.dated(now, error), Loss::Ended);
            }
            (_, CloseReason::Failed(error)) => self.lose(now, self.dated(now, error), Loss::Broken),
        }
    }

    /// Drops the connection and takes it for lost.
    pub(super) fn drop_connection(&mut self, now: Instant, error: SocketError, loss: Loss) {
        self.abandon();
        self.lose(now, error, loss);
    }

    /// The connection is gone. A transport error is told by `error`, unless the end was asked for anyway.
    fn lose(&mut self, now: Instant, error: SocketError, loss: Loss) {
        self.connection = None;
        if matches!(self.state, State::Disconnecting { .. }) {
            return self.end(now);
        }
        if self.has_stood_for(now).is_some_and(|stood| stood >= STABLE_AFTER) {
            self.trouble.setbacks = 0;
        }
        let pause = self
            .config
            .auto_reconnect
            .then(|| self.pause_after(loss, error.retry_after.min(backoff::LONGEST_RETRY_AFTER)));
        let next = match pause {
            Some(pause) => format!("reconnecting in {} ms", pause.as_millis()),
            None => "giving up, since autoReconnect is off".to_owned(),
        };
        let told = Arc::new(ErrorReport { error, next });
        if loss == Loss::Broken {
            self.log(LogLevel::Error, |_| format!("transport error: {told}"));
            self.emit(Event::Error(Arc::clone(&told)));
        } else {
            self.log(LogLevel::Info, |_| told.to_string());
        }
        let failure = Failure::Socket(Arc::clone(&told));
        if let Some(pause) = pause {
            self.forget_connection(&failure);
            self.reconnect(now, pause, told.error.to_string());
        } else {
            self.give_up(&failure);
        }
    }

    /// Since when, on this connection, the server has said `hello`.
    fn has_stood_for(&self, now: Instant) -> Option<Duration> {
        match self.state {
            State::Resuming { since, .. } | State::Ready { since } => {
                Some(now.saturating_duration_since(since))
            }
            _ => None,
        }
    }

    /// With the time that the connection has stood, or was dialled for.
    pub(super) fn dated(&self, now: Instant, mut error: SocketError) -> SocketError {
        let (time, since) = match self.has_stood_for(now) {
            Some(stood) => (stood, "hello"),
            None => (now.saturating_duration_since(self.dialled), "it was dialled"),
        };
        error.message = format!("{} ({} after {since})", error.message, words_of(time));
        error
    }

    /// The pause after a loss. A silent server has cost ten seconds before it was noticed, and by each client at a time of
    /// its own: a shorter first pause keeps the time to replace it within another half second.
    fn pause_after(&mut self, loss: Loss, at_least: Duration) -> Duration {
        let is_first = self.trouble.setbacks == 0;
        let pause = self.reconnect_pause(at_least);
        if is_first && loss == Loss::Silent { pause.mul_f64(AFTER_SILENCE) } else { pause }
    }

    /// The pause before the next connection.
    pub(super) fn reconnect_pause(&mut self, at_least: Duration) -> Duration {
        let pause = backoff::reconnect_pause(self.trouble.setbacks, &mut self.rng).max(at_least);
        self.trouble.setbacks += 1;
        pause
    }

    /// Enters `reconnecting`, with a pause.
    pub(super) fn reconnect(&mut self, now: Instant, pause: Duration, reason: String) {
        self.timers.stop_all();
        self.enter(State::Reconnecting);
        self.emit(Event::Reconnecting);
        self.deliver(Delivery::Diagnostic(Diagnostic::Pause { pause, reason }));
        self.set_timer(Timer::Reconnect, now, pause);
    }

    /// Has the driver drop what is under way, if anything is; nothing of it counts from now on.
    pub(super) fn abandon(&mut self) {
        if self.connection.take().is_some() {
            self.outputs.push_back(Output::Drop);
        }
    }

    /// Settles what can no longer come of the connection.
    pub(super) fn forget_connection(&mut self, failure: &Failure) {
        self.ping = None;
        let (unwritten, pings) = self.outgoing.connection_lost();
        for on_written in unwritten {
            match on_written {
                OnWritten::Sent(call, _) | OnWritten::Done(call) => self.fail(call, failure.clone()),
                OnWritten::Nothing => {}
            }
        }
        for call in pings {
            self.fail(call, Failure::NoReply(format!("the connection to {} ended", self.server)));
        }
    }

    /// The error for a connection that ended with this close code.
    fn closed_by(&self, code: u16, reason: String) -> SocketError {
        let server = &self.server;
        let message = match (code, redact(&reason).as_str()) {
            (ABNORMAL_CLOSURE, "") => format!("the connection to {server} ended without a close frame"),
            (ABNORMAL_CLOSURE, reason) => reason.to_owned(),
            (code, "") => format!("{server} closed the connection with code {code}"),
            (code, reason) => format!("{server} closed the connection with code {code}: {reason}"),
        };
        SocketError { close_code: code, reason, ..SocketError::new(message, None) }
    }
}

/// For what was to be written when the user ended the connection.
pub(super) fn ended_by_disconnect() -> Failure {
    let message = "the connection was ended by disconnect() before the message was written";
    let next = "call start() and send it again".to_owned();
    Failure::Socket(Arc::new(ErrorReport { error: SocketError::new(message.to_owned(), None), next }))
}
