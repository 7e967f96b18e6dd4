//! One sequence of what the user, the server and the clock may do, given to a session under the eyes of the checker. Who
//! makes the sequences is another matter: `properties`, and the fuzz target `session`. Each ends with a `disconnect()`,
//! and then with a start and a server in health, so that every promise has to settle.

use std::time::{Duration, Instant};

use slack_rtm_native::session::{
    ApiError, CloseReason, Config, ConnectResponse, ConnectionId, Frame, Input, Message, Output, Session,
};

use crate::checker::{Checker, Kind, Wire};
use crate::harness::{answer, secs, some_moment};

/// One thing that happens.
#[derive(Debug, Clone)]
pub(crate) enum Step {
    Call {
        kind: Kind,
        bytes: usize,
    },
    Network {
        number: Number,
        what: What,
    },
    /// What a server in health does next.
    Progress,
    Pause(bool),
    /// Time passes, and every deadline is kept.
    Wait(Duration),
    /// The next deadline comes, late by this much.
    Deadline(Duration),
    /// A timeout that nobody asked for.
    Timeout,
}

/// Whose number an input of the network bears.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Number {
    Current,
    Earlier(u64),
    Later(u64),
}

#[derive(Debug, Clone)]
pub(crate) enum What {
    Answered(Result<ConnectResponse, ApiError>),
    Opened,
    Frame(Vec<u8>),
    /// A reply to the last message but so many; one past all counts, too.
    Reply(u64),
    Alive,
    Flushed,
    Closed(CloseReason),
}

/// A session in the middle of a sequence.
pub(crate) struct Run {
    session: Session,
    checker: Checker,
    now: Instant,
    /// Whether `hello` was given on the current socket.
    greeted: bool,
    unanswered: Vec<u64>,
}

impl Run {
    pub(crate) fn new(config: Config, seed: u64) -> Self {
        let now = some_moment();
        let checker = Checker::new(config.auto_reconnect);
        Self {
            session: Session::new(config, seed, now),
            checker,
            now,
            greeted: false,
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
            assert!(outputs <= self.checker.most_outputs(), "an input without end");
            self.checker.on_output(&output);
            match output {
                Output::Open { .. } => self.greeted = false,
                Output::Write { .. } => self.unanswered.push(self.checker.last_id.0),
                _ => {}
            }
        }
        self.checker.after(self.now, is_timeout, self.session.poll_timeout());
    }

    pub(crate) fn step(&mut self, step: Step) {
        match step {
            Step::Call { kind, bytes } => self.call(kind, bytes),
            Step::Network { number, what } => self.network(number, what),
            Step::Progress => self.progress(),
            Step::Pause(paused) => self.feed(Input::ReadPaused { paused }),
            Step::Wait(time) => self.wait(time),
            Step::Deadline(late) => {
                if let Some(deadline) = self.session.poll_timeout() {
                    self.now = self.now.max(deadline) + late;
                    self.feed(Input::Timeout);
                }
            }
            Step::Timeout => self.feed(Input::Timeout),
        }
    }

    fn call(&mut self, kind: Kind, bytes: usize) {
        let call = self.checker.call(kind, self.now);
        let body = format!(r#"{{"call":{},"text":"{}","type":"message"}}"#, call.0, "x".repeat(bytes));
        let message = Message::new(body).expect("an object");
        self.feed(match kind {
            Kind::Start => Input::Start { call, options: "".into() },
            Kind::Disconnect => Input::Disconnect { call },
            Kind::Send => Input::Send { call, message },
            Kind::Enqueue { await_reply } => Input::Enqueue { call, await_reply, message },
            Kind::Ping => Input::Ping { call },
        });
    }

    fn network(&mut self, number: Number, what: What) {
        let connection: ConnectionId = match number {
            Number::Current => self.checker.connection,
            Number::Earlier(by) => ConnectionId(self.checker.connection.0.saturating_sub(by)),
            Number::Later(by) => ConnectionId(self.checker.connection.0 + by),
        };
        self.feed(match what {
            What::Answered(result) => Input::ConnectFinished { connection, result },
            What::Opened => Input::Opened { connection },
            What::Frame(data) => Input::Frame { connection, frame: Frame::read(data) },
            What::Reply(back) => {
                let id = (self.checker.last_id.0 + 1).saturating_sub(back);
                Input::Frame { connection, frame: Frame::read(format!(r#"{{"reply_to":{id}}}"#)) }
            }
            What::Alive => Input::Activity { connection },
            What::Flushed => Input::Flushed { connection },
            What::Closed(closure) => Input::Closed { connection, reason: closure },
        });
    }

    fn progress(&mut self) {
        let number = Number::Current;
        match self.checker.wire {
            Wire::Idle | Wire::Answered => {
                if let Some(deadline) = self.session.poll_timeout() {
                    self.wait(deadline.saturating_duration_since(self.now));
                }
            }
            Wire::Calling => self.network(number, What::Answered(Ok(answer()))),
            Wire::Dialling => self.network(number, What::Opened),
            Wire::Open if !self.greeted => {
                self.greeted = true;
                self.network(number, What::Frame(br#"{"type":"hello"}"#.to_vec()));
            }
            Wire::Open => {
                self.network(number, What::Flushed);
                for id in std::mem::take(&mut self.unanswered) {
                    self.network(number, What::Frame(format!(r#"{{"ok":true,"reply_to":{id}}}"#).into()));
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

    /// Ends the sequence; tells how far it had come.
    pub(crate) fn end(mut self) -> [usize; 4] {
        let reached = self.checker.reached;
        self.call(Kind::Disconnect, 0);
        self.wait(secs(5));
        self.checker.at_rest(self.session.poll_timeout());

        self.feed(Input::ReadPaused { paused: false });
        self.call(Kind::Start, 0);
        for _ in 0..200 + self.checker.call_count() {
            self.progress();
        }
        self.call(Kind::Disconnect, 0);
        self.wait(secs(5));
        self.checker.at_rest(self.session.poll_timeout());
        self.checker.all_settled();
        reached
    }
}
