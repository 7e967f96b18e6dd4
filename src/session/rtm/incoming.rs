//! What the session does with a frame that has arrived.

use std::time::Instant;

use crate::session::Session;
use crate::session::connection_loss::ConnectionLoss;
use crate::session::failure::SocketError;
use crate::session::frame::Frame;
use crate::session::ids::{CallId, MessageId};
use crate::session::io::{Delivery, LogLevel, Outcome};
use crate::session::state::{SocketPhase, State};
use crate::session::text::excerpt;

/// How much of a frame that is not JSON is logged, in bytes.
const INVALID_FRAME_EXCERPT: usize = 200;

/// How much of any other frame is logged, in bytes.
const FRAME_EXCERPT: usize = 1024 * 1024;

impl Session {
    pub(in crate::session) fn on_frame(&mut self, now: Instant, frame: Frame) {
        match self.state.socket() {
            SocketPhase::Open | SocketPhase::Closing => {}
            SocketPhase::None | SocketPhase::Opening => return,
        }
        self.on_activity(now);
        let Frame { data, head, token } = frame;
        let head = match head {
            Ok(head) => head,
            Err(error) => {
                return self.outputs.log(LogLevel::Error, || {
                    let start = excerpt(&data, INVALID_FRAME_EXCERPT);
                    format!("skipped a frame that is not JSON ({error}): {start}")
                });
            }
        };
        let event_type = head.event_type.text(&data);
        self.outputs.log(LogLevel::Debug, || match event_type {
            Some("reconnect_url") => "received: a reconnect_url, which is a secret".to_owned(),
            _ => format!("received: {}", excerpt(&data, FRAME_EXCERPT)),
        });
        let is_hello = event_type == Some("hello") && self.state == State::Handshaking;
        let is_migration = event_type == Some("team_migration_started");
        if is_hello {
            self.on_hello(now);
        }
        let reply_to = head.reply_to;
        let reply = reply_to.and_then(|id| self.on_reply(now, id));
        self.outputs.deliver(Delivery::Frame { data, head, reply, token });
        match self.state {
            State::Ready if is_hello => self.become_ready(now),
            State::Ready if reply.is_some() => self.write_queued(now),
            State::Resuming { last_pending } if reply_to == Some(last_pending) => self.become_ready(now),
            State::Handshaking
            | State::Resuming { .. }
            | State::Ready
            | State::Disconnecting { .. }
            | State::Disconnected
            | State::Authenticating
            | State::Authenticated
            | State::Reconnecting => {}
        }
        if is_migration {
            self.on_team_migration(now);
        }
    }

    /// Takes the call or the ping that a reply belongs to. Returns the call that settles with the reply's frame.
    fn on_reply(&mut self, now: Instant, reply_to: MessageId) -> Option<CallId> {
        if let Some(answered) = self.rtm.keepalive.reply(reply_to, now) {
            self.outputs.settle(answered.call, Outcome::Pong(answered.round_trip));
        }
        self.rtm.outgoing.take_replied(reply_to)
    }

    /// Slack announces that it moves the team to another server: it closes the socket soon and expects that the client
    /// connects again. The session does so immediately.
    fn on_team_migration(&mut self, now: Instant) {
        if !self.state.is_connected() {
            return;
        }
        let message = format!("{} announced a migration of the team", self.connection.server());
        let error = self.with_age(now, SocketError::new(message, None));
        self.drop_connection(now, error, ConnectionLoss::Closed);
    }
}
