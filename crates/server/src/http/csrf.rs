//! No other site can act through a signed-in person's browser.
//!
//! Two walls: a request that changes something is refused if the browser says that another site
//! caused it ([`same_site_only`]); and a form of ours carries a token bound to the session
//! ([`CheckedForm`]). Programs that are no browsers send neither header and no cookie.

use super::auth::SignedIn;
use super::problem::Problem;
use crate::app::App;
use axum::body::{Body, Bytes};
use axum::extract::{FromRequest, FromRequestParts, Request, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use serde::de::DeserializeOwned;

/// The name of the hidden field with [`crate::app::Actor::form_token`].
pub const FORM_TOKEN: &str = "form_token";

/// Refuses what another site caused.
pub async fn same_site_only(State(app): State<App>, request: Request, next: Next) -> Response {
    if request.method().is_safe() || own(&app, request.headers()) {
        return next.run(request).await;
    }
    Problem::new(
        StatusCode::FORBIDDEN,
        "cross-site",
        "this request came from another site; open the page here and try again",
    )
    .into_response()
}

fn own(app: &App, headers: &HeaderMap) -> bool {
    let text = |name| headers.get(name).and_then(|value| value.to_str().ok());
    if let Some(site) = text(header::HeaderName::from_static("sec-fetch-site")) {
        return matches!(site, "same-origin" | "none");
    }
    match text(header::ORIGIN) {
        None => true,
        Some(origin) => {
            let host = text(header::HOST).unwrap_or_default();
            origin == app.config().public_url()
                || origin
                    .split_once("://")
                    .is_some_and(|(_, rest)| rest == host)
        }
    }
}

/// A form of a signed-in person: the person, and the fields. Refused without the token.
#[derive(Debug)]
pub struct CheckedForm<T> {
    /// Who sent it.
    pub actor: crate::app::Actor,
    /// What it says.
    pub form: T,
}

impl<T: DeserializeOwned> FromRequest<App> for CheckedForm<T> {
    type Rejection = Response;

    async fn from_request(request: Request, app: &App) -> Result<Self, Response> {
        let (mut parts, body) = request.into_parts();
        let SignedIn(actor) = SignedIn::from_request_parts(&mut parts, app)
            .await
            .map_err(IntoResponse::into_response)?;
        let whole = Request::from_parts(parts.clone(), body);
        let bytes = Bytes::from_request(whole, app)
            .await
            .map_err(IntoResponse::into_response)?;
        let sent = url::form_urlencoded::parse(&bytes)
            .find(|(name, _)| name == FORM_TOKEN)
            .map(|(_, value)| value.into_owned());
        if sent.as_deref() != Some(actor.form_token.as_str()) {
            return Err(stale().into_response());
        }
        let again = Request::from_parts(parts, Body::from(bytes));
        let form = axum_extra::extract::Form::<T>::from_request(again, app)
            .await
            .map_err(IntoResponse::into_response)?;
        Ok(Self {
            actor,
            form: form.0,
        })
    }
}

fn stale() -> Problem {
    Problem::new(
        StatusCode::FORBIDDEN,
        "stale-form",
        "this form is from an earlier sign-in; go back, load the page again and repeat",
    )
}
