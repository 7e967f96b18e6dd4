//! Opens a WebSocket: connects, sends the upgrade request, and checks the response (RFC 6455, section 4.1).

use std::error::Error;

use bytes::Bytes;
use http::StatusCode;
use http::header::{
    AUTHORIZATION, CONNECTION, HeaderMap, HeaderName, HeaderValue, RETRY_AFTER, SEC_WEBSOCKET_ACCEPT,
    SEC_WEBSOCKET_EXTENSIONS, SEC_WEBSOCKET_KEY, SEC_WEBSOCKET_PROTOCOL, UPGRADE, USER_AGENT,
};
use http_body_util::Empty;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Error as WsError;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::handshake::client::Request;
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;
use tokio_tungstenite::tungstenite::protocol::{Role, WebSocketConfig};
use url::Url;

use super::agent::{Agent, AgentRequest};
use super::socket::Socket;
use super::transport::Transport;
use super::web_api;
use crate::net::error_code;
use crate::net::headers::header_list;
use crate::net::http_client::origin_form;
use crate::net::http_upgrade::http_upgrade;
use crate::net::stream::Stream;
use crate::net::target::Target;
use crate::session::{ErrorCode, Secret, SocketError};

/// The size of the read buffer. With 4 kB instead of the default 128 kB, an idle client needs less memory.
const READ_BUFFER_BYTES: usize = 4 * 1024;

/// Opens the socket at a URL.
pub(super) async fn open(transport: &Transport, url: &Secret) -> Result<Socket, SocketError> {
    // The messages of both errors do not contain the URL, which is a secret.
    let url = Url::parse(&url.0).map_err(|error| invalid_url(&error))?;
    let request = upgrade_request(transport, &url).map_err(|error| invalid_url(&error))?;
    let server = Target::of(&url).to_string();
    let UpgradeResponse { status, headers, stream } = match &transport.agent {
        Some(agent) => send_by_agent(&**agent, &request, &url, &server).await?,
        None => send(transport, &request, &url, &server).await?,
    };
    let Some(stream) = stream else { return Err(refused(&server, status, &headers)) };
    check_response(&request, &headers).map_err(|problem| upgrade_failed(&server, problem, None))?;
    let config = websocket_config(transport.max_frame_bytes);
    let stream = WebSocketStream::from_raw_socket(stream, Role::Client, Some(config)).await;
    Ok(Socket::new(stream, server))
}

/// The response to an upgrade request.
struct UpgradeResponse {
    status: StatusCode,
    headers: HeaderMap,
    /// The stream, if the server switched protocols.
    stream: Option<Stream>,
}

/// The upgrade request, with the user's headers except `Authorization`: it may hold the token, which is for the API
/// only.
fn upgrade_request(transport: &Transport, url: &Url) -> Result<Request, WsError> {
    let mut request = url.as_str().into_client_request()?;
    let mut user_headers = transport.headers.clone();
    user_headers.remove(AUTHORIZATION);
    let headers = request.headers_mut();
    headers.insert(USER_AGENT, transport.user_agent.clone());
    headers.extend(user_headers);
    Ok(request)
}

pub(super) fn websocket_config(max_frame_bytes: usize) -> WebSocketConfig {
    WebSocketConfig::default()
        .read_buffer_size(READ_BUFFER_BYTES)
        .max_message_size(Some(max_frame_bytes))
        .max_frame_size(Some(max_frame_bytes))
}

async fn send(
    transport: &Transport,
    request: &Request,
    url: &Url,
    server: &str,
) -> Result<UpgradeResponse, SocketError> {
    let is_secure = url.scheme() == "wss";
    let stream = transport.connector.connect(Target::of(url), is_secure).await.map_err(|error| {
        no_connection(server, &error_code::message(&error), error_code::node_code(&error))
    })?;
    let (head, stream) = http_upgrade(stream, wire_form(request)).await.map_err(|error| {
        upgrade_failed(server, &error_code::message(&error), error_code::node_code(&error))
    })?;
    Ok(UpgradeResponse { status: head.status, headers: head.headers, stream })
}

async fn send_by_agent(
    agent: &dyn Agent,
    request: &Request,
    url: &Url,
    server: &str,
) -> Result<UpgradeResponse, SocketError> {
    let mut url = url.clone();
    let scheme = if url.scheme() == "wss" { "https" } else { "http" };
    url.set_scheme(scheme).expect("a `ws:` or `wss:` URL can become an `http:` or `https:` one");
    let headers = header_list(request.headers());
    let request = AgentRequest { method: "GET", url: url.into(), headers, body: Bytes::new() };
    let (response, stream) = agent
        .upgrade(request)
        .await
        .map_err(|error| no_connection(server, &error.message, error.code.clone()))?;
    let status = StatusCode::from_u16(response.status).unwrap_or(StatusCode::BAD_GATEWAY);
    let header = |(name, value): (String, String)| {
        Some((HeaderName::try_from(name).ok()?, HeaderValue::try_from(value).ok()?))
    };
    let headers = response.headers.into_iter().filter_map(header).collect();
    Ok(UpgradeResponse { status, headers, stream: stream.map(Stream::from) })
}

/// The request as it is sent to the server itself.
fn wire_form(request: &Request) -> http::Request<Empty<Bytes>> {
    let mut written = request.clone().map(|()| Empty::new());
    *written.uri_mut() = origin_form(request.uri());
    written
}

/// Checks the headers of a response with the status 101.
fn check_response(request: &Request, response: &HeaderMap) -> Result<(), &'static str> {
    let has = |name: HeaderName, token: &str| {
        let values = response.get_all(name).into_iter().filter_map(|value| value.to_str().ok());
        values.flat_map(|value| value.split(',')).any(|it| it.trim().eq_ignore_ascii_case(token))
    };
    let expected = request.headers().get(SEC_WEBSOCKET_KEY).map(|key| derive_accept_key(key.as_bytes()));
    let accept = response.get(SEC_WEBSOCKET_ACCEPT).and_then(|accept| accept.to_str().ok());
    if !has(UPGRADE, "websocket") {
        Err("a response without the header `Upgrade: websocket`")
    } else if !has(CONNECTION, "upgrade") {
        Err("a response without the header `Connection: Upgrade`")
    } else if accept.map(str::trim) != expected.as_deref() {
        Err("the response's `Sec-WebSocket-Accept` header does not match the request's key")
    } else if response.contains_key(SEC_WEBSOCKET_EXTENSIONS) {
        Err("the response selects an extension that was not requested")
    } else if response.contains_key(SEC_WEBSOCKET_PROTOCOL)
        && !request.headers().contains_key(SEC_WEBSOCKET_PROTOCOL)
    {
        Err("the response selects a subprotocol that was not requested")
    } else {
        Ok(())
    }
}

fn invalid_url(reason: &dyn Error) -> SocketError {
    SocketError::new(format!("invalid socket URL: {reason}"), None)
}

fn no_connection(server: &str, reason: &str, code: Option<ErrorCode>) -> SocketError {
    SocketError::new(format!("could not connect to {server}: {reason}"), code)
}

fn upgrade_failed(server: &str, reason: &str, code: Option<ErrorCode>) -> SocketError {
    SocketError::new(format!("the WebSocket upgrade at {server} failed: {reason}"), code)
}

fn refused(server: &str, status: StatusCode, headers: &HeaderMap) -> SocketError {
    let message = format!("{server} refused the WebSocket upgrade with HTTP status {status}");
    let header = headers.get(RETRY_AFTER).and_then(|value| value.to_str().ok());
    let retry_after = header.and_then(web_api::retry_after).unwrap_or_default();
    SocketError { retry_after, ..SocketError::new(message, None) }
}
