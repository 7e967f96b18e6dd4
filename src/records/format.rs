//! The layout of records, and of the chunks in which they cross to JavaScript, in numbers.
//!
//! These numbers are defined here and nowhere else. `lib/records.js` and `fuzz/` read them through the binding's
//! `recordFormat()`.
//!
//! # A record
//!
//! A record is words (32 bits) and texts. An object is a *row* of words: its shape, then one word for each key whose value is
//! not part of the shape. An array is a row, too: its length, then a [`Tag`] and a word for each element. [`Tag`] describes
//! what the word of a value means. The positions of objects, arrays and numbers count from the record's first word.
//!
//! The word of a text:
//!
//! | kind (bits 31–30) | bits 29–10 | bits 9–0 |
//! |---|---|---|
//! | 0: Latin-1 | start, counted from the record's first Latin-1 unit | length in units |
//! | 1: UTF-16 | start, counted from the record's first UTF-16 unit | length in units |
//! | 2: long | index among the record's long texts (bits 29–0) | |
//! | 3: empty | 0 | 0 |
//!
//! Latin-1 and UTF-16 texts are substrings of *pages*, strings of [`text::LATIN1_PAGE`] or [`text::UTF16_PAGE`] units, and no
//! text spans two pages. V8 keeps a whole string alive as long as one of its substrings exists. So a text that a listener
//! keeps holds at most one page of other texts. A text longer than [`text::MAX_SHORT`] is a separate string.
//!
//! # A chunk
//!
//! Items cross in chunks. A chunk is words, and a list of strings: a JSON array, the Latin-1 pages, the UTF-16 pages, and the
//! long texts.
//!
//! ```text
//! words    ┌────────┬──────┬──────┬──────────────────────┬──────┐
//!          │ header │ item │ item │ item   │ record      │ item │
//!          └────────┴──────┴──────┴────────┴─────────────┴──────┘
//! strings  ┌──────┬──────────────┬──────────────┬──────────────┬───────────┬───────────┐
//!          │ JSON │ Latin-1 page │ Latin-1 page │ UTF-16 page  │ long text │ long text │
//!          └──────┴──────────────┴──────────────┴──────────────┴───────────┴───────────┘
//! ```
//!
//! [`header`] and [`item`] list the words. If an item has no record, its payload is the next element of the JSON array.

/// The words of the largest chunk.
pub(crate) const CHUNK_WORDS: usize = 16 * 1024;

/// The most words of a row, and the most words before the last row of a record.
pub(crate) const MAX_ROW_WORDS: usize = 4 * 1024;

/// The most words of a record.
pub(crate) const MAX_RECORD_WORDS: usize = 2 * MAX_ROW_WORDS + 1;

const _: () =
    assert!(header::WORDS + item::WORDS_WITH_RECORD + MAX_RECORD_WORDS <= CHUNK_WORDS, "every record fits");

/// The most shapes of the table, which is then cleared. Ids of shapes are not used again.
pub(crate) const MAX_SHAPES: u32 = 1024;

/// The index of the first Latin-1 page among a chunk's strings. The JSON is in front of it.
pub(crate) const FIRST_LATIN1_PAGE: usize = 1;

/// The positions of the words in a chunk's header.
pub(crate) mod header {
    /// The end of the last item, counted in words.
    pub(crate) const END: usize = 0;
    /// The index of the first UTF-16 page among the chunk's strings.
    pub(crate) const UTF16: usize = 1;
    /// The index of the first long text among the chunk's strings.
    pub(crate) const LONG: usize = 2;
    /// The words of the header.
    pub(crate) const WORDS: usize = 3;
}

/// The positions of the words in an item.
pub(crate) mod item {
    /// The id of the client.
    pub(crate) const CLIENT: usize = 0;
    /// The kind of the item.
    pub(crate) const KIND: usize = 1;
    /// The promise or the request that the item is about; 0 if there is none.
    pub(crate) const CALL: usize = 2;
    /// The words of the record; 0 if the payload is JSON.
    pub(crate) const RECORD_WORDS: usize = 3;
    /// The words of an item without a record.
    pub(crate) const WORDS: usize = 4;
    /// The position of the root's row in the record.
    pub(crate) const ROOT: usize = 4;
    /// The start of the record's texts among the chunk's Latin-1 units.
    pub(crate) const LATIN1: usize = 5;
    /// The start of the record's texts among the chunk's UTF-16 units.
    pub(crate) const UTF16: usize = 6;
    /// The index of the record's first long text among the chunk's long texts.
    pub(crate) const LONG: usize = 7;
    /// The words of an item before its record.
    pub(crate) const WORDS_WITH_RECORD: usize = 8;
}

/// The layout of a text's word, and the pages of texts.
pub(crate) mod text {
    /// The kind of a text starts at this bit.
    pub(crate) const KIND_SHIFT: u32 = 30;
    /// The start of a text starts at this bit; the length is in the bits below.
    pub(crate) const START_SHIFT: u32 = 10;
    /// A substring of a Latin-1 page.
    pub(crate) const LATIN1: u32 = 0;
    /// A substring of a UTF-16 page.
    pub(crate) const UTF16: u32 = 1;
    /// A separate string.
    pub(crate) const LONG: u32 = 2;
    /// The empty text.
    pub(crate) const EMPTY: u32 = 3;
    /// The longest text that is a substring of a page, in bytes of UTF-8 (with its escapes).
    pub(crate) const MAX_SHORT: usize = (1 << START_SHIFT) - 1;
    /// The units of a Latin-1 page are 2 to the power of this.
    pub(crate) const LATIN1_PAGE_SHIFT: u32 = 12;
    /// The units of a UTF-16 page are 2 to the power of this.
    pub(crate) const UTF16_PAGE_SHIFT: u32 = 11;
    /// The units (bytes) of a Latin-1 page.
    pub(crate) const LATIN1_PAGE: usize = 1 << LATIN1_PAGE_SHIFT;
    /// The units (two bytes each) of a UTF-16 page.
    pub(crate) const UTF16_PAGE: usize = 1 << UTF16_PAGE_SHIFT;
}

/// The kind of a value in a shape or in an array, which says what the value's word means. `Null` and `Constant` need no word.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Tag {
    /// A string. The word has the layout of [`text`].
    Text,
    /// An integer from 0 to 2^32 - 1. The word is the integer.
    Integer,
    /// Any other number. The word is the position of the two words of the double, the lower half first.
    Number,
    /// The word is 0 or 1.
    Boolean,
    /// `null`
    Null,
    /// The word is the position of the object's row.
    Object,
    /// The word is the position of the array's row.
    Array,
    /// A string that is part of the shape.
    Constant,
}

/// The word of a Latin-1 text.
pub(crate) fn latin1_word(start: usize, length: usize) -> u32 {
    text::LATIN1 << text::KIND_SHIFT | to_word(start) << text::START_SHIFT | to_word(length)
}

/// The word of a UTF-16 text.
pub(crate) fn utf16_word(start: usize, length: usize) -> u32 {
    text::UTF16 << text::KIND_SHIFT | to_word(start) << text::START_SHIFT | to_word(length)
}

/// The word of a long text.
pub(crate) fn long_word(index: usize) -> u32 {
    text::LONG << text::KIND_SHIFT | to_word(index)
}

/// The word of the empty text.
pub(crate) const EMPTY_TEXT: u32 = text::EMPTY << text::KIND_SHIFT;

/// A position or a length as a word.
pub(crate) fn to_word(number: usize) -> u32 {
    u32::try_from(number).expect("records and chunks have fewer than 2^32 words and texts")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_kinds_of_texts_have_different_words() {
        let words = [
            latin1_word(0xf_ffff, text::MAX_SHORT),
            utf16_word(0xf_ffff, text::MAX_SHORT),
            long_word(0x3fff_ffff),
            EMPTY_TEXT,
        ];
        assert_eq!(words, [0x3fff_ffff, 0x7fff_ffff, 0xbfff_ffff, 0xc000_0000]);
    }
}
