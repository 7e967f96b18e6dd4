//! Names to addresses. Owns the look-up and its error, which both the connect call and the socket need to tell apart
//! from others.

use std::io;
use std::net::SocketAddr;

use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use tokio::net::lookup_host;

/// A host without an address.
#[derive(Debug, thiserror::Error)]
#[error("the name {host} cannot be resolved ({reason})")]
pub(super) struct DnsError {
    host: String,
    reason: io::Error,
}

/// The system's resolver for the HTTP client.
#[derive(Debug)]
pub(super) struct Resolver;

impl Resolve for Resolver {
    fn resolve(&self, name: Name) -> Resolving {
        Box::pin(async move {
            let addresses = lookup(name.as_str(), 0).await?;
            Ok(Box::new(addresses.into_iter()) as Addrs)
        })
    }
}

/// All addresses of a host.
pub(super) async fn lookup(host: &str, port: u16) -> Result<Vec<SocketAddr>, DnsError> {
    let error = |reason| DnsError { host: host.to_owned(), reason };
    let addresses: Vec<_> = lookup_host((host, port)).await.map_err(error)?.collect();
    if addresses.is_empty() { Err(error(io::ErrorKind::NotFound.into())) } else { Ok(addresses) }
}
