//! Serving one request on a good day: OAuth endpoints, the list of versions, data calls.
//!
//! A data call is checked in the vendor's order: session, limits, path. The parts of a composite request go straight to
//! [`route::dispatch`], past these checks, because together they are one call.

use bytes::Bytes;
use http::{HeaderMap, Method, Request, StatusCode};
use jiff::Timestamp;
use rand::RngExt as _;

use super::{
    Org, Site,
    answer::{self, Answer},
    auth, bulk,
    error::{self, ApiError},
    passwords,
    request::{Call, Parameters, access_token, client_name, header_text},
    route, users, versions,
};
use crate::{meter::MeteredCall, world::Actor};

/// Longest request target taken, in bytes, and the same with all headers (documented).
const MAX_TARGET_BYTES: usize = 16_384;

/// Largest request body taken, in bytes (documented: 50 MB), but for bulk uploads.
const MAX_BODY_BYTES: usize = 50 * 1024 * 1024;

/// Why a call is not served.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Denied {
    /// There is no such session, or its user is inactive.
    Session,
    /// The session was not opened for the API.
    Scope,
    /// The customer did not buy the API.
    NoApi,
    /// The user's permission sets do not give the API.
    NotForUser,
    /// Too many calls in a day, or too many at a time.
    Limit { concurrent: bool },
}

impl From<Denied> for ApiError {
    fn from(denied: Denied) -> Self {
        match denied {
            Denied::Session => Self::session(),
            Denied::Scope => Self::not_for_rest(),
            Denied::NoApi => Self::new(
                StatusCode::FORBIDDEN,
                "API_DISABLED_FOR_ORG",
                "API is not enabled for this Organization or Partner",
            ),
            Denied::NotForUser => Self::new(
                StatusCode::FORBIDDEN,
                "API_CURRENTLY_DISABLED",
                "API is disabled for this User",
            ),
            Denied::Limit { concurrent } => Self::limit_exceeded(concurrent),
        }
    }
}

impl Org {
    /// Serves a request as an org does on a good day.
    pub(super) fn serve(&mut self, request: &Request<Bytes>) -> Answer {
        let target = target(request);
        let mut answer = if target.len() > MAX_TARGET_BYTES {
            let message = format!("The URI is longer than {MAX_TARGET_BYTES} bytes");
            ApiError::new(StatusCode::URI_TOO_LONG, "URI_TOO_LONG", message).into_answer()
        } else if target.len() + header_bytes(request.headers()) > MAX_TARGET_BYTES {
            let status = StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE;
            let message =
                format!("The URI and the headers are longer than {MAX_TARGET_BYTES} bytes");
            ApiError::new(status, "REQUEST_HEADER_FIELDS_TOO_LARGE", message).into_answer()
        } else if request.body().len() > MAX_BODY_BYTES && !bulk::is_upload(target) {
            let message = format!("The body is longer than {MAX_BODY_BYTES} bytes");
            let status = StatusCode::PAYLOAD_TOO_LARGE;
            ApiError::new(status, "REQUEST_ENTITY_TOO_LARGE", message).into_answer()
        } else if self.desk.faults.in_outage(self.world.now()) {
            error::html_page(StatusCode::SERVICE_UNAVAILABLE)
        } else {
            self.respond(request, target)
        };
        if request.method() == Method::HEAD {
            *answer.body_mut() = Bytes::new();
        }
        answer::with_common_headers(answer, self.world.now())
    }

    fn respond(&mut self, request: &Request<Bytes>, target: &str) -> Answer {
        let path = target
            .split('?')
            .next()
            .unwrap_or_default()
            .trim_end_matches('/');
        let origin = self.origin_of(request);
        if path == "/services/data" {
            return versions::list();
        }
        if path.starts_with("/services/data/") {
            return self.data(request, target, &origin);
        }
        if path.starts_with("/services/async/") {
            return self.bulk_classic(request, path, &origin);
        }
        if path.starts_with("/services/Soap/") {
            return self.soap(request, path, &origin);
        }
        self.oauth(request, path, &origin)
    }

    fn oauth(&mut self, request: &Request<Bytes>, path: &str, origin: &str) -> Answer {
        let method = request.method();
        let token = access_token(request.headers());
        let form = || Parameters::parse(request.body()).with_basic_client(request.headers());
        let query = || Parameters::parse(request.uri().query().unwrap_or_default().as_bytes());
        let post = *method == Method::POST;
        match path {
            "/services/oauth2/authorize" if post => auth::authorize(self, request, &form()),
            "/services/oauth2/authorize" => auth::authorize(self, request, &query()),
            "/services/oauth2/userinfo" => auth::userinfo(self, token, origin),
            "/.well-known/openid-configuration" => auth::discovery(origin),
            "/services/oauth2/token" if post => auth::token(self, &form(), origin),
            "/services/oauth2/revoke" if post => auth::revoke(self, &form()),
            "/services/oauth2/revoke" => auth::revoke(self, &query()),
            "/id/keys" => auth::keys(),
            "/services/oauth2/introspect" if post => auth::introspect(self, &form(), origin),
            "/services/oauth2/token" | "/services/oauth2/introspect" => {
                ApiError::method_not_allowed(method.as_str(), "POST").into_answer()
            }
            _ => match path
                .strip_prefix("/id/")
                .and_then(|ids| ids.split_once('/'))
            {
                Some(ids) => auth::identity(self, ids, token, origin),
                None => ApiError::not_found().into_answer(),
            },
        }
    }

    fn data(&mut self, request: &Request<Bytes>, target: &str, origin: &str) -> Answer {
        let answer = self
            .call(request, target, origin)
            .unwrap_or_else(ApiError::into_answer);
        if answer.status() == StatusCode::UNAUTHORIZED {
            return answer;
        }
        let used = self.desk.meter.used(self.world.now());
        let used = self.jittered(used);
        let info = format!("api-usage={used}/{}", self.desk.meter.limit());
        answer::with_header(answer, answer::LIMIT_INFO, &info)
    }

    /// The checks before a call: its session, then what is left of the limits.
    pub(super) fn admitted(&mut self, token: Option<&str>) -> Result<Actor, Denied> {
        let now = self.world.now();
        let token = token.unwrap_or_default();
        let user = self.auth.authenticate(token, now);
        let user = user
            .filter(|user| users::is_active(&self.world, *user))
            .ok_or(Denied::Session)?;
        if !self.auth.reaches_api(token) {
            return Err(Denied::Scope);
        }
        if !self.edition.has_api() {
            return Err(Denied::NoApi);
        }
        if !self.world.system_permission(user, "PermissionsApiEnabled") {
            return Err(Denied::NotForUser);
        }
        if let Some(concurrent) = self.desk.faults.throttled(now) {
            return Err(Denied::Limit { concurrent });
        }
        if self.desk.meter.exhausted(now) {
            return Err(Denied::Limit { concurrent: false });
        }
        Ok(Actor::user(user))
    }

    fn call(
        &mut self,
        request: &Request<Bytes>,
        target: &str,
        origin: &str,
    ) -> Result<Answer, ApiError> {
        let now = self.world.now();
        let actor = self.admitted(access_token(request.headers()))?;
        let (method, headers) = (request.method().clone(), request.headers().clone());
        let call = Call::new(method, target, headers, request.body().clone(), actor);
        let kind = call.as_ref().map_or("unknown", route::kind);
        self.desk.meter.count(metered(request, target, kind, now));
        let call = call?;
        if let Some(user) = passwords::user_of(self, &call) {
            return passwords::serve(self, &call, user);
        }
        let mut site = Site {
            world: &mut self.world,
            desk: &mut self.desk,
            origin,
        };
        route::dispatch(&mut site, &call)
    }

    /// The usage as one of several servers knows it: near the truth, now above, now below.
    fn jittered(&mut self, used: u64) -> u64 {
        if self.jitter_calls == 0 {
            return used;
        }
        let shift = self.jitter.random_range(0..=2 * self.jitter_calls);
        (used + shift).saturating_sub(self.jitter_calls)
    }

    /// The address the client used, which it gets back as its instance.
    pub(crate) fn origin_of(&self, request: &Request<Bytes>) -> String {
        let scheme = self.origin.split("://").next().unwrap_or("http");
        match header_text(request.headers(), "host")
            .or(request.uri().authority().map(|host| host.as_str()))
        {
            Some(host) => format!("{scheme}://{host}"),
            None => self.origin.clone(),
        }
    }
}

fn header_bytes(headers: &HeaderMap) -> usize {
    let bytes = headers
        .iter()
        .map(|(name, value)| name.as_str().len() + value.len());
    bytes.sum()
}

fn metered(
    request: &Request<Bytes>,
    target: &str,
    kind: &'static str,
    at: Timestamp,
) -> MeteredCall {
    MeteredCall {
        at,
        kind,
        method: request.method().to_string(),
        path: target.split('?').next().unwrap_or_default().to_owned(),
        client: client_name(request.headers()).to_owned(),
    }
}

/// Path and query. The Salesforce CLI puts the path behind an instance address that ends in a slash, so slashes before
/// it count as one.
pub(super) fn target(request: &Request<Bytes>) -> &str {
    let target = request
        .uri()
        .path_and_query()
        .map_or("/", |target| target.as_str());
    let slashes = target.len() - target.trim_start_matches('/').len();
    &target[slashes.saturating_sub(1)..]
}
