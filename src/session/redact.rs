//! Removes the ticket of a socket's URL from text.
//!
//! A socket's URL contains a one-time ticket: with it, anyone can open the bot's socket. It must not reach a log line
//! or an error message, at any log level.

/// Replaces the path and the query of every `ws:` and `wss:` URL in a text by `…`, and removes its user and password.
/// URLs whose slashes are escaped as in JSON are found, too.
pub(super) fn redact(text: &str) -> String {
    let mut clean = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(authority) = find_authority(rest) {
        let end = rest[authority..]
            .find(|c: char| c == '"' || c.is_whitespace())
            .map_or(rest.len(), |length| authority + length);
        let host = rest[authority..end].find(['/', '\\', '?', '#']).map_or(end, |length| authority + length);
        let host_start = rest[authority..host].rfind('@').map_or(authority, |length| authority + length + 1);
        clean.push_str(&rest[..authority]);
        clean.push_str(&rest[host_start..host]);
        if host < end {
            clean.push_str("/…");
        }
        rest = &rest[end..];
    }
    clean.push_str(rest);
    clean
}

/// The server in a socket's URL: the host name, and the port if there is one.
pub(super) fn server_name(url: &str) -> &str {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    let authority = rest.split(['/', '\\', '?', '#']).next().unwrap_or_default();
    authority.rsplit('@').next().unwrap_or_default()
}

/// The position after the slashes of the first socket URL: that of its authority (RFC 3986, section 3.2).
fn find_authority(text: &str) -> Option<usize> {
    text.match_indices(':').find_map(|(colon, _)| {
        let scheme = text[..colon].rsplit(|c: char| !c.is_ascii_alphabetic()).next()?;
        let is_socket = ["ws", "wss"].iter().any(|known| scheme.eq_ignore_ascii_case(known));
        let first = slash(&text[colon + 1..])?;
        let second = slash(&text[colon + 1 + first..])?;
        is_socket.then_some(colon + 1 + first + second)
    })
}

/// The length of the slash at the beginning of a text, in any of the forms that JSON has for it. `None` if there is
/// none.
fn slash(text: &str) -> Option<usize> {
    ["/", r"\/", r"\u002f"]
        .iter()
        .find(|form| text.get(..form.len()).is_some_and(|start| start.eq_ignore_ascii_case(form)))
        .map(|form| form.len())
}

#[cfg(test)]
mod tests {
    use super::{redact, server_name};

    #[test]
    fn the_ticket_of_a_socket_url_is_removed() {
        assert_eq!(
            redact("open wss://a.slack.com:443/websocket/t1cket?x=1 now"),
            "open wss://a.slack.com:443/… now"
        );
        assert_eq!(
            redact(r#"{"url":"wss:\/\/u:p@h\/t1cket","b":"ws://h2/t2"}"#),
            r#"{"url":"wss:\/\/h/…","b":"ws://h2/…"}"#
        );
        assert_eq!(redact("ws://h?t1cket"), "ws://h/…");
        assert_eq!(redact(r"WSS:\u002F\u002fh\u002ft1cket WsS:/\/h"), r"WSS:\u002F\u002fh/… WsS:/\/h");
    }

    #[test]
    fn the_server_is_the_host_and_the_port() {
        for (url, server) in [
            ("wss://a.slack.com:443/websocket/t1cket?x=1", "a.slack.com:443"),
            ("ws://u:p@h?t1cket@x", "h"),
            ("wss://[::1]:80\\t1cket", "[::1]:80"),
            ("wss://h", "h"),
        ] {
            assert_eq!(server_name(url), server);
        }
    }

    #[test]
    fn other_text_does_not_change() {
        for text in ["", "no url", "wss://host", "https://slack.com/api/", "news://a/b", "ws:/a/b", "::"] {
            assert_eq!(redact(text), text);
        }
    }
}
