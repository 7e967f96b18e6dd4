//! A batch: items with their payloads, in a few vectors.
//!
//! Memory that one thread allocates and another frees is expensive. So the clients' tasks append to one batch while the
//! JavaScript thread drains another, and the two batches are swapped as a whole.

use std::ops::Range;

use super::item::{ClientId, Item, Payload};
use crate::records::buffer::{Record, RecordBuffer};
use crate::records::shapes::ShapeId;

/// A batch that has allocated more bytes is freed when it is empty. A smaller one is reused.
pub(super) const MAX_KEPT_BYTES: usize = 256 * 1024;

/// Items with their payloads.
#[derive(Debug, Default)]
pub(in crate::binding) struct Batch {
    pub(in crate::binding) items: Vec<Item>,
    pub(in crate::binding) records: RecordBuffer,
    /// The payloads that are JSON.
    json: Vec<u8>,
    /// The clients of the items. A client may be in it more than once: each request to JavaScript adds it.
    pub(in crate::binding) clients: Vec<ClientId>,
    /// All shapes of the records have this id or a later one; `None` without records.
    pub(super) first_shape: Option<ShapeId>,
}

impl Batch {
    pub(super) fn clear(&mut self) {
        self.items.clear();
        self.records.clear();
        self.json.clear();
        self.clients.clear();
        self.first_shape = None;
        let allocated =
            self.json.capacity() + self.records.capacity() + self.items.capacity() * size_of::<Item>();
        if allocated > MAX_KEPT_BYTES {
            *self = Self::default();
        }
    }

    /// The JSON of a payload.
    pub(super) fn json(&self, range: &Range<usize>) -> &str {
        std::str::from_utf8(&self.json[range.clone()]).expect("payloads consist of whole, valid texts")
    }

    pub(super) fn push_json(&mut self, json: &[u8]) -> Payload {
        let start = self.json.len();
        self.json.extend_from_slice(json);
        Payload::Json(start..self.json.len())
    }

    /// Adds a copy of a record whose shapes all have the id `first_shape` or a later one.
    pub(super) fn push_record(&mut self, record: Record<'_>, first_shape: ShapeId) -> Payload {
        self.first_shape = Some(self.first_shape.map_or(first_shape, |first| first.min(first_shape)));
        Payload::Record(self.records.copy(record))
    }

    /// The bytes in use.
    pub(super) fn bytes(&self) -> usize {
        self.json.len() + self.records.bytes() + self.items.len() * size_of::<Item>()
    }
}
