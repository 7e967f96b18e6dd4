//! The model: which items must reach JavaScript, decided item by item with the listeners of that moment.

use std::collections::{BTreeSet, HashMap};

use slack_rtm_native::fuzzing::{ItemKind, MAX_NAME_BYTES};
use slack_rtm_native_fuzz::json::{Head, Name};

/// An item that was delivered for a client.
#[derive(Debug)]
pub struct Item {
    pub client: u32,
    pub kind: ItemKind,
    pub call: u32,
    /// The payload of frames and messages. The payloads of other items are not checked.
    pub payload: Option<Vec<u8>>,
    pub head: Head,
}

/// The names that each client has listeners for.
#[derive(Debug, Default)]
pub struct Listeners(HashMap<u32, BTreeSet<String>>);

impl Listeners {
    /// Returns true if the name had no listener.
    pub fn add(&mut self, client: u32, name: &str) -> bool {
        self.0.entry(client).or_default().insert(name.to_owned())
    }

    /// Returns true if the name had a listener.
    pub fn remove(&mut self, client: u32, name: &str) -> bool {
        self.0.get_mut(&client).is_some_and(|names| names.remove(name))
    }

    pub fn forget(&mut self, client: u32) {
        self.0.remove(&client);
    }

    fn contain(&self, client: u32, name: &str) -> bool {
        self.0.get(&client).is_some_and(|names| names.contains(name))
    }

    /// Whether an item has a listener, or settles a promise.
    pub fn has_listener(&self, item: &Item) -> bool {
        match item.kind {
            ItemKind::Frame if item.call == 0 => {
                let contains = |name: &str| self.contain(item.client, name);
                let event_type = text(&item.head.event_type);
                let subtype = text(&item.head.subtype);
                contains("slack_event")
                    || event_type.is_some_and(contains)
                    || event_type
                        .zip(subtype)
                        .is_some_and(|(event_type, subtype)| contains(&format!("{event_type}::{subtype}")))
            }
            ItemKind::OutgoingMessage => self.contain(item.client, "outgoing_message"),
            _ => true,
        }
    }

    /// Whether an item crosses to JavaScript: it has a listener, or only JavaScript can find that out.
    pub fn crosses(&self, item: &Item) -> bool {
        self.has_listener(item)
            || (item.kind == ItemKind::Frame && self.is_decided_in_javascript(item.client, &item.head))
    }

    /// Only for a client that has had a listener.
    fn is_decided_in_javascript(&self, client: u32, head: &Head) -> bool {
        let is_unresolved = |name: &Name| match name {
            Name::Other(_) | Name::Unmatchable => true,
            Name::Text(text) => text.len() > MAX_NAME_BYTES,
            Name::Absent => false,
        };
        self.0.contains_key(&client)
            && (is_unresolved(&head.event_type)
                || (head.event_type != Name::Absent && is_unresolved(&head.subtype)))
    }
}

fn text(name: &Name) -> Option<&str> {
    match name {
        Name::Text(text) | Name::Other(text) => Some(text),
        Name::Absent | Name::Unmatchable => None,
    }
}
