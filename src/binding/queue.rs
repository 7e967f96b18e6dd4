//! What stands between the clients' tasks and the JavaScript thread: an ordered queue in one buffer, filled under a
//! lock, drained by swapping buffers. Owns order, the bound, when JavaScript is woken, and who listens to what; knows
//! nothing of JavaScript's values.
//!
//! Interest is decided in the drain, when an event's turn comes: a frame that nobody listens to costs a look-up and
//! never becomes a JavaScript string.

use std::collections::{HashMap, HashSet};
use std::fmt::Write;
use std::ops::Range;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use napi_derive::napi;
use tokio::sync::watch;

use crate::session::{CallId, FrameHead, Name};

/// When so many bytes wait for JavaScript, with what is noted of them, the sockets are no longer read; TCP holds the
/// rest.
const HIGH_WATER: usize = 4 * 1024 * 1024;

/// So much text is handed to `JSON.parse` at once. More gains nothing, and is garbage for longer.
const CHUNK_BYTES: usize = 32 * 1024;

/// So much after a chunk that was taken back.
const SHORT_CHUNK_BYTES: usize = 1024;

/// A buffer of more bytes is given back to the system when it is empty.
const KEPT_BYTES: usize = 256 * 1024;

/// What an item of the outbox is. An item is four values: client, kind, call, payload.
#[napi]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A frame of Slack's; call: the promise it settles, or 0.
    Frame,
    /// `connecting`
    Connecting,
    /// `authenticated`; payload: `encode::connect_answer`.
    Authenticated,
    /// `connected`
    Connected,
    /// `ready`
    Ready,
    /// `disconnecting`
    Disconnecting,
    /// `disconnected`; payload: an error, or `null` where it was asked for.
    Disconnected,
    /// `reconnecting`
    Reconnecting,
    /// `unable_to_rtm_start`; payload: an error.
    UnableToRtmStart,
    /// `error`; payload: an error.
    Error,
    /// `outgoing_message`; payload: the message.
    Outgoing,
    /// The promise `call` resolves; payload: the value, `null` for none.
    Resolved,
    /// The promise `call` resolves with the data of the last `authenticated`.
    Started,
    /// The promise `call` resolves with a Web API method's answer; payload: `encode::api_answer`.
    Answered,
    /// The promise `call` rejects; payload: an error.
    Rejected,
    /// The errand, or stream, of number `call` is to be looked after.
    Errand,
    /// For `node:diagnostics_channel`; payload: `encode::diagnostic`.
    Diagnostic,
    /// A line for the log; payload: level and text.
    Log,
    /// The session came to grief; payload: what the bug said.
    Crashed,
}

/// One item: a range of the buffer's bytes, and what the drain needs to know of it.
#[derive(Debug)]
struct Entry {
    client: u32,
    kind: Kind,
    call: CallId,
    payload: Range<usize>,
    head: FrameHead,
}

/// Items and their payloads, JSON texts one after the other.
#[derive(Debug, Default)]
struct Batch {
    entries: Vec<Entry>,
    bytes: Vec<u8>,
    /// Each client that has an entry, once.
    clients: Vec<u32>,
}

impl Batch {
    fn clear(&mut self) {
        self.entries.clear();
        self.bytes.clear();
        self.clients.clear();
        if self.bytes.capacity() + self.entries.capacity() * size_of::<Entry>() > KEPT_BYTES {
            *self = Self::default();
        }
    }

    fn push(&mut self, client: u32, kind: Kind, call: CallId, payload: &[u8], head: FrameHead) {
        let start = self.bytes.len();
        self.bytes.extend_from_slice(payload);
        self.entries.push(Entry { client, kind, call, payload: start..self.bytes.len(), head });
    }

    fn is_full(&self) -> bool {
        self.bytes.len() + self.entries.len() * size_of::<Entry>() >= HIGH_WATER
    }

    fn payload(&self, entry: &Entry) -> &[u8] {
        &self.bytes[entry.payload.clone()]
    }
}

/// What the clients' tasks and the JavaScript thread share.
pub(super) struct Queue {
    filling: Mutex<Filling>,
    full: watch::Sender<bool>,
    wake: Box<dyn Fn() + Send + Sync>,
}

#[derive(Default)]
struct Filling {
    batch: Batch,
    /// Counts the batches.
    generation: u64,
    /// Whether JavaScript was woken and has not found the queue empty since.
    woken: bool,
}

impl Queue {
    /// `wake` is called when there is something to drain and the drain does not know.
    pub(super) fn new(wake: impl Fn() + Send + Sync + 'static) -> Arc<Self> {
        Arc::new(Self { filling: Mutex::default(), full: watch::Sender::new(false), wake: Box::new(wake) })
    }

    /// Whether the queue is full, and when that changes.
    pub(super) fn fullness(&self) -> watch::Receiver<bool> {
        self.full.subscribe()
    }

    fn filling(&self) -> MutexGuard<'_, Filling> {
        self.filling.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Adds an item for a client; `generation` is the last batch in which it has something.
    pub(super) fn push(
        &self,
        client: u32,
        generation: &mut Option<u64>,
        (kind, call): (Kind, CallId),
        payload: &[u8],
        head: FrameHead,
    ) {
        let mut filling = self.filling();
        if generation.replace(filling.generation) != Some(filling.generation) {
            filling.batch.clients.push(client);
        }
        filling.batch.push(client, kind, call, payload, head);
        let is_full = filling.batch.is_full();
        self.note(&filling, is_full);
    }

    /// Wakes JavaScript if something waits and it does not know.
    pub(super) fn wake(&self) {
        let mut filling = self.filling();
        if !filling.woken && !filling.batch.entries.is_empty() {
            filling.woken = true;
            drop(filling);
            (self.wake)();
        }
    }

    /// Tells the clients' tasks whether the queue is full. Under the lock of what fills it, so that the last word is
    /// true.
    fn note(&self, _filling: &MutexGuard<'_, Filling>, is_full: bool) {
        self.full.send_if_modified(|full| std::mem::replace(full, is_full) != is_full);
    }
}

/// Who listens to what, of one client.
#[derive(Debug, Default)]
struct Interest {
    names: HashSet<String>,
    subtypes: usize,
}

impl Interest {
    /// Whether somebody hears a frame. A name that cannot be read here is let through: JavaScript decides.
    fn hears(&self, frame: &[u8], head: &FrameHead, scratch: &mut String) -> bool {
        if self.names.contains("slack_event") {
            return true;
        }
        let kind = match (&head.kind, head.kind.text(frame)) {
            (Name::Odd, _) => return true,
            (_, None) => return false,
            (_, Some(kind)) => kind,
        };
        if self.names.contains(kind) {
            return true;
        }
        match (&head.subtype, head.subtype.text(frame)) {
            _ if self.subtypes == 0 => false,
            (Name::Odd, _) => true,
            (_, None) => false,
            (_, Some(subtype)) => {
                scratch.clear();
                write!(scratch, "{kind}::{subtype}").expect("writing to a string does not fail");
                self.names.contains(scratch.as_str())
            }
        }
    }
}

/// The JavaScript thread's end of a queue.
pub(super) struct Drain {
    queue: Arc<Queue>,
    interests: HashMap<u32, Interest>,
    draining: Batch,
    /// The next entry of `draining` to look at.
    next: usize,
    /// Where the last chunk began.
    chunk_start: usize,
    /// Behind which entry each item of the last chunk stands.
    behind: Vec<usize>,
    /// How long the next chunk may be: shorter after one that was taken back, since that may happen again.
    chunk_bytes: usize,
    /// Whether the last chunk left something out.
    has_skipped: bool,
    /// What nobody listens to any longer, but did when the last chunk was made.
    unheard: HashSet<(u32, String)>,
    scratch: String,
}

impl Drain {
    pub(super) fn new(queue: Arc<Queue>) -> Self {
        Self {
            queue,
            interests: HashMap::new(),
            draining: Batch::default(),
            next: 0,
            chunk_start: 0,
            behind: Vec::new(),
            chunk_bytes: CHUNK_BYTES,
            has_skipped: false,
            unheard: HashSet::new(),
            scratch: String::new(),
        }
    }

    /// Takes in all that waits, in place of what was drained before; gives the clients that have something in it. None:
    /// nothing waits, and the next thing that comes wakes JavaScript.
    pub(super) fn refill(&mut self) -> Vec<u32> {
        self.draining.clear();
        self.behind.clear();
        self.next = 0;
        self.chunk_start = 0;
        self.has_skipped = false;
        self.unheard.clear();
        let mut filling = self.queue.filling();
        if filling.batch.entries.is_empty() {
            filling.woken = false;
            return Vec::new();
        }
        filling.generation += 1;
        std::mem::swap(&mut filling.batch, &mut self.draining);
        self.queue.note(&filling, false);
        drop(filling);
        std::mem::take(&mut self.draining.clients)
    }

    /// The next items as the text of one JSON array, four values an item; `null` when all are taken. `dispatched`
    /// tells how many items of the last chunk JavaScript has dealt with: what stands behind them is looked at again,
    /// also what was skipped, since somebody may listen to it now.
    pub(super) fn chunk(&mut self, dispatched: u32) -> Option<String> {
        if !self.behind.is_empty() {
            let last = (dispatched as usize).checked_sub(1).and_then(|last| self.behind.get(last));
            self.next = last.copied().unwrap_or(self.chunk_start);
        }
        let is_taken_back = (dispatched as usize) < self.behind.len();
        self.chunk_bytes =
            if is_taken_back { SHORT_CHUNK_BYTES } else { CHUNK_BYTES.min(2 * self.chunk_bytes) };
        self.chunk_start = self.next;
        self.behind.clear();
        self.has_skipped = false;
        self.unheard.clear();
        let mut text = String::from("[");
        while let Some(entry) = self.draining.entries.get(self.next) {
            self.next += 1;
            let payload = self.draining.payload(entry);
            if !is_heard(&self.interests, entry, payload, &mut self.scratch) {
                self.has_skipped = true;
                continue;
            }
            let separator = if self.behind.is_empty() { "" } else { "," };
            let payload = std::str::from_utf8(payload).expect("payloads are made of checked text");
            write!(text, "{separator}{},{},{},{payload}", entry.client, entry.kind as u8, entry.call)
                .expect("writing to a string does not fail");
            self.behind.push(self.next);
            if text.len() >= self.chunk_bytes {
                break;
            }
        }
        if self.behind.is_empty() {
            return None;
        }
        text.push(']');
        Some(text)
    }

    /// Somebody listens to an event of a client. True: the last chunk may have left out what is heard now.
    pub(super) fn listen(&mut self, client: u32, name: String) -> bool {
        let is_known = self.unheard.remove(&(client, name.clone()));
        let interest = self.interests.entry(client).or_default();
        interest.subtypes += usize::from(name.contains("::"));
        interest.names.insert(name);
        self.has_skipped && !is_known
    }

    /// Nobody listens to it any longer.
    pub(super) fn unlisten(&mut self, client: u32, name: String) {
        let Some(interest) = self.interests.get_mut(&client) else { return };
        if interest.names.remove(&name) {
            interest.subtypes -= usize::from(name.contains("::"));
            if self.has_skipped {
                self.unheard.insert((client, name));
            }
        }
    }

    /// A client is gone.
    pub(super) fn forget(&mut self, client: u32) {
        self.interests.remove(&client);
    }
}

fn is_heard(interests: &HashMap<u32, Interest>, entry: &Entry, payload: &[u8], scratch: &mut String) -> bool {
    match entry.kind {
        Kind::Frame if entry.call != 0 => true,
        Kind::Frame => {
            interests.get(&entry.client).is_some_and(|interest| interest.hears(payload, &entry.head, scratch))
        }
        Kind::Outgoing => {
            interests.get(&entry.client).is_some_and(|interest| interest.names.contains("outgoing_message"))
        }
        _ => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_batch_is_full_of_few_large_items_or_many_small_ones() {
        for length in [2, 500, HIGH_WATER] {
            let payload = vec![b' '; length];
            let mut batch = Batch::default();
            while !batch.is_full() {
                batch.push(1, Kind::Frame, 0, &payload, FrameHead::default());
            }
            let held = batch.bytes.len() + batch.entries.len() * size_of::<Entry>();
            assert!(
                (HIGH_WATER..=HIGH_WATER + length + size_of::<Entry>()).contains(&held),
                "{length}: {held}"
            );
        }
    }

    #[test]
    fn a_frame_is_heard_by_any_of_its_names() {
        let interest = |names: &[&str]| Interest {
            names: names.iter().map(|name| (*name).to_owned()).collect(),
            subtypes: names.iter().filter(|name| name.contains("::")).count(),
        };
        let hears = |names: &[&str], frame: &str| {
            let head = FrameHead::read(frame.as_bytes()).unwrap();
            interest(names).hears(frame.as_bytes(), &head, &mut String::new())
        };
        let edited = r#"{"type":"message","subtype":"message_changed"}"#;
        assert!(hears(&["slack_event"], "{}"));
        assert!(hears(&["message"], edited) && hears(&["message::message_changed"], edited));
        assert!(!hears(&["message::bot_message", "hello"], edited) && !hears(&["message"], "{}"));
        // What cannot be read here is JavaScript's to decide.
        assert!(hears(&[], r#"{"type":7}"#) && hears(&["message::7"], r#"{"type":"message","subtype":7}"#));
    }
}
