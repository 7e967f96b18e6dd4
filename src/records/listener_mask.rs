//! What somebody may listen to, in short: enough for the clients' tasks to tell for what JavaScript need not be woken at
//! once. Owns the short form; who listens to what is [`drain`](super::drain)'s to know, and to decide by.

use std::hash::BuildHasher;

use rustc_hash::FxBuildHasher;

/// A set of names, which may hold more than was put into it, never less.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct ListenerMask(u64);

impl ListenerMask {
    /// What hears every frame.
    pub(crate) const FRAMES: Self = Self(1);

    /// What hears every message that goes out.
    pub(crate) const OUTGOING: Self = Self(2);

    /// Any name: for what cannot be told here.
    pub(crate) const ANY: Self = Self(u64::MAX);

    /// One name.
    pub(crate) fn of(name: &str) -> Self {
        match name {
            "slack_event" => Self::FRAMES,
            "outgoing_message" => Self::OUTGOING,
            // The highest bits are the best ones of this hash.
            _ => Self(4 << ((FxBuildHasher.hash_one(name) >> 32) % 62)),
        }
    }

    /// The names of both.
    pub(crate) fn and(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// Whether they may have a name in common.
    pub(crate) fn intersects(self, other: Self) -> bool {
        self.0 & other.0 != 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_put_in_is_never_missed_and_little_else_is_found() {
        let names: Vec<String> = (0..1000).map(|number| format!("event_{number}")).collect();
        for few in names.chunks(5) {
            let ears =
                few.iter().fold(ListenerMask::default(), |ears, name| ears.and(ListenerMask::of(name)));
            assert!(few.iter().all(|name| ears.intersects(ListenerMask::of(name))));
            assert!(
                !ears.intersects(ListenerMask::FRAMES.and(ListenerMask::OUTGOING))
                    && ears.intersects(ListenerMask::ANY)
            );
            let found = names.iter().filter(|name| ears.intersects(ListenerMask::of(name))).count();
            assert!(found < 200, "{found} of a thousand are taken for one of five");
        }
        assert!(!ListenerMask::default().intersects(ListenerMask::ANY));
    }
}
