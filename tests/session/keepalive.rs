//! Section 7 of the contract, and `ping()`.

use slack_rtm_native::session::{Config, ConnectionId, Frame, Input};

use crate::harness::{Dial, Replies, World, ms, secs};
use crate::situations::Situation;

/// A ready world whose server answers nothing.
fn mute(config: Config) -> World {
    let mut world = World::ready(config);
    world.server.replies = Replies::None;
    world
}

#[test]
fn a_ping_goes_out_after_the_client_ping_timeout_and_again() {
    let mut world = World::ready(Config::default());
    world.advance(secs(20));
    for (n, ping) in ["> ping #1", "> ping #2", "> ping #3"].into_iter().enumerate() {
        assert_eq!(world.trace.times_of(ping), [secs(6) * u32::try_from(n + 1).unwrap()]);
    }
    assert_eq!(world.outgoing[0], r#"{"type":"ping","id":1}"#);
    assert_eq!(world.trace.count("reconnecting"), 0);
}

#[test]
fn outgoing_traffic_puts_the_ping_off_and_incoming_does_not() {
    let mut world = World::ready(Config::default());
    world.advance(secs(5));
    world.send("a");
    world.advance(secs(5));
    world.frame(r#"{"type":"message"}"#);
    world.advance(secs(1));
    assert_eq!(world.trace.times_of("> ping #2"), [secs(11)]);
}

#[test]
fn a_ping_goes_out_on_a_ready_connection_only() {
    for situation in [Situation::Handshaking, Situation::Resuming, Situation::Disconnecting] {
        let mut world = situation.world();
        let outgoing = world.outgoing.len();
        world.advance(ms(1999));
        assert_eq!(world.outgoing.len(), outgoing, "{situation:?}");
    }
    let config = Config { reply_ack_timeout: secs(60), connect_timeout: None, ..Config::default() };
    let mut world = mute(config);
    world.enqueue("a", true);
    world.closed(1006, "");
    world.advance_to_deadline();
    world.advance(secs(60));
    assert_eq!(world.outgoing.len(), 1, "none while resuming");
    world.advance(secs(6));
    assert_eq!(world.outgoing.len(), 2);
}

#[test]
fn without_a_sign_of_life_the_connection_is_dropped_there_and_then_and_replaced() {
    let mut world = mute(Config::default());
    world.advance(ms(9999));
    assert_eq!(world.trace.take(), ["> ping #1"]);
    world.advance(ms(1));
    assert_eq!(world.trace.take(), ["> drop", "reconnecting"], "after 10 s, and no close handshake");
    world.advance_to_deadline();
    assert_eq!(world.trace.take().last().unwrap(), "ready");
}

#[test]
fn a_silent_connection_is_replaced_half_a_second_after_it_was_noticed_at_the_latest() {
    for seed in 0..100 {
        let mut world = World::with_seed(Config::default(), seed);
        world.start("start");
        world.server.replies = Replies::None;
        world.advance(secs(10));
        assert_eq!(world.trace.take().last().unwrap(), "reconnecting");
        assert!(world.advance_to_deadline() <= ms(500));
        assert_eq!(world.trace.take().last().unwrap(), "ready");
    }
}

#[test]
fn without_a_sign_of_life_a_client_without_auto_reconnect_ends() {
    let mut world = mute(Config { auto_reconnect: false, ..Config::default() });
    world.advance(secs(10));
    assert_eq!(world.trace.take(), ["> ping #1", "> drop", "disconnected: websocket 1006"]);
}

#[test]
fn any_frame_since_the_ping_is_a_sign_of_life() {
    let connection = ConnectionId(1);
    for sign in [
        Input::Frame { connection, frame: Frame::read(r#"{"type":"pong","reply_to":1}"#) },
        Input::Frame { connection, frame: Frame::read(r#"{"type":"message"}"#) },
        Input::Frame { connection, frame: Frame::read("garbage") },
        Input::Activity { connection },
    ] {
        let mut world = mute(Config::default());
        assert_eq!(world.connection, connection);
        world.advance(ms(9999));
        world.feed(sign.clone());
        world.advance(ms(2001));
        assert_eq!(world.trace.count("> drop"), 0, "{sign:?}");
        assert_eq!(world.trace.times_of("> ping #2"), [secs(12)]);
        world.advance(secs(4));
        assert_eq!(world.trace.count("> drop"), 1, "the next ping is watched, too");
    }
}

#[test]
fn a_frame_before_the_ping_is_no_sign_of_life() {
    let mut world = mute(Config::default());
    world.advance(ms(5999));
    world.frame(r#"{"type":"message"}"#);
    world.advance(ms(4001));
    assert_eq!(world.trace.count("> drop"), 1);
}

#[test]
fn traffic_that_only_goes_out_does_not_hide_a_dead_connection() {
    let mut world = mute(Config::default());
    world.advance(secs(6));
    for n in 0..10 {
        world.send(&n.to_string());
        world.advance(ms(400));
    }
    assert_eq!(world.trace.times_of("> drop"), [secs(10)]);
}

#[test]
fn the_timeouts_are_those_of_the_options() {
    let config =
        Config { client_ping_timeout: Some(ms(300)), server_pong_timeout: ms(200), ..Config::default() };
    let mut world = mute(config);
    world.advance(ms(500));
    assert_eq!(
        (world.trace.times_of("> ping #1"), world.trace.times_of("> drop")),
        (vec![ms(300)], vec![ms(500)])
    );
}

#[test]
fn without_a_client_ping_timeout_there_is_no_keepalive() {
    let mut world = mute(Config { client_ping_timeout: None, ..Config::default() });
    assert_eq!(world.session.poll_timeout(), None);
    world.advance(secs(3600));
    assert!(world.trace.take().is_empty());
}

#[test]
fn a_lost_connection_takes_its_ping_with_it() {
    let mut world = mute(Config::default());
    world.advance(secs(6));
    world.closed(1006, "");
    world.advance(secs(1));
    world.trace.take();
    world.advance(secs(4));
    assert!(world.trace.take().is_empty(), "the new connection is not dropped for the old one's pong");
}

#[test]
fn extreme_timeouts_do_no_harm() {
    let longest = std::time::Duration::MAX;
    let config = Config {
        client_ping_timeout: Some(longest),
        server_pong_timeout: longest,
        connect_timeout: Some(longest),
        reply_ack_timeout: longest,
        reply_timeout: Some(longest),
        ..Config::default()
    };
    let mut world = mute(config);
    world.enqueue("a", true);
    world.ping("p");
    world.reading(true);
    world.advance(secs(3600));
    world.reading(false);
    assert_eq!(world.trace.take(), ["> a #1", "> ping #2"]);
    world.closed(1006, "");
    world.advance(secs(3600));
    assert_eq!(world.trace.take().last().unwrap(), "< hello", "it waits for the reply");
}

// ── A paused reader ──────────────────────────────────────────────────────────────────────────────────────────────

#[test]
fn a_paused_reader_counts_as_alive() {
    let mut world = mute(Config::default());
    world.advance(secs(8));
    world.reading(true);
    world.advance(secs(3600));
    assert_eq!(world.trace.take(), ["> ping #1"]);
    world.reading(false);
    world.frame(r#"{"type":"message"}"#);
    world.advance(secs(1));
    assert_eq!(world.trace.take(), ["< message", "> ping #2"]);
}

#[test]
fn a_connection_that_died_behind_a_paused_reader_is_noticed_after_it() {
    let mut world = mute(Config::default());
    world.advance(secs(8));
    world.reading(true);
    world.advance(secs(3600));
    world.reading(false);
    world.advance(ms(1999));
    assert_eq!(world.trace.count("> drop"), 0, "the time before the pause counts, the pause does not");
    world.advance(ms(1));
    assert_eq!(world.trace.count("> drop"), 1);
}

#[test]
fn a_ping_sent_behind_a_paused_reader_has_its_time_afterwards_and_no_more() {
    let mut world = mute(Config { client_ping_timeout: Some(secs(600)), ..Config::default() });
    world.reading(true);
    world.advance(secs(900));
    assert_eq!(world.trace.take(), ["> ping #1"]);
    world.reading(false);
    assert_eq!(world.advance_to_deadline(), secs(4));
    assert_eq!(world.trace.take(), ["> drop", "reconnecting"]);
}

#[test]
fn pausing_twice_is_pausing_once() {
    let mut world = mute(Config::default());
    world.reading(false);
    world.reading(true);
    world.advance(secs(10));
    world.reading(true);
    world.advance(secs(10));
    world.reading(false);
    world.reading(false);
    assert_eq!(world.advance_to_deadline(), secs(4));
}

#[test]
fn while_the_reader_is_paused_the_server_gets_a_heartbeat_every_second() {
    let mut world = World::ready(Config { client_ping_timeout: None, ..Config::default() });
    world.advance(secs(10));
    assert_eq!(world.heartbeats, 0, "none on a connection that is read");
    world.reading(true);
    world.advance(secs(30));
    assert_eq!(world.heartbeats, 30);
    world.reading(false);
    world.advance(secs(30));
    assert_eq!(world.heartbeats, 30);
}

#[test]
fn a_connection_that_is_opened_behind_a_paused_reader_gets_heartbeats_and_a_lost_one_none() {
    let mut world = World::ready(Config::default());
    world.reading(true);
    world.server.dial = Dial::Mute;
    let opened = world.trace.count("> open");
    world.closed(1006, "");
    world.advance(secs(10));
    assert_eq!(world.trace.count("> open"), opened + 1);
    assert!((9..=10).contains(&world.heartbeats), "{}", world.heartbeats);
    world.disconnect("end");
    let before = world.heartbeats;
    world.advance(secs(10));
    assert_eq!(world.heartbeats, before);
}

// ── ping() ───────────────────────────────────────────────────────────────────────────────────────────────────────

#[test]
fn ping_resolves_with_the_round_trip() {
    let mut world = mute(Config::default());
    assert_eq!(world.session.latency(), None);
    world.ping("p");
    world.advance(ms(70));
    world.ping("q");
    world.advance(ms(30));
    world.reply_to(1);
    world.reply_to(2);
    assert_eq!(
        world.trace.take(),
        ["> ping #1", "> ping #2", "p = 100 ms", "< reply to 1", "q = 30 ms", "< reply to 2"]
    );
    assert_eq!(world.session.latency(), Some(ms(30)));
}

#[test]
fn the_pong_of_the_keepalive_tells_the_latency() {
    let mut world = mute(Config::default());
    world.advance(ms(6042));
    world.reply_to(1);
    assert_eq!(world.session.latency(), Some(ms(42)));
}

#[test]
fn the_pong_of_an_earlier_connection_tells_no_latency() {
    let mut world = mute(Config::default());
    world.advance(secs(6));
    world.closed(1006, "");
    world.advance(secs(1));
    world.reply_to(1);
    assert_eq!(world.session.latency(), None);
}

#[test]
fn an_unanswered_ping_is_rejected_and_its_connection_replaced() {
    let mut world = mute(Config::default());
    world.ping("p");
    world.advance(secs(4));
    assert_eq!(world.trace.take(), ["> ping #1", "> drop", "p = rejected: no reply", "reconnecting"]);
}

#[test]
fn a_ping_whose_pong_is_missing_on_a_living_connection_is_rejected() {
    for config in [Config::default(), Config { client_ping_timeout: None, ..Config::default() }] {
        let has_keepalive = config.client_ping_timeout.is_some();
        let mut world = mute(config);
        world.ping("p");
        world.advance(ms(100));
        if has_keepalive {
            world.frame(r#"{"type":"message"}"#);
        }
        world.advance(secs(4));
        assert_eq!(world.trace.times_of("p = rejected: no reply"), [secs(4)]);
        assert_eq!(world.trace.count("> drop"), 0);
    }
}

#[test]
fn a_lost_connection_rejects_its_pings() {
    let mut world = mute(Config::default());
    world.ping("p");
    world.closed(1006, "");
    assert_eq!(world.trace.take(), ["> ping #1", "p = rejected: no reply", "reconnecting"]);
}
