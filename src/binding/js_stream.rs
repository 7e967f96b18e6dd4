//! A stream of bytes that JavaScript carries: the socket is an agent's, and what goes over it is the driver's. Owns the
//! bytes between the two threads, bounded on both ways.

use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

use bytes::{Buf, BytesMut};
use napi::bindgen_prelude::Buffer;
use napi_derive::napi;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use crate::driver::CodedError;

/// When so many bytes wait on one way, the other side is asked to stop.
const HIGH_WATER: usize = 256 * 1024;

/// Has JavaScript look after the stream.
type Announce = Box<dyn Fn() + Send + Sync>;

/// What lies between the two ends.
#[derive(Default)]
struct Pipe {
    /// From the socket to the driver.
    inbound: BytesMut,
    /// Whether JavaScript was told to stop reading the socket.
    paused: bool,
    /// The end of what comes from the socket.
    end: Option<End>,
    reader: Option<Waker>,
    /// From the driver to the socket.
    outbound: BytesMut,
    writer: Option<Waker>,
    /// The driver will write no more.
    shut: bool,
    /// The driver has let go of the stream.
    dropped: bool,
}

/// How a socket ended.
enum End {
    /// As it should.
    Clean,
    /// By an error.
    Broken(CodedError),
}

impl End {
    /// What a read or a write comes to then; `clean` where there was no error.
    fn outcome(&self, clean: io::Result<()>) -> io::Result<()> {
        match self {
            End::Clean => clean,
            End::Broken(error) => {
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

/// Both ends of a new stream.
pub(super) fn pipe(announce: impl Fn() + Send + Sync + 'static) -> (JsStream, ByteStream) {
    let pipe = Arc::new(Mutex::new(Pipe::default()));
    let stream = JsStream { pipe: Arc::clone(&pipe), announce: Box::new(announce) };
    (stream, ByteStream { pipe })
}

/// JavaScript's end of a stream.
#[napi]
pub struct ByteStream {
    pipe: Arc<Mutex<Pipe>>,
}

/// What JavaScript is to do with the socket.
#[napi(object, use_nullable = true)]
pub struct StreamCommands {
    /// Write this.
    pub write: Option<Buffer>,
    /// Read on.
    pub read: bool,
    /// End it when all is written.
    pub end: bool,
    /// Destroy it.
    pub destroy: bool,
}

#[napi]
impl ByteStream {
    /// Bytes that came from the socket. False: stop reading it, until told to read on.
    #[napi(catch_unwind)]
    pub fn push(&self, bytes: Buffer) -> bool {
        let mut pipe = lock(&self.pipe);
        pipe.inbound.extend_from_slice(&bytes);
        wake(&mut pipe.reader);
        pipe.paused = pipe.inbound.len() >= HIGH_WATER;
        !pipe.paused
    }

    /// The socket ended; with the message and code of its error where it broke.
    #[napi(catch_unwind)]
    pub fn finish(&self, message: Option<String>, code: Option<String>) {
        let mut pipe = lock(&self.pipe);
        let broken = |message| End::Broken(CodedError { message, code: code.map(Into::into) });
        pipe.end.get_or_insert(message.map_or(End::Clean, broken));
        wake(&mut pipe.reader);
        wake(&mut pipe.writer);
    }

    /// What is to be done with the socket now; nothing is to be written before `may_write`.
    #[napi(catch_unwind)]
    pub fn commands(&self, may_write: bool) -> StreamCommands {
        let mut pipe = lock(&self.pipe);
        let bytes = if may_write { pipe.outbound.split() } else { BytesMut::new() };
        wake(&mut pipe.writer);
        StreamCommands {
            write: (!bytes.is_empty()).then(|| Vec::from(bytes).into()),
            read: !pipe.paused,
            end: pipe.shut && pipe.outbound.is_empty(),
            destroy: pipe.dropped,
        }
    }
}

/// The driver's end of a stream.
pub(super) struct JsStream {
    pipe: Arc<Mutex<Pipe>>,
    announce: Announce,
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
                return Poll::Ready(end.outcome(Ok(())));
            }
            pipe.reader = Some(context.waker().clone());
            return Poll::Pending;
        }
        let length = pipe.inbound.len().min(buffer.remaining());
        buffer.put_slice(&pipe.inbound[..length]);
        pipe.inbound.advance(length);
        let reads_on = pipe.paused && pipe.inbound.len() < HIGH_WATER / 2;
        pipe.paused &= !reads_on;
        drop(pipe);
        if reads_on {
            (self.announce)();
        }
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for JsStream {
    fn poll_write(self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let mut pipe = lock(&self.pipe);
        if let Some(end) = &pipe.end {
            return Poll::Ready(end.outcome(Err(io::ErrorKind::BrokenPipe.into())).map(|()| 0));
        }
        if pipe.outbound.len() >= HIGH_WATER {
            pipe.writer = Some(context.waker().clone());
            return Poll::Pending;
        }
        let is_news = pipe.outbound.is_empty();
        let length = bytes.len().min(HIGH_WATER);
        pipe.outbound.extend_from_slice(&bytes[..length]);
        drop(pipe);
        if is_news {
            (self.announce)();
        }
        Poll::Ready(Ok(length))
    }

    /// Done when JavaScript has taken all of it.
    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let mut pipe = lock(&self.pipe);
        if pipe.outbound.is_empty() || pipe.end.is_some() {
            return Poll::Ready(Ok(()));
        }
        pipe.writer = Some(context.waker().clone());
        Poll::Pending
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        let is_news = !std::mem::replace(&mut lock(&self.pipe).shut, true);
        if is_news {
            (self.announce)();
        }
        Poll::Ready(Ok(()))
    }
}

impl Drop for JsStream {
    fn drop(&mut self) {
        lock(&self.pipe).dropped = true;
        (self.announce)();
    }
}
