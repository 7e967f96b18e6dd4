//! Fuzz target `session`: actions of the user, the server and the clock, in any order. The actions and the invariants are
//! those of the session's tests (tests/session/). Here the fuzzer selects the actions instead of a random generator.
#![no_main]

#[path = "../../tests/session/invariants.rs"]
mod invariants;
#[path = "../../tests/session/output_lines.rs"]
#[allow(dead_code, reason = "the tests use all of it, a fuzz target a part")]
mod output_lines;
#[path = "../../tests/session/sequence.rs"]
mod sequence;
#[path = "../../tests/session/simulation.rs"]
#[allow(dead_code, reason = "the tests use all of it, a fuzz target a part")]
mod simulation;

use libfuzzer_sys::arbitrary::{Result, Unstructured};
use libfuzzer_sys::fuzz_target;
use slack_rtm_native::session::{ApiError, CloseReason, Config, ConnectResponse, LogLevel, RetryConfig};

use invariants::CallKind;
use sequence::{ConnectionChoice, NetworkInput, SequenceRun, Step};
use simulation::{
    connect_response, connection_reset, http_error, ms, platform_error, rate_limit, refused_upgrade,
    request_error, response_without_body, secs, web_client_error,
};

/// The most steps of one input.
const MOST_STEPS: usize = 400;

/// The longest wait: two hours.
const LONGEST: u64 = 7_200_000;

fuzz_target!(|data: &[u8]| {
    // The checker reports this word in a log line as a leaked ticket.
    if !data.windows(6).any(|window| window == b"t1cket") {
        let _ = run(&mut Unstructured::new(data));
    }
});

fn run(choice: &mut Unstructured<'_>) -> Result<()> {
    let mut run = SequenceRun::new(config(choice)?, u64::from(choice.arbitrary::<u8>()?));
    for _ in 0..MOST_STEPS {
        if choice.is_empty() {
            break;
        }
        match step(choice) {
            Ok(step) => run.step(step),
            Err(_) => break,
        }
    }
    run.end();
    Ok(())
}

fn config(choice: &mut Unstructured<'_>) -> Result<Config> {
    Ok(Config {
        auto_reconnect: choice.ratio(4_u8, 5)?,
        secure_only: choice.ratio(4_u8, 5)?,
        client_ping_timeout: *choice.choose(&[Some(secs(6)), Some(ms(1)), None])?,
        server_pong_timeout: *choice.choose(&[secs(4), ms(0)])?,
        connect_timeout: *choice.choose(&[Some(secs(30)), Some(ms(0)), None])?,
        reply_timeout: *choice.choose(&[None, Some(secs(3)), Some(ms(0))])?,
        max_pending_replies: *choice.choose(&[usize::MAX, 1, 3])?,
        reply_ack_timeout: *choice.choose(&[secs(2), ms(0)])?,
        retry: RetryConfig { retries: *choice.choose(&[10, 2, 0])?, ..RetryConfig::default() },
        log_level: LogLevel::Debug,
    })
}

fn step(choice: &mut Unstructured<'_>) -> Result<Step> {
    Ok(match choice.int_in_range(0_u8..=23)? {
        0..=5 => Step::Call { kind: kind(choice)?, bytes: *choice.choose(&[0, 0, 0, 0, 0, 0, 0, 40_000])? },
        6..=11 => Step::Network { connection: connection(choice)?, input: input(choice)? },
        12..=17 => Step::HealthyServer,
        18 => Step::ReadPaused(choice.arbitrary()?),
        19 => Step::Wait(ms(choice.int_in_range(0..=3_000)?)),
        20 => Step::Wait(ms(choice.int_in_range(0..=200_000)?)),
        21 => Step::Deadline(ms(0)),
        22 => Step::Deadline(ms(choice.int_in_range(0..=LONGEST)?)),
        _ => Step::EarlyTimeout,
    })
}

fn kind(choice: &mut Unstructured<'_>) -> Result<CallKind> {
    Ok(*choice.choose(&[
        CallKind::Start,
        CallKind::Disconnect,
        CallKind::Send,
        CallKind::Enqueue { await_reply: true },
        CallKind::Enqueue { await_reply: false },
        CallKind::Ping,
    ])?)
}

fn connection(choice: &mut Unstructured<'_>) -> Result<ConnectionChoice> {
    Ok(match choice.int_in_range(0_u8..=7)? {
        0..=5 => ConnectionChoice::Current,
        6 => ConnectionChoice::Earlier(choice.int_in_range(1..=3)?),
        _ => ConnectionChoice::Later(choice.int_in_range(1..=2)?),
    })
}

fn input(choice: &mut Unstructured<'_>) -> Result<NetworkInput> {
    Ok(match choice.int_in_range(0_u8..=7)? {
        0 => NetworkInput::ConnectFinished(Ok(any_response(choice)?)),
        1 => NetworkInput::ConnectFinished(Err(connect_error(choice)?)),
        2 => NetworkInput::Opened,
        3 => NetworkInput::Frame(frame(choice)?),
        4 => NetworkInput::Reply(choice.int_in_range(0..=5)?),
        5 => NetworkInput::Activity,
        6 => NetworkInput::Flushed,
        _ => NetworkInput::Closed(closure(choice)?),
    })
}

fn any_response(choice: &mut Unstructured<'_>) -> Result<ConnectResponse> {
    let response = if choice.arbitrary()? { connect_response() } else { response_without_body() };
    let url = *choice.choose(&["wss://slack.test/t1cket", "ws://slack.test/t1cket", "t1cket"])?;
    Ok(ConnectResponse { url: url.to_owned(), ..response })
}

fn connect_error(choice: &mut Unstructured<'_>) -> Result<ApiError> {
    let time = secs(choice.int_in_range(0..=99)?);
    let code = choice.choose(&[None, Some("fatal_error"), Some("ratelimited"), Some("invalid_auth")])?;
    Ok(match choice.int_in_range(0_u8..=5)? {
        0 => request_error(),
        1 => http_error(503),
        2 => rate_limit(time),
        3 => platform_error("fatal_error"),
        4 => platform_error("invalid_auth"),
        _ => web_client_error(*code, choice.arbitrary()?, time),
    })
}

fn frame(choice: &mut Unstructured<'_>) -> Result<Vec<u8>> {
    let known = [
        r#"{"type":"hello"}"#,
        r#"{"type":"team_migration_started"}"#,
        r#"{"type":"message","text":"wss://slack.test/t1cket"}"#,
        r#"{"type":"goodbye"}"#,
        r#"{"type":"reconnect_url","url":"wss:\/\/slack.test\/t1cket"}"#,
        r#"{"reply_to":-1}"#,
        "null",
        "{",
    ];
    Ok(match choice.int_in_range(0..=known.len())? {
        at if at < known.len() => known[at].as_bytes().to_vec(),
        _ => {
            let length = choice.int_in_range(0..=40_usize)?.min(choice.len());
            choice.bytes(length)?.to_vec()
        }
    })
}

fn closure(choice: &mut Unstructured<'_>) -> Result<CloseReason> {
    let code = *choice.choose(&[1000, 1001, 1006, 4999])?;
    Ok(match choice.int_in_range(0_u8..=2)? {
        0 => CloseReason::Closed {
            code,
            reason: choice.choose(&["", "go to wss://slack.test/t1cket"])?.to_string(),
        },
        1 => CloseReason::Failed(connection_reset()),
        _ => CloseReason::Failed(refused_upgrade()),
    })
}
