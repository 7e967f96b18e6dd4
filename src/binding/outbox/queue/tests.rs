//! When the queue is full, and when it wakes JavaScript.

use std::sync::mpsc::{Receiver, channel};

use super::*;
use crate::binding::outbox::drain::Drain;

#[test]
fn a_queue_is_full_of_few_large_items_or_many_small_ones() {
    for length in [12, 500, 30_000, HIGH_WATER_MARK] {
        let frame = format!(r#"{{"text":"{}"}}"#, "x".repeat(length - 11));
        let data = frame.as_bytes();
        let head = FrameHead::read(data).unwrap();
        let queue = Queue::new(Duration::ZERO, || {});
        (0..2).for_each(|_| queue.learn(data, &head));
        for has_record in [false, true] {
            let mut batch = Batch::default();
            queue.take(&mut batch);
            while !*queue.full.borrow() {
                let mut scratch = Scratch::default();
                let decoded = queue.decode(&mut scratch, data).ok().filter(|_| has_record);
                let record = decoded.map(|decoded| DecodedRecord { scratch: &scratch, id: decoded.record });
                assert_eq!(record.is_some(), has_record && length < HIGH_WATER_MARK, "{length}");
                let frame = FrameItem { call: 0, data, head: &head, record };
                queue.push_frame(&mut Producer::new(ClientId(1)), frame);
            }
            let bytes = queue.pending().batch.bytes();
            assert!(
                (HIGH_WATER_MARK..=HIGH_WATER_MARK + 2 * length + 300).contains(&bytes),
                "{length}: {bytes}"
            );
        }
    }
}

/// A delay that no test waits for.
const LONG: Duration = Duration::from_secs(3600);

/// A queue, its drain, and a message for each wake.
fn queue_with_delay(delay: Duration) -> (Arc<Queue>, Drain, Receiver<()>) {
    let (sender, wakes) = channel();
    let queue = Queue::new(delay, move || sender.send(()).expect("the test has the receiver"));
    let drain = Drain::new(Arc::clone(&queue));
    (queue, drain, wakes)
}

/// Adds listeners of a client.
fn listen(drain: &mut Drain, client: u32, names: &[&str]) {
    for name in names {
        drain.listen(ClientId(client), (*name).to_owned());
    }
}

/// Adds a frame for a client.
fn push(queue: &Queue, client: u32, call: u32, frame: &str) {
    let data = frame.as_bytes();
    let head = FrameHead::read(data).unwrap();
    let frame = FrameItem { call, data, head: &head, record: None };
    queue.push_frame(&mut Producer::new(ClientId(client)), frame);
}

#[test]
fn an_event_that_may_have_a_listener_wakes_javascript_immediately() {
    let pong = r#"{"type":"pong"}"#;
    let edited = r#"{"type":"message","subtype":"message_changed"}"#;
    for (names, frame, is_immediate) in [
        (&[][..], pong, false),
        (&[], r#"{"type":7}"#, false),
        (&["message", "outgoing_message"], pong, false),
        (&["pong"], pong, true),
        (&["slack_event"], pong, true),
        (&["slack_event"], r#"{"reply_to":7}"#, true),
        (&["message"], r#"{"reply_to":7}"#, false),
        (&["message"], edited, true),
        (&["message::message_changed"], edited, true),
        (&["message::bot_message"], edited, false),
        (&["message"], r#"{"type":7}"#, true),
    ] {
        let (queue, mut drain, wakes) = queue_with_delay(LONG);
        listen(&mut drain, 1, names);
        push(&queue, 1, 0, frame);
        queue.wake();
        assert_eq!(wakes.try_recv().is_ok(), is_immediate, "{names:?} {frame}");
        // The listeners of another client do not matter.
        let (queue, mut drain, wakes) = queue_with_delay(LONG);
        listen(&mut drain, 2, names);
        push(&queue, 1, 0, frame);
        queue.wake();
        assert!(wakes.try_recv().is_err(), "{names:?} {frame}");
    }
}

#[test]
fn an_item_that_is_neither_frame_nor_message_wakes_javascript_immediately() {
    for (kind, names, is_immediate) in [
        (ItemKind::Ready, &[][..], true),
        (ItemKind::Resolved, &[], true),
        (ItemKind::Log, &[], true),
        (ItemKind::OutgoingMessage, &[], false),
        (ItemKind::OutgoingMessage, &["slack_event"], false),
        (ItemKind::OutgoingMessage, &["outgoing_message"], true),
    ] {
        let (queue, mut drain, wakes) = queue_with_delay(LONG);
        listen(&mut drain, 1, names);
        queue.push(&mut Producer::new(ClientId(1)), kind, 0, b"null");
        queue.wake();
        assert_eq!(wakes.try_recv().is_ok(), is_immediate, "{kind:?} {names:?}");
    }
    let (queue, _drain, wakes) = queue_with_delay(LONG);
    push(&queue, 1, 7, r#"{"reply_to":1}"#);
    queue.wake();
    assert!(wakes.try_recv().is_ok(), "a frame that settles a promise");
}

#[test]
fn added_and_removed_listeners_change_which_events_wake_javascript() {
    let (queue, mut drain, wakes) = queue_with_delay(LONG);
    let client = ClientId(1);
    let is_woken = |drain: &mut Drain| {
        push(&queue, 1, 0, r#"{"type":"pong"}"#);
        queue.wake();
        assert_eq!((drain.next_batch(), drain.next_batch()), (vec![client], vec![]));
        wakes.try_recv().is_ok()
    };
    assert!(!is_woken(&mut drain));
    drain.listen(client, "pong".to_owned());
    assert!(is_woken(&mut drain) && is_woken(&mut drain));
    drain.unlisten(client, "pong".to_owned());
    assert!(!is_woken(&mut drain));
    drain.listen(client, "pong".to_owned());
    assert!(is_woken(&mut drain));
    drain.forget(client);
    assert!(!is_woken(&mut drain));
}

#[test]
fn an_event_without_a_listener_keeps_its_place_in_the_queue() {
    let (queue, mut drain, wakes) = queue_with_delay(LONG);
    listen(&mut drain, 2, &["b"]);
    for (client, frame) in [(1, r#"{"type":"a"}"#), (2, r#"{"type":"b"}"#), (3, r#"{"type":"c"}"#)] {
        push(&queue, client, 0, frame);
        queue.wake();
    }
    assert_eq!(wakes.try_iter().count(), 1);
    assert_eq!(drain.next_batch(), [1, 2, 3].map(ClientId));
}

#[test]
fn events_without_a_listener_wake_javascript_after_the_delay() {
    let (queue, mut drain, wakes) = queue_with_delay(Duration::from_millis(1));
    for round in 0..3 {
        (0..5).for_each(|client| push(&queue, client, 0, r#"{"type":"pong"}"#));
        queue.wake();
        wakes.recv_timeout(LONG).expect("a wake");
        assert_eq!(drain.next_batch(), [0, 1, 2, 3, 4].map(ClientId), "{round}");
        assert_eq!(drain.next_batch(), []);
    }
}

#[test]
fn many_bytes_without_a_listener_do_not_wait_for_the_delay() {
    let (queue, _drain, wakes) = queue_with_delay(LONG);
    let frame = format!(r#"{{"type":"a","text":"{}"}}"#, "x".repeat(1000));
    let mut pushed = 0;
    while wakes.try_recv().is_err() {
        push(&queue, 1, 0, &frame);
        queue.wake();
        pushed += 1;
    }
    assert!((MAX_KEPT_BYTES / 1200..=MAX_KEPT_BYTES / 1000).contains(&pushed), "{pushed}");
}
