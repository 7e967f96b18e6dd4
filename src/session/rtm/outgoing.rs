//! Outgoing messages: the queue, the frames that the socket has not written yet, and the messages that wait for a
//! reply.

use std::collections::{BTreeMap, VecDeque};
use std::time::{Duration, Instant};

use crate::session::ids::{CallId, MessageId};
use crate::session::io::Outcome;
use crate::session::message::Message;

/// The queue stops while this many bytes are handed to the socket and not written yet.
///
/// When a connection is lost, it is unknown whether such a message arrived, so it cannot be sent again and cannot be
/// counted as unsent. A small limit keeps their number small; messages in the queue survive a reconnect.
const MAX_UNWRITTEN_BYTES: usize = 64 * 1024;

/// The options that limit what can wait for a reply.
#[derive(Debug, Clone, Copy)]
pub(in crate::session) struct Limits {
    /// `maxPendingReplies`
    pub(in crate::session) max_pending_replies: usize,
    /// `replyTimeout`
    pub(in crate::session) reply_timeout: Option<Duration>,
}

/// A message in the queue.
#[derive(Debug)]
struct Queued {
    call: CallId,
    await_reply: bool,
    message: Message,
}

/// A call that settles when its frame is written.
#[derive(Debug)]
pub(in crate::session) struct UnwrittenCall {
    pub(in crate::session) call: CallId,
    /// How it settles.
    pub(in crate::session) outcome: Outcome,
}

/// A call that settles with the reply to its message.
#[derive(Debug)]
struct PendingReply {
    call: CallId,
    /// When the call is rejected. `None` if there is no time limit, or if it is later than an `Instant` can be.
    deadline: Option<Instant>,
}

/// A message that has its id and is ready to be written.
#[derive(Debug)]
pub(in crate::session) struct OutgoingFrame {
    pub(in crate::session) id: MessageId,
    /// The frame's payload.
    pub(in crate::session) json: String,
}

/// The outgoing messages of a client. It decides what can be written next; the session decides when.
#[derive(Debug)]
pub(in crate::session) struct Outgoing {
    limits: Limits,
    last_id: MessageId,
    queue: VecDeque<Queued>,
    unwritten_calls: VecDeque<UnwrittenCall>,
    /// The length of all messages that were handed to the socket since it last reported that all are written.
    unwritten_bytes: usize,
    /// Deadlines increase with the ids, so the first entry has the earliest deadline.
    pending_replies: BTreeMap<MessageId, PendingReply>,
}

impl Outgoing {
    pub(in crate::session) fn new(limits: Limits) -> Self {
        Self {
            limits,
            last_id: MessageId::default(),
            queue: VecDeque::new(),
            unwritten_calls: VecDeque::new(),
            unwritten_bytes: 0,
            pending_replies: BTreeMap::new(),
        }
    }

    pub(in crate::session) fn last_id(&self) -> MessageId {
        self.last_id
    }

    /// The next message gets the id that follows `last`.
    pub(in crate::session) fn continue_after(&mut self, last: MessageId) {
        self.last_id = last;
    }

    /// Adds a message to the queue.
    pub(in crate::session) fn enqueue(&mut self, call: CallId, await_reply: bool, message: Message) {
        self.queue.push_back(Queued { call, await_reply, message });
    }

    /// Takes the first message of the queue, if the limits allow it. The time limit of its reply begins at
    /// `reader_time`.
    pub(in crate::session) fn dequeue(&mut self, reader_time: Instant) -> Option<OutgoingFrame> {
        let awaits_reply = self.queue.front()?.await_reply;
        if self.unwritten_bytes >= MAX_UNWRITTEN_BYTES
            || (awaits_reply && self.pending_replies.len() >= self.limits.max_pending_replies)
        {
            return None;
        }
        let Queued { call, await_reply, message } = self.queue.pop_front()?;
        let frame = self.frame(message);
        if await_reply {
            let deadline = self.limits.reply_timeout.and_then(|timeout| reader_time.checked_add(timeout));
            self.pending_replies.insert(frame.id, PendingReply { call, deadline });
        } else {
            self.unwritten_calls.push_back(UnwrittenCall { call, outcome: Outcome::Done });
        }
        Some(frame)
    }

    /// The frame of a message of `send()`, which does not go through the queue.
    pub(in crate::session) fn send(&mut self, call: CallId, message: Message) -> OutgoingFrame {
        let frame = self.frame(message);
        self.unwritten_calls.push_back(UnwrittenCall { call, outcome: Outcome::Sent(frame.id) });
        frame
    }

    /// The frame of a ping.
    pub(in crate::session) fn ping(&mut self) -> OutgoingFrame {
        let message = Message::new(r#"{"type":"ping"}"#.to_owned()).expect("the text is an object");
        self.frame(message)
    }

    /// Gives a message its id, and counts its bytes as unwritten.
    fn frame(&mut self, message: Message) -> OutgoingFrame {
        self.last_id = self.last_id.next();
        self.unwritten_bytes += message.len();
        OutgoingFrame { id: self.last_id, json: with_id(message, self.last_id) }
    }

    /// The socket has written everything. Returns the calls that settle now.
    pub(in crate::session) fn written(&mut self) -> VecDeque<UnwrittenCall> {
        self.unwritten_bytes = 0;
        std::mem::take(&mut self.unwritten_calls)
    }

    /// The connection is gone. Returns the calls whose frames were not written.
    ///
    /// None of the frames is ever written again. Those that await a reply continue to wait for it, because Slack may
    /// repeat it on the next connection.
    pub(in crate::session) fn connection_lost(&mut self) -> VecDeque<UnwrittenCall> {
        self.written()
    }

    /// Takes the call whose message has this id, because its reply has arrived.
    pub(in crate::session) fn take_replied(&mut self, reply_to: MessageId) -> Option<CallId> {
        self.pending_replies.remove(&reply_to).map(|pending| pending.call)
    }

    /// The newest message that waits for a reply.
    pub(in crate::session) fn last_pending(&self) -> Option<MessageId> {
        self.pending_replies.last_key_value().map(|(id, _)| *id)
    }

    /// Takes all calls that wait for a reply, in the order of their ids.
    pub(in crate::session) fn take_pending(&mut self) -> Vec<CallId> {
        std::mem::take(&mut self.pending_replies).into_values().map(|pending| pending.call).collect()
    }

    /// When the earliest call that waits for a reply is rejected.
    pub(in crate::session) fn next_deadline(&self) -> Option<Instant> {
        self.pending_replies.first_key_value()?.1.deadline
    }

    /// Takes one call whose deadline has passed.
    pub(in crate::session) fn take_overdue(&mut self, now: Instant) -> Option<CallId> {
        let first = self.pending_replies.first_entry()?;
        let is_overdue = first.get().deadline.is_some_and(|deadline| deadline <= now);
        is_overdue.then(|| first.remove().call)
    }

    /// The deadlines of all calls that wait for a reply.
    pub(in crate::session) fn deadlines(&mut self) -> impl Iterator<Item = &mut Option<Instant>> {
        self.pending_replies.values_mut().map(|pending| &mut pending.deadline)
    }
}

/// The text of a message with its `id` as the last key. A key after another of the same name replaces it for every JSON
/// reader, so the id wins over one in the user's body.
fn with_id(message: Message, id: MessageId) -> String {
    let mut json = message.into_json();
    json.pop();
    if json.len() > 1 {
        json.push(',');
    }
    json.push_str("\"id\":");
    json.push_str(&id.to_string());
    json.push('}');
    json
}

#[cfg(test)]
mod tests {
    use super::*;

    fn outgoing(max_pending_replies: usize) -> Outgoing {
        Outgoing::new(Limits { max_pending_replies, reply_timeout: Some(Duration::from_secs(3)) })
    }

    fn message(text: &str) -> Message {
        Message::new(text.to_owned()).unwrap()
    }

    #[expect(clippy::disallowed_methods, reason = "any instant will do")]
    fn some_time() -> Instant {
        Instant::now()
    }

    #[test]
    fn the_id_is_the_last_key_of_a_frame() {
        let mut outgoing = outgoing(1);
        assert_eq!(outgoing.send(CallId(1), message(r#"{"type":"a"}"#)).json, r#"{"type":"a","id":1}"#);
        assert_eq!(outgoing.send(CallId(2), message("{}")).json, r#"{"id":2}"#);
        outgoing.continue_after(MessageId(41));
        assert_eq!(outgoing.ping().json, r#"{"type":"ping","id":42}"#);
    }

    #[test]
    fn the_queue_stops_while_too_many_replies_are_pending() {
        let now = some_time();
        let mut outgoing = outgoing(1);
        for call in [1, 2].map(CallId) {
            outgoing.enqueue(call, true, message("{}"));
        }
        assert_eq!(outgoing.dequeue(now).map(|frame| frame.id), Some(MessageId(1)));
        assert!(outgoing.dequeue(now).is_none());
        assert_eq!(outgoing.take_replied(MessageId(1)), Some(CallId(1)));
        assert_eq!(outgoing.dequeue(now).map(|frame| frame.id), Some(MessageId(2)));
        assert_eq!(outgoing.take_replied(MessageId(1)), None);
    }

    #[test]
    fn the_queue_stops_while_too_many_bytes_are_unwritten() {
        let now = some_time();
        let mut outgoing = outgoing(1);
        let long = format!(r#"{{"text":"{}"}}"#, "x".repeat(MAX_UNWRITTEN_BYTES));
        for call in [1, 2].map(CallId) {
            outgoing.enqueue(call, false, message(&long));
        }
        assert!(outgoing.dequeue(now).is_some() && outgoing.dequeue(now).is_none());
        let written: Vec<_> = outgoing.written().into_iter().map(|unwritten| unwritten.call).collect();
        assert_eq!(written, [CallId(1)]);
        assert!(outgoing.dequeue(now).is_some());
    }

    #[test]
    fn a_reply_is_overdue_after_the_reply_timeout() {
        let now = some_time();
        let mut outgoing = outgoing(2);
        outgoing.enqueue(CallId(1), true, message("{}"));
        outgoing.dequeue(now);
        let deadline = now + Duration::from_secs(3);
        assert_eq!(outgoing.next_deadline(), Some(deadline));
        assert_eq!(outgoing.take_overdue(deadline.checked_sub(Duration::from_millis(1)).unwrap()), None);
        assert_eq!(outgoing.take_overdue(deadline), Some(CallId(1)));
        assert_eq!(outgoing.last_pending(), None);
    }

    #[test]
    fn a_message_that_awaits_a_reply_still_waits_after_a_lost_connection() {
        let now = some_time();
        let mut outgoing = outgoing(2);
        outgoing.enqueue(CallId(1), true, message("{}"));
        outgoing.enqueue(CallId(2), false, message("{}"));
        while outgoing.dequeue(now).is_some() {}
        let lost: Vec<_> = outgoing.connection_lost().into_iter().map(|unwritten| unwritten.call).collect();
        assert_eq!((lost, outgoing.last_pending()), (vec![CallId(2)], Some(MessageId(1))));
        assert_eq!(outgoing.take_pending(), [CallId(1)]);
    }
}
