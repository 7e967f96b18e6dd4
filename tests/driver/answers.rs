//! What the connect call's answers become (the contract's table of connect errors).

use std::time::{Duration, SystemTime};

use slack_rtm_native::session::{ApiError, Event, Outcome};

use crate::client::Setup;
use crate::server::{Server, answer, ok_answer, ok_body};

/// What a client makes of an answer that it cannot use.
async fn error_for(bytes: impl AsRef<[u8]>) -> ApiError {
    let server = Server::bind().await;
    let mut client = Setup::new(&server).client();
    let start = client.start("");
    let mut call = server.accept().await;
    call.request().await;
    call.send(bytes).await;
    let error = client.connect_error().await;
    client.lifecycle(&["disconnected"]).await;
    assert!(matches!(client.outcome(start).await, Outcome::Failed(_)));
    error
}

/// Promise: a good answer is handed over whole, with the scopes of its headers.
#[tokio::test]
async fn ok() {
    let server = Server::bind().await;
    let mut client = Setup::new(&server).client();
    let start = client.start("");
    let mut call = server.accept().await;
    call.request().await;
    let body = ok_body(&server.socket_url());
    let scopes = "X-OAuth-Scopes: client,bot\r\nX-Accepted-OAuth-Scopes: client\r\n";
    call.send(answer("200 OK", scopes, &body)).await;
    client.lifecycle(&["connecting"]).await;
    let Event::Authenticated(data) = client.event().await else { panic!("the answer is good") };
    assert!(matches!(client.outcome(start).await, Outcome::Started));
    assert_eq!((&*data.user_id, &*data.team_id, &*data.url), ("U1", "T1", &*server.socket_url()));
    let told = data.response.as_ref().expect("the driver made the call");
    assert_eq!(told.body, body);
    assert_eq!(
        (told.scopes.as_deref(), told.accepted_scopes.as_deref()),
        (Some("client,bot"), Some("client"))
    );
}

/// Promise: how an answer is cut into packets and chunks makes no difference.
#[tokio::test]
async fn ok_in_chunks_and_single_bytes() {
    let server = Server::bind().await;
    let mut client = Setup::new(&server).client();
    let start = client.start("");
    let mut call = server.accept().await;
    call.request().await;
    let mut bytes = "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n".to_owned();
    bytes.extend(ok_body(&server.socket_url()).chars().flat_map(|byte| ['1', '\r', '\n', byte, '\r', '\n']));
    bytes.push_str("0\r\n\r\n");
    for byte in bytes.as_bytes() {
        call.send([*byte]).await;
        tokio::task::yield_now().await;
    }
    assert!(matches!(client.outcome(start).await, Outcome::Started));
}

/// Promise: `ok: false` is a platform error that bears Slack's code and the body as it came.
#[tokio::test]
async fn not_ok() {
    let body = r#"{"ok":false,"error":"invalid_auth","response_metadata":{"messages":null}}"#;
    let ApiError::Platform { error, body: seen, .. } = &error_for(answer("200 OK", "", body)).await else {
        panic!("a platform error")
    };
    assert_eq!((error.as_deref(), &**seen), (Some("invalid_auth"), body.as_bytes()));
}

/// Promise: a 200 that cannot be used is a platform error that says what is wrong.
#[tokio::test]
async fn unusable_answers() {
    let html = "<!doctype html><title>Down for maintenance</title>";
    for (body, what) in [
        ("", "empty body"),
        (html, "Down for maintenance"),
        (r#"{"ok":true,"self":{"id":"U"},"team":{"id":"T"}}"#, "`url`"),
        (r#"{"ok":true,"url":"ws://h","team":{"id":"T"}}"#, "`self.id`"),
        (r#"{"ok":true,"url":"ws://h","self":{"id":"U"}}"#, "`team.id`"),
        (r#"{"ok":true,"url":"http://h","self":{"id":"U"},"team":{"id":"T"}}"#, "invalid socket URL"),
        ("\u{0}\u{fffd}", "not a JSON object"),
    ] {
        let error = error_for(answer("200 OK", "", body)).await;
        assert!(matches!(error, ApiError::Platform { .. }), "{error}");
        assert!(error.to_string().contains(what), "{error}");
    }
}

/// Promise: a status other than 200 and 429 is an HTTP error with status, its text, headers and body as they came.
#[tokio::test]
async fn other_statuses() {
    for (status, reason) in [(500, "Internal Server Error"), (503, "Gone Fishing"), (204, "No Content")] {
        let body = if status == 204 { "" } else { "<h1>oh</h1>" };
        let bytes = answer(&format!("{status} {reason}"), "X-Trace: a\r\nX-Trace: b\r\n", body);
        let ApiError::Http { status: seen, reason: text, headers, body: page, .. } = &error_for(bytes).await
        else {
            panic!("an HTTP error")
        };
        assert_eq!((*seen, &**text, &**page), (status, reason, body));
        let traces: Vec<_> =
            headers.iter().filter(|(name, _)| name == "x-trace").map(|(_, v)| &**v).collect();
        assert_eq!(traces, ["a", "b"]);
    }
}

/// Promise: redirects are not followed, so that the token goes nowhere else.
#[tokio::test]
async fn redirects_are_not_followed() {
    let elsewhere = Server::bind().await;
    for status in ["301 Moved Permanently", "302 Found", "307 Temporary Redirect", "308 Permanent Redirect"] {
        let location = format!("location: {}rtm.connect\r\n", elsewhere.api_url());
        let error = error_for(answer(status, &location, "")).await;
        let ApiError::Http { status: seen, .. } = error else { panic!("an HTTP error") };
        assert!(status.starts_with(&seen.to_string()));
    }
    elsewhere.assert_nobody_came().await;
}

/// Promise: a 429 says how long to wait, in seconds or as a date; where it does not, the pause is `retryConfig`'s.
#[tokio::test]
async fn rate_limits() {
    async fn retry_after(header: &str) -> Duration {
        let error = error_for(answer("429 Too Many Requests", header, "")).await;
        let ApiError::RateLimited { retry_after, .. } = error else { panic!("a rate limit: {error}") };
        retry_after
    }

    assert_eq!(retry_after("Retry-After: 30\r\n").await, Duration::from_secs(30));
    #[expect(clippy::disallowed_methods, reason = "a date in the header is one of the wall clock's")]
    let now = SystemTime::now();
    let date = |time| format!("retry-after: {}\r\n", httpdate::fmt_http_date(time));
    let minute = retry_after(&date(now + Duration::from_secs(60))).await;
    assert!((50..=60).contains(&minute.as_secs()), "{minute:?}");
    assert_eq!(retry_after(&date(now - Duration::from_secs(60))).await, Duration::ZERO);
    for unreadable in ["", "Retry-After: soon\r\n", "Retry-After: -1\r\n", "Retry-After: 1.5e\r\n"] {
        assert_eq!(retry_after(unreadable).await, Duration::ZERO, "{unreadable}");
    }
}

/// Promise: an answer over the bound is refused, not collected; where it announces its length, before it is read.
#[tokio::test]
async fn an_answer_that_announces_more_than_the_bound() {
    let length = 256 * 1024 * 1024 + 1;
    for status in ["200 OK", "500 Internal Server Error"] {
        let error = error_for(format!("HTTP/1.1 {status}\r\ncontent-length: {length}\r\n\r\n{{")).await;
        assert!(matches!(&error, ApiError::Request { code: None, .. }), "{error}");
        assert!(error.to_string().contains("268435456 bytes"), "{error}");
    }
}

/// Bug this guards against: an error of one call that spoils the next one.
#[tokio::test]
async fn a_client_is_usable_after_a_bad_answer() {
    let server = Server::bind().await;
    let mut client = Setup::new(&server).client();
    client.start("");
    let mut call = server.accept().await;
    call.request().await;
    call.send(answer("500 Oh", "", "")).await;
    client.lifecycle(&["connecting", "unable_to_rtm_start", "disconnected"]).await;
    let start = client.start("");
    let mut call = server.accept().await;
    call.request().await;
    call.send(ok_answer(&server.socket_url())).await;
    assert!(matches!(client.outcome(start).await, Outcome::Started));
}
