//! Section 3 of the contract: the states, their events, and the order of these.

use std::sync::Arc;

use slack_rtm_native::session::{Config, Event, Failure};

use crate::harness::{Dial, World, answer, connect_answer, ms, platform_error, refusal, reset, secs};

const NO_RECONNECT: fn() -> Config = || Config { auto_reconnect: false, ..Config::default() };

// ── The way up ───────────────────────────────────────────────────────────────────────────────────────────────────

#[test]
fn a_start_goes_through_connecting_authenticated_connected_ready() {
    let mut world = World::new(Config::default());
    world.start("start");
    assert_eq!(
        world.trace.take(),
        ["connecting", "> connect", "authenticated", "start = ok", "> open", "connected", "< hello", "ready"]
    );
}

#[test]
fn each_step_waits_for_its_cause() {
    let mut world = World::new(Config { connect_timeout: None, ..Config::default() });
    (world.server.answer, world.server.dial) = (None, Dial::Silence);
    world.start("start");
    world.advance(secs(3600));
    assert_eq!(world.trace.take(), ["connecting", "> connect"]);
    world.answered(Ok(answer()));
    world.advance(secs(3600));
    assert_eq!(world.trace.take(), ["authenticated", "start = ok", "> open"]);
    world.opened();
    world.advance(secs(3600));
    assert!(world.trace.take().is_empty());
    world.frame(r#"{"type":"presence_change"}"#);
    assert_eq!(world.trace.take(), ["< presence_change"], "a frame before hello is an event and no more");
    world.hello();
    assert_eq!(world.trace.take(), ["connected", "< hello", "ready"]);
}

#[test]
fn authenticated_carries_the_answer_of_the_connect_call() {
    let mut world = World::new(Config::default());
    let body = r#"{"ok":true,"url":"wss://h/t","self":{"id":"U7"},"team":{"id":"T7"},"users":[]}"#;
    let answer = connect_answer("rtm.start", body.into()).unwrap();
    world.server.answer = Some(Ok(answer.clone()));
    world.start("start");
    let Event::Authenticated(told) = &world.events[1] else { panic!("{:?}", world.events) };
    assert_eq!(**told, answer);
    let raw = told.answer.as_ref().expect("the driver made the call");
    assert_eq!((&*told.user_id, &*told.team_id, &raw.body[..]), ("U7", "T7", body.as_bytes()));
}

#[test]
fn a_url_is_used_for_one_socket() {
    let mut world = World::ready(Config::default());
    for _ in 0..20 {
        world.closed(1006, "");
        world.advance(secs(60));
    }
    assert_eq!(world.trace.count("> connect"), 21);
    assert_eq!(world.trace.count("> open"), 21);
}

#[test]
fn hello_is_an_ordinary_event_and_counts_once() {
    let mut world = World::ready(Config::default());
    world.hello();
    assert_eq!(world.trace.take(), ["< hello"]);
}

#[test]
fn hello_counts_however_it_is_written() {
    let mut world = World::new(Config::default());
    world.server.dial = Dial::Mute;
    world.start("start");
    world.trace.take();
    world.frame(" {\"reply_to\":null,\"type\":7,\"ty\\u0070e\":\"he\\u006clo\"}\n");
    assert_eq!(world.trace.take(), ["connected", "< hello", "ready"]);
}

// ── The way down ─────────────────────────────────────────────────────────────────────────────────────────────────

#[test]
fn an_asked_for_end_goes_through_disconnecting_disconnected() {
    let mut world = World::ready(Config::default());
    world.disconnect("disconnect");
    assert_eq!(world.trace.take(), ["disconnecting", "> close", "disconnected", "disconnect = ok"]);
    assert!(matches!(world.events.last(), Some(Event::Disconnected(None))), "no cause is told");
    assert_eq!(world.session.poll_timeout(), None);
}

#[test]
fn a_loss_goes_through_reconnecting_to_ready() {
    let mut world = World::ready(Config::default());
    world.closed(1006, "");
    assert_eq!(world.trace.take(), ["reconnecting"], "a pause comes first");
    world.advance_to_deadline();
    assert_eq!(
        world.trace.take(),
        ["connecting", "> connect", "authenticated", "> open", "connected", "< hello", "ready"]
    );
}

#[test]
fn a_loss_without_auto_reconnect_ends_with_close_code_and_reason() {
    let mut world = World::ready(NO_RECONNECT());
    world.closed(1011, "bye");
    assert_eq!(world.trace.take(), ["disconnected: websocket 1011 bye"]);
    let Some(Event::Disconnected(Some(Failure::Socket(error)))) = world.events.last() else { panic!() };
    assert_eq!((error.error.close_code, &*error.error.reason), (1011, "bye"));
    assert_eq!(world.session.poll_timeout(), None);

    world.start("again");
    assert_eq!(world.trace.take().last().unwrap(), "ready", "the client is usable afterwards");
}

#[test]
fn a_connect_call_that_fails_for_good_ends_with_its_error_twice() {
    let mut world = World::new(Config::default());
    world.server.answer = Some(Err(platform_error("invalid_auth")));
    world.start("start");
    assert_eq!(
        world.trace.take(),
        [
            "connecting",
            "> connect",
            "unable_to_rtm_start: invalid_auth",
            "disconnected: invalid_auth",
            "start = rejected: invalid_auth"
        ]
    );
    let [_, Event::UnableToRtmStart(first), Event::Disconnected(Some(Failure::Api(second)))] =
        &world.events[..]
    else {
        panic!("{:?}", world.events)
    };
    assert!(Arc::ptr_eq(first, second), "the same error");
    assert_eq!(world.session.poll_timeout(), None);
}

#[test]
fn a_connect_call_that_fails_for_now_is_told_and_made_again_after_a_pause() {
    let mut world = World::new(Config::default());
    world.server.answer = Some(Err(platform_error("internal_error")));
    world.start("start");
    assert_eq!(
        world.trace.take(),
        ["connecting", "> connect", "unable_to_rtm_start: internal_error", "reconnecting"]
    );
    world.server.answer = Some(Ok(answer()));
    assert!(world.advance_to_deadline() > ms(0));
    assert_eq!(
        world.trace.take(),
        ["connecting", "> connect", "authenticated", "start = ok", "> open", "connected", "< hello", "ready"]
    );
}

#[test]
fn a_refused_upgrade_is_an_error_and_then_a_loss() {
    let mut world = World::new(Config::default());
    world.server.dial = Dial::Refused;
    world.start("start");
    assert_eq!(
        world.trace.take(),
        [
            "connecting",
            "> connect",
            "authenticated",
            "start = ok",
            "> open",
            "error: websocket 1006",
            "reconnecting"
        ]
    );
}

#[test]
fn a_transport_error_comes_before_the_state_event_that_it_causes() {
    for (config, then) in
        [(Config::default(), "reconnecting"), (NO_RECONNECT(), "disconnected: websocket ECONNRESET")]
    {
        let mut world = World::ready(config);
        world.broken(reset());
        assert_eq!(world.trace.take(), ["error: websocket ECONNRESET", then]);
    }
}

#[test]
fn a_transport_error_at_an_asked_for_end_is_none() {
    let mut world = World::ready(Config::default());
    world.server.closes = false;
    world.disconnect("disconnect");
    world.broken(reset());
    assert_eq!(world.trace.take(), ["disconnecting", "> close", "disconnected", "disconnect = ok"]);
}

#[test]
fn a_server_that_closes_before_hello_is_a_loss() {
    let mut world = World::new(Config::default());
    world.server.dial = Dial::Mute;
    world.start("start");
    world.trace.take();
    world.closed(1008, "ticket expired");
    assert_eq!(world.trace.take(), ["reconnecting"]);
}

#[test]
fn an_announced_migration_replaces_the_connection() {
    let mut world = World::ready(Config::default());
    world.frame(r#"{"type":"team_migration_started"}"#);
    assert_eq!(world.trace.take(), ["< team_migration_started", "> drop", "reconnecting"]);
    world.advance_to_deadline();
    assert_eq!(world.trace.take().last().unwrap(), "ready");
}

// ── connectTimeout ───────────────────────────────────────────────────────────────────────────────────────────────

#[test]
fn a_socket_without_hello_is_given_up_after_the_connect_timeout() {
    for dial in [Dial::Silence, Dial::Mute] {
        let mut world = World::new(Config { connect_timeout: Some(secs(5)), ..Config::default() });
        world.server.dial = dial;
        world.start("start");
        world.trace.take();
        world.advance(ms(4999));
        assert!(world.trace.take().is_empty());
        world.advance(ms(1));
        assert_eq!(world.trace.take(), ["> drop", "error: websocket ETIMEDOUT", "reconnecting"]);
    }
}

#[test]
fn hello_ends_the_connect_timeout() {
    let mut world = World::ready(Config { client_ping_timeout: None, ..Config::default() });
    world.advance(secs(3600));
    assert!(world.trace.take().is_empty());
}

#[test]
fn a_closed_socket_ends_the_connect_timeout() {
    let config = Config { connect_timeout: Some(ms(500)), client_ping_timeout: None, ..Config::default() };
    let mut world = World::new(config);
    world.server.dial = Dial::Refused;
    world.start("start");
    world.server.dial = Dial::Hello;
    world.advance(secs(3600));
    assert_eq!(world.trace.count("error: websocket ETIMEDOUT"), 0);
    assert_eq!(world.trace.count("ready"), 1);
}

#[test]
fn a_refused_socket_ends_a_client_without_auto_reconnect() {
    let mut world = World::new(NO_RECONNECT());
    world.server.dial = Dial::Refused;
    world.start("start");
    let error = world.trace.take().split_off(5);
    assert_eq!(error, ["error: websocket 1006", "disconnected: websocket 1006"]);
    let [.., Event::Error(first), Event::Disconnected(Some(Failure::Socket(second)))] = &world.events[..]
    else {
        panic!("{:?}", world.events)
    };
    assert!(Arc::ptr_eq(first, second) && first.error.message.starts_with(&refusal().message));
}
