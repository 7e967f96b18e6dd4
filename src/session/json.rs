//! Reading JSON as `JSON.parse` reads it, without decoding values that are not needed.
//!
//! `JSON.parse` accepts lone surrogates in escapes, numbers of any size, any depth and duplicate keys, of which the
//! last one counts. `serde_json` is stricter for strings that it decodes, so keys are read as bytes and values stay
//! raw.

use std::borrow::Borrow;
use std::collections::HashMap;
use std::fmt;

use serde::de::{Deserialize, Deserializer, IgnoredAny, Visitor};
use serde_json::value::RawValue;

/// Rejects control characters in keys, as `JSON.parse` does. `serde_json` does not check a key that is read as bytes,
/// but it checks everything that it skips.
pub(super) fn check_keys(text: &str) -> Result<(), serde_json::Error> {
    // Compact JSON has no control character anywhere. The smallest byte is found faster than the first one that is
    // small enough.
    let has_control = text.bytes().min().is_some_and(|smallest| smallest < b' ');
    if has_control { serde_json::from_str::<IgnoredAny>(text).map(drop) } else { Ok(()) }
}

/// The members of a JSON object by name. The values are raw JSON. Of duplicate keys, the last one counts.
#[derive(Default)]
pub(super) struct Members<'a>(HashMap<Key, &'a RawValue>);

impl<'a> Members<'a> {
    /// Reads an object. `None` if the text is not a JSON object.
    pub(super) fn of(json: &'a [u8]) -> Option<Self> {
        let text = std::str::from_utf8(json).ok()?;
        check_keys(text).ok()?;
        serde_json::from_str(text).ok().map(Members)
    }

    /// The raw value of a member.
    pub(super) fn get(&self, name: &str) -> Option<&'a RawValue> {
        self.0.get(name.as_bytes()).copied()
    }

    /// The value of a member that is a string. `None` if it is missing, not a string, or not valid Unicode.
    pub(super) fn string(&self, name: &str) -> Option<String> {
        serde_json::from_str(self.get(name)?.get()).ok()
    }

    /// The value of a member that is an object. `None` if it is missing or not an object.
    pub(super) fn object(&self, name: &str) -> Option<Members<'a>> {
        Members::of(self.get(name)?.get().as_bytes())
    }
}

/// A member's name. Bytes, because it may contain a lone surrogate.
#[derive(PartialEq, Eq, Hash)]
struct Key(Vec<u8>);

impl Borrow<[u8]> for Key {
    fn borrow(&self) -> &[u8] {
        &self.0
    }
}

impl<'de> Deserialize<'de> for Key {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct KeyVisitor;

        impl Visitor<'_> for KeyVisitor {
            type Value = Key;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("a key")
            }

            fn visit_bytes<E>(self, key: &[u8]) -> Result<Key, E> {
                Ok(Key(key.to_vec()))
            }
        }

        deserializer.deserialize_bytes(KeyVisitor)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn members_are_read_leniently() {
        let json = br#"{"a":"x","a":"y","\ud800":1e999,"deep":{"b":"z"},"n":5,"lone":"\ud800"}"#;
        let members = Members::of(json).unwrap();
        assert_eq!(members.string("a").as_deref(), Some("y"), "the last of duplicate keys");
        assert_eq!(members.object("deep").and_then(|deep| deep.string("b")).as_deref(), Some("z"));
        assert_eq!(
            (members.string("n"), members.string("lone"), members.string("missing")),
            (None, None, None)
        );
        assert!(members.object("a").is_none());
    }

    #[test]
    fn only_an_object_has_members() {
        for json in [&b"[]"[..], b"null", b"", b"{", b"{\"a\nb\":1}", b"\xff"] {
            assert!(Members::of(json).is_none());
        }
    }
}
