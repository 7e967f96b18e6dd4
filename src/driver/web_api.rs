//! Calls the Web API: one HTTP request per attempt, with the errors that the contract defines. The session decides
//! about retries.

use std::error::Error;
use std::time::Duration;

use bytes::Bytes;
use http::header::{
    AUTHORIZATION, CONNECTION, CONTENT_LENGTH, CONTENT_TYPE, HeaderMap, HeaderValue, RETRY_AFTER, USER_AGENT,
};
use http::{Method, StatusCode};
use http_body_util::{BodyExt, LengthLimitError, Limited};
use hyper::body::Body;
use hyper::ext::ReasonPhrase;
use reqwest::Request;
use tokio::time::timeout;
use url::form_urlencoded;

use super::agent::{AgentRequest, AgentResponse};
use super::transport::{INVALID_IN_HEADER, Transport, bearer};
use super::wall_clock;
use crate::net::error_code;
use crate::net::headers::header_list;
use crate::net::target::Target;
use crate::session::{ApiError, ApiResponse, ConnectResponse, ErrorCode, Secret};

/// The longest response that is read.
pub const MAX_RESPONSE_BYTES: usize = 256 * 1024 * 1024;

/// The content type of arguments that are encoded as form fields.
pub const FORM: &str = "application/x-www-form-urlencoded";

/// A call of a Web API method.
#[derive(Clone)]
pub struct ApiRequest {
    /// The method, like `chat.postMessage`.
    pub method: String,
    /// Replaces the client's token for this call.
    pub token: Option<Secret>,
    /// The content type of `body`.
    pub content_type: String,
    /// The arguments, encoded.
    pub body: Bytes,
}

/// An HTTP response with any status.
struct HttpResponse {
    status: u16,
    reason: String,
    headers: Vec<(String, String)>,
    body: Bytes,
}

impl HttpResponse {
    fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }
}

impl From<AgentResponse> for HttpResponse {
    fn from(AgentResponse { status, reason, headers, body }: AgentResponse) -> Self {
        Self { status, reason, headers, body }
    }
}

/// There is no complete response.
struct RequestError {
    cause: String,
    code: Option<ErrorCode>,
}

impl Transport {
    /// Makes one attempt of the connect call. `form` is its encoded body.
    pub(super) async fn connect_call(&self, form: &str) -> Result<ConnectResponse, ApiError> {
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
        let response = self.call_once(&request).await?;
        ConnectResponse::from_response(&self.method_at_host(&self.method), response)
    }

    /// Makes one attempt of a call. No error shows the token.
    pub(super) async fn call_once(&self, request: &ApiRequest) -> Result<ApiResponse, ApiError> {
        let token = request.token.as_ref().map_or_else(|| self.token.as_str(), |token| token.0.as_str());
        self.call(request).await.map_err(|error| error.without(token))
    }

    async fn call(&self, request: &ApiRequest) -> Result<ApiResponse, ApiError> {
        let response = self.send(request);
        let response = match self.request_timeout {
            Some(limit) => timeout(limit, response).await.unwrap_or_else(|_| Err(timed_out(limit))),
            None => response.await,
        };
        let method = &self.method_at_host(&request.method);
        let response = response.map_err(|RequestError { cause, code }| ApiError::Request {
            message: format!("no response to {method}: {cause}"),
            cause,
            code,
        })?;
        let retry_after = response.header(RETRY_AFTER.as_str()).and_then(retry_after).unwrap_or_default();
        match StatusCode::from_u16(response.status) {
            Ok(StatusCode::OK) => {
                let header = |name| response.header(name).map(str::to_owned);
                let (scopes, accepted_scopes) = (header("x-oauth-scopes"), header("x-accepted-oauth-scopes"));
                Ok(ApiResponse { scopes, accepted_scopes, ..ApiResponse::read(method, response.body)? })
            }
            Ok(StatusCode::TOO_MANY_REQUESTS) => {
                Err(ApiError::RateLimited { method: method.clone(), retry_after })
            }
            _ => Err(ApiError::Http {
                method: method.clone(),
                status: response.status,
                reason: response.reason,
                body: String::from_utf8_lossy(&response.body).into_owned(),
                headers: response.headers,
                retry_after,
            }),
        }
    }

    /// A method with the API's host, for error messages.
    fn method_at_host(&self, method: &str) -> String {
        format!("{method} at {}", Target::of(&self.api_url))
    }

    async fn send(&self, request: &ApiRequest) -> Result<HttpResponse, RequestError> {
        // `set_path` keeps the host even if the method looks like a URL, so that the token is sent to the API's host
        // only.
        let mut url = self.api_url.clone();
        url.set_path(&format!("{}{}", url.path(), request.method));
        let mut headers = self.request_headers(request)?;
        let body = request.body.clone();
        if let Some(agent) = &self.agent {
            let headers = header_list(&headers);
            let request = AgentRequest { method: "POST", url: url.into(), headers, body };
            return match agent.request(request).await {
                Ok(response) => Ok(response.into()),
                Err(error) => Err(RequestError { cause: error.message, code: error.code }),
            };
        }
        // A server may close an idle connection at the moment when the next request uses it. Then it is unknown whether
        // the call was made. So each call has its own connection.
        headers.insert(CONNECTION, HeaderValue::from_static("close"));
        let mut request = Request::new(Method::POST, url);
        *request.headers_mut() = headers;
        *request.body_mut() = Some(body.into());
        let response = self.http.send(request).await.map_err(|error| request_error(&*error))?;
        read_response(response.into()).await
    }

    /// The request's headers. The user's `headers` replace them.
    fn request_headers(&self, request: &ApiRequest) -> Result<HeaderMap, RequestError> {
        let invalid = |name| RequestError {
            cause: format!("the {name} {INVALID_IN_HEADER}"),
            code: Some("ERR_INVALID_CHAR".into()),
        };
        let authorization = match &request.token {
            Some(token) => bearer(&token.0).ok_or_else(|| invalid("token"))?,
            None => self.authorization.clone(),
        };
        let content_type =
            HeaderValue::try_from(&request.content_type).map_err(|_| invalid("content type"))?;
        let mut headers = HeaderMap::new();
        headers.insert(AUTHORIZATION, authorization);
        headers.insert(USER_AGENT, self.user_agent.clone());
        headers.insert(CONTENT_TYPE, content_type);
        // hyper omits a length of zero, and some servers respond to that with 411 (Length Required).
        headers.insert(CONTENT_LENGTH, HeaderValue::from(request.body.len()));
        headers.extend(self.headers.clone());
        Ok(headers)
    }
}

/// Reads the whole response, up to [`MAX_RESPONSE_BYTES`].
async fn read_response(response: http::Response<reqwest::Body>) -> Result<HttpResponse, RequestError> {
    let (head, body) = response.into_parts();
    let reason = match head.extensions.get::<ReasonPhrase>() {
        Some(reason) => String::from_utf8_lossy(reason.as_bytes()).into_owned(),
        None => head.status.canonical_reason().unwrap_or_default().to_owned(),
    };
    if body.size_hint().lower() > MAX_RESPONSE_BYTES as u64 {
        return Err(too_long());
    }
    let body = Limited::new(body, MAX_RESPONSE_BYTES)
        .collect()
        .await
        .map_err(|error| if error.is::<LengthLimitError>() { too_long() } else { request_error(&*error) })?;
    let (status, headers) = (head.status.as_u16(), header_list(&head.headers));
    Ok(HttpResponse { status, reason, headers, body: body.to_bytes() })
}

fn request_error(error: &(dyn Error + 'static)) -> RequestError {
    RequestError { cause: error_code::message(error), code: error_code::node_code(error) }
}

fn too_long() -> RequestError {
    RequestError { cause: format!("the response is longer than {MAX_RESPONSE_BYTES} bytes"), code: None }
}

fn timed_out(limit: Duration) -> RequestError {
    let cause = format!("timed out after {} ms (requestTimeout)", limit.as_millis());
    RequestError { cause, code: Some("ETIMEDOUT".into()) }
}

/// Parses a `Retry-After` header: seconds, or a date.
pub(super) fn retry_after(value: &str) -> Option<Duration> {
    if let Ok(seconds) = value.trim().parse() {
        return Some(Duration::from_secs(seconds));
    }
    let date = httpdate::parse_http_date(value.trim()).ok()?;
    date.duration_since(wall_clock()).ok()
}
