//! Writes and reads WebSocket frames, also invalid ones (RFC 6455, section 5.2).

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::clock::within;
use crate::server::{read_to_end, reset};

pub(crate) const FINAL: u8 = 0x80;
pub(crate) const CONTINUATION: u8 = 0;
pub(crate) const TEXT: u8 = 1;
pub(crate) const BINARY: u8 = 2;
pub(crate) const CLOSE: u8 = 8;
pub(crate) const PING: u8 = 9;
pub(crate) const PONG: u8 = 10;

/// A server's frame. `first` is the opcode, with or without [`FINAL`].
pub(crate) fn frame(first: u8, payload: impl AsRef<[u8]>) -> Vec<u8> {
    let payload = payload.as_ref();
    let mut bytes = vec![first];
    match (u8::try_from(payload.len()), u16::try_from(payload.len())) {
        (Ok(length @ ..126), _) => bytes.push(length),
        (_, Ok(length)) => {
            bytes.push(126);
            bytes.extend(length.to_be_bytes());
        }
        _ => {
            bytes.push(127);
            bytes.extend((payload.len() as u64).to_be_bytes());
        }
    }
    bytes.extend(payload);
    bytes
}

pub(crate) fn text(payload: &str) -> Vec<u8> {
    frame(FINAL | TEXT, payload)
}

pub(crate) fn close(code: u16, reason: &str) -> Vec<u8> {
    frame(FINAL | CLOSE, [&code.to_be_bytes(), reason.as_bytes()].concat())
}

/// A frame from the client, unmasked.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Received {
    pub(crate) first: u8,
    pub(crate) payload: Vec<u8>,
}

/// The server's end of an open WebSocket.
pub(crate) struct ServerSocket<S = TcpStream> {
    pub(crate) stream: S,
}

impl<S: AsyncRead + AsyncWrite + Unpin> ServerSocket<S> {
    pub(crate) fn new(stream: S) -> Self {
        Self { stream }
    }

    pub(crate) async fn send(&mut self, bytes: impl AsRef<[u8]>) {
        within("room to write", self.stream.write_all(bytes.as_ref()))
            .await
            .expect("the client is connected");
    }

    pub(crate) async fn text(&mut self, payload: &str) {
        self.send(text(payload)).await;
    }

    /// Reads the client's next frame.
    pub(crate) async fn receive(&mut self) -> Received {
        within("a frame", self.read_frame()).await.expect("the client sends whole frames")
    }

    async fn read_frame(&mut self) -> std::io::Result<Received> {
        let first = self.stream.read_u8().await?;
        let second = self.stream.read_u8().await?;
        assert!(second & 0x80 != 0, "a client masks its frames");
        let length = match second & 0x7f {
            126 => u64::from(self.stream.read_u16().await?),
            127 => self.stream.read_u64().await?,
            length => u64::from(length),
        };
        let mut mask = [0; 4];
        self.stream.read_exact(&mut mask).await?;
        let mut payload = vec![0; usize::try_from(length).expect("it fits into memory")];
        self.stream.read_exact(&mut payload).await?;
        for (byte, mask) in payload.iter_mut().zip(mask.iter().cycle()) {
            *byte ^= mask;
        }
        Ok(Received { first, payload })
    }

    /// Reads the client's next frame, which must be a text frame.
    pub(crate) async fn receive_text(&mut self) -> String {
        let Received { first, payload } = self.receive().await;
        assert_eq!(first, FINAL | TEXT);
        String::from_utf8(payload).expect("text frames are UTF-8")
    }

    /// Waits until the client has closed the connection. Returns the bytes before that.
    pub(crate) async fn ended(mut self) -> Vec<u8> {
        read_to_end(&mut self.stream).await
    }
}

impl ServerSocket {
    /// Resets the connection (RST).
    pub(crate) fn reset(self) {
        reset(self.stream);
    }
}
