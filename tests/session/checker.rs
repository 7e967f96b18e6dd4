//! What must hold whatever happens, checked output by output. A [`Checker`] sees every input and every output of a
//! session and panics at the first broken promise; it knows nothing of the session's inside.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use bytes::Bytes;
use slack_rtm_native::session::{
    CallId, ConnectionId, Delivery, Diagnostic, Event, Failure, FrameHead, Input, LogLevel, MessageId,
    Outcome, Output,
};

/// `disconnect()` resolves within this time.
const LONGEST_DISCONNECT: Duration = Duration::from_secs(5);

/// What the user asked for, each with what may become of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Start,
    Disconnect,
    Send,
    Enqueue { await_reply: bool },
    Ping,
}

#[derive(Debug)]
struct Call {
    kind: Kind,
    made: Instant,
    settled: bool,
    written: Option<MessageId>,
}

/// The last lifecycle event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Phase {
    Disconnected,
    Connecting,
    Authenticated,
    Connected,
    Ready,
    Disconnecting,
    Reconnecting,
    Error,
    UnableToRtmStart,
}

impl Phase {
    fn of(event: &Event) -> Self {
        match event {
            Event::Connecting => Phase::Connecting,
            Event::Authenticated(_) => Phase::Authenticated,
            Event::Connected => Phase::Connected,
            Event::Ready => Phase::Ready,
            Event::Disconnecting => Phase::Disconnecting,
            Event::Disconnected(_) => Phase::Disconnected,
            Event::Reconnecting => Phase::Reconnecting,
            Event::UnableToRtmStart(_) => Phase::UnableToRtmStart,
            Event::Error(_) => Phase::Error,
        }
    }

    /// The legal transitions: what may come next.
    fn followers(self) -> &'static [Phase] {
        use Phase::{
            Authenticated, Connected, Connecting, Disconnected, Disconnecting, Error, Ready, Reconnecting,
            UnableToRtmStart,
        };
        match self {
            Disconnected => &[Connecting],
            Connecting => &[Authenticated, UnableToRtmStart, Disconnecting],
            Authenticated => &[Connected, Error, Reconnecting, Disconnected, Disconnecting],
            Connected => &[Ready, Error, Reconnecting, Disconnected, Disconnecting],
            Ready => &[Error, Reconnecting, Disconnected, Disconnecting],
            Error | UnableToRtmStart => &[Reconnecting, Disconnected],
            Reconnecting => &[Connecting, Disconnecting],
            Disconnecting => &[Disconnected],
        }
    }

    /// Whether connect data is in force.
    fn is_authenticated(self) -> bool {
        matches!(self, Phase::Authenticated | Phase::Connected | Phase::Ready)
    }
}

/// What the driver has open.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Wire {
    Idle,
    Calling,
    /// The connect call was answered right now.
    Answered,
    Dialling,
    Open,
}

/// See the module.
#[derive(Debug)]
pub(crate) struct Checker {
    pub(crate) phase: Phase,
    pub(crate) wire: Wire,
    /// The number of the last connect call.
    pub(crate) connection: ConnectionId,
    pub(crate) last_id: MessageId,
    /// Of the events `ready`, `reconnecting`, `disconnected`, and of replies: how many there were.
    pub(crate) reached: [usize; 4],
    auto_reconnect: bool,
    calls: Vec<Call>,
    queue: VecDeque<CallId>,
    /// The frame that was fed and may be delivered, once.
    fed: Option<Bytes>,
    /// The frame that was written and is due as `outgoing_message`.
    echo: Option<Bytes>,
    /// Whether the user's last word was `start()`.
    wanted: bool,
    /// Whether `disconnect()` has resolved, and no `start()` came since it was called.
    quiet: bool,
}

impl Checker {
    pub(crate) fn new(auto_reconnect: bool) -> Self {
        Self {
            phase: Phase::Disconnected,
            wire: Wire::Idle,
            connection: ConnectionId::default(),
            last_id: MessageId::default(),
            reached: [0; 4],
            auto_reconnect,
            calls: Vec::new(),
            queue: VecDeque::new(),
            fed: None,
            echo: None,
            wanted: false,
            quiet: true,
        }
    }

    /// A new promise.
    pub(crate) fn call(&mut self, kind: Kind, now: Instant) -> CallId {
        self.calls.push(Call { kind, made: now, settled: false, written: None });
        CallId(u32::try_from(self.calls.len() - 1).expect("few calls"))
    }

    /// So many outputs may one input have at most: each promise may be written, logged and settled, and each of a few
    /// changes of state told.
    pub(crate) fn most_outputs(&self) -> usize {
        30 + 5 * self.call_count()
    }

    pub(crate) fn call_count(&self) -> usize {
        self.calls.len()
    }

    // ── Inputs ───────────────────────────────────────────────────────────────────────────────────────────────────

    pub(crate) fn on_input(&mut self, input: &Input) {
        let current = self.connection;
        match input {
            Input::Start { .. } => (self.wanted, self.quiet) = (true, false),
            Input::Disconnect { .. } => self.wanted = false,
            Input::Enqueue { call, .. } => self.queue.push_back(*call),
            Input::ConnectFinished { connection, result }
                if *connection == current && self.wire == Wire::Calling =>
            {
                self.wire = if result.is_ok() { Wire::Answered } else { Wire::Idle };
            }
            Input::Opened { connection } if *connection == current && self.wire == Wire::Dialling => {
                self.wire = Wire::Open;
            }
            Input::Frame { connection, frame } if *connection == current && self.wire == Wire::Open => {
                self.fed = Some(frame.data.clone());
            }
            Input::Closed { connection, .. }
                if *connection == current && matches!(self.wire, Wire::Dialling | Wire::Open) =>
            {
                self.wire = Wire::Idle;
            }
            _ => {}
        }
    }

    /// After an input and all its outputs.
    pub(crate) fn after(&mut self, now: Instant, is_timeout: bool, deadline: Option<Instant>) {
        if self.wire == Wire::Answered {
            self.wire = Wire::Idle; // the session does not want the socket
        }
        assert!(self.echo.is_none(), "an `outgoing_message` is missing");
        assert!(
            !matches!(self.phase, Phase::Error | Phase::UnableToRtmStart),
            "an error without its state event"
        );
        let garbage = self.fed.take();
        assert!(garbage.is_none_or(|data| FrameHead::read(&data).is_err()), "a frame was swallowed");
        if !is_timeout {
            return;
        }
        assert!(deadline.is_none_or(|deadline| deadline > now), "a busy loop");
        for call in self.calls.iter().filter(|call| call.kind == Kind::Disconnect && !call.settled) {
            assert!(now - call.made < LONGEST_DISCONNECT, "disconnect() hangs");
        }
    }

    // ── Outputs ──────────────────────────────────────────────────────────────────────────────────────────────────

    pub(crate) fn on_output(&mut self, output: &Output) {
        match output {
            Output::Connect { connection, .. } => {
                assert!(!self.quiet && self.phase == Phase::Connecting);
                assert_eq!(self.wire, Wire::Idle, "two at a time");
                assert!(*connection > self.connection);
                (self.wire, self.connection) = (Wire::Calling, *connection);
            }
            Output::Open { connection, .. } => {
                assert_eq!((self.phase, self.wire), (Phase::Authenticated, Wire::Answered));
                assert_eq!(*connection, self.connection);
                self.wire = Wire::Dialling;
            }
            Output::Write { frame } => self.on_write(frame),
            Output::Pong => assert_eq!(self.wire, Wire::Open),
            Output::Close => assert_eq!((self.phase, self.wire), (Phase::Disconnecting, Wire::Open)),
            Output::Drop => {
                assert_ne!(self.wire, Wire::Idle, "nothing to drop");
                self.wire = Wire::Idle;
            }
            Output::Deliver(delivery) => self.on_delivery(delivery),
        }
    }

    fn on_write(&mut self, frame: &Bytes) {
        assert_eq!((self.phase, self.wire), (Phase::Ready, Wire::Open));
        let message: serde_json::Value = serde_json::from_slice(frame).expect("a frame is JSON");
        let id = MessageId(message["id"].as_u64().expect("a frame has an id"));
        assert!(id > self.last_id, "ids rise");
        self.last_id = id;
        if let Some(call) = message["call"].as_u64() {
            let call = CallId(u32::try_from(call).expect("few calls"));
            if let Kind::Enqueue { .. } = self.calls[call.0 as usize].kind {
                assert_eq!(self.queue.pop_front(), Some(call), "in the order of the calls");
            }
            let before = self.calls[call.0 as usize].written.replace(id);
            assert_eq!(before, None, "written twice");
            assert!(!self.calls[call.0 as usize].settled, "settled before it was written");
        }
        assert!(self.echo.replace(frame.clone()).is_none());
    }

    fn on_delivery(&mut self, delivery: &Delivery) {
        match delivery {
            Delivery::Event(event) => self.on_event(event),
            Delivery::Frame { data, head, reply, .. } => {
                assert!(!self.quiet, "a frame after disconnect() resolved");
                assert_eq!(self.fed.take().as_ref(), Some(data), "delivered once, as it came");
                if let Some(call) = reply {
                    let id = self.calls[call.0 as usize].written;
                    assert!(id.is_some() && id == head.reply_to, "the reply to another message");
                    assert_eq!(self.settle(*call), Kind::Enqueue { await_reply: true });
                    self.reached[3] += 1;
                }
            }
            Delivery::Outgoing { frame } => assert_eq!(self.echo.take().as_ref(), Some(frame)),
            Delivery::Settle { call, outcome } => {
                let written = self.calls[call.0 as usize].written;
                let kind = self.settle(*call);
                assert!(
                    self.is_fit(kind, written, outcome),
                    "{kind:?} ends as {outcome:?} in {:?}",
                    self.phase
                );
                if kind == Kind::Disconnect {
                    self.quiet = !self.wanted;
                }
            }
            Delivery::Diagnostic(Diagnostic::Pause { reason, .. }) => {
                assert!(!reason.contains("t1cket"), "{reason}");
            }
            Delivery::Diagnostic(Diagnostic::Dial { server }) => {
                assert!(!server.contains("t1cket"), "{server}");
            }
            Delivery::Diagnostic(Diagnostic::ConnectCall { attempt }) => assert!(*attempt > 0),
            Delivery::Log { level, text } => {
                assert!(*level >= LogLevel::Debug && !text.contains("t1cket"), "{text}");
            }
        }
    }

    fn on_event(&mut self, event: &Event) {
        let next = Phase::of(event);
        assert!(!self.quiet, "{event:?} after disconnect() resolved");
        assert!(self.phase.followers().contains(&next), "{next:?} after {:?}", self.phase);
        assert!(self.auto_reconnect || next != Phase::Reconnecting);
        if let Event::Disconnected(cause) = event {
            assert_eq!(
                cause.is_none(),
                self.phase == Phase::Disconnecting,
                "a cause where nobody asked for it"
            );
            assert!(matches!(self.wire, Wire::Idle | Wire::Answered), "{:?} left open", self.wire);
        }
        self.phase = next;
        match next {
            Phase::Ready => self.reached[0] += 1,
            Phase::Reconnecting => self.reached[1] += 1,
            Phase::Disconnected => self.reached[2] += 1,
            _ => {}
        }
    }

    fn settle(&mut self, call: CallId) -> Kind {
        let call = &mut self.calls[call.0 as usize];
        assert!(!call.settled, "{call:?} settles twice");
        call.settled = true;
        call.kind
    }

    /// Whether a promise of this kind may settle so, here and now.
    fn is_fit(&self, kind: Kind, written: Option<MessageId>, outcome: &Outcome) -> bool {
        use Failure::{Aborted, Api, NoReply, SendWhileDisconnected, SendWhileNotReady, Socket};
        use Outcome::{Done, Failed, Pong, Sent, Started};
        let is_written = written.is_some();
        match (kind, outcome) {
            (Kind::Start, Started) => self.phase.is_authenticated(),
            (Kind::Start, Failed(Aborted)) => !self.wanted,
            (Kind::Start, Failed(Api(_))) | (Kind::Disconnect, Done) => self.phase == Phase::Disconnected,
            (Kind::Send, Sent(id)) => written == Some(*id),
            (Kind::Send | Kind::Ping, Failed(SendWhileDisconnected | SendWhileNotReady)) => {
                !is_written && self.phase != Phase::Ready
            }
            (Kind::Send | Kind::Enqueue { await_reply: false }, Failed(Socket(_)))
            | (Kind::Enqueue { await_reply: false }, Done)
            | (Kind::Enqueue { await_reply: true }, Failed(NoReply(_))) => is_written,
            (Kind::Ping, Pong(_) | Failed(NoReply(_))) => true,
            _ => false,
        }
    }

    // ── The end ──────────────────────────────────────────────────────────────────────────────────────────────────

    /// After a `disconnect()` that had its time: all is settled but what waits in the queue, and nothing is open.
    pub(crate) fn at_rest(&self, deadline: Option<Instant>) {
        assert_eq!((self.phase, self.wire, self.quiet), (Phase::Disconnected, Wire::Idle, true));
        assert_eq!(deadline, None, "nothing is waited for");
        for (id, call) in self.calls.iter().enumerate() {
            let is_queued = matches!(call.kind, Kind::Enqueue { .. }) && call.written.is_none();
            assert_eq!(call.settled, !is_queued, "{call:?}");
            assert_eq!(is_queued, self.queue.iter().any(|queued| queued.0 as usize == id));
        }
    }

    /// After a healthy connection and another `disconnect()`: nothing is left over.
    pub(crate) fn all_settled(&self) {
        assert!(self.queue.is_empty());
        assert!(self.calls.iter().all(|call| call.settled));
    }
}
