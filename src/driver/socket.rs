//! One open WebSocket: what it does, as events. Owns the bytes; their meaning is the session's, its opening `upgrade`'s.

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

/// After so many bytes of frames the driver looks at its other work.
const BATCH_BYTES: usize = 64 * 1024;

/// Of a server that does not take the answers to its pings, no more than these are read. (The answers wait in memory.)
const MAX_PINGS: usize = 1024;

/// The close code of a connection that ended without a close frame.
const ABNORMAL_CLOSURE: u16 = 1006;

/// What a socket does.
#[derive(Debug)]
pub(super) enum SocketEvent {
    /// A text or binary frame.
    Frame(Bytes),
    /// A control frame (pings are answered here), or a part of a frame.
    Alive,
    /// All that was to be written is written.
    Flushed,
    /// The end. Nothing follows.
    Closed(CloseReason),
}

/// What reading came to.
enum Reading {
    /// More may be there: come back after the driver's other work.
    MoreIsThere,
    /// All that has arrived is read.
    NothingIsThere,
    /// A close frame came.
    Closed(CloseReason),
    /// The stream ended, or broke.
    Ended(WsError),
}

/// An open WebSocket.
pub(super) struct Socket {
    stream: WebSocketStream<Stream>,
    /// For errors.
    server: String,
    flushing: bool,
    /// The first write that failed; told when there is nothing more to read.
    failed: Option<WsError>,
    /// So many bytes had arrived when it was last looked at.
    received: u64,
    /// Pings since the socket took all that was to be written.
    pings: usize,
    /// The last frame longer than a batch, and what has been read since.
    large: Option<(Bytes, usize)>,
}

impl Socket {
    /// `server` is for errors.
    pub(super) fn new(stream: WebSocketStream<Stream>, server: String) -> Self {
        Self { stream, server, flushing: false, failed: None, received: 0, pings: 0, large: None }
    }

    /// Queues a text frame; `events` writes it.
    pub(super) fn write(&mut self, frame: Bytes) {
        let text = Utf8Bytes::try_from(frame).expect("frames are made from strings");
        self.start(Message::Text(text));
    }

    /// Queues a pong that nobody has asked for.
    pub(super) fn pong(&mut self) {
        self.start(Message::Pong(Bytes::new()));
    }

    /// Queues a close frame behind all others.
    pub(super) fn close(&mut self) {
        self.start(Message::Close(Some(CloseFrame {
            code: CloseCode::Normal,
            reason: Utf8Bytes::default(),
        })));
    }

    fn start(&mut self, message: Message) {
        match Pin::new(&mut self.stream).start_send(message) {
            Ok(()) => self.flushing = true,
            Err(error) => self.fail(error),
        }
    }

    fn fail(&mut self, error: WsError) {
        self.failed.get_or_insert(error);
    }

    /// Waits for events and gives all that are there already, in order; reads only where `read` says so. Cancel-safe.
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
        if !read || self.pings >= MAX_PINGS {
            return;
        }
        let known = events.len();
        let reading = self.poll_read(context, events);
        // Of a frame that takes its time, every part is a sign of life.
        let received = self.stream.get_ref().received().count();
        if std::mem::replace(&mut self.received, received) != received && events.len() == known {
            events.push(SocketEvent::Alive);
        }
        let end = match reading {
            Reading::MoreIsThere => None,
            // A write may have failed while there was still something to read: what the server said last. So it is
            // the end only now.
            Reading::NothingIsThere => self.failed.take().map(|error| self.closure(error)),
            Reading::Ended(error) => {
                self.answer_violation(context, &error);
                Some(self.end(error))
            }
            Reading::Closed(end) => Some(end),
        };
        events.extend(end.map(SocketEvent::Closed));
    }

    /// Reads what is there, up to a batch.
    fn poll_read(&mut self, context: &mut Context<'_>, events: &mut Vec<SocketEvent>) -> Reading {
        let mut bytes = 0;
        while bytes < BATCH_BYTES && self.pings < MAX_PINGS {
            match Pin::new(&mut self.stream).poll_next(context) {
                Poll::Ready(Some(Ok(Message::Text(text)))) => {
                    bytes += 1 + text.len();
                    events.push(SocketEvent::Frame(self.note_frame(text.into())));
                }
                Poll::Ready(Some(Ok(Message::Binary(data)))) => {
                    bytes += 1 + data.len();
                    events.push(SocketEvent::Frame(self.note_frame(data)));
                }
                Poll::Ready(Some(Ok(Message::Close(frame)))) => {
                    // The answer to the close frame is queued; it goes out if the socket takes it now.
                    self.flushing = true;
                    self.poll_flush(context, &mut Vec::new());
                    let (code, reason) = match frame {
                        Some(frame) => (frame.code.into(), frame.reason.as_str().to_owned()),
                        None => (1005, String::new()),
                    };
                    return Reading::Closed(CloseReason::Closed { code, reason });
                }
                Poll::Ready(Some(Ok(control))) => {
                    self.pings += usize::from(control.is_ping());
                    // A ping's answer is queued by the library and goes out with the next read; or with the next
                    // flush, since reading may pause.
                    self.flushing = true;
                    bytes += 1;
                    events.push(SocketEvent::Alive);
                }
                Poll::Ready(Some(Err(error))) => return Reading::Ended(error),
                Poll::Ready(None) => return Reading::Ended(WsError::ConnectionClosed),
                // Without budget the runtime wants its turn, and says nothing about the socket.
                Poll::Pending if has_budget_remaining() => return Reading::NothingIsThere,
                Poll::Pending => return Reading::MoreIsThere,
            }
        }
        Reading::MoreIsThere
    }

    /// A large frame lies in the library's read buffer, which would keep that memory for what comes next, to the end
    /// of the connection. So the frame is held until the library has had to get itself another buffer.
    fn note_frame(&mut self, frame: Bytes) -> Bytes {
        if frame.len() > BATCH_BYTES {
            self.large = Some((frame.clone(), 0));
        } else if let Some((_, since)) = &mut self.large {
            *since += frame.len();
            if *since > BATCH_BYTES {
                self.large = None;
            }
        }
        frame
    }

    /// What breaks the protocol is answered by a close frame that says so (RFC 6455, section 7.4.1), as far as the socket
    /// takes it now.
    fn answer_violation(&mut self, context: &mut Context<'_>, error: &WsError) {
        let code = match error {
            WsError::Protocol(ProtocolError::ResetWithoutClosingHandshake) => return,
            WsError::Protocol(_) => CloseCode::Protocol,
            WsError::Utf8(_) => CloseCode::Invalid,
            WsError::Capacity(_) => CloseCode::Size,
            _ => return,
        };
        self.start(Message::Close(Some(CloseFrame { code, reason: Utf8Bytes::default() })));
        self.poll_flush(context, &mut Vec::new());
    }

    /// The end that reading came to. Of a reset the reader is told once: where a write has found it before, it looks
    /// like the mere end of the stream.
    fn end(&mut self, error: WsError) -> CloseReason {
        match self.failed.take() {
            Some(WsError::Io(reset)) if reset.kind() == io::ErrorKind::ConnectionReset => {
                self.closure(reset.into())
            }
            _ => self.closure(error),
        }
    }

    fn poll_flush(&mut self, context: &mut Context<'_>, events: &mut Vec<SocketEvent>) {
        if !self.flushing {
            return;
        }
        match Pin::new(&mut self.stream).poll_flush(context) {
            Poll::Ready(Ok(())) => {
                self.flushing = false;
                self.pings = 0;
                events.push(SocketEvent::Flushed);
            }
            Poll::Ready(Err(error)) => {
                self.flushing = false;
                self.pings = 0;
                self.fail(error);
            }
            Poll::Pending => {}
        }
    }

    /// How an error looks to the session.
    fn closure(&self, error: WsError) -> CloseReason {
        let message = match error {
            WsError::ConnectionClosed
            | WsError::AlreadyClosed
            | WsError::Protocol(
                ProtocolError::ResetWithoutClosingHandshake | ProtocolError::SendAfterClosing,
            ) => return ended(),
            WsError::Io(error) if error.kind() == io::ErrorKind::UnexpectedEof => return ended(),
            WsError::Capacity(CapacityError::MessageTooLong { size, max_size }) => {
                format!(
                    "{} sent a frame of {size} bytes or more: over the limit of {max_size} (maxFrameBytes)",
                    self.server
                )
            }
            ref error => format!("the connection to {} broke: {}", self.server, error_code::message(error)),
        };
        CloseReason::Failed(SocketError::new(message, error_code::node_code(&error)))
    }
}

fn ended() -> CloseReason {
    CloseReason::Closed { code: ABNORMAL_CLOSURE, reason: String::new() }
}

#[cfg(test)]
mod autobahn;
