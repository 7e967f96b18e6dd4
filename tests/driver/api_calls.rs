//! `Handle::call_api`: Web API calls beside the session's own: what is sent, what is repeated and when, and that they
//! neither need a session nor leave anything behind.

use std::collections::VecDeque;

use bytes::Bytes;
use slack_rtm_native::driver::{ApiRequest, FORM};
use slack_rtm_native::session::{ApiError, CallId, LogLevel, Outcome, RetryConfig, Secret};
use tokio::io::AsyncWriteExt;
use tokio::runtime::Handle;

use crate::client::{Client, Setup, TOKEN};
use crate::clock::{Clock, ms, secs, take_turns, until, within};
use crate::server::{Link, Request, Server, answer, read_to_end};
use crate::websocket::{FINAL, PONG, frame};

const OK: &str = r#"{"ok":true,"ts":"1.2"}"#;
/// For answers after which the connection is not used again.
const CLOSE: &str = "connection: close\r\n";

fn request(method: &str, body: &str) -> ApiRequest {
    ApiRequest {
        method: method.to_owned(),
        token: None,
        content_type: FORM.to_owned(),
        body: Bytes::copy_from_slice(body.as_bytes()),
    }
}

fn post() -> ApiRequest {
    request("chat.postMessage", "channel=C1&text=hi")
}

/// A client whose calls are repeated so often, after 1 s, 2 s, 4 s, …
fn repeating(server: &Server, retries: u32) -> Setup {
    let mut setup = Setup::new(server);
    setup.config.retry = RetryConfig { retries, factor: 2.0, randomize: false, ..RetryConfig::default() };
    setup
}

/// Takes a call on a connection of its own.
async fn take(server: &Server) -> (Link, Request) {
    let mut link = server.accept().await;
    let request = link.request().await;
    (link, request)
}

/// Takes a call on a connection of its own, and answers it so.
async fn take_and_answer(server: &Server, bytes: impl AsRef<[u8]>) {
    take(server).await.0.send(bytes).await;
}

async fn until_no_task_is_left() {
    let metrics = Handle::current().metrics();
    until("no task is left", || metrics.num_alive_tasks() == 0).await;
}

// ── Requests and answers ──────────────────────────────────────────────────────────────────────────────────────────

/// Promise: a call is a POST with the token, the content type given and the user's headers, and nothing else; its
/// answer is handed over whole, with the scopes of its headers.
#[tokio::test]
async fn a_call_byte_by_byte() {
    let server = Server::bind().await;
    let mut setup = Setup::new(&server);
    setup.transport.headers = vec![("X-Extra".to_owned(), "one".to_owned())];
    let mut client = setup.client();
    let body = r#"{"channel":"C1","text":"hi"}"#;
    let content_type = "application/json; charset=utf-8".to_owned();
    let call = client.call_api(ApiRequest { content_type, ..request("chat.postMessage", body) });
    let (mut link, request) = take(&server).await;
    let head = format!(
        "POST /api/chat.postMessage HTTP/1.1\r\nauthorization: Bearer {TOKEN}\r\nuser-agent: tests/1.0\r\n\
         content-type: application/json; charset=utf-8\r\ncontent-length: {}\r\nx-extra: one\r\nconnection: close\r\nhost: {}\r\n\r\n",
        body.len(),
        server.address
    );
    assert_eq!((request.head, &*request.body), (head, body));
    let scopes = "X-OAuth-Scopes: chat:write,bot\r\nX-Accepted-OAuth-Scopes: chat:write\r\n";
    link.send(answer("200 OK", scopes, OK)).await;
    let told = client.api_answer(call).await;
    assert_eq!(told.body, OK);
    assert_eq!(
        (told.scopes.as_deref(), told.accepted_scopes.as_deref()),
        (Some("chat:write,bot"), Some("chat:write"))
    );
    client.assert_quiet().await;
}

/// Promise: a call without arguments says that its body is empty.
#[tokio::test]
async fn an_empty_body() {
    let server = Server::bind().await;
    let mut client = Setup::new(&server).client();
    client.call_api(request("auth.test", ""));
    let (_link, request) = take(&server).await;
    assert_eq!((request.header("content-length"), request.header("content-type")), (Some("0"), Some(FORM)));
}

/// Promise: a token of the call's takes the place of the client's, for this call.
#[tokio::test]
async fn another_token() {
    let server = Server::bind().await;
    let mut client = Setup::new(&server).client();
    client.call_api(ApiRequest { token: Some(Secret("xoxp-other".to_owned())), ..post() });
    let (_link, request) = take(&server).await;
    assert_eq!(request.header("authorization"), Some("Bearer xoxp-other"));
    assert!(!request.head.contains(TOKEN));
    client.call_api(post());
    let (_link, request) = take(&server).await;
    assert_eq!(request.header("authorization"), Some(&*format!("Bearer {TOKEN}")));
}

/// Promise: a token that cannot be sent is not replaced with the client's, which may be allowed more.
#[tokio::test]
async fn a_token_that_cannot_be_sent() {
    let server = Server::bind().await;
    let mut client = Setup::new(&server).client();
    let call = client.call_api(ApiRequest { token: Some(Secret("xoxp-\nother".to_owned())), ..post() });
    let outcome = tokio::select! {
        outcome = client.outcome(call) => outcome,
        (_, request) = take(&server) => panic!("it went out: {}", request.head),
    };
    assert!(matches!(outcome, Outcome::Failed(_)), "{outcome:?}");
}

/// Promise: the token goes to the API's host and nowhere else, whatever the method's name.
#[tokio::test]
async fn methods_that_are_urls() {
    let (api, elsewhere) = (Server::bind().await, Server::bind().await);
    for method in [format!("http://{}/x", elsewhere.address), format!("//{}/x", elsewhere.address)] {
        let mut client = Setup::new(&api).client();
        client.call_api(request(&method, ""));
        tokio::select! {
            told = client.api_error(CallId(1)) => assert!(!format!("{told} {told:?}").contains(TOKEN)),
            (_, request) = take(&api) => assert!(request.head.starts_with("POST /"), "{}", request.head),
            (_, request) = take(&elsewhere) => panic!("{method}: {}", request.head),
        }
    }
}

/// Promise: a body of any bytes and any length goes out as it is.
#[tokio::test]
async fn a_long_body() {
    let server = Server::bind().await;
    let mut client = Setup::new(&server).client();
    let body = "\u{0}\u{1}text\r\n\r\n".repeat(100_000);
    client.call_api(request("files.upload", &body));
    let (_link, request) = take(&server).await;
    assert!(request.body == body);
}

// ── With a session, and without ───────────────────────────────────────────────────────────────────────────────────

/// Promise: calls need no session, and change none: before `start()`, during it, after it, after `disconnect()`.
#[tokio::test(start_paused = true)]
async fn calls_in_every_state() {
    async fn call(client: &mut Client, server: &Server) {
        let call = client.call_api(post());
        take_and_answer(server, answer("200 OK", CLOSE, OK)).await;
        assert_eq!(client.api_answer(call).await.body, OK);
    }

    let _clock = Clock::stop();
    let (server, api) = (Server::bind().await, Server::bind().await);
    let mut setup = Setup::lasting(&server);
    setup.transport.api_url = api.api_url();
    let mut client = setup.client();
    call(&mut client, &api).await;
    client.assert_no_event().await;

    client.start("");
    let (mut connect, _) = take(&api).await;
    client.lifecycle(&["connecting"]).await;
    call(&mut client, &api).await;
    connect.send(crate::server::ok_answer(&server.socket_url())).await;
    let mut socket = server.accept().await;
    let upgrade = socket.request().await;
    client.lifecycle(&["authenticated"]).await;
    call(&mut client, &api).await;
    socket.send(crate::server::upgrade_answer(&upgrade)).await;
    let mut peer = crate::websocket::Peer::new(socket.stream);
    peer.text(crate::server::HELLO).await;
    client.lifecycle(&["connected", "ready"]).await;
    call(&mut client, &api).await;

    drop(peer);
    client.lifecycle(&["reconnecting"]).await;
    call(&mut client, &api).await;
    let disconnect = client.disconnect();
    assert!(matches!(client.outcome(disconnect).await, Outcome::Done));
    call(&mut client, &api).await;
    client.assert_no_event().await;
}

/// Promise: `disconnect()` does not end a call.
#[tokio::test]
async fn a_call_outlives_the_session() {
    let (server, api) = (Server::bind().await, Server::bind().await);
    let mut setup = Setup::new(&server);
    setup.transport.api_url = api.api_url();
    let mut client = setup.client();
    let call = client.call_api(post());
    let (mut link, _) = take(&api).await;
    client.start("");
    let (connect, _) = take(&api).await;
    let disconnect = client.disconnect();
    assert!(matches!(client.outcome(disconnect).await, Outcome::Done));
    assert_eq!(connect.ended().await, b"");
    client.assert_unsettled(call).await;
    link.send(answer("200 OK", "", OK)).await;
    assert_eq!(client.api_answer(call).await.body, OK);
}

/// Bug this guards against: a socket that is never silent leaves calls no turn.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_call_in_a_flood() {
    let server = Server::bind().await;
    let (mut client, mut peer) = Client::ready(Setup::new(&server), &server).await;
    // Of such frames nothing is delivered, so they cost no memory.
    let flood = tokio::spawn(async move {
        let bytes = frame(FINAL | PONG, "").repeat(50_000);
        while peer.stream.write_all(&bytes).await.is_ok() {}
    });
    let call = client.call_api(post());
    take_and_answer(&server, answer("200 OK", "", OK)).await;
    assert_eq!(client.api_answer(call).await.body, OK);
    drop(client);
    within("the end of the connection", flood).await.expect("the flood is sound");
}

// ── Repetitions ───────────────────────────────────────────────────────────────────────────────────────────────────

/// Promise: a call without a good answer is repeated by `retryConfig`, with its pauses, and fails with the last error.
#[tokio::test(start_paused = true)]
async fn retries() {
    let clock = Clock::stop();
    let server = Server::bind().await;
    let mut client = repeating(&server, 3).client();
    let call = client.call_api(post());
    take(&server).await.0.reset();
    for (almost, status) in [(990, "503 Gone Fishing"), (1_990, "404 Not Found"), (3_990, "500 Oh")] {
        clock.pass(ms(almost)).await;
        server.assert_nobody_came().await;
        clock.pass(ms(20)).await;
        let (mut link, request) = take(&server).await;
        assert_eq!(request.body, "channel=C1&text=hi");
        client.assert_unsettled(call).await;
        link.send(answer(status, CLOSE, "")).await;
    }
    let error = client.api_error(call).await;
    assert!(matches!(error, ApiError::Http { status: 500, .. }), "{error}");
    clock.pass(secs(3600)).await;
    server.assert_nobody_came().await;
}

/// Promise: a repetition that succeeds settles the call; each call has all its retries.
#[tokio::test(start_paused = true)]
async fn retries_that_help() {
    let clock = Clock::stop();
    let server = Server::bind().await;
    let mut client = repeating(&server, 1).client();
    for _ in 0..3 {
        let call = client.call_api(post());
        take_and_answer(&server, answer("503 Oh", CLOSE, "")).await;
        clock.pass(secs(1) + ms(10)).await;
        take_and_answer(&server, answer("200 OK", CLOSE, OK)).await;
        assert_eq!(client.api_answer(call).await.body, OK);
    }
}

/// Promise: `maxRetryTime` ends the repetitions, and without retries the first error is the last.
#[tokio::test(start_paused = true)]
async fn the_end_of_retries() {
    let clock = Clock::stop();
    let server = Server::bind().await;
    let mut setup = repeating(&server, 10);
    setup.config.retry.max_retry_time = ms(2_500);
    let mut client = setup.client();
    let call = client.call_api(post());
    for pause in [1, 2, 0] {
        take_and_answer(&server, answer("503 Oh", CLOSE, "")).await;
        clock.pass(secs(pause) + ms(10)).await;
    }
    assert!(matches!(client.api_error(call).await, ApiError::Http { status: 503, .. }));

    let mut client = repeating(&server, 0).client();
    let call = client.call_api(post());
    drop(take(&server).await);
    let error = client.api_error(call).await;
    assert!(matches!(&error, ApiError::Request { code: Some(code), .. } if code == "ECONNRESET"), "{error}");
    assert!(error.to_string().contains("no answer to chat.postMessage at 127.0.0.1:"), "{error}");
}

/// Promise: `requestTimeout` bounds each attempt.
#[tokio::test(start_paused = true)]
async fn the_request_timeout() {
    let clock = Clock::stop();
    let server = Server::bind().await;
    let mut setup = repeating(&server, 1);
    setup.transport.request_timeout = Some(secs(30));
    let mut client = setup.client();
    let call = client.call_api(post());
    for _ in 0..2 {
        let (link, _) = take(&server).await;
        clock.pass(ms(29_990)).await;
        client.assert_unsettled(call).await;
        clock.pass(ms(20)).await;
        assert_eq!(link.ended().await, b"");
        clock.pass(secs(1)).await;
    }
    let error = client.api_error(call).await;
    assert!(matches!(&error, ApiError::Request { code: Some(code), .. } if code == "ETIMEDOUT"), "{error}");
}

/// Promise: after a 429 a call is repeated when Slack says so, which counts as one of its retries.
#[tokio::test(start_paused = true)]
async fn rate_limits() {
    let clock = Clock::stop();
    let server = Server::bind().await;
    let limited = answer("429 Too Many Requests", "retry-after: 30\r\nconnection: close\r\n", "");
    let mut client = repeating(&server, 1).client();
    let call = client.call_api(post());
    take_and_answer(&server, &limited).await;
    clock.pass(ms(29_990)).await;
    server.assert_nobody_came().await;
    clock.pass(ms(20)).await;
    take_and_answer(&server, &limited).await;
    let error = client.api_error(call).await;
    let ApiError::RateLimited { retry_after, method } = &error else { panic!("{error}") };
    assert_eq!((*retry_after, method), (secs(30), &format!("chat.postMessage at {}", server.address)));

    let call = client.call_api(post());
    take_and_answer(&server, answer("429 Too Many Requests", CLOSE, "")).await;
    clock.pass(secs(1) + ms(10)).await;
    take_and_answer(&server, answer("200 OK", CLOSE, OK)).await;
    assert_eq!(client.api_answer(call).await.body, OK);
}

/// Promise: an answer that is not `ok`, or cannot be used, is final, whatever its code.
#[tokio::test(start_paused = true)]
async fn final_answers() {
    let clock = Clock::stop();
    let server = Server::bind().await;
    let mut client = repeating(&server, 10).client();
    for (body, code) in [
        (r#"{"ok":false,"error":"channel_not_found"}"#, Some("channel_not_found")),
        (r#"{"ok":false,"error":"invalid_auth"}"#, Some("invalid_auth")),
        (r#"{"ok":false,"error":"internal_error"}"#, Some("internal_error")),
        (r#"{"ok":false}"#, None),
        ("<html>", Some("<html>")),
    ] {
        let call = client.call_api(post());
        take_and_answer(&server, answer("200 OK", CLOSE, body)).await;
        let error = client.api_error(call).await;
        let ApiError::Platform { error, .. } = &error else { panic!("{error}") };
        assert_eq!(error.as_deref(), code);
    }
    clock.pass(secs(3600)).await;
    server.assert_nobody_came().await;
}

/// Promise: each repetition is told at level `info`, and only there, without a secret.
#[tokio::test(start_paused = true)]
async fn log_lines() {
    let clock = Clock::stop();
    let server = Server::bind().await;
    for level in [LogLevel::Info, LogLevel::Warn] {
        let mut setup = repeating(&server, 2);
        setup.config.log_level = level;
        let mut client = setup.client();
        let call = client.call_api(post());
        for (bytes, what) in [
            (answer("503 Gone Fishing", CLOSE, ""), "failed with HTTP status 503 Gone Fishing"),
            (
                answer("429 Oh", "retry-after: 9\r\nconnection: close\r\n", ""),
                "is rate-limited: the next call",
            ),
        ] {
            take_and_answer(&server, bytes).await;
            if level == LogLevel::Info {
                let line = client.line(LogLevel::Info).await;
                assert!(line.starts_with("chat.postMessage at ") && line.contains(what), "{line}");
                assert!(line.contains("; trying again in "), "{line}");
                assert!(!line.contains(TOKEN), "{line}");
                let pause = if what.contains("rate") { "in 9000 ms" } else { "in 1000 ms" };
                assert!(line.ends_with(pause), "{line}");
            }
            client.assert_quiet().await;
            clock.pass(secs(9) + ms(10)).await;
        }
        take_and_answer(&server, answer("200 OK", CLOSE, OK)).await;
        assert_eq!(client.api_answer(call).await.body, OK);
        client.assert_quiet().await;
    }
}

// ── Many calls ────────────────────────────────────────────────────────────────────────────────────────────────────

/// Promise: calls do not wait for one another; each gets its own answer.
#[tokio::test]
async fn answers_in_another_order() {
    let server = Server::bind().await;
    let mut client = Setup::new(&server).client();
    let calls: Vec<_> = (0..10).map(|n| client.call_api(request("x.y", &n.to_string()))).collect();
    let mut links = Vec::new();
    for _ in &calls {
        links.push(take(&server).await);
    }
    links.sort_by_key(|(_, request)| std::cmp::Reverse(request.body.clone()));
    for (link, request) in &mut links {
        let body = format!(r#"{{"ok":true,"n":{}}}"#, request.body);
        link.send(answer("200 OK", "", &body)).await;
        let call = calls[request.body.parse::<usize>().expect("a number")];
        assert_eq!(client.api_answer(call).await.body, body);
    }
}

/// Promise: calls begin in the order in which they were made, as with `@slack/web-api`; also those that had to wait.
#[tokio::test]
async fn calls_begin_in_their_order() {
    let server = Server::bind().await;
    let mut client = Setup::new(&server).client();
    let bodies: Vec<_> = (0..150).map(|n| n.to_string()).collect();
    let calls: Vec<_> = bodies.iter().map(|body| client.call_api(request("x.y", body))).collect();
    let mut order = Vec::new();
    let mut links = VecDeque::new();
    for _ in 0..100 {
        let (link, request) = take(&server).await;
        order.push(request.body.clone());
        links.push_back((link, request));
    }
    while let Some((mut link, request)) = links.pop_front() {
        link.send(answer("200 OK", CLOSE, OK)).await;
        client.api_answer(calls[request.body.parse::<usize>().expect("a number")]).await;
        if order.len() < bodies.len() {
            let (link, request) = take(&server).await;
            order.push(request.body.clone());
            links.push_back((link, request));
        }
    }
    assert_eq!(order, bodies);
}

/// Promise: at most 100 requests are under way at a time; the others follow as room comes.
#[tokio::test]
async fn at_most_a_hundred_at_a_time() {
    let server = Server::bind().await;
    let mut client = Setup::new(&server).client();
    let calls: Vec<_> = (0..105).map(|n| client.call_api(request("x.y", &n.to_string()))).collect();
    let mut links = Vec::new();
    for _ in 0..100 {
        links.push(take(&server).await);
    }
    server.assert_nobody_came().await;
    let mut answered = 0;
    while !links.is_empty() {
        let (mut link, request) = links.remove(0);
        link.send(answer("200 OK", CLOSE, OK)).await;
        client.api_answer(calls[request.body.parse::<usize>().expect("a number")]).await;
        answered += 1;
        if answered <= 5 {
            links.push(take(&server).await);
        }
        server.assert_nobody_came().await;
    }
    assert_eq!(answered, calls.len());
}

/// Promise: a call that pauses before its repetition takes no other call's place.
#[tokio::test(start_paused = true)]
async fn pauses_take_no_place() {
    let _clock = Clock::stop();
    let server = Server::bind().await;
    let mut client = repeating(&server, 1).client();
    for _ in 0..100 {
        client.call_api(post());
    }
    for _ in 0..100 {
        take_and_answer(&server, answer("503 Oh", CLOSE, "")).await;
    }
    let call = client.call_api(post());
    take_and_answer(&server, answer("200 OK", CLOSE, OK)).await;
    assert_eq!(client.api_answer(call).await.body, OK);
}

/// Promise: each call has a connection of its own, which ends with the answer: a kept one may end just when it is used
/// again, and then nobody knows whether the call was made.
#[tokio::test]
async fn a_connection_is_used_once() {
    let server = Server::bind().await;
    let mut client = Setup::new(&server).client();
    for _ in 0..3 {
        let call = client.call_api(post());
        let (mut link, _) = take(&server).await;
        link.send(answer("200 OK", "", OK)).await;
        assert_eq!(client.api_answer(call).await.body, OK);
        assert_eq!(link.ended().await, b"");
    }
}

/// Promise: a connection that ends under a call is that call's failure, repeated like any other.
#[tokio::test(start_paused = true)]
async fn a_connection_that_ends_under_a_call() {
    let clock = Clock::stop();
    let server = Server::bind().await;
    let mut client = repeating(&server, 1).client();
    let call = client.call_api(post());
    let (link, _) = take(&server).await;
    drop(link);
    clock.pass(ms(990)).await;
    server.assert_nobody_came().await;
    clock.pass(ms(20)).await;
    take_and_answer(&server, answer("200 OK", "", OK)).await;
    assert_eq!(client.api_answer(call).await.body, OK);
}

// ── The end ───────────────────────────────────────────────────────────────────────────────────────────────────────

/// Promise: when the last handle is gone calls end with it: those under way, and those in a pause.
#[tokio::test]
async fn dropping_the_handle() {
    let server = Server::bind().await;
    let mut client = repeating(&server, 5).client();
    for _ in 0..3 {
        client.call_api(post());
    }
    let mut links = [take(&server).await.0, take(&server).await.0, take(&server).await.0];
    links[0].send(answer("503 Oh", "", "")).await;
    links[1].send(answer("200 OK", "", OK)).await;
    take_turns().await;
    drop(client);
    for link in links {
        assert_eq!(link.ended().await, b"");
    }
    until_no_task_is_left().await;
    server.assert_nobody_came().await;
}

/// Promise: a crash of the session ends all calls (their promises are the host's to reject), and the client is usable
/// after it.
#[tokio::test]
async fn a_crash_elsewhere() {
    let server = Server::bind().await;
    let mut setup = repeating(&server, 5);
    setup.poison = Some(r#"{"type":"poison"}"#);
    let (mut client, mut peer) = Client::ready(setup, &server).await;
    let (first, second) = (client.call_api(post()), client.call_api(post()));
    let (under_way, (mut in_pause, _)) = (take(&server).await.0, take(&server).await);
    in_pause.send(answer("503 Oh", CLOSE, "")).await;
    in_pause.ended().await;
    take_turns().await;
    peer.text(r#"{"type":"poison"}"#).await;
    assert!(client.crash().await.contains("a poisonous frame"));
    assert_eq!(read_to_end(&mut peer.stream).await, b"");
    assert_eq!(under_way.ended().await, b"");
    client.assert_unsettled(first).await;
    client.assert_unsettled(second).await;

    let call = client.call_api(post());
    take_and_answer(&server, answer("200 OK", "", OK)).await;
    assert_eq!(client.api_answer(call).await.body, OK);
}

/// Promise: a call for a client whose task is gone comes back.
#[test]
fn a_runtime_that_is_gone() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let handle = runtime.block_on(async {
        let server = Server::bind().await;
        Setup::new(&server).client().handle
    });
    drop(runtime);
    assert!(handle.call_api(CallId(9), post()).is_err());
}
