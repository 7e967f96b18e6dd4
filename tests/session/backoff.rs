//! How often a client tries to connect to a failing server.
//!
//! At most five connect calls in the first ten seconds, then pauses of at most a minute, without end once the client
//! was connected.

use std::time::Duration;

use slack_rtm_native::session::{Config, LONGEST_RECONNECT_PAUSE};

use crate::simulation::{
    Server, Simulation, SocketScript, connect_response, http_error, ms, platform_error, refused_upgrade,
    request_error, secs,
};

/// Makes a healthy server fail in one way.
type Fault = fn(&mut Server);

const REFUSED_UPGRADES: Fault = |server| server.socket = SocketScript::Refused;
const CLOSES_AFTER_HELLO: Fault = |server| server.socket = SocketScript::HelloThenClose;
const UNAVAILABLE: Fault = |server| server.connect_result = Some(Err(http_error(503)));
const UNREACHABLE: Fault = |server| server.connect_result = Some(Err(request_error()));
const TEMPORARY_ERROR: Fault = |server| server.connect_result = Some(Err(platform_error("fatal_error")));

const FAULTS: [(&str, Fault); 5] = [
    ("refused upgrades", REFUSED_UPGRADES),
    ("closes after hello", CLOSES_AFTER_HELLO),
    ("503", UNAVAILABLE),
    ("unreachable", UNREACHABLE),
    ("a temporary error", TEMPORARY_ERROR),
];

/// The number of connect calls in the ten seconds from the call with index `from` on.
fn calls_in_ten_seconds(sim: &Simulation, from: usize) -> usize {
    let calls = sim.lines.times_of("> connect");
    let start = calls[from];
    calls[from..].iter().filter(|at| **at <= start + secs(10)).count()
}

#[test]
fn a_failing_first_start_makes_at_most_five_connect_calls_in_ten_seconds() {
    for (name, fault) in FAULTS {
        for seed in 0..200 {
            let mut sim = Simulation::with_seed(Config::default(), seed);
            fault(&mut sim.server);
            sim.start("start");
            sim.advance(secs(11));
            let calls = calls_in_ten_seconds(&sim, 0);
            assert!((2..=5).contains(&calls), "{calls} for {name} with seed {seed}");
        }
    }
}

#[test]
fn a_lost_connection_makes_at_most_five_connect_calls_in_ten_seconds() {
    for (name, fault) in FAULTS {
        for seed in 0..200 {
            let mut sim = Simulation::with_seed(Config::default(), seed);
            sim.start("start");
            sim.advance(secs(100));
            fault(&mut sim.server);
            sim.closed(1006, "");
            sim.advance(secs(12));
            let calls = calls_in_ten_seconds(&sim, 1);
            assert!((2..=5).contains(&calls), "{calls} for {name} with seed {seed}");
        }
    }
}

#[test]
fn changing_failures_make_at_most_five_connect_calls_in_ten_seconds() {
    for seed in 0..1000 {
        let mut sim = Simulation::with_seed(Config::default(), seed);
        let mut rng = fastrand::Rng::with_seed(seed);
        let mut change = |sim: &mut Simulation| {
            sim.server.connect_result = Some(Ok(connect_response()));
            FAULTS[rng.usize(..FAULTS.len())].1(&mut sim.server);
        };
        change(&mut sim);
        sim.start("start");
        while sim.elapsed() <= secs(11) {
            change(&mut sim);
            sim.advance_to_deadline();
        }
        let calls = calls_in_ten_seconds(&sim, 0);
        assert!(calls <= 5, "{calls} with seed {seed}: {:?}", sim.lines.times_of("> connect"));
    }
}

#[test]
fn after_an_outage_of_two_hours_the_client_is_ready_within_one_pause() {
    for (name, fault) in FAULTS {
        for seed in 0..20 {
            let mut sim = Simulation::with_seed(Config::default(), seed);
            sim.start("start");
            sim.advance(secs(100));
            fault(&mut sim.server);
            sim.closed(1006, "");
            let outage_began = sim.elapsed();
            sim.advance(secs(2 * 3600));
            let calls = sim.lines.times_of("> connect");
            assert!(
                calls.windows(2).all(|pair| pair[1] <= pair[0].max(outage_began) + LONGEST_RECONNECT_PAUSE)
            );
            assert!(calls.len() < 400, "{} calls for {name}", calls.len());

            (sim.server.connect_result, sim.server.socket) =
                (Some(Ok(connect_response())), SocketScript::Hello);
            let readies = sim.lines.count("ready");
            sim.advance(LONGEST_RECONNECT_PAUSE);
            assert_eq!(sim.lines.count("ready"), readies + 1, "{name} with seed {seed}");
            assert!(sim.lines.take().iter().all(|line| !line.starts_with("disconnected")));
        }
    }
}

/// It takes one timeout to notice a silent server, in addition to the pause. The timeout of the connect call
/// (`requestTimeout`) is the driver's, so this test ends the call.
#[test]
fn after_two_hours_of_silence_the_client_is_ready_within_one_pause_and_one_timeout() {
    const SILENT_CALLS: Fault = |server| server.connect_result = None;
    const SILENT_UPGRADES: Fault = |server| server.socket = SocketScript::NeverOpens;
    const NO_HELLO: Fault = |server| server.socket = SocketScript::OpensWithoutHello;
    let timeout = secs(30);
    for (name, fault) in
        [("silent calls", SILENT_CALLS), ("silent upgrades", SILENT_UPGRADES), ("no hello", NO_HELLO)]
    {
        for seed in 0..20 {
            let mut sim = Simulation::with_seed(Config::default(), seed);
            sim.start("start");
            sim.advance(secs(100));
            fault(&mut sim.server);
            sim.closed(1006, "");
            let wait_for_timeout = |sim: &mut Simulation| {
                sim.advance(timeout);
                if sim.session.poll_timeout().is_none() {
                    sim.connect_finished(Err(request_error()));
                }
            };
            let end = sim.elapsed() + secs(2 * 3600) + secs(seed);
            while sim.elapsed() < end {
                wait_for_timeout(&mut sim);
            }
            let calls = sim.lines.times_of("> connect");
            let gaps = calls[1..].windows(2).map(|pair| pair[1].abs_diff(pair[0]));
            assert!(gaps.max() <= Some(LONGEST_RECONNECT_PAUSE + 2 * timeout), "{name}");
            assert!(calls.len() > 70, "{} calls for {name}", calls.len());

            (sim.server.connect_result, sim.server.socket) =
                (Some(Ok(connect_response())), SocketScript::Hello);
            let readies = sim.lines.count("ready");
            wait_for_timeout(&mut sim);
            sim.advance(LONGEST_RECONNECT_PAUSE);
            assert_eq!(sim.lines.count("ready"), readies + 1, "{name} with seed {seed}");
            assert!(sim.lines.take().iter().all(|line| !line.starts_with("disconnected")));
        }
    }
}

#[test]
fn pauses_continue_to_grow_from_one_round_of_retries_to_the_next() {
    let mut sim = Simulation::ready(Config::default());
    sim.server.connect_result = Some(Err(http_error(503)));
    sim.closed(1006, "");
    sim.advance(secs(3600));
    let calls = sim.lines.times_of("> connect");
    let pauses: Vec<Duration> = calls.windows(2).skip(1).map(|pair| pair[1].abs_diff(pair[0])).collect();
    assert!(pauses[0] < secs(3) && pauses[1] < secs(6), "{pauses:?}");
    assert!(pauses[8..].iter().all(|pause| *pause >= secs(30)), "{pauses:?}");
    assert!(sim.lines.count("unable_to_rtm_start: http 503") > 1, "there were several rounds");
}

#[test]
fn a_connection_that_lasted_thirty_seconds_resets_the_pauses() {
    for (lasted, is_reset) in [(ms(29_999), false), (secs(30), true)] {
        let mut sim = Simulation::ready(Config::default());
        sim.server.socket = SocketScript::HelloThenClose;
        sim.closed(1006, "");
        for _ in 0..5 {
            sim.advance_to_deadline();
        }
        sim.server.socket = SocketScript::Hello;
        sim.advance_to_deadline();
        sim.lines.take();
        sim.advance(lasted);
        sim.closed(1006, "");
        let pause = sim.advance_to_deadline();
        assert_eq!(pause <= secs(1), is_reset, "{pause:?} after {lasted:?}");
        assert!(is_reset || pause >= secs(30));
    }
}

#[test]
fn a_socket_without_hello_does_not_reset_the_pauses() {
    let mut sim = Simulation::new(Config { connect_timeout: None, ..Config::default() });
    sim.server.socket = SocketScript::OpensWithoutHello;
    sim.start("start");
    for _ in 0..6 {
        sim.advance(secs(60));
        sim.transport_error(refused_upgrade());
    }
    assert!(sim.advance_to_deadline() > secs(10));
}

#[test]
fn a_start_after_a_disconnect_has_no_pause() {
    let mut sim = Simulation::ready(Config::default());
    sim.server.socket = SocketScript::HelloThenClose;
    sim.closed(1006, "");
    for _ in 0..6 {
        sim.advance_to_deadline();
    }
    sim.disconnect("disconnect");
    sim.server.socket = SocketScript::Hello;
    sim.lines.take();
    sim.start("again");
    assert_eq!(sim.lines.take().last().unwrap(), "ready", "without a pause");
    sim.closed(1006, "");
    assert!(sim.advance_to_deadline() <= secs(1), "the first pause is the shortest again");
}

#[test]
fn a_thousand_clients_of_one_lost_server_do_not_reconnect_at_the_same_moment() {
    let mut first = [0; 10];
    let mut second = [0; 10];
    for seed in 0..1000 {
        let mut sim = Simulation::with_seed(Config::default(), seed);
        sim.start("start");
        sim.advance(secs(100));
        sim.server.socket = SocketScript::Refused;
        sim.closed(1006, "");
        first[tenth(sim.advance_to_deadline(), ms(0))] += 1;
        second[tenth(sim.advance_to_deadline(), secs(1))] += 1;
    }
    for spread in [first, second] {
        assert!(spread.iter().all(|count| (50..=150).contains(count)), "{spread:?}");
    }
}

/// The tenth of a second, counted from `from`, in which a pause ends.
fn tenth(pause: Duration, from: Duration) -> usize {
    (0..9).take_while(|n| from + ms(100) * (n + 1) <= pause).count()
}
