//! The client under test: the driver's handle, and a host that records the deliveries.

use std::sync::Arc;

use slack_rtm_native::driver::{ApiRequest, Handle, Host, TlsConfig, Transport, TransportConfig, spawn};
use slack_rtm_native::session::{
    ApiError, ApiResponse, CallId, Config, Delivery, Event, Failure, Input, LogLevel, Message, Outcome,
    RetryConfig, Secret, SocketError,
};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::sync::watch;

use crate::clock::{let_others_run, within};
use crate::server::Server;

pub(crate) const TOKEN: &str = "xoxb-s3cret";

/// A call of the host.
#[derive(Debug)]
pub(crate) enum HostEvent {
    Delivery(Delivery),
    Crashed(String),
}

/// A host that passes its deliveries to the test.
struct TestHost {
    events: UnboundedSender<HostEvent>,
    /// The bytes of frames that the test has not read yet.
    held: watch::Sender<usize>,
    /// The host is full if it holds more bytes.
    room_for: usize,
    /// A frame with this text makes the host panic.
    poison: Option<&'static str>,
}

impl Host for TestHost {
    fn deliver(&mut self, delivery: Delivery) {
        if let Delivery::Frame { data, .. } = &delivery {
            assert!(self.poison.is_none_or(|poison| poison != *data), "a poisonous frame");
            self.held.send_modify(|held| *held += data.len());
        }
        // Diagnostics are tested in tests/session/diagnostics.rs.
        if matches!(delivery, Delivery::Diagnostic(_)) {
            return;
        }
        // The test may be over.
        let _ = self.events.send(HostEvent::Delivery(delivery));
    }

    fn crashed(&mut self, message: &str) {
        let _ = self.events.send(HostEvent::Crashed(message.to_owned()));
    }

    fn flush(&mut self) {}

    fn is_full(&self) -> bool {
        *self.held.borrow() > self.room_for
    }

    async fn wait_for_room(&mut self) {
        let room_for = self.room_for;
        let _ = self.held.subscribe().wait_for(|held| *held <= room_for).await;
    }
}

/// A client's options.
pub(crate) struct Setup {
    pub(crate) config: Config,
    pub(crate) transport: TransportConfig,
    /// The host is full if it holds more bytes of frames.
    pub(crate) room_for: usize,
    pub(crate) poison: Option<&'static str>,
}

impl Setup {
    /// A client of this server without retries, reconnects and keepalive.
    pub(crate) fn new(server: &Server) -> Self {
        Self {
            config: Config {
                auto_reconnect: false,
                secure_only: false,
                client_ping_timeout: None,
                retry: RetryConfig { retries: 0, ..RetryConfig::default() },
                log_level: LogLevel::Error,
                ..Config::default()
            },
            transport: TransportConfig {
                api_url: server.api_url(),
                method: "rtm.connect".to_owned(),
                token: Secret(TOKEN.to_owned()),
                user_agent: "tests/1.0".to_owned(),
                headers: Vec::new(),
                request_timeout: None,
                max_frame_bytes: 128 * 1024 * 1024,
                tls: TlsConfig::default(),
                proxy: None,
                agent: None,
                web_client: None,
            },
            room_for: usize::MAX,
            poison: None,
        }
    }

    /// A client that reconnects.
    pub(crate) fn reconnecting(server: &Server) -> Self {
        let setup = Self::new(server);
        Self { config: Config { auto_reconnect: true, ..setup.config }, ..setup }
    }

    pub(crate) fn client(self) -> Client {
        let (sender, events) = unbounded_channel();
        let held = watch::Sender::new(0);
        let host =
            TestHost { events: sender, held: held.clone(), room_for: self.room_for, poison: self.poison };
        let transport = Arc::new(Transport::new(self.transport).expect("the options are valid"));
        let runtime = tokio::runtime::Handle::current();
        let handle = spawn(&runtime, self.config, transport, 1, host);
        Client { handle, events, held, calls: CallId(0) }
    }
}

/// A client with its deliveries.
pub(crate) struct Client {
    pub(crate) handle: Handle,
    events: UnboundedReceiver<HostEvent>,
    held: watch::Sender<usize>,
    calls: CallId,
}

impl Client {
    /// Starts a client of this server, and brings it to `ready`. Returns the server's end of its socket too.
    pub(crate) async fn ready(setup: Setup, server: &Server) -> (Self, crate::websocket::ServerSocket) {
        let mut client = setup.client();
        client.start("");
        let socket = server.connect().await;
        client.lifecycle(&["connecting", "authenticated", "connected", "ready"]).await;
        (client, socket)
    }

    // ── The user's calls ──────────────────────────────────────────────────────────────────────────────────────────

    fn call(&mut self, input: impl FnOnce(CallId) -> Input) -> CallId {
        self.calls.0 += 1;
        self.handle.input(input(self.calls)).expect("the client's task runs");
        self.calls
    }

    pub(crate) fn start(&mut self, form: &str) -> CallId {
        self.call(|call| Input::Start { call, options: Arc::from(form) })
    }

    pub(crate) fn disconnect(&mut self) -> CallId {
        self.call(|call| Input::Disconnect { call })
    }

    pub(crate) fn send(&mut self, json: &str) -> CallId {
        self.call(|call| Input::Send { call, message: message(json) })
    }

    pub(crate) fn enqueue(&mut self, await_reply: bool, json: &str) -> CallId {
        self.call(|call| Input::Enqueue { call, await_reply, message: message(json) })
    }

    pub(crate) fn ping(&mut self) -> CallId {
        self.call(|call| Input::Ping { call })
    }

    pub(crate) fn call_api(&mut self, request: ApiRequest) -> CallId {
        self.calls.0 += 1;
        self.handle.call_api(self.calls, request).expect("the client's task runs");
        self.calls
    }

    /// Drops the handle. The deliveries can still be read.
    pub(crate) fn drop_handle(self) -> UnboundedReceiver<HostEvent> {
        self.events
    }

    // ── The deliveries ────────────────────────────────────────────────────────────────────────────────────────────

    async fn next_host_event(&mut self) -> HostEvent {
        let event = within("a delivery", self.events.recv()).await.expect("the client's task runs");
        self.make_room(&event);
        event
    }

    fn make_room(&self, event: &HostEvent) {
        if let HostEvent::Delivery(Delivery::Frame { data, .. }) = event {
            self.held.send_modify(|held| *held -= data.len());
        }
    }

    /// The next delivery that `wanted` accepts. Skips the others.
    async fn next<T>(&mut self, mut wanted: impl FnMut(Delivery) -> Option<T>) -> T {
        loop {
            match self.next_host_event().await {
                HostEvent::Delivery(delivery) => {
                    if let Some(wanted) = wanted(delivery) {
                        return wanted;
                    }
                }
                HostEvent::Crashed(message) => panic!("the session crashed: {message}"),
            }
        }
    }

    /// Skips all deliveries until a panic, and returns its message.
    pub(crate) async fn crash(&mut self) -> String {
        loop {
            if let HostEvent::Crashed(message) = self.next_host_event().await {
                return message;
            }
        }
    }

    /// The next lifecycle event.
    pub(crate) async fn event(&mut self) -> Event {
        self.next(|delivery| if let Delivery::Event(event) = delivery { Some(event) } else { None }).await
    }

    /// The next lifecycle events must be these.
    pub(crate) async fn lifecycle(&mut self, names: &[&str]) {
        for name in names {
            let event = self.event().await;
            assert_eq!(name_of(&event), *name, "{event:?}");
        }
    }

    /// The next frame from Slack.
    pub(crate) async fn frame(&mut self) -> String {
        let data = self
            .next(|delivery| if let Delivery::Frame { data, .. } = delivery { Some(data) } else { None })
            .await;
        String::from_utf8(data.to_vec()).expect("delivered frames are UTF-8")
    }

    /// The next line at level `error`.
    pub(crate) async fn error_line(&mut self) -> String {
        self.line(LogLevel::Error).await
    }

    /// The next line at this level.
    pub(crate) async fn line(&mut self, wanted: LogLevel) -> String {
        self.next(|delivery| match delivery {
            Delivery::Log { level, text } if level == wanted => Some(text),
            _ => None,
        })
        .await
    }

    /// The outcome of a call.
    pub(crate) async fn outcome(&mut self, wanted: CallId) -> Outcome {
        self.next(|delivery| match delivery {
            Delivery::Settle { call, outcome } if call == wanted => Some(outcome),
            _ => None,
        })
        .await
    }

    /// The response of a successful Web API call.
    pub(crate) async fn api_response(&mut self, call: CallId) -> ApiResponse {
        match self.outcome(call).await {
            Outcome::ApiResponse(response) => response,
            other => panic!("the call failed: {other:?}"),
        }
    }

    /// The error of a failed Web API call, or of a failed start.
    pub(crate) async fn api_error(&mut self, call: CallId) -> ApiError {
        match self.outcome(call).await {
            Outcome::Failed(Failure::Api(report)) => report.error.clone(),
            other => panic!("the call did not fail: {other:?}"),
        }
    }

    /// The frame that settles a call as its reply.
    pub(crate) async fn reply(&mut self, wanted: CallId) -> String {
        let data = self
            .next(|delivery| match delivery {
                Delivery::Frame { data, reply, .. } if reply == Some(wanted) => Some(data),
                _ => None,
            })
            .await;
        String::from_utf8(data.to_vec()).expect("delivered frames are UTF-8")
    }

    /// Asserts that no such delivery comes. Skips the others.
    async fn assert_never(&mut self, unwanted: impl Fn(&Delivery) -> bool) {
        let_others_run().await;
        while let Ok(event) = self.events.try_recv() {
            self.make_room(&event);
            match event {
                HostEvent::Delivery(delivery) => assert!(!unwanted(&delivery), "{delivery:?}"),
                HostEvent::Crashed(message) => panic!("the session crashed: {message}"),
            }
        }
    }

    /// Asserts that a call has settled.
    pub(crate) async fn assert_settled(&mut self, wanted: CallId) {
        let_others_run().await;
        let mut events = std::iter::from_fn(|| self.events.try_recv().ok());
        let is_it =
            |event| matches!(event, HostEvent::Delivery(Delivery::Settle { call, .. }) if call == wanted);
        assert!(events.any(is_it), "{wanted:?} is not settled");
    }

    /// Asserts that a call does not settle.
    pub(crate) async fn assert_unsettled(&mut self, wanted: CallId) {
        self.assert_never(|delivery| matches!(delivery, Delivery::Settle { call, .. } if *call == wanted))
            .await;
    }

    /// Asserts that no lifecycle event comes.
    pub(crate) async fn assert_no_event(&mut self) {
        self.assert_never(|delivery| matches!(delivery, Delivery::Event(_))).await;
    }

    /// The error of the connect call.
    pub(crate) async fn connect_error(&mut self) -> ApiError {
        self.lifecycle(&["connecting"]).await;
        match self.event().await {
            Event::UnableToRtmStart(report) => report.error.clone(),
            other => panic!("the connect call did not fail: {other:?}"),
        }
    }

    /// The error of the next event, which must be `error`.
    pub(crate) async fn transport_error(&mut self) -> SocketError {
        match self.event().await {
            Event::Error(report) => report.error.clone(),
            other => panic!("no transport error: {other:?}"),
        }
    }

    /// The reason for the lost connection.
    pub(crate) async fn loss(&mut self) -> SocketError {
        match self.event().await {
            Event::Disconnected(Some(Failure::Socket(report))) => report.error.clone(),
            other => panic!("the connection was not lost: {other:?}"),
        }
    }

    /// Skips all deliveries until `disconnected`.
    pub(crate) async fn ended(&mut self) {
        while !matches!(self.event().await, Event::Disconnected(_)) {}
    }

    /// Asserts that no delivery comes.
    pub(crate) async fn assert_quiet(&mut self) {
        let_others_run().await;
        if let Ok(event) = self.events.try_recv() {
            panic!("unexpected: {event:?}");
        }
    }

    /// The bytes of frames that the test has not read yet.
    pub(crate) fn held(&self) -> usize {
        *self.held.borrow()
    }
}

fn message(json: &str) -> Message {
    Message::new(json.to_owned()).expect("a JSON object")
}

fn name_of(event: &Event) -> &'static str {
    match event {
        Event::Connecting => "connecting",
        Event::Authenticated(_) => "authenticated",
        Event::Connected => "connected",
        Event::Ready => "ready",
        Event::Disconnecting => "disconnecting",
        Event::Disconnected(_) => "disconnected",
        Event::Reconnecting => "reconnecting",
        Event::UnableToRtmStart(_) => "unable_to_rtm_start",
        Event::Error(_) => "error",
    }
}
