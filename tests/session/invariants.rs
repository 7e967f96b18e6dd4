//! The invariants of a session: they hold for every sequence of inputs.
//!
//! An [`InvariantChecker`] sees every input and every output of a session, and panics at the first violation. It knows
//! only the public interface of the session.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use bytes::Bytes;
use slack_rtm_native::session::{
    CallId, ConnectionId, Delivery, Diagnostic, Event, Failure, FrameHead, Input, LogLevel, MessageId,
    Outcome, Output,
};

/// `disconnect()` resolves within this time.
const LONGEST_DISCONNECT: Duration = Duration::from_secs(5);

/// The part of every socket URL that must not reach the user.
const TICKET: &str = "t1cket";

/// A method that the user calls.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum CallKind {
    Start,
    Disconnect,
    Send,
    Enqueue { await_reply: bool },
    Ping,
}

#[derive(Debug)]
struct Call {
    kind: CallKind,
    made_at: Instant,
    settled: bool,
    written: Option<MessageId>,
}

/// A lifecycle event without its argument.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum EventKind {
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

impl EventKind {
    fn of(event: &Event) -> Self {
        match event {
            Event::Connecting => EventKind::Connecting,
            Event::Authenticated(_) => EventKind::Authenticated,
            Event::Connected => EventKind::Connected,
            Event::Ready => EventKind::Ready,
            Event::Disconnecting => EventKind::Disconnecting,
            Event::Disconnected(_) => EventKind::Disconnected,
            Event::Reconnecting => EventKind::Reconnecting,
            Event::UnableToRtmStart(_) => EventKind::UnableToRtmStart,
            Event::Error(_) => EventKind::Error,
        }
    }

    /// The events that can follow.
    fn successors(self) -> &'static [EventKind] {
        use EventKind::{
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

    /// Whether `start()` resolves after this event, because the client has the data of the connect call.
    fn is_authenticated(self) -> bool {
        matches!(self, EventKind::Authenticated | EventKind::Connected | EventKind::Ready)
    }
}

/// What the driver has in progress.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum NetworkState {
    Idle,
    /// The connect call.
    ConnectCall,
    /// The connect call has just succeeded.
    ConnectCallSucceeded,
    /// The socket is being opened.
    Opening,
    /// The socket is open.
    Open,
}

/// How far a sequence of inputs came: how often each of these happened.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Coverage {
    pub(crate) ready: usize,
    pub(crate) reconnecting: usize,
    pub(crate) disconnected: usize,
    pub(crate) replies: usize,
}

/// Checks the inputs and outputs of one session.
#[derive(Debug)]
pub(crate) struct InvariantChecker {
    pub(crate) last_event: EventKind,
    pub(crate) network: NetworkState,
    /// The id of the last connect call.
    pub(crate) connection: ConnectionId,
    pub(crate) last_id: MessageId,
    pub(crate) coverage: Coverage,
    auto_reconnect: bool,
    calls: Vec<Call>,
    /// The calls of `addOutgoingEvent()` that are not written, in their order.
    queue: VecDeque<CallId>,
    /// The frame that was fed and may be delivered once.
    fed_frame: Option<Bytes>,
    /// The frame that was written and must be delivered as `outgoing_message`.
    written_frame: Option<Bytes>,
    /// Whether `start()` was called after the last `disconnect()`.
    start_wanted: bool,
    /// Whether `disconnect()` has resolved and `start()` was not called since: nothing may be delivered.
    must_be_silent: bool,
}

impl InvariantChecker {
    pub(crate) fn new(auto_reconnect: bool) -> Self {
        Self {
            last_event: EventKind::Disconnected,
            network: NetworkState::Idle,
            connection: ConnectionId::default(),
            last_id: MessageId::default(),
            coverage: Coverage::default(),
            auto_reconnect,
            calls: Vec::new(),
            queue: VecDeque::new(),
            fed_frame: None,
            written_frame: None,
            start_wanted: false,
            must_be_silent: true,
        }
    }

    /// Registers a call of the user's.
    pub(crate) fn new_call(&mut self, kind: CallKind, now: Instant) -> CallId {
        self.calls.push(Call { kind, made_at: now, settled: false, written: None });
        CallId(u32::try_from(self.calls.len() - 1).expect("few calls"))
    }

    /// The number of outputs that one input can cause at most: each call can be written, logged and settled, and a few
    /// state changes can be reported.
    pub(crate) fn max_outputs(&self) -> usize {
        30 + 5 * self.call_count()
    }

    pub(crate) fn call_count(&self) -> usize {
        self.calls.len()
    }

    // ── Inputs ──────────────────────────────────────────────────────────────────────────────────────────────────────

    pub(crate) fn on_input(&mut self, input: &Input) {
        let current = self.connection;
        match input {
            Input::Start { .. } => (self.start_wanted, self.must_be_silent) = (true, false),
            Input::Disconnect { .. } => self.start_wanted = false,
            Input::Enqueue { call, .. } => self.queue.push_back(*call),
            Input::ConnectFinished { connection, result }
                if *connection == current && self.network == NetworkState::ConnectCall =>
            {
                self.network =
                    if result.is_ok() { NetworkState::ConnectCallSucceeded } else { NetworkState::Idle };
            }
            Input::Opened { connection }
                if *connection == current && self.network == NetworkState::Opening =>
            {
                self.network = NetworkState::Open;
            }
            Input::Frame { connection, frame }
                if *connection == current && self.network == NetworkState::Open =>
            {
                self.fed_frame = Some(frame.data.clone());
            }
            Input::Closed { connection, .. }
                if *connection == current
                    && matches!(self.network, NetworkState::Opening | NetworkState::Open) =>
            {
                self.network = NetworkState::Idle;
            }
            _ => {}
        }
    }

    /// Checks the session after an input and all its outputs. `deadline` is the session's `poll_timeout()`.
    pub(crate) fn after_input(&mut self, now: Instant, is_timeout: bool, deadline: Option<Instant>) {
        if self.network == NetworkState::ConnectCallSucceeded {
            self.network = NetworkState::Idle; // the session has not opened the socket
        }
        assert!(self.written_frame.is_none(), "an `outgoing_message` is missing");
        assert!(
            !matches!(self.last_event, EventKind::Error | EventKind::UnableToRtmStart),
            "an error without its state event"
        );
        let undelivered = self.fed_frame.take();
        assert!(undelivered.is_none_or(|data| FrameHead::read(&data).is_err()), "a frame was not delivered");
        if !is_timeout {
            return;
        }
        assert!(deadline.is_none_or(|deadline| deadline > now), "a busy loop");
        for call in self.calls.iter().filter(|call| call.kind == CallKind::Disconnect && !call.settled) {
            assert!(now - call.made_at < LONGEST_DISCONNECT, "disconnect() hangs");
        }
    }

    // ── Outputs ─────────────────────────────────────────────────────────────────────────────────────────────────────

    pub(crate) fn on_output(&mut self, output: &Output) {
        match output {
            Output::Connect { connection, .. } => {
                assert!(!self.must_be_silent && self.last_event == EventKind::Connecting);
                assert_eq!(self.network, NetworkState::Idle, "two connections at the same time");
                assert!(*connection > self.connection);
                (self.network, self.connection) = (NetworkState::ConnectCall, *connection);
            }
            Output::Open { connection, .. } => {
                assert_eq!(
                    (self.last_event, self.network),
                    (EventKind::Authenticated, NetworkState::ConnectCallSucceeded)
                );
                assert_eq!(*connection, self.connection);
                self.network = NetworkState::Opening;
            }
            Output::Write { frame } => self.on_write(frame),
            Output::Pong => assert_eq!(self.network, NetworkState::Open),
            Output::Close => {
                let expected = (EventKind::Disconnecting, NetworkState::Open);
                assert_eq!((self.last_event, self.network), expected);
            }
            Output::Drop => {
                assert_ne!(self.network, NetworkState::Idle, "there is nothing to drop");
                self.network = NetworkState::Idle;
            }
            Output::Deliver(delivery) => self.on_delivery(delivery),
        }
    }

    fn on_write(&mut self, frame: &Bytes) {
        assert_eq!((self.last_event, self.network), (EventKind::Ready, NetworkState::Open));
        let message: serde_json::Value = serde_json::from_slice(frame).expect("a frame is JSON");
        let id = MessageId(message["id"].as_u64().expect("a frame has an id"));
        assert!(id > self.last_id, "ids increase");
        self.last_id = id;
        if let Some(call) = message["call"].as_u64() {
            let call = CallId(u32::try_from(call).expect("few calls"));
            if let CallKind::Enqueue { .. } = self.calls[call.0 as usize].kind {
                assert_eq!(self.queue.pop_front(), Some(call), "in the order of the calls");
            }
            let before = self.calls[call.0 as usize].written.replace(id);
            assert_eq!(before, None, "written twice");
            assert!(!self.calls[call.0 as usize].settled, "settled before it was written");
        }
        assert!(self.written_frame.replace(frame.clone()).is_none());
    }

    fn on_delivery(&mut self, delivery: &Delivery) {
        match delivery {
            Delivery::Event(event) => self.on_event(event),
            Delivery::Frame { data, head, reply, .. } => {
                assert!(!self.must_be_silent, "a frame after disconnect() resolved");
                assert_eq!(self.fed_frame.take().as_ref(), Some(data), "delivered once and unchanged");
                if let Some(call) = reply {
                    let id = self.calls[call.0 as usize].written;
                    assert!(id.is_some() && id == head.reply_to, "the reply to another message");
                    assert_eq!(self.settle(*call), CallKind::Enqueue { await_reply: true });
                    self.coverage.replies += 1;
                }
            }
            Delivery::Outgoing { frame } => assert_eq!(self.written_frame.take().as_ref(), Some(frame)),
            Delivery::Settle { call, outcome } => {
                let written = self.calls[call.0 as usize].written;
                let kind = self.settle(*call);
                assert!(
                    self.can_settle(kind, written, outcome),
                    "{kind:?} settles with {outcome:?} after {:?}",
                    self.last_event
                );
                if kind == CallKind::Disconnect {
                    self.must_be_silent = !self.start_wanted;
                }
            }
            Delivery::Diagnostic(Diagnostic::Pause { reason, .. }) => {
                assert!(!reason.contains(TICKET), "{reason}");
            }
            Delivery::Diagnostic(Diagnostic::OpenSocket { server }) => {
                assert!(!server.contains(TICKET), "{server}");
            }
            Delivery::Diagnostic(Diagnostic::ConnectCall { attempt }) => assert!(*attempt > 0),
            Delivery::Log { level, text } => {
                assert!(*level >= LogLevel::Debug && !text.contains(TICKET), "{text}");
            }
        }
    }

    fn on_event(&mut self, event: &Event) {
        let next = EventKind::of(event);
        assert!(!self.must_be_silent, "{event:?} after disconnect() resolved");
        assert!(self.last_event.successors().contains(&next), "{next:?} after {:?}", self.last_event);
        assert!(self.auto_reconnect || next != EventKind::Reconnecting);
        if let Event::Disconnected(error) = event {
            let is_wanted = self.last_event == EventKind::Disconnecting;
            assert_eq!(error.is_none(), is_wanted, "an error exactly if disconnect() was not called");
            assert!(
                matches!(self.network, NetworkState::Idle | NetworkState::ConnectCallSucceeded),
                "{:?} is left open",
                self.network
            );
        }
        self.last_event = next;
        match next {
            EventKind::Ready => self.coverage.ready += 1,
            EventKind::Reconnecting => self.coverage.reconnecting += 1,
            EventKind::Disconnected => self.coverage.disconnected += 1,
            _ => {}
        }
    }

    fn settle(&mut self, call: CallId) -> CallKind {
        let call = &mut self.calls[call.0 as usize];
        assert!(!call.settled, "{call:?} settles twice");
        call.settled = true;
        call.kind
    }

    /// Whether a call of this kind can settle with this outcome at present. `written` is the id of its message.
    fn can_settle(&self, kind: CallKind, written: Option<MessageId>, outcome: &Outcome) -> bool {
        use Failure::{Aborted, Api, NoReply, SendWhileDisconnected, SendWhileNotReady, Socket};
        use Outcome::{Done, Failed, Pong, Sent, Started};
        let is_written = written.is_some();
        match (kind, outcome) {
            (CallKind::Start, Started) => self.last_event.is_authenticated(),
            (CallKind::Start, Failed(Aborted)) => !self.start_wanted,
            (CallKind::Start, Failed(Api(_))) | (CallKind::Disconnect, Done) => {
                self.last_event == EventKind::Disconnected
            }
            (CallKind::Send, Sent(id)) => written == Some(*id),
            (CallKind::Send | CallKind::Ping, Failed(SendWhileDisconnected | SendWhileNotReady)) => {
                !is_written && self.last_event != EventKind::Ready
            }
            (CallKind::Send | CallKind::Enqueue { await_reply: false }, Failed(Socket(_)))
            | (CallKind::Enqueue { await_reply: false }, Done)
            | (CallKind::Enqueue { await_reply: true }, Failed(NoReply(_))) => is_written,
            (CallKind::Ping, Pong(_) | Failed(NoReply(_))) => true,
            _ => false,
        }
    }

    // ── The end of a sequence ───────────────────────────────────────────────────────────────────────────────────────

    /// Checks a session whose `disconnect()` had enough time: all calls but those in the queue are settled, and nothing
    /// is open.
    pub(crate) fn check_disconnected(&self, deadline: Option<Instant>) {
        let state = (self.last_event, self.network, self.must_be_silent);
        assert_eq!(state, (EventKind::Disconnected, NetworkState::Idle, true));
        assert_eq!(deadline, None, "the session waits for nothing");
        for (id, call) in self.calls.iter().enumerate() {
            let is_queued = matches!(call.kind, CallKind::Enqueue { .. }) && call.written.is_none();
            assert_eq!(call.settled, !is_queued, "{call:?}");
            assert_eq!(is_queued, self.queue.iter().any(|queued| queued.0 as usize == id));
        }
    }

    /// Checks a session that was connected to a healthy server and disconnected again: all calls are settled.
    pub(crate) fn check_all_settled(&self) {
        assert!(self.queue.is_empty());
        assert!(self.calls.iter().all(|call| call.settled));
    }
}
