//! Random sequences of inputs: a session keeps its invariants whatever the user, the server and the clock do.

use std::cell::Cell;
use std::ops::Range;

use proptest::prelude::*;
use proptest::test_runner::{Config as RunnerConfig, TestRunner};
use slack_rtm_native::session::{ApiError, CloseReason, Config, ConnectResponse, LogLevel, RetryConfig};

use crate::invariants::{CallKind, Coverage};
use crate::sequence::{ConnectionChoice, NetworkInput, SequenceRun, Step};
use crate::simulation::{
    connect_response, connection_reset, http_error, ms, platform_error, rate_limit, refused_upgrade,
    request_error, response_without_body, secs, web_client_error,
};

const SEQUENCES: u32 = 500;
const STEPS: Range<usize> = 1..150;

// ── Strategies ──────────────────────────────────────────────────────────────────────────────────────────────────────

fn call() -> impl Strategy<Value = Step> {
    let kind = prop_oneof![
        3 => Just(CallKind::Start),
        1 => Just(CallKind::Disconnect),
        2 => Just(CallKind::Send),
        4 => any::<bool>().prop_map(|await_reply| CallKind::Enqueue { await_reply }),
        1 => Just(CallKind::Ping),
    ];
    let bytes = prop_oneof![4 => Just(0_usize), 1 => Just(40_000)];
    (kind, bytes).prop_map(|(kind, bytes)| Step::Call { kind, bytes })
}

fn connect_error() -> impl Strategy<Value = ApiError> {
    prop_oneof![
        Just(request_error()),
        Just(http_error(503)),
        (0..100_u64).prop_map(|seconds| rate_limit(secs(seconds))),
        Just(platform_error("fatal_error")),
        Just(platform_error("invalid_auth")),
        any_web_client_error(),
    ]
}

fn any_web_client_error() -> impl Strategy<Value = ApiError> {
    let code =
        prop::sample::select(vec![None, Some("fatal_error"), Some("ratelimited"), Some("invalid_auth")]);
    (code, any::<bool>(), 0..100_u64)
        .prop_map(|(code, gave_up, seconds)| web_client_error(code, gave_up, secs(seconds)))
}

fn connect_result() -> impl Strategy<Value = Result<ConnectResponse, ApiError>> {
    let response = prop_oneof![Just(connect_response()), Just(response_without_body())];
    let unencrypted = response
        .clone()
        .prop_map(|response| ConnectResponse { url: "ws://slack.test/t1cket".to_owned(), ..response });
    prop_oneof![
        4 => response.prop_map(Ok),
        1 => unencrypted.prop_map(Ok),
        3 => connect_error().prop_map(Err),
    ]
}

fn frame() -> impl Strategy<Value = Vec<u8>> {
    let known = [
        r#"{"type":"hello"}"#,
        r#"{"type":"message","subtype":"bot_message","text":"wss://slack.test/t1cket"}"#,
        r#"{"type":"team_migration_started"}"#,
        r#"{"type":"pong","reply_to":1}"#,
        r#"{"reply_to":-1}"#,
        "null",
        "{",
        "",
    ];
    prop_oneof![
        4 => prop::sample::select(known.to_vec()).prop_map(|text| text.as_bytes().to_vec()),
        1 => prop::collection::vec(any::<u8>(), 0..40),
    ]
}

fn close_reason() -> impl Strategy<Value = CloseReason> {
    prop_oneof![
        Just(CloseReason::Closed { code: 1006, reason: String::new() }),
        Just(CloseReason::Closed { code: 1000, reason: "bye".to_owned() }),
        Just(CloseReason::Failed(connection_reset())),
        Just(CloseReason::Failed(refused_upgrade())),
    ]
}

fn network() -> impl Strategy<Value = Step> {
    let connection = prop_oneof![
        6 => Just(ConnectionChoice::Current),
        1 => (1..4_u64).prop_map(ConnectionChoice::Earlier),
        1 => (1..3_u64).prop_map(ConnectionChoice::Later),
    ];
    let input = prop_oneof![
        3 => connect_result().prop_map(NetworkInput::ConnectFinished),
        1 => Just(NetworkInput::Opened),
        3 => frame().prop_map(NetworkInput::Frame),
        4 => (0..6_u64).prop_map(NetworkInput::Reply),
        1 => Just(NetworkInput::Activity),
        3 => Just(NetworkInput::Flushed),
        2 => close_reason().prop_map(NetworkInput::Closed),
    ];
    (connection, input).prop_map(|(connection, input)| Step::Network { connection, input })
}

fn step() -> impl Strategy<Value = Step> {
    let late_by = prop_oneof![3 => Just(0), 1 => 1..7_200_000_u64].prop_map(ms);
    prop_oneof![
        6 => call(),
        5 => network(),
        6 => Just(Step::HealthyServer),
        1 => any::<bool>().prop_map(Step::ReadPaused),
        3 => prop_oneof![0..3_000_u64, 0..200_000_u64].prop_map(|millis| Step::Wait(ms(millis))),
        2 => late_by.prop_map(Step::Deadline),
        1 => Just(Step::EarlyTimeout),
    ]
}

fn config() -> impl Strategy<Value = Config> {
    (
        prop::bool::weighted(0.8),
        prop::option::weighted(0.8, Just(secs(6))),
        prop::option::weighted(0.8, Just(secs(30))),
        prop::option::weighted(0.5, Just(secs(3))),
        prop::sample::select(vec![1, 3, usize::MAX]),
        prop::sample::select(vec![0, 2, 10]),
        prop::sample::select(vec![ms(0), secs(2)]),
    )
        .prop_map(
            |(auto_reconnect, ping, connect, reply, max_pending_replies, retries, reply_ack_timeout)| {
                Config {
                    auto_reconnect,
                    client_ping_timeout: ping,
                    connect_timeout: connect,
                    reply_timeout: reply,
                    max_pending_replies,
                    retry: RetryConfig { retries, ..RetryConfig::default() },
                    reply_ack_timeout,
                    log_level: LogLevel::Debug,
                    ..Config::default()
                }
            },
        )
}

fn config_and_seed() -> impl Strategy<Value = (Config, u64)> {
    (config(), any::<u64>())
}

// ── The test ────────────────────────────────────────────────────────────────────────────────────────────────────────

#[test]
fn random_inputs_never_break_an_invariant() {
    let config = RunnerConfig { cases: SEQUENCES, failure_persistence: None, ..RunnerConfig::default() };
    let total = Cell::new(Coverage::default());
    let sequences = (config_and_seed(), prop::collection::vec(step(), STEPS));
    TestRunner::new(config)
        .run(&sequences, |((config, seed), steps)| {
            let mut run = SequenceRun::new(config, seed);
            for step in steps {
                run.step(step);
            }
            total.set(sum(total.get(), run.end()));
            Ok(())
        })
        .unwrap_or_else(|failure| panic!("{failure}"));
    let total = total.get();
    let Coverage { ready, reconnecting, disconnected, replies } = total;
    assert!(
        [ready, reconnecting, disconnected, replies].iter().all(|count| *count > 400),
        "the sequences reach too little of the session: {total:?}"
    );
}

fn sum(one: Coverage, other: Coverage) -> Coverage {
    Coverage {
        ready: one.ready + other.ready,
        reconnecting: one.reconnecting + other.reconnecting,
        disconnected: one.disconnected + other.disconnected,
        replies: one.replies + other.replies,
    }
}
