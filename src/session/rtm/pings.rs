//! Pings: those of the keepalive and those of `ping()`.
//!
//! After `clientPingTimeout` without traffic in one of the directions, the keepalive sends a ping. Anything that
//! arrives after it, the pong or another frame, proves that the server is there. If nothing arrives within
//! `serverPongTimeout`, the connection is half-open: the session drops it without a close handshake and replaces it.

use std::time::Instant;

use crate::session::Session;
use crate::session::connection_loss::ConnectionLoss;
use crate::session::failure::SocketError;
use crate::session::ids::CallId;
use crate::session::state::State;
use crate::session::timer::Timer;

impl Session {
    /// Something has arrived.
    pub(in crate::session) fn on_activity(&mut self, now: Instant) {
        self.read_clock.renew_grace();
        self.rtm.keepalive.activity(now);
        self.timers.stop(Timer::Pong);
        self.schedule_ping();
    }

    /// Sets the time of the next ping. While a pong is awaited, no ping is due.
    pub(super) fn schedule_ping(&mut self) {
        let is_awaiting_pong = self.timers.get(Timer::Pong).is_some();
        if self.state == State::Ready && !is_awaiting_pong && self.rtm.keepalive.is_on() {
            self.timers.set(Timer::Ping, self.rtm.keepalive.next_ping());
        }
    }

    /// The time of the next ping has come.
    pub(in crate::session) fn send_keepalive_ping(&mut self, now: Instant) {
        let ping = self.rtm.outgoing.ping();
        self.rtm.keepalive.ping_sent(ping.id, now);
        self.write(now, ping);
        self.await_pong(now);
    }

    /// The user calls `ping()`.
    pub(in crate::session) fn on_ping(&mut self, now: Instant, call: CallId) {
        if let Err(failure) = self.check_ready() {
            return self.outputs.fail(call, failure);
        }
        let ping = self.rtm.outgoing.ping();
        self.rtm.keepalive.user_ping_sent(ping.id, call, now, self.read_clock.time(now));
        self.write(now, ping);
        self.await_pong(now);
    }

    /// From now on, something has to arrive within `serverPongTimeout`, unless an earlier ping waits for it already.
    fn await_pong(&mut self, now: Instant) {
        if self.rtm.keepalive.is_on() && self.timers.get(Timer::Pong).is_none() {
            self.timers.stop(Timer::Ping);
            self.set_timer(Timer::Pong, now, self.rtm.keepalive.pong_timeout());
        }
    }

    /// Nothing has arrived since the ping.
    pub(in crate::session) fn on_pong_timeout(&mut self, now: Instant) {
        let message = format!(
            "no data from {} within {} ms of a ping (serverPongTimeout)",
            self.connection.server(),
            self.rtm.keepalive.pong_timeout().as_millis()
        );
        let error = self.with_age(now, SocketError::new(message, None));
        self.drop_connection(now, error, ConnectionLoss::Silent);
    }
}
