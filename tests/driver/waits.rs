//! Every wait has an end: a server that stops at each point, the keepalive, the pauses. The clock stands still but
//! where a test lets time pass.

use std::time::{SystemTime, UNIX_EPOCH};

use slack_rtm_native::session::{Outcome, SocketError};
use tokio::time::advance;

use crate::client::{Client, Setup};
use crate::clock::{Clock, PING_LEEWAY, ms, secs, until};
use crate::server::{HELLO, Server, answer, ok_answer, upgrade_answer};
use crate::websocket::{FINAL, PING, PONG, frame, text};

/// Where a server stops on the way to `hello`.
#[derive(Debug, Clone, Copy)]
enum Stop {
    AfterAccept,
    InTheTlsHandshake,
    InTheUpgrade,
    AfterTheUpgrade,
    InTheHello,
    /// It is there and answers pings, but has no `hello`.
    AliveWithoutHello,
}

/// The error of a client that waits for `hello` from a server that stops, and gets none for `connectTimeout`.
async fn timed_out(clock: &Clock, stop: Stop) -> SocketError {
    let server = Server::bind().await;
    let mut client = Setup::new(&server).client();
    client.start("");
    let scheme = if matches!(stop, Stop::InTheTlsHandshake) { "wss" } else { "ws" };
    let mut call = server.accept().await;
    call.request().await;
    call.send(ok_answer(&format!("{scheme}://{}/t1cket", server.address))).await;
    let mut link = server.accept().await;
    match stop {
        Stop::AfterAccept | Stop::InTheTlsHandshake => {}
        Stop::InTheUpgrade => link.send("HTTP/1.1 101 Switching").await,
        Stop::AfterTheUpgrade | Stop::InTheHello | Stop::AliveWithoutHello => {
            let request = link.request().await;
            link.send(upgrade_answer(&request)).await;
        }
    }
    match stop {
        Stop::InTheHello => link.send(&text(HELLO)[..10]).await,
        Stop::AliveWithoutHello => {
            link.send([frame(FINAL | PING, ""), frame(FINAL | PONG, "")].concat()).await;
        }
        _ => {}
    }
    client.lifecycle(&["connecting", "authenticated"]).await;
    clock.pass(ms(29_990)).await;
    client.assert_no_event().await;
    clock.pass(ms(20)).await;
    let error = client.transport_error().await;
    assert_eq!(client.loss().await, error);
    link.ended().await;
    error
}

/// Promise: `connectTimeout` bounds the way from dialling to `hello`, at whichever point the server stops; the code
/// is ETIMEDOUT, and the connection is dropped.
#[tokio::test(start_paused = true)]
async fn the_connect_timeout() {
    let clock = Clock::stop();
    for (stop, what) in [
        (Stop::AfterAccept, "could not be opened within 30000 ms"),
        (Stop::InTheTlsHandshake, "could not be opened within 30000 ms"),
        (Stop::InTheUpgrade, "could not be opened within 30000 ms"),
        (Stop::AfterTheUpgrade, "no `hello` from 127.0.0.1:"),
        (Stop::InTheHello, "no `hello` from 127.0.0.1:"),
        (Stop::AliveWithoutHello, "no `hello` from 127.0.0.1:"),
    ] {
        let error = timed_out(&clock, stop).await;
        assert_eq!(error.code.as_deref(), Some("ETIMEDOUT"), "{stop:?}");
        assert!(error.message.contains(what), "{stop:?}: {error}");
    }
}

fn with_keepalive(server: &Server) -> Setup {
    let mut setup = Setup::lasting(server);
    setup.config.client_ping_timeout = Some(secs(6));
    setup
}

/// Promise: a half-open connection is dropped ping + pong timeouts after the last sign of life, without waiting for a
/// close handshake, and replaced.
#[tokio::test(start_paused = true)]
async fn a_silent_server_is_replaced() {
    let clock = Clock::stop();
    let server = Server::bind().await;
    let (mut client, mut peer) = Client::ready(with_keepalive(&server), &server).await;
    clock.pass(secs(6) + PING_LEEWAY).await;
    assert_eq!(peer.receive_text().await, r#"{"type":"ping","id":1}"#);
    clock.pass(ms(3_980)).await;
    client.assert_no_event().await;
    clock.pass(ms(40)).await;
    client.lifecycle(&["reconnecting"]).await;
    assert_eq!(peer.ended().await, b"");
    clock.pass(secs(1)).await;
    server.connect().await;
    client.lifecycle(&["connecting", "authenticated", "connected", "ready"]).await;
}

/// Promise: the pings of many clients wake the runtime together, none much later than it is due.
#[tokio::test(start_paused = true)]
async fn the_pings_of_many_clients_go_out_together() {
    let clock = Clock::stop();
    let server = Server::bind().await;
    let mut all = Vec::new();
    for _ in 0..10 {
        all.push(Client::ready(with_keepalive(&server), &server).await);
        clock.pass(ms(2)).await;
    }
    // The first client has been silent for 20 ms.
    clock.pass(ms(5_978)).await;
    let mut times = Vec::new();
    for time in 0..=50 {
        let pings = all.iter().filter(|(_, peer)| peer.stream.try_read(&mut [0; 1000]).is_ok()).count();
        times.extend((pings > 0).then_some((time, pings)));
        clock.pass(ms(1)).await;
    }
    assert_eq!(times.iter().map(|(_, pings)| pings).sum::<usize>(), 10, "{times:?}");
    assert!(times.len() <= 2, "{times:?}");
}

/// Promise: only pings wait for a tick; a deadline right behind one is kept.
#[tokio::test(start_paused = true)]
async fn a_deadline_behind_a_ping_is_kept() {
    let clock = Clock::stop();
    let server = Server::bind().await;
    // Wherever the ticks are, one of these is far from the next.
    for _ in 0..4 {
        let mut setup = with_keepalive(&server);
        setup.config.reply_timeout = Some(secs(6) + ms(1));
        let (mut client, _peer) = Client::ready(setup, &server).await;
        let call = client.enqueue(true, r#"{"type":"message"}"#);
        clock.pass(secs(6) + ms(3)).await;
        client.assert_settled(call).await;
        clock.pass(ms(2)).await;
    }
}

/// Promise: any frame of the server's is a sign of life, a WebSocket ping too.
#[tokio::test(start_paused = true)]
async fn signs_of_life() {
    let clock = Clock::stop();
    let server = Server::bind().await;
    let (mut client, mut peer) = Client::ready(with_keepalive(&server), &server).await;
    clock.pass(secs(5)).await;
    for sign in [frame(FINAL | PING, ""), frame(FINAL | PONG, ""), text("{}"), text("not JSON")] {
        clock.pass(secs(1) + PING_LEEWAY).await;
        let mut ping = peer.receive().await;
        if ping.first == FINAL | PONG {
            ping = peer.receive().await;
        }
        assert!(ping.payload.starts_with(br#"{"type":"ping","id":"#), "{ping:?}");
        clock.pass(secs(3)).await;
        peer.send(sign).await;
        // Past the time for a pong, and short of the next ping, six seconds after this one.
        clock.pass(secs(2)).await;
        client.assert_no_event().await;
    }
}

/// Promise: a frame that takes longer than the time for a pong is read to its end.
#[tokio::test(start_paused = true)]
async fn a_frame_that_takes_its_time() {
    let clock = Clock::stop();
    let server = Server::bind().await;
    let (mut client, mut peer) = Client::ready(with_keepalive(&server), &server).await;
    let slow = text(&format!(r#"{{"type":"slow","text":"{}"}}"#, "x".repeat(300)));
    for part in slow.chunks(40) {
        client.assert_no_event().await;
        peer.send(part).await;
        clock.pass(secs(3)).await;
    }
    let frame = client.frame().await;
    assert!(frame.starts_with(r#"{"type":"slow""#), "{frame:?}");
    client.assert_no_event().await;
}

#[expect(clippy::disallowed_methods, reason = "`lastActivity` is a time of the wall clock")]
fn wall_clock_ms() -> u64 {
    let since_epoch = SystemTime::now().duration_since(UNIX_EPOCH).expect("it is later than 1970");
    u64::try_from(since_epoch.as_millis()).expect("it is not that late")
}

/// Promise: `lastActivity` is when the last frame came, of whatever kind.
#[tokio::test]
async fn last_activity() {
    let server = Server::bind().await;
    let unused = Setup::new(&server).client();
    assert_eq!(unused.handle.last_activity(), None);
    let before = wall_clock_ms();
    let (client, mut peer) = Client::ready(Setup::new(&server), &server).await;
    assert!(client.handle.last_activity() >= Some(before));
    for sign in [frame(FINAL | PING, ""), frame(FINAL | PONG, ""), text("{}")] {
        until("the wall clock has moved", || Some(wall_clock_ms()) > client.handle.last_activity()).await;
        let before = wall_clock_ms();
        peer.send(sign).await;
        until("the frame counts", || client.handle.last_activity() >= Some(before)).await;
        assert!(client.handle.last_activity() <= Some(wall_clock_ms()));
    }
}

/// Promise: `latency` is the round trip of the last ping that was answered, the user's or the keepalive's.
#[tokio::test(start_paused = true)]
async fn latency() {
    let clock = Clock::stop();
    let server = Server::bind().await;
    let (mut client, mut peer) = Client::ready(with_keepalive(&server), &server).await;
    assert_eq!(client.handle.latency(), None);
    let call = client.ping();
    assert_eq!(peer.receive_text().await, r#"{"type":"ping","id":1}"#);
    clock.pass(ms(250)).await;
    peer.text(r#"{"type":"pong","reply_to":1}"#).await;
    let Outcome::Pong(round_trip) = client.outcome(call).await else { panic!("a pong came") };
    assert_eq!((round_trip, client.handle.latency()), (ms(250), Some(ms(250))));

    clock.pass(secs(6)).await;
    assert_eq!(peer.receive_text().await, r#"{"type":"ping","id":2}"#);
    clock.pass(ms(40)).await;
    peer.text(r#"{"type":"pong","reply_to":2}"#).await;
    until("the pong is in", || client.handle.latency() == Some(ms(40))).await;
}

/// Promise: `Retry-After` is kept to, to the second, and the call is repeated after it.
#[tokio::test(start_paused = true)]
async fn retry_after_is_kept_to() {
    let clock = Clock::stop();
    let server = Server::bind().await;
    let mut setup = Setup::new(&server);
    setup.config.retry.retries = 1;
    let mut client = setup.client();
    let start = client.start("");
    let mut call = server.accept().await;
    call.request().await;
    call.send(answer("429 Too Many Requests", "retry-after: 7\r\n", "")).await;
    call.ended().await;
    clock.pass(ms(6_990)).await;
    server.assert_nobody_came().await;
    clock.pass(ms(20)).await;
    server.answer_call().await;
    assert!(matches!(client.outcome(start).await, Outcome::Started));
}

/// Bug this guards against: after a sleep of the process its user's code goes on first; the client's task then finds that
/// a deadline has passed, before the runtime has told that the pong arrived long ago.
#[tokio::test(start_paused = true)]
async fn a_pong_that_arrived_while_the_process_slept() {
    let clock = Clock::stop();
    let server = Server::bind().await;
    let mut setup = Setup::lasting(&server);
    setup.config.client_ping_timeout = Some(secs(6));
    let (mut client, mut peer) = Client::ready(setup, &server).await;
    clock.pass(secs(6) + PING_LEEWAY).await;
    assert_eq!(peer.receive_text().await, r#"{"type":"ping","id":1}"#);
    let pong = text(r#"{"type":"pong","reply_to":1}"#);
    assert_eq!(peer.stream.try_write(&pong).expect("there is room"), pong.len());
    client.enqueue(false, r#"{"type":"typing"}"#);
    advance(secs(3600)).await;
    client.assert_no_event().await;
    assert_eq!(peer.receive_text().await, r#"{"type":"typing","id":2}"#);
}
