//! How one client reaches Slack: the options, checked and prepared. Owns what is set up once per client; a call is
//! `web_api`'s, a socket `socket`'s, the connections below both `dial`'s.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::header::{HeaderMap, HeaderValue};
use http_body_util::Full;
use hyper_util::client::legacy::Client;
use hyper_util::rt::TokioExecutor;
use url::Url;

use super::agent::{Agent, WebClient};
use crate::net::connector::Connector;
use crate::net::headers::header_map;
use crate::net::option_error::OptionError;
use crate::net::proxy::{Proxy, ProxyConfig};
use crate::net::tls::{self, TlsConfig};
use crate::session::Secret;

/// The options that the driver knows.
#[derive(Clone)]
pub struct TransportConfig {
    /// `slackApiUrl`, with a slash at its end.
    pub api_url: String,
    /// `rtm.connect` or `rtm.start`.
    pub method: String,
    /// Goes to the API's host and nowhere else. May be empty where a `WebClient` has its own.
    pub token: Secret,
    /// The `User-Agent` of all requests.
    pub user_agent: String,
    /// Extra headers of the API's requests and of the socket's upgrade request.
    pub headers: Vec<(String, String)>,
    /// `requestTimeout`; none: no limit.
    pub request_timeout: Option<Duration>,
    /// `maxFrameBytes`: longer frames of the server's end the connection.
    pub max_frame_bytes: usize,
    /// `tls`: for the API and the socket.
    pub tls: TlsConfig,
    /// `proxy`, or what an agent's proxy was read off.
    pub proxy: Option<ProxyConfig>,
    /// An agent that makes the connections itself.
    pub agent: Option<Arc<dyn Agent>>,
    /// `webClient`
    pub web_client: Option<Arc<dyn WebClient>>,
}

impl fmt::Debug for TransportConfig {
    /// Leaves out what may hold secrets.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("TransportConfig").field("api_url", &self.api_url).finish_non_exhaustive()
    }
}

/// How one client reaches Slack.
pub struct Transport {
    pub(super) api_url: Url,
    pub(super) method: String,
    pub(super) token: String,
    pub(super) authorization: HeaderValue,
    pub(super) user_agent: HeaderValue,
    pub(super) headers: HeaderMap,
    pub(super) request_timeout: Option<Duration>,
    pub(super) max_frame_bytes: usize,
    pub(super) connector: Connector,
    pub(super) http: Client<Connector, Full<Bytes>>,
    pub(super) agent: Option<Arc<dyn Agent>>,
    pub(super) web_client: Option<Arc<dyn WebClient>>,
}

impl fmt::Debug for Transport {
    /// Leaves out the token, and headers that may hold cookies.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Transport").field("api_url", &self.api_url.as_str()).finish_non_exhaustive()
    }
}

impl Transport {
    /// Prepares a client's way to Slack.
    ///
    /// # Errors
    /// An option cannot be used; the error names it.
    pub fn new(config: TransportConfig) -> Result<Self, OptionError> {
        let api_url = Url::parse(&config.api_url)
            .map_err(|error| OptionError::new("slackApiUrl", error.to_string()))?;
        let authorization = bearer(&config.token.0)
            .ok_or_else(|| OptionError::new("token", "it holds characters that no HTTP header can carry"))?;
        let user_agent = HeaderValue::try_from(config.user_agent)
            .map_err(|error| OptionError::new("the user agent", error.to_string()))?;
        let proxy = config.proxy.map(Proxy::new).transpose()?;
        let connector = Connector::new(tls::client_config(&config.tls)?, proxy);
        let http = Client::builder(TokioExecutor::new()).pool_max_idle_per_host(0).build(connector.clone());
        Ok(Self {
            api_url,
            method: config.method,
            token: config.token.0,
            authorization,
            user_agent,
            headers: header_map("headers", config.headers)?,
            request_timeout: config.request_timeout,
            max_frame_bytes: config.max_frame_bytes,
            connector,
            http,
            agent: config.agent,
            web_client: config.web_client,
        })
    }
}

/// The `Authorization` header of a token.
pub(super) fn bearer(token: &str) -> Option<HeaderValue> {
    let mut value = HeaderValue::try_from(format!("Bearer {token}")).ok()?;
    value.set_sensitive(true);
    Some(value)
}
