//! When the queue is full, and when it wakes JavaScript.

use std::sync::mpsc::{Receiver, channel};

use super::*;
use crate::binding::outbox::drain::Drain;

#[test]
fn a_queue_is_full_of_few_large_items_or_many_small_ones() {
    for length in [12, 500, 30_000, HIGH_WATER] {
        let frame = format!(r#"{{"text":"{}"}}"#, "x".repeat(length - 11));
        let frame = frame.as_bytes();
        let head = FrameHead::read(frame).unwrap();
        let queue = Queue::new(|| {});
        (0..2).for_each(|_| queue.learn(frame, &head));
        for is_record in [false, true] {
            let mut batch = Batch::default();
            queue.take(&mut batch);
            while !*queue.full.borrow() {
                let mut stage = Stage::default();
                let found = queue.read(&mut stage, frame).ok().filter(|_| is_record);
                let record = found.map(|(_, number)| (&stage, number));
                assert_eq!(record.is_some(), is_record && length < HIGH_WATER, "{length}");
                queue.push_frame(&mut Sender::new(1), 0, (frame, &head), record);
            }
            let bytes = queue.filling().batch.bytes();
            assert!((HIGH_WATER..=HIGH_WATER + 2 * length + 300).contains(&bytes), "{length}: {bytes}");
        }
    }
}

/// No test waits for it.
const LONG: Duration = Duration::from_secs(3600);

/// A queue, its other end, and what tells of its wakes.
fn patient(patience: Duration) -> (Arc<Queue>, Drain, Receiver<()>) {
    let (sender, wakes) = channel();
    let queue = Queue::patient(patience, move || sender.send(()).expect("the test waits for it"));
    let drain = Drain::new(Arc::clone(&queue));
    (queue, drain, wakes)
}

/// Listeners of a client.
fn listen(drain: &mut Drain, client: u32, names: &[&str]) {
    for name in names {
        drain.listen(client, (*name).to_owned());
    }
}

/// Adds a frame for a client.
fn push(queue: &Queue, client: u32, call: u32, frame: &str) {
    let head = FrameHead::read(frame.as_bytes()).unwrap();
    queue.push_frame(&mut Sender::new(client), call, (frame.as_bytes(), &head), None);
}

#[test]
fn javascript_is_woken_at_once_for_what_somebody_hears() {
    let pong = r#"{"type":"pong"}"#;
    let edited = r#"{"type":"message","subtype":"message_changed"}"#;
    for (listened, frame, at_once) in [
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
        let (queue, mut drain, wakes) = patient(LONG);
        listen(&mut drain, 1, listened);
        push(&queue, 1, 0, frame);
        queue.wake();
        assert_eq!(wakes.try_recv().is_ok(), at_once, "{listened:?} {frame}");
        // Other clients' listeners are no business of this one's.
        let (queue, mut drain, wakes) = patient(LONG);
        listen(&mut drain, 2, listened);
        push(&queue, 1, 0, frame);
        queue.wake();
        assert!(wakes.try_recv().is_err(), "{listened:?} {frame}");
    }
}

#[test]
fn javascript_is_woken_at_once_for_all_but_frames_and_messages() {
    for (kind, listened, at_once) in [
        (Kind::Ready, &[][..], true),
        (Kind::Resolved, &[], true),
        (Kind::Log, &[], true),
        (Kind::Outgoing, &[], false),
        (Kind::Outgoing, &["slack_event"], false),
        (Kind::Outgoing, &["outgoing_message"], true),
    ] {
        let (queue, mut drain, wakes) = patient(LONG);
        listen(&mut drain, 1, listened);
        queue.push(&mut Sender::new(1), kind, 0, b"null");
        queue.wake();
        assert_eq!(wakes.try_recv().is_ok(), at_once, "{kind:?} {listened:?}");
    }
    let (queue, _drain, wakes) = patient(LONG);
    push(&queue, 1, 7, r#"{"reply_to":1}"#);
    queue.wake();
    assert!(wakes.try_recv().is_ok(), "a frame that settles a promise");
}

#[test]
fn listeners_that_come_and_go_change_what_javascript_is_woken_for() {
    let (queue, mut drain, wakes) = patient(LONG);
    let is_woken = |drain: &mut Drain| {
        push(&queue, 1, 0, r#"{"type":"pong"}"#);
        queue.wake();
        assert_eq!((drain.refill(), drain.refill()), (vec![1], vec![]));
        wakes.try_recv().is_ok()
    };
    assert!(!is_woken(&mut drain));
    drain.listen(1, "pong".to_owned());
    assert!(is_woken(&mut drain) && is_woken(&mut drain));
    drain.unlisten(1, "pong".to_owned());
    assert!(!is_woken(&mut drain));
    drain.listen(1, "pong".to_owned());
    assert!(is_woken(&mut drain));
    drain.forget(1);
    assert!(!is_woken(&mut drain));
}

#[test]
fn what_nobody_hears_keeps_its_place() {
    let (queue, mut drain, wakes) = patient(LONG);
    listen(&mut drain, 2, &["b"]);
    for (client, frame) in [(1, r#"{"type":"a"}"#), (2, r#"{"type":"b"}"#), (3, r#"{"type":"c"}"#)] {
        push(&queue, client, 0, frame);
        queue.wake();
    }
    assert_eq!(wakes.try_iter().count(), 1);
    assert_eq!(drain.refill(), [1, 2, 3]);
}

#[test]
fn what_nobody_hears_is_passed_by_in_a_while() {
    let (queue, mut drain, wakes) = patient(Duration::from_millis(1));
    for round in 0..3 {
        (0..5).for_each(|client| push(&queue, client, 0, r#"{"type":"pong"}"#));
        queue.wake();
        wakes.recv_timeout(LONG).expect("a wake");
        assert_eq!(drain.refill(), [0, 1, 2, 3, 4], "{round}");
        assert_eq!(drain.refill(), [0; 0]);
    }
}

#[test]
fn a_lot_that_nobody_hears_does_not_wait() {
    let (queue, _drain, wakes) = patient(LONG);
    let frame = format!(r#"{{"type":"a","text":"{}"}}"#, "x".repeat(1000));
    let mut pushed = 0;
    while wakes.try_recv().is_err() {
        push(&queue, 1, 0, &frame);
        queue.wake();
        pushed += 1;
    }
    assert!((KEPT_BYTES / 1200..=KEPT_BYTES / 1000).contains(&pushed), "{pushed}");
}
