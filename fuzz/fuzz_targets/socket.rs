//! A server's bytes in pieces of any size, over a socket that takes what is written, or some of it, or nothing: what the
//! driver makes of them is what RFC 6455 says they mean, and its answers are a client's.
//!
//! The first byte says how the socket takes what is written, the next three how large the pieces are.
#![no_main]

use std::io;
use std::pin::{Pin, pin};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker};

use libfuzzer_sys::fuzz_target;
use slack_rtm_native::fuzzing::Socket;
use slack_rtm_native::session::{CloseReason, Input};
use slack_rtm_native_fuzz::websocket::{self, End, Reading};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// Longer frames end the connection (`MAX_FRAME_BYTES` in src/driver/socket.rs).
const LONGEST: u64 = 128 * 1024 * 1024;

/// Opcodes.
const CLOSE: u8 = 8;
const PONG: u8 = 10;

fuzz_target!(|data: &[u8]| {
    let [mode, first, second, third, bytes @ ..] = data else { return };
    let taking = [Taking::All, Taking::Bytewise, Taking::Nothing][usize::from(mode % 3)];
    let pieces = [first, second, third].map(|size| usize::from(*size) + 1);
    let expected = websocket::read(bytes, LONGEST);
    let written = Arc::new(Mutex::new(Vec::new()));
    let wire = Wire {
        bytes: bytes.to_vec(),
        at: 0,
        pieces,
        piece: 0,
        rests: false,
        taking,
        written: Arc::clone(&written),
    };
    // Of a server that takes no answers, no more pings are read.
    if taking == Taking::Nothing && expected.pings.len() >= 1024 {
        return;
    }
    let inputs = all_events(wire, mode & 0x80 != 0, 4 * bytes.len() + 16);
    check(&inputs, &expected);
    let written = websocket::written(&written.lock().expect("no panic"));
    check_answers(&written, &expected, taking);
});

/// Whatever the socket tells, until its end.
fn all_events(wire: Wire, pauses: bool, most: usize) -> Vec<Input> {
    let mut context = Context::from_waker(Waker::noop());
    let Poll::Ready(mut socket) = pin!(Socket::over(wire)).poll(&mut context) else {
        panic!("made at once");
    };
    let mut inputs = Vec::new();
    for round in 0..most {
        let reads = !pauses || round % 2 == 0;
        if let Poll::Ready(events) = pin!(socket.events(reads)).poll(&mut context) {
            inputs.extend(events);
        }
        if let Some(Input::Closed { .. }) = inputs.last() {
            return inputs;
        }
    }
    panic!("a socket without end");
}

fn check(inputs: &[Input], expected: &Reading) {
    let mut frames = Vec::new();
    let mut alive = 0;
    for input in &inputs[..inputs.len() - 1] {
        match input {
            Input::Frame { frame, .. } => frames.push(frame.data.to_vec()),
            Input::Activity { .. } => alive += 1,
            Input::Flushed { .. } => {}
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(frames, expected.messages);
    // A part of a frame is a sign of life, too.
    assert!(alive >= expected.controls, "{alive} signs of life");
    let Some(Input::Closed { closure, .. }) = inputs.last() else { panic!("no end") };
    match (closure, &expected.end) {
        (CloseReason::Closed { code: 1006, reason }, End::OutOfBytes) => assert_eq!(reason, ""),
        (CloseReason::Closed { code: 1005, reason }, End::Closed(None)) => assert_eq!(reason, ""),
        (CloseReason::Closed { code, reason }, End::Closed(Some((sent, words)))) => {
            assert_eq!((code, reason), (sent, words));
        }
        (CloseReason::Failed(_), End::Violation) => {}
        other => panic!("another end: {other:?}"),
    }
}

/// Pongs for pings, in order, the last one at any rate (RFC 6455, section 5.5.3); a close frame at the end of all but a
/// stream that merely ended.
fn check_answers(written: &[(u8, Vec<u8>)], expected: &Reading, taking: Taking) {
    if taking == Taking::Nothing {
        return assert!(written.is_empty());
    }
    let (closing, pongs): (Vec<_>, Vec<_>) = written.iter().partition(|(opcode, _)| *opcode == CLOSE);
    let mut pings = expected.pings.iter();
    for (opcode, payload) in pongs {
        assert_eq!(*opcode, PONG);
        assert!(pings.any(|ping| ping == payload), "a pong without its ping");
    }
    match &expected.end {
        End::OutOfBytes => {
            assert!(closing.is_empty() && pings.next().is_none(), "the last ping is answered");
        }
        End::Closed(sent) => {
            let [(_, echo)] = closing[..] else { panic!("one answer") };
            assert_eq!(echo.first_chunk(), sent.as_ref().map(|(code, _)| code.to_be_bytes()).as_ref());
        }
        End::Violation => {
            let [(_, code)] = closing[..] else { panic!("one farewell") };
            assert!(matches!(code[..], [0x03, 0xea | 0xef | 0xf1]), "1002, 1007 or 1009");
        }
    }
    if let Some(at) = written.iter().position(|(opcode, _)| *opcode == CLOSE) {
        assert_eq!(at, written.len() - 1, "nothing after a close frame");
    }
}

/// How the socket takes what is written.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Taking {
    All,
    Bytewise,
    Nothing,
}

/// The server's side.
struct Wire {
    bytes: Vec<u8>,
    at: usize,
    pieces: [usize; 3],
    piece: usize,
    /// Whether there is nothing just now.
    rests: bool,
    taking: Taking,
    written: Arc<Mutex<Vec<u8>>>,
}

impl AsyncRead for Wire {
    fn poll_read(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        self.rests = !self.rests;
        if !self.rests {
            return Poll::Pending;
        }
        let size = self.pieces[self.piece % 3];
        let end = self.bytes.len().min(self.at + size.min(buffer.remaining()));
        buffer.put_slice(&self.bytes[self.at..end]);
        self.at = end;
        self.piece += 1;
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Wire {
    fn poll_write(self: Pin<&mut Self>, _: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let size = match self.taking {
            Taking::All => bytes.len(),
            Taking::Bytewise => bytes.len().min(1),
            Taking::Nothing => return Poll::Pending,
        };
        self.written.lock().expect("no panic").extend_from_slice(&bytes[..size]);
        Poll::Ready(Ok(size))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}
