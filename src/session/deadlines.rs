//! What the session does when a deadline passes, and how deadlines wait while nothing can be read.

use std::time::{Duration, Instant};

use super::Session;
use super::io::Output;
use super::state::SocketPhase;
use super::timer::Timer;

/// The interval of unsolicited pongs while reading is paused.
const UNSOLICITED_PONG_INTERVAL: Duration = Duration::from_secs(1);

impl Session {
    /// Sets a deadline. A deadline that waits for incoming data begins when the current pause began, because it is
    /// postponed by the whole pause later.
    pub(super) fn set_timer(&mut self, timer: Timer, now: Instant, after: Duration) {
        let from = if timer.needs_reading() { self.read_clock.time(now) } else { now };
        self.timers.set(timer, from.checked_add(after));
    }

    pub(super) fn on_timeout(&mut self, now: Instant) {
        self.extend_deadlines_after_sleep(now);
        while let Some(timer) = self.timers.expire(now, self.read_clock.is_paused()) {
            match timer {
                Timer::Retry => self.make_connect_call(),
                Timer::Reconnect => self.connect(now),
                Timer::Connect => self.on_connect_timeout(now),
                Timer::ReplyAck => self.become_ready(now),
                Timer::Ping => self.send_keepalive_ping(now),
                Timer::Pong => self.on_pong_timeout(now),
                Timer::Reply => self.on_reply_timeout(now),
                Timer::Close => self.on_close_timeout(now),
                Timer::UnsolicitedPong => self.on_unsolicited_pong_timeout(now),
            }
            self.schedule_reply_timeout();
        }
    }

    /// After a sleep of the process, data may have arrived that is not read yet, so silence says nothing about the
    /// server. Deadlines that wait for incoming data are extended once, until something is read.
    fn extend_deadlines_after_sleep(&mut self, now: Instant) {
        let late_by = self.timers.reading_late_by(now).unwrap_or_default();
        if let Some(time) = self.read_clock.take_grace(now, late_by) {
            self.rtm.extend_replies_to(time);
            self.timers.extend_reading_to(time);
        }
    }

    /// The driver pauses reading, or continues it.
    pub(super) fn on_read_paused(&mut self, now: Instant, paused: bool) {
        if paused {
            if self.read_clock.pause(now) {
                self.schedule_unsolicited_pong(now);
            }
        } else if let Some(pause) = self.read_clock.resume(now) {
            self.timers.stop(Timer::UnsolicitedPong);
            self.rtm.postpone_replies(pause);
            self.timers.postpone_reading(pause);
        }
    }

    /// While reading is paused, the pings of the server are not read and not answered. An open socket therefore sends
    /// unsolicited pongs (RFC 6455, section 5.5.3), so that the server does not take the client for dead.
    pub(super) fn schedule_unsolicited_pong(&mut self, now: Instant) {
        match self.state.socket() {
            SocketPhase::Open if self.read_clock.is_paused() => {
                self.set_timer(Timer::UnsolicitedPong, now, UNSOLICITED_PONG_INTERVAL);
            }
            SocketPhase::None | SocketPhase::Opening | SocketPhase::Open | SocketPhase::Closing => {}
        }
    }

    fn on_unsolicited_pong_timeout(&mut self, now: Instant) {
        self.outputs.push(Output::Pong);
        self.schedule_unsolicited_pong(now);
    }
}
