//! Setting up, signing in and out.

use super::access::{Answer, Body};
use crate::app::App;
use crate::app::session::{NewSession, SignIn};
use crate::app::setup::SetUp;
use crate::http::auth::{ClientAddress, SignedIn, expired_cookie, session_cookie};
use crate::http::problem::Problem;
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum_extra::extract::CookieJar;
use secrecy::SecretString;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(set_up))
        .routes(routes!(who, sign_in, sign_out))
}

/// The team and its first administrator.
#[derive(Deserialize, ToSchema)]
struct SetUpBody {
    /// Name of the team.
    team: String,
    /// The person's name.
    name: String,
    /// Signs in with this.
    email: String,
    /// At least 12 characters.
    #[schema(value_type = String, format = Password)]
    password: String,
}

/// What a person signs in with.
#[derive(Deserialize, ToSchema)]
struct SignInBody {
    /// Their address.
    email: String,
    /// Their password.
    #[schema(value_type = String, format = Password)]
    password: String,
}

/// Who is signed in.
#[derive(Serialize, ToSchema)]
struct Who {
    /// Their name.
    name: String,
    /// Their address.
    email: String,
    /// `admin` or `member`.
    role: String,
    /// Their team.
    team: String,
}

/// Makes the team and its first administrator, once.
#[utoipa::path(post, path = "/api/admin/setup", tag = "session", security(()), request_body = SetUpBody,
    responses((status = 204, description = "Set up and signed in: a cookie is set"),
        (status = 409, body = Problem), (status = 422, body = Problem)))]
async fn set_up(
    State(app): State<App>,
    jar: CookieJar,
    Body(body): Body<SetUpBody>,
) -> Result<(CookieJar, StatusCode), Problem> {
    let form = SetUp {
        team: body.team,
        name: body.name,
        email: body.email,
        password: SecretString::from(body.password),
    };
    Ok(signed_in(&app, jar, &app.set_up(form).await?))
}

/// Signs in.
#[utoipa::path(post, path = "/api/admin/session", tag = "session", security(()), request_body = SignInBody,
    responses((status = 204, description = "Signed in: a cookie is set"),
        (status = 422, body = Problem), (status = 429, body = Problem)))]
async fn sign_in(
    State(app): State<App>,
    ClientAddress(from): ClientAddress,
    jar: CookieJar,
    Body(body): Body<SignInBody>,
) -> Result<(CookieJar, StatusCode), Problem> {
    let form = SignIn {
        email: body.email,
        password: SecretString::from(body.password),
        from,
    };
    Ok(signed_in(&app, jar, &app.sign_in(form).await?))
}

/// Who is signed in.
#[utoipa::path(get, path = "/api/admin/session", tag = "session",
    responses((status = 200, body = Who), (status = 401, body = Problem)))]
async fn who(SignedIn(actor): SignedIn) -> Answer<Who> {
    Ok(Json(Who {
        name: actor.name,
        email: actor.email,
        role: actor.role.as_str().into(),
        team: actor.team_name,
    }))
}

/// Signs out.
#[utoipa::path(delete, path = "/api/admin/session", tag = "session",
    responses((status = 204, description = "Signed out"), (status = 401, body = Problem)))]
async fn sign_out(
    State(app): State<App>,
    SignedIn(actor): SignedIn,
    jar: CookieJar,
) -> Result<(CookieJar, StatusCode), Problem> {
    app.sign_out(&actor).await?;
    Ok((jar.add(expired_cookie(&app)), StatusCode::NO_CONTENT))
}

fn signed_in(app: &App, jar: CookieJar, session: &NewSession) -> (CookieJar, StatusCode) {
    (
        jar.add(session_cookie(app, session)),
        StatusCode::NO_CONTENT,
    )
}
