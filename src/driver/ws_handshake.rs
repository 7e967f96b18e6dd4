//! Opening a WebSocket: a connection, and the upgrade request. Owns what is asked and what the answer must say; the open
//! socket is `socket`'s.

use bytes::Bytes;
use http::header::{
    AUTHORIZATION, CONNECTION, HeaderMap, HeaderName, HeaderValue, RETRY_AFTER, SEC_WEBSOCKET_ACCEPT,
    SEC_WEBSOCKET_EXTENSIONS, SEC_WEBSOCKET_KEY, SEC_WEBSOCKET_PROTOCOL, UPGRADE, USER_AGENT,
};
use http::uri::PathAndQuery;
use http::{StatusCode, Uri};
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
use super::web_api::{self, texts};
use crate::net::connector::{self, Target};
use crate::net::error_code;
use crate::net::http_upgrade::http_upgrade;
use crate::net::stream::Stream;
use crate::session::{ErrorCode, Secret, SocketError};

/// What one read from the socket may bring.
const READ_BUFFER_BYTES: usize = 4 * 1024;

/// Dials a socket URL: a connection, and the upgrade request.
pub(super) async fn dial(transport: &Transport, url: &Secret) -> Result<Socket, SocketError> {
    let url = Url::parse(&url.0)
        .map_err(|error| SocketError::new(format!("the socket URL is none: {error}"), None))?;
    let request = upgrade_request(transport, &url)
        .map_err(|error| SocketError::new(format!("the socket URL cannot be used: {error}"), None))?;
    let server = authority(&url);
    let Answer { status, headers, stream } = match &transport.agent {
        Some(agent) => ask_by_agent(&**agent, &request, &url, &server).await?,
        None => ask(transport, &request, &url, &server).await?,
    };
    let Some(stream) = stream else { return Err(refused(&server, status, &headers)) };
    check_answer(&request, &headers).map_err(|what| no_upgrade(&server, what, None))?;
    let config = config(transport.max_frame_bytes);
    let stream = WebSocketStream::from_raw_socket(stream, Role::Client, Some(config)).await;
    Ok(Socket::new(stream, server))
}

/// The answer to an upgrade request; with the stream where the server has switched.
struct Answer {
    status: StatusCode,
    headers: HeaderMap,
    stream: Option<Stream>,
}

/// The upgrade request with the user's headers, but for the token.
fn upgrade_request(transport: &Transport, url: &Url) -> Result<Request, WsError> {
    let mut request = url.as_str().into_client_request()?;
    let mut own = transport.headers.clone();
    own.remove(AUTHORIZATION);
    let headers = request.headers_mut();
    headers.insert(USER_AGENT, transport.user_agent.clone());
    headers.extend(own);
    Ok(request)
}

pub(super) fn config(max_frame_bytes: usize) -> WebSocketConfig {
    WebSocketConfig::default()
        .read_buffer_size(READ_BUFFER_BYTES)
        .max_message_size(Some(max_frame_bytes))
        .max_frame_size(Some(max_frame_bytes))
}

async fn ask(
    transport: &Transport,
    request: &Request,
    url: &Url,
    server: &str,
) -> Result<Answer, SocketError> {
    let target = Target {
        host: connector::bare(url.host_str().unwrap_or_default()),
        port: url.port_or_known_default().unwrap_or_default(),
        secure: url.scheme() == "wss",
    };
    let stream = transport.connector.dial(target).await.map_err(|error| {
        no_connection(server, &error_code::message(&error), error_code::node_code(&error))
    })?;
    let (head, stream) = http_upgrade(stream, wire_form(request))
        .await
        .map_err(|error| no_upgrade(server, &error_code::message(&error), error_code::node_code(&error)))?;
    Ok(Answer { status: head.status, headers: head.headers, stream })
}

async fn ask_by_agent(
    agent: &dyn Agent,
    request: &Request,
    url: &Url,
    server: &str,
) -> Result<Answer, SocketError> {
    let mut url = url.clone();
    let scheme = if url.scheme() == "wss" { "https" } else { "http" };
    url.set_scheme(scheme).expect("a URL of one of these schemes may get another of them");
    let headers = texts(request.headers());
    let asked = AgentRequest { method: "GET", url: url.into(), headers, body: Bytes::new() };
    let (response, stream) = agent
        .upgrade(asked)
        .await
        .map_err(|error| no_connection(server, &error.message, error.code.clone()))?;
    let status = StatusCode::from_u16(response.status).unwrap_or(StatusCode::BAD_GATEWAY);
    let header = |(name, value): (String, String)| {
        Some((HeaderName::try_from(name).ok()?, HeaderValue::try_from(value).ok()?))
    };
    let headers = response.headers.into_iter().filter_map(header).collect();
    Ok(Answer { status, headers, stream: stream.map(Stream::from) })
}

/// The upgrade request as it is written to the server itself: with the path alone.
fn wire_form(request: &Request) -> http::Request<Empty<Bytes>> {
    let mut written = request.clone().map(|()| Empty::new());
    let path = request.uri().path_and_query().cloned().unwrap_or_else(|| PathAndQuery::from_static("/"));
    *written.uri_mut() = Uri::from(path);
    written
}

/// What a 101 must say (RFC 6455, section 4.1).
fn check_answer(request: &Request, answer: &HeaderMap) -> Result<(), &'static str> {
    let has = |name: HeaderName, token: &str| {
        let values = answer.get_all(name).into_iter().filter_map(|value| value.to_str().ok());
        values.flat_map(|value| value.split(',')).any(|one| one.trim().eq_ignore_ascii_case(token))
    };
    let key = request.headers().get(SEC_WEBSOCKET_KEY).map(|key| derive_accept_key(key.as_bytes()));
    let accept = answer.get(SEC_WEBSOCKET_ACCEPT).and_then(|accept| accept.to_str().ok());
    if !has(UPGRADE, "websocket") {
        Err("the answer has no header `Upgrade: websocket`")
    } else if !has(CONNECTION, "upgrade") {
        Err("the answer has no header `Connection: Upgrade`")
    } else if accept.map(str::trim) != key.as_deref() {
        Err("the answer does not belong to the request")
    } else if answer.contains_key(SEC_WEBSOCKET_EXTENSIONS) {
        Err("the answer brings an extension that was not asked for")
    } else if answer.contains_key(SEC_WEBSOCKET_PROTOCOL)
        && !request.headers().contains_key(SEC_WEBSOCKET_PROTOCOL)
    {
        Err("the answer brings a subprotocol that was not asked for")
    } else {
        Ok(())
    }
}

/// The host and port of a URL.
fn authority(url: &Url) -> String {
    format!("{}:{}", url.host_str().unwrap_or_default(), url.port_or_known_default().unwrap_or_default())
}

fn no_connection(server: &str, why: &str, code: Option<ErrorCode>) -> SocketError {
    SocketError::new(format!("no connection to {server}: {why}"), code)
}

fn no_upgrade(server: &str, why: &str, code: Option<ErrorCode>) -> SocketError {
    SocketError::new(format!("no WebSocket upgrade by {server}: {why}"), code)
}

fn refused(server: &str, status: StatusCode, headers: &HeaderMap) -> SocketError {
    let message = format!("{server} refused the WebSocket upgrade with HTTP status {status}");
    let header = headers.get(RETRY_AFTER).and_then(|value| value.to_str().ok());
    let retry_after = header.and_then(web_api::retry_after).unwrap_or_default();
    SocketError { retry_after, ..SocketError::new(message, None) }
}
