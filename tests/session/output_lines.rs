//! A session's outputs as short lines, so that a test compares a whole scenario.
//!
//! | line | output |
//! |---|---|
//! | `> connect`, `> open`, `> close`, `> drop` | a request to the driver |
//! | `> hi #3`, `> ping #4` | the message `hi` is written with id 3, a ping with id 4 |
//! | `< hello`, `< reply to 3` | a frame is delivered |
//! | `connecting`, `ready`, `disconnected: websocket 1006` | a lifecycle event, with its error |
//! | `start = ok`, `hi = rejected: no reply` | the call with this label settles |

use std::time::Duration;

use slack_rtm_native::session::{ApiError, CallId, Delivery, Event, Failure, Outcome, Output, SocketError};

/// The lines of all outputs so far, with their times.
#[derive(Debug, Default)]
pub(crate) struct OutputLines {
    lines: Vec<(Duration, String)>,
    taken: usize,
}

impl OutputLines {
    pub(crate) fn push(&mut self, at: Duration, line: String) {
        self.lines.push((at, line));
    }

    /// The lines since the last call.
    pub(crate) fn take(&mut self) -> Vec<String> {
        let lines = self.lines[self.taken..].iter().map(|(_, line)| line.clone()).collect();
        self.taken = self.lines.len();
        lines
    }

    /// The times of all lines with this text, taken or not.
    pub(crate) fn times_of(&self, line: &str) -> Vec<Duration> {
        self.lines.iter().filter(|(_, other)| other == line).map(|(at, _)| *at).collect()
    }

    /// The number of all lines with this text, taken or not.
    pub(crate) fn count(&self, line: &str) -> usize {
        self.times_of(line).len()
    }
}

/// The lines of an output: none for log lines, diagnostics, `outgoing_message` and unsolicited pongs; two for a frame
/// that settles a call.
pub(crate) fn lines_of(output: &Output, labels: &[String]) -> Vec<String> {
    let label = |call: CallId| &labels[call.0 as usize];
    match output {
        Output::Connect { options, .. } => vec![format!("> connect {options}").trim_end().to_owned()],
        Output::Open { .. } => vec!["> open".to_owned()],
        Output::Write { frame } => vec![write_line(frame)],
        Output::Close => vec!["> close".to_owned()],
        Output::Drop => vec!["> drop".to_owned()],
        Output::Deliver(Delivery::Event(event)) => vec![event_line(event)],
        Output::Deliver(Delivery::Frame { data, head, reply, .. }) => {
            let frame = match (head.reply_to, head.event_type.text(data)) {
                (Some(id), _) => format!("reply to {id}"),
                (None, Some(event_type)) => event_type.to_owned(),
                (None, None) => String::from_utf8_lossy(data).into_owned(),
            };
            let settled = reply.map(|call| format!("{} = reply", label(call)));
            std::iter::once(format!("< {frame}")).chain(settled).collect()
        }
        Output::Deliver(Delivery::Settle { call, outcome }) => {
            vec![format!("{} = {}", label(*call), outcome_text(outcome))]
        }
        Output::Pong
        | Output::Deliver(Delivery::Outgoing { .. } | Delivery::Diagnostic(_) | Delivery::Log { .. }) => {
            Vec::new()
        }
    }
}

fn write_line(frame: &[u8]) -> String {
    let frame: serde_json::Value = serde_json::from_slice(frame).expect("a frame is JSON");
    let text = frame["text"].as_str().or(frame["type"].as_str()).expect("a frame has a type");
    format!("> {text} #{}", frame["id"])
}

fn event_line(event: &Event) -> String {
    match event {
        Event::Connecting => "connecting".to_owned(),
        Event::Authenticated(_) => "authenticated".to_owned(),
        Event::Connected => "connected".to_owned(),
        Event::Ready => "ready".to_owned(),
        Event::Disconnecting => "disconnecting".to_owned(),
        Event::Disconnected(None) => "disconnected".to_owned(),
        Event::Disconnected(Some(failure)) => format!("disconnected: {}", failure_text(failure)),
        Event::Reconnecting => "reconnecting".to_owned(),
        Event::UnableToRtmStart(error) => {
            format!("unable_to_rtm_start: {}", api_error_text(&error.error))
        }
        Event::Error(error) => format!("error: {}", socket_error_text(&error.error)),
    }
}

fn outcome_text(outcome: &Outcome) -> String {
    match outcome {
        Outcome::Done | Outcome::Started => "ok".to_owned(),
        Outcome::Sent(id) => format!("sent {id}"),
        Outcome::Pong(round_trip) => format!("{} ms", round_trip.as_millis()),
        Outcome::ApiResponse(response) => format!("response of {} bytes", response.body.len()),
        Outcome::Failed(failure) => format!("rejected: {}", failure_text(failure)),
    }
}

fn failure_text(failure: &Failure) -> String {
    match failure {
        Failure::SendWhileDisconnected => "send while disconnected".to_owned(),
        Failure::SendWhileNotReady => "send while not ready".to_owned(),
        Failure::NoReply(_) => "no reply".to_owned(),
        Failure::Socket(error) => socket_error_text(&error.error),
        Failure::Api(error) => api_error_text(&error.error),
        Failure::Aborted => "aborted".to_owned(),
    }
}

fn socket_error_text(error: &SocketError) -> String {
    let close = format!("websocket {} {}", error.close_code, error.reason);
    error.code.as_ref().map_or_else(|| close.trim_end().to_owned(), |code| format!("websocket {code}"))
}

fn api_error_text(error: &ApiError) -> String {
    match error {
        ApiError::Request { .. } => "request".to_owned(),
        ApiError::Http { status, .. } => format!("http {status}"),
        ApiError::RateLimited { .. } => "rate limited".to_owned(),
        ApiError::Platform { error: Some(code), .. } => code.clone(),
        ApiError::Platform { error: None, .. } => "unusable response".to_owned(),
        ApiError::WebClient { message, .. } => message.clone(),
    }
}
