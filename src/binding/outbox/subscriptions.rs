//! The event names that a client has listeners for, and the exact decision whether an event has one.

use std::collections::HashSet;
use std::sync::Arc;

use crate::records::event_types::{EventNames, EventTypeId};
use crate::records::listener_mask::ListenerMask;

/// The event names that one client has listeners for.
#[derive(Debug, Default)]
pub(super) struct Subscriptions {
    names: HashSet<String>,
    mask: ListenerMask,
    /// The decision for each [`EventTypeId`] that was looked up since the names changed.
    decisions: Vec<Option<bool>>,
}

impl Subscriptions {
    pub(super) fn add(&mut self, name: String) {
        self.mask = self.mask.union(ListenerMask::of(&name));
        self.names.insert(name);
        self.decisions.clear();
    }

    /// Returns false if the name had no listener.
    pub(super) fn remove(&mut self, name: &str) -> bool {
        let is_removed = self.names.remove(name);
        if is_removed {
            self.decisions.clear();
            self.mask = self.names.iter().map(String::as_str).collect();
        }
        is_removed
    }

    /// The names as a mask.
    pub(super) fn mask(&self) -> ListenerMask {
        self.mask
    }

    pub(super) fn contains(&self, name: &str) -> bool {
        self.names.contains(name)
    }

    /// Whether a frame has a listener. `names` are the event names of this id.
    pub(super) fn has_listener(&mut self, id: EventTypeId, names: &EventNames) -> bool {
        match self.decisions.get(id.index()) {
            Some(Some(decision)) => *decision,
            // JavaScript decides.
            _ if id == EventTypeId::UNRESOLVED => true,
            _ => {
                let EventNames { event_type, with_subtype, .. } = names;
                let contains =
                    |name: &Option<Arc<str>>| name.as_ref().is_some_and(|name| self.contains(name));
                let decision = self.contains("slack_event") || contains(event_type) || contains(with_subtype);
                self.decisions.resize(self.decisions.len().max(id.index() + 1), None);
                self.decisions[id.index()] = Some(decision);
                decision
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::frame_head::{subtype_of, type_of};
    use super::*;
    use crate::driver::io::FrameHead;
    use crate::records::event_types::EventTypes;

    #[test]
    fn a_frame_has_a_listener_if_one_of_its_names_has_one() {
        let has_listener = |names: &[&str], frame: &str| {
            let mut types = EventTypes::default();
            let (data, head) = (frame.as_bytes(), FrameHead::read(frame.as_bytes()).unwrap());
            let id = types.id(type_of(&head, data), subtype_of(&head, data));
            let mut subscriptions = Subscriptions::default();
            for name in names {
                subscriptions.add((*name).to_owned());
            }
            let names = &types.names_from(0)[id.index()];
            let decision = subscriptions.has_listener(id, names);
            assert_eq!(subscriptions.has_listener(id, names), decision, "the stored decision is the same");
            decision
        };
        let edited = r#"{"type":"message","subtype":"message_changed"}"#;
        assert!(has_listener(&["slack_event"], "{}"));
        assert!(has_listener(&["message"], edited));
        assert!(has_listener(&["message::message_changed"], edited));
        assert!(!has_listener(&["message::bot_message", "hello"], edited));
        assert!(!has_listener(&["message"], "{}"));
        // Names that only JavaScript can find out.
        assert!(has_listener(&[], r#"{"type":7}"#));
        assert!(has_listener(&["message::7"], r#"{"type":"message","subtype":7}"#));
    }
}
