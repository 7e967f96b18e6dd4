//! The JavaScript thread's end of the queue.
//!
//! Whether an event has a listener is decided here, when the event's turn comes. A frame without a listener costs a look-up
//! and never becomes a JavaScript string. An earlier decision would be wrong: the listener of an earlier event may add one.
//!
//! The drain takes a *batch* (everything that waits), and hands it to JavaScript in *chunks* of about [`CHUNK_BYTES`]. If a
//! listener is added while JavaScript emits the events of a chunk, the chunk may have left out events that have a listener
//! now. JavaScript then asks for the next chunk early, and the drain goes back to the first item that was not emitted yet.

use std::collections::HashSet;
use std::sync::Arc;

use rustc_hash::FxHashMap;

use super::batch::Batch;
use super::chunk::ChunkStrings;
use super::item::{ClientId, Item, ItemKind};
use super::queue::Queue;
use super::subscriptions::Subscriptions;
use crate::records::buffer::Text;
use crate::records::event_types::EventNames;
use crate::records::format::header;
use crate::records::shapes::ShapeId;

/// A chunk ends when it has this many bytes. Larger chunks are not faster, and their strings are garbage for longer.
pub(in crate::binding) const CHUNK_BYTES: usize = 32 * 1024;

/// The size of a chunk after one that JavaScript did not finish, since it may leave the next one unfinished, too.
const SHORT_CHUNK_BYTES: usize = 1024;

/// The JavaScript thread's end of a queue.
pub(in crate::binding) struct Drain {
    queue: Arc<Queue>,
    subscriptions: FxHashMap<ClientId, Subscriptions>,
    /// The names of the event types, up to the last id that was needed.
    event_names: Vec<EventNames>,
    batch: Batch,
    /// The index of the next item of the batch.
    next: usize,
    /// The index of the first item that the last chunk considered.
    chunk_start: usize,
    /// For each item of the last chunk: the index of the item behind it in the batch.
    resume_at: Vec<usize>,
    /// The next chunk ends when it has this many bytes.
    chunk_bytes: usize,
    strings: ChunkStrings,
    /// Whether the last chunk left out an item because it had no listener.
    has_skipped: bool,
    /// The names that had a listener when the last chunk was written, and lost it since.
    removed: HashSet<(ClientId, String)>,
}

impl Drain {
    pub(in crate::binding) fn new(queue: Arc<Queue>) -> Self {
        Self {
            queue,
            subscriptions: FxHashMap::default(),
            event_names: Vec::new(),
            batch: Batch::default(),
            next: 0,
            chunk_start: 0,
            resume_at: Vec::new(),
            chunk_bytes: CHUNK_BYTES,
            strings: ChunkStrings::default(),
            has_skipped: false,
            removed: HashSet::new(),
        }
    }

    /// Takes everything that waits and drops the batch before. Returns the clients of the items; if there is none, the next
    /// item wakes JavaScript.
    pub(in crate::binding) fn next_batch(&mut self) -> Vec<ClientId> {
        self.batch.clear();
        self.resume_at.clear();
        self.next = 0;
        self.chunk_start = 0;
        self.has_skipped = false;
        self.removed.clear();
        if !self.queue.take(&mut self.batch) {
            return Vec::new();
        }
        std::mem::take(&mut self.batch.clients)
    }

    /// Writes the next items into these words, and their strings into [`strings`](Self::strings). Returns false at the end of
    /// the batch. `dispatched` is how many items of the last chunk JavaScript has handled: all items behind them are
    /// considered again, also those that were skipped.
    pub(in crate::binding) fn next_chunk(&mut self, dispatched: u32, words: &mut [u32]) -> bool {
        self.rewind(dispatched);
        self.strings.free_above(2 * CHUNK_BYTES);
        self.strings.clear();
        let mut end = header::WORDS;
        while let Some(item) = self.batch.items.get(self.next) {
            if !has_listener(&mut self.subscriptions, &mut self.event_names, &self.queue, item) {
                self.has_skipped = true;
                self.next += 1;
                continue;
            }
            let Some(length) = self.strings.write_item(&self.batch, item, &mut words[end..]) else {
                break;
            };
            end += length;
            self.next += 1;
            self.resume_at.push(self.next);
            if size_of::<u32>() * end + self.strings.bytes() >= self.chunk_bytes {
                break;
            }
        }
        if self.resume_at.is_empty() {
            return false;
        }
        self.strings.finish(end, words);
        true
    }

    /// Goes back to the item behind the last one that was dispatched.
    fn rewind(&mut self, dispatched: u32) {
        let dispatched = dispatched as usize;
        if !self.resume_at.is_empty() {
            let last = dispatched.checked_sub(1).and_then(|last| self.resume_at.get(last));
            self.next = last.copied().unwrap_or(self.chunk_start);
        }
        let is_unfinished = dispatched < self.resume_at.len();
        self.chunk_bytes =
            if is_unfinished { SHORT_CHUNK_BYTES } else { CHUNK_BYTES.min(2 * self.chunk_bytes) };
        self.chunk_start = self.next;
        self.resume_at.clear();
        self.has_skipped = false;
        self.removed.clear();
    }

    /// The strings of the last chunk.
    pub(in crate::binding) fn strings(&self) -> impl Iterator<Item = Text<'_>> {
        self.strings.texts(&self.batch.records)
    }

    /// The number of strings of the last chunk.
    pub(in crate::binding) fn string_count(&self) -> u32 {
        self.strings.count()
    }

    /// The definition of a shape in this batch, as JSON: `[[key, tag, constant or null], …]`.
    pub(in crate::binding) fn shape(&self, shape: ShapeId) -> Option<String> {
        self.queue.shape(shape)
    }

    /// A client has its first listener for a name. Returns true if the last chunk may have left out such an event.
    pub(in crate::binding) fn listen(&mut self, client: ClientId, name: String) -> bool {
        let had_listener = self.removed.remove(&(client, name.clone()));
        let subscriptions = self.subscriptions.entry(client).or_default();
        subscriptions.add(name);
        self.queue.set_listeners(client, subscriptions.mask());
        self.has_skipped && !had_listener
    }

    /// A client has no listener for a name any more.
    pub(in crate::binding) fn unlisten(&mut self, client: ClientId, name: String) {
        let Some(subscriptions) = self.subscriptions.get_mut(&client) else { return };
        if subscriptions.remove(&name) {
            self.queue.set_listeners(client, subscriptions.mask());
            if self.has_skipped {
                self.removed.insert((client, name));
            }
        }
    }

    /// A client no longer exists.
    pub(in crate::binding) fn forget(&mut self, client: ClientId) {
        self.queue.forget(client);
        self.subscriptions.remove(&client);
    }
}

/// Whether an item has a listener. Items that are neither frames nor outgoing messages always go to JavaScript.
fn has_listener(
    subscriptions: &mut FxHashMap<ClientId, Subscriptions>,
    event_names: &mut Vec<EventNames>,
    queue: &Queue,
    item: &Item,
) -> bool {
    match item.kind {
        ItemKind::Frame => {
            let index = item.event_type.index();
            if index >= event_names.len() {
                event_names.extend(queue.event_names_from(event_names.len()));
            }
            let names = &event_names[index];
            let has_listener = item.call != 0
                || subscriptions
                    .get_mut(&item.client)
                    .is_some_and(|subscriptions| subscriptions.has_listener(item.event_type, names));
            if let Some(counter) = names.demand {
                queue.demand.update(counter, has_listener);
            }
            has_listener
        }
        ItemKind::OutgoingMessage => subscriptions
            .get(&item.client)
            .is_some_and(|subscriptions| subscriptions.contains("outgoing_message")),
        _ => true,
    }
}
