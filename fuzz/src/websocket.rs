//! A reader of WebSocket frames (RFC 6455): those of a server, all at once, and those that a client wrote.

/// The meaning of a server's bytes.
#[derive(Debug, Default, PartialEq)]
pub struct Reading {
    /// The payloads of complete messages.
    pub messages: Vec<Vec<u8>>,
    /// The payloads of pings.
    pub pings: Vec<Vec<u8>>,
    /// The number of pings and pongs.
    pub controls: usize,
    pub end: End,
}

/// How a stream ends.
#[derive(Debug, Default, PartialEq)]
pub enum End {
    /// There are no more bytes, perhaps within a frame.
    #[default]
    OutOfBytes,
    /// A close frame, with its code and reason.
    Closed(Option<(u16, String)>),
    /// The server violates the protocol.
    Violation,
}

struct Frame<'a> {
    is_final: bool,
    reserved: u8,
    opcode: u8,
    mask: Option<[u8; 4]>,
    payload: &'a [u8],
}

/// Reads a server's bytes.
pub fn read(mut bytes: &[u8], most: u64) -> Reading {
    let mut reading = Reading::default();
    let mut message: Option<(u8, Vec<u8>)> = None;
    loop {
        // The head of an incomplete frame can already violate the protocol.
        if is_bad_head(bytes, most) {
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
    /// `None` if the stream ends with this frame.
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

/// Reads the frames of a client, which are complete, masked and not fragmented: the opcode and the payload of each.
pub fn written(mut bytes: &[u8]) -> Vec<(u8, Vec<u8>)> {
    let mut frames = Vec::new();
    while !bytes.is_empty() {
        let frame = next(&mut bytes).expect("complete frames");
        assert!(frame.is_final && frame.reserved == 0, "one frame per message, no extension");
        let mask = frame.mask.expect("a client masks");
        let payload = frame.payload.iter().zip(mask.iter().cycle()).map(|(byte, mask)| byte ^ mask);
        frames.push((frame.opcode, payload.collect()));
    }
    frames
}

/// Whether the head of the first frame violates the protocol. It may be incomplete.
fn is_bad_head(bytes: &[u8], most: u64) -> bool {
    let Some((head, length, _)) = head(bytes) else { return false };
    matches!(head[0] & 0x0f, 3..=7 | 11..) || length > most
}

/// The first two bytes of a frame, the length of its payload, and the length of its head.
fn head(bytes: &[u8]) -> Option<([u8; 2], u64, usize)> {
    let start = [*bytes.first()?, *bytes.get(1)?];
    let (length, size) = match start[1] & 0x7f {
        126 => (u64::from(u16::from_be_bytes(bytes.get(2..4)?.try_into().ok()?)), 4),
        127 => (u64::from_be_bytes(bytes.get(2..10)?.try_into().ok()?), 10),
        length => (u64::from(length), 2),
    };
    let mask = if start[1] & 0x80 == 0 { 0 } else { 4 };
    (bytes.len() >= size + mask).then_some((start, length, size + mask))
}

fn next<'a>(bytes: &mut &'a [u8]) -> Option<Frame<'a>> {
    let (start, length, size) = head(bytes)?;
    let end = size.checked_add(usize::try_from(length).ok()?)?;
    let whole: &'a [u8] = bytes.get(..end)?;
    *bytes = &bytes[end..];
    Some(Frame {
        is_final: start[0] & 0x80 != 0,
        reserved: start[0] & 0x70,
        opcode: start[0] & 0x0f,
        mask: (start[1] & 0x80 != 0).then(|| whole[size - 4..size].try_into().expect("four bytes")),
        payload: &whole[size..],
    })
}

/// Whether this is UTF-8, or the beginning of UTF-8.
fn is_start_of_text(bytes: &[u8], is_all: bool) -> bool {
    std::str::from_utf8(bytes).map_or_else(|error| !is_all && error.error_len().is_none(), |_| true)
}

/// The code and reason of a close frame. `None` if it violates the protocol.
fn closing(payload: &[u8]) -> Option<Option<(u16, String)>> {
    match payload {
        [] => Some(None),
        [_] => None,
        [high, low, reason @ ..] => {
            let code = u16::from_be_bytes([*high, *low]);
            let reason = std::str::from_utf8(reason).ok()?.to_owned();
            // tungstenite replaces codes that must not be sent. It does not know 1014, which is newer than RFC 6455.
            let is_allowed = matches!(code, 1000..=1003 | 1007..=1013 | 3000..=4999);
            Some(Some(if is_allowed { (code, reason) } else { (1002, "Protocol violation".to_owned()) }))
        }
    }
}
