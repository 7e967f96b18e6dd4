//! What stands between the clients' tasks and the JavaScript thread: an ordered queue in a few buffers, filled under a
//! lock, drained by swapping them ([`drain`](super::drain)). Owns order, the bound, and when JavaScript is woken; knows
//! nothing of JavaScript's values.

use std::ops::Range;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};
use std::time::Duration;

use napi_derive::napi;
use rustc_hash::FxHashMap;
use tokio::sync::watch;
use tokio::time::sleep;

use crate::driver::runtime;
use crate::records::decode::{self, Unread};
use crate::records::event_types::{Demand, EventTypes, Head, Names, UNREAD};
use crate::records::format::Records;
use crate::records::listener_mask::ListenerMask;
use crate::records::shapes::Shapes;
use crate::session::FrameHead;

/// When so many bytes wait for JavaScript, with what is noted of them, the sockets are no longer read; TCP holds the
/// rest.
const HIGH_WATER: usize = 4 * 1024 * 1024;

/// Buffers of more bytes are given back to the system when they are empty.
const KEPT_BYTES: usize = 256 * 1024;

/// What an item of the outbox is. An item has a client, a kind, a call, and a payload.
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
    /// The request, or stream, of number `call` is to be looked after.
    JsRequest,
    /// For `node:diagnostics_channel`; payload: `encode::diagnostic`.
    Diagnostic,
    /// A line for the log; payload: level and text.
    Log,
    /// The session came to grief; payload: what the bug said.
    Crashed,
}

/// One item.
#[derive(Debug)]
pub(in crate::binding) struct Entry {
    pub(in crate::binding) client: u32,
    pub(in crate::binding) call: u32,
    pub(in crate::binding) kind: Kind,
    /// Of a frame.
    pub(in crate::binding) head: Head,
    pub(in crate::binding) payload: Payload,
}

/// Where an item's payload stands.
#[derive(Debug)]
pub(in crate::binding) enum Payload {
    /// JSON text, at these bytes.
    Text(Range<usize>),
    /// The record of this number.
    Record(usize),
}

/// Items and their payloads.
#[derive(Debug, Default)]
pub(in crate::binding) struct Batch {
    pub(in crate::binding) entries: Vec<Entry>,
    pub(in crate::binding) records: Records,
    texts: Vec<u8>,
    /// Each client that has an entry, once or more often (each request has a sender of its own).
    pub(in crate::binding) clients: Vec<u32>,
    /// No record has a shape before this one.
    first_shape: Option<u32>,
}

/// The records of the frames that a client's task has read and not yet added.
#[derive(Default)]
pub(in crate::binding) struct Stage {
    records: Records,
    /// No record has a shape before this one.
    first_shape: u32,
    /// Room for the reader.
    stack: Vec<u32>,
}

impl Stage {
    /// The bytes that were asked of the system.
    #[cfg(test)]
    pub(in crate::binding) fn capacity(&self) -> usize {
        self.records.capacity() + size_of::<u32>() * self.stack.capacity()
    }
}

impl Batch {
    pub(in crate::binding) fn clear(&mut self) {
        self.entries.clear();
        self.records.clear();
        self.texts.clear();
        self.clients.clear();
        self.first_shape = None;
        let kept =
            self.texts.capacity() + self.records.capacity() + self.entries.capacity() * size_of::<Entry>();
        if kept > KEPT_BYTES {
            *self = Self::default();
        }
    }

    /// The JSON text at these bytes.
    pub(in crate::binding) fn text(&self, range: &Range<usize>) -> &str {
        std::str::from_utf8(&self.texts[range.clone()]).expect("payloads are made of checked text")
    }

    fn push_text(&mut self, text: &[u8]) -> Payload {
        let start = self.texts.len();
        self.texts.extend_from_slice(text);
        Payload::Text(start..self.texts.len())
    }

    fn bytes(&self) -> usize {
        self.texts.len() + self.records.bytes() + self.entries.len() * size_of::<Entry>()
    }
}

/// What the clients' tasks and the JavaScript thread share.
pub(in crate::binding) struct Queue {
    filling: Mutex<Filling>,
    shapes: RwLock<Shapes>,
    full: watch::Sender<bool>,
    /// What is worth a record.
    pub(in crate::binding) hints: Demand,
    wake: Box<dyn Fn() + Send + Sync>,
    /// So long what nobody hears may wait before JavaScript is woken for it.
    patience: Duration,
}

#[derive(Default)]
struct Filling {
    batch: Batch,
    heads: EventTypes,
    /// What each client's listeners may hear.
    ears: FxHashMap<u32, ListenerMask>,
    /// Shapes before this one are no longer known.
    first_shape: u32,
    /// Counts the batches.
    generation: u64,
    /// Whether the clients' tasks were told to stop reading.
    is_full: bool,
    told: Told,
    /// Whether something waits that somebody may hear, or so much that it should not wait.
    is_urgent: bool,
}

/// What JavaScript knows of what waits.
#[derive(Debug, Default, PartialEq, Eq)]
enum Told {
    /// Nothing, since it found the queue empty.
    #[default]
    Nothing,
    /// Nothing yet: it will be woken in a while, for what nobody hears.
    Later,
    /// It was woken, and has not found the queue empty since.
    Woken,
}

impl Filling {
    fn may_hear(&self, client: u32, ears: ListenerMask) -> bool {
        self.ears.get(&client).is_some_and(|listened| listened.intersects(ears))
    }
}

/// A client, and the last batch that it has something in.
pub(in crate::binding) struct Sender {
    client: u32,
    generation: Option<u64>,
}

impl Sender {
    pub(in crate::binding) fn new(client: u32) -> Self {
        Self { client, generation: None }
    }
}

impl Queue {
    /// For tests: JavaScript is woken at once, whatever comes.
    #[cfg(any(test, fuzzing))]
    pub(in crate::binding) fn new(wake: impl Fn() + Send + Sync + 'static) -> Arc<Self> {
        Self::patient(Duration::ZERO, wake)
    }

    /// `wake` is called when there is something to drain and the drain does not know: at once, or after so long where
    /// nobody hears it.
    pub(in crate::binding) fn patient(
        patience: Duration,
        wake: impl Fn() + Send + Sync + 'static,
    ) -> Arc<Self> {
        let full = watch::Sender::new(false);
        let (filling, shapes) = Default::default();
        Arc::new(Self { filling, shapes, full, hints: Demand::default(), wake: Box::new(wake), patience })
    }

    /// Whether the queue is full, and when that changes.
    pub(in crate::binding) fn fullness(&self) -> watch::Receiver<bool> {
        self.full.subscribe()
    }

    fn filling(&self) -> MutexGuard<'_, Filling> {
        self.filling.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Adds an item with a payload of JSON.
    pub(in crate::binding) fn push(&self, sender: &mut Sender, kind: Kind, call: u32, payload: &[u8]) {
        let mut filling = self.filling();
        filling.is_urgent = filling.is_urgent
            || kind != Kind::Outgoing
            || filling.may_hear(sender.client, ListenerMask::OUTGOING);
        let payload = filling.batch.push_text(payload);
        self.add(filling, sender, Entry { client: sender.client, call, kind, head: UNREAD, payload });
    }

    /// Reads a frame into a record, if it is worth it and can be; gives what is known of it, and the record's number.
    pub(in crate::binding) fn read(
        &self,
        stage: &mut Stage,
        frame: &[u8],
    ) -> Result<(FrameHead, usize), Unread> {
        let shapes = self.shapes.read().unwrap_or_else(PoisonError::into_inner);
        if stage.records.is_empty() {
            stage.first_shape = shapes.first();
        }
        let Stage { records, stack, .. } = stage;
        decode::read(frame, &shapes, (records, stack), |kind| self.hints.is_worthwhile(kind))
    }

    /// Looks at the shapes in a frame that was not read for them, if it is worth it.
    pub(in crate::binding) fn learn(&self, frame: &[u8], head: &FrameHead) {
        if head.event_type.text(frame).is_none_or(|kind| self.hints.is_worthwhile(kind.as_bytes())) {
            self.shapes.write().unwrap_or_else(PoisonError::into_inner).learn(frame);
        }
    }

    /// Adds a frame, of which there may be a record.
    pub(in crate::binding) fn push_frame(
        &self,
        sender: &mut Sender,
        call: u32,
        (frame, head): (&[u8], &FrameHead),
        record: Option<(&Stage, usize)>,
    ) {
        let mut filling = self.filling();
        let head = filling.heads.number(frame, head);
        filling.is_urgent =
            filling.is_urgent || call != 0 || filling.may_hear(sender.client, filling.heads.ears(head));
        let payload = match record {
            Some((stage, number)) if stage.first_shape >= filling.first_shape => {
                let batch = &mut filling.batch;
                batch.first_shape =
                    Some(batch.first_shape.map_or(stage.first_shape, |first| first.min(stage.first_shape)));
                Payload::Record(batch.records.add(&stage.records, number))
            }
            _ => filling.batch.push_text(frame),
        };
        self.add(filling, sender, Entry { client: sender.client, call, kind: Kind::Frame, head, payload });
    }

    fn add(&self, mut filling: MutexGuard<'_, Filling>, sender: &mut Sender, entry: Entry) {
        if sender.generation.replace(filling.generation) != Some(filling.generation) {
            filling.batch.clients.push(sender.client);
        }
        filling.batch.entries.push(entry);
        let bytes = filling.batch.bytes();
        filling.is_urgent |= bytes >= KEPT_BYTES;
        let is_full = bytes >= HIGH_WATER;
        self.note(&mut filling, is_full);
    }

    /// Puts all that waits in place of an empty batch; false if that is nothing, and what comes next wakes JavaScript.
    pub(in crate::binding) fn take(&self, batch: &mut Batch) -> bool {
        let mut filling = self.filling();
        if filling.batch.entries.is_empty() {
            filling.told = Told::Nothing;
            return false;
        }
        filling.generation += 1;
        filling.is_urgent = false;
        std::mem::swap(&mut filling.batch, batch);
        self.note(&mut filling, false);
        // What was drained before is done with.
        let known = self.shapes.read().unwrap_or_else(PoisonError::into_inner).first();
        let first = batch.first_shape.map_or(known, |first| first.min(known));
        if first > filling.first_shape {
            filling.first_shape = first;
            self.shapes.write().unwrap_or_else(PoisonError::into_inner).forget_before(first);
        }
        true
    }

    /// The names behind the numbers from this one on.
    pub(in crate::binding) fn names_from(&self, first: usize) -> Vec<Names> {
        self.filling().heads.names_from(first).to_vec()
    }

    /// What a shape of the batch that was taken is: see [`Shapes::definition`].
    pub(in crate::binding) fn shape(&self, shape: u32) -> Option<String> {
        self.shapes.read().unwrap_or_else(PoisonError::into_inner).definition(shape).map(str::to_owned)
    }

    /// Tells what a client's listeners may hear.
    pub(in crate::binding) fn set_ears(&self, client: u32, ears: ListenerMask) {
        self.filling().ears.insert(client, ears);
    }

    /// A client is gone.
    pub(in crate::binding) fn forget(&self, client: u32) {
        self.filling().ears.remove(&client);
    }

    /// Wakes JavaScript if something waits and it does not know: at once, or in a while for what nobody hears.
    pub(in crate::binding) fn wake(self: &Arc<Self>) {
        let mut filling = self.filling();
        if filling.told == Told::Woken || filling.batch.entries.is_empty() {
            return;
        }
        if !filling.is_urgent && !self.patience.is_zero() {
            if filling.told == Told::Later {
                return;
            }
            if let Ok(runtime) = runtime() {
                filling.told = Told::Later;
                runtime.spawn(Arc::clone(self).wake_later());
                return;
            }
        }
        filling.told = Told::Woken;
        drop(filling);
        (self.wake)();
    }

    async fn wake_later(self: Arc<Self>) {
        sleep(self.patience).await;
        let mut filling = self.filling();
        if filling.told == Told::Later {
            filling.told = Told::Woken;
            drop(filling);
            (self.wake)();
        }
    }

    /// Tells the clients' tasks whether the queue is full. Under the lock of what fills it, so that the last word is
    /// true.
    fn note(&self, filling: &mut Filling, is_full: bool) {
        if std::mem::replace(&mut filling.is_full, is_full) != is_full {
            self.full.send_replace(is_full);
        }
    }
}

#[cfg(test)]
mod tests;
