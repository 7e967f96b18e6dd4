//! The deadlines of a session: one per [`Timer`].

use std::time::{Duration, Instant};

/// Everything that a session waits for. `deadlines` says what happens when a deadline passes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Timer {
    /// The connect call failed: when to make its next attempt (`retryConfig`, `Retry-After`).
    Retry,
    /// The connection was lost: when the pause before the next connect call ends.
    Reconnect,
    /// The socket is being opened: when `hello` must have arrived (`connectTimeout`).
    Connect,
    /// The client is resuming: when it stops waiting for replies (`replyAckOnReconnectTimeout`).
    ReplyAck,
    /// One direction has been silent: when to send a ping (`clientPingTimeout`).
    Ping,
    /// A ping was sent: when something must have arrived (`serverPongTimeout`).
    Pong,
    /// A message or a `ping()` waits for its reply: when the call is rejected (`replyTimeout`, `serverPongTimeout`).
    Reply,
    /// The close handshake began: when the connection is dropped.
    Close,
    /// Reading is paused: when to send a pong that the server has not asked for.
    UnsolicitedPong,
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
        Timer::UnsolicitedPong,
    ];

    /// Whether the deadline waits for incoming data. Such a deadline cannot pass while reading is paused.
    pub(super) fn needs_reading(self) -> bool {
        match self {
            Timer::Connect | Timer::ReplyAck | Timer::Pong | Timer::Reply => true,
            Timer::Retry | Timer::Reconnect | Timer::Ping | Timer::Close | Timer::UnsolicitedPong => false,
        }
    }

    fn that_need_reading() -> impl Iterator<Item = Timer> {
        Timer::ALL.into_iter().filter(|timer| timer.needs_reading())
    }

    fn that_can_expire(is_paused: bool) -> impl Iterator<Item = Timer> {
        Timer::ALL.into_iter().filter(move |timer| !(is_paused && timer.needs_reading()))
    }
}

/// One optional deadline for each [`Timer`]. `is_paused` says whether reading is paused.
#[derive(Debug, Default)]
pub(super) struct Timers {
    deadlines: [Option<Instant>; Timer::ALL.len()],
}

impl Timers {
    /// Sets a deadline and replaces an earlier one. `None` stops the timer: the deadline is later than an `Instant` can
    /// be.
    pub(super) fn set(&mut self, timer: Timer, deadline: Option<Instant>) {
        self.deadlines[timer as usize] = deadline;
    }

    pub(super) fn stop(&mut self, timer: Timer) {
        self.deadlines[timer as usize] = None;
    }

    pub(super) fn stop_all(&mut self) {
        self.deadlines = [None; Timer::ALL.len()];
    }

    pub(super) fn get(&self, timer: Timer) -> Option<Instant> {
        self.deadlines[timer as usize]
    }

    /// The earliest deadline that can pass.
    pub(super) fn next(&self, is_paused: bool) -> Option<Instant> {
        Timer::that_can_expire(is_paused).filter_map(|timer| self.get(timer)).min()
    }

    /// As [`next`](Self::next), with the deadline of the ping moved to the time that `round_up` returns for it.
    pub(super) fn next_with(
        &self,
        is_paused: bool,
        round_up: impl Fn(Instant) -> Instant,
    ) -> Option<Instant> {
        let deadline = |timer: Timer| {
            let deadline = self.get(timer)?;
            Some(if timer == Timer::Ping { round_up(deadline) } else { deadline })
        };
        Timer::that_can_expire(is_paused).filter_map(deadline).min()
    }

    /// Stops the earliest timer whose deadline has passed, and returns it.
    pub(super) fn expire(&mut self, now: Instant, is_paused: bool) -> Option<Timer> {
        let expired = Timer::that_can_expire(is_paused)
            .filter(|timer| self.get(*timer).is_some_and(|deadline| deadline <= now))
            .min_by_key(|timer| self.get(*timer))?;
        self.stop(expired);
        Some(expired)
    }

    /// How long ago the earliest deadline that waits for incoming data passed. `None` if none has passed.
    pub(super) fn reading_late_by(&self, now: Instant) -> Option<Duration> {
        let earliest = Timer::that_need_reading().filter_map(|timer| self.get(timer)).min()?;
        now.checked_duration_since(earliest)
    }

    /// Moves deadlines that wait for incoming data and are earlier than `time` to `time`.
    pub(super) fn extend_reading_to(&mut self, time: Instant) {
        for timer in Timer::that_need_reading() {
            let deadline = self.get(timer).map(|deadline| deadline.max(time));
            self.set(timer, deadline);
        }
    }

    /// Postpones all deadlines that wait for incoming data.
    pub(super) fn postpone_reading(&mut self, by: Duration) {
        for timer in Timer::that_need_reading() {
            let deadline = self.get(timer).and_then(|deadline| deadline.checked_add(by));
            self.set(timer, deadline);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[expect(clippy::disallowed_methods, reason = "any instant will do")]
    fn times() -> impl Fn(u64) -> Instant {
        let start = Instant::now();
        move |seconds| start + Duration::from_secs(seconds)
    }

    #[test]
    fn timers_expire_in_the_order_of_their_deadlines() {
        let at = times();
        let mut timers = Timers::default();
        timers.set(Timer::Ping, Some(at(3)));
        timers.set(Timer::Pong, Some(at(1)));
        timers.set(Timer::Reply, Some(at(2)));
        assert_eq!(timers.next(false), Some(at(1)));
        assert_eq!(timers.expire(at(0), false), None);
        let expired: Vec<_> = std::iter::from_fn(|| timers.expire(at(9), false)).collect();
        assert_eq!(expired, [Timer::Pong, Timer::Reply, Timer::Ping]);
        assert_eq!(timers.next(false), None);
    }

    #[test]
    fn while_reading_is_paused_only_the_other_timers_expire() {
        let at = times();
        let mut timers = Timers::default();
        timers.set(Timer::Pong, Some(at(1)));
        timers.set(Timer::Close, Some(at(2)));
        assert_eq!(timers.next(true), Some(at(2)));
        assert_eq!(timers.expire(at(9), true), Some(Timer::Close));
        assert_eq!(timers.expire(at(9), true), None);
        timers.postpone_reading(Duration::from_secs(5));
        assert_eq!(
            (timers.next(false), timers.reading_late_by(at(7))),
            (Some(at(6)), Some(Duration::from_secs(1)))
        );
        timers.extend_reading_to(at(8));
        assert_eq!((timers.next(false), timers.reading_late_by(at(7))), (Some(at(8)), None));
    }

    #[test]
    fn only_the_deadline_of_a_ping_is_rounded_up() {
        let at = times();
        let mut timers = Timers::default();
        timers.set(Timer::Ping, Some(at(1)));
        assert_eq!(timers.next_with(false, |_| at(4)), Some(at(4)));
        timers.set(Timer::Pong, Some(at(3)));
        assert_eq!(timers.next_with(false, |_| at(4)), Some(at(3)));
    }
}
