//! The shapes of objects: which keys, in which order, with what at each. Owns the table of those that are known, which
//! is bounded; what it is used for is [`records`](super::format)'s affair.
//!
//! A shape is admitted when it is seen for the second time, so that objects that come once (maps keyed by ids) leave
//! nothing behind. When the table is full it begins anew. Shapes are found by walking a tree, a step for a key and one
//! for what stands there.

use std::collections::BTreeMap;
use std::hash::{BuildHasher, BuildHasherDefault, DefaultHasher};

use napi_derive::napi;
use serde::de::{DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};

/// The table begins anew when it has so many shapes.
const MOST_SHAPES: usize = 1024;

/// Or so many nodes.
const MOST_NODES: usize = 16 * 1024;

/// A shape has no more keys.
const MOST_KEYS: usize = 256;

/// Nor more bytes in all of them: with longer ones, the table would be bounded in number only.
const MOST_KEY_BYTES: usize = 2048;

/// The longest string that is part of a shape.
const LONGEST_CONSTANT: usize = 32;

/// So many shapes that were seen once are remembered.
const REMEMBERED: usize = 4096;

/// What stands at a key of a shape, or in an array; each is one word, but for `Null` and `Constant`, which need none.
#[napi]
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Tag {
    /// A string; word: see `records`.
    Text,
    /// A whole number; word: itself.
    Integer,
    /// Any other number; word: where the two words of its 64 bits stand, the lower ones first.
    Number,
    /// Word: 0 or 1.
    Boolean,
    /// `null`
    Null,
    /// Word: where the object stands.
    Object,
    /// Word: where the array stands.
    Array,
    /// A string that is part of the shape.
    Constant,
}

/// So many tags lead to a node of their own; each constant leads to one more.
const TAGS: usize = 7;

/// What a shape has at a key.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum Content {
    /// Anything of this kind.
    Any(Tag),
    /// This string.
    Constant(String),
}

/// A place in the tree: the keys so far, and what stands there.
pub(crate) type Node = u32;

/// A node, and one more key.
pub(crate) type Slot = u32;

/// The place where no key was read.
pub(crate) const ROOT: Node = 0;

#[derive(Debug, Default)]
struct Place {
    shape: Option<u32>,
    /// In order.
    keys: Vec<(Box<str>, Slot)>,
}

#[derive(Debug, Default)]
struct Choice {
    by_tag: [Option<Node>; TAGS],
    /// In order.
    constants: Vec<(Box<str>, Node)>,
}

/// The shapes that are known.
pub(crate) struct Shapes {
    places: Vec<Place>,
    choices: Vec<Choice>,
    /// Of each shape: its definition, as JSON.
    definitions: BTreeMap<u32, String>,
    first: u32,
    next: u32,
    /// The hashes of shapes that were seen once, each in its place.
    seen: Box<[u64]>,
}

impl Default for Shapes {
    fn default() -> Self {
        Self {
            places: vec![Place::default()],
            choices: Vec::new(),
            definitions: BTreeMap::new(),
            first: 0,
            next: 0,
            seen: vec![0; REMEMBERED].into(),
        }
    }
}

impl Shapes {
    /// The step from a node by a key.
    pub(crate) fn key(&self, node: Node, key: &[u8]) -> Option<Slot> {
        find(&self.places[node as usize].keys, key)
    }

    /// The step from a slot by what stands there.
    pub(crate) fn tag(&self, slot: Slot, tag: Tag) -> Option<Node> {
        self.choices[slot as usize].by_tag[tag as usize]
    }

    /// The step from a slot by a string that is part of the shape.
    pub(crate) fn constant(&self, slot: Slot, text: &[u8]) -> Option<Node> {
        find(&self.choices[slot as usize].constants, text)
    }

    /// The shape that ends at a node.
    pub(crate) fn shape(&self, node: Node) -> Option<u32> {
        self.places[node as usize].shape
    }

    /// The first shape of the table as it is now. Numbers are never used again.
    pub(crate) fn first(&self) -> u32 {
        self.first
    }

    /// What a shape is, as JSON: key, tag and constant (or `null`) in turn.
    pub(crate) fn definition(&self, shape: u32) -> Option<&str> {
        self.definitions.get(&shape).map(String::as_str)
    }

    /// Nobody asks for shapes before this one any longer.
    pub(crate) fn forget_before(&mut self, shape: u32) {
        if self.definitions.first_key_value().is_some_and(|(first, _)| *first < shape) {
            self.definitions = self.definitions.split_off(&shape);
        }
    }

    /// A frame was seen that has objects of shapes which are not known.
    pub(crate) fn learn(&mut self, frame: &[u8]) {
        // What cannot be read to the end here is learnt as far as it goes.
        let _ = serde_json::Deserializer::from_slice(frame)
            .deserialize_any(Sketch { shapes: self, is_name: false });
    }

    /// An object was seen. The second time its shape is admitted, if objects of it can be made exactly.
    fn see(&mut self, object: &[(String, Content)]) {
        let hash = BuildHasherDefault::<DefaultHasher>::default().hash_one(object) | 1;
        let place = &mut self.seen[usize::try_from(hash >> 1).unwrap_or(usize::MAX) % REMEMBERED];
        if *place != hash {
            *place = hash;
        } else if is_exact(object) {
            self.admit(object);
        }
    }

    fn admit(&mut self, object: &[(String, Content)]) {
        if self.places.len() + object.len() > MOST_NODES || (self.next - self.first) as usize >= MOST_SHAPES {
            self.places = vec![Place::default()];
            self.choices = Vec::new();
            self.first = self.next;
        }
        let mut node = ROOT;
        for (key, content) in object {
            let slot = self.slot(node, key);
            node = self.node(slot, content);
        }
        if self.places[node as usize].shape.is_none() {
            self.places[node as usize].shape = Some(self.next);
            self.definitions.insert(self.next, definition(object));
            self.next += 1;
        }
    }

    fn slot(&mut self, node: Node, key: &str) -> Slot {
        let keys = &mut self.places[node as usize].keys;
        match search(keys, key.as_bytes()) {
            Ok(at) => keys[at].1,
            Err(at) => {
                let slot = index(self.choices.len());
                keys.insert(at, (key.into(), slot));
                self.choices.push(Choice::default());
                slot
            }
        }
    }

    fn node(&mut self, slot: Slot, content: &Content) -> Node {
        let node = index(self.places.len());
        let choice = &mut self.choices[slot as usize];
        let known = match content {
            Content::Any(tag) => *choice.by_tag[*tag as usize].get_or_insert(node),
            Content::Constant(text) => match search(&choice.constants, text.as_bytes()) {
                Ok(at) => choice.constants[at].1,
                Err(at) => {
                    choice.constants.insert(at, (text.as_str().into(), node));
                    node
                }
            },
        };
        if known == node {
            self.places.push(Place::default());
        }
        known
    }
}

fn search(list: &[(Box<str>, u32)], name: &[u8]) -> Result<usize, usize> {
    list.binary_search_by(|(known, _)| known.as_bytes().cmp(name))
}

fn find(list: &[(Box<str>, u32)], name: &[u8]) -> Option<u32> {
    match list {
        [(known, step)] => is_same(known.as_bytes(), name).then_some(*step),
        list => search(list, name).ok().map(|at| list[at].1),
    }
}

/// Whether two names are the same; faster than `==`, which is a call of a function for the few bytes of a key.
fn is_same(one: &[u8], other: &[u8]) -> bool {
    fn ends<const N: usize>(name: &[u8]) -> Option<([u8; N], [u8; N])> {
        Some((*name.first_chunk()?, *name.last_chunk()?))
    }
    one.len() == other.len()
        && match one.len() {
            8..=16 => ends::<8>(one) == ends::<8>(other),
            4..8 => ends::<4>(one) == ends::<4>(other),
            2..4 => ends::<2>(one) == ends::<2>(other),
            _ => one == other,
        }
}

fn index(length: usize) -> u32 {
    u32::try_from(length).expect("the table is bounded")
}

/// Whether an object literal with these keys is what `JSON.parse` makes of them, and not too long to keep.
fn is_exact(object: &[(String, Content)]) -> bool {
    let mut keys: Vec<&str> = object.iter().map(|(key, _)| key.as_str()).collect();
    keys.sort_unstable();
    keys.len() <= MOST_KEYS
        && keys.iter().map(|key| key.len()).sum::<usize>() <= MOST_KEY_BYTES
        && !keys.contains(&"__proto__")
        && keys.windows(2).all(|pair| pair[0] != pair[1])
}

fn definition(object: &[(String, Content)]) -> String {
    let parts: Vec<(&str, u8, Option<&str>)> = object
        .iter()
        .map(|(key, content)| match content {
            Content::Any(tag) => (key.as_str(), *tag as u8, None),
            Content::Constant(text) => (key.as_str(), Tag::Constant as u8, Some(text.as_str())),
        })
        .collect();
    serde_json::to_string(&parts).expect("text and numbers")
}

/// Whether the strings at a key are few, and so part of the shape.
pub(crate) fn is_name(key: &[u8]) -> bool {
    matches!(key, b"type" | b"subtype")
}

/// Whether a string of ASCII may be part of a shape.
pub(crate) fn is_constant(length: usize) -> bool {
    (1..=LONGEST_CONSTANT).contains(&length)
}

/// Shows each object of a frame to the table of shapes; gives what it is itself.
struct Sketch<'a> {
    shapes: &'a mut Shapes,
    is_name: bool,
}

impl<'de> DeserializeSeed<'de> for Sketch<'_> {
    type Value = Content;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Content, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Sketch<'_> {
    type Value = Content;

    fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("JSON")
    }

    fn visit_unit<E>(self) -> Result<Content, E> {
        Ok(Content::Any(Tag::Null))
    }

    fn visit_bool<E>(self, _: bool) -> Result<Content, E> {
        Ok(Content::Any(Tag::Boolean))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Content, E> {
        Ok(Content::Any(if u32::try_from(value).is_ok() { Tag::Integer } else { Tag::Number }))
    }

    fn visit_i64<E>(self, _: i64) -> Result<Content, E> {
        Ok(Content::Any(Tag::Number))
    }

    fn visit_f64<E>(self, _: f64) -> Result<Content, E> {
        Ok(Content::Any(Tag::Number))
    }

    /// A string with escapes, which the reader takes for no constant.
    fn visit_str<E>(self, _: &str) -> Result<Content, E> {
        Ok(Content::Any(Tag::Text))
    }

    fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Content, E> {
        let is_constant = self.is_name && text.is_ascii() && is_constant(text.len());
        Ok(if is_constant { Content::Constant(text.to_owned()) } else { Content::Any(Tag::Text) })
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut elements: A) -> Result<Content, A::Error> {
        while elements.next_element_seed(Sketch { shapes: self.shapes, is_name: false })?.is_some() {}
        Ok(Content::Any(Tag::Array))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Content, A::Error> {
        let mut object = Vec::new();
        while let Some(key) = map.next_key::<String>()? {
            let is_name = is_name(key.as_bytes());
            object.push((key, map.next_value_seed(Sketch { shapes: self.shapes, is_name })?));
        }
        self.shapes.see(&object);
        Ok(Content::Any(Tag::Object))
    }
}
#[cfg(test)]
mod tests {
    use super::*;

    fn keyed(keys: &[&str]) -> Vec<(String, Content)> {
        keys.iter().map(|key| ((*key).to_owned(), Content::Any(Tag::Text))).collect()
    }

    fn shape_of(shapes: &Shapes, keys: &[&str]) -> Option<u32> {
        let node =
            keys.iter().try_fold(ROOT, |node, key| shapes.tag(shapes.key(node, key.as_bytes())?, Tag::Text));
        shapes.shape(node?)
    }

    #[test]
    fn a_shape_is_admitted_at_second_sight() {
        let mut shapes = Shapes::default();
        shapes.see(&keyed(&["a", "b"]));
        assert_eq!(shape_of(&shapes, &["a", "b"]), None);
        shapes.see(&keyed(&["a", "b"]));
        assert_eq!(shape_of(&shapes, &["a", "b"]), Some(0));
        assert_eq!(shape_of(&shapes, &["a"]), None);
        assert_eq!(shapes.definition(0), Some(r#"[["a",0,null],["b",0,null]]"#));
    }

    #[test]
    fn what_a_literal_cannot_say_is_never_admitted() {
        let mut shapes = Shapes::default();
        for keys in [&["__proto__"][..], &["a", "b", "a"]] {
            (0..3).for_each(|_| shapes.see(&keyed(keys)));
            assert_eq!(shape_of(&shapes, keys), None);
        }
    }

    #[test]
    fn what_has_keys_without_end_is_never_admitted() {
        let mut shapes = Shapes::default();
        let fits = "k".repeat(MOST_KEY_BYTES - 1);
        let longer = "k".repeat(MOST_KEY_BYTES);
        for (first, is_admitted) in [(fits.as_str(), true), (longer.as_str(), false)] {
            (0..3).for_each(|_| shapes.see(&keyed(&[first, "a"])));
            assert_eq!(shape_of(&shapes, &[first, "a"]).is_some(), is_admitted, "{}", first.len());
        }
    }

    #[test]
    fn the_table_is_bounded_and_begins_anew() {
        let mut shapes = Shapes::default();
        let name = |number: u32| number.to_string();
        for number in 0..10 * u32::try_from(MOST_SHAPES).unwrap() {
            let key = name(number);
            (0..2).for_each(|_| shapes.see(&keyed(&[key.as_str()])));
            assert_eq!(shape_of(&shapes, &[key.as_str()]), Some(number));
            assert!(shapes.places.len() <= MOST_NODES && shapes.choices.len() <= MOST_NODES);
            assert!((shapes.next - shapes.first) as usize <= MOST_SHAPES);
        }
        assert!(shapes.definition(0).is_some(), "somebody may still ask");
        shapes.forget_before(shapes.first());
        assert!(shapes.definition(0).is_none() && shapes.definition(shapes.first()).is_some());
    }
}
