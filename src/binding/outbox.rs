//! The one road to JavaScript: the queue of all of a thread's clients, as JavaScript sees it. Owns how JavaScript is
//! woken; all else is [`queue`](super::queue)'s.

use std::sync::Arc;

use napi::Result;
use napi::bindgen_prelude::Function;
use napi::threadsafe_function::{ThreadsafeFunctionCallMode, UnknownReturnValue};
use napi_derive::napi;

use super::errands::Errands;
use super::host::ClientHost;
use super::queue::{Drain, Queue};

/// The queue of one JavaScript thread, for all its clients.
#[napi]
pub struct Outbox {
    queue: Arc<Queue>,
    drain: Drain,
}

#[napi]
impl Outbox {
    /// `wake` is called on the JavaScript thread when there is something to drain. It does not keep the process alive.
    #[napi(constructor, catch_unwind)]
    pub fn new(wake: Function<'_, (), UnknownReturnValue>) -> Result<Self> {
        let wake = wake.build_threadsafe_function().weak::<true>().build()?;
        let queue = Queue::new(move || {
            // The only failure is an environment that is shutting down, where nobody waits for events any longer.
            let _ = wake.call((), ThreadsafeFunctionCallMode::NonBlocking);
        });
        Ok(Self { drain: Drain::new(Arc::clone(&queue)), queue })
    }

    /// Takes in all that waits, in place of what was drained before; gives the clients that have something in it. None:
    /// nothing waits, and the next thing that comes wakes JavaScript.
    #[napi(catch_unwind)]
    pub fn refill(&mut self) -> Vec<u32> {
        self.drain.refill()
    }

    /// The next items as the text of one JSON array, four values an item; `null` when all are taken. `dispatched`
    /// tells how many items of the last chunk JavaScript has dealt with: what stands behind them is looked at again, also
    /// what was skipped, since somebody may listen to it now.
    #[napi(catch_unwind)]
    pub fn chunk(&mut self, dispatched: u32) -> Option<String> {
        self.drain.chunk(dispatched)
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
    }
}

impl Outbox {
    /// The errands of a client.
    pub(super) fn errands(&self, client: u32) -> Arc<Errands> {
        Errands::new(client, Arc::clone(&self.queue))
    }

    /// The end of the road that a client's task gets.
    pub(super) fn host(&self, client: u32) -> ClientHost {
        ClientHost::new(client, Arc::clone(&self.queue))
    }
}
