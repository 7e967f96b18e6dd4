//! The keepalive, pauses of reading, and `ping()`.

use slack_rtm_native::session::{Config, ConnectionId, Frame, Input};

use crate::client_states::ClientState;
use crate::simulation::{Replies, Simulation, SocketScript, ms, secs};

/// A `ready` client whose server sends nothing.
fn silent(config: Config) -> Simulation {
    let mut sim = Simulation::ready(config);
    sim.server.replies = Replies::None;
    sim
}

#[test]
fn a_ping_is_sent_after_each_client_ping_timeout() {
    let mut sim = Simulation::ready(Config::default());
    sim.advance(secs(20));
    for (n, ping) in ["> ping #1", "> ping #2", "> ping #3"].into_iter().enumerate() {
        assert_eq!(sim.lines.times_of(ping), [secs(6) * u32::try_from(n + 1).unwrap()]);
    }
    assert_eq!(sim.outgoing[0], r#"{"type":"ping","id":1}"#);
    assert_eq!(sim.lines.count("reconnecting"), 0);
}

#[test]
fn outgoing_traffic_delays_the_ping_and_incoming_traffic_does_not() {
    let mut sim = Simulation::ready(Config::default());
    sim.advance(secs(5));
    sim.send("a");
    sim.advance(secs(5));
    sim.frame(r#"{"type":"message"}"#);
    sim.advance(secs(1));
    assert_eq!(sim.lines.times_of("> ping #2"), [secs(11)]);
}

#[test]
fn pings_are_sent_on_a_ready_connection_only() {
    for state in [ClientState::Handshaking, ClientState::Resuming, ClientState::Disconnecting] {
        let mut sim = state.simulation();
        let outgoing = sim.outgoing.len();
        sim.advance(ms(1999));
        assert_eq!(sim.outgoing.len(), outgoing, "{state:?}");
    }
    let config = Config { reply_ack_timeout: secs(60), connect_timeout: None, ..Config::default() };
    let mut sim = silent(config);
    sim.enqueue("a", true);
    sim.closed(1006, "");
    sim.advance_to_deadline();
    sim.advance(secs(60));
    assert_eq!(sim.outgoing.len(), 1, "no ping while resuming");
    sim.advance(secs(6));
    assert_eq!(sim.outgoing.len(), 2);
}

#[test]
fn a_silent_connection_is_dropped_without_a_close_handshake_and_replaced() {
    let mut sim = silent(Config::default());
    sim.advance(ms(9999));
    assert_eq!(sim.lines.take(), ["> ping #1"]);
    sim.advance(ms(1));
    assert_eq!(sim.lines.take(), ["> drop", "reconnecting"], "after 10 s, and no close handshake");
    sim.advance_to_deadline();
    assert_eq!(sim.lines.take().last().unwrap(), "ready");
}

#[test]
fn a_silent_connection_is_replaced_within_half_a_second_after_the_pong_timeout() {
    for seed in 0..100 {
        let mut sim = Simulation::with_seed(Config::default(), seed);
        sim.start("start");
        sim.server.replies = Replies::None;
        sim.advance(secs(10));
        assert_eq!(sim.lines.take().last().unwrap(), "reconnecting");
        assert!(sim.advance_to_deadline() <= ms(500));
        assert_eq!(sim.lines.take().last().unwrap(), "ready");
    }
}

#[test]
fn without_auto_reconnect_a_silent_connection_ends_the_client() {
    let mut sim = silent(Config { auto_reconnect: false, ..Config::default() });
    sim.advance(secs(10));
    assert_eq!(sim.lines.take(), ["> ping #1", "> drop", "disconnected: websocket 1006"]);
}

#[test]
fn any_frame_after_the_ping_proves_that_the_connection_is_alive() {
    let connection = ConnectionId(1);
    for input in [
        Input::Frame { connection, frame: Frame::read(r#"{"type":"pong","reply_to":1}"#) },
        Input::Frame { connection, frame: Frame::read(r#"{"type":"message"}"#) },
        Input::Frame { connection, frame: Frame::read("garbage") },
        Input::Activity { connection },
    ] {
        let mut sim = silent(Config::default());
        assert_eq!(sim.connection, connection);
        sim.advance(ms(9999));
        sim.feed(input.clone());
        sim.advance(ms(2001));
        assert_eq!(sim.lines.count("> drop"), 0, "{input:?}");
        assert_eq!(sim.lines.times_of("> ping #2"), [secs(12)]);
        sim.advance(secs(4));
        assert_eq!(sim.lines.count("> drop"), 1, "the next ping has its timeout, too");
    }
}

#[test]
fn a_frame_before_the_ping_proves_nothing() {
    let mut sim = silent(Config::default());
    sim.advance(ms(5999));
    sim.frame(r#"{"type":"message"}"#);
    sim.advance(ms(4001));
    assert_eq!(sim.lines.count("> drop"), 1);
}

#[test]
fn outgoing_traffic_does_not_hide_a_dead_connection() {
    let mut sim = silent(Config::default());
    sim.advance(secs(6));
    for n in 0..10 {
        sim.send(&n.to_string());
        sim.advance(ms(400));
    }
    assert_eq!(sim.lines.times_of("> drop"), [secs(10)]);
}

#[test]
fn the_options_set_the_timeouts() {
    let config =
        Config { client_ping_timeout: Some(ms(300)), server_pong_timeout: ms(200), ..Config::default() };
    let mut sim = silent(config);
    sim.advance(ms(500));
    assert_eq!(
        (sim.lines.times_of("> ping #1"), sim.lines.times_of("> drop")),
        (vec![ms(300)], vec![ms(500)])
    );
}

#[test]
fn without_a_client_ping_timeout_there_is_no_keepalive() {
    let mut sim = silent(Config { client_ping_timeout: None, ..Config::default() });
    assert_eq!(sim.session.poll_timeout(), None);
    sim.advance(secs(3600));
    assert!(sim.lines.take().is_empty());
}

#[test]
fn a_new_connection_does_not_wait_for_the_pong_of_the_previous_one() {
    let mut sim = silent(Config::default());
    sim.advance(secs(6));
    sim.closed(1006, "");
    sim.advance(secs(1));
    sim.lines.take();
    sim.advance(secs(4));
    assert!(sim.lines.take().is_empty(), "the missing pong of the old connection does not drop the new one");
}

#[test]
fn extreme_timeouts_do_not_overflow() {
    let longest = std::time::Duration::MAX;
    let config = Config {
        client_ping_timeout: Some(longest),
        server_pong_timeout: longest,
        connect_timeout: Some(longest),
        reply_ack_timeout: longest,
        reply_timeout: Some(longest),
        ..Config::default()
    };
    let mut sim = silent(config);
    sim.enqueue("a", true);
    sim.ping("p");
    sim.read_paused(true);
    sim.advance(secs(3600));
    sim.read_paused(false);
    assert_eq!(sim.lines.take(), ["> a #1", "> ping #2"]);
    sim.closed(1006, "");
    sim.advance(secs(3600));
    assert_eq!(sim.lines.take().last().unwrap(), "< hello", "the client waits for the reply");
}

// ── Reading is paused ───────────────────────────────────────────────────────────────────────────────────────────────

#[test]
fn while_reading_is_paused_the_connection_counts_as_alive() {
    let mut sim = silent(Config::default());
    sim.advance(secs(8));
    sim.read_paused(true);
    sim.advance(secs(3600));
    assert_eq!(sim.lines.take(), ["> ping #1"]);
    sim.read_paused(false);
    sim.frame(r#"{"type":"message"}"#);
    sim.advance(secs(1));
    assert_eq!(sim.lines.take(), ["< message", "> ping #2"]);
}

#[test]
fn a_connection_that_died_while_reading_was_paused_is_noticed_afterwards() {
    let mut sim = silent(Config::default());
    sim.advance(secs(8));
    sim.read_paused(true);
    sim.advance(secs(3600));
    sim.read_paused(false);
    sim.advance(ms(1999));
    assert_eq!(sim.lines.count("> drop"), 0, "the time before the pause counts, the pause does not");
    sim.advance(ms(1));
    assert_eq!(sim.lines.count("> drop"), 1);
}

#[test]
fn a_ping_sent_while_reading_was_paused_has_the_pong_timeout_afterwards() {
    let mut sim = silent(Config { client_ping_timeout: Some(secs(600)), ..Config::default() });
    sim.read_paused(true);
    sim.advance(secs(900));
    assert_eq!(sim.lines.take(), ["> ping #1"]);
    sim.read_paused(false);
    assert_eq!(sim.advance_to_deadline(), secs(4));
    assert_eq!(sim.lines.take(), ["> drop", "reconnecting"]);
}

#[test]
fn a_second_pause_has_no_effect() {
    let mut sim = silent(Config::default());
    sim.read_paused(false);
    sim.read_paused(true);
    sim.advance(secs(10));
    sim.read_paused(true);
    sim.advance(secs(10));
    sim.read_paused(false);
    sim.read_paused(false);
    assert_eq!(sim.advance_to_deadline(), secs(4));
}

#[test]
fn while_reading_is_paused_the_server_gets_a_pong_every_second() {
    let mut sim = Simulation::ready(Config { client_ping_timeout: None, ..Config::default() });
    sim.advance(secs(10));
    assert_eq!(sim.unsolicited_pongs, 0, "no pong while the connection is read");
    sim.read_paused(true);
    sim.advance(secs(30));
    assert_eq!(sim.unsolicited_pongs, 30);
    sim.read_paused(false);
    sim.advance(secs(30));
    assert_eq!(sim.unsolicited_pongs, 30);
}

#[test]
fn a_socket_that_opens_while_reading_is_paused_sends_pongs_until_it_is_lost() {
    let mut sim = Simulation::ready(Config::default());
    sim.read_paused(true);
    sim.server.socket = SocketScript::OpensWithoutHello;
    let opened = sim.lines.count("> open");
    sim.closed(1006, "");
    sim.advance(secs(10));
    assert_eq!(sim.lines.count("> open"), opened + 1);
    assert!((9..=10).contains(&sim.unsolicited_pongs), "{}", sim.unsolicited_pongs);
    sim.disconnect("end");
    let before = sim.unsolicited_pongs;
    sim.advance(secs(10));
    assert_eq!(sim.unsolicited_pongs, before);
}

// ── ping() ──────────────────────────────────────────────────────────────────────────────────────────────────────────

#[test]
fn ping_resolves_with_the_round_trip() {
    let mut sim = silent(Config::default());
    assert_eq!(sim.session.latency(), None);
    sim.ping("p");
    sim.advance(ms(70));
    sim.ping("q");
    sim.advance(ms(30));
    sim.reply_to(1);
    sim.reply_to(2);
    assert_eq!(
        sim.lines.take(),
        ["> ping #1", "> ping #2", "p = 100 ms", "< reply to 1", "q = 30 ms", "< reply to 2"]
    );
    assert_eq!(sim.session.latency(), Some(ms(30)));
}

#[test]
fn the_pong_of_the_keepalive_measures_the_latency() {
    let mut sim = silent(Config::default());
    sim.advance(ms(6042));
    sim.reply_to(1);
    assert_eq!(sim.session.latency(), Some(ms(42)));
}

#[test]
fn the_pong_of_an_earlier_connection_measures_nothing() {
    let mut sim = silent(Config::default());
    sim.advance(secs(6));
    sim.closed(1006, "");
    sim.advance(secs(1));
    sim.reply_to(1);
    assert_eq!(sim.session.latency(), None);
}

#[test]
fn an_unanswered_ping_is_rejected_and_the_connection_is_replaced() {
    let mut sim = silent(Config::default());
    sim.ping("p");
    sim.advance(secs(4));
    assert_eq!(sim.lines.take(), ["> ping #1", "> drop", "p = rejected: no reply", "reconnecting"]);
}

#[test]
fn a_ping_without_its_pong_is_rejected_even_if_the_connection_is_alive() {
    for config in [Config::default(), Config { client_ping_timeout: None, ..Config::default() }] {
        let has_keepalive = config.client_ping_timeout.is_some();
        let mut sim = silent(config);
        sim.ping("p");
        sim.advance(ms(100));
        if has_keepalive {
            sim.frame(r#"{"type":"message"}"#);
        }
        sim.advance(secs(4));
        assert_eq!(sim.lines.times_of("p = rejected: no reply"), [secs(4)]);
        assert_eq!(sim.lines.count("> drop"), 0);
    }
}

#[test]
fn a_lost_connection_rejects_its_pings() {
    let mut sim = silent(Config::default());
    sim.ping("p");
    sim.closed(1006, "");
    assert_eq!(sim.lines.take(), ["> ping #1", "p = rejected: no reply", "reconnecting"]);
}
