//! Diagnostics and error messages: why a client has no connection, and what it does next (docs/operations.md).

use slack_rtm_native::session::{Config, Diagnostic, Event, Failure, RetryConfig};

use crate::simulation::{
    Simulation, connection_reset, http_error, ms, platform_error, refused_upgrade, secs,
};

/// The diagnostics since the last call, without the lengths of the pauses.
fn take_diagnostics(sim: &mut Simulation) -> Vec<String> {
    sim.diagnostics
        .drain(..)
        .map(|diagnostic| match diagnostic {
            Diagnostic::ConnectCall { attempt } => format!("connect {attempt}"),
            Diagnostic::OpenSocket { server } => format!("open {server}"),
            Diagnostic::Pause { pause, reason } => {
                assert!(!pause.is_zero());
                format!("pause: {reason}")
            }
        })
        .collect()
}

/// The messages of the errors that the events had.
fn errors(sim: &Simulation) -> Vec<String> {
    let text = |event: &Event| match event {
        Event::UnableToRtmStart(report) | Event::Disconnected(Some(Failure::Api(report))) => {
            Some(report.to_string())
        }
        Event::Error(report) | Event::Disconnected(Some(Failure::Socket(report))) => Some(report.to_string()),
        _ => None,
    };
    sim.events.iter().filter_map(text).collect()
}

#[test]
fn diagnostics_report_each_attempt_and_each_pause() {
    let mut sim = Simulation::new(Config::default());
    sim.server.connect_result = Some(Err(http_error(503)));
    sim.start("start");
    assert_eq!(take_diagnostics(&mut sim), ["connect 1", &format!("pause: {}", http_error(503))]);
    sim.server.connect_result = Some(Err(platform_error("fatal_error")));
    sim.advance_to_deadline();
    assert_eq!(
        take_diagnostics(&mut sim),
        ["connect 2", &format!("pause: {}", platform_error("fatal_error"))]
    );
    sim.server.connect_result = Some(Ok(crate::simulation::connect_response()));
    sim.advance_to_deadline();
    assert_eq!(take_diagnostics(&mut sim), ["connect 3", "open slack.test"]);
    sim.advance(secs(12));
    sim.closed(1001, "bye");
    assert_eq!(
        take_diagnostics(&mut sim),
        ["pause: slack.test closed the connection with code 1001: bye (12 s after hello)"]
    );
    sim.advance_to_deadline();
    assert_eq!(take_diagnostics(&mut sim), ["connect 1", "open slack.test"]);
}

#[test]
fn the_reported_pause_is_the_actual_pause() {
    let mut sim = Simulation::ready(Config::default());
    sim.transport_error(connection_reset());
    let Some(Diagnostic::Pause { pause, .. }) = sim.diagnostics.pop() else {
        panic!("no pause was reported")
    };
    assert_eq!(sim.advance_to_deadline(), pause);
    assert_eq!(sim.lines.take().last().map(String::as_str), Some("ready"));
    let line = format!("reconnecting in {} ms", pause.as_millis());
    assert!(errors(&sim)[0].ends_with(&line), "{:?}", errors(&sim));
}

#[test]
fn the_error_of_a_lost_connection_names_the_server_the_age_and_the_next_step() {
    let config = || Config { auto_reconnect: false, ..Config::default() };
    let mut sim = Simulation::ready(config());
    sim.advance(ms(2500));
    sim.closed(1006, "");
    let next = "giving up, since autoReconnect is off";
    assert_eq!(
        errors(&sim),
        [format!("the connection to slack.test ended without a close frame (2500 ms after hello); {next}")]
    );

    let mut sim = Simulation::new(config());
    sim.server.socket = crate::simulation::SocketScript::Refused;
    sim.start("start");
    let text = format!("{} (0 ms after connecting began); {next}", refused_upgrade().message);
    assert_eq!(errors(&sim), [text.clone(), text]);
}

#[test]
fn the_error_of_a_failed_start_says_why_it_is_not_retried() {
    let end = |config: Config, error| {
        let mut sim = Simulation::new(config);
        sim.server.connect_result = Some(Err(error));
        sim.start("start");
        sim.advance(secs(60));
        let mut errors = errors(&sim);
        errors.dedup();
        let [text] = &errors[..] else { panic!("{errors:?}") };
        text.clone()
    };
    let retry = RetryConfig { retries: 2, randomize: false, ..RetryConfig::default() };
    let two_retries = Config { retry, ..Config::default() };
    let text = end(two_retries.clone(), http_error(500));
    assert!(text.ends_with("; giving up after 3 attempts in 2968 ms (retryConfig)"), "{text}");
    let text = end(Config::default(), platform_error("invalid_auth"));
    assert!(text.ends_with("; giving up, since trying again cannot help"), "{text}");
    let text = end(Config { auto_reconnect: false, ..two_retries }, platform_error("fatal_error"));
    assert!(text.ends_with("; giving up, since autoReconnect is off"), "{text}");
}
