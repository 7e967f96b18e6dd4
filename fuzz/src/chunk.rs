//! Reads chunks by the layout that `src/records/format.rs` describes, and checks everything that the layout promises. It
//! shares only the numbers of the layout with the product.

use std::collections::BTreeSet;
use std::rc::Rc;

use slack_rtm_native::fuzzing::{Chunk, MAX_DEPTH, RECORD_FORMAT as FORMAT, Text};

use crate::json::{self, Value};

const LATIN1_PAGE: usize = 1 << FORMAT.text.latin1_page_shift;
const UTF16_PAGE: usize = 1 << FORMAT.text.utf16_page_shift;

const TEXT: u32 = FORMAT.tag.text;
const INTEGER: u32 = FORMAT.tag.integer;
const NUMBER: u32 = FORMAT.tag.number;
const BOOLEAN: u32 = FORMAT.tag.boolean;
const NULL: u32 = FORMAT.tag.null;
const OBJECT: u32 = FORMAT.tag.object;
const ARRAY: u32 = FORMAT.tag.array;
const CONSTANT: u32 = FORMAT.tag.constant;

const LATIN1_TEXT: u32 = FORMAT.text.latin1;
const UTF16_TEXT: u32 = FORMAT.text.utf16;
const LONG_TEXT: u32 = FORMAT.text.long;

/// An item of a chunk.
#[derive(Debug, PartialEq)]
pub struct Item<'a> {
    pub client: u32,
    pub kind: u32,
    pub call: u32,
    pub payload: Payload<'a>,
}

#[derive(Debug, PartialEq)]
pub enum Payload<'a> {
    /// An element of the chunk's JSON array: the text between the commas.
    Json(&'a str),
    Record(Value),
}

/// The content of a chunk.
#[derive(Debug)]
pub struct Content<'a> {
    pub items: Vec<Item<'a>>,
    /// The size of the header and of all items but the last.
    pub bytes_before_last: usize,
}

/// The keys of objects, each with the tag of its value, and the value if it is a constant.
#[derive(Debug, PartialEq)]
pub struct Shape(Vec<Member>);

#[derive(Debug, PartialEq)]
struct Member {
    key: Vec<u16>,
    tag: u32,
    constant: Option<Value>,
}

/// Reads a chunk. `shape` returns the shape with a number.
pub fn read<'a>(chunk: &'a Chunk, shape: &mut dyn FnMut(u32) -> Rc<Shape>) -> Content<'a> {
    let header = FORMAT.header;
    let [end, utf16, long] =
        [header.end, header.utf16, header.long].map(|position| chunk.words[position as usize] as usize);
    let Text::Utf8(json) = &chunk.strings[0] else { panic!("the first string is not the JSON") };
    let mut elements = if json.is_empty() { Vec::new() } else { json::elements(json) }.into_iter();
    let mut strings = Strings::new(&chunk.strings, utf16, long);
    let words = &chunk.words[..end];
    let mut items = Vec::new();
    let (mut at, mut json_bytes, mut bytes_before_last) = (header.words as usize, 0, 0);
    while at < end {
        bytes_before_last = size_of::<u32>() * at + json_bytes + strings.bytes_used();
        let format = FORMAT.item;
        let word = |position: u32| words[at + position as usize];
        let [client, kind, call, length] =
            [format.client, format.kind, format.call, format.record_words].map(word);
        let payload = if length == 0 {
            let text = elements.next().expect("an item without a record has an element of the JSON");
            json_bytes += text.len() + 1;
            at += format.words as usize;
            Payload::Json(text)
        } else {
            let [root, latin1, utf16, long] =
                [format.root, format.latin1, format.utf16, format.long].map(word);
            at += format.words_with_record as usize;
            let row = &words[at..at + length as usize];
            at += row.len();
            strings.begin(latin1 as usize, utf16 as usize, long as usize);
            let mut record =
                Record { words: row, used: vec![false; row.len()], strings: &mut strings, shape };
            let value = record.object(root, 1);
            assert!(record.used.iter().all(|used| *used), "a word of the record is not used");
            Payload::Record(value)
        };
        items.push(Item { client, kind, call, payload });
    }
    assert_eq!(at, end, "the last item does not end at the end of the chunk");
    assert_eq!(elements.next(), None, "an element of the JSON belongs to no item");
    strings.end();
    Content { items, bytes_before_last }
}

/// The strings behind the JSON, and how much of them the records so far have used.
struct Strings<'a> {
    latin1: &'a [Text],
    utf16: &'a [Text],
    long: &'a [Text],
    latin1_start: usize,
    utf16_start: usize,
    long_start: usize,
    latin1_used: usize,
    utf16_used: usize,
    long_used: BTreeSet<usize>,
}

impl<'a> Strings<'a> {
    fn new(all: &'a [Text], utf16: usize, long: usize) -> Self {
        let strings = Self {
            latin1: &all[FORMAT.first_latin1_page as usize..utf16],
            utf16: &all[utf16..long],
            long: &all[long..],
            latin1_start: 0,
            utf16_start: 0,
            long_start: 0,
            latin1_used: 0,
            utf16_used: 0,
            long_used: BTreeSet::new(),
        };
        check_pages(strings.latin1.iter().map(latin1_page), LATIN1_PAGE);
        check_pages(strings.utf16.iter().map(utf16_page), UTF16_PAGE);
        strings
    }

    /// Sets the start of a record's texts.
    fn begin(&mut self, latin1: usize, utf16: usize, long: usize) {
        assert!(latin1 >= self.latin1_used && utf16 >= self.utf16_used, "texts of the record before");
        assert_eq!(long, self.long_used.len(), "long texts of another record");
        (self.latin1_start, self.utf16_start, self.long_start) = (latin1, utf16, long);
    }

    fn end(&self) {
        assert_eq!(self.long_used.len(), self.long.len(), "a long text belongs to no record");
        let length: usize = self.latin1.iter().map(|page| latin1_page(page).len()).sum();
        let is_used = self.latin1_used <= length && length - self.latin1_used < LATIN1_PAGE;
        assert!(is_used, "a Latin-1 page belongs to no record");
        let length: usize = self.utf16.iter().map(|page| utf16_page(page).len()).sum();
        let is_used = self.utf16_used <= length && length - self.utf16_used < UTF16_PAGE;
        assert!(is_used, "a UTF-16 page belongs to no record");
    }

    fn bytes_used(&self) -> usize {
        let long = |at: &usize| match &self.long[*at] {
            Text::Utf8(text) => text.len(),
            Text::Latin1(bytes) => bytes.len(),
            Text::Utf16(units) => 2 * units.len(),
        };
        self.latin1_used + 2 * self.utf16_used + self.long_used.iter().map(long).sum::<usize>()
    }

    /// The text of a word.
    fn text(&mut self, word: u32) -> Vec<u16> {
        let kind = word >> FORMAT.text.kind_shift;
        let index = word & ((1 << FORMAT.text.kind_shift) - 1);
        let start = (index >> FORMAT.text.start_shift) as usize;
        let length = (index & ((1 << FORMAT.text.start_shift) - 1)) as usize;
        match kind {
            LATIN1_TEXT => {
                let start = self.latin1_start + start;
                self.latin1_used = self.latin1_used.max(start + length);
                let page = latin1_page(&self.latin1[start / LATIN1_PAGE]);
                substring(page, start % LATIN1_PAGE, length).iter().map(|byte| u16::from(*byte)).collect()
            }
            UTF16_TEXT => {
                let start = self.utf16_start + start;
                self.utf16_used = self.utf16_used.max(start + length);
                substring(utf16_page(&self.utf16[start / UTF16_PAGE]), start % UTF16_PAGE, length).to_vec()
            }
            LONG_TEXT => {
                let at = self.long_start + index as usize;
                assert!(self.long_used.insert(at), "a long text is used twice");
                match &self.long[at] {
                    Text::Latin1(bytes) => bytes.iter().map(|byte| u16::from(*byte)).collect(),
                    Text::Utf16(units) => units.clone(),
                    Text::Utf8(_) => panic!("a long text is UTF-8"),
                }
            }
            _ => {
                assert_eq!(
                    (kind, index),
                    (FORMAT.text.empty, 0),
                    "there is only one word for the empty text"
                );
                Vec::new()
            }
        }
    }
}

fn check_pages<'a, T: 'a>(pages: impl ExactSizeIterator<Item = &'a [T]>, size: usize) {
    let last = pages.len().saturating_sub(1);
    for (number, page) in pages.enumerate() {
        let is_right = if number < last { page.len() == size } else { (1..=size).contains(&page.len()) };
        assert!(is_right, "page {number} of {} has {} units", last + 1, page.len());
    }
}

fn latin1_page(text: &Text) -> &[u8] {
    let Text::Latin1(bytes) = text else { panic!("not a page of Latin-1: {text:?}") };
    bytes
}

fn utf16_page(text: &Text) -> &[u16] {
    let Text::Utf16(units) = text else { panic!("not a page of UTF-16: {text:?}") };
    units
}

/// A short text, which must be within one page.
fn substring<T>(page: &[T], start: usize, length: usize) -> &[T] {
    assert!(length > 0, "the empty text has its own kind");
    page.get(start..start + length).expect("a short text is within one page")
}

struct Record<'r, 'a> {
    words: &'r [u32],
    /// For each word, whether it was read.
    used: Vec<bool>,
    strings: &'r mut Strings<'a>,
    shape: &'r mut dyn FnMut(u32) -> Rc<Shape>,
}

impl Record<'_, '_> {
    /// Reads a word, for the first and only time.
    fn word(&mut self, at: usize) -> u32 {
        assert!(!std::mem::replace(&mut self.used[at], true), "a word is used twice");
        self.words[at]
    }

    fn object(&mut self, at: u32, depth: usize) -> Value {
        assert!(depth <= MAX_DEPTH as usize, "too deep");
        let mut at = at as usize;
        let shape = self.word(at);
        let shape = (self.shape)(shape);
        let member = |Member { key, tag, constant }: &Member| {
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
        assert!(depth <= MAX_DEPTH as usize, "too deep");
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
                assert!(word < 2, "not a boolean: {word}");
                Value::Boolean(word == 1)
            }
            NULL => Value::Null,
            OBJECT => self.object(word, depth + 1),
            ARRAY => self.array(word, depth + 1),
            other => panic!("unknown tag: {other}"),
        }
    }
}

impl Shape {
    /// Reads the definition of a shape.
    pub fn read(definition: &str) -> Self {
        let Some(Value::Array(parts)) = json::value(definition) else {
            panic!("not a definition: {definition}")
        };
        let mut shape = Self(Vec::new());
        for part in parts {
            let Value::Array(part) = part else { panic!("not a member: {part:?}") };
            let Ok([Value::Text(key), Value::Number(tag), constant]) = <[Value; 3]>::try_from(part) else {
                panic!("not a key, a tag and a constant: {definition}")
            };
            assert!(shape.0.iter().all(|member| member.key != key), "a key comes twice");
            assert!(
                !key.iter().copied().eq("__proto__".encode_utf16()),
                "in an object literal, this key sets the prototype"
            );
            let tag = f64::from_bits(tag) as u32;
            let constant = match (tag, constant) {
                (CONSTANT, text @ Value::Text(_)) => Some(text),
                (TEXT..=ARRAY, Value::Null) => None,
                (tag, constant) => panic!("the tag {tag} with {constant:?}"),
            };
            shape.0.push(Member { key, tag, constant });
        }
        shape
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A chunk with two items: one has the payload `1`, and one has a record with one text. The numbers of the layout are
    /// written out, so that this test notices when they change.
    fn chunk(word: u32, latin1: &str, utf16: &str) -> Chunk {
        let mut strings = vec![Text::Utf8("[1]".to_owned())];
        strings.extend((!latin1.is_empty()).then(|| Text::Latin1(latin1.into())));
        let utf16_start = strings.len();
        strings.extend((!utf16.is_empty()).then(|| Text::Utf16(utf16.encode_utf16().collect())));
        let starts = [utf16_start, strings.len()].map(|start| u32::try_from(start).unwrap());
        let words =
            [vec![17], starts.to_vec(), vec![7, 1, 2, 0], vec![7, 0, 0, 2, 0, 0, 0, 0, 5, word]].concat();
        Chunk { words, strings }
    }

    fn read_one(chunk: &Chunk) -> Value {
        let mut content = read(chunk, &mut |shape| {
            assert_eq!(shape, 5);
            Rc::new(Shape::read(r#"[["type",7,"message"],["text",0,null],["none",4,null]]"#))
        });
        assert_eq!(content.items[0], Item { client: 7, kind: 1, call: 2, payload: Payload::Json("1") });
        let Some(Item { payload: Payload::Record(value), .. }) = content.items.pop() else { panic!() };
        value
    }

    #[test]
    fn an_item_with_json_and_one_with_a_record() {
        let read = |word, latin1, utf16| read_one(&chunk(word, latin1, utf16));
        let expected = |text| {
            let text = format!(r#"{{"type":"message","text":"{text}","none":null}}"#);
            json::value(&text).unwrap()
        };
        assert_eq!(read(1 << 10 | 2, "xyz", ""), expected("yz"));
        assert_eq!(read(1 << 30 | 1 << 10 | 1, "", "x€z"), expected("€"));
        assert_eq!(read(3 << 30, "", ""), expected(""));
    }

    #[test]
    fn a_text_that_breaks_the_layout_panics() {
        let broken = [(1 << 10 | 3, "xyz"), (2 << 30, ""), (3 << 30 | 1, ""), (0, "x"), (1, "")];
        for (word, latin1) in broken {
            let chunk = chunk(word, latin1, "");
            assert!(std::panic::catch_unwind(|| read_one(&chunk)).is_err(), "{word:x}");
        }
    }
}
