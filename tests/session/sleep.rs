//! The process sleeps (a suspended laptop, a stopped container): the clock jumps.

use std::time::Duration;

use slack_rtm_native::session::{Config, Input};

use crate::client_states::ClientState;
use crate::simulation::{Replies, Simulation, SocketScript, connect_response, secs};

const AN_HOUR: Duration = Duration::from_secs(3600);

/// A `ready` client whose server sends nothing.
fn silent() -> Simulation {
    let mut sim = Simulation::ready(Config::default());
    sim.server.replies = Replies::None;
    sim
}

/// The clock jumps by an hour. The driver handles the deadline before it reads what arrived during the sleep.
fn sleep(sim: &mut Simulation) {
    sim.now += AN_HOUR;
    if sim.session.poll_timeout().is_some() {
        sim.feed(Input::Timeout);
    }
}

#[test]
fn after_a_sleep_of_an_hour_a_lost_connection_is_replaced_once() {
    for seconds_before in [0, 3, 6, 7, 9] {
        let mut sim = silent();
        sim.enqueue("a", true);
        sim.advance(secs(seconds_before));
        sleep(&mut sim);
        sim.server.replies = Replies::All;
        sim.advance(secs(30));
        let lines = sim.lines.take();
        for (line, times) in [("> drop", 1), ("reconnecting", 1), ("> connect", 1), ("ready", 1)] {
            let count = lines.iter().filter(|other| *other == line).count();
            assert_eq!(count, times, "{line} after {seconds_before} s: {lines:?}");
        }
    }
}

#[test]
fn a_sleep_does_not_end_a_connection_that_is_alive() {
    let mut sim = Simulation::ready(Config::default());
    sleep(&mut sim);
    sim.advance(secs(6));
    assert_eq!(sim.lines.count("reconnecting"), 0);
    assert_eq!(sim.lines.count("> ping #1") + sim.lines.count("> ping #2"), 2);
}

#[test]
fn after_a_sleep_of_an_hour_every_state_continues_in_order() {
    const CONNECT: [&str; 7] =
        ["connecting", "> connect", "authenticated", "> open", "connected", "< hello", "ready"];
    for state in ClientState::ALL {
        let mut sim = state.simulation();
        sim.server.connect_result = Some(Ok(connect_response()));
        (sim.server.socket, sim.server.replies) = (SocketScript::Hello, Replies::All);
        sleep(&mut sim);
        sim.advance(secs(5));
        let (first_lines, connects): (&[&str], bool) = match state {
            ClientState::Disconnected | ClientState::Authenticating => (&[], false),
            ClientState::Authenticated | ClientState::Handshaking => {
                (&["> drop", "error: websocket ETIMEDOUT", "reconnecting"], true)
            }
            ClientState::Resuming => (&["lost = rejected: no reply", "ready"], false),
            ClientState::Ready => (&["> ping #1", "< reply to 1"], false),
            ClientState::WaitingToRetry | ClientState::Reconnecting => (&[], true),
            ClientState::Disconnecting => (&["> drop", "disconnected", "first disconnect = ok"], false),
            ClientState::Restarting => (&["> drop", "disconnected", "first disconnect = ok"], true),
        };
        // A retry of the connect call does not emit `connecting`. The calls of `start()` that are pending resolve.
        let skipped = usize::from(state == ClientState::WaitingToRetry);
        let mut expected = [first_lines, if connects { &CONNECT[skipped..] } else { &[] }].concat();
        let settled = match state {
            ClientState::WaitingToRetry => Some("start = ok"),
            ClientState::Restarting => Some("second start = ok"),
            _ => None,
        };
        if let Some(settled) = settled {
            let at = expected.iter().position(|line| *line == "> open").expect("it connects");
            expected.insert(at, settled);
        }
        assert_eq!(sim.lines.take(), expected, "{state:?}");
    }
}

/// Guards against this bug: after a sleep, the runtime may report the time before the data that has arrived, and a
/// connection that is alive was dropped.
#[test]
fn data_that_arrived_during_a_sleep_is_in_time() {
    // A pong.
    let mut sim = silent();
    sim.advance(secs(6));
    sleep(&mut sim);
    sim.server.replies = Replies::All;
    sim.reply_to(1);
    sim.advance(secs(30));
    assert_eq!(sim.lines.count("reconnecting"), 0);

    // `hello`, and the response to the upgrade before it.
    for state in [ClientState::Authenticated, ClientState::Handshaking] {
        let mut sim = state.simulation();
        sleep(&mut sim);
        if state == ClientState::Authenticated {
            sim.opened();
        }
        sim.hello();
        sim.advance(secs(5));
        assert_eq!((sim.lines.count("reconnecting"), sim.lines.count("ready")), (0, 1), "{state:?}");
    }

    // The reply to the last message of an earlier connection.
    let mut sim = ClientState::Resuming.simulation();
    sleep(&mut sim);
    sim.reply_to(1);
    assert_eq!(sim.lines.take(), ["< reply to 1", "lost = reply", "ready"]);

    // The reply to a message with a reply timeout.
    let mut sim = Simulation::ready(Config { reply_timeout: Some(secs(1)), ..Config::default() });
    sim.server.replies = Replies::None;
    sim.enqueue("a", true);
    sleep(&mut sim);
    sim.reply_to(1);
    sim.advance(secs(5));
    assert_eq!((sim.lines.count("a = reply"), sim.lines.count("a = rejected: no reply")), (1, 0));

    // A message that is sent after the sleep does not get additional time.
    let mut sim = Simulation::ready(Config { reply_timeout: Some(secs(3)), ..Config::default() });
    sim.server.replies = Replies::Pings;
    sim.enqueue("a", true);
    sim.now += secs(3600);
    sim.enqueue("b", true);
    sim.feed(Input::Timeout);
    sim.advance(secs(3));
    assert_eq!(["a", "b"].map(|label| sim.lines.count(&format!("{label} = rejected: no reply"))), [1, 1]);
}
