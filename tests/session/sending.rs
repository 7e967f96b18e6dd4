//! `send()`, `addOutgoingEvent()`, the queue, and the frames (docs/messages.md).

use slack_rtm_native::session::{Config, Message};

use crate::client_states::ClientState;
use crate::simulation::{Replies, Simulation, connection_reset, ms, secs};

// ── send() ──────────────────────────────────────────────────────────────────────────────────────────────────────────

#[test]
fn send_resolves_with_the_id_once_the_frame_is_written() {
    let mut sim = Simulation::ready(Config::default());
    sim.server.flushes = false;
    sim.send("a");
    sim.send("b");
    assert_eq!(sim.lines.take(), ["> a #1", "< reply to 1", "> b #2", "< reply to 2"]);
    sim.flushed();
    assert_eq!(sim.lines.take(), ["a = sent 1", "b = sent 2"]);
}

#[test]
fn send_and_ping_in_every_state() {
    for state in ClientState::ALL {
        let mut sim = state.simulation();
        let why = match state {
            ClientState::Disconnected
            | ClientState::Authenticating
            | ClientState::WaitingToRetry
            | ClientState::Reconnecting => "disconnected",
            ClientState::Authenticated
            | ClientState::Handshaking
            | ClientState::Resuming
            | ClientState::Disconnecting
            | ClientState::Restarting => "not ready",
            ClientState::Ready => {
                sim.send("a");
                sim.ping("p");
                assert_eq!(
                    sim.lines.take(),
                    ["> a #1", "a = sent 1", "< reply to 1", "> ping #2", "p = 0 ms", "< reply to 2"]
                );
                continue;
            }
        };
        sim.send("a");
        sim.ping("p");
        let rejected = ["a", "p"].map(|call| format!("{call} = rejected: send while {why}"));
        assert_eq!(sim.lines.take(), rejected, "{state:?}");
    }
}

#[test]
fn an_unwritten_send_is_rejected_with_the_error_that_ended_the_connection() {
    let mut sim = Simulation::ready(Config::default());
    (sim.server.flushes, sim.server.replies) = (false, Replies::None);
    sim.send("a");
    sim.send("b");
    sim.closed(1011, "bye");
    assert_eq!(
        sim.lines.take(),
        [
            "> a #1",
            "> b #2",
            "a = rejected: websocket 1011 bye",
            "b = rejected: websocket 1011 bye",
            "reconnecting"
        ]
    );

    sim.advance(secs(1));
    sim.lines.take();
    sim.send("c");
    sim.transport_error(connection_reset());
    assert_eq!(
        sim.lines.take(),
        ["> c #3", "error: websocket ECONNRESET", "c = rejected: websocket ECONNRESET", "reconnecting"]
    );
}

#[test]
fn a_send_overtakes_messages_in_the_queue() {
    let mut sim = Simulation::ready(Config { max_pending_replies: 1, ..Config::default() });
    sim.server.replies = Replies::None;
    sim.enqueue("a", true);
    sim.enqueue("b", true);
    sim.send("c");
    assert_eq!(sim.lines.take(), ["> a #1", "> c #2", "c = sent 2"]);
}

// ── addOutgoingEvent() ──────────────────────────────────────────────────────────────────────────────────────────────

#[test]
fn a_message_without_reply_resolves_when_it_is_written() {
    let mut sim = Simulation::ready(Config::default());
    (sim.server.flushes, sim.server.replies) = (false, Replies::None);
    sim.enqueue("a", false);
    assert_eq!(sim.lines.take(), ["> a #1"]);
    sim.flushed();
    assert_eq!(sim.lines.take(), ["a = ok"]);
}

#[test]
fn a_message_with_reply_resolves_with_its_own_reply() {
    let mut sim = Simulation::ready(Config::default());
    sim.server.replies = Replies::None;
    sim.enqueue("a", true);
    sim.enqueue("b", true);
    assert_eq!(sim.lines.take(), ["> a #1", "> b #2"], "no message waits for the reply to another one");
    sim.reply_to(2);
    sim.reply_to(1);
    assert_eq!(sim.lines.take(), ["< reply to 2", "b = reply", "< reply to 1", "a = reply"]);
    sim.reply_to(1);
    assert_eq!(sim.lines.take(), ["< reply to 1"], "a second reply settles nothing");
}

#[test]
fn queued_messages_of_every_state_are_sent_in_order_when_the_client_is_ready() {
    for state in ClientState::ALL {
        let mut sim = state.simulation();
        sim.server = Simulation::new(Config::default()).server;
        for (label, await_reply) in [("a", true), ("b", false), ("c", true)] {
            sim.enqueue(label, await_reply);
        }
        let lines = sim.lines.take();
        assert_eq!(lines.is_empty(), state != ClientState::Ready, "{state:?}: {lines:?}");
        match state {
            ClientState::Disconnected => sim.start("late start"),
            ClientState::Authenticating => sim.connect_finished(Ok(crate::simulation::connect_response())),
            ClientState::Authenticated => {
                sim.opened();
                sim.hello();
            }
            ClientState::Handshaking => sim.hello(),
            ClientState::Disconnecting => {
                sim.start("late start");
                sim.closed(1000, "");
            }
            ClientState::Restarting => sim.closed(1000, ""),
            ClientState::WaitingToRetry
            | ClientState::Resuming
            | ClientState::Ready
            | ClientState::Reconnecting => {}
        }
        sim.advance(secs(5));
        let expected: &[&str] =
            if state == ClientState::Resuming { &["lost", "a", "b", "c"] } else { &["a", "b", "c"] };
        assert_eq!(values_of(&sim, "text"), expected, "{state:?}");
        for settled in ["a = reply", "b = ok", "c = reply"] {
            assert_eq!(sim.lines.count(settled), 1, "{state:?}: {settled}");
        }
    }
}

/// The values of this key in all frames that were sent.
fn values_of(sim: &Simulation, key: &str) -> Vec<serde_json::Value> {
    let parse = |frame: &String| serde_json::from_str(frame).expect("a frame is JSON");
    sim.outgoing.iter().map(parse).map(|frame: serde_json::Value| frame[key].clone()).collect()
}

#[test]
fn the_queue_is_written_right_after_ready() {
    let mut sim = Simulation::new(Config::default());
    sim.enqueue("a", false);
    sim.start("start");
    assert_eq!(sim.lines.take().split_off(7), ["ready", "> a #1", "a = ok", "< reply to 1"]);
}

#[test]
fn queued_messages_survive_a_disconnect_until_the_next_start() {
    let mut sim = ClientState::Disconnecting.simulation();
    sim.enqueue("a", true);
    sim.closed(1000, "");
    sim.enqueue("b", false);
    assert_eq!(sim.lines.take(), ["disconnected", "first disconnect = ok"], "neither written nor rejected");
    sim.advance(secs(3600));
    sim.start("start");
    assert_eq!(sim.lines.take().split_off(7)[..3], ["ready", "> a #1", "> b #2"]);
    assert_eq!((sim.lines.count("a = reply"), sim.lines.count("b = ok")), (1, 1));
}

#[test]
fn queued_messages_survive_a_connection_loss_that_ends_the_session() {
    let mut sim = Simulation::ready(Config { auto_reconnect: false, ..Config::default() });
    sim.closed(1006, "");
    sim.enqueue("a", true);
    sim.start("again");
    assert_eq!(sim.lines.count("a = reply"), 1);
}

#[test]
fn a_message_handed_to_a_lost_connection_is_never_written_again() {
    let mut sim = Simulation::ready(Config::default());
    (sim.server.flushes, sim.server.replies) = (false, Replies::None);
    sim.enqueue("a", true);
    sim.enqueue("b", false);
    sim.closed(1006, "");
    sim.enqueue("c", true);
    assert_eq!(sim.lines.take(), ["> a #1", "> b #2", "b = rejected: websocket 1006", "reconnecting"]);
    (sim.server.flushes, sim.server.replies) = (true, Replies::All);
    sim.advance(secs(5));
    let lines = sim.lines.take();
    assert_eq!(lines.iter().rfind(|line| line.starts_with("> ")).unwrap(), "> c #3");
    assert_eq!(sim.outgoing.len(), 3);
    assert_eq!(sim.lines.count("a = rejected: no reply"), 1, "its reply did not arrive in time");
}

#[test]
fn the_queue_waits_for_a_socket_that_does_not_write() {
    let mut sim = Simulation::ready(Config::default());
    (sim.server.flushes, sim.server.replies) = (false, Replies::None);
    let labels: Vec<String> = (0..100).map(|n| format!("{n}-{}", "x".repeat(10_000))).collect();
    for label in &labels {
        sim.enqueue(label, false);
    }
    let handed_over = sim.outgoing.len();
    assert!((5..10).contains(&handed_over), "{handed_over}");
    sim.flushed();
    assert_eq!(sim.outgoing.len(), 2 * handed_over, "the next messages follow");

    sim.closed(1006, "");
    (sim.server.flushes, sim.server.replies) = (true, Replies::All);
    sim.advance(secs(5));
    assert_eq!(sim.outgoing.len(), 100, "the others stay in the queue and are sent once");
    let count =
        |outcome: &str| labels.iter().filter(|l| sim.lines.count(&format!("{l} = {outcome}")) == 1).count();
    assert_eq!((count("ok"), count("rejected: websocket 1006")), (100 - handed_over, handed_over));
}

#[test]
fn messages_written_before_a_disconnect_settle_during_the_close_handshake() {
    let mut sim = Simulation::ready(Config::default());
    sim.server.replies = Replies::None;
    (sim.server.flushes, sim.server.answers_close) = (false, false);
    sim.enqueue("a", false);
    sim.enqueue("b", true);
    sim.enqueue("c", true);
    sim.disconnect("disconnect");
    sim.lines.take();
    sim.flushed();
    sim.reply_to(2);
    sim.closed(1000, "");
    assert_eq!(
        sim.lines.take(),
        ["a = ok", "< reply to 2", "b = reply", "c = rejected: no reply", "disconnected", "disconnect = ok"]
    );
}

// ── Frames ──────────────────────────────────────────────────────────────────────────────────────────────────────────

#[test]
fn a_frame_is_the_body_with_the_id_last() {
    let mut sim = Simulation::ready(Config::default());
    sim.send("a");
    assert_eq!(sim.outgoing, [r#"{"text":"a","type":"message","id":1}"#]);
    assert!(Message::new("5".to_owned()).is_err(), "a message is an object");
}

#[test]
fn ids_increase_for_the_life_of_the_client() {
    let mut sim = Simulation::ready(Config::default());
    sim.send("a");
    sim.enqueue("b", true);
    sim.ping("p");
    sim.closed(1006, "");
    sim.advance(secs(1));
    sim.send("c");
    sim.disconnect("disconnect");
    sim.start("again");
    sim.advance(ms(6000));
    sim.enqueue("d", false);
    assert_eq!(values_of(&sim, "id"), [1, 2, 3, 4, 5, 6]);
}

#[test]
fn every_frame_sent_is_an_outgoing_message() {
    let mut sim = Simulation::ready(Config::default());
    sim.send("a");
    sim.enqueue("b", true);
    sim.ping("p");
    sim.advance(secs(6));
    let written = sim.lines.take().iter().filter(|line| line.starts_with("> ")).count();
    assert_eq!((written, sim.outgoing.len()), (4, 4));
    assert_eq!(sim.outgoing[3], r#"{"type":"ping","id":4}"#);
}
