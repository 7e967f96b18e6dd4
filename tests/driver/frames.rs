//! Frames from and to the server.

use slack_rtm_native::session::{MessageId, Outcome};

use crate::client::{Client, Setup};
use crate::clock::{Clock, let_others_run, secs};
use crate::server::{HELLO, Server};
use crate::websocket::{
    BINARY, CLOSE, CONTINUATION, FINAL, PING, PONG, Received, ServerSocket, TEXT, frame, text,
};

async fn ready() -> (Client, ServerSocket) {
    let server = Server::bind().await;
    Client::ready(Setup::new(&server), &server).await
}

// ── Received ──────────────────────────────────────────────────────────────────────────────────────────────────────

/// Text and binary frames.
#[tokio::test]
async fn frames_of_every_length_arrive_unchanged_and_in_order() {
    let (mut client, mut socket) = ready().await;
    let lengths = [0, 1, 116, 117, 118, 65_526, 65_527, 65_528, 70_000, 2_000_000];
    let frames: Vec<_> =
        lengths.iter().map(|length| format!(r#"{{"x":"{}"}}"#, "é".repeat(*length))).collect();
    let writer = tokio::spawn({
        let frames = frames.clone();
        async move {
            for data in &frames {
                socket.text(data).await;
                socket.send(frame(FINAL | BINARY, data)).await;
            }
            socket
        }
    });
    for data in &frames {
        assert_eq!(client.frame().await, *data);
        assert_eq!(client.frame().await, *data);
    }
    writer.await.expect("the task does not panic");
}

/// RFC 6455, section 5.4.
#[tokio::test]
async fn fragments_are_joined_with_control_frames_between_them() {
    let (mut client, mut socket) = ready().await;
    socket.send(frame(TEXT, br#"{"a":"\u00e9"#)).await;
    socket.send(frame(CONTINUATION, b"\xc3")).await;
    socket.send(frame(FINAL | PING, "between")).await;
    socket.send(frame(CONTINUATION, b"")).await;
    socket.send(frame(FINAL | CONTINUATION, b"\xa9\"}")).await;
    assert_eq!(client.frame().await, r#"{"a":"\u00e9é"}"#);
    let pong = socket.receive().await;
    assert_eq!((pong.first, &*pong.payload), (FINAL | PONG, &b"between"[..]));
}

#[tokio::test]
async fn packets_make_no_difference() {
    let (mut client, mut socket) = ready().await;
    for byte in
        [text(r#"{"n":1}"#), frame(FINAL | PING, "?"), text(&format!(r#"{{"n":"{}"}}"#, "x".repeat(200)))]
            .concat()
    {
        socket.send([byte]).await;
        let_others_run().await;
    }
    assert_eq!(client.frame().await, r#"{"n":1}"#);
    assert_eq!(client.frame().await.len(), 208);
    assert_eq!(socket.receive().await.payload, b"?");
}

/// Also before `hello`, and many at once.
#[tokio::test]
async fn pings_get_pongs_with_their_payload() {
    let server = Server::bind().await;
    let mut client = Setup::new(&server).client();
    client.start("");
    server.answer_call().await;
    let mut socket = server.accept().await.upgrade().await;
    for payload in ["", "before hello", &"x".repeat(125)] {
        socket.send(frame(FINAL | PING, payload)).await;
        let pong = socket.receive().await;
        assert_eq!((pong.first, &*pong.payload), (FINAL | PONG, payload.as_bytes()));
    }
    socket.text(HELLO).await;
    client.lifecycle(&["connecting", "authenticated", "connected", "ready"]).await;
    // RFC 6455, section 5.5.3: of many pings the last one must be answered.
    let pings: Vec<_> = (0..100).flat_map(|n: u8| frame(FINAL | PING, [n])).collect();
    socket.send([pings, frame(FINAL | PONG, "unasked")].concat()).await;
    while socket.receive().await.payload != [99] {}
}

#[tokio::test]
async fn a_frame_that_is_not_json_is_logged_and_skipped() {
    let (mut client, mut socket) = ready().await;
    for rubbish in [frame(FINAL | TEXT, ""), text("<html>"), frame(FINAL | BINARY, b"\xff\xfe\x00")] {
        socket.send(rubbish).await;
        assert!(client.error_line().await.contains("not JSON"));
    }
    socket.text(r#"{"type":"still_there"}"#).await;
    assert_eq!(client.frame().await, r#"{"type":"still_there"}"#);
}

/// RFC 6455, section 7.4.1. The client reconnects.
#[tokio::test(start_paused = true)]
async fn a_protocol_violation_closes_the_connection_with_its_code() {
    let clock = Clock::stop();
    let server = Server::bind().await;
    let (mut client, mut socket) = Client::ready(Setup::reconnecting(&server), &server).await;
    let mut too_long = vec![FINAL | TEXT, 127];
    too_long.extend((128 * 1024 * 1024 + 1_u64).to_be_bytes());
    for (breach, what, code) in [
        (frame(FINAL | TEXT, b"\"\xff\""), "utf-8", 1007_u16),
        (too_long, "134217729 bytes or more: over the limit of 134217728 (maxframebytes)", 1009),
        (frame(FINAL | 3, "unknown opcode"), "opcode", 1002),
        (frame(FINAL | 0x40 | TEXT, "{}"), "reserved", 1002),
        (frame(PING, "a ping in fragments"), "fragment", 1002),
        (frame(FINAL | CONTINUATION, "of nothing"), "continu", 1002),
        ([frame(TEXT, "a text"), text("within a text")].concat(), "fragment", 1002),
        (vec![FINAL | TEXT, 0x82, 0, 0, 0, 0, b'{', b'}'], "mask", 1002),
    ] {
        socket.send(&breach).await;
        let error = client.transport_error().await;
        assert!(error.message.to_lowercase().contains(what), "{error} for {what}");
        let Received { first, payload } = socket.receive().await;
        assert_eq!((first, &payload[..]), (FINAL | CLOSE, &code.to_be_bytes()[..]), "for {what}");
        socket.ended().await;
        client.lifecycle(&["reconnecting"]).await;
        clock.pass(secs(60)).await;
        socket = server.connect().await;
        client.lifecycle(&["connecting", "authenticated", "connected", "ready"]).await;
    }
}

// ── Sent ──────────────────────────────────────────────────────────────────────────────────────────────────────────

/// Each is one masked text frame with the next id. Its promise settles when it is written.
#[tokio::test]
async fn messages_are_sent_in_the_order_of_the_calls() {
    let (mut client, mut socket) = ready().await;
    let calls: Vec<_> =
        (0..500).map(|n| client.enqueue(false, &format!(r#"{{"n":{n},"type":"x"}}"#))).collect();
    for (n, call) in calls.into_iter().enumerate() {
        assert_eq!(socket.receive_text().await, format!(r#"{{"n":{n},"type":"x","id":{}}}"#, n + 1));
        assert!(matches!(client.outcome(call).await, Outcome::Done));
    }
    let sent = client.send(r#"{"type":"y"}"#);
    assert!(matches!(client.outcome(sent).await, Outcome::Sent(MessageId(501))));
}

#[tokio::test]
async fn a_message_settles_when_the_socket_has_accepted_all_of_it() {
    let (mut client, mut socket) = ready().await;
    let body = "é".repeat(8 * 1024 * 1024);
    let call = client.send(&format!(r#"{{"text":"{body}","type":"message"}}"#));
    client.assert_unsettled(call).await;
    let frame = socket.receive_text().await;
    assert!(frame.starts_with(r#"{"text":"éé"#) && frame.ends_with(r#"éé","type":"message","id":1}"#));
    assert!(matches!(client.outcome(call).await, Outcome::Sent(MessageId(1))));
}

/// Otherwise, client and server could wait for each other forever.
#[tokio::test]
async fn reading_continues_while_writing_is_blocked() {
    let (mut client, mut socket) = ready().await;
    let call = client.send(&format!(r#"{{"text":"{}","type":"message"}}"#, "x".repeat(16 * 1024 * 1024)));
    for n in 0..1000 {
        let data = format!(r#"{{"n":{n},"x":"{}"}}"#, "x".repeat(10_000));
        socket.text(&data).await;
        assert_eq!(client.frame().await, data);
    }
    socket.send(frame(FINAL | PING, "after it")).await;
    assert!(socket.receive_text().await.ends_with(r#""id":1}"#));
    assert_eq!(socket.receive().await.payload, b"after it");
    assert!(matches!(client.outcome(call).await, Outcome::Sent(MessageId(1))));
}

#[tokio::test]
async fn ten_thousand_replies_settle_their_promises() {
    let (mut client, mut socket) = ready().await;
    let echo = tokio::spawn(async move {
        for id in 1..=10_000 {
            assert!(socket.receive_text().await.ends_with(&format!(r#""id":{id}}}"#)));
            socket.text(&format!(r#"{{"ok":true,"reply_to":{id}}}"#)).await;
        }
        socket
    });
    let calls: Vec<_> = (0..10_000).map(|_| client.enqueue(true, r#"{"type":"message"}"#)).collect();
    for call in calls {
        // Message ids begin at 1, but the first call was `start()`.
        assert_eq!(client.reply(call).await, format!(r#"{{"ok":true,"reply_to":{}}}"#, call.0 - 1));
    }
    echo.await.expect("the task does not panic");
}
