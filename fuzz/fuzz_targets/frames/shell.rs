//! The calls of `lib/outbox.js` to the outbox, step by step. After each step the model checks which events were skipped, which
//! were dispatched and in which order, and whether JavaScript was woken.

use std::collections::HashMap;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use bytes::Bytes;
use slack_rtm_native::fuzzing::Outbox;
use slack_rtm_native::session::{Delivery, Frame};
use slack_rtm_native_fuzz::chunk::{self, Payload, Shape};
use slack_rtm_native_fuzz::json;

use crate::model::{Entry, FRAME, Listeners};

/// A chunk ends when it reaches this length (`CHUNK_BYTES` in src/binding/drain.rs).
const LONGEST_CHUNK: usize = 32 * 1024;

/// A listener that is added or removed.
#[derive(Debug, Clone)]
pub struct Change {
    pub client: u32,
    pub name: String,
    pub comes: bool,
}

#[derive(Debug, PartialEq)]
enum Turn {
    /// The outbox was empty when JavaScript last drained it.
    Idle,
    /// JavaScript was woken.
    Woken,
    /// The drain continues in the next turn of the event loop.
    Draining,
}

pub struct Shell {
    outbox: Outbox,
    listeners: Listeners,
    /// Everything that was delivered.
    entries: Vec<Entry>,
    /// The number of entries that a refill has taken from the queue.
    taken: usize,
    /// The next entry. All entries before it had their turn.
    next: usize,
    /// The entry of each item of the chunk, and the position of the next item.
    chunk: Vec<usize>,
    position: usize,
    stale: bool,
    /// Whether a frame was dispatched in this turn of the event loop.
    crowded: bool,
    turn: Turn,
    wakes: Arc<AtomicUsize>,
    /// Changes that listeners make, each after a number of dispatched events.
    plans: Vec<(usize, Change)>,
    heard: usize,
    /// The shapes so far, as `lib/records.js` stores them.
    shapes: HashMap<u32, (String, Rc<Shape>)>,
    /// How payloads of frames have crossed.
    pub crossings: Crossings,
}

/// The number of payloads by how they crossed.
#[derive(Debug, Clone, Copy, Default)]
pub struct Crossings {
    pub records: usize,
    pub texts: usize,
}

impl Shell {
    pub fn new() -> Self {
        let wakes = Arc::new(AtomicUsize::new(0));
        let waked = Arc::clone(&wakes);
        Self {
            outbox: Outbox::new(move || {
                waked.fetch_add(1, Ordering::Relaxed);
            }),
            listeners: Listeners::default(),
            entries: Vec::new(),
            taken: 0,
            next: 0,
            chunk: Vec::new(),
            position: 0,
            stale: false,
            crowded: false,
            turn: Turn::Idle,
            wakes,
            plans: Vec::new(),
            heard: 0,
            shapes: HashMap::new(),
            crossings: Crossings::default(),
        }
    }

    /// Reads a frame of a client.
    pub fn read(&mut self, client: u32, data: Bytes) -> Frame {
        self.outbox.read(client, data)
    }

    /// Delivers to a client. The entry is what the model knows about the delivery.
    pub fn deliver(&mut self, delivery: Delivery, entry: Entry) {
        self.outbox.deliver(entry.client, delivery);
        self.entries.push(entry);
    }

    /// The client's task has nothing more to deliver.
    pub fn flush(&mut self, client: u32) {
        self.outbox.flush(client);
        let waits = self.taken < self.entries.len();
        let wakes = self.wakes.swap(0, Ordering::Relaxed);
        let is_due = waits && self.turn == Turn::Idle;
        assert_eq!(wakes, usize::from(is_due), "JavaScript is woken once, and only if it does not know");
        if is_due {
            self.turn = Turn::Woken;
        }
    }

    /// Changes a listener after a number of events.
    pub fn plan(&mut self, after: usize, change: Change) {
        if after == 0 { self.change(&change) } else { self.plans.push((self.heard + after, change)) }
    }

    pub fn forget(&mut self, client: u32) {
        self.listeners.forget(client);
        self.outbox.forget(client);
    }

    fn change(&mut self, change: &Change) {
        let Change { client, name, comes } = change;
        if *comes {
            if self.listeners.add(*client, name) && self.outbox.listen(*client, name.clone()) {
                self.stale = true;
            }
        } else if self.listeners.remove(*client, name) {
            self.outbox.unlisten(*client, name.clone());
        }
    }

    pub fn is_idle(&self) -> bool {
        self.turn == Turn::Idle
    }

    /// Drains until the outbox is empty, or until the turn of the event loop ends: where `lib/outbox.js` ends it, or after a
    /// number of dispatched events.
    pub fn drain(&mut self, most: Option<usize>) {
        match self.turn {
            Turn::Idle => return,
            Turn::Woken => {
                self.turn = Turn::Draining;
                assert!(self.refill(), "woken although the outbox is empty");
            }
            Turn::Draining => {}
        }
        self.crowded = false;
        let end = most.map(|most| self.heard + most);
        loop {
            while self.has_item() {
                if self.is_turn() {
                    return;
                }
                self.dispatch();
                if end == Some(self.heard) {
                    return;
                }
            }
            self.pass(self.taken);
            if !self.refill() {
                self.turn = Turn::Idle;
                return;
            }
        }
    }

    fn refill(&mut self) -> bool {
        let clients = self.outbox.refill();
        let mut expected = Vec::new();
        for entry in &self.entries[self.taken..] {
            if !expected.contains(&entry.client) {
                expected.push(entry.client);
            }
        }
        assert_eq!(clients, expected, "the clients that have entries");
        assert!(!self.outbox.is_full(0), "the queue has room after a refill");
        self.taken = self.entries.len();
        !clients.is_empty()
    }

    fn has_item(&mut self) -> bool {
        (self.position < self.chunk.len() && !self.stale) || self.next_chunk()
    }

    fn next_chunk(&mut self) -> bool {
        let dispatched = u32::try_from(self.position).expect("few items");
        let chunk = self.outbox.chunk(dispatched);
        (self.position, self.stale) = (0, false);
        let mut due = (self.next..self.taken).filter(|at| self.listeners.let_through(&self.entries[*at]));
        let Some(chunk) = chunk else {
            assert_eq!(due.next(), None, "an event is missing");
            self.chunk.clear();
            return false;
        };
        let mut shape = |shape| {
            let definition = self.outbox.shape(shape).expect("a shape exists while an item uses it");
            let read = || (definition.clone(), Rc::new(Shape::read(&definition)));
            let (known, shape) = self.shapes.entry(shape).or_insert_with(read);
            assert_eq!(*known, definition, "the number of a shape is never reused");
            Rc::clone(shape)
        };
        let reading = chunk::read(&chunk, &mut shape);
        let items = reading.items;
        assert!(!items.is_empty(), "a chunk is not empty");
        assert!(reading.bytes_before_last < LONGEST_CHUNK, "the chunk is too long");
        self.chunk = due.by_ref().take(items.len()).collect();
        assert_eq!(self.chunk.len(), items.len(), "an item without an entry");
        for (item, at) in items.iter().zip(&self.chunk) {
            let entry = &self.entries[*at];
            assert_eq!(
                (item.client, item.kind, item.call),
                (entry.client, entry.kind, entry.call),
                "the order of the items"
            );
            assert!(is_same(&item.payload, entry), "wrong payload: {:?} for {entry:?}", item.payload);
            match item.payload {
                Payload::Record(_) => self.crossings.records += 1,
                Payload::Text(_) => self.crossings.texts += usize::from(entry.kind == FRAME),
            }
        }
        true
    }

    /// Whether the turn of the event loop ends before the next item.
    fn is_turn(&self) -> bool {
        let is_lifecycle = |at: &usize| (1..=9).contains(&self.entries[*at].kind);
        self.crowded && self.chunk.get(self.position).is_some_and(is_lifecycle)
    }

    fn dispatch(&mut self) {
        let at = self.chunk[self.position];
        self.position += 1;
        self.pass(at);
        self.next = at + 1;
        self.crowded |= self.entries[at].kind == FRAME;
        if !self.listeners.hear(&self.entries[at]) {
            return;
        }
        self.heard += 1;
        let (now, later) = self.plans.drain(..).partition(|(after, _)| *after == self.heard);
        self.plans = later;
        let now: Vec<(usize, Change)> = now;
        for (_, change) in now {
            self.change(&change);
        }
    }

    /// Skips the events before this one, which must have no listener.
    fn pass(&mut self, at: usize) {
        for entry in &self.entries[self.next..at] {
            assert!(!self.listeners.hear(entry), "an event with a listener was skipped: {entry:?}");
        }
        self.next = at;
    }
}

/// Whether a payload is the delivered one. Texts must be identical; records must have the same value.
fn is_same(payload: &Payload<'_>, entry: &Entry) -> bool {
    match (payload, &entry.payload) {
        (Payload::Text(text), Some(payload)) => text.as_bytes() == payload,
        (Payload::Text(_), None) => true,
        (Payload::Record(value), Some(payload)) => {
            let text = std::str::from_utf8(payload).expect("frames are UTF-8");
            entry.kind == FRAME && json::value(text).as_ref() == Some(value)
        }
        (Payload::Record(_), None) => false,
    }
}
