//! Proxies: CONNECT over HTTP or HTTPS, SOCKS 4 and 5. Owns the handshake with the proxy, up to a stream that leads to the
//! target. A proxy's password is in no error.

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
use super::tls::{self, TlsConfig};
use super::{dns, error_code, tcp};

/// The protocol spoken with a proxy.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ProxyKind {
    /// `CONNECT`, in the clear.
    Http,
    /// `CONNECT`, encrypted.
    Https,
    /// SOCKS 4: the target's name is resolved here.
    Socks4,
    /// SOCKS 4a: by the proxy.
    Socks4a,
    /// SOCKS 5: here.
    Socks5,
    /// SOCKS 5: by the proxy.
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

    /// The kind that a scheme names.
    pub fn from_scheme(scheme: &str) -> Option<Self> {
        [Self::Http, Self::Https, Self::Socks4, Self::Socks4a, Self::Socks5, Self::Socks5h]
            .into_iter()
            .find(|kind| kind.scheme() == scheme)
    }
}

/// A proxy.
#[derive(Clone)]
pub struct ProxyConfig {
    /// How it is spoken to.
    pub kind: ProxyKind,
    /// Its name or address, without brackets.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// The user's name with it.
    pub username: Option<String>,
    /// The user's password with it.
    pub password: Option<String>,
    /// Extra headers of `CONNECT`.
    pub headers: Vec<(String, String)>,
    /// For the connection to the proxy itself.
    pub tls: TlsConfig,
}

impl ProxyConfig {
    fn has_half_the_credentials(&self) -> bool {
        let is_given = |text: &Option<String>| text.as_ref().is_some_and(|text| !text.is_empty());
        is_given(&self.username) != is_given(&self.password)
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

/// A proxy, prepared.
pub(crate) struct Proxy {
    config: ProxyConfig,
    headers: HeaderMap,
    tls: Arc<ClientConfig>,
}

impl Proxy {
    pub(crate) fn new(config: ProxyConfig) -> Result<Self, OptionError> {
        if matches!(config.kind, ProxyKind::Socks5 | ProxyKind::Socks5h) && config.has_half_the_credentials()
        {
            let problem = "SOCKS 5 takes a user name together with a password";
            return Err(OptionError::new("proxy", problem));
        }
        let mut headers = header_map("the proxy's headers", config.headers.clone())?;
        if config.username.is_some() || config.password.is_some() {
            let user = config.username.as_deref().unwrap_or_default();
            let password = config.password.as_deref().unwrap_or_default();
            let credentials = BASE64_STANDARD.encode(format!("{user}:{password}"));
            let mut value =
                HeaderValue::try_from(format!("Basic {credentials}")).expect("Base64 fits into a header");
            value.set_sensitive(true);
            headers.insert(HeaderName::from_static("proxy-authorization"), value);
        }
        let tls = tls::client_config(&config.tls)?;
        Ok(Self { config, headers, tls })
    }

    /// A stream to the target by way of this proxy.
    pub(crate) async fn tunnel(&self, host: &str, port: u16) -> Result<Stream, StreamError> {
        if host.len() > MAX_PROXY_NAME_BYTES {
            return Err(StreamError::ProxyNameTooLong { proxy: self.to_string() });
        }
        let stream = self.reach().await.map_err(|source| StreamError::ProxyUnreachable {
            proxy: self.to_string(),
            reason: error_code::message(&source),
            source: Box::new(source),
        })?;
        match self.config.kind {
            ProxyKind::Http | ProxyKind::Https => self.connect(stream, host, port).await,
            ProxyKind::Socks4 | ProxyKind::Socks4a => self.socks4(stream, host, port).await,
            ProxyKind::Socks5 | ProxyKind::Socks5h => self.socks5(stream, host, port).await,
        }
    }

    async fn reach(&self) -> Result<Stream, StreamError> {
        let ProxyConfig { kind, host, port, .. } = &self.config;
        let stream = tcp::connect(host, *port).await?;
        if *kind == ProxyKind::Https { tls::connect(stream, host, &self.tls).await } else { Ok(stream) }
    }

    /// `CONNECT` (RFC 9110, section 9.3.6).
    async fn connect(&self, stream: Stream, host: &str, port: u16) -> Result<Stream, StreamError> {
        let target = authority(host, port);
        let mut request = Request::connect(&target)
            .body(Empty::<Bytes>::new())
            .expect("a host and a port are a request's target");
        let headers = request.headers_mut();
        headers.insert(HOST, HeaderValue::try_from(&target).expect("a host and a port fit into a header"));
        headers.extend(self.headers.clone());
        match http_upgrade(stream, request).await {
            Ok((_, Some(stream))) => Ok(stream),
            Ok((answer, None)) => Err(self.refused(target, answer.status)),
            Err(source) => Err(StreamError::ProxyNoResponse { proxy: self.to_string(), target, source }),
        }
    }

    fn refused(&self, target: String, status: StatusCode) -> StreamError {
        let has_credentials = self.config.username.is_some() || self.config.password.is_some();
        let hint = match status {
            // Some say 401 to wrong credentials.
            StatusCode::PROXY_AUTHENTICATION_REQUIRED | StatusCode::UNAUTHORIZED if has_credentials => {
                ": it does not accept the user name and password given"
            }
            StatusCode::PROXY_AUTHENTICATION_REQUIRED | StatusCode::UNAUTHORIZED => {
                ": it asks for a user name and password"
            }
            _ => "",
        };
        StreamError::ProxyRefused { proxy: self.to_string(), target, status, hint }
    }

    async fn socks4(&self, stream: Stream, host: &str, port: u16) -> Result<Stream, StreamError> {
        let target = match (self.config.kind, host.parse::<Ipv4Addr>()) {
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
            Some(user) => Socks4Stream::connect_with_userid_and_socket(stream, target, user).await,
            None => Socks4Stream::connect_with_socket(stream, target).await,
        };
        tunnel
            .map(|tunnel| Stream::over(received, tunnel))
            .map_err(|source| self.socks_error(host, port, source))
    }

    async fn socks5(&self, stream: Stream, host: &str, port: u16) -> Result<Stream, StreamError> {
        let target = match (self.config.kind, host.parse::<IpAddr>()) {
            (_, Ok(address)) => TargetAddr::Ip((address, port).into()),
            (ProxyKind::Socks5, _) => TargetAddr::Ip(dns::lookup(host, port).await?[0]),
            _ => TargetAddr::Domain(host.into(), port),
        };
        let ProxyConfig { username, password, .. } = &self.config;
        let received = stream.received();
        let tunnel = match (username, password) {
            (None, None) => Socks5Stream::connect_with_socket(stream, target).await,
            (user, password) => {
                let user = user.as_deref().unwrap_or_default();
                let password = password.as_deref().unwrap_or_default();
                Socks5Stream::connect_with_password_and_socket(stream, target, user, password).await
            }
        };
        tunnel
            .map(|tunnel| Stream::over(received, tunnel))
            .map_err(|source| self.socks_error(host, port, source))
    }

    fn socks_error(&self, host: &str, port: u16, source: tokio_socks::Error) -> StreamError {
        StreamError::ProxySocks { proxy: self.to_string(), target: authority(host, port), source }
    }
}

impl fmt::Display for Proxy {
    /// Its URL without credentials.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ProxyConfig { kind, host, port, .. } = &self.config;
        write!(formatter, "{}://{}", kind.scheme(), authority(host, *port))
    }
}

fn authority(host: &str, port: u16) -> String {
    if host.contains(':') { format!("[{host}]:{port}") } else { format!("{host}:{port}") }
}
