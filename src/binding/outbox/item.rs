//! The items of the outbox: everything that JavaScript receives.

use std::ops::Range;

use napi_derive::napi;

use crate::records::buffer::RecordId;
use crate::records::event_types::EventTypeId;

/// A client, by the number that JavaScript gave it. Unique among the clients of one JavaScript thread.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(in crate::binding) struct ClientId(pub(in crate::binding) u32);

/// The kind of an item. An item has a client, a kind, a call and a payload.
#[napi]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ItemKind {
    /// A frame from Slack. Call: the promise that the frame settles, or 0. Payload: the frame.
    Frame,
    /// The event `connecting`.
    Connecting,
    /// The event `authenticated`. Payload: `encode::connect_response`.
    Authenticated,
    /// The event `connected`.
    Connected,
    /// The event `ready`.
    Ready,
    /// The event `disconnecting`.
    Disconnecting,
    /// The event `disconnected`. Payload: an error, or `null` after `disconnect()`.
    Disconnected,
    /// The event `reconnecting`.
    Reconnecting,
    /// The event `unable_to_rtm_start`. Payload: an error.
    UnableToRtmStart,
    /// The event `error`. Payload: an error.
    Error,
    /// The event `outgoing_message`. Payload: the message.
    OutgoingMessage,
    /// The promise `call` resolves. Payload: the value, or `null` for `undefined`.
    Resolved,
    /// The promise `call` resolves with the data of the last `authenticated` event.
    StartResolved,
    /// The promise `call` resolves with the response of a Web API method. Payload: `encode::api_response`.
    ApiCallResolved,
    /// The promise `call` rejects. Payload: an error.
    Rejected,
    /// The request to JavaScript with the number `call` is new or canceled, or its socket has bytes to write.
    JsRequest,
    /// A message for `node:diagnostics_channel`. Payload: `encode::diagnostic`.
    Diagnostic,
    /// A log line. Payload: level and text.
    Log,
    /// The client's task has panicked, which is a bug, and continues with a new session. Payload: the panic message.
    Crashed,
}

/// One item.
#[derive(Debug)]
pub(in crate::binding) struct Item {
    pub(in crate::binding) client: ClientId,
    /// The promise or the request to JavaScript that the item is about; 0 if there is none.
    pub(in crate::binding) call: u32,
    pub(in crate::binding) kind: ItemKind,
    /// The names of a frame.
    pub(in crate::binding) event_type: EventTypeId,
    pub(in crate::binding) payload: Payload,
}

/// The place of an item's payload in its batch.
#[derive(Debug)]
pub(in crate::binding) enum Payload {
    /// These bytes of JSON.
    Json(Range<usize>),
    Record(RecordId),
}
