//! The results of the connect call's responses (the table of connect errors in the contract).

use std::time::{Duration, SystemTime};

use slack_rtm_native::session::{ApiError, Event, Outcome};

use crate::client::Setup;
use crate::server::{Server, ok_body, ok_response, response};

/// The error of a connect call with this response.
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

#[tokio::test]
async fn a_good_response_is_delivered_whole_with_its_scopes() {
    let server = Server::bind().await;
    let mut client = Setup::new(&server).client();
    let start = client.start("");
    let mut call = server.accept().await;
    call.request().await;
    let body = ok_body(&server.socket_url());
    let scopes = "X-OAuth-Scopes: client,bot\r\nX-Accepted-OAuth-Scopes: client\r\n";
    call.send(response("200 OK", scopes, &body)).await;
    client.lifecycle(&["connecting"]).await;
    let Event::Authenticated(data) = client.event().await else { panic!("not authenticated") };
    assert!(matches!(client.outcome(start).await, Outcome::Started));
    assert_eq!((&*data.user_id, &*data.team_id, &*data.url), ("U1", "T1", &*server.socket_url()));
    let answer = data.response.as_ref().expect("the driver made the call");
    assert_eq!(answer.body, body);
    assert_eq!(
        (answer.scopes.as_deref(), answer.accepted_scopes.as_deref()),
        (Some("client,bot"), Some("client"))
    );
}

#[tokio::test]
async fn chunks_and_packets_of_a_response_make_no_difference() {
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

#[tokio::test]
async fn ok_false_is_a_platform_error_with_slacks_code_and_the_body() {
    let body = r#"{"ok":false,"error":"invalid_auth","response_metadata":{"messages":null}}"#;
    let ApiError::Platform { error, body: seen, .. } = &error_for(response("200 OK", "", body)).await else {
        panic!("a platform error")
    };
    assert_eq!((error.as_deref(), &**seen), (Some("invalid_auth"), body.as_bytes()));
}

#[tokio::test]
async fn an_unusable_200_is_a_platform_error_that_says_why() {
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
        let error = error_for(response("200 OK", "", body)).await;
        assert!(matches!(error, ApiError::Platform { .. }), "{error}");
        assert!(error.to_string().contains(what), "{error}");
    }
}

/// All except 200 and 429.
#[tokio::test]
async fn another_status_is_an_http_error_with_the_whole_response() {
    for (status, reason) in [(500, "Internal Server Error"), (503, "Gone Fishing"), (204, "No Content")] {
        let body = if status == 204 { "" } else { "<h1>oh</h1>" };
        let bytes = response(&format!("{status} {reason}"), "X-Trace: a\r\nX-Trace: b\r\n", body);
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

/// The token must not go to another server.
#[tokio::test]
async fn redirects_are_not_followed() {
    let elsewhere = Server::bind().await;
    for status in ["301 Moved Permanently", "302 Found", "307 Temporary Redirect", "308 Permanent Redirect"] {
        let location = format!("location: {}rtm.connect\r\n", elsewhere.api_url());
        let error = error_for(response(status, &location, "")).await;
        let ApiError::Http { status: seen, .. } = error else { panic!("an HTTP error") };
        assert!(status.starts_with(&seen.to_string()));
    }
    elsewhere.assert_no_connection().await;
}

/// reqwest parses the header even if it does not follow redirects.
#[tokio::test]
async fn an_invalid_location_makes_no_difference() {
    for location in [
        "",
        "/",
        "http://[::1",
        "http://h:99999/",
        "http://256.1.1.1/",
        "ftp://h/",
        "http://",
        "//",
        "\\",
        "?",
    ] {
        let header = format!("location: {location}\r\n");
        for status in [301, 302, 303, 307, 308] {
            let error = error_for(response(&format!("{status} Oh"), &header, "")).await;
            assert!(
                matches!(error, ApiError::Http { status: seen, .. } if seen == status),
                "{location}: {error}"
            );
        }
    }
}

/// As many as in Node.
#[tokio::test]
async fn a_response_may_have_2000_headers() {
    let headers = "x-extra: y\r\n".repeat(1999);
    let error = error_for(response("500 Oh", &headers, "")).await;
    let ApiError::Http { headers, .. } = &error else { panic!("{error}") };
    assert_eq!(headers.len(), 2000);
}

/// In seconds, or as a date. Without the header, the pause is that of `retryConfig`.
#[tokio::test]
async fn a_429_has_the_pause_of_retry_after() {
    async fn retry_after(header: &str) -> Duration {
        let error = error_for(response("429 Too Many Requests", header, "")).await;
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

#[tokio::test]
async fn a_response_with_a_too_large_content_length_is_not_read() {
    let length = 256 * 1024 * 1024 + 1;
    for status in ["200 OK", "500 Internal Server Error"] {
        let error = error_for(format!("HTTP/1.1 {status}\r\ncontent-length: {length}\r\n\r\n{{")).await;
        assert!(matches!(&error, ApiError::Request { code: None, .. }), "{error}");
        assert!(error.to_string().contains("268435456 bytes"), "{error}");
    }
}

#[tokio::test]
async fn a_bad_response_does_not_affect_the_next_call() {
    let server = Server::bind().await;
    let mut client = Setup::new(&server).client();
    client.start("");
    let mut call = server.accept().await;
    call.request().await;
    call.send(response("500 Oh", "", "")).await;
    client.lifecycle(&["connecting", "unable_to_rtm_start", "disconnected"]).await;
    let start = client.start("");
    let mut call = server.accept().await;
    call.request().await;
    call.send(ok_response(&server.socket_url())).await;
    assert!(matches!(client.outcome(start).await, Outcome::Started));
}
