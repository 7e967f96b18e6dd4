//! A reader of chunks. It follows the format that src/binding/drain.rs and src/binding/records.rs document, checks every
//! guarantee of that format, and shares no code with them.

use std::collections::BTreeSet;
use std::rc::Rc;

use slack_rtm_native::fuzzing::{Chunk, Text};

use crate::json::{self, Value};

/// The bytes of a page of Latin-1, and the code units of a page of UTF-16.
const LATIN_PAGE: usize = 4096;
const WIDE_PAGE: usize = 2048;

/// The deepest nesting of objects and arrays in a record. A record that referred to itself would exceed it.
const DEEPEST: usize = 64;

/// The type of a value at a key or in an array (`Tag` in binding.d.ts).
const TEXT: u32 = 0;
const INTEGER: u32 = 1;
const NUMBER: u32 = 2;
const BOOLEAN: u32 = 3;
const NULL: u32 = 4;
const OBJECT: u32 = 5;
const ARRAY: u32 = 6;
const CONSTANT: u32 = 7;

/// An item of a chunk.
#[derive(Debug, PartialEq)]
pub struct Item<'a> {
    pub client: u32,
    pub kind: u8,
    pub call: u32,
    pub payload: Payload<'a>,
}

#[derive(Debug, PartialEq)]
pub enum Payload<'a> {
    /// The text between the commas.
    Text(&'a str),
    Record(Value),
}

/// The contents of a chunk.
#[derive(Debug)]
pub struct Reading<'a> {
    pub items: Vec<Item<'a>>,
    /// The size of all items except the last.
    pub bytes_before_last: usize,
}

/// The members of the objects of a shape: key, tag of the value, and the value itself if it is always the same string.
#[derive(Debug, PartialEq)]
pub struct Shape(Vec<(Vec<u16>, u32, Option<Value>)>);

/// Reads a chunk. `shape` returns the shape with a number.
pub fn read<'a>(chunk: &'a Chunk, shape: &mut dyn FnMut(u32) -> Rc<Shape>) -> Reading<'a> {
    let [end, latin, wide, long] = [0, 1, 2, 3].map(|at| chunk.words[at] as usize);
    assert_eq!(latin, 1, "one string of JSON");
    let Text::Utf8(json) = &chunk.strings[0] else { panic!("the first string is JSON") };
    let mut elements = if json.is_empty() { Vec::new() } else { json::elements(json) }.into_iter();
    let mut strings = Strings::new(&chunk.strings, wide, long);
    let words = &chunk.words[..end];
    let mut items = Vec::new();
    let (mut at, mut json_bytes, mut bytes_before_last) = (4, 0, 0);
    while at < end {
        bytes_before_last = 4 * at + json_bytes + strings.bytes_used();
        let [client, kind, call, length] = words[at..at + 4].try_into().expect("four words");
        at += 4;
        let payload = if length == 0 {
            let text = elements.next().expect("an element of JSON for each item without a record");
            json_bytes += text.len() + 1;
            Payload::Text(text)
        } else {
            let [root, latin, wide, long] = words[at..at + 4].try_into().expect("four words");
            at += 4;
            let row = &words[at..at + length as usize];
            at += row.len();
            strings.begin(latin as usize, wide as usize, long as usize);
            let mut record =
                Record { words: row, used: vec![false; row.len()], strings: &mut strings, shape };
            let value = record.object(root, 1);
            assert!(record.used.iter().all(|used| *used), "unused words in a record");
            Payload::Record(value)
        };
        let kind = u8::try_from(kind).expect("few kinds");
        items.push(Item { client, kind, call, payload });
    }
    assert_eq!(at, end, "the last item ends at the end of the chunk");
    assert_eq!(elements.next(), None, "JSON that belongs to no item");
    strings.end();
    Reading { items, bytes_before_last }
}

/// The strings after the JSON, and how much of each kind the earlier records have used.
struct Strings<'a> {
    latin: &'a [Text],
    wide: &'a [Text],
    long: &'a [Text],
    latin_base: usize,
    wide_base: usize,
    long_base: usize,
    latin_used: usize,
    wide_used: usize,
    long_used: BTreeSet<usize>,
}

impl<'a> Strings<'a> {
    fn new(all: &'a [Text], wide: usize, long: usize) -> Self {
        let strings = Self {
            latin: &all[1..wide],
            wide: &all[wide..long],
            long: &all[long..],
            latin_base: 0,
            wide_base: 0,
            long_base: 0,
            latin_used: 0,
            wide_used: 0,
            long_used: BTreeSet::new(),
        };
        check_pages(strings.latin.iter().map(latin_page), LATIN_PAGE);
        check_pages(strings.wide.iter().map(wide_page), WIDE_PAGE);
        strings
    }

    /// Starts a record, whose texts begin at these positions.
    fn begin(&mut self, latin: usize, wide: usize, long: usize) {
        assert!(
            latin >= self.latin_used && wide >= self.wide_used,
            "texts that belong to the previous record"
        );
        assert_eq!(long, self.long_used.len(), "each record has its own long texts");
        (self.latin_base, self.wide_base, self.long_base) = (latin, wide, long);
    }

    fn end(&self) {
        assert_eq!(self.long_used.len(), self.long.len(), "long texts that belong to no record");
        let length: usize = self.latin.iter().map(|page| latin_page(page).len()).sum();
        assert!(
            self.latin_used <= length && length - self.latin_used < LATIN_PAGE,
            "pages that belong to no record"
        );
        let length: usize = self.wide.iter().map(|page| wide_page(page).len()).sum();
        assert!(
            self.wide_used <= length && length - self.wide_used < WIDE_PAGE,
            "pages that belong to no record"
        );
    }

    fn bytes_used(&self) -> usize {
        let long = |at: &usize| match &self.long[*at] {
            Text::Utf8(text) => text.len(),
            Text::Latin(bytes) => bytes.len(),
            Text::Wide(units) => 2 * units.len(),
        };
        self.latin_used + 2 * self.wide_used + self.long_used.iter().map(long).sum::<usize>()
    }

    /// The text that a word refers to.
    fn text(&mut self, word: u32) -> Vec<u16> {
        let (start, length) = ((word >> 10 & 0xf_ffff) as usize, (word & 0x3ff) as usize);
        match word >> 30 {
            0 => {
                let start = self.latin_base + start;
                self.latin_used = self.latin_used.max(start + length);
                let page = latin_page(&self.latin[start / LATIN_PAGE]);
                cut(page, start % LATIN_PAGE, length).iter().map(|byte| u16::from(*byte)).collect()
            }
            1 => {
                let start = self.wide_base + start;
                self.wide_used = self.wide_used.max(start + length);
                cut(wide_page(&self.wide[start / WIDE_PAGE]), start % WIDE_PAGE, length).to_vec()
            }
            2 => {
                let at = self.long_base + (word & 0x3fff_ffff) as usize;
                assert!(self.long_used.insert(at), "a long text is used once");
                match &self.long[at] {
                    Text::Latin(bytes) => bytes.iter().map(|byte| u16::from(*byte)).collect(),
                    Text::Wide(units) => units.clone(),
                    Text::Utf8(_) => panic!("a long text as JSON"),
                }
            }
            _ => {
                assert_eq!(word, 3 << 30, "the empty text is one word");
                Vec::new()
            }
        }
    }
}

fn check_pages<'a, T: 'a>(pages: impl ExactSizeIterator<Item = &'a [T]>, size: usize) {
    let last = pages.len().saturating_sub(1);
    for (number, page) in pages.enumerate() {
        let is_right = if number < last { page.len() == size } else { (1..=size).contains(&page.len()) };
        assert!(is_right, "page {number} of {} has {}", last + 1, page.len());
    }
}

fn latin_page(text: &Text) -> &[u8] {
    let Text::Latin(bytes) = text else { panic!("a page of Latin-1") };
    bytes
}

fn wide_page(text: &Text) -> &[u16] {
    let Text::Wide(units) = text else { panic!("a page of UTF-16") };
    units
}

/// A short text, which is always within one page.
fn cut<T>(page: &[T], start: usize, length: usize) -> &[T] {
    assert!(length > 0, "a short text is not empty");
    page.get(start..start + length).expect("a short text is within one page")
}

struct Record<'r, 'a> {
    words: &'r [u32],
    /// Which words have been read.
    used: Vec<bool>,
    strings: &'r mut Strings<'a>,
    shape: &'r mut dyn FnMut(u32) -> Rc<Shape>,
}

impl Record<'_, '_> {
    /// Reads a word. Each word is read once.
    fn word(&mut self, at: usize) -> u32 {
        assert!(!std::mem::replace(&mut self.used[at], true), "a word with two meanings");
        self.words[at]
    }

    fn object(&mut self, at: u32, depth: usize) -> Value {
        assert!(depth <= DEEPEST, "too deep");
        let mut at = at as usize;
        let shape = self.word(at);
        let shape = (self.shape)(shape);
        let member = |(key, tag, constant): &(Vec<u16>, u32, Option<Value>)| {
            let value = match constant {
                Some(constant) => constant.clone(),
                None if *tag == NULL => Value::Null,
                None => {
                    at += 1;
                    let word = self.word(at);
                    self.value(*tag, word, depth)
                }
            };
            (key.clone(), value)
        };
        Value::Object(shape.0.iter().map(member).collect())
    }

    fn array(&mut self, at: u32, depth: usize) -> Value {
        assert!(depth <= DEEPEST, "too deep");
        let at = at as usize;
        let length = self.word(at) as usize;
        let elements = (0..length).map(|index| {
            let [tag, word] = [1, 2].map(|place| self.word(at + 2 * index + place));
            self.value(tag, word, depth)
        });
        Value::Array(elements.collect())
    }

    fn value(&mut self, tag: u32, word: u32, depth: usize) -> Value {
        match tag {
            TEXT => Value::Text(self.strings.text(word)),
            INTEGER => Value::Number(f64::from(word).to_bits()),
            NUMBER => {
                let [low, high] = [0, 1].map(|half| u64::from(self.word(word as usize + half)));
                Value::Number(high << 32 | low)
            }
            BOOLEAN => {
                assert!(word < 2, "true or false");
                Value::Boolean(word == 1)
            }
            NULL => Value::Null,
            OBJECT => self.object(word, depth + 1),
            ARRAY => self.array(word, depth + 1),
            other => panic!("unknown tag {other}"),
        }
    }
}

impl Shape {
    /// Reads a shape's definition.
    pub fn read(definition: &str) -> Self {
        let Some(Value::Array(parts)) = json::value(definition) else {
            panic!("invalid shape: {definition}")
        };
        let mut shape = Self(Vec::new());
        for part in parts {
            let Value::Array(part) = part else { panic!("invalid part of a shape: {part:?}") };
            let Ok([Value::Text(key), Value::Number(tag), constant]) = <[Value; 3]>::try_from(part) else {
                panic!("a part of a shape has a key, a tag and a constant")
            };
            assert!(shape.0.iter().all(|(known, ..)| *known != key), "the keys of a shape are unique");
            assert!(
                !key.iter().copied().eq("__proto__".encode_utf16()),
                "an object literal sets the prototype"
            );
            let tag = f64::from_bits(tag) as u32;
            let constant = match (tag, constant) {
                (CONSTANT, text @ Value::Text(_)) => Some(text),
                (TEXT..=ARRAY, Value::Null) => None,
                (tag, constant) => panic!("{tag} with {constant:?}"),
            };
            shape.0.push((key, tag, constant));
        }
        shape
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A chunk with an item whose record has one text.
    fn chunk(word: u32, latin: &str, wide: &str) -> Chunk {
        let mut strings = vec![Text::Utf8("[1]".to_owned())];
        strings.extend((!latin.is_empty()).then(|| Text::Latin(latin.into())));
        let wide_start = strings.len();
        strings.extend((!wide.is_empty()).then(|| Text::Wide(wide.encode_utf16().collect())));
        let starts = [1, wide_start, strings.len()].map(|start| u32::try_from(start).unwrap());
        let words =
            [vec![18], starts.to_vec(), vec![7, 1, 2, 0], vec![7, 0, 0, 2, 0, 0, 0, 0, 5, word]].concat();
        Chunk { words, strings }
    }

    fn read_one(chunk: &Chunk) -> Value {
        let mut reading = read(chunk, &mut |shape| {
            assert_eq!(shape, 5);
            Rc::new(Shape::read(r#"[["type",7,"message"],["text",0,null],["none",4,null]]"#))
        });
        assert_eq!(reading.items[0], Item { client: 7, kind: 1, call: 2, payload: Payload::Text("1") });
        let Some(Item { payload: Payload::Record(value), .. }) = reading.items.pop() else { panic!() };
        value
    }

    #[test]
    fn an_item_with_text_and_one_with_a_record() {
        let read = |word, latin, wide| read_one(&chunk(word, latin, wide));
        let expected = |text| {
            let text = format!(r#"{{"type":"message","text":"{text}","none":null}}"#);
            json::value(&text).unwrap()
        };
        assert_eq!(read(1 << 10 | 2, "xyz", ""), expected("yz"));
        assert_eq!(read(1 << 30 | 1 << 10 | 1, "", "x€z"), expected("€"));
        assert_eq!(read(3 << 30, "", ""), expected(""));
    }

    #[test]
    fn broken_promises() {
        let broken = [(1 << 10 | 3, "xyz"), (2 << 30, ""), (3 << 30 | 1, ""), (0, "x"), (1, "")];
        for (word, latin) in broken {
            let chunk = chunk(word, latin, "");
            assert!(std::panic::catch_unwind(|| read_one(&chunk)).is_err(), "{word:x}");
        }
    }
}
