//! Frames as records: what V8 makes objects of faster than of JSON text. Owns the form; [`reader`](super::reader) makes
//! records of frames, `lib/records.js` objects of records.
//!
//! A record is words, and the texts that they speak of. An object is a row of words: its shape, then one for each key
//! that needs one; an array is its length, then a [`Tag`](super::shapes::Tag) and a word for each element. Where
//! objects, arrays and numbers stand is counted from the record's first word. A text's word:
//!
//! | bits 31–30 | 29–10 | 9–0 |
//! |---|---|---|
//! | 0: Latin-1 | where it begins, counted from the record's first short text | its length |
//! | 1: UTF-16 | the same among those | its length |
//! | 2: a long one | its number among the record's long ones | |
//! | 3: the empty one | | |
//!
//! Short texts are cut out of strings of a page each, and none lies across two pages. So what a listener keeps of an
//! event holds no more than a page of others.

use std::ops::Range;

/// A record has no more words before its last row, nor in any row.
pub(crate) const MOST_WORDS: usize = 4 * 1024;

/// A record has no more words.
pub(crate) const MOST_RECORD_WORDS: usize = 2 * MOST_WORDS + 1;

/// The longest text that is cut out of a page.
pub(crate) const LONGEST_SHORT: usize = 1023;

/// The bytes of a page of Latin-1.
pub(crate) const LATIN_PAGE: usize = 4096;

/// The units of a page of UTF-16.
pub(crate) const WIDE_PAGE: usize = LATIN_PAGE / 2;

/// A short text in Latin-1.
pub(crate) fn latin_word(start: usize, length: usize) -> u32 {
    word(start) << 10 | word(length)
}

/// A short text in UTF-16.
pub(crate) fn wide_word(start: usize, length: usize) -> u32 {
    1 << 30 | latin_word(start, length)
}

/// A long text.
pub(crate) fn long_word(number: usize) -> u32 {
    2 << 30 | word(number)
}

/// The empty text.
pub(crate) const EMPTY: u32 = 3 << 30;

/// A number that is known to be small.
pub(crate) fn word(number: usize) -> u32 {
    u32::try_from(number).expect("records and chunks are bounded")
}

/// Texts one after the other, by how they are written.
#[derive(Debug, Default)]
pub(crate) struct Texts {
    pub(crate) latin: Vec<u8>,
    pub(crate) wide: Vec<u16>,
}

/// Where a long text stands.
#[derive(Debug, Clone)]
pub(crate) enum Long {
    Latin(Range<usize>),
    Wide(Range<usize>),
}

/// A text, as it is handed to JavaScript.
#[derive(Debug)]
pub(crate) enum Text<'a> {
    Utf8(&'a str),
    Latin(&'a [u8]),
    Wide(&'a [u16]),
}

/// Records one after the other.
#[derive(Debug, Default)]
pub(crate) struct Records {
    pub(crate) words: Vec<u32>,
    pub(crate) short: Texts,
    pub(crate) long: Texts,
    pub(crate) longs: Vec<Long>,
    list: Vec<Record>,
}

/// Where a record's parts stand.
#[derive(Debug, Clone, Default)]
pub(crate) struct Record {
    /// The frame's own object, counted from the first word.
    pub(crate) root: u32,
    pub(crate) words: Range<usize>,
    pub(crate) latin: Range<usize>,
    pub(crate) wide: Range<usize>,
    pub(crate) longs: Range<usize>,
    long_latin: Range<usize>,
    long_wide: Range<usize>,
}

impl Records {
    pub(crate) fn clear(&mut self) {
        self.list.clear();
        self.truncate(&Record::default());
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    /// Gives up all that was added since this beginning.
    pub(crate) fn truncate(&mut self, start: &Record) {
        self.words.truncate(start.words.start);
        self.short.latin.truncate(start.latin.start);
        self.short.wide.truncate(start.wide.start);
        self.longs.truncate(start.longs.start);
        self.long.latin.truncate(start.long_latin.start);
        self.long.wide.truncate(start.long_wide.start);
    }

    /// The bytes that all parts take.
    pub(crate) fn bytes(&self) -> usize {
        self.measure(Vec::len, Vec::len, Vec::len, Vec::len, Vec::len)
    }

    /// The bytes that were asked of the system.
    pub(crate) fn capacity(&self) -> usize {
        self.measure(Vec::capacity, Vec::capacity, Vec::capacity, Vec::capacity, Vec::capacity)
    }

    fn measure(
        &self,
        words: impl Fn(&Vec<u32>) -> usize,
        latin: impl Fn(&Vec<u8>) -> usize,
        wide: impl Fn(&Vec<u16>) -> usize,
        longs: impl Fn(&Vec<Long>) -> usize,
        list: impl Fn(&Vec<Record>) -> usize,
    ) -> usize {
        4 * words(&self.words)
            + latin(&self.short.latin)
            + latin(&self.long.latin)
            + 2 * (wide(&self.short.wide) + wide(&self.long.wide))
            + size_of::<Long>() * longs(&self.longs)
            + size_of::<Record>() * list(&self.list)
    }

    /// The beginning of what is added next.
    pub(crate) fn start(&self) -> Record {
        let empty = |at| at..at;
        Record {
            root: 0,
            words: empty(self.words.len()),
            latin: empty(self.short.latin.len()),
            wide: empty(self.short.wide.len()),
            longs: empty(self.longs.len()),
            long_latin: empty(self.long.latin.len()),
            long_wide: empty(self.long.wide.len()),
        }
    }

    /// All that was added since this beginning is a record; gives its number.
    pub(crate) fn finish(&mut self, root: u32, start: &Record) -> usize {
        let end = self.start();
        self.list.push(Record {
            root,
            words: start.words.start..end.words.end,
            latin: start.latin.start..end.latin.end,
            wide: start.wide.start..end.wide.end,
            longs: start.longs.start..end.longs.end,
            long_latin: start.long_latin.start..end.long_latin.end,
            long_wide: start.long_wide.start..end.long_wide.end,
        });
        self.list.len() - 1
    }

    /// Adds a copy of a record; gives its number.
    pub(crate) fn add(&mut self, other: &Self, number: usize) -> usize {
        let start = self.start();
        let record = &other.list[number];
        self.words.extend_from_slice(other.words(record));
        self.short.latin.extend_from_slice(other.latin(record));
        self.short.wide.extend_from_slice(other.wide(record));
        self.long.latin.extend_from_slice(&other.long.latin[record.long_latin.clone()]);
        self.long.wide.extend_from_slice(&other.long.wide[record.long_wide.clone()]);
        let moved = |range: &Range<usize>, from: &Range<usize>, to: &Range<usize>| {
            range.start - from.start + to.start..range.end - from.start + to.start
        };
        self.longs.extend(other.longs(record).iter().map(|long| match long {
            Long::Latin(range) => Long::Latin(moved(range, &record.long_latin, &start.long_latin)),
            Long::Wide(range) => Long::Wide(moved(range, &record.long_wide, &start.long_wide)),
        }));
        self.finish(record.root, &start)
    }

    /// A record by its number.
    pub(crate) fn record(&self, number: usize) -> &Record {
        &self.list[number]
    }

    pub(crate) fn words(&self, record: &Record) -> &[u32] {
        &self.words[record.words.clone()]
    }

    pub(crate) fn latin(&self, record: &Record) -> &[u8] {
        &self.short.latin[record.latin.clone()]
    }

    pub(crate) fn wide(&self, record: &Record) -> &[u16] {
        &self.short.wide[record.wide.clone()]
    }

    pub(crate) fn longs(&self, record: &Record) -> &[Long] {
        &self.longs[record.longs.clone()]
    }

    pub(crate) fn long(&self, long: &Long) -> Text<'_> {
        match long {
            Long::Latin(range) => Text::Latin(&self.long.latin[range.clone()]),
            Long::Wide(range) => Text::Wide(&self.long.wide[range.clone()]),
        }
    }
}

impl Record {
    /// The bytes of the long texts.
    pub(crate) fn long_bytes(&self) -> usize {
        self.long_latin.len() + 2 * self.long_wide.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A record with so much of everything.
    fn add(records: &mut Records, length: usize) -> usize {
        let start = records.start();
        let mark = u8::try_from(length).unwrap();
        records.words.extend(vec![u32::from(mark); length]);
        records.short.latin.extend(vec![mark; length]);
        records.short.wide.extend(vec![u16::from(mark); length]);
        for _ in 0..length {
            let [latin, wide] = [records.long.latin.len(), records.long.wide.len()];
            records.long.latin.extend(vec![mark; length]);
            records.long.wide.extend(vec![u16::from(mark); length]);
            records.longs.extend([Long::Latin(latin..latin + length), Long::Wide(wide..wide + length)]);
        }
        records.finish(word(length), &start)
    }

    fn check(records: &Records, number: usize, length: usize) {
        let mark = u8::try_from(length).unwrap();
        let record = records.record(number);
        assert_eq!(record.root, word(length));
        assert_eq!(records.words(record), vec![u32::from(mark); length]);
        assert_eq!(records.latin(record), vec![mark; length]);
        assert_eq!(records.wide(record), vec![u16::from(mark); length]);
        let longs = records.longs(record);
        assert_eq!((longs.len(), record.long_bytes()), (2 * length, 3 * length * length));
        for long in longs {
            match records.long(long) {
                Text::Latin(bytes) => assert_eq!(bytes, vec![mark; length]),
                Text::Wide(units) => assert_eq!(units, vec![u16::from(mark); length]),
                Text::Utf8(_) => panic!("no long text is UTF-8"),
            }
        }
    }

    #[test]
    fn a_copy_is_the_record_and_nothing_else() {
        let (mut from, mut to) = (Records::default(), Records::default());
        let numbers = [2, 3, 5].map(|length| add(&mut from, length));
        // In another order, behind another one, and one of them twice.
        assert_eq!(add(&mut to, 7), 0);
        let copies = [1, 2, 1].map(|at| to.add(&from, numbers[at]));
        assert_eq!(copies, [1, 2, 3]);
        for (number, length) in [7, 3, 5, 3].into_iter().enumerate() {
            check(&to, number, length);
        }
        assert_eq!((to.words.len(), to.longs.len()), (18, 36), "of the first one nothing");
    }

    #[test]
    fn what_is_given_up_leaves_the_others_as_they_are() {
        let mut records = Records::default();
        add(&mut records, 3);
        let bytes = records.bytes();
        let start = records.start();
        records.words.push(1);
        records.short.latin.push(1);
        records.short.wide.push(1);
        records.long.latin.push(1);
        records.long.wide.push(1);
        records.longs.push(Long::Latin(9..10));
        assert!(records.bytes() > bytes);
        records.truncate(&start);
        assert_eq!(records.bytes(), bytes);
        check(&records, 0, 3);
        let next = add(&mut records, 2);
        check(&records, next, 2);
        records.clear();
        assert_eq!((records.is_empty(), records.bytes()), (true, 0));
        assert!(records.capacity() >= bytes, "kept for the next ones");
    }

    #[test]
    fn words_tell_the_kinds_of_texts_apart() {
        let words = [latin_word(0xf_ffff, 1023), wide_word(0xf_ffff, 1023), long_word(0x3fff_ffff), EMPTY];
        assert_eq!(words, [0x3fff_ffff, 0x7fff_ffff, 0xbfff_ffff, 0xc000_0000]);
    }
}
