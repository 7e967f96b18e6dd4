//! The RTM session as a state machine: lifecycle, keepalive, outgoing messages, replies, backoff.
//!
//! It owns every decision and touches nothing: no socket, no clock, no runtime, no Node. A driver feeds it with
//! [`Session::handle`], carries out what [`Session::poll_output`] gives, and comes back at
//! [`Session::poll_timeout`]. Time is a parameter, so two hours of outage take a test no time at all.

mod api_error;
mod backoff;
mod deadlines;
mod frame;
mod io;
mod lifecycle;
mod loss;
mod outgoing;
mod redact;
mod response;
mod timer;
mod traffic;

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::{Duration, Instant};

pub use api_error::{ApiError, ErrorCode};
pub use backoff::{LONGEST_RECONNECT_PAUSE, Retries, RetryConfig};
pub use frame::{Frame, FrameHead, FrameToken, InvalidJson, Name};
pub use io::{
    CallId, CloseReason, ConnectionId, Delivery, Diagnostic, ErrorReport, Event, Failure, Input, LogLevel,
    Message, MessageId, Outcome, Output, Secret, SocketError,
};
use redact::authority;
pub(crate) use redact::redact;
pub use response::{ApiResponse, ConnectResponse};
pub use timer::Timer;

use api_error::Verdict;
use backoff::words_of;
use outgoing::{Answered, Limits, OnWritten, Outgoing};
use timer::Timers;

/// How long the close handshake of `disconnect()` may take before the connection is dropped.
const CLOSE_TIMEOUT: Duration = Duration::from_secs(3);

/// While the reader is paused, a server's pings stand unread behind its events. So often it gets a pong all the same.
const HEARTBEAT: Duration = Duration::from_secs(1);

/// A connection that stood for so long has proved that the server is well: pauses begin anew.
const STABLE_AFTER: Duration = Duration::from_secs(30);

/// A deadline that is kept so late tells that the process slept.
const SLEPT: Duration = Duration::from_millis(100);

/// After a sleep, what has arrived meanwhile is read within this time.
const TIME_TO_READ: Duration = Duration::from_millis(500);

/// The close code of a connection that ended without a close frame (RFC 6455, section 7.1.5).
const ABNORMAL_CLOSURE: u16 = 1006;

/// The options that the session knows.
#[derive(Debug, Clone)]
pub struct Config {
    /// Reconnect when the connection is lost and nobody asked for it.
    pub auto_reconnect: bool,
    /// Refuse unencrypted sockets (the API is reached by `https:`).
    pub secure_only: bool,
    /// `clientPingTimeout`; none: no keepalive.
    pub client_ping_timeout: Option<Duration>,
    /// `serverPongTimeout`
    pub server_pong_timeout: Duration,
    /// `replyAckOnReconnectTimeout`
    pub reply_ack_timeout: Duration,
    /// `connectTimeout`; none: no limit.
    pub connect_timeout: Option<Duration>,
    /// `replyTimeout`; none: off.
    pub reply_timeout: Option<Duration>,
    /// `maxPendingReplies`; `usize::MAX`: no limit.
    pub max_pending_replies: usize,
    /// `retryConfig`
    pub retry: RetryConfig,
    /// Log lines below this level are not made.
    pub log_level: LogLevel,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            auto_reconnect: true,
            secure_only: true,
            client_ping_timeout: Some(Duration::from_secs(6)),
            server_pong_timeout: Duration::from_secs(4),
            reply_ack_timeout: Duration::from_secs(2),
            connect_timeout: Some(Duration::from_secs(30)),
            reply_timeout: None,
            max_pending_replies: usize::MAX,
            retry: RetryConfig::default(),
            log_level: LogLevel::Info,
        }
    }
}

/// The states of the contract, each a situation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// Nothing is open and nothing is wanted.
    Disconnected,
    /// The connect call is under way, or waits for its repetition.
    Authenticating,
    /// The connect call was answered; the socket is being dialled.
    Authenticated,
    /// The socket is open; `hello` has not come yet.
    Handshaking,
    /// `hello` came on a new connection, and replies to messages of the one before are awaited, at the latest the
    /// one to `last`.
    Resuming { since: Instant, last: MessageId },
    /// Messages go out.
    Ready { since: Instant },
    /// `disconnect()` was called and the close handshake is under way; with `restart`, `start()` was called since.
    Disconnecting { restart: bool },
    /// The connection was lost; a pause is under way.
    Reconnecting,
}

impl State {
    /// The name in log lines: that of the contract, with the sub-state.
    fn name(self) -> &'static str {
        match self {
            State::Disconnected => "disconnected",
            State::Authenticating => "connecting:authenticating",
            State::Authenticated => "connecting:authenticated",
            State::Handshaking => "connecting:handshaking",
            State::Resuming { .. } => "connected:resuming",
            State::Ready { .. } => "connected:ready",
            State::Disconnecting { .. } => "disconnecting",
            State::Reconnecting => "reconnecting",
        }
    }
}

/// How far this session is from giving up, and how long its pauses are.
#[derive(Debug, Clone, Copy)]
struct Trouble {
    /// Whether `authenticated` was reached since `start()`: from then on passing trouble never ends the session.
    established: bool,
    /// Failed connect calls that count against `retryConfig`, and when the first of them was made.
    failed_calls: u32,
    since: Instant,
    /// Pauses and failed calls since a connection last stood for [`STABLE_AFTER`].
    setbacks: u32,
    /// Connect calls since the client was last ready.
    attempts: u32,
}

/// See the module.
#[derive(Debug)]
pub struct Session {
    config: Config,
    rng: fastrand::Rng,
    state: State,
    /// The connect call or socket under way.
    connection: Option<ConnectionId>,
    last_connection: ConnectionId,
    timers: Timers,
    outputs: VecDeque<Output>,
    outgoing: Outgoing,
    options: Arc<str>,
    /// The socket's server, and since when it is dialled.
    server: String,
    dialled: Instant,
    starts: Vec<CallId>,
    disconnects: Vec<CallId>,
    trouble: Trouble,
    /// The keepalive's last ping and when it was sent, until its pong.
    ping: Option<(MessageId, Instant)>,
    /// When something was last handed to the socket.
    last_outgoing: Instant,
    /// When something last arrived.
    last_incoming: Instant,
    latency: Option<Duration>,
    paused_since: Option<Instant>,
    /// Whether deadlines were put off after a sleep, and nothing was read since.
    excused: bool,
}

impl Session {
    /// A session that is `disconnected`. The seed decides all jitter.
    pub fn new(config: Config, seed: u64, now: Instant) -> Self {
        let limits =
            Limits { max_pending_replies: config.max_pending_replies, reply_timeout: config.reply_timeout };
        Self {
            config,
            rng: fastrand::Rng::with_seed(seed),
            state: State::Disconnected,
            connection: None,
            last_connection: ConnectionId::default(),
            timers: Timers::default(),
            outputs: VecDeque::new(),
            outgoing: Outgoing::new(limits),
            options: Arc::from(""),
            server: String::new(),
            dialled: now,
            starts: Vec::new(),
            disconnects: Vec::new(),
            trouble: Trouble { established: false, failed_calls: 0, since: now, setbacks: 0, attempts: 0 },
            ping: None,
            last_outgoing: now,
            last_incoming: now,
            latency: None,
            paused_since: None,
            excused: false,
        }
    }

    /// The next thing to do, in order; `None` until the next input.
    pub fn poll_output(&mut self) -> Option<Output> {
        self.outputs.pop_front()
    }

    /// When to come back with [`Input::Timeout`], whatever happens until then.
    pub fn poll_timeout(&self) -> Option<Instant> {
        self.timers.next(self.paused_since.is_some())
    }

    /// The same, where pings go out as late as `later` says: nobody waits for them.
    pub fn poll_timeout_with(&self, later: impl Fn(Instant) -> Instant) -> Option<Instant> {
        self.timers.next_with(self.paused_since.is_some(), later)
    }

    /// The id of the last message.
    pub fn last_message_id(&self) -> MessageId {
        self.outgoing.last_id()
    }

    /// Has ids go on after `last`: for a session that takes another one's place.
    pub fn continue_after(&mut self, last: MessageId) {
        self.outgoing.continue_after(last);
    }

    /// The round trip of the last ping that was answered.
    pub fn latency(&self) -> Option<Duration> {
        self.latency
    }

    /// Tells the session what happened. What bears the number of an earlier connection is ignored.
    pub fn handle(&mut self, now: Instant, input: Input) {
        match input {
            Input::Start { call, options } => self.on_start(now, call, options),
            Input::Disconnect { call } => self.on_disconnect(now, call),
            Input::Send { call, message } => self.on_send(now, call, message),
            Input::Enqueue { call, await_reply, message } => {
                self.outgoing.enqueue(call, await_reply, message);
                self.write_queued(now);
            }
            Input::Ping { call } => self.on_ping(now, call),
            Input::ConnectFinished { connection, result } if self.is_current(connection) => match result {
                Ok(answer) => self.on_answer(now, connection, answer),
                Err(error) => self.on_connect_error(now, error),
            },
            Input::Opened { connection } if self.is_current(connection) => self.on_opened(now),
            Input::Frame { connection, frame } if self.is_current(connection) => self.on_frame(now, frame),
            Input::Activity { connection } if self.is_current(connection) => self.on_sign_of_life(now),
            Input::Flushed { connection } if self.is_current(connection) => self.on_flushed(now),
            Input::Closed { connection, reason } if self.is_current(connection) => {
                self.on_closed(now, reason);
            }
            Input::ConnectFinished { .. }
            | Input::Opened { .. }
            | Input::Frame { .. }
            | Input::Activity { .. }
            | Input::Flushed { .. }
            | Input::Closed { .. } => {}
            Input::ReadPaused { paused } => self.on_reading(now, paused),
            Input::Timeout => self.on_timeout(now),
        }
        self.schedule_reply_timeout();
    }

    fn is_current(&self, connection: ConnectionId) -> bool {
        self.connection == Some(connection)
    }
}
