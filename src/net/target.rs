//! The host and port of a connection.

use std::fmt;

use url::{Host, Url};

/// A host and port to connect to.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Target<'a> {
    /// A name or an address. IPv6 addresses have no brackets.
    pub(crate) host: &'a str,
    pub(crate) port: u16,
}

impl<'a> Target<'a> {
    /// The server that a URL names. Without a port in the URL, it is the default port of the scheme.
    pub(crate) fn of(url: &'a Url) -> Self {
        let host = url.host_str().unwrap_or_default();
        let host = match url.host() {
            Some(Host::Ipv6(_)) => host.trim_start_matches('[').trim_end_matches(']'),
            _ => host,
        };
        Self { host, port: url.port_or_known_default().unwrap_or_default() }
    }
}

impl fmt::Display for Target<'_> {
    /// `host:port`, with brackets around an IPv6 address.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { host, port } = self;
        if host.contains(':') {
            write!(formatter, "[{host}]:{port}")
        } else {
            write!(formatter, "{host}:{port}")
        }
    }
}
