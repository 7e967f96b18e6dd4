//! Resolves host names to addresses with the system's resolver.

use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::vec;

use hyper_util::client::legacy::connect::dns::Name;
use reqwest::dns::{Addrs, Resolve, Resolving};
use tokio::net::lookup_host;
use tower_service::Service;

/// The host name has no address. A type of its own, because Node has its own code for it: `ENOTFOUND`.
#[derive(Debug, thiserror::Error)]
#[error("the host name {host} cannot be resolved: {reason}")]
pub(crate) struct DnsError {
    host: String,
    reason: io::Error,
}

/// The resolver in the forms that hyper's connector and reqwest need.
#[derive(Debug, Clone)]
pub(crate) struct Resolver;

impl Resolve for Resolver {
    fn resolve(&self, name: reqwest::dns::Name) -> Resolving {
        Box::pin(async move {
            let addresses: Addrs = Box::new(lookup(name.as_str(), 0).await?.into_iter());
            Ok(addresses)
        })
    }
}

impl Service<Name> for Resolver {
    type Response = vec::IntoIter<SocketAddr>;
    type Error = DnsError;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, DnsError>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), DnsError>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, name: Name) -> Self::Future {
        Box::pin(async move { Ok(lookup(name.as_str(), 0).await?.into_iter()) })
    }
}

/// All addresses of a host: at least one.
pub(crate) async fn lookup(host: &str, port: u16) -> Result<Vec<SocketAddr>, DnsError> {
    let error = |reason| DnsError { host: host.to_owned(), reason };
    let addresses: Vec<_> = lookup_host((host, port)).await.map_err(error)?.collect();
    if addresses.is_empty() { Err(error(io::ErrorKind::NotFound.into())) } else { Ok(addresses) }
}
