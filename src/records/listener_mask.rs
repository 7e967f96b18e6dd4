//! A set of event names as 64 bits, for an early and cheap answer to "may this event have a listener?".
//!
//! The clients' tasks use it to decide whether they wake JavaScript immediately. It is a Bloom filter with one hash: it may
//! report a name that is not in the set, but it never misses a name that is. The exact decision is made on the JavaScript
//! thread, when the event's turn comes.

use std::hash::BuildHasher;

use rustc_hash::FxBuildHasher;

/// A set of event names. It may contain more names than were added, never fewer.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct ListenerMask(u64);

impl ListenerMask {
    /// `slack_event`, which is emitted for every frame.
    pub(crate) const SLACK_EVENT: Self = Self(1);

    /// `outgoing_message`, which is emitted for every message that is sent.
    pub(crate) const OUTGOING_MESSAGE: Self = Self(2);

    /// All names: for a frame whose event name only JavaScript can find out.
    pub(crate) const ALL: Self = Self(u64::MAX);

    /// The set with this name only.
    pub(crate) fn of(name: &str) -> Self {
        match name {
            "slack_event" => Self::SLACK_EVENT,
            "outgoing_message" => Self::OUTGOING_MESSAGE,
            // The high bits of this hash are distributed best.
            _ => Self(4 << ((FxBuildHasher.hash_one(name) >> 32) % 62)),
        }
    }

    /// The names of both sets.
    pub(crate) fn union(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// Whether the sets may have a name in common.
    pub(crate) fn intersects(self, other: Self) -> bool {
        self.0 & other.0 != 0
    }
}

impl<'a> FromIterator<&'a str> for ListenerMask {
    fn from_iter<I: IntoIterator<Item = &'a str>>(names: I) -> Self {
        names.into_iter().fold(Self::default(), |mask, name| mask.union(Self::of(name)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mask_contains_all_its_names_and_few_others() {
        let names: Vec<String> = (0..1000).map(|number| format!("event_{number}")).collect();
        for five in names.chunks(5) {
            let mask: ListenerMask = five.iter().map(String::as_str).collect();
            assert!(five.iter().all(|name| mask.intersects(ListenerMask::of(name))));
            assert!(!mask.intersects(ListenerMask::SLACK_EVENT.union(ListenerMask::OUTGOING_MESSAGE)));
            assert!(mask.intersects(ListenerMask::ALL));
            let found = names.iter().filter(|name| mask.intersects(ListenerMask::of(name))).count();
            assert!(found < 200, "a mask of five names contains {found} of a thousand");
        }
        assert!(!ListenerMask::default().intersects(ListenerMask::ALL));
    }
}
