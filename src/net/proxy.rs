//! Opens a tunnel to a server through a proxy: HTTP and HTTPS (`CONNECT`), SOCKS 4 and 5. No error contains the proxy's
//! password.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use bytes::Bytes;
use http::header::{HOST, HeaderMap, HeaderName, HeaderValue};
use http::{Request, StatusCode};
use http_body_util::Empty;
use rustls::ClientConfig;
use tokio_socks::TargetAddr;
use tokio_socks::tcp::{Socks4Stream, Socks5Stream};

use super::headers::header_map;
use super::http_upgrade::http_upgrade;
use super::option_error::OptionError;
use super::stream::{MAX_PROXY_NAME_BYTES, Stream, StreamError};
use super::target::Target;
use super::tls::{self, TlsConfig};
use super::{dns, error_code, tcp};

/// The protocol of a proxy.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ProxyKind {
    /// HTTP `CONNECT`.
    Http,
    /// HTTP `CONNECT` over TLS.
    Https,
    /// SOCKS 4. This process resolves the server's name.
    Socks4,
    /// SOCKS 4a. The proxy resolves the server's name.
    Socks4a,
    /// SOCKS 5. This process resolves the server's name.
    Socks5,
    /// SOCKS 5. The proxy resolves the server's name.
    Socks5h,
}

impl ProxyKind {
    /// The scheme of a proxy's URL.
    pub fn scheme(self) -> &'static str {
        match self {
            Self::Http => "http",
            Self::Https => "https",
            Self::Socks4 => "socks4",
            Self::Socks4a => "socks4a",
            Self::Socks5 => "socks5",
            Self::Socks5h => "socks5h",
        }
    }

    /// The kind of proxy that the scheme of a URL stands for.
    pub fn from_scheme(scheme: &str) -> Option<Self> {
        [Self::Http, Self::Https, Self::Socks4, Self::Socks4a, Self::Socks5, Self::Socks5h]
            .into_iter()
            .find(|kind| kind.scheme() == scheme)
    }
}

/// The address and credentials of a proxy.
#[derive(Clone)]
pub struct ProxyConfig {
    /// The protocol.
    pub kind: ProxyKind,
    /// A name or an address. IPv6 addresses have no brackets.
    pub host: String,
    /// The port.
    pub port: u16,
    /// The user name for the proxy.
    pub username: Option<String>,
    /// The password for the proxy.
    pub password: Option<String>,
    /// Extra headers of the `CONNECT` request.
    pub headers: Vec<(String, String)>,
    /// The TLS settings for the connection to the proxy itself.
    pub tls: TlsConfig,
}

impl ProxyConfig {
    fn target(&self) -> Target<'_> {
        Target { host: &self.host, port: self.port }
    }

    fn has_credentials(&self) -> bool {
        self.username.is_some() || self.password.is_some()
    }

    /// The user name and password. A missing one is empty.
    fn credentials(&self) -> (&str, &str) {
        (self.username.as_deref().unwrap_or_default(), self.password.as_deref().unwrap_or_default())
    }
}

impl fmt::Debug for ProxyConfig {
    /// Leaves out the credentials.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("ProxyConfig")
            .field("kind", &self.kind)
            .field("host", &self.host)
            .field("port", &self.port)
            .finish_non_exhaustive()
    }
}

/// A proxy that is ready for use.
pub(crate) struct Proxy {
    config: ProxyConfig,
    /// The headers of the `CONNECT` request.
    headers: HeaderMap,
    tls: Arc<ClientConfig>,
}

impl Proxy {
    pub(crate) fn new(config: ProxyConfig) -> Result<Self, OptionError> {
        let (username, password) = config.credentials();
        if matches!(config.kind, ProxyKind::Socks5 | ProxyKind::Socks5h)
            && username.is_empty() != password.is_empty()
        {
            let problem = "a SOCKS 5 proxy needs both a user name and a password, or neither";
            return Err(OptionError::new("proxy", problem));
        }
        let mut headers = header_map("the proxy's headers", config.headers.clone())?;
        if config.has_credentials() {
            let credentials = BASE64_STANDARD.encode(format!("{username}:{password}"));
            let mut value = HeaderValue::try_from(format!("Basic {credentials}"))
                .expect("Base64 is valid in a header's value");
            value.set_sensitive(true);
            headers.insert(HeaderName::from_static("proxy-authorization"), value);
        }
        let tls = tls::client_config(&config.tls)?;
        Ok(Self { config, headers, tls })
    }

    /// Opens a stream to the target through this proxy.
    pub(crate) async fn tunnel(&self, target: Target<'_>) -> Result<Stream, StreamError> {
        let length = target.host.len();
        if length > MAX_PROXY_NAME_BYTES {
            return Err(StreamError::ProxyNameTooLong { proxy: self.to_string(), length });
        }
        let stream = self.connect_to_proxy().await.map_err(|source| StreamError::ProxyUnreachable {
            proxy: self.to_string(),
            reason: error_code::message(&source),
            source: Box::new(source),
        })?;
        match self.config.kind {
            ProxyKind::Http | ProxyKind::Https => self.http_connect(stream, target).await,
            ProxyKind::Socks4 | ProxyKind::Socks4a => self.socks4(stream, target).await,
            ProxyKind::Socks5 | ProxyKind::Socks5h => self.socks5(stream, target).await,
        }
    }

    async fn connect_to_proxy(&self) -> Result<Stream, StreamError> {
        let ProxyConfig { kind, host, .. } = &self.config;
        let stream = tcp::connect(self.config.target()).await?;
        if *kind == ProxyKind::Https { tls::connect(stream, host, &self.tls).await } else { Ok(stream) }
    }

    /// Sends a `CONNECT` request (RFC 9110, section 9.3.6).
    async fn http_connect(&self, stream: Stream, target: Target<'_>) -> Result<Stream, StreamError> {
        let target = target.to_string();
        let mut request = Request::connect(&target)
            .body(Empty::<Bytes>::new())
            .expect("a host and a port are a valid request target");
        let headers = request.headers_mut();
        headers.insert(HOST, HeaderValue::try_from(&target).expect("a host and a port are a valid header"));
        headers.extend(self.headers.clone());
        match http_upgrade(stream, request).await {
            Ok((_, Some(stream))) => Ok(stream),
            Ok((response, None)) => Err(self.refused(target, response.status)),
            Err(source) => Err(StreamError::ProxyNoResponse { proxy: self.to_string(), target, source }),
        }
    }

    fn refused(&self, target: String, status: StatusCode) -> StreamError {
        let hint = match status {
            // Some proxies answer wrong credentials with 401.
            StatusCode::PROXY_AUTHENTICATION_REQUIRED | StatusCode::UNAUTHORIZED => {
                if self.config.has_credentials() {
                    ": it does not accept the user name and password given"
                } else {
                    ": it asks for a user name and password"
                }
            }
            _ => "",
        };
        StreamError::ProxyRefused { proxy: self.to_string(), target, status, hint }
    }

    async fn socks4(&self, stream: Stream, target: Target<'_>) -> Result<Stream, StreamError> {
        let Target { host, port } = target;
        let address = match (self.config.kind, host.parse::<Ipv4Addr>()) {
            (_, Ok(address)) => TargetAddr::Ip((address, port).into()),
            (ProxyKind::Socks4, _) => {
                let addresses = dns::lookup(host, port).await?;
                let address = addresses.iter().find(|address| address.is_ipv4()).unwrap_or(&addresses[0]);
                TargetAddr::Ip(*address)
            }
            _ => TargetAddr::Domain(host.into(), port),
        };
        let received = stream.received();
        let tunnel = match &self.config.username {
            Some(user) => Socks4Stream::connect_with_userid_and_socket(stream, address, user).await,
            None => Socks4Stream::connect_with_socket(stream, address).await,
        };
        tunnel
            .map(|tunnel| Stream::layered(received, tunnel))
            .map_err(|source| self.socks_error(target, source))
    }

    async fn socks5(&self, stream: Stream, target: Target<'_>) -> Result<Stream, StreamError> {
        let Target { host, port } = target;
        let address = match (self.config.kind, host.parse::<IpAddr>()) {
            (_, Ok(address)) => TargetAddr::Ip((address, port).into()),
            (ProxyKind::Socks5, _) => TargetAddr::Ip(dns::lookup(host, port).await?[0]),
            _ => TargetAddr::Domain(host.into(), port),
        };
        let received = stream.received();
        let tunnel = if self.config.has_credentials() {
            let (username, password) = self.config.credentials();
            Socks5Stream::connect_with_password_and_socket(stream, address, username, password).await
        } else {
            Socks5Stream::connect_with_socket(stream, address).await
        };
        tunnel
            .map(|tunnel| Stream::layered(received, tunnel))
            .map_err(|source| self.socks_error(target, source))
    }

    fn socks_error(&self, target: Target<'_>, source: tokio_socks::Error) -> StreamError {
        StreamError::ProxySocks { proxy: self.to_string(), target: target.to_string(), source }
    }
}

impl fmt::Display for Proxy {
    /// The proxy's URL without credentials.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}://{}", self.config.kind.scheme(), self.config.target())
    }
}
