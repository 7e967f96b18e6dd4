//! Sections 4 and 6 of the contract: `send()`, `addOutgoingEvent()`, the queue, and the frames that go out.

use slack_rtm_native::session::{Config, Message};

use crate::harness::{Replies, World, ms, reset, secs};
use crate::situations::Situation;

// ── send() ───────────────────────────────────────────────────────────────────────────────────────────────────────

#[test]
fn send_resolves_with_the_id_once_the_frame_is_written() {
    let mut world = World::ready(Config::default());
    world.server.flushes = false;
    world.send("a");
    world.send("b");
    assert_eq!(world.trace.take(), ["> a #1", "< reply to 1", "> b #2", "< reply to 2"]);
    world.flushed();
    assert_eq!(world.trace.take(), ["a = sent 1", "b = sent 2"]);
}

#[test]
fn send_and_ping_in_every_state() {
    for situation in Situation::ALL {
        let mut world = situation.world();
        let why = match situation {
            Situation::Disconnected
            | Situation::Authenticating
            | Situation::Repeating
            | Situation::Reconnecting => "disconnected",
            Situation::Authenticated
            | Situation::Handshaking
            | Situation::Resuming
            | Situation::Disconnecting
            | Situation::Restarting => "not ready",
            Situation::Ready => {
                world.send("a");
                world.ping("p");
                assert_eq!(
                    world.trace.take(),
                    ["> a #1", "a = sent 1", "< reply to 1", "> ping #2", "p = 0 ms", "< reply to 2"]
                );
                continue;
            }
        };
        world.send("a");
        world.ping("p");
        let rejected = ["a", "p"].map(|call| format!("{call} = rejected: send while {why}"));
        assert_eq!(world.trace.take(), rejected, "{situation:?}");
    }
}

#[test]
fn a_send_cut_off_by_a_loss_is_rejected_with_what_ended_the_connection() {
    let mut world = World::ready(Config::default());
    (world.server.flushes, world.server.replies) = (false, Replies::None);
    world.send("a");
    world.send("b");
    world.closed(1011, "bye");
    assert_eq!(
        world.trace.take(),
        [
            "> a #1",
            "> b #2",
            "a = rejected: websocket 1011 bye",
            "b = rejected: websocket 1011 bye",
            "reconnecting"
        ]
    );

    world.advance(secs(1));
    world.trace.take();
    world.send("c");
    world.broken(reset());
    assert_eq!(
        world.trace.take(),
        ["> c #3", "error: websocket ECONNRESET", "c = rejected: websocket ECONNRESET", "reconnecting"]
    );
}

#[test]
fn a_send_overtakes_what_is_held_back_in_the_queue() {
    let mut world = World::ready(Config { max_pending_replies: 1, ..Config::default() });
    world.server.replies = Replies::None;
    world.enqueue("a", true);
    world.enqueue("b", true);
    world.send("c");
    assert_eq!(world.trace.take(), ["> a #1", "> c #2", "c = sent 2"]);
}

// ── addOutgoingEvent() ───────────────────────────────────────────────────────────────────────────────────────────

#[test]
fn a_message_without_reply_resolves_when_it_is_written() {
    let mut world = World::ready(Config::default());
    (world.server.flushes, world.server.replies) = (false, Replies::None);
    world.enqueue("a", false);
    assert_eq!(world.trace.take(), ["> a #1"]);
    world.flushed();
    assert_eq!(world.trace.take(), ["a = ok"]);
}

#[test]
fn a_message_with_reply_resolves_with_it() {
    let mut world = World::ready(Config::default());
    world.server.replies = Replies::None;
    world.enqueue("a", true);
    world.enqueue("b", true);
    assert_eq!(world.trace.take(), ["> a #1", "> b #2"], "nothing waits for a reply to another");
    world.reply_to(2);
    world.reply_to(1);
    assert_eq!(world.trace.take(), ["< reply to 2", "b = reply", "< reply to 1", "a = reply"]);
    world.reply_to(1);
    assert_eq!(world.trace.take(), ["< reply to 1"], "a second one settles nothing");
}

#[test]
fn messages_of_every_state_go_out_in_the_order_of_the_calls_once_ready() {
    for situation in Situation::ALL {
        let mut world = situation.world();
        world.server = World::new(Config::default()).server;
        for (label, await_reply) in [("a", true), ("b", false), ("c", true)] {
            world.enqueue(label, await_reply);
        }
        let news = world.trace.take();
        assert_eq!(news.is_empty(), situation != Situation::Ready, "{situation:?}: {news:?}");
        match situation {
            Situation::Disconnected => world.start("late start"),
            Situation::Authenticating => world.answered(Ok(crate::harness::answer())),
            Situation::Authenticated => {
                world.opened();
                world.hello();
            }
            Situation::Handshaking => world.hello(),
            Situation::Disconnecting => {
                world.start("late start");
                world.closed(1000, "");
            }
            Situation::Restarting => world.closed(1000, ""),
            Situation::Repeating | Situation::Resuming | Situation::Ready | Situation::Reconnecting => {}
        }
        world.advance(secs(5));
        let expected: &[&str] =
            if situation == Situation::Resuming { &["lost", "a", "b", "c"] } else { &["a", "b", "c"] };
        assert_eq!(all_of(&world, "text"), expected, "{situation:?}");
        for settled in ["a = reply", "b = ok", "c = reply"] {
            assert_eq!(world.trace.count(settled), 1, "{situation:?}: {settled}");
        }
    }
}

/// The values of this key in all frames that went out.
fn all_of(world: &World, key: &str) -> Vec<serde_json::Value> {
    let parse = |frame: &String| serde_json::from_str(frame).expect("a frame is JSON");
    world.outgoing.iter().map(parse).map(|frame: serde_json::Value| frame[key].clone()).collect()
}

#[test]
fn the_queue_is_written_right_after_ready() {
    let mut world = World::new(Config::default());
    world.enqueue("a", false);
    world.start("start");
    assert_eq!(world.trace.take().split_off(7), ["ready", "> a #1", "a = ok", "< reply to 1"]);
}

#[test]
fn queued_messages_survive_a_disconnect_until_the_next_start() {
    let mut world = Situation::Disconnecting.world();
    world.enqueue("a", true);
    world.closed(1000, "");
    world.enqueue("b", false);
    assert_eq!(world.trace.take(), ["disconnected", "first disconnect = ok"], "neither written nor rejected");
    world.advance(secs(3600));
    world.start("start");
    assert_eq!(world.trace.take().split_off(7)[..3], ["ready", "> a #1", "> b #2"]);
    assert_eq!((world.trace.count("a = reply"), world.trace.count("b = ok")), (1, 1));
}

#[test]
fn queued_messages_survive_an_end_for_good() {
    let mut world = World::ready(Config { auto_reconnect: false, ..Config::default() });
    world.closed(1006, "");
    world.enqueue("a", true);
    world.start("again");
    assert_eq!(world.trace.count("a = reply"), 1);
}

#[test]
fn what_was_handed_to_a_lost_connection_is_never_written_again() {
    let mut world = World::ready(Config::default());
    (world.server.flushes, world.server.replies) = (false, Replies::None);
    world.enqueue("a", true);
    world.enqueue("b", false);
    world.closed(1006, "");
    world.enqueue("c", true);
    assert_eq!(world.trace.take(), ["> a #1", "> b #2", "b = rejected: websocket 1006", "reconnecting"]);
    (world.server.flushes, world.server.replies) = (true, Replies::All);
    world.advance(secs(5));
    let news = world.trace.take();
    assert_eq!(news.iter().rfind(|line| line.starts_with("> ")).unwrap(), "> c #3");
    assert_eq!(world.outgoing.len(), 3);
    assert_eq!(world.trace.count("a = rejected: no reply"), 1, "its reply did not come in time");
}

#[test]
fn little_is_handed_to_a_socket_that_does_not_take_it() {
    let mut world = World::ready(Config::default());
    (world.server.flushes, world.server.replies) = (false, Replies::None);
    let labels: Vec<String> = (0..100).map(|n| format!("{n}-{}", "x".repeat(10_000))).collect();
    for label in &labels {
        world.enqueue(label, false);
    }
    let handed_over = world.outgoing.len();
    assert!((5..10).contains(&handed_over), "{handed_over}");
    world.flushed();
    assert_eq!(world.outgoing.len(), 2 * handed_over, "the next ones follow");

    world.closed(1006, "");
    (world.server.flushes, world.server.replies) = (true, Replies::All);
    world.advance(secs(5));
    assert_eq!(world.outgoing.len(), 100, "the others survive and go out once");
    let count =
        |outcome: &str| labels.iter().filter(|l| world.trace.count(&format!("{l} = {outcome}")) == 1).count();
    assert_eq!((count("ok"), count("rejected: websocket 1006")), (100 - handed_over, handed_over));
}

#[test]
fn what_was_written_before_a_disconnect_still_resolves_during_the_close_handshake() {
    let mut world = World::ready(Config::default());
    world.server.replies = Replies::None;
    (world.server.flushes, world.server.closes) = (false, false);
    world.enqueue("a", false);
    world.enqueue("b", true);
    world.enqueue("c", true);
    world.disconnect("disconnect");
    world.trace.take();
    world.flushed();
    world.reply_to(2);
    world.closed(1000, "");
    assert_eq!(
        world.trace.take(),
        ["a = ok", "< reply to 2", "b = reply", "c = rejected: no reply", "disconnected", "disconnect = ok"]
    );
}

// ── Frames ───────────────────────────────────────────────────────────────────────────────────────────────────────

#[test]
fn a_frame_is_the_body_with_the_id_last() {
    let mut world = World::ready(Config::default());
    world.send("a");
    assert_eq!(world.outgoing, [r#"{"text":"a","type":"message","id":1}"#]);
    assert!(Message::new("5".to_owned()).is_err(), "a message is an object");
}

#[test]
fn ids_rise_for_the_life_of_the_client() {
    let mut world = World::ready(Config::default());
    world.send("a");
    world.enqueue("b", true);
    world.ping("p");
    world.closed(1006, "");
    world.advance(secs(1));
    world.send("c");
    world.disconnect("disconnect");
    world.start("again");
    world.advance(ms(6000));
    world.enqueue("d", false);
    assert_eq!(all_of(&world, "id"), [1, 2, 3, 4, 5, 6]);
}

#[test]
fn every_frame_sent_is_an_outgoing_message() {
    let mut world = World::ready(Config::default());
    world.send("a");
    world.enqueue("b", true);
    world.ping("p");
    world.advance(secs(6));
    let written = world.trace.take().iter().filter(|line| line.starts_with("> ")).count();
    assert_eq!((written, world.outgoing.len()), (4, 4));
    assert_eq!(world.outgoing[3], r#"{"type":"ping","id":4}"#);
}
