//! Records in memory, one behind the other in a few vectors.
//!
//! One allocation for each event would cost more than the JSON parsing that records save. So records are appended to a
//! [`RecordBuffer`], which is swapped and reused as a whole.

use std::ops::Range;

/// The id of a record in its buffer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct RecordId(pub(crate) usize);

/// A string to create in JavaScript, in the encoding that V8 copies fastest.
#[derive(Debug)]
pub(crate) enum Text<'a> {
    Utf8(&'a str),
    Latin1(&'a [u8]),
    Utf16(&'a [u16]),
}

/// Texts of both encodings, one behind the other.
#[derive(Debug, Default)]
pub(crate) struct Texts {
    pub(crate) latin1: Vec<u8>,
    pub(crate) utf16: Vec<u16>,
}

/// The place of a text in [`Texts`].
#[derive(Debug, Clone)]
pub(crate) enum TextRange {
    Latin1(Range<usize>),
    Utf16(Range<usize>),
}

/// Records, one behind the other.
#[derive(Debug, Default)]
pub(crate) struct RecordBuffer {
    pub(crate) words: Vec<u32>,
    /// The texts that become substrings of pages.
    pub(crate) short: Texts,
    /// The texts that become separate strings.
    pub(crate) long: Texts,
    pub(crate) long_ranges: Vec<TextRange>,
    records: Vec<Span>,
}

/// A position in each vector of a [`RecordBuffer`].
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Position {
    pub(crate) words: usize,
    pub(crate) latin1: usize,
    pub(crate) utf16: usize,
    pub(crate) long_ranges: usize,
    long_latin1: usize,
    long_utf16: usize,
}

/// The place of a record in its buffer.
#[derive(Debug)]
struct Span {
    root: u32,
    start: Position,
    end: Position,
}

/// A record in its buffer.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Record<'a> {
    buffer: &'a RecordBuffer,
    span: &'a Span,
}

/// The sizes of a buffer's vectors, in elements.
struct Sizes {
    words: usize,
    latin1: usize,
    utf16: usize,
    long_ranges: usize,
    records: usize,
}

impl Sizes {
    fn bytes(&self) -> usize {
        size_of::<u32>() * self.words
            + self.latin1
            + size_of::<u16>() * self.utf16
            + size_of::<TextRange>() * self.long_ranges
            + size_of::<Span>() * self.records
    }
}

impl RecordBuffer {
    pub(crate) fn clear(&mut self) {
        self.records.clear();
        self.truncate(Position::default());
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.records.is_empty()
    }

    /// The bytes in use.
    pub(crate) fn bytes(&self) -> usize {
        Sizes {
            words: self.words.len(),
            latin1: self.short.latin1.len() + self.long.latin1.len(),
            utf16: self.short.utf16.len() + self.long.utf16.len(),
            long_ranges: self.long_ranges.len(),
            records: self.records.len(),
        }
        .bytes()
    }

    /// The bytes that are allocated.
    pub(crate) fn capacity(&self) -> usize {
        Sizes {
            words: self.words.capacity(),
            latin1: self.short.latin1.capacity() + self.long.latin1.capacity(),
            utf16: self.short.utf16.capacity() + self.long.utf16.capacity(),
            long_ranges: self.long_ranges.capacity(),
            records: self.records.capacity(),
        }
        .bytes()
    }

    /// The end of each vector: the start of the next record.
    pub(crate) fn position(&self) -> Position {
        Position {
            words: self.words.len(),
            latin1: self.short.latin1.len(),
            utf16: self.short.utf16.len(),
            long_ranges: self.long_ranges.len(),
            long_latin1: self.long.latin1.len(),
            long_utf16: self.long.utf16.len(),
        }
    }

    /// Makes a record of everything behind `start`. `root` is the position of the frame's own object in the record.
    pub(crate) fn finish(&mut self, root: u32, start: Position) -> RecordId {
        let end = self.position();
        self.records.push(Span { root, start, end });
        RecordId(self.records.len() - 1)
    }

    /// Removes everything behind `start`, which is not a record yet.
    pub(crate) fn truncate(&mut self, start: Position) {
        self.words.truncate(start.words);
        self.short.latin1.truncate(start.latin1);
        self.short.utf16.truncate(start.utf16);
        self.long_ranges.truncate(start.long_ranges);
        self.long.latin1.truncate(start.long_latin1);
        self.long.utf16.truncate(start.long_utf16);
    }

    /// Appends a copy of a record from another buffer.
    pub(crate) fn copy(&mut self, record: Record<'_>) -> RecordId {
        let Record { buffer, span: Span { root, start: from, end } } = record;
        let start = self.position();
        self.words.extend_from_slice(record.words());
        self.short.latin1.extend_from_slice(record.latin1());
        self.short.utf16.extend_from_slice(record.utf16());
        self.long.latin1.extend_from_slice(&buffer.long.latin1[from.long_latin1..end.long_latin1]);
        self.long.utf16.extend_from_slice(&buffer.long.utf16[from.long_utf16..end.long_utf16]);
        let moved =
            |range: &Range<usize>, from: usize, to: usize| range.start - from + to..range.end - from + to;
        self.long_ranges.extend(record.long_ranges().iter().map(|range| match range {
            TextRange::Latin1(range) => TextRange::Latin1(moved(range, from.long_latin1, start.long_latin1)),
            TextRange::Utf16(range) => TextRange::Utf16(moved(range, from.long_utf16, start.long_utf16)),
        }));
        self.finish(*root, start)
    }

    pub(crate) fn record(&self, id: RecordId) -> Record<'_> {
        Record { buffer: self, span: &self.records[id.0] }
    }

    /// The long text at this place.
    pub(crate) fn long_text(&self, range: &TextRange) -> Text<'_> {
        match range {
            TextRange::Latin1(range) => Text::Latin1(&self.long.latin1[range.clone()]),
            TextRange::Utf16(range) => Text::Utf16(&self.long.utf16[range.clone()]),
        }
    }
}

impl<'a> Record<'a> {
    /// The position of the frame's own object, counted from the record's first word.
    pub(crate) fn root(self) -> u32 {
        self.span.root
    }

    pub(crate) fn words(self) -> &'a [u32] {
        &self.buffer.words[self.span.start.words..self.span.end.words]
    }

    /// The short texts in Latin-1.
    pub(crate) fn latin1(self) -> &'a [u8] {
        &self.buffer.short.latin1[self.span.start.latin1..self.span.end.latin1]
    }

    /// The short texts in UTF-16.
    pub(crate) fn utf16(self) -> &'a [u16] {
        &self.buffer.short.utf16[self.span.start.utf16..self.span.end.utf16]
    }

    /// The places of the long texts in the buffer.
    pub(crate) fn long_ranges(self) -> &'a [TextRange] {
        &self.buffer.long_ranges[self.span.start.long_ranges..self.span.end.long_ranges]
    }

    /// The bytes of the long texts.
    pub(crate) fn long_bytes(self) -> usize {
        let Span { start, end, .. } = self.span;
        end.long_latin1 - start.long_latin1 + size_of::<u16>() * (end.long_utf16 - start.long_utf16)
    }
}

#[cfg(test)]
mod tests {
    use super::super::format::to_word;
    use super::*;

    /// Adds a record that has `length` elements in each vector. All elements have the value `length`.
    fn add(records: &mut RecordBuffer, length: usize) -> RecordId {
        let start = records.position();
        let value = u8::try_from(length).unwrap();
        records.words.extend(vec![u32::from(value); length]);
        records.short.latin1.extend(vec![value; length]);
        records.short.utf16.extend(vec![u16::from(value); length]);
        for _ in 0..length {
            let [latin1, utf16] = [records.long.latin1.len(), records.long.utf16.len()];
            records.long.latin1.extend(vec![value; length]);
            records.long.utf16.extend(vec![u16::from(value); length]);
            records.long_ranges.extend([
                TextRange::Latin1(latin1..latin1 + length),
                TextRange::Utf16(utf16..utf16 + length),
            ]);
        }
        records.finish(to_word(length), start)
    }

    fn check(records: &RecordBuffer, id: RecordId, length: usize) {
        let value = u8::try_from(length).unwrap();
        let record = records.record(id);
        assert_eq!(record.root(), to_word(length));
        assert_eq!(record.words(), vec![u32::from(value); length]);
        assert_eq!(record.latin1(), vec![value; length]);
        assert_eq!(record.utf16(), vec![u16::from(value); length]);
        let long_ranges = record.long_ranges();
        assert_eq!((long_ranges.len(), record.long_bytes()), (2 * length, 3 * length * length));
        for range in long_ranges {
            match records.long_text(range) {
                Text::Latin1(bytes) => assert_eq!(bytes, vec![value; length]),
                Text::Utf16(units) => assert_eq!(units, vec![u16::from(value); length]),
                Text::Utf8(_) => panic!("a long text is never UTF-8"),
            }
        }
    }

    #[test]
    fn a_copy_contains_the_record_and_nothing_else() {
        let (mut from, mut to) = (RecordBuffer::default(), RecordBuffer::default());
        let ids = [2, 3, 5].map(|length| add(&mut from, length));
        // In another order, behind another record, and one of them twice.
        assert_eq!(add(&mut to, 7), RecordId(0));
        let copies = [1, 2, 1].map(|at| to.copy(from.record(ids[at])));
        assert_eq!(copies, [1, 2, 3].map(RecordId));
        for (id, length) in [7, 3, 5, 3].into_iter().enumerate() {
            check(&to, RecordId(id), length);
        }
        assert_eq!((to.words.len(), to.long_ranges.len()), (18, 36), "nothing of the first record");
    }

    #[test]
    fn an_abandoned_record_leaves_the_others_unchanged() {
        let mut records = RecordBuffer::default();
        add(&mut records, 3);
        let bytes = records.bytes();
        let start = records.position();
        records.words.push(1);
        records.short.latin1.push(1);
        records.short.utf16.push(1);
        records.long.latin1.push(1);
        records.long.utf16.push(1);
        records.long_ranges.push(TextRange::Latin1(9..10));
        assert!(records.bytes() > bytes);
        records.truncate(start);
        assert_eq!(records.bytes(), bytes);
        check(&records, RecordId(0), 3);
        let next = add(&mut records, 2);
        check(&records, next, 2);
        records.clear();
        assert_eq!((records.is_empty(), records.bytes()), (true, 0));
        assert!(records.capacity() >= bytes, "the memory is kept for later records");
    }
}
