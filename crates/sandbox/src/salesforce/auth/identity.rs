//! Who is behind a token: userinfo, the identity URL, introspection, discovery; and the end of a token, revocation.

use http::StatusCode;
use jiff::{civil::Date, tz::TimeZone};
use serde_json::{Value, json};

use super::authorize::SCOPES;
use super::token::{check_client, grant_names};
use crate::{
    salesforce::{
        Org,
        answer::{self, Answer},
        error::OAuthError,
        request::Parameters,
        users::{self, Person},
    },
    world::{Actor, SfId},
};

/// `GET /services/oauth2/userinfo`.
pub(in crate::salesforce) fn userinfo(org: &mut Org, token: Option<&str>, origin: &str) -> Answer {
    let person = match caller(org, token) {
        Ok(person) => person,
        Err(line) => return answer::text(StatusCode::FORBIDDEN, line),
    };
    let picture = format!("{origin}/profilephoto/005/F");
    answer::ok(&json!({
        "sub": identity_url(org, person.id, origin),
        "user_id": person.id,
        "organization_id": org.world.org_id(),
        "preferred_username": person.username,
        "nickname": person.alias,
        "name": person.name,
        "email": person.email,
        "email_verified": true,
        "given_name": person.first_name,
        "family_name": person.last_name,
        "zoneinfo": person.time_zone,
        "photos": { "picture": picture, "thumbnail": format!("{origin}/profilephoto/005/T") },
        "profile": format!("{origin}/{}", person.id),
        "picture": picture,
        "address": {},
        "is_salesforce_integration_user": false,
        "urls": urls(org, &person, origin),
        "active": true,
        "user_type": "STANDARD",
        "language": person.language,
        "locale": person.locale,
        "utcOffset": utc_offset_millis(org, person.id),
        "updated_at": person.modified,
    }))
}

/// `GET /id/<org>/<user>`.
pub(in crate::salesforce) fn identity(
    org: &mut Org,
    path: (&str, &str),
    token: Option<&str>,
    origin: &str,
) -> Answer {
    let caller = match caller(org, token) {
        Ok(person) => person,
        Err(line) => return answer::text(StatusCode::FORBIDDEN, line),
    };
    if path.0.parse() != Ok(org.world.org_id()) {
        return answer::text(StatusCode::FORBIDDEN, "Wrong_Org");
    }
    let Some(person) = path
        .1
        .parse()
        .ok()
        .and_then(|id| users::by_id(&org.world, id))
    else {
        return answer::text(StatusCode::FORBIDDEN, "Bad_Id");
    };
    answer::ok(&json!({
        "id": identity_url(org, person.id, origin),
        "asserted_user": person.id == caller.id,
        "user_id": person.id,
        "organization_id": org.world.org_id(),
        "username": person.username,
        "nick_name": person.alias,
        "display_name": person.name,
        "email": person.email,
        "email_verified": true,
        "first_name": person.first_name,
        "last_name": person.last_name,
        "timezone": person.time_zone,
        "status": { "created_date": null, "body": null },
        "urls": urls(org, &person, origin),
        "active": person.active,
        "user_type": "STANDARD",
        "language": person.language,
        "locale": person.locale,
        "utcOffset": utc_offset_millis(org, person.id),
        "last_modified_date": person.modified,
        "is_app_installed": true,
    }))
}

/// The user of a session, or the line of plain text these two endpoints refuse with.
fn caller(org: &mut Org, token: Option<&str>) -> Result<Person, &'static str> {
    let token = token.ok_or("Missing_OAuth_Token")?;
    let now = org.world.now();
    let id = org.auth.authenticate(token, now).ok_or("Bad_OAuth_Token")?;
    let person = users::by_id(&org.world, id).filter(|person| person.active);
    person.ok_or("Inactive")
}

/// Milliseconds of a user's standard time east of Greenwich: summer time is the later one of a year.
fn utc_offset_millis(org: &Org, user: SfId) -> i64 {
    let zone = org.world.zone_of(&Actor::user(user));
    let year = TimeZone::UTC.to_datetime(org.world.now()).year();
    let offset = |month| {
        let day = Date::new(year, month, 1).ok()?;
        let noon = TimeZone::UTC.to_timestamp(day.at(12, 0, 0, 0)).ok()?;
        Some(i64::from(zone.to_offset(noon).seconds()))
    };
    offset(1).min(offset(7)).unwrap_or_default() * 1_000
}

fn identity_url(org: &Org, user: SfId, origin: &str) -> String {
    format!("{origin}/id/{}/{user}", org.world.org_id())
}

fn urls(org: &Org, person: &Person, origin: &str) -> Value {
    let rest = format!("{origin}/services/data/v{{version}}/");
    let soap = |kind: &str| {
        format!(
            "{origin}/services/Soap/{kind}/{{version}}/{}",
            org.world.org_id().short()
        )
    };
    json!({
        "enterprise": soap("c"),
        "metadata": soap("m"),
        "partner": soap("u"),
        "rest": rest,
        "sobjects": format!("{rest}sobjects/"),
        "search": format!("{rest}search/"),
        "query": format!("{rest}query/"),
        "recent": format!("{rest}recent/"),
        "tooling_soap": soap("T"),
        "tooling_rest": format!("{rest}tooling/"),
        "profile": format!("{origin}/{}", person.id),
        "custom_domain": origin,
    })
}

/// `POST /services/oauth2/introspect`, for the app itself only.
pub(in crate::salesforce) fn introspect(
    org: &Org,
    parameters: &Parameters,
    origin: &str,
) -> Answer {
    if let Err(error) = check_client(&org.auth.app, parameters, false) {
        return error.into_answer();
    }
    let token = parameters.get("token").unwrap_or_default();
    let now = org.world.now();
    let session = org
        .auth
        .sessions
        .get(token)
        .filter(|session| now < session.expires_at);
    let approval = org
        .auth
        .approval_of(token)
        .and_then(|id| org.auth.approvals.get(&id));
    let (user, scope, kind) = match (session, approval) {
        (Some(session), _) => (session.user, &session.scope, "access_token"),
        (None, Some(approval)) => (approval.user, &approval.scope, "refresh_token"),
        (None, None) => return answer::ok(&json!({ "active": false })),
    };
    let mut body = json!({
        "active": true,
        "scope": scope,
        "client_id": org.auth.app.client_id,
        "username": users::by_id(&org.world, user).map(|person| person.username),
        "sub": identity_url(org, user, origin),
        "token_type": kind,
    });
    if let Some(session) = session {
        body["iat"] = session.opened_at.as_second().into();
        body["nbf"] = session.opened_at.as_second().into();
        body["exp"] = session.expires_at.as_second().into();
    }
    answer::ok(&body)
}

/// `/services/oauth2/revoke`, by either method: 200 without a body.
pub(in crate::salesforce) fn revoke(org: &mut Org, parameters: &Parameters) -> Answer {
    if org.auth.revoke(parameters.get("token").unwrap_or_default()) {
        return answer::empty(StatusCode::OK);
    }
    OAuthError::new("unsupported_token_type", "this token type is not supported").into_answer()
}

/// `GET /.well-known/openid-configuration`.
pub(in crate::salesforce) fn discovery(origin: &str) -> Answer {
    let oauth = |name: &str| format!("{origin}/services/oauth2/{name}");
    answer::ok(&json!({
        "issuer": origin,
        "authorization_endpoint": oauth("authorize"),
        "token_endpoint": oauth("token"),
        "revocation_endpoint": oauth("revoke"),
        "userinfo_endpoint": oauth("userinfo"),
        "introspection_endpoint": oauth("introspect"),
        "jwks_uri": format!("{origin}/id/keys"),
        "scopes_supported": SCOPES,
        "response_types_supported": ["code"],
        "grant_types_supported": grant_names(),
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": ["RS256"],
        "code_challenge_methods_supported": ["S256"],
    }))
}
