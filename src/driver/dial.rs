//! Connections: TCP, by way of a proxy where there is one, TLS where it is asked for. Owns how a connection is made, for
//! the connect call and the socket alike; what goes over it is theirs.

use std::future::Future;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll};

use http::Uri;
use hyper_util::client::legacy::connect::{Connected, Connection, HttpConnector};
use hyper_util::rt::TokioIo;
use rustls::ClientConfig;
use rustls::pki_types::{InvalidDnsNameError, ServerName};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio_rustls::TlsConnector;
use tower_service::Service;

use super::agent::Duplex;
use super::dns;
use super::proxy::{Proxy, ProxyError};

/// Where to.
#[derive(Debug, Clone, Copy)]
pub(super) struct Target<'a> {
    /// A name or an address, without brackets.
    pub(super) host: &'a str,
    pub(super) port: u16,
    /// Whether TLS is spoken.
    pub(super) secure: bool,
}

/// Why there is no connection. Each says all there is to say.
#[derive(Debug, thiserror::Error)]
pub(super) enum DialError {
    #[error("{0}")]
    Tcp(#[source] Box<dyn std::error::Error + Send + Sync>),
    #[error("{0}")]
    Tls(#[from] io::Error),
    #[error("the host name cannot be used: {0}")]
    Name(#[from] InvalidDnsNameError),
    #[error("{0}")]
    Proxy(#[from] ProxyError),
}

/// Makes connections, all in the same way.
#[derive(Clone)]
pub(super) struct Dialler {
    tls: Arc<ClientConfig>,
    proxy: Option<Arc<Proxy>>,
}

impl Dialler {
    pub(super) fn new(tls: Arc<ClientConfig>, proxy: Option<Proxy>) -> Self {
        Self { tls, proxy: proxy.map(Arc::new) }
    }

    pub(super) async fn dial(&self, target: Target<'_>) -> Result<Stream, DialError> {
        let stream = match &self.proxy {
            Some(proxy) => proxy.tunnel(target.host, target.port).await?,
            None => tcp(target.host, target.port).await.map_err(DialError::Tcp)?,
        };
        if target.secure { Ok(secure(stream, target.host, &self.tls).await?) } else { Ok(stream) }
    }
}

/// A TCP connection to the address that answers first.
pub(super) async fn tcp(host: &str, port: u16) -> Result<Stream, Box<dyn std::error::Error + Send + Sync>> {
    let host = if host.contains(':') { format!("[{host}]") } else { host.to_owned() };
    let uri =
        Uri::builder().scheme("http").authority(format!("{host}:{port}")).path_and_query("/").build()?;
    let mut connector = HttpConnector::new_with_resolver(dns::Resolver);
    connector.set_nodelay(true);
    let stream = connector.call(uri).await?;
    Ok(Stream::new(stream.into_inner()))
}

/// Speaks TLS over a stream.
pub(super) async fn secure(stream: Stream, host: &str, tls: &Arc<ClientConfig>) -> Result<Stream, DialError> {
    let name = ServerName::try_from(host)?.to_owned();
    let received = stream.received();
    let stream = TlsConnector::from(Arc::clone(tls)).connect(name, stream).await?;
    Ok(Stream::over(received, stream))
}

/// The HTTP client's way to a connection.
impl Service<Uri> for Dialler {
    type Response = TokioIo<Stream>;
    type Error = DialError;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, DialError>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), DialError>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, uri: Uri) -> Self::Future {
        let dialler = self.clone();
        Box::pin(async move {
            let secure = uri.scheme_str() == Some("https");
            let host = bare(uri.host().unwrap_or_default());
            let port = uri.port_u16().unwrap_or(if secure { 443 } else { 80 });
            dialler.dial(Target { host, port, secure }).await.map(TokioIo::new)
        })
    }
}

/// A URL's host without the brackets of an IPv6 address, which are the URL's.
pub(super) fn bare(host: &str) -> &str {
    host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host)
}

/// A connection: TCP, or whatever is layered upon it.
pub(super) struct Stream {
    below: Box<dyn Duplex>,
    received: Received,
    /// Whether this is the layer that counts.
    is_lowest: bool,
}

/// So many bytes have arrived on a connection, counted where they arrive: below TLS, which hands on whole records only.
#[derive(Clone, Default)]
pub(super) struct Received(Arc<AtomicU64>);

impl Received {
    pub(super) fn count(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

impl Stream {
    pub(super) fn new(stream: impl Duplex + 'static) -> Self {
        let stream: Box<dyn Duplex> = Box::new(stream);
        stream.into()
    }

    /// Another layer over a stream, which had this count.
    pub(super) fn over(received: Received, stream: impl Duplex + 'static) -> Self {
        Self { below: Box::new(stream), received, is_lowest: false }
    }

    pub(super) fn received(&self) -> Received {
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
