//! A connection as a stream of bytes, and the errors of making one.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll};

use http::StatusCode;
use hyper_util::client::legacy::connect::{Connected, Connection};
use rustls::pki_types::InvalidDnsNameError;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::dns::DnsError;

/// The longest host name that SOCKS can express. HTTP proxies get no longer ones either.
pub(crate) const MAX_PROXY_NAME_BYTES: usize = 255;

/// A stream of bytes in both directions.
pub trait Duplex: AsyncRead + AsyncWrite + Send + Unpin {}

impl<T: AsyncRead + AsyncWrite + Send + Unpin> Duplex for T {}

/// A connection could not be opened.
#[derive(Debug, thiserror::Error)]
pub(crate) enum StreamError {
    #[error("{0}")]
    Tcp(#[source] Box<dyn std::error::Error + Send + Sync>),
    #[error("{0}")]
    Tls(#[from] io::Error),
    #[error("invalid host name {host}: {source}")]
    HostName { host: String, source: InvalidDnsNameError },
    #[error("the proxy {proxy} cannot be reached: {reason}")]
    ProxyUnreachable { proxy: String, reason: String, source: Box<StreamError> },
    #[error("the proxy {proxy} refused the connection to {target} with HTTP status {status}{hint}")]
    ProxyRefused { proxy: String, target: String, status: StatusCode, hint: &'static str },
    #[error("the proxy {proxy} sent no valid response to CONNECT {target}: {source}")]
    ProxyNoResponse { proxy: String, target: String, source: hyper::Error },
    #[error(
        "the host name is too long for the proxy {proxy}: it has {length} bytes, the limit is {MAX_PROXY_NAME_BYTES}"
    )]
    ProxyNameTooLong { proxy: String, length: usize },
    #[error("the proxy {proxy} could not connect to {target}: {source}")]
    ProxySocks { proxy: String, target: String, source: tokio_socks::Error },
    #[error("{0}")]
    Dns(#[from] DnsError),
}

impl StreamError {
    /// Whether the message includes the reason, so that the messages of the error's sources add nothing.
    pub(crate) fn is_complete(&self) -> bool {
        match self {
            Self::ProxyUnreachable { .. }
            | Self::ProxyRefused { .. }
            | Self::ProxyNoResponse { .. }
            | Self::ProxyNameTooLong { .. }
            | Self::ProxySocks { .. }
            | Self::HostName { .. }
            | Self::Dns(_) => true,
            Self::Tcp(_) | Self::Tls(_) => false,
        }
    }
}

/// A connection: TCP, or a protocol such as TLS layered upon it.
pub(crate) struct Stream {
    inner: Box<dyn Duplex>,
    received: ReceivedBytes,
    /// Whether this is the lowest layer, which counts the bytes.
    is_lowest: bool,
}

/// The number of bytes that have arrived on a connection. It is counted below TLS, because TLS passes on whole records
/// only.
#[derive(Clone, Default)]
pub(crate) struct ReceivedBytes(Arc<AtomicU64>);

impl ReceivedBytes {
    pub(crate) fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

impl Stream {
    pub(crate) fn new(stream: impl Duplex + 'static) -> Self {
        let stream: Box<dyn Duplex> = Box::new(stream);
        stream.into()
    }

    /// A layer above the stream whose [`Stream::received`] is given.
    pub(crate) fn layered(received: ReceivedBytes, stream: impl Duplex + 'static) -> Self {
        Self { inner: Box::new(stream), received, is_lowest: false }
    }

    pub(crate) fn received(&self) -> ReceivedBytes {
        self.received.clone()
    }
}

impl From<Box<dyn Duplex>> for Stream {
    fn from(stream: Box<dyn Duplex>) -> Self {
        Self { inner: stream, received: ReceivedBytes::default(), is_lowest: true }
    }
}

impl Connection for Stream {
    fn connected(&self) -> Connected {
        Connected::new()
    }
}

impl AsyncRead for Stream {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        let read = Pin::new(&mut self.inner).poll_read(context, buffer);
        if self.is_lowest {
            self.received.0.fetch_add((buffer.filled().len() - before) as u64, Ordering::Relaxed);
        }
        read
    }
}

impl AsyncWrite for Stream {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.inner).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_shutdown(context)
    }
}
