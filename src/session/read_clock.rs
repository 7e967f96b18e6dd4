//! The clock of deadlines that wait for incoming data: it stands still while nothing can be read.

use std::time::{Duration, Instant};

/// If a deadline is handled this much too late, the process has slept.
const SLEEP_THRESHOLD: Duration = Duration::from_millis(100);

/// After a sleep, the time in which the driver reads what arrived meanwhile.
const READ_GRACE: Duration = Duration::from_millis(500);

/// Decides how much time counts for deadlines that wait for incoming data.
///
/// Silence says something about the server only while the socket is read. Two things prevent that: the driver pauses
/// reading while JavaScript is slow (backpressure), and a process sleeps (a suspended laptop, a stopped container).
#[derive(Debug, Default)]
pub(super) struct ReadClock {
    paused_since: Option<Instant>,
    /// Whether deadlines were extended after a sleep and nothing has arrived since. Without it, a process that is
    /// always late would extend them forever.
    grace_used: bool,
}

impl ReadClock {
    /// Whether reading is paused.
    pub(super) fn is_paused(&self) -> bool {
        self.paused_since.is_some()
    }

    /// The time from which a new deadline counts: now, or the beginning of the pause. When the pause ends, all
    /// deadlines are postponed by its length.
    pub(super) fn time(&self, now: Instant) -> Instant {
        self.paused_since.unwrap_or(now)
    }

    /// Reading stops. Returns whether it was not paused already.
    pub(super) fn pause(&mut self, now: Instant) -> bool {
        let is_new = self.paused_since.is_none();
        self.paused_since.get_or_insert(now);
        is_new
    }

    /// Reading continues. Returns the length of the pause, if there was one.
    pub(super) fn resume(&mut self, now: Instant) -> Option<Duration> {
        self.paused_since.take().map(|since| now.saturating_duration_since(since))
    }

    /// Something arrived, or a new connection began: the next sleep gets a grace time again.
    pub(super) fn renew_grace(&mut self) {
        self.grace_used = false;
    }

    /// After a sleep, returns the time before which no deadline may pass. `late_by` says how late the earliest deadline
    /// is handled.
    pub(super) fn take_grace(&mut self, now: Instant, late_by: Duration) -> Option<Instant> {
        if late_by < SLEEP_THRESHOLD || self.is_paused() || self.grace_used {
            return None;
        }
        self.grace_used = true;
        Some(now + READ_GRACE)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LATE: Duration = SLEEP_THRESHOLD;

    #[expect(clippy::disallowed_methods, reason = "any instant will do")]
    fn some_time() -> Instant {
        Instant::now()
    }

    #[test]
    fn the_clock_stands_still_during_a_pause() {
        let start = some_time();
        let after = |seconds| start + Duration::from_secs(seconds);
        let mut clock = ReadClock::default();
        assert_eq!(clock.time(after(1)), after(1));
        assert!(clock.pause(after(1)) && !clock.pause(after(2)));
        assert_eq!(clock.time(after(9)), after(1));
        assert_eq!(clock.resume(after(11)), Some(Duration::from_secs(10)));
        assert_eq!((clock.resume(after(12)), clock.time(after(12))), (None, after(12)));
    }

    #[test]
    fn a_sleep_gets_one_grace_time_until_something_arrives() {
        let now = some_time();
        let mut clock = ReadClock::default();
        assert_eq!(clock.take_grace(now, LATE.saturating_sub(Duration::from_millis(1))), None);
        assert_eq!(clock.take_grace(now, LATE), Some(now + READ_GRACE));
        assert_eq!(clock.take_grace(now, LATE), None);
        clock.renew_grace();
        assert_eq!(clock.take_grace(now, LATE), Some(now + READ_GRACE));
    }

    #[test]
    fn a_paused_reader_needs_no_grace_time() {
        let now = some_time();
        let mut clock = ReadClock::default();
        clock.pause(now);
        assert_eq!(clock.take_grace(now, LATE), None);
    }
}
