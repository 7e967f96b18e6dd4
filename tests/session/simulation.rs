//! A session, a scripted server and a fake clock.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use slack_rtm_native::session::{
    ApiError, ApiResponse, CallId, CloseReason, Config, ConnectResponse, ConnectionId, Delivery, Diagnostic,
    Event, Frame, Input, LogLevel, Message, Output, Session, SocketError,
};

use crate::output_lines::{OutputLines, lines_of};

pub(crate) fn ms(count: u64) -> Duration {
    Duration::from_millis(count)
}

pub(crate) fn secs(count: u64) -> Duration {
    Duration::from_secs(count)
}

/// The time at which a simulation begins.
pub(crate) fn some_time() -> Instant {
    #[expect(
        clippy::disallowed_methods,
        reason = "there is no other way to make an `Instant`; any instant will do"
    )]
    Instant::now()
}

/// What the server does with a socket that the session opens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum SocketScript {
    /// It opens, and `hello` arrives.
    Hello,
    /// It opens, `hello` arrives, and the server ends the connection.
    HelloThenClose,
    /// The upgrade is refused.
    Refused,
    /// It opens, and nothing arrives.
    OpensWithoutHello,
    /// It neither opens nor fails.
    NeverOpens,
}

/// To which frames the server replies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Replies {
    All,
    Pings,
    None,
}

/// How the server behaves. It reacts immediately. A test that needs a late reaction turns it off here and feeds the
/// input itself.
#[derive(Debug, Clone)]
pub(crate) struct Server {
    /// The result of a connect call. `None`: the call does not end.
    pub(crate) connect_result: Option<Result<ConnectResponse, ApiError>>,
    pub(crate) socket: SocketScript,
    pub(crate) replies: Replies,
    /// Whether the socket writes the frames that it gets.
    pub(crate) flushes: bool,
    /// Whether the server answers the close handshake.
    pub(crate) answers_close: bool,
}

impl Server {
    pub(crate) fn healthy() -> Self {
        Self {
            connect_result: Some(Ok(connect_response())),
            socket: SocketScript::Hello,
            replies: Replies::All,
            flushes: true,
            answers_close: true,
        }
    }

    fn react(&self, connection: ConnectionId, output: &Output) -> Vec<Input> {
        match output {
            Output::Connect { connection, .. } => {
                let result = self.connect_result.clone();
                result
                    .map(|result| Input::ConnectFinished { connection: *connection, result })
                    .into_iter()
                    .collect()
            }
            Output::Open { connection, .. } => self.open(*connection),
            Output::Write { frame } => self.write(connection, frame),
            Output::Close if self.answers_close => {
                vec![Input::Closed {
                    connection,
                    reason: CloseReason::Closed { code: 1000, reason: String::new() },
                }]
            }
            Output::Close | Output::Drop | Output::Pong | Output::Deliver(_) => Vec::new(),
        }
    }

    fn open(&self, connection: ConnectionId) -> Vec<Input> {
        let opened = Input::Opened { connection };
        let hello = Input::Frame { connection, frame: Frame::read(r#"{"type":"hello"}"#) };
        match self.socket {
            SocketScript::Hello => vec![opened, hello],
            SocketScript::HelloThenClose => {
                let reason = CloseReason::Closed { code: 1006, reason: String::new() };
                vec![opened, hello, Input::Closed { connection, reason }]
            }
            SocketScript::Refused => {
                vec![Input::Closed { connection, reason: CloseReason::Failed(refused_upgrade()) }]
            }
            SocketScript::OpensWithoutHello => vec![opened],
            SocketScript::NeverOpens => Vec::new(),
        }
    }

    fn write(&self, connection: ConnectionId, frame: &Bytes) -> Vec<Input> {
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

/// A session, its server and its clock. It executes the session's outputs and records them.
pub(crate) struct Simulation {
    pub(crate) session: Session,
    pub(crate) server: Server,
    pub(crate) now: Instant,
    /// The id of the last connect call.
    pub(crate) connection: ConnectionId,
    /// How many unsolicited pongs were sent.
    pub(crate) unsolicited_pongs: usize,
    /// The outputs as lines, except for log lines, diagnostics, `outgoing_message` and unsolicited pongs.
    pub(crate) lines: OutputLines,
    /// The lifecycle events.
    pub(crate) events: Vec<Event>,
    /// The log lines.
    pub(crate) logs: Vec<(LogLevel, String)>,
    /// The messages for `node:diagnostics_channel`.
    pub(crate) diagnostics: Vec<Diagnostic>,
    /// The frames of `outgoing_message`.
    pub(crate) outgoing: Vec<String>,
    /// The labels of the calls. A call's id is its index here.
    labels: Vec<String>,
    start: Instant,
}

impl Simulation {
    /// A new session and a healthy server.
    pub(crate) fn new(config: Config) -> Self {
        Self::with_seed(config, 1)
    }

    pub(crate) fn with_seed(config: Config, seed: u64) -> Self {
        let now = some_time();
        Self {
            session: Session::new(config, seed, now),
            server: Server::healthy(),
            now,
            connection: ConnectionId::default(),
            unsolicited_pongs: 0,
            lines: OutputLines::default(),
            events: Vec::new(),
            logs: Vec::new(),
            diagnostics: Vec::new(),
            outgoing: Vec::new(),
            labels: Vec::new(),
            start: now,
        }
    }

    /// A session that is `ready`.
    pub(crate) fn ready(config: Config) -> Self {
        let mut sim = Self::new(config);
        sim.start("start");
        assert_eq!(sim.lines.take().last().map(String::as_str), Some("ready"));
        sim
    }

    /// The time since the simulation began.
    pub(crate) fn elapsed(&self) -> Duration {
        self.now - self.start
    }

    // ── The user's calls. The label names the call in the lines. ────────────────────────────────────────────────────

    pub(crate) fn start(&mut self, label: &str) {
        self.start_with(label, "");
    }

    pub(crate) fn start_with(&mut self, label: &str, options: &str) {
        let (call, options) = (self.new_call(label), Arc::from(options));
        self.feed(Input::Start { call, options });
    }

    pub(crate) fn disconnect(&mut self, label: &str) {
        let call = self.new_call(label);
        self.feed(Input::Disconnect { call });
    }

    pub(crate) fn send(&mut self, label: &str) {
        let (call, message) = (self.new_call(label), message(label));
        self.feed(Input::Send { call, message });
    }

    pub(crate) fn enqueue(&mut self, label: &str, await_reply: bool) {
        let (call, message) = (self.new_call(label), message(label));
        self.feed(Input::Enqueue { call, await_reply, message });
    }

    pub(crate) fn ping(&mut self, label: &str) {
        let call = self.new_call(label);
        self.feed(Input::Ping { call });
    }

    fn new_call(&mut self, label: &str) -> CallId {
        self.labels.push(label.to_owned());
        CallId(u32::try_from(self.labels.len() - 1).expect("few calls"))
    }

    // ── Inputs of the network, on the last connection ───────────────────────────────────────────────────────────────

    pub(crate) fn connect_finished(&mut self, result: Result<ConnectResponse, ApiError>) {
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

    pub(crate) fn closed(&mut self, code: u16, reason: &str) {
        let reason = CloseReason::Closed { code, reason: reason.to_owned() };
        self.feed(Input::Closed { connection: self.connection, reason });
    }

    pub(crate) fn transport_error(&mut self, error: SocketError) {
        self.feed(Input::Closed { connection: self.connection, reason: CloseReason::Failed(error) });
    }

    pub(crate) fn read_paused(&mut self, paused: bool) {
        self.feed(Input::ReadPaused { paused });
    }

    // ── The clock ───────────────────────────────────────────────────────────────────────────────────────────────────

    /// Advances the clock. Each deadline on the way is handled exactly in time.
    pub(crate) fn advance(&mut self, by: Duration) {
        let end = self.now + by;
        let mut at_the_same_time = 0;
        while let Some(deadline) = self.session.poll_timeout().filter(|deadline| *deadline <= end) {
            at_the_same_time = if deadline > self.now { 0 } else { at_the_same_time + 1 };
            assert!(at_the_same_time < 10, "a busy loop");
            self.now = self.now.max(deadline);
            self.feed(Input::Timeout);
        }
        self.now = end;
    }

    /// Advances the clock to the next deadline, and returns how far it was.
    pub(crate) fn advance_to_deadline(&mut self) -> Duration {
        let deadline = self.session.poll_timeout().expect("there is a deadline");
        let by = deadline.saturating_duration_since(self.now);
        self.advance(by);
        by
    }

    /// Feeds one input, and everything that the server does in reaction to its outputs.
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
        for line in lines_of(&output, &self.labels) {
            self.lines.push(self.elapsed(), line);
        }
        match output {
            Output::Pong => self.unsolicited_pongs += 1,
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

// ── Messages, responses and errors to feed ──────────────────────────────────────────────────────────────────────────

pub(crate) fn message(text: &str) -> Message {
    Message::new(format!(r#"{{"text":"{text}","type":"message"}}"#)).expect("an object")
}

/// Reads the body of a response to the connect call.
pub(crate) fn read_connect_response(method: &str, body: Bytes) -> Result<ConnectResponse, ApiError> {
    ConnectResponse::from_response(method, ApiResponse::read(method, body)?)
}

pub(crate) fn connect_response() -> ConnectResponse {
    let body = r#"{"ok":true,"url":"wss:\/\/slack.test\/t1cket","self":{"id":"U1"},"team":{"id":"T1"}}"#;
    read_connect_response("rtm.connect", Bytes::from_static(body.as_bytes())).expect("a usable response")
}

/// The response to a connect call that the `webClient` option's object made: JavaScript keeps the body.
pub(crate) fn response_without_body() -> ConnectResponse {
    ConnectResponse { response: None, ..connect_response() }
}

pub(crate) fn platform_error(code: &str) -> ApiError {
    let body = format!(r#"{{"ok":false,"error":"{code}"}}"#);
    read_connect_response("rtm.connect", body.into()).expect_err("an error")
}

pub(crate) fn http_error(status: u16) -> ApiError {
    let [method, reason, body] = ["rtm.connect".to_owned(), String::new(), String::new()];
    ApiError::Http { method, status, reason, headers: Vec::new(), body, retry_after: Duration::ZERO }
}

pub(crate) fn request_error() -> ApiError {
    let cause = "connect ECONNREFUSED".to_owned();
    ApiError::Request { message: format!("no response: {cause}"), cause, code: Some("ECONNREFUSED".into()) }
}

pub(crate) fn rate_limit(retry_after: Duration) -> ApiError {
    ApiError::RateLimited { method: "rtm.connect".to_owned(), retry_after }
}

/// The error of a connect call that the `webClient` option's object made.
pub(crate) fn web_client_error(code: Option<&str>, gave_up: bool, retry_after: Duration) -> ApiError {
    let message = code.unwrap_or("no response").to_owned();
    ApiError::WebClient { message, error: code.map(str::to_owned), gave_up, retry_after }
}

pub(crate) fn refused_upgrade() -> SocketError {
    let message = "the server refused the upgrade with HTTP status 404".to_owned();
    SocketError::new(message, None)
}

pub(crate) fn connection_reset() -> SocketError {
    let message = "read ECONNRESET".to_owned();
    SocketError::new(message, Some("ECONNRESET".into()))
}
