//! Agents of the user's that make the connections themselves: what they are asked, and what becomes of their answers.
//! The agent here hands all to the test, and its streams are pipes: no socket is opened at all.

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
use crate::websocket::{CLOSE, FINAL, Peer, close};

type Upgraded = (AgentResponse, Option<Box<dyn Duplex>>);

/// What an agent was asked, and the way back.
struct Asked<T> {
    request: AgentRequest,
    answer: oneshot::Sender<Result<T, CodedError>>,
}

impl<T> Asked<T> {
    fn header(&self, name: &str) -> Option<&str> {
        self.request.headers.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    fn answer(self, answer: Result<T, CodedError>) {
        assert!(self.answer.send(answer).is_ok(), "the driver waits for the answer");
    }

    /// Waits until the driver has dropped the errand.
    async fn called_off(mut self) {
        within("the errand's end", self.answer.closed()).await;
    }
}

/// An agent that leaves it all to the test.
struct Scripted {
    requests: UnboundedSender<Asked<AgentResponse>>,
    upgrades: UnboundedSender<Asked<Upgraded>>,
}

/// Asks the test.
fn ask<T: Send + 'static>(
    queue: &UnboundedSender<Asked<T>>,
    request: AgentRequest,
) -> HostFuture<T, CodedError> {
    let (answer, answered) = oneshot::channel();
    // The test may be over.
    let _ = queue.send(Asked { request, answer });
    Box::pin(async {
        match answered.await {
            Ok(answer) => answer,
            Err(_) => pending().await,
        }
    })
}

impl Agent for Scripted {
    fn request(&self, request: AgentRequest) -> HostFuture<AgentResponse, CodedError> {
        ask(&self.requests, request)
    }

    fn upgrade(&self, request: AgentRequest) -> HostFuture<Upgraded, CodedError> {
        ask(&self.upgrades, request)
    }
}

/// The test's side of an agent.
struct Desk {
    requests: UnboundedReceiver<Asked<AgentResponse>>,
    upgrades: UnboundedReceiver<Asked<Upgraded>>,
    /// Where connections of the driver's own would come in.
    server: Server,
}

impl Desk {
    /// A desk, and the options of a client that has its agent.
    async fn open() -> (Self, Setup) {
        let server = Server::bind().await;
        let mut setup = Setup::new(&server);
        let (requests, desk_requests) = unbounded_channel();
        let (upgrades, desk_upgrades) = unbounded_channel();
        setup.transport.agent = Some(Arc::new(Scripted { requests, upgrades }));
        (Self { requests: desk_requests, upgrades: desk_upgrades, server }, setup)
    }

    async fn request(&mut self) -> Asked<AgentResponse> {
        within("a request", self.requests.recv()).await.expect("the agent is there")
    }

    async fn upgrade(&mut self) -> Asked<Upgraded> {
        within("an upgrade request", self.upgrades.recv()).await.expect("the agent is there")
    }

    /// Answers the connect call.
    async fn point_to(&mut self, socket_url: &str) {
        self.request().await.answer(Ok(response(200, &[], &ok_body(socket_url))));
    }

    /// Answers the upgrade; gives the other end of the stream.
    async fn open_socket(&mut self, buffer: usize) -> Peer<DuplexStream> {
        let asked = self.upgrade().await;
        let (ours, theirs) = duplex(buffer);
        let response = accepted(&asked);
        asked.answer(Ok((response, Some(Box::new(theirs)))));
        Peer::new(ours)
    }

    /// A client up to `ready`, and its socket.
    async fn ready(&mut self, client: &mut Client) -> Peer<DuplexStream> {
        self.point_to(&self.server.socket_url()).await;
        let mut peer = self.open_socket(4096).await;
        peer.text(HELLO).await;
        client.lifecycle(&["connecting", "authenticated", "connected", "ready"]).await;
        peer
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

/// What belongs to this upgrade request.
fn accepted(asked: &Asked<Upgraded>) -> AgentResponse {
    let key = asked.header("sec-websocket-key").expect("the client wants a WebSocket");
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

/// The error of a client whose connect call the agent answers so.
async fn failed_call(answer: Result<AgentResponse, CodedError>) -> ApiError {
    let (mut desk, setup) = Desk::open().await;
    let mut client = setup.client();
    client.start("");
    desk.request().await.answer(answer);
    let error = client.connect_error().await;
    assert!(!format!("{error} {error:?}").contains(TOKEN));
    error
}

/// The error of a client whose upgrade the agent answers so.
async fn failed_upgrade(
    answer: impl FnOnce(&Asked<Upgraded>) -> Result<Upgraded, CodedError>,
) -> SocketError {
    let (mut desk, setup) = Desk::open().await;
    let mut client = setup.client();
    client.start("");
    desk.point_to("ws://sockets.test:8443/t1cket").await;
    client.lifecycle(&["connecting", "authenticated"]).await;
    let asked = desk.upgrade().await;
    let answer = answer(&asked);
    asked.answer(answer);
    let error = client.transport_error().await;
    assert!(error.message.contains("sockets.test:8443") && !error.message.contains("t1cket"), "{error}");
    assert_eq!((error.close_code, client.loss().await), (1006, error.clone()));
    desk.server.assert_nobody_came().await;
    error
}

// ── The connect call ──────────────────────────────────────────────────────────────────────────────────────────────

/// Promise: an agent is asked for the same request as goes out without one, and nothing is dialled beside it.
#[tokio::test]
async fn the_connect_call() {
    let (mut desk, mut setup) = Desk::open().await;
    setup.transport.headers = [("X-Extra", "one"), ("x-extra", "two")]
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .into();
    let url = format!("{}rtm.connect", setup.transport.api_url);
    let mut client = setup.client();
    client.start("presence_sub=false&x=%7B%7D");
    let asked = desk.request().await;
    assert_eq!((asked.request.method, &*asked.request.url), ("POST", &*url));
    assert_eq!(asked.request.body, "presence_sub=false&x=%7B%7D");
    let authorization = format!("Bearer {TOKEN}");
    let headers: Vec<_> =
        asked.request.headers.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
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
    desk.server.assert_nobody_came().await;
}

/// Promise: an answer by way of an agent means what it means without one.
#[tokio::test]
async fn answers() {
    let (mut desk, setup) = Desk::open().await;
    let mut client = setup.client();
    let start = client.start("");
    let body = ok_body("ws://sockets.test/t1cket");
    let headers = [("x-oauth-scopes", "client,bot"), ("x-accepted-oauth-scopes", "client")];
    desk.request().await.answer(Ok(response(200, &headers, &body)));
    client.lifecycle(&["connecting"]).await;
    let Event::Authenticated(data) = client.event().await else { panic!("the answer is good") };
    assert!(matches!(client.outcome(start).await, Outcome::Started));
    let told = data.response.as_ref().expect("the driver made the call");
    assert_eq!(
        (&*told.body, told.scopes.as_deref(), told.accepted_scopes.as_deref()),
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

/// Promise: what an agent fails with is told, by Node's name where it has one.
#[tokio::test]
async fn a_failure() {
    for name in [Some("ECONNREFUSED"), Some("ERR_OF_AN_AGENT"), None] {
        let error = failed_call(Err(failed(name))).await;
        let ApiError::Request { cause, code, .. } = &error else { panic!("{error}") };
        assert_eq!((&**cause, code.as_deref()), ("the agent cannot", name));
        assert!(error.to_string().contains("no answer to rtm.connect at 127.0.0.1:"), "{error}");
    }
}

/// Promise: `apiCall` goes by way of the agent, too, each call on its own.
#[tokio::test]
async fn api_calls() {
    let (mut desk, setup) = Desk::open().await;
    let url = format!("{}chat.postMessage", setup.transport.api_url);
    let mut client = setup.client();
    let request = ApiRequest {
        method: "chat.postMessage".to_owned(),
        token: None,
        content_type: "application/json".to_owned(),
        body: Bytes::from_static(b"{}"),
    };
    let (first, second) = (client.call_api(request.clone()), client.call_api(request));
    let asked = [desk.request().await, desk.request().await];
    for asked in &asked {
        assert_eq!((asked.request.method, &*asked.request.url), ("POST", &*url));
        assert_eq!(
            (asked.header("content-type"), &*asked.request.body),
            (Some("application/json"), &b"{}"[..])
        );
    }
    let [one, two] = asked;
    two.answer(Ok(response(200, &[], r#"{"ok":true,"n":2}"#)));
    assert_eq!(client.api_answer(second).await.body, r#"{"ok":true,"n":2}"#);
    one.answer(Err(failed(Some("ECONNRESET"))));
    assert!(matches!(client.api_error(first).await, ApiError::Request { .. }));
    desk.server.assert_nobody_came().await;
}

// ── The socket ────────────────────────────────────────────────────────────────────────────────────────────────────

/// Promise: for a socket, an agent gets the upgrade request as an HTTP one, with the user's headers and without the
/// token; its key is a new one each time.
#[tokio::test]
async fn the_upgrade_request() {
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
        let (mut desk, mut setup) = Desk::open().await;
        let authorization = format!("Bearer {TOKEN}");
        setup.transport.headers = [("Cookie", "d=x"), ("Authorization", &authorization)]
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .into();
        let mut client = setup.client();
        client.start("");
        desk.point_to(socket_url).await;
        let asked = desk.upgrade().await;
        assert_eq!((asked.request.method, &*asked.request.url), ("GET", url));
        assert!(asked.request.body.is_empty());
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
            assert_eq!(asked.header(name), value, "{name}");
        }
        let key = asked.header("sec-websocket-key").expect("it has one").to_owned();
        assert_eq!((key.len(), &key[22..]), (24, "=="), "16 bytes in Base64");
        assert!(!keys.contains(&key));
        keys.push(key);
        assert!(asked.request.headers.iter().all(|(_, value)| !value.contains(TOKEN)));
        desk.server.assert_nobody_came().await;
    }
}

/// Promise: frames go both ways over an agent's stream, whatever it takes and gives at a time, and `disconnect()` ends
/// it with a close handshake.
#[tokio::test]
async fn frames_both_ways() {
    for buffer in [1, 7, 100_000] {
        let (mut desk, setup) = Desk::open().await;
        let mut client = setup.client();
        client.start("");
        desk.point_to("wss://sockets.test/t1cket").await;
        let mut peer = desk.open_socket(buffer).await;
        peer.text(HELLO).await;
        client.lifecycle(&["connecting", "authenticated", "connected"]).await;
        client.frame().await;
        client.lifecycle(&["ready"]).await;
        let call = client.enqueue(true, r#"{"text":"hello","type":"message"}"#);
        assert_eq!(peer.receive_text().await, r#"{"text":"hello","type":"message","id":1}"#);
        let reply = r#"{"ok":true,"reply_to":1}"#;
        peer.text(reply).await;
        assert_eq!(client.reply(call).await, reply);
        let long = format!(r#"{{"text":"{}"}}"#, "x".repeat(3000));
        peer.text(&long).await;
        assert_eq!(client.frame().await, long);

        let disconnect = client.disconnect();
        assert_eq!(peer.receive().await.first, FINAL | CLOSE);
        peer.send(close(1000, "")).await;
        assert!(matches!(client.outcome(disconnect).await, Outcome::Done));
        assert_eq!(peer.ended().await, b"");
        desk.server.assert_nobody_came().await;
    }
}

/// Promise: a key that does not belong to the request's, or none at all, is a transport error (RFC 6455, section 4.1);
/// the stream is dropped.
#[tokio::test]
async fn the_accept_key() {
    let other = derive_accept_key(b"dGhlIHNhbXBsZSBub25jZQ==");
    for headers in [vec![("sec-websocket-accept", &*other)], vec![("sec-websocket-accept", "")], vec![]] {
        let (ours, theirs) = duplex(100);
        let headers = [vec![("connection", "Upgrade"), ("upgrade", "websocket")], headers].concat();
        let error = failed_upgrade(|_| Ok((response(101, &headers, ""), Some(Box::new(theirs))))).await;
        assert_eq!(error.code, None);
        assert!(error.message.contains("does not belong to the request"), "{error}");
        assert_eq!(Peer::new(ours).ended().await, b"");
    }
}

/// Promise: an extension that was not asked for is refused by this way, too (RFC 6455, section 4.1).
#[tokio::test]
async fn an_extension_that_was_not_asked_for() {
    let (_ours, theirs) = duplex(100);
    let error = failed_upgrade(|asked| {
        let mut answer = accepted(asked);
        answer.headers.push(("sec-websocket-extensions".to_owned(), "permessage-deflate".to_owned()));
        Ok((answer, Some(Box::new(theirs))))
    })
    .await;
    assert!(error.message.contains("an extension that was not asked for"), "{error}");
}

/// Promise: a refused upgrade is a transport error that tells the status.
#[tokio::test]
async fn a_refused_upgrade() {
    for status in [403, 302, 200, 503, 101] {
        let error = failed_upgrade(|_| Ok((response(status, &[], "no"), None))).await;
        assert!(error.message.contains(&format!("HTTP status {status}")), "{error}");
        assert_eq!(error.code, None);
    }
    for status in [0, 99, 1000] {
        failed_upgrade(|_| Ok((response(status, &[], ""), None))).await;
    }
}

/// Promise: what an agent fails with is told, by Node's name where it has one.
#[tokio::test]
async fn a_failed_upgrade() {
    for name in [Some("ECONNREFUSED"), Some("ERR_OF_AN_AGENT"), None] {
        let error = failed_upgrade(|_| Err(failed(name))).await;
        assert_eq!(error.code.as_deref(), name);
        assert!(error.message.contains("the agent cannot"), "{error}");
    }
}

/// Promise: the end of an agent's stream is the end of the connection, and the agent is asked anew for the next one.
#[tokio::test(start_paused = true)]
async fn reconnects() {
    let clock = Clock::stop();
    let (mut desk, mut setup) = Desk::open().await;
    setup.config.auto_reconnect = true;
    let mut client = setup.client();
    client.start("");
    for round in 0..4 {
        let mut peer = desk.ready(&mut client).await;
        if round % 2 == 0 {
            drop(peer);
        } else {
            peer.stream.shutdown().await.expect("the stream is there");
            assert_eq!(peer.ended().await, b"", "the driver has dropped its end");
        }
        client.lifecycle(&["reconnecting"]).await;
        clock.pass(secs(60)).await;
    }
    desk.ready(&mut client).await;
    desk.server.assert_nobody_came().await;
}

/// Promise: a reset that an agent's stream tells of is a transport error, as without an agent.
#[tokio::test]
async fn a_stream_that_breaks() {
    let (mut desk, setup) = Desk::open().await;
    let mut client = setup.client();
    client.start("");
    desk.point_to("wss://sockets.test/t1cket").await;
    let asked = desk.upgrade().await;
    let response = accepted(&asked);
    asked.answer(Ok((response, Some(Box::new(Broken)))));
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

// ── Errands that are called off ───────────────────────────────────────────────────────────────────────────────────

/// Promise: `disconnect()` calls off what an agent is about, and so does the end of the handle.
#[tokio::test]
async fn errands_end_with_the_session() {
    for leaves in [false, true] {
        for dialling in [false, true] {
            let (mut desk, setup) = Desk::open().await;
            let mut client = setup.client();
            client.start("");
            let asked = if dialling {
                desk.point_to("wss://sockets.test/t1cket").await;
                Err(desk.upgrade().await)
            } else {
                Ok(desk.request().await)
            };
            if leaves {
                drop(client);
            } else {
                let disconnect = client.disconnect();
                assert!(matches!(client.outcome(disconnect).await, Outcome::Done));
            }
            match asked {
                Ok(request) => request.called_off().await,
                Err(upgrade) => upgrade.called_off().await,
            }
        }
    }
}

/// Promise: `requestTimeout` bounds an agent's request, and `connectTimeout` its upgrade, to the millisecond; the errand
/// is called off then.
#[tokio::test(start_paused = true)]
async fn errands_end_with_their_time() {
    let clock = Clock::stop();
    let (mut desk, mut setup) = Desk::open().await;
    setup.transport.request_timeout = Some(secs(30));
    let mut client = setup.client();
    client.start("");
    let asked = desk.request().await;
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
    asked.called_off().await;
    client.lifecycle(&["disconnected"]).await;

    client.start("");
    desk.point_to("wss://sockets.test/t1cket").await;
    let asked = desk.upgrade().await;
    client.lifecycle(&["connecting", "authenticated"]).await;
    clock.pass(ms(29_990)).await;
    client.assert_no_event().await;
    clock.pass(ms(20)).await;
    let error = client.transport_error().await;
    assert_eq!(error.code.as_deref(), Some("ETIMEDOUT"), "{error}");
    asked.called_off().await;
}
