//! Any response to the connect call: read by the driver, handled by the session, encoded for JavaScript.
//!
//! No error and no log line may contain the token, or the ticket of a socket URL. Everything that crosses to JavaScript must be
//! JSON.
//!
//! The input is the status in two bytes, then texts separated by 0xff: the reason, names and values of headers, and last the
//! body. `$URL` stands for a socket URL (where one can start), and `$ESCAPED` for one with escaped slashes.
#![no_main]

use std::pin::pin;
use std::sync::{Arc, LazyLock, Mutex};
use std::task::{Context, Poll, Waker};
use std::time::Instant;

use libfuzzer_sys::fuzz_target;
use slack_rtm_native::driver::{
    Agent, AgentRequest, AgentResponse, CodedError, Duplex, HostFuture, TlsConfig, Transport, TransportConfig,
};
use slack_rtm_native::fuzzing::{Outbox, connect};
use slack_rtm_native::session::{
    ApiError, CallId, Config, ConnectResponse, ConnectionId, Delivery, Input, LogLevel, Output, Secret,
    Session,
};
use slack_rtm_native_fuzz::{chunk, json};

const TOKEN: &str = "xoxb-t0ken";
const TICKET: &str = "t1cket";

fuzz_target!(|data: &[u8]| {
    // If the input itself contains a secret, finding it in a text would prove nothing.
    let Some(response) = response(data).filter(|_| !holds(data, TICKET) && !holds(data, TOKEN)) else {
        return;
    };
    // As HTTP clients decode a body: without a byte order mark, with replacement characters.
    let body = response.body.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&response.body);
    let (status, is_json) = (response.status, json::is_json(lossy(body).as_bytes()));
    let result = read(response);
    if let Err(error) = &result {
        check_text(&error.to_string());
        check_text(&format!("{error:?}"));
        assert_eq!(status == 429, matches!(error, ApiError::RateLimited { .. }));
        assert_eq!(status != 200 && status != 429, matches!(error, ApiError::Http { .. }));
    } else {
        check_text(&format!("{result:?}"));
        assert!(status == 200 && is_json, "accepted a response that is not good");
    }
    check_session(result);
});

/// The response that an input describes.
fn response(data: &[u8]) -> Option<AgentResponse> {
    let [high, low, texts @ ..] = data else { return None };
    let mut texts = texts.split(|byte| *byte == 0xff).map(with_urls);
    let reason = lossy(&texts.next()?);
    let mut rest: Vec<Vec<u8>> = texts.collect();
    let body = rest.pop()?;
    let pairs = rest.chunks_exact(2).map(|pair| (lossy(&pair[0]).to_ascii_lowercase(), lossy(&pair[1])));
    let headers = pairs.collect();
    Some(AgentResponse { status: u16::from_be_bytes([*high, *low]), reason, headers, body: body.into() })
}

fn holds(data: &[u8], word: &str) -> bool {
    data.windows(word.len()).any(|window| window == word.as_bytes())
}

fn lossy(text: &[u8]) -> String {
    String::from_utf8_lossy(text).into_owned()
}

/// Replaces `$URL` and `$ESCAPED` by socket URLs, except behind a letter, where the URL would have another scheme.
fn with_urls(text: &[u8]) -> Vec<u8> {
    let mut whole = Vec::new();
    let mut rest = text;
    while let Some((first, behind)) = rest.split_first() {
        let can_start = whole.last().is_none_or(|before| b"\" (<=,:".contains(before));
        let url = [("$URL", "wss://slack.test/t1cket"), ("$ESCAPED", r"wss:\/\/slack.test\/t1cket")]
            .into_iter()
            .find(|(word, _)| can_start && rest.starts_with(word.as_bytes()));
        match url {
            Some((word, url)) => {
                whole.extend_from_slice(url.as_bytes());
                rest = &rest[word.len()..];
            }
            None => {
                whole.push(*first);
                rest = behind;
            }
        }
    }
    whole
}

/// The driver's reading of a response.
fn read(response: AgentResponse) -> Result<ConnectResponse, ApiError> {
    static TRANSPORT: LazyLock<Transport> = LazyLock::new(transport);
    *RESPONSE.lock().expect("no panic") = Some(response);
    let mut context = Context::from_waker(Waker::noop());
    match pin!(connect(&TRANSPORT, "")).poll(&mut context) {
        Poll::Ready(result) => result,
        Poll::Pending => panic!("the response is there, and the driver waits"),
    }
}

fn transport() -> Transport {
    let config = TransportConfig {
        api_url: "https://slack.test/api/".to_owned(),
        method: "rtm.connect".to_owned(),
        token: Secret(TOKEN.to_owned()),
        user_agent: "fuzz".to_owned(),
        headers: Vec::new(),
        request_timeout: None,
        max_frame_bytes: 128 * 1024 * 1024,
        tls: TlsConfig::default(),
        proxy: None,
        agent: Some(Arc::new(Server)),
        web_client: None,
    };
    Transport::new(config).expect("valid options")
}

static RESPONSE: Mutex<Option<AgentResponse>> = Mutex::new(None);

/// Responds to every request with [`RESPONSE`].
struct Server;

impl Agent for Server {
    fn request(&self, _: AgentRequest) -> HostFuture<AgentResponse, CodedError> {
        let response = RESPONSE.lock().expect("no panic").take().expect("there is one request");
        Box::pin(async { Ok(response) })
    }

    fn upgrade(&self, _: AgentRequest) -> HostFuture<(AgentResponse, Option<Box<dyn Duplex>>), CodedError> {
        panic!("this target opens no socket")
    }
}

/// Passes the result to a session, and its deliveries to the outbox.
fn check_session(result: Result<ConnectResponse, ApiError>) {
    static NOW: LazyLock<Instant> = LazyLock::new(Instant::now);
    let config = Config { log_level: LogLevel::Debug, ..Config::default() };
    let mut session = Session::new(config, 1, *NOW);
    let mut outbox = Outbox::new(|| {});
    let mut delivered = 0;
    let is_error = result.is_err();
    let start = Input::Start { call: CallId(1), options: "".into() };
    let finished = Input::ConnectFinished { connection: ConnectionId(1), result };
    for input in [start, finished, Input::Disconnect { call: CallId(2) }] {
        session.handle(*NOW, input);
        assert!(
            !is_error || session.poll_timeout().is_none_or(|deadline| deadline > *NOW),
            "a retry without a pause"
        );
        while let Some(output) = session.poll_output() {
            match output {
                Output::Deliver(delivery) => {
                    if let Delivery::Log { text, .. } = &delivery {
                        check_text(text);
                    }
                    outbox.deliver(1, delivery);
                    delivered += 1;
                }
                Output::Open { url, .. } => {
                    assert!(
                        url.0.get(..6).is_some_and(|scheme| scheme.eq_ignore_ascii_case("wss://")),
                        "a socket without TLS"
                    );
                }
                _ => {}
            }
        }
    }
    let mut items = 0;
    outbox.next_batch();
    while let Some(chunk) = outbox.next_chunk(items) {
        let content = chunk::read(&chunk, &mut |_| panic!("only frames have shapes"));
        items = u32::try_from(content.items.len()).expect("a chunk has few items");
        delivered -= items;
    }
    assert_eq!(delivered, 0, "deliveries that did not cross");
}

fn check_text(text: &str) {
    assert!(!text.contains(TICKET) && !text.contains(TOKEN), "a secret in this text: {text}");
}
