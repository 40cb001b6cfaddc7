//! One request and its answer: token, headers, renewal, counting.
//!
//! Counting. A call is spent when the server may have started to work on a data request: every
//! answer but a 401 counts, and so does a lost one. A 401 is not charged and neither is what was not
//! sent. So a count is never too low; it is too high by one where a request was lost on its way or
//! refused at the gate for the limit. No method makes more calls than [`Spend::up_to`] lets it: so many
//! are reserved before it begins. OAuth, userinfo and the list of versions are not metered.

use super::config::SalesforceConfig;
use super::errors::{self, Effect};
use super::session::Session;
use super::wire::{CompositeRequest, Part};
use crate::http::{Transport, TransportError};
use crate::vault::{Grant, GrantVault};
use ::http::{HeaderMap, HeaderValue, Method, Request, Response, StatusCode, header};
use bytes::Bytes;
use jiff::Timestamp;
use secrecy::ExposeSecret as _;
use std::sync::Arc;
use tandem_core::connector::{ConnectorError, Failure, OrgUsage, Reply};
use tandem_core::error::ErrorClass;

/// What a method has spent so far, and may spend.
#[derive(Debug)]
pub(super) struct Spend {
    calls: u32,
    calls_max: u32,
    lost: u32,
    usage: Option<OrgUsage>,
}

impl Spend {
    /// Nothing yet, of so many calls.
    pub(super) fn up_to(calls_max: u32) -> Self {
        Self {
            calls: 0,
            calls_max,
            lost: 0,
            usage: None,
        }
    }

    /// The method's reply.
    pub(super) fn reply<T>(&self, value: T) -> Reply<T> {
        Reply {
            value,
            calls: self.calls,
            lost: self.lost,
            usage: self.usage,
        }
    }

    /// The method's result.
    pub(super) fn finish<T>(&self, result: Result<T, Failure>) -> Result<Reply<T>, ConnectorError> {
        match result {
            Ok(value) => Ok(self.reply(value)),
            Err(failure) => Err(ConnectorError {
                failure,
                calls: self.calls,
                lost: self.lost,
            }),
        }
    }

    /// The org's own count, where an answer carried it.
    pub(super) fn usage(&self) -> Option<OrgUsage> {
        self.usage
    }

    fn note(&mut self, metered: bool, answer: &Result<Response<Bytes>, TransportError>) {
        let charged = match answer {
            Ok(answer) => answer.status() != StatusCode::UNAUTHORIZED,
            Err(TransportError::Lost(_)) => true,
            Err(TransportError::NotSent(_)) => false,
        };
        let usage = answer
            .as_ref()
            .ok()
            .and_then(|answer| usage(answer.headers()));
        self.calls += u32::from(metered && charged);
        // What carries no count was not answered by the org: a gateway, or nobody.
        self.lost += u32::from(metered && charged && usage.is_none());
        self.usage = usage.or(self.usage);
    }

    /// Whether one more call was reserved.
    fn check(&self, metered: bool) -> Result<(), Failure> {
        if !metered || self.calls < self.calls_max {
            return Ok(());
        }
        let text = format!("it takes more than {} API calls", self.calls_max);
        Err(Failure::new(ErrorClass::TimedOut, text))
    }
}

/// A 2xx answer.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) body: Bytes,
    /// The server's own time.
    pub(super) date: Option<Timestamp>,
}

/// A request without its token.
struct Outgoing {
    method: Method,
    path: String,
    body: Bytes,
    effect: Effect,
    metered: bool,
}

pub(super) struct Client {
    transport: Arc<dyn Transport>,
    session: Session,
    base: String,
}

impl Client {
    pub(super) fn new(
        config: &SalesforceConfig,
        transport: Arc<dyn Transport>,
        vault: Arc<dyn GrantVault>,
    ) -> Self {
        Self {
            session: Session::new(config.app.clone(), transport.clone(), vault),
            transport,
            base: format!("/services/data/v{}", config.api_version),
        }
    }

    pub(super) fn instance_url(&self) -> String {
        self.session.instance_url()
    }

    /// Sends parts whose addresses are relative to the versioned base, in one metered call.
    pub(super) async fn composite(
        &self,
        mut parts: Vec<Part>,
        effect: Effect,
        spend: &mut Spend,
    ) -> Result<Answer, Failure> {
        for part in &mut parts {
            part.url = format!("{}/{}", self.base, part.url);
        }
        let request = CompositeRequest {
            all_or_none: false,
            collate_subrequests: false,
            composite_request: &parts,
        };
        let body = serde_json::to_vec(&request)
            .map_err(|error| Failure::new(ErrorClass::OurFault, error.to_string()))?;
        let outgoing = Outgoing {
            method: Method::POST,
            path: format!("{}/composite", self.base),
            body: body.into(),
            effect,
            metered: true,
        };
        self.call(&outgoing, spend).await
    }

    /// Writes through a resource below the versioned base, in one metered call.
    pub(super) async fn write(
        &self,
        method: Method,
        resource: &str,
        body: Bytes,
        spend: &mut Spend,
    ) -> Result<Answer, Failure> {
        let outgoing = Outgoing {
            method,
            path: format!("{}/{resource}", self.base),
            body,
            effect: Effect::Write,
            metered: true,
        };
        self.call(&outgoing, spend).await
    }

    /// Reads a resource below the versioned base, in one metered call.
    pub(super) async fn get(&self, resource: &str, spend: &mut Spend) -> Result<Answer, Failure> {
        self.call(&read(format!("{}/{resource}", self.base), true), spend)
            .await
    }

    /// Reads who the user is; not metered.
    pub(super) async fn userinfo(&self, spend: &mut Spend) -> Result<Answer, Failure> {
        self.call(&read("/services/oauth2/userinfo".to_owned(), false), spend)
            .await
    }

    async fn call(&self, outgoing: &Outgoing, spend: &mut Spend) -> Result<Answer, Failure> {
        let grant = self.session.current().await?;
        let answer = self.send(outgoing, &grant, spend).await?;
        if !may_renew(&answer) {
            return accept(answer, outgoing.effect);
        }
        let grant = self.session.renew(&grant).await?;
        let answer = self.send(outgoing, &grant, spend).await?;
        accept(answer, outgoing.effect)
    }

    async fn send(
        &self,
        outgoing: &Outgoing,
        grant: &Grant,
        spend: &mut Spend,
    ) -> Result<Response<Bytes>, Failure> {
        spend.check(outgoing.metered)?;
        let answer = self.transport.send(request(outgoing, grant)?).await;
        spend.note(outgoing.metered, &answer);
        Ok(answer?)
    }
}

fn read(path: String, metered: bool) -> Outgoing {
    Outgoing {
        method: Method::GET,
        path,
        body: Bytes::new(),
        effect: Effect::Read,
        metered,
    }
}

fn request(outgoing: &Outgoing, grant: &Grant) -> Result<Request<Bytes>, Failure> {
    let wrong = |what: &str| Failure::new(ErrorClass::OurFault, what);
    let bearer = format!("Bearer {}", grant.access_token.expose_secret());
    let mut bearer = HeaderValue::from_str(&bearer)
        .map_err(|_| wrong("the access token has characters that no header can hold"))?;
    bearer.set_sensitive(true);
    let mut builder = Request::builder()
        .method(outgoing.method.clone())
        .uri(format!(
            "{}{}",
            grant.instance_url.trim_end_matches('/'),
            outgoing.path
        ))
        .header(header::AUTHORIZATION, bearer)
        .header(header::ACCEPT, "application/json")
        .header("Sforce-Call-Options", "client=tandem");
    if outgoing.effect == Effect::Write {
        builder = builder.header("Sforce-Auto-Assign", "FALSE");
    }
    if !outgoing.body.is_empty() {
        builder = builder.header(header::CONTENT_TYPE, "application/json;charset=UTF-8");
    }
    builder
        .body(outgoing.body.clone())
        .map_err(|_| wrong("the instance address can't be used in a request"))
}

/// Whether the token was refused and a new one could help. Userinfo says so with 403 and plain text.
fn may_renew(answer: &Response<Bytes>) -> bool {
    let body = answer.body();
    match answer.status() {
        StatusCode::UNAUTHORIZED => {
            let failure = errors::refusal(answer.status(), answer.headers(), body, Effect::Read);
            failure.class == ErrorClass::SessionExpired
        }
        StatusCode::FORBIDDEN => body.trim_ascii() == b"Bad_OAuth_Token",
        _ => false,
    }
}

fn accept(answer: Response<Bytes>, effect: Effect) -> Result<Answer, Failure> {
    if !answer.status().is_success() {
        return Err(errors::refusal(
            answer.status(),
            answer.headers(),
            answer.body(),
            effect,
        ));
    }
    let date = answer.headers().get(header::DATE);
    Ok(Answer {
        date: date.and_then(|date| http_date(date.to_str().ok()?)),
        body: answer.into_body(),
    })
}

fn http_date(text: &str) -> Option<Timestamp> {
    jiff::fmt::rfc2822::DateTimeParser::new()
        .parse_timestamp(text)
        .ok()
}

/// `Sforce-Limit-Info: api-usage=18/15000`, perhaps with other parts after a comma.
fn usage(headers: &HeaderMap) -> Option<OrgUsage> {
    let text = headers.get("sforce-limit-info")?.to_str().ok()?;
    let part = text
        .split(',')
        .find_map(|part| part.trim().strip_prefix("api-usage="))?;
    let (used, max) = part.split_once('/')?;
    Some(OrgUsage {
        used: used.trim().parse().ok()?,
        max: max.trim().parse().ok()?,
    })
}
