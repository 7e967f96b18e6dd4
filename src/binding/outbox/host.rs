//! The host of a client's task: turns what the session delivers into items of the outbox.

use std::sync::Arc;

use bytes::Bytes;
use tokio::sync::watch;

use super::encode::{self, ErrorEncoder};
use super::frame_head::head_of;
use super::item::{ClientId, ItemKind};
use super::queue::{DecodedRecord, FrameItem, Producer, Queue};
use crate::driver::Host;
use crate::driver::io::{CallId, Delivery, Event, Frame, FrameToken, LogLevel, Outcome};
use crate::records::buffer::RecordId;
use crate::records::decode::{NotDecoded, Scratch};

/// The host of one client's task.
pub(in crate::binding) struct ClientHost {
    producer: Producer,
    /// The frames that were decoded since the last flush.
    scratch: Scratch,
    queue: Arc<Queue>,
    full: watch::Receiver<bool>,
    errors: ErrorEncoder,
}

impl ClientHost {
    pub(in crate::binding) fn new(client: ClientId, queue: Arc<Queue>) -> Self {
        let full = queue.fullness();
        Self {
            producer: Producer::new(client),
            scratch: Scratch::default(),
            queue,
            full,
            errors: ErrorEncoder::default(),
        }
    }

    fn push(&mut self, kind: ItemKind, call: u32, payload: &[u8]) {
        self.queue.push(&mut self.producer, kind, call, payload);
    }

    fn push_json(&mut self, kind: ItemKind, call: u32, payload: &str) {
        self.push(kind, call, payload.as_bytes());
    }

    fn push_event(&mut self, event: &Event) {
        let (kind, payload) = match event {
            Event::Connecting => (ItemKind::Connecting, None),
            Event::Authenticated(response) => {
                (ItemKind::Authenticated, Some(encode::connect_response(response)))
            }
            Event::Connected => (ItemKind::Connected, None),
            Event::Ready => (ItemKind::Ready, None),
            Event::Disconnecting => (ItemKind::Disconnecting, None),
            Event::Disconnected(cause) => {
                (ItemKind::Disconnected, cause.as_ref().map(|failure| self.errors.failure(failure)))
            }
            Event::Reconnecting => (ItemKind::Reconnecting, None),
            Event::UnableToRtmStart(error) => {
                (ItemKind::UnableToRtmStart, Some(self.errors.connect_error(error)))
            }
            Event::Error(error) => (ItemKind::Error, Some(self.errors.socket_error(error))),
        };
        self.push_json(kind, 0, payload.as_deref().unwrap_or("null"));
    }

    fn push_outcome(&mut self, CallId(call): CallId, outcome: &Outcome) {
        match outcome {
            Outcome::Done => self.push_json(ItemKind::Resolved, call, "null"),
            Outcome::Started => self.push_json(ItemKind::StartResolved, call, "null"),
            Outcome::Sent(id) => self.push_json(ItemKind::Resolved, call, &id.to_string()),
            Outcome::Pong(round_trip) => {
                self.push_json(ItemKind::Resolved, call, &(round_trip.as_secs_f64() * 1000.0).to_string());
            }
            Outcome::ApiResponse(response) => {
                self.push_json(ItemKind::ApiCallResolved, call, &encode::api_response(response));
            }
            Outcome::Failed(failure) => {
                let error = self.errors.failure(failure);
                self.push_json(ItemKind::Rejected, call, &error);
            }
        }
    }
}

impl Host for ClientHost {
    fn read_frame(&mut self, data: Bytes) -> Frame {
        match self.queue.decode(&mut self.scratch, &data) {
            Ok(decoded) => {
                let RecordId(record) = decoded.record;
                Frame { data, head: Ok(head_of(decoded)), token: Some(FrameToken(record)) }
            }
            Err(reason) => {
                let frame = Frame::read(data);
                if let (NotDecoded::UnknownShape, Ok(head)) = (reason, &frame.head) {
                    self.queue.learn(&frame.data, head);
                }
                frame
            }
        }
    }

    fn deliver(&mut self, delivery: Delivery) {
        match delivery {
            Delivery::Frame { data, head, reply, token } => {
                let record =
                    token.map(|FrameToken(id)| DecodedRecord { scratch: &self.scratch, id: RecordId(id) });
                let call = reply.map_or(0, |CallId(call)| call);
                self.queue
                    .push_frame(&mut self.producer, FrameItem { call, data: &data, head: &head, record });
            }
            Delivery::Outgoing { frame } => self.push(ItemKind::OutgoingMessage, 0, &frame),
            Delivery::Event(event) => self.push_event(&event),
            Delivery::Settle { call, outcome } => self.push_outcome(call, &outcome),
            Delivery::Diagnostic(diagnostic) => {
                self.push_json(ItemKind::Diagnostic, 0, &encode::diagnostic(&diagnostic));
            }
            Delivery::Log { level, text } => {
                let level = match level {
                    LogLevel::Debug => "debug",
                    LogLevel::Info => "info",
                    LogLevel::Warn => "warn",
                    LogLevel::Error => "error",
                };
                self.push_json(ItemKind::Log, 0, &serde_json::json!([level, text]).to_string());
            }
        }
    }

    fn crashed(&mut self, message: &str) {
        self.push_json(ItemKind::Crashed, 0, &serde_json::json!(message).to_string());
    }

    fn flush(&mut self) {
        // A new one, not a cleared one: an idle client holds no memory for frames.
        self.scratch = Scratch::default();
        self.queue.wake();
    }

    fn is_full(&self) -> bool {
        *self.full.borrow()
    }

    async fn wait_for_room(&mut self) {
        // It cannot fail: the sender is in `queue`, which this host keeps alive.
        let _ = self.full.wait_for(|full| !full).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn a_flush_frees_the_memory_of_all_frames_also_of_those_without_a_record() {
        let text = "x".repeat(5000);
        let known = format!(r#"{{"text":"{text}"}}"#);
        // The decoder finds out behind the text that the shape is unknown.
        let refused = format!(r#"{{"text":"{text}","more":1}}"#);
        let mut host = ClientHost::new(ClientId(1), Queue::new(Duration::ZERO, || {}));
        for (frame, has_record) in [(&known, false), (&known, false), (&known, true), (&refused, false)] {
            assert_eq!(host.read_frame(Bytes::from(frame.clone())).token.is_some(), has_record);
            assert_eq!(host.scratch.capacity() > text.len(), has_record || frame == &refused);
            host.flush();
            assert_eq!(host.scratch.capacity(), 0);
        }
    }
}
