//! `/services/oauth2/authorize`: GET shows the log-in and consent page, POST answers it.
//!
//! Two questions, who the person is and whether the application may act for them, and each is asked only when the
//! answer is not known: a cookie remembers who logged in (until `prompt=login`), an approval given before is consent
//! (until `prompt=consent`), and so is an administrator's. One form asks both, so logging in and allowing are one step.
//! `login_hint` fills in the user name; `display` changes nothing, the page fits every screen.
//!
//! Errors that concern the app itself (unknown client, foreign redirect address) are shown to the person and never
//! sent to the address in the request; all others go back to the application as query parameters.

use bytes::Bytes;
use http::{Method, Request, StatusCode, header};
use jiff::Timestamp;
use url::Url;

use super::{
    App, CODE_LIFE, Consent, FULL_SCOPE, LoginRefused, WEB_SCOPE, check_password, has_scope, later,
    pages::{self, LoginPage},
};
use crate::{
    salesforce::{
        Org,
        answer::{self, Answer},
        error::OAuthError,
        request::Parameters,
        users::{self, Person},
    },
    world::SfId,
};

const DENIED: &str = "end-user denied authorization";
/// Name of the cookie that remembers who logged in: a session that is good for these pages only.
const COOKIE: &str = "sid";
const COOKIE_RULES: &str = "Path=/services/oauth2; HttpOnly; SameSite=Lax";

/// Scopes an app may ask for (documented).
pub(super) const SCOPES: [&str; 21] = [
    "address",
    "api",
    "cdp_api",
    "cdp_ingest_api",
    "cdp_query_api",
    "chatter_api",
    "content",
    "custom_permissions",
    "eclair_api",
    "email",
    "full",
    "id",
    "lightning",
    "offline_access",
    "openid",
    "phone",
    "profile",
    "refresh_token",
    "visualforce",
    "wave_api",
    "web",
];

/// Somebody who is known, and the cookie that will know them again.
struct Visitor {
    person: Person,
    cookie: Option<String>,
}

/// Answers the endpoint for either method; POST parameters come from the form.
pub(in crate::salesforce) fn authorize(
    org: &mut Org,
    request: &Request<Bytes>,
    parameters: &Parameters,
) -> Answer {
    let redirect = match check_app(&org.auth.app, parameters) {
        Ok(redirect) => redirect,
        Err(error) => {
            let page = pages::refusal(&org.world, error.error, &error.description);
            return answer::html(StatusCode::BAD_REQUEST, page);
        }
    };
    if let Err(error) = check_flow(&org.auth.app, parameters) {
        let result = [
            ("error", error.error),
            ("error_description", &error.description),
        ];
        return send_back(redirect, parameters, &result);
    }
    let decision = parameters
        .get("decision")
        .filter(|_| request.method() == Method::POST);
    if decision == Some("deny") {
        let result = [("error", "access_denied"), ("error_description", DENIED)];
        return send_back(redirect, parameters, &result);
    }
    let visitor = match visitor(org, request, parameters) {
        Ok(visitor) => visitor,
        Err(problem) => return ask(org, &redirect, parameters, None, problem),
    };
    let agreed = decision == Some("allow") || agreed_before(org, visitor.person.id, parameters);
    let answer = if agreed {
        let now = org.world.now();
        let code = org
            .auth
            .issue_code(consent(visitor.person.id, parameters, now), now);
        send_back(redirect, parameters, &[("code", &code)])
    } else {
        ask(org, &redirect, parameters, Some(&visitor.person), None)
    };
    match visitor.cookie {
        Some(cookie) => answer::with_header(answer, header::SET_COOKIE, &cookie),
        None => answer,
    }
}

/// Who is there; else what to tell them above the form, if anything.
fn visitor(
    org: &mut Org,
    request: &Request<Bytes>,
    parameters: &Parameters,
) -> Result<Visitor, Option<&'static str>> {
    let post = request.method() == Method::POST;
    if post && let Some(username) = parameters.get("username") {
        let password = parameters.get("password").unwrap_or_default();
        let person = check_password(org, username, password).map_err(|refused| {
            Some(match refused {
                LoginRefused::LockedOut => pages::LOCKED_OUT,
                LoginRefused::Wrong | LoginRefused::Inactive => pages::WRONG,
            })
        })?;
        let now = org.world.now();
        let session = org.auth.open_session(person.id, None, WEB_SCOPE, now);
        let cookie = Some(format!("{COOKIE}={session}; {COOKIE_RULES}"));
        return Ok(Visitor { person, cookie });
    }
    // Another site must not press the button of somebody who is logged in here.
    let own = !post || origin(request) == Some(org.origin_of(request).as_str());
    let again = prompts(parameters, "login");
    let known = (own && !again).then(|| remembered(org, request)).flatten();
    known
        .map(|person| Visitor {
            person,
            cookie: None,
        })
        .ok_or(None)
}

fn origin(request: &Request<Bytes>) -> Option<&str> {
    request.headers().get(header::ORIGIN)?.to_str().ok()
}

fn remembered(org: &mut Org, request: &Request<Bytes>) -> Option<Person> {
    let lines = request.headers().get_all(header::COOKIE).into_iter();
    let pairs = lines
        .filter_map(|line| line.to_str().ok())
        .flat_map(|line| line.split(';'));
    let session = pairs
        .filter_map(|pair| pair.trim().split_once('='))
        .find_map(|(name, value)| (name == COOKIE).then_some(value))?;
    let user = org.auth.authenticate(session, org.world.now())?;
    users::by_id(&org.world, user).filter(|person| person.active)
}

/// Whether an earlier approval, or the administrator's, covers what is asked for.
fn agreed_before(org: &Org, user: SfId, parameters: &Parameters) -> bool {
    if org.auth.policy.admin_approved_users {
        return true;
    }
    let scope = scope(parameters);
    let covers = |approved: &str| scope.split(' ').all(|asked| has_scope(approved, &[asked]));
    let mut approvals = org.auth.approvals.values();
    !prompts(parameters, "consent")
        && approvals.any(|approval| approval.user == user && covers(&approval.scope))
}

fn prompts(parameters: &Parameters, wanted: &str) -> bool {
    let prompt = parameters.get("prompt").unwrap_or_default();
    prompt.split(' ').any(|word| word == wanted)
}

/// Shows the form, for somebody or for whoever logs in.
fn ask(
    org: &Org,
    redirect: &Url,
    parameters: &Parameters,
    person: Option<&Person>,
    problem: Option<&str>,
) -> Answer {
    let page = LoginPage {
        parameters: parameters.pairs(),
        scope: scope(parameters),
        application: &redirect.origin().ascii_serialization(),
        person,
        problem,
    };
    let page = answer::html(StatusCode::OK, page.render(&org.world));
    let page = answer::with_header(page, header::CONTENT_SECURITY_POLICY, pages::POLICY);
    answer::with_header(page, header::REFERRER_POLICY, "same-origin")
}

/// What is asked for; nothing in particular is what the app may have at most.
fn scope(parameters: &Parameters) -> &str {
    let scope = parameters.get("scope").unwrap_or_default().trim();
    if scope.is_empty() { FULL_SCOPE } else { scope }
}

fn consent(user: SfId, parameters: &Parameters, now: Timestamp) -> Consent {
    let given = |name: &str| parameters.get(name).map(str::to_owned);
    Consent {
        user,
        redirect_uri: given("redirect_uri").unwrap_or_default(),
        scope: scope(parameters).to_owned(),
        code_challenge: given("code_challenge"),
        nonce: given("nonce"),
        expires_at: later(now, CODE_LIFE),
    }
}

fn check_app(app: &App, parameters: &Parameters) -> Result<Url, OAuthError> {
    if parameters.get("client_id") != Some(app.client_id.as_str()) {
        return Err(OAuthError::unknown_client());
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
    if !scope(parameters)
        .split(' ')
        .all(|scope| SCOPES.contains(&scope))
    {
        let sentence = "the requested scope is invalid, unknown, or malformed";
        return Err(OAuthError::new("invalid_scope", sentence));
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
