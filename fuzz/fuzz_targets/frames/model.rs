//! What listeners have to hear, reckoned event by event: each in its turn, by whoever listens at that moment.

use std::collections::{BTreeSet, HashMap};

use slack_rtm_native_fuzz::json::{Head, Name};

/// The kinds of items that are not heard by all (`Kind` in binding.d.ts).
pub const FRAME: u8 = 0;
pub const OUTGOING: u8 = 10;

/// Longer names of frames are not kept by the product (`LONGEST` in src/binding/heads.rs).
const LONGEST_NAME: usize = 128;

/// Something that was delivered for a client.
#[derive(Debug)]
pub struct Entry {
    pub client: u32,
    pub kind: u8,
    pub call: u32,
    /// Of frames and messages; the product encodes all else.
    pub payload: Option<Vec<u8>>,
    pub head: Head,
}

/// Who listens to what.
#[derive(Debug, Default)]
pub struct Listeners(HashMap<u32, BTreeSet<String>>);

impl Listeners {
    /// True: nobody did before.
    pub fn add(&mut self, client: u32, name: &str) -> bool {
        self.0.entry(client).or_default().insert(name.to_owned())
    }

    /// True: somebody did before.
    pub fn remove(&mut self, client: u32, name: &str) -> bool {
        self.0.get_mut(&client).is_some_and(|names| names.remove(name))
    }

    pub fn forget(&mut self, client: u32) {
        self.0.remove(&client);
    }

    fn has(&self, client: u32, name: &str) -> bool {
        self.0.get(&client).is_some_and(|names| names.contains(name))
    }

    /// Whether a listener hears it, or a promise settles by it.
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

    /// Whether it is let through: what is heard, and frames that only JavaScript can tell the name of.
    pub fn let_through(&self, entry: &Entry) -> bool {
        self.hear(entry) || (entry.kind == FRAME && self.is_for_javascript(entry.client, &entry.head))
    }

    /// Only of a client that somebody has ever listened to.
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
