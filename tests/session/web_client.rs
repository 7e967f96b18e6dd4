//! Connect calls that a `WebClient` of the user's makes: what is done about its errors, which it has repeated by itself
//! as far as it does so, and about its answers, whose bodies stay with it.

use std::sync::Arc;
use std::time::Duration;

use slack_rtm_native::session::{
    ApiError, Config, ConnectResponse, Event, Failure, LONGEST_RECONNECT_PAUSE, LogLevel, RetryConfig,
};

use crate::connect_errors::{PERMANENT, plain_retries};
use crate::harness::{World, answer, answer_without_body, ms, secs, web_client_error};

/// A session whose first connect call fails so.
fn failing(config: Config, error: ApiError) -> World {
    let mut world = World::new(config);
    world.server.answer = Some(Err(error));
    world.start("start");
    world
}

/// A session that was connected, and whose next connect call has failed so.
fn failing_again(config: Config, error: ApiError) -> World {
    let mut world = World::ready(config);
    world.server.answer = Some(Err(error));
    world.closed(1006, "");
    world.advance_to_deadline();
    world
}

fn given_up() -> ApiError {
    web_client_error(None, true, ms(0))
}

fn passing() -> ApiError {
    web_client_error(Some("fatal_error"), false, ms(0))
}

/// A session that would repeat by itself for ever.
fn patient() -> Config {
    Config { retry: RetryConfig { forever: true, ..plain_retries(10) }, ..Config::default() }
}

// ── Permanent errors ─────────────────────────────────────────────────────────────────────────────────────────────

#[test]
fn permanent_codes_reject_the_start_at_once_whatever_else_the_error_says() {
    for code in PERMANENT {
        for (gave_up, retry_after) in [(false, ms(0)), (true, ms(0)), (false, secs(30))] {
            let mut world = failing(patient(), web_client_error(Some(code), gave_up, retry_after));
            assert_eq!(
                world.trace.take()[2..],
                ["unable_to_rtm_start", "disconnected", "start = rejected"]
                    .map(|what| format!("{what}: {code}"))
            );
            assert_eq!(world.session.poll_timeout(), None, "{code}");
        }
    }
}

#[test]
fn permanent_codes_end_a_reconnect_at_once() {
    for code in PERMANENT {
        for gave_up in [false, true] {
            let mut world = failing_again(patient(), web_client_error(Some(code), gave_up, secs(1)));
            let (told, ended) = (format!("unable_to_rtm_start: {code}"), format!("disconnected: {code}"));
            assert_eq!(world.trace.take(), ["reconnecting", "connecting", "> connect", &*told, &*ended]);
            assert_eq!(world.session.poll_timeout(), None, "{code}");
        }
    }
}

// ── Those it gave up on ──────────────────────────────────────────────────────────────────────────────────────────

#[test]
fn a_first_start_that_was_given_up_is_rejected_without_a_repetition() {
    for error in [given_up(), web_client_error(Some("fatal_error"), true, ms(0))] {
        for auto_reconnect in [true, false] {
            let text = error.to_string();
            let mut world = failing(Config { auto_reconnect, ..patient() }, error.clone());
            assert_eq!(
                world.trace.take(),
                [
                    "connecting".to_owned(),
                    "> connect".to_owned(),
                    format!("unable_to_rtm_start: {text}"),
                    format!("disconnected: {text}"),
                    format!("start = rejected: {text}"),
                ]
            );
            assert_eq!(world.session.poll_timeout(), None);
        }
    }
}

#[test]
fn a_first_start_is_also_given_up_after_other_failures() {
    let mut world = failing(patient(), passing());
    world.server.answer = Some(Err(given_up()));
    world.advance_to_deadline();
    assert_eq!(world.trace.take().last().unwrap(), "start = rejected: no answer");
    assert_eq!((world.trace.count("> connect"), world.session.poll_timeout()), (2, None));
}

#[test]
fn an_established_session_goes_on_where_it_gave_up() {
    for retries in [0, 10] {
        let retry = RetryConfig { retries, ..RetryConfig::default() };
        let mut world = failing_again(Config { retry, ..Config::default() }, given_up());
        assert_eq!(
            world.trace.take(),
            ["reconnecting", "connecting", "> connect", "unable_to_rtm_start: no answer", "reconnecting"]
        );
        world.advance(secs(24 * 3600));
        assert!(!world.events.iter().any(|event| matches!(event, Event::Disconnected(_))));
        let (told, calls) =
            (world.trace.count("unable_to_rtm_start: no answer"), world.trace.count("> connect"));
        assert_eq!(told, calls - 1, "each is told");
        world.server.answer = Some(Ok(answer()));
        world.advance(LONGEST_RECONNECT_PAUSE);
        assert_eq!(world.trace.count("ready"), 2);
    }
}

#[test]
fn pauses_grow_while_it_gives_up() {
    for seed in 0..200 {
        let mut world = World::with_seed(Config::default(), seed);
        world.start("start");
        world.advance(secs(100));
        world.server.answer = Some(Err(given_up()));
        world.closed(1006, "");
        world.advance(secs(1800));
        let calls = world.trace.times_of("> connect").split_off(1);
        let early = calls.iter().filter(|at| **at <= calls[0] + secs(10)).count();
        assert!((2..=5).contains(&early), "{early} in ten seconds, with seed {seed}");
        let pauses: Vec<_> = calls.windows(2).map(|pair| pair[1].abs_diff(pair[0])).collect();
        assert!(pauses.iter().all(|pause| *pause <= LONGEST_RECONNECT_PAUSE), "{pauses:?}");
        assert!(pauses[8..].iter().all(|pause| *pause >= secs(30)), "{pauses:?}");
    }
}

// ── Those that pass ──────────────────────────────────────────────────────────────────────────────────────────────

#[test]
fn passing_errors_are_told_and_tried_again() {
    for error in [passing(), web_client_error(None, false, ms(0)), web_client_error(Some(""), false, ms(0))] {
        let text = error.to_string();
        let mut world = failing(Config::default(), error);
        assert_eq!(
            world.trace.take()[2..],
            [format!("unable_to_rtm_start: {text}"), "reconnecting".to_owned()]
        );
        world.server.answer = Some(Ok(answer()));
        world.advance(secs(1));
        assert_eq!(world.trace.take().last().unwrap(), "ready");
        assert_eq!(world.trace.count("start = ok"), 1);
    }
}

#[test]
fn passing_errors_of_a_first_start_count_against_retry_config() {
    let retry = RetryConfig { retries: 2, ..RetryConfig::default() };
    let mut world = failing(Config { retry, ..Config::default() }, passing());
    world.advance(secs(3600));
    assert_eq!(world.trace.count("> connect"), 3);
    assert_eq!(world.trace.take().last().unwrap(), "start = rejected: fatal_error");
}

#[test]
fn without_auto_reconnect_a_passing_error_ends_the_start() {
    let mut world = failing(Config { auto_reconnect: false, ..patient() }, passing());
    assert_eq!(
        world.trace.take()[2..],
        ["unable_to_rtm_start", "disconnected", "start = rejected"]
            .map(|what| format!("{what}: fatal_error"))
    );
    assert_eq!(world.session.poll_timeout(), None);
}

// ── The time it was told to wait ─────────────────────────────────────────────────────────────────────────────────

#[test]
fn no_pause_is_shorter_than_it_was_told_to_wait() {
    for seconds in [1, 7, 60, 300] {
        let error = web_client_error(Some("ratelimited"), false, secs(seconds));
        for mut world in [failing(patient(), error.clone()), failing_again(patient(), error)] {
            world.server.answer = Some(Ok(answer()));
            // The session's own second pause may be longer than a second.
            let pause = world.advance_to_deadline();
            assert!(pause >= secs(seconds) && pause <= secs(seconds.max(2)), "{pause:?} for {seconds} s");
            assert_eq!(world.trace.take().last().unwrap(), "ready");
        }
    }
}

#[test]
fn the_time_to_wait_is_kept_also_where_it_gave_up() {
    let mut world = failing_again(patient(), web_client_error(None, true, secs(300)));
    world.server.answer = Some(Ok(answer()));
    assert_eq!(world.advance_to_deadline(), secs(300));
    assert_eq!(world.trace.take().last().unwrap(), "ready");
}

#[test]
fn a_short_time_to_wait_does_not_shorten_a_pause() {
    let mut world = failing_again(patient(), web_client_error(None, true, ms(1)));
    for _ in 0..8 {
        world.advance_to_deadline();
    }
    assert!(world.advance_to_deadline() >= secs(30));
}

#[test]
fn a_time_to_wait_that_has_no_end_ends_after_an_hour() {
    let mut world = failing_again(patient(), web_client_error(None, true, Duration::MAX));
    world.advance(secs(3599));
    assert_eq!(world.trace.count("> connect"), 2);
    world.advance(secs(1));
    assert_eq!(world.trace.count("> connect"), 3);
    world.disconnect("disconnect");
    assert_eq!(world.trace.take().last().unwrap(), "disconnect = ok");
}

// ── One error, one object ────────────────────────────────────────────────────────────────────────────────────────

#[test]
fn the_events_and_the_rejection_bear_one_error() {
    let world = failing(patient(), given_up());
    let [Event::Connecting, Event::UnableToRtmStart(told), Event::Disconnected(Some(Failure::Api(cause)))] =
        &world.events[..]
    else {
        panic!("{:?}", world.events)
    };
    assert!(Arc::ptr_eq(told, cause));
    assert_eq!(told.error, given_up());
}

// ── Answers without a body ───────────────────────────────────────────────────────────────────────────────────────

#[test]
fn an_answer_without_its_body_will_do() {
    let mut world = World::new(Config::default());
    world.server.answer = Some(Ok(answer_without_body()));
    world.start("start");
    assert_eq!(
        world.trace.take(),
        ["connecting", "> connect", "authenticated", "start = ok", "> open", "connected", "< hello", "ready",]
    );
    let data = world.events.iter().find_map(|event| match event {
        Event::Authenticated(data) => Some(data),
        _ => None,
    });
    assert_eq!(data.map(|data| &**data), Some(&answer_without_body()));
}

#[test]
fn its_socket_url_is_checked_like_any_other() {
    for (secure_only, url, is_refused) in [
        (true, "ws://slack.test/t1cket", true),
        (true, "https://slack.test/t1cket", true),
        (true, "wss://slack.test/t1cket", false),
        (false, "ws://slack.test/t1cket", false),
        (false, "http://slack.test/t1cket", true),
        (false, "", true),
    ] {
        let mut world = World::new(Config { secure_only, log_level: LogLevel::Debug, ..Config::default() });
        world.server.answer = Some(Ok(ConnectResponse { url: url.to_owned(), ..answer_without_body() }));
        world.start("start");
        assert_eq!(world.trace.count("> open"), usize::from(!is_refused), "{url}");
        assert!(world.logs.iter().all(|(_, line)| !line.contains("t1cket")));
        if !is_refused {
            continue;
        }
        assert_eq!(world.trace.take()[2..], ["unable_to_rtm_start: unusable answer", "reconnecting"]);
        let Some(Event::UnableToRtmStart(error)) = world.events.get(1) else { panic!("{:?}", world.events) };
        let ApiError::Platform { error: None, body, .. } = &error.error else { panic!("{error}") };
        assert_eq!(&**body, b"{}", "there is nothing to show");
        assert!(!format!("{error} {error:?}").contains("t1cket"));
        world.server.answer = Some(Ok(answer_without_body()));
        world.advance(secs(1));
        assert_eq!(world.trace.take().last().unwrap(), "ready", "it passes");
    }
}
