//! How often a server in trouble is tried: sections 8 and 11 of the contract.

use std::time::Duration;

use slack_rtm_native::session::{Config, LONGEST_RECONNECT_PAUSE};

use crate::harness::{
    Dial, Server, World, answer, http_error, ms, platform_error, refusal, request_error, secs,
};

type Trouble = fn(&mut Server);

const REFUSED_UPGRADES: Trouble = |server| server.dial = Dial::Refused;
const CLOSES_AFTER_HELLO: Trouble = |server| server.dial = Dial::HelloThenClose;
const UNAVAILABLE: Trouble = |server| server.answer = Some(Err(http_error(503)));
const UNREACHABLE: Trouble = |server| server.answer = Some(Err(request_error()));
const PASSING_ERROR: Trouble = |server| server.answer = Some(Err(platform_error("fatal_error")));

const TROUBLES: [(&str, Trouble); 5] = [
    ("refused upgrades", REFUSED_UPGRADES),
    ("closes after hello", CLOSES_AFTER_HELLO),
    ("503", UNAVAILABLE),
    ("unreachable", UNREACHABLE),
    ("a passing error", PASSING_ERROR),
];

/// How many connect calls are made within ten seconds from the `from`-th on.
fn calls_in_ten_seconds(world: &World, from: usize) -> usize {
    let calls = world.trace.times_of("> connect");
    let start = calls[from];
    calls[from..].iter().filter(|at| **at <= start + secs(10)).count()
}

#[test]
fn a_first_start_in_trouble_makes_at_most_five_connect_calls_in_ten_seconds() {
    for (name, trouble) in TROUBLES {
        for seed in 0..200 {
            let mut world = World::with_seed(Config::default(), seed);
            trouble(&mut world.server);
            world.start("start");
            world.advance(secs(11));
            let calls = calls_in_ten_seconds(&world, 0);
            assert!((2..=5).contains(&calls), "{calls} for {name} with seed {seed}");
        }
    }
}

#[test]
fn a_lost_connection_makes_at_most_five_connect_calls_in_ten_seconds() {
    for (name, trouble) in TROUBLES {
        for seed in 0..200 {
            let mut world = World::with_seed(Config::default(), seed);
            world.start("start");
            world.advance(secs(100));
            trouble(&mut world.server);
            world.closed(1006, "");
            world.advance(secs(12));
            let calls = calls_in_ten_seconds(&world, 1);
            assert!((2..=5).contains(&calls), "{calls} for {name} with seed {seed}");
        }
    }
}

#[test]
fn changing_troubles_make_no_more_connect_calls_than_one() {
    for seed in 0..1000 {
        let mut world = World::with_seed(Config::default(), seed);
        let mut rng = fastrand::Rng::with_seed(seed);
        let mut change = |world: &mut World| {
            world.server.answer = Some(Ok(answer()));
            TROUBLES[rng.usize(..TROUBLES.len())].1(&mut world.server);
        };
        change(&mut world);
        world.start("start");
        while world.elapsed() <= secs(11) {
            change(&mut world);
            world.advance_to_deadline();
        }
        let calls = calls_in_ten_seconds(&world, 0);
        assert!(calls <= 5, "{calls} with seed {seed}: {:?}", world.trace.times_of("> connect"));
    }
}

#[test]
fn two_hours_of_outage_end_within_one_pause() {
    for (name, trouble) in TROUBLES {
        for seed in 0..20 {
            let mut world = World::with_seed(Config::default(), seed);
            world.start("start");
            world.advance(secs(100));
            trouble(&mut world.server);
            world.closed(1006, "");
            let outage_began = world.elapsed();
            world.advance(secs(2 * 3600));
            let calls = world.trace.times_of("> connect");
            assert!(
                calls.windows(2).all(|pair| pair[1] <= pair[0].max(outage_began) + LONGEST_RECONNECT_PAUSE)
            );
            assert!(calls.len() < 400, "{} calls for {name}", calls.len());

            (world.server.answer, world.server.dial) = (Some(Ok(answer())), Dial::Hello);
            let readies = world.trace.count("ready");
            world.advance(LONGEST_RECONNECT_PAUSE);
            assert_eq!(world.trace.count("ready"), readies + 1, "{name} with seed {seed}");
            assert!(world.trace.take().iter().all(|line| !line.starts_with("disconnected")));
        }
    }
}

/// A silent server takes the time of a timeout to be noticed, which comes on top of the pause. The one of the connect call
/// is the driver's: here the call fails when that is over.
#[test]
fn two_hours_of_silence_end_within_one_pause_and_one_timeout() {
    const SILENT_CALLS: Trouble = |server| server.answer = None;
    const SILENT_UPGRADES: Trouble = |server| server.dial = Dial::Silence;
    const NO_HELLO: Trouble = |server| server.dial = Dial::Mute;
    let timeout = secs(30);
    for (name, trouble) in
        [("silent calls", SILENT_CALLS), ("silent upgrades", SILENT_UPGRADES), ("no hello", NO_HELLO)]
    {
        for seed in 0..20 {
            let mut world = World::with_seed(Config::default(), seed);
            world.start("start");
            world.advance(secs(100));
            trouble(&mut world.server);
            world.closed(1006, "");
            let silent = |world: &mut World| {
                world.advance(timeout);
                if world.session.poll_timeout().is_none() {
                    world.answered(Err(request_error()));
                }
            };
            let end = world.elapsed() + secs(2 * 3600) + secs(seed);
            while world.elapsed() < end {
                silent(&mut world);
            }
            let calls = world.trace.times_of("> connect");
            let gaps = calls[1..].windows(2).map(|pair| pair[1].abs_diff(pair[0]));
            assert!(gaps.max() <= Some(LONGEST_RECONNECT_PAUSE + 2 * timeout), "{name}");
            assert!(calls.len() > 70, "{} calls for {name}", calls.len());

            (world.server.answer, world.server.dial) = (Some(Ok(answer())), Dial::Hello);
            let readies = world.trace.count("ready");
            silent(&mut world);
            world.advance(LONGEST_RECONNECT_PAUSE);
            assert_eq!(world.trace.count("ready"), readies + 1, "{name} with seed {seed}");
            assert!(world.trace.take().iter().all(|line| !line.starts_with("disconnected")));
        }
    }
}

#[test]
fn pauses_grow_and_are_not_begun_anew_by_each_round_of_retries() {
    let mut world = World::ready(Config::default());
    world.server.answer = Some(Err(http_error(503)));
    world.closed(1006, "");
    world.advance(secs(3600));
    let calls = world.trace.times_of("> connect");
    let pauses: Vec<Duration> = calls.windows(2).skip(1).map(|pair| pair[1].abs_diff(pair[0])).collect();
    assert!(pauses[0] < secs(3) && pauses[1] < secs(6), "{pauses:?}");
    assert!(pauses[8..].iter().all(|pause| *pause >= secs(30)), "{pauses:?}");
    assert!(world.trace.count("unable_to_rtm_start: http 503") > 1, "there were several rounds");
}

#[test]
fn a_connection_that_stood_for_thirty_seconds_resets_the_pauses() {
    for (stood, is_reset) in [(ms(29_999), false), (secs(30), true)] {
        let mut world = World::ready(Config::default());
        world.server.dial = Dial::HelloThenClose;
        world.closed(1006, "");
        for _ in 0..5 {
            world.advance_to_deadline();
        }
        world.server.dial = Dial::Hello;
        world.advance_to_deadline();
        world.trace.take();
        world.advance(stood);
        world.closed(1006, "");
        let pause = world.advance_to_deadline();
        assert_eq!(pause <= secs(1), is_reset, "{pause:?} after {stood:?}");
        assert!(is_reset || pause >= secs(30));
    }
}

#[test]
fn a_socket_that_stood_without_hello_resets_nothing() {
    let mut world = World::new(Config { connect_timeout: None, ..Config::default() });
    world.server.dial = Dial::Mute;
    world.start("start");
    for _ in 0..6 {
        world.advance(secs(60));
        world.broken(refusal());
    }
    assert!(world.advance_to_deadline() > secs(10));
}

#[test]
fn a_start_after_a_disconnect_begins_without_pauses() {
    let mut world = World::ready(Config::default());
    world.server.dial = Dial::HelloThenClose;
    world.closed(1006, "");
    for _ in 0..6 {
        world.advance_to_deadline();
    }
    world.disconnect("disconnect");
    world.server.dial = Dial::Hello;
    world.trace.take();
    world.start("again");
    assert_eq!(world.trace.take().last().unwrap(), "ready", "at once");
    world.closed(1006, "");
    assert!(world.advance_to_deadline() <= secs(1), "the first pause is the shortest again");
}

#[test]
fn a_thousand_clients_that_lose_one_server_do_not_come_back_at_one_moment() {
    let mut first = [0; 10];
    let mut second = [0; 10];
    for seed in 0..1000 {
        let mut world = World::with_seed(Config::default(), seed);
        world.start("start");
        world.advance(secs(100));
        world.server.dial = Dial::Refused;
        world.closed(1006, "");
        first[tenth(world.advance_to_deadline(), ms(0))] += 1;
        second[tenth(world.advance_to_deadline(), secs(1))] += 1;
    }
    for spread in [first, second] {
        assert!(spread.iter().all(|count| (50..=150).contains(count)), "{spread:?}");
    }
}

/// In which tenth of the second from `from` on a pause lies.
fn tenth(pause: Duration, from: Duration) -> usize {
    (0..9).take_while(|n| from + ms(100) * (n + 1) <= pause).count()
}
