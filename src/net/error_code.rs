//! What is behind an error, in words and by Node's name: users switch on `ECONNREFUSED` and its like.

use std::error::Error;
use std::io;

use tokio_tungstenite::tungstenite::Error as WsError;
use tokio_tungstenite::tungstenite::error::ProtocolError;

use super::dns::DnsError;
use super::stream::StreamError;
use super::tls;

/// An error that has Node's code already: one that Node itself raised.
#[derive(Debug, Clone, thiserror::Error)]
#[error("{message}")]
pub struct CodedError {
    /// The error's message.
    pub message: String,
    /// Node's code, like `ECONNREFUSED`, if the error has one.
    pub code: Option<ErrorCode>,
}

/// Node's code of an error, like `ECONNREFUSED`.
pub(crate) type ErrorCode = std::borrow::Cow<'static, str>;

/// What happened: the words of the innermost error of a chain, or of one of ours, which says it all.
pub(crate) fn message(error: &(dyn Error + 'static)) -> String {
    let mut error = error;
    while !error.downcast_ref().is_some_and(StreamError::is_complete) {
        match behind(error) {
            Some(inner) => error = inner,
            None => break,
        }
    }
    error.downcast_ref::<rustls::Error>().and_then(tls::message).unwrap_or(error).to_string()
}

/// The next error of a chain. An `io::Error` may wrap another error, which `source()` of it skips.
fn behind<'a>(error: &'a (dyn Error + 'static)) -> Option<&'a (dyn Error + 'static)> {
    match error.downcast_ref::<io::Error>().and_then(io::Error::get_ref) {
        Some(inner) => Some(inner),
        None => error.source(),
    }
}

/// Node's name for an error, where some error in the chain has one.
pub(crate) fn node_code(error: &(dyn Error + 'static)) -> Option<ErrorCode> {
    let mut next = Some(error);
    // Whether it is an open connection's error: one of HTTP or of the WebSocket.
    let mut established = false;
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
        if matches!(error.downcast_ref(), Some(StreamError::Tls(error)) if error.kind() == io::ErrorKind::BrokenPipe)
        {
            // The server hung up on us in the handshake; why, it may have said where we do not read any longer.
            return Some("EPROTO".into());
        }
        if let Some(code) = error.downcast_ref().and_then(proxy_code) {
            return Some(code.into());
        }
        if let Some(error) = error.downcast_ref::<rustls::Error>() {
            return Some(tls::code(error, established).into());
        }
        if let Some(code) = error.downcast_ref::<io::Error>().and_then(io_code) {
            return Some(code.into());
        }
        established |= error.is::<hyper::Error>() || error.is::<WsError>();
        next = behind(error);
    }
    None
}

/// Whether the server ended the connection where it owed an answer: Node's "socket hang up".
fn is_hang_up(error: &(dyn Error + 'static)) -> bool {
    error.downcast_ref::<hyper::Error>().is_some_and(hyper::Error::is_incomplete_message)
        || matches!(error.downcast_ref(), Some(WsError::Protocol(ProtocolError::HandshakeIncomplete)))
}

/// Node's name for a proxy that does not let through; what lies behind one that cannot be reached has its own.
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
        | StreamError::Name(_)
        | StreamError::ProxyUnreachable { .. }
        | StreamError::ProxyNoResponse { .. }
        | StreamError::Lookup(_) => None,
    }
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
