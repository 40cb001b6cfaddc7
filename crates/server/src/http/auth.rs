//! Who asks: the session cookie of browsers, the operator's token of the command line.

use super::problem::Problem;
use crate::app::session::NewSession;
use crate::app::{Actor, App, AppError};
use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{HeaderMap, Uri, header};
use axum::response::{IntoResponse, Redirect, Response};
use axum_extra::extract::cookie::{Cookie, CookieJar, SameSite};
use secrecy::{ExposeSecret as _, SecretString};
use std::net::{IpAddr, Ipv4Addr, SocketAddr};

/// The person who asks. A request of nobody is refused: pages are sent to the sign-in, programs get
/// a [`Problem`].
#[derive(Clone, Debug)]
pub struct SignedIn(pub Actor);

/// The person who asks, if anybody.
#[derive(Clone, Debug)]
pub struct MaybeSignedIn(pub Option<Actor>);

/// Where the request came from. Behind a reverse proxy on this machine, the address it adds last to
/// `X-Forwarded-For`.
#[derive(Clone, Copy, Debug)]
pub struct ClientAddress(pub IpAddr);

/// Why nobody could be found.
#[derive(Debug)]
pub struct Refusal {
    error: AppError,
    uri: Uri,
}

impl FromRequestParts<App> for MaybeSignedIn {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Refusal> {
        let refuse = |error| Refusal {
            error,
            uri: parts.uri.clone(),
        };
        if let Some(token) = bearer(&parts.headers) {
            let operator = app.operator(&token).await;
            return operator.map(|actor| Self(Some(actor))).map_err(refuse);
        }
        let jar = CookieJar::from_headers(&parts.headers);
        let Some(cookie) = jar.get(cookie_name(app)) else {
            return Ok(Self(None));
        };
        let token = SecretString::from(cookie.value());
        app.actor(&token).await.map(Self).map_err(refuse)
    }
}

impl FromRequestParts<App> for SignedIn {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Refusal> {
        let found = MaybeSignedIn::from_request_parts(parts, app).await?;
        found.0.map(Self).ok_or_else(|| Refusal {
            error: AppError::SignInNeeded("sign in first".into()),
            uri: parts.uri.clone(),
        })
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let page = !self.uri.path().starts_with("/api/");
        if page && matches!(self.error, AppError::SignInNeeded(_)) {
            let next: String = self
                .uri
                .path_and_query()
                .map(ToString::to_string)
                .unwrap_or_default();
            let query: String = url::form_urlencoded::byte_serialize(next.as_bytes()).collect();
            return Redirect::to(&format!("/sign-in?next={query}")).into_response();
        }
        Problem::from(self.error).into_response()
    }
}

impl<S: Sync> FromRequestParts<S> for ClientAddress {
    type Rejection = std::convert::Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Self::Rejection> {
        let peer = parts
            .extensions
            .get::<axum::extract::ConnectInfo<SocketAddr>>()
            .map_or(IpAddr::V4(Ipv4Addr::LOCALHOST), |info| info.0.ip());
        Ok(Self(through_proxy(peer, &parts.headers)))
    }
}

/// Only a proxy on this machine is believed, and only the entry that it added itself.
fn through_proxy(peer: IpAddr, headers: &HeaderMap) -> IpAddr {
    if !peer.is_loopback() {
        return peer;
    }
    headers
        .get_all("x-forwarded-for")
        .iter()
        .next_back()
        .and_then(|value| value.to_str().ok())
        .and_then(|list| list.rsplit(',').next())
        .and_then(|last| last.trim().parse().ok())
        .unwrap_or(peer)
}

/// Where a person goes after signing in: a path of ours, never another site.
pub fn safe_next(next: Option<&str>) -> &str {
    match next {
        Some(path)
            if path.starts_with('/')
                && !path.starts_with("//")
                && !path.contains(['\\', '\r', '\n', '\t']) =>
        {
            path
        }
        _ => "/",
    }
}

/// The cookie that hands a session to the browser.
pub fn session_cookie(app: &App, session: &NewSession) -> Cookie<'static> {
    let mut cookie = empty_cookie(app);
    cookie.set_value(session.token.expose_secret().to_owned());
    cookie.make_permanent(); // the server ends it much earlier
    cookie
}

/// The cookie that takes it back.
pub fn expired_cookie(app: &App) -> Cookie<'static> {
    let mut cookie = empty_cookie(app);
    cookie.make_removal();
    cookie
}

fn empty_cookie(app: &App) -> Cookie<'static> {
    Cookie::build((cookie_name(app), ""))
        .path("/")
        .http_only(true)
        .same_site(SameSite::Lax)
        .secure(app.config().is_https())
        .build()
}

/// With https the name itself keeps other hosts and plain http from setting it.
fn cookie_name(app: &App) -> &'static str {
    if app.config().is_https() {
        "__Host-tandem"
    } else {
        "tandem"
    }
}

fn bearer(headers: &HeaderMap) -> Option<SecretString> {
    let value = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    value.strip_prefix("Bearer ").map(SecretString::from)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_person_is_only_sent_to_pages_of_ours() {
        for (next, expected) in [
            (Some("/people?search=a"), "/people?search=a"),
            (Some("//evil.example"), "/"),
            (Some("/\\evil.example"), "/"),
            (Some("https://evil.example"), "/"),
            (Some("/\t/evil.example"), "/"),
            (None, "/"),
        ] {
            assert_eq!(safe_next(next), expected, "{next:?}");
        }
    }

    #[test]
    fn only_a_proxy_on_this_machine_is_believed() {
        let mut headers = HeaderMap::new();
        headers.insert(
            "x-forwarded-for",
            "1.1.1.1, 203.0.113.9".parse().expect("a value"),
        );
        let address = |peer: &str| through_proxy(peer.parse().expect("an address"), &headers);
        assert_eq!(address("127.0.0.1").to_string(), "203.0.113.9");
        assert_eq!(address("198.51.100.1").to_string(), "198.51.100.1");
    }
}
