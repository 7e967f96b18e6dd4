//! What an operator is told: why a client is away, and until when; and errors that say what happened, to which host, after
//! how long, and what happens next.

use slack_rtm_native::session::{Config, Diagnostic, Event, Failure, RetryConfig};

use crate::harness::{World, http_error, ms, platform_error, refusal, reset, secs};

/// What was told since, pauses as whether there was one.
fn told(world: &mut World) -> Vec<String> {
    world
        .diagnostics
        .drain(..)
        .map(|diagnostic| match diagnostic {
            Diagnostic::ConnectCall { attempt } => format!("connect {attempt}"),
            Diagnostic::Dial { server } => format!("dial {server}"),
            Diagnostic::Pause { pause, reason } => {
                assert!(!pause.is_zero());
                format!("pause: {reason}")
            }
        })
        .collect()
}

/// The texts of the errors that events told.
fn errors(world: &World) -> Vec<String> {
    let text = |event: &Event| match event {
        Event::UnableToRtmStart(told) | Event::Disconnected(Some(Failure::Api(told))) => {
            Some(told.to_string())
        }
        Event::Error(told) | Event::Disconnected(Some(Failure::Socket(told))) => Some(told.to_string()),
        _ => None,
    };
    world.events.iter().filter_map(text).collect()
}

#[test]
fn a_life_with_trouble_is_told_step_by_step() {
    let mut world = World::new(Config::default());
    world.server.answer = Some(Err(http_error(503)));
    world.start("start");
    assert_eq!(told(&mut world), ["connect 1", &format!("pause: {}", http_error(503))]);
    world.server.answer = Some(Err(platform_error("fatal_error")));
    world.advance_to_deadline();
    assert_eq!(told(&mut world), ["connect 2", &format!("pause: {}", platform_error("fatal_error"))]);
    world.server.answer = Some(Ok(crate::harness::answer()));
    world.advance_to_deadline();
    assert_eq!(told(&mut world), ["connect 3", "dial slack.test"]);
    world.advance(secs(12));
    world.closed(1001, "bye");
    assert_eq!(
        told(&mut world),
        ["pause: slack.test closed the connection with code 1001: bye (12 s after hello)"]
    );
    world.advance_to_deadline();
    assert_eq!(told(&mut world), ["connect 1", "dial slack.test"]);
}

#[test]
fn the_pause_that_is_told_is_the_pause_that_is_made() {
    let mut world = World::ready(Config::default());
    world.broken(reset());
    let Some(Diagnostic::Pause { pause, .. }) = world.diagnostics.pop() else { panic!("a pause") };
    assert_eq!(world.advance_to_deadline(), pause);
    assert_eq!(world.trace.take().last().map(String::as_str), Some("ready"));
    let line = format!("reconnecting in {} ms", pause.as_millis());
    assert!(errors(&world)[0].ends_with(&line), "{:?}", errors(&world));
}

#[test]
fn a_lost_connection_says_to_whom_after_how_long_and_what_is_next() {
    let config = || Config { auto_reconnect: false, ..Config::default() };
    let mut world = World::ready(config());
    world.advance(ms(2500));
    world.closed(1006, "");
    let next = "giving up, since autoReconnect is off";
    assert_eq!(
        errors(&world),
        [format!("the connection to slack.test ended without a close frame (2500 ms after hello); {next}")]
    );

    let mut world = World::new(config());
    world.server.dial = crate::harness::Dial::Refused;
    world.start("start");
    let text = format!("{} (0 ms after it was dialled); {next}", refusal().message);
    assert_eq!(errors(&world), [text.clone(), text]);
}

#[test]
fn a_connect_call_that_fails_for_good_says_why_it_is_not_repeated() {
    let end = |config: Config, error| {
        let mut world = World::new(config);
        world.server.answer = Some(Err(error));
        world.start("start");
        world.advance(secs(60));
        let mut errors = errors(&world);
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
