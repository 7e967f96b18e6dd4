//! The outbox without JavaScript, for the targets of `fuzz/`.

use std::collections::HashMap;
use std::sync::Arc;

use super::drain::{CHUNK_WORDS, Drain, Text};
use super::host::ClientHost;
use super::queue::Queue;
use crate::driver::Host as _;
use crate::session::Delivery;

/// Both ends of a queue: what the clients' tasks do with it, and what `lib/outbox.js` does.
pub struct Outbox {
    queue: Arc<Queue>,
    drain: Drain,
    hosts: HashMap<u32, ClientHost>,
}

impl Outbox {
    pub fn new(wake: impl Fn() + Send + Sync + 'static) -> Self {
        let queue = Queue::new(wake);
        Self { drain: Drain::new(Arc::clone(&queue)), queue, hosts: HashMap::new() }
    }

    fn host(&mut self, client: u32) -> &mut ClientHost {
        self.hosts.entry(client).or_insert_with(|| ClientHost::new(client, Arc::clone(&self.queue)))
    }

    pub fn deliver(&mut self, client: u32, delivery: Delivery) {
        self.host(client).deliver(delivery);
    }

    pub fn flush(&mut self, client: u32) {
        self.host(client).flush();
    }

    pub fn is_full(&mut self, client: u32) -> bool {
        self.host(client).is_full()
    }

    pub fn refill(&mut self) -> Vec<u32> {
        self.drain.refill()
    }

    pub fn chunk(&mut self, dispatched: u32) -> Option<String> {
        self.drain.chunk(dispatched)
    }

    pub fn listen(&mut self, client: u32, name: String) -> bool {
        self.drain.listen(client, name)
    }

    pub fn unlisten(&mut self, client: u32, name: String) {
        self.drain.unlisten(client, name);
    }

    pub fn forget(&mut self, client: u32) {
        self.drain.forget(client);
    }
}
