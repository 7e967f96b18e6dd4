//! Frames over an open socket, in and out.

use slack_rtm_native::session::{MessageId, Outcome};

use crate::client::{Client, Setup};
use crate::clock::{Clock, secs, take_turns};
use crate::server::{HELLO, Server};
use crate::websocket::{BINARY, CLOSE, CONTINUATION, FINAL, PING, PONG, Peer, Received, TEXT, frame, text};

async fn ready() -> (Client, Peer) {
    let server = Server::bind().await;
    Client::ready(Setup::new(&server), &server).await
}

// ── In ────────────────────────────────────────────────────────────────────────────────────────────────────────────

/// Promise: text and binary frames of every length arrive unchanged, in the wire's order.
#[tokio::test]
async fn frames_of_every_length() {
    let (mut client, mut peer) = ready().await;
    let lengths = [0, 1, 116, 117, 118, 65_526, 65_527, 65_528, 70_000, 2_000_000];
    let frames: Vec<_> =
        lengths.iter().map(|length| format!(r#"{{"x":"{}"}}"#, "é".repeat(*length))).collect();
    let writer = tokio::spawn({
        let frames = frames.clone();
        async move {
            for data in &frames {
                peer.text(data).await;
                peer.send(frame(FINAL | BINARY, data)).await;
            }
            peer
        }
    });
    for data in &frames {
        assert_eq!(client.frame().await, *data);
        assert_eq!(client.frame().await, *data);
    }
    writer.await.expect("the writer is sound");
}

/// Promise: fragments are put together, with control frames between them (RFC 6455, section 5.4).
#[tokio::test]
async fn fragments() {
    let (mut client, mut peer) = ready().await;
    peer.send(frame(TEXT, br#"{"a":"\u00e9"#)).await;
    peer.send(frame(CONTINUATION, b"\xc3")).await;
    peer.send(frame(FINAL | PING, "between")).await;
    peer.send(frame(CONTINUATION, b"")).await;
    peer.send(frame(FINAL | CONTINUATION, b"\xa9\"}")).await;
    assert_eq!(client.frame().await, r#"{"a":"\u00e9é"}"#);
    let pong = peer.receive().await;
    assert_eq!((pong.first, &*pong.payload), (FINAL | PONG, &b"between"[..]));
}

/// Promise: how the bytes are cut into packets makes no difference.
#[tokio::test]
async fn single_bytes() {
    let (mut client, mut peer) = ready().await;
    for byte in
        [text(r#"{"n":1}"#), frame(FINAL | PING, "?"), text(&format!(r#"{{"n":"{}"}}"#, "x".repeat(200)))]
            .concat()
    {
        peer.send([byte]).await;
        take_turns().await;
    }
    assert_eq!(client.frame().await, r#"{"n":1}"#);
    assert_eq!(client.frame().await.len(), 208);
    assert_eq!(peer.receive().await.payload, b"?");
}

/// Promise: WebSocket pings are answered with their payload, also before `hello` and in bulk.
#[tokio::test]
async fn pings_are_answered() {
    let server = Server::bind().await;
    let mut client = Setup::new(&server).client();
    client.start("");
    server.answer_call().await;
    let mut peer = server.accept().await.upgrade().await;
    for payload in ["", "before hello", &"x".repeat(125)] {
        peer.send(frame(FINAL | PING, payload)).await;
        let pong = peer.receive().await;
        assert_eq!((pong.first, &*pong.payload), (FINAL | PONG, payload.as_bytes()));
    }
    peer.text(HELLO).await;
    client.lifecycle(&["connecting", "authenticated", "connected", "ready"]).await;
    // RFC 6455, section 5.5.3: of many pings the last one must be answered.
    let pings: Vec<_> = (0..100).flat_map(|n: u8| frame(FINAL | PING, [n])).collect();
    peer.send([pings, frame(FINAL | PONG, "unasked")].concat()).await;
    while peer.receive().await.payload != [99] {}
}

/// Promise: a frame that is not JSON is logged and skipped, binary rubbish too, and the connection stays.
#[tokio::test]
async fn frames_that_are_not_json() {
    let (mut client, mut peer) = ready().await;
    for rubbish in [frame(FINAL | TEXT, ""), text("<html>"), frame(FINAL | BINARY, b"\xff\xfe\x00")] {
        peer.send(rubbish).await;
        assert!(client.error_line().await.contains("not JSON"));
    }
    peer.text(r#"{"type":"still_there"}"#).await;
    assert_eq!(client.frame().await, r#"{"type":"still_there"}"#);
}

/// Promise: a breach of the protocol ends the connection with an error that says so and the close code for it (RFC 6455,
/// section 7.4.1), and a new one follows.
#[tokio::test(start_paused = true)]
async fn breaches_of_the_protocol() {
    let clock = Clock::stop();
    let server = Server::bind().await;
    let (mut client, mut peer) = Client::ready(Setup::lasting(&server), &server).await;
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
        peer.send(&breach).await;
        let error = client.transport_error().await;
        assert!(error.message.to_lowercase().contains(what), "{error} for {what}");
        let Received { first, payload } = peer.receive().await;
        assert_eq!((first, &payload[..]), (FINAL | CLOSE, &code.to_be_bytes()[..]), "for {what}");
        peer.ended().await;
        client.lifecycle(&["reconnecting"]).await;
        clock.pass(secs(60)).await;
        peer = server.connect().await;
        client.lifecycle(&["connecting", "authenticated", "connected", "ready"]).await;
    }
}

// ── Out ───────────────────────────────────────────────────────────────────────────────────────────────────────────

/// Promise: messages go out in the order of the calls, each as one masked text frame, with rising ids; each promise
/// settles when its frame is written.
#[tokio::test]
async fn messages_in_order() {
    let (mut client, mut peer) = ready().await;
    let calls: Vec<_> =
        (0..500).map(|n| client.enqueue(false, &format!(r#"{{"n":{n},"type":"x"}}"#))).collect();
    for (n, call) in calls.into_iter().enumerate() {
        assert_eq!(peer.receive_text().await, format!(r#"{{"n":{n},"type":"x","id":{}}}"#, n + 1));
        assert!(matches!(client.outcome(call).await, Outcome::Done));
    }
    let sent = client.send(r#"{"type":"y"}"#);
    assert!(matches!(client.outcome(sent).await, Outcome::Sent(MessageId(501))));
}

/// Promise: a message counts as written when the socket has taken it, not before, and is written whole.
#[tokio::test]
async fn a_message_larger_than_all_buffers() {
    let (mut client, mut peer) = ready().await;
    let body = "é".repeat(8 * 1024 * 1024);
    let call = client.send(&format!(r#"{{"text":"{body}","type":"message"}}"#));
    client.assert_unsettled(call).await;
    let frame = peer.receive_text().await;
    assert!(frame.starts_with(r#"{"text":"éé"#) && frame.ends_with(r#"éé","type":"message","id":1}"#));
    assert!(matches!(client.outcome(call).await, Outcome::Sent(MessageId(1))));
}

/// Bug this guards against: a client that is busy writing does not read, and both sides wait for ever.
#[tokio::test]
async fn reading_goes_on_while_writing_is_stuck() {
    let (mut client, mut peer) = ready().await;
    let call = client.send(&format!(r#"{{"text":"{}","type":"message"}}"#, "x".repeat(16 * 1024 * 1024)));
    for n in 0..1000 {
        let data = format!(r#"{{"n":{n},"x":"{}"}}"#, "x".repeat(10_000));
        peer.text(&data).await;
        assert_eq!(client.frame().await, data);
    }
    peer.send(frame(FINAL | PING, "after it")).await;
    assert!(peer.receive_text().await.ends_with(r#""id":1}"#));
    assert_eq!(peer.receive().await.payload, b"after it");
    assert!(matches!(client.outcome(call).await, Outcome::Sent(MessageId(1))));
}

/// Promise: ten thousand replies in one burst each settle their promise.
#[tokio::test]
async fn replies_in_bulk() {
    let (mut client, mut peer) = ready().await;
    let echo = tokio::spawn(async move {
        for id in 1..=10_000 {
            assert!(peer.receive_text().await.ends_with(&format!(r#""id":{id}}}"#)));
            peer.text(&format!(r#"{{"ok":true,"reply_to":{id}}}"#)).await;
        }
        peer
    });
    let calls: Vec<_> = (0..10_000).map(|_| client.enqueue(true, r#"{"type":"message"}"#)).collect();
    for call in calls {
        // The first call was `start()`.
        assert_eq!(client.reply(call).await, format!(r#"{{"ok":true,"reply_to":{}}}"#, call.0 - 1));
    }
    echo.await.expect("the echo is sound");
}
