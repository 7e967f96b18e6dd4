//! The connection in progress: its id, its server and its age.

use std::time::{Duration, Instant};

use super::ids::ConnectionId;
use super::redact::server_name;
use super::text::format_duration;

/// The connect call or the socket in progress, and what is known about the last socket.
#[derive(Debug)]
pub(super) struct Connection {
    /// The connect call or socket in progress.
    current: Option<ConnectionId>,
    last_id: ConnectionId,
    /// The server of the last socket, for messages: the host name, and the port if the URL has one.
    server: String,
    /// When the last socket began to open.
    opening_since: Instant,
    /// When `hello` arrived on the current socket.
    hello_at: Option<Instant>,
}

impl Connection {
    pub(super) fn new(now: Instant) -> Self {
        Self {
            current: None,
            last_id: ConnectionId::default(),
            server: String::new(),
            opening_since: now,
            hello_at: None,
        }
    }

    /// Begins a new connection with its connect call, and returns its id.
    pub(super) fn begin(&mut self) -> ConnectionId {
        self.last_id = self.last_id.next();
        self.current = Some(self.last_id);
        self.hello_at = None;
        self.last_id
    }

    /// The connect call succeeded, and the socket at `url` begins to open.
    pub(super) fn opening(&mut self, url: &str, now: Instant) {
        server_name(url).clone_into(&mut self.server);
        self.opening_since = now;
    }

    /// `hello` has arrived.
    pub(super) fn hello_arrived(&mut self, now: Instant) {
        self.hello_at = Some(now);
    }

    /// Ends the connection, so that its late inputs are ignored. Returns whether there was one.
    pub(super) fn end(&mut self) -> bool {
        self.current.take().is_some()
    }

    /// Whether `id` is the connection in progress.
    pub(super) fn is_current(&self, id: ConnectionId) -> bool {
        self.current == Some(id)
    }

    /// The server of the last socket. Empty before the first one.
    pub(super) fn server(&self) -> &str {
        &self.server
    }

    /// The time since `hello`. `None` before it.
    pub(super) fn time_since_hello(&self, now: Instant) -> Option<Duration> {
        self.hello_at.map(|since| now.saturating_duration_since(since))
    }

    /// The age of the connection as words, for example `12 s after hello`.
    pub(super) fn describe_age(&self, now: Instant) -> String {
        let (age, since) = match self.time_since_hello(now) {
            Some(age) => (age, "hello"),
            None => (now.saturating_duration_since(self.opening_since), "connecting began"),
        };
        format!("{} after {since}", format_duration(age))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[expect(clippy::disallowed_methods, reason = "any instant will do")]
    fn the_age_is_counted_from_hello_on_the_current_socket() {
        let start = Instant::now();
        let after = |millis| start + Duration::from_millis(millis);
        let mut connection = Connection::new(start);
        connection.begin();
        connection.opening("wss://slack.test:8443/t1cket", after(1000));
        assert_eq!(connection.server(), "slack.test:8443");
        assert_eq!(connection.describe_age(after(1500)), "500 ms after connecting began");
        connection.hello_arrived(after(2000));
        assert_eq!(connection.describe_age(after(14_000)), "12 s after hello");
        connection.begin();
        assert_eq!(connection.time_since_hello(after(14_000)), None);
    }

    #[test]
    #[expect(clippy::disallowed_methods, reason = "any instant will do")]
    fn an_ended_connection_is_never_current_again() {
        let mut connection = Connection::new(Instant::now());
        let first = connection.begin();
        assert!(connection.is_current(first));
        assert!(connection.end() && !connection.end());
        assert!(!connection.is_current(first));
        let second = connection.begin();
        assert!(connection.is_current(second) && !connection.is_current(first));
    }
}
