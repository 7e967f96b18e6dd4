//! The bookkeeping of pings: when one is due, which ones wait for their pong, and the latency.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use crate::session::config::Config;
use crate::session::ids::{CallId, MessageId};

/// Decides when a ping is due, and remembers the pings that wait for their pong.
///
/// Slack's RTM pings are messages with an id, and a pong is the reply to it. There are two kinds: those of the
/// keepalive, whose only purpose is that something arrives, and those of `ping()`, each of which settles a call.
#[derive(Debug)]
pub(in crate::session) struct Keepalive {
    /// `clientPingTimeout`. `None` turns the keepalive off; `ping()` still works.
    ping_timeout: Option<Duration>,
    /// `serverPongTimeout`
    pong_timeout: Duration,
    /// When a frame was last handed to the socket.
    last_outgoing: Instant,
    /// When something last arrived.
    last_incoming: Instant,
    /// The keepalive's last ping, until its pong arrives.
    ping: Option<SentPing>,
    /// The pings of `ping()`, in the order of their ids and deadlines.
    user_pings: VecDeque<UserPing>,
    /// The round-trip time of the last ping that was answered.
    latency: Option<Duration>,
}

#[derive(Debug)]
struct SentPing {
    id: MessageId,
    sent_at: Instant,
}

#[derive(Debug)]
struct UserPing {
    ping: SentPing,
    call: CallId,
    /// When the call is rejected. `None` if that is later than an `Instant` can be.
    deadline: Option<Instant>,
}

/// A `ping()` whose pong has arrived.
#[derive(Debug, PartialEq, Eq)]
pub(in crate::session) struct AnsweredPing {
    pub(in crate::session) call: CallId,
    pub(in crate::session) round_trip: Duration,
}

impl Keepalive {
    pub(in crate::session) fn new(config: &Config, now: Instant) -> Self {
        Self {
            ping_timeout: config.client_ping_timeout,
            pong_timeout: config.server_pong_timeout,
            last_outgoing: now,
            last_incoming: now,
            ping: None,
            user_pings: VecDeque::new(),
            latency: None,
        }
    }

    /// A connection is `ready`: both directions count as active now.
    pub(in crate::session) fn start(&mut self, now: Instant) {
        self.last_outgoing = now;
        self.last_incoming = now;
    }

    /// Whether pings are sent without `ping()`.
    pub(in crate::session) fn is_on(&self) -> bool {
        self.ping_timeout.is_some()
    }

    pub(in crate::session) fn pong_timeout(&self) -> Duration {
        self.pong_timeout
    }

    pub(in crate::session) fn latency(&self) -> Option<Duration> {
        self.latency
    }

    /// A frame was handed to the socket.
    pub(in crate::session) fn frame_sent(&mut self, now: Instant) {
        self.last_outgoing = now;
    }

    /// Something arrived.
    pub(in crate::session) fn activity(&mut self, now: Instant) {
        self.last_incoming = now;
    }

    /// When the next ping is due: when either direction has been silent for `clientPingTimeout`.
    ///
    /// Outgoing silence counts as in `@slack/rtm-api`. Incoming silence counts, too, because a half-open connection
    /// accepts everything that is written to it: a bot that keeps sending would never notice it.
    pub(in crate::session) fn next_ping(&self) -> Option<Instant> {
        self.last_outgoing.min(self.last_incoming).checked_add(self.ping_timeout?)
    }

    /// The keepalive has sent a ping.
    pub(in crate::session) fn ping_sent(&mut self, id: MessageId, now: Instant) {
        self.ping = Some(SentPing { id, sent_at: now });
    }

    /// `ping()` has sent a ping. Its time limit begins at `reader_time`.
    pub(in crate::session) fn user_ping_sent(
        &mut self,
        id: MessageId,
        call: CallId,
        now: Instant,
        reader_time: Instant,
    ) {
        let deadline = reader_time.checked_add(self.pong_timeout);
        self.user_pings.push_back(UserPing { ping: SentPing { id, sent_at: now }, call, deadline });
    }

    /// A reply has arrived. Measures the latency if it is a pong, and returns the `ping()` that it answers.
    pub(in crate::session) fn reply(&mut self, reply_to: MessageId, now: Instant) -> Option<AnsweredPing> {
        if let Some(ping) = self.ping.take_if(|ping| ping.id == reply_to) {
            self.latency = Some(now.saturating_duration_since(ping.sent_at));
        }
        let index = self.user_pings.iter().position(|user_ping| user_ping.ping.id == reply_to)?;
        let UserPing { ping, call, .. } = self.user_pings.remove(index)?;
        let round_trip = now.saturating_duration_since(ping.sent_at);
        self.latency = Some(round_trip);
        Some(AnsweredPing { call, round_trip })
    }

    /// The connection is being closed: a late pong of the keepalive's ping measures nothing.
    pub(in crate::session) fn stop(&mut self) {
        self.ping = None;
    }

    /// The connection is gone. Returns the calls of `ping()` whose pong cannot arrive any more.
    pub(in crate::session) fn connection_lost(&mut self) -> Vec<CallId> {
        self.stop();
        self.user_pings.drain(..).map(|user_ping| user_ping.call).collect()
    }

    /// When the earliest `ping()` is rejected.
    pub(in crate::session) fn next_deadline(&self) -> Option<Instant> {
        self.user_pings.front()?.deadline
    }

    /// Takes one `ping()` whose deadline has passed.
    pub(in crate::session) fn take_overdue(&mut self, now: Instant) -> Option<CallId> {
        let deadline = self.next_deadline()?;
        if deadline > now {
            return None;
        }
        self.user_pings.pop_front().map(|user_ping| user_ping.call)
    }

    /// The deadlines of all `ping()`s.
    pub(in crate::session) fn deadlines(&mut self) -> impl Iterator<Item = &mut Option<Instant>> {
        self.user_pings.iter_mut().map(|user_ping| &mut user_ping.deadline)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// With a ping timeout of 6 s and a pong timeout of 4 s, the defaults.
    #[expect(clippy::disallowed_methods, reason = "any instant will do")]
    fn keepalive() -> (Keepalive, impl Fn(u64) -> Instant) {
        let start = Instant::now();
        let at = move |seconds| start + Duration::from_secs(seconds);
        (Keepalive::new(&Config::default(), start), at)
    }

    #[test]
    fn a_ping_is_due_when_one_of_the_directions_has_been_silent() {
        let (mut keepalive, at) = keepalive();
        keepalive.start(at(10));
        assert_eq!(keepalive.next_ping(), Some(at(16)));
        keepalive.frame_sent(at(12));
        assert_eq!(keepalive.next_ping(), Some(at(16)), "nothing has arrived since");
        keepalive.activity(at(13));
        assert_eq!(keepalive.next_ping(), Some(at(18)), "nothing was sent since");
    }

    #[test]
    fn no_ping_is_due_without_a_ping_timeout_or_with_one_beyond_all_times() {
        let (_, at) = keepalive();
        for client_ping_timeout in [None, Some(Duration::MAX)] {
            let config = Config { client_ping_timeout, ..Config::default() };
            assert_eq!(Keepalive::new(&config, at(0)).next_ping(), None);
        }
    }

    #[test]
    fn the_pong_of_a_ping_measures_the_latency_once() {
        let (mut keepalive, at) = keepalive();
        keepalive.ping_sent(MessageId(7), at(1));
        assert_eq!(keepalive.reply(MessageId(6), at(2)), None);
        assert_eq!(keepalive.latency(), None);
        assert_eq!(keepalive.reply(MessageId(7), at(3)), None);
        assert_eq!(keepalive.latency(), Some(Duration::from_secs(2)));
        keepalive.reply(MessageId(7), at(9));
        assert_eq!(keepalive.latency(), Some(Duration::from_secs(2)));
    }

    #[test]
    fn a_lost_connection_forgets_its_pings() {
        let (mut keepalive, at) = keepalive();
        keepalive.ping_sent(MessageId(7), at(1));
        keepalive.user_ping_sent(MessageId(8), CallId(3), at(1), at(1));
        assert_eq!(keepalive.connection_lost(), [CallId(3)]);
        assert_eq!(keepalive.reply(MessageId(7), at(3)), None);
        assert_eq!(keepalive.reply(MessageId(8), at(3)), None);
        assert_eq!((keepalive.latency(), keepalive.next_deadline()), (None, None));
    }

    #[test]
    fn pongs_settle_the_calls_of_their_pings_in_any_order() {
        let (mut keepalive, at) = keepalive();
        for number in 1..=3_u32 {
            keepalive.user_ping_sent(
                MessageId(number.into()),
                CallId(number),
                at(number.into()),
                at(number.into()),
            );
        }
        let answered = AnsweredPing { call: CallId(2), round_trip: Duration::from_secs(2) };
        assert_eq!(keepalive.reply(MessageId(2), at(4)), Some(answered));
        assert_eq!(keepalive.next_deadline(), Some(at(5)));
        assert_eq!(keepalive.take_overdue(at(4)), None);
        assert_eq!(keepalive.take_overdue(at(9)), Some(CallId(1)));
        assert_eq!(keepalive.take_overdue(at(9)), Some(CallId(3)));
        assert_eq!(keepalive.take_overdue(at(9)), None);
    }

    #[test]
    fn the_time_limit_of_a_ping_begins_at_the_reader_time() {
        let (mut keepalive, at) = keepalive();
        keepalive.user_ping_sent(MessageId(1), CallId(1), at(9), at(2));
        assert_eq!(keepalive.next_deadline(), Some(at(6)));
        keepalive.deadlines().for_each(|deadline| *deadline = Some(at(20)));
        assert_eq!(keepalive.next_deadline(), Some(at(20)));
    }
}
