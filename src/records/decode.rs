//! Reads frames into records, and looks up their heads on the way. Owns the reading; the form is
//! [`records`](super::format)'s, and what is not read here is left to `serde_json` and `JSON.parse`.
//!
//! A frame that is read to its end is JSON. One that is not may be JSON too: of a shape that is not known, or something
//! that a record cannot hold exactly (`__proto__`, duplicate keys, great depth or size), or with a key, a `type` or a
//! `reply_to` out of the ordinary.
//!
//! An own reader, since it reads what it needs in one pass and decodes strings to where they are to stand: see
//! docs/performance.md for what serde's gave.

use std::ops::Range;

use encoding_rs::mem;

use super::format::{
    EMPTY, LATIN_PAGE, LONGEST_SHORT, Long, MOST_WORDS, Record, Records, Texts, WIDE_PAGE, latin_word,
    long_word, wide_word, word,
};
use super::shapes::{ROOT, Shapes, Slot, Tag, is_constant, is_name};
use crate::session::{FrameField, FrameHead, MessageId};

/// Longer frames are not read.
const LONGEST_FRAME: usize = 64 * 1024;

/// Objects and arrays within one another.
const DEEPEST: u32 = 64;

/// Why a frame was not read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Unread {
    /// An object in it has a shape that is not known.
    UnknownShape,
    /// It is not worth it.
    Worthless,
    /// All else.
    Unfit,
}

type Result<T> = std::result::Result<T, Unread>;

/// Reads a frame into a record; gives what is known of it, and the record's number. The stack is
/// room to work in. `is_worthwhile` is asked once its `type` is known.
pub(crate) fn read(
    frame: &[u8],
    shapes: &Shapes,
    (records, stack): (&mut Records, &mut Vec<u32>),
    is_worthwhile: impl Fn(&[u8]) -> bool,
) -> Result<(FrameHead, usize)> {
    if frame.len() > LONGEST_FRAME || std::str::from_utf8(frame).is_err() {
        return Err(Unread::Unfit);
    }
    let start = records.start();
    stack.clear();
    let head = FrameHead::default();
    let mut reader = Reader { frame, at: 0, shapes, records, start: &start, stack, head, is_worthwhile };
    match reader.root() {
        Ok(root) => {
            let head = reader.head;
            Ok((head, records.finish(root, &start)))
        }
        Err(reason) => {
            records.truncate(&start);
            Err(reason)
        }
    }
}

struct Reader<'a, W> {
    frame: &'a [u8],
    /// The next byte of it.
    at: usize,
    shapes: &'a Shapes,
    records: &'a mut Records,
    start: &'a Record,
    /// The words of the objects and arrays that are being read.
    stack: &'a mut Vec<u32>,
    head: FrameHead,
    is_worthwhile: W,
}

/// A string as it stands in the frame, between the quotes.
struct Raw<'a> {
    bytes: &'a [u8],
    range: Range<usize>,
    is_escaped: bool,
    is_ascii: bool,
}

impl Raw<'_> {
    fn is_constant(&self) -> bool {
        !self.is_escaped && self.is_ascii && is_constant(self.bytes.len())
    }
}

impl<'a, W: Fn(&[u8]) -> bool> Reader<'a, W> {
    fn root(&mut self) -> Result<u32> {
        if self.next()? != b'{' {
            return Err(Unread::Unfit);
        }
        let root = self.object(DEEPEST)?;
        match self.next() {
            Ok(_) => Err(Unread::Unfit),
            Err(_) => Ok(root),
        }
    }

    /// The next byte that is no space.
    fn next(&mut self) -> Result<u8> {
        loop {
            let byte = *self.frame.get(self.at).ok_or(Unread::Unfit)?;
            self.at += 1;
            if !matches!(byte, b' ' | b'\n' | b'\r' | b'\t') {
                return Ok(byte);
            }
        }
    }

    fn expect(&mut self, rest: &[u8]) -> Result<()> {
        let is_there = self.frame[self.at..].starts_with(rest);
        self.at += rest.len();
        if is_there { Ok(()) } else { Err(Unread::Unfit) }
    }

    /// A string, of which the first quote is read.
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
                _ => return Err(Unread::Unfit),
            }
            is_escaped = true;
        }
        let range = start..self.at;
        self.at += 1;
        Ok(Raw { bytes: &self.frame[range.clone()], range, is_escaped, is_ascii })
    }

    /// Where the next word stands in the record.
    fn here(&self) -> Result<u32> {
        let words = self.records.words.len() - self.start.words.start;
        if words > MOST_WORDS { Err(Unread::Unfit) } else { Ok(word(words)) }
    }

    /// The words on the stack become a row behind this one.
    fn row(&mut self, first: u32, stacked: usize) -> Result<u32> {
        let at = self.here()?;
        if self.stack.len() - stacked > MOST_WORDS {
            return Err(Unread::Unfit);
        }
        self.records.words.push(first);
        self.records.words.extend_from_slice(&self.stack[stacked..]);
        self.stack.truncate(stacked);
        Ok(at)
    }

    /// An object, of which the first brace is read; gives where it stands.
    fn object(&mut self, depth: u32) -> Result<u32> {
        let inner = depth.checked_sub(1).ok_or(Unread::Unfit)?;
        let stacked = self.stack.len();
        let mut node = ROOT;
        let mut byte = self.next()?;
        while byte != b'}' {
            if byte != b'"' {
                return Err(Unread::Unfit);
            }
            let key = self.raw()?;
            if key.is_escaped {
                return Err(Unread::Unfit);
            }
            let slot = self.shapes.key(node, key.bytes).ok_or(Unread::UnknownShape)?;
            if self.next()? != b':' {
                return Err(Unread::Unfit);
            }
            let first = self.next()?;
            let (tag, word) = if first == b'"' && is_name(key.bytes) {
                self.name(slot, key.bytes, depth == DEEPEST)?
            } else {
                self.value(first, inner)?
            };
            if depth == DEEPEST {
                self.note(key.bytes, tag, word)?;
            }
            if tag == Tag::Constant {
                node = word;
            } else {
                node = self.shapes.tag(slot, tag).ok_or(Unread::UnknownShape)?;
                if tag != Tag::Null {
                    self.stack.push(word);
                }
            }
            byte = self.comma(b'}')?;
        }
        let shape = self.shapes.shape(node).ok_or(Unread::UnknownShape)?;
        self.row(shape, stacked)
    }

    /// What the frame's own object tells of its head, but for its names. Whatever is out of the ordinary is not read.
    fn note(&mut self, key: &[u8], tag: Tag, word: u32) -> Result<()> {
        match (key, tag) {
            (b"reply_to", Tag::Integer) => self.head.reply_to = Some(MessageId(u64::from(word))),
            (b"reply_to", _) => return Err(Unread::Unfit),
            (b"type" | b"subtype", tag) if tag != Tag::Constant => return Err(Unread::Unfit),
            _ => {}
        }
        Ok(())
    }

    /// What follows a member: the first byte of the next one, or the end.
    fn comma(&mut self, end: u8) -> Result<u8> {
        match self.next()? {
            b',' => match self.next()? {
                byte if byte == end => Err(Unread::Unfit),
                byte => Ok(byte),
            },
            byte if byte == end => Ok(end),
            _ => Err(Unread::Unfit),
        }
    }

    /// An array, of which the first bracket is read; gives where it stands.
    fn array(&mut self, depth: u32) -> Result<u32> {
        let inner = depth.checked_sub(1).ok_or(Unread::Unfit)?;
        let stacked = self.stack.len();
        let mut byte = self.next()?;
        while byte != b']' {
            let (tag, word) = self.value(byte, inner)?;
            self.stack.extend([tag as u32, word]);
            byte = self.comma(b']')?;
        }
        let length = word((self.stack.len() - stacked) / 2);
        self.row(length, stacked)
    }

    /// A value, of which the first byte is read.
    fn value(&mut self, first: u8, depth: u32) -> Result<(Tag, u32)> {
        Ok(match first {
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
            _ => self.number()?,
        })
    }

    /// A string that may be part of the shape; of a constant, the word is the node that it leads to.
    fn name(&mut self, slot: Slot, key: &[u8], is_head: bool) -> Result<(Tag, u32)> {
        let raw = self.raw()?;
        if !raw.is_constant() {
            return Ok((Tag::Text, self.text(&raw)?));
        }
        if is_head && key == b"type" {
            if !(self.is_worthwhile)(raw.bytes) {
                return Err(Unread::Worthless);
            }
            self.head.event_type = FrameField::At(raw.range.clone());
        } else if is_head {
            self.head.subtype = FrameField::At(raw.range.clone());
        }
        let node = self.shapes.constant(slot, raw.bytes).ok_or(Unread::UnknownShape)?;
        Ok((Tag::Constant, node))
    }

    /// A number, of which the first byte is read.
    fn number(&mut self) -> Result<(Tag, u32)> {
        let start = self.at - 1;
        let is_part = |byte: &&u8| matches!(byte, b'0'..=b'9' | b'+' | b'-' | b'.' | b'e' | b'E');
        self.at += self.frame[self.at..].iter().take_while(is_part).count();
        let text = std::str::from_utf8(&self.frame[start..self.at]).map_err(|_| Unread::Unfit)?;
        let is_natural =
            text.bytes().all(|byte| byte.is_ascii_digit()) && (text.len() == 1 || !text.starts_with('0'));
        if is_natural && let Ok(word) = text.parse() {
            return Ok((Tag::Integer, word));
        }
        // The grammar is serde's affair; what is beyond any range it refuses.
        let number: f64 = serde_json::from_str(text).map_err(|_| Unread::Unfit)?;
        let at = self.here()?;
        let bits = number.to_bits();
        #[expect(clippy::cast_possible_truncation, reason = "the two halves")]
        self.records.words.extend([bits as u32, (bits >> 32) as u32]);
        Ok((Tag::Number, at))
    }

    fn text(&mut self, raw: &Raw<'_>) -> Result<u32> {
        if raw.bytes.is_empty() {
            return Ok(EMPTY);
        }
        let Record { latin, wide, longs, .. } = self.start;
        if raw.bytes.len() > LONGEST_SHORT {
            let long = decode(&mut self.records.long, raw, None)?;
            self.records.longs.push(long);
            return Ok(long_word(self.records.longs.len() - 1 - longs.start));
        }
        Ok(match decode(&mut self.records.short, raw, Some((latin.start, wide.start)))? {
            Long::Latin(range) => latin_word(range.start - latin.start, range.len()),
            Long::Wide(range) => wide_word(range.start - wide.start, range.len()),
        })
    }
}

/// How many bytes of a string there are before the next `"`, `\` or control character, and whether all of them are
/// ASCII: eight at a time.
fn plain(bytes: &[u8]) -> (usize, bool) {
    const ONES: u64 = u64::MAX / 255;
    const HIGH: u64 = ONES << 7;
    // The lowest bit that is set is that of the first byte that is less.
    let less = |word: u64, bound: u8| word.wrapping_sub(ONES * u64::from(bound)) & !word & HIGH;
    let mut high = 0;
    let mut chunks = bytes.chunks_exact(8);
    for (number, chunk) in chunks.by_ref().enumerate() {
        let word = u64::from_le_bytes(chunk.try_into().expect("eight bytes"));
        let quotes = less(word ^ (ONES * u64::from(b'"')), 1);
        let escapes = less(word ^ (ONES * u64::from(b'\\')), 1);
        let found = quotes | escapes | less(word, b' ');
        if found != 0 {
            let below = found & found.wrapping_neg();
            high |= word & HIGH & below.wrapping_sub(1);
            return (8 * number + found.trailing_zeros() as usize / 8, high == 0);
        }
        high |= word & HIGH;
    }
    let rest = chunks.remainder();
    let length = rest.iter().position(|byte| matches!(byte, b'"' | b'\\' | ..b' ')).unwrap_or(rest.len());
    (bytes.len() - rest.len() + length, high == 0 && rest[..length].is_ascii())
}

/// Appends a string to the texts; `bases` tells where the record's short ones begin, if it is to be one of them.
fn decode(texts: &mut Texts, raw: &Raw<'_>, bases: Option<(usize, usize)>) -> Result<Long> {
    let Texts { latin, wide } = texts;
    let most = raw.bytes.len();
    let start = bases.map_or(latin.len(), |(base, _)| page(latin, base, most, LATIN_PAGE));
    if raw.is_ascii && !raw.is_escaped {
        latin.extend_from_slice(raw.bytes);
        return Ok(Long::Latin(start..latin.len()));
    }
    let mut parts = Parts(raw.bytes);
    let mut next = parts.next()?;
    while let Some(part) = &next {
        match part {
            Part::Plain(bytes) if raw.is_ascii => latin.extend_from_slice(bytes),
            Part::Plain(bytes) if mem::is_utf8_latin1(bytes) => push_latin(latin, bytes),
            Part::Unit(unit @ ..0x100) => latin.push(unit.to_le_bytes()[0]),
            Part::Plain(_) | Part::Unit(_) => break,
        }
        next = parts.next()?;
    }
    if next.is_none() {
        return Ok(Long::Latin(start..latin.len()));
    }
    // The rest needs UTF-16, so what was read gets it too.
    let wide_start = bases.map_or(wide.len(), |(_, base)| page(wide, base, most, WIDE_PAGE));
    wide.extend(latin.drain(start..).map(u16::from));
    while let Some(part) = next {
        match part {
            Part::Plain(bytes) if raw.is_ascii => wide.extend(bytes.iter().map(|byte| u16::from(*byte))),
            Part::Plain(bytes) => push_wide(wide, bytes),
            Part::Unit(unit) => wide.push(unit),
        }
        next = parts.next()?;
    }
    Ok(Long::Wide(wide_start..wide.len()))
}

/// A part of a string: as it stands there, or what an escape means.
enum Part<'a> {
    Plain(&'a [u8]),
    Unit(u16),
}

/// What is left of a string.
struct Parts<'a>(&'a [u8]);

impl<'a> Parts<'a> {
    fn next(&mut self) -> Result<Option<Part<'a>>> {
        if self.0.first().is_none_or(|first| *first != b'\\') {
            let (part, rest) = self.0.split_at(plain(self.0).0);
            self.0 = rest;
            return Ok((!part.is_empty()).then_some(Part::Plain(part)));
        }
        let (unit, length) = match self.0.get(1).ok_or(Unread::Unfit)? {
            b'u' => (unit(self.0.get(2..6).ok_or(Unread::Unfit)?)?, 6),
            b'b' => (8, 2),
            b't' => (9, 2),
            b'n' => (10, 2),
            b'f' => (12, 2),
            b'r' => (13, 2),
            byte @ (b'"' | b'\\' | b'/') => (u16::from(*byte), 2),
            _ => return Err(Unread::Unfit),
        };
        self.0 = &self.0[length..];
        Ok(Some(Part::Unit(unit)))
    }
}

/// Four hexadecimal digits.
fn unit(digits: &[u8]) -> Result<u16> {
    digits.iter().try_fold(0, |unit, digit| {
        let digit = char::from(*digit).to_digit(16).ok_or(Unread::Unfit)?;
        Ok(unit << 4 | u16::try_from(digit).expect("below 16"))
    })
}

fn push_latin(latin: &mut Vec<u8>, bytes: &[u8]) {
    let start = latin.len();
    latin.resize(start + bytes.len(), 0);
    let length = mem::convert_utf8_to_latin1_lossy(bytes, &mut latin[start..]);
    latin.truncate(start + length);
}

fn push_wide(wide: &mut Vec<u16>, bytes: &[u8]) {
    let start = wide.len();
    // A unit more than there are bytes is what the conversion asks for.
    wide.resize(start + bytes.len() + 1, 0);
    let length = mem::convert_utf8_to_utf16(bytes, &mut wide[start..]);
    wide.truncate(start + length);
}

/// Where a text of at most this length begins: on the record's next page if it might lie across two.
fn page<T: Copy + Default>(texts: &mut Vec<T>, base: usize, length: usize, page: usize) -> usize {
    let at = texts.len() - base;
    if at % page + length > page {
        texts.resize(base + at.next_multiple_of(page), T::default());
    }
    texts.len()
}

#[cfg(test)]
mod tests;
