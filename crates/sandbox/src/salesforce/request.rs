//! Reading requests: parameters, the address the client used, and one data call ready to be served.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use bytes::Bytes;
use http::{HeaderMap, Method, header};
use serde::de::DeserializeOwned;
use url::form_urlencoded;

use super::error::ApiError;
use crate::world::Actor;

/// Form or query parameters in the order sent; the first of a name counts.
#[derive(Clone, Debug, Default)]
pub(crate) struct Parameters(Vec<(String, String)>);

impl Parameters {
    /// Reads `a=1&b=2`, as a query string or a form body carries it.
    pub(crate) fn parse(encoded: &[u8]) -> Self {
        Self(form_urlencoded::parse(encoded).into_owned().collect())
    }

    /// Adds client credentials sent as HTTP Basic.
    pub(super) fn with_basic_client(mut self, headers: &HeaderMap) -> Self {
        if let Some((id, secret)) = basic(headers) {
            self.0.push(("client_id".to_owned(), id));
            self.0.push(("client_secret".to_owned(), secret));
        }
        self
    }

    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        self.0
            .iter()
            .find(|(key, _)| key == name)
            .map(|(_, value)| value.as_str())
    }

    pub(crate) fn pairs(&self) -> &[(String, String)] {
        &self.0
    }
}

fn basic(headers: &HeaderMap) -> Option<(String, String)> {
    let text = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    let decoded = String::from_utf8(STANDARD.decode(text.strip_prefix("Basic ")?).ok()?).ok()?;
    let (id, secret) = decoded.split_once(':')?;
    Some((id.to_owned(), secret.to_owned()))
}

/// The token of `Authorization: Bearer` or `OAuth`.
pub(super) fn access_token(headers: &HeaderMap) -> Option<&str> {
    let (scheme, token) = headers
        .get(header::AUTHORIZATION)?
        .to_str()
        .ok()?
        .split_once(' ')?;
    let known = scheme.eq_ignore_ascii_case("bearer") || scheme.eq_ignore_ascii_case("oauth");
    known.then(|| token.trim())
}

/// A header as text, absent when it is not text.
pub(super) fn header_text<'h>(headers: &'h HeaderMap, name: &str) -> Option<&'h str> {
    headers.get(name)?.to_str().ok()
}

/// The `client` of `Sforce-Call-Options: client=<name>[, defaultNamespace=<ns>]`.
pub(super) fn client_name(headers: &HeaderMap) -> &str {
    let options = header_text(headers, "sforce-call-options").unwrap_or_default();
    options
        .split(',')
        .find_map(|option| option.trim().strip_prefix("client="))
        .unwrap_or_default()
}

/// One call of the data API, from the wire or from inside a composite request.
#[derive(Clone, Debug)]
pub(super) struct Call {
    /// Major API version: 62 for `v62.0`.
    pub(super) version: u32,
    /// The method, after `?_HttpMethod=`; never HEAD.
    pub(super) method: Method,
    /// Decoded path segments after `/services/data/vXX.0`.
    pub(super) segments: Vec<String>,
    pub(super) parameters: Parameters,
    pub(super) headers: HeaderMap,
    pub(super) body: Bytes,
    /// Whose session it is.
    pub(super) actor: Actor,
}

impl Call {
    /// Reads a target such as `/services/data/v62.0/query?q=...`; blanks in it are allowed, as composite allows them.
    pub(super) fn new(
        method: Method,
        target: &str,
        headers: HeaderMap,
        body: Bytes,
        actor: Actor,
    ) -> Result<Self, ApiError> {
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        let mut rest = path
            .strip_prefix("/services/data/")
            .unwrap_or_default()
            .splitn(2, '/');
        let version = version(rest.next().unwrap_or_default()).ok_or_else(ApiError::not_found)?;
        let segments = path_segments(rest.next().unwrap_or_default());
        let parameters = Parameters::parse(query.as_bytes());
        let method = effective_method(method, &parameters)?;
        Ok(Self {
            version,
            method,
            segments,
            parameters,
            headers,
            body,
            actor,
        })
    }

    pub(super) fn header(&self, name: &str) -> Option<&str> {
        header_text(&self.headers, name)
    }

    /// The path all resources of this version start with; those of the Tooling API are one level deeper.
    pub(super) fn base(&self) -> String {
        let deeper = if self.is_tooling() { "/tooling" } else { "" };
        format!("/services/data/v{}.0{deeper}", self.version)
    }

    /// Whether it came to the Tooling API.
    pub(super) fn is_tooling(&self) -> bool {
        self.segments
            .first()
            .is_some_and(|first| first == "tooling")
    }

    /// The body as JSON of the given shape.
    pub(super) fn json<T: DeserializeOwned>(&self) -> Result<T, ApiError> {
        self.require_json()?;
        serde_json::from_slice(&self.body).map_err(|error| {
            let message = format!(
                "{error} at [line:{}, column:{}]",
                error.line(),
                error.column()
            );
            ApiError::bad_request("JSON_PARSER_ERROR", message)
        })
    }

    fn require_json(&self) -> Result<(), ApiError> {
        let content_type = self.header("content-type").unwrap_or("application/json");
        let media_type = content_type.split(';').next().unwrap_or_default().trim();
        if !media_type.eq_ignore_ascii_case("application/json") {
            let message =
                format!("Content type '{media_type}' is not supported. Use application/json.");
            return Err(ApiError::new(
                http::StatusCode::UNSUPPORTED_MEDIA_TYPE,
                "UNSUPPORTED_MEDIA_TYPE",
                message,
            ));
        }
        if self.body.is_empty() {
            let message = "The HTTP entity body is required, but this request has no entity body.";
            return Err(ApiError::bad_request("JSON_PARSER_ERROR", message));
        }
        Ok(())
    }

    /// A parameter that has to be there.
    pub(super) fn required(&self, name: &str) -> Result<&str, ApiError> {
        self.parameters
            .get(name)
            .filter(|value| !value.is_empty())
            .ok_or_else(|| {
                ApiError::bad_request(
                    "MISSING_ARGUMENT",
                    format!("Missing required parameter: {name}"),
                )
            })
    }

    /// A boolean parameter, false when absent.
    pub(super) fn flag(&self, name: &str) -> bool {
        self.parameters
            .get(name)
            .is_some_and(|value| value.eq_ignore_ascii_case("true"))
    }
}

/// Clients that cannot send PATCH send POST with `?_HttpMethod=PATCH`. HEAD is GET until the body is dropped.
fn effective_method(method: Method, parameters: &Parameters) -> Result<Method, ApiError> {
    if method == Method::HEAD {
        return Ok(Method::GET);
    }
    let Some(name) = parameters
        .get("_HttpMethod")
        .filter(|_| method == Method::POST)
    else {
        return Ok(method);
    };
    name.to_ascii_uppercase()
        .parse()
        .map_err(|_| ApiError::method_not_allowed(name, "GET,HEAD,POST,PATCH,DELETE"))
}

fn version(segment: &str) -> Option<u32> {
    super::versions::named(segment.strip_prefix('v')?)
}

/// The decoded segments of a path, empty ones left out.
pub(crate) fn path_segments(path: &str) -> Vec<String> {
    let segments = path.split('/').filter(|part| !part.is_empty());
    segments.map(decode).collect()
}

/// Percent-decodes one path segment, where the marks of forms (`+`, `&`, `=`) are ordinary characters.
fn decode(segment: &str) -> String {
    let protected = segment
        .replace('+', "%2B")
        .replace('&', "%26")
        .replace('=', "%3D");
    form_urlencoded::parse(protected.as_bytes())
        .map(|(name, _)| name.into_owned())
        .collect()
}
