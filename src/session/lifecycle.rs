//! The session's life: `start`, `disconnect`, the connect call, the socket's beginning. Owns every
//! change of state; what goes over an open socket is `traffic`'s.

use super::loss::ended_by_disconnect;
use super::{
    ApiError, Arc, CLOSE_TIMEOUT, CallId, ConnectResponse, ConnectionId, Delivery, Diagnostic, ErrorReport,
    Event, Failure, Instant, LONGEST_RECONNECT_PAUSE, LogLevel, Outcome, Output, Secret, Session, State,
    Timer, Trouble, Verdict, authority, backoff, redact,
};

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
    pub(super) fn enter(&mut self, state: State) {
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
    pub(super) fn end(&mut self, now: Instant) {
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
    pub(super) fn give_up(&mut self, failure: &Failure) {
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
    pub(super) fn connect(&mut self, now: Instant) {
        if self.trouble.established {
            self.trouble.failed_calls = 0;
            self.trouble.since = now;
        }
        self.enter(State::Authenticating);
        self.emit(Event::Connecting);
        self.call();
    }

    /// Makes one attempt of the connect call.
    pub(super) fn call(&mut self) {
        self.last_connection = self.last_connection.next();
        self.connection = Some(self.last_connection);
        self.excused = false;
        self.trouble.attempts = self.trouble.attempts.saturating_add(1);
        let options = Arc::clone(&self.options);
        self.log(LogLevel::Debug, |_| "making the connect call".to_owned());
        self.deliver(Delivery::Diagnostic(Diagnostic::ConnectCall { attempt: self.trouble.attempts }));
        self.outputs.push_back(Output::Connect { connection: self.last_connection, options });
    }

    pub(super) fn on_answer(&mut self, now: Instant, connection: ConnectionId, answer: ConnectResponse) {
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
                let told = Arc::new(ErrorReport { error, next });
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
                let told = Arc::new(ErrorReport { error, next });
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
}
