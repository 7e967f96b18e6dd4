//! From `hello` to `ready`.
//!
//! Slack repeats the reply to the last message when a new connection opens. If messages of an earlier connection wait
//! for their reply, the client is therefore not ready immediately: it waits for the reply to the newest one, for at
//! most `replyAckOnReconnectTimeout`, and sends nothing in the meantime.

use std::time::Instant;

use crate::session::Session;
use crate::session::failure::Failure;
use crate::session::io::Event;
use crate::session::state::State;
use crate::session::timer::Timer;

impl Session {
    /// `hello` has arrived.
    pub(super) fn on_hello(&mut self, now: Instant) {
        self.timers.stop(Timer::Connect);
        self.connection.hello_arrived(now);
        match self.rtm.outgoing.last_pending() {
            Some(last_pending) => {
                self.enter(State::Resuming { last_pending });
                self.set_timer(Timer::ReplyAck, now, self.config.reply_ack_timeout);
            }
            None => self.enter(State::Ready),
        }
        self.outputs.emit(Event::Connected);
    }

    /// Emits `ready` and begins to send. Replies that were awaited while resuming are not awaited any longer.
    pub(in crate::session) fn become_ready(&mut self, now: Instant) {
        if let State::Resuming { .. } = self.state {
            self.timers.stop(Timer::ReplyAck);
            for call in self.rtm.outgoing.take_pending() {
                let reason = format!(
                    "the connection to {} was replaced, and the reply did not arrive within {} ms \
                     (replyAckOnReconnectTimeout)",
                    self.connection.server(),
                    self.config.reply_ack_timeout.as_millis()
                );
                self.outputs.fail(call, Failure::NoReply(reason));
            }
            self.enter(State::Ready);
        }
        self.retry.ready();
        self.outputs.emit(Event::Ready);
        self.rtm.keepalive.start(now);
        self.schedule_ping();
        self.write_queued(now);
    }
}
