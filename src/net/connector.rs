//! Connects to a host and port: TCP, through a proxy if one is set, then TLS if the URL asks for it.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use http::Uri;
use hyper_util::rt::TokioIo;
use rustls::ClientConfig;
use tower_service::Service;

use super::proxy::Proxy;
use super::stream::{Stream, StreamError};
use super::{tcp, tls};

/// A host to connect to.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Target<'a> {
    /// A name or an address, without brackets.
    pub(crate) host: &'a str,
    pub(crate) port: u16,
    /// Whether TLS is spoken.
    pub(crate) secure: bool,
}

/// Makes connections, all in the same way.
#[derive(Clone)]
pub(crate) struct Connector {
    tls: Arc<ClientConfig>,
    proxy: Option<Arc<Proxy>>,
}

impl Connector {
    pub(crate) fn new(tls: Arc<ClientConfig>, proxy: Option<Proxy>) -> Self {
        Self { tls, proxy: proxy.map(Arc::new) }
    }

    pub(crate) async fn dial(&self, target: Target<'_>) -> Result<Stream, StreamError> {
        let stream = match &self.proxy {
            Some(proxy) => proxy.tunnel(target.host, target.port).await?,
            None => tcp::connect(target.host, target.port).await?,
        };
        if target.secure { tls::connect(stream, target.host, &self.tls).await } else { Ok(stream) }
    }
}

/// The HTTP client's way to a connection.
impl Service<Uri> for Connector {
    type Response = TokioIo<Stream>;
    type Error = StreamError;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, StreamError>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), StreamError>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, uri: Uri) -> Self::Future {
        let connector = self.clone();
        Box::pin(async move {
            let secure = uri.scheme_str() == Some("https");
            let host = bare(uri.host().unwrap_or_default());
            let port = uri.port_u16().unwrap_or(if secure { 443 } else { 80 });
            connector.dial(Target { host, port, secure }).await.map(TokioIo::new)
        })
    }
}

/// A URL's host without the brackets of an IPv6 address, which are the URL's.
pub(crate) fn bare(host: &str) -> &str {
    host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host)
}
