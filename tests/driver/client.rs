//! A client under test: the driver's handle, and a host that notes down what is delivered.

use std::sync::Arc;

use slack_rtm_native::driver::{ApiRequest, Handle, Host, TlsConfig, Transport, TransportConfig, spawn};
use slack_rtm_native::session::{
    ApiError, ApiResponse, CallId, Config, Delivery, Event, Failure, Input, LogLevel, Message, Outcome,
    RetryConfig, Secret, SocketError,
};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::sync::watch;

use crate::clock::{take_turns, within};
use crate::server::Server;

pub(crate) const TOKEN: &str = "xoxb-s3cret";

/// What the host was told.
#[derive(Debug)]
pub(crate) enum Told {
    Delivery(Delivery),
    Crashed(String),
}

/// A host that has room for so many bytes of frames that the test has not looked at yet.
struct Notebook {
    pages: UnboundedSender<Told>,
    held: watch::Sender<usize>,
    room_for: usize,
    /// A frame with this text makes it panic.
    poison: Option<&'static str>,
}

impl Host for Notebook {
    fn deliver(&mut self, delivery: Delivery) {
        if let Delivery::Frame { data, .. } = &delivery {
            assert!(self.poison.is_none_or(|poison| poison != *data), "a poisonous frame");
            self.held.send_modify(|held| *held += data.len());
        }
        // What is told beside all else has tests of its own (tests/session/diagnostics.rs).
        if matches!(delivery, Delivery::Diagnostic(_)) {
            return;
        }
        // The test may be over.
        let _ = self.pages.send(Told::Delivery(delivery));
    }

    fn crashed(&mut self, message: &str) {
        let _ = self.pages.send(Told::Crashed(message.to_owned()));
    }

    fn flush(&mut self) {}

    fn is_full(&self) -> bool {
        *self.held.borrow() > self.room_for
    }

    async fn room(&mut self) {
        let room_for = self.room_for;
        let _ = self.held.subscribe().wait_for(|held| *held <= room_for).await;
    }
}

/// A client's options.
pub(crate) struct Setup {
    pub(crate) config: Config,
    pub(crate) transport: TransportConfig,
    /// So many bytes of frames make the host full.
    pub(crate) room_for: usize,
    pub(crate) poison: Option<&'static str>,
}

impl Setup {
    /// A client of this server that takes the first failure for its end and has no keepalive.
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
    pub(crate) fn lasting(server: &Server) -> Self {
        let setup = Self::new(server);
        Self { config: Config { auto_reconnect: true, ..setup.config }, ..setup }
    }

    pub(crate) fn client(self) -> Client {
        let (pages, told) = unbounded_channel();
        let held = watch::Sender::new(0);
        let host = Notebook { pages, held: held.clone(), room_for: self.room_for, poison: self.poison };
        let transport = Arc::new(Transport::new(self.transport).expect("the options are good"));
        let runtime = tokio::runtime::Handle::current();
        let handle = spawn(&runtime, self.config, transport, 1, host);
        Client { handle, told, held, calls: CallId(0) }
    }
}

/// A client, and what it told so far.
pub(crate) struct Client {
    pub(crate) handle: Handle,
    told: UnboundedReceiver<Told>,
    held: watch::Sender<usize>,
    calls: CallId,
}

impl Client {
    /// A started client of this server, and its socket, up to `ready`.
    pub(crate) async fn ready(setup: Setup, server: &Server) -> (Self, crate::websocket::Peer) {
        let mut client = setup.client();
        client.start("");
        let peer = server.connect().await;
        client.lifecycle(&["connecting", "authenticated", "connected", "ready"]).await;
        (client, peer)
    }

    // ── What the user does ────────────────────────────────────────────────────────────────────────────────────────

    fn call(&mut self, input: impl FnOnce(CallId) -> Input) -> CallId {
        self.calls.0 += 1;
        self.handle.input(input(self.calls)).expect("the client's task is there");
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
        self.handle.call_api(self.calls, request).expect("the client's task is there");
        self.calls
    }

    /// Gives up the handle; what was told can still be read.
    pub(crate) fn leave(self) -> UnboundedReceiver<Told> {
        self.told
    }

    // ── What the user sees ────────────────────────────────────────────────────────────────────────────────────────

    async fn told(&mut self) -> Told {
        let told = within("news of the client", self.told.recv()).await.expect("the client's task is there");
        self.make_room(&told);
        told
    }

    fn make_room(&self, told: &Told) {
        if let Told::Delivery(Delivery::Frame { data, .. }) = told {
            self.held.send_modify(|held| *held -= data.len());
        }
    }

    /// The next delivery that is wanted; passes over the others.
    async fn next<T>(&mut self, mut wanted: impl FnMut(Delivery) -> Option<T>) -> T {
        loop {
            match self.told().await {
                Told::Delivery(delivery) => {
                    if let Some(wanted) = wanted(delivery) {
                        return wanted;
                    }
                }
                Told::Crashed(message) => panic!("the session crashed: {message}"),
            }
        }
    }

    /// Passes over all deliveries up to a crash, and gives its message.
    pub(crate) async fn crash(&mut self) -> String {
        loop {
            if let Told::Crashed(message) = self.told().await {
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

    /// The next of Slack's frames.
    pub(crate) async fn frame(&mut self) -> String {
        let data =
            self.next(|told| if let Delivery::Frame { data, .. } = told { Some(data) } else { None }).await;
        String::from_utf8(data.to_vec()).expect("delivered frames are UTF-8")
    }

    /// The next line at level `error`.
    pub(crate) async fn error_line(&mut self) -> String {
        self.line(LogLevel::Error).await
    }

    /// The next line at this level.
    pub(crate) async fn line(&mut self, wanted: LogLevel) -> String {
        self.next(|told| match told {
            Delivery::Log { level, text } if level == wanted => Some(text),
            _ => None,
        })
        .await
    }

    /// How a promise settles.
    pub(crate) async fn outcome(&mut self, wanted: CallId) -> Outcome {
        self.next(|told| match told {
            Delivery::Settle { call, outcome } if call == wanted => Some(outcome),
            _ => None,
        })
        .await
    }

    /// The answer that a call of a Web API method settles by.
    pub(crate) async fn api_answer(&mut self, call: CallId) -> ApiResponse {
        match self.outcome(call).await {
            Outcome::ApiResponse(answer) => answer,
            other => panic!("the call was not answered: {other:?}"),
        }
    }

    /// What a call of a Web API method, or a start, failed with.
    pub(crate) async fn api_error(&mut self, call: CallId) -> ApiError {
        match self.outcome(call).await {
            Outcome::Failed(Failure::Api(told)) => told.error.clone(),
            other => panic!("the call did not fail: {other:?}"),
        }
    }

    /// The frame that settles a promise as its reply.
    pub(crate) async fn reply(&mut self, wanted: CallId) -> String {
        let data = self
            .next(|told| match told {
                Delivery::Frame { data, reply, .. } if reply == Some(wanted) => Some(data),
                _ => None,
            })
            .await;
        String::from_utf8(data.to_vec()).expect("delivered frames are UTF-8")
    }

    /// Nothing of this kind is told, however often others have their turn; passes over all else.
    async fn assert_never(&mut self, unwanted: impl Fn(&Delivery) -> bool) {
        take_turns().await;
        while let Ok(told) = self.told.try_recv() {
            self.make_room(&told);
            match told {
                Told::Delivery(delivery) => assert!(!unwanted(&delivery), "{delivery:?}"),
                Told::Crashed(message) => panic!("the session crashed: {message}"),
            }
        }
    }

    /// A promise has settled by now.
    pub(crate) async fn assert_settled(&mut self, wanted: CallId) {
        take_turns().await;
        let mut told = std::iter::from_fn(|| self.told.try_recv().ok());
        let is_it = |told| matches!(told, Told::Delivery(Delivery::Settle { call, .. }) if call == wanted);
        assert!(told.any(is_it), "{wanted:?} is not settled");
    }

    /// A promise does not settle.
    pub(crate) async fn assert_unsettled(&mut self, wanted: CallId) {
        self.assert_never(|told| matches!(told, Delivery::Settle { call, .. } if *call == wanted)).await;
    }

    /// No lifecycle event.
    pub(crate) async fn assert_no_event(&mut self) {
        self.assert_never(|told| matches!(told, Delivery::Event(_))).await;
    }

    /// How the connect call failed.
    pub(crate) async fn connect_error(&mut self) -> ApiError {
        self.lifecycle(&["connecting"]).await;
        match self.event().await {
            Event::UnableToRtmStart(told) => told.error.clone(),
            other => panic!("the connect call did not fail: {other:?}"),
        }
    }

    /// The error of the `error` event that comes next.
    pub(crate) async fn transport_error(&mut self) -> SocketError {
        match self.event().await {
            Event::Error(told) => told.error.clone(),
            other => panic!("no transport error: {other:?}"),
        }
    }

    /// How the connection ended; nobody asked for it.
    pub(crate) async fn loss(&mut self) -> SocketError {
        match self.event().await {
            Event::Disconnected(Some(Failure::Socket(told))) => told.error.clone(),
            other => panic!("the connection was not lost: {other:?}"),
        }
    }

    /// Passes over all up to `disconnected`.
    pub(crate) async fn ended(&mut self) {
        while !matches!(self.event().await, Event::Disconnected(_)) {}
    }

    /// Nothing happens, however often others have their turn.
    pub(crate) async fn assert_quiet(&mut self) {
        take_turns().await;
        if let Ok(told) = self.told.try_recv() {
            panic!("should be quiet, but: {told:?}");
        }
    }

    /// How many bytes of frames wait to be looked at.
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
