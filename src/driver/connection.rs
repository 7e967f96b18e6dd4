//! A client's connection: the connect call, then opening the socket, then the open socket.

use std::future::{Future, pending};
use std::pin::Pin;
use std::sync::Arc;

use super::socket::{Socket, SocketEvent};
use super::transport::Transport;
use super::ws_handshake;
use crate::session::{ApiError, ConnectResponse, ConnectionId, Secret, SocketError};

/// The current connection of a client. Since this is one value, a client never has two sockets.
pub(super) enum Connection {
    None,
    /// The connect call is in flight.
    Connecting(ConnectionId, ConnectCall),
    /// The socket is being opened.
    Opening(ConnectionId, OpenSocket),
    Open(ConnectionId, Box<Socket>),
}

type ConnectCall = Pin<Box<dyn Future<Output = Result<ConnectResponse, ApiError>> + Send>>;
type OpenSocket = Pin<Box<dyn Future<Output = Result<Socket, SocketError>> + Send>>;

/// What happened to the connection.
pub(super) enum ConnectionEvent {
    ConnectFinished(ConnectionId, Box<Result<ConnectResponse, ApiError>>),
    OpenFinished(ConnectionId, Box<Result<Socket, SocketError>>),
    Socket(ConnectionId, Vec<SocketEvent>),
}

impl Connection {
    /// Starts the connect call.
    pub(super) fn connect(id: ConnectionId, transport: &Arc<Transport>, options: Arc<str>) -> Self {
        let transport = Arc::clone(transport);
        Self::Connecting(id, Box::pin(async move { transport.connect_call(&options).await }))
    }

    /// Starts to open the socket.
    pub(super) fn open(id: ConnectionId, transport: &Arc<Transport>, url: Secret) -> Self {
        let transport = Arc::clone(transport);
        Self::Opening(id, Box::pin(async move { ws_handshake::open(&transport, &url).await }))
    }

    /// The open socket.
    pub(super) fn socket(&mut self) -> Option<&mut Socket> {
        if let Self::Open(_, socket) = self { Some(socket) } else { None }
    }

    /// Waits for the next event. An open socket is read only if `read` is set. Cancel-safe.
    pub(super) async fn next_event(&mut self, read: bool) -> ConnectionEvent {
        match self {
            Self::None => pending().await,
            Self::Connecting(id, call) => ConnectionEvent::ConnectFinished(*id, Box::new(call.await)),
            Self::Opening(id, open) => ConnectionEvent::OpenFinished(*id, Box::new(open.await)),
            Self::Open(id, socket) => ConnectionEvent::Socket(*id, socket.events(read).await),
        }
    }
}
