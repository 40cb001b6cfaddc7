//! A client of one sandbox, without a network.

use bytes::Bytes;
use http::{HeaderMap, Method, Request, StatusCode};
use serde_json::{Value, json};
use tandem_sandbox::{ClockMode, Delivery, Options, Sandbox, seed::SeedSize};

pub(crate) const BASE: &str = "/services/data/v62.0";

/// What came back, and whether it came.
#[derive(Debug)]
pub(crate) struct Got {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) text: String,
    pub(crate) delivery: Delivery,
}

impl Got {
    /// The body as JSON, null when it is not.
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_default()
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers
            .get(name)
            .map_or("", |value| value.to_str().expect("text"))
    }

    /// `errorCode` of the first error.
    pub(crate) fn code(&self) -> String {
        self.json()[0]["errorCode"]
            .as_str()
            .unwrap_or_default()
            .to_owned()
    }

    #[track_caller]
    pub(crate) fn expect(self, status: u16) -> Self {
        assert_eq!(self.status, status, "{}", self.text);
        self
    }
}

/// A sandbox on a standing clock, and a session of its connector.
#[derive(Debug)]
pub(crate) struct Client {
    pub(crate) sandbox: Sandbox,
    pub(crate) token: String,
}

/// A small org without jitter, whose clock only moves when told.
pub(crate) fn options() -> Options {
    Options {
        clock: ClockMode::Virtual,
        limit_jitter_calls: 0,
        ..Options::default()
    }
}

impl Client {
    pub(crate) fn new(options: Options) -> Self {
        Self::of(Sandbox::new(options))
    }

    pub(crate) fn of(sandbox: Sandbox) -> Self {
        let token = sandbox.credentials("http://org.example").access_token;
        Self { sandbox, token }
    }

    /// An org without records.
    pub(crate) fn empty() -> Self {
        Self::new(options())
    }

    pub(crate) fn with_records(records: SeedSize) -> Self {
        Self::new(Options {
            records,
            ..options()
        })
    }

    /// A request exactly as given.
    pub(crate) fn send(&self, request: Request<Bytes>) -> Got {
        let reply = self.sandbox.handle(request);
        let (parts, body) = reply.response.into_parts();
        Got {
            status: parts.status,
            headers: parts.headers,
            text: String::from_utf8(body.to_vec()).expect("UTF-8"),
            delivery: reply.delivery,
        }
    }

    /// A call with the session, under [`BASE`] unless the path is absolute. A body makes it JSON.
    pub(crate) fn call(
        &self,
        method: Method,
        path: &str,
        body: Option<Value>,
        headers: &[(&str, &str)],
    ) -> Got {
        let absolute = path.starts_with("/services") || path.starts_with("/id/");
        let target = if absolute {
            path.to_owned()
        } else {
            format!("{BASE}{path}")
        };
        let mut request = Request::builder()
            .method(method)
            .uri(target.replace(' ', "%20"))
            .header("authorization", format!("Bearer {}", self.token));
        if body.is_some() {
            request = request.header("content-type", "application/json");
        }
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let body = body.map(|body| body.to_string()).unwrap_or_default();
        self.send(request.body(Bytes::from(body)).expect("a request"))
    }

    pub(crate) fn get(&self, path: &str) -> Got {
        self.call(Method::GET, path, None, &[])
    }

    pub(crate) fn post(&self, path: &str, body: Value) -> Got {
        self.call(Method::POST, path, Some(body), &[])
    }

    pub(crate) fn patch(&self, path: &str, body: Value) -> Got {
        self.call(Method::PATCH, path, Some(body), &[])
    }

    pub(crate) fn delete(&self, path: &str) -> Got {
        self.call(Method::DELETE, path, None, &[])
    }

    /// Runs SOQL and gives the first page.
    pub(crate) fn query(&self, soql: &str) -> Value {
        let encoded: String = url::form_urlencoded::byte_serialize(soql.as_bytes()).collect();
        self.get(&format!("/query?q={encoded}")).expect(200).json()
    }

    /// Creates a record and gives its id.
    #[track_caller]
    pub(crate) fn create(&self, object: &str, fields: Value) -> String {
        let got = self
            .post(&format!("/sobjects/{object}"), fields)
            .expect(201);
        got.json()["id"].as_str().expect("an id").to_owned()
    }

    pub(crate) fn contact(&self, last_name: &str) -> String {
        self.create("Contact", json!({ "LastName": last_name }))
    }

    /// A field of a record as the API shows it.
    pub(crate) fn field(&self, object: &str, id: &str, name: &str) -> Value {
        self.get(&format!("/sobjects/{object}/{id}?fields={name}"))
            .expect(200)
            .json()[name]
            .clone()
    }

    /// A form to an OAuth endpoint.
    pub(crate) fn form(&self, path: &str, pairs: &[(&str, &str)]) -> Got {
        let body = url::form_urlencoded::Serializer::new(String::new())
            .extend_pairs(pairs)
            .finish();
        let request = Request::post(path)
            .header("content-type", "application/x-www-form-urlencoded")
            .header("host", "org.example:8443");
        self.send(request.body(Bytes::from(body)).expect("a request"))
    }

    /// A request without a session.
    pub(crate) fn anonymous(&self, path: &str) -> Got {
        self.send(Request::get(path).body(Bytes::new()).expect("a request"))
    }
}
