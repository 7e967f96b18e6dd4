//! Which event types had a listener recently, and so are worth a record.
//!
//! A record for an event without a listener is wasted work. The JavaScript thread records which types had listeners, and the
//! clients' tasks ask before they decode. A wrong guess costs time, nothing else: an event with a listener that has no
//! record crosses as JSON text.

use std::hash::BuildHasher;
use std::sync::atomic::{AtomicU8, Ordering};

use rustc_hash::FxBuildHasher;

/// The demand of each event type. Types whose hashes collide share a counter.
pub(crate) struct Demand([AtomicU8; COUNTERS as usize]);

const COUNTERS: u16 = 1024;

/// The counter of an event type in [`Demand`].
#[derive(Debug, Clone, Copy)]
pub(crate) struct Counter(u16);

impl Counter {
    pub(crate) fn of(event_type: &[u8]) -> Self {
        let hash = FxBuildHasher.hash_one(event_type);
        Self(u16::try_from(hash % u64::from(COUNTERS)).expect("less than the number of counters"))
    }
}

impl Default for Demand {
    fn default() -> Self {
        Self([const { AtomicU8::new(Self::MAX_MISSES) }; COUNTERS as usize])
    }
}

impl Demand {
    /// After this many events without a listener in a row, a type is not worth a record any more.
    const MAX_MISSES: u8 = 8;

    /// Whether events of this type are worth a record.
    pub(crate) fn includes(&self, event_type: &[u8]) -> bool {
        self.counter(Counter::of(event_type)).load(Ordering::Relaxed) > 0
    }

    /// Records whether an event of a type had a listener.
    pub(crate) fn update(&self, counter: Counter, had_listener: bool) {
        let counter = self.counter(counter);
        let value = counter.load(Ordering::Relaxed);
        let next = if had_listener { Self::MAX_MISSES } else { value.saturating_sub(1) };
        // Most updates change nothing. A store would take the cache line from the other threads.
        if next != value {
            counter.store(next, Ordering::Relaxed);
        }
    }

    fn counter(&self, Counter(at): Counter) -> &AtomicU8 {
        &self.0[usize::from(at)]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn demand_ends_after_eight_events_without_a_listener_and_returns_with_one() {
        let demand = Demand::default();
        let message = Counter::of(b"message");
        (0..8).for_each(|_| demand.update(message, false));
        assert!(!demand.includes(b"message") && demand.includes(b"hello"));
        demand.update(message, true);
        (0..7).for_each(|_| demand.update(message, false));
        assert!(demand.includes(b"message"));
    }
}
