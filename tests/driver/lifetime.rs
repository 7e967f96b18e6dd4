//! The end of a client, which leaves no task or socket, and panics, after which a client can start again.

use bytes::Bytes;
use slack_rtm_native::driver::{ApiRequest, FORM};
use slack_rtm_native::session::{CallId, Event, Input, Outcome};
use tokio::io::AsyncWriteExt;
use tokio::runtime::Handle;

use crate::client::{Client, Setup};
use crate::clock::{Clock, PING_LEEWAY, let_others_run, ms, secs, until, within};
use crate::own_process::has_own_process;
use crate::server::{Server, read_to_end, response};
use crate::websocket::{FINAL, ServerSocket, TEXT, close, frame, text};

async fn until_no_task_is_left() {
    let metrics = Handle::current().metrics();
    until("no task is left", || metrics.num_alive_tasks() == 0).await;
}

// ── The end of the handle ─────────────────────────────────────────────────────────────────────────────────────────

/// In every state.
#[tokio::test]
async fn dropping_the_last_handle_ends_the_task_and_the_connection() {
    let server = Server::bind().await;
    drop(Setup::new(&server).client());
    until_no_task_is_left().await;

    // During the connect call, and during the upgrade.
    for is_opening in [false, true] {
        let mut client = Setup::new(&server).client();
        client.start("");
        if is_opening {
            server.answer_call().await;
        }
        let mut link = server.accept().await;
        link.request().await;
        let second = client.handle.clone();
        let mut events = client.drop_handle();
        let_others_run().await;
        drop(second);
        assert_eq!(link.ended().await, b"");
        within("the end of the task", async { while events.recv().await.is_some() {} }).await;
        until_no_task_is_left().await;
    }

    // Ready, and in the close handshake.
    for closing in [false, true] {
        let (mut client, mut socket) = Client::ready(Setup::new(&server), &server).await;
        if closing {
            client.disconnect();
            socket.receive().await;
        }
        drop(client);
        assert_eq!(socket.ended().await, b"");
        until_no_task_is_left().await;
    }

    // In the pause before a reconnect.
    let (mut client, socket) = Client::ready(Setup::reconnecting(&server), &server).await;
    drop(socket);
    client.lifecycle(&["reconnecting"]).await;
    drop(client);
    until_no_task_is_left().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_client_that_always_has_data_to_read_ends_with_its_handle() {
    let server = Server::bind().await;
    let (client, mut socket) = Client::ready(Setup::new(&server), &server).await;
    let flood = tokio::spawn(async move {
        let bytes = text(r#"{"type":"message"}"#).repeat(5000);
        while socket.stream.write_all(&bytes).await.is_ok() {}
    });
    until("the flood has come", || client.held() > 1_000_000).await;
    drop(client);
    within("the end of the connection", flood).await.expect("the task does not panic");
}

#[test]
fn an_input_fails_if_the_runtime_is_gone() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let handle = runtime.block_on(async {
        let server = Server::bind().await;
        Client::ready(Setup::new(&server), &server).await.0.handle
    });
    drop(runtime);
    assert!(handle.input(Input::Disconnect { call: CallId(9) }).is_err());
}

// ── A panic ───────────────────────────────────────────────────────────────────────────────────────────────────────

/// The host gets the panic's message. The ids of messages continue.
#[tokio::test]
async fn a_panic_drops_the_connection_and_the_client_can_start_again() {
    let server = Server::bind().await;
    let mut setup = Setup::new(&server);
    setup.poison = Some(r#"{"type":"poison"}"#);
    let (mut client, mut socket) = Client::ready(setup, &server).await;
    for round in 1..=2 {
        let call = client.enqueue(false, r#"{"type":"message"}"#);
        assert_eq!(socket.receive_text().await, format!(r#"{{"type":"message","id":{round}}}"#));
        assert!(matches!(client.outcome(call).await, Outcome::Done));
        socket.text(r#"{"type":"poison"}"#).await;
        assert!(client.crash().await.contains("a poisonous frame"));
        assert_eq!(socket.ended().await, b"");

        let start = client.start("");
        socket = server.connect().await;
        assert!(matches!(client.outcome(start).await, Outcome::Started));
        client.lifecycle(&["connected", "ready"]).await;
    }
    drop((client, socket));
    until_no_task_is_left().await;
}

// ── Many connections ──────────────────────────────────────────────────────────────────────────────────────────────

const WAYS: usize = 8;

/// Ends a connection in one of several ways. The client must have closed its end before it opens another connection.
async fn end(client: &mut Client, server: &Server, mut socket: ServerSocket, way: usize, clock: &Clock) {
    match way {
        0 => drop(socket.stream.shutdown().await),
        1 => {
            socket.reset();
            return until_reconnecting(client).await;
        }
        2 => socket.send(close(1012, "restart")).await,
        3 => socket.send(frame(FINAL | TEXT, b"\xff")).await,
        4 => socket.text(r#"{"type":"team_migration_started"}"#).await,
        // A message waits for its reply.
        5 => {
            client.enqueue(true, r#"{"type":"message"}"#);
            socket.receive_text().await;
            socket.reset();
            return until_reconnecting(client).await;
        }
        // A Web API call is in flight, and gets its response after the connection is lost.
        6 => {
            let call = client.call_api(api_test());
            let mut link = server.accept().await;
            link.request().await;
            drop(socket);
            until_reconnecting(client).await;
            link.send(response("200 OK", "", r#"{"ok":true}"#)).await;
            drop(client.api_response(call).await);
            return;
        }
        _ => {
            clock.pass(secs(6) + PING_LEEWAY).await;
            clock.pass(secs(4) + ms(10)).await;
        }
    }
    within("the client's end", read_to_end(&mut socket.stream)).await;
    until_reconnecting(client).await;
}

async fn until_reconnecting(client: &mut Client) {
    while !matches!(client.event().await, Event::Reconnecting) {}
}

fn api_test() -> ApiRequest {
    let [method, content_type] = ["api.test", FORM].map(str::to_owned);
    ApiRequest { method, token: None, content_type, body: Bytes::new() }
}

#[cfg(target_os = "linux")]
fn open_files() -> usize {
    std::fs::read_dir("/proc/self/fd").expect("Linux has it").count()
}

#[cfg(not(target_os = "linux"))]
fn open_files() -> usize {
    0
}

/// There is never more than one socket.
#[tokio::test(start_paused = true)]
async fn a_hundred_reconnects_leave_no_task_or_file_descriptor() {
    if !has_own_process("lifetime::a_hundred_reconnects_leave_no_task_or_file_descriptor", &[]) {
        return;
    }
    let clock = Clock::stop();
    let server = Server::bind().await;
    let mut setup = Setup::reconnecting(&server);
    setup.config.client_ping_timeout = Some(secs(6));
    setup.config.reply_ack_timeout = ms(0);
    let (mut client, mut socket) = Client::ready(setup, &server).await;
    let tasks = Handle::current().metrics();
    let files = open_files();
    for round in 0..100 {
        end(&mut client, &server, socket, round % WAYS, &clock).await;
        until("only the client's own task is there", || tasks.num_alive_tasks() == 1).await;
        server.assert_no_connection().await;
        clock.pass(secs(60)).await;
        if round % 5 == 4 {
            // A failed connect call is repeated after another pause.
            let mut call = server.accept().await;
            call.request().await;
            call.send(response("503 Service Unavailable", "", "")).await;
            call.ended().await;
            client.lifecycle(&["connecting", "unable_to_rtm_start", "reconnecting"]).await;
            clock.pass(secs(60)).await;
        }
        if round % 7 == 6 {
            // The connection ends during the upgrade.
            server.answer_call().await;
            let mut link = server.accept().await;
            link.request().await;
            link.send("HTTP/1.1 101 Switching").await;
            drop(link);
            client.lifecycle(&["connecting", "authenticated", "error", "reconnecting"]).await;
            clock.pass(secs(60)).await;
        }
        socket = server.connect().await;
        client.lifecycle(&["connecting", "authenticated", "connected", "ready"]).await;
        assert_eq!(open_files(), files, "in round {round}");
    }
    drop((client, socket));
    until("no task is left", || tasks.num_alive_tasks() == 0).await;
}
