//! Agents that open the connections themselves: the requests that they get, and the results of their responses. The
//! agent here passes all requests to the test, and its streams are in memory.

use std::future::pending;
use std::sync::Arc;

use bytes::Bytes;
use slack_rtm_native::driver::{
    Agent, AgentRequest, AgentResponse, ApiRequest, CodedError, Duplex, HostFuture,
};
use slack_rtm_native::session::{ApiError, Event, Outcome, SocketError};
use tokio::io::{AsyncWriteExt, DuplexStream, duplex};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::sync::oneshot;
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;

use crate::client::{Client, Setup, TOKEN};
use crate::clock::{Clock, ms, secs, within};
use crate::server::{HELLO, Server, ok_body};
use crate::websocket::{CLOSE, FINAL, ServerSocket, close};

type Upgraded = (AgentResponse, Option<Box<dyn Duplex>>);

/// A request to an agent, which waits for the response.
struct PendingRequest<T> {
    request: AgentRequest,
    response: oneshot::Sender<Result<T, CodedError>>,
}

impl<T> PendingRequest<T> {
    fn header(&self, name: &str) -> Option<&str> {
        self.request.headers.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    fn respond(self, response: Result<T, CodedError>) {
        assert!(self.response.send(response).is_ok(), "the driver waits for the response");
    }

    /// Waits until the driver has cancelled the request.
    async fn cancelled(mut self) {
        within("the cancellation", self.response.closed()).await;
    }
}

/// An agent that passes all requests to the test.
struct TestAgent {
    requests: UnboundedSender<PendingRequest<AgentResponse>>,
    upgrades: UnboundedSender<PendingRequest<Upgraded>>,
}

/// Passes a request to the test.
fn pass<T: Send + 'static>(
    queue: &UnboundedSender<PendingRequest<T>>,
    request: AgentRequest,
) -> HostFuture<T, CodedError> {
    let (response, receiver) = oneshot::channel();
    // The test may be over.
    let _ = queue.send(PendingRequest { request, response });
    Box::pin(async {
        match receiver.await {
            Ok(response) => response,
            Err(_) => pending().await,
        }
    })
}

impl Agent for TestAgent {
    fn request(&self, request: AgentRequest) -> HostFuture<AgentResponse, CodedError> {
        pass(&self.requests, request)
    }

    fn upgrade(&self, request: AgentRequest) -> HostFuture<Upgraded, CodedError> {
        pass(&self.upgrades, request)
    }
}

/// The test's side of an agent.
struct Control {
    requests: UnboundedReceiver<PendingRequest<AgentResponse>>,
    upgrades: UnboundedReceiver<PendingRequest<Upgraded>>,
    /// Would get the connections that the driver itself opens.
    server: Server,
}

impl Control {
    /// Creates an agent, and the options of a client that uses it.
    async fn open() -> (Self, Setup) {
        let server = Server::bind().await;
        let mut setup = Setup::new(&server);
        let (requests, request_receiver) = unbounded_channel();
        let (upgrades, upgrade_receiver) = unbounded_channel();
        setup.transport.agent = Some(Arc::new(TestAgent { requests, upgrades }));
        (Self { requests: request_receiver, upgrades: upgrade_receiver, server }, setup)
    }

    async fn request(&mut self) -> PendingRequest<AgentResponse> {
        within("a request", self.requests.recv()).await.expect("the agent exists")
    }

    async fn upgrade(&mut self) -> PendingRequest<Upgraded> {
        within("an upgrade request", self.upgrades.recv()).await.expect("the agent exists")
    }

    /// Answers the connect call.
    async fn answer_connect_call(&mut self, socket_url: &str) {
        self.request().await.respond(Ok(response(200, &[], &ok_body(socket_url))));
    }

    /// Accepts the upgrade request. Returns the server's end of the stream.
    async fn open_socket(&mut self, buffer: usize) -> ServerSocket<DuplexStream> {
        let request = self.upgrade().await;
        let (server_end, client_end) = duplex(buffer);
        let response = accepted(&request);
        request.respond(Ok((response, Some(Box::new(client_end)))));
        ServerSocket::new(server_end)
    }

    /// Brings a client to `ready`. Returns the server's end of its socket.
    async fn ready(&mut self, client: &mut Client) -> ServerSocket<DuplexStream> {
        self.answer_connect_call(&self.server.socket_url()).await;
        let mut socket = self.open_socket(4096).await;
        socket.text(HELLO).await;
        client.lifecycle(&["connecting", "authenticated", "connected", "ready"]).await;
        socket
    }
}

fn response(status: u16, headers: &[(&str, &str)], body: &str) -> AgentResponse {
    AgentResponse {
        status,
        reason: "As It Is".to_owned(),
        headers: headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect(),
        body: Bytes::copy_from_slice(body.as_bytes()),
    }
}

/// A valid response to the upgrade request.
fn accepted(request: &PendingRequest<Upgraded>) -> AgentResponse {
    let key = request.header("sec-websocket-key").expect("the client wants a WebSocket");
    let accept = derive_accept_key(key.as_bytes());
    response(
        101,
        &[("connection", "Upgrade"), ("upgrade", "websocket"), ("sec-websocket-accept", &accept)],
        "",
    )
}

fn failed(code: Option<&'static str>) -> CodedError {
    CodedError { message: "the agent cannot".to_owned(), code: code.map(Into::into) }
}

/// The error of a connect call with this response of the agent.
async fn failed_call(response: Result<AgentResponse, CodedError>) -> ApiError {
    let (mut control, setup) = Control::open().await;
    let mut client = setup.client();
    client.start("");
    control.request().await.respond(response);
    let error = client.connect_error().await;
    assert!(!format!("{error} {error:?}").contains(TOKEN));
    error
}

/// The error of an upgrade with this response of the agent.
async fn failed_upgrade(
    respond: impl FnOnce(&PendingRequest<Upgraded>) -> Result<Upgraded, CodedError>,
) -> SocketError {
    let (mut control, setup) = Control::open().await;
    let mut client = setup.client();
    client.start("");
    control.answer_connect_call("ws://sockets.test:8443/t1cket").await;
    client.lifecycle(&["connecting", "authenticated"]).await;
    let request = control.upgrade().await;
    let response = respond(&request);
    request.respond(response);
    let error = client.transport_error().await;
    assert!(error.message.contains("sockets.test:8443") && !error.message.contains("t1cket"), "{error}");
    assert_eq!((error.close_code, client.loss().await), (1006, error.clone()));
    control.server.assert_no_connection().await;
    error
}

// ── The connect call ──────────────────────────────────────────────────────────────────────────────────────────────

/// The driver opens no connection of its own.
#[tokio::test]
async fn an_agent_gets_the_same_connect_call_as_a_server() {
    let (mut control, mut setup) = Control::open().await;
    setup.transport.headers = [("X-Extra", "one"), ("x-extra", "two")]
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .into();
    let url = format!("{}rtm.connect", setup.transport.api_url);
    let mut client = setup.client();
    client.start("presence_sub=false&x=%7B%7D");
    let request = control.request().await;
    assert_eq!((request.request.method, &*request.request.url), ("POST", &*url));
    assert_eq!(request.request.body, "presence_sub=false&x=%7B%7D");
    let authorization = format!("Bearer {TOKEN}");
    let headers: Vec<_> =
        request.request.headers.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    assert_eq!(
        headers,
        [
            ("authorization", &*authorization),
            ("user-agent", "tests/1.0"),
            ("content-type", "application/x-www-form-urlencoded"),
            ("content-length", "27"),
            ("x-extra", "one"),
            ("x-extra", "two"),
        ]
    );
    control.server.assert_no_connection().await;
}

#[tokio::test]
async fn a_response_from_an_agent_means_the_same_as_one_from_a_server() {
    let (mut control, setup) = Control::open().await;
    let mut client = setup.client();
    let start = client.start("");
    let body = ok_body("ws://sockets.test/t1cket");
    let headers = [("x-oauth-scopes", "client,bot"), ("x-accepted-oauth-scopes", "client")];
    control.request().await.respond(Ok(response(200, &headers, &body)));
    client.lifecycle(&["connecting"]).await;
    let Event::Authenticated(data) = client.event().await else { panic!("not authenticated") };
    assert!(matches!(client.outcome(start).await, Outcome::Started));
    let answer = data.response.as_ref().expect("the driver made the call");
    assert_eq!(
        (&*answer.body, answer.scopes.as_deref(), answer.accepted_scopes.as_deref()),
        (body.as_bytes(), Some("client,bot"), Some("client"))
    );

    let limited = failed_call(Ok(response(429, &[("retry-after", "30")], ""))).await;
    let ApiError::RateLimited { retry_after, .. } = limited else { panic!("{limited}") };
    assert_eq!(retry_after, secs(30));

    let http = failed_call(Ok(response(503, &[("x-trace", "a"), ("x-trace", "b")], "<h1>oh</h1>"))).await;
    let ApiError::Http { status, reason, headers, body, .. } = &http else { panic!("{http}") };
    assert_eq!((*status, &**reason, &**body), (503, "As It Is", "<h1>oh</h1>"));
    let traces: Vec<_> = headers.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    assert_eq!(traces, [("x-trace", "a"), ("x-trace", "b")]);

    let refused = failed_call(Ok(response(200, &[], r#"{"ok":false,"error":"invalid_auth"}"#))).await;
    assert!(matches!(&refused, ApiError::Platform { error: Some(code), .. } if code == "invalid_auth"));
    for status in [0, 99, 1000] {
        let odd = failed_call(Ok(response(status, &[], ""))).await;
        assert!(matches!(odd, ApiError::Http { status: seen, .. } if seen == status), "{odd}");
    }
}

#[tokio::test]
async fn an_agents_error_fails_the_connect_call_with_its_code() {
    for name in [Some("ECONNREFUSED"), Some("ERR_OF_AN_AGENT"), None] {
        let error = failed_call(Err(failed(name))).await;
        let ApiError::Request { cause, code, .. } = &error else { panic!("{error}") };
        assert_eq!((&**cause, code.as_deref()), ("the agent cannot", name));
        assert!(error.to_string().contains("no response to rtm.connect at 127.0.0.1:"), "{error}");
    }
}

#[tokio::test]
async fn each_api_call_is_a_request_to_the_agent() {
    let (mut control, setup) = Control::open().await;
    let url = format!("{}chat.postMessage", setup.transport.api_url);
    let mut client = setup.client();
    let request = ApiRequest {
        method: "chat.postMessage".to_owned(),
        token: None,
        content_type: "application/json".to_owned(),
        body: Bytes::from_static(b"{}"),
    };
    let (first, second) = (client.call_api(request.clone()), client.call_api(request));
    let request = [control.request().await, control.request().await];
    for request in &request {
        assert_eq!((request.request.method, &*request.request.url), ("POST", &*url));
        assert_eq!(
            (request.header("content-type"), &*request.request.body),
            (Some("application/json"), &b"{}"[..])
        );
    }
    let [one, two] = request;
    two.respond(Ok(response(200, &[], r#"{"ok":true,"n":2}"#)));
    assert_eq!(client.api_response(second).await.body, r#"{"ok":true,"n":2}"#);
    one.respond(Err(failed(Some("ECONNRESET"))));
    assert!(matches!(client.api_error(first).await, ApiError::Request { .. }));
    control.server.assert_no_connection().await;
}

// ── The socket ────────────────────────────────────────────────────────────────────────────────────────────────────

/// It has the user's headers, and a new key each time.
#[tokio::test]
async fn an_agent_gets_the_upgrade_request_without_the_token() {
    let mut keys = Vec::new();
    for (socket_url, url, host) in [
        (
            "ws://sockets.test:8080/socket?ticket=t1cket",
            "http://sockets.test:8080/socket?ticket=t1cket",
            "sockets.test:8080",
        ),
        (
            "wss://sockets.test/socket?ticket=t1cket",
            "https://sockets.test/socket?ticket=t1cket",
            "sockets.test",
        ),
        ("wss://[2001:db8::1]:8443/t1cket", "https://[2001:db8::1]:8443/t1cket", "[2001:db8::1]:8443"),
    ] {
        let (mut control, mut setup) = Control::open().await;
        let authorization = format!("Bearer {TOKEN}");
        setup.transport.headers = [("Cookie", "d=x"), ("Authorization", &authorization)]
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .into();
        let mut client = setup.client();
        client.start("");
        control.answer_connect_call(socket_url).await;
        let request = control.upgrade().await;
        assert_eq!((request.request.method, &*request.request.url), ("GET", url));
        assert!(request.request.body.is_empty());
        for (name, value) in [
            ("host", Some(host)),
            ("connection", Some("Upgrade")),
            ("upgrade", Some("websocket")),
            ("sec-websocket-version", Some("13")),
            ("sec-websocket-extensions", None),
            ("user-agent", Some("tests/1.0")),
            ("cookie", Some("d=x")),
            ("authorization", None),
            ("content-length", None),
        ] {
            assert_eq!(request.header(name), value, "{name}");
        }
        let key = request.header("sec-websocket-key").expect("it has one").to_owned();
        assert_eq!((key.len(), &key[22..]), (24, "=="), "16 bytes in Base64");
        assert!(!keys.contains(&key));
        keys.push(key);
        assert!(request.request.headers.iter().all(|(_, value)| !value.contains(TOKEN)));
        control.server.assert_no_connection().await;
    }
}

/// The size of the stream's buffer makes no difference.
#[tokio::test]
async fn frames_and_the_close_handshake_use_the_agents_stream() {
    for buffer in [1, 7, 100_000] {
        let (mut control, setup) = Control::open().await;
        let mut client = setup.client();
        client.start("");
        control.answer_connect_call("wss://sockets.test/t1cket").await;
        let mut socket = control.open_socket(buffer).await;
        socket.text(HELLO).await;
        client.lifecycle(&["connecting", "authenticated", "connected"]).await;
        client.frame().await;
        client.lifecycle(&["ready"]).await;
        let call = client.enqueue(true, r#"{"text":"hello","type":"message"}"#);
        assert_eq!(socket.receive_text().await, r#"{"text":"hello","type":"message","id":1}"#);
        let reply = r#"{"ok":true,"reply_to":1}"#;
        socket.text(reply).await;
        assert_eq!(client.reply(call).await, reply);
        let long = format!(r#"{{"text":"{}"}}"#, "x".repeat(3000));
        socket.text(&long).await;
        assert_eq!(client.frame().await, long);

        let disconnect = client.disconnect();
        assert_eq!(socket.receive().await.first, FINAL | CLOSE);
        socket.send(close(1000, "")).await;
        assert!(matches!(client.outcome(disconnect).await, Outcome::Done));
        assert_eq!(socket.ended().await, b"");
        control.server.assert_no_connection().await;
    }
}

/// RFC 6455, section 4.1. The stream is dropped.
#[tokio::test]
async fn a_missing_or_wrong_accept_key_is_a_transport_error() {
    let other = derive_accept_key(b"dGhlIHNhbXBsZSBub25jZQ==");
    for headers in [vec![("sec-websocket-accept", &*other)], vec![("sec-websocket-accept", "")], vec![]] {
        let (server_end, client_end) = duplex(100);
        let headers = [vec![("connection", "Upgrade"), ("upgrade", "websocket")], headers].concat();
        let error = failed_upgrade(|_| Ok((response(101, &headers, ""), Some(Box::new(client_end))))).await;
        assert_eq!(error.code, None);
        assert!(error.message.contains("does not match the request's key"), "{error}");
        assert_eq!(ServerSocket::new(server_end).ended().await, b"");
    }
}

/// RFC 6455, section 4.1.
#[tokio::test]
async fn an_extension_that_was_not_requested_is_an_error() {
    let (_server_end, client_end) = duplex(100);
    let error = failed_upgrade(|request| {
        let mut response = accepted(request);
        response.headers.push(("sec-websocket-extensions".to_owned(), "permessage-deflate".to_owned()));
        Ok((response, Some(Box::new(client_end))))
    })
    .await;
    assert!(error.message.contains("an extension that was not requested"), "{error}");
}

#[tokio::test]
async fn a_refused_upgrade_is_a_transport_error_with_the_status() {
    for status in [403, 302, 200, 503, 101] {
        let error = failed_upgrade(|_| Ok((response(status, &[], "no"), None))).await;
        assert!(error.message.contains(&format!("HTTP status {status}")), "{error}");
        assert_eq!(error.code, None);
    }
    for status in [0, 99, 1000] {
        failed_upgrade(|_| Ok((response(status, &[], ""), None))).await;
    }
}

#[tokio::test]
async fn an_agents_error_fails_the_upgrade_with_its_code() {
    for name in [Some("ECONNREFUSED"), Some("ERR_OF_AN_AGENT"), None] {
        let error = failed_upgrade(|_| Err(failed(name))).await;
        assert_eq!(error.code.as_deref(), name);
        assert!(error.message.contains("the agent cannot"), "{error}");
    }
}

#[tokio::test(start_paused = true)]
async fn the_end_of_an_agents_stream_leads_to_a_new_request_to_the_agent() {
    let clock = Clock::stop();
    let (mut control, mut setup) = Control::open().await;
    setup.config.auto_reconnect = true;
    let mut client = setup.client();
    client.start("");
    for round in 0..4 {
        let mut socket = control.ready(&mut client).await;
        if round % 2 == 0 {
            drop(socket);
        } else {
            socket.stream.shutdown().await.expect("the stream is there");
            assert_eq!(socket.ended().await, b"", "the driver has dropped its end");
        }
        client.lifecycle(&["reconnecting"]).await;
        clock.pass(secs(60)).await;
    }
    control.ready(&mut client).await;
    control.server.assert_no_connection().await;
}

#[tokio::test]
async fn a_reset_of_an_agents_stream_is_a_transport_error() {
    let (mut control, setup) = Control::open().await;
    let mut client = setup.client();
    client.start("");
    control.answer_connect_call("wss://sockets.test/t1cket").await;
    let request = control.upgrade().await;
    let response = accepted(&request);
    request.respond(Ok((response, Some(Box::new(Broken)))));
    client.lifecycle(&["connecting", "authenticated"]).await;
    let error = client.transport_error().await;
    assert_eq!(error.code.as_deref(), Some("ECONNRESET"), "{error}");
    assert_eq!(client.loss().await, error);
}

/// A stream that was reset.
struct Broken;

mod broken {
    use std::io;
    use std::pin::Pin;
    use std::task::{Context, Poll};

    use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

    fn reset<T>() -> Poll<io::Result<T>> {
        Poll::Ready(Err(io::ErrorKind::ConnectionReset.into()))
    }

    impl AsyncRead for super::Broken {
        fn poll_read(self: Pin<&mut Self>, _: &mut Context<'_>, _: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
            reset()
        }
    }

    impl AsyncWrite for super::Broken {
        fn poll_write(self: Pin<&mut Self>, _: &mut Context<'_>, _: &[u8]) -> Poll<io::Result<usize>> {
            reset()
        }

        fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
            reset()
        }

        fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
            reset()
        }
    }
}

// ── Cancelled requests ────────────────────────────────────────────────────────────────────────────────────────────

#[tokio::test]
async fn disconnect_and_the_end_of_the_handle_cancel_an_agents_request() {
    for drops_handle in [false, true] {
        for is_opening in [false, true] {
            let (mut control, setup) = Control::open().await;
            let mut client = setup.client();
            client.start("");
            let request = if is_opening {
                control.answer_connect_call("wss://sockets.test/t1cket").await;
                Err(control.upgrade().await)
            } else {
                Ok(control.request().await)
            };
            if drops_handle {
                drop(client);
            } else {
                let disconnect = client.disconnect();
                assert!(matches!(client.outcome(disconnect).await, Outcome::Done));
            }
            match request {
                Ok(request) => request.cancelled().await,
                Err(upgrade) => upgrade.cancelled().await,
            }
        }
    }
}

/// `requestTimeout` limits a request, and `connectTimeout` an upgrade, to the millisecond.
#[tokio::test(start_paused = true)]
async fn the_timeouts_cancel_an_agents_request() {
    let clock = Clock::stop();
    let (mut control, mut setup) = Control::open().await;
    setup.transport.request_timeout = Some(secs(30));
    let mut client = setup.client();
    client.start("");
    let request = control.request().await;
    client.lifecycle(&["connecting"]).await;
    clock.pass(ms(29_990)).await;
    client.assert_quiet().await;
    clock.pass(ms(20)).await;
    let event = client.event().await;
    let Event::UnableToRtmStart(error) = event else { panic!("{event:?}") };
    assert!(
        matches!(&error.error, ApiError::Request { code: Some(code), .. } if code == "ETIMEDOUT"),
        "{error}"
    );
    request.cancelled().await;
    client.lifecycle(&["disconnected"]).await;

    client.start("");
    control.answer_connect_call("wss://sockets.test/t1cket").await;
    let request = control.upgrade().await;
    client.lifecycle(&["connecting", "authenticated"]).await;
    clock.pass(ms(29_990)).await;
    client.assert_no_event().await;
    clock.pass(ms(20)).await;
    let error = client.transport_error().await;
    assert_eq!(error.code.as_deref(), Some("ETIMEDOUT"), "{error}");
    request.cancelled().await;
}
