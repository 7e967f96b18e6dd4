//! Sends HTTP requests: with reqwest, or over the stream of a [`Connector`] if there is a proxy.
//!
//! reqwest's own proxy support is not used. It loses the status of a refused `CONNECT`, the `ECONNREFUSED` of SOCKS
//! proxies, SOCKS 4 user ids and separate TLS settings for the proxy, and it sends the token in clear text to the proxy if
//! the API is reached by `http:`.

use std::error::Error;
use std::sync::{Arc, Mutex, PoisonError, Weak};

use http::header::{ACCEPT, HOST, HeaderValue};
use http::uri::PathAndQuery;
use http::{Request, Uri};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use reqwest::{Body, Client, Response, redirect, retry};
use rustls::ClientConfig;
use url::Url;

use super::connector::Connector;
use super::dns::Resolver;
use super::target::Target;

/// The most headers that a response may have, as in Node.
const MAX_HEADERS: usize = 2000;

/// The HTTP client of one transport.
pub(crate) enum HttpClient {
    /// Connects to the servers itself.
    Direct(Client),
    /// Uses the connector, which knows the proxy.
    Proxied(Connector),
}

impl HttpClient {
    pub(crate) fn new(connector: &Connector) -> Self {
        if connector.has_proxy() {
            Self::Proxied(connector.clone())
        } else {
            Self::Direct(shared_client(connector.tls()))
        }
    }

    /// Sends a request on a new connection. The response's body is not read yet.
    pub(crate) async fn send(
        &self,
        mut request: reqwest::Request,
    ) -> Result<Response, Box<dyn Error + Send + Sync>> {
        // reqwest always sends this header. With it here, requests through a proxy are the same.
        request.headers_mut().entry(ACCEPT).or_insert(HeaderValue::from_static("*/*"));
        match self {
            // The URL may contain a password.
            Self::Direct(client) => Ok(client.execute(request).await.map_err(reqwest::Error::without_url)?),
            // Boxed, because this future is large, and most clients have no proxy.
            Self::Proxied(connector) => Box::pin(send_over_stream(connector, request)).await,
        }
    }
}

/// The reqwest clients with the TLS settings that they are for.
static SHARED: Mutex<Vec<(Weak<ClientConfig>, Client)>> = Mutex::new(Vec::new());

/// The reqwest client for these TLS settings. All transports with the same settings share it.
fn shared_client(tls: &Arc<ClientConfig>) -> Client {
    let mut shared = SHARED.lock().unwrap_or_else(PoisonError::into_inner);
    shared.retain(|(settings, _)| settings.strong_count() > 0);
    if let Some((_, client)) = shared.iter().find(|(settings, _)| settings.as_ptr() == Arc::as_ptr(tls)) {
        return client.clone();
    }
    let client = new_client(tls);
    shared.push((Arc::downgrade(tls), client.clone()));
    client
}

fn new_client(tls: &Arc<ClientConfig>) -> Client {
    let builder = Client::builder()
        .tls_backend_preconfigured(ClientConfig::clone(tls))
        .dns_resolver(Resolver)
        .http1_only()
        .http1_max_headers(MAX_HEADERS)
        // Each request has its own connection: see `web_api`.
        .pool_max_idle_per_host(0)
        .no_proxy()
        // The token must not be sent to another server.
        .redirect(redirect::Policy::none())
        // The session decides about retries and timeouts.
        .retry(retry::never())
        .tcp_keepalive(None);
    #[cfg(any(target_os = "android", target_os = "fuchsia", target_os = "linux"))]
    let builder = builder.tcp_user_timeout(None);
    builder.build().expect("the TLS settings are valid")
}

/// Sends a request over a stream of the connector.
async fn send_over_stream(
    connector: &Connector,
    request: reqwest::Request,
) -> Result<Response, Box<dyn Error + Send + Sync>> {
    let url = request.url().clone();
    let mut request = Request::try_from(request)?;
    if !request.headers().contains_key(HOST) {
        request.headers_mut().insert(HOST, host_header(&url)?);
    }
    *request.uri_mut() = origin_form(request.uri());
    let stream = connector.connect(Target::of(&url), url.scheme() == "https").await?;
    let (mut sender, connection) =
        http1::Builder::new().max_headers(MAX_HEADERS).handshake(TokioIo::new(stream)).await?;
    // The response and its body return the connection's errors as well. The task ends when they are dropped.
    tokio::spawn(async move { drop(connection.await) });
    let response = sender.send_request(request).await?;
    Ok(response.map(Body::wrap).into())
}

/// The `Host` header: the port is omitted if it is the default port of the scheme.
fn host_header(url: &Url) -> Result<HeaderValue, http::header::InvalidHeaderValue> {
    let host = url.host_str().unwrap_or_default();
    match url.port() {
        Some(port) => HeaderValue::try_from(format!("{host}:{port}")),
        None => HeaderValue::try_from(host),
    }
}

/// The target of a request to the server itself: the path without the host (RFC 9112, section 3.2.1).
pub(crate) fn origin_form(uri: &Uri) -> Uri {
    Uri::from(uri.path_and_query().cloned().unwrap_or_else(|| PathAndQuery::from_static("/")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::net::tls::{TlsConfig, client_config};

    #[test]
    fn transports_with_the_same_tls_settings_share_a_client() {
        let count = |tls: &Arc<ClientConfig>| {
            let shared = SHARED.lock().unwrap();
            shared.iter().filter(|(settings, _)| settings.as_ptr() == Arc::as_ptr(tls)).count()
        };
        let one = client_config(&TlsConfig::default()).unwrap();
        let other = client_config(&TlsConfig { verify: false, ..TlsConfig::default() }).unwrap();
        for tls in [&one, &other, &one] {
            HttpClient::new(&Connector::new(Arc::clone(tls), None));
            assert_eq!(count(tls), 1);
        }
    }
}
