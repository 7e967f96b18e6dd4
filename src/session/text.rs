//! Text for log lines and error messages.

use std::borrow::Cow;
use std::time::Duration;

/// A duration for a reader: milliseconds below 10 s, whole seconds above.
pub(super) fn format_duration(time: Duration) -> String {
    if time < Duration::from_secs(10) {
        format!("{} ms", time.as_millis())
    } else {
        format!("{} s", time.as_secs())
    }
}

/// A frame as text. A frame of more than `limit` bytes is cut there, and its length is added.
pub(super) fn excerpt(frame: &[u8], limit: usize) -> Cow<'_, str> {
    match frame.get(..limit) {
        Some(start) if frame.len() > limit => {
            format!("{}… ({} bytes)", String::from_utf8_lossy(start), frame.len()).into()
        }
        _ => String::from_utf8_lossy(frame),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_have_a_unit_that_suits_them() {
        let formatted =
            [0, 9999, 10_000, 71_900].map(|millis| format_duration(Duration::from_millis(millis)));
        assert_eq!(formatted, ["0 ms", "9999 ms", "10 s", "71 s"]);
    }

    #[test]
    fn an_excerpt_says_how_long_the_whole_frame_is() {
        assert_eq!(excerpt(b"abc", 3), "abc");
        assert_eq!(excerpt(b"abcd", 3), "abc… (4 bytes)");
        assert_eq!(excerpt(b"\xff", 3), "\u{fffd}");
    }
}
