//! Reads the clocks, and defines the ticks at which deferrable work is done.

use std::sync::OnceLock;
use std::time::{Duration, Instant, SystemTime};

/// The time between two ticks. Deferrable work waits for the next tick, so that one wake-up of the runtime serves many
/// clients.
const TICK: Duration = Duration::from_millis(20);

/// The current time of tokio's clock, which tests can stop. All other code takes the time as a parameter.
#[expect(clippy::disallowed_methods, reason = "the one place that reads this clock")]
pub(super) fn now() -> Instant {
    tokio::time::Instant::now().into_std()
}

/// The current time of the wall clock.
#[expect(clippy::disallowed_methods, reason = "the one place that reads this clock")]
pub(super) fn wall_clock() -> SystemTime {
    SystemTime::now()
}

/// The first tick after `time`. All clients of the process have the same ticks.
pub(super) fn next_tick(time: Instant) -> Instant {
    static FIRST: OnceLock<Instant> = OnceLock::new();
    next_tick_since(*FIRST.get_or_init(now), time)
}

fn next_tick_since(first: Instant, time: Instant) -> Instant {
    // A second is a whole number of ticks, so that the nanoseconds within a second are enough.
    let elapsed = time.saturating_duration_since(first).subsec_nanos();
    let remaining = TICK.subsec_nanos() - elapsed % TICK.subsec_nanos();
    time + Duration::from_nanos(u64::from(remaining))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_next_tick_is_a_multiple_of_20_ms_after_the_first() {
        let first = now();
        let tick = |millis| next_tick_since(first, first + Duration::from_millis(millis)) - first;
        for (time, next) in [(0, 20), (1, 20), (19, 20), (20, 40), (990, 1000), (6_000_001, 6_000_020)] {
            assert_eq!(tick(time), Duration::from_millis(next), "{time}");
        }
        assert_eq!(next_tick_since(first + TICK, first), first + TICK, "before the first tick");
    }
}
