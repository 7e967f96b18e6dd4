//! The transport options of a client, checked and ready for use by `web_api` and `ws_handshake`.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use http::header::{HeaderMap, HeaderValue};
use url::Url;

use super::agent::{Agent, WebClient};
use crate::net::connector::Connector;
use crate::net::headers::header_map;
use crate::net::http_client::HttpClient;
use crate::net::option_error::OptionError;
use crate::net::proxy::{Proxy, ProxyConfig};
use crate::net::tls::{self, TlsConfig};
use crate::session::Secret;

/// The options of a client that the driver uses.
#[derive(Clone)]
pub struct TransportConfig {
    /// `slackApiUrl`. Must end with a slash.
    pub api_url: String,
    /// `rtm.connect` or `rtm.start`.
    pub method: String,
    /// The token. It is sent to the API's host only. May be empty if `web_client` is set, which has its own.
    pub token: Secret,
    /// The `User-Agent` of all requests.
    pub user_agent: String,
    /// Extra headers of the API requests and of the socket's upgrade request.
    pub headers: Vec<(String, String)>,
    /// `requestTimeout`. `None` turns the limit off.
    pub request_timeout: Option<Duration>,
    /// `maxFrameBytes`. A longer frame from the server ends the connection.
    pub max_frame_bytes: usize,
    /// `tls`, for the API and the socket.
    pub tls: TlsConfig,
    /// `proxy`, or the proxy of an agent.
    pub proxy: Option<ProxyConfig>,
    /// An agent that opens the connections itself.
    pub agent: Option<Arc<dyn Agent>>,
    /// `webClient`
    pub web_client: Option<Arc<dyn WebClient>>,
}

impl fmt::Debug for TransportConfig {
    /// Leaves out all that may hold secrets.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("TransportConfig").field("api_url", &self.api_url).finish_non_exhaustive()
    }
}

/// The means by which a client reaches Slack.
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
    pub(super) http: HttpClient,
    pub(super) agent: Option<Arc<dyn Agent>>,
    pub(super) web_client: Option<Arc<dyn WebClient>>,
}

impl fmt::Debug for Transport {
    /// Leaves out the token, and the headers, which may hold cookies.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Transport").field("api_url", &self.api_url.as_str()).finish_non_exhaustive()
    }
}

/// The problem of a value that was meant for an HTTP header.
pub(super) const INVALID_IN_HEADER: &str = "contains a character that is not allowed in an HTTP header";

impl Transport {
    /// Checks the options.
    ///
    /// # Errors
    /// The option that cannot be used.
    pub fn new(config: TransportConfig) -> Result<Self, OptionError> {
        let api_url = Url::parse(&config.api_url)
            .map_err(|error| OptionError::new("slackApiUrl", error.to_string()))?;
        let authorization =
            bearer(&config.token.0).ok_or_else(|| OptionError::new("token", INVALID_IN_HEADER))?;
        let user_agent = HeaderValue::try_from(config.user_agent)
            .map_err(|error| OptionError::new("the user agent", error.to_string()))?;
        let proxy = config.proxy.map(Proxy::new).transpose()?;
        let connector = Connector::new(tls::client_config(&config.tls)?, proxy);
        Ok(Self {
            api_url,
            method: config.method,
            token: config.token.0,
            authorization,
            user_agent,
            headers: header_map("headers", config.headers)?,
            request_timeout: config.request_timeout,
            max_frame_bytes: config.max_frame_bytes,
            http: HttpClient::new(&connector),
            connector,
            agent: config.agent,
            web_client: config.web_client,
        })
    }
}

/// The `Authorization` header for a token. `None` if the token contains characters that are not allowed in a header.
pub(super) fn bearer(token: &str) -> Option<HeaderValue> {
    let mut value = HeaderValue::try_from(format!("Bearer {token}")).ok()?;
    value.set_sensitive(true);
    Some(value)
}
