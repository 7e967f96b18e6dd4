//! A model of the listeners. It decides for each event, when its turn comes, whether a listener exists at that moment.

use std::collections::{BTreeSet, HashMap};

use slack_rtm_native_fuzz::json::{Head, Name};

/// The kinds of items that need a listener (`Kind` in binding.d.ts).
pub const FRAME: u8 = 0;
pub const OUTGOING: u8 = 10;

/// The crate does not store longer event names (`LONGEST` in src/binding/heads.rs).
const LONGEST_NAME: usize = 128;

/// A delivery to a client.
#[derive(Debug)]
pub struct Entry {
    pub client: u32,
    pub kind: u8,
    pub call: u32,
    /// Only of frames and messages. The crate encodes the payloads of the other kinds.
    pub payload: Option<Vec<u8>>,
    pub head: Head,
}

/// The names of the events that have a listener, by client.
#[derive(Debug, Default)]
pub struct Listeners(HashMap<u32, BTreeSet<String>>);

impl Listeners {
    /// Returns whether this is the first listener for the event.
    pub fn add(&mut self, client: u32, name: &str) -> bool {
        self.0.entry(client).or_default().insert(name.to_owned())
    }

    /// Returns whether the event had a listener.
    pub fn remove(&mut self, client: u32, name: &str) -> bool {
        self.0.get_mut(&client).is_some_and(|names| names.remove(name))
    }

    pub fn forget(&mut self, client: u32) {
        self.0.remove(&client);
    }

    fn has(&self, client: u32, name: &str) -> bool {
        self.0.get(&client).is_some_and(|names| names.contains(name))
    }

    /// Whether a listener gets it, or it settles a promise.
    pub fn hear(&self, entry: &Entry) -> bool {
        match entry.kind {
            FRAME if entry.call == 0 => {
                let named = |name: &str| self.has(entry.client, name);
                let kind = text(&entry.head.kind);
                let subtype = text(&entry.head.subtype);
                named("slack_event")
                    || kind.is_some_and(named)
                    || kind.zip(subtype).is_some_and(|(kind, subtype)| named(&format!("{kind}::{subtype}")))
            }
            OUTGOING => self.has(entry.client, "outgoing_message"),
            _ => true,
        }
    }

    /// Whether it crosses to JavaScript: `hear`, and also frames whose event name only JavaScript can determine.
    pub fn let_through(&self, entry: &Entry) -> bool {
        self.hear(entry) || (entry.kind == FRAME && self.is_for_javascript(entry.client, &entry.head))
    }

    /// Only for clients that have had a listener.
    fn is_for_javascript(&self, client: u32, head: &Head) -> bool {
        let is_odd = |name: &Name| match name {
            Name::Other(_) | Name::Unheard => true,
            Name::Text(text) => text.len() > LONGEST_NAME,
            Name::Absent => false,
        };
        self.0.contains_key(&client)
            && (is_odd(&head.kind) || (head.kind != Name::Absent && is_odd(&head.subtype)))
    }
}

fn text(name: &Name) -> Option<&str> {
    match name {
        Name::Text(text) | Name::Other(text) => Some(text),
        Name::Absent | Name::Unheard => None,
    }
}
