//! [`Connector`], which opens connections to a server: TCP, or a tunnel through the proxy if one is set, then TLS if the caller
//! asks for it.

use std::sync::Arc;

use rustls::ClientConfig;

use super::proxy::Proxy;
use super::stream::{Stream, StreamError};
use super::target::Target;
use super::{tcp, tls};

/// Opens the connections of one client.
#[derive(Clone)]
pub(crate) struct Connector {
    tls: Arc<ClientConfig>,
    proxy: Option<Arc<Proxy>>,
}

impl Connector {
    pub(crate) fn new(tls: Arc<ClientConfig>, proxy: Option<Proxy>) -> Self {
        Self { tls, proxy: proxy.map(Arc::new) }
    }

    pub(crate) fn tls(&self) -> &Arc<ClientConfig> {
        &self.tls
    }

    pub(crate) fn has_proxy(&self) -> bool {
        self.proxy.is_some()
    }

    /// Opens a connection, encrypted if `secure` is set.
    pub(crate) async fn connect(&self, target: Target<'_>, secure: bool) -> Result<Stream, StreamError> {
        let stream = match &self.proxy {
            // Boxed, because this future is large, and most clients have no proxy.
            Some(proxy) => Box::pin(proxy.tunnel(target)).await?,
            None => tcp::connect(target).await?,
        };
        if secure { tls::connect(stream, target.host, &self.tls).await } else { Ok(stream) }
    }
}
