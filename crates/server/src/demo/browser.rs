//! A person at a browser, without a screen: signs in to Tandem, fills in the CRM's own log-in page,
//! follows its redirect back, and edits records through the API that the pages use.

use crate::cli::Failure;
use crate::cli::failure::Kind;
use axum::http::{HeaderName, Method, Request, Response, StatusCode, header};
use bytes::Bytes;
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::{Value, json};
use tandem_connectors::http::{HttpLimits, ReqwestTransport, Transport as _};
use url::{Url, form_urlencoded};

/// The person's browser, signed in to Tandem.
pub struct Browser {
    base: String,
    /// The header that says who it is.
    who: (HeaderName, String),
    http: ReqwestTransport,
}

/// The first administrator of the demo.
pub const EMAIL: &str = "admin@demo.example";

impl Browser {
    /// Opens Tandem's address.
    ///
    /// # Errors
    /// The machine's TLS set-up can't be read.
    pub fn new(base: String) -> Result<Self, Failure> {
        let http = ReqwestTransport::new(HttpLimits::default())
            .map_err(|error| failed(error.to_string()))?;
        Ok(Self {
            base,
            who: (header::COOKIE, String::new()),
            http,
        })
    }

    /// No person: a program with the operator's token.
    ///
    /// # Errors
    /// As [`Browser::new`].
    pub fn operator(base: String, token: &SecretString) -> Result<Self, Failure> {
        let bearer = format!("Bearer {}", token.expose_secret());
        Ok(Self {
            who: (header::AUTHORIZATION, bearer),
            ..Self::new(base)?
        })
    }

    /// Sets Tandem up, or signs in if it is.
    ///
    /// # Errors
    /// It does not answer, or does not know the password.
    pub async fn sign_in(&mut self, password: &SecretString) -> Result<(), Failure> {
        let password = password.expose_secret();
        let set_up = json!({
            "team": "Demo team", "name": "Demo administrator", "email": EMAIL, "password": password,
        });
        let mut answer = self.json(Method::POST, "/api/admin/setup", &set_up).await?;
        if answer.status() == StatusCode::CONFLICT {
            let body = json!({"email": EMAIL, "password": password});
            answer = self.json(Method::POST, "/api/admin/session", &body).await?;
        }
        let set = answer.headers().get(header::SET_COOKIE);
        let cookie = set
            .and_then(|cookie| cookie.to_str().ok())
            .unwrap_or_default();
        self.who.1 = cookie.split(';').next().unwrap_or_default().to_owned();
        accepted(&answer).map(drop)
    }

    /// Connects to the CRM through its own log-in page.
    ///
    /// # Errors
    /// Either side does not answer, or refuses.
    pub async fn connect(&self, username: &str, password: &str) -> Result<(), Failure> {
        let started = self
            .call(Method::POST, "/api/admin/connection/start", &Value::Null)
            .await?;
        let url = started["url"].as_str().unwrap_or_default();
        let page = self.get(url, "").await?;
        let form = LogInForm::read(url, &String::from_utf8_lossy(page.body()))?;
        let back = self.post_form(form, username, password).await?;
        let location = back.headers().get(header::LOCATION);
        let callback = location
            .and_then(|location| location.to_str().ok())
            .unwrap_or_default();
        if !callback.starts_with(&self.base) {
            return Err(failed(
                "the org's log-in page did not send the browser back".into(),
            ));
        }
        let answer = self.get(callback, &self.who.1).await?;
        if answer.status().is_redirection() {
            return Ok(());
        }
        accepted(&answer).map(drop)
    }

    /// Calls the API and gives its answer; null if it is empty.
    ///
    /// # Errors
    /// No answer (the text does not begin with “Tandem answered”), or a refusal.
    pub async fn call(&self, method: Method, path: &str, body: &Value) -> Result<Value, Failure> {
        accepted(&self.json(method, path, body).await?)
    }

    async fn json(
        &self,
        method: Method,
        path: &str,
        body: &Value,
    ) -> Result<Response<Bytes>, Failure> {
        let request = Request::builder()
            .method(method)
            .uri(format!("{}{path}", self.base))
            .header(header::CONTENT_TYPE, "application/json")
            .header(&self.who.0, &self.who.1);
        let body = match body {
            Value::Null => Bytes::new(),
            body => Bytes::from(body.to_string()),
        };
        self.send(request.body(body)).await
    }

    async fn get(&self, url: &str, cookie: &str) -> Result<Response<Bytes>, Failure> {
        let request = Request::get(url).header(header::COOKIE, cookie);
        self.send(request.body(Bytes::new())).await
    }

    async fn post_form(
        &self,
        form: LogInForm,
        username: &str,
        password: &str,
    ) -> Result<Response<Bytes>, Failure> {
        let body = form_urlencoded::Serializer::new(String::new())
            .extend_pairs(&form.hidden)
            .append_pair("username", username)
            .append_pair("password", password)
            .append_pair("decision", "allow")
            .finish();
        let request = Request::post(form.action.as_str())
            .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded");
        self.send(request.body(Bytes::from(body))).await
    }

    async fn send(
        &self,
        request: Result<Request<Bytes>, axum::http::Error>,
    ) -> Result<Response<Bytes>, Failure> {
        let request = request.map_err(|error| failed(error.to_string()))?;
        let answer = self.http.send(request).await;
        answer.map_err(|error| failed(error.to_string()))
    }
}

/// The form of the CRM's log-in page.
struct LogInForm {
    action: Url,
    hidden: Vec<(String, String)>,
}

impl LogInForm {
    /// Reads the page's form: where it goes, and the hidden fields that it carries along.
    fn read(url: &str, html: &str) -> Result<Self, Failure> {
        let base = Url::parse(url).ok();
        let tag = |start: &str| {
            let at = html.find(start)?;
            html[at..].split('>').next().map(str::to_owned)
        };
        let form = tag("<form").ok_or_else(|| failed("the org shows no log-in form".into()))?;
        let action = attribute(&form, "action").unwrap_or_default();
        let action = base.and_then(|base| base.join(&action).ok());
        let hidden = html
            .split("<input ")
            .skip(1)
            .filter_map(|rest| rest.split('>').next())
            .filter(|input| attribute(input, "type").as_deref() == Some("hidden"))
            .filter_map(|input| Some((attribute(input, "name")?, attribute(input, "value")?)))
            .collect();
        Ok(Self {
            action: action.ok_or_else(|| failed("the log-in form leads nowhere".into()))?,
            hidden,
        })
    }
}

/// An attribute of a tag, with its character references resolved.
fn attribute(tag: &str, name: &str) -> Option<String> {
    let start = tag.find(&format!("{name}=\""))? + name.len() + 2;
    let value = tag[start..].split('"').next()?;
    let mut parts = value.split('&');
    let mut text = parts.next()?.to_owned();
    for part in parts {
        let (reference, rest) = part.split_once(';')?;
        text.push(character(reference)?);
        text.push_str(rest);
    }
    Some(text)
}

/// The character a reference stands for, without its `&` and `;`.
fn character(reference: &str) -> Option<char> {
    match reference {
        "amp" => Some('&'),
        "lt" => Some('<'),
        "gt" => Some('>'),
        "quot" => Some('"'),
        number => char::from_u32(number.strip_prefix('#')?.parse().ok()?),
    }
}

fn accepted(answer: &Response<Bytes>) -> Result<Value, Failure> {
    let body: Value = serde_json::from_slice(answer.body()).unwrap_or_default();
    if answer.status().is_success() {
        return Ok(body);
    }
    let detail = body["detail"].as_str().unwrap_or("no reason given");
    Err(failed(format!(
        "Tandem answered {}: {detail}",
        answer.status()
    )))
}

fn failed(text: String) -> Failure {
    Failure::new(Kind::Failed, text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_log_in_form_is_read_as_a_browser_would() {
        let html = "<form method=\"post\" action=\"/go\"><input type=\"hidden\" name=\"state\" \
                    value=\"a&#34;&amp;b\"><input name=\"username\" value=\"\"></form>";
        let form = LogInForm::read("http://127.0.0.1:1/x", html).expect("a form");
        assert_eq!(form.action.as_str(), "http://127.0.0.1:1/go");
        assert_eq!(form.hidden, [("state".to_owned(), "a\"&b".to_owned())]);
    }
}
