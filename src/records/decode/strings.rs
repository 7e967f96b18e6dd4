//! Strings of JSON: where they end, and their text in Latin-1 or UTF-16.

use std::ops::Range;

use encoding_rs::mem;

use super::super::buffer::{Position, TextRange, Texts};
use super::super::format::text::{LATIN1_PAGE, UTF16_PAGE};
use super::{NotDecoded, Result};

/// A string as it is in the frame, between the quotes.
pub(super) struct Raw<'a> {
    pub(super) bytes: &'a [u8],
    /// The position of the bytes in the frame.
    pub(super) range: Range<usize>,
    pub(super) is_escaped: bool,
    pub(super) is_ascii: bool,
}

impl Raw<'_> {
    /// Whether the string is its own text, in ASCII.
    pub(super) fn is_plain_ascii(&self) -> bool {
        !self.is_escaped && self.is_ascii
    }
}

/// The number of bytes before the next `"`, `\` or control character, and whether they all are ASCII.
pub(super) fn plain(bytes: &[u8]) -> (usize, bool) {
    // Eight bytes at a time: https://graphics.stanford.edu/~seander/bithacks.html#HasLessInWord
    const ONES: u64 = u64::MAX / 255;
    const HIGH: u64 = ONES << 7;
    // The lowest bit that is set belongs to the first byte that is less than `bound`.
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

/// Appends the text of a string, in Latin-1 if possible and else in UTF-16. `record` is the start of the record whose pages
/// the text is put on; without it, the text may have any length and is put on no page.
pub(super) fn transcode(texts: &mut Texts, raw: &Raw<'_>, record: Option<&Position>) -> Result<TextRange> {
    let Texts { latin1, utf16 } = texts;
    // A text has at most as many units as the string has bytes.
    let most = raw.bytes.len();
    let start = record.map_or(latin1.len(), |record| pad(latin1, record.latin1, most, LATIN1_PAGE));
    if raw.is_plain_ascii() {
        latin1.extend_from_slice(raw.bytes);
        return Ok(TextRange::Latin1(start..latin1.len()));
    }
    let mut parts = Parts(raw.bytes);
    let mut next = parts.next()?;
    while let Some(part) = &next {
        match part {
            Part::Plain(bytes) if raw.is_ascii => latin1.extend_from_slice(bytes),
            Part::Plain(bytes) if mem::is_utf8_latin1(bytes) => push_latin1(latin1, bytes),
            Part::Unit(unit @ ..0x100) => latin1.push(unit.to_le_bytes()[0]),
            Part::Plain(_) | Part::Unit(_) => break,
        }
        next = parts.next()?;
    }
    if next.is_none() {
        return Ok(TextRange::Latin1(start..latin1.len()));
    }
    // The next part needs UTF-16, so the parts before it are moved there.
    let utf16_start = record.map_or(utf16.len(), |record| pad(utf16, record.utf16, most, UTF16_PAGE));
    utf16.extend(latin1.drain(start..).map(u16::from));
    while let Some(part) = next {
        match part {
            Part::Plain(bytes) if raw.is_ascii => utf16.extend(bytes.iter().map(|byte| u16::from(*byte))),
            Part::Plain(bytes) => push_utf16(utf16, bytes),
            Part::Unit(unit) => utf16.push(unit),
        }
        next = parts.next()?;
    }
    Ok(TextRange::Utf16(utf16_start..utf16.len()))
}

/// A part of a string.
enum Part<'a> {
    /// UTF-8 without escapes.
    Plain(&'a [u8]),
    /// The UTF-16 unit that an escape stands for.
    Unit(u16),
}

/// The rest of a string.
struct Parts<'a>(&'a [u8]);

impl<'a> Parts<'a> {
    fn next(&mut self) -> Result<Option<Part<'a>>> {
        if self.0.first().is_none_or(|first| *first != b'\\') {
            let (part, rest) = self.0.split_at(plain(self.0).0);
            self.0 = rest;
            return Ok((!part.is_empty()).then_some(Part::Plain(part)));
        }
        let (unit, length) = match self.0.get(1).ok_or(NotDecoded::Unsupported)? {
            b'u' => (unit(self.0.get(2..6).ok_or(NotDecoded::Unsupported)?)?, 6),
            b'b' => (8, 2),
            b't' => (9, 2),
            b'n' => (10, 2),
            b'f' => (12, 2),
            b'r' => (13, 2),
            byte @ (b'"' | b'\\' | b'/') => (u16::from(*byte), 2),
            _ => return Err(NotDecoded::Unsupported),
        };
        self.0 = &self.0[length..];
        Ok(Some(Part::Unit(unit)))
    }
}

/// The value of four hexadecimal digits.
fn unit(digits: &[u8]) -> Result<u16> {
    digits.iter().try_fold(0, |unit, digit| {
        let digit = char::from(*digit).to_digit(16).ok_or(NotDecoded::Unsupported)?;
        Ok(unit << 4 | u16::try_from(digit).expect("less than 16"))
    })
}

fn push_latin1(latin1: &mut Vec<u8>, bytes: &[u8]) {
    let start = latin1.len();
    latin1.resize(start + bytes.len(), 0);
    let length = mem::convert_utf8_to_latin1_lossy(bytes, &mut latin1[start..]);
    latin1.truncate(start + length);
}

fn push_utf16(utf16: &mut Vec<u16>, bytes: &[u8]) {
    let start = utf16.len();
    // The conversion needs room for one unit more than there are bytes.
    utf16.resize(start + bytes.len() + 1, 0);
    let length = mem::convert_utf8_to_utf16(bytes, &mut utf16[start..]);
    utf16.truncate(start + length);
}

/// Fills the current page if a text of `length` units might not fit on it; returns where the text starts. Pages count from
/// `record`, the start of the record's texts.
fn pad<T: Copy + Default>(texts: &mut Vec<T>, record: usize, length: usize, page: usize) -> usize {
    let at = texts.len() - record;
    if at % page + length > page {
        texts.resize(record + at.next_multiple_of(page), T::default());
    }
    texts.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_parts_end_before_quotes_escapes_and_control_characters() {
        for length in 0..20 {
            for special in [b'"', b'\\', b'\0', b'\n', 0x1f] {
                for other in [b' ', b'!', b'#', b'[', b']', 0x7f, 0x80, 0xa2, 0xdc, 0xff] {
                    // The bytes behind it must not matter.
                    let bytes =
                        [&vec![other; length][..], &[special, 0xff, b'"', 0xff, 0, 0xff, 0xff, 0xff, 0xff]];
                    assert_eq!(
                        plain(&bytes.concat()),
                        (length, length == 0 || other.is_ascii()),
                        "{other:x}"
                    );
                }
            }
            assert_eq!(plain(&vec![b'x'; length]), (length, true));
        }
    }
}
