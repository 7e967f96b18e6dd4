//! Timeouts: a server that stops at each point, the keepalive, and pauses. The clock is stopped.

use std::time::{SystemTime, UNIX_EPOCH};

use slack_rtm_native::session::{Outcome, SocketError};
use tokio::time::advance;

use crate::client::{Client, Setup};
use crate::clock::{Clock, PING_LEEWAY, ms, secs, until};
use crate::server::{HELLO, Server, ok_response, response, upgrade_response};
use crate::websocket::{FINAL, PING, PONG, frame, text};

/// The point at which a server stops before `hello`.
#[derive(Debug, Clone, Copy)]
enum Stop {
    AfterAccept,
    InTheTlsHandshake,
    InTheUpgrade,
    AfterTheUpgrade,
    InTheHello,
    /// The server answers pings, but sends no `hello`.
    AliveWithoutHello,
}

/// The error of a client after `connectTimeout`, if the server stops before `hello`.
async fn timed_out(clock: &Clock, stop: Stop) -> SocketError {
    let server = Server::bind().await;
    let mut client = Setup::new(&server).client();
    client.start("");
    let scheme = if matches!(stop, Stop::InTheTlsHandshake) { "wss" } else { "ws" };
    let mut call = server.accept().await;
    call.request().await;
    call.send(ok_response(&format!("{scheme}://{}/t1cket", server.address))).await;
    let mut link = server.accept().await;
    match stop {
        Stop::AfterAccept | Stop::InTheTlsHandshake => {}
        Stop::InTheUpgrade => link.send("HTTP/1.1 101 Switching").await,
        Stop::AfterTheUpgrade | Stop::InTheHello | Stop::AliveWithoutHello => {
            let request = link.request().await;
            link.send(upgrade_response(&request)).await;
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

/// Wherever the server stops, the code is ETIMEDOUT, and the connection is dropped.
#[tokio::test(start_paused = true)]
async fn connect_timeout_limits_the_time_until_hello() {
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
    let mut setup = Setup::reconnecting(server);
    setup.config.client_ping_timeout = Some(secs(6));
    setup
}

/// There is no close handshake.
#[tokio::test(start_paused = true)]
async fn a_half_open_connection_is_replaced_after_the_ping_and_pong_timeouts() {
    let clock = Clock::stop();
    let server = Server::bind().await;
    let (mut client, mut socket) = Client::ready(with_keepalive(&server), &server).await;
    clock.pass(secs(6) + PING_LEEWAY).await;
    assert_eq!(socket.receive_text().await, r#"{"type":"ping","id":1}"#);
    clock.pass(ms(3_980)).await;
    client.assert_no_event().await;
    clock.pass(ms(40)).await;
    client.lifecycle(&["reconnecting"]).await;
    assert_eq!(socket.ended().await, b"");
    clock.pass(secs(1)).await;
    server.connect().await;
    client.lifecycle(&["connecting", "authenticated", "connected", "ready"]).await;
}

/// They wake the runtime once, and none is much later than due.
#[tokio::test(start_paused = true)]
async fn the_pings_of_many_clients_are_sent_together() {
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
        let pings = all.iter().filter(|(_, socket)| socket.stream.try_read(&mut [0; 1000]).is_ok()).count();
        times.extend((pings > 0).then_some((time, pings)));
        clock.pass(ms(1)).await;
    }
    assert_eq!(times.iter().map(|(_, pings)| pings).sum::<usize>(), 10, "{times:?}");
    assert!(times.len() <= 2, "{times:?}");
}

#[tokio::test(start_paused = true)]
async fn a_deadline_right_after_a_ping_is_not_delayed_to_a_tick() {
    let clock = Clock::stop();
    let server = Server::bind().await;
    // At least one of these deadlines is far from the next tick.
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

/// Also a WebSocket ping.
#[tokio::test(start_paused = true)]
async fn any_frame_is_a_sign_of_life() {
    let clock = Clock::stop();
    let server = Server::bind().await;
    let (mut client, mut socket) = Client::ready(with_keepalive(&server), &server).await;
    clock.pass(secs(5)).await;
    for sign in [frame(FINAL | PING, ""), frame(FINAL | PONG, ""), text("{}"), text("not JSON")] {
        clock.pass(secs(1) + PING_LEEWAY).await;
        let mut ping = socket.receive().await;
        if ping.first == FINAL | PONG {
            ping = socket.receive().await;
        }
        assert!(ping.payload.starts_with(br#"{"type":"ping","id":"#), "{ping:?}");
        clock.pass(secs(3)).await;
        socket.send(sign).await;
        // After the pong timeout, and before the next ping, which is due six seconds after this one.
        clock.pass(secs(2)).await;
        client.assert_no_event().await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_frame_that_takes_longer_than_the_pong_timeout_is_read_to_its_end() {
    let clock = Clock::stop();
    let server = Server::bind().await;
    let (mut client, mut socket) = Client::ready(with_keepalive(&server), &server).await;
    let slow = text(&format!(r#"{{"type":"slow","text":"{}"}}"#, "x".repeat(300)));
    for part in slow.chunks(40) {
        client.assert_no_event().await;
        socket.send(part).await;
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

/// Of any kind.
#[tokio::test]
async fn last_activity_is_the_time_of_the_last_frame() {
    let server = Server::bind().await;
    let unused = Setup::new(&server).client();
    assert_eq!(unused.handle.last_activity(), None);
    let before = wall_clock_ms();
    let (client, mut socket) = Client::ready(Setup::new(&server), &server).await;
    assert!(client.handle.last_activity() >= Some(before));
    for sign in [frame(FINAL | PING, ""), frame(FINAL | PONG, ""), text("{}")] {
        until("the wall clock has moved", || Some(wall_clock_ms()) > client.handle.last_activity()).await;
        let before = wall_clock_ms();
        socket.send(sign).await;
        until("the frame counts", || client.handle.last_activity() >= Some(before)).await;
        assert!(client.handle.last_activity() <= Some(wall_clock_ms()));
    }
}

/// The user's or the keepalive's.
#[tokio::test(start_paused = true)]
async fn latency_is_the_round_trip_time_of_the_last_ping() {
    let clock = Clock::stop();
    let server = Server::bind().await;
    let (mut client, mut socket) = Client::ready(with_keepalive(&server), &server).await;
    assert_eq!(client.handle.latency(), None);
    let call = client.ping();
    assert_eq!(socket.receive_text().await, r#"{"type":"ping","id":1}"#);
    clock.pass(ms(250)).await;
    socket.text(r#"{"type":"pong","reply_to":1}"#).await;
    let Outcome::Pong(round_trip) = client.outcome(call).await else { panic!("a pong came") };
    assert_eq!((round_trip, client.handle.latency()), (ms(250), Some(ms(250))));

    clock.pass(secs(6)).await;
    assert_eq!(socket.receive_text().await, r#"{"type":"ping","id":2}"#);
    clock.pass(ms(40)).await;
    socket.text(r#"{"type":"pong","reply_to":2}"#).await;
    until("the pong is in", || client.handle.latency() == Some(ms(40))).await;
}

#[tokio::test(start_paused = true)]
async fn the_connect_call_is_repeated_after_retry_after() {
    let clock = Clock::stop();
    let server = Server::bind().await;
    let mut setup = Setup::new(&server);
    setup.config.retry.retries = 1;
    let mut client = setup.client();
    let start = client.start("");
    let mut call = server.accept().await;
    call.request().await;
    call.send(response("429 Too Many Requests", "retry-after: 7\r\n", "")).await;
    call.ended().await;
    clock.pass(ms(6_990)).await;
    server.assert_no_connection().await;
    clock.pass(ms(20)).await;
    server.answer_call().await;
    assert!(matches!(client.outcome(start).await, Outcome::Started));
}

/// After a sleep, the user's code runs first. Then the client's task finds that a deadline has passed, before the
/// runtime reports that the pong arrived long ago.
#[tokio::test(start_paused = true)]
async fn a_pong_that_arrived_while_the_process_slept_counts() {
    let clock = Clock::stop();
    let server = Server::bind().await;
    let mut setup = Setup::reconnecting(&server);
    setup.config.client_ping_timeout = Some(secs(6));
    let (mut client, mut socket) = Client::ready(setup, &server).await;
    clock.pass(secs(6) + PING_LEEWAY).await;
    assert_eq!(socket.receive_text().await, r#"{"type":"ping","id":1}"#);
    let pong = text(r#"{"type":"pong","reply_to":1}"#);
    assert_eq!(socket.stream.try_write(&pong).expect("there is room"), pong.len());
    client.enqueue(false, r#"{"type":"typing"}"#);
    advance(secs(3600)).await;
    client.assert_no_event().await;
    assert_eq!(socket.receive_text().await, r#"{"type":"typing","id":2}"#);
}
