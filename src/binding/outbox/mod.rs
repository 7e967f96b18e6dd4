//! The outbox: the queue of all clients of a JavaScript thread, as JavaScript sees it.
//!
//! Everything that JavaScript receives passes through it, in one order: Slack's events, lifecycle events, settled promises and
//! log lines.
//!
//! ```text
//! clients' tasks (tokio)                                JavaScript thread
//!
//! session ─> ClientHost ──┐
//! session ─> ClientHost ──┼─> Queue ─── next_batch ───> Drain ─── next_chunk ───> lib/outbox.js ───> listeners
//! JsRequests ─────────────┘     │                         ▲                         │   ▲
//!                               │                         └─── listen, unlisten ────┘   │
//!                               └──────────────────────── wake ─────────────────────────┘
//! ```
//!
//! | module | content |
//! |---|---|
//! | [`host`] | a client's task: session deliveries become items |
//! | [`item`], [`batch`] | the items and their payloads |
//! | [`queue`] | the items that wait; backpressure; when JavaScript is woken |
//! | [`drain`] | the JavaScript thread: which events have listeners, and the next chunk |
//! | [`subscriptions`] | the event names that a client has listeners for |
//! | [`chunk`] | writes items into the words and strings that cross |
//! | [`encode`] | the JSON of payloads |
//! | [`frame_head`] | conversions between session and records |

mod batch;
mod chunk;
pub(super) mod drain;
mod encode;
mod frame_head;
pub(super) mod host;
pub(super) mod item;
pub(super) mod queue;
mod subscriptions;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;

use napi::bindgen_prelude::{Array, Function, Uint32ArraySlice};
use napi::threadsafe_function::{ThreadsafeFunction, ThreadsafeFunctionCallMode, UnknownReturnValue};
use napi::{Env, Result, Status};
use napi_derive::napi;

use super::js_requests::JsRequests;
use crate::driver::Handle;
use crate::records::buffer::Text;
use crate::records::shapes::ShapeId;
use drain::Drain;
use host::ClientHost;
use item::ClientId;
use queue::Queue;

/// How long events without a listener wait before JavaScript is woken to skip them. One wake then serves everything that a
/// thousand silent clients received in the meantime. A listener that is added during this time gets these events.
const IDLE_WAKE_DELAY: Duration = Duration::from_millis(25);

/// Calls JavaScript's `wake` function. It does not keep the process alive.
type Wake = ThreadsafeFunction<(), UnknownReturnValue, (), Status, false, true>;

/// The handle of a client's task, until the JavaScript thread ends.
pub(super) struct ClientGuard(Mutex<Option<Handle>>);

impl ClientGuard {
    /// Calls `f` with the handle; returns `None` if the JavaScript thread has ended.
    pub(super) fn with<T>(&self, f: impl FnOnce(&Handle) -> T) -> Option<T> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).as_ref().map(f)
    }
}

type ClientGuards = Arc<Mutex<HashMap<ClientId, Weak<ClientGuard>>>>;

/// The queue of one JavaScript thread, for all its clients.
#[napi]
pub struct Outbox {
    queue: Arc<Queue>,
    drain: Drain,
    /// Set while a client is active, so that a process whose clients are all disconnected has no open handle.
    wake: Arc<Mutex<Option<Wake>>>,
    guards: ClientGuards,
}

#[napi]
impl Outbox {
    /// Creates an empty outbox. It does not wake JavaScript before `attach` is called.
    #[napi(constructor, catch_unwind)]
    pub fn new(env: Env) -> Result<Self> {
        let guards = ClientGuards::default();
        // A thread's clients end with the thread. Some runtimes (Deno) do not run the finalizers of a worker thread's objects,
        // and a client that went on would reconnect forever.
        env.add_env_cleanup_hook(Arc::clone(&guards), |guards| {
            let all = std::mem::take(&mut *guards.lock().unwrap_or_else(PoisonError::into_inner));
            for guard in all.values().filter_map(Weak::upgrade) {
                drop(guard.0.lock().unwrap_or_else(PoisonError::into_inner).take());
            }
        })?;
        let wake = Arc::new(Mutex::new(None::<Wake>));
        let queue = Queue::new(IDLE_WAKE_DELAY, {
            let wake = Arc::clone(&wake);
            move || {
                if let Some(wake) = &*wake.lock().unwrap_or_else(PoisonError::into_inner) {
                    // It only fails while the environment is shutting down.
                    let _ = wake.call((), ThreadsafeFunctionCallMode::NonBlocking);
                }
            }
        });
        Ok(Self { drain: Drain::new(Arc::clone(&queue)), queue, wake, guards })
    }

    /// From now on, `wake` is called on the JavaScript thread when items wait. It is not called for items that came before.
    #[napi(catch_unwind)]
    pub fn attach(&self, wake: Function<'_, (), UnknownReturnValue>) -> Result<()> {
        let wake = wake.build_threadsafe_function().weak::<true>().build()?;
        self.set_wake(Some(wake));
        Ok(())
    }

    /// Stops calling `wake`.
    #[napi(catch_unwind)]
    pub fn detach(&self) {
        self.set_wake(None);
    }

    /// Takes all items that wait as the next batch, and drops the batch before. Returns the clients of the items. If the list
    /// is empty, no items wait, and the next one wakes JavaScript.
    #[napi(catch_unwind)]
    pub fn next_batch(&mut self) -> Vec<u32> {
        self.drain.next_batch().into_iter().map(|ClientId(client)| client).collect()
    }

    /// Writes the next items of the batch into `words` and returns their strings, in the layout of `recordFormat()`; returns
    /// `null` at the end of the batch. `dispatched` is how many items of the last chunk JavaScript has handled. All items
    /// behind them are considered again, also those that were skipped, since they may have a listener now.
    #[napi(catch_unwind, ts_return_type = "Array<string> | null")]
    pub fn next_chunk<'env>(
        &mut self,
        env: &'env Env,
        dispatched: u32,
        mut words: Uint32ArraySlice<'_>,
    ) -> Result<Option<Array<'env>>> {
        // SAFETY: the slice is the only reference to the array's memory during this call. JavaScript waits for the call, and
        // `lib/records.js`, which owns the array, gives it to no other thread.
        let words = unsafe { words.as_mut() };
        if !self.drain.next_chunk(dispatched, words) {
            return Ok(None);
        }
        let mut strings = env.create_array(self.drain.string_count())?;
        for (at, text) in (0..).zip(self.drain.strings()) {
            strings.set(
                at,
                match text {
                    Text::Utf8(text) => env.create_string(text),
                    Text::Latin1(bytes) => env.create_string_latin1(bytes),
                    Text::Utf16(units) => env.create_string_utf16(units),
                }?,
            )?;
        }
        Ok(Some(strings))
    }

    /// The definition of a shape, as JSON: `[[key, tag, constant or null], …]`. Returns `null` if no record of the batch has
    /// this shape.
    #[napi(catch_unwind)]
    pub fn shape(&self, shape: u32) -> Option<String> {
        self.drain.shape(ShapeId(shape))
    }

    /// A client has its first listener for an event. Returns true if the last chunk may have left out such an event.
    #[napi(catch_unwind)]
    pub fn listen(&mut self, client: u32, name: String) -> bool {
        self.drain.listen(ClientId(client), name)
    }

    /// A client has no listener for an event any more.
    #[napi(catch_unwind)]
    pub fn unlisten(&mut self, client: u32, name: String) {
        self.drain.unlisten(ClientId(client), name);
    }

    /// A client no longer exists.
    #[napi(catch_unwind)]
    pub fn forget(&mut self, client: u32) {
        let client = ClientId(client);
        self.drain.forget(client);
        self.guards.lock().unwrap_or_else(PoisonError::into_inner).remove(&client);
    }
}

impl Outbox {
    fn set_wake(&self, wake: Option<Wake>) {
        let before = std::mem::replace(&mut *self.wake.lock().unwrap_or_else(PoisonError::into_inner), wake);
        // Dropped without the lock: it calls into Node.
        drop(before);
    }

    /// Ends a client's task when the JavaScript thread ends.
    pub(super) fn guard(&self, client: ClientId, handle: Handle) -> Arc<ClientGuard> {
        let guard = Arc::new(ClientGuard(Mutex::new(Some(handle))));
        self.guards.lock().unwrap_or_else(PoisonError::into_inner).insert(client, Arc::downgrade(&guard));
        guard
    }

    /// The requests of a client to JavaScript.
    pub(super) fn js_requests(&self, client: ClientId) -> Arc<JsRequests> {
        JsRequests::new(client, Arc::clone(&self.queue))
    }

    /// The host of a client's task.
    pub(super) fn host(&self, client: ClientId) -> ClientHost {
        ClientHost::new(client, Arc::clone(&self.queue))
    }
}
