//! A chunk while it is written. [`format`](mod@crate::records::format) describes the layout.

use super::batch::Batch;
use super::item::{Item, Payload};
use crate::records::buffer::{RecordBuffer, Text, TextRange};
use crate::records::format::text::{LATIN1_PAGE, UTF16_PAGE};
use crate::records::format::{FIRST_LATIN1_PAGE, header, item as layout, to_word};

/// The strings of a chunk.
#[derive(Debug, Default)]
pub(super) struct ChunkStrings {
    json: String,
    latin1: Vec<u8>,
    utf16: Vec<u16>,
    long_ranges: Vec<TextRange>,
    /// The bytes of the long texts.
    long_bytes: usize,
}

impl ChunkStrings {
    pub(super) fn clear(&mut self) {
        self.latin1.clear();
        self.utf16.clear();
        self.long_ranges.clear();
        self.long_bytes = 0;
        self.json.clear();
    }

    /// Frees the JSON if it has allocated more than this. Only the JSON may be as long as a frame.
    pub(super) fn free_above(&mut self, bytes: usize) {
        if self.json.capacity() > bytes {
            self.json = String::new();
        }
    }

    pub(super) fn bytes(&self) -> usize {
        self.json.len() + self.latin1.len() + size_of::<u16>() * self.utf16.len() + self.long_bytes
    }

    /// The number of strings.
    pub(super) fn count(&self) -> u32 {
        to_word(self.first_long() + self.long_ranges.len())
    }

    /// The strings. `records` has the long texts.
    pub(super) fn texts<'a>(&'a self, records: &'a RecordBuffer) -> impl Iterator<Item = Text<'a>> {
        std::iter::once(Text::Utf8(&self.json))
            .chain(self.latin1.chunks(LATIN1_PAGE).map(Text::Latin1))
            .chain(self.utf16.chunks(UTF16_PAGE).map(Text::Utf16))
            .chain(self.long_ranges.iter().map(|range| records.long_text(range)))
    }

    /// Completes the JSON and writes the header. `end` is the end of the last item.
    pub(super) fn finish(&mut self, end: usize, words: &mut [u32]) {
        if !self.json.is_empty() {
            self.json.push(']');
        }
        words[header::END] = to_word(end);
        words[header::UTF16] = to_word(self.first_utf16());
        words[header::LONG] = to_word(self.first_long());
    }

    /// The index of the first UTF-16 page.
    fn first_utf16(&self) -> usize {
        FIRST_LATIN1_PAGE + self.latin1.len().div_ceil(LATIN1_PAGE)
    }

    /// The index of the first long text.
    fn first_long(&self) -> usize {
        self.first_utf16() + self.utf16.len().div_ceil(UTF16_PAGE)
    }

    /// Writes an item; returns its length in words, or `None` if there is no room for it.
    pub(super) fn write_item(&mut self, batch: &Batch, item: &Item, words: &mut [u32]) -> Option<usize> {
        let record = match &item.payload {
            Payload::Json(range) => {
                let words = words.get_mut(..layout::WORDS)?;
                write_head(words, item, 0);
                self.json.push(if self.json.is_empty() { '[' } else { ',' });
                self.json.push_str(batch.json(range));
                return Some(layout::WORDS);
            }
            Payload::Record(id) => batch.records.record(*id),
        };
        let length = record.words().len();
        let (words, row) =
            words.get_mut(..layout::WORDS_WITH_RECORD + length)?.split_at_mut(layout::WORDS_WITH_RECORD);
        write_head(words, item, length);
        words[layout::ROOT] = record.root();
        words[layout::LATIN1] = to_word(append(&mut self.latin1, record.latin1(), LATIN1_PAGE));
        words[layout::UTF16] = to_word(append(&mut self.utf16, record.utf16(), UTF16_PAGE));
        words[layout::LONG] = to_word(self.long_ranges.len());
        row.copy_from_slice(record.words());
        self.long_ranges.extend_from_slice(record.long_ranges());
        self.long_bytes += record.long_bytes();
        Some(layout::WORDS_WITH_RECORD + length)
    }
}

/// Writes the words that every item has.
fn write_head(words: &mut [u32], item: &Item, record_words: usize) {
    words[layout::CLIENT] = item.client.0;
    words[layout::KIND] = item.kind as u32;
    words[layout::CALL] = item.call;
    words[layout::RECORD_WORDS] = to_word(record_words);
}

/// Appends the short texts of a record. They get a new page if the current one does not have room for all of them: the
/// record's own pages begin at its first text. Returns their start.
fn append<T: Copy + Default>(all: &mut Vec<T>, texts: &[T], page: usize) -> usize {
    if all.len() % page + texts.len() > page {
        all.resize(all.len().next_multiple_of(page), T::default());
    }
    let start = all.len();
    all.extend_from_slice(texts);
    start
}
