//! An echo client for the Autobahn test suite, whose server tests the WebSocket protocol in about 500 cases. `npm run
//! autobahn` runs both.

use std::env;
use std::time::Duration;

use tokio::time::timeout;

use super::*;
use crate::driver::TlsConfig;
use crate::driver::transport::{Transport, TransportConfig};
use crate::driver::ws_handshake::open;
use crate::session::Secret;

const AGENT: &str = "slack-rtm-native";

/// The cases that send binary frames and expect binary echoes. A [`SocketEvent`] does not distinguish them.
const BINARY: [&str; 5] = ["1.2.", "9.2.", "9.4.", "9.6.", "9.8."];

/// The longest time of a case. The suite reports a case that takes longer.
const CASE_TIMEOUT: Duration = Duration::from_secs(100);

#[tokio::test]
#[ignore = "needs the server of the Autobahn test suite: npm run autobahn"]
async fn autobahn() {
    let server = env::var("AUTOBAHN_SERVER").expect("AUTOBAHN_SERVER is the server's URL");
    let url = |path: String| Secret(format!("{server}/{path}"));
    let transport = transport();
    let count: u32 =
        receive_text(&transport, url("getCaseCount".to_owned())).await.parse().expect("a number");
    for case in 1..=count {
        let info = receive_text(&transport, url(format!("getCaseInfo?case={case}"))).await;
        let info: serde_json::Value = serde_json::from_str(&info).expect("the server speaks JSON");
        let id = info["id"].as_str().expect("a case has an id");
        let binary = BINARY.iter().any(|group| id.starts_with(group));
        let run = echo(&transport, url(format!("runCase?case={case}&agent={AGENT}")), binary);
        if timeout(CASE_TIMEOUT, run).await.is_err() {
            println!("{id}: not finished within {CASE_TIMEOUT:?}");
        }
    }
    receive_text(&transport, url(format!("updateReports?agent={AGENT}"))).await;
}

fn transport() -> Transport {
    Transport::new(TransportConfig {
        api_url: "http://127.0.0.1/api/".to_owned(),
        method: "rtm.connect".to_owned(),
        token: Secret("xoxb-none".to_owned()),
        user_agent: AGENT.to_owned(),
        headers: Vec::new(),
        request_timeout: None,
        max_frame_bytes: 128 * 1024 * 1024,
        tls: TlsConfig::default(),
        proxy: None,
        agent: None,
        web_client: None,
    })
    .expect("the options are valid")
}

/// Runs one case: echoes every frame until the connection ends.
async fn echo(transport: &Transport, url: Secret, binary: bool) {
    let mut socket = open(transport, &url).await.expect("the suite's server accepts the client");
    loop {
        for event in socket.events(true).await {
            match event {
                SocketEvent::Frame(data) if binary => socket.queue(Message::Binary(data)),
                SocketEvent::Frame(data) => socket.write(data),
                SocketEvent::Activity | SocketEvent::Flushed => {}
                SocketEvent::Closed(_) => return,
            }
        }
    }
}

/// The text that the suite's server sends before it closes the connection.
async fn receive_text(transport: &Transport, url: Secret) -> String {
    let mut socket = open(transport, &url).await.expect("the suite's server accepts the client");
    let mut text = String::new();
    loop {
        for event in socket.events(true).await {
            match event {
                SocketEvent::Frame(data) => text.push_str(&String::from_utf8_lossy(&data)),
                SocketEvent::Activity | SocketEvent::Flushed => {}
                SocketEvent::Closed(_) => return text,
            }
        }
    }
}
