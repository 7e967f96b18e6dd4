//! A `WebClient` that makes the connect calls.

use std::future::pending;
use std::sync::Arc;

use slack_rtm_native::driver::{HostFuture, WebClient};
use slack_rtm_native::session::{ApiError, ConnectResponse, Event, Outcome};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::sync::oneshot;

use crate::client::{Client, Setup};
use crate::clock::{Clock, secs, within};
use crate::server::{HELLO, Server};
use crate::websocket::ServerSocket;

/// A connect call, which waits for the response.
struct PendingCall {
    method: String,
    response: oneshot::Sender<Result<ConnectResponse, ApiError>>,
}

impl PendingCall {
    fn respond(self, response: Result<ConnectResponse, ApiError>) {
        assert!(self.response.send(response).is_ok(), "the driver waits for the response");
    }

    /// Waits until the driver has cancelled the call.
    async fn cancelled(mut self) {
        within("the cancellation", self.response.closed()).await;
    }
}

/// A `WebClient` that passes all calls to the test.
struct TestWebClient(UnboundedSender<PendingCall>);

impl WebClient for TestWebClient {
    fn connect(&self, method: &str) -> HostFuture<ConnectResponse, ApiError> {
        let (response, receiver) = oneshot::channel();
        // The test may be over.
        let _ = self.0.send(PendingCall { method: method.to_owned(), response });
        Box::pin(async {
            match receiver.await {
                Ok(response) => response,
                Err(_) => pending().await,
            }
        })
    }
}

/// The test's side of a `WebClient`.
struct Control {
    calls: UnboundedReceiver<PendingCall>,
    server: Server,
}

impl Control {
    /// Creates a `WebClient`, and the options of a client that uses it.
    async fn open() -> (Self, Setup) {
        let server = Server::bind().await;
        let mut setup = Setup::new(&server);
        let (sender, calls) = unbounded_channel();
        setup.transport.web_client = Some(Arc::new(TestWebClient(sender)));
        (Self { calls, server }, setup)
    }

    async fn call(&mut self) -> PendingCall {
        within("a connect call", self.calls.recv()).await.expect("the `WebClient` exists")
    }

    /// Responds to the connect call without its body.
    async fn answer_call(&mut self) {
        let response = ConnectResponse {
            url: self.server.socket_url(),
            user_id: "U1".to_owned(),
            team_id: "T1".to_owned(),
            response: None,
        };
        self.call().await.respond(Ok(response));
    }

    /// Brings a client to `ready`. Returns the server's end of its socket.
    async fn ready(&mut self, client: &mut Client) -> ServerSocket {
        self.answer_call().await;
        let mut socket = self.server.accept().await.upgrade().await;
        socket.text(HELLO).await;
        client.lifecycle(&["connecting", "authenticated", "connected", "ready"]).await;
        socket
    }

    fn assert_not_called(&mut self) {
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

/// The driver opens the socket.
#[tokio::test]
async fn a_web_client_makes_the_connect_call() {
    for method in ["rtm.connect", "rtm.start"] {
        let (mut control, mut setup) = Control::open().await;
        setup.transport.method = method.to_owned();
        let mut client = setup.client();
        let start = client.start("presence_sub=false");
        let call = control.call().await;
        assert_eq!(call.method, method);
        control.server.assert_no_connection().await;
        call.respond(Ok(ConnectResponse {
            url: control.server.socket_url(),
            user_id: "U1".to_owned(),
            team_id: "T1".to_owned(),
            response: None,
        }));
        client.lifecycle(&["connecting"]).await;
        let Event::Authenticated(data) = client.event().await else { panic!("not authenticated") };
        assert_eq!((&*data.user_id, &*data.team_id, &data.response), ("U1", "T1", &None));
        assert!(matches!(client.outcome(start).await, Outcome::Started));
        let mut socket = control.server.accept().await.upgrade().await;
        socket.text(HELLO).await;
        client.lifecycle(&["connected", "ready"]).await;
        control.assert_not_called();
    }
}

#[tokio::test(start_paused = true)]
async fn each_reconnect_asks_the_web_client_once() {
    let clock = Clock::stop();
    let (mut control, mut setup) = Control::open().await;
    setup.config.auto_reconnect = true;
    let mut client = setup.client();
    client.start("");
    for _ in 0..5 {
        let socket = control.ready(&mut client).await;
        control.assert_not_called();
        drop(socket);
        client.lifecycle(&["reconnecting"]).await;
        control.assert_not_called();
        clock.pass(secs(60)).await;
    }
    // The session repeats a call that the `WebClient` gave up.
    control.call().await.respond(Err(failure(None, true)));
    client.lifecycle(&["connecting", "unable_to_rtm_start", "reconnecting"]).await;
    clock.pass(secs(60)).await;
    control.ready(&mut client).await;
}

#[tokio::test]
async fn an_error_of_the_web_client_reaches_the_user_unchanged() {
    for error in [failure(Some("invalid_auth"), false), failure(None, true)] {
        let (mut control, setup) = Control::open().await;
        let mut client = setup.client();
        let start = client.start("");
        control.call().await.respond(Err(error.clone()));
        assert_eq!(client.connect_error().await, error);
        assert_eq!(client.api_error(start).await, error);
        control.assert_not_called();
        control.server.assert_no_connection().await;
    }
}

#[tokio::test]
async fn disconnect_and_the_end_of_the_handle_cancel_the_web_clients_call() {
    for drops_handle in [false, true] {
        let (mut control, setup) = Control::open().await;
        let mut client = setup.client();
        client.start("");
        let call = control.call().await;
        if drops_handle {
            drop(client);
        } else {
            let disconnect = client.disconnect();
            assert!(matches!(client.outcome(disconnect).await, Outcome::Done));
        }
        call.cancelled().await;
        control.server.assert_no_connection().await;
    }
}

#[tokio::test(start_paused = true)]
async fn request_timeout_does_not_apply_to_a_web_client() {
    let clock = Clock::stop();
    let (mut control, mut setup) = Control::open().await;
    setup.transport.request_timeout = Some(secs(1));
    let mut client = setup.client();
    client.start("");
    client.lifecycle(&["connecting"]).await;
    clock.pass(secs(3600)).await;
    client.assert_quiet().await;
    control.answer_call().await;
    client.lifecycle(&["authenticated"]).await;
}
