//! The part of a session that only RTM needs.
//!
//! In RTM, everything goes over one socket: events arrive as frames, messages are sent as frames with an `id`, and
//! Slack answers each with a frame that has this id as its `reply_to`. Socket Mode, Slack's other protocol for bots,
//! differs in exactly these points: events arrive in envelopes that must be acknowledged, messages are sent by a Web
//! API method, and the keepalive uses WebSocket pings. This module has therefore:
//!
//! - [`frame_head`]: reading a frame's `type`, `subtype` and `reply_to`
//! - [`incoming`]: a frame's way through the session: `hello`, replies, a migration of the team
//! - [`resuming`]: from `hello` to `ready`, while replies to messages of an earlier connection are awaited
//! - [`outgoing`]: the queue, message ids, and the messages that wait for a reply
//! - [`sending`]: when a message is written, and how its call settles
//! - [`keepalive`]: when a ping is due, and the pings that wait for their pong
//! - [`pings`]: sending pings, and replacing a connection on which nothing arrives
//!
//! The rest of the session calls this module at these points: a frame or another sign of activity arrives, the socket
//! has written its frames, a connection is closed or lost, one of the timers `ReplyAck`, `Ping`, `Pong` and `Reply`
//! expires, or the user calls `send()`, `addOutgoingEvent()` or `ping()`.

mod frame_head;
mod incoming;
mod keepalive;
mod outgoing;
mod pings;
mod resuming;
mod sending;

use std::time::{Duration, Instant};

use crate::session::config::Config;
use keepalive::Keepalive;
use outgoing::{Limits, Outgoing};

/// What a session remembers for RTM.
#[derive(Debug)]
pub(super) struct Rtm {
    pub(super) outgoing: Outgoing,
    pub(super) keepalive: Keepalive,
}

impl Rtm {
    pub(super) fn new(config: &Config, now: Instant) -> Self {
        let limits =
            Limits { max_pending_replies: config.max_pending_replies, reply_timeout: config.reply_timeout };
        Self { outgoing: Outgoing::new(limits), keepalive: Keepalive::new(config, now) }
    }

    /// When the earliest message or `ping()` without a reply is rejected.
    pub(super) fn next_deadline(&self) -> Option<Instant> {
        self.outgoing.next_deadline().into_iter().chain(self.keepalive.next_deadline()).min()
    }

    /// Postpones the deadlines of all replies.
    pub(super) fn postpone_replies(&mut self, by: Duration) {
        for deadline in self.deadlines() {
            *deadline = deadline.and_then(|deadline| deadline.checked_add(by));
        }
    }

    /// Moves deadlines of replies that are earlier than `time` to `time`.
    pub(super) fn extend_replies_to(&mut self, time: Instant) {
        for deadline in self.deadlines() {
            *deadline = deadline.map(|deadline| deadline.max(time));
        }
    }

    fn deadlines(&mut self) -> impl Iterator<Item = &mut Option<Instant>> {
        self.outgoing.deadlines().chain(self.keepalive.deadlines())
    }
}
