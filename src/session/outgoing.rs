//! Messages on their way out: the queue, what was handed to the socket, what waits for its reply, and the ids.
//! Owns this bookkeeping; when something may be written is the session's decision.

use std::collections::{BTreeMap, VecDeque};
use std::time::{Duration, Instant};

use super::io::{CallId, Message, MessageId};

/// So many bytes are handed to the socket before it has to have written them: what is handed over and not written
/// when a connection is lost can neither be written again nor counted as unsent, so it is kept little.
const WRITE_WINDOW: usize = 64 * 1024;

/// Limits that the options set.
#[derive(Debug, Clone, Copy)]
pub(super) struct Limits {
    pub(super) max_pending_replies: usize,
    pub(super) reply_timeout: Option<Duration>,
}

/// A message that waits for `ready`.
#[derive(Debug)]
struct Queued {
    call: CallId,
    await_reply: bool,
    message: Message,
}

/// What is done when the socket has written a frame.
#[derive(Debug, Clone, Copy)]
pub(super) enum OnWritten {
    /// `send()`: resolve with the id.
    Sent(CallId, MessageId),
    /// `addOutgoingEvent(false)`: resolve with nothing.
    Done(CallId),
    /// A reply is awaited, or nobody waits.
    Nothing,
}

/// A promise that waits for a reply.
#[derive(Debug)]
struct Pending {
    call: CallId,
    deadline: Option<Instant>,
}

/// A `ping()` of the user's that waits for its pong.
#[derive(Debug)]
struct UserPing {
    id: MessageId,
    call: CallId,
    sent: Instant,
    deadline: Option<Instant>,
}

/// What a reply answers.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Answered {
    /// A message whose promise it settles.
    Message(CallId),
    /// A `ping()` of the user's, after this time.
    Ping(CallId, Duration),
}

/// See the module.
#[derive(Debug)]
pub(super) struct Outgoing {
    limits: Limits,
    last_id: MessageId,
    queue: VecDeque<Queued>,
    unwritten: VecDeque<OnWritten>,
    unwritten_bytes: usize,
    pending: BTreeMap<MessageId, Pending>,
    pings: VecDeque<UserPing>,
}

impl Outgoing {
    pub(super) fn new(limits: Limits) -> Self {
        Self {
            limits,
            last_id: MessageId::default(),
            queue: VecDeque::new(),
            unwritten: VecDeque::new(),
            unwritten_bytes: 0,
            pending: BTreeMap::new(),
            pings: VecDeque::new(),
        }
    }

    pub(super) fn last_id(&self) -> MessageId {
        self.last_id
    }

    pub(super) fn continue_after(&mut self, last: MessageId) {
        self.last_id = last;
    }

    /// Adds to the queue.
    pub(super) fn enqueue(&mut self, call: CallId, await_reply: bool, message: Message) {
        self.queue.push_back(Queued { call, await_reply, message });
    }

    /// Takes the next queued message that may go out and gives its frame. Its reply is awaited from `reader_time` on.
    pub(super) fn dequeue(&mut self, reader_time: Instant) -> Option<String> {
        let awaits = self.queue.front()?.await_reply;
        if self.unwritten_bytes >= WRITE_WINDOW
            || (awaits && self.pending.len() >= self.limits.max_pending_replies)
        {
            return None;
        }
        let Queued { call, await_reply, message } = self.queue.pop_front()?;
        let id = self.next_id();
        let on_written = if await_reply {
            let deadline = self.limits.reply_timeout.and_then(|timeout| reader_time.checked_add(timeout));
            self.pending.insert(id, Pending { call, deadline });
            OnWritten::Nothing
        } else {
            OnWritten::Done(call)
        };
        Some(self.hand_over(message, id, on_written))
    }

    /// A frame for `send()`, past the queue.
    pub(super) fn send(&mut self, call: CallId, message: Message) -> String {
        let id = self.next_id();
        self.hand_over(message, id, OnWritten::Sent(call, id))
    }

    /// A ping of the keepalive's: its id and frame.
    pub(super) fn keepalive_ping(&mut self) -> (MessageId, String) {
        let id = self.next_id();
        (id, self.hand_over(Message::bare("ping"), id, OnWritten::Nothing))
    }

    /// A ping of the user's: its frame.
    pub(super) fn user_ping(&mut self, call: CallId, now: Instant, deadline: Option<Instant>) -> String {
        let (id, frame) = self.keepalive_ping();
        self.pings.push_back(UserPing { id, call, sent: now, deadline });
        frame
    }

    fn next_id(&mut self) -> MessageId {
        self.last_id = self.last_id.next();
        self.last_id
    }

    fn hand_over(&mut self, message: Message, id: MessageId, on_written: OnWritten) -> String {
        self.unwritten_bytes += message.len();
        self.unwritten.push_back(on_written);
        message.with_id(id)
    }

    /// The socket has written all that it was given.
    pub(super) fn written(&mut self) -> VecDeque<OnWritten> {
        self.unwritten_bytes = 0;
        std::mem::take(&mut self.unwritten)
    }

    /// The connection is gone: promises that can no longer be kept. What was handed over is not written again; those
    /// of its messages that await a reply go on waiting, since it may be replayed.
    pub(super) fn connection_lost(&mut self) -> (VecDeque<OnWritten>, Vec<CallId>) {
        let pings = self.pings.drain(..).map(|ping| ping.call).collect();
        (self.written(), pings)
    }

    /// Takes what a reply answers.
    pub(super) fn answered(&mut self, reply_to: MessageId, now: Instant) -> Option<Answered> {
        if let Some(pending) = self.pending.remove(&reply_to) {
            return Some(Answered::Message(pending.call));
        }
        let index = self.pings.iter().position(|ping| ping.id == reply_to)?;
        let ping = self.pings.remove(index)?;
        Some(Answered::Ping(ping.call, now - ping.sent))
    }

    /// The last message that waits for a reply.
    pub(super) fn last_pending(&self) -> Option<MessageId> {
        self.pending.last_key_value().map(|(id, _)| *id)
    }

    /// Gives up waiting for all replies.
    pub(super) fn give_up_replies(&mut self) -> Vec<CallId> {
        std::mem::take(&mut self.pending).into_values().map(|pending| pending.call).collect()
    }

    /// When the next reply is overdue. Deadlines rise with the ids, so the first ones are the earliest.
    pub(super) fn next_deadline(&self) -> Option<Instant> {
        let reply = self.pending.first_key_value().and_then(|(_, pending)| pending.deadline);
        let pong = self.pings.front().and_then(|ping| ping.deadline);
        reply.into_iter().chain(pong).min()
    }

    /// Takes one promise whose reply is overdue, and says which option set the time.
    pub(super) fn overdue(&mut self, now: Instant) -> Option<(CallId, &'static str)> {
        let is_overdue = |deadline: Option<Instant>| deadline.is_some_and(|deadline| deadline <= now);
        if self.pings.front().is_some_and(|ping| is_overdue(ping.deadline)) {
            return self.pings.pop_front().map(|ping| (ping.call, "serverPongTimeout"));
        }
        let first = self.pending.first_entry()?;
        is_overdue(first.get().deadline).then(|| (first.remove().call, "replyTimeout"))
    }

    /// Puts all deadlines off, for a time in which no reply could be read.
    pub(super) fn postpone(&mut self, by: Duration) {
        for deadline in self.deadlines() {
            *deadline = deadline.and_then(|deadline| deadline.checked_add(by));
        }
    }

    /// No deadline is before this time.
    pub(super) fn put_off_to(&mut self, time: Instant) {
        for deadline in self.deadlines() {
            *deadline = deadline.map(|deadline| deadline.max(time));
        }
    }

    fn deadlines(&mut self) -> impl Iterator<Item = &mut Option<Instant>> {
        let replies = self.pending.values_mut().map(|pending| &mut pending.deadline);
        replies.chain(self.pings.iter_mut().map(|ping| &mut ping.deadline))
    }
}
