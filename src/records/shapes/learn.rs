//! Finds the shapes of all objects in a frame, by way of serde.

use serde::de::{DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};

use super::super::format::Tag;
use super::{Content, Member, is_constant, is_name_key};

/// Calls `see` with the members of each object in the frame, inner objects first.
pub(super) fn learn(frame: &[u8], mut see: impl FnMut(&[Member])) {
    // If the frame cannot be read to its end, the objects up to there are learnt. No record is made of such a frame anyway.
    let _ = serde_json::Deserializer::from_slice(frame)
        .deserialize_any(ContentSeed { see: &mut see, is_name: false });
}

/// Reads a value: its place in a shape. Calls `see` for each object in it.
struct ContentSeed<'a, F> {
    see: &'a mut F,
    /// Whether the value is at a key that may have a constant.
    is_name: bool,
}

impl<'de, F: FnMut(&[Member])> DeserializeSeed<'de> for ContentSeed<'_, F> {
    type Value = Content;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Content, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de, F: FnMut(&[Member])> Visitor<'de> for ContentSeed<'_, F> {
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

    /// A string with escapes, which the decoder does not treat as a constant.
    fn visit_str<E>(self, _: &str) -> Result<Content, E> {
        Ok(Content::Any(Tag::Text))
    }

    fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Content, E> {
        let is_constant = self.is_name && text.is_ascii() && is_constant(text.len());
        Ok(if is_constant { Content::Constant(text.to_owned()) } else { Content::Any(Tag::Text) })
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut elements: A) -> Result<Content, A::Error> {
        while elements.next_element_seed(ContentSeed { see: &mut *self.see, is_name: false })?.is_some() {}
        Ok(Content::Any(Tag::Array))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Content, A::Error> {
        let mut object = Vec::new();
        while let Some(key) = map.next_key::<String>()? {
            let is_name = is_name_key(key.as_bytes());
            let content = map.next_value_seed(ContentSeed { see: &mut *self.see, is_name })?;
            object.push(Member { key, content });
        }
        (self.see)(&object);
        Ok(Content::Any(Tag::Object))
    }
}
