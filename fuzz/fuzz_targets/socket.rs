//! Any bytes from a server, in pieces of any size: the driver reads them as RFC 6455 says, and writes what a client must.
//!
//! The first byte of the input says how the stream accepts writes (everything, one byte at a time, nothing) and whether reading
//! pauses. The next three bytes are the sizes of the pieces.
#![no_main]

use std::io;
use std::pin::{Pin, pin};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker};

use libfuzzer_sys::fuzz_target;
use slack_rtm_native::fuzzing::Socket;
use slack_rtm_native::session::{CloseReason, Input};
use slack_rtm_native_fuzz::websocket::{self, End, Reading, Written};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// A longer frame ends the connection. (`fuzzing::Socket` sets the same limit.)
const MAX_FRAME_BYTES: u64 = 128 * 1024 * 1024;

/// The opcode of a close frame.
const CLOSE: u8 = 8;

/// The opcode of a pong.
const PONG: u8 = 10;

fuzz_target!(|data: &[u8]| {
    let [mode, first, second, third, bytes @ ..] = data else { return };
    let writes = [Writes::All, Writes::Bytewise, Writes::Nothing][usize::from(mode % 3)];
    let pieces = [first, second, third].map(|size| usize::from(*size) + 1);
    let expected = websocket::read(bytes, MAX_FRAME_BYTES);
    let written = Arc::new(Mutex::new(Vec::new()));
    let stream = Stream {
        bytes: bytes.to_vec(),
        at: 0,
        pieces,
        piece: 0,
        is_pending: true,
        writes,
        written: Arc::clone(&written),
    };
    // If no pong can be written, the driver stops reading at some point.
    if writes == Writes::Nothing && expected.pings.len() >= 1024 {
        return;
    }
    let inputs = all_events(stream, mode & 0x80 != 0, 4 * bytes.len() + 16);
    check(&inputs, &expected);
    let written = websocket::written(&written.lock().expect("no panic"));
    check_written(&written, &expected, writes);
});

/// All events of the socket, until its end. With `pauses`, reading pauses in every other round.
fn all_events(stream: Stream, pauses: bool, max_rounds: usize) -> Vec<Input> {
    let mut context = Context::from_waker(Waker::noop());
    let Poll::Ready(mut socket) = pin!(Socket::over(stream)).poll(&mut context) else {
        panic!("the socket is not ready immediately");
    };
    let mut inputs = Vec::new();
    for round in 0..max_rounds {
        let reads = !pauses || round % 2 == 0;
        if let Poll::Ready(events) = pin!(socket.events(reads)).poll(&mut context) {
            inputs.extend(events);
        }
        if let Some(Input::Closed { .. }) = inputs.last() {
            return inputs;
        }
    }
    panic!("the socket does not end");
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
    // There may be more: also a part of a frame counts as activity.
    assert!(alive >= expected.controls, "{alive} times activity");
    let Some(Input::Closed { reason, .. }) = inputs.last() else { panic!("the socket does not end") };
    match (reason, &expected.end) {
        (CloseReason::Closed { code: 1006, reason }, End::OutOfBytes) => assert_eq!(reason, ""),
        (CloseReason::Closed { code: 1005, reason }, End::Closed(None)) => assert_eq!(reason, ""),
        (CloseReason::Closed { code, reason }, End::Closed(Some((sent, text)))) => {
            assert_eq!((code, reason), (sent, text));
        }
        (CloseReason::Failed(_), End::Violation) => {}
        other => panic!("the wrong end: {other:?}"),
    }
}

/// Checks the frames that the driver wrote. There must be pongs in the order of the pings, at least for the last one (RFC 6455,
/// section 5.5.3), and a close frame unless the server's bytes just ended.
fn check_written(written: &[Written], expected: &Reading, writes: Writes) {
    if writes == Writes::Nothing {
        return assert!(written.is_empty());
    }
    let (closing, pongs): (Vec<&Written>, Vec<&Written>) =
        written.iter().partition(|frame| frame.opcode == CLOSE);
    let mut pings = expected.pings.iter();
    for pong in pongs {
        assert_eq!(pong.opcode, PONG);
        assert!(pings.any(|ping| *ping == pong.payload), "a pong without a ping");
    }
    match &expected.end {
        End::OutOfBytes => {
            assert!(closing.is_empty() && pings.next().is_none(), "the last ping has no pong");
        }
        End::Closed(sent) => {
            let [close] = closing[..] else { panic!("not one close frame") };
            assert_eq!(
                close.payload.first_chunk(),
                sent.as_ref().map(|(code, _)| code.to_be_bytes()).as_ref()
            );
        }
        End::Violation => {
            let [close] = closing[..] else { panic!("not one close frame") };
            assert!(matches!(close.payload[..], [0x03, 0xea | 0xef | 0xf1]), "1002, 1007 or 1009");
        }
    }
    if let Some(at) = written.iter().position(|frame| frame.opcode == CLOSE) {
        assert_eq!(at, written.len() - 1, "a frame behind the close frame");
    }
}

/// What the stream accepts of a write.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Writes {
    All,
    Bytewise,
    Nothing,
}

/// The stream to the server.
struct Stream {
    /// The bytes from the server, and the position of the next one.
    bytes: Vec<u8>,
    at: usize,
    /// The sizes of the pieces, and the number of the next piece.
    pieces: [usize; 3],
    piece: usize,
    /// Whether the last read was not ready. It alternates.
    is_pending: bool,
    writes: Writes,
    /// The bytes that the driver has written.
    written: Arc<Mutex<Vec<u8>>>,
}

impl AsyncRead for Stream {
    fn poll_read(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        self.is_pending = !self.is_pending;
        if self.is_pending {
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

impl AsyncWrite for Stream {
    fn poll_write(self: Pin<&mut Self>, _: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let size = match self.writes {
            Writes::All => bytes.len(),
            Writes::Bytewise => bytes.len().min(1),
            Writes::Nothing => return Poll::Pending,
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
