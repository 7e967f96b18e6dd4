//! The clocks. Owns where they are read, and the ticks at which things happen that need not happen at once.

use std::sync::OnceLock;
use std::time::{Duration, Instant, SystemTime};

/// Things that need not happen at once happen at ticks: one wake of the runtime serves many clients.
const TICK: Duration = Duration::from_millis(20);

/// The one place where the clock is read (tokio's, so that a test can stop it).
#[expect(clippy::disallowed_methods, reason = "the one place")]
pub(super) fn now() -> Instant {
    tokio::time::Instant::now().into_std()
}

/// The wall clock.
#[expect(clippy::disallowed_methods, reason = "the one place")]
pub(super) fn wall_clock() -> SystemTime {
    SystemTime::now()
}

/// The first tick after a time. All clients of the process have the same ticks.
pub(super) fn next_tick(time: Instant) -> Instant {
    static FIRST: OnceLock<Instant> = OnceLock::new();
    next_tick_since(*FIRST.get_or_init(now), time)
}

fn next_tick_since(first: Instant, time: Instant) -> Instant {
    let since = time.saturating_duration_since(first).subsec_nanos();
    // A second is a whole number of ticks.
    let to_next = TICK.subsec_nanos() - since % TICK.subsec_nanos();
    time + Duration::from_nanos(u64::from(to_next))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_between_two_ticks_have_the_second_in_common() {
        let first = now();
        let tick = |millis| next_tick_since(first, first + Duration::from_millis(millis)) - first;
        for (time, next) in [(0, 20), (1, 20), (19, 20), (20, 40), (990, 1000), (6_000_001, 6_000_020)] {
            assert_eq!(tick(time), Duration::from_millis(next), "{time}");
        }
        assert_eq!(next_tick_since(first + TICK, first), first + TICK, "before all ticks");
    }
}
