//! A `WebClient` of the user's: it makes the connect calls, all of them, and nothing else.

use std::future::pending;
use std::sync::Arc;

use slack_rtm_native::driver::{HostFuture, WebClient};
use slack_rtm_native::session::{ApiError, ConnectResponse, Event, Outcome};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::sync::oneshot;

use crate::client::{Client, Setup};
use crate::clock::{Clock, secs, within};
use crate::server::{HELLO, Server};
use crate::websocket::Peer;

/// A connect call, and the way back.
struct Asked {
    method: String,
    answer: oneshot::Sender<Result<ConnectResponse, ApiError>>,
}

impl Asked {
    fn answer(self, answer: Result<ConnectResponse, ApiError>) {
        assert!(self.answer.send(answer).is_ok(), "the driver waits for the answer");
    }

    /// Waits until the driver has dropped the errand.
    async fn called_off(mut self) {
        within("the errand's end", self.answer.closed()).await;
    }
}

/// A `WebClient` that leaves it all to the test.
struct Scripted(UnboundedSender<Asked>);

impl WebClient for Scripted {
    fn connect(&self, method: &str) -> HostFuture<ConnectResponse, ApiError> {
        let (answer, answered) = oneshot::channel();
        // The test may be over.
        let _ = self.0.send(Asked { method: method.to_owned(), answer });
        Box::pin(async {
            match answered.await {
                Ok(answer) => answer,
                Err(_) => pending().await,
            }
        })
    }
}

/// The test's side of a `WebClient`.
struct Desk {
    calls: UnboundedReceiver<Asked>,
    server: Server,
}

impl Desk {
    /// A desk, and the options of a client that has its `WebClient`.
    async fn open() -> (Self, Setup) {
        let server = Server::bind().await;
        let mut setup = Setup::new(&server);
        let (asked, calls) = unbounded_channel();
        setup.transport.web_client = Some(Arc::new(Scripted(asked)));
        (Self { calls, server }, setup)
    }

    async fn call(&mut self) -> Asked {
        within("a connect call", self.calls.recv()).await.expect("the `WebClient` is there")
    }

    /// Answers the connect call without its body.
    async fn answer_call(&mut self) {
        let answer = ConnectResponse {
            url: self.server.socket_url(),
            user_id: "U1".to_owned(),
            team_id: "T1".to_owned(),
            response: None,
        };
        self.call().await.answer(Ok(answer));
    }

    /// A client up to `ready`, and its socket.
    async fn ready(&mut self, client: &mut Client) -> Peer {
        self.answer_call().await;
        let mut peer = self.server.accept().await.upgrade().await;
        peer.text(HELLO).await;
        client.lifecycle(&["connecting", "authenticated", "connected", "ready"]).await;
        peer
    }

    fn assert_not_asked(&mut self) {
        assert!(self.calls.try_recv().is_err(), "there is a call");
    }
}

fn failure(code: Option<&str>, gave_up: bool) -> ApiError {
    ApiError::WebClient {
        message: "it said no".to_owned(),
        error: code.map(str::to_owned),
        gave_up,
        retry_after: secs(0),
    }
}

/// Promise: a `WebClient` is asked for the connect call in the driver's place; the socket is the driver's own.
#[tokio::test]
async fn the_connect_call() {
    for method in ["rtm.connect", "rtm.start"] {
        let (mut desk, mut setup) = Desk::open().await;
        setup.transport.method = method.to_owned();
        let mut client = setup.client();
        let start = client.start("presence_sub=false");
        let asked = desk.call().await;
        assert_eq!(asked.method, method);
        desk.server.assert_nobody_came().await;
        asked.answer(Ok(ConnectResponse {
            url: desk.server.socket_url(),
            user_id: "U1".to_owned(),
            team_id: "T1".to_owned(),
            response: None,
        }));
        client.lifecycle(&["connecting"]).await;
        let Event::Authenticated(data) = client.event().await else { panic!("the answer is good") };
        assert_eq!((&*data.user_id, &*data.team_id, &data.response), ("U1", "T1", &None));
        assert!(matches!(client.outcome(start).await, Outcome::Started));
        let mut peer = desk.server.accept().await.upgrade().await;
        peer.text(HELLO).await;
        client.lifecycle(&["connected", "ready"]).await;
        desk.assert_not_asked();
    }
}

/// Promise: each reconnect asks it once.
#[tokio::test(start_paused = true)]
async fn reconnects() {
    let clock = Clock::stop();
    let (mut desk, mut setup) = Desk::open().await;
    setup.config.auto_reconnect = true;
    let mut client = setup.client();
    client.start("");
    for _ in 0..5 {
        let peer = desk.ready(&mut client).await;
        desk.assert_not_asked();
        drop(peer);
        client.lifecycle(&["reconnecting"]).await;
        desk.assert_not_asked();
        clock.pass(secs(60)).await;
    }
    // What it gives up on, the session goes on with.
    desk.call().await.answer(Err(failure(None, true)));
    client.lifecycle(&["connecting", "unable_to_rtm_start", "reconnecting"]).await;
    clock.pass(secs(60)).await;
    desk.ready(&mut client).await;
}

/// Promise: what it fails with reaches the user as it is.
#[tokio::test]
async fn failures() {
    for error in [failure(Some("invalid_auth"), false), failure(None, true)] {
        let (mut desk, setup) = Desk::open().await;
        let mut client = setup.client();
        let start = client.start("");
        desk.call().await.answer(Err(error.clone()));
        assert_eq!(client.connect_error().await, error);
        assert_eq!(client.api_error(start).await, error);
        desk.assert_not_asked();
        desk.server.assert_nobody_came().await;
    }
}

/// Promise: `disconnect()` calls off what it is about, and so does the end of the handle.
#[tokio::test]
async fn calls_end_with_the_session() {
    for leaves in [false, true] {
        let (mut desk, setup) = Desk::open().await;
        let mut client = setup.client();
        client.start("");
        let asked = desk.call().await;
        if leaves {
            drop(client);
        } else {
            let disconnect = client.disconnect();
            assert!(matches!(client.outcome(disconnect).await, Outcome::Done));
        }
        asked.called_off().await;
        desk.server.assert_nobody_came().await;
    }
}

/// Promise: how long a call may take is its own affair: `requestTimeout` does not hold for it.
#[tokio::test(start_paused = true)]
async fn its_own_time() {
    let clock = Clock::stop();
    let (mut desk, mut setup) = Desk::open().await;
    setup.transport.request_timeout = Some(secs(1));
    let mut client = setup.client();
    client.start("");
    client.lifecycle(&["connecting"]).await;
    clock.pass(secs(3600)).await;
    client.assert_quiet().await;
    desk.answer_call().await;
    client.lifecycle(&["authenticated"]).await;
}
