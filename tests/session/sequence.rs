//! A sequence of inputs, given to a session whose invariants are checked.
//!
//! The test `properties` and the fuzz target `session` choose the steps. Each sequence ends with a `disconnect()`, and
//! then with a connection to a healthy server, so that every call has to settle.

use std::time::{Duration, Instant};

use slack_rtm_native::session::{
    ApiError, CloseReason, Config, ConnectResponse, ConnectionId, Frame, Input, Message, Output, Session,
};

use crate::invariants::{CallKind, Coverage, InvariantChecker, NetworkState};
use crate::simulation::{connect_response, secs, some_time};

/// One step of a sequence.
#[derive(Debug, Clone)]
pub(crate) enum Step {
    /// The user calls a method. A message has a text of this many bytes.
    Call { kind: CallKind, bytes: usize },
    /// An input of the network.
    Network { connection: ConnectionChoice, input: NetworkInput },
    /// What a healthy server does next.
    HealthyServer,
    /// Reading is paused, or continues.
    ReadPaused(bool),
    /// Time passes. Each deadline is handled exactly in time.
    Wait(Duration),
    /// The next deadline is handled, late by this time.
    Deadline(Duration),
    /// A timeout, although no deadline has passed.
    EarlyTimeout,
}

/// The connection of an input: the current one, or one whose id is lower or higher by this number.
#[derive(Debug, Clone, Copy)]
pub(crate) enum ConnectionChoice {
    Current,
    Earlier(u64),
    Later(u64),
}

#[derive(Debug, Clone)]
pub(crate) enum NetworkInput {
    ConnectFinished(Result<ConnectResponse, ApiError>),
    Opened,
    Frame(Vec<u8>),
    /// A reply to a message: counted back from the id that follows the last message's.
    Reply(u64),
    Activity,
    Flushed,
    Closed(CloseReason),
}

/// A session in the middle of a sequence.
pub(crate) struct SequenceRun {
    session: Session,
    checker: InvariantChecker,
    now: Instant,
    /// Whether the healthy server has sent `hello` on the current socket.
    hello_sent: bool,
    /// The messages to which the healthy server has not replied.
    unanswered: Vec<u64>,
}

impl SequenceRun {
    pub(crate) fn new(config: Config, seed: u64) -> Self {
        let now = some_time();
        let checker = InvariantChecker::new(config.auto_reconnect);
        Self {
            session: Session::new(config, seed, now),
            checker,
            now,
            hello_sent: false,
            unanswered: Vec::new(),
        }
    }

    fn feed(&mut self, input: Input) {
        self.checker.on_input(&input);
        let is_timeout = matches!(input, Input::Timeout);
        self.session.handle(self.now, input);
        let mut outputs = 0;
        while let Some(output) = self.session.poll_output() {
            outputs += 1;
            assert!(outputs <= self.checker.max_outputs(), "too many outputs for one input");
            self.checker.on_output(&output);
            match output {
                Output::Open { .. } => self.hello_sent = false,
                Output::Write { .. } => self.unanswered.push(self.checker.last_id.0),
                _ => {}
            }
        }
        self.checker.after_input(self.now, is_timeout, self.session.poll_timeout());
    }

    pub(crate) fn step(&mut self, step: Step) {
        match step {
            Step::Call { kind, bytes } => self.call(kind, bytes),
            Step::Network { connection, input } => self.network(connection, input),
            Step::HealthyServer => self.healthy_server(),
            Step::ReadPaused(paused) => self.feed(Input::ReadPaused { paused }),
            Step::Wait(time) => self.wait(time),
            Step::Deadline(late_by) => {
                if let Some(deadline) = self.session.poll_timeout() {
                    self.now = self.now.max(deadline) + late_by;
                    self.feed(Input::Timeout);
                }
            }
            Step::EarlyTimeout => self.feed(Input::Timeout),
        }
    }

    fn call(&mut self, kind: CallKind, bytes: usize) {
        let call = self.checker.new_call(kind, self.now);
        let body = format!(r#"{{"call":{},"text":"{}","type":"message"}}"#, call.0, "x".repeat(bytes));
        let message = Message::new(body).expect("an object");
        self.feed(match kind {
            CallKind::Start => Input::Start { call, options: "".into() },
            CallKind::Disconnect => Input::Disconnect { call },
            CallKind::Send => Input::Send { call, message },
            CallKind::Enqueue { await_reply } => Input::Enqueue { call, await_reply, message },
            CallKind::Ping => Input::Ping { call },
        });
    }

    fn network(&mut self, connection: ConnectionChoice, input: NetworkInput) {
        let current = self.checker.connection;
        let connection = match connection {
            ConnectionChoice::Current => current,
            ConnectionChoice::Earlier(by) => ConnectionId(current.0.saturating_sub(by)),
            ConnectionChoice::Later(by) => ConnectionId(current.0 + by),
        };
        self.feed(match input {
            NetworkInput::ConnectFinished(result) => Input::ConnectFinished { connection, result },
            NetworkInput::Opened => Input::Opened { connection },
            NetworkInput::Frame(data) => Input::Frame { connection, frame: Frame::read(data) },
            NetworkInput::Reply(back) => {
                let id = (self.checker.last_id.0 + 1).saturating_sub(back);
                Input::Frame { connection, frame: Frame::read(format!(r#"{{"reply_to":{id}}}"#)) }
            }
            NetworkInput::Activity => Input::Activity { connection },
            NetworkInput::Flushed => Input::Flushed { connection },
            NetworkInput::Closed(reason) => Input::Closed { connection, reason },
        });
    }

    /// Does what a healthy server does next. If it has nothing to do, waits for the next deadline.
    fn healthy_server(&mut self) {
        let current = ConnectionChoice::Current;
        match self.checker.network {
            NetworkState::Idle | NetworkState::ConnectCallSucceeded => {
                if let Some(deadline) = self.session.poll_timeout() {
                    self.wait(deadline.saturating_duration_since(self.now));
                }
            }
            NetworkState::ConnectCall => {
                self.network(current, NetworkInput::ConnectFinished(Ok(connect_response())));
            }
            NetworkState::Opening => self.network(current, NetworkInput::Opened),
            NetworkState::Open if !self.hello_sent => {
                self.hello_sent = true;
                self.network(current, NetworkInput::Frame(br#"{"type":"hello"}"#.to_vec()));
            }
            NetworkState::Open => {
                self.network(current, NetworkInput::Flushed);
                for id in std::mem::take(&mut self.unanswered) {
                    let reply = format!(r#"{{"ok":true,"reply_to":{id}}}"#);
                    self.network(current, NetworkInput::Frame(reply.into()));
                }
            }
        }
    }

    fn wait(&mut self, time: Duration) {
        let end = self.now + time;
        while let Some(deadline) = self.session.poll_timeout().filter(|deadline| *deadline <= end) {
            self.now = self.now.max(deadline);
            self.feed(Input::Timeout);
        }
        self.now = end;
    }

    /// Ends the sequence. Returns how far it had come.
    pub(crate) fn end(mut self) -> Coverage {
        let coverage = self.checker.coverage;
        self.call(CallKind::Disconnect, 0);
        self.wait(secs(5));
        self.checker.check_disconnected(self.session.poll_timeout());

        self.feed(Input::ReadPaused { paused: false });
        self.call(CallKind::Start, 0);
        for _ in 0..200 + self.checker.call_count() {
            self.healthy_server();
        }
        self.call(CallKind::Disconnect, 0);
        self.wait(secs(5));
        self.checker.check_disconnected(self.session.poll_timeout());
        self.checker.check_all_settled();
        coverage
    }
}
