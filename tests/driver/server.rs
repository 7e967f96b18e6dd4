//! A server that the test controls connection by connection, and byte by byte if needed.

use std::net::SocketAddr;
use std::sync::Arc;

use rustls::ServerConfig;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::yield_now;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;

use crate::clock::{let_others_run, within};
use crate::websocket::ServerSocket;

pub(crate) const HELLO: &str = r#"{"type":"hello"}"#;

/// A listening socket.
pub(crate) struct Server {
    listener: TcpListener,
    pub(crate) address: SocketAddr,
}

impl Server {
    pub(crate) async fn bind() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("the loopback has a free port");
        let address = listener.local_addr().expect("a listening socket has an address");
        Self { listener, address }
    }

    pub(crate) fn api_url(&self) -> String {
        format!("http://{}/api/", self.address)
    }

    pub(crate) fn socket_url(&self) -> String {
        format!("ws://{}/socket?ticket=t1cket", self.address)
    }

    pub(crate) async fn accept(&self) -> Link {
        let (stream, _) = within("a connection", self.listener.accept()).await.expect("the socket listens");
        stream.set_nodelay(true).expect("the connection was just accepted");
        Link { stream }
    }

    /// Asserts that there is no new connection.
    pub(crate) async fn assert_no_connection(&self) {
        let_others_run().await;
        let accepted = tokio::select! {
            biased;
            accepted = self.listener.accept() => Some(accepted),
            () = std::future::ready(()) => None,
        };
        assert!(accepted.is_none(), "there is a new connection");
    }

    /// Responds to the connect call with the URL of a socket on this server.
    pub(crate) async fn answer_call(&self) {
        let mut call = self.accept().await;
        call.request().await;
        call.send(ok_response(&self.socket_url())).await;
        call.ended().await;
    }

    /// Accepts the connect call and the socket, and sends `hello`.
    pub(crate) async fn connect(&self) -> ServerSocket {
        self.answer_call().await;
        let mut socket = self.accept().await.upgrade().await;
        socket.text(HELLO).await;
        socket
    }
}

/// A received HTTP request.
#[derive(Debug)]
pub(crate) struct Request {
    /// Everything up to the empty line.
    pub(crate) head: String,
    pub(crate) body: String,
}

impl Request {
    /// The value of a header. `name` is in lower case.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.head.lines().find_map(|line| {
            let (key, value) = line.split_once(": ")?;
            key.eq_ignore_ascii_case(name).then_some(value)
        })
    }
}

/// An accepted connection.
pub(crate) struct Link<S = TcpStream> {
    pub(crate) stream: S,
}

impl<S: AsyncRead + AsyncWrite + Unpin> Link<S> {
    /// Reads a request with its body.
    pub(crate) async fn request(&mut self) -> Request {
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            head.push(
                within("a request", self.stream.read_u8()).await.expect("the client sends a whole head"),
            );
        }
        let head = String::from_utf8(head).expect("the client sends ASCII");
        let request = Request { head, body: String::new() };
        let length = request.header("content-length").map_or(0, |length| length.parse().expect("a number"));
        let mut body = vec![0; length];
        within("the body", self.stream.read_exact(&mut body)).await.expect("the client sends a whole body");
        Request { body: String::from_utf8(body).expect("the client sends ASCII"), ..request }
    }

    pub(crate) async fn send(&mut self, bytes: impl AsRef<[u8]>) {
        within("room to write", self.stream.write_all(bytes.as_ref()))
            .await
            .expect("the client is connected");
    }

    /// Accepts an upgrade request.
    pub(crate) async fn upgrade(mut self) -> ServerSocket<S> {
        let request = self.request().await;
        self.send(upgrade_response(&request)).await;
        ServerSocket::new(self.stream)
    }

    /// Reads bytes, which must be these.
    pub(crate) async fn expect_bytes(&mut self, bytes: impl AsRef<[u8]>) {
        let bytes = bytes.as_ref();
        let mut received = vec![0; bytes.len()];
        within("the bytes", self.stream.read_exact(&mut received)).await.expect("the client sends them all");
        assert_eq!(received.escape_ascii().to_string(), bytes.escape_ascii().to_string());
    }

    /// Sends each byte in its own packet.
    pub(crate) async fn send_bytewise(&mut self, bytes: impl AsRef<[u8]>) {
        for byte in bytes.as_ref() {
            self.send([*byte]).await;
            yield_now().await;
        }
    }

    pub(crate) async fn tls(self, config: Arc<ServerConfig>) -> std::io::Result<Link<TlsStream<S>>> {
        let stream = within("a TLS handshake", TlsAcceptor::from(config).accept(self.stream)).await?;
        Ok(Link { stream })
    }

    /// Waits until the client has closed the connection. Returns the bytes before that.
    pub(crate) async fn ended(mut self) -> Vec<u8> {
        read_to_end(&mut self.stream).await
    }
}

impl Link {
    /// Resets the connection (RST).
    pub(crate) fn reset(self) {
        reset(self.stream);
    }
}

/// Reads until the client closes or resets the connection.
pub(crate) async fn read_to_end(stream: &mut (impl AsyncRead + Unpin)) -> Vec<u8> {
    let mut bytes = Vec::new();
    let _ = within("the client's end of the connection", stream.read_to_end(&mut bytes)).await;
    bytes
}

pub(crate) fn reset(stream: TcpStream) {
    stream.set_zero_linger().expect("the connection is open");
    drop(stream);
}

/// An HTTP response with a body.
pub(crate) fn response(status: &str, headers: &str, body: &str) -> String {
    format!("HTTP/1.1 {status}\r\n{headers}content-length: {}\r\n\r\n{body}", body.len())
}

pub(crate) fn ok_body(socket_url: &str) -> String {
    format!(r#"{{"ok":true,"url":"{socket_url}","self":{{"id":"U1"}},"team":{{"id":"T1"}}}}"#)
}

pub(crate) fn ok_response(socket_url: &str) -> String {
    response("200 OK", "content-type: application/json\r\n", &ok_body(socket_url))
}

pub(crate) fn upgrade_response(request: &Request) -> String {
    let key = request.header("sec-websocket-key").expect("the client wants a WebSocket");
    let accept = derive_accept_key(key.as_bytes());
    format!(
        "HTTP/1.1 101 Switching Protocols\r\nconnection: Upgrade\r\nupgrade: websocket\r\n\
         sec-websocket-accept: {accept}\r\n\r\n"
    )
}
