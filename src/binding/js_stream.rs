//! A byte stream between the driver and a socket that JavaScript holds, because the user's agent opened it.
//!
//! [`pipe`] creates both ends: the driver reads and writes [`JsStream`], and JavaScript moves the bytes between
//! [`ByteStream`] and the socket. Each direction has a bounded buffer: a full one stops the reader of the socket, or the
//! writer in the driver.

use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

use bytes::{Buf, BytesMut};
use napi::bindgen_prelude::Buffer;
use napi_derive::napi;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use crate::driver::CodedError;

/// A direction is full when its buffer has this many bytes.
const HIGH_WATER_MARK: usize = 256 * 1024;

/// Notifies JavaScript that [`ByteStream::commands`] has changed.
type Notify = Box<dyn Fn() + Send + Sync>;

/// The state that the two ends share.
#[derive(Default)]
struct Pipe {
    /// The bytes from the socket to the driver.
    inbound: BytesMut,
    /// Whether JavaScript must not read the socket.
    paused: bool,
    /// Set when the socket has ended.
    end: Option<End>,
    reader: Option<Waker>,
    /// The bytes from the driver to the socket.
    outbound: BytesMut,
    writer: Option<Waker>,
    /// The driver will not write any more.
    shut_down: bool,
    /// The driver has dropped the stream.
    dropped: bool,
}

/// How a socket ended.
enum End {
    Closed,
    Failed(CodedError),
}

impl End {
    /// The result of a read or a write after the end. `closed` is the result if there was no error.
    fn result(&self, closed: io::Result<()>) -> io::Result<()> {
        match self {
            End::Closed => closed,
            End::Failed(error) => {
                let is_reset = error.code.as_deref() == Some("ECONNRESET");
                let kind = if is_reset { io::ErrorKind::ConnectionReset } else { io::ErrorKind::Other };
                Err(io::Error::new(kind, error.clone()))
            }
        }
    }
}

fn lock(pipe: &Mutex<Pipe>) -> MutexGuard<'_, Pipe> {
    pipe.lock().unwrap_or_else(PoisonError::into_inner)
}

fn wake(waker: &mut Option<Waker>) {
    if let Some(waker) = waker.take() {
        waker.wake();
    }
}

/// Creates both ends of a stream. `notify` is called when the driver's end needs JavaScript.
pub(super) fn pipe(notify: impl Fn() + Send + Sync + 'static) -> (JsStream, ByteStream) {
    let pipe = Arc::new(Mutex::new(Pipe::default()));
    let stream = JsStream { pipe: Arc::clone(&pipe), notify: Box::new(notify) };
    (stream, ByteStream { pipe })
}

/// JavaScript's end of a stream.
#[napi]
pub struct ByteStream {
    pipe: Arc<Mutex<Pipe>>,
}

/// The things that JavaScript has to do with the socket now.
#[napi(object, use_nullable = true)]
pub struct StreamCommands {
    /// Write these bytes; `null` if there are none.
    pub write: Option<Buffer>,
    /// Read the socket.
    pub read: bool,
    /// End the socket: all bytes were written.
    pub end: bool,
    /// Destroy the socket.
    pub destroy: bool,
}

#[napi]
impl ByteStream {
    /// Takes bytes from the socket. Returns false if JavaScript must stop reading the socket, until `commands` returns `read`.
    #[napi(catch_unwind)]
    pub fn push(&self, bytes: Buffer) -> bool {
        let mut pipe = lock(&self.pipe);
        pipe.inbound.extend_from_slice(&bytes);
        wake(&mut pipe.reader);
        pipe.paused = pipe.inbound.len() >= HIGH_WATER_MARK;
        !pipe.paused
    }

    /// The socket has ended; with a message and a code if it failed.
    #[napi(catch_unwind)]
    pub fn finish(&self, message: Option<String>, code: Option<String>) {
        let mut pipe = lock(&self.pipe);
        let failed = |message| End::Failed(CodedError { message, code: code.map(Into::into) });
        pipe.end.get_or_insert(message.map_or(End::Closed, failed));
        wake(&mut pipe.reader);
        wake(&mut pipe.writer);
    }

    /// What to do with the socket now. It returns bytes to write only if the socket can take them, so that the socket's own
    /// buffer stays small.
    #[napi(catch_unwind)]
    pub fn commands(&self, may_write: bool) -> StreamCommands {
        let mut pipe = lock(&self.pipe);
        let bytes = if may_write { pipe.outbound.split() } else { BytesMut::new() };
        wake(&mut pipe.writer);
        StreamCommands {
            write: (!bytes.is_empty()).then(|| Vec::from(bytes).into()),
            read: !pipe.paused,
            end: pipe.shut_down && pipe.outbound.is_empty(),
            destroy: pipe.dropped,
        }
    }
}

/// The driver's end of a stream.
pub(super) struct JsStream {
    pipe: Arc<Mutex<Pipe>>,
    notify: Notify,
}

impl AsyncRead for JsStream {
    fn poll_read(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let mut pipe = lock(&self.pipe);
        if pipe.inbound.is_empty() {
            if let Some(end) = &pipe.end {
                return Poll::Ready(end.result(Ok(())));
            }
            pipe.reader = Some(context.waker().clone());
            return Poll::Pending;
        }
        let length = pipe.inbound.len().min(buffer.remaining());
        buffer.put_slice(&pipe.inbound[..length]);
        pipe.inbound.advance(length);
        let resumes = pipe.paused && pipe.inbound.len() < HIGH_WATER_MARK / 2;
        pipe.paused &= !resumes;
        drop(pipe);
        if resumes {
            (self.notify)();
        }
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for JsStream {
    fn poll_write(self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let mut pipe = lock(&self.pipe);
        if let Some(end) = &pipe.end {
            return Poll::Ready(end.result(Err(io::ErrorKind::BrokenPipe.into())).map(|()| 0));
        }
        if pipe.outbound.len() >= HIGH_WATER_MARK {
            pipe.writer = Some(context.waker().clone());
            return Poll::Pending;
        }
        let was_empty = pipe.outbound.is_empty();
        let length = bytes.len().min(HIGH_WATER_MARK);
        pipe.outbound.extend_from_slice(&bytes[..length]);
        drop(pipe);
        if was_empty {
            (self.notify)();
        }
        Poll::Ready(Ok(length))
    }

    /// Ready when JavaScript has taken all bytes.
    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let mut pipe = lock(&self.pipe);
        if pipe.outbound.is_empty() || pipe.end.is_some() {
            return Poll::Ready(Ok(()));
        }
        pipe.writer = Some(context.waker().clone());
        Poll::Pending
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        let was_shut_down = std::mem::replace(&mut lock(&self.pipe).shut_down, true);
        if !was_shut_down {
            (self.notify)();
        }
        Poll::Ready(Ok(()))
    }
}

impl Drop for JsStream {
    fn drop(&mut self) {
        lock(&self.pipe).dropped = true;
        (self.notify)();
    }
}
