//! The outbox without JavaScript, for the targets of `fuzz/`.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;

use super::outbox::drain::{self, Drain};
use super::outbox::host::ClientHost;
use super::outbox::item::ClientId;
use super::outbox::queue::Queue;
use super::record_format;
use crate::driver::Host as _;
use crate::driver::io::{Delivery, Frame};
use crate::records::buffer::Text as BorrowedText;
use crate::records::shapes::ShapeId;
use crate::records::{decode, event_types, format};

pub use super::outbox::item::ItemKind;
pub use super::record_format::RecordFormat;

/// The layout of records and chunks.
pub const RECORD_FORMAT: RecordFormat = record_format::RECORD_FORMAT;

/// A chunk ends when it has this many bytes.
pub const CHUNK_BYTES: usize = drain::CHUNK_BYTES;

/// The most objects and arrays inside each other in a record.
pub const MAX_DEPTH: u32 = decode::MAX_DEPTH;

/// For a longer `type` or `subtype`, in bytes, JavaScript decides whether the event has a listener.
pub const MAX_NAME_BYTES: usize = event_types::MAX_NAME_BYTES;

/// Both ends of a queue: the one of the clients' tasks, and the one of `lib/outbox.js`.
pub struct Outbox {
    queue: Arc<Queue>,
    drain: Drain,
    hosts: HashMap<ClientId, ClientHost>,
}

/// A chunk, as JavaScript gets it.
#[derive(Debug)]
pub struct Chunk {
    /// The whole array. Words that were not written are [`UNWRITTEN`].
    pub words: Vec<u32>,
    pub strings: Vec<Text>,
}

/// A string, in the encoding that it is given to V8 in.
#[derive(Debug)]
pub enum Text {
    Utf8(String),
    Latin1(Vec<u8>),
    Utf16(Vec<u16>),
}

/// The value of words that were not written. As a length or a position, it is out of bounds.
pub const UNWRITTEN: u32 = 0xdead_beef;

impl Outbox {
    /// An outbox that calls `wake` without delay.
    pub fn new(wake: impl Fn() + Send + Sync + 'static) -> Self {
        let queue = Queue::new(Duration::ZERO, wake);
        Self { drain: Drain::new(Arc::clone(&queue)), queue, hosts: HashMap::new() }
    }

    fn host(&mut self, client: u32) -> &mut ClientHost {
        let client = ClientId(client);
        self.hosts.entry(client).or_insert_with(|| ClientHost::new(client, Arc::clone(&self.queue)))
    }

    pub fn read(&mut self, client: u32, data: Bytes) -> Frame {
        self.host(client).read_frame(data)
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

    pub fn next_batch(&mut self) -> Vec<u32> {
        self.drain.next_batch().into_iter().map(|ClientId(client)| client).collect()
    }

    pub fn next_chunk(&mut self, dispatched: u32) -> Option<Chunk> {
        let mut words = vec![UNWRITTEN; format::CHUNK_WORDS];
        if !self.drain.next_chunk(dispatched, &mut words) {
            return None;
        }
        let strings: Vec<Text> = self.drain.strings().map(Text::from).collect();
        assert_eq!(strings.len(), self.drain.string_count() as usize, "JavaScript's array gets this length");
        Some(Chunk { words, strings })
    }

    pub fn shape(&self, shape: u32) -> Option<String> {
        self.drain.shape(ShapeId(shape))
    }

    pub fn listen(&mut self, client: u32, name: String) -> bool {
        self.drain.listen(ClientId(client), name)
    }

    pub fn unlisten(&mut self, client: u32, name: String) {
        self.drain.unlisten(ClientId(client), name);
    }

    pub fn forget(&mut self, client: u32) {
        self.drain.forget(ClientId(client));
    }
}

impl From<BorrowedText<'_>> for Text {
    fn from(text: BorrowedText<'_>) -> Self {
        match text {
            BorrowedText::Utf8(text) => Self::Utf8(text.to_owned()),
            BorrowedText::Latin1(bytes) => Self::Latin1(bytes.to_vec()),
            BorrowedText::Utf16(units) => Self::Utf16(units.to_vec()),
        }
    }
}
