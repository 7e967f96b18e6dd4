//! Inputs that are late, repeated or unexpected; frames that are not events; and the log.

use slack_rtm_native::session::{CloseReason, Config, ConnectionId, Frame, Input, LogLevel};

use crate::client_states::ClientState;
use crate::simulation::{
    Simulation, connect_response, connection_reset, http_error, ms, platform_error, secs,
};

/// Every input of the network, with this connection.
fn network_inputs(connection: ConnectionId) -> Vec<Input> {
    let ended = CloseReason::Closed { code: 1006, reason: String::new() };
    vec![
        Input::ConnectFinished { connection, result: Ok(connect_response()) },
        Input::ConnectFinished { connection, result: Err(platform_error("invalid_auth")) },
        Input::Opened { connection },
        Input::Frame { connection, frame: Frame::read(r#"{"type":"hello"}"#) },
        Input::Frame { connection, frame: Frame::read(r#"{"ok":true,"reply_to":1}"#) },
        Input::Activity { connection },
        Input::Flushed { connection },
        Input::Closed { connection, reason: ended },
        Input::Closed { connection, reason: CloseReason::Failed(connection_reset()) },
    ]
}

#[test]
fn inputs_of_earlier_connections_are_ignored_in_every_state() {
    for state in ClientState::ALL {
        let mut sim = state.simulation();
        let deadline = sim.session.poll_timeout();
        for earlier in (0..sim.connection.0).map(ConnectionId) {
            for input in network_inputs(earlier) {
                sim.feed(input.clone());
                assert!(sim.lines.take().is_empty(), "{input:?} while {state:?}");
            }
        }
        assert_eq!(sim.session.poll_timeout(), deadline, "{state:?}");
    }
}

#[test]
fn inputs_of_a_dropped_connection_are_ignored() {
    let mut sim = Simulation::ready(Config::default());
    sim.server.replies = crate::simulation::Replies::None;
    sim.advance(secs(10));
    assert_eq!(sim.lines.take(), ["> ping #1", "> drop", "reconnecting"]);
    for input in network_inputs(sim.connection) {
        sim.feed(input);
    }
    assert!(sim.lines.take().is_empty());
}

#[test]
fn only_the_first_result_of_a_connect_call_counts() {
    let mut sim = ClientState::Authenticating.simulation();
    sim.connect_finished(Err(http_error(503)));
    sim.connect_finished(Ok(connect_response()));
    assert!(sim.lines.take().is_empty(), "the id is not current any more");
    sim.server.connect_result = Some(Ok(connect_response()));
    sim.advance_to_deadline();
    sim.connect_finished(Ok(connect_response()));
    sim.advance(secs(5));
    assert_eq!(sim.lines.count("> connect"), 2);
    assert_eq!(sim.lines.count("> open"), 1);
}

#[test]
fn frames_before_the_socket_opens_are_ignored() {
    let mut sim = ClientState::Authenticated.simulation();
    sim.hello();
    assert!(sim.lines.take().is_empty());
}

#[test]
fn frames_that_are_not_json_are_logged_as_errors_and_skipped() {
    let mut sim = Simulation::ready(Config::default());
    for garbage in [&b"{"[..], b"", b"\xff\xfe", b"<html>", b"{\"a\":1}}", b"undefined"] {
        sim.frame(garbage.to_vec());
        assert_eq!(sim.logs.pop().map(|(level, _)| level), Some(LogLevel::Error), "{garbage:?}");
    }
    assert!(sim.lines.take().is_empty());
    sim.frame(r#"{"type":"message"}"#);
    assert_eq!(sim.lines.take(), ["< message"], "the next frame is delivered");
}

#[test]
fn invalid_frames_before_hello_do_not_disturb_the_handshake() {
    let mut sim = ClientState::Handshaking.simulation();
    sim.frame("hello");
    sim.frame("[]");
    sim.hello();
    assert_eq!(sim.lines.take(), ["< []", "connected", "< hello", "ready"]);
}

#[test]
fn json_that_is_not_an_event_is_delivered_unchanged() {
    let mut sim = Simulation::ready(Config::default());
    for frame in ["null", "5", "[1]", r#"{"a":1}"#] {
        sim.frame(frame);
        assert_eq!(sim.lines.take(), [format!("< {frame}")]);
    }
}

#[test]
fn frames_keep_their_order_and_bytes() {
    let mut sim = Simulation::ready(Config::default());
    let frames: Vec<String> = (0..100).map(|n| format!(r#"{{ "n":{n}, "__proto__":-0 }}"#)).collect();
    for frame in &frames {
        sim.frame(frame.clone());
    }
    let expected: Vec<String> = frames.iter().map(|frame| format!("< {frame}")).collect();
    assert_eq!(sim.lines.take(), expected);
}

#[test]
fn an_early_timeout_does_nothing() {
    for state in ClientState::ALL {
        let mut sim = state.simulation();
        let deadline = sim.session.poll_timeout();
        for _ in 0..3 {
            sim.feed(Input::Timeout);
        }
        assert!(sim.lines.take().is_empty(), "{state:?}");
        assert_eq!(sim.session.poll_timeout(), deadline);
    }
}

#[test]
fn secrets_are_not_logged() {
    let mut sim = Simulation::new(Config { log_level: LogLevel::Debug, ..Config::default() });
    sim.start("start");
    sim.frame(r#"{"type":"reconnect_url","url":"wss:\/\/slack.test\/t1cket"}"#);
    sim.frame("wss://slack.test/t1cket");
    sim.enqueue("see wss://slack.test/t1cket", true);
    sim.closed(1006, "");
    sim.advance(ms(1000));
    assert!(sim.logs.len() > 10);
    for (_, line) in &sim.logs {
        assert!(!line.contains("t1cket"), "{line}");
    }
    assert!(!format!("{:?}", sim.session).contains("t1cket"));
}

#[test]
fn log_lines_below_the_level_are_not_built() {
    for level in [LogLevel::Debug, LogLevel::Info, LogLevel::Warn, LogLevel::Error] {
        let mut sim = Simulation::new(Config { log_level: level, ..Config::default() });
        sim.start("start");
        sim.frame("garbage");
        sim.closed(1001, "");
        sim.advance_to_deadline();
        sim.server.connect_result = Some(Err(platform_error("fatal_error")));
        sim.transport_error(connection_reset());
        sim.advance_to_deadline();
        assert!(sim.logs.iter().any(|(made, _)| *made == level), "{level:?}");
        assert!(sim.logs.iter().all(|(made, _)| *made >= level), "{level:?}");
    }
}
