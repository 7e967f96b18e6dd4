//! Small ids for the `type` and `subtype` of frames, so that the question "does this event have a listener?" costs an array
//! access instead of hashing strings.

use std::collections::HashMap;
use std::sync::Arc;

use rustc_hash::FxBuildHasher;

use super::demand::Counter;
use super::listener_mask::ListenerMask;

/// The id of a `type`, or of a `type` with a `subtype`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct EventTypeId(u16);

impl EventTypeId {
    /// For a frame whose names are no strings, or too long, or came when the table was full: JavaScript reads the names and
    /// decides whether the event has a listener.
    pub(crate) const UNRESOLVED: Self = Self(0);

    /// For a frame without a `type`, which only `slack_event` is emitted for.
    const NO_TYPE: Self = Self(1);

    /// The most ids.
    const MAX: usize = 2048;

    /// The position in [`EventTypes::names_from`].
    pub(crate) fn index(self) -> usize {
        usize::from(self.0)
    }
}

/// A longer `type` or `subtype`, in bytes, gets no id: the table is never cleared.
pub(crate) const MAX_NAME_BYTES: usize = 128;

/// The value of a frame's `type` or `subtype`.
#[derive(Debug, Clone, Copy)]
pub(crate) enum TypeName<'a> {
    /// The frame does not have the key.
    Absent,
    /// A string.
    Text(&'a str),
    /// Another value, or a string that is not valid Unicode.
    Other,
}

/// The names of the events that are emitted for a frame, besides `slack_event`.
#[derive(Debug, Clone, Default)]
pub(crate) struct EventNames {
    /// `type`
    pub(crate) event_type: Option<Arc<str>>,
    /// `type::subtype`
    pub(crate) with_subtype: Option<Arc<str>>,
    /// The counter of the `type`.
    pub(crate) demand: Option<Counter>,
    /// These names and `slack_event`.
    mask: ListenerMask,
}

/// An event type that has an id.
#[derive(Debug)]
struct KnownType {
    name: Arc<str>,
    /// The id of the type without a subtype.
    id: EventTypeId,
    subtypes: HashMap<Box<str>, EventTypeId, FxBuildHasher>,
}

/// The table of ids.
#[derive(Debug)]
pub(crate) struct EventTypes {
    types: HashMap<Arc<str>, KnownType, FxBuildHasher>,
    /// The names of each id.
    names: Vec<EventNames>,
}

impl Default for EventTypes {
    fn default() -> Self {
        let unresolved = EventNames { mask: ListenerMask::ALL, ..EventNames::default() };
        let no_type = EventNames { mask: ListenerMask::SLACK_EVENT, ..EventNames::default() };
        Self { types: HashMap::default(), names: vec![unresolved, no_type] }
    }
}

impl EventTypes {
    /// The id of a frame's names. New names get the next id.
    pub(crate) fn id(&mut self, event_type: TypeName<'_>, subtype: TypeName<'_>) -> EventTypeId {
        let (event_type, subtype) = match (event_type, subtype) {
            (TypeName::Absent, _) => return EventTypeId::NO_TYPE,
            (TypeName::Other, _) | (_, TypeName::Other) => return EventTypeId::UNRESOLVED,
            (TypeName::Text(event_type), TypeName::Absent) => (event_type, None),
            (TypeName::Text(event_type), TypeName::Text(subtype)) => (event_type, Some(subtype)),
        };
        if event_type.len().max(subtype.map_or(0, str::len)) > MAX_NAME_BYTES {
            return EventTypeId::UNRESOLVED;
        }
        let known = self.types.get(event_type).and_then(|known| match subtype {
            None => Some(known.id),
            Some(subtype) => known.subtypes.get(subtype).copied(),
        });
        known.unwrap_or_else(|| self.add(event_type, subtype))
    }

    fn add(&mut self, event_type: &str, subtype: Option<&str>) -> EventTypeId {
        // There must be room for two ids: a new type with a subtype.
        if self.names.len() >= EventTypeId::MAX - 1 {
            return EventTypeId::UNRESOLVED;
        }
        let demand = Some(Counter::of(event_type.as_bytes()));
        let mask = ListenerMask::SLACK_EVENT.union(ListenerMask::of(event_type));
        if !self.types.contains_key(event_type) {
            let name: Arc<str> = event_type.into();
            let names = EventNames { event_type: Some(Arc::clone(&name)), with_subtype: None, demand, mask };
            let id = self.push(names);
            let known = KnownType { name: Arc::clone(&name), id, subtypes: HashMap::default() };
            self.types.insert(name, known);
        }
        let known = &self.types[event_type];
        let Some(subtype) = subtype else { return known.id };
        let name = Arc::clone(&known.name);
        let with_subtype = format!("{event_type}::{subtype}");
        let mask = mask.union(ListenerMask::of(&with_subtype));
        let with_subtype = Some(with_subtype.into());
        let id = self.push(EventNames { event_type: Some(name), with_subtype, demand, mask });
        let known = self.types.get_mut(event_type).expect("the type was added above");
        known.subtypes.insert(subtype.into(), id);
        id
    }

    fn push(&mut self, names: EventNames) -> EventTypeId {
        self.names.push(names);
        EventTypeId(u16::try_from(self.names.len() - 1).expect("there are at most `MAX` ids"))
    }

    /// The names of the listeners for a frame with this id.
    pub(crate) fn mask(&self, id: EventTypeId) -> ListenerMask {
        self.names[id.index()].mask
    }

    /// The names of all ids, starting with the one at this index.
    pub(crate) fn names_from(&self, first: usize) -> &[EventNames] {
        &self.names[first..]
    }
}

#[cfg(test)]
mod tests {
    use super::TypeName::{Absent, Other, Text};
    use super::*;

    #[test]
    fn each_pair_of_type_and_subtype_has_its_own_id() {
        let mut types = EventTypes::default();
        let pairs = [
            (Absent, Absent),
            (Text("message"), Absent),
            (Text("message"), Text("bot_message")),
            (Text("message::bot_message"), Absent),
            (Text(""), Text("")),
        ];
        let mut ids = || pairs.map(|(event_type, subtype)| types.id(event_type, subtype));
        let (first, again) = (ids(), ids());
        assert_eq!(first, again);
        assert_eq!(first.iter().collect::<std::collections::HashSet<_>>().len(), pairs.len());
        assert!(!first.contains(&EventTypeId::UNRESOLVED));
        let names = &types.names_from(0)[first[2].index()];
        assert_eq!(
            (names.event_type.as_deref(), names.with_subtype.as_deref()),
            (Some("message"), Some("message::bot_message"))
        );
    }

    #[test]
    fn names_that_are_no_strings_or_too_long_or_too_many_have_no_id() {
        let mut types = EventTypes::default();
        let long = "a".repeat(MAX_NAME_BYTES + 1);
        for (event_type, subtype) in
            [(Other, Absent), (Text("a"), Other), (Text(&long), Absent), (Text("a"), Text(&long))]
        {
            assert_eq!(types.id(event_type, subtype), EventTypeId::UNRESOLVED);
        }
        assert_eq!(types.names.len(), 2, "nothing is stored for them");
        let ids: Vec<EventTypeId> =
            (0..3000).map(|number| types.id(Text(&number.to_string()), Absent)).collect();
        assert!(ids[..1000].iter().all(|id| *id != EventTypeId::UNRESOLVED));
        assert_eq!(ids[2999], EventTypeId::UNRESOLVED);
        assert!(types.names.len() <= EventTypeId::MAX);
    }
}
