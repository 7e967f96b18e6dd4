//! Reads WebSocket frames by RFC 6455: the bytes of a server, and those that a client wrote.

/// What the bytes of a server mean.
#[derive(Debug, Default, PartialEq)]
pub struct Reading {
    /// The payloads of the complete messages.
    pub messages: Vec<Vec<u8>>,
    /// The payloads of pings.
    pub pings: Vec<Vec<u8>>,
    /// The number of pings and pongs.
    pub controls: usize,
    pub end: End,
}

/// How the bytes end.
#[derive(Debug, Default, PartialEq)]
pub enum End {
    /// Without a close frame, perhaps inside a frame.
    #[default]
    OutOfBytes,
    /// With a close frame: its code and reason.
    Closed(Option<(u16, String)>),
    /// With a violation of the protocol.
    Violation,
}

struct Frame<'a> {
    is_final: bool,
    reserved: u8,
    opcode: u8,
    mask: Option<[u8; 4]>,
    payload: &'a [u8],
}

/// Reads the bytes of a server. A frame longer than `max_frame_bytes` is a violation.
pub fn read(mut bytes: &[u8], max_frame_bytes: u64) -> Reading {
    let mut reading = Reading::default();
    let mut message: Option<(u8, Vec<u8>)> = None;
    loop {
        // A bad head is a violation even if the rest of the frame is missing.
        if is_bad_head(bytes, max_frame_bytes) {
            reading.end = End::Violation;
            return reading;
        }
        let Some(frame) = next(&mut bytes) else {
            return reading;
        };
        if reading.take(&frame, &mut message).is_none() {
            return reading;
        }
    }
}

impl Reading {
    /// Adds a frame; returns `None` at the end.
    fn take(&mut self, frame: &Frame<'_>, message: &mut Option<(u8, Vec<u8>)>) -> Option<()> {
        self.end = End::Violation;
        if frame.reserved != 0 || frame.mask.is_some() {
            return None;
        }
        match frame.opcode {
            0..=2 => {
                let is_first = frame.opcode != 0;
                if is_first == message.is_some() {
                    return None;
                }
                let (opcode, payload) = message.get_or_insert_with(|| (frame.opcode, Vec::new()));
                payload.extend_from_slice(frame.payload);
                if *opcode == 1 && !is_start_of_text(payload, frame.is_final) {
                    return None;
                }
                if frame.is_final {
                    self.messages.extend(message.take().map(|(_, payload)| payload));
                }
            }
            8..=10 if !frame.is_final || frame.payload.len() > 125 => return None,
            8 => {
                self.end = closing(frame.payload).map_or(End::Violation, End::Closed);
                return None;
            }
            9 | 10 => {
                self.controls += 1;
                if frame.opcode == 9 {
                    self.pings.push(frame.payload.to_vec());
                }
            }
            _ => return None,
        }
        self.end = End::OutOfBytes;
        Some(())
    }
}

/// A frame that a client wrote.
#[derive(Debug, PartialEq)]
pub struct Written {
    pub opcode: u8,
    pub payload: Vec<u8>,
}

/// Reads the bytes that a client wrote: complete, masked frames without fragmentation.
pub fn written(mut bytes: &[u8]) -> Vec<Written> {
    let mut frames = Vec::new();
    while !bytes.is_empty() {
        let frame = next(&mut bytes).expect("a client writes complete frames");
        assert!(
            frame.is_final && frame.reserved == 0,
            "a client writes each message as one frame, without extensions"
        );
        let mask = frame.mask.expect("a client masks its frames");
        let payload = frame.payload.iter().zip(mask.iter().cycle()).map(|(byte, mask)| byte ^ mask);
        frames.push(Written { opcode: frame.opcode, payload: payload.collect() });
    }
    frames
}

/// Whether the head of the first frame is complete and violates the protocol.
fn is_bad_head(bytes: &[u8], max_frame_bytes: u64) -> bool {
    let Some(Head { start, payload_length, .. }) = head(bytes) else { return false };
    matches!(start[0] & 0x0f, 3..=7 | 11..) || payload_length > max_frame_bytes
}

/// The head of a frame.
struct Head {
    /// The first two bytes.
    start: [u8; 2],
    payload_length: u64,
    /// The length of the head itself.
    length: usize,
}

/// The head of the first frame; `None` if it is not complete.
fn head(bytes: &[u8]) -> Option<Head> {
    let start = [*bytes.first()?, *bytes.get(1)?];
    let (payload_length, size) = match start[1] & 0x7f {
        126 => (u64::from(u16::from_be_bytes(bytes.get(2..4)?.try_into().ok()?)), 4),
        127 => (u64::from_be_bytes(bytes.get(2..10)?.try_into().ok()?), 10),
        length => (u64::from(length), 2),
    };
    let mask = if start[1] & 0x80 == 0 { 0 } else { 4 };
    let length = size + mask;
    (bytes.len() >= length).then_some(Head { start, payload_length, length })
}

/// Takes the first frame; returns `None` if it is not complete.
fn next<'a>(bytes: &mut &'a [u8]) -> Option<Frame<'a>> {
    let Head { start, payload_length, length } = head(bytes)?;
    let end = length.checked_add(usize::try_from(payload_length).ok()?)?;
    let whole: &'a [u8] = bytes.get(..end)?;
    *bytes = &bytes[end..];
    Some(Frame {
        is_final: start[0] & 0x80 != 0,
        reserved: start[0] & 0x70,
        opcode: start[0] & 0x0f,
        mask: (start[1] & 0x80 != 0).then(|| whole[length - 4..length].try_into().expect("four bytes")),
        payload: &whole[length..],
    })
}

/// Whether the bytes are UTF-8. Without `is_complete`, they may end inside a character.
fn is_start_of_text(bytes: &[u8], is_complete: bool) -> bool {
    std::str::from_utf8(bytes).map_or_else(|error| !is_complete && error.error_len().is_none(), |_| true)
}

/// The code and reason of a close frame; `None` if the payload is invalid.
fn closing(payload: &[u8]) -> Option<Option<(u16, String)>> {
    match payload {
        [] => Some(None),
        [_] => None,
        [high, low, reason @ ..] => {
            let code = u16::from_be_bytes([*high, *low]);
            let reason = std::str::from_utf8(reason).ok()?.to_owned();
            // tungstenite replaces a code that must not be sent. It does not know 1014, which is newer than RFC 6455.
            let is_allowed = matches!(code, 1000..=1003 | 1007..=1013 | 3000..=4999);
            Some(Some(if is_allowed { (code, reason) } else { (1002, "Protocol violation".to_owned()) }))
        }
    }
}
