//! The states and the order of their events (docs/lifecycle.md).

use std::sync::Arc;

use slack_rtm_native::session::{Config, Event, Failure};

use crate::simulation::{
    Simulation, SocketScript, connect_response, connection_reset, ms, platform_error, read_connect_response,
    refused_upgrade, secs,
};

const NO_RECONNECT: fn() -> Config = || Config { auto_reconnect: false, ..Config::default() };

// ── Connecting ──────────────────────────────────────────────────────────────────────────────────────────────────────

#[test]
fn a_start_goes_through_connecting_authenticated_connected_ready() {
    let mut sim = Simulation::new(Config::default());
    sim.start("start");
    assert_eq!(
        sim.lines.take(),
        ["connecting", "> connect", "authenticated", "start = ok", "> open", "connected", "< hello", "ready"]
    );
}

#[test]
fn each_step_waits_for_its_input() {
    let mut sim = Simulation::new(Config { connect_timeout: None, ..Config::default() });
    (sim.server.connect_result, sim.server.socket) = (None, SocketScript::NeverOpens);
    sim.start("start");
    sim.advance(secs(3600));
    assert_eq!(sim.lines.take(), ["connecting", "> connect"]);
    sim.connect_finished(Ok(connect_response()));
    sim.advance(secs(3600));
    assert_eq!(sim.lines.take(), ["authenticated", "start = ok", "> open"]);
    sim.opened();
    sim.advance(secs(3600));
    assert!(sim.lines.take().is_empty());
    sim.frame(r#"{"type":"presence_change"}"#);
    assert_eq!(
        sim.lines.take(),
        ["< presence_change"],
        "a frame before hello is delivered and has no other effect"
    );
    sim.hello();
    assert_eq!(sim.lines.take(), ["connected", "< hello", "ready"]);
}

#[test]
fn authenticated_has_the_response_of_the_connect_call() {
    let mut sim = Simulation::new(Config::default());
    let body = r#"{"ok":true,"url":"wss://h/t","self":{"id":"U7"},"team":{"id":"T7"},"users":[]}"#;
    let response = read_connect_response("rtm.start", body.into()).unwrap();
    sim.server.connect_result = Some(Ok(response.clone()));
    sim.start("start");
    let Event::Authenticated(data) = &sim.events[1] else { panic!("{:?}", sim.events) };
    assert_eq!(**data, response);
    let raw = data.response.as_ref().expect("the driver made the call");
    assert_eq!((&*data.user_id, &*data.team_id, &raw.body[..]), ("U7", "T7", body.as_bytes()));
}

#[test]
fn a_url_is_used_for_one_socket() {
    let mut sim = Simulation::ready(Config::default());
    for _ in 0..20 {
        sim.closed(1006, "");
        sim.advance(secs(60));
    }
    assert_eq!(sim.lines.count("> connect"), 21);
    assert_eq!(sim.lines.count("> open"), 21);
}

#[test]
fn a_second_hello_is_an_ordinary_event() {
    let mut sim = Simulation::ready(Config::default());
    sim.hello();
    assert_eq!(sim.lines.take(), ["< hello"]);
}

#[test]
fn hello_is_recognized_in_any_json_notation() {
    let mut sim = Simulation::new(Config::default());
    sim.server.socket = SocketScript::OpensWithoutHello;
    sim.start("start");
    sim.lines.take();
    sim.frame(" {\"reply_to\":null,\"type\":7,\"ty\\u0070e\":\"he\\u006clo\"}\n");
    assert_eq!(sim.lines.take(), ["connected", "< hello", "ready"]);
}

// ── Disconnecting ───────────────────────────────────────────────────────────────────────────────────────────────────

#[test]
fn disconnect_goes_through_disconnecting_and_disconnected() {
    let mut sim = Simulation::ready(Config::default());
    sim.disconnect("disconnect");
    assert_eq!(sim.lines.take(), ["disconnecting", "> close", "disconnected", "disconnect = ok"]);
    assert!(matches!(sim.events.last(), Some(Event::Disconnected(None))), "the event has no error");
    assert_eq!(sim.session.poll_timeout(), None);
}

#[test]
fn a_loss_goes_through_reconnecting_to_ready() {
    let mut sim = Simulation::ready(Config::default());
    sim.closed(1006, "");
    assert_eq!(sim.lines.take(), ["reconnecting"], "a pause comes first");
    sim.advance_to_deadline();
    assert_eq!(
        sim.lines.take(),
        ["connecting", "> connect", "authenticated", "> open", "connected", "< hello", "ready"]
    );
}

#[test]
fn a_loss_without_auto_reconnect_ends_with_close_code_and_reason() {
    let mut sim = Simulation::ready(NO_RECONNECT());
    sim.closed(1011, "bye");
    assert_eq!(sim.lines.take(), ["disconnected: websocket 1011 bye"]);
    let Some(Event::Disconnected(Some(Failure::Socket(error)))) = sim.events.last() else { panic!() };
    assert_eq!((error.error.close_code, &*error.error.reason), (1011, "bye"));
    assert_eq!(sim.session.poll_timeout(), None);

    sim.start("again");
    assert_eq!(sim.lines.take().last().unwrap(), "ready", "the client is usable afterwards");
}

#[test]
fn a_permanent_error_is_the_argument_of_both_events() {
    let mut sim = Simulation::new(Config::default());
    sim.server.connect_result = Some(Err(platform_error("invalid_auth")));
    sim.start("start");
    assert_eq!(
        sim.lines.take(),
        [
            "connecting",
            "> connect",
            "unable_to_rtm_start: invalid_auth",
            "disconnected: invalid_auth",
            "start = rejected: invalid_auth"
        ]
    );
    let [_, Event::UnableToRtmStart(first), Event::Disconnected(Some(Failure::Api(second)))] =
        &sim.events[..]
    else {
        panic!("{:?}", sim.events)
    };
    assert!(Arc::ptr_eq(first, second), "the same error");
    assert_eq!(sim.session.poll_timeout(), None);
}

#[test]
fn a_temporary_error_is_reported_and_the_call_is_made_again_after_a_pause() {
    let mut sim = Simulation::new(Config::default());
    sim.server.connect_result = Some(Err(platform_error("internal_error")));
    sim.start("start");
    assert_eq!(
        sim.lines.take(),
        ["connecting", "> connect", "unable_to_rtm_start: internal_error", "reconnecting"]
    );
    sim.server.connect_result = Some(Ok(connect_response()));
    assert!(sim.advance_to_deadline() > ms(0));
    assert_eq!(
        sim.lines.take(),
        ["connecting", "> connect", "authenticated", "start = ok", "> open", "connected", "< hello", "ready"]
    );
}

#[test]
fn a_refused_upgrade_emits_error_and_then_reconnecting() {
    let mut sim = Simulation::new(Config::default());
    sim.server.socket = SocketScript::Refused;
    sim.start("start");
    assert_eq!(
        sim.lines.take(),
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
        let mut sim = Simulation::ready(config);
        sim.transport_error(connection_reset());
        assert_eq!(sim.lines.take(), ["error: websocket ECONNRESET", then]);
    }
}

#[test]
fn a_transport_error_during_disconnect_is_not_reported() {
    let mut sim = Simulation::ready(Config::default());
    sim.server.answers_close = false;
    sim.disconnect("disconnect");
    sim.transport_error(connection_reset());
    assert_eq!(sim.lines.take(), ["disconnecting", "> close", "disconnected", "disconnect = ok"]);
}

#[test]
fn a_close_before_hello_is_a_lost_connection() {
    let mut sim = Simulation::new(Config::default());
    sim.server.socket = SocketScript::OpensWithoutHello;
    sim.start("start");
    sim.lines.take();
    sim.closed(1008, "ticket expired");
    assert_eq!(sim.lines.take(), ["reconnecting"]);
}

#[test]
fn a_team_migration_replaces_the_connection() {
    let mut sim = Simulation::ready(Config::default());
    sim.frame(r#"{"type":"team_migration_started"}"#);
    assert_eq!(sim.lines.take(), ["< team_migration_started", "> drop", "reconnecting"]);
    sim.advance_to_deadline();
    assert_eq!(sim.lines.take().last().unwrap(), "ready");
}

// ── connectTimeout ──────────────────────────────────────────────────────────────────────────────────────────────────

#[test]
fn a_socket_without_hello_is_dropped_after_the_connect_timeout() {
    for script in [SocketScript::NeverOpens, SocketScript::OpensWithoutHello] {
        let mut sim = Simulation::new(Config { connect_timeout: Some(secs(5)), ..Config::default() });
        sim.server.socket = script;
        sim.start("start");
        sim.lines.take();
        sim.advance(ms(4999));
        assert!(sim.lines.take().is_empty());
        sim.advance(ms(1));
        assert_eq!(sim.lines.take(), ["> drop", "error: websocket ETIMEDOUT", "reconnecting"]);
    }
}

#[test]
fn hello_ends_the_connect_timeout() {
    let mut sim = Simulation::ready(Config { client_ping_timeout: None, ..Config::default() });
    sim.advance(secs(3600));
    assert!(sim.lines.take().is_empty());
}

#[test]
fn a_closed_socket_ends_the_connect_timeout() {
    let config = Config { connect_timeout: Some(ms(500)), client_ping_timeout: None, ..Config::default() };
    let mut sim = Simulation::new(config);
    sim.server.socket = SocketScript::Refused;
    sim.start("start");
    sim.server.socket = SocketScript::Hello;
    sim.advance(secs(3600));
    assert_eq!(sim.lines.count("error: websocket ETIMEDOUT"), 0);
    assert_eq!(sim.lines.count("ready"), 1);
}

#[test]
fn a_refused_socket_ends_a_client_without_auto_reconnect() {
    let mut sim = Simulation::new(NO_RECONNECT());
    sim.server.socket = SocketScript::Refused;
    sim.start("start");
    let error = sim.lines.take().split_off(5);
    assert_eq!(error, ["error: websocket 1006", "disconnected: websocket 1006"]);
    let [.., Event::Error(first), Event::Disconnected(Some(Failure::Socket(second)))] = &sim.events[..]
    else {
        panic!("{:?}", sim.events)
    };
    assert!(Arc::ptr_eq(first, second) && first.error.message.starts_with(&refused_upgrade().message));
}
