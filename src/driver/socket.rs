//! An open WebSocket: reads and writes frames, and reports events.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use futures_util::future::poll_fn;
use futures_util::{Sink, Stream as _};
use tokio::task::coop::has_budget_remaining;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::error::{CapacityError, ProtocolError};
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;
use tokio_tungstenite::tungstenite::protocol::{CloseFrame, Message};
use tokio_tungstenite::tungstenite::{Error as WsError, Utf8Bytes};

use crate::net::error_code;
use crate::net::stream::Stream;
use crate::session::{CloseReason, SocketError};

/// After this many bytes of frames, the driver does its other work before it reads on.
const BATCH_BYTES: usize = 64 * 1024;

/// The most pings that are read while the server does not read the pongs. The pongs wait in memory.
const MAX_UNSENT_PONGS: usize = 1024;

/// The close code of a close frame without a code (RFC 6455, section 7.4.1).
const NO_STATUS: u16 = 1005;

/// The close code of a connection that ended without a close frame (RFC 6455, section 7.4.1).
const ABNORMAL_CLOSURE: u16 = 1006;

/// What happened to a socket.
#[derive(Debug)]
pub(super) enum SocketEvent {
    /// A text or binary frame arrived.
    Frame(Bytes),
    /// A control frame or a part of a frame arrived. The library sends the pongs.
    Activity,
    /// All queued frames have been written.
    Flushed,
    /// The connection ended. This is the last event.
    Closed(CloseReason),
}

/// The result of reading.
enum ReadResult {
    /// More data may be available. Read on after the driver's other work.
    MaybeMore,
    /// All available data has been read.
    Drained,
    /// A close frame arrived.
    Closed(CloseReason),
    /// The stream ended or failed.
    Failed(WsError),
}

/// The last frame that was larger than a batch.
struct LargeFrame {
    /// Never read: it only keeps the memory in use.
    _data: Bytes,
    /// The bytes of frames that have been read since.
    read_since: usize,
}

/// An open WebSocket.
pub(super) struct Socket {
    stream: WebSocketStream<Stream>,
    /// Host and port, for errors.
    server: String,
    is_flushing: bool,
    /// The first error of a write. It is reported when all received data has been read.
    write_error: Option<WsError>,
    /// The number of received bytes at the last check.
    received: u64,
    /// The number of pings since the last complete flush.
    unsent_pongs: usize,
    large_frame: Option<LargeFrame>,
}

impl Socket {
    /// `server` is its host and port, for errors.
    pub(super) fn new(stream: WebSocketStream<Stream>, server: String) -> Self {
        Self {
            stream,
            server,
            is_flushing: false,
            write_error: None,
            received: 0,
            unsent_pongs: 0,
            large_frame: None,
        }
    }

    /// Queues a text frame. [`Self::events`] writes it.
    pub(super) fn write(&mut self, frame: Bytes) {
        let text = Utf8Bytes::try_from(frame).expect("the session creates frames from strings");
        self.queue(Message::Text(text));
    }

    /// Queues an unsolicited pong.
    pub(super) fn pong(&mut self) {
        self.queue(Message::Pong(Bytes::new()));
    }

    /// Queues a close frame after all others.
    pub(super) fn close(&mut self) {
        self.queue(Message::Close(Some(CloseFrame {
            code: CloseCode::Normal,
            reason: Utf8Bytes::default(),
        })));
    }

    fn queue(&mut self, message: Message) {
        match Pin::new(&mut self.stream).start_send(message) {
            Ok(()) => self.is_flushing = true,
            Err(error) => self.note_write_error(error),
        }
    }

    fn note_write_error(&mut self, error: WsError) {
        self.write_error.get_or_insert(error);
    }

    /// Waits until there are events, and returns all of them in order. Reads only if `read` is set. Cancel-safe.
    pub(super) async fn events(&mut self, read: bool) -> Vec<SocketEvent> {
        poll_fn(|context| {
            let mut events = Vec::new();
            self.poll_events(context, read, &mut events);
            if events.is_empty() { Poll::Pending } else { Poll::Ready(events) }
        })
        .await
    }

    fn poll_events(&mut self, context: &mut Context<'_>, read: bool, events: &mut Vec<SocketEvent>) {
        self.poll_flush(context, events);
        if !read || self.unsent_pongs >= MAX_UNSENT_PONGS {
            return;
        }
        let before = events.len();
        let result = self.poll_read(context, events);
        // Each part of a slow frame proves that the connection is alive.
        let received = self.stream.get_ref().received().get();
        if std::mem::replace(&mut self.received, received) != received && events.len() == before {
            events.push(SocketEvent::Activity);
        }
        let reason = match result {
            ReadResult::MaybeMore => None,
            // A write error is reported only now, because a server may have sent data before it closed the connection.
            ReadResult::Drained => self.write_error.take().map(|error| self.close_reason(error)),
            ReadResult::Failed(error) => {
                self.close_after_violation(context, &error);
                Some(self.reason_for_end(error))
            }
            ReadResult::Closed(reason) => Some(reason),
        };
        events.extend(reason.map(SocketEvent::Closed));
    }

    /// Reads the available frames, up to a batch.
    fn poll_read(&mut self, context: &mut Context<'_>, events: &mut Vec<SocketEvent>) -> ReadResult {
        let mut bytes = 0;
        while bytes < BATCH_BYTES && self.unsent_pongs < MAX_UNSENT_PONGS {
            match Pin::new(&mut self.stream).poll_next(context) {
                Poll::Ready(Some(Ok(Message::Text(text)))) => {
                    bytes += 1 + text.len();
                    events.push(SocketEvent::Frame(self.hold_if_large(text.into())));
                }
                Poll::Ready(Some(Ok(Message::Binary(data)))) => {
                    bytes += 1 + data.len();
                    events.push(SocketEvent::Frame(self.hold_if_large(data)));
                }
                Poll::Ready(Some(Ok(Message::Close(frame)))) => {
                    // The library has queued a close frame in reply. It is sent only if the socket accepts it now.
                    self.is_flushing = true;
                    self.poll_flush(context, &mut Vec::new());
                    let (code, reason) = match frame {
                        Some(frame) => (frame.code.into(), frame.reason.as_str().to_owned()),
                        None => (NO_STATUS, String::new()),
                    };
                    return ReadResult::Closed(CloseReason::Closed { code, reason });
                }
                Poll::Ready(Some(Ok(control))) => {
                    self.unsent_pongs += usize::from(control.is_ping());
                    // The library has queued a pong, and would send it with the next read. Flush it, because reading
                    // may pause.
                    self.is_flushing = true;
                    bytes += 1;
                    events.push(SocketEvent::Activity);
                }
                Poll::Ready(Some(Err(error))) => return ReadResult::Failed(error),
                Poll::Ready(None) => return ReadResult::Failed(WsError::ConnectionClosed),
                // Without budget, tokio returns `Pending` although data may be available.
                Poll::Pending if has_budget_remaining() => return ReadResult::Drained,
                Poll::Pending => return ReadResult::MaybeMore,
            }
        }
        ReadResult::MaybeMore
    }

    /// Keeps a reference to a large frame until the library has replaced its read buffer. The frame shares the buffer's
    /// memory. Without the reference, the library would keep and reuse that memory until the connection ends.
    fn hold_if_large(&mut self, data: Bytes) -> Bytes {
        if data.len() > BATCH_BYTES {
            self.large_frame = Some(LargeFrame { _data: data.clone(), read_since: 0 });
        } else if let Some(large) = &mut self.large_frame {
            large.read_since += data.len();
            if large.read_since > BATCH_BYTES {
                self.large_frame = None;
            }
        }
        data
    }

    /// Sends a close frame with the code of a protocol violation (RFC 6455, section 7.4.1), if the socket accepts it
    /// now.
    fn close_after_violation(&mut self, context: &mut Context<'_>, error: &WsError) {
        let code = match error {
            WsError::Protocol(ProtocolError::ResetWithoutClosingHandshake) => return,
            WsError::Protocol(_) => CloseCode::Protocol,
            WsError::Utf8(_) => CloseCode::Invalid,
            WsError::Capacity(_) => CloseCode::Size,
            _ => return,
        };
        self.queue(Message::Close(Some(CloseFrame { code, reason: Utf8Bytes::default() })));
        self.poll_flush(context, &mut Vec::new());
    }

    /// The reason for the end of the stream. The operating system reports a reset only once. If a write got that error,
    /// the reader only sees an end.
    fn reason_for_end(&mut self, error: WsError) -> CloseReason {
        match self.write_error.take() {
            Some(WsError::Io(reset)) if reset.kind() == io::ErrorKind::ConnectionReset => {
                self.close_reason(reset.into())
            }
            _ => self.close_reason(error),
        }
    }

    fn poll_flush(&mut self, context: &mut Context<'_>, events: &mut Vec<SocketEvent>) {
        if !self.is_flushing {
            return;
        }
        match Pin::new(&mut self.stream).poll_flush(context) {
            Poll::Ready(Ok(())) => {
                self.is_flushing = false;
                self.unsent_pongs = 0;
                events.push(SocketEvent::Flushed);
            }
            Poll::Ready(Err(error)) => {
                self.is_flushing = false;
                self.unsent_pongs = 0;
                self.note_write_error(error);
            }
            Poll::Pending => {}
        }
    }

    /// Converts an error for the session.
    fn close_reason(&self, error: WsError) -> CloseReason {
        let message = match error {
            WsError::ConnectionClosed
            | WsError::AlreadyClosed
            | WsError::Protocol(
                ProtocolError::ResetWithoutClosingHandshake | ProtocolError::SendAfterClosing,
            ) => return abnormal_closure(),
            WsError::Io(error) if error.kind() == io::ErrorKind::UnexpectedEof => return abnormal_closure(),
            WsError::Capacity(CapacityError::MessageTooLong { size, max_size }) => {
                format!(
                    "{} sent a frame of {size} bytes or more: over the limit of {max_size} (maxFrameBytes)",
                    self.server
                )
            }
            ref error => format!("the connection to {} failed: {}", self.server, error_code::message(error)),
        };
        CloseReason::Failed(SocketError::new(message, error_code::node_code(&error)))
    }
}

fn abnormal_closure() -> CloseReason {
    CloseReason::Closed { code: ABNORMAL_CLOSURE, reason: String::new() }
}

#[cfg(test)]
mod autobahn;
