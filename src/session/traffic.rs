//! What goes over an open socket: frames, messages and their replies, keepalive. Owns the rules for them; it changes
//! the state only through `lifecycle`.

use std::borrow::Cow;

use bytes::Bytes;

use super::loss::Loss;
use super::{
    Answered, CallId, Delivery, Duration, Failure, Frame, HEARTBEAT, Instant, LogLevel, Message, MessageId,
    OnWritten, Outcome, Output, Session, SocketError, State, Timer,
};

/// How much of a frame that is not JSON is quoted in the log, in bytes.
const QUOTED: usize = 200;

/// How much of any other frame.
const LOGGED: usize = 1024 * 1024;

impl Session {
    // ── In ────────────────────────────────────────────────────────────────────────────────────────────────────────

    pub(super) fn on_frame(&mut self, now: Instant, frame: Frame) {
        match self.state {
            State::Handshaking
            | State::Resuming { .. }
            | State::Ready { .. }
            | State::Disconnecting { .. } => {}
            State::Disconnected | State::Authenticating | State::Authenticated | State::Reconnecting => {
                return;
            }
        }
        self.on_sign_of_life(now);
        let Frame { data, head, token } = frame;
        let head = match head {
            Ok(head) => head,
            Err(error) => {
                let start = start_of(&data, QUOTED);
                return self.log(LogLevel::Error, |_| {
                    format!("skipped a frame that is not JSON ({error}): {start}")
                });
            }
        };
        let kind = head.kind.text(&data);
        self.log(LogLevel::Debug, |_| match kind {
            Some("reconnect_url") => "received: a reconnect_url, which is a secret".to_owned(),
            _ => format!("received: {}", start_of(&data, LOGGED)),
        });
        let is_hello = kind == Some("hello") && self.state == State::Handshaking;
        let is_migration = kind == Some("team_migration_started");
        if is_hello {
            self.on_hello(now);
        }
        let reply_to = head.reply_to;
        let reply = reply_to.and_then(|id| self.on_reply(now, id));
        self.deliver(Delivery::Frame { data, head, reply, token });
        match self.state {
            State::Ready { .. } if is_hello => self.become_ready(now),
            State::Resuming { last, .. } if reply_to == Some(last) => self.become_ready(now),
            State::Ready { .. } if reply.is_some() => self.write_queued(now),
            _ => {}
        }
        if is_migration && self.is_connected() {
            let message = format!("{} announced that it migrates the team", self.server);
            self.drop_connection(now, self.dated(now, SocketError::new(message, None)), Loss::Ended);
        }
    }

    /// Takes what a reply answers; gives the promise that its frame settles.
    fn on_reply(&mut self, now: Instant, reply_to: MessageId) -> Option<CallId> {
        if let Some((id, sent)) = self.ping
            && id == reply_to
        {
            self.ping = None;
            self.latency = Some(now.saturating_duration_since(sent));
        }
        match self.outgoing.answered(reply_to, now)? {
            Answered::Message(call) => Some(call),
            Answered::Ping(call, round_trip) => {
                self.latency = Some(round_trip);
                self.settle(call, Outcome::Pong(round_trip));
                None
            }
        }
    }

    fn is_connected(&self) -> bool {
        matches!(self.state, State::Resuming { .. } | State::Ready { .. })
    }

    // ── Out ───────────────────────────────────────────────────────────────────────────────────────────────────────

    pub(super) fn on_send(&mut self, now: Instant, call: CallId, message: Message) {
        if let Err(failure) = self.check_ready() {
            return self.fail(call, failure);
        }
        let frame = self.outgoing.send(call, message);
        self.write(now, frame);
    }

    pub(super) fn on_ping(&mut self, now: Instant, call: CallId) {
        if let Err(failure) = self.check_ready() {
            return self.fail(call, failure);
        }
        let deadline = self.reader_time(now).checked_add(self.config.server_pong_timeout);
        let frame = self.outgoing.user_ping(call, now, deadline);
        self.write(now, frame);
        self.await_pong(now);
    }

    fn check_ready(&self) -> Result<(), Failure> {
        match self.state {
            State::Ready { .. } => Ok(()),
            State::Disconnected | State::Authenticating | State::Reconnecting => {
                Err(Failure::SendWhileDisconnected)
            }
            State::Authenticated
            | State::Handshaking
            | State::Resuming { .. }
            | State::Disconnecting { .. } => Err(Failure::SendWhileNotReady),
        }
    }

    /// Hands over what the queue holds, as far as the limits allow.
    pub(super) fn write_queued(&mut self, now: Instant) {
        while matches!(self.state, State::Ready { .. }) {
            let Some(frame) = self.outgoing.dequeue(self.reader_time(now)) else { return };
            self.write(now, frame);
        }
    }

    fn write(&mut self, now: Instant, frame: String) {
        self.log(LogLevel::Debug, |_| format!("sending: {frame}"));
        let frame = Bytes::from(frame);
        self.outputs.push_back(Output::Write { frame: frame.clone() });
        self.deliver(Delivery::Outgoing { frame });
        self.last_outgoing = now;
        self.schedule_ping();
    }

    pub(super) fn on_flushed(&mut self, now: Instant) {
        for on_written in self.outgoing.written() {
            match on_written {
                OnWritten::Sent(call, id) => self.settle(call, Outcome::Sent(id)),
                OnWritten::Done(call) => self.settle(call, Outcome::Done),
                OnWritten::Nothing => {}
            }
        }
        self.write_queued(now);
    }

    /// The one timer whose deadline is kept elsewhere: with each message that awaits a reply.
    pub(super) fn schedule_reply_timeout(&mut self) {
        self.timers.set(Timer::Reply, self.outgoing.next_deadline());
    }

    pub(super) fn on_reply_timeout(&mut self, now: Instant) {
        while let Some((call, option)) = self.outgoing.overdue(now) {
            let server = &self.server;
            self.fail(call, Failure::NoReply(format!("none from {server} in time ({option})")));
        }
        match self.state {
            State::Resuming { .. } if self.outgoing.last_pending().is_none() => self.become_ready(now),
            _ => self.write_queued(now),
        }
    }

    // ── Keepalive ─────────────────────────────────────────────────────────────────────────────────────────────────

    pub(super) fn start_keepalive(&mut self, now: Instant) {
        self.last_outgoing = now;
        self.last_incoming = now;
        self.schedule_ping();
    }

    /// The next ping is due when either direction has been silent for long enough: a server that is gone takes all that
    /// is sent without a word. While a pong is awaited, none is due.
    fn schedule_ping(&mut self) {
        let (State::Ready { .. }, None) = (self.state, self.timers.get(Timer::Pong)) else { return };
        if let Some(timeout) = self.config.client_ping_timeout {
            self.set_timer(Timer::Ping, self.last_outgoing.min(self.last_incoming), timeout);
        }
    }

    pub(super) fn send_keepalive_ping(&mut self, now: Instant) {
        let (id, frame) = self.outgoing.keepalive_ping();
        self.ping = Some((id, now));
        self.write(now, frame);
        self.await_pong(now);
    }

    fn await_pong(&mut self, now: Instant) {
        if self.config.client_ping_timeout.is_some() && self.timers.get(Timer::Pong).is_none() {
            self.timers.stop(Timer::Ping);
            self.set_timer(Timer::Pong, now, self.config.server_pong_timeout);
        }
    }

    /// Whatever arrives shows that the server is there.
    pub(super) fn on_sign_of_life(&mut self, now: Instant) {
        self.excused = false;
        self.last_incoming = now;
        self.timers.stop(Timer::Pong);
        self.schedule_ping();
    }

    pub(super) fn on_pong_timeout(&mut self, now: Instant) {
        let waited = self.config.server_pong_timeout.as_millis();
        let server = &self.server;
        let message =
            format!("no sign of life from {server} within {waited} ms of a ping (serverPongTimeout)");
        self.drop_connection(now, self.dated(now, SocketError::new(message, None)), Loss::Silent);
    }

    /// While the reader is paused, an open socket gets heartbeats.
    pub(super) fn schedule_heartbeat(&mut self, now: Instant) {
        let is_open = match self.state {
            State::Handshaking | State::Resuming { .. } | State::Ready { .. } => true,
            State::Disconnected
            | State::Authenticating
            | State::Authenticated
            | State::Disconnecting { .. }
            | State::Reconnecting => false,
        };
        if is_open && self.paused_since.is_some() {
            self.set_timer(Timer::Heartbeat, now, HEARTBEAT);
        }
    }

    pub(super) fn send_heartbeat(&mut self, now: Instant) {
        self.outputs.push_back(Output::Pong);
        self.schedule_heartbeat(now);
    }

    pub(super) fn on_reading(&mut self, now: Instant, paused: bool) {
        match (self.paused_since, paused) {
            (None, true) => {
                self.paused_since = Some(now);
                self.schedule_heartbeat(now);
            }
            (Some(since), false) => {
                self.paused_since = None;
                self.timers.stop(Timer::Heartbeat);
                let missed: Duration = now.saturating_duration_since(since);
                self.outgoing.postpone(missed);
                self.timers.postpone(missed);
            }
            (None, false) | (Some(_), true) => {}
        }
    }
}

/// A frame as text, as far as it is logged.
fn start_of(data: &[u8], length: usize) -> Cow<'_, str> {
    match data.get(..length) {
        Some(start) if data.len() > length => {
            format!("{}… ({} bytes)", String::from_utf8_lossy(start), data.len()).into()
        }
        _ => String::from_utf8_lossy(data),
    }
}
