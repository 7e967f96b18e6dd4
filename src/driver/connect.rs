//! The connect call: one HTTP request and what its answer means. Owns the HTTP client; whether and when a failed
//! call is repeated is the session's decision.

use std::fmt;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use hyper::ext::ReasonPhrase;
use reqwest::header::{
    AUTHORIZATION, CONTENT_LENGTH, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue, RETRY_AFTER, USER_AGENT,
};
use reqwest::{Client, Response, StatusCode, Url, redirect};
use rustls::ClientConfig;

use super::{cause, dns, tls, wall_clock};
use crate::session::{ConnectAnswer, ConnectError, Secret};

/// Longer answers are refused while they are read.
const MAX_ANSWER_BYTES: usize = 256 * 1024 * 1024;

/// The options that the driver knows.
#[derive(Debug, Clone)]
pub struct TransportConfig {
    /// `slackApiUrl`, with a slash at its end.
    pub api_url: String,
    /// `rtm.connect` or `rtm.start`.
    pub method: String,
    /// Goes to the API's host and nowhere else.
    pub token: Secret,
    /// The `User-Agent` of the connect call and the socket.
    pub user_agent: String,
    /// Extra headers of the connect call and of the socket's upgrade request.
    pub headers: Vec<(String, String)>,
    /// `requestTimeout`; none: no limit.
    pub request_timeout: Option<Duration>,
    /// `tls.ca`: PEM files that replace the default roots.
    pub ca: Option<Vec<Vec<u8>>>,
}

/// An option that cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{option}: {problem}")]
pub struct TransportError {
    /// The option's name.
    pub option: &'static str,
    /// What is wrong with it, without any secret.
    pub problem: String,
}

/// How one client reaches Slack.
pub struct Transport {
    url: Url,
    method: String,
    authorization: HeaderValue,
    pub(super) user_agent: HeaderValue,
    pub(super) headers: HeaderMap,
    pub(super) tls: Arc<ClientConfig>,
    request_timeout: Option<Duration>,
    http: Client,
}

impl fmt::Debug for Transport {
    /// Leaves out the token, and headers that may hold cookies.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Transport").field("url", &self.url.as_str()).finish_non_exhaustive()
    }
}

impl Transport {
    /// Prepares a client's way to Slack. Clients with the same trust share one HTTP client.
    ///
    /// # Errors
    /// An option cannot be used; the error names it.
    pub fn new(config: TransportConfig) -> Result<Self, TransportError> {
        let problem = |option, problem: String| TransportError { option, problem };
        let url = Url::parse(&config.api_url)
            .and_then(|url| url.join(&config.method))
            .map_err(|error| problem("slackApiUrl", error.to_string()))?;
        let tls = tls::client_config(config.ca.as_deref()).map_err(|error| problem("tls.ca", error))?;
        let http = match config.ca {
            None => shared_client(&tls),
            Some(_) => new_client(&tls),
        };
        let authorization = bearer(&config.token.0).ok_or_else(|| {
            problem("token", "it holds characters that no HTTP header can carry".to_owned())
        })?;
        let user_agent = HeaderValue::try_from(config.user_agent)
            .map_err(|error| problem("the user agent", error.to_string()))?;
        let mut headers = HeaderMap::new();
        for (name, value) in config.headers {
            let unfit =
                || problem("headers", format!("{name:?} is no HTTP header, or its value cannot be sent"));
            let header = HeaderName::try_from(name.as_str()).map_err(|_| unfit())?;
            headers.append(header, HeaderValue::try_from(value).map_err(|_| unfit())?);
        }
        Ok(Self {
            url,
            method: config.method,
            authorization,
            user_agent,
            headers,
            tls,
            request_timeout: config.request_timeout,
            http,
        })
    }

    /// One attempt of the connect call. `form` is its body, encoded.
    ///
    /// # Errors
    /// As the contract's table of connect errors has it.
    pub(super) async fn connect(&self, form: &str) -> Result<ConnectAnswer, ConnectError> {
        let mut request = self
            .http
            .post(self.url.clone())
            .header(AUTHORIZATION, self.authorization_of(form))
            .header(USER_AGENT, self.user_agent.clone())
            .header(CONTENT_TYPE, "application/x-www-form-urlencoded")
            // Left to itself the client leaves out a length of zero, and some servers answer 411 to that.
            .header(CONTENT_LENGTH, form.len())
            .headers(self.headers.clone())
            .body(form.to_owned());
        if let Some(timeout) = self.request_timeout {
            request = request.timeout(timeout);
        }
        let response = request.send().await.map_err(|error| self.no_answer(error))?;
        match response.status() {
            StatusCode::OK => self.read_answer(response).await,
            StatusCode::TOO_MANY_REQUESTS => Err(ConnectError::RateLimited {
                retry_after: retry_after(response.headers()).unwrap_or_default(),
            }),
            status => Err(ConnectError::Http {
                status: status.as_u16(),
                reason: reason_of(&response),
                headers: texts(response.headers()),
                body: String::from_utf8_lossy(&self.read_body(response).await?).into_owned(),
            }),
        }
    }

    /// A `token` among the call's own options wins over the client's.
    fn authorization_of(&self, form: &str) -> HeaderValue {
        let mut url = self.url.clone();
        url.set_query(Some(form));
        let own = url.query_pairs().find(|(key, _)| key == "token").and_then(|(_, token)| bearer(&token));
        own.unwrap_or_else(|| self.authorization.clone())
    }

    async fn read_answer(&self, response: Response) -> Result<ConnectAnswer, ConnectError> {
        let scopes = text(response.headers(), "x-oauth-scopes");
        let accepted_scopes = text(response.headers(), "x-accepted-oauth-scopes");
        let body = self.read_body(response).await?;
        let answer = ConnectAnswer::read(&self.method, body)?;
        Ok(ConnectAnswer { scopes, accepted_scopes, ..answer })
    }

    async fn read_body(&self, mut response: Response) -> Result<Bytes, ConnectError> {
        if response.content_length().is_some_and(|length| length > MAX_ANSWER_BYTES as u64) {
            return Err(self.too_long());
        }
        let mut body = BytesMut::new();
        while let Some(chunk) = response.chunk().await.map_err(|error| self.no_answer(error))? {
            if body.len() + chunk.len() > MAX_ANSWER_BYTES {
                return Err(self.too_long());
            }
            body.extend_from_slice(&chunk);
        }
        Ok(body.freeze())
    }

    fn too_long(&self) -> ConnectError {
        let message = format!("{} answered with more than {MAX_ANSWER_BYTES} bytes", self.method);
        ConnectError::Request { message, code: None }
    }

    fn no_answer(&self, error: reqwest::Error) -> ConnectError {
        let error = error.without_url();
        let host = self.url.host_str().unwrap_or("the API");
        let port = self.url.port_or_known_default().unwrap_or_default();
        let (what, code) = match self.request_timeout {
            Some(limit) if error.is_timeout() => {
                let limit = limit.as_millis();
                (format!("nothing complete within {limit} ms (requestTimeout)"), Some("ETIMEDOUT"))
            }
            _ => (cause::root(&error).to_string(), cause::node_code(&error)),
        };
        ConnectError::Request {
            message: format!("no answer to {} from {host}:{port}: {what}", self.method),
            code,
        }
    }
}

/// The text behind the status as the server sent it.
fn reason_of(response: &Response) -> String {
    match response.extensions().get::<ReasonPhrase>() {
        Some(reason) => String::from_utf8_lossy(reason.as_bytes()).into_owned(),
        None => response.status().canonical_reason().unwrap_or_default().to_owned(),
    }
}

fn bearer(token: &str) -> Option<HeaderValue> {
    let mut value = HeaderValue::try_from(format!("Bearer {token}")).ok()?;
    value.set_sensitive(true);
    Some(value)
}

/// The HTTP client of all that trust the default roots.
fn shared_client(tls: &Arc<ClientConfig>) -> Client {
    static SHARED: OnceLock<Client> = OnceLock::new();
    SHARED.get_or_init(|| new_client(tls)).clone()
}

/// Connect calls are hours apart, so no connection is kept for the next one.
fn new_client(tls: &Arc<ClientConfig>) -> Client {
    Client::builder()
        .tls_backend_preconfigured(ClientConfig::clone(tls))
        .redirect(redirect::Policy::none())
        .no_proxy()
        .dns_resolver(dns::Resolver)
        .pool_max_idle_per_host(0)
        .build()
        .expect("an HTTP client with ready-made TLS settings needs nothing that can fail")
}

/// `Retry-After` in either of its forms: seconds, or a date.
fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let value = headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
    if let Ok(seconds) = value.parse() {
        return Some(Duration::from_secs(seconds));
    }
    let date = httpdate::parse_http_date(value).ok()?;
    date.duration_since(wall_clock()).ok()
}

fn text(headers: &HeaderMap, name: &str) -> Option<String> {
    headers.get(name)?.to_str().ok().map(str::to_owned)
}

fn texts(headers: &HeaderMap) -> Vec<(String, String)> {
    headers
        .iter()
        .map(|(name, value)| {
            (name.as_str().to_owned(), String::from_utf8_lossy(value.as_bytes()).into_owned())
        })
        .collect()
}
