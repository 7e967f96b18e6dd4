//! What the session needs to know of an incoming frame: whether it is JSON, its `type`, `subtype` and `reply_to`.
//! Owns that look-up and nothing else: the payload itself is never decoded here.
//!
//! "Is JSON" means: `JSON.parse` accepts it. So lone surrogates in escapes, numbers beyond any range, duplicate keys
//! (the last one counts) and great depth are fine.

use std::borrow::Cow;
use std::fmt;
use std::ops::Range;

use super::io::MessageId;
use bytes::Bytes;
use serde::de::{Deserialize, DeserializeSeed, Deserializer, IgnoredAny, MapAccess, Visitor};

/// The value of a frame's `type` or `subtype`.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Name {
    /// The key is not there.
    #[default]
    Absent,
    /// A string that stands in the frame as it is, at this range of bytes.
    At(Range<usize>),
    /// A string that is written with escapes in the frame.
    Decoded(Box<str>),
    /// Something that is no string, or a string that UTF-8 cannot hold.
    Odd,
}

impl Name {
    /// The name as text, where it has one. `data` is the frame that it was read from.
    pub fn text<'a>(&'a self, data: &'a [u8]) -> Option<&'a str> {
        match self {
            Name::At(range) => std::str::from_utf8(data.get(range.clone())?).ok(),
            Name::Decoded(text) => Some(text),
            Name::Absent | Name::Odd => None,
        }
    }
}

/// A frame that has arrived.
#[derive(Debug, Clone)]
pub struct Frame {
    /// The payload.
    pub data: Bytes,
    /// What is known of it.
    pub head: Result<FrameHead, InvalidJson>,
    /// A number by which the host finds the data that it has decoded of the frame. It comes back with the delivery,
    /// unchanged.
    pub token: Option<FrameToken>,
}

/// See [`Frame::token`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FrameToken(pub usize);

impl Frame {
    /// Reads a frame's head.
    pub fn read(data: impl Into<Bytes>) -> Self {
        let data = data.into();
        Self { head: FrameHead::read(&data), data, token: None }
    }
}

/// What is known of a frame without decoding it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct FrameHead {
    /// The `type` key.
    pub kind: Name,
    /// The `subtype` key.
    pub subtype: Name,
    /// The `reply_to` key, where it is a whole number.
    pub reply_to: Option<MessageId>,
}

impl FrameHead {
    /// Looks up the head of a frame.
    ///
    /// # Errors
    /// The frame is not JSON, or not UTF-8; the message tells where.
    pub fn read(data: &[u8]) -> Result<Self, InvalidJson> {
        let text = std::str::from_utf8(data).map_err(|error| InvalidJson(error.to_string()))?;
        check_keys(text).map_err(|error| InvalidJson(error.to_string()))?;
        let mut json = serde_json::Deserializer::from_str(text);
        let is_object = text.trim_ascii_start().starts_with('{');
        let head = if is_object {
            json.deserialize_map(HeadVisitor { text })
        } else {
            IgnoredAny::deserialize(&mut json).map(|_| Self::default())
        };
        head.and_then(|head| json.end().map(|()| head)).map_err(|error| InvalidJson(error.to_string()))
    }
}

/// Refuses control characters in keys. Keys are read as bytes, since they may hold lone surrogates, and what is read as
/// bytes `serde_json` does not look at for them. Of what is skipped it does.
pub(super) fn check_keys(text: &str) -> Result<(), serde_json::Error> {
    // Compact JSON has none anywhere. (The least of all bytes is found faster than the first that is small enough.)
    let has_control = text.bytes().min().is_some_and(|least| least < b' ');
    if has_control { serde_json::from_str::<IgnoredAny>(text).map(drop) } else { Ok(()) }
}

/// A frame that `JSON.parse` would refuse.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct InvalidJson(String);

struct HeadVisitor<'a> {
    text: &'a str,
}

impl<'de> Visitor<'de> for HeadVisitor<'de> {
    type Value = FrameHead;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a JSON object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<FrameHead, A::Error> {
        let mut head = FrameHead::default();
        while let Some(key) = map.next_key()? {
            match key {
                Key::Type => head.kind = map.next_value_seed(NameSeed { text: self.text })?,
                Key::Subtype => head.subtype = map.next_value_seed(NameSeed { text: self.text })?,
                Key::ReplyTo => head.reply_to = map.next_value::<ReplyTo>()?.0,
                Key::Other => {
                    map.next_value::<IgnoredAny>()?;
                }
            }
        }
        Ok(head)
    }
}

/// The keys that the session looks at. Keys are taken as bytes, since a key may hold a lone surrogate.
enum Key {
    Type,
    Subtype,
    ReplyTo,
    Other,
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
                Ok(match key {
                    b"type" => Key::Type,
                    b"subtype" => Key::Subtype,
                    b"reply_to" => Key::ReplyTo,
                    _ => Key::Other,
                })
            }
        }

        deserializer.deserialize_bytes(KeyVisitor)
    }
}

/// Reads a [`Name`]; `text` is the whole frame, to tell where in it a borrowed string stands.
struct NameSeed<'a> {
    text: &'a str,
}

impl<'de> DeserializeSeed<'de> for NameSeed<'de> {
    type Value = Name;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Name, D::Error> {
        let raw = <&serde_json::value::RawValue>::deserialize(deserializer)?.get();
        let Some(inner) = raw.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')) else {
            return Ok(Name::Odd);
        };
        if !inner.contains('\\') {
            let start = inner.as_ptr() as usize - self.text.as_ptr() as usize;
            return Ok(Name::At(start..start + inner.len()));
        }
        Ok(serde_json::from_str::<Cow<'_, str>>(raw)
            .map_or(Name::Odd, |name| Name::Decoded(name.into_owned().into_boxed_str())))
    }
}

/// A `reply_to`: a whole number that JavaScript holds exactly (5.0 is 5 there), or nothing.
struct ReplyTo(Option<MessageId>);

impl<'de> Deserialize<'de> for ReplyTo {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let raw = <&serde_json::value::RawValue>::deserialize(deserializer)?.get();
        let id: Option<u64> = raw.parse().ok().or_else(|| whole(raw.parse().ok()?));
        Ok(Self(id.map(MessageId)))
    }
}

/// A float that is a whole number below 2^53.
fn whole(number: f64) -> Option<u64> {
    let exact = number.fract() == 0.0 && (0.0..9_007_199_254_740_992.0).contains(&number);
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "the range was checked")]
    exact.then_some(number as u64)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(frame: &str) -> (Option<String>, Option<String>, Option<u64>) {
        let head = FrameHead::read(frame.as_bytes()).unwrap();
        let text = |name: &Name| name.text(frame.as_bytes()).map(str::to_owned);
        (text(&head.kind), text(&head.subtype), head.reply_to.map(|id| id.0))
    }

    #[test]
    fn the_three_keys_wherever_they_stand() {
        assert_eq!(
            names(
                r#"{"client_msg_id":"x","type":"message","a":{"type":"inner"},"subtype":"bot_message","reply_to":12}"#
            ),
            (Some("message".to_owned()), Some("bot_message".to_owned()), Some(12))
        );
        assert_eq!(names(" \n{} "), (None, None, None));
    }

    #[test]
    fn the_last_of_duplicate_keys_counts() {
        assert_eq!(
            names(r#"{"type":"a","type":"b","reply_to":1,"reply_to":2}"#),
            (Some("b".to_owned()), None, Some(2))
        );
        assert_eq!(names(r#"{"type":"a","type":7}"#).0, None);
    }

    #[test]
    fn escapes_in_keys_and_names() {
        assert_eq!(names(r#"{"ty\u0070e":"he\u006clo"}"#).0, Some("hello".to_owned()));
        assert_eq!(names(r#"{"\ud800":1,"type":"x"}"#).0, Some("x".to_owned()));
        let frame = r#"{"type":"\ud800","subtype":null}"#;
        let head = FrameHead::read(frame.as_bytes()).unwrap();
        assert_eq!((head.kind, head.subtype), (Name::Odd, Name::Odd));
    }

    #[test]
    fn reply_to_as_javascript_reads_it() {
        assert_eq!(names(r#"{"reply_to":8589934592}"#).2, Some(8_589_934_592));
        assert_eq!(names(r#"{"reply_to":5.0}"#).2, Some(5));
        for odd in ["-1", "1.5", "\"1\"", "null", "{}", "1e400"] {
            assert_eq!(names(&format!("{{\"reply_to\":{odd}}}")).2, None, "{odd}");
        }
    }

    #[test]
    fn whatever_json_parse_accepts() {
        let deep = "[".repeat(100_000) + &"]".repeat(100_000);
        for frame in ["null", "5", "-0", "1e999", "\"\\ud800\"", "[1,{}]", deep.as_str()] {
            assert_eq!(FrameHead::read(frame.as_bytes()), Ok(FrameHead::default()));
        }
        names(&format!("{{\"deep\":{deep},\"n\":123456789012345678901234567890e999}}"));
    }

    #[test]
    fn whatever_json_parse_refuses() {
        for frame in [
            "",
            " ",
            "{",
            "{}x",
            "{'a':1}",
            "nul",
            "01",
            "{\"a\":}",
            "\u{feff}{}",
            "[1,]",
            "\"a\nb\"",
            "{\"a\nb\":1}",
            "[{\"type\": \"x\",\n\"\u{1}\":1}]",
            "{} {}",
        ] {
            assert!(FrameHead::read(frame.as_bytes()).is_err(), "{frame}");
        }
        assert!(FrameHead::read(b"\"\xff\"").is_err());
    }
}
