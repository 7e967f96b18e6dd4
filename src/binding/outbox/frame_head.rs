//! Conversions between the session's view of a frame ([`FrameHead`]) and the one of [`records`](crate::records).

use crate::driver::io::{FrameField, FrameHead, MessageId};
use crate::records::decode::DecodedFrame;
use crate::records::event_types::TypeName;

/// The head of a frame that was decoded.
pub(super) fn head_of(DecodedFrame { event_type, subtype, reply_to, .. }: DecodedFrame) -> FrameHead {
    FrameHead {
        event_type: event_type.map_or(FrameField::Absent, FrameField::At),
        subtype: subtype.map_or(FrameField::Absent, FrameField::At),
        reply_to: reply_to.map(|id| MessageId(id.into())),
    }
}

/// The `type` of a frame. `data` is the frame.
pub(super) fn type_of<'a>(head: &'a FrameHead, data: &'a [u8]) -> TypeName<'a> {
    type_name(&head.event_type, data)
}

/// The `subtype` of a frame. `data` is the frame.
pub(super) fn subtype_of<'a>(head: &'a FrameHead, data: &'a [u8]) -> TypeName<'a> {
    type_name(&head.subtype, data)
}

fn type_name<'a>(name: &'a FrameField, data: &'a [u8]) -> TypeName<'a> {
    match (name, name.text(data)) {
        (FrameField::NotText, _) => TypeName::Other,
        (_, None) => TypeName::Absent,
        (_, Some(text)) => TypeName::Text(text),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::records::decode::{Scratch, decode};
    use crate::records::demand::Demand;
    use crate::records::shapes::Shapes;

    #[test]
    fn the_head_of_a_decoded_frame_is_the_one_that_serde_reads() {
        for frame in [
            r#"{"type":"message","subtype":"bot_message","reply_to":4294967295}"#,
            r#"{"reply_to":0,"list":[{"type":"inner","subtype":"x","reply_to":"y"}],"type":"last"}"#,
            r#" { "subtype" : "alone" } "#,
            "{}",
        ] {
            let mut shapes = Shapes::default();
            (0..2).for_each(|_| shapes.learn(frame.as_bytes()));
            let decoded = decode(frame.as_bytes(), &shapes, &Demand::default(), &mut Scratch::default());
            assert_eq!(head_of(decoded.unwrap()), FrameHead::read(frame.as_bytes()).unwrap(), "{frame}");
        }
    }

    #[test]
    fn a_type_or_subtype_that_is_no_string_is_other() {
        let frame = br#"{"type":7,"subtype":null}"#;
        let head = FrameHead::read(frame).unwrap();
        assert!(matches!(
            (type_of(&head, frame), subtype_of(&head, frame)),
            (TypeName::Other, TypeName::Other)
        ));
        let frame = br#"{"type":"\u0061"}"#;
        let head = FrameHead::read(frame).unwrap();
        assert!(matches!(
            (type_of(&head, frame), subtype_of(&head, frame)),
            (TypeName::Text("a"), TypeName::Absent)
        ));
    }
}
