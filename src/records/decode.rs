//! The decoder: from a frame to a record, in one pass.
//!
//! It validates the JSON, finds `type`, `subtype` and `reply_to`, and writes the record at the same time, with every string
//! already in the encoding that V8 gets. That is why the project has its own JSON reader: docs/performance.md has the
//! measurements of serde.
//!
//! The decoder refuses every frame that it is not sure of; see [`NotDecoded`]. A refused frame may still be valid JSON, and
//! is left to `serde_json` and `JSON.parse`. The fuzz target `frames` compares the records with an independent JSON reader.

mod strings;

use std::ops::Range;

use super::buffer::{Position, RecordBuffer, RecordId, TextRange};
use super::demand::Demand;
use super::format::{EMPTY_TEXT, MAX_ROW_WORDS, Tag, latin1_word, long_word, text, to_word, utf16_word};
use super::shapes::{NodeId, ShapeId, Shapes, SlotId, is_constant, is_name_key};
use strings::{Raw, plain, transcode};

/// A longer frame has no record.
const MAX_FRAME_BYTES: usize = 64 * 1024;

/// The most objects and arrays inside each other. JavaScript reads records by recursion.
pub(crate) const MAX_DEPTH: u32 = 64;

/// Why a frame has no record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum NotDecoded {
    /// It has an object whose shape is not in the table.
    UnknownShape,
    /// Events of its type had no listener recently.
    NoDemand,
    /// It is not JSON; or a record cannot represent it; or it has an escape in a key, or a `type`, `subtype` or `reply_to` of
    /// an unusual form.
    Unsupported,
}

type Result<T> = std::result::Result<T, NotDecoded>;

/// A frame that has a record.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct DecodedFrame {
    /// The bytes of the frame's `type`, without the quotes.
    pub(crate) event_type: Option<Range<usize>>,
    /// The bytes of the frame's `subtype`, without the quotes.
    pub(crate) subtype: Option<Range<usize>>,
    pub(crate) reply_to: Option<u32>,
    /// The record in [`Scratch::records`].
    pub(crate) record: RecordId,
}

/// The records of the frames that a client's task has decoded and not yet delivered.
#[derive(Default)]
pub(crate) struct Scratch {
    pub(crate) records: RecordBuffer,
    /// All shapes of the records have this id or a later one.
    pub(crate) first_shape: ShapeId,
    /// The words of the objects and arrays that are not complete yet.
    stack: Vec<u32>,
}

impl Scratch {
    /// The bytes that are allocated.
    #[cfg(test)]
    pub(crate) fn capacity(&self) -> usize {
        self.records.capacity() + size_of::<u32>() * self.stack.capacity()
    }
}

/// Decodes a frame into a record.
pub(crate) fn decode(
    frame: &[u8],
    shapes: &Shapes,
    demand: &Demand,
    scratch: &mut Scratch,
) -> Result<DecodedFrame> {
    let Scratch { records, first_shape, stack } = scratch;
    if records.is_empty() {
        *first_shape = shapes.first();
    }
    if frame.len() > MAX_FRAME_BYTES || std::str::from_utf8(frame).is_err() {
        return Err(NotDecoded::Unsupported);
    }
    let start = records.position();
    stack.clear();
    let head = Head::default();
    let mut decoder = Decoder { frame, at: 0, shapes, demand, records, start, stack, head };
    match decoder.root() {
        Ok(root) => {
            let Head { event_type, subtype, reply_to } = decoder.head;
            Ok(DecodedFrame { event_type, subtype, reply_to, record: records.finish(root, start) })
        }
        Err(reason) => {
            records.truncate(start);
            Err(reason)
        }
    }
}

struct Decoder<'a> {
    frame: &'a [u8],
    /// The position of the next byte.
    at: usize,
    shapes: &'a Shapes,
    demand: &'a Demand,
    records: &'a mut RecordBuffer,
    /// The start of this record.
    start: Position,
    stack: &'a mut Vec<u32>,
    head: Head,
}

/// The keys of the frame's own object that the session needs.
#[derive(Default)]
struct Head {
    event_type: Option<Range<usize>>,
    subtype: Option<Range<usize>>,
    reply_to: Option<u32>,
}

/// A value that was read.
#[derive(Clone, Copy)]
struct Value {
    tag: Tag,
    /// See [`Tag`].
    word: u32,
}

/// The value of a key.
enum Member {
    /// A string that is part of the shape: the next node of the tree of shapes.
    Constant(NodeId),
    Value(Value),
}

impl<'a> Decoder<'a> {
    /// The frame's own object; returns the position of its row.
    fn root(&mut self) -> Result<u32> {
        if self.next()? != b'{' {
            return Err(NotDecoded::Unsupported);
        }
        let root = self.object(MAX_DEPTH)?;
        match self.next() {
            Ok(_) => Err(NotDecoded::Unsupported),
            Err(_) => Ok(root),
        }
    }

    /// The next byte that is not whitespace.
    fn next(&mut self) -> Result<u8> {
        loop {
            let byte = *self.frame.get(self.at).ok_or(NotDecoded::Unsupported)?;
            self.at += 1;
            if !matches!(byte, b' ' | b'\n' | b'\r' | b'\t') {
                return Ok(byte);
            }
        }
    }

    fn expect(&mut self, rest: &[u8]) -> Result<()> {
        let is_there = self.frame[self.at..].starts_with(rest);
        self.at += rest.len();
        if is_there { Ok(()) } else { Err(NotDecoded::Unsupported) }
    }

    /// The rest of a string whose first quote was read.
    fn raw(&mut self) -> Result<Raw<'a>> {
        let start = self.at;
        let (mut is_escaped, mut is_ascii) = (false, true);
        loop {
            let (length, is_part_ascii) = plain(&self.frame[self.at..]);
            self.at += length;
            is_ascii &= is_part_ascii;
            match self.frame.get(self.at) {
                Some(b'"') => break,
                Some(b'\\') if self.at + 1 < self.frame.len() => self.at += 2,
                _ => return Err(NotDecoded::Unsupported),
            }
            is_escaped = true;
        }
        let range = start..self.at;
        self.at += 1;
        Ok(Raw { bytes: &self.frame[range.clone()], range, is_escaped, is_ascii })
    }

    /// The position of the next word in the record.
    fn position(&self) -> Result<u32> {
        let words = self.records.words.len() - self.start.words;
        if words > MAX_ROW_WORDS { Err(NotDecoded::Unsupported) } else { Ok(to_word(words)) }
    }

    /// Makes a row of `first` and of the words on the stack from `stacked` on; returns its position.
    fn row(&mut self, first: u32, stacked: usize) -> Result<u32> {
        let at = self.position()?;
        if self.stack.len() - stacked > MAX_ROW_WORDS {
            return Err(NotDecoded::Unsupported);
        }
        self.records.words.push(first);
        self.records.words.extend_from_slice(&self.stack[stacked..]);
        self.stack.truncate(stacked);
        Ok(at)
    }

    /// The rest of an object whose first brace was read; returns the position of its row. `depth` is how many objects and
    /// arrays may still be inside each other, so the frame's own object is the one with [`MAX_DEPTH`].
    fn object(&mut self, depth: u32) -> Result<u32> {
        let inner = depth.checked_sub(1).ok_or(NotDecoded::Unsupported)?;
        let is_root = depth == MAX_DEPTH;
        let stacked = self.stack.len();
        let mut node = NodeId::ROOT;
        let mut byte = self.next()?;
        while byte != b'}' {
            if byte != b'"' {
                return Err(NotDecoded::Unsupported);
            }
            let key = self.raw()?;
            if key.is_escaped {
                return Err(NotDecoded::Unsupported);
            }
            let slot = self.shapes.key(node, key.bytes).ok_or(NotDecoded::UnknownShape)?;
            if self.next()? != b':' {
                return Err(NotDecoded::Unsupported);
            }
            let first = self.next()?;
            let member = if first == b'"' && is_name_key(key.bytes) {
                self.name(slot, key.bytes, is_root)?
            } else {
                Member::Value(self.value(first, inner)?)
            };
            node = match member {
                Member::Constant(node) => node,
                Member::Value(value) => {
                    if is_root {
                        self.check_head(key.bytes, value)?;
                    }
                    if value.tag != Tag::Null {
                        self.stack.push(value.word);
                    }
                    self.shapes.tag(slot, value.tag).ok_or(NotDecoded::UnknownShape)?
                }
            };
            byte = self.separator(b'}')?;
        }
        let ShapeId(shape) = self.shapes.shape(node).ok_or(NotDecoded::UnknownShape)?;
        self.row(shape, stacked)
    }

    /// Notes the frame's `reply_to`. Refuses a `reply_to` that is no small integer, and a `type` or `subtype` that is no
    /// [constant](is_constant): the session reads those.
    fn check_head(&mut self, key: &[u8], Value { tag, word }: Value) -> Result<()> {
        match (key, tag) {
            (b"reply_to", Tag::Integer) => self.head.reply_to = Some(word),
            (b"reply_to" | b"type" | b"subtype", _) => return Err(NotDecoded::Unsupported),
            _ => {}
        }
        Ok(())
    }

    /// The bytes between two members or elements: returns the first byte of the next one, or `end`.
    fn separator(&mut self, end: u8) -> Result<u8> {
        match self.next()? {
            b',' => match self.next()? {
                byte if byte == end => Err(NotDecoded::Unsupported),
                byte => Ok(byte),
            },
            byte if byte == end => Ok(end),
            _ => Err(NotDecoded::Unsupported),
        }
    }

    /// The rest of an array whose first bracket was read; returns the position of its row.
    fn array(&mut self, depth: u32) -> Result<u32> {
        let inner = depth.checked_sub(1).ok_or(NotDecoded::Unsupported)?;
        let stacked = self.stack.len();
        let mut byte = self.next()?;
        while byte != b']' {
            let Value { tag, word } = self.value(byte, inner)?;
            self.stack.extend([tag as u32, word]);
            byte = self.separator(b']')?;
        }
        let length = to_word((self.stack.len() - stacked) / 2);
        self.row(length, stacked)
    }

    /// The rest of a value whose first byte was read.
    fn value(&mut self, first: u8, depth: u32) -> Result<Value> {
        let (tag, word) = match first {
            b'"' => {
                let raw = self.raw()?;
                (Tag::Text, self.text(&raw)?)
            }
            b'{' => (Tag::Object, self.object(depth)?),
            b'[' => (Tag::Array, self.array(depth)?),
            b't' => {
                self.expect(b"rue")?;
                (Tag::Boolean, 1)
            }
            b'f' => {
                self.expect(b"alse")?;
                (Tag::Boolean, 0)
            }
            b'n' => {
                self.expect(b"ull")?;
                (Tag::Null, 0)
            }
            _ => return self.number(),
        };
        Ok(Value { tag, word })
    }

    /// The rest of a string at a key that may have a constant; its first quote was read.
    fn name(&mut self, slot: SlotId, key: &[u8], is_root: bool) -> Result<Member> {
        let raw = self.raw()?;
        if !raw.is_plain_ascii() || !is_constant(raw.bytes.len()) {
            return Ok(Member::Value(Value { tag: Tag::Text, word: self.text(&raw)? }));
        }
        if is_root && key == b"type" {
            if !self.demand.includes(raw.bytes) {
                return Err(NotDecoded::NoDemand);
            }
            self.head.event_type = Some(raw.range);
        } else if is_root {
            self.head.subtype = Some(raw.range);
        }
        self.shapes.constant(slot, raw.bytes).map(Member::Constant).ok_or(NotDecoded::UnknownShape)
    }

    /// The rest of a number whose first byte was read.
    fn number(&mut self) -> Result<Value> {
        let start = self.at - 1;
        let is_part = |byte: &&u8| matches!(byte, b'0'..=b'9' | b'+' | b'-' | b'.' | b'e' | b'E');
        self.at += self.frame[self.at..].iter().take_while(is_part).count();
        let text = std::str::from_utf8(&self.frame[start..self.at]).map_err(|_| NotDecoded::Unsupported)?;
        let is_natural =
            text.bytes().all(|byte| byte.is_ascii_digit()) && (text.len() == 1 || !text.starts_with('0'));
        if is_natural && let Ok(word) = text.parse() {
            return Ok(Value { tag: Tag::Integer, word });
        }
        // serde_json knows the grammar. It refuses numbers that are too large for a double.
        let number: f64 = serde_json::from_str(text).map_err(|_| NotDecoded::Unsupported)?;
        let word = self.position()?;
        let bits = number.to_bits();
        #[expect(clippy::cast_possible_truncation, reason = "the lower half, then the upper half")]
        self.records.words.extend([bits as u32, (bits >> 32) as u32]);
        Ok(Value { tag: Tag::Number, word })
    }

    /// Adds a string to the record's texts; returns its word.
    fn text(&mut self, raw: &Raw<'_>) -> Result<u32> {
        if raw.bytes.is_empty() {
            return Ok(EMPTY_TEXT);
        }
        let Position { latin1, utf16, long_ranges, .. } = self.start;
        if raw.bytes.len() > text::MAX_SHORT {
            let range = transcode(&mut self.records.long, raw, None)?;
            self.records.long_ranges.push(range);
            return Ok(long_word(self.records.long_ranges.len() - 1 - long_ranges));
        }
        Ok(match transcode(&mut self.records.short, raw, Some(&self.start))? {
            TextRange::Latin1(range) => latin1_word(range.start - latin1, range.len()),
            TextRange::Utf16(range) => utf16_word(range.start - utf16, range.len()),
        })
    }
}

#[cfg(test)]
mod tests;
