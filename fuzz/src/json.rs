//! Reads JSON as `JSON.parse` does, with struson, which has no code in common with the product's readers.
//!
//! struson is stricter than `JSON.parse` in three ways. Its limits of nesting and of numbers are turned off. A surrogate without
//! its other half, which it refuses in an escape, is replaced by a [placeholder](PLACEHOLDERS) before it reads the text.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use struson::reader::{JsonReader, JsonStreamReader, ReaderError, ReaderSettings, ValueType};

/// The placeholders of lone surrogates: characters of the private use area that the text does not contain.
const PLACEHOLDERS: std::ops::RangeInclusive<char> = '\u{e000}'..='\u{f8ff}';

/// A value, as JavaScript has it.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    Null,
    Boolean(bool),
    /// The bits of the double, so that 0 and -0 differ.
    Number(u64),
    /// In UTF-16.
    Text(Vec<u16>),
    Array(Vec<Value>),
    /// In the order of the keys. A key that comes twice has its first position and its last value.
    Object(Vec<(Vec<u16>, Value)>),
}

/// The value of a frame's `type` or `subtype`.
#[derive(Debug, Clone, PartialEq, Default)]
pub enum Name {
    #[default]
    Absent,
    /// A string.
    Text(String),
    /// A number, a boolean or `null`, as the string that JavaScript converts it to.
    Other(String),
    /// An object, an array, or a string with a lone surrogate. No listener of the fuzz targets can have this name.
    Unmatchable,
}

/// The keys of a frame that the product looks at.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Head {
    pub event_type: Name,
    pub subtype: Name,
    pub reply_to: Option<f64>,
}

/// The head of a frame; `None` if the frame is not JSON.
pub fn head(frame: &[u8]) -> Option<Head> {
    let (text, surrogates) = without_lone_surrogates(std::str::from_utf8(frame).ok()?);
    let mut json = reader(&text);
    let mut head = Head::default();
    let result = (|| {
        if json.peek()? == ValueType::Object {
            json.begin_object()?;
            while json.has_next()? {
                match json.next_name()? {
                    "type" => head.event_type = name(&mut json, &surrogates)?,
                    "subtype" => head.subtype = name(&mut json, &surrogates)?,
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

/// Whether `JSON.parse` accepts the text.
pub fn is_json(text: &[u8]) -> bool {
    head(text).is_some()
}

/// The value of a text; `None` if the text is not JSON.
pub fn value(text: &str) -> Option<Value> {
    let (text, surrogates) = without_lone_surrogates(text);
    let mut json = reader(&text);
    let value = read_value(&mut json, &surrogates).ok()?;
    json.consume_trailing_whitespace().ok().map(|()| value)
}

fn read_value(json: &mut JsonStreamReader<&[u8]>, surrogates: &Surrogates) -> Result<Value, ReaderError> {
    Ok(match json.peek()? {
        ValueType::Null => {
            json.next_null()?;
            Value::Null
        }
        ValueType::Boolean => Value::Boolean(json.next_bool()?),
        ValueType::Number => Value::Number(number(json)?.to_bits()),
        ValueType::String => Value::Text(units(&json.next_string()?, surrogates)),
        ValueType::Array => {
            let mut elements = Vec::new();
            json.begin_array()?;
            while json.has_next()? {
                elements.push(read_value(json, surrogates)?);
            }
            json.end_array()?;
            Value::Array(elements)
        }
        ValueType::Object => {
            let mut members = Members::default();
            json.begin_object()?;
            while json.has_next()? {
                let key = units(json.next_name()?, surrogates);
                members.set(key, read_value(json, surrogates)?);
            }
            json.end_object()?;
            Value::Object(members.list)
        }
    })
}

#[derive(Default)]
struct Members {
    list: Vec<(Vec<u16>, Value)>,
    places: BTreeMap<Vec<u16>, usize>,
}

impl Members {
    fn set(&mut self, key: Vec<u16>, value: Value) {
        let place = *self.places.entry(key.clone()).or_insert(self.list.len());
        match self.list.get_mut(place) {
            Some(member) => member.1 = value,
            None => self.list.push((key, value)),
        }
    }
}

/// A string that struson has read, in UTF-16, with the lone surrogates instead of their placeholders.
fn units(text: &str, surrogates: &Surrogates) -> Vec<u16> {
    let mut units = Vec::with_capacity(text.len());
    for char in text.chars() {
        match surrogates.get(&char) {
            Some(surrogate) => units.push(*surrogate),
            None => units.extend_from_slice(char.encode_utf16(&mut [0; 2])),
        }
    }
    units
}

/// The elements of an array, each as the text between the commas.
pub fn elements(array: &str) -> Vec<&str> {
    let (text, _) = without_lone_surrogates(array);
    read_elements(array, &mut reader(&text)).expect("an array")
}

fn read_elements<'a>(
    array: &'a str,
    json: &mut JsonStreamReader<&[u8]>,
) -> Result<Vec<&'a str>, ReaderError> {
    let mut elements = Vec::new();
    json.begin_array()?;
    let mut start = position(json);
    while json.has_next()? {
        json.skip_value()?;
        let end = position(json);
        let behind = end + array[end..].find([',', ']']).expect("the array has another element or ends");
        elements.push(&array[start..behind]);
        start = behind + 1;
    }
    json.end_array()?;
    assert_eq!(position(json), array.len(), "text behind the array");
    Ok(elements)
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

fn name(json: &mut JsonStreamReader<&[u8]>, surrogates: &Surrogates) -> Result<Name, ReaderError> {
    Ok(match json.peek()? {
        ValueType::String => match json.next_string()? {
            text if text.contains(|char| surrogates.contains_key(&char)) => Name::Unmatchable,
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
            Name::Unmatchable
        }
    })
}

fn number(json: &mut JsonStreamReader<&[u8]>) -> Result<f64, ReaderError> {
    Ok(json.next_number_as_string()?.parse().expect("Rust parses every number of JSON"))
}

/// The lone surrogates, by their placeholders.
type Surrogates = BTreeMap<char, u16>;

/// Replaces each escape of a lone surrogate by the escape of a placeholder, which has the same length.
fn without_lone_surrogates(text: &str) -> (Cow<'_, str>, Surrogates) {
    let mut surrogates = Surrogates::new();
    let places = lone_surrogates(text);
    if places.is_empty() {
        return (Cow::Borrowed(text), surrogates);
    }
    let used = chars(text);
    let mut free = PLACEHOLDERS.filter(|char| !used.contains(char));
    let mut whole = text.to_owned();
    let mut placeholders = BTreeMap::new();
    for at in places {
        let unit = unit(text, at).expect("an escape");
        let placeholder = *placeholders
            .entry(unit)
            .or_insert_with(|| free.next().expect("no text contains all placeholders"));
        surrogates.insert(placeholder, unit);
        whole.replace_range(at..at + 6, &format!("\\u{:04x}", u32::from(placeholder)));
    }
    (Cow::Owned(whole), surrogates)
}

/// The characters of a text, whether they are escaped or not.
fn chars(text: &str) -> BTreeSet<char> {
    let escapes = text.match_indices('\\').filter_map(|(at, _)| unit(text, at));
    text.chars().chain(escapes.filter_map(|unit| char::from_u32(unit.into()))).collect()
}

/// The UTF-16 unit of the `\u` escape that starts here.
fn unit(text: &str, at: usize) -> Option<u16> {
    let digits = text.get(at..at + 6)?.strip_prefix("\\u")?;
    digits.bytes().all(|digit| digit.is_ascii_hexdigit()).then(|| u16::from_str_radix(digits, 16).ok())?
}

/// The positions of the escapes that are surrogates without their other halves.
fn lone_surrogates(text: &str) -> Vec<usize> {
    let mut positions = Vec::new();
    let mut at = 0;
    while let Some(escape) = text[at..].find('\\').map(|length| at + length) {
        at = match (unit(text, escape), unit(text, escape + 6)) {
            (Some(0xd800..0xdc00), Some(0xdc00..0xe000)) => escape + 12,
            (Some(unit), _) => {
                if (0xd800..0xe000).contains(&unit) {
                    positions.push(escape);
                }
                escape + 6
            }
            // A backslash and one more character, or the end of the text.
            (None, _) => escape + 1 + text[escape + 1..].chars().next().map_or(0, char::len_utf8),
        };
    }
    positions
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_texts_are_json_as_for_json_parse() {
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
    fn the_head_of_a_frame_is_read_as_javascript_reads_it() {
        let name = |text: &str| Name::Text(text.to_owned());
        let read = |frame: &str| head(frame.as_bytes()).unwrap();
        let all = read(r#"{"type":"a","ty\u0070e":"b","subtype":7,"reply_to":5.0}"#);
        let expected =
            Head { event_type: name("b"), subtype: Name::Other("7".to_owned()), reply_to: Some(5.0) };
        assert_eq!(all, expected);
        assert_eq!(read(r#"{"type":"\ud83d\ude00","subtype":"\ude00"}"#).event_type, name("😀"));
        assert_eq!(read(r#"{"type":"\ud83d\ude00","subtype":"\ude00"}"#).subtype, Name::Unmatchable);
        assert_eq!(read(r#"[{"type":"a"}]"#), Head::default());
    }

    #[test]
    fn values_are_the_ones_of_javascript() {
        let text = |text: &str| Value::Text(text.encode_utf16().collect());
        let number = |number: f64| Value::Number(number.to_bits());
        let object = |members: &[(&str, &Value)]| {
            let member = |(key, value): &(&str, &Value)| (key.encode_utf16().collect(), (*value).clone());
            Value::Object(members.iter().map(member).collect())
        };
        let read = |text: &str| value(text).unwrap();
        assert_eq!(
            read(r#" {"b":[null,true,"é\/\n"],"a":{},"\u0062":1} "#),
            object(&[("b", &number(1.0)), ("a", &object(&[]))])
        );
        assert_eq!(
            read(r#"[null,false,-0,1e999,"é\/\n"]"#),
            Value::Array(vec![
                Value::Null,
                Value::Boolean(false),
                number(-0.0),
                number(f64::INFINITY),
                text("é/\n")
            ])
        );
        assert_ne!(read("0"), read("-0"));
        assert_eq!(
            read("\"\\ud800\\udfff\\udfff\\ud800\u{e000}\\ue001\""),
            Value::Text(vec![0xd800, 0xdfff, 0xdfff, 0xd800, 0xe000, 0xe001])
        );
        assert_eq!(value("{} {}"), None);
    }

    #[test]
    fn elements_are_unchanged_texts() {
        assert_eq!(elements(r#"[ {"a":"\ud800"} ,null]"#), [r#" {"a":"\ud800"} "#, "null"]);
    }
}
