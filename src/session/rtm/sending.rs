//! When a message is written, and how its call settles.

use std::time::Instant;

use bytes::Bytes;

use crate::session::Session;
use crate::session::failure::Failure;
use crate::session::ids::CallId;
use crate::session::io::{Delivery, LogLevel, Output};
use crate::session::message::Message;
use crate::session::rtm::outgoing::{OutgoingFrame, UnwrittenCall};
use crate::session::state::State;
use crate::session::timer::Timer;

impl Session {
    /// The user calls `send()`.
    pub(in crate::session) fn on_send(&mut self, now: Instant, call: CallId, message: Message) {
        if let Err(failure) = self.check_ready() {
            return self.outputs.fail(call, failure);
        }
        let frame = self.rtm.outgoing.send(call, message);
        self.write(now, frame);
    }

    /// The user calls `addOutgoingEvent()`.
    pub(in crate::session) fn on_enqueue(
        &mut self,
        now: Instant,
        call: CallId,
        await_reply: bool,
        message: Message,
    ) {
        self.rtm.outgoing.enqueue(call, await_reply, message);
        self.write_queued(now);
    }

    /// The error of a `send()` or `ping()` that is not possible at present.
    pub(super) fn check_ready(&self) -> Result<(), Failure> {
        match self.state {
            State::Ready => Ok(()),
            State::Disconnected | State::Authenticating | State::Reconnecting => {
                Err(Failure::SendWhileDisconnected)
            }
            State::Authenticated
            | State::Handshaking
            | State::Resuming { .. }
            | State::Disconnecting { .. } => Err(Failure::SendWhileNotReady),
        }
    }

    /// Writes messages of the queue until a limit stops it.
    pub(super) fn write_queued(&mut self, now: Instant) {
        while self.state == State::Ready {
            let Some(frame) = self.rtm.outgoing.dequeue(self.read_clock.time(now)) else { return };
            self.write(now, frame);
        }
    }

    pub(super) fn write(&mut self, now: Instant, frame: OutgoingFrame) {
        let json = frame.json;
        self.outputs.log(LogLevel::Debug, || format!("sending: {json}"));
        let frame = Bytes::from(json);
        self.outputs.push(Output::Write { frame: frame.clone() });
        self.outputs.deliver(Delivery::Outgoing { frame });
        self.rtm.keepalive.frame_sent(now);
        self.schedule_ping();
    }

    /// The socket has written all frames.
    pub(in crate::session) fn on_flushed(&mut self, now: Instant) {
        for UnwrittenCall { call, outcome } in self.rtm.outgoing.written() {
            self.outputs.settle(call, outcome);
        }
        self.write_queued(now);
    }

    /// Sets the timer `Reply` to the earliest deadline of a message or a `ping()`. It runs after each input, because
    /// almost every input can change that deadline.
    pub(in crate::session) fn schedule_reply_timeout(&mut self) {
        self.timers.set(Timer::Reply, self.rtm.next_deadline());
    }

    /// The deadline of at least one reply has passed.
    pub(in crate::session) fn on_reply_timeout(&mut self, now: Instant) {
        while let Some(call) = self.rtm.keepalive.take_overdue(now) {
            self.fail_overdue(call, "serverPongTimeout");
        }
        while let Some(call) = self.rtm.outgoing.take_overdue(now) {
            self.fail_overdue(call, "replyTimeout");
        }
        match self.state {
            State::Resuming { .. } if self.rtm.outgoing.last_pending().is_none() => self.become_ready(now),
            State::Ready => self.write_queued(now),
            State::Disconnected
            | State::Authenticating
            | State::Authenticated
            | State::Handshaking
            | State::Resuming { .. }
            | State::Disconnecting { .. }
            | State::Reconnecting => {}
        }
    }

    fn fail_overdue(&mut self, call: CallId, option: &str) {
        let reason = format!("{} did not reply in time ({option})", self.connection.server());
        self.outputs.fail(call, Failure::NoReply(reason));
    }

    /// The connection is gone. Rejects the calls that cannot settle any more: with `failure` if their message was not
    /// written, and those of `ping()`.
    pub(in crate::session) fn fail_unwritten(&mut self, failure: &Failure) {
        for UnwrittenCall { call, .. } in self.rtm.outgoing.connection_lost() {
            self.outputs.fail(call, failure.clone());
        }
        for call in self.rtm.keepalive.connection_lost() {
            self.fail_connection_ended(call);
        }
    }

    /// The session ends. Rejects the calls that wait for a reply.
    pub(in crate::session) fn fail_pending_replies(&mut self) {
        for call in self.rtm.outgoing.take_pending() {
            self.fail_connection_ended(call);
        }
    }

    fn fail_connection_ended(&mut self, call: CallId) {
        let reason = format!("the connection to {} ended", self.connection.server());
        self.outputs.fail(call, Failure::NoReply(reason));
    }
}
