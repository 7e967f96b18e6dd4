//! JSON as `JSON.parse` has it, read by struson, which has nothing in common with the product's serde_json. Two
//! things are settled here, since struson refuses what `JSON.parse` takes: nesting has no bound, numbers have none,
//! and a lone surrogate in an escape stands for itself (the reader sees a [stand-in](STAND_INS) in its place).

use std::borrow::Cow;

use struson::reader::{JsonReader, JsonStreamReader, ReaderError, ReaderSettings, ValueType};

/// One of these, which the text does not hold, stands where a lone surrogate stood.
const STAND_INS: std::ops::RangeInclusive<char> = '\u{fdd0}'..='\u{fdef}';

/// A value as far as it may name an event.
#[derive(Debug, Clone, PartialEq, Default)]
pub enum Name {
    #[default]
    Absent,
    /// A string.
    Text(String),
    /// Something else that JavaScript makes a name of: a number, a boolean, null.
    Other(String),
    /// An object, an array, or a string that UTF-8 cannot hold: none that a listener could have asked for.
    Unheard,
}

/// What is looked at of a frame.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Head {
    pub kind: Name,
    pub subtype: Name,
    pub reply_to: Option<f64>,
}

/// An item of a chunk.
#[derive(Debug, PartialEq)]
pub struct Item<'a> {
    pub client: u32,
    pub kind: u8,
    pub call: u32,
    /// The text between the commas.
    pub payload: &'a str,
}

/// The head of a frame; `None`: it is not JSON.
pub fn head(frame: &[u8]) -> Option<Head> {
    let (text, lone) = with_whole_strings(std::str::from_utf8(frame).ok()?);
    let mut json = reader(&text);
    let mut head = Head::default();
    let result = (|| {
        if json.peek()? == ValueType::Object {
            json.begin_object()?;
            while json.has_next()? {
                match json.next_name()? {
                    "type" => head.kind = name(&mut json, lone)?,
                    "subtype" => head.subtype = name(&mut json, lone)?,
                    "reply_to" => {
                        let is_number = json.peek()? == ValueType::Number;
                        head.reply_to = if is_number { Some(number(&mut json)?) } else { None };
                        if !is_number {
                            json.skip_value()?;
                        }
                    }
                    _ => json.skip_value()?,
                }
            }
            json.end_object()?;
        } else {
            json.skip_value()?;
        }
        json.consume_trailing_whitespace()
    })();
    result.ok().map(|()| head)
}

/// Whether `JSON.parse` takes it.
pub fn is_json(text: &[u8]) -> bool {
    head(text).is_some()
}

/// The items of a chunk.
pub fn items(chunk: &str) -> Vec<Item<'_>> {
    let (text, _) = with_whole_strings(chunk);
    read_items(chunk, &mut reader(&text)).expect("a chunk is an array of items")
}

fn read_items<'a>(chunk: &'a str, json: &mut JsonStreamReader<&[u8]>) -> Result<Vec<Item<'a>>, ReaderError> {
    let mut items = Vec::new();
    json.begin_array()?;
    while json.has_next()? {
        let [client, kind, call] = [number(json)?, number(json)?, number(json)?];
        let start = position(json) + 1;
        json.skip_value()?;
        let end = position(json);
        let behind = chunk[end..].find([',', ']']).expect("the array goes on or ends");
        items.push(Item {
            client: client as u32,
            kind: kind as u8,
            call: call as u32,
            payload: &chunk[start..end + behind],
        });
    }
    json.end_array()?;
    assert_eq!(position(json), chunk.len(), "an array and nothing else");
    Ok(items)
}

fn reader(text: &str) -> JsonStreamReader<&[u8]> {
    let settings = ReaderSettings {
        max_nesting_depth: None,
        restrict_number_values: false,
        track_path: false,
        ..ReaderSettings::default()
    };
    JsonStreamReader::new_custom(text.as_bytes(), settings)
}

fn position(json: &JsonStreamReader<&[u8]>) -> usize {
    json.current_position(false).data_pos.expect("a reader of bytes knows its position") as usize
}

fn name(json: &mut JsonStreamReader<&[u8]>, lone: Option<char>) -> Result<Name, ReaderError> {
    Ok(match json.peek()? {
        ValueType::String => match json.next_string()? {
            text if lone.is_some_and(|lone| text.contains(lone)) => Name::Unheard,
            text => Name::Text(text),
        },
        ValueType::Number => Name::Other(number(json)?.to_string()),
        ValueType::Boolean => Name::Other(json.next_bool()?.to_string()),
        ValueType::Null => {
            json.next_null()?;
            Name::Other("null".to_owned())
        }
        ValueType::Array | ValueType::Object => {
            json.skip_value()?;
            Name::Unheard
        }
    })
}

fn number(json: &mut JsonStreamReader<&[u8]>) -> Result<f64, ReaderError> {
    Ok(json.next_number_as_string()?.parse().expect("a number of JSON is one of Rust"))
}

/// Puts a stand-in, as an escape of the same length, where an escape is a surrogate without its other half.
fn with_whole_strings(text: &str) -> (Cow<'_, str>, Option<char>) {
    let lones = lone_surrogates(text);
    if lones.is_empty() {
        return (Cow::Borrowed(text), None);
    }
    let escape = |stand_in: char| format!("\\u{:04x}", stand_in as u32);
    let lower = text.to_ascii_lowercase();
    let is_free = |stand_in: &char| !lower.contains(*stand_in) && !lower.contains(&escape(*stand_in));
    let stand_in = STAND_INS.clone().find(is_free).expect("no text holds them all");
    let mut whole = text.to_owned();
    for at in lones {
        whole.replace_range(at..at + 6, &escape(stand_in));
    }
    (Cow::Owned(whole), Some(stand_in))
}

/// Where the escapes begin that are a surrogate without its other half.
fn lone_surrogates(text: &str) -> Vec<usize> {
    let unit = |at: usize| {
        let digits = text.get(at..at + 6)?.strip_prefix("\\u")?;
        digits.bytes().all(|digit| digit.is_ascii_hexdigit()).then(|| u32::from_str_radix(digits, 16).ok())?
    };
    let mut lones = Vec::new();
    let mut at = 0;
    while let Some(escape) = text[at..].find('\\').map(|length| at + length) {
        at = match (unit(escape), unit(escape + 6)) {
            (Some(0xd800..0xdc00), Some(0xdc00..0xe000)) => escape + 12,
            (Some(unit), _) => {
                if (0xd800..0xe000).contains(&unit) {
                    lones.push(escape);
                }
                escape + 6
            }
            // Behind the backslash stands one character, or nothing.
            (None, _) => escape + 1 + text[escape + 1..].chars().next().map_or(0, char::len_utf8),
        };
    }
    lones
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_json_parse_takes() {
        let deep = "[".repeat(100_000) + &"]".repeat(100_000);
        for text in ["{}", " null\n", r#""\ud800""#, r#""\\ud800\udc00\ud83d\ude00""#, "1e999", deep.as_str()]
        {
            assert!(is_json(text.as_bytes()), "{text}");
        }
        for text in ["", "\u{feff}{}", r#""\ud80""#, r"\ud800", "01", "[1,]", "{} {}"] {
            assert!(!is_json(text.as_bytes()), "{text}");
        }
    }

    #[test]
    fn the_head_of_a_frame() {
        let name = |text: &str| Name::Text(text.to_owned());
        let read = |frame: &str| head(frame.as_bytes()).unwrap();
        let all = read(r#"{"type":"a","ty\u0070e":"b","subtype":7,"reply_to":5.0}"#);
        let expected = Head { kind: name("b"), subtype: Name::Other("7".to_owned()), reply_to: Some(5.0) };
        assert_eq!(all, expected);
        assert_eq!(read(r#"{"type":"\ud83d\ude00","subtype":"\ude00"}"#).kind, name("😀"));
        assert_eq!(read(r#"{"type":"\ud83d\ude00","subtype":"\ude00"}"#).subtype, Name::Unheard);
        assert_eq!(read(r#"[{"type":"a"}]"#), Head::default());
    }

    #[test]
    fn items_with_their_payloads_as_they_came() {
        let item = |client, kind, call, payload| Item { client, kind, call, payload };
        assert_eq!(
            items(r#"[1,0,0, {"a":"\ud800"} ,2,10,7,null]"#),
            [item(1, 0, 0, r#" {"a":"\ud800"} "#), item(2, 10, 7, "null")]
        );
    }
}
