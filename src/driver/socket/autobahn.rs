//! An echo client for the Autobahn test suite, whose server breaks the protocol in five hundred ways and judges what
//! this layer makes of it. `npm run autobahn` runs both.

use std::env;
use std::time::Duration;

use tokio::time::timeout;

use super::*;
use crate::driver::TlsConfig;
use crate::driver::transport::{Transport, TransportConfig};
use crate::driver::ws_handshake::dial;
use crate::session::Secret;

const AGENT: &str = "slack-rtm-native";

/// The cases that send binary frames, and want such an echo. (An event does not tell: to a session all frames are text.)
const BINARY: [&str; 5] = ["1.2.", "9.2.", "9.4.", "9.6.", "9.8."];

/// A case that takes longer is left, and the suite says so.
const CASE_TIMEOUT: Duration = Duration::from_secs(100);

#[tokio::test]
#[ignore = "needs the server of the Autobahn test suite: npm run autobahn"]
async fn autobahn() {
    let server = env::var("AUTOBAHN_SERVER").expect("AUTOBAHN_SERVER is the server's URL");
    let url = |path: String| Secret(format!("{server}/{path}"));
    let transport = transport();
    let count: u32 = answer(&transport, url("getCaseCount".to_owned())).await.parse().expect("a number");
    for case in 1..=count {
        let info = answer(&transport, url(format!("getCaseInfo?case={case}"))).await;
        let info: serde_json::Value = serde_json::from_str(&info).expect("the server speaks JSON");
        let id = info["id"].as_str().expect("a case has an id");
        let binary = BINARY.iter().any(|group| id.starts_with(group));
        let run = echo(&transport, url(format!("runCase?case={case}&agent={AGENT}")), binary);
        if timeout(CASE_TIMEOUT, run).await.is_err() {
            println!("{id}: no end within {CASE_TIMEOUT:?}");
        }
    }
    answer(&transport, url(format!("updateReports?agent={AGENT}"))).await;
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
    .expect("the options are good")
}

/// Runs one case: every frame goes back as it came, until the connection ends.
async fn echo(transport: &Transport, url: Secret, binary: bool) {
    let mut socket = dial(transport, &url).await.expect("the suite's server takes us");
    loop {
        for event in socket.events(true).await {
            match event {
                SocketEvent::Frame(data) if binary => socket.start(Message::Binary(data)),
                SocketEvent::Frame(data) => socket.write(data),
                SocketEvent::Alive | SocketEvent::Flushed => {}
                SocketEvent::Closed(_) => return,
            }
        }
    }
}

/// What the suite's server says before it hangs up.
async fn answer(transport: &Transport, url: Secret) -> String {
    let mut socket = dial(transport, &url).await.expect("the suite's server takes us");
    let mut said = String::new();
    loop {
        for event in socket.events(true).await {
            match event {
                SocketEvent::Frame(data) => said.push_str(&String::from_utf8_lossy(&data)),
                SocketEvent::Alive | SocketEvent::Flushed => {}
                SocketEvent::Closed(_) => return said,
            }
        }
    }
}
