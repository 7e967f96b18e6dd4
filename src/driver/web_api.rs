//! The Web API: one HTTP request and what its answer means. Owns the request and the reading of the answer; whether and
//! when a failed call is repeated is the session's decision.

use std::error::Error;
use std::time::Duration;

use bytes::Bytes;
use http::header::{
    AUTHORIZATION, CONNECTION, CONTENT_LENGTH, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue, RETRY_AFTER,
    USER_AGENT,
};
use http::{Method, Request, StatusCode, Uri};
use http_body_util::{BodyExt, Full, LengthLimitError, Limited};
use hyper::body::Body;
use hyper::ext::ReasonPhrase;
use tokio::time::timeout;
use url::form_urlencoded;

use super::agent::{AgentRequest, AgentResponse};
use super::transport::{Transport, bearer};
use super::wall_clock;
use crate::net::error_code;
use crate::session::{ApiError, ApiResponse, ConnectResponse, ErrorCode, Secret};

/// Longer answers are refused while they are read.
pub const MAX_ANSWER_BYTES: usize = 256 * 1024 * 1024;

/// The content type of calls whose arguments are form fields.
pub const FORM: &str = "application/x-www-form-urlencoded";

/// A call of a Web API method.
#[derive(Clone)]
pub struct ApiRequest {
    /// The method, like `chat.postMessage`.
    pub method: String,
    /// A token in place of the client's.
    pub token: Option<Secret>,
    /// What the body is.
    pub content_type: String,
    /// The arguments, encoded.
    pub body: Bytes,
}

/// An answer of any status, read whole.
struct Answer {
    status: u16,
    reason: String,
    headers: Vec<(String, String)>,
    body: Bytes,
}

impl Answer {
    fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }
}

/// Why there is none: in words, and by Node's name.
struct NoAnswer {
    cause: String,
    code: Option<ErrorCode>,
}

impl Transport {
    /// One attempt of the connect call. `form` is its body, encoded.
    ///
    /// # Errors
    /// As the contract's table of connect errors has it.
    pub(super) async fn connect(&self, form: &str) -> Result<ConnectResponse, ApiError> {
        if let Some(web_client) = &self.web_client {
            return web_client.connect(&self.method).await;
        }
        let token = form_urlencoded::parse(form.as_bytes()).find(|(key, _)| key == "token");
        let request = ApiRequest {
            method: self.method.clone(),
            token: token.map(|(_, token)| Secret(token.into_owned())),
            content_type: FORM.to_owned(),
            body: Bytes::copy_from_slice(form.as_bytes()),
        };
        let answer = self.attempt(&request).await?;
        ConnectResponse::from_response(&self.named(&self.method), answer)
    }

    /// One attempt of a call.
    ///
    /// # Errors
    /// As for the connect call.
    pub(super) async fn attempt(&self, request: &ApiRequest) -> Result<ApiResponse, ApiError> {
        let token = request.token.as_ref().map_or_else(|| self.token.as_str(), |token| token.0.as_str());
        self.call(request).await.map_err(|error| error.without(token))
    }

    async fn call(&self, request: &ApiRequest) -> Result<ApiResponse, ApiError> {
        let exchange = self.exchange(request);
        let answer = match self.request_timeout {
            Some(limit) => timeout(limit, exchange).await.unwrap_or_else(|_| Err(timed_out(limit))),
            None => exchange.await,
        };
        let method = &self.named(&request.method);
        let answer = answer.map_err(|NoAnswer { cause, code }| ApiError::Request {
            message: format!("no answer to {method}: {cause}"),
            cause,
            code,
        })?;
        let retry_after = answer.header(RETRY_AFTER.as_str()).and_then(retry_after).unwrap_or_default();
        match StatusCode::from_u16(answer.status) {
            Ok(StatusCode::OK) => {
                let header = |name| answer.header(name).map(str::to_owned);
                let (scopes, accepted_scopes) = (header("x-oauth-scopes"), header("x-accepted-oauth-scopes"));
                Ok(ApiResponse { scopes, accepted_scopes, ..ApiResponse::read(method, answer.body)? })
            }
            Ok(StatusCode::TOO_MANY_REQUESTS) => {
                Err(ApiError::RateLimited { method: method.clone(), retry_after })
            }
            _ => Err(ApiError::Http {
                method: method.clone(),
                status: answer.status,
                reason: answer.reason,
                body: String::from_utf8_lossy(&answer.body).into_owned(),
                headers: answer.headers,
                retry_after,
            }),
        }
    }

    /// A method as errors name it: with the host that was called.
    fn named(&self, method: &str) -> String {
        let host = self.api_url.host_str().unwrap_or("the API");
        let port = self.api_url.port_or_known_default().unwrap_or_default();
        format!("{method} at {host}:{port}")
    }

    async fn exchange(&self, request: &ApiRequest) -> Result<Answer, NoAnswer> {
        // A method is a name, whatever it looks like: the token goes to the API's host only.
        let mut url = self.api_url.clone();
        url.set_path(&format!("{}{}", url.path(), request.method));
        let headers = self.headers_of(request)?;
        if let Some(agent) = &self.agent {
            let request = AgentRequest {
                method: "POST",
                url: url.into(),
                headers: texts(&headers),
                body: request.body.clone(),
            };
            let AgentResponse { status, reason, headers, body } = agent
                .request(request)
                .await
                .map_err(|error| NoAnswer { cause: error.message, code: error.code })?;
            return Ok(Answer { status, reason, headers, body });
        }
        let uri = Uri::try_from(url.as_str()).map_err(|error| no_answer(&error))?;
        let mut call = Request::new(Full::new(request.body.clone()));
        *call.method_mut() = Method::POST;
        *call.uri_mut() = uri;
        *call.headers_mut() = headers;
        // A connection that is kept may be given up by the server at the moment it is used again: then nobody knows
        // whether the call was made.
        call.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
        let response = self.http.request(call).await.map_err(|error| no_answer(&error))?;
        let (head, body) = response.into_parts();
        let reason = match head.extensions.get::<ReasonPhrase>() {
            Some(reason) => String::from_utf8_lossy(reason.as_bytes()).into_owned(),
            None => head.status.canonical_reason().unwrap_or_default().to_owned(),
        };
        if body.size_hint().lower() > MAX_ANSWER_BYTES as u64 {
            return Err(too_long());
        }
        let body = Limited::new(body, MAX_ANSWER_BYTES)
            .collect()
            .await
            .map_err(|error| if error.is::<LengthLimitError>() { too_long() } else { no_answer(&*error) })?;
        let (status, headers) = (head.status.as_u16(), texts(&head.headers));
        Ok(Answer { status, reason, headers, body: body.to_bytes() })
    }

    /// The user's own headers take the place of ours.
    fn headers_of(&self, request: &ApiRequest) -> Result<HeaderMap, NoAnswer> {
        let unfit = |what| NoAnswer {
            cause: format!("{what} holds characters that no HTTP header can carry"),
            code: Some("ERR_INVALID_CHAR".into()),
        };
        let authorization = match &request.token {
            Some(token) => bearer(&token.0).ok_or_else(|| unfit("the token"))?,
            None => self.authorization.clone(),
        };
        let content_type =
            HeaderValue::try_from(&request.content_type).map_err(|_| unfit("the content type"))?;
        let mut headers = HeaderMap::new();
        headers.insert(AUTHORIZATION, authorization);
        headers.insert(USER_AGENT, self.user_agent.clone());
        headers.insert(CONTENT_TYPE, content_type);
        // Left to itself the client leaves out a length of zero, and some servers answer 411 to that.
        headers.insert(CONTENT_LENGTH, HeaderValue::from(request.body.len()));
        headers.extend(self.headers.clone());
        Ok(headers)
    }
}

fn no_answer(error: &(dyn Error + 'static)) -> NoAnswer {
    NoAnswer { cause: error_code::message(error), code: error_code::node_code(error) }
}

fn too_long() -> NoAnswer {
    NoAnswer { cause: format!("the answer is longer than {MAX_ANSWER_BYTES} bytes"), code: None }
}

fn timed_out(limit: Duration) -> NoAnswer {
    let cause = format!("nothing complete within {} ms (requestTimeout)", limit.as_millis());
    NoAnswer { cause, code: Some("ETIMEDOUT".into()) }
}

/// `Retry-After` in either of its forms: seconds, or a date.
pub(super) fn retry_after(value: &str) -> Option<Duration> {
    if let Ok(seconds) = value.trim().parse() {
        return Some(Duration::from_secs(seconds));
    }
    let date = httpdate::parse_http_date(value.trim()).ok()?;
    date.duration_since(wall_clock()).ok()
}

/// Headers as names, in lower case, and values.
pub(super) fn texts(headers: &HeaderMap) -> Vec<(String, String)> {
    let text = |(name, value): (&HeaderName, &HeaderValue)| {
        (name.as_str().to_owned(), String::from_utf8_lossy(value.as_bytes()).into_owned())
    };
    headers.iter().map(text).collect()
}
