//! `Handle::call_api`: the requests, the retries, and the independence of the session.

use std::collections::VecDeque;

use bytes::Bytes;
use slack_rtm_native::driver::{ApiRequest, FORM};
use slack_rtm_native::session::{ApiError, CallId, LogLevel, Outcome, RetryConfig, Secret};
use tokio::io::AsyncWriteExt;
use tokio::runtime::Handle;

use crate::client::{Client, Setup, TOKEN};
use crate::clock::{Clock, let_others_run, ms, secs, until, within};
use crate::server::{Link, Request, Server, read_to_end, response};
use crate::websocket::{FINAL, PONG, frame};

const OK: &str = r#"{"ok":true,"ts":"1.2"}"#;
/// A header of responses after which the connection is not used again.
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

/// A client whose calls are retried after 1 s, 2 s, 4 s and so on.
fn with_retries(server: &Server, retries: u32) -> Setup {
    let mut setup = Setup::new(server);
    setup.config.retry = RetryConfig { retries, factor: 2.0, randomize: false, ..RetryConfig::default() };
    setup
}

/// Accepts a connection, and reads the request.
async fn take(server: &Server) -> (Link, Request) {
    let mut link = server.accept().await;
    let request = link.request().await;
    (link, request)
}

/// Accepts a connection, reads the request, and sends the response.
async fn take_and_respond(server: &Server, bytes: impl AsRef<[u8]>) {
    take(server).await.0.send(bytes).await;
}

async fn until_no_task_is_left() {
    let metrics = Handle::current().metrics();
    until("no task is left", || metrics.num_alive_tasks() == 0).await;
}

// ── Requests and responses ────────────────────────────────────────────────────────────────────────────────────────

/// The response is delivered whole, with the scopes of its headers.
#[tokio::test]
async fn a_call_is_a_post_with_exactly_these_headers() {
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
         content-type: application/json; charset=utf-8\r\ncontent-length: {}\r\nx-extra: one\r\nconnection: close\r\naccept: */*\r\nhost: {}\r\n\r\n",
        body.len(),
        server.address
    );
    assert_eq!((request.head, &*request.body), (head, body));
    let scopes = "X-OAuth-Scopes: chat:write,bot\r\nX-Accepted-OAuth-Scopes: chat:write\r\n";
    link.send(response("200 OK", scopes, OK)).await;
    let response = client.api_response(call).await;
    assert_eq!(response.body, OK);
    assert_eq!(
        (response.scopes.as_deref(), response.accepted_scopes.as_deref()),
        (Some("chat:write,bot"), Some("chat:write"))
    );
    client.assert_quiet().await;
}

#[tokio::test]
async fn an_empty_body_has_a_content_length() {
    let server = Server::bind().await;
    let mut client = Setup::new(&server).client();
    client.call_api(request("auth.test", ""));
    let (_link, request) = take(&server).await;
    assert_eq!((request.header("content-length"), request.header("content-type")), (Some("0"), Some(FORM)));
}

#[tokio::test]
async fn a_token_of_the_call_replaces_the_clients() {
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

/// The client's token may have more rights.
#[tokio::test]
async fn an_invalid_token_of_a_call_is_not_replaced_by_the_clients() {
    let server = Server::bind().await;
    let mut client = Setup::new(&server).client();
    let call = client.call_api(ApiRequest { token: Some(Secret("xoxp-\nother".to_owned())), ..post() });
    let outcome = tokio::select! {
        outcome = client.outcome(call) => outcome,
        (_, request) = take(&server) => panic!("it was sent: {}", request.head),
    };
    assert!(matches!(outcome, Outcome::Failed(_)), "{outcome:?}");
}

#[tokio::test]
async fn a_method_that_looks_like_a_url_does_not_send_the_token_elsewhere() {
    let (api, elsewhere) = (Server::bind().await, Server::bind().await);
    for method in [format!("http://{}/x", elsewhere.address), format!("//{}/x", elsewhere.address)] {
        let mut client = Setup::new(&api).client();
        client.call_api(request(&method, ""));
        tokio::select! {
            error = client.api_error(CallId(1)) => assert!(!format!("{error} {error:?}").contains(TOKEN)),
            (_, request) = take(&api) => assert!(request.head.starts_with("POST /"), "{}", request.head),
            (_, request) = take(&elsewhere) => panic!("{method}: {}", request.head),
        }
    }
}

#[tokio::test]
async fn a_body_of_any_bytes_and_length_is_sent_unchanged() {
    let server = Server::bind().await;
    let mut client = Setup::new(&server).client();
    let body = "\u{0}\u{1}text\r\n\r\n".repeat(100_000);
    client.call_api(request("files.upload", &body));
    let (_link, request) = take(&server).await;
    assert!(request.body == body);
}

// ── With a session, and without ───────────────────────────────────────────────────────────────────────────────────

/// Before `start()`, during it, after it, and after `disconnect()`.
#[tokio::test(start_paused = true)]
async fn calls_work_in_every_state_and_change_none() {
    async fn call(client: &mut Client, server: &Server) {
        let call = client.call_api(post());
        take_and_respond(server, response("200 OK", CLOSE, OK)).await;
        assert_eq!(client.api_response(call).await.body, OK);
    }

    let _clock = Clock::stop();
    let (server, api) = (Server::bind().await, Server::bind().await);
    let mut setup = Setup::reconnecting(&server);
    setup.transport.api_url = api.api_url();
    let mut client = setup.client();
    call(&mut client, &api).await;
    client.assert_no_event().await;

    client.start("");
    let (mut connect, _) = take(&api).await;
    client.lifecycle(&["connecting"]).await;
    call(&mut client, &api).await;
    connect.send(crate::server::ok_response(&server.socket_url())).await;
    let mut socket = server.accept().await;
    let upgrade = socket.request().await;
    client.lifecycle(&["authenticated"]).await;
    call(&mut client, &api).await;
    socket.send(crate::server::upgrade_response(&upgrade)).await;
    let mut socket = crate::websocket::ServerSocket::new(socket.stream);
    socket.text(crate::server::HELLO).await;
    client.lifecycle(&["connected", "ready"]).await;
    call(&mut client, &api).await;

    drop(socket);
    client.lifecycle(&["reconnecting"]).await;
    call(&mut client, &api).await;
    let disconnect = client.disconnect();
    assert!(matches!(client.outcome(disconnect).await, Outcome::Done));
    call(&mut client, &api).await;
    client.assert_no_event().await;
}

#[tokio::test]
async fn disconnect_does_not_end_a_call() {
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
    link.send(response("200 OK", "", OK)).await;
    assert_eq!(client.api_response(call).await.body, OK);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_socket_that_always_has_data_does_not_delay_calls() {
    let server = Server::bind().await;
    let (mut client, mut socket) = Client::ready(Setup::new(&server), &server).await;
    // Pongs are not delivered, so that they need no memory.
    let flood = tokio::spawn(async move {
        let bytes = frame(FINAL | PONG, "").repeat(50_000);
        while socket.stream.write_all(&bytes).await.is_ok() {}
    });
    let call = client.call_api(post());
    take_and_respond(&server, response("200 OK", "", OK)).await;
    assert_eq!(client.api_response(call).await.body, OK);
    drop(client);
    within("the end of the connection", flood).await.expect("the task does not panic");
}

// ── Retries ───────────────────────────────────────────────────────────────────────────────────────────────────────

/// It fails with the last error.
#[tokio::test(start_paused = true)]
async fn a_failed_call_is_retried_with_the_pauses_of_retry_config() {
    let clock = Clock::stop();
    let server = Server::bind().await;
    let mut client = with_retries(&server, 3).client();
    let call = client.call_api(post());
    take(&server).await.0.reset();
    for (almost, status) in [(990, "503 Gone Fishing"), (1_990, "404 Not Found"), (3_990, "500 Oh")] {
        clock.pass(ms(almost)).await;
        server.assert_no_connection().await;
        clock.pass(ms(20)).await;
        let (mut link, request) = take(&server).await;
        assert_eq!(request.body, "channel=C1&text=hi");
        client.assert_unsettled(call).await;
        link.send(response(status, CLOSE, "")).await;
    }
    let error = client.api_error(call).await;
    assert!(matches!(error, ApiError::Http { status: 500, .. }), "{error}");
    clock.pass(secs(3600)).await;
    server.assert_no_connection().await;
}

/// Each call has all its retries.
#[tokio::test(start_paused = true)]
async fn a_successful_retry_settles_the_call() {
    let clock = Clock::stop();
    let server = Server::bind().await;
    let mut client = with_retries(&server, 1).client();
    for _ in 0..3 {
        let call = client.call_api(post());
        take_and_respond(&server, response("503 Oh", CLOSE, "")).await;
        clock.pass(secs(1) + ms(10)).await;
        take_and_respond(&server, response("200 OK", CLOSE, OK)).await;
        assert_eq!(client.api_response(call).await.body, OK);
    }
}

/// Without retries, the first error is the last.
#[tokio::test(start_paused = true)]
async fn max_retry_time_ends_the_retries() {
    let clock = Clock::stop();
    let server = Server::bind().await;
    let mut setup = with_retries(&server, 10);
    setup.config.retry.max_retry_time = ms(2_500);
    let mut client = setup.client();
    let call = client.call_api(post());
    for pause in [1, 2, 0] {
        take_and_respond(&server, response("503 Oh", CLOSE, "")).await;
        clock.pass(secs(pause) + ms(10)).await;
    }
    assert!(matches!(client.api_error(call).await, ApiError::Http { status: 503, .. }));

    let mut client = with_retries(&server, 0).client();
    let call = client.call_api(post());
    drop(take(&server).await);
    let error = client.api_error(call).await;
    assert!(matches!(&error, ApiError::Request { code: Some(code), .. } if code == "ECONNRESET"), "{error}");
    assert!(error.to_string().contains("no response to chat.postMessage at 127.0.0.1:"), "{error}");
}

#[tokio::test(start_paused = true)]
async fn request_timeout_limits_each_attempt() {
    let clock = Clock::stop();
    let server = Server::bind().await;
    let mut setup = with_retries(&server, 1);
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

/// It counts as a retry.
#[tokio::test(start_paused = true)]
async fn a_429_is_retried_after_the_pause_that_slack_asks_for() {
    let clock = Clock::stop();
    let server = Server::bind().await;
    let limited = response("429 Too Many Requests", "retry-after: 30\r\nconnection: close\r\n", "");
    let mut client = with_retries(&server, 1).client();
    let call = client.call_api(post());
    take_and_respond(&server, &limited).await;
    clock.pass(ms(29_990)).await;
    server.assert_no_connection().await;
    clock.pass(ms(20)).await;
    take_and_respond(&server, &limited).await;
    let error = client.api_error(call).await;
    let ApiError::RateLimited { retry_after, method } = &error else { panic!("{error}") };
    assert_eq!((*retry_after, method), (secs(30), &format!("chat.postMessage at {}", server.address)));

    let call = client.call_api(post());
    take_and_respond(&server, response("429 Too Many Requests", CLOSE, "")).await;
    clock.pass(secs(1) + ms(10)).await;
    take_and_respond(&server, response("200 OK", CLOSE, OK)).await;
    assert_eq!(client.api_response(call).await.body, OK);
}

#[tokio::test(start_paused = true)]
async fn a_platform_error_is_not_retried() {
    let clock = Clock::stop();
    let server = Server::bind().await;
    let mut client = with_retries(&server, 10).client();
    for (body, code) in [
        (r#"{"ok":false,"error":"channel_not_found"}"#, Some("channel_not_found")),
        (r#"{"ok":false,"error":"invalid_auth"}"#, Some("invalid_auth")),
        (r#"{"ok":false,"error":"internal_error"}"#, Some("internal_error")),
        (r#"{"ok":false}"#, None),
        ("<html>", Some("<html>")),
    ] {
        let call = client.call_api(post());
        take_and_respond(&server, response("200 OK", CLOSE, body)).await;
        let error = client.api_error(call).await;
        let ApiError::Platform { error, .. } = &error else { panic!("{error}") };
        assert_eq!(error.as_deref(), code);
    }
    clock.pass(secs(3600)).await;
    server.assert_no_connection().await;
}

#[tokio::test(start_paused = true)]
async fn each_retry_is_logged_at_level_info_without_secrets() {
    let clock = Clock::stop();
    let server = Server::bind().await;
    for level in [LogLevel::Info, LogLevel::Warn] {
        let mut setup = with_retries(&server, 2);
        setup.config.log_level = level;
        let mut client = setup.client();
        let call = client.call_api(post());
        for (bytes, what) in [
            (response("503 Gone Fishing", CLOSE, ""), "failed with HTTP status 503 Gone Fishing"),
            (
                response("429 Oh", "retry-after: 9\r\nconnection: close\r\n", ""),
                "is rate-limited: the next call",
            ),
        ] {
            take_and_respond(&server, bytes).await;
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
        take_and_respond(&server, response("200 OK", CLOSE, OK)).await;
        assert_eq!(client.api_response(call).await.body, OK);
        client.assert_quiet().await;
    }
}

// ── Many calls ────────────────────────────────────────────────────────────────────────────────────────────────────

#[tokio::test]
async fn calls_do_not_wait_for_one_another() {
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
        link.send(response("200 OK", "", &body)).await;
        let call = calls[request.body.parse::<usize>().expect("a number")];
        assert_eq!(client.api_response(call).await.body, body);
    }
}

/// As with `@slack/web-api`, also for calls that have to wait.
#[tokio::test]
async fn calls_start_in_the_order_in_which_they_were_made() {
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
        link.send(response("200 OK", CLOSE, OK)).await;
        client.api_response(calls[request.body.parse::<usize>().expect("a number")]).await;
        if order.len() < bodies.len() {
            let (link, request) = take(&server).await;
            order.push(request.body.clone());
            links.push_back((link, request));
        }
    }
    assert_eq!(order, bodies);
}

#[tokio::test]
async fn at_most_100_requests_are_in_flight() {
    let server = Server::bind().await;
    let mut client = Setup::new(&server).client();
    let calls: Vec<_> = (0..105).map(|n| client.call_api(request("x.y", &n.to_string()))).collect();
    let mut links = Vec::new();
    for _ in 0..100 {
        links.push(take(&server).await);
    }
    server.assert_no_connection().await;
    let mut answered = 0;
    while !links.is_empty() {
        let (mut link, request) = links.remove(0);
        link.send(response("200 OK", CLOSE, OK)).await;
        client.api_response(calls[request.body.parse::<usize>().expect("a number")]).await;
        answered += 1;
        if answered <= 5 {
            links.push(take(&server).await);
        }
        server.assert_no_connection().await;
    }
    assert_eq!(answered, calls.len());
}

#[tokio::test(start_paused = true)]
async fn a_call_in_a_pause_does_not_count_as_in_flight() {
    let _clock = Clock::stop();
    let server = Server::bind().await;
    let mut client = with_retries(&server, 1).client();
    for _ in 0..100 {
        client.call_api(post());
    }
    for _ in 0..100 {
        take_and_respond(&server, response("503 Oh", CLOSE, "")).await;
    }
    let call = client.call_api(post());
    take_and_respond(&server, response("200 OK", CLOSE, OK)).await;
    assert_eq!(client.api_response(call).await.body, OK);
}

/// A server may close an idle connection just when it is used again. Then it is unknown whether the call was made.
#[tokio::test]
async fn each_call_has_its_own_connection() {
    let server = Server::bind().await;
    let mut client = Setup::new(&server).client();
    for _ in 0..3 {
        let call = client.call_api(post());
        let (mut link, _) = take(&server).await;
        link.send(response("200 OK", "", OK)).await;
        assert_eq!(client.api_response(call).await.body, OK);
        assert_eq!(link.ended().await, b"");
    }
}

#[tokio::test(start_paused = true)]
async fn a_connection_that_ends_during_a_call_is_retried() {
    let clock = Clock::stop();
    let server = Server::bind().await;
    let mut client = with_retries(&server, 1).client();
    let call = client.call_api(post());
    let (link, _) = take(&server).await;
    drop(link);
    clock.pass(ms(990)).await;
    server.assert_no_connection().await;
    clock.pass(ms(20)).await;
    take_and_respond(&server, response("200 OK", "", OK)).await;
    assert_eq!(client.api_response(call).await.body, OK);
}

// ── The end ───────────────────────────────────────────────────────────────────────────────────────────────────────

/// Those in flight, and those in a pause.
#[tokio::test]
async fn calls_end_when_the_last_handle_is_dropped() {
    let server = Server::bind().await;
    let mut client = with_retries(&server, 5).client();
    for _ in 0..3 {
        client.call_api(post());
    }
    let mut links = [take(&server).await.0, take(&server).await.0, take(&server).await.0];
    links[0].send(response("503 Oh", "", "")).await;
    links[1].send(response("200 OK", "", OK)).await;
    let_others_run().await;
    drop(client);
    for link in links {
        assert_eq!(link.ended().await, b"");
    }
    until_no_task_is_left().await;
    server.assert_no_connection().await;
}

/// The host rejects their promises. The client is usable afterwards.
#[tokio::test]
async fn a_panic_of_the_session_ends_all_calls() {
    let server = Server::bind().await;
    let mut setup = with_retries(&server, 5);
    setup.poison = Some(r#"{"type":"poison"}"#);
    let (mut client, mut socket) = Client::ready(setup, &server).await;
    let (first, second) = (client.call_api(post()), client.call_api(post()));
    let (under_way, (mut in_pause, _)) = (take(&server).await.0, take(&server).await);
    in_pause.send(response("503 Oh", CLOSE, "")).await;
    in_pause.ended().await;
    let_others_run().await;
    socket.text(r#"{"type":"poison"}"#).await;
    assert!(client.crash().await.contains("a poisonous frame"));
    assert_eq!(read_to_end(&mut socket.stream).await, b"");
    assert_eq!(under_way.ended().await, b"");
    client.assert_unsettled(first).await;
    client.assert_unsettled(second).await;

    let call = client.call_api(post());
    take_and_respond(&server, response("200 OK", "", OK)).await;
    assert_eq!(client.api_response(call).await.body, OK);
}

#[test]
fn a_call_fails_if_the_runtime_is_gone() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let handle = runtime.block_on(async {
        let server = Server::bind().await;
        Setup::new(&server).client().handle
    });
    drop(runtime);
    assert!(handle.call_api(CallId(9), post()).is_err());
}
