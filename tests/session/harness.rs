//! A fake clock and a scripted driver. A [`World`] holds a session, carries out what it asks for the way its
//! [`Server`] says, moves the clock from deadline to deadline, and writes down what came out, in order.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use slack_rtm_native::session::{
    ApiError, ApiResponse, CallId, CloseReason, Config, ConnectResponse, ConnectionId, Delivery, Diagnostic,
    Event, Frame, Input, LogLevel, Message, Output, Session, SocketError,
};

use crate::trace::{Trace, line_of};

pub(crate) fn ms(count: u64) -> Duration {
    Duration::from_millis(count)
}

pub(crate) fn secs(count: u64) -> Duration {
    Duration::from_secs(count)
}

/// Some moment. All others are reckoned from it.
pub(crate) fn some_moment() -> Instant {
    #[expect(clippy::disallowed_methods, reason = "an `Instant` can be had in no other way; any one will do")]
    Instant::now()
}

/// What becomes of a socket that the session dials.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Dial {
    /// It opens, and `hello` comes.
    Hello,
    /// It opens, `hello` comes, and the server closes.
    HelloThenClose,
    /// The upgrade is refused.
    Refused,
    /// It opens, and nothing comes.
    Mute,
    /// Nothing happens.
    Silence,
}

/// Which outgoing frames the server answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Replies {
    All,
    Pings,
    None,
}

/// How the other side behaves. Answers take no time; a test that wants one late switches it off and gives it itself.
#[derive(Debug, Clone)]
pub(crate) struct Server {
    /// What ends a connect call; `None`: nothing does.
    pub(crate) answer: Option<Result<ConnectResponse, ApiError>>,
    pub(crate) dial: Dial,
    pub(crate) replies: Replies,
    /// Whether the socket takes what is written.
    pub(crate) flushes: bool,
    /// Whether the close handshake is answered.
    pub(crate) closes: bool,
}

impl Server {
    fn healthy() -> Self {
        let answer = Some(Ok(answer()));
        Self { answer, dial: Dial::Hello, replies: Replies::All, flushes: true, closes: true }
    }

    fn react(&self, connection: ConnectionId, output: &Output) -> Vec<Input> {
        match output {
            Output::Connect { connection, .. } => {
                let result = self.answer.clone();
                result
                    .map(|result| Input::ConnectFinished { connection: *connection, result })
                    .into_iter()
                    .collect()
            }
            Output::Open { connection, .. } => self.dialled(*connection),
            Output::Write { frame } => self.written(connection, frame),
            Output::Close if self.closes => {
                vec![Input::Closed {
                    connection,
                    reason: CloseReason::Closed { code: 1000, reason: String::new() },
                }]
            }
            Output::Close | Output::Drop | Output::Pong | Output::Deliver(_) => Vec::new(),
        }
    }

    fn dialled(&self, connection: ConnectionId) -> Vec<Input> {
        let opened = Input::Opened { connection };
        let hello = Input::Frame { connection, frame: Frame::read(r#"{"type":"hello"}"#) };
        match self.dial {
            Dial::Hello => vec![opened, hello],
            Dial::HelloThenClose => {
                let closure = CloseReason::Closed { code: 1006, reason: String::new() };
                vec![opened, hello, Input::Closed { connection, reason: closure }]
            }
            Dial::Refused => vec![Input::Closed { connection, reason: CloseReason::Failed(refusal()) }],
            Dial::Mute => vec![opened],
            Dial::Silence => Vec::new(),
        }
    }

    fn written(&self, connection: ConnectionId, frame: &Bytes) -> Vec<Input> {
        let frame: serde_json::Value = serde_json::from_slice(frame).expect("a frame is JSON");
        let replies = match self.replies {
            Replies::All => true,
            Replies::Pings => frame["type"] == "ping",
            Replies::None => false,
        };
        let reply = format!(r#"{{"ok":true,"reply_to":{}}}"#, frame["id"]);
        let flushed = self.flushes.then_some(Input::Flushed { connection });
        let reply = replies.then(|| Input::Frame { connection, frame: Frame::read(reply) });
        flushed.into_iter().chain(reply).collect()
    }
}

/// A session, its server, and the clock.
pub(crate) struct World {
    pub(crate) session: Session,
    pub(crate) server: Server,
    pub(crate) now: Instant,
    /// The number of the last connect call.
    pub(crate) connection: ConnectionId,
    /// How many pongs went out that nobody had asked for.
    pub(crate) heartbeats: usize,
    /// What came out, but for log lines, `outgoing_message` and heartbeats.
    pub(crate) trace: Trace,
    /// The lifecycle events that came out.
    pub(crate) events: Vec<Event>,
    /// The log lines that came out.
    pub(crate) logs: Vec<(LogLevel, String)>,
    /// What was told beside the events.
    pub(crate) diagnostics: Vec<Diagnostic>,
    /// The frames that came out as `outgoing_message`.
    pub(crate) outgoing: Vec<String>,
    labels: Vec<String>,
    epoch: Instant,
}

impl World {
    /// A new session and a healthy server.
    pub(crate) fn new(config: Config) -> Self {
        Self::with_seed(config, 1)
    }

    pub(crate) fn with_seed(config: Config, seed: u64) -> Self {
        let now = some_moment();
        Self {
            session: Session::new(config, seed, now),
            server: Server::healthy(),
            now,
            connection: ConnectionId::default(),
            heartbeats: 0,
            trace: Trace::default(),
            events: Vec::new(),
            logs: Vec::new(),
            diagnostics: Vec::new(),
            outgoing: Vec::new(),
            labels: Vec::new(),
            epoch: now,
        }
    }

    /// A session that is `ready`.
    pub(crate) fn ready(config: Config) -> Self {
        let mut world = Self::new(config);
        world.start("start");
        assert_eq!(world.trace.take().last().map(String::as_str), Some("ready"));
        world
    }

    /// How long the world has stood.
    pub(crate) fn elapsed(&self) -> Duration {
        self.now - self.epoch
    }

    // ── What the user does; the label names the promise in the trace ─────────────────────────────────────────────

    pub(crate) fn start(&mut self, label: &str) {
        self.start_with(label, "");
    }

    pub(crate) fn start_with(&mut self, label: &str, options: &str) {
        let (call, options) = (self.call(label), Arc::from(options));
        self.feed(Input::Start { call, options });
    }

    pub(crate) fn disconnect(&mut self, label: &str) {
        let call = self.call(label);
        self.feed(Input::Disconnect { call });
    }

    pub(crate) fn send(&mut self, label: &str) {
        let (call, message) = (self.call(label), message(label));
        self.feed(Input::Send { call, message });
    }

    pub(crate) fn enqueue(&mut self, label: &str, await_reply: bool) {
        let (call, message) = (self.call(label), message(label));
        self.feed(Input::Enqueue { call, await_reply, message });
    }

    pub(crate) fn ping(&mut self, label: &str) {
        let call = self.call(label);
        self.feed(Input::Ping { call });
    }

    fn call(&mut self, label: &str) -> CallId {
        self.labels.push(label.to_owned());
        CallId(u32::try_from(self.labels.len() - 1).expect("few calls"))
    }

    // ── What the network does, on the latest connection ──────────────────────────────────────────────────────────

    pub(crate) fn answered(&mut self, result: Result<ConnectResponse, ApiError>) {
        self.feed(Input::ConnectFinished { connection: self.connection, result });
    }

    pub(crate) fn opened(&mut self) {
        self.feed(Input::Opened { connection: self.connection });
    }

    pub(crate) fn frame(&mut self, data: impl Into<Bytes>) {
        self.feed(Input::Frame { connection: self.connection, frame: Frame::read(data) });
    }

    pub(crate) fn hello(&mut self) {
        self.frame(r#"{"type":"hello"}"#);
    }

    pub(crate) fn reply_to(&mut self, id: u64) {
        self.frame(format!(r#"{{"ok":true,"reply_to":{id}}}"#));
    }

    pub(crate) fn flushed(&mut self) {
        self.feed(Input::Flushed { connection: self.connection });
    }

    /// The server closes.
    pub(crate) fn closed(&mut self, code: u16, reason: &str) {
        let closure = CloseReason::Closed { code, reason: reason.to_owned() };
        self.feed(Input::Closed { connection: self.connection, reason: closure });
    }

    /// A transport error.
    pub(crate) fn broken(&mut self, error: SocketError) {
        self.feed(Input::Closed { connection: self.connection, reason: CloseReason::Failed(error) });
    }

    pub(crate) fn reading(&mut self, paused: bool) {
        self.feed(Input::ReadPaused { paused });
    }

    // ── The clock ────────────────────────────────────────────────────────────────────────────────────────────────

    /// Lets this much time pass, with every deadline kept to the moment.
    pub(crate) fn advance(&mut self, by: Duration) {
        let end = self.now + by;
        let mut at_one_moment = 0;
        while let Some(deadline) = self.session.poll_timeout().filter(|deadline| *deadline <= end) {
            at_one_moment = if deadline > self.now { 0 } else { at_one_moment + 1 };
            assert!(at_one_moment < 10, "a busy loop");
            self.now = self.now.max(deadline);
            self.feed(Input::Timeout);
        }
        self.now = end;
    }

    /// Goes to the next deadline; tells how far it was.
    pub(crate) fn advance_to_deadline(&mut self) -> Duration {
        let deadline = self.session.poll_timeout().expect("there is a deadline");
        let by = deadline.saturating_duration_since(self.now);
        self.advance(by);
        by
    }

    /// One input, and all that follows from it at once.
    pub(crate) fn feed(&mut self, input: Input) {
        let mut inputs = VecDeque::from([input]);
        while let Some(input) = inputs.pop_front() {
            let is_timeout = matches!(input, Input::Timeout);
            self.session.handle(self.now, input);
            let next = self.session.poll_timeout();
            assert!(!is_timeout || next.is_none_or(|next| next > self.now), "a busy loop");
            while let Some(output) = self.session.poll_output() {
                if let Output::Connect { connection, .. } = output {
                    self.connection = connection;
                }
                inputs.extend(self.server.react(self.connection, &output));
                self.record(output);
            }
        }
    }

    fn record(&mut self, output: Output) {
        for line in line_of(&output, &self.labels) {
            self.trace.push(self.elapsed(), line);
        }
        match output {
            Output::Pong => self.heartbeats += 1,
            Output::Deliver(Delivery::Log { level, text }) => self.logs.push((level, text)),
            Output::Deliver(Delivery::Diagnostic(diagnostic)) => self.diagnostics.push(diagnostic),
            Output::Deliver(Delivery::Outgoing { frame }) => {
                self.outgoing.push(String::from_utf8(frame.into()).expect("a frame is text"));
            }
            Output::Deliver(Delivery::Event(event)) => self.events.push(event),
            _ => {}
        }
    }
}

// ── Things to feed ───────────────────────────────────────────────────────────────────────────────────────────────

/// A message of this text.
pub(crate) fn message(text: &str) -> Message {
    Message::new(format!(r#"{{"text":"{text}","type":"message"}}"#)).expect("an object")
}

/// What a method's body comes to.
pub(crate) fn connect_answer(method: &str, body: Bytes) -> Result<ConnectResponse, ApiError> {
    ConnectResponse::from_answer(method, ApiResponse::read(method, body)?)
}

/// A good answer of the connect call.
pub(crate) fn answer() -> ConnectResponse {
    let body = r#"{"ok":true,"url":"wss:\/\/slack.test\/t1cket","self":{"id":"U1"},"team":{"id":"T1"}}"#;
    connect_answer("rtm.connect", Bytes::from_static(body.as_bytes())).expect("a good answer")
}

pub(crate) fn platform_error(code: &str) -> ApiError {
    let body = format!(r#"{{"ok":false,"error":"{code}"}}"#);
    connect_answer("rtm.connect", body.into()).expect_err("an error")
}

pub(crate) fn http_error(status: u16) -> ApiError {
    let [method, reason, body] = ["rtm.connect".to_owned(), String::new(), String::new()];
    ApiError::Http { method, status, reason, headers: Vec::new(), body, retry_after: Duration::ZERO }
}

pub(crate) fn request_error() -> ApiError {
    let cause = "connect ECONNREFUSED".to_owned();
    ApiError::Request { message: format!("no answer: {cause}"), cause, code: Some("ECONNREFUSED".into()) }
}

pub(crate) fn rate_limit(retry_after: Duration) -> ApiError {
    ApiError::RateLimited { method: "rtm.connect".to_owned(), retry_after }
}

/// What a `WebClient` of the user's failed with; it was told to wait for so long.
pub(crate) fn web_client_error(code: Option<&str>, gave_up: bool, retry_after: Duration) -> ApiError {
    let message = code.unwrap_or("no answer").to_owned();
    ApiError::WebClient { message, error: code.map(str::to_owned), gave_up, retry_after }
}

/// A good answer of a `WebClient` of the user's: its body stays with the user's side.
pub(crate) fn answer_without_body() -> ConnectResponse {
    ConnectResponse { answer: None, ..answer() }
}

/// A refused upgrade.
pub(crate) fn refusal() -> SocketError {
    let message = "the server refused the upgrade with HTTP status 404".to_owned();
    SocketError::new(message, None)
}

/// A connection that was reset.
pub(crate) fn reset() -> SocketError {
    let message = "read ECONNRESET".to_owned();
    SocketError::new(message, Some("ECONNRESET".into()))
}
