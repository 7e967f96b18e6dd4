//! The numbers of the record format, as JavaScript and `fuzz/` get them. [`mod@format`] defines them and explains the layout.

#![allow(unreachable_pub, reason = "the macros of napi require `pub`")]

use napi_derive::napi;

use crate::records::format::{self, Tag, header, item, text};

/// The layout of records and chunks, in numbers. `src/records/format.rs` explains it.
#[napi(object, object_from_js = false)]
#[derive(Debug, Clone, Copy)]
pub struct RecordFormat {
    /// The length of the array that `Outbox.nextChunk` writes into.
    pub chunk_words: u32,
    /// The most shapes that are in use at the same time.
    pub max_shapes: u32,
    /// The index of the first Latin-1 page among a chunk's strings. The JSON is in front of it.
    pub first_latin1_page: u32,
    /// The words at the start of a chunk.
    pub header: HeaderFormat,
    /// The words of an item, before its record.
    pub item: ItemFormat,
    /// The word of a text, and the pages of texts.
    pub text: TextFormat,
    /// The tags of values.
    pub tag: TagFormat,
}

/// The positions of the words at the start of a chunk.
#[napi(object, object_from_js = false)]
#[derive(Debug, Clone, Copy)]
pub struct HeaderFormat {
    /// The end of the last item, in words.
    pub end: u32,
    /// The index of the first UTF-16 page among the chunk's strings.
    pub utf16: u32,
    /// The index of the first long text among the chunk's strings.
    pub long: u32,
    /// The number of these words: the position of the first item.
    pub words: u32,
}

/// The positions of the words of an item, counted from its first one.
#[napi(object, object_from_js = false)]
#[derive(Debug, Clone, Copy)]
pub struct ItemFormat {
    /// The id of the client.
    pub client: u32,
    /// The `ItemKind`.
    pub kind: u32,
    /// The promise or the request that the item is about; 0 if there is none.
    pub call: u32,
    /// The number of words of the record; 0 if the payload is the next element of the chunk's JSON.
    pub record_words: u32,
    /// The number of words of an item without a record.
    pub words: u32,
    /// The position of the root's row in the record.
    pub root: u32,
    /// The start of the record's texts among the chunk's Latin-1 units.
    pub latin1: u32,
    /// The start of the record's texts among the chunk's UTF-16 units.
    pub utf16: u32,
    /// The index of the record's first long text among the chunk's long texts.
    pub long: u32,
    /// The number of words of an item before its record.
    pub words_with_record: u32,
}

/// The word of a text: its kind in the upper bits, its start in the middle, its length in the lower bits.
#[napi(object, object_from_js = false)]
#[derive(Debug, Clone, Copy)]
pub struct TextFormat {
    /// The kind starts at this bit.
    pub kind_shift: u32,
    /// The start of the text starts at this bit.
    pub start_shift: u32,
    /// Kind: a substring of a Latin-1 page.
    pub latin1: u32,
    /// Kind: a substring of a UTF-16 page.
    pub utf16: u32,
    /// Kind: a separate string. Start and length together are its index among the record's long texts.
    pub long: u32,
    /// Kind: the empty text.
    pub empty: u32,
    /// A Latin-1 page has 2 to the power of this many units.
    pub latin1_page_shift: u32,
    /// A UTF-16 page has 2 to the power of this many units.
    pub utf16_page_shift: u32,
}

/// The tags of values. The tag of a value says what its word means.
#[napi(object, object_from_js = false)]
#[derive(Debug, Clone, Copy)]
pub struct TagFormat {
    /// A string. The word has the layout of `TextFormat`.
    pub text: u32,
    /// An integer from 0 to 2^32 - 1. The word is the integer.
    pub integer: u32,
    /// Any other number. The word is the position of the two words of the double, the lower half first.
    pub number: u32,
    /// The word is 0 or 1.
    pub boolean: u32,
    /// `null`, which has no word in a row of an object.
    pub null: u32,
    /// The word is the position of the object's row.
    pub object: u32,
    /// The word is the position of the array's row.
    pub array: u32,
    /// A string that is part of the shape, and has no word.
    pub constant: u32,
}

/// The only value.
pub(super) const RECORD_FORMAT: RecordFormat = RecordFormat {
    chunk_words: to_u32(format::CHUNK_WORDS),
    max_shapes: format::MAX_SHAPES,
    first_latin1_page: to_u32(format::FIRST_LATIN1_PAGE),
    header: HeaderFormat {
        end: to_u32(header::END),
        utf16: to_u32(header::UTF16),
        long: to_u32(header::LONG),
        words: to_u32(header::WORDS),
    },
    item: ItemFormat {
        client: to_u32(item::CLIENT),
        kind: to_u32(item::KIND),
        call: to_u32(item::CALL),
        record_words: to_u32(item::RECORD_WORDS),
        words: to_u32(item::WORDS),
        root: to_u32(item::ROOT),
        latin1: to_u32(item::LATIN1),
        utf16: to_u32(item::UTF16),
        long: to_u32(item::LONG),
        words_with_record: to_u32(item::WORDS_WITH_RECORD),
    },
    text: TextFormat {
        kind_shift: text::KIND_SHIFT,
        start_shift: text::START_SHIFT,
        latin1: text::LATIN1,
        utf16: text::UTF16,
        long: text::LONG,
        empty: text::EMPTY,
        latin1_page_shift: text::LATIN1_PAGE_SHIFT,
        utf16_page_shift: text::UTF16_PAGE_SHIFT,
    },
    tag: TagFormat {
        text: Tag::Text as u32,
        integer: Tag::Integer as u32,
        number: Tag::Number as u32,
        boolean: Tag::Boolean as u32,
        null: Tag::Null as u32,
        object: Tag::Object as u32,
        array: Tag::Array as u32,
        constant: Tag::Constant as u32,
    },
};

#[expect(
    clippy::cast_possible_truncation,
    reason = "positions and sizes are small; it is only used in a constant"
)]
const fn to_u32(number: usize) -> u32 {
    number as u32
}

/// The layout of records and chunks.
#[napi(catch_unwind)]
pub fn record_format() -> RecordFormat {
    RECORD_FORMAT
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_word_has_one_meaning() {
        let RecordFormat { header, item, .. } = record_format();
        let header_words = [header.end, header.utf16, header.long];
        let item_words = [item.client, item.kind, item.call, item.record_words];
        let record_item_words = [item.root, item.latin1, item.utf16, item.long];
        assert!(header_words.into_iter().eq(0..header.words));
        assert!(item_words.into_iter().eq(0..item.words));
        assert!(record_item_words.into_iter().eq(item.words..item.words_with_record));
    }
}
