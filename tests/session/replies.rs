//! Replies: awaited, replayed after a reconnect, overdue, limited (sections 3, 4 and 11 of the contract).

use slack_rtm_native::session::Config;

use crate::harness::{Dial, Replies, World, ms, secs};
use crate::situations::Situation;

/// A ready world whose server gives no replies.
fn without_replies(config: Config) -> World {
    let mut world = World::ready(config);
    world.server.replies = Replies::Pings;
    world
}

/// Loses the connection and lets the next one come as far as `hello`.
fn reconnect(world: &mut World) {
    world.closed(1006, "");
    world.advance_to_deadline();
    let news = world.trace.take();
    assert!(news.iter().any(|line| line == "connected"), "{news:?}");
    assert!(news.iter().all(|line| line != "ready"), "{news:?}");
}

// ── Resuming ─────────────────────────────────────────────────────────────────────────────────────────────────────

#[test]
fn a_connection_that_expects_no_reply_is_ready_at_once() {
    let mut world = World::ready(Config::default());
    world.enqueue("a", true);
    world.enqueue("b", false);
    world.send("c");
    world.closed(1006, "");
    world.advance_to_deadline();
    let ready = world.trace.times_of("ready");
    assert_eq!(ready[1], world.trace.times_of("connected")[1]);
}

#[test]
fn a_replayed_reply_resolves_its_promise_and_the_last_one_makes_ready() {
    let mut world = without_replies(Config::default());
    world.enqueue("a", true);
    world.enqueue("b", true);
    reconnect(&mut world);
    world.advance(ms(500));
    world.reply_to(1);
    assert_eq!(world.trace.take(), ["< reply to 1", "a = reply"], "another one is expected");
    world.advance(ms(500));
    world.reply_to(2);
    assert_eq!(world.trace.take(), ["< reply to 2", "b = reply", "ready"]);
}

#[test]
fn the_reply_to_the_last_message_makes_ready_and_ends_the_wait_for_the_others() {
    let mut world = without_replies(Config::default());
    world.enqueue("a", true);
    world.enqueue("b", true);
    reconnect(&mut world);
    world.reply_to(2);
    assert_eq!(world.trace.take(), ["< reply to 2", "b = reply", "a = rejected: no reply", "ready"]);
}

#[test]
fn without_the_replies_the_timeout_makes_ready() {
    for timeout in [ms(2000), ms(1), secs(60)] {
        let mut world = without_replies(Config { reply_ack_timeout: timeout, ..Config::default() });
        world.enqueue("a", true);
        reconnect(&mut world);
        world.enqueue("b", false);
        world.frame(r#"{"type":"message"}"#);
        assert_eq!(world.trace.take(), ["< message"], "nothing goes out meanwhile");
        assert_eq!(world.advance_to_deadline(), timeout);
        assert_eq!(world.trace.take(), ["a = rejected: no reply", "ready", "> b #2", "b = ok"]);
    }
}

#[test]
fn a_reply_replayed_after_the_timeout_settles_nothing() {
    let mut world = without_replies(Config::default());
    world.enqueue("a", true);
    reconnect(&mut world);
    world.advance(secs(2));
    world.trace.take();
    world.reply_to(1);
    assert_eq!(world.trace.take(), ["< reply to 1"]);
}

#[test]
fn replies_are_expected_across_several_lost_connections() {
    let mut world = without_replies(Config::default());
    world.enqueue("a", true);
    reconnect(&mut world);
    reconnect(&mut world);
    world.closed(1006, "");
    world.server.dial = Dial::Refused;
    world.advance(secs(20));
    world.server.dial = Dial::Hello;
    world.advance(secs(59));
    world.advance_to_deadline();
    assert_eq!(
        world.trace.count("a = rejected: no reply"),
        1,
        "only the timeout of a connection ends the wait"
    );
    assert_eq!(world.trace.count("ready"), 2);
}

#[test]
fn a_paused_reader_does_not_count_against_the_replay() {
    let mut world = Situation::Resuming.world();
    world.advance(ms(1500));
    world.reading(true);
    world.advance(secs(60));
    assert!(world.trace.take().is_empty());
    world.reading(false);
    world.advance(ms(499));
    assert!(world.trace.take().is_empty());
    world.reply_to(1);
    assert_eq!(world.trace.take(), ["< reply to 1", "lost = reply", "ready"]);
}

#[test]
fn replies_that_are_still_awaited_when_the_session_ends_are_rejected() {
    let mut world = without_replies(Config { auto_reconnect: false, ..Config::default() });
    world.enqueue("a", true);
    world.closed(1006, "");
    assert_eq!(world.trace.take(), ["> a #1", "a = rejected: no reply", "disconnected: websocket 1006"]);
}

// ── replyTimeout ─────────────────────────────────────────────────────────────────────────────────────────────────

fn with_reply_timeout() -> Config {
    Config { reply_timeout: Some(secs(3)), client_ping_timeout: None, ..Config::default() }
}

#[test]
fn a_message_without_reply_for_the_reply_timeout_is_rejected() {
    let mut world = without_replies(with_reply_timeout());
    world.enqueue("a", true);
    world.advance(secs(1));
    world.enqueue("b", true);
    world.enqueue("c", false);
    world.trace.take();
    world.advance(ms(1999));
    assert!(world.trace.take().is_empty());
    world.advance(ms(1));
    assert_eq!(world.trace.take(), ["a = rejected: no reply"]);
    world.advance(secs(1));
    assert_eq!(world.trace.take(), ["b = rejected: no reply"]);
    world.reply_to(1);
    assert_eq!(world.trace.take(), ["< reply to 1"], "late");
}

#[test]
fn without_a_reply_timeout_a_message_waits_as_long_as_the_connection_stands() {
    let mut world = without_replies(Config::default());
    world.enqueue("a", true);
    world.advance(secs(24 * 3600));
    world.reply_to(1);
    assert_eq!(world.trace.count("a = reply"), 1);
}

#[test]
fn the_reply_timeout_runs_from_writing_not_from_queueing() {
    let mut world = World::new(with_reply_timeout());
    world.enqueue("a", true);
    world.advance(secs(3600));
    world.server.replies = Replies::None;
    world.start("start");
    world.trace.take();
    assert_eq!(world.advance_to_deadline(), secs(3));
    assert_eq!(world.trace.take(), ["a = rejected: no reply"]);
}

#[test]
fn the_reply_timeout_goes_on_while_the_connection_is_replaced() {
    let mut world = without_replies(with_reply_timeout());
    world.enqueue("a", true);
    world.advance(secs(2));
    reconnect(&mut world);
    world.advance(secs(1));
    assert_eq!(world.trace.take(), ["a = rejected: no reply", "ready"], "no reply is expected any more");
}

#[test]
fn a_reply_that_is_overdue_at_the_moment_of_a_loss_is_rejected_at_that_moment() {
    let mut world = World::ready(Config { reply_timeout: Some(secs(3)), ..Config::default() });
    world.server.replies = Replies::None;
    world.advance(secs(7));
    world.enqueue("a", true);
    world.advance(secs(3));
    assert_eq!(
        world.trace.take(),
        ["> ping #1", "> a #2", "> drop", "reconnecting", "a = rejected: no reply"]
    );
}

#[test]
fn a_paused_reader_puts_the_reply_timeout_off() {
    let mut world = without_replies(with_reply_timeout());
    world.enqueue("a", true);
    world.advance(secs(1));
    world.reading(true);
    world.advance(secs(3600));
    world.enqueue("b", true);
    world.advance(secs(3600));
    assert_eq!(world.trace.take(), ["> a #1", "> b #2"]);
    world.reading(false);
    world.advance(secs(2));
    assert_eq!(world.trace.take(), ["a = rejected: no reply"]);
    world.advance(secs(1));
    assert_eq!(world.trace.take(), ["b = rejected: no reply"], "the reader had three seconds for it");
}

// ── maxPendingReplies ────────────────────────────────────────────────────────────────────────────────────────────

#[test]
fn no_more_than_max_pending_replies_are_in_flight() {
    let mut world = without_replies(Config { max_pending_replies: 2, ..Config::default() });
    for label in ["a", "b", "c", "d"] {
        world.enqueue(label, true);
    }
    world.enqueue("e", false);
    assert_eq!(world.trace.take(), ["> a #1", "> b #2"]);
    world.reply_to(2);
    assert_eq!(world.trace.take(), ["< reply to 2", "b = reply", "> c #3"]);
    world.reply_to(1);
    world.reply_to(3);
    assert_eq!(
        world.trace.take(),
        ["< reply to 1", "a = reply", "> d #4", "> e #5", "e = ok", "< reply to 3", "c = reply"],
        "in the order of the calls"
    );
}

#[test]
fn a_message_that_awaits_no_reply_is_not_held_back() {
    let mut world = without_replies(Config { max_pending_replies: 1, ..Config::default() });
    world.enqueue("a", true);
    world.enqueue("b", false);
    assert_eq!(world.trace.take(), ["> a #1", "> b #2", "b = ok"]);
}

#[test]
fn an_overdue_reply_lets_the_next_message_go() {
    let mut world = without_replies(Config { max_pending_replies: 1, ..with_reply_timeout() });
    world.enqueue("a", true);
    world.enqueue("b", true);
    world.advance(secs(3));
    assert_eq!(world.trace.take(), ["> a #1", "a = rejected: no reply", "> b #2"]);
}

#[test]
fn a_replaced_connection_lets_the_next_message_go() {
    let mut world = without_replies(Config { max_pending_replies: 1, ..Config::default() });
    world.enqueue("a", true);
    world.enqueue("b", true);
    reconnect(&mut world);
    world.advance(secs(2));
    assert_eq!(world.trace.take(), ["a = rejected: no reply", "ready", "> b #2"]);
}

// ── Section 11 ───────────────────────────────────────────────────────────────────────────────────────────────────

#[test]
fn a_reply_that_arrives_before_the_frame_counts_as_written_is_kept() {
    let mut world = World::ready(Config::default());
    world.server.flushes = false;
    world.enqueue("a", true);
    assert_eq!(world.trace.take(), ["> a #1", "< reply to 1", "a = reply"]);
    world.flushed();
    world.enqueue("b", true);
    assert_eq!(world.trace.take(), ["> b #2", "< reply to 2", "b = reply"], "the queue goes on");
}

#[test]
fn one_unanswered_message_does_not_block_later_ones() {
    let mut world = without_replies(Config::default());
    for n in 0..1000 {
        world.enqueue(&n.to_string(), true);
    }
    assert_eq!(world.outgoing.len(), 1000);
    world.reply_to(1000);
    assert_eq!(world.trace.count("999 = reply"), 1);
}

#[test]
fn an_acknowledged_message_a_loss_a_reconnect_and_a_disconnect() {
    let mut world = World::ready(Config::default());
    world.enqueue("a", true);
    world.closed(1006, "");
    world.advance(secs(1));
    world.enqueue("b", true);
    world.disconnect("disconnect");
    assert_eq!((world.trace.count("a = reply"), world.trace.count("b = reply")), (1, 1));
    assert_eq!(world.trace.take().last().unwrap(), "disconnect = ok");
}

#[test]
fn a_day_of_acknowledged_messages_leaves_nothing_behind() {
    let mut world = World::ready(Config::default());
    let size_after = |world: &mut World, count: u32| {
        for n in 0..count {
            world.enqueue(&format!("message {n}"), true);
            world.advance(ms(100));
        }
        format!("{:?}", world.session).len()
    };
    let (early, late) = (size_after(&mut world, 10), size_after(&mut world, 1000));
    assert!(late < early + 50, "{early} bytes, then {late}");
}
