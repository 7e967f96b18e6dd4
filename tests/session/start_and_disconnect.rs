//! `start()` and `disconnect()` in every state (docs/lifecycle.md).

use slack_rtm_native::session::Config;

use crate::client_states::ClientState;
use crate::simulation::{Simulation, SocketScript, connect_response, platform_error, secs};

// ── start() ─────────────────────────────────────────────────────────────────────────────────────────────────────────

#[test]
fn start_settles_in_every_state_and_opens_no_second_socket() {
    for state in ClientState::ALL {
        let mut sim = state.simulation();
        let before = sim.lines.count("> connect");
        sim.start("another start");
        let lines = sim.lines.take();
        match state {
            ClientState::Disconnected => assert_eq!(lines[..2], ["connecting", "> connect"]),
            ClientState::Authenticated
            | ClientState::Handshaking
            | ClientState::Resuming
            | ClientState::Ready => {
                assert_eq!(lines, ["another start = ok"], "{state:?}: with the current data");
            }
            _ => assert!(lines.is_empty(), "{state:?}: it settles with the attempt in progress"),
        }
        (sim.server.connect_result, sim.server.socket) = (Some(Ok(connect_response())), SocketScript::Hello);
        if state == ClientState::Authenticating {
            sim.connect_finished(Ok(connect_response()));
        }
        sim.advance(secs(10));
        assert_eq!(sim.lines.count("another start = ok"), 1, "{state:?}");
        assert!(sim.lines.count("> connect") <= before + 1, "{state:?}");
    }
}

#[test]
fn a_start_while_connecting_settles_with_the_attempt_in_progress() {
    let mut sim = ClientState::Authenticating.simulation();
    sim.start("second");
    sim.start("third");
    sim.connect_finished(Err(platform_error("account_inactive")));
    assert_eq!(
        sim.lines.take(),
        [
            "unable_to_rtm_start: account_inactive",
            "disconnected: account_inactive",
            "start = rejected: account_inactive",
            "second = rejected: account_inactive",
            "third = rejected: account_inactive"
        ]
    );
}

#[test]
fn a_start_while_disconnecting_connects_again_afterwards() {
    let mut sim = ClientState::Disconnecting.simulation();
    sim.start("again");
    assert!(sim.lines.take().is_empty());
    sim.closed(1000, "");
    assert_eq!(
        sim.lines.take(),
        [
            "disconnected",
            "first disconnect = ok",
            "connecting",
            "> connect",
            "authenticated",
            "again = ok",
            "> open",
            "connected",
            "< hello",
            "ready"
        ]
    );
}

#[test]
fn a_start_while_reconnecting_waits_for_the_reconnect() {
    let mut sim = ClientState::Reconnecting.simulation();
    sim.start("again");
    assert!(sim.lines.take().is_empty(), "the pause continues");
    sim.advance_to_deadline();
    assert_eq!(sim.lines.take()[..4], ["connecting", "> connect", "authenticated", "again = ok"]);
}

#[test]
fn a_start_while_reconnecting_fails_with_the_reconnect() {
    let mut sim = ClientState::Reconnecting.simulation();
    sim.start("again");
    sim.server.connect_result = Some(Err(platform_error("token_revoked")));
    sim.advance_to_deadline();
    assert_eq!(sim.lines.take().last().unwrap(), "again = rejected: token_revoked");
}

#[test]
fn the_options_of_the_last_start_are_kept_for_reconnects() {
    let mut sim = Simulation::new(Config::default());
    sim.start_with("start", "presence_sub=true");
    sim.closed(1006, "");
    sim.advance_to_deadline();
    assert_eq!(sim.lines.count("> connect presence_sub=true"), 2);

    sim.start_with("again", "batch_presence_aware=1");
    sim.closed(1006, "");
    sim.advance(secs(10));
    assert_eq!(sim.lines.count("> connect batch_presence_aware=1"), 1);
}

#[test]
fn a_start_can_follow_a_rejected_start() {
    let mut sim = Simulation::new(Config::default());
    sim.server.connect_result = Some(Err(platform_error("invalid_auth")));
    sim.start("start");
    sim.lines.take();
    sim.server.connect_result = Some(Ok(connect_response()));
    sim.start("again");
    let lines = sim.lines.take();
    assert_eq!((&*lines[3], &**lines.last().unwrap()), ("again = ok", "ready"));
}

// ── disconnect() ────────────────────────────────────────────────────────────────────────────────────────────────────

#[test]
fn disconnect_resolves_in_every_state() {
    let end = ["disconnecting", "disconnected", "disconnect = ok"];
    for state in ClientState::ALL {
        let mut sim = state.simulation();
        sim.disconnect("disconnect");
        let lines = sim.lines.take();
        match state {
            ClientState::Disconnected => assert_eq!(lines, ["disconnect = ok"]),
            ClientState::Authenticating => {
                let aborted = "start = rejected: aborted";
                assert_eq!(lines, ["disconnecting", "> drop", "disconnected", "disconnect = ok", aborted]);
            }
            ClientState::WaitingToRetry => {
                let aborted = "start = rejected: aborted";
                assert_eq!(lines, ["disconnecting", "disconnected", "disconnect = ok", aborted]);
            }
            ClientState::Authenticated => {
                assert_eq!(lines, ["disconnecting", "> drop", "disconnected", "disconnect = ok"]);
            }
            ClientState::Handshaking | ClientState::Ready => {
                assert_eq!(lines, ["disconnecting", "> close", "disconnected", "disconnect = ok"]);
            }
            ClientState::Resuming => {
                let unanswered = "lost = rejected: no reply";
                assert_eq!(
                    lines,
                    ["disconnecting", "> close", unanswered, "disconnected", "disconnect = ok"]
                );
            }
            ClientState::Reconnecting => assert_eq!(lines, end),
            ClientState::Disconnecting => assert!(lines.is_empty()),
            ClientState::Restarting => assert_eq!(lines, ["second start = rejected: aborted"]),
        }
        sim.advance(secs(5));
        assert_eq!(sim.lines.count("disconnect = ok"), 1, "{state:?}");
        sim.lines.take();
        assert_eq!(sim.session.poll_timeout(), None, "{state:?}: the session waits for nothing");
        sim.advance(secs(3600));
        assert!(sim.lines.take().is_empty(), "{state:?}: the client does not reconnect");
    }
}

#[test]
fn a_second_disconnect_resolves_without_a_second_event() {
    let mut sim = ClientState::Disconnecting.simulation();
    sim.disconnect("second");
    sim.closed(1000, "");
    assert_eq!(sim.lines.take(), ["disconnected", "first disconnect = ok", "second = ok"]);
    sim.disconnect("third");
    assert_eq!(sim.lines.take(), ["third = ok"]);
}

#[test]
fn an_unanswered_close_handshake_ends_within_five_seconds() {
    let mut sim = ClientState::Disconnecting.simulation();
    let waited = sim.advance_to_deadline();
    assert!(waited <= secs(5), "{waited:?}");
    assert_eq!(sim.lines.take(), ["> drop", "disconnected", "first disconnect = ok"]);
}

#[test]
fn a_server_that_keeps_sending_does_not_delay_the_disconnect() {
    let mut sim = ClientState::Disconnecting.simulation();
    for _ in 0..50 {
        sim.frame(r#"{"type":"message"}"#);
        sim.advance(secs(5) / 50);
    }
    let lines = sim.lines.take();
    assert_eq!(lines[lines.len() - 3..], ["> drop", "disconnected", "first disconnect = ok"]);
}

#[test]
fn frames_are_delivered_until_the_disconnect_has_resolved() {
    let mut sim = ClientState::Disconnecting.simulation();
    sim.frame(r#"{"type":"message"}"#);
    sim.closed(1000, "");
    sim.frame(r#"{"type":"message"}"#);
    sim.closed(1006, "");
    sim.transport_error(crate::simulation::connection_reset());
    assert_eq!(sim.lines.take(), ["< message", "disconnected", "first disconnect = ok"]);
}

#[test]
fn the_last_of_several_starts_and_disconnects_decides() {
    let mut sim = ClientState::Restarting.simulation();
    sim.disconnect("second disconnect");
    sim.start("third start");
    sim.closed(1000, "");
    assert_eq!(
        sim.lines.take()[..6],
        [
            "second start = rejected: aborted",
            "disconnected",
            "first disconnect = ok",
            "second disconnect = ok",
            "connecting",
            "> connect"
        ]
    );
    assert_eq!(sim.lines.count("third start = ok"), 1);
}

#[test]
fn a_pause_of_reading_does_not_delay_the_disconnect() {
    let mut sim = ClientState::Disconnecting.simulation();
    sim.read_paused(true);
    sim.advance(secs(5));
    assert_eq!(sim.lines.take(), ["> drop", "disconnected", "first disconnect = ok"]);
}
