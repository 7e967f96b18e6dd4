//! TCP connections.

use http::Uri;
use hyper_util::client::legacy::connect::HttpConnector;
use tower_service::Service;

use super::dns;
use super::stream::{Stream, StreamError};
use super::target::Target;

/// Connects to the first address of the host that accepts the connection. If the host has addresses of both families, hyper-util's
/// connector starts with the second family after a short delay; within a family, it tries one address after the other.
pub(crate) async fn connect(target: Target<'_>) -> Result<Stream, StreamError> {
    let uri = Uri::builder()
        .scheme("http")
        .authority(target.to_string())
        .path_and_query("/")
        .build()
        .map_err(|error| StreamError::Tcp(error.into()))?;
    let mut connector = HttpConnector::new_with_resolver(dns::Resolver);
    connector.set_nodelay(true);
    let stream = connector.call(uri).await.map_err(|error| StreamError::Tcp(error.into()))?;
    Ok(Stream::new(stream.into_inner()))
}
