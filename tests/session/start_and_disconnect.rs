//! Section 4 of the contract: what `start()` and `disconnect()` promise, in every state.

use slack_rtm_native::session::Config;

use crate::harness::{Dial, World, answer, platform_error, secs};
use crate::situations::Situation;

// ── start() ──────────────────────────────────────────────────────────────────────────────────────────────────────

#[test]
fn start_settles_in_every_state_and_opens_no_second_socket() {
    for situation in Situation::ALL {
        let mut world = situation.world();
        let before = world.trace.count("> connect");
        world.start("another start");
        let news = world.trace.take();
        match situation {
            Situation::Disconnected => assert_eq!(news[..2], ["connecting", "> connect"]),
            Situation::Authenticated | Situation::Handshaking | Situation::Resuming | Situation::Ready => {
                assert_eq!(news, ["another start = ok"], "{situation:?}: the data in force");
            }
            _ => assert!(news.is_empty(), "{situation:?}: with what is under way"),
        }
        (world.server.answer, world.server.dial) = (Some(Ok(answer())), Dial::Hello);
        if situation == Situation::Authenticating {
            world.answered(Ok(answer()));
        }
        world.advance(secs(10));
        assert_eq!(world.trace.count("another start = ok"), 1, "{situation:?}");
        assert!(world.trace.count("> connect") <= before + 1, "{situation:?}");
    }
}

#[test]
fn starts_while_connecting_settle_with_the_attempt_under_way() {
    let mut world = Situation::Authenticating.world();
    world.start("second");
    world.start("third");
    world.answered(Err(platform_error("account_inactive")));
    assert_eq!(
        world.trace.take(),
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
fn a_start_while_disconnecting_begins_anew_after_it() {
    let mut world = Situation::Disconnecting.world();
    world.start("again");
    assert!(world.trace.take().is_empty());
    world.closed(1000, "");
    assert_eq!(
        world.trace.take(),
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
    let mut world = Situation::Reconnecting.world();
    world.start("again");
    assert!(world.trace.take().is_empty(), "the pause is kept");
    world.advance_to_deadline();
    assert_eq!(world.trace.take()[..4], ["connecting", "> connect", "authenticated", "again = ok"]);
}

#[test]
fn a_start_while_reconnecting_fails_with_the_reconnect() {
    let mut world = Situation::Reconnecting.world();
    world.start("again");
    world.server.answer = Some(Err(platform_error("token_revoked")));
    world.advance_to_deadline();
    assert_eq!(world.trace.take().last().unwrap(), "again = rejected: token_revoked");
}

#[test]
fn the_options_of_the_last_start_are_kept_for_reconnects() {
    let mut world = World::new(Config::default());
    world.start_with("start", "presence_sub=true");
    world.closed(1006, "");
    world.advance_to_deadline();
    assert_eq!(world.trace.count("> connect presence_sub=true"), 2);

    world.start_with("again", "batch_presence_aware=1");
    world.closed(1006, "");
    world.advance(secs(10));
    assert_eq!(world.trace.count("> connect batch_presence_aware=1"), 1);
}

#[test]
fn a_rejected_start_can_be_repeated() {
    let mut world = World::new(Config::default());
    world.server.answer = Some(Err(platform_error("invalid_auth")));
    world.start("start");
    world.trace.take();
    world.server.answer = Some(Ok(answer()));
    world.start("again");
    let news = world.trace.take();
    assert_eq!((&*news[3], &**news.last().unwrap()), ("again = ok", "ready"));
}

// ── disconnect() ─────────────────────────────────────────────────────────────────────────────────────────────────

#[test]
fn disconnect_in_every_state() {
    let end = ["disconnecting", "disconnected", "disconnect = ok"];
    for situation in Situation::ALL {
        let mut world = situation.world();
        world.disconnect("disconnect");
        let news = world.trace.take();
        match situation {
            Situation::Disconnected => assert_eq!(news, ["disconnect = ok"]),
            Situation::Authenticating => {
                let aborted = "start = rejected: aborted";
                assert_eq!(news, ["disconnecting", "> drop", "disconnected", "disconnect = ok", aborted]);
            }
            Situation::Repeating => {
                let aborted = "start = rejected: aborted";
                assert_eq!(news, ["disconnecting", "disconnected", "disconnect = ok", aborted]);
            }
            Situation::Authenticated => {
                assert_eq!(news, ["disconnecting", "> drop", "disconnected", "disconnect = ok"]);
            }
            Situation::Handshaking | Situation::Ready => {
                assert_eq!(news, ["disconnecting", "> close", "disconnected", "disconnect = ok"]);
            }
            Situation::Resuming => {
                let unanswered = "lost = rejected: no reply";
                assert_eq!(news, ["disconnecting", "> close", unanswered, "disconnected", "disconnect = ok"]);
            }
            Situation::Reconnecting => assert_eq!(news, end),
            Situation::Disconnecting => assert!(news.is_empty()),
            Situation::Restarting => assert_eq!(news, ["second start = rejected: aborted"]),
        }
        world.advance(secs(5));
        assert_eq!(world.trace.count("disconnect = ok"), 1, "{situation:?}");
        world.trace.take();
        assert_eq!(world.session.poll_timeout(), None, "{situation:?}: nothing goes on");
        world.advance(secs(3600));
        assert!(world.trace.take().is_empty(), "{situation:?}: nothing reconnects");
    }
}

#[test]
fn a_second_disconnect_resolves_without_a_second_event() {
    let mut world = Situation::Disconnecting.world();
    world.disconnect("second");
    world.closed(1000, "");
    assert_eq!(world.trace.take(), ["disconnected", "first disconnect = ok", "second = ok"]);
    world.disconnect("third");
    assert_eq!(world.trace.take(), ["third = ok"]);
}

#[test]
fn a_close_handshake_that_is_not_answered_is_cut_short_within_five_seconds() {
    let mut world = Situation::Disconnecting.world();
    let waited = world.advance_to_deadline();
    assert!(waited <= secs(5), "{waited:?}");
    assert_eq!(world.trace.take(), ["> drop", "disconnected", "first disconnect = ok"]);
}

#[test]
fn a_server_that_goes_on_talking_does_not_hold_up_the_end() {
    let mut world = Situation::Disconnecting.world();
    for _ in 0..50 {
        world.frame(r#"{"type":"message"}"#);
        world.advance(secs(5) / 50);
    }
    let news = world.trace.take();
    assert_eq!(news[news.len() - 3..], ["> drop", "disconnected", "first disconnect = ok"]);
}

#[test]
fn events_go_on_until_the_disconnect_has_resolved_and_not_after() {
    let mut world = Situation::Disconnecting.world();
    world.frame(r#"{"type":"message"}"#);
    world.closed(1000, "");
    world.frame(r#"{"type":"message"}"#);
    world.closed(1006, "");
    world.broken(crate::harness::reset());
    assert_eq!(world.trace.take(), ["< message", "disconnected", "first disconnect = ok"]);
}

#[test]
fn disconnects_and_starts_in_a_row_settle_by_the_last_word() {
    let mut world = Situation::Restarting.world();
    world.disconnect("second disconnect");
    world.start("third start");
    world.closed(1000, "");
    assert_eq!(
        world.trace.take()[..6],
        [
            "second start = rejected: aborted",
            "disconnected",
            "first disconnect = ok",
            "second disconnect = ok",
            "connecting",
            "> connect"
        ]
    );
    assert_eq!(world.trace.count("third start = ok"), 1);
}

#[test]
fn a_paused_reader_does_not_hold_up_the_end() {
    let mut world = Situation::Disconnecting.world();
    world.reading(true);
    world.advance(secs(5));
    assert_eq!(world.trace.take(), ["> drop", "disconnected", "first disconnect = ok"]);
}
