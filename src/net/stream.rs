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

/// SOCKS and HTTP proxies take no longer host names.
pub(crate) const MAX_PROXY_NAME_BYTES: usize = 255;

/// A stream of bytes in both directions.
pub trait Duplex: AsyncRead + AsyncWrite + Send + Unpin {}

impl<T: AsyncRead + AsyncWrite + Send + Unpin> Duplex for T {}

/// Why there is no connection. Each says all there is to say.
#[derive(Debug, thiserror::Error)]
pub(crate) enum StreamError {
    #[error("{0}")]
    Tcp(#[source] Box<dyn std::error::Error + Send + Sync>),
    #[error("{0}")]
    Tls(#[from] io::Error),
    #[error("the host name cannot be used: {0}")]
    Name(#[from] InvalidDnsNameError),
    #[error("the proxy {proxy} cannot be reached: {reason}")]
    ProxyUnreachable { proxy: String, reason: String, source: Box<StreamError> },
    #[error("the proxy {proxy} refused the connection to {target} with HTTP status {status}{hint}")]
    ProxyRefused { proxy: String, target: String, status: StatusCode, hint: &'static str },
    #[error("the proxy {proxy} gave no usable response to CONNECT {target}: {source}")]
    ProxyNoResponse { proxy: String, target: String, source: hyper::Error },
    #[error("the proxy {proxy} cannot be asked for a host name of more than {MAX_PROXY_NAME_BYTES} bytes")]
    ProxyNameTooLong { proxy: String },
    #[error("the proxy {proxy} could not connect to {target}: {source}")]
    ProxySocks { proxy: String, target: String, source: tokio_socks::Error },
    #[error("{0}")]
    Lookup(#[from] DnsError),
}

impl StreamError {
    /// Whether the message names the proxy and the reason, so that the messages of its sources add nothing.
    pub(crate) fn is_complete(&self) -> bool {
        match self {
            Self::ProxyUnreachable { .. }
            | Self::ProxyRefused { .. }
            | Self::ProxyNoResponse { .. }
            | Self::ProxyNameTooLong { .. }
            | Self::ProxySocks { .. }
            | Self::Lookup(_) => true,
            Self::Tcp(_) | Self::Tls(_) | Self::Name(_) => false,
        }
    }
}

/// A connection: TCP, or whatever is layered upon it.
pub(crate) struct Stream {
    below: Box<dyn Duplex>,
    received: Received,
    /// Whether this is the layer that counts.
    is_lowest: bool,
}

/// So many bytes have arrived on a connection, counted where they arrive: below TLS, which hands on whole records only.
#[derive(Clone, Default)]
pub(crate) struct Received(Arc<AtomicU64>);

impl Received {
    pub(crate) fn count(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

impl Stream {
    pub(crate) fn new(stream: impl Duplex + 'static) -> Self {
        let stream: Box<dyn Duplex> = Box::new(stream);
        stream.into()
    }

    /// Another layer over a stream, which had this count.
    pub(crate) fn over(received: Received, stream: impl Duplex + 'static) -> Self {
        Self { below: Box::new(stream), received, is_lowest: false }
    }

    pub(crate) fn received(&self) -> Received {
        self.received.clone()
    }
}

impl From<Box<dyn Duplex>> for Stream {
    fn from(stream: Box<dyn Duplex>) -> Self {
        Self { below: stream, received: Received::default(), is_lowest: true }
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
        let known = buffer.filled().len();
        let read = Pin::new(&mut self.below).poll_read(context, buffer);
        if self.is_lowest {
            self.received.0.fetch_add((buffer.filled().len() - known) as u64, Ordering::Relaxed);
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
        Pin::new(&mut self.below).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.below).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.below).poll_shutdown(context)
    }
}
