//! Connect calls that the `webClient` option's object makes. It may retry a call itself before it reports an error, and
//! JavaScript keeps the bodies of its responses (docs/web-client.md).

use std::sync::Arc;
use std::time::Duration;

use slack_rtm_native::session::{
    ApiError, Config, ConnectResponse, Event, Failure, LONGEST_RECONNECT_PAUSE, LogLevel, RetryConfig,
};

use crate::connect_errors::{PERMANENT, plain_retries};
use crate::simulation::{Simulation, connect_response, ms, response_without_body, secs, web_client_error};

/// A session whose first connect call fails with this error.
fn failing(config: Config, error: ApiError) -> Simulation {
    let mut sim = Simulation::new(config);
    sim.server.connect_result = Some(Err(error));
    sim.start("start");
    sim
}

/// A session that was connected, and whose next connect call has failed with this error.
fn failing_again(config: Config, error: ApiError) -> Simulation {
    let mut sim = Simulation::ready(config);
    sim.server.connect_result = Some(Err(error));
    sim.closed(1006, "");
    sim.advance_to_deadline();
    sim
}

fn given_up() -> ApiError {
    web_client_error(None, true, ms(0))
}

fn temporary() -> ApiError {
    web_client_error(Some("fatal_error"), false, ms(0))
}

/// A `retryConfig` without end, so that only the error decides whether the session gives up.
fn retry_forever() -> Config {
    Config { retry: RetryConfig { forever: true, ..plain_retries(10) }, ..Config::default() }
}

// ── Permanent errors ────────────────────────────────────────────────────────────────────────────────────────────────

#[test]
fn a_permanent_code_rejects_the_start_immediately() {
    for code in PERMANENT {
        for (gave_up, retry_after) in [(false, ms(0)), (true, ms(0)), (false, secs(30))] {
            let mut sim = failing(retry_forever(), web_client_error(Some(code), gave_up, retry_after));
            assert_eq!(
                sim.lines.take()[2..],
                ["unable_to_rtm_start", "disconnected", "start = rejected"]
                    .map(|line| format!("{line}: {code}"))
            );
            assert_eq!(sim.session.poll_timeout(), None, "{code}");
        }
    }
}

#[test]
fn a_permanent_code_ends_a_reconnect_immediately() {
    for code in PERMANENT {
        for gave_up in [false, true] {
            let mut sim = failing_again(retry_forever(), web_client_error(Some(code), gave_up, secs(1)));
            let (reported, ended) = (format!("unable_to_rtm_start: {code}"), format!("disconnected: {code}"));
            assert_eq!(sim.lines.take(), ["reconnecting", "connecting", "> connect", &*reported, &*ended]);
            assert_eq!(sim.session.poll_timeout(), None, "{code}");
        }
    }
}

// ── The web client has given up ─────────────────────────────────────────────────────────────────────────────────────

#[test]
fn a_first_start_is_rejected_if_the_web_client_gave_up() {
    for error in [given_up(), web_client_error(Some("fatal_error"), true, ms(0))] {
        for auto_reconnect in [true, false] {
            let text = error.to_string();
            let mut sim = failing(Config { auto_reconnect, ..retry_forever() }, error.clone());
            assert_eq!(
                sim.lines.take(),
                [
                    "connecting".to_owned(),
                    "> connect".to_owned(),
                    format!("unable_to_rtm_start: {text}"),
                    format!("disconnected: {text}"),
                    format!("start = rejected: {text}"),
                ]
            );
            assert_eq!(sim.session.poll_timeout(), None);
        }
    }
}

#[test]
fn a_first_start_is_rejected_if_the_web_client_gives_up_after_other_failures() {
    let mut sim = failing(retry_forever(), temporary());
    sim.server.connect_result = Some(Err(given_up()));
    sim.advance_to_deadline();
    assert_eq!(sim.lines.take().last().unwrap(), "start = rejected: no response");
    assert_eq!((sim.lines.count("> connect"), sim.session.poll_timeout()), (2, None));
}

#[test]
fn an_authenticated_session_tries_again_after_the_web_client_gave_up() {
    for retries in [0, 10] {
        let retry = RetryConfig { retries, ..RetryConfig::default() };
        let mut sim = failing_again(Config { retry, ..Config::default() }, given_up());
        assert_eq!(
            sim.lines.take(),
            ["reconnecting", "connecting", "> connect", "unable_to_rtm_start: no response", "reconnecting"]
        );
        sim.advance(secs(24 * 3600));
        assert!(!sim.events.iter().any(|event| matches!(event, Event::Disconnected(_))));
        let (reported, calls) =
            (sim.lines.count("unable_to_rtm_start: no response"), sim.lines.count("> connect"));
        assert_eq!(reported, calls - 1, "each failed call is reported");
        sim.server.connect_result = Some(Ok(connect_response()));
        sim.advance(LONGEST_RECONNECT_PAUSE);
        assert_eq!(sim.lines.count("ready"), 2);
    }
}

#[test]
fn pauses_grow_while_the_web_client_gives_up() {
    for seed in 0..200 {
        let mut sim = Simulation::with_seed(Config::default(), seed);
        sim.start("start");
        sim.advance(secs(100));
        sim.server.connect_result = Some(Err(given_up()));
        sim.closed(1006, "");
        sim.advance(secs(1800));
        let calls = sim.lines.times_of("> connect").split_off(1);
        let early = calls.iter().filter(|at| **at <= calls[0] + secs(10)).count();
        assert!((2..=5).contains(&early), "{early} in ten seconds, with seed {seed}");
        let pauses: Vec<_> = calls.windows(2).map(|pair| pair[1].abs_diff(pair[0])).collect();
        assert!(pauses.iter().all(|pause| *pause <= LONGEST_RECONNECT_PAUSE), "{pauses:?}");
        assert!(pauses[8..].iter().all(|pause| *pause >= secs(30)), "{pauses:?}");
    }
}

// ── Temporary errors ────────────────────────────────────────────────────────────────────────────────────────────────

#[test]
fn a_temporary_error_is_reported_and_the_client_tries_again() {
    for error in [temporary(), web_client_error(None, false, ms(0)), web_client_error(Some(""), false, ms(0))]
    {
        let text = error.to_string();
        let mut sim = failing(Config::default(), error);
        assert_eq!(
            sim.lines.take()[2..],
            [format!("unable_to_rtm_start: {text}"), "reconnecting".to_owned()]
        );
        sim.server.connect_result = Some(Ok(connect_response()));
        sim.advance(secs(1));
        assert_eq!(sim.lines.take().last().unwrap(), "ready");
        assert_eq!(sim.lines.count("start = ok"), 1);
    }
}

#[test]
fn temporary_errors_of_a_first_start_count_against_retry_config() {
    let retry = RetryConfig { retries: 2, ..RetryConfig::default() };
    let mut sim = failing(Config { retry, ..Config::default() }, temporary());
    sim.advance(secs(3600));
    assert_eq!(sim.lines.count("> connect"), 3);
    assert_eq!(sim.lines.take().last().unwrap(), "start = rejected: fatal_error");
}

#[test]
fn without_auto_reconnect_a_temporary_error_rejects_the_start() {
    let mut sim = failing(Config { auto_reconnect: false, ..retry_forever() }, temporary());
    assert_eq!(
        sim.lines.take()[2..],
        ["unable_to_rtm_start", "disconnected", "start = rejected"]
            .map(|line| format!("{line}: fatal_error"))
    );
    assert_eq!(sim.session.poll_timeout(), None);
}

// ── Retry-After ─────────────────────────────────────────────────────────────────────────────────────────────────────

#[test]
fn no_pause_is_shorter_than_retry_after() {
    for seconds in [1, 7, 60, 300] {
        let error = web_client_error(Some("ratelimited"), false, secs(seconds));
        for mut sim in [failing(retry_forever(), error.clone()), failing_again(retry_forever(), error)] {
            sim.server.connect_result = Some(Ok(connect_response()));
            // The session's own second pause may be longer than a second.
            let pause = sim.advance_to_deadline();
            assert!(pause >= secs(seconds) && pause <= secs(seconds.max(2)), "{pause:?} for {seconds} s");
            assert_eq!(sim.lines.take().last().unwrap(), "ready");
        }
    }
}

#[test]
fn retry_after_counts_even_if_the_web_client_gave_up() {
    let mut sim = failing_again(retry_forever(), web_client_error(None, true, secs(300)));
    sim.server.connect_result = Some(Ok(connect_response()));
    assert_eq!(sim.advance_to_deadline(), secs(300));
    assert_eq!(sim.lines.take().last().unwrap(), "ready");
}

#[test]
fn a_short_retry_after_does_not_shorten_a_pause() {
    let mut sim = failing_again(retry_forever(), web_client_error(None, true, ms(1)));
    for _ in 0..8 {
        sim.advance_to_deadline();
    }
    assert!(sim.advance_to_deadline() >= secs(30));
}

#[test]
fn an_endless_retry_after_ends_after_an_hour() {
    let mut sim = failing_again(retry_forever(), web_client_error(None, true, Duration::MAX));
    sim.advance(secs(3599));
    assert_eq!(sim.lines.count("> connect"), 2);
    sim.advance(secs(1));
    assert_eq!(sim.lines.count("> connect"), 3);
    sim.disconnect("disconnect");
    assert_eq!(sim.lines.take().last().unwrap(), "disconnect = ok");
}

// ── The error object ────────────────────────────────────────────────────────────────────────────────────────────────

#[test]
fn the_events_and_the_rejection_have_the_same_error() {
    let sim = failing(retry_forever(), given_up());
    let [Event::Connecting, Event::UnableToRtmStart(first), Event::Disconnected(Some(Failure::Api(second)))] =
        &sim.events[..]
    else {
        panic!("{:?}", sim.events)
    };
    assert!(Arc::ptr_eq(first, second));
    assert_eq!(first.error, given_up());
}

// ── Responses without a body ────────────────────────────────────────────────────────────────────────────────────────

#[test]
fn a_response_without_its_body_is_enough() {
    let mut sim = Simulation::new(Config::default());
    sim.server.connect_result = Some(Ok(response_without_body()));
    sim.start("start");
    assert_eq!(
        sim.lines.take(),
        ["connecting", "> connect", "authenticated", "start = ok", "> open", "connected", "< hello", "ready",]
    );
    let data = sim.events.iter().find_map(|event| match event {
        Event::Authenticated(data) => Some(data),
        _ => None,
    });
    assert_eq!(data.map(|data| &**data), Some(&response_without_body()));
}

#[test]
fn the_socket_url_of_a_web_client_is_checked_too() {
    for (secure_only, url, is_refused) in [
        (true, "ws://slack.test/t1cket", true),
        (true, "https://slack.test/t1cket", true),
        (true, "wss://slack.test/t1cket", false),
        (false, "ws://slack.test/t1cket", false),
        (false, "http://slack.test/t1cket", true),
        (false, "", true),
    ] {
        let mut sim =
            Simulation::new(Config { secure_only, log_level: LogLevel::Debug, ..Config::default() });
        sim.server.connect_result =
            Some(Ok(ConnectResponse { url: url.to_owned(), ..response_without_body() }));
        sim.start("start");
        assert_eq!(sim.lines.count("> open"), usize::from(!is_refused), "{url}");
        assert!(sim.logs.iter().all(|(_, line)| !line.contains("t1cket")));
        if !is_refused {
            continue;
        }
        assert_eq!(sim.lines.take()[2..], ["unable_to_rtm_start: unusable response", "reconnecting"]);
        let Some(Event::UnableToRtmStart(error)) = sim.events.get(1) else { panic!("{:?}", sim.events) };
        let ApiError::Platform { error: None, body, .. } = &error.error else { panic!("{error}") };
        assert_eq!(&**body, b"{}", "there is no body");
        assert!(!format!("{error} {error:?}").contains("t1cket"));
        sim.server.connect_result = Some(Ok(response_without_body()));
        sim.advance(secs(1));
        assert_eq!(sim.lines.take().last().unwrap(), "ready", "the error is temporary");
    }
}
