//! What frames are, in numbers: their `type` and `subtype`. Owns the table, which is bounded, and the hints of what is
//! worth a record.

use std::collections::HashMap;
use std::hash::BuildHasher;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};

use rustc_hash::FxBuildHasher;

use super::listener_mask::ListenerMask;
use crate::session::{FrameField, FrameHead};

/// A frame's `type` and `subtype`, by number.
pub(crate) type Head = u16;

/// What has no number, or cannot be read here: JavaScript decides whether somebody hears it.
pub(crate) const UNREAD: Head = 0;

/// No more of them get numbers.
const MOST: Head = 2048;

/// Nor do longer names, which would be kept for ever.
const LONGEST: usize = 128;

/// The `type` and `subtype` that are behind a number. Without a `type` there is none.
#[derive(Debug, Clone, Default)]
pub(crate) struct Names {
    pub(crate) kind: Option<Arc<str>>,
    /// `type::subtype`
    pub(crate) with_subtype: Option<Arc<str>>,
    /// The place of the hint for this `type`.
    hint: Option<u16>,
    /// The names that hear it.
    ears: ListenerMask,
}

#[derive(Debug)]
struct Known {
    name: Arc<str>,
    alone: Head,
    subtypes: HashMap<Box<str>, Head, FxBuildHasher>,
}

/// The numbers that were given so far.
#[derive(Debug)]
pub(crate) struct EventTypes {
    kinds: HashMap<Arc<str>, Known, FxBuildHasher>,
    names: Vec<Names>,
}

/// What has no `type`.
const NAMELESS: Head = 1;

impl Default for EventTypes {
    fn default() -> Self {
        let nameless = Names { ears: ListenerMask::FRAMES, ..Names::default() };
        Self { kinds: HashMap::default(), names: vec![Names::default(), nameless] }
    }
}

impl EventTypes {
    /// The number of a frame's head.
    pub(crate) fn number(&mut self, frame: &[u8], head: &FrameHead) -> Head {
        let kind = match (&head.event_type, head.event_type.text(frame)) {
            (FrameField::NotText, _) => return UNREAD,
            (_, None) => return NAMELESS,
            (_, Some(kind)) => kind,
        };
        let subtype = match (&head.subtype, head.subtype.text(frame)) {
            (FrameField::NotText, _) => return UNREAD,
            (_, subtype) => subtype,
        };
        if kind.len().max(subtype.map_or(0, str::len)) > LONGEST {
            return UNREAD;
        }
        let known = self.kinds.get(kind);
        let number = known
            .and_then(|known| subtype.map_or(Some(known.alone), |name| known.subtypes.get(name).copied()));
        number.unwrap_or_else(|| self.add(kind, subtype))
    }

    fn add(&mut self, kind: &str, subtype: Option<&str>) -> Head {
        // Room for two.
        if self.names.len() >= usize::from(MOST) - 1 {
            return UNREAD;
        }
        if !self.kinds.contains_key(kind) {
            let name: Arc<str> = kind.into();
            let hint = Some(place(kind.as_bytes()));
            let ears = ListenerMask::FRAMES.and(ListenerMask::of(kind));
            let names = Names { kind: Some(Arc::clone(&name)), with_subtype: None, hint, ears };
            let known =
                Known { name: Arc::clone(&name), alone: self.push(names), subtypes: HashMap::default() };
            self.kinds.insert(name, known);
        }
        let Some(subtype) = subtype else { return self.kinds[kind].alone };
        let name = Arc::clone(&self.kinds[kind].name);
        let with_subtype = format!("{kind}::{subtype}");
        let ears = ListenerMask::FRAMES.and(ListenerMask::of(kind)).and(ListenerMask::of(&with_subtype));
        let hint = Some(place(kind.as_bytes()));
        let with_subtype = Some(with_subtype.into());
        let number = self.push(Names { kind: Some(name), with_subtype, hint, ears });
        let known = self.kinds.get_mut(kind).expect("added above");
        known.subtypes.insert(subtype.into(), number);
        number
    }

    fn push(&mut self, names: Names) -> Head {
        self.names.push(names);
        Head::try_from(self.names.len() - 1).expect("the table is bounded")
    }

    /// The names that hear a frame of this number.
    pub(crate) fn ears(&self, head: Head) -> ListenerMask {
        match (head, &self.names[usize::from(head)]) {
            (UNREAD, _) => ListenerMask::ANY,
            (_, names) => names.ears,
        }
    }

    /// The names behind the numbers from this one on.
    pub(crate) fn names_from(&self, first: usize) -> &[Names] {
        &self.names[first..]
    }
}

/// How often frames of a `type` were heard of late: by this the network side decides which it makes records of. Names
/// may share a place: a wrong guess costs time, nothing else.
pub(crate) struct Demand([AtomicU8; PLACES as usize]);

const PLACES: u16 = 1024;

fn place(kind: &[u8]) -> u16 {
    u16::try_from(FxBuildHasher.hash_one(kind) % u64::from(PLACES)).expect("below the number of places")
}

impl Default for Demand {
    fn default() -> Self {
        Self([const { AtomicU8::new(Self::FIRST) }; PLACES as usize])
    }
}

impl Demand {
    /// So many unheard ones in turn are made records of.
    const FIRST: u8 = 8;

    pub(crate) fn is_worthwhile(&self, kind: &[u8]) -> bool {
        self.0[usize::from(place(kind))].load(Ordering::Relaxed) > 0
    }

    /// Somebody heard a frame, or nobody did.
    pub(crate) fn note(&self, names: &Names, is_heard: bool) {
        let Some(place) = names.hint else { return };
        let hint = &self.0[usize::from(place)];
        let value = hint.load(Ordering::Relaxed);
        let next = if is_heard { Self::FIRST } else { value.saturating_sub(1) };
        if next != value {
            hint.store(next, Ordering::Relaxed);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn number(heads: &mut EventTypes, frame: &str) -> Head {
        let head = FrameHead::read(frame.as_bytes()).unwrap();
        heads.number(frame.as_bytes(), &head)
    }

    #[test]
    fn each_pair_has_its_number() {
        let mut heads = EventTypes::default();
        let frames = [
            r#"{"text":"no type"}"#,
            r#"{"type":"message"}"#,
            r#"{"type":"message","subtype":"bot_message"}"#,
            r#"{"type":"message::bot_message"}"#,
            r#"{"type":"","subtype":""}"#,
        ];
        let numbers: Vec<Head> = frames.iter().map(|frame| number(&mut heads, frame)).collect();
        let again: Vec<Head> = frames.iter().map(|frame| number(&mut heads, frame)).collect();
        assert_eq!(numbers, again);
        assert_eq!(numbers.iter().collect::<std::collections::HashSet<_>>().len(), frames.len());
        assert!(!numbers.contains(&UNREAD));
        let names = &heads.names_from(0)[usize::from(numbers[2])];
        assert_eq!(
            (names.kind.as_deref(), names.with_subtype.as_deref()),
            (Some("message"), Some("message::bot_message"))
        );
    }

    #[test]
    fn what_cannot_be_read_or_has_no_room_is_left_to_javascript() {
        let mut heads = EventTypes::default();
        assert_eq!(number(&mut heads, r#"{"type":7}"#), UNREAD);
        assert_eq!(number(&mut heads, r#"{"type":"a","subtype":7}"#), UNREAD);
        let long = "a".repeat(LONGEST + 1);
        assert_eq!(number(&mut heads, &format!(r#"{{"type":"{long}"}}"#)), UNREAD);
        assert_eq!(number(&mut heads, &format!(r#"{{"type":"a","subtype":"{long}"}}"#)), UNREAD);
        assert_eq!(heads.names.len(), 2, "nothing is kept of them");
        let numbers: Vec<Head> =
            (0..3000).map(|kind| number(&mut heads, &format!(r#"{{"type":"{kind}"}}"#))).collect();
        assert!(numbers[..1000].iter().all(|number| *number != UNREAD) && numbers[2999] == UNREAD);
        assert!(heads.names.len() <= usize::from(MOST));
    }

    #[test]
    fn hints_follow_what_is_heard() {
        let mut heads = EventTypes::default();
        let message = number(&mut heads, r#"{"type":"message"}"#);
        let names = &heads.names_from(0)[usize::from(message)];
        let hints = Demand::default();
        (0..8).for_each(|_| hints.note(names, false));
        assert!(!hints.is_worthwhile(b"message") && hints.is_worthwhile(b"hello"));
        hints.note(names, true);
        (0..7).for_each(|_| hints.note(names, false));
        assert!(hints.is_worthwhile(b"message"));
    }
}
