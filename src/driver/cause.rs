//! What is behind an error, in words and by Node's name: users switch on `ECONNREFUSED` and its like.

use std::error::Error;
use std::io;

use tokio_tungstenite::tungstenite::Error as WsError;
use tokio_tungstenite::tungstenite::error::ProtocolError;

use super::dns::DnsError;

/// The innermost error of a chain, which says what happened.
pub(super) fn root<'a>(error: &'a (dyn Error + 'static)) -> &'a (dyn Error + 'static) {
    let mut root = error;
    while let Some(source) = root.source() {
        root = source;
    }
    root
}

/// Node's name for an error, where some error in the chain has one.
pub(super) fn node_code(error: &(dyn Error + 'static)) -> Option<&'static str> {
    let mut next = Some(error);
    while let Some(error) = next {
        if is_hang_up(error) {
            return Some("ECONNRESET");
        }
        if error.is::<DnsError>() {
            return Some("ENOTFOUND");
        }
        if let Some(code) = error.downcast_ref::<io::Error>().and_then(io_code) {
            return Some(code);
        }
        next = error.source();
    }
    None
}

/// Whether the server ended the connection where it owed an answer: Node's "socket hang up".
fn is_hang_up(error: &(dyn Error + 'static)) -> bool {
    error.downcast_ref::<hyper::Error>().is_some_and(hyper::Error::is_incomplete_message)
        || matches!(error.downcast_ref(), Some(WsError::Protocol(ProtocolError::HandshakeIncomplete)))
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
        // An `io::Error` may wrap another error, which `source()` of it skips.
        _ => error.get_ref().and_then(|inner| node_code(inner)),
    }
}
