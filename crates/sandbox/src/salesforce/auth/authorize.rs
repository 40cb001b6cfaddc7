//! `/services/oauth2/authorize`: GET shows the log-in and consent page, POST answers it.
//!
//! Errors that concern the app itself (unknown client, foreign redirect address) are shown to the person and never
//! sent to the address in the request; all others go back to the application as query parameters.

use http::{Method, StatusCode};
use jiff::Timestamp;
use url::Url;

use super::{App, CODE_LIFE, Consent, FULL_SCOPE, check_password, later, pages};
use crate::salesforce::{
    Org,
    answer::{self, Answer},
    error::OAuthError,
    request::Parameters,
};

const DENIED: &str = "end-user denied authorization";

/// Answers the endpoint for either method; POST parameters come from the form.
pub(in crate::salesforce) fn authorize(
    org: &mut Org,
    method: &Method,
    parameters: &Parameters,
) -> Answer {
    let redirect = match check_app(&org.auth.app, parameters) {
        Ok(redirect) => redirect,
        Err(error) => {
            let page = pages::refusal(error.error, &error.description);
            return answer::html(StatusCode::BAD_REQUEST, page);
        }
    };
    if let Err(error) = check_flow(&org.auth.app, parameters) {
        return send_back(
            redirect,
            parameters,
            &[
                ("error", error.error),
                ("error_description", &error.description),
            ],
        );
    }
    if method != Method::POST {
        return answer::html(StatusCode::OK, pages::login(parameters.pairs(), None));
    }
    if parameters.get("decision") == Some("deny") {
        return send_back(
            redirect,
            parameters,
            &[("error", "access_denied"), ("error_description", DENIED)],
        );
    }
    log_in(org, redirect, parameters)
}

fn log_in(org: &mut Org, redirect: Url, parameters: &Parameters) -> Answer {
    let username = parameters.get("username").unwrap_or_default();
    let password = parameters.get("password").unwrap_or_default();
    let Ok(user) = check_password(org, username, password) else {
        let problem = "Please check your username and password. If you still can't log in, contact your administrator.";
        return answer::html(
            StatusCode::OK,
            pages::login(parameters.pairs(), Some(problem)),
        );
    };
    let now = org.world.now();
    let code = org.auth.issue_code(consent(user.id, parameters, now), now);
    send_back(redirect, parameters, &[("code", &code)])
}

fn consent(user: crate::world::SfId, parameters: &Parameters, now: Timestamp) -> Consent {
    Consent {
        user,
        redirect_uri: parameters
            .get("redirect_uri")
            .unwrap_or_default()
            .to_owned(),
        scope: parameters
            .get("scope")
            .filter(|scope| !scope.is_empty())
            .unwrap_or(FULL_SCOPE)
            .to_owned(),
        code_challenge: parameters.get("code_challenge").map(str::to_owned),
        expires_at: later(now, CODE_LIFE),
    }
}

fn check_app(app: &App, parameters: &Parameters) -> Result<Url, OAuthError> {
    if parameters.get("client_id") != Some(app.client_id.as_str()) {
        return Err(OAuthError::new(
            "invalid_client_id",
            "client identifier invalid",
        ));
    }
    let text = parameters.get("redirect_uri").unwrap_or_default();
    Url::parse(text)
        .ok()
        .filter(|url| redirect_allowed(app, text, url))
        .ok_or_else(|| {
            OAuthError::new(
                "redirect_uri_mismatch",
                "redirect_uri must match configuration",
            )
        })
}

fn redirect_allowed(app: &App, text: &str, url: &Url) -> bool {
    if !app.redirect_uris.is_empty() {
        return app.redirect_uris.iter().any(|allowed| allowed == text);
    }
    let loopback = match url.host() {
        Some(url::Host::Domain(name)) => name == "localhost",
        Some(url::Host::Ipv4(ip)) => ip.is_loopback(),
        Some(url::Host::Ipv6(ip)) => ip.is_loopback(),
        None => false,
    };
    loopback && matches!(url.scheme(), "http" | "https")
}

fn check_flow(app: &App, parameters: &Parameters) -> Result<(), OAuthError> {
    if parameters.get("response_type") != Some("code") {
        return Err(OAuthError::new(
            "unsupported_response_type",
            "response type not supported",
        ));
    }
    match (
        parameters.get("code_challenge"),
        parameters.get("code_challenge_method"),
    ) {
        (None, _) if app.require_pkce => Err(OAuthError::invalid_request(
            "missing required code challenge",
        )),
        // Salesforce knows one method only and takes it for granted when the parameter is absent.
        (Some(_), Some(method)) if method != "S256" => {
            Err(OAuthError::invalid_request("invalid code challenge method"))
        }
        _ => Ok(()),
    }
}

/// Redirects to the application with `result` and the state it sent.
fn send_back(mut redirect: Url, parameters: &Parameters, result: &[(&str, &str)]) -> Answer {
    redirect.query_pairs_mut().extend_pairs(result);
    if let Some(state) = parameters.get("state") {
        redirect.query_pairs_mut().append_pair("state", state);
    }
    answer::redirect(redirect.as_str())
}
