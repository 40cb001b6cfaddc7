//! Moving one request and its answer, and the two ways in which that fails.
//!
//! The difference between [`TransportError::NotSent`] and [`TransportError::Lost`] is what the safety
//! of every write rests on: after the former a repetition is harmless, after the latter nobody knows.
//! In doubt an error is `Lost`. This module does not retry, follow redirects or look into bodies.

use ::http::{Request, Response, Uri};
use async_trait::async_trait;
use bytes::{Bytes, BytesMut};
use std::error::Error;
use std::sync::Once;
use std::time::Duration;
use tandem_core::connector::Failure;
use tandem_core::error::ErrorClass;
use url::{Host, Url};

/// Sends one request. Implementations may be called concurrently.
#[async_trait]
pub trait Transport: Send + Sync {
    /// Sends the request and reads the whole answer, whatever its status.
    ///
    /// # Errors
    /// [`TransportError::NotSent`] only where not a byte of the request can have reached the server.
    async fn send(&self, request: Request<Bytes>) -> Result<Response<Bytes>, TransportError>;
}

/// Why there is no answer. The texts hold neither URLs nor headers.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum TransportError {
    /// The request certainly did not reach the server.
    #[error("the server could not be reached: {0}")]
    NotSent(String),
    /// The request may have been carried out.
    #[error("the answer was lost: {0}")]
    Lost(String),
}

impl From<TransportError> for Failure {
    fn from(error: TransportError) -> Self {
        let class = match error {
            TransportError::NotSent(_) => ErrorClass::NotSent,
            TransportError::Lost(_) => ErrorClass::AnswerLost,
        };
        Self::new(class, error.to_string())
    }
}

/// An address that tokens may not be sent to.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("“{0}” is not an https address (plain http is allowed to this machine only)")]
pub struct UnsafeAddress(String);

/// Checks that an address is https, or plain http to a loopback host.
///
/// # Errors
/// [`UnsafeAddress`] for anything else, including what is not an address.
pub fn check_address(address: &str) -> Result<Url, UnsafeAddress> {
    let refused = || UnsafeAddress(address.chars().take(200).collect());
    let url = Url::parse(address).map_err(|_| refused())?;
    let loopback = match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(ip)) => ip.is_loopback(),
        Some(Host::Ipv6(ip)) => ip.is_loopback(),
        None => return Err(refused()),
    };
    match url.scheme() {
        "https" => Ok(url),
        "http" if loopback => Ok(url),
        _ => Err(refused()),
    }
}

/// Bounds of one request.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct HttpLimits {
    /// Longest wait for a connection; beyond it the request is not sent.
    pub connect_timeout_seconds: u64,
    /// Longest wait for the whole answer; beyond it the answer is lost.
    pub request_timeout_seconds: u64,
    /// Largest answer after decompression; a larger one is lost. Five pages of wide records are tens
    /// of megabytes, and a page that is too large once is too large for ever.
    pub response_bytes_max: usize,
}

impl Default for HttpLimits {
    fn default() -> Self {
        Self {
            connect_timeout_seconds: 10,
            request_timeout_seconds: 150,
            response_bytes_max: 256 * 1024 * 1024,
        }
    }
}

/// The network: HTTP/1.1 and HTTP/2 over TLS, compressed answers, pooled connections.
#[derive(Clone, Debug)]
pub struct ReqwestTransport {
    client: reqwest::Client,
    response_bytes_max: usize,
}

impl ReqwestTransport {
    /// A transport with these bounds. Proxies are taken from the usual environment variables.
    ///
    /// # Errors
    /// [`TransportError::NotSent`] when the machine's TLS set-up can't be read.
    pub fn new(limits: HttpLimits) -> Result<Self, TransportError> {
        install_tls_provider();
        let client = reqwest::Client::builder()
            .connect_timeout(Duration::from_secs(limits.connect_timeout_seconds))
            .timeout(Duration::from_secs(limits.request_timeout_seconds))
            .redirect(reqwest::redirect::Policy::none())
            .gzip(true)
            .build()
            .map_err(|error| TransportError::NotSent(describe(error)))?;
        Ok(Self {
            client,
            response_bytes_max: limits.response_bytes_max,
        })
    }

    async fn read(&self, mut answer: reqwest::Response) -> Result<Response<Bytes>, TransportError> {
        let mut body = BytesMut::new();
        while let Some(chunk) = answer.chunk().await.map_err(lost)? {
            if body.len() + chunk.len() > self.response_bytes_max {
                let max = self.response_bytes_max;
                return Err(TransportError::Lost(format!(
                    "it is larger than {max} bytes"
                )));
            }
            body.extend_from_slice(&chunk);
        }
        let mut response = Response::new(body.freeze());
        *response.status_mut() = answer.status();
        *response.headers_mut() = std::mem::take(answer.headers_mut());
        Ok(response)
    }
}

#[async_trait]
impl Transport for ReqwestTransport {
    async fn send(&self, request: Request<Bytes>) -> Result<Response<Bytes>, TransportError> {
        check_target(request.uri())?;
        let request = reqwest::Request::try_from(request)
            .map_err(|error| TransportError::NotSent(describe(error)))?;
        let answer = self.client.execute(request).await.map_err(|error| {
            if error.is_connect() || error.is_builder() {
                TransportError::NotSent(describe(error))
            } else {
                lost(error)
            }
        })?;
        self.read(answer).await
    }
}

fn check_target(uri: &Uri) -> Result<(), TransportError> {
    check_address(&uri.to_string())
        .map(drop)
        .map_err(|error| TransportError::NotSent(error.to_string()))
}

fn lost(error: reqwest::Error) -> TransportError {
    TransportError::Lost(describe(error))
}

/// The error and its causes in one line, without the address.
fn describe(error: reqwest::Error) -> String {
    let error = error.without_url();
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(inner) = cause {
        text.push_str(": ");
        text.push_str(&inner.to_string());
        cause = inner.source();
    }
    text
}

/// TLS needs one cryptography provider per process; where the program already chose one, it stays.
fn install_tls_provider() {
    static INSTALL: Once = Once::new();
    INSTALL.call_once(|| {
        if rustls::crypto::ring::default_provider()
            .install_default()
            .is_err()
        {
            tracing::debug!("a TLS provider was installed before");
        }
    });
}

#[cfg(test)]
mod tests;
