//! The driver without a network, for the targets in `fuzz/`.

use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::protocol::Role;

use super::socket::{Socket as Inner, SocketEvent};
use super::ws_handshake::websocket_config;
use super::{Duplex, Transport};
use crate::net::stream::Stream;
use crate::session::{ApiError, ConnectResponse, ConnectionId, Frame, Input};

/// A WebSocket after its handshake.
pub struct Socket(Inner);

impl Socket {
    pub async fn over(stream: impl Duplex + 'static) -> Self {
        let config = websocket_config(128 * 1024 * 1024);
        let stream = WebSocketStream::from_raw_socket(Stream::new(stream), Role::Client, Some(config)).await;
        Self(Inner::new(stream, "slack.test".to_owned()))
    }

    /// The next inputs for the session, for connection 0.
    pub async fn events(&mut self, read: bool) -> Vec<Input> {
        let input = |event| match event {
            SocketEvent::Frame(data) => {
                Input::Frame { connection: ConnectionId(0), frame: Frame::read(data) }
            }
            SocketEvent::Activity => Input::Activity { connection: ConnectionId(0) },
            SocketEvent::Flushed => Input::Flushed { connection: ConnectionId(0) },
            SocketEvent::Closed(reason) => Input::Closed { connection: ConnectionId(0), reason },
        };
        self.0.events(read).await.into_iter().map(input).collect()
    }
}

/// One attempt of the connect call.
pub async fn connect(transport: &Transport, form: &str) -> Result<ConnectResponse, ApiError> {
    transport.connect_call(form).await
}
