//! SOAP: the partner and the enterprise service, for clients that log in with it and for what REST cannot do (merge,
//! undelete, lead conversion, emptying the recycle bin).
//!
//! The one idea: SOAP is a second spelling. Whatever REST can do, too, is done by REST, inside this process: the
//! operation becomes a data call ([`Caller::rest`]), and the JSON of its answer becomes XML ([`sobject`]). So rules,
//! errors and limits are the same by construction. What REST cannot do goes to the world. Header elements become the
//! HTTP headers of the same meaning ([`envelope`]).
//!
//! A call of any operation but `login` counts as one API call. The JSON of a REST answer has no element order of its
//! own where it is an object of ours: there elements come in alphabetical order, which mostly is the WSDL's. There is
//! no WSDL to download, no `describeLayout` and its like, no custom web services and no metadata or tooling service.

mod calls;
mod describe;
mod envelope;
mod lifecycle;
mod login;
mod records;
mod sobject;
mod tree;

use bytes::Bytes;
use http::{HeaderMap, Method, Request};
use serde_json::Value;

use self::{
    envelope::{Envelope, Fault, Service},
    sobject::Spelling,
    tree::Tree,
};
use super::{
    Org, Site,
    answer::Answer,
    error::ApiError,
    request::Call,
    route,
    serve::Denied,
    xml::{self, Element, Writer},
};
use crate::{meter::MeteredCall, world::Actor};

/// Who calls, over which service, and what they may work on.
struct Caller<'a> {
    site: Site<'a>,
    service: Service,
    version: u32,
    actor: Actor,
    /// The options of the SOAP header as HTTP headers.
    headers: HeaderMap,
    all_or_none: bool,
}

impl Caller<'_> {
    /// How this caller gets records.
    fn spelling(&self) -> Spelling<'_> {
        Spelling {
            service: self.service,
            schema: self.site.world.schema(),
        }
    }

    /// The object exists for the caller; an unknown one fails the whole call.
    fn check_object(&self, name: &str) -> Result<(), Fault> {
        if self.site.world.object_rights(&self.actor, name).read {
            return Ok(());
        }
        Err(Fault::no_object(name))
    }

    /// Does a data call: `path` stands behind `/services/data/vXX.0`, encoded.
    fn rest(&mut self, method: Method, path: &str, body: &Value) -> Result<Tree, Fault> {
        let target = format!("/services/data/v{}.0{path}", self.version);
        let body = match body {
            Value::Null => Bytes::new(),
            body => Bytes::from(body.to_string()),
        };
        let call = Call::new(method, &target, self.headers.clone(), body, self.actor)?;
        let answer = route::dispatch(&mut self.site, &call)?;
        Ok(Tree::read(answer.body()))
    }
}

impl Org {
    /// Answers `POST /services/Soap/…`.
    pub(super) fn soap(&mut self, request: &Request<Bytes>, path: &str, origin: &str) -> Answer {
        if request.method() != Method::POST {
            return ApiError::method_not_allowed(request.method().as_str(), "POST").into_answer();
        }
        let endpoint = envelope::endpoint(path);
        let service = endpoint
            .as_ref()
            .map_or(Service::Partner, |(service, _)| *service);
        endpoint
            .and_then(|endpoint| self.serve_soap(request, path, origin, endpoint))
            .unwrap_or_else(|fault| fault.into_answer(service))
    }

    fn serve_soap(
        &mut self,
        request: &Request<Bytes>,
        path: &str,
        origin: &str,
        (service, version): (Service, u32),
    ) -> Result<Answer, Fault> {
        if !request.headers().contains_key("soapaction") {
            return Err(Fault::client("SOAPAction HTTP header missing"));
        }
        let envelope = Envelope::of(xml::read(request.body())?)?;
        let name = envelope.operation.name.clone();
        if name == "login" {
            let results = login::login(self, &envelope.operation, (service, version), origin)?;
            return Ok(envelope::response(service, &name, None, &results));
        }
        let headers = envelope.http_headers();
        let actor = self.admit(&envelope, path, &headers)?;
        let results = match name.as_str() {
            "logout" => login::logout(self, envelope.session_id().unwrap_or_default()),
            "setPassword" => login::set_password(self, &envelope.operation)?,
            "resetPassword" => login::reset_password(self, &envelope.operation)?,
            "getUserInfo" => login::user_info(self, actor.user)?,
            _ => {
                let mut caller = Caller {
                    site: Site {
                        world: &mut self.world,
                        desk: &mut self.desk,
                        origin,
                    },
                    service,
                    version,
                    actor,
                    headers,
                    all_or_none: envelope.all_or_none(),
                };
                calls::run(&mut caller, &envelope.operation)?
            }
        };
        let now = self.world.now();
        let usage = (self.desk.meter.used(now), self.desk.meter.limit());
        Ok(envelope::response(service, &name, Some(usage), &results))
    }

    /// The checks before a call, in the order of the data API; then it counts.
    fn admit(
        &mut self,
        envelope: &Envelope,
        path: &str,
        headers: &HeaderMap,
    ) -> Result<Actor, Fault> {
        let now = self.world.now();
        let admitted = self.admitted(envelope.session_id());
        let actor = admitted.map_err(|denied| match denied {
            Denied::Session | Denied::Scope => Fault::session(),
            other => ApiError::from(other).into(),
        })?;
        self.desk.meter.count(MeteredCall {
            at: now,
            kind: "soap",
            method: "POST".to_owned(),
            path: path.to_owned(),
            client: super::request::client_name(headers).to_owned(),
        });
        Ok(actor)
    }
}
