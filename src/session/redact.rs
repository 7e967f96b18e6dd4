//! Keeps secrets out of log lines: the ticket in a socket's URL. Owns the one rule for it.

/// Replaces the path of every `ws:` and `wss:` URL in a text, also in its JSON-escaped form, by `…`: the path is the
/// ticket that opens the socket.
pub(crate) fn redact(text: &str) -> String {
    let mut clean = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((start, authority)) = find_socket_url(rest) {
        let end = rest[authority..]
            .find(|c: char| c == '"' || c.is_whitespace())
            .map_or(rest.len(), |length| authority + length);
        let host = rest[authority..end].find(['/', '\\', '?', '#']).map_or(end, |length| authority + length);
        let host_start = rest[authority..host].rfind('@').map_or(authority, |length| authority + length + 1);
        clean.push_str(&rest[..start]);
        clean.push_str(&rest[start..authority]);
        clean.push_str(&rest[host_start..host]);
        if host < end {
            clean.push_str("/…");
        }
        rest = &rest[end..];
    }
    clean.push_str(rest);
    clean
}

/// Where the next socket URL begins, and where its authority does.
fn find_socket_url(text: &str) -> Option<(usize, usize)> {
    ["ws://", "wss://", r"ws:\/\/", r"wss:\/\/"]
        .iter()
        .filter_map(|scheme| text.find(scheme).map(|start| (start, start + scheme.len())))
        .min_by_key(|(start, authority)| (*authority, *start))
}

#[cfg(test)]
mod tests {
    use super::redact;

    #[test]
    fn tickets_vanish() {
        assert_eq!(
            redact("open wss://a.slack.com:443/websocket/t1cket?x=1 now"),
            "open wss://a.slack.com:443/… now"
        );
        assert_eq!(
            redact(r#"{"url":"wss:\/\/u:p@h\/t1cket","b":"ws://h2/t2"}"#),
            r#"{"url":"wss:\/\/h/…","b":"ws://h2/…"}"#
        );
        assert_eq!(redact("ws://h?t1cket"), "ws://h/…");
    }

    #[test]
    fn other_text_stays() {
        for text in ["", "no url", "wss://host", "https://slack.com/api/", "news: a/b"] {
            assert_eq!(redact(text), text);
        }
    }
}
