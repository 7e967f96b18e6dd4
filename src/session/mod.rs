//! The client's protocol as a state machine without I/O.
//!
//! # Sans-I/O
//!
//! A [`Session`] makes all decisions of a client: when to connect, which events to emit, when to send a ping, when to
//! give up. It opens no socket, reads no clock and needs no async runtime. A driver does these things for it
//! ([`driver`](crate::driver) is the one for tokio):
//!
//! 1. It reports each event with [`Session::handle`]: an [`Input`] and the current time.
//! 2. It executes the [`Output`]s that [`Session::poll_output`] returns, one after the other, until there are none
//!    left.
//! 3. It waits for the next event. If none comes before [`Session::poll_timeout`], it reports [`Input::Timeout`].
//!
//! Time is a parameter, so a test of a two-hour outage takes milliseconds (`tests/session/`). The order of the outputs
//! is the order of events for the user: lifecycle events, frames, settled calls and log lines are all outputs.
//!
//! ```
//! use std::time::Instant;
//!
//! use slack_rtm_native::session::{CallId, Config, Input, Output, Session};
//!
//! let now = Instant::now();
//! let mut session = Session::new(Config::default(), 7, now);
//! session.handle(now, Input::Start { call: CallId(0), options: "".into() });
//! let mut outputs = std::iter::from_fn(|| session.poll_output());
//! assert!(outputs.any(|output| matches!(output, Output::Connect { .. })));
//! ```
//!
//! # Inputs and outputs
//!
//! | from | input |
//! |---|---|
//! | the user | `Start`, `Disconnect`, `Send`, `Enqueue`, `Ping` |
//! | the network | `ConnectFinished`, `Opened`, `Frame`, `Activity`, `Flushed`, `Closed` |
//! | the driver | `ReadPaused`, `Timeout` |
//!
//! | to | output |
//! |---|---|
//! | the network | `Connect`, `Open`, `Write`, `Pong`, `Close`, `Drop` |
//! | the user | `Deliver`: a [`Delivery`], for example a lifecycle [`Event`], a frame, or a settled call |
//!
//! Each call of the user's has a [`CallId`] and settles once, with an [`Outcome`] or with the frame that
//! replies to its message. Each connect call, and the socket that it leads to, has a [`ConnectionId`]. An input with
//! another id than the current one is ignored, so nothing of a dropped connection can arrive late.
//!
//! # States
//!
//! ```text
//!              start()                connect call          socket opens         hello         replies
//! disconnected ──────► authenticating ───────────► authenticated ──────► handshaking ──► resuming ──────► ready
//!                            ▲
//!                            │ after a pause
//!                      reconnecting ◄── a temporary error of the connect call, or a lost connection
//! ```
//!
//! - `resuming` is skipped unless replies to messages of an earlier connection are awaited.
//! - `disconnect()` leads from each state through `disconnecting` to `disconnected`.
//! - A permanent error, exhausted retries, or a lost connection without `autoReconnect` lead to `disconnected`.
//!
//! docs/lifecycle.md describes the states and their events for users.
//!
//! # Where to look next
//!
//! | question | module |
//! |---|---|
//! | Which inputs and outputs are there? | `io`; errors: `failure`, `api_error` |
//! | Where does the state change? | `lifecycle` (`Session::enter`); the states: `state` |
//! | How does a client connect? | `connect`; the response: `response` |
//! | What happens when a connection is lost? | `connection_loss`; the pauses: `backoff`, `retry` |
//! | What happens at a deadline? | `deadlines`; the timers: `timer`; pauses of reading and sleep: `read_clock` |
//! | How are frames, messages, replies and pings handled? | `rtm` |
//! | How do secrets stay out of logs? | `redact` |
//!
//! The modules at this level do what every protocol of Slack's needs that sends events over a socket: RTM today, Socket
//! Mode later. The code that only RTM needs is in `rtm`.
//!
//! Modules that hold data (`connection`, `retry`, `timer`, `rtm::keepalive`, …) do not know [`Session`]. Modules that
//! make decisions (`lifecycle`, `connect`, `connection_loss`, `deadlines`, `rtm::incoming`, …) are parts of `impl
//! Session`.

mod api_error;
mod backoff;
mod config;
mod connect;
mod connection;
mod connection_loss;
mod deadlines;
mod failure;
mod frame;
mod ids;
mod io;
mod json;
mod lifecycle;
mod message;
mod outputs;
mod read_clock;
mod redact;
mod response;
mod retry;
mod rtm;
mod state;
mod text;
mod timer;

use std::sync::Arc;
use std::time::{Duration, Instant};

pub use api_error::{ApiError, ErrorCode};
pub use backoff::{LONGEST_RECONNECT_PAUSE, RetryConfig};
pub use config::Config;
pub use failure::{ErrorReport, Failure, SocketError};
pub use frame::{Frame, FrameField, FrameHead, FrameToken, InvalidJson};
pub use ids::{CallId, ConnectionId, MessageId};
pub use io::{CloseReason, Delivery, Diagnostic, Event, Input, LogLevel, Outcome, Output, Secret};
pub use message::Message;
pub use response::{ApiResponse, ConnectResponse};
pub use retry::Retries;

use connection::Connection;
use outputs::Outputs;
use read_clock::ReadClock;
use retry::RetryState;
use rtm::Rtm;
use state::State;
use timer::Timers;

/// A client's protocol as a state machine: see the [module documentation](self).
#[derive(Debug)]
pub struct Session {
    config: Config,
    rng: fastrand::Rng,
    state: State,
    connection: Connection,
    retry: RetryState,
    read_clock: ReadClock,
    timers: Timers,
    outputs: Outputs,
    /// The options of the last `start()`: the form fields of the connect call.
    connect_options: Arc<str>,
    /// The calls of `start()` that are not settled.
    starts: Vec<CallId>,
    /// The calls of `disconnect()` that are not settled.
    disconnects: Vec<CallId>,
    rtm: Rtm,
}

impl Session {
    /// A session in the state `disconnected`. The seed determines the random part of all pauses.
    pub fn new(config: Config, seed: u64, now: Instant) -> Self {
        Self {
            rng: fastrand::Rng::with_seed(seed),
            state: State::Disconnected,
            connection: Connection::new(now),
            retry: RetryState::new(now),
            read_clock: ReadClock::default(),
            timers: Timers::default(),
            outputs: Outputs::new(config.log_level),
            connect_options: Arc::from(""),
            starts: Vec::new(),
            disconnects: Vec::new(),
            rtm: Rtm::new(&config, now),
            config,
        }
    }

    /// Reports an event to the session. Take the outputs afterwards.
    ///
    /// An input of an earlier connection is ignored, and so is an input that makes no sense in the current state.
    pub fn handle(&mut self, now: Instant, input: Input) {
        match input {
            Input::Start { call, options } => self.on_start(now, call, options),
            Input::Disconnect { call } => self.on_disconnect(now, call),
            Input::Send { call, message } => self.on_send(now, call, message),
            Input::Enqueue { call, await_reply, message } => self.on_enqueue(now, call, await_reply, message),
            Input::Ping { call } => self.on_ping(now, call),
            Input::ConnectFinished { connection, result } if self.is_current(connection) => match result {
                Ok(response) => self.on_connect_response(now, connection, response),
                Err(error) => self.on_connect_error(now, error),
            },
            Input::Opened { connection } if self.is_current(connection) => self.on_opened(now),
            Input::Frame { connection, frame } if self.is_current(connection) => self.on_frame(now, frame),
            Input::Activity { connection } if self.is_current(connection) => self.on_activity(now),
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
            Input::ReadPaused { paused } => self.on_read_paused(now, paused),
            Input::Timeout => self.on_timeout(now),
        }
        self.schedule_reply_timeout();
    }

    /// The next output. `None` until the next input.
    pub fn poll_output(&mut self) -> Option<Output> {
        self.outputs.pop()
    }

    /// When [`Input::Timeout`] is due if no other input comes earlier. `None` if the session waits for nothing.
    pub fn poll_timeout(&self) -> Option<Instant> {
        self.timers.next(self.read_clock.is_paused())
    }

    /// As [`poll_timeout`](Self::poll_timeout), but a ping of the keepalive is due at the time that `round_up` returns
    /// for its deadline.
    ///
    /// A ping need not be sent at an exact time. A driver of many clients can round their deadlines up to common times
    /// and wakes up less often.
    pub fn poll_timeout_with(&self, round_up: impl Fn(Instant) -> Instant) -> Option<Instant> {
        self.timers.next_with(self.read_clock.is_paused(), round_up)
    }

    /// The id of the last message that was sent. Zero before the first one.
    pub fn last_message_id(&self) -> MessageId {
        self.rtm.outgoing.last_id()
    }

    /// Gives the next message the id that follows `last`. Use this if the session replaces another one of the same
    /// client: the ids of a client must increase.
    pub fn continue_after(&mut self, last: MessageId) {
        self.rtm.outgoing.continue_after(last);
    }

    /// The round-trip time of the last ping that was answered. `None` before the first one.
    pub fn latency(&self) -> Option<Duration> {
        self.rtm.keepalive.latency()
    }

    fn is_current(&self, connection: ConnectionId) -> bool {
        self.connection.is_current(connection)
    }
}
