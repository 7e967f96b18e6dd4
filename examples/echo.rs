//! An echo bot in Rust, without Node: repeats every message, and exits after the message "goodbye".
//!
//! ```text
//! npm run example -- echo.rs                           with a local workspace
//! SLACK_BOT_TOKEN=xoxb-… cargo run --example echo      with Slack
//! ```
//!
//! A client is a task on a tokio runtime. The bot sends inputs through the client's [`Handle`]. The client delivers events, in
//! order, to a [`Host`], which here passes them to `main` through a channel.

use std::env;
use std::error::Error;
use std::future::pending;
use std::pin::pin;
use std::process::{ExitCode, exit};
use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};
use slack_rtm_native::driver::{Handle, Host, TlsConfig, Transport, TransportConfig, runtime, spawn};
use slack_rtm_native::session::{CallId, Config, Delivery, Event, Input, LogLevel, Message, Outcome, Secret};
use tokio::signal::ctrl_c;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

/// The client's end of the channel to `main`.
struct Channel(UnboundedSender<Delivery>);

impl Host for Channel {
    fn deliver(&mut self, delivery: Delivery) {
        // An error means that `main` has ended.
        let _ = self.0.send(delivery);
    }

    /// Called after a bug in the library. The process manager restarts the bot.
    fn crashed(&mut self, message: &str) {
        eprintln!("the client crashed: {message}");
        exit(1);
    }

    fn flush(&mut self) {}

    /// Backpressure: a slow bot returns true while too much is waiting. The client then stops reading the socket until `wait_for_room`
    /// returns.
    fn is_full(&self) -> bool {
        false
    }

    async fn wait_for_room(&mut self) {
        pending::<()>().await;
    }
}

/// The bot: its client, its user id, and the number of the last call.
struct Bot {
    client: Handle,
    user_id: String,
    calls: CallId,
}

impl Bot {
    /// Returns the number of the next call. The delivery with its outcome has this number.
    fn call(&mut self) -> CallId {
        self.calls.0 += 1;
        self.calls
    }

    fn say(&mut self, text: &str, channel: &str) -> Result<(), Box<dyn Error>> {
        let message = json!({ "channel": channel, "text": text, "type": "message" });
        let message = Message::new(message.to_string())?;
        let call = self.call();
        Ok(self.client.input(Input::Enqueue { call, await_reply: true, message })?)
    }

    fn leave(&mut self) -> Result<(), Box<dyn Error>> {
        let call = self.call();
        Ok(self.client.input(Input::Disconnect { call })?)
    }

    /// Handles a delivery. Returns true if it was the last one.
    fn on_delivery(&mut self, delivery: Delivery) -> Result<bool, Box<dyn Error>> {
        match delivery {
            Delivery::Event(Event::Authenticated(response)) => self.user_id.clone_from(&response.user_id),
            Delivery::Event(Event::Ready) => println!("connected as {}", self.user_id),
            Delivery::Event(Event::Disconnected(None)) => return Ok(true),
            Delivery::Event(Event::Disconnected(Some(failure))) => return Err(failure.into()),
            Delivery::Frame { data, head, .. } if head.event_type.text(&data) == Some("message") => {
                self.on_message(&serde_json::from_slice(&data)?)?;
            }
            Delivery::Settle { outcome: Outcome::Failed(failure), .. } => eprintln!("{failure}"),
            Delivery::Log { level, text } => eprintln!("{level:?}: {text}"),
            _ => {}
        }
        Ok(false)
    }

    fn on_message(&mut self, event: &Value) -> Result<(), Box<dyn Error>> {
        let (Some(text), Some(channel)) = (event["text"].as_str(), event["channel"].as_str()) else {
            return Ok(());
        };
        if event["user"] == self.user_id.as_str() || event.get("subtype").is_some() {
            return Ok(());
        }
        self.say(&format!("You said: {text}"), channel)?;
        if text == "goodbye" { self.leave() } else { Ok(()) }
    }
}

/// Creates a client that is not started yet, and the receiver of its deliveries.
fn connect(token: String, api_url: String) -> Result<(Handle, UnboundedReceiver<Delivery>), Box<dyn Error>> {
    let config =
        Config { secure_only: api_url.starts_with("https:"), log_level: LogLevel::Warn, ..Config::default() };
    let transport = TransportConfig {
        api_url,
        method: "rtm.connect".to_owned(),
        token: Secret(token),
        user_agent: concat!("slack-rtm-native/", env!("CARGO_PKG_VERSION")).to_owned(),
        headers: Vec::new(),
        request_timeout: Some(Duration::from_secs(30)),
        max_frame_bytes: 128 * 1024 * 1024,
        tls: TlsConfig::default(),
        proxy: None,
        agent: None,
        web_client: None,
    };
    // The jitter of pauses must differ between processes.
    let seed = fastrand::u64(..);
    let (sender, deliveries) = unbounded_channel();
    let transport = Arc::new(Transport::new(transport)?);
    Ok((spawn(runtime()?, config, transport, seed, Channel(sender)), deliveries))
}

async fn run(token: String, api_url: String) -> Result<(), Box<dyn Error>> {
    let (client, mut deliveries) = connect(token, api_url)?;
    let mut bot = Bot { client, user_id: String::new(), calls: CallId(0) };
    let call = bot.call();
    bot.client.input(Input::Start { call, options: Arc::from("") })?;
    let mut shutdown = pin!(shutdown_signal());
    let mut is_leaving = false;
    loop {
        tokio::select! {
            delivery = deliveries.recv() => {
                let was_last = delivery.map_or(Ok(true), |delivery| bot.on_delivery(delivery))?;
                if was_last {
                    return Ok(());
                }
            }
            signal = &mut shutdown, if !is_leaving => {
                signal?;
                is_leaving = true;
                bot.leave()?;
            }
        }
    }
}

/// Waits for Ctrl-C or SIGTERM.
async fn shutdown_signal() -> std::io::Result<()> {
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        let mut terminate = signal(SignalKind::terminate())?;
        tokio::select! {
            result = ctrl_c() => result,
            _ = terminate.recv() => Ok(()),
        }
    }
    #[cfg(not(unix))]
    ctrl_c().await
}

fn main() -> ExitCode {
    let start = || -> Result<(), Box<dyn Error>> {
        let token = env::var("SLACK_BOT_TOKEN").map_err(|_| "set SLACK_BOT_TOKEN to the token of a bot")?;
        let api_url = env::var("SLACK_API_URL").unwrap_or_else(|_| "https://slack.com/api/".to_owned());
        runtime()?.block_on(run(token, api_url))
    };
    match start() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("stopped: {error}");
            ExitCode::FAILURE
        }
    }
}
