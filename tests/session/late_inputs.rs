//! What arrives late, twice or out of turn changes nothing; what cannot be read is logged and skipped; what the log
//! never holds.

use slack_rtm_native::session::{CloseReason, Config, ConnectionId, Frame, Input, LogLevel};

use crate::harness::{World, answer, http_error, ms, platform_error, reset, secs};
use crate::situations::Situation;

/// Everything that the network can say, under this number.
fn noise(connection: ConnectionId) -> Vec<Input> {
    let ended = CloseReason::Closed { code: 1006, reason: String::new() };
    vec![
        Input::ConnectFinished { connection, result: Ok(answer()) },
        Input::ConnectFinished { connection, result: Err(platform_error("invalid_auth")) },
        Input::Opened { connection },
        Input::Frame { connection, frame: Frame::read(r#"{"type":"hello"}"#) },
        Input::Frame { connection, frame: Frame::read(r#"{"ok":true,"reply_to":1}"#) },
        Input::Activity { connection },
        Input::Flushed { connection },
        Input::Closed { connection, reason: ended },
        Input::Closed { connection, reason: CloseReason::Failed(reset()) },
    ]
}

#[test]
fn inputs_of_earlier_connections_are_ignored_in_every_state() {
    for situation in Situation::ALL {
        let mut world = situation.world();
        let deadline = world.session.poll_timeout();
        for earlier in (0..world.connection.0).map(ConnectionId) {
            for input in noise(earlier) {
                world.feed(input.clone());
                assert!(world.trace.take().is_empty(), "{input:?} while {situation:?}");
            }
        }
        assert_eq!(world.session.poll_timeout(), deadline, "{situation:?}");
    }
}

#[test]
fn inputs_of_a_dropped_connection_are_ignored() {
    let mut world = World::ready(Config::default());
    world.server.replies = crate::harness::Replies::None;
    world.advance(secs(10));
    assert_eq!(world.trace.take(), ["> ping #1", "> drop", "reconnecting"]);
    for input in noise(world.connection) {
        world.feed(input);
    }
    assert!(world.trace.take().is_empty());
}

#[test]
fn a_connect_call_is_answered_once() {
    let mut world = Situation::Authenticating.world();
    world.answered(Err(http_error(503)));
    world.answered(Ok(answer()));
    assert!(world.trace.take().is_empty(), "the number was used up by the first answer");
    world.server.answer = Some(Ok(answer()));
    world.advance_to_deadline();
    world.answered(Ok(answer()));
    world.advance(secs(5));
    assert_eq!(world.trace.count("> connect"), 2);
    assert_eq!(world.trace.count("> open"), 1);
}

#[test]
fn frames_before_the_socket_opens_are_ignored() {
    let mut world = Situation::Authenticated.world();
    world.hello();
    assert!(world.trace.take().is_empty());
}

#[test]
fn frames_that_are_not_json_are_logged_as_errors_and_skipped() {
    let mut world = World::ready(Config::default());
    for garbage in [&b"{"[..], b"", b"\xff\xfe", b"<html>", b"{\"a\":1}}", b"undefined"] {
        world.frame(garbage.to_vec());
        assert_eq!(world.logs.pop().map(|(level, _)| level), Some(LogLevel::Error), "{garbage:?}");
    }
    assert!(world.trace.take().is_empty());
    world.frame(r#"{"type":"message"}"#);
    assert_eq!(world.trace.take(), ["< message"], "the next frame is delivered");
}

#[test]
fn garbage_before_hello_does_not_disturb_the_handshake() {
    let mut world = Situation::Handshaking.world();
    world.frame("hello");
    world.frame("[]");
    world.hello();
    assert_eq!(world.trace.take(), ["< []", "connected", "< hello", "ready"]);
}

#[test]
fn json_that_is_no_event_is_delivered_as_it_is() {
    let mut world = World::ready(Config::default());
    for frame in ["null", "5", "[1]", r#"{"a":1}"#] {
        world.frame(frame);
        assert_eq!(world.trace.take(), [format!("< {frame}")]);
    }
}

#[test]
fn frames_keep_their_order_and_bytes() {
    let mut world = World::ready(Config::default());
    let frames: Vec<String> = (0..100).map(|n| format!(r#"{{ "n":{n}, "__proto__":-0 }}"#)).collect();
    for frame in &frames {
        world.frame(frame.clone());
    }
    let expected: Vec<String> = frames.iter().map(|frame| format!("< {frame}")).collect();
    assert_eq!(world.trace.take(), expected);
}

#[test]
fn a_timeout_that_comes_too_early_does_nothing() {
    for situation in Situation::ALL {
        let mut world = situation.world();
        let deadline = world.session.poll_timeout();
        for _ in 0..3 {
            world.feed(Input::Timeout);
        }
        assert!(world.trace.take().is_empty(), "{situation:?}");
        assert_eq!(world.session.poll_timeout(), deadline);
    }
}

#[test]
fn secrets_are_not_logged() {
    let mut world = World::new(Config { log_level: LogLevel::Debug, ..Config::default() });
    world.start("start");
    world.frame(r#"{"type":"reconnect_url","url":"wss:\/\/slack.test\/t1cket"}"#);
    world.frame("wss://slack.test/t1cket");
    world.enqueue("see wss://slack.test/t1cket", true);
    world.closed(1006, "");
    world.advance(ms(1000));
    assert!(world.logs.len() > 10);
    for (_, line) in &world.logs {
        assert!(!line.contains("t1cket"), "{line}");
    }
    assert!(!format!("{:?}", world.session).contains("t1cket"));
}

#[test]
fn log_lines_below_the_level_are_not_made() {
    for level in [LogLevel::Debug, LogLevel::Info, LogLevel::Warn, LogLevel::Error] {
        let mut world = World::new(Config { log_level: level, ..Config::default() });
        world.start("start");
        world.frame("garbage");
        world.closed(1001, "");
        world.advance_to_deadline();
        world.server.answer = Some(Err(platform_error("fatal_error")));
        world.broken(reset());
        world.advance_to_deadline();
        assert!(world.logs.iter().any(|(made, _)| *made == level), "{level:?}");
        assert!(world.logs.iter().all(|(made, _)| *made >= level), "{level:?}");
    }
}
