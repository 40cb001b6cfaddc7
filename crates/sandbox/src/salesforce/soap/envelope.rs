//! The envelope around a call: which service is meant, the session and options in the header, the operation in the
//! body; and around its answer or its fault.
//!
//! A fault is HTTP 500 with `faultcode` `sf:<code>`, `faultstring` `<code>: <message>` and a detail element of the
//! kind the WSDL names for the code. The kinds and codes are documented; which prefix each element has is what public
//! recordings of clients show.

use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};

use super::xml::{Element, Unreadable, Writer};
use crate::salesforce::{
    answer::{self, Answer},
    error::ApiError,
    versions,
};

const ENVELOPE: &str = "http://schemas.xmlsoap.org/soap/envelope/";

/// The two SOAP services: one WSDL for all orgs, and one with the org's own objects.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Service {
    Partner,
    Enterprise,
}

impl Service {
    fn name(self) -> &'static str {
        match self {
            Self::Partner => "partner",
            Self::Enterprise => "enterprise",
        }
    }

    /// The letter in the path.
    pub(super) fn letter(self) -> &'static str {
        match self {
            Self::Partner => "u",
            Self::Enterprise => "c",
        }
    }
}

/// The service and the major version of `/services/Soap/{u|c}/{version}[/{org}]`.
pub(super) fn endpoint(path: &str) -> Result<(Service, u32), Fault> {
    let mut parts = path
        .strip_prefix("/services/Soap/")
        .unwrap_or_default()
        .split('/');
    let service = match parts.next() {
        Some("u") => Service::Partner,
        Some("c") => Service::Enterprise,
        _ => return Err(Fault::client("there is no SOAP service at this address")),
    };
    let version = parts.next().unwrap_or_default();
    versions::named(version)
        .map(|major| (service, major))
        .ok_or_else(|| {
            Fault::new(
                "UNSUPPORTED_API_VERSION",
                "Invalid Api version specified on URL",
            )
        })
}

/// A call taken out of its envelope.
#[derive(Debug)]
pub(super) struct Envelope {
    header: Element,
    pub(super) operation: Element,
}

impl Envelope {
    pub(super) fn of(root: Element) -> Result<Self, Fault> {
        let taken = |name: &str| root.child(name).cloned();
        let header = taken("Header").unwrap_or_default();
        let operation = taken("Body").and_then(|body| body.children.into_iter().next());
        match operation {
            Some(operation) if root.name == "Envelope" => Ok(Self { header, operation }),
            _ => Err(Fault::client(
                "the body is not a SOAP envelope with an operation",
            )),
        }
    }

    pub(super) fn session_id(&self) -> Option<&str> {
        self.header.child("SessionHeader")?.value("sessionId")
    }

    pub(super) fn all_or_none(&self) -> bool {
        let header = self.header.child("AllOrNoneHeader");
        header.is_some_and(|header| header.flag("allOrNone"))
    }

    /// The options of the header as the HTTP headers that mean the same.
    pub(super) fn http_headers(&self) -> HeaderMap {
        let mut headers = HeaderMap::new();
        let mut put = |name: &'static str, value: Option<String>| {
            if let Some(value) = value.and_then(|value| HeaderValue::from_str(&value).ok()) {
                headers.insert(HeaderName::from_static(name), value);
            }
        };
        let option = |header: &str, name: &str| {
            let value = self.header.child(header)?.value(name)?;
            Some(value.to_owned())
        };
        put(
            "sforce-query-options",
            option("QueryOptions", "batchSize").map(|size| format!("batchSize={size}")),
        );
        put(
            "sforce-call-options",
            option("CallOptions", "client").map(|client| format!("client={client}")),
        );
        put("sforce-auto-assign", self.auto_assign());
        put("sforce-duplicate-rule-header", self.duplicate_rule());
        headers
    }

    /// SOAP runs an assignment rule only when asked to (documented), REST unless told not to.
    fn auto_assign(&self) -> Option<String> {
        let header = self.header.child("AssignmentRuleHeader");
        let rule = header.and_then(|header| header.value("assignmentRuleId"));
        let default = header.is_some_and(|header| header.flag("useDefaultRule"));
        let text = rule.unwrap_or(if default { "TRUE" } else { "FALSE" });
        Some(text.to_owned())
    }

    fn duplicate_rule(&self) -> Option<String> {
        let header = self.header.child("DuplicateRuleHeader")?;
        let pairs = ["allowSave", "includeRecordDetails", "runAsCurrentUser"];
        let pairs = pairs.map(|name| format!("{name}={}", header.flag(name)));
        Some(pairs.join("; "))
    }
}

/// A refused call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Fault {
    /// `INVALID_LOGIN` and the like; none: the envelope itself is wrong.
    code: Option<String>,
    message: String,
}

impl Fault {
    pub(super) fn new(code: &str, message: impl Into<String>) -> Self {
        Self {
            code: Some(code.to_owned()),
            message: message.into(),
        }
    }

    /// The client's envelope is wrong.
    pub(super) fn client(message: impl Into<String>) -> Self {
        Self {
            code: None,
            message: message.into(),
        }
    }

    pub(super) fn login() -> Self {
        let message = "Invalid username, password, security token; or user locked out.";
        Self::new("INVALID_LOGIN", message)
    }

    pub(super) fn session() -> Self {
        let message = "Invalid Session ID found in SessionHeader: Illegal Session. Session not found, missing session hash";
        Self::new("INVALID_SESSION_ID", message)
    }

    pub(super) fn no_object(name: &str) -> Self {
        let message = format!(
            "sObject type '{name}' is not supported. If you are attempting to use a custom object, be sure to append \
             the '__c' after the entity name. Please reference your WSDL or the describe call for the appropriate names."
        );
        Self::new("INVALID_TYPE", message)
    }

    /// REST does not find the object of this name; SOAP says so in other words.
    pub(super) fn about_object(self, name: &str) -> Self {
        if self.code.as_deref() == Some("NOT_FOUND") {
            return Self::no_object(name);
        }
        self
    }

    pub(super) fn no_operation(service: Service, name: &str) -> Self {
        Self::client(format!(
            "No operation available for request {{urn:{}.soap.sforce.com}}{name}, please check the WSDL for the service.",
            service.name()
        ))
    }

    pub(super) fn into_answer(self, service: Service) -> Answer {
        let namespaces = format!(
            " xmlns:soapenv=\"{ENVELOPE}\" xmlns:sf=\"urn:fault.{}.soap.sforce.com\" \
             xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\"",
            service.name()
        );
        let mut xml = Writer::default();
        xml.element("soapenv:Envelope", &namespaces, |xml| {
            xml.element("soapenv:Body", "", |xml| {
                xml.element("soapenv:Fault", "", |xml| self.write(xml));
            });
        });
        answer::xml(StatusCode::INTERNAL_SERVER_ERROR, xml.finish())
    }

    fn write(&self, xml: &mut Writer) {
        let Some(code) = &self.code else {
            xml.leaf("faultcode", "soapenv:Client");
            xml.leaf("faultstring", &self.message);
            return;
        };
        let kind = format!("sf:{}", kind(code));
        xml.leaf("faultcode", format!("sf:{code}"));
        xml.leaf("faultstring", format!("{code}: {}", self.message));
        xml.element("detail", "", |xml| {
            xml.element(&kind, &format!(" xsi:type=\"{kind}\""), |xml| {
                xml.leaf("sf:exceptionCode", code);
                xml.leaf("sf:exceptionMessage", &self.message);
                if let Some((row, column)) = self.place() {
                    xml.leaf("sf:row", row);
                    xml.leaf("sf:column", column);
                }
            });
        });
    }

    /// Where in the query the error is: faults about queries say it, as -1 when it is unknown.
    fn place(&self) -> Option<(&str, &str)> {
        let code = self.code.as_deref()?;
        if !matches!(
            kind(code),
            "MalformedQueryFault" | "InvalidFieldFault" | "InvalidSObjectFault"
        ) {
            return None;
        }
        let place = self
            .message
            .split_once("ERROR at Row:")
            .and_then(|(_, rest)| {
                let (row, rest) = rest.split_once(":Column:")?;
                let digits = rest
                    .find(|c: char| !c.is_ascii_digit())
                    .unwrap_or(rest.len());
                Some((row, &rest[..digits]))
            });
        Some(place.unwrap_or(("-1", "-1")))
    }
}

/// The element of the WSDL that reports a code.
fn kind(code: &str) -> &'static str {
    match code {
        "INVALID_LOGIN" | "LOGIN_MUST_USE_SECURITY_TOKEN" | "INACTIVE_OWNER_OR_USER" => {
            "LoginFault"
        }
        "MALFORMED_QUERY" => "MalformedQueryFault",
        "INVALID_FIELD" => "InvalidFieldFault",
        "INVALID_TYPE" => "InvalidSObjectFault",
        "INVALID_QUERY_LOCATOR" => "InvalidQueryLocatorFault",
        "MALFORMED_ID" | "INVALID_ID_FIELD" => "InvalidIdFault",
        _ => "UnexpectedErrorFault",
    }
}

impl From<Unreadable> for Fault {
    fn from(Unreadable(sentence): Unreadable) -> Self {
        Self::client(sentence)
    }
}

impl From<ApiError> for Fault {
    fn from(error: ApiError) -> Self {
        let (code, message) = error.first();
        Self::new(code, message)
    }
}

/// The answer to `operation`: its `result` elements, and how much of the allowance is used when that is known.
pub(super) fn response(
    service: Service,
    operation: &str,
    usage: Option<(u64, u64)>,
    results: &Writer,
) -> Answer {
    let name = service.name();
    let namespaces = format!(
        " xmlns:soapenv=\"{ENVELOPE}\" xmlns=\"urn:{name}.soap.sforce.com\" xmlns:sf=\"urn:sobject.{name}.soap.sforce.com\" \
         xmlns:xsd=\"http://www.w3.org/2001/XMLSchema\" xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\""
    );
    let mut xml = Writer::default();
    xml.element("soapenv:Envelope", &namespaces, |xml| {
        if let Some(usage) = usage {
            limit_info(xml, usage);
        }
        xml.element("soapenv:Body", "", |xml| {
            xml.element(&format!("{operation}Response"), "", |xml| {
                xml.append(results)
            });
        });
    });
    answer::xml(StatusCode::OK, xml.finish())
}

fn limit_info(xml: &mut Writer, (used, limit): (u64, u64)) {
    xml.element("soapenv:Header", "", |xml| {
        xml.element("LimitInfoHeader", "", |xml| {
            xml.element("limitInfo", "", |xml| {
                xml.leaf("current", used.to_string());
                xml.leaf("limit", limit.to_string());
                xml.leaf("type", "API REQUESTS");
            });
        });
    });
}
