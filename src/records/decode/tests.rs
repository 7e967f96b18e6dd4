//! Frames as words and texts. Whether all frames come out as `JSON.parse` has them is asked by `fuzz/`.

use super::super::format::{MOST_RECORD_WORDS, Text};
use super::*;

/// The shapes of these frames.
fn known(frames: &[&str]) -> Shapes {
    let mut shapes = Shapes::default();
    (0..2).for_each(|_| frames.iter().for_each(|frame| shapes.learn(frame.as_bytes())));
    shapes
}

fn read_with(shapes: &Shapes, records: &mut Records, frame: &[u8]) -> Result<(FrameHead, usize)> {
    read(frame, shapes, (records, &mut vec![7]), |kind| kind != b"unheard")
}

/// Why a frame is not read where the shapes of others are known.
fn refusal(known_frames: &[&str], frame: &[u8]) -> Option<Unread> {
    let mut records = Records::default();
    let reason = read_with(&known(known_frames), &mut records, frame).err();
    assert!(reason.is_none() || records.bytes() == 0, "nothing is left of it");
    reason
}

/// The records of a frame, which is its own shape.
fn records_of(frame: &str) -> Records {
    let mut records = Records::default();
    read_with(&known(&[frame]), &mut records, frame.as_bytes()).unwrap();
    records
}

/// What a record has for a text, which is the value of a key.
fn text_of(json: &str) -> Vec<u16> {
    let mut records = Records::default();
    let frame = format!(r#"{{"a":"{json}"}}"#);
    read_with(&known(&[r#"{"a":"x"}"#]), &mut records, frame.as_bytes()).unwrap();
    let word = records.words[1];
    let (start, length) = ((word >> 10 & 0xf_ffff) as usize, (word & 1023) as usize);
    match word >> 30 {
        0 => records.short.latin[start..start + length].iter().map(|byte| u16::from(*byte)).collect(),
        1 => records.short.wide[start..start + length].to_vec(),
        2 => match records.long(&records.longs[0]) {
            Text::Latin(bytes) => bytes.iter().map(|byte| u16::from(*byte)).collect(),
            Text::Wide(units) => units.to_vec(),
            Text::Utf8(_) => panic!("no long text is UTF-8"),
        },
        _ => Vec::new(),
    }
}

/// Where texts begin, in the order of the keys, and how long they are.
fn places(texts: &[String]) -> Vec<(usize, usize)> {
    let members: Vec<String> =
        texts.iter().enumerate().map(|(key, text)| format!(r#""{key}":"{text}""#)).collect();
    let records = records_of(&format!("{{{}}}", members.join(",")));
    records.words[1..].iter().map(|word| ((word >> 10 & 0xf_ffff) as usize, (word & 1023) as usize)).collect()
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
        &[4, boolean, 0, text, latin_word(2, 1), null, 0, array, 3],
        &[1, latin_word(0, 2), 7, 0, 1, 2, 4],
    ];
    assert_eq!(records.words, rows.concat());
    assert_eq!(records.short.latin, b"xy\xe9");
    assert_eq!(records.record(0).root, 13);
}

#[test]
fn numbers() {
    let number = |json: &str| {
        let records = records_of(&format!(r#"{{"a":{json}}}"#));
        let [low, high] = [records.words[0], records.words[1]];
        (records.words.len() == 4).then(|| f64::from_bits(u64::from(high) << 32 | u64::from(low)))
    };
    for integer in ["0", "7", "4294967295"] {
        assert_eq!(number(integer), None, "{integer} is a word itself");
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
fn a_text_longer_than_a_page_can_cut_is_a_string_of_its_own() {
    for (text, is_long) in [("x".repeat(1023), false), ("x".repeat(1024), true), ("€".repeat(342), true)] {
        assert_eq!(text_of(&text), text.encode_utf16().collect::<Vec<_>>());
        assert_eq!(records_of(&format!(r#"{{"a":"{text}"}}"#)).longs.len(), usize::from(is_long));
    }
    let records = records_of(&format!(r#"{{"a":"{}","b":"x","c":"{}"}}"#, "é".repeat(800), "€".repeat(800)));
    assert_eq!(records.words[1..], [long_word(0), latin_word(0, 1), long_word(1)]);
    assert_eq!((records.long.latin.len(), records.long.wide.len()), (800, 800));
}

#[test]
fn no_short_text_lies_across_two_pages() {
    let x = |length: usize| "x".repeat(length);
    let full = [x(1023), x(1023), x(1023), x(1023)];
    let starts = |last: usize| places(&[&full[..], &[x(last), x(1)]].concat())[3..].to_vec();
    assert_eq!(starts(4), [(3069, 1023), (4092, 4), (4096, 1)]);
    assert_eq!(starts(5), [(3069, 1023), (4096, 5), (4101, 1)]);
    // In UTF-16 a text has no more units than it had bytes, so much room it gets.
    let wide = places(&vec!["€".repeat(341); 5]);
    assert_eq!(wide, [(0, 341), (341, 341), (682, 341), (1023, 341), (2048, 341)]);
}

#[test]
fn a_text_that_turns_out_wide_leaves_nothing_in_latin() {
    let records = records_of(r#"{"a":"x","b":"yé\n€","c":"z"}"#);
    assert_eq!(records.short.latin, b"xz");
    assert_eq!(records.words[1..], [latin_word(0, 1), wide_word(0, 4), latin_word(1, 1)]);
}

#[test]
fn records_are_counted_from_their_own_beginnings() {
    let frame = format!(r#"{{"a":"x","b":"€","c":"{}","n":1.5}}"#, "y".repeat(2000));
    let shapes = known(&[&frame]);
    let mut records = Records::default();
    let numbers = [0, 1].map(|_| read_with(&shapes, &mut records, frame.as_bytes()).unwrap().1);
    assert_eq!(numbers, [0, 1]);
    let [one, other] = numbers.map(|number| records.record(number));
    assert_eq!(records.words(one), records.words(other));
    assert_eq!(records.latin(one), records.latin(other));
    assert_eq!(records.wide(one), records.wide(other));
    assert_eq!((other.words.clone(), other.longs.clone(), other.root), (7..14, 1..2, 2));
}

#[test]
fn heads_are_those_that_serde_finds() {
    for frame in [
        r#"{"type":"message","subtype":"bot_message","reply_to":4294967295}"#,
        r#"{"reply_to":0,"list":[{"type":"inner","subtype":"x","reply_to":"y"}],"type":"last"}"#,
        r#" { "subtype" : "alone" } "#,
        "{}",
    ] {
        let read = read_with(&known(&[frame]), &mut Records::default(), frame.as_bytes());
        assert_eq!(read.unwrap().0, FrameHead::read(frame.as_bytes()).unwrap(), "{frame}");
    }
}

#[test]
fn what_has_no_known_shape_is_to_be_learnt() {
    let known = &[r#"{"type":"a","x":1,"y":"z"}"#, r#"{"list":[{"k":1}]}"#];
    for frame in [
        r#"{"type":"b","x":1,"y":"z"}"#,
        r#"{"type":"a","x":null,"y":"z"}"#,
        r#"{"type":"a","x":1}"#,
        r#"{"x":1,"type":"a","y":"z"}"#,
        r#"{"list":[{"k":1},{"other":1}]}"#,
    ] {
        assert_eq!(refusal(known, frame.as_bytes()), Some(Unread::UnknownShape), "{frame}");
    }
    for frame in [r#"{"a":1,"a":1}"#, r#"{"__proto__":1}"#, r#"{"a":{"__proto__":{}}}"#] {
        assert_eq!(refusal(&[frame], frame.as_bytes()), Some(Unread::UnknownShape), "{frame}");
    }
}

#[test]
fn what_nobody_hears_is_not_worth_it() {
    let frame = |kind: &str| format!(r#"{{"type":"{kind}","text":"x"}}"#);
    let (heard, unheard) = (frame("heard"), frame("unheard"));
    let known = &[&heard[..], &unheard];
    assert_eq!(refusal(known, unheard.as_bytes()), Some(Unread::Worthless));
    assert_eq!(refusal(known, heard.as_bytes()), None);
    // Only the frame's own `type` counts.
    let nested = format!(r#"{{"event":{unheard}}}"#);
    assert_eq!(refusal(&[&nested], nested.as_bytes()), None);
}

#[test]
fn heads_out_of_the_ordinary_are_left_to_serde() {
    let values = ["null", "7", r#""""#, r#""é""#, r#""a\/b""#, r#""tttttttttttttttttttttttttttttttttt""#];
    let kinds = values.iter().flat_map(|value| [("type", *value), ("subtype", value)]);
    let replies = ["null", "-1", "1.0", "4294967296", r#""1""#].map(|value| ("reply_to", value));
    for (key, value) in kinds.chain(replies) {
        let frame = format!(r#"{{"{key}":{value}}}"#);
        let nested = format!(r#"{{"in":{frame}}}"#);
        assert_eq!(refusal(&[&frame], frame.as_bytes()), Some(Unread::Unfit), "{frame}");
        assert_eq!(refusal(&[&nested], nested.as_bytes()), None, "{nested}");
    }
}

#[test]
fn what_is_not_json_is_not_read() {
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
        assert_eq!(refusal(known, frame.as_bytes()), Some(Unread::Unfit), "{frame}");
    }
    assert_eq!(refusal(known, b"{\"a\":1,\"b\":\"\xed\xa0\x80\"}"), Some(Unread::Unfit));
}

#[test]
fn what_a_record_cannot_hold_is_not_read() {
    let nested = |depth: usize| format!(r#"{{"a":{}{}}}"#, "[".repeat(depth), "]".repeat(depth));
    let list = |length: usize| format!(r#"{{"a":[{}1]}}"#, "1,".repeat(length - 1));
    let text = |length: usize| format!(r#"{{"a":"{}"}}"#, "x".repeat(length));
    for (frame, is_read) in [
        (r#"{"a":1e308}"#.to_owned(), true),
        (r#"{"a":1e309}"#.to_owned(), false),
        (r#"{"\u0061":1}"#.to_owned(), false),
        ("[]".to_owned(), false),
        (nested(63), true),
        (nested(64), false),
        (list(2047), true),
        (list(2048), false),
        (text(LONGEST_FRAME - 8), true),
        (text(LONGEST_FRAME - 7), false),
    ] {
        let start = &frame[..frame.len().min(20)];
        assert_eq!(refusal(&[&frame], frame.as_bytes()).is_none(), is_read, "{start}");
    }
    assert!(records_of(&list(2047)).words.len() <= MOST_RECORD_WORDS);
}

#[test]
fn plain_parts_end_before_quotes_escapes_and_control_characters() {
    for length in 0..20 {
        for special in [b'"', b'\\', b'\0', b'\n', 0x1f] {
            for other in [b' ', b'!', b'#', b'[', b']', 0x7f, 0x80, 0xa2, 0xdc, 0xff] {
                // What stands behind it does not count.
                let bytes =
                    [&vec![other; length][..], &[special, 0xff, b'"', 0xff, 0, 0xff, 0xff, 0xff, 0xff]];
                assert_eq!(plain(&bytes.concat()), (length, length == 0 || other.is_ascii()), "{other:x}");
            }
        }
        assert_eq!(plain(&vec![b'x'; length]), (length, true));
    }
}
