//! The table of shapes. A shape is the keys of an object, in order, with the kind of each value.
//!
//! A shape enters the table when it is seen for the second time. So an object that comes once (like a map whose keys are ids)
//! leaves nothing behind. The table has a bound; when it is full, it is cleared and fills up again.
//!
//! The table is a tree that the decoder walks while it reads an object: from a *node* (the members so far) by a key to a
//! *slot*, and from a slot by the kind of the value to the next node.
//!
//! ```text
//!  root ──"type"──> slot ──constant "message"──> node ──"text"──> slot ──Text──> node: shape 7
//!                     └────constant "hello"────> node: shape 2
//! ```

mod learn;

use std::collections::BTreeMap;
use std::hash::{BuildHasher, BuildHasherDefault, DefaultHasher};

use super::format::{MAX_SHAPES, Tag};
use learn::learn;

/// The most nodes of the tree, which is then cleared.
const MAX_NODES: usize = 16 * 1024;

/// The most keys of a shape.
const MAX_KEYS: usize = 256;

/// The most bytes of all keys of a shape. Without this bound, few shapes could take any amount of memory.
const MAX_KEY_BYTES: usize = 2048;

/// The longest string that is part of a shape.
const MAX_CONSTANT_BYTES: usize = 32;

/// The number of hashes of shapes that were seen once.
const SEEN_SLOTS: usize = 4096;

/// The id of a shape. Ids increase and are not used again.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct ShapeId(pub(crate) u32);

/// The value of a key in a shape.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum Content {
    /// Any value with this tag.
    Any(Tag),
    /// This string.
    Constant(String),
}

/// A member of an object, as it is part of a shape.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Member {
    key: String,
    content: Content,
}

/// The number of tags that lead to a node: all but [`Tag::Constant`], where each string leads to its own node.
const TAGS: usize = Tag::Constant as usize;

/// A node: the members so far.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct NodeId(u32);

/// A slot: a node and one more key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct SlotId(u32);

impl NodeId {
    /// The node of an object before its first key.
    pub(crate) const ROOT: Self = Self(0);

    fn index(self) -> usize {
        self.0 as usize
    }
}

impl SlotId {
    fn index(self) -> usize {
        self.0 as usize
    }
}

#[derive(Debug, Default)]
struct Node {
    /// The shape of an object that ends here.
    shape: Option<ShapeId>,
    /// Sorted by key.
    keys: Vec<(Box<str>, SlotId)>,
}

#[derive(Debug, Default)]
struct Slot {
    by_tag: [Option<NodeId>; TAGS],
    /// Sorted by string.
    constants: Vec<(Box<str>, NodeId)>,
}

/// The shapes that are known.
pub(crate) struct Shapes {
    nodes: Vec<Node>,
    slots: Vec<Slot>,
    /// The definition of each shape, as JSON.
    definitions: BTreeMap<ShapeId, String>,
    /// The first shape since the table was cleared.
    first: ShapeId,
    /// The id of the next shape.
    next: ShapeId,
    /// The hashes of shapes that were seen once. Two shapes may need the same place: the later one gets it.
    seen: Box<[u64]>,
}

impl Default for Shapes {
    fn default() -> Self {
        Self {
            nodes: vec![Node::default()],
            slots: Vec::new(),
            definitions: BTreeMap::new(),
            first: ShapeId(0),
            next: ShapeId(0),
            seen: vec![0; SEEN_SLOTS].into(),
        }
    }
}

impl Shapes {
    /// The slot of a key at this node.
    pub(crate) fn key(&self, node: NodeId, key: &[u8]) -> Option<SlotId> {
        find(&self.nodes[node.index()].keys, key)
    }

    /// The node behind this slot for a value with this tag.
    pub(crate) fn tag(&self, slot: SlotId, tag: Tag) -> Option<NodeId> {
        self.slots[slot.index()].by_tag[tag as usize]
    }

    /// The node behind this slot for a string that is part of the shape.
    pub(crate) fn constant(&self, slot: SlotId, text: &[u8]) -> Option<NodeId> {
        find(&self.slots[slot.index()].constants, text)
    }

    /// The shape of an object that ends at this node.
    pub(crate) fn shape(&self, node: NodeId) -> Option<ShapeId> {
        self.nodes[node.index()].shape
    }

    /// The first shape since the table was last cleared.
    pub(crate) fn first(&self) -> ShapeId {
        self.first
    }

    /// The definition of a shape, as JSON: `[[key, tag, constant or null], …]`.
    pub(crate) fn definition(&self, shape: ShapeId) -> Option<&str> {
        self.definitions.get(&shape).map(String::as_str)
    }

    /// Drops the definitions of all shapes before this one.
    pub(crate) fn forget_before(&mut self, shape: ShapeId) {
        if self.definitions.first_key_value().is_some_and(|(first, _)| *first < shape) {
            self.definitions = self.definitions.split_off(&shape);
        }
    }

    /// Counts the shapes of all objects in a frame as seen.
    pub(crate) fn learn(&mut self, frame: &[u8]) {
        learn(frame, |object| self.see(object));
    }

    /// Counts a shape as seen. The second time it enters the table, if a record can represent it.
    fn see(&mut self, object: &[Member]) {
        let hash = BuildHasherDefault::<DefaultHasher>::default().hash_one(object) | 1;
        let seen = &mut self.seen[usize::try_from(hash >> 1).unwrap_or(usize::MAX) % SEEN_SLOTS];
        if *seen != hash {
            *seen = hash;
        } else if is_supported(object) {
            self.add(object);
        }
    }

    fn add(&mut self, object: &[Member]) {
        if self.nodes.len() + object.len() > MAX_NODES || self.next.0 - self.first.0 >= MAX_SHAPES {
            self.nodes = vec![Node::default()];
            self.slots = Vec::new();
            self.first = self.next;
        }
        let mut node = NodeId::ROOT;
        for member in object {
            let slot = self.add_slot(node, &member.key);
            node = self.add_node(slot, &member.content);
        }
        if self.nodes[node.index()].shape.is_none() {
            self.nodes[node.index()].shape = Some(self.next);
            self.definitions.insert(self.next, definition(object));
            self.next = ShapeId(self.next.0 + 1);
        }
    }

    /// The slot of a key at this node, which is added if it does not exist.
    fn add_slot(&mut self, node: NodeId, key: &str) -> SlotId {
        let keys = &mut self.nodes[node.index()].keys;
        match search(keys, key.as_bytes()) {
            Ok(at) => keys[at].1,
            Err(at) => {
                let slot = SlotId(next_id(self.slots.len()));
                keys.insert(at, (key.into(), slot));
                self.slots.push(Slot::default());
                slot
            }
        }
    }

    /// The node behind this slot, which is added if it does not exist.
    fn add_node(&mut self, slot: SlotId, content: &Content) -> NodeId {
        let new = NodeId(next_id(self.nodes.len()));
        let slot = &mut self.slots[slot.index()];
        let node = match content {
            Content::Any(tag) => *slot.by_tag[*tag as usize].get_or_insert(new),
            Content::Constant(text) => match search(&slot.constants, text.as_bytes()) {
                Ok(at) => slot.constants[at].1,
                Err(at) => {
                    slot.constants.insert(at, (text.as_str().into(), new));
                    new
                }
            },
        };
        if node == new {
            self.nodes.push(Node::default());
        }
        node
    }
}

fn search<T>(list: &[(Box<str>, T)], name: &[u8]) -> Result<usize, usize> {
    list.binary_search_by(|(known, _)| known.as_bytes().cmp(name))
}

fn find<T: Copy>(list: &[(Box<str>, T)], name: &[u8]) -> Option<T> {
    match list {
        [(known, step)] => is_equal(known.as_bytes(), name).then_some(*step),
        list => search(list, name).ok().map(|at| list[at].1),
    }
}

/// Whether two names are equal. Faster than `==`, which calls `memcmp` for the few bytes of a key.
fn is_equal(one: &[u8], other: &[u8]) -> bool {
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

fn next_id(length: usize) -> u32 {
    u32::try_from(length).expect("the table is bounded")
}

/// Whether an object literal with these keys builds the object that `JSON.parse` builds, and the keys are within the bounds.
fn is_supported(object: &[Member]) -> bool {
    let mut keys: Vec<&str> = object.iter().map(|member| member.key.as_str()).collect();
    keys.sort_unstable();
    keys.len() <= MAX_KEYS
        && keys.iter().map(|key| key.len()).sum::<usize>() <= MAX_KEY_BYTES
        && !keys.contains(&"__proto__")
        && keys.windows(2).all(|pair| pair[0] != pair[1])
}

fn definition(object: &[Member]) -> String {
    let parts: Vec<(&str, u8, Option<&str>)> = object
        .iter()
        .map(|Member { key, content }| match content {
            Content::Any(tag) => (key.as_str(), *tag as u8, None),
            Content::Constant(text) => (key.as_str(), Tag::Constant as u8, Some(text.as_str())),
        })
        .collect();
    serde_json::to_string(&parts).expect("strings and numbers are valid JSON")
}

/// Whether a key has few different strings, so that they may be part of the shape.
pub(crate) fn is_name_key(key: &[u8]) -> bool {
    matches!(key, b"type" | b"subtype")
}

/// Whether a string of ASCII without escapes, of this length, may be part of a shape.
pub(crate) fn is_constant(length: usize) -> bool {
    (1..=MAX_CONSTANT_BYTES).contains(&length)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// An object with these keys, all with texts.
    fn object(keys: &[&str]) -> Vec<Member> {
        let content = Content::Any(Tag::Text);
        keys.iter().map(|key| Member { key: (*key).to_owned(), content: content.clone() }).collect()
    }

    fn shape_of(shapes: &Shapes, keys: &[&str]) -> Option<ShapeId> {
        let node = keys
            .iter()
            .try_fold(NodeId::ROOT, |node, key| shapes.tag(shapes.key(node, key.as_bytes())?, Tag::Text));
        shapes.shape(node?)
    }

    #[test]
    fn a_shape_enters_the_table_when_it_is_seen_for_the_second_time() {
        let mut shapes = Shapes::default();
        shapes.see(&object(&["a", "b"]));
        assert_eq!(shape_of(&shapes, &["a", "b"]), None);
        shapes.see(&object(&["a", "b"]));
        assert_eq!(shape_of(&shapes, &["a", "b"]), Some(ShapeId(0)));
        assert_eq!(shape_of(&shapes, &["a"]), None);
        assert_eq!(shapes.definition(ShapeId(0)), Some(r#"[["a",0,null],["b",0,null]]"#));
    }

    #[test]
    fn a_shape_that_an_object_literal_cannot_build_never_enters_the_table() {
        let mut shapes = Shapes::default();
        for keys in [&["__proto__"][..], &["a", "b", "a"]] {
            (0..3).for_each(|_| shapes.see(&object(keys)));
            assert_eq!(shape_of(&shapes, keys), None);
        }
    }

    #[test]
    fn a_shape_with_very_long_keys_never_enters_the_table() {
        let mut shapes = Shapes::default();
        let fits = "k".repeat(MAX_KEY_BYTES - 1);
        let longer = "k".repeat(MAX_KEY_BYTES);
        for (first, is_added) in [(fits.as_str(), true), (longer.as_str(), false)] {
            (0..3).for_each(|_| shapes.see(&object(&[first, "a"])));
            assert_eq!(shape_of(&shapes, &[first, "a"]).is_some(), is_added, "{}", first.len());
        }
    }

    #[test]
    fn a_full_table_is_cleared() {
        let mut shapes = Shapes::default();
        for number in 0..10 * MAX_SHAPES {
            let key = number.to_string();
            (0..2).for_each(|_| shapes.see(&object(&[key.as_str()])));
            assert_eq!(shape_of(&shapes, &[key.as_str()]), Some(ShapeId(number)));
            assert!(shapes.nodes.len() <= MAX_NODES && shapes.slots.len() <= MAX_NODES);
            assert!(shapes.next.0 - shapes.first.0 <= MAX_SHAPES);
        }
        assert!(shapes.definition(ShapeId(0)).is_some(), "JavaScript may still ask for it");
        shapes.forget_before(shapes.first());
        assert!(shapes.definition(ShapeId(0)).is_none() && shapes.definition(shapes.first()).is_some());
    }
}
