//! The laptop sleeps: the clock jumps. What is due comes once and in order, and what arrived meanwhile counts.

use std::time::Duration;

use slack_rtm_native::session::{Config, Input};

use crate::harness::{Dial, Replies, World, answer, secs};
use crate::situations::Situation;

const AN_HOUR: Duration = Duration::from_secs(3600);

/// A ready world whose server answers nothing.
fn mute() -> World {
    let mut world = World::ready(Config::default());
    world.server.replies = Replies::None;
    world
}

/// The driver finds the clock far ahead; what has arrived meanwhile is not read yet.
fn sleep(world: &mut World) {
    world.now += AN_HOUR;
    if world.session.poll_timeout().is_some() {
        world.feed(Input::Timeout);
    }
}

#[test]
fn a_clock_that_jumps_by_an_hour_makes_one_orderly_reconnect() {
    for seconds_before in [0, 3, 6, 7, 9] {
        let mut world = mute();
        world.enqueue("a", true);
        world.advance(secs(seconds_before));
        sleep(&mut world);
        world.server.replies = Replies::All;
        world.advance(secs(30));
        let news = world.trace.take();
        for (line, times) in [("> drop", 1), ("reconnecting", 1), ("> connect", 1), ("ready", 1)] {
            let count = news.iter().filter(|other| *other == line).count();
            assert_eq!(count, times, "{line} after {seconds_before} s: {news:?}");
        }
    }
}

#[test]
fn a_clock_that_jumps_does_not_end_a_connection_that_lives() {
    let mut world = World::ready(Config::default());
    sleep(&mut world);
    world.advance(secs(6));
    assert_eq!(world.trace.count("reconnecting"), 0);
    assert_eq!(world.trace.count("> ping #1") + world.trace.count("> ping #2"), 2);
}

#[test]
fn a_clock_that_jumps_by_an_hour_is_orderly_in_every_state() {
    const CONNECT: [&str; 7] =
        ["connecting", "> connect", "authenticated", "> open", "connected", "< hello", "ready"];
    for situation in Situation::ALL {
        let mut world = situation.world();
        world.server.answer = Some(Ok(answer()));
        (world.server.dial, world.server.replies) = (Dial::Hello, Replies::All);
        sleep(&mut world);
        world.advance(secs(5));
        let (first, connects): (&[&str], bool) = match situation {
            Situation::Disconnected | Situation::Authenticating => (&[], false),
            Situation::Authenticated | Situation::Handshaking => {
                (&["> drop", "error: websocket ETIMEDOUT", "reconnecting"], true)
            }
            Situation::Resuming => (&["lost = rejected: no reply", "ready"], false),
            Situation::Ready => (&["> ping #1", "< reply to 1"], false),
            Situation::Repeating | Situation::Reconnecting => (&[], true),
            Situation::Disconnecting => (&["> drop", "disconnected", "first disconnect = ok"], false),
            Situation::Restarting => (&["> drop", "disconnected", "first disconnect = ok"], true),
        };
        // The repetition of a call, which is under way, begins without `connecting`; and a start resolves.
        let skipped = usize::from(situation == Situation::Repeating);
        let mut expected = [first, if connects { &CONNECT[skipped..] } else { &[] }].concat();
        let resolved = match situation {
            Situation::Repeating => Some("start = ok"),
            Situation::Restarting => Some("second start = ok"),
            _ => None,
        };
        if let Some(resolved) = resolved {
            let at = expected.iter().position(|line| *line == "> open").expect("it connects");
            expected.insert(at, resolved);
        }
        assert_eq!(world.trace.take(), expected, "{situation:?}");
    }
}

/// Bug this guards against: after a sleep the runtime may tell the time before it tells what has arrived, and a connection
/// that lives was dropped.
#[test]
fn what_arrived_in_a_sleep_is_in_time() {
    // A pong.
    let mut world = mute();
    world.advance(secs(6));
    sleep(&mut world);
    world.server.replies = Replies::All;
    world.reply_to(1);
    world.advance(secs(30));
    assert_eq!(world.trace.count("reconnecting"), 0);

    // `hello`, and the answer to the upgrade before it.
    for situation in [Situation::Authenticated, Situation::Handshaking] {
        let mut world = situation.world();
        sleep(&mut world);
        if situation == Situation::Authenticated {
            world.opened();
        }
        world.hello();
        world.advance(secs(5));
        assert_eq!((world.trace.count("reconnecting"), world.trace.count("ready")), (0, 1), "{situation:?}");
    }

    // The reply to the last message of an earlier connection.
    let mut world = Situation::Resuming.world();
    sleep(&mut world);
    world.reply_to(1);
    assert_eq!(world.trace.take(), ["< reply to 1", "lost = reply", "ready"]);

    // Replies with a time of their own.
    let mut world = World::ready(Config { reply_timeout: Some(secs(1)), ..Config::default() });
    world.server.replies = Replies::None;
    world.enqueue("a", true);
    sleep(&mut world);
    world.reply_to(1);
    world.advance(secs(5));
    assert_eq!((world.trace.count("a = reply"), world.trace.count("a = rejected: no reply")), (1, 0));

    // What is asked for on waking has its own time, and not that of the sleep too.
    let mut world = World::ready(Config { reply_timeout: Some(secs(3)), ..Config::default() });
    world.server.replies = Replies::Pings;
    world.enqueue("a", true);
    world.now += secs(3600);
    world.enqueue("b", true);
    world.feed(Input::Timeout);
    world.advance(secs(3));
    assert_eq!(["a", "b"].map(|label| world.trace.count(&format!("{label} = rejected: no reply"))), [1, 1]);
}
