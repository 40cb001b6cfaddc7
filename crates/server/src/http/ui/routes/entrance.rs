//! Set-up, signing in and out, and the choice of colours.

use super::visitor::{THEME_COOKIE, shown_in_form, theme};
use super::{PageResult, refused};
use crate::app::session::SignIn;
use crate::app::setup::SetUp;
use crate::app::{Actor, App};
use crate::http::auth::{ClientAddress, MaybeSignedIn, expired_cookie, safe_next, session_cookie};
use crate::http::csrf::CheckedForm;
use crate::http::problem::Problem;
use crate::http::ui::pages::{setup, sign_in};
use crate::http::ui::parts::layout::Theme;
use axum::Router;
use axum::extract::{Query, State};
use axum::http::{HeaderMap, header};
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::{get, post};
use axum_extra::extract::Form;
use axum_extra::extract::cookie::{Cookie, CookieJar, SameSite};
use serde::Deserialize;

pub(super) fn routes() -> Router<App> {
    Router::new()
        .route("/setup", get(show_setup).post(set_up))
        .route("/sign-in", get(show_sign_in).post(enter))
        .route("/sign-out", post(leave))
        .route("/theme", post(choose_theme))
}

async fn show_setup(State(app): State<App>, headers: HeaderMap) -> PageResult {
    if !app.needs_setup().await? {
        return Ok(Redirect::to("/sign-in").into_response());
    }
    let view = setup::SetupPage {
        theme: theme(&headers),
        ..setup::SetupPage::default()
    };
    Ok(setup::page(&view).into_response())
}

#[derive(Deserialize)]
#[serde(default)]
#[derive(Default)]
struct SetUpForm {
    team: String,
    name: String,
    email: String,
    password: String,
}

async fn set_up(
    State(app): State<App>,
    headers: HeaderMap,
    jar: CookieJar,
    Form(form): Form<SetUpForm>,
) -> PageResult {
    let wish = SetUp {
        team: form.team.clone(),
        name: form.name.clone(),
        email: form.email.clone(),
        password: form.password.into(),
    };
    match app.set_up(wish).await {
        Ok(session) => Ok((
            jar.add(session_cookie(&app, &session)),
            Redirect::to("/connect"),
        )
            .into_response()),
        Err(error) => {
            let (status, error) = shown_in_form(error)?;
            let view = setup::SetupPage {
                theme: theme(&headers),
                team: form.team,
                name: form.name,
                email: form.email,
                errors: vec![error],
            };
            Ok(refused(status, setup::page(&view)))
        }
    }
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct SignInQuery {
    next: String,
    out: String,
}

async fn show_sign_in(
    State(app): State<App>,
    MaybeSignedIn(actor): MaybeSignedIn,
    headers: HeaderMap,
    Query(query): Query<SignInQuery>,
) -> PageResult {
    if app.needs_setup().await? {
        return Ok(Redirect::to("/setup").into_response());
    }
    if actor.is_some() {
        return Ok(Redirect::to(safe_next(Some(&query.next))).into_response());
    }
    let view = sign_in::SignInPage {
        theme: theme(&headers),
        next: query.next,
        notice: (!query.out.is_empty()).then(|| "You are signed out.".to_owned()),
        ..sign_in::SignInPage::default()
    };
    Ok(sign_in::page(&view).into_response())
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct SignInForm {
    email: String,
    password: String,
    next: String,
}

async fn enter(
    State(app): State<App>,
    ClientAddress(from): ClientAddress,
    headers: HeaderMap,
    jar: CookieJar,
    Form(form): Form<SignInForm>,
) -> PageResult {
    let wish = SignIn {
        email: form.email.clone(),
        password: form.password.into(),
        from,
    };
    match app.sign_in(wish).await {
        Ok(session) => {
            let next = Redirect::to(safe_next(Some(&form.next)));
            Ok((jar.add(session_cookie(&app, &session)), next).into_response())
        }
        Err(error) => {
            let (status, error) = shown_in_form(error)?;
            let view = sign_in::SignInPage {
                theme: theme(&headers),
                email: form.email,
                next: form.next,
                notice: None,
                errors: vec![error],
            };
            Ok(refused(status, sign_in::page(&view)))
        }
    }
}

/// A form without fields of its own.
#[derive(Deserialize)]
pub(super) struct Nothing {}

async fn leave(State(app): State<App>, jar: CookieJar, form: CheckedForm<Nothing>) -> PageResult {
    let actor: Actor = form.actor;
    app.sign_out(&actor).await?;
    Ok((
        jar.add(expired_cookie(&app)),
        Redirect::to("/sign-in?out=yes"),
    )
        .into_response())
}

#[derive(Deserialize)]
struct ThemeForm {
    theme: String,
}

/// Keeps the colours in a cookie for a year, and goes back to the page that was looked at.
async fn choose_theme(
    headers: HeaderMap,
    jar: CookieJar,
    form: CheckedForm<ThemeForm>,
) -> Result<Response, Problem> {
    let theme = Theme::parse(&form.form.theme).unwrap_or_default();
    let cookie = Cookie::build((THEME_COOKIE, theme.as_str()))
        .path("/")
        .http_only(true)
        .same_site(SameSite::Lax)
        .permanent()
        .build();
    Ok((jar.add(cookie), Redirect::to(&came_from(&headers))).into_response())
}

/// The path of the page that a form was sent from; the start where the browser does not say.
fn came_from(headers: &HeaderMap) -> String {
    let referer = headers
        .get(header::REFERER)
        .and_then(|value| value.to_str().ok());
    let url = referer.and_then(|text| url::Url::parse(text).ok());
    let path = url.map(|url| match url.query() {
        Some(query) => format!("{}?{query}", url.path()),
        None => url.path().to_owned(),
    });
    safe_next(path.as_deref()).to_owned()
}
