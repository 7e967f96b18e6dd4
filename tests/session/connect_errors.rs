//! Errors of the connect call, and what the session does about each (docs/errors.md).

use std::time::Duration;

use slack_rtm_native::session::{
    ApiError, Config, ConnectResponse, Event, LogLevel, RetryConfig, SocketError,
};

use crate::simulation::{
    Simulation, SocketScript, connect_response, http_error, ms, platform_error, rate_limit,
    read_connect_response, refused_upgrade, request_error, secs,
};

/// A `retryConfig` with pauses of 1, 2, 4, … s.
pub(crate) fn plain_retries(retries: u32) -> RetryConfig {
    RetryConfig { retries, factor: 2.0, randomize: false, ..RetryConfig::default() }
}

fn config(retries: u32) -> Config {
    Config { retry: plain_retries(retries), ..Config::default() }
}

fn failing(config: Config, error: ApiError) -> Simulation {
    let mut sim = Simulation::new(config);
    sim.server.connect_result = Some(Err(error));
    sim.start("start");
    sim
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
fn a_permanent_error_rejects_the_start_immediately() {
    for code in PERMANENT {
        let mut sim = failing(Config::default(), platform_error(code));
        assert_eq!(sim.lines.take().last().unwrap(), &format!("start = rejected: {code}"));
        sim.advance(secs(3600));
        assert_eq!(sim.lines.count("> connect"), 1, "{code}");
    }
}

#[test]
fn a_permanent_error_ends_a_reconnect_immediately() {
    for code in PERMANENT {
        let mut sim = Simulation::ready(Config::default());
        sim.server.connect_result = Some(Err(platform_error(code)));
        sim.closed(1006, "");
        sim.advance_to_deadline();
        let (reported, ended) = (format!("unable_to_rtm_start: {code}"), format!("disconnected: {code}"));
        assert_eq!(sim.lines.take(), ["reconnecting", "connecting", "> connect", &*reported, &*ended]);
        assert_eq!(sim.session.poll_timeout(), None);
    }
}

#[test]
fn a_temporary_error_is_reported_and_the_client_tries_again() {
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
        let mut sim = failing(Config::default(), platform_error(code));
        assert_eq!(
            sim.lines.take()[2..],
            [format!("unable_to_rtm_start: {code}"), "reconnecting".to_owned()]
        );
        sim.server.connect_result = Some(Ok(connect_response()));
        sim.advance(secs(1));
        assert_eq!(sim.lines.take().last().unwrap(), "ready", "{code}");
    }
}

#[test]
fn an_unusable_response_is_a_temporary_error() {
    for body in
        ["", "<html>", "{}", "[]", r#"{"ok":true}"#, r#"{"ok":true,"url":"wss://h/t","self":{"id":"U"}}"#]
    {
        let error = read_connect_response("rtm.connect", body.into()).unwrap_err();
        let mut sim = failing(Config::default(), error);
        let lines = sim.lines.take();
        assert!(
            lines[2].starts_with("unable_to_rtm_start: ") && lines[3] == "reconnecting",
            "{body}: {lines:?}"
        );
        sim.server.connect_result = Some(Ok(connect_response()));
        sim.advance(secs(1));
        assert_eq!(sim.lines.take().last().unwrap(), "ready", "{body}");
    }
}

#[test]
fn a_call_without_a_usable_response_is_retried_by_retry_config_without_an_event() {
    for error in [request_error(), http_error(503), http_error(404), rate_limit(ms(0))] {
        let mut sim = failing(config(10), error);
        sim.advance(secs(8));
        assert_eq!(sim.lines.times_of("> connect"), [secs(0), secs(1), secs(3), secs(7)]);
        assert_eq!(sim.lines.take(), ["connecting", "> connect", "> connect", "> connect", "> connect"]);
        sim.server.connect_result = Some(Ok(connect_response()));
        sim.advance(secs(8));
        assert_eq!(sim.lines.take()[..3], ["> connect", "authenticated", "start = ok"]);
    }
}

#[test]
fn a_first_start_is_rejected_when_the_retries_are_exhausted() {
    for error in [request_error(), http_error(503), rate_limit(ms(0))] {
        let mut sim = failing(config(2), error);
        sim.advance(secs(3600));
        assert_eq!(sim.lines.times_of("> connect"), [secs(0), secs(1), secs(3)]);
        let lines = sim.lines.take().split_off(4);
        assert!(lines[0].starts_with("unable_to_rtm_start: "), "{lines:?}");
        assert!(lines[1].starts_with("disconnected: "), "{lines:?}");
        assert!(lines[2].starts_with("start = rejected: "), "{lines:?}");
        assert_eq!((lines.len(), sim.session.poll_timeout()), (3, None));
    }
}

#[test]
fn temporary_errors_reject_a_first_start_when_the_retries_are_exhausted() {
    let mut sim = failing(config(2), platform_error("internal_error"));
    sim.advance(secs(3600));
    assert_eq!(sim.lines.count("> connect"), 3);
    let lines = sim.lines.take();
    assert_eq!(
        lines[lines.len() - 2..],
        ["disconnected", "start = rejected"].map(|line| format!("{line}: internal_error"))
    );
}

#[test]
fn a_retry_config_without_retries_rejects_immediately() {
    let mut sim = failing(config(0), http_error(500));
    assert_eq!(sim.lines.take().last().unwrap(), "start = rejected: http 500");
}

#[test]
fn max_retry_time_ends_the_retries() {
    let retry = RetryConfig { max_retry_time: secs(6), ..plain_retries(10) };
    let mut sim = failing(Config { retry, ..Config::default() }, http_error(500));
    sim.advance(secs(3600));
    assert_eq!(sim.lines.times_of("start = rejected: http 500"), [secs(7)]);
}

#[test]
fn with_forever_the_retries_have_no_end() {
    let retry = RetryConfig { forever: true, max_timeout: secs(3), ..plain_retries(3) };
    let mut sim = failing(Config { retry, ..Config::default() }, http_error(500));
    sim.advance(secs(3600));
    assert!(sim.lines.count("> connect") > 1000);
    sim.server.connect_result = Some(Ok(connect_response()));
    sim.advance(secs(3));
    assert_eq!(sim.lines.count("start = ok"), 1);
}

#[test]
fn each_start_has_all_retries_again() {
    let mut sim = failing(config(2), http_error(503));
    sim.advance(secs(3));
    sim.lines.take();
    sim.start("again");
    sim.advance(secs(3));
    assert_eq!(sim.lines.count("> connect"), 6);
}

#[test]
fn a_session_that_was_connected_never_gives_up_on_a_temporary_error() {
    for error in [request_error(), http_error(503), rate_limit(ms(0)), platform_error("internal_error")] {
        let mut sim = Simulation::ready(config(0));
        sim.server.connect_result = Some(Err(error.clone()));
        sim.closed(1006, "");
        sim.advance(secs(24 * 3600));
        assert!(!sim.events.iter().any(|event| matches!(event, Event::Disconnected(_))), "{error}");
        sim.server.connect_result = Some(Ok(connect_response()));
        sim.advance(secs(60));
        assert_eq!(sim.lines.count("ready"), 2);
    }
}

#[test]
fn without_auto_reconnect_a_first_start_is_still_retried() {
    let mut sim = failing(Config { auto_reconnect: false, ..config(2) }, http_error(503));
    sim.advance(secs(1));
    sim.server.connect_result = Some(Ok(connect_response()));
    sim.advance(secs(2));
    assert_eq!(sim.lines.take().last().unwrap(), "ready");
}

#[test]
fn without_auto_reconnect_a_temporary_error_rejects_the_start() {
    let mut sim = failing(Config { auto_reconnect: false, ..config(2) }, platform_error("internal_error"));
    assert_eq!(
        sim.lines.take()[2..],
        ["unable_to_rtm_start", "disconnected", "start = rejected"]
            .map(|line| format!("{line}: internal_error"))
    );
}

// ── 429 ─────────────────────────────────────────────────────────────────────────────────────────────────────────────

#[test]
fn after_a_rate_limit_the_pause_is_the_longer_of_retry_after_and_retry_config() {
    for (seconds, pause) in [(0, 3), (1, 3), (3, 3), (4, 4), (30, 30), (300, 300)] {
        let retry = RetryConfig { min_timeout: secs(3), randomize: false, ..RetryConfig::default() };
        let mut sim = failing(Config { retry, ..Config::default() }, rate_limit(secs(seconds)));
        sim.server.connect_result = Some(Ok(connect_response()));
        assert_eq!(sim.advance_to_deadline(), secs(pause), "{seconds}");
        assert_eq!(sim.lines.take().last().unwrap(), "ready");
    }
}

#[test]
fn a_reconnect_waits_for_retry_after_even_if_it_exceeds_the_longest_pause() {
    for retries in [0, 10] {
        let mut sim = Simulation::ready(config(retries));
        sim.server.connect_result = Some(Err(rate_limit(secs(300))));
        sim.closed(1006, "");
        sim.advance_to_deadline();
        sim.server.connect_result = Some(Ok(connect_response()));
        assert_eq!(sim.advance_to_deadline(), secs(300), "with {retries} retries");
        assert_eq!(sim.lines.take().last().unwrap(), "ready");
    }
}

#[test]
fn retry_after_also_counts_for_other_statuses_and_for_refused_upgrades() {
    let mut unavailable = http_error(503);
    if let ApiError::Http { retry_after, .. } = &mut unavailable {
        *retry_after = secs(20);
    }
    let mut sim = failing(config(3), unavailable);
    assert_eq!(sim.advance_to_deadline(), secs(20));
    assert_eq!(sim.lines.count("> connect"), 2);

    let mut sim = Simulation::new(Config::default());
    sim.server.socket = SocketScript::NeverOpens;
    sim.start("start");
    sim.transport_error(SocketError { retry_after: secs(20), ..refused_upgrade() });
    assert_eq!(sim.advance_to_deadline(), secs(20));
    sim.transport_error(SocketError { retry_after: Duration::MAX, ..refused_upgrade() });
    assert_eq!(sim.advance_to_deadline(), secs(3600), "but at most an hour");
}

// ── ws: ─────────────────────────────────────────────────────────────────────────────────────────────────────────────

#[test]
fn an_unencrypted_socket_url_is_refused_if_the_api_is_encrypted() {
    for (secure_only, url, is_refused) in [
        (true, "ws://slack.test/t1cket", true),
        (true, "https://slack.test/t1cket", true),
        (true, "wss://slack.test/t1cket", false),
        (false, "ws://slack.test/t1cket", false),
        (false, "http://slack.test/t1cket", true),
    ] {
        let mut sim =
            Simulation::new(Config { secure_only, log_level: LogLevel::Debug, ..Config::default() });
        sim.server.connect_result = Some(Ok(ConnectResponse { url: url.to_owned(), ..connect_response() }));
        sim.start("start");
        assert_eq!(sim.lines.count("> open"), usize::from(!is_refused), "{url}");
        if is_refused {
            let lines = sim.lines.take();
            assert_eq!(lines[2..], ["unable_to_rtm_start: unusable response", "reconnecting"]);
        }
        assert!(sim.logs.iter().all(|(_, line)| !line.contains("t1cket")));
    }
}
