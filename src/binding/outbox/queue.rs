//! The queue between the clients' tasks and the JavaScript thread.
//!
//! The tasks append items under a lock. The JavaScript thread takes all of them at once, by swapping the batch with an empty
//! one ([`drain`](super::drain)). The queue keeps the order, decides when JavaScript is woken, and applies backpressure: it
//! is full when too many bytes wait. It never drops an item.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};
use std::time::Duration;

use rustc_hash::FxHashMap;
use tokio::sync::watch;
use tokio::time::sleep;

use super::batch::{Batch, MAX_KEPT_BYTES};
use super::frame_head::{subtype_of, type_of};
use super::item::{ClientId, Item, ItemKind};
use crate::driver::io::FrameHead;
use crate::driver::runtime;
use crate::records::buffer::RecordId;
use crate::records::decode::{DecodedFrame, NotDecoded, Scratch, decode};
use crate::records::demand::Demand;
use crate::records::event_types::{EventNames, EventTypeId, EventTypes, TypeName};
use crate::records::listener_mask::ListenerMask;
use crate::records::shapes::{ShapeId, Shapes};

/// The queue is full when its items take this many bytes. The tasks then stop reading their sockets, and TCP makes the server
/// wait.
const HIGH_WATER_MARK: usize = 4 * 1024 * 1024;

/// What the clients' tasks and the JavaScript thread share.
pub(in crate::binding) struct Queue {
    pending: Mutex<Pending>,
    shapes: RwLock<Shapes>,
    full: watch::Sender<bool>,
    /// Which event types are worth a record.
    pub(in crate::binding) demand: Demand,
    wake: Box<dyn Fn() + Send + Sync>,
    /// How long items without a listener wait before JavaScript is woken for them.
    idle_wake_delay: Duration,
}

/// The items that wait for JavaScript, and what is decided about them under the same lock.
#[derive(Default)]
struct Pending {
    batch: Batch,
    event_types: EventTypes,
    /// The names that each client has listeners for.
    listeners: FxHashMap<ClientId, ListenerMask>,
    /// The definitions of shapes before this one were dropped.
    first_shape: ShapeId,
    /// The number of batches so far.
    generation: u64,
    is_full: bool,
    wake_state: WakeState,
    /// Whether an item may have a listener, or settles a promise, or the batch is so large that it must not wait.
    is_urgent: bool,
}

/// Whether JavaScript knows that items wait.
#[derive(Debug, Default, PartialEq, Eq)]
enum WakeState {
    /// It does not: it found the queue empty when it last looked.
    #[default]
    Idle,
    /// It does not yet: a wake after [`Queue::idle_wake_delay`] is scheduled, for items without a listener.
    Scheduled,
    /// It was woken, and has not found the queue empty since.
    Woken,
}

impl Pending {
    /// Whether a client may have a listener for one of these names.
    fn may_have_listener(&self, client: ClientId, names: ListenerMask) -> bool {
        self.listeners.get(&client).is_some_and(|listeners| listeners.intersects(names))
    }
}

/// One producer of items: a client's task, or one of its requests to JavaScript.
pub(in crate::binding) struct Producer {
    client: ClientId,
    /// The last batch that has an item of this producer.
    generation: Option<u64>,
}

impl Producer {
    pub(in crate::binding) fn new(client: ClientId) -> Self {
        Self { client, generation: None }
    }
}

/// A frame to add to the queue.
pub(in crate::binding) struct FrameItem<'a> {
    /// The promise that the frame settles, or 0.
    pub(in crate::binding) call: u32,
    pub(in crate::binding) data: &'a [u8],
    pub(in crate::binding) head: &'a FrameHead,
    pub(in crate::binding) record: Option<DecodedRecord<'a>>,
}

/// The record of a frame.
pub(in crate::binding) struct DecodedRecord<'a> {
    pub(in crate::binding) scratch: &'a Scratch,
    pub(in crate::binding) id: RecordId,
}

impl Queue {
    /// `wake` is called when items wait and JavaScript does not know: immediately if an item may have a listener, otherwise
    /// after the delay. A delay of zero turns the waiting off.
    pub(in crate::binding) fn new(
        idle_wake_delay: Duration,
        wake: impl Fn() + Send + Sync + 'static,
    ) -> Arc<Self> {
        Arc::new(Self {
            pending: Mutex::default(),
            shapes: RwLock::default(),
            full: watch::Sender::new(false),
            demand: Demand::default(),
            wake: Box::new(wake),
            idle_wake_delay,
        })
    }

    /// Whether the queue is full, and when that changes.
    pub(in crate::binding) fn fullness(&self) -> watch::Receiver<bool> {
        self.full.subscribe()
    }

    fn pending(&self) -> MutexGuard<'_, Pending> {
        self.pending.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Adds an item whose payload is JSON.
    pub(in crate::binding) fn push(
        &self,
        producer: &mut Producer,
        kind: ItemKind,
        call: u32,
        payload: &[u8],
    ) {
        let mut pending = self.pending();
        pending.is_urgent = pending.is_urgent
            || kind != ItemKind::OutgoingMessage
            || pending.may_have_listener(producer.client, ListenerMask::OUTGOING_MESSAGE);
        let payload = pending.batch.push_json(payload);
        let event_type = EventTypeId::UNRESOLVED;
        self.add(pending, producer, Item { client: producer.client, call, kind, event_type, payload });
    }

    /// Decodes a frame into a record.
    pub(in crate::binding) fn decode(
        &self,
        scratch: &mut Scratch,
        frame: &[u8],
    ) -> Result<DecodedFrame, NotDecoded> {
        let shapes = self.shapes.read().unwrap_or_else(PoisonError::into_inner);
        decode(frame, &shapes, &self.demand, scratch)
    }

    /// Learns the shapes in a frame whose shape was unknown, if its event type is worth a record.
    pub(in crate::binding) fn learn(&self, frame: &[u8], head: &FrameHead) {
        let is_wanted = match type_of(head, frame) {
            TypeName::Text(event_type) => self.demand.includes(event_type.as_bytes()),
            TypeName::Absent | TypeName::Other => true,
        };
        if is_wanted {
            self.shapes.write().unwrap_or_else(PoisonError::into_inner).learn(frame);
        }
    }

    /// Adds a frame.
    pub(in crate::binding) fn push_frame(&self, producer: &mut Producer, frame: FrameItem<'_>) {
        let FrameItem { call, data, head, record } = frame;
        let client = producer.client;
        let mut pending = self.pending();
        let event_type = pending.event_types.id(type_of(head, data), subtype_of(head, data));
        pending.is_urgent = pending.is_urgent
            || call != 0
            || pending.may_have_listener(client, pending.event_types.mask(event_type));
        let payload = match record {
            Some(DecodedRecord { scratch, id }) if scratch.first_shape >= pending.first_shape => {
                pending.batch.push_record(scratch.records.record(id), scratch.first_shape)
            }
            _ => pending.batch.push_json(data),
        };
        let kind = ItemKind::Frame;
        self.add(pending, producer, Item { client, call, kind, event_type, payload });
    }

    fn add(&self, mut pending: MutexGuard<'_, Pending>, producer: &mut Producer, item: Item) {
        if producer.generation.replace(pending.generation) != Some(pending.generation) {
            pending.batch.clients.push(producer.client);
        }
        pending.batch.items.push(item);
        let bytes = pending.batch.bytes();
        pending.is_urgent |= bytes >= MAX_KEPT_BYTES;
        self.set_full(&mut pending, bytes >= HIGH_WATER_MARK);
    }

    /// Swaps all waiting items with an empty batch. Returns false if none wait; the next item then wakes JavaScript.
    pub(in crate::binding) fn take(&self, batch: &mut Batch) -> bool {
        let mut pending = self.pending();
        if pending.batch.items.is_empty() {
            pending.wake_state = WakeState::Idle;
            return false;
        }
        pending.generation += 1;
        pending.is_urgent = false;
        std::mem::swap(&mut pending.batch, batch);
        self.set_full(&mut pending, false);
        // JavaScript is done with the batch before. So only the shapes of this batch and of the table are still needed.
        let known = self.shapes.read().unwrap_or_else(PoisonError::into_inner).first();
        let first = batch.first_shape.map_or(known, |first| first.min(known));
        if first > pending.first_shape {
            pending.first_shape = first;
            self.shapes.write().unwrap_or_else(PoisonError::into_inner).forget_before(first);
        }
        true
    }

    /// The names of all event types, starting with the id of this index.
    pub(in crate::binding) fn event_names_from(&self, first: usize) -> Vec<EventNames> {
        self.pending().event_types.names_from(first).to_vec()
    }

    /// The definition of a shape in the batch that was taken last: see [`Shapes::definition`].
    pub(in crate::binding) fn shape(&self, shape: ShapeId) -> Option<String> {
        self.shapes.read().unwrap_or_else(PoisonError::into_inner).definition(shape).map(str::to_owned)
    }

    /// Sets the names that a client has listeners for.
    pub(in crate::binding) fn set_listeners(&self, client: ClientId, names: ListenerMask) {
        self.pending().listeners.insert(client, names);
    }

    /// Removes a client that no longer exists.
    pub(in crate::binding) fn forget(&self, client: ClientId) {
        self.pending().listeners.remove(&client);
    }

    /// Wakes JavaScript if items wait and it does not know: immediately, or later if no item may have a listener.
    pub(in crate::binding) fn wake(self: &Arc<Self>) {
        let mut pending = self.pending();
        if pending.wake_state == WakeState::Woken || pending.batch.items.is_empty() {
            return;
        }
        if !pending.is_urgent && !self.idle_wake_delay.is_zero() {
            if pending.wake_state == WakeState::Scheduled {
                return;
            }
            if let Ok(runtime) = runtime() {
                pending.wake_state = WakeState::Scheduled;
                runtime.spawn(Arc::clone(self).wake_later());
                return;
            }
        }
        pending.wake_state = WakeState::Woken;
        drop(pending);
        (self.wake)();
    }

    async fn wake_later(self: Arc<Self>) {
        sleep(self.idle_wake_delay).await;
        let mut pending = self.pending();
        if pending.wake_state == WakeState::Scheduled {
            pending.wake_state = WakeState::Woken;
            drop(pending);
            (self.wake)();
        }
    }

    /// Tells the clients' tasks whether the queue is full. It is called with the lock held, so that the value that is sent
    /// last is the current one.
    fn set_full(&self, pending: &mut Pending, is_full: bool) {
        if std::mem::replace(&mut pending.is_full, is_full) != is_full {
            self.full.send_replace(is_full);
        }
    }
}

#[cfg(test)]
mod tests;
