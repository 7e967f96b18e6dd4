//! Frames as words and texts. That every frame becomes the value that `JSON.parse` returns is checked by `fuzz/`.

use super::super::buffer::{Record, Text};
use super::super::demand::Counter;
use super::super::format::MAX_RECORD_WORDS;
use super::*;

/// The table with the shapes of these frames.
fn shapes_of(frames: &[&str]) -> Shapes {
    let mut shapes = Shapes::default();
    (0..2).for_each(|_| frames.iter().for_each(|frame| shapes.learn(frame.as_bytes())));
    shapes
}

/// A demand for all types but `unwanted`.
fn demand() -> Demand {
    let demand = Demand::default();
    (0..100).for_each(|_| demand.update(Counter::of(b"unwanted"), false));
    demand
}

fn decode_with(shapes: &Shapes, scratch: &mut Scratch, frame: &[u8]) -> Result<DecodedFrame> {
    decode(frame, shapes, &demand(), scratch)
}

/// Why a frame has no record if the shapes of these others are known.
fn refusal(known_frames: &[&str], frame: &[u8]) -> Option<NotDecoded> {
    let mut scratch = Scratch { stack: vec![7], ..Scratch::default() };
    let reason = decode_with(&shapes_of(known_frames), &mut scratch, frame).err();
    assert!(reason.is_none() || scratch.records.bytes() == 0, "nothing of the frame is left");
    reason
}

/// The records after decoding one frame whose shapes are known.
fn records_of(frame: &str) -> RecordBuffer {
    let mut scratch = Scratch::default();
    decode_with(&shapes_of(&[frame]), &mut scratch, frame.as_bytes()).unwrap();
    scratch.records
}

/// The fields of a text's word: kind, start, length.
fn fields(word: u32) -> (u32, usize, usize) {
    let start = word >> text::START_SHIFT & ((1 << (text::KIND_SHIFT - text::START_SHIFT)) - 1);
    let length = word & ((1 << text::START_SHIFT) - 1);
    (word >> text::KIND_SHIFT, start as usize, length as usize)
}

/// The text in a record of a frame that has the JSON string as its only value.
fn text_of(json: &str) -> Vec<u16> {
    let mut scratch = Scratch::default();
    let frame = format!(r#"{{"a":"{json}"}}"#);
    decode_with(&shapes_of(&[r#"{"a":"x"}"#]), &mut scratch, frame.as_bytes()).unwrap();
    let records = scratch.records;
    let (kind, start, length) = fields(records.words[1]);
    match kind {
        text::LATIN1 => {
            records.short.latin1[start..start + length].iter().map(|byte| u16::from(*byte)).collect()
        }
        text::UTF16 => records.short.utf16[start..start + length].to_vec(),
        text::LONG => match records.long_text(&records.long_ranges[0]) {
            Text::Latin1(bytes) => bytes.iter().map(|byte| u16::from(*byte)).collect(),
            Text::Utf16(units) => units.to_vec(),
            Text::Utf8(_) => panic!("a long text is never UTF-8"),
        },
        _ => Vec::new(),
    }
}

/// The start and the length of each text in a record of a frame that has these values.
fn places(texts: &[String]) -> Vec<(usize, usize)> {
    let members: Vec<String> =
        texts.iter().enumerate().map(|(key, text)| format!(r#""{key}":"{text}""#)).collect();
    let records = records_of(&format!("{{{}}}", members.join(",")));
    let place = |word: &u32| {
        let (_, start, length) = fields(*word);
        (start, length)
    };
    records.words[1..].iter().map(place).collect()
}

#[test]
fn the_example_of_the_module_documentation() {
    let frame = r#"{"type":"message","user":"U1","edited":{"count":2},"text":"hé"}"#;
    let shapes = shapes_of(&[frame]);
    let [integer, text, object, constant] =
        [Tag::Integer, Tag::Text, Tag::Object, Tag::Constant].map(|tag| tag as u32);
    let definitions = [0, 1].map(|shape| shapes.definition(ShapeId(shape)).unwrap());
    assert_eq!(definitions[0], format!(r#"[["count",{integer},null]]"#));
    assert_eq!(
        definitions[1],
        format!(
            r#"[["type",{constant},"message"],["user",{text},null],["edited",{object},null],["text",{text},null]]"#
        )
    );
    let records = records_of(frame);
    assert_eq!(records.words, [0, 2, 1, latin1_word(0, 2), 0, latin1_word(2, 2)]);
    assert_eq!(records.short.latin1, b"U1h\xe9");
    assert_eq!(records.record(RecordId(0)).root(), 2);
}

#[test]
fn every_kind_of_value() {
    let records =
        records_of(r#"{"type":"a","t":"xy","i":7,"n":1.5,"b":true,"z":null,"o":{},"l":[false,"é",null,[]]}"#);
    let half = 0x3ff8_0000;
    let [text, boolean, null, array] = [Tag::Text, Tag::Boolean, Tag::Null, Tag::Array].map(|tag| tag as u32);
    let rows = [
        &[0, half][..],
        &[0],
        &[0],
        &[4, boolean, 0, text, latin1_word(2, 1), null, 0, array, 3],
        &[1, latin1_word(0, 2), 7, 0, 1, 2, 4],
    ];
    assert_eq!(records.words, rows.concat());
    assert_eq!(records.short.latin1, b"xy\xe9");
    assert_eq!(records.record(RecordId(0)).root(), 13);
}

#[test]
fn numbers() {
    let number = |json: &str| {
        let records = records_of(&format!(r#"{{"a":{json}}}"#));
        let [low, high] = [records.words[0], records.words[1]];
        (records.words.len() == 4).then(|| f64::from_bits(u64::from(high) << 32 | u64::from(low)))
    };
    for integer in ["0", "7", "4294967295"] {
        assert_eq!(number(integer), None, "the word of {integer} is the integer");
    }
    for (json, expected) in [
        ("4294967296", 4_294_967_296.0),
        ("-1", -1.0),
        ("1.0", 1.0),
        ("1E+2", 100.0),
        ("5e-324", 5e-324),
        ("9007199254740993", 9_007_199_254_740_992.0),
        ("1e-400", 0.0),
        ("-0", -0.0_f64),
    ] {
        assert_eq!(number(json).map(f64::to_bits), Some(f64::to_bits(expected)), "{json}");
    }
}

#[test]
fn texts() {
    let units = |text: &str| text.encode_utf16().collect::<Vec<u16>>();
    for text in ["", "x", "éÿ", "Ā€", "é€", "😀", "\u{2028}\u{7f}"] {
        assert_eq!(text_of(text), units(text), "{text}");
    }
    assert_eq!(text_of(r#"\"\\\/\b\f\n\r\t"#), units("\"\\/\u{8}\u{c}\n\r\t"));
    assert_eq!(text_of(r"x\u0000\u00fFé\u0100é\u20AC"), units("x\0ÿéĀé€"));
    assert_eq!(text_of(r"\ud83d\ude00"), units("😀"));
    assert_eq!(text_of(r"\ude00\ud83d"), [0xde00, 0xd83d]);
}

#[test]
fn a_text_that_is_too_long_for_a_page_is_a_separate_string() {
    for (text, is_long) in [("x".repeat(1023), false), ("x".repeat(1024), true), ("€".repeat(342), true)] {
        assert_eq!(text_of(&text), text.encode_utf16().collect::<Vec<_>>());
        assert_eq!(records_of(&format!(r#"{{"a":"{text}"}}"#)).long_ranges.len(), usize::from(is_long));
    }
    let records = records_of(&format!(r#"{{"a":"{}","b":"x","c":"{}"}}"#, "é".repeat(800), "€".repeat(800)));
    assert_eq!(records.words[1..], [long_word(0), latin1_word(0, 1), long_word(1)]);
    assert_eq!((records.long.latin1.len(), records.long.utf16.len()), (800, 800));
}

#[test]
fn no_short_text_spans_two_pages() {
    let x = |length: usize| "x".repeat(length);
    let full = [x(1023), x(1023), x(1023), x(1023)];
    let starts = |last: usize| places(&[&full[..], &[x(last), x(1)]].concat())[3..].to_vec();
    assert_eq!(starts(4), [(3069, 1023), (4092, 4), (4096, 1)]);
    assert_eq!(starts(5), [(3069, 1023), (4096, 5), (4101, 1)]);
    // A text in UTF-16 gets room for as many units as the string has bytes.
    let utf16 = places(&vec!["€".repeat(341); 5]);
    assert_eq!(utf16, [(0, 341), (341, 341), (682, 341), (1023, 341), (2048, 341)]);
}

#[test]
fn a_text_that_turns_out_to_need_utf16_leaves_nothing_in_latin1() {
    let records = records_of(r#"{"a":"x","b":"yé\n€","c":"z"}"#);
    assert_eq!(records.short.latin1, b"xz");
    assert_eq!(records.words[1..], [latin1_word(0, 1), utf16_word(0, 4), latin1_word(1, 1)]);
}

#[test]
fn positions_count_from_the_start_of_the_record() {
    let frame = format!(r#"{{"a":"x","b":"€","c":"{}","n":1.5}}"#, "y".repeat(2000));
    let shapes = shapes_of(&[&frame]);
    let mut scratch = Scratch::default();
    let ids = [0, 1].map(|_| decode_with(&shapes, &mut scratch, frame.as_bytes()).unwrap().record);
    assert_eq!(ids, [0, 1].map(RecordId));
    let [one, other]: [Record<'_>; 2] = ids.map(|id| scratch.records.record(id));
    assert_eq!(one.words(), other.words());
    assert_eq!(one.latin1(), other.latin1());
    assert_eq!(one.utf16(), other.utf16());
    assert_eq!((scratch.records.words.len(), other.words().len(), other.root()), (14, 7, 2));
    assert_eq!((scratch.records.long_ranges.len(), other.long_ranges().len()), (2, 1));
}

#[test]
fn the_keys_that_the_session_needs_are_found() {
    for (frame, event_type, subtype, reply_to) in [
        (
            r#"{"type":"message","subtype":"bot_message","reply_to":4294967295}"#,
            Some("message"),
            Some("bot_message"),
            Some(u32::MAX),
        ),
        (
            r#"{"reply_to":0,"list":[{"type":"inner","subtype":"x","reply_to":"y"}],"type":"last"}"#,
            Some("last"),
            None,
            Some(0),
        ),
        (r#" { "subtype" : "alone" } "#, None, Some("alone"), None),
        ("{}", None, None, None),
    ] {
        let decoded = decode_with(&shapes_of(&[frame]), &mut Scratch::default(), frame.as_bytes()).unwrap();
        let text = |range: Option<Range<usize>>| range.map(|range| &frame[range]);
        assert_eq!(
            (text(decoded.event_type), text(decoded.subtype), decoded.reply_to),
            (event_type, subtype, reply_to),
            "{frame}"
        );
    }
}

#[test]
fn a_frame_with_an_unknown_shape_is_refused_with_this_reason() {
    let known = &[r#"{"type":"a","x":1,"y":"z"}"#, r#"{"list":[{"k":1}]}"#];
    for frame in [
        r#"{"type":"b","x":1,"y":"z"}"#,
        r#"{"type":"a","x":null,"y":"z"}"#,
        r#"{"type":"a","x":1}"#,
        r#"{"x":1,"type":"a","y":"z"}"#,
        r#"{"list":[{"k":1},{"other":1}]}"#,
    ] {
        assert_eq!(refusal(known, frame.as_bytes()), Some(NotDecoded::UnknownShape), "{frame}");
    }
    for frame in [r#"{"a":1,"a":1}"#, r#"{"__proto__":1}"#, r#"{"a":{"__proto__":{}}}"#] {
        assert_eq!(refusal(&[frame], frame.as_bytes()), Some(NotDecoded::UnknownShape), "{frame}");
    }
}

#[test]
fn a_frame_without_demand_is_refused() {
    let frame = |kind: &str| format!(r#"{{"type":"{kind}","text":"x"}}"#);
    let (wanted, unwanted) = (frame("wanted"), frame("unwanted"));
    let known = &[&wanted[..], &unwanted];
    assert_eq!(refusal(known, unwanted.as_bytes()), Some(NotDecoded::NoDemand));
    assert_eq!(refusal(known, wanted.as_bytes()), None);
    // Only the `type` of the frame's own object counts.
    let nested = format!(r#"{{"event":{unwanted}}}"#);
    assert_eq!(refusal(&[&nested], nested.as_bytes()), None);
}

#[test]
fn an_unusual_type_subtype_or_reply_to_is_refused() {
    let values = ["null", "7", r#""""#, r#""é""#, r#""a\/b""#, r#""tttttttttttttttttttttttttttttttttt""#];
    let names = values.iter().flat_map(|value| [("type", *value), ("subtype", value)]);
    let replies = ["null", "-1", "1.0", "4294967296", r#""1""#].map(|value| ("reply_to", value));
    for (key, value) in names.chain(replies) {
        let frame = format!(r#"{{"{key}":{value}}}"#);
        let nested = format!(r#"{{"in":{frame}}}"#);
        assert_eq!(refusal(&[&frame], frame.as_bytes()), Some(NotDecoded::Unsupported), "{frame}");
        assert_eq!(refusal(&[&nested], nested.as_bytes()), None, "{nested}");
    }
}

#[test]
fn a_frame_that_is_not_json_is_refused() {
    let known = &[r#"{"a":1,"b":"x"}"#, r#"{"a":[]}"#, r#"{"a":null}"#, r#"{"a":true}"#, r#"{"a":{}}"#];
    for frame in [
        "",
        " ",
        "{",
        r#"{"a":1,"b":"x"} x"#,
        r#"{"a":1,"b":"x",}"#,
        r#"{"a":1 "b":"x"}"#,
        r#"{"a" 1,"b":"x"}"#,
        r#"{"a":1,"b":"x"#,
        r#"{"a":1,"b":"x\"#,
        r#"{"a":1,"b":"\x"}"#,
        r#"{"a":1,"b":"\u12"}"#,
        r#"{"a":1,"b":"\u12é4"}"#,
        "{\"a\":1,\"b\":\"\n\"}",
        "{\"a\":1,\"b\":\"\\\n\"}",
        r#"{"a":01,"b":"x"}"#,
        r#"{"a":+1,"b":"x"}"#,
        r#"{"a":1.,"b":"x"}"#,
        r#"{"a":--1,"b":"x"}"#,
        r#"{"a":[1,]}"#,
        r#"{"a":[1 2]}"#,
        r#"{"a":[}"#,
        r#"{"a":nul"#,
        r#"{"a":truE}"#,
        "{'a':1}",
    ] {
        assert_eq!(refusal(known, frame.as_bytes()), Some(NotDecoded::Unsupported), "{frame}");
    }
    assert_eq!(refusal(known, b"{\"a\":1,\"b\":\"\xed\xa0\x80\"}"), Some(NotDecoded::Unsupported));
}

#[test]
fn a_frame_that_a_record_cannot_represent_is_refused() {
    let nested = |depth: usize| format!(r#"{{"a":{}{}}}"#, "[".repeat(depth), "]".repeat(depth));
    let list = |length: usize| format!(r#"{{"a":[{}1]}}"#, "1,".repeat(length - 1));
    let text = |length: usize| format!(r#"{{"a":"{}"}}"#, "x".repeat(length));
    for (frame, is_decoded) in [
        (r#"{"a":1e308}"#.to_owned(), true),
        (r#"{"a":1e309}"#.to_owned(), false),
        (r#"{"\u0061":1}"#.to_owned(), false),
        ("[]".to_owned(), false),
        (nested(63), true),
        (nested(64), false),
        (list(2047), true),
        (list(2048), false),
        (text(MAX_FRAME_BYTES - 8), true),
        (text(MAX_FRAME_BYTES - 7), false),
    ] {
        let start = &frame[..frame.len().min(20)];
        assert_eq!(refusal(&[&frame], frame.as_bytes()).is_none(), is_decoded, "{start}");
    }
    assert!(records_of(&list(2047)).words.len() <= MAX_RECORD_WORDS);
}
