//! The message and the Node.js code of a network error. Users switch on `ECONNREFUSED` and the like, so that an error
//! here has the code that the same error has in Node.

use std::error::Error;
use std::io;

use tokio_tungstenite::tungstenite::Error as WsError;
use tokio_tungstenite::tungstenite::error::ProtocolError;

use super::dns::DnsError;
use super::stream::StreamError;
use super::tls;

/// An error that Node itself raised, with the code that it has there.
#[derive(Debug, Clone, thiserror::Error)]
#[error("{message}")]
pub struct CodedError {
    /// The error's message.
    pub message: String,
    /// The error's code, like `ECONNREFUSED`, if it has one.
    pub code: Option<ErrorCode>,
}

/// An error code as Node has it, like `ECONNREFUSED`.
pub(crate) type ErrorCode = std::borrow::Cow<'static, str>;

/// The message for a user: that of the innermost error of the chain, or of a [`StreamError`] that already includes it.
pub(crate) fn message(error: &(dyn Error + 'static)) -> String {
    let mut error = error;
    while !error.downcast_ref().is_some_and(StreamError::is_complete) {
        match next_in_chain(error) {
            Some(inner) => error = inner,
            None => break,
        }
    }
    match error.downcast_ref::<rustls::Error>().and_then(tls::advice) {
        Some(advice) => advice.to_string(),
        None => error.to_string(),
    }
}

/// The error behind this one. `source()` of an `io::Error` skips the error that it wraps.
fn next_in_chain<'a>(error: &'a (dyn Error + 'static)) -> Option<&'a (dyn Error + 'static)> {
    match error.downcast_ref::<io::Error>().and_then(io::Error::get_ref) {
        Some(inner) => Some(inner),
        None => error.source(),
    }
}

/// The Node.js code of the outermost error in the chain that has one.
pub(crate) fn node_code(error: &(dyn Error + 'static)) -> Option<ErrorCode> {
    let mut next = Some(error);
    // An HTTP or WebSocket error occurs after the TLS handshake.
    let mut is_handshake_done = false;
    let mut is_connecting = false;
    while let Some(error) = next {
        if is_hang_up(error) {
            return Some("ECONNRESET".into());
        }
        if error.is::<DnsError>() {
            return Some("ENOTFOUND".into());
        }
        if let Some(CodedError { code, .. }) = error.downcast_ref() {
            return code.clone();
        }
        is_connecting |= matches!(error.downcast_ref(), Some(StreamError::Tls(_)))
            || error.downcast_ref().is_some_and(reqwest::Error::is_connect);
        if is_connecting && error.downcast_ref().is_some_and(is_broken_pipe) {
            // The server closed the connection during the TLS handshake. An alert that says why may be left unread.
            return Some("EPROTO".into());
        }
        if let Some(code) = error.downcast_ref().and_then(proxy_code) {
            return Some(code.into());
        }
        if let Some(error) = error.downcast_ref::<rustls::Error>() {
            return Some(tls::node_code(error, is_handshake_done).into());
        }
        if let Some(code) = error.downcast_ref::<io::Error>().and_then(io_code) {
            return Some(code.into());
        }
        is_handshake_done |= error.is::<hyper::Error>() || error.is::<WsError>();
        next = next_in_chain(error);
    }
    None
}

/// Whether the server closed the connection before its response was complete: "socket hang up" in Node.
fn is_hang_up(error: &(dyn Error + 'static)) -> bool {
    error.downcast_ref::<hyper::Error>().is_some_and(hyper::Error::is_incomplete_message)
        || matches!(error.downcast_ref(), Some(WsError::Protocol(ProtocolError::HandshakeIncomplete)))
}

/// The code of a proxy's refusal. If the proxy could not be reached, the code is that of the error behind it.
fn proxy_code(error: &StreamError) -> Option<&'static str> {
    match error {
        StreamError::ProxyRefused { .. } => Some("ERR_PROXY_TUNNEL"),
        StreamError::ProxySocks { source, .. } => match source {
            tokio_socks::Error::Io(_) => None,
            tokio_socks::Error::ConnectionRefused => Some("ECONNREFUSED"),
            tokio_socks::Error::HostUnreachable => Some("EHOSTUNREACH"),
            tokio_socks::Error::NetworkUnreachable => Some("ENETUNREACH"),
            _ => Some("ERR_PROXY_TUNNEL"),
        },
        StreamError::ProxyNameTooLong { .. } => Some("ENOTFOUND"),
        StreamError::Tcp(_)
        | StreamError::Tls(_)
        | StreamError::HostName { .. }
        | StreamError::ProxyUnreachable { .. }
        | StreamError::ProxyNoResponse { .. }
        | StreamError::Dns(_) => None,
    }
}

fn is_broken_pipe(error: &io::Error) -> bool {
    error.kind() == io::ErrorKind::BrokenPipe
}

fn io_code(error: &io::Error) -> Option<&'static str> {
    match error.kind() {
        io::ErrorKind::ConnectionRefused => Some("ECONNREFUSED"),
        io::ErrorKind::ConnectionReset | io::ErrorKind::UnexpectedEof => Some("ECONNRESET"),
        io::ErrorKind::ConnectionAborted => Some("ECONNABORTED"),
        io::ErrorKind::BrokenPipe => Some("EPIPE"),
        io::ErrorKind::TimedOut => Some("ETIMEDOUT"),
        io::ErrorKind::HostUnreachable => Some("EHOSTUNREACH"),
        io::ErrorKind::NetworkUnreachable => Some("ENETUNREACH"),
        io::ErrorKind::AddrNotAvailable => Some("EADDRNOTAVAIL"),
        _ => None,
    }
}
