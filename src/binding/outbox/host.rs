//! What a client's task delivers through: turns deliveries into items of the outbox. Owns no order and no bound; those
//! are the outbox's.

use std::sync::Arc;

use bytes::Bytes;
use tokio::sync::watch;

use super::encode::{self, ErrorEncoder};
use super::queue::{Kind, Queue, Sender, Stage};
use crate::driver::Host;
use crate::records::decode::Unread;
use crate::session::{CallId, Delivery, Event, Frame, FrameToken, LogLevel, Outcome};

/// What a client's task delivers through.
pub(in crate::binding) struct ClientHost {
    sender: Sender,
    /// What was read since the last flush.
    stage: Stage,
    queue: Arc<Queue>,
    full: watch::Receiver<bool>,
    errors: ErrorEncoder,
}

impl ClientHost {
    pub(in crate::binding) fn new(client: u32, queue: Arc<Queue>) -> Self {
        let full = queue.fullness();
        Self {
            sender: Sender::new(client),
            stage: Stage::default(),
            queue,
            full,
            errors: ErrorEncoder::default(),
        }
    }

    fn push(&mut self, kind: Kind, call: u32, payload: &[u8]) {
        self.queue.push(&mut self.sender, kind, call, payload);
    }

    fn push_text(&mut self, kind: Kind, call: u32, payload: &str) {
        self.push(kind, call, payload.as_bytes());
    }

    fn push_event(&mut self, event: &Event) {
        let (kind, payload) = match event {
            Event::Connecting => (Kind::Connecting, None),
            Event::Authenticated(answer) => (Kind::Authenticated, Some(encode::connect_answer(answer))),
            Event::Connected => (Kind::Connected, None),
            Event::Ready => (Kind::Ready, None),
            Event::Disconnecting => (Kind::Disconnecting, None),
            Event::Disconnected(cause) => {
                (Kind::Disconnected, cause.as_ref().map(|failure| self.errors.failure(failure)))
            }
            Event::Reconnecting => (Kind::Reconnecting, None),
            Event::UnableToRtmStart(error) => {
                (Kind::UnableToRtmStart, Some(self.errors.connect_error(error)))
            }
            Event::Error(error) => (Kind::Error, Some(self.errors.socket_error(error))),
        };
        self.push_text(kind, 0, payload.as_deref().unwrap_or("null"));
    }

    fn push_outcome(&mut self, CallId(call): CallId, outcome: &Outcome) {
        match outcome {
            Outcome::Done => self.push_text(Kind::Resolved, call, "null"),
            Outcome::Started => self.push_text(Kind::Started, call, "null"),
            Outcome::Sent(id) => self.push_text(Kind::Resolved, call, &id.to_string()),
            Outcome::Pong(round_trip) => {
                self.push_text(Kind::Resolved, call, &(round_trip.as_secs_f64() * 1000.0).to_string());
            }
            Outcome::ApiResponse(answer) => self.push_text(Kind::Answered, call, &encode::api_answer(answer)),
            Outcome::Failed(failure) => {
                let error = self.errors.failure(failure);
                self.push_text(Kind::Rejected, call, &error);
            }
        }
    }
}

impl Host for ClientHost {
    fn read(&mut self, data: Bytes) -> Frame {
        match self.queue.read(&mut self.stage, &data) {
            Ok((head, record)) => Frame { data, head: Ok(head), token: Some(FrameToken(record)) },
            Err(reason) => {
                let frame = Frame::read(data);
                if let (Unread::UnknownShape, Ok(head)) = (reason, &frame.head) {
                    self.queue.learn(&frame.data, head);
                }
                frame
            }
        }
    }

    fn deliver(&mut self, delivery: Delivery) {
        match delivery {
            Delivery::Frame { data, head, reply, token } => {
                let record = token.map(|FrameToken(number)| (&self.stage, number));
                self.queue.push_frame(
                    &mut self.sender,
                    reply.map_or(0, |call| call.0),
                    (&data, &head),
                    record,
                );
            }
            Delivery::Outgoing { frame } => self.push(Kind::Outgoing, 0, &frame),
            Delivery::Event(event) => self.push_event(&event),
            Delivery::Settle { call, outcome } => self.push_outcome(call, &outcome),
            Delivery::Diagnostic(diagnostic) => {
                self.push_text(Kind::Diagnostic, 0, &encode::diagnostic(&diagnostic));
            }
            Delivery::Log { level, text } => {
                let level = match level {
                    LogLevel::Debug => "debug",
                    LogLevel::Info => "info",
                    LogLevel::Warn => "warn",
                    LogLevel::Error => "error",
                };
                self.push_text(Kind::Log, 0, &serde_json::json!([level, text]).to_string());
            }
        }
    }

    fn crashed(&mut self, message: &str) {
        self.push_text(Kind::Crashed, 0, &serde_json::json!(message).to_string());
    }

    fn flush(&mut self) {
        // Also what a frame that was given up half-way has left behind.
        self.stage = Stage::default();
        self.queue.wake();
    }

    fn is_full(&self) -> bool {
        *self.full.borrow()
    }

    async fn room(&mut self) {
        // The sender lives as long as `queue`, which this host holds.
        let _ = self.full.wait_for(|full| !full).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flush_leaves_nothing_of_what_was_read_also_of_what_was_given_up() {
        let text = "x".repeat(5000);
        let known = format!(r#"{{"text":"{text}"}}"#);
        // Of a shape that is not known, which shows behind the text.
        let given_up = format!(r#"{{"text":"{text}","more":1}}"#);
        let mut host = ClientHost::new(1, Queue::new(|| {}));
        for (frame, is_record) in [(&known, false), (&known, false), (&known, true), (&given_up, false)] {
            assert_eq!(host.read(Bytes::from(frame.clone())).token.is_some(), is_record);
            assert_eq!(host.stage.capacity() > text.len(), is_record || frame == &given_up);
            host.flush();
            assert_eq!(host.stage.capacity(), 0);
        }
    }
}
