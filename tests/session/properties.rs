//! Random sequences of what the user, the server and the clock may do. What a sequence is stands in `sequence`, what must
//! hold in `checker`; here is how the sequences are made.

use std::cell::RefCell;
use std::ops::Range;

use proptest::prelude::*;
use proptest::test_runner::{Config as RunnerConfig, TestRunner};
use slack_rtm_native::session::{ApiError, CloseReason, Config, ConnectResponse, LogLevel, RetryConfig};

use crate::checker::Kind;
use crate::harness::{
    answer, answer_without_body, http_error, ms, platform_error, rate_limit, refusal, request_error, reset,
    secs, web_client_error,
};
use crate::sequence::{Number, Run, Step, What};

const SEQUENCES: u32 = 500;
const STEPS: Range<usize> = 1..150;

// ── Strategies ───────────────────────────────────────────────────────────────────────────────────────────────────

fn call() -> impl Strategy<Value = Step> {
    let kind = prop_oneof![
        3 => Just(Kind::Start),
        1 => Just(Kind::Disconnect),
        2 => Just(Kind::Send),
        4 => any::<bool>().prop_map(|await_reply| Kind::Enqueue { await_reply }),
        1 => Just(Kind::Ping),
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
        web_client_failure(),
    ]
}

fn web_client_failure() -> impl Strategy<Value = ApiError> {
    let code =
        prop::sample::select(vec![None, Some("fatal_error"), Some("ratelimited"), Some("invalid_auth")]);
    (code, any::<bool>(), 0..100_u64)
        .prop_map(|(code, gave_up, seconds)| web_client_error(code, gave_up, secs(seconds)))
}

fn connect_answer() -> impl Strategy<Value = Result<ConnectResponse, ApiError>> {
    let answer = prop_oneof![Just(answer()), Just(answer_without_body())];
    let unencrypted = answer
        .clone()
        .prop_map(|answer| ConnectResponse { url: "ws://slack.test/t1cket".to_owned(), ..answer });
    prop_oneof![4 => answer.prop_map(Ok), 1 => unencrypted.prop_map(Ok), 3 => connect_error().prop_map(Err)]
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

fn closure() -> impl Strategy<Value = CloseReason> {
    prop_oneof![
        Just(CloseReason::Closed { code: 1006, reason: String::new() }),
        Just(CloseReason::Closed { code: 1000, reason: "bye".to_owned() }),
        Just(CloseReason::Failed(reset())),
        Just(CloseReason::Failed(refusal())),
    ]
}

fn network() -> impl Strategy<Value = Step> {
    let number = prop_oneof![
        6 => Just(Number::Current),
        1 => (1..4_u64).prop_map(Number::Earlier),
        1 => (1..3_u64).prop_map(Number::Later),
    ];
    let what = prop_oneof![
        3 => connect_answer().prop_map(What::Answered),
        1 => Just(What::Opened),
        3 => frame().prop_map(What::Frame),
        4 => (0..6_u64).prop_map(What::Reply),
        1 => Just(What::Alive),
        3 => Just(What::Flushed),
        2 => closure().prop_map(What::Closed),
    ];
    (number, what).prop_map(|(number, what)| Step::Network { number, what })
}

fn step() -> impl Strategy<Value = Step> {
    let late = prop_oneof![3 => Just(0), 1 => 1..7_200_000_u64].prop_map(ms);
    prop_oneof![
        6 => call(),
        5 => network(),
        6 => Just(Step::Progress),
        1 => any::<bool>().prop_map(Step::Pause),
        3 => prop_oneof![0..3_000_u64, 0..200_000_u64].prop_map(|millis| Step::Wait(ms(millis))),
        2 => late.prop_map(Step::Deadline),
        1 => Just(Step::Timeout),
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

#[test]
fn whatever_happens_every_promise_is_kept() {
    let config = RunnerConfig { cases: SEQUENCES, failure_persistence: None, ..RunnerConfig::default() };
    let reached = RefCell::new([0; 4]);
    let sequences = (config_and_seed(), prop::collection::vec(step(), STEPS));
    TestRunner::new(config)
        .run(&sequences, |((config, seed), steps)| {
            let mut run = Run::new(config, seed);
            for step in steps {
                run.step(step);
            }
            for (total, count) in reached.borrow_mut().iter_mut().zip(run.end()) {
                *total += count;
            }
            Ok(())
        })
        .unwrap_or_else(|failure| panic!("{failure}"));
    let reached = reached.into_inner();
    assert!(
        reached.iter().all(|count| *count > 400),
        "the sequences come far enough to mean something: {reached:?}"
    );
}

fn config_and_seed() -> impl Strategy<Value = (Config, u64)> {
    (config(), any::<u64>())
}
