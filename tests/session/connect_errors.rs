//! The connect call's errors, and what is done about each: section 8 of the contract.

use std::time::Duration;

use slack_rtm_native::session::{
    ApiError, Config, ConnectResponse, Event, LogLevel, RetryConfig, SocketError,
};

use crate::harness::{
    Dial, World, answer, connect_answer, http_error, ms, platform_error, rate_limit, refusal, request_error,
    secs,
};

/// Pauses of 1, 2, 4, … s.
pub(crate) fn plain_retries(retries: u32) -> RetryConfig {
    RetryConfig { retries, factor: 2.0, randomize: false, ..RetryConfig::default() }
}

fn config(retries: u32) -> Config {
    Config { retry: plain_retries(retries), ..Config::default() }
}

fn failing(config: Config, error: ApiError) -> World {
    let mut world = World::new(config);
    world.server.answer = Some(Err(error));
    world.start("start");
    world
}

pub(crate) const PERMANENT: [&str; 29] = [
    "not_authed",
    "invalid_auth",
    "account_inactive",
    "user_removed_from_team",
    "team_disabled",
    "token_revoked",
    "token_expired",
    "no_permission",
    "missing_scope",
    "access_denied",
    "not_allowed_token_type",
    "org_login_required",
    "ekm_access_denied",
    "team_access_not_granted",
    "two_factor_setup_required",
    "enterprise_is_restricted",
    "legacy_custom_bots_deprecated",
    "method_deprecated",
    "deprecated_endpoint",
    "upgrade_required",
    "invalid_arguments",
    "invalid_arg_name",
    "invalid_array_arg",
    "invalid_charset",
    "invalid_form_data",
    "invalid_json",
    "json_not_object",
    "invalid_post_type",
    "missing_post_type",
];

#[test]
fn permanent_errors_reject_the_start_at_once() {
    for code in PERMANENT {
        let mut world = failing(Config::default(), platform_error(code));
        assert_eq!(world.trace.take().last().unwrap(), &format!("start = rejected: {code}"));
        world.advance(secs(3600));
        assert_eq!(world.trace.count("> connect"), 1, "{code}");
    }
}

#[test]
fn permanent_errors_end_a_reconnect_at_once() {
    for code in PERMANENT {
        let mut world = World::ready(Config::default());
        world.server.answer = Some(Err(platform_error(code)));
        world.closed(1006, "");
        world.advance_to_deadline();
        let (told, ended) = (format!("unable_to_rtm_start: {code}"), format!("disconnected: {code}"));
        assert_eq!(world.trace.take(), ["reconnecting", "connecting", "> connect", &*told, &*ended]);
        assert_eq!(world.session.poll_timeout(), None);
    }
}

#[test]
fn passing_errors_are_told_and_tried_again() {
    for code in [
        "fatal_error",
        "internal_error",
        "request_timeout",
        "service_unavailable",
        "ratelimited",
        "team_added_to_org",
        "migration_in_progress",
        "",
        "some_new_error",
    ] {
        let mut world = failing(Config::default(), platform_error(code));
        assert_eq!(
            world.trace.take()[2..],
            [format!("unable_to_rtm_start: {code}"), "reconnecting".to_owned()]
        );
        world.server.answer = Some(Ok(answer()));
        world.advance(secs(1));
        assert_eq!(world.trace.take().last().unwrap(), "ready", "{code}");
    }
}

#[test]
fn answers_that_cannot_be_used_are_passing_errors() {
    for body in
        ["", "<html>", "{}", "[]", r#"{"ok":true}"#, r#"{"ok":true,"url":"wss://h/t","self":{"id":"U"}}"#]
    {
        let error = connect_answer("rtm.connect", body.into()).unwrap_err();
        let mut world = failing(Config::default(), error);
        let news = world.trace.take();
        assert!(
            news[2].starts_with("unable_to_rtm_start: ") && news[3] == "reconnecting",
            "{body}: {news:?}"
        );
        world.server.answer = Some(Ok(answer()));
        world.advance(secs(1));
        assert_eq!(world.trace.take().last().unwrap(), "ready", "{body}");
    }
}

#[test]
fn calls_without_a_good_answer_are_repeated_by_retry_config_without_an_event() {
    for error in [request_error(), http_error(503), http_error(404), rate_limit(ms(0))] {
        let mut world = failing(config(10), error);
        world.advance(secs(8));
        assert_eq!(world.trace.times_of("> connect"), [secs(0), secs(1), secs(3), secs(7)]);
        assert_eq!(world.trace.take(), ["connecting", "> connect", "> connect", "> connect", "> connect"]);
        world.server.answer = Some(Ok(answer()));
        world.advance(secs(8));
        assert_eq!(world.trace.take()[..3], ["> connect", "authenticated", "start = ok"]);
    }
}

#[test]
fn spent_retries_reject_a_first_start() {
    for error in [request_error(), http_error(503), rate_limit(ms(0))] {
        let mut world = failing(config(2), error);
        world.advance(secs(3600));
        assert_eq!(world.trace.times_of("> connect"), [secs(0), secs(1), secs(3)]);
        let news = world.trace.take().split_off(4);
        assert!(news[0].starts_with("unable_to_rtm_start: "), "{news:?}");
        assert!(news[1].starts_with("disconnected: "), "{news:?}");
        assert!(news[2].starts_with("start = rejected: "), "{news:?}");
        assert_eq!((news.len(), world.session.poll_timeout()), (3, None));
    }
}

#[test]
fn spent_retries_reject_a_first_start_also_with_passing_errors() {
    let mut world = failing(config(2), platform_error("internal_error"));
    world.advance(secs(3600));
    assert_eq!(world.trace.count("> connect"), 3);
    let news = world.trace.take();
    assert_eq!(
        news[news.len() - 2..],
        ["disconnected", "start = rejected"].map(|a| format!("{a}: internal_error"))
    );
}

#[test]
fn a_retry_config_without_retries_rejects_at_once() {
    let mut world = failing(config(0), http_error(500));
    assert_eq!(world.trace.take().last().unwrap(), "start = rejected: http 500");
}

#[test]
fn max_retry_time_ends_the_retries() {
    let retry = RetryConfig { max_retry_time: secs(6), ..plain_retries(10) };
    let mut world = failing(Config { retry, ..Config::default() }, http_error(500));
    world.advance(secs(3600));
    assert_eq!(world.trace.times_of("start = rejected: http 500"), [secs(7)]);
}

#[test]
fn forever_means_forever() {
    let retry = RetryConfig { forever: true, max_timeout: secs(3), ..plain_retries(3) };
    let mut world = failing(Config { retry, ..Config::default() }, http_error(500));
    world.advance(secs(3600));
    assert!(world.trace.count("> connect") > 1000);
    world.server.answer = Some(Ok(answer()));
    world.advance(secs(3));
    assert_eq!(world.trace.count("start = ok"), 1);
}

#[test]
fn each_start_has_all_its_retries() {
    let mut world = failing(config(2), http_error(503));
    world.advance(secs(3));
    world.trace.take();
    world.start("again");
    world.advance(secs(3));
    assert_eq!(world.trace.count("> connect"), 6);
}

#[test]
fn a_session_that_was_once_connected_never_gives_up_on_passing_trouble() {
    for error in [request_error(), http_error(503), rate_limit(ms(0)), platform_error("internal_error")] {
        let mut world = World::ready(config(0));
        world.server.answer = Some(Err(error.clone()));
        world.closed(1006, "");
        world.advance(secs(24 * 3600));
        assert!(!world.events.iter().any(|event| matches!(event, Event::Disconnected(_))), "{error}");
        world.server.answer = Some(Ok(answer()));
        world.advance(secs(60));
        assert_eq!(world.trace.count("ready"), 2);
    }
}

#[test]
fn without_auto_reconnect_a_first_start_is_still_repeated_by_retry_config() {
    let mut world = failing(Config { auto_reconnect: false, ..config(2) }, http_error(503));
    world.advance(secs(1));
    world.server.answer = Some(Ok(answer()));
    world.advance(secs(2));
    assert_eq!(world.trace.take().last().unwrap(), "ready");
}

#[test]
fn without_auto_reconnect_a_passing_error_ends_the_start() {
    let mut world = failing(Config { auto_reconnect: false, ..config(2) }, platform_error("internal_error"));
    assert_eq!(
        world.trace.take()[2..],
        ["unable_to_rtm_start", "disconnected", "start = rejected"]
            .map(|what| format!("{what}: internal_error"))
    );
}

// ── 429 ──────────────────────────────────────────────────────────────────────────────────────────────────────────

#[test]
fn a_rate_limit_waits_for_as_long_as_it_says_and_no_less_than_retry_config_does() {
    for (seconds, pause) in [(0, 3), (1, 3), (3, 3), (4, 4), (30, 30), (300, 300)] {
        let retry = RetryConfig { min_timeout: secs(3), randomize: false, ..RetryConfig::default() };
        let mut world = failing(Config { retry, ..Config::default() }, rate_limit(secs(seconds)));
        world.server.answer = Some(Ok(answer()));
        assert_eq!(world.advance_to_deadline(), secs(pause), "{seconds}");
        assert_eq!(world.trace.take().last().unwrap(), "ready");
    }
}

#[test]
fn a_rate_limit_is_kept_on_a_reconnect_also_past_the_longest_pause() {
    for retries in [0, 10] {
        let mut world = World::ready(config(retries));
        world.server.answer = Some(Err(rate_limit(secs(300))));
        world.closed(1006, "");
        world.advance_to_deadline();
        world.server.answer = Some(Ok(answer()));
        assert_eq!(world.advance_to_deadline(), secs(300), "with {retries} retries");
        assert_eq!(world.trace.take().last().unwrap(), "ready");
    }
}

#[test]
fn other_refusals_may_name_a_time_too() {
    let mut unavailable = http_error(503);
    if let ApiError::Http { retry_after, .. } = &mut unavailable {
        *retry_after = secs(20);
    }
    let mut world = failing(config(3), unavailable);
    assert_eq!(world.advance_to_deadline(), secs(20));
    assert_eq!(world.trace.count("> connect"), 2);

    let mut world = World::new(Config::default());
    world.server.dial = Dial::Silence;
    world.start("start");
    world.broken(SocketError { retry_after: secs(20), ..refusal() });
    assert_eq!(world.advance_to_deadline(), secs(20));
    world.broken(SocketError { retry_after: Duration::MAX, ..refusal() });
    assert_eq!(world.advance_to_deadline(), secs(3600), "and no longer than an hour is granted");
}

// ── ws: ──────────────────────────────────────────────────────────────────────────────────────────────────────────

#[test]
fn an_unencrypted_socket_is_refused_where_the_api_is_encrypted() {
    for (secure_only, url, is_refused) in [
        (true, "ws://slack.test/t1cket", true),
        (true, "https://slack.test/t1cket", true),
        (true, "wss://slack.test/t1cket", false),
        (false, "ws://slack.test/t1cket", false),
        (false, "http://slack.test/t1cket", true),
    ] {
        let mut world = World::new(Config { secure_only, log_level: LogLevel::Debug, ..Config::default() });
        world.server.answer = Some(Ok(ConnectResponse { url: url.to_owned(), ..answer() }));
        world.start("start");
        assert_eq!(world.trace.count("> open"), usize::from(!is_refused), "{url}");
        if is_refused {
            let news = world.trace.take();
            assert_eq!(news[2..], ["unable_to_rtm_start: unusable answer", "reconnecting"]);
        }
        assert!(world.logs.iter().all(|(_, line)| !line.contains("t1cket")));
    }
}
