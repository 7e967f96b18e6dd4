//! An incoming frame, and the fields of it that the session looks up.

use std::ops::Range;

use bytes::Bytes;

use super::ids::MessageId;

/// A text frame, or a binary frame, that has arrived.
///
/// [`Frame::read`] looks its fields up. A host can do that itself while it decodes the frame, as the Node.js addon
/// does.
#[derive(Debug, Clone)]
pub struct Frame {
    /// The payload.
    pub data: Bytes,
    /// The fields that the session needs, or the reason why the payload is not JSON.
    pub head: Result<FrameHead, InvalidJson>,
    /// An id with which the host finds what it has decoded of the frame. The session returns it with the delivery.
    pub token: Option<FrameToken>,
}

/// An id that a host chooses for a frame: see [`Frame::token`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FrameToken(pub usize);

/// The fields of a frame that the session looks at. The payload is not decoded any further.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct FrameHead {
    /// The `type` of the event.
    pub event_type: FrameField,
    /// The `subtype` of the event.
    pub subtype: FrameField,
    /// The `reply_to`: the id of the message that the frame replies to. `None` if it is missing or not a whole number.
    pub reply_to: Option<MessageId>,
}

/// The value of a frame's `type` or `subtype`.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum FrameField {
    /// The frame does not have the field.
    #[default]
    Absent,
    /// A string without escapes: these bytes of the frame.
    At(Range<usize>),
    /// A string with escapes, decoded.
    Decoded(Box<str>),
    /// Not a string, or a string with a lone surrogate, which UTF-8 cannot represent.
    NotText,
}

impl FrameField {
    /// The field as text, if it is text. `data` is the frame's payload.
    pub fn text<'a>(&'a self, data: &'a [u8]) -> Option<&'a str> {
        match self {
            FrameField::At(range) => std::str::from_utf8(data.get(range.clone())?).ok(),
            FrameField::Decoded(text) => Some(text),
            FrameField::Absent | FrameField::NotText => None,
        }
    }
}

/// Why a frame is not JSON, and at which position. `JSON.parse` would reject it, too.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct InvalidJson(pub(super) String);
