//! Does what `lib/outbox.js` does, and compares each step with the model: which items are skipped, which reach a listener, in
//! which order, and when JavaScript is woken.

use std::collections::HashMap;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use bytes::Bytes;
use slack_rtm_native::fuzzing::{CHUNK_BYTES, ItemKind, Outbox};
use slack_rtm_native::session::{Delivery, Frame};
use slack_rtm_native_fuzz::chunk::{self, Payload, Shape};
use slack_rtm_native_fuzz::json;

use crate::model::{Item, Listeners};

/// A listener that is added or removed.
#[derive(Debug, Clone)]
pub struct ListenerChange {
    pub client: u32,
    pub name: String,
    pub is_added: bool,
}

/// A change that happens while events are emitted.
struct PlannedChange {
    /// It happens when this many events were emitted.
    after: usize,
    change: ListenerChange,
}

#[derive(Debug, PartialEq)]
enum State {
    /// The queue was empty when JavaScript last looked.
    Idle,
    /// JavaScript was woken.
    Woken,
    /// The drain continues in the next turn of the event loop.
    Draining,
}

pub struct JsThread {
    outbox: Outbox,
    listeners: Listeners,
    /// All items that were delivered.
    items: Vec<Item>,
    /// The number of items in this batch and the batches before.
    taken: usize,
    /// The index of the next item that may be emitted.
    next: usize,
    /// The indexes of the items of the chunk.
    chunk: Vec<usize>,
    /// The index of the next item in `chunk`.
    position: usize,
    is_chunk_stale: bool,
    /// Whether a frame was dispatched in this turn of the event loop.
    has_dispatched_frame: bool,
    state: State,
    wakes: Arc<AtomicUsize>,
    planned: Vec<PlannedChange>,
    /// The number of items that had a listener.
    emitted: usize,
    /// The definitions of all shapes so far.
    shapes: HashMap<u32, (String, Rc<Shape>)>,
    /// How the payloads of frames have crossed.
    pub counts: PayloadCounts,
}

/// How many payloads have crossed in each form.
#[derive(Debug, Clone, Copy, Default)]
pub struct PayloadCounts {
    pub records: usize,
    pub json: usize,
}

impl JsThread {
    pub fn new() -> Self {
        let wakes = Arc::new(AtomicUsize::new(0));
        let count = Arc::clone(&wakes);
        Self {
            outbox: Outbox::new(move || {
                count.fetch_add(1, Ordering::Relaxed);
            }),
            listeners: Listeners::default(),
            items: Vec::new(),
            taken: 0,
            next: 0,
            chunk: Vec::new(),
            position: 0,
            is_chunk_stale: false,
            has_dispatched_frame: false,
            state: State::Idle,
            wakes,
            planned: Vec::new(),
            emitted: 0,
            shapes: HashMap::new(),
            counts: PayloadCounts::default(),
        }
    }

    /// A client's task reads a frame.
    pub fn read(&mut self, client: u32, data: Bytes) -> Frame {
        self.outbox.read(client, data)
    }

    /// A client's task delivers. `item` is the expected item.
    pub fn deliver(&mut self, delivery: Delivery, item: Item) {
        self.outbox.deliver(item.client, delivery);
        self.items.push(item);
    }

    /// A client's task has delivered everything.
    pub fn flush(&mut self, client: u32) {
        self.outbox.flush(client);
        let is_waiting = self.taken < self.items.len();
        let wakes = self.wakes.swap(0, Ordering::Relaxed);
        let is_due = is_waiting && self.state == State::Idle;
        assert_eq!(wakes, usize::from(is_due), "the number of wakes");
        if is_due {
            self.state = State::Woken;
        }
    }

    /// Plans a change for the time when this many more events were emitted.
    pub fn plan(&mut self, after: usize, change: ListenerChange) {
        if after == 0 {
            self.change(&change);
        } else {
            self.planned.push(PlannedChange { after: self.emitted + after, change });
        }
    }

    /// A client was garbage-collected.
    pub fn forget(&mut self, client: u32) {
        self.listeners.forget(client);
        self.outbox.forget(client);
    }

    fn change(&mut self, change: &ListenerChange) {
        let ListenerChange { client, name, is_added } = change;
        if *is_added {
            if self.listeners.add(*client, name) && self.outbox.listen(*client, name.clone()) {
                self.is_chunk_stale = true;
            }
        } else if self.listeners.remove(*client, name) {
            self.outbox.unlisten(*client, name.clone());
        }
    }

    pub fn is_idle(&self) -> bool {
        self.state == State::Idle
    }

    /// Drains until the queue is empty, or until the event loop turns: for the reasons of `lib/outbox.js`, or when `max` more
    /// events were emitted.
    pub fn drain(&mut self, max: Option<usize>) {
        match self.state {
            State::Idle => return,
            State::Woken => {
                self.state = State::Draining;
                assert!(self.next_batch(), "JavaScript was woken and no items wait");
            }
            State::Draining => {}
        }
        self.has_dispatched_frame = false;
        let end = max.map(|max| self.emitted + max);
        loop {
            while self.has_item() {
                if self.must_turn() {
                    return;
                }
                self.dispatch();
                if end == Some(self.emitted) {
                    return;
                }
            }
            self.check_skipped_up_to(self.taken);
            if !self.next_batch() {
                self.state = State::Idle;
                return;
            }
        }
    }

    fn next_batch(&mut self) -> bool {
        let clients = self.outbox.next_batch();
        let mut expected = Vec::new();
        for item in &self.items[self.taken..] {
            if !expected.contains(&item.client) {
                expected.push(item.client);
            }
        }
        assert_eq!(clients, expected, "the clients of the batch");
        assert!(!self.outbox.is_full(0), "the queue is full after all items were taken");
        self.taken = self.items.len();
        !clients.is_empty()
    }

    fn has_item(&mut self) -> bool {
        (self.position < self.chunk.len() && !self.is_chunk_stale) || self.next_chunk()
    }

    fn next_chunk(&mut self) -> bool {
        let dispatched = u32::try_from(self.position).expect("a chunk has few items");
        let chunk = self.outbox.next_chunk(dispatched);
        (self.position, self.is_chunk_stale) = (0, false);
        let mut due = (self.next..self.taken).filter(|at| self.listeners.crosses(&self.items[*at]));
        let Some(chunk) = chunk else {
            assert_eq!(due.next(), None, "an item that was left out");
            self.chunk.clear();
            return false;
        };
        let mut shape = |shape| {
            let definition = self.outbox.shape(shape).expect("a shape is known while an item has it");
            let read = || (definition.clone(), Rc::new(Shape::read(&definition)));
            let (known, shape) = self.shapes.entry(shape).or_insert_with(read);
            assert_eq!(*known, definition, "the number of a shape was used again");
            Rc::clone(shape)
        };
        let content = chunk::read(&chunk, &mut shape);
        let items = content.items;
        assert!(!items.is_empty(), "a chunk without items");
        assert!(content.bytes_before_last < CHUNK_BYTES, "a chunk that is too long");
        self.chunk = due.by_ref().take(items.len()).collect();
        assert_eq!(self.chunk.len(), items.len(), "an item that must not cross");
        for (item, at) in items.iter().zip(&self.chunk) {
            let expected = &self.items[*at];
            assert_eq!(
                (item.client, item.kind, item.call),
                (expected.client, expected.kind as u32, expected.call),
                "the next item in order"
            );
            assert!(is_same(&item.payload, expected), "the payload {:?} for {expected:?}", item.payload);
            match item.payload {
                Payload::Record(_) => self.counts.records += 1,
                Payload::Json(_) => self.counts.json += usize::from(expected.kind == ItemKind::Frame),
            }
        }
        true
    }

    /// Whether the event loop turns before the next item.
    fn must_turn(&self) -> bool {
        let lifecycle = ItemKind::Connecting as u32..=ItemKind::Error as u32;
        let is_lifecycle = |at: &usize| lifecycle.contains(&(self.items[*at].kind as u32));
        self.has_dispatched_frame && self.chunk.get(self.position).is_some_and(is_lifecycle)
    }

    fn dispatch(&mut self) {
        let at = self.chunk[self.position];
        self.position += 1;
        self.check_skipped_up_to(at);
        self.next = at + 1;
        self.has_dispatched_frame |= self.items[at].kind == ItemKind::Frame;
        if !self.listeners.has_listener(&self.items[at]) {
            return;
        }
        self.emitted += 1;
        let (now, later): (Vec<_>, Vec<_>) =
            self.planned.drain(..).partition(|planned| planned.after == self.emitted);
        self.planned = later;
        for planned in now {
            self.change(&planned.change);
        }
    }

    /// Checks that the items before this one, whose turn is over, had no listener.
    fn check_skipped_up_to(&mut self, at: usize) {
        for item in &self.items[self.next..at] {
            assert!(!self.listeners.has_listener(item), "an event with a listener was skipped: {item:?}");
        }
        self.next = at;
    }
}

/// Whether a payload equals the one that was delivered: JSON as the same text, a record as the same value.
fn is_same(payload: &Payload<'_>, expected: &Item) -> bool {
    match (payload, &expected.payload) {
        (Payload::Json(text), Some(payload)) => text.as_bytes() == payload,
        (Payload::Json(_), None) => true,
        (Payload::Record(value), Some(payload)) => {
            let text = std::str::from_utf8(payload).expect("a frame is UTF-8");
            expected.kind == ItemKind::Frame && json::value(text).as_ref() == Some(value)
        }
        (Payload::Record(_), None) => false,
    }
}
