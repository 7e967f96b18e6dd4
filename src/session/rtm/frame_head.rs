//! Reading the head of an RTM frame: whether the frame is JSON, its `type`, its `subtype` and its `reply_to`.
//!
//! A frame is JSON if `JSON.parse` accepts it (see [`json`](crate::session::json)).

use std::borrow::Cow;
use std::fmt;

use bytes::Bytes;
use serde::de::{Deserialize, DeserializeSeed, Deserializer, IgnoredAny, MapAccess, Visitor};
use serde_json::value::RawValue;

use crate::session::frame::{Frame, FrameField, FrameHead, InvalidJson};
use crate::session::ids::MessageId;
use crate::session::json::check_keys;

impl Frame {
    /// Reads the head of a frame. The frame has no token.
    pub fn read(data: impl Into<Bytes>) -> Self {
        let data = data.into();
        Self { head: FrameHead::read(&data), data, token: None }
    }
}

impl FrameHead {
    /// Looks up the fields of a frame. A frame that is JSON but not an object has none of them.
    ///
    /// # Errors
    /// The payload is not UTF-8, or `JSON.parse` would reject it.
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
                Key::Type => head.event_type = map.next_value_seed(FieldSeed { text: self.text })?,
                Key::Subtype => head.subtype = map.next_value_seed(FieldSeed { text: self.text })?,
                Key::ReplyTo => head.reply_to = map.next_value::<ReplyTo>()?.0,
                Key::Other => {
                    map.next_value::<IgnoredAny>()?;
                }
            }
        }
        Ok(head)
    }
}

/// The key of a member. It is read as bytes, because it may contain a lone surrogate.
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

/// Reads a [`FrameField`]. `text` is the whole frame: the position of a string in it is needed.
struct FieldSeed<'a> {
    text: &'a str,
}

impl<'de> DeserializeSeed<'de> for FieldSeed<'de> {
    type Value = FrameField;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<FrameField, D::Error> {
        let raw = <&RawValue>::deserialize(deserializer)?.get();
        let Some(inner) = raw.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')) else {
            return Ok(FrameField::NotText);
        };
        if !inner.contains('\\') {
            let start = inner.as_ptr() as usize - self.text.as_ptr() as usize;
            return Ok(FrameField::At(start..start + inner.len()));
        }
        Ok(serde_json::from_str::<Cow<'_, str>>(raw)
            .map_or(FrameField::NotText, |text| FrameField::Decoded(text.into_owned().into_boxed_str())))
    }
}

/// A `reply_to` that is a whole number. As in JavaScript, `5.0` is 5. `None` for any other value.
struct ReplyTo(Option<MessageId>);

impl<'de> Deserialize<'de> for ReplyTo {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let raw = <&RawValue>::deserialize(deserializer)?.get();
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

    fn fields(frame: &str) -> (Option<String>, Option<String>, Option<u64>) {
        let head = FrameHead::read(frame.as_bytes()).unwrap();
        let text = |field: &FrameField| field.text(frame.as_bytes()).map(str::to_owned);
        (text(&head.event_type), text(&head.subtype), head.reply_to.map(|id| id.0))
    }

    #[test]
    fn the_fields_are_found_anywhere_in_the_frame() {
        assert_eq!(
            fields(
                r#"{"client_msg_id":"x","type":"message","a":{"type":"inner"},"subtype":"bot_message","reply_to":12}"#
            ),
            (Some("message".to_owned()), Some("bot_message".to_owned()), Some(12))
        );
        assert_eq!(fields(" \n{} "), (None, None, None));
    }

    #[test]
    fn the_last_of_duplicate_keys_counts() {
        assert_eq!(
            fields(r#"{"type":"a","type":"b","reply_to":1,"reply_to":2}"#),
            (Some("b".to_owned()), None, Some(2))
        );
        assert_eq!(fields(r#"{"type":"a","type":7}"#).0, None);
    }

    #[test]
    fn escapes_in_keys_and_fields() {
        assert_eq!(fields(r#"{"ty\u0070e":"he\u006clo"}"#).0, Some("hello".to_owned()));
        assert_eq!(fields(r#"{"\ud800":1,"type":"x"}"#).0, Some("x".to_owned()));
        let frame = r#"{"type":"\ud800","subtype":null}"#;
        let head = FrameHead::read(frame.as_bytes()).unwrap();
        assert_eq!((head.event_type, head.subtype), (FrameField::NotText, FrameField::NotText));
    }

    #[test]
    fn reply_to_is_a_whole_number_of_javascript() {
        assert_eq!(fields(r#"{"reply_to":8589934592}"#).2, Some(8_589_934_592));
        assert_eq!(fields(r#"{"reply_to":5.0}"#).2, Some(5));
        for other in ["-1", "1.5", "\"1\"", "null", "{}", "1e400"] {
            assert_eq!(fields(&format!("{{\"reply_to\":{other}}}")).2, None, "{other}");
        }
    }

    #[test]
    fn everything_that_json_parse_accepts_is_accepted() {
        let deep = "[".repeat(100_000) + &"]".repeat(100_000);
        for frame in ["null", "5", "-0", "1e999", "\"\\ud800\"", "[1,{}]", deep.as_str()] {
            assert_eq!(FrameHead::read(frame.as_bytes()), Ok(FrameHead::default()));
        }
        fields(&format!("{{\"deep\":{deep},\"n\":123456789012345678901234567890e999}}"));
    }

    #[test]
    fn everything_that_json_parse_rejects_is_rejected() {
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
