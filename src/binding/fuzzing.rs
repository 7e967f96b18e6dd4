//! The outbox without JavaScript, for the targets of `fuzz/`.

use std::collections::HashMap;
use std::sync::Arc;

use bytes::Bytes;

use super::outbox::drain::{CHUNK_WORDS, Drain};
use super::outbox::host::ClientHost;
use super::outbox::queue::Queue;
use crate::driver::Host as _;
use crate::records::format::Text as Handed;
use crate::session::{Delivery, Frame};

/// Both ends of a queue: what the clients' tasks do with it, and what `lib/outbox.js` does.
pub struct Outbox {
    queue: Arc<Queue>,
    drain: Drain,
    hosts: HashMap<u32, ClientHost>,
}

/// What crosses at once.
#[derive(Debug)]
pub struct Chunk {
    /// All that JavaScript has room for. Where nothing was written stands [`UNWRITTEN`].
    pub words: Vec<u32>,
    pub strings: Vec<Text>,
}

/// A string, by the call that makes it one of JavaScript's.
#[derive(Debug)]
pub enum Text {
    Utf8(String),
    Latin(Vec<u8>),
    Wide(Vec<u16>),
}

/// No word that a chunk has: one of these as a length or a place leads out of it.
pub const UNWRITTEN: u32 = 0xdead_beef;

impl Outbox {
    pub fn new(wake: impl Fn() + Send + Sync + 'static) -> Self {
        let queue = Queue::new(wake);
        Self { drain: Drain::new(Arc::clone(&queue)), queue, hosts: HashMap::new() }
    }

    fn host(&mut self, client: u32) -> &mut ClientHost {
        self.hosts.entry(client).or_insert_with(|| ClientHost::new(client, Arc::clone(&self.queue)))
    }

    pub fn read(&mut self, client: u32, data: Bytes) -> Frame {
        self.host(client).read(data)
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

    pub fn chunk(&mut self, dispatched: u32) -> Option<Chunk> {
        let mut words = vec![UNWRITTEN; CHUNK_WORDS];
        if !self.drain.chunk(dispatched, &mut words) {
            return None;
        }
        let strings: Vec<Text> = self.drain.strings().map(Text::from).collect();
        assert_eq!(strings.len(), self.drain.count() as usize, "JavaScript's array has room for so many");
        Some(Chunk { words, strings })
    }

    pub fn shape(&self, shape: u32) -> Option<String> {
        self.drain.shape(shape)
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

impl From<Handed<'_>> for Text {
    fn from(text: Handed<'_>) -> Self {
        match text {
            Handed::Utf8(text) => Self::Utf8(text.to_owned()),
            Handed::Latin(bytes) => Self::Latin(bytes.to_vec()),
            Handed::Wide(units) => Self::Wide(units.to_vec()),
        }
    }
}
