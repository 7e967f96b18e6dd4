//! What is done when a deadline comes. When each is due is kept by `timer`.

use super::loss::Loss;
use super::{Duration, Instant, SLEPT, Session, SocketError, State, TIME_TO_READ, Timer};

impl Session {
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
}
