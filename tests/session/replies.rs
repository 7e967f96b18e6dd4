//! Replies: awaited, repeated after a reconnect, overdue, and limited in number (docs/messages.md).

use slack_rtm_native::session::Config;

use crate::client_states::ClientState;
use crate::simulation::{Replies, Simulation, SocketScript, ms, secs};

/// A `ready` client whose server replies to pings only.
fn without_replies(config: Config) -> Simulation {
    let mut sim = Simulation::ready(config);
    sim.server.replies = Replies::Pings;
    sim
}

/// Loses the connection. The next one receives `hello` and is not ready yet.
fn reconnect(sim: &mut Simulation) {
    sim.closed(1006, "");
    sim.advance_to_deadline();
    let lines = sim.lines.take();
    assert!(lines.iter().any(|line| line == "connected"), "{lines:?}");
    assert!(lines.iter().all(|line| line != "ready"), "{lines:?}");
}

// ── Resuming ────────────────────────────────────────────────────────────────────────────────────────────────────────

#[test]
fn a_connection_that_awaits_no_reply_is_ready_immediately() {
    let mut sim = Simulation::ready(Config::default());
    sim.enqueue("a", true);
    sim.enqueue("b", false);
    sim.send("c");
    sim.closed(1006, "");
    sim.advance_to_deadline();
    let ready = sim.lines.times_of("ready");
    assert_eq!(ready[1], sim.lines.times_of("connected")[1]);
}

#[test]
fn a_repeated_reply_settles_its_call_and_the_last_one_makes_the_client_ready() {
    let mut sim = without_replies(Config::default());
    sim.enqueue("a", true);
    sim.enqueue("b", true);
    reconnect(&mut sim);
    sim.advance(ms(500));
    sim.reply_to(1);
    assert_eq!(sim.lines.take(), ["< reply to 1", "a = reply"], "another reply is awaited");
    sim.advance(ms(500));
    sim.reply_to(2);
    assert_eq!(sim.lines.take(), ["< reply to 2", "b = reply", "ready"]);
}

#[test]
fn the_reply_to_the_last_message_makes_the_client_ready_and_ends_the_wait_for_the_others() {
    let mut sim = without_replies(Config::default());
    sim.enqueue("a", true);
    sim.enqueue("b", true);
    reconnect(&mut sim);
    sim.reply_to(2);
    assert_eq!(sim.lines.take(), ["< reply to 2", "b = reply", "a = rejected: no reply", "ready"]);
}

#[test]
fn without_replies_the_client_is_ready_after_the_timeout() {
    for timeout in [ms(2000), ms(1), secs(60)] {
        let mut sim = without_replies(Config { reply_ack_timeout: timeout, ..Config::default() });
        sim.enqueue("a", true);
        reconnect(&mut sim);
        sim.enqueue("b", false);
        sim.frame(r#"{"type":"message"}"#);
        assert_eq!(sim.lines.take(), ["< message"], "nothing is sent while resuming");
        assert_eq!(sim.advance_to_deadline(), timeout);
        assert_eq!(sim.lines.take(), ["a = rejected: no reply", "ready", "> b #2", "b = ok"]);
    }
}

#[test]
fn a_reply_after_the_timeout_settles_nothing() {
    let mut sim = without_replies(Config::default());
    sim.enqueue("a", true);
    reconnect(&mut sim);
    sim.advance(secs(2));
    sim.lines.take();
    sim.reply_to(1);
    assert_eq!(sim.lines.take(), ["< reply to 1"]);
}

#[test]
fn replies_are_awaited_across_several_lost_connections() {
    let mut sim = without_replies(Config::default());
    sim.enqueue("a", true);
    reconnect(&mut sim);
    reconnect(&mut sim);
    sim.closed(1006, "");
    sim.server.socket = SocketScript::Refused;
    sim.advance(secs(20));
    sim.server.socket = SocketScript::Hello;
    sim.advance(secs(59));
    sim.advance_to_deadline();
    assert_eq!(
        sim.lines.count("a = rejected: no reply"),
        1,
        "only the timeout on a new connection ends the wait"
    );
    assert_eq!(sim.lines.count("ready"), 2);
}

#[test]
fn a_pause_of_reading_postpones_the_end_of_resuming() {
    let mut sim = ClientState::Resuming.simulation();
    sim.advance(ms(1500));
    sim.read_paused(true);
    sim.advance(secs(60));
    assert!(sim.lines.take().is_empty());
    sim.read_paused(false);
    sim.advance(ms(499));
    assert!(sim.lines.take().is_empty());
    sim.reply_to(1);
    assert_eq!(sim.lines.take(), ["< reply to 1", "lost = reply", "ready"]);
}

#[test]
fn calls_that_await_a_reply_are_rejected_when_the_session_ends() {
    let mut sim = without_replies(Config { auto_reconnect: false, ..Config::default() });
    sim.enqueue("a", true);
    sim.closed(1006, "");
    assert_eq!(sim.lines.take(), ["> a #1", "a = rejected: no reply", "disconnected: websocket 1006"]);
}

// ── replyTimeout ────────────────────────────────────────────────────────────────────────────────────────────────────

fn with_reply_timeout() -> Config {
    Config { reply_timeout: Some(secs(3)), client_ping_timeout: None, ..Config::default() }
}

#[test]
fn a_message_without_a_reply_is_rejected_after_the_reply_timeout() {
    let mut sim = without_replies(with_reply_timeout());
    sim.enqueue("a", true);
    sim.advance(secs(1));
    sim.enqueue("b", true);
    sim.enqueue("c", false);
    sim.lines.take();
    sim.advance(ms(1999));
    assert!(sim.lines.take().is_empty());
    sim.advance(ms(1));
    assert_eq!(sim.lines.take(), ["a = rejected: no reply"]);
    sim.advance(secs(1));
    assert_eq!(sim.lines.take(), ["b = rejected: no reply"]);
    sim.reply_to(1);
    assert_eq!(sim.lines.take(), ["< reply to 1"], "the reply is too late");
}

#[test]
fn without_a_reply_timeout_a_message_waits_as_long_as_the_connection_lasts() {
    let mut sim = without_replies(Config::default());
    sim.enqueue("a", true);
    sim.advance(secs(24 * 3600));
    sim.reply_to(1);
    assert_eq!(sim.lines.count("a = reply"), 1);
}

#[test]
fn the_reply_timeout_runs_from_writing_not_from_queueing() {
    let mut sim = Simulation::new(with_reply_timeout());
    sim.enqueue("a", true);
    sim.advance(secs(3600));
    sim.server.replies = Replies::None;
    sim.start("start");
    sim.lines.take();
    assert_eq!(sim.advance_to_deadline(), secs(3));
    assert_eq!(sim.lines.take(), ["a = rejected: no reply"]);
}

#[test]
fn the_reply_timeout_goes_on_while_the_connection_is_replaced() {
    let mut sim = without_replies(with_reply_timeout());
    sim.enqueue("a", true);
    sim.advance(secs(2));
    reconnect(&mut sim);
    sim.advance(secs(1));
    assert_eq!(sim.lines.take(), ["a = rejected: no reply", "ready"], "no reply is expected any more");
}

#[test]
fn a_reply_that_is_overdue_when_the_connection_is_lost_is_rejected_then() {
    let mut sim = Simulation::ready(Config { reply_timeout: Some(secs(3)), ..Config::default() });
    sim.server.replies = Replies::None;
    sim.advance(secs(7));
    sim.enqueue("a", true);
    sim.advance(secs(3));
    assert_eq!(sim.lines.take(), ["> ping #1", "> a #2", "> drop", "reconnecting", "a = rejected: no reply"]);
}

#[test]
fn a_pause_of_reading_postpones_the_reply_timeout() {
    let mut sim = without_replies(with_reply_timeout());
    sim.enqueue("a", true);
    sim.advance(secs(1));
    sim.read_paused(true);
    sim.advance(secs(3600));
    sim.enqueue("b", true);
    sim.advance(secs(3600));
    assert_eq!(sim.lines.take(), ["> a #1", "> b #2"]);
    sim.read_paused(false);
    sim.advance(secs(2));
    assert_eq!(sim.lines.take(), ["a = rejected: no reply"]);
    sim.advance(secs(1));
    assert_eq!(sim.lines.take(), ["b = rejected: no reply"], "the reader had three seconds for it");
}

// ── maxPendingReplies ───────────────────────────────────────────────────────────────────────────────────────────────

#[test]
fn no_more_than_max_pending_replies_are_in_flight() {
    let mut sim = without_replies(Config { max_pending_replies: 2, ..Config::default() });
    for label in ["a", "b", "c", "d"] {
        sim.enqueue(label, true);
    }
    sim.enqueue("e", false);
    assert_eq!(sim.lines.take(), ["> a #1", "> b #2"]);
    sim.reply_to(2);
    assert_eq!(sim.lines.take(), ["< reply to 2", "b = reply", "> c #3"]);
    sim.reply_to(1);
    sim.reply_to(3);
    assert_eq!(
        sim.lines.take(),
        ["< reply to 1", "a = reply", "> d #4", "> e #5", "e = ok", "< reply to 3", "c = reply"],
        "in the order of the calls"
    );
}

#[test]
fn a_message_that_awaits_no_reply_is_not_limited() {
    let mut sim = without_replies(Config { max_pending_replies: 1, ..Config::default() });
    sim.enqueue("a", true);
    sim.enqueue("b", false);
    assert_eq!(sim.lines.take(), ["> a #1", "> b #2", "b = ok"]);
}

#[test]
fn an_overdue_reply_lets_the_next_message_go() {
    let mut sim = without_replies(Config { max_pending_replies: 1, ..with_reply_timeout() });
    sim.enqueue("a", true);
    sim.enqueue("b", true);
    sim.advance(secs(3));
    assert_eq!(sim.lines.take(), ["> a #1", "a = rejected: no reply", "> b #2"]);
}

#[test]
fn a_replaced_connection_lets_the_next_message_go() {
    let mut sim = without_replies(Config { max_pending_replies: 1, ..Config::default() });
    sim.enqueue("a", true);
    sim.enqueue("b", true);
    reconnect(&mut sim);
    sim.advance(secs(2));
    assert_eq!(sim.lines.take(), ["a = rejected: no reply", "ready", "> b #2"]);
}

// ── Defects of @slack/rtm-api 7.0.4 ─────────────────────────────────────────────────────────────────────────────────

#[test]
fn a_reply_may_arrive_before_the_frame_is_reported_as_written() {
    let mut sim = Simulation::ready(Config::default());
    sim.server.flushes = false;
    sim.enqueue("a", true);
    assert_eq!(sim.lines.take(), ["> a #1", "< reply to 1", "a = reply"]);
    sim.flushed();
    sim.enqueue("b", true);
    assert_eq!(sim.lines.take(), ["> b #2", "< reply to 2", "b = reply"], "the queue goes on");
}

#[test]
fn one_unanswered_message_does_not_block_later_ones() {
    let mut sim = without_replies(Config::default());
    for n in 0..1000 {
        sim.enqueue(&n.to_string(), true);
    }
    assert_eq!(sim.outgoing.len(), 1000);
    sim.reply_to(1000);
    assert_eq!(sim.lines.count("999 = reply"), 1);
}

#[test]
fn a_client_works_after_a_reply_a_lost_connection_and_a_disconnect() {
    let mut sim = Simulation::ready(Config::default());
    sim.enqueue("a", true);
    sim.closed(1006, "");
    sim.advance(secs(1));
    sim.enqueue("b", true);
    sim.disconnect("disconnect");
    assert_eq!((sim.lines.count("a = reply"), sim.lines.count("b = reply")), (1, 1));
    assert_eq!(sim.lines.take().last().unwrap(), "disconnect = ok");
}

#[test]
fn a_day_of_acknowledged_messages_does_not_grow_the_session() {
    let mut sim = Simulation::ready(Config::default());
    let size_after = |sim: &mut Simulation, count: u32| {
        for n in 0..count {
            sim.enqueue(&format!("message {n}"), true);
            sim.advance(ms(100));
        }
        format!("{:?}", sim.session).len()
    };
    let (early, late) = (size_after(&mut sim, 10), size_after(&mut sim, 1000));
    assert!(late < early + 50, "{early} bytes, then {late}");
}
