//! One WebSocket: dialling it, and turning what it does into events. Owns the bytes; their meaning is the session's.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use futures_util::future::poll_fn;
use futures_util::{Sink, Stream as _};
use http::StatusCode;
use http::header::{AUTHORIZATION, HeaderValue, RETRY_AFTER, SEC_WEBSOCKET_KEY, USER_AGENT};
use tokio::task::coop::has_budget_remaining;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::error::{CapacityError, ProtocolError};
use tokio_tungstenite::tungstenite::handshake::client::Request;
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;
use tokio_tungstenite::tungstenite::protocol::{CloseFrame, Message, Role, WebSocketConfig};
use tokio_tungstenite::tungstenite::{Error as WsError, Utf8Bytes};
use tokio_tungstenite::{WebSocketStream, client_async_with_config};
use url::Url;

use super::agent::{Agent, AgentError, AgentRequest};
use super::cause;
use super::dial::{self, Stream, Target};
use super::transport::Transport;
use super::web_api::{self, texts};
use crate::session::{Closure, ErrorCode, Secret, SocketError};

/// What one read from the socket may bring.
const READ_BUFFER_BYTES: usize = 32 * 1024;

/// After so many bytes of frames the driver looks at its other work.
const BATCH_BYTES: usize = 64 * 1024;

/// The close code of a connection that ended without a close frame.
const ABNORMAL_CLOSURE: u16 = 1006;

/// What a socket does.
#[derive(Debug)]
pub(super) enum SocketEvent {
    /// A text or binary frame.
    Frame(Bytes),
    /// A control frame. (Pings are answered here.)
    Alive,
    /// All that was to be written is written.
    Flushed,
    /// The end. Nothing follows.
    Closed(Closure),
}

/// What reading came to.
enum Reading {
    /// More may be there: come back after the driver's other work.
    MoreIsThere,
    /// All that has arrived is read.
    NothingIsThere,
    /// A close frame came.
    Closed(Closure),
    /// The stream ended, or broke.
    Ended(WsError),
}

/// An open WebSocket.
pub(super) struct Socket {
    stream: WebSocketStream<Stream>,
    /// For errors.
    server: String,
    flushing: bool,
    /// The first write that failed; told when there is nothing more to read.
    failed: Option<WsError>,
}

/// Dials a socket URL: a connection, and the upgrade request.
pub(super) async fn dial(transport: &Transport, url: &Secret) -> Result<Socket, SocketError> {
    let url = Url::parse(&url.0).map_err(|error| failed(format!("the socket URL is none: {error}"), None))?;
    let request = upgrade_request(transport, &url)
        .map_err(|error| failed(format!("the socket URL cannot be used: {error}"), None))?;
    let server = authority(&url);
    let stream = match &transport.agent {
        Some(agent) => {
            upgrade_by_agent(transport, &**agent, &request, &url).await.map_err(|error| match error {
                Upgrade::Refused(status, retry_after) => refused(&server, status, retry_after.as_deref()),
                Upgrade::Failed(error) => {
                    failed(format!("no connection to {server}: {error}"), error.code.clone())
                }
            })?
        }
        None => upgrade(transport, request, &url, &server).await?,
    };
    Ok(Socket { stream, server, flushing: false, failed: None })
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

fn config(transport: &Transport) -> WebSocketConfig {
    WebSocketConfig::default()
        .read_buffer_size(READ_BUFFER_BYTES)
        .max_message_size(Some(transport.max_frame_bytes))
        .max_frame_size(Some(transport.max_frame_bytes))
}

async fn upgrade(
    transport: &Transport,
    request: Request,
    url: &Url,
    server: &str,
) -> Result<WebSocketStream<Stream>, SocketError> {
    let target = Target {
        host: dial::bare(url.host_str().unwrap_or_default()),
        port: url.port_or_known_default().unwrap_or_default(),
        secure: url.scheme() == "wss",
    };
    let stream = transport.dialler.dial(target).await.map_err(|error| {
        failed(format!("no connection to {server}: {}", cause::words(&error)), cause::node_code(&error))
    })?;
    match client_async_with_config(request, stream, Some(config(transport))).await {
        Ok((stream, _)) => Ok(stream),
        Err(WsError::Http(response)) => {
            let header = response.headers().get(RETRY_AFTER).and_then(|value| value.to_str().ok());
            Err(refused(server, response.status(), header))
        }
        Err(error) => {
            let what = cause::words(&error);
            Err(failed(format!("no WebSocket upgrade by {server}: {what}"), cause::node_code(&error)))
        }
    }
}

/// How an agent's upgrade request came to nothing.
enum Upgrade {
    /// With the `Retry-After` header.
    Refused(StatusCode, Option<String>),
    Failed(AgentError),
}

async fn upgrade_by_agent(
    transport: &Transport,
    agent: &dyn Agent,
    request: &Request,
    url: &Url,
) -> Result<WebSocketStream<Stream>, Upgrade> {
    let mut url = url.clone();
    let scheme = if url.scheme() == "wss" { "https" } else { "http" };
    url.set_scheme(scheme).expect("a URL of one of these schemes may get another of them");
    let headers = texts(request.headers());
    let asked = AgentRequest { method: "GET", url: url.into(), headers, body: Bytes::new() };
    let (response, stream) = agent.upgrade(asked).await.map_err(Upgrade::Failed)?;
    let header = |name| response.headers.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str());
    let stream = stream.ok_or_else(|| {
        let status = StatusCode::from_u16(response.status).unwrap_or(StatusCode::BAD_GATEWAY);
        Upgrade::Refused(status, header(RETRY_AFTER.as_str()).map(str::to_owned))
    })?;
    let key = request.headers().get(SEC_WEBSOCKET_KEY).map(HeaderValue::as_bytes).unwrap_or_default();
    if header("sec-websocket-accept") != Some(derive_accept_key(key).as_str()) {
        let message = "the answer to the WebSocket upgrade does not belong to the request".to_owned();
        return Err(Upgrade::Failed(AgentError { message, code: None }));
    }
    Ok(WebSocketStream::from_raw_socket(stream.into(), Role::Client, Some(config(transport))).await)
}

/// The host and port of a URL.
fn authority(url: &Url) -> String {
    format!("{}:{}", url.host_str().unwrap_or_default(), url.port_or_known_default().unwrap_or_default())
}

fn refused(server: &str, status: StatusCode, retry_after: Option<&str>) -> SocketError {
    let message = format!("{server} refused the WebSocket upgrade with HTTP status {status}");
    let retry_after = retry_after.and_then(web_api::retry_after).unwrap_or_default();
    SocketError { retry_after, ..failed(message, None) }
}

fn failed(message: String, code: Option<ErrorCode>) -> SocketError {
    SocketError::new(message, code)
}

impl Socket {
    /// Queues a text frame; `events` writes it.
    pub(super) fn write(&mut self, frame: Bytes) {
        let text = Utf8Bytes::try_from(frame).expect("frames are made from strings");
        self.start(Message::Text(text));
    }

    /// Queues a pong that nobody has asked for.
    pub(super) fn pong(&mut self) {
        self.start(Message::Pong(Bytes::new()));
    }

    /// Queues a close frame behind all others.
    pub(super) fn close(&mut self) {
        self.start(Message::Close(Some(CloseFrame {
            code: CloseCode::Normal,
            reason: Utf8Bytes::default(),
        })));
    }

    fn start(&mut self, message: Message) {
        match Pin::new(&mut self.stream).start_send(message) {
            Ok(()) => self.flushing = true,
            Err(error) => self.fail(error),
        }
    }

    fn fail(&mut self, error: WsError) {
        self.failed.get_or_insert(error);
    }

    /// Waits for events and gives all that are there already, in order; reads only where `read` says so. Cancel-safe.
    pub(super) async fn events(&mut self, read: bool) -> Vec<SocketEvent> {
        poll_fn(|context| {
            let mut events = Vec::new();
            self.poll_events(context, read, &mut events);
            if events.is_empty() { Poll::Pending } else { Poll::Ready(events) }
        })
        .await
    }

    fn poll_events(&mut self, context: &mut Context<'_>, read: bool, events: &mut Vec<SocketEvent>) {
        self.poll_flush(context, events);
        if !read {
            return;
        }
        let end = match self.poll_read(context, events) {
            Reading::MoreIsThere => None,
            // A write may have failed while there was still something to read: what the server said last. So it is
            // the end only now.
            Reading::NothingIsThere => self.failed.take().map(|error| self.closure(error)),
            Reading::Ended(error) => {
                self.answer_violation(context, &error);
                Some(self.end(error))
            }
            Reading::Closed(end) => Some(end),
        };
        events.extend(end.map(SocketEvent::Closed));
    }

    /// Reads what is there, up to a batch.
    fn poll_read(&mut self, context: &mut Context<'_>, events: &mut Vec<SocketEvent>) -> Reading {
        let mut bytes = 0;
        while bytes < BATCH_BYTES {
            match Pin::new(&mut self.stream).poll_next(context) {
                Poll::Ready(Some(Ok(Message::Text(text)))) => {
                    bytes += 1 + text.len();
                    events.push(SocketEvent::Frame(text.into()));
                }
                Poll::Ready(Some(Ok(Message::Binary(data)))) => {
                    bytes += 1 + data.len();
                    events.push(SocketEvent::Frame(data));
                }
                Poll::Ready(Some(Ok(Message::Close(frame)))) => {
                    // The answer to the close frame is queued; it goes out if the socket takes it now.
                    self.flushing = true;
                    self.poll_flush(context, &mut Vec::new());
                    let (code, reason) = match frame {
                        Some(frame) => (frame.code.into(), frame.reason.as_str().to_owned()),
                        None => (1005, String::new()),
                    };
                    return Reading::Closed(Closure::Ended { code, reason });
                }
                Poll::Ready(Some(Ok(_))) => {
                    // A ping's answer is queued by the library and goes out with the next read; or with the next
                    // flush, since reading may pause.
                    self.flushing = true;
                    bytes += 1;
                    events.push(SocketEvent::Alive);
                }
                Poll::Ready(Some(Err(error))) => return Reading::Ended(error),
                Poll::Ready(None) => return Reading::Ended(WsError::ConnectionClosed),
                // Without budget the runtime wants its turn, and says nothing about the socket.
                Poll::Pending if has_budget_remaining() => return Reading::NothingIsThere,
                Poll::Pending => return Reading::MoreIsThere,
            }
        }
        Reading::MoreIsThere
    }

    /// What breaks the protocol is answered by a close frame that says so (RFC 6455, section 7.4.1), as far as the socket
    /// takes it now.
    fn answer_violation(&mut self, context: &mut Context<'_>, error: &WsError) {
        let code = match error {
            WsError::Protocol(ProtocolError::ResetWithoutClosingHandshake) => return,
            WsError::Protocol(_) => CloseCode::Protocol,
            WsError::Utf8(_) => CloseCode::Invalid,
            WsError::Capacity(_) => CloseCode::Size,
            _ => return,
        };
        self.start(Message::Close(Some(CloseFrame { code, reason: Utf8Bytes::default() })));
        self.poll_flush(context, &mut Vec::new());
    }

    /// The end that reading came to. Of a reset the reader is told once: where a write has found it before, it looks
    /// like the mere end of the stream.
    fn end(&mut self, error: WsError) -> Closure {
        match self.failed.take() {
            Some(WsError::Io(reset)) if reset.kind() == io::ErrorKind::ConnectionReset => {
                self.closure(reset.into())
            }
            _ => self.closure(error),
        }
    }

    fn poll_flush(&mut self, context: &mut Context<'_>, events: &mut Vec<SocketEvent>) {
        if !self.flushing {
            return;
        }
        match Pin::new(&mut self.stream).poll_flush(context) {
            Poll::Ready(Ok(())) => {
                self.flushing = false;
                events.push(SocketEvent::Flushed);
            }
            Poll::Ready(Err(error)) => {
                self.flushing = false;
                self.fail(error);
            }
            Poll::Pending => {}
        }
    }

    /// How an error looks to the session.
    fn closure(&self, error: WsError) -> Closure {
        let message = match error {
            WsError::ConnectionClosed
            | WsError::AlreadyClosed
            | WsError::Protocol(
                ProtocolError::ResetWithoutClosingHandshake | ProtocolError::SendAfterClosing,
            ) => return ended(),
            WsError::Io(error) if error.kind() == io::ErrorKind::UnexpectedEof => return ended(),
            WsError::Capacity(CapacityError::MessageTooLong { size, max_size }) => {
                format!(
                    "{} sent a frame of {size} bytes or more: over the limit of {max_size} (maxFrameBytes)",
                    self.server
                )
            }
            ref error => format!("the connection to {} broke: {}", self.server, cause::words(error)),
        };
        Closure::Failed(failed(message, cause::node_code(&error)))
    }
}

fn ended() -> Closure {
    Closure::Ended { code: ABNORMAL_CLOSURE, reason: String::new() }
}
