//! The session's deadlines. Owns when each is due; what happens then is the session's affair.

use std::time::{Duration, Instant};

/// Everything the session ever waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Timer {
    /// The connect call failed for now: when to make it again (`retryConfig`, `Retry-After`).
    Retry,
    /// The connection was lost: when the pause before the next connect call ends.
    Reconnect,
    /// The socket was dialled: when `hello` must have arrived (`connectTimeout`).
    Connect,
    /// A reconnected client waits for replayed replies: until when (`replyAckOnReconnectTimeout`).
    ReplyAck,
    /// Outgoing or incoming traffic has been silent: when to send a ping (`clientPingTimeout`).
    Ping,
    /// A ping was sent: when a sign of life must have arrived (`serverPongTimeout`).
    Pong,
    /// The oldest message without a reply: when its promise is rejected (`replyTimeout`).
    Reply,
    /// The close handshake was begun: when the connection is dropped without waiting any longer.
    Close,
    /// The reader is paused: when to show the server that somebody is there.
    Heartbeat,
}

impl Timer {
    const ALL: [Timer; 9] = [
        Timer::Retry,
        Timer::Reconnect,
        Timer::Connect,
        Timer::ReplyAck,
        Timer::Ping,
        Timer::Pong,
        Timer::Reply,
        Timer::Close,
        Timer::Heartbeat,
    ];

    /// Whether the deadline speaks of something that arrives. While the reader is paused, silence says nothing about
    /// the server, and these wait.
    pub(super) fn needs_reading(self) -> bool {
        match self {
            Timer::Connect | Timer::ReplyAck | Timer::Pong | Timer::Reply => true,
            Timer::Retry | Timer::Reconnect | Timer::Ping | Timer::Close | Timer::Heartbeat => false,
        }
    }
}

/// One optional deadline for each [`Timer`].
#[derive(Debug, Default)]
pub(super) struct Timers {
    deadlines: [Option<Instant>; Timer::ALL.len()],
}

impl Timers {
    /// Sets a deadline in place of an earlier one; `None` (a time past all clocks) is never due.
    pub(super) fn set(&mut self, timer: Timer, deadline: Option<Instant>) {
        self.deadlines[timer as usize] = deadline;
    }

    /// Forgets a deadline.
    pub(super) fn stop(&mut self, timer: Timer) {
        self.deadlines[timer as usize] = None;
    }

    /// Forgets all deadlines.
    pub(super) fn stop_all(&mut self) {
        self.deadlines = [None; Timer::ALL.len()];
    }

    /// The deadline of one timer.
    pub(super) fn get(&self, timer: Timer) -> Option<Instant> {
        self.deadlines[timer as usize]
    }

    /// The earliest deadline; while the reader is paused, of those that do not depend on reading.
    pub(super) fn next(&self, paused: bool) -> Option<Instant> {
        Self::running(paused).filter_map(|timer| self.get(timer)).min()
    }

    /// The same, where a ping may go out as late as `later` says; the other deadlines are kept.
    pub(super) fn next_with(&self, paused: bool, later: impl Fn(Instant) -> Instant) -> Option<Instant> {
        let deadline = |timer: Timer| {
            let deadline = self.get(timer)?;
            Some(if timer == Timer::Ping { later(deadline) } else { deadline })
        };
        Self::running(paused).filter_map(deadline).min()
    }

    /// Takes the earliest timer that is due at `now`.
    pub(super) fn expire(&mut self, now: Instant, paused: bool) -> Option<Timer> {
        let due = Self::running(paused)
            .filter(|timer| self.get(*timer).is_some_and(|deadline| deadline <= now))
            .min_by_key(|timer| self.get(*timer))?;
        self.stop(due);
        Some(due)
    }

    /// By how much the earliest deadline that depends on reading has passed.
    pub(super) fn reading_late_by(&self, now: Instant) -> Option<Duration> {
        let reading = Timer::ALL.into_iter().filter(|timer| timer.needs_reading());
        now.checked_duration_since(reading.filter_map(|timer| self.get(timer)).min()?)
    }

    /// What depends on reading is not due before this time.
    pub(super) fn put_off_to(&mut self, time: Instant) {
        for timer in Timer::ALL.into_iter().filter(|timer| timer.needs_reading()) {
            let deadline = self.get(timer).map(|deadline| deadline.max(time));
            self.set(timer, deadline);
        }
    }

    /// Puts off what depends on reading, for a time in which nothing was read.
    pub(super) fn postpone(&mut self, by: Duration) {
        for timer in Timer::ALL.into_iter().filter(|timer| timer.needs_reading()) {
            let deadline = self.get(timer).and_then(|deadline| deadline.checked_add(by));
            self.set(timer, deadline);
        }
    }

    fn running(paused: bool) -> impl Iterator<Item = Timer> {
        Timer::ALL.into_iter().filter(move |timer| !(paused && timer.needs_reading()))
    }
}
