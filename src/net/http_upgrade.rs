//! HTTP exchanges after which a stream speaks another protocol: the upgrade to a WebSocket, a proxy's `CONNECT`. Owns the
//! exchange; what its answer must say is for those who asked.

use std::future::pending;

use bytes::Bytes;
use http::response::Parts;
use http::{Method, Request, StatusCode};
use http_body_util::Empty;
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;

use super::stream::Stream;

/// An answer may have so many.
const MAX_HEADERS: usize = 256;

/// Sends the request and reads the answer's head; gives the stream as well where the server has switched.
pub(crate) async fn http_upgrade(
    stream: Stream,
    request: Request<Empty<Bytes>>,
) -> Result<(Parts, Option<Stream>), hyper::Error> {
    let received = stream.received();
    let is_tunnel = request.method() == Method::CONNECT;
    // WebSocket servers that look for `Sec-WebSocket-Key` by its letters are not unheard of.
    let (mut sender, connection) = http1::Builder::new()
        .title_case_headers(!is_tunnel)
        .max_headers(MAX_HEADERS)
        .handshake(TokioIo::new(stream))
        .await?;
    let exchange = async {
        let mut response = sender.send_request(request).await?;
        let status = response.status();
        let switches =
            if is_tunnel { status.is_success() } else { status == StatusCode::SWITCHING_PROTOCOLS };
        let stream = if switches {
            let upgraded = hyper::upgrade::on(&mut response).await?;
            Some(Stream::over(received, TokioIo::new(upgraded)))
        } else {
            None
        };
        Ok((response.into_parts().0, stream))
    };
    // What the connection fails with, the exchange tells, too.
    let drive = async {
        let _ = connection.with_upgrades().await;
        pending::<()>().await;
    };
    tokio::select! {
        answer = exchange => answer,
        () = drive => unreachable!("it never ends"),
    }
}
