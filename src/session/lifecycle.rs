//! The session's life: `start`, `disconnect`, the connect call, the socket's beginning and end, pauses. Owns every
//! change of state; what goes over an open socket is `traffic`'s.

use super::{
    ABNORMAL_CLOSURE, ApiError, Arc, CLOSE_TIMEOUT, CallId, Closure, ConnectAnswer, ConnectionId, Delivery,
    Diagnostic, Duration, Event, Failure, Instant, LONGEST_RECONNECT_PAUSE, LogLevel, OnWritten, Outcome,
    Output, SLEPT, STABLE_AFTER, Secret, Session, SocketError, State, TIME_TO_READ, Timer, Told, Trouble,
    Verdict, authority, backoff, redact, words_of,
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
    // ── What comes out ────────────────────────────────────────────────────────────────────────────────────────────

    pub(super) fn deliver(&mut self, delivery: Delivery) {
        self.outputs.push_back(Output::Deliver(delivery));
    }

    pub(super) fn emit(&mut self, event: Event) {
        self.deliver(Delivery::Event(event));
    }

    pub(super) fn settle(&mut self, call: CallId, outcome: Outcome) {
        self.deliver(Delivery::Settle { call, outcome });
    }

    pub(super) fn fail(&mut self, call: CallId, failure: Failure) {
        self.settle(call, Outcome::Failed(failure));
    }

    /// Makes a log line, where the level asks for it. No line holds a ticket, whoever wrote the text.
    pub(super) fn log(&mut self, level: LogLevel, text: impl FnOnce(&Self) -> String) {
        if level >= self.config.log_level {
            let text = redact(&text(self));
            self.deliver(Delivery::Log { level, text });
        }
    }

    /// The one place where the state changes.
    fn enter(&mut self, state: State) {
        let from = std::mem::replace(&mut self.state, state).name();
        self.log(LogLevel::Debug, |session| format!("state: {from} -> {}", session.state.name()));
    }

    // ── start() and disconnect() ──────────────────────────────────────────────────────────────────────────────────

    pub(super) fn on_start(&mut self, now: Instant, call: CallId, options: Arc<str>) {
        self.options = options;
        match self.state {
            State::Disconnected => {
                self.starts.push(call);
                self.begin(now);
            }
            State::Authenticating | State::Reconnecting => self.starts.push(call),
            State::Authenticated | State::Handshaking | State::Resuming { .. } | State::Ready { .. } => {
                self.settle(call, Outcome::Started);
            }
            State::Disconnecting { .. } => {
                self.starts.push(call);
                self.enter(State::Disconnecting { restart: true });
            }
        }
    }

    /// A session from nothing.
    fn begin(&mut self, now: Instant) {
        self.trouble = Trouble { established: false, failed_calls: 0, since: now, setbacks: 0, attempts: 0 };
        self.connect(now);
    }

    pub(super) fn on_disconnect(&mut self, now: Instant, call: CallId) {
        match self.state {
            State::Disconnected => self.settle(call, Outcome::Done),
            State::Authenticating | State::Authenticated => {
                self.disconnects.push(call);
                self.enter(State::Disconnecting { restart: false });
                self.emit(Event::Disconnecting);
                self.abandon();
                self.end(now);
            }
            State::Reconnecting => {
                self.disconnects.push(call);
                self.enter(State::Disconnecting { restart: false });
                self.emit(Event::Disconnecting);
                self.end(now);
            }
            State::Handshaking | State::Resuming { .. } | State::Ready { .. } => {
                self.disconnects.push(call);
                self.enter(State::Disconnecting { restart: false });
                self.emit(Event::Disconnecting);
                self.timers.stop_all();
                self.ping = None;
                self.outputs.push_back(Output::Close);
                self.set_timer(Timer::Close, now, CLOSE_TIMEOUT);
            }
            State::Disconnecting { .. } => {
                self.disconnects.push(call);
                self.enter(State::Disconnecting { restart: false });
                self.reject_starts(&Failure::Aborted);
            }
        }
    }

    /// The asked-for end is reached: from `disconnecting` to `disconnected`, and on if `start()` was called since.
    fn end(&mut self, now: Instant) {
        let restart = self.state == (State::Disconnecting { restart: true });
        self.become_disconnected(None);
        for call in std::mem::take(&mut self.disconnects) {
            self.settle(call, Outcome::Done);
        }
        if restart {
            self.begin(now);
        } else {
            self.reject_starts(&Failure::Aborted);
        }
    }

    /// An end that nobody asked for.
    fn give_up(&mut self, failure: &Failure) {
        self.become_disconnected(Some(failure.clone()));
        self.reject_starts(failure);
    }

    fn become_disconnected(&mut self, cause: Option<Failure>) {
        self.timers.stop_all();
        match &cause {
            Some(failure) => self.forget_connection(failure),
            None => self.forget_connection(&ended_by_disconnect()),
        }
        for call in self.outgoing.give_up_replies() {
            self.fail(call, Failure::NoReply(format!("the connection to {} ended", self.server)));
        }
        self.enter(State::Disconnected);
        self.emit(Event::Disconnected(cause));
    }

    fn reject_starts(&mut self, failure: &Failure) {
        for call in std::mem::take(&mut self.starts) {
            self.fail(call, failure.clone());
        }
    }

    // ── The connect call ──────────────────────────────────────────────────────────────────────────────────────────

    /// Enters `connecting`.
    fn connect(&mut self, now: Instant) {
        if self.trouble.established {
            self.trouble.failed_calls = 0;
            self.trouble.since = now;
        }
        self.enter(State::Authenticating);
        self.emit(Event::Connecting);
        self.call();
    }

    /// Makes one attempt of the connect call.
    fn call(&mut self) {
        self.last_connection += 1;
        self.connection = Some(self.last_connection);
        self.excused = false;
        self.trouble.attempts = self.trouble.attempts.saturating_add(1);
        let options = Arc::clone(&self.options);
        self.log(LogLevel::Debug, |_| "making the connect call".to_owned());
        self.deliver(Delivery::Diagnostic(Diagnostic::ConnectCall { attempt: self.trouble.attempts }));
        self.outputs.push_back(Output::Connect { connection: self.last_connection, options });
    }

    pub(super) fn on_answer(&mut self, now: Instant, connection: ConnectionId, answer: ConnectAnswer) {
        if self.state != State::Authenticating {
            return;
        }
        if let Err(error) = answer.check_url(self.config.secure_only) {
            return self.on_connect_error(now, error);
        }
        let url = Secret(answer.url.clone());
        authority(&answer.url).clone_into(&mut self.server);
        self.dialled = now;
        let answer = Arc::new(answer);
        self.trouble.established = true;
        self.trouble.failed_calls = 0;
        self.enter(State::Authenticated);
        self.emit(Event::Authenticated(answer));
        for call in std::mem::take(&mut self.starts) {
            self.settle(call, Outcome::Started);
        }
        self.deliver(Delivery::Diagnostic(Diagnostic::Dial { server: self.server.clone() }));
        self.outputs.push_back(Output::Open { connection, url });
        if let Some(timeout) = self.config.connect_timeout {
            self.set_timer(Timer::Connect, now, timeout);
        }
    }

    pub(super) fn on_connect_error(&mut self, now: Instant, error: ApiError) {
        if self.state != State::Authenticating {
            return;
        }
        self.connection = None;
        self.trouble.failed_calls += 1;
        let elapsed = now.saturating_duration_since(self.trouble.since);
        let verdict = error.verdict();
        let more_retries =
            verdict != Verdict::Spent && self.config.retry.allows(self.trouble.failed_calls, elapsed);
        let goes_on = self.config.auto_reconnect && (self.trouble.established || more_retries);
        match verdict {
            Verdict::Repeat if more_retries => self.repeat_call(now, &error),
            Verdict::Repeat | Verdict::Passing | Verdict::Spent if goes_on => {
                let pause = self.reconnect_pause(error.retry_after());
                let reason = error.to_string();
                let next = format!("trying again in {} ms", pause.as_millis());
                let told = Arc::new(Told { error, next });
                self.log(LogLevel::Warn, |_| format!("unable to start: {told}"));
                self.emit(Event::UnableToRtmStart(told));
                self.reconnect(now, pause, reason);
            }
            Verdict::Repeat | Verdict::Passing | Verdict::Spent | Verdict::Permanent => {
                let next = match verdict {
                    Verdict::Permanent => "giving up, since trying again cannot help".to_owned(),
                    Verdict::Spent => "giving up, since the WebClient did".to_owned(),
                    _ if more_retries => "giving up, since autoReconnect is off".to_owned(),
                    _ => backoff::given_up(self.trouble.failed_calls, elapsed),
                };
                let told = Arc::new(Told { error, next });
                self.log(LogLevel::Error, |_| format!("unable to start: {told}"));
                self.emit(Event::UnableToRtmStart(Arc::clone(&told)));
                self.give_up(&Failure::Api(told));
            }
        }
    }

    /// Repeats the connect call after a pause, without leaving the state. Once established, pauses go on growing
    /// from one round of retries to the next.
    fn repeat_call(&mut self, now: Instant, error: &ApiError) {
        let Trouble { failed_calls, setbacks, .. } = self.trouble;
        let retry = &self.config.retry;
        let own = if self.trouble.established {
            retry.pause(failed_calls.max(setbacks), &mut self.rng).min(LONGEST_RECONNECT_PAUSE)
        } else {
            retry.pause(failed_calls, &mut self.rng)
        };
        let pause = own.max(error.retry_after());
        self.trouble.setbacks += 1;
        self.log(LogLevel::Info, |_| format!("{error}; trying again in {} ms", pause.as_millis()));
        self.deliver(Delivery::Diagnostic(Diagnostic::Pause { pause, reason: error.to_string() }));
        self.set_timer(Timer::Retry, now, pause);
    }

    // ── The socket's beginning and end ────────────────────────────────────────────────────────────────────────────

    pub(super) fn on_opened(&mut self, now: Instant) {
        if self.state == State::Authenticated {
            self.enter(State::Handshaking);
            self.schedule_heartbeat(now);
        }
    }

    /// `hello` came.
    pub(super) fn on_hello(&mut self, now: Instant) {
        self.timers.stop(Timer::Connect);
        match self.outgoing.last_pending() {
            Some(last) => {
                self.enter(State::Resuming { since: now, last });
                self.set_timer(Timer::ReplyAck, now, self.config.reply_ack_timeout);
            }
            None => self.enter(State::Ready { since: now }),
        }
        self.emit(Event::Connected);
    }

    /// Messages may go out from now on.
    pub(super) fn become_ready(&mut self, now: Instant) {
        if let State::Resuming { since, .. } = self.state {
            self.timers.stop(Timer::ReplyAck);
            let waited = self.config.reply_ack_timeout.as_millis();
            for call in self.outgoing.give_up_replies() {
                let what = format!(
                    "the connection to {} was replaced, and the reply not replayed within {waited} ms \
                     (replyAckOnReconnectTimeout)",
                    self.server
                );
                self.fail(call, Failure::NoReply(what));
            }
            self.enter(State::Ready { since });
        }
        self.trouble.attempts = 0;
        self.emit(Event::Ready);
        self.start_keepalive(now);
        self.write_queued(now);
    }

    pub(super) fn on_closed(&mut self, now: Instant, closure: Closure) {
        match (self.state, closure) {
            (State::Disconnected | State::Authenticating | State::Reconnecting, _) => {}
            (_, Closure::Ended { code, reason }) => {
                let error = self.closed_by(code, reason);
                self.lose(now, self.dated(now, error), Loss::Ended);
            }
            (_, Closure::Failed(error)) => self.lose(now, self.dated(now, error), Loss::Broken),
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
        let told = Arc::new(Told { error, next });
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
    fn reconnect_pause(&mut self, at_least: Duration) -> Duration {
        let pause = backoff::reconnect_pause(self.trouble.setbacks, &mut self.rng).max(at_least);
        self.trouble.setbacks += 1;
        pause
    }

    /// Enters `reconnecting`, with a pause.
    fn reconnect(&mut self, now: Instant, pause: Duration, reason: String) {
        self.timers.stop_all();
        self.enter(State::Reconnecting);
        self.emit(Event::Reconnecting);
        self.deliver(Delivery::Diagnostic(Diagnostic::Pause { pause, reason }));
        self.set_timer(Timer::Reconnect, now, pause);
    }

    /// Has the driver drop what is under way, if anything is; nothing of it counts from now on.
    fn abandon(&mut self) {
        if self.connection.take().is_some() {
            self.outputs.push_back(Output::Drop);
        }
    }

    /// Settles what can no longer come of the connection.
    fn forget_connection(&mut self, failure: &Failure) {
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

    // ── Deadlines ─────────────────────────────────────────────────────────────────────────────────────────────────

    pub(super) fn set_timer(&mut self, timer: Timer, now: Instant, after: Duration) {
        let from = if timer.needs_reading() { self.reader_time(now) } else { now };
        self.timers.set(timer, from.checked_add(after));
    }

    /// The time from which something that has to be read is awaited: it stands still while the reader is paused,
    /// and deadlines are put off by the pause when that is over.
    pub(super) fn reader_time(&self, now: Instant) -> Instant {
        self.paused_since.unwrap_or(now)
    }

    pub(super) fn on_timeout(&mut self, now: Instant) {
        self.excuse_sleep(now);
        while let Some(timer) = self.timers.expire(now, self.paused_since.is_some()) {
            match timer {
                Timer::Retry => self.call(),
                Timer::Reconnect => self.connect(now),
                Timer::Connect => self.on_connect_timeout(now),
                Timer::ReplyAck => self.become_ready(now),
                Timer::Ping => self.send_keepalive_ping(now),
                Timer::Pong => self.on_pong_timeout(now),
                Timer::Reply => self.on_reply_timeout(now),
                Timer::Heartbeat => self.send_heartbeat(now),
                Timer::Close => {
                    self.abandon();
                    self.end(now);
                }
            }
            self.schedule_reply_timeout();
        }
    }

    /// A deadline that is kept much too late tells that the process slept. What has arrived meanwhile is not read yet, so
    /// silence says nothing about the server: what depends on reading is put off, as after a pause of the reader; once,
    /// until something is read.
    fn excuse_sleep(&mut self, now: Instant) {
        let late = self.timers.reading_late_by(now).unwrap_or_default();
        if late >= SLEPT && self.paused_since.is_none() && !self.excused {
            self.excused = true;
            self.outgoing.put_off_to(now + TIME_TO_READ);
            self.timers.put_off_to(now + TIME_TO_READ);
        }
    }

    fn on_connect_timeout(&mut self, now: Instant) {
        let waited = self.config.connect_timeout.unwrap_or_default().as_millis();
        let server = &self.server;
        let message = match self.state {
            State::Authenticated => {
                format!("the socket to {server} could not be opened within {waited} ms (connectTimeout)")
            }
            _ => format!("no `hello` from {server} within {waited} ms (connectTimeout)"),
        };
        self.drop_connection(now, SocketError::new(message, Some("ETIMEDOUT".into())), Loss::Broken);
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
fn ended_by_disconnect() -> Failure {
    let message = "the connection was ended by disconnect() before the message was written";
    let next = "call start() and send it again".to_owned();
    Failure::Socket(Arc::new(Told { error: SocketError::new(message.to_owned(), None), next }))
}
