//! What somebody may listen to, in short: enough for the clients' tasks to tell for what JavaScript need not be woken at
//! once. Owns the short form; who listens to what is [`drain`](super::drain)'s to know, and to decide by.

use std::hash::BuildHasher;

use rustc_hash::FxBuildHasher;

/// A set of names, which may hold more than was put into it, never less.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Ears(u64);

impl Ears {
    /// What hears every frame.
    pub(super) const FRAMES: Self = Self(1);

    /// What hears every message that goes out.
    pub(super) const OUTGOING: Self = Self(2);

    /// Any name: for what cannot be told here.
    pub(super) const ANY: Self = Self(u64::MAX);

    /// One name.
    pub(super) fn of(name: &str) -> Self {
        match name {
            "slack_event" => Self::FRAMES,
            "outgoing_message" => Self::OUTGOING,
            // The highest bits are the best ones of this hash.
            _ => Self(4 << ((FxBuildHasher.hash_one(name) >> 32) % 62)),
        }
    }

    /// The names of both.
    pub(super) fn and(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// Whether they may have a name in common.
    pub(super) fn may_share(self, other: Self) -> bool {
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
            let ears = few.iter().fold(Ears::default(), |ears, name| ears.and(Ears::of(name)));
            assert!(few.iter().all(|name| ears.may_share(Ears::of(name))));
            assert!(!ears.may_share(Ears::FRAMES.and(Ears::OUTGOING)) && ears.may_share(Ears::ANY));
            let found = names.iter().filter(|name| ears.may_share(Ears::of(name))).count();
            assert!(found < 200, "{found} of a thousand are taken for one of five");
        }
        assert!(!Ears::default().may_share(Ears::ANY));
    }
}
