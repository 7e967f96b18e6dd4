//! The JavaScript thread's end of the queue. Owns who listens to what, and what crosses at once; knows nothing of
//! JavaScript's values.
//!
//! Interest is decided here, when an event's turn comes: a frame that nobody listens to costs a look-up and never
//! becomes a JavaScript string.
//!
//! Items cross in chunks: words, and strings. A chunk's words are where its items end, where the strings of Latin-1,
//! those of UTF-16 and the long ones begin, then the items: client, kind, call, and the length of the record. If that
//! is 0, the payload is the next element of the JSON array that is the chunk's first string. Else there follow where
//! the record's root stands, where its texts begin in Latin-1, in UTF-16 and among the long ones, and its words
//! ([`records`](super::records)).

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use rustc_hash::FxHashMap;

use super::queue::{Batch, Entry, Kind, Payload, Queue};
use crate::records::event_types::{Head, Names, UNREAD};
use crate::records::format::{LATIN_PAGE, Long, MOST_RECORD_WORDS, Text, WIDE_PAGE, word};
use crate::records::listener_mask::ListenerMask;

/// So many bytes cross at once. More gains nothing, and is garbage for longer.
const CHUNK_BYTES: usize = 32 * 1024;

/// So many after a chunk that was taken back.
const SHORT_CHUNK_BYTES: usize = 1024;

/// So many words JavaScript has room for.
pub(in crate::binding) const CHUNK_WORDS: usize = 16 * 1024;

/// Words before the first item.
const HEADER: usize = 4;

/// Words of an item, but for its record's.
const ITEM: usize = 8;

const _: () = assert!(HEADER + ITEM + MOST_RECORD_WORDS <= CHUNK_WORDS, "any record has room");

/// Who listens to what, of one client.
#[derive(Debug, Default)]
struct Interest {
    names: HashSet<String>,
    /// The same, in short.
    ears: ListenerMask,
    /// What is known of the heads, until the names change.
    verdicts: Vec<Option<bool>>,
}

impl Interest {
    fn hears(&mut self, head: Head, names: &[Names]) -> bool {
        let at = usize::from(head);
        match self.verdicts.get(at) {
            Some(Some(verdict)) => *verdict,
            _ if head == UNREAD => true,
            _ => {
                let Names { kind, with_subtype, .. } = &names[at];
                let is_heard =
                    |name: &Option<Arc<str>>| name.as_ref().is_some_and(|name| self.names.contains(&**name));
                let verdict = self.names.contains("slack_event") || is_heard(kind) || is_heard(with_subtype);
                self.verdicts.resize(self.verdicts.len().max(at + 1), None);
                self.verdicts[at] = Some(verdict);
                verdict
            }
        }
    }
}

/// The strings of a chunk.
#[derive(Debug, Default)]
struct Strings {
    json: String,
    latin: Vec<u8>,
    wide: Vec<u16>,
    longs: Vec<Long>,
    /// The bytes of the long ones.
    long_bytes: usize,
}

impl Strings {
    fn clear(&mut self) {
        self.latin.clear();
        self.wide.clear();
        self.longs.clear();
        self.long_bytes = 0;
        // A text may be as long as a frame; all else is bounded.
        if self.json.capacity() > 2 * CHUNK_BYTES {
            self.json = String::new();
        }
        self.json.clear();
    }

    fn bytes(&self) -> usize {
        self.json.len() + self.latin.len() + 2 * self.wide.len() + self.long_bytes
    }
}

/// The JavaScript thread's end of a queue.
pub(in crate::binding) struct Drain {
    queue: Arc<Queue>,
    interests: FxHashMap<u32, Interest>,
    /// The names of the heads, as far as they were asked for.
    names: Vec<Names>,
    draining: Batch,
    /// The next entry of `draining` to look at.
    next: usize,
    /// Where the last chunk began.
    chunk_start: usize,
    /// Behind which entry each item of the last chunk stands.
    behind: Vec<usize>,
    /// How long the next chunk may be: shorter after one that was taken back, since that may happen again.
    chunk_bytes: usize,
    strings: Strings,
    /// Whether the last chunk left something out.
    has_skipped: bool,
    /// What nobody listens to any longer, but did when the last chunk was made.
    unheard: HashSet<(u32, String)>,
}

impl Drain {
    pub(in crate::binding) fn new(queue: Arc<Queue>) -> Self {
        Self {
            queue,
            interests: HashMap::default(),
            names: Vec::new(),
            draining: Batch::default(),
            next: 0,
            chunk_start: 0,
            behind: Vec::new(),
            chunk_bytes: CHUNK_BYTES,
            strings: Strings::default(),
            has_skipped: false,
            unheard: HashSet::new(),
        }
    }

    /// Takes in all that waits, in place of what was drained before; gives the clients that have something in it. None:
    /// nothing waits, and the next thing that comes wakes JavaScript.
    pub(in crate::binding) fn refill(&mut self) -> Vec<u32> {
        self.draining.clear();
        self.behind.clear();
        self.next = 0;
        self.chunk_start = 0;
        self.has_skipped = false;
        self.unheard.clear();
        if !self.queue.take(&mut self.draining) {
            return Vec::new();
        }
        std::mem::take(&mut self.draining.clients)
    }

    /// Puts the next items into these words, and what they speak of into [`strings`](Self::strings); false when all are
    /// taken. `dispatched` tells how many items of the last chunk JavaScript has dealt with: what stands behind them is
    /// looked at again, also what was skipped, since somebody may listen to it now.
    pub(in crate::binding) fn chunk(&mut self, dispatched: u32, words: &mut [u32]) -> bool {
        self.take_back(dispatched);
        self.strings.clear();
        let mut end = HEADER;
        while let Some(entry) = self.draining.entries.get(self.next) {
            if !is_heard(&mut self.interests, &mut self.names, &self.queue, entry) {
                self.has_skipped = true;
                self.next += 1;
                continue;
            }
            let Some(length) = put(&self.draining, entry, &mut words[end..], &mut self.strings) else {
                break;
            };
            end += length;
            self.next += 1;
            self.behind.push(self.next);
            if 4 * end + self.strings.bytes() >= self.chunk_bytes {
                break;
            }
        }
        if self.behind.is_empty() {
            return false;
        }
        let Strings { json, latin, wide, .. } = &mut self.strings;
        json.push_str(if json.is_empty() { "" } else { "]" });
        let wide_start = 1 + latin.len().div_ceil(LATIN_PAGE);
        let long_start = wide_start + wide.len().div_ceil(WIDE_PAGE);
        words[..HEADER].copy_from_slice(&[end, 1, wide_start, long_start].map(word));
        true
    }

    fn take_back(&mut self, dispatched: u32) {
        let dispatched = dispatched as usize;
        if !self.behind.is_empty() {
            let last = dispatched.checked_sub(1).and_then(|last| self.behind.get(last));
            self.next = last.copied().unwrap_or(self.chunk_start);
        }
        let is_taken_back = dispatched < self.behind.len();
        self.chunk_bytes =
            if is_taken_back { SHORT_CHUNK_BYTES } else { CHUNK_BYTES.min(2 * self.chunk_bytes) };
        self.chunk_start = self.next;
        self.behind.clear();
        self.has_skipped = false;
        self.unheard.clear();
    }

    /// The strings of the last chunk.
    pub(in crate::binding) fn strings(&self) -> impl Iterator<Item = Text<'_>> {
        let Strings { json, latin, wide, longs, .. } = &self.strings;
        let records = &self.draining.records;
        std::iter::once(Text::Utf8(json))
            .chain(latin.chunks(LATIN_PAGE).map(Text::Latin))
            .chain(wide.chunks(WIDE_PAGE).map(Text::Wide))
            .chain(longs.iter().map(|long| records.long(long)))
    }

    /// So many strings.
    pub(in crate::binding) fn count(&self) -> u32 {
        let Strings { latin, wide, longs, .. } = &self.strings;
        word(1 + latin.len().div_ceil(LATIN_PAGE) + wide.len().div_ceil(WIDE_PAGE) + longs.len())
    }

    /// What a shape is, as JSON: key, tag and constant (or `null`) in turn.
    pub(in crate::binding) fn shape(&self, shape: u32) -> Option<String> {
        self.queue.shape(shape)
    }

    /// Somebody listens to an event of a client. True: the last chunk may have left out what is heard now.
    pub(in crate::binding) fn listen(&mut self, client: u32, name: String) -> bool {
        let is_known = self.unheard.remove(&(client, name.clone()));
        let interest = self.interests.entry(client).or_default();
        interest.ears = interest.ears.and(ListenerMask::of(&name));
        interest.names.insert(name);
        interest.verdicts.clear();
        self.queue.set_ears(client, interest.ears);
        self.has_skipped && !is_known
    }

    /// Nobody listens to it any longer.
    pub(in crate::binding) fn unlisten(&mut self, client: u32, name: String) {
        let Some(interest) = self.interests.get_mut(&client) else { return };
        if interest.names.remove(&name) {
            interest.verdicts.clear();
            interest.ears = interest
                .names
                .iter()
                .fold(ListenerMask::default(), |ears, name| ears.and(ListenerMask::of(name)));
            self.queue.set_ears(client, interest.ears);
            if self.has_skipped {
                self.unheard.insert((client, name));
            }
        }
    }

    /// A client is gone.
    pub(in crate::binding) fn forget(&mut self, client: u32) {
        self.queue.forget(client);
        self.interests.remove(&client);
    }
}

/// Whether somebody hears an item.
fn is_heard(
    interests: &mut FxHashMap<u32, Interest>,
    names: &mut Vec<Names>,
    queue: &Queue,
    entry: &Entry,
) -> bool {
    match entry.kind {
        Kind::Frame => {
            if usize::from(entry.head) >= names.len() {
                names.extend(queue.names_from(names.len()));
            }
            let is_heard = entry.call != 0
                || interests.get_mut(&entry.client).is_some_and(|interest| interest.hears(entry.head, names));
            queue.hints.note(&names[usize::from(entry.head)], is_heard);
            is_heard
        }
        Kind::Outgoing => {
            interests.get(&entry.client).is_some_and(|interest| interest.names.contains("outgoing_message"))
        }
        _ => true,
    }
}

/// Puts an item into these words, and its strings with the others; gives its length, or nothing where there is no room.
fn put(batch: &Batch, entry: &Entry, words: &mut [u32], strings: &mut Strings) -> Option<usize> {
    let record = match &entry.payload {
        Payload::Text(range) => {
            let item = words.get_mut(..4)?;
            item.copy_from_slice(&[entry.client, entry.kind as u32, entry.call, 0]);
            strings.json.push(if strings.json.is_empty() { '[' } else { ',' });
            strings.json.push_str(batch.text(range));
            return Some(4);
        }
        Payload::Record(record) => batch.records.record(*record),
    };
    let length = record.words.len();
    let (item, row) = words.get_mut(..ITEM + length)?.split_at_mut(ITEM);
    let latin = append(&mut strings.latin, batch.records.latin(record), LATIN_PAGE);
    let wide = append(&mut strings.wide, batch.records.wide(record), WIDE_PAGE);
    let longs = batch.records.longs(record);
    item.copy_from_slice(&[
        entry.client,
        entry.kind as u32,
        entry.call,
        word(length),
        record.root,
        word(latin),
        word(wide),
        word(strings.longs.len()),
    ]);
    row.copy_from_slice(batch.records.words(record));
    strings.longs.extend_from_slice(longs);
    strings.long_bytes += record.long_bytes();
    Some(ITEM + length)
}

/// Appends a record's short texts, on a new page if there is no room for all; gives where they begin.
fn append<T: Copy + Default>(all: &mut Vec<T>, texts: &[T], page: usize) -> usize {
    if all.len() % page + texts.len() > page {
        all.resize(all.len().next_multiple_of(page), T::default());
    }
    let at = all.len();
    all.extend_from_slice(texts);
    at
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::records::event_types::EventTypes;
    use crate::session::FrameHead;

    #[test]
    fn a_frame_is_heard_by_any_of_its_names() {
        let hears = |listened: &[&str], frame: &str| {
            let mut heads = EventTypes::default();
            let head = heads.number(frame.as_bytes(), &FrameHead::read(frame.as_bytes()).unwrap());
            let names = listened.iter().map(|name| (*name).to_owned()).collect();
            let mut interest = Interest { names, ..Interest::default() };
            let verdict = interest.hears(head, heads.names_from(0));
            assert_eq!(interest.hears(head, heads.names_from(0)), verdict, "also the second time");
            verdict
        };
        let edited = r#"{"type":"message","subtype":"message_changed"}"#;
        assert!(hears(&["slack_event"], "{}"));
        assert!(hears(&["message"], edited) && hears(&["message::message_changed"], edited));
        assert!(!hears(&["message::bot_message", "hello"], edited) && !hears(&["message"], "{}"));
        // What cannot be read here is JavaScript's to decide.
        assert!(hears(&[], r#"{"type":7}"#) && hears(&["message::7"], r#"{"type":"message","subtype":7}"#));
    }
}
