//! The one road to JavaScript: the queue of all of a thread's clients, as JavaScript sees it. Owns how JavaScript is
//! woken; all else is [`queue`](super::queue)'s and [`drain`](super::drain)'s.

pub(super) mod drain;
mod encode;
pub(super) mod host;
pub(super) mod queue;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;

use napi::bindgen_prelude::{Array, Function, Uint32ArraySlice};
use napi::threadsafe_function::{ThreadsafeFunction, ThreadsafeFunctionCallMode, UnknownReturnValue};
use napi::{Env, Result, Status};
use napi_derive::napi;

use super::js_requests::JsRequests;
use crate::driver::Handle;
use crate::records::format::Text;
use drain::{CHUNK_WORDS, Drain};
use host::ClientHost;
use queue::Queue;

/// What nobody hears may wait so long before JavaScript is woken to pass it by: one wake for what a thousand silent
/// clients are sent meanwhile. Whoever begins to listen in this time hears it, as if the network had been slower.
const IDLE_WAKE_DELAY: Duration = Duration::from_millis(25);

/// So many words `Outbox.chunk` needs room for.
#[napi]
#[expect(unreachable_pub, reason = "the macro asks for it")]
pub const WORDS: u32 = 16 * 1024;

const _: () = assert!(WORDS as usize == CHUNK_WORDS, "one bound for all");

/// What wakes JavaScript. It does not keep the process alive.
type Wake = ThreadsafeFunction<(), UnknownReturnValue, (), Status, false, true>;

/// A client's session, until its thread ends.
pub(super) struct ClientGuard(Mutex<Option<Handle>>);

impl ClientGuard {
    /// `None`: the thread has ended.
    pub(super) fn with<T>(&self, ask: impl FnOnce(&Handle) -> T) -> Option<T> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).as_ref().map(ask)
    }
}

/// All clients of a thread, by their numbers.
type ClientGuards = Arc<Mutex<HashMap<u32, Weak<ClientGuard>>>>;

/// The queue of one JavaScript thread, for all its clients.
#[napi]
pub struct Outbox {
    queue: Arc<Queue>,
    drain: Drain,
    /// There while something is expected, so that nobody finds a handle open where all clients are disconnected.
    wake: Arc<Mutex<Option<Wake>>>,
    holds: ClientGuards,
}

#[napi]
impl Outbox {
    /// Nobody is woken, until `attach`.
    #[napi(constructor, catch_unwind)]
    pub fn new(env: Env) -> Result<Self> {
        let holds = ClientGuards::default();
        // With the thread, its clients end. Not every runtime runs the finalizers of a worker thread's objects (Deno does not),
        // and a session that lived on would reconnect for ever.
        env.add_env_cleanup_hook(Arc::clone(&holds), |holds| {
            let all = std::mem::take(&mut *holds.lock().unwrap_or_else(PoisonError::into_inner));
            for hold in all.values().filter_map(Weak::upgrade) {
                drop(hold.0.lock().unwrap_or_else(PoisonError::into_inner).take());
            }
        })?;
        let wake = Arc::new(Mutex::new(None::<Wake>));
        let queue = Queue::patient(IDLE_WAKE_DELAY, {
            let wake = Arc::clone(&wake);
            move || {
                if let Some(wake) = &*wake.lock().unwrap_or_else(PoisonError::into_inner) {
                    // The only failure is an environment that is shutting down, where nobody waits for events any longer.
                    let _ = wake.call((), ThreadsafeFunctionCallMode::NonBlocking);
                }
            }
        });
        Ok(Self { drain: Drain::new(Arc::clone(&queue)), queue, wake, holds })
    }

    /// From now on, `wake` is called on the JavaScript thread when there is something to drain. What has come before does
    /// not wake anybody.
    #[napi(catch_unwind)]
    pub fn attach(&self, wake: Function<'_, (), UnknownReturnValue>) -> Result<()> {
        let wake = wake.build_threadsafe_function().weak::<true>().build()?;
        self.set_wake(Some(wake));
        Ok(())
    }

    /// Nobody is woken any longer.
    #[napi(catch_unwind)]
    pub fn detach(&self) {
        self.set_wake(None);
    }

    /// Takes in all that waits, in place of what was drained before; gives the clients that have something in it. None:
    /// nothing waits, and the next thing that comes wakes JavaScript.
    #[napi(catch_unwind)]
    pub fn refill(&mut self) -> Vec<u32> {
        self.drain.refill()
    }

    /// Puts the next items into these words and gives what they speak of (src/binding/drain.rs has the form); `null`
    /// when all are taken. `dispatched` tells how many items of the last chunk JavaScript has dealt with: what stands
    /// behind them is looked at again, also what was skipped, since somebody may listen to it now.
    #[napi(catch_unwind, ts_return_type = "Array<string> | null")]
    pub fn chunk<'env>(
        &mut self,
        env: &'env Env,
        dispatched: u32,
        mut words: Uint32ArraySlice<'_>,
    ) -> Result<Option<Array<'env>>> {
        // SAFETY: JavaScript waits for this call, and nobody else knows of the array.
        if !self.drain.chunk(dispatched, unsafe { words.as_mut() }) {
            return Ok(None);
        }
        let mut strings = env.create_array(self.drain.count())?;
        for (at, text) in (0..).zip(self.drain.strings()) {
            strings.set(
                at,
                match text {
                    Text::Utf8(text) => env.create_string(text),
                    Text::Latin(bytes) => env.create_string_latin1(bytes),
                    Text::Wide(units) => env.create_string_utf16(units),
                }?,
            )?;
        }
        Ok(Some(strings))
    }

    /// What a shape is, as JSON: key, tag and constant (or `null`) in turn. `null`: none of the items has it.
    #[napi(catch_unwind)]
    pub fn shape(&self, shape: u32) -> Option<String> {
        self.drain.shape(shape)
    }

    /// Somebody listens to an event of a client. True: the last chunk may have left out what is heard now.
    #[napi(catch_unwind)]
    pub fn listen(&mut self, client: u32, name: String) -> bool {
        self.drain.listen(client, name)
    }

    /// Nobody listens to it any longer.
    #[napi(catch_unwind)]
    pub fn unlisten(&mut self, client: u32, name: String) {
        self.drain.unlisten(client, name);
    }

    /// A client is gone.
    #[napi(catch_unwind)]
    pub fn forget(&mut self, client: u32) {
        self.drain.forget(client);
        self.holds.lock().unwrap_or_else(PoisonError::into_inner).remove(&client);
    }
}

impl Outbox {
    fn set_wake(&self, wake: Option<Wake>) {
        let before = std::mem::replace(&mut *self.wake.lock().unwrap_or_else(PoisonError::into_inner), wake);
        // Without the lock: this tells Node to let go of it.
        drop(before);
    }

    /// Has a client end when its thread does.
    pub(super) fn hold(&self, client: u32, handle: Handle) -> Arc<ClientGuard> {
        let hold = Arc::new(ClientGuard(Mutex::new(Some(handle))));
        self.holds.lock().unwrap_or_else(PoisonError::into_inner).insert(client, Arc::downgrade(&hold));
        hold
    }

    /// The requests of a client.
    pub(super) fn requests(&self, client: u32) -> Arc<JsRequests> {
        JsRequests::new(client, Arc::clone(&self.queue))
    }

    /// The end of the road that a client's task gets.
    pub(super) fn host(&self, client: u32) -> ClientHost {
        ClientHost::new(client, Arc::clone(&self.queue))
    }
}
