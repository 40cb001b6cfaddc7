//! Plays the requests of a recording against a fresh sandbox and compares the answers.
//!
//! A conversation goes on with ids that its own earlier answers gave. Ours are others than the recorded ones, so each
//! pair met at the same place of two answers is remembered, and later requests are rewritten with our ids.

use std::{collections::HashMap, path::Path};

use anyhow::{Context as _, Result, anyhow};
use bytes::Bytes;
use http::Response;
use jiff::SignedDuration;
use serde_json::Value;
use tandem_sandbox::{ClockMode, Options, Sandbox, seed::SeedSize};

use crate::{
    cassette,
    plan::{Plan, Recording, Request},
    read,
    shape::{Difference, Shape, What, compare, compare_values, pairs},
};

/// Records of the org that is asked.
const RECORDS: SeedSize = SeedSize {
    accounts: 8,
    contacts: 8,
    leads: 6,
    opportunities: 4,
};

/// What the comparison of one answer found.
#[derive(Debug, Default)]
pub(crate) struct Compared {
    pub(crate) file: String,
    pub(crate) request: String,
    /// Keys of the recorded answer.
    pub(crate) keys: usize,
    pub(crate) differences: Vec<Difference>,
    pub(crate) allowed: usize,
}

impl Compared {
    /// A recording whose request could not be played.
    pub(crate) fn failed(recording: &Recording, error: &anyhow::Error) -> Self {
        let what = What::Failed(format!("{error:#}"));
        let path = "$".to_owned();
        Self {
            file: recording.file.clone(),
            differences: vec![Difference { path, what }],
            ..Self::default()
        }
    }
}

/// A sandbox for one recording.
#[derive(Debug)]
pub(crate) struct Player<'p> {
    plan: &'p Plan,
    recording: &'p Recording,
    sandbox: Sandbox,
    /// What to write in place of recorded ids and of names in braces.
    known: HashMap<String, String>,
}

impl<'p> Player<'p> {
    pub(crate) fn new(plan: &'p Plan, recording: &'p Recording) -> Self {
        let sandbox = Sandbox::new(Options {
            clock: ClockMode::Virtual,
            external_ids: false,
            records: RECORDS,
            ..Options::default()
        });
        let known = credentials(&sandbox);
        Self {
            plan,
            recording,
            sandbox,
            known,
        }
    }

    /// Plays all and compares each recorded answer with ours.
    pub(crate) fn play(mut self, fixtures: &Path) -> Result<Vec<Compared>> {
        self.set_up()?;
        for request in &self.recording.first {
            let answer = self.ask(request)?;
            if !answer.status().is_success() {
                let text = String::from_utf8_lossy(answer.body()).into_owned();
                return Err(anyhow!("{}: {} {text}", request.ask, answer.status()));
            }
        }
        let text = std::fs::read_to_string(fixtures.join(&self.recording.file))?;
        match &self.recording.request {
            None => self.conversation(&text, fixtures),
            Some(request) => {
                let recorded = read::parse(&text, &self.recording.file)?;
                let answer = self.ask(request)?;
                let status = self.recording.status.unwrap_or(answer.status().as_u16());
                Ok(vec![self.compared(
                    &request.ask,
                    (status, &recorded),
                    &answer,
                )?])
            }
        }
    }

    fn conversation(&mut self, text: &str, fixtures: &Path) -> Result<Vec<Compared>> {
        let mut compared = Vec::new();
        let template = |name: &str| {
            let path = fixtures.join(&self.recording.file).with_file_name(name);
            std::fs::read_to_string(path).ok()
        };
        for exchange in cassette::read(text, &template)? {
            let request = Request {
                ask: format!("{} {}", exchange.method, exchange.target),
                form: media_type(&exchange.body).to_owned(),
                body: exchange.body,
                ..Request::default()
            };
            let answer = self.ask(&request)?;
            let recorded = exchange.answer;
            compared.push(self.compared(&request.ask, (exchange.status, &recorded), &answer)?);
        }
        Ok(compared)
    }

    fn compared(
        &mut self,
        request: &str,
        (status, recorded): (u16, &Value),
        answer: &Response<Bytes>,
    ) -> Result<Compared> {
        let form = answer.headers().get("content-type");
        let form = form.and_then(|form| form.to_str().ok()).unwrap_or("json");
        let text = String::from_utf8_lossy(answer.body());
        let ours = read::parse(&text, form).with_context(|| request.to_owned())?;
        self.learn(recorded, &ours);
        let shape = Shape::of(recorded);
        let mut differences = compare(&shape, &Shape::of(&ours));
        let keys = [
            self.plan.values.as_slice(),
            self.recording.values.as_slice(),
        ]
        .concat();
        differences.extend(compare_values(recorded, &ours, &keys));
        if status != answer.status().as_u16() {
            let what = What::Status(status, answer.status().as_u16());
            let path = "$".to_owned();
            differences.push(Difference { path, what });
        }
        Ok(Compared {
            file: self.recording.file.clone(),
            request: request.chars().take(100).collect(),
            keys: shape.size(),
            differences,
            allowed: 0,
        })
    }

    /// Remembers which id of ours stands where a recorded one stood.
    fn learn(&mut self, recorded: &Value, ours: &Value) {
        pairs(recorded, ours, &mut Vec::new(), &mut |_, recorded, ours| {
            if let (Some(recorded), Some(ours)) = (recorded.as_str(), ours.as_str())
                && is_id(recorded)
                && is_id(ours)
            {
                self.known.insert(recorded.to_owned(), ours.to_owned());
            }
        });
    }

    fn ask(&mut self, request: &Request) -> Result<Response<Bytes>> {
        let (method, target) = request.ask.split_once(' ').context("no method")?;
        if request.wait_minutes > 0 {
            self.sandbox
                .advance(SignedDuration::from_mins(request.wait_minutes));
        }
        let target = encoded(&self.filled(target));
        let mut asked = http::Request::builder().method(method).uri(target);
        if request.session != Some(false) {
            let token = self.sandbox.credentials("").access_token;
            asked = asked.header("authorization", format!("Bearer {token}"));
            // Bulk 1.0 has a header of its own.
            asked = asked.header("x-sfdc-session", token);
        }
        if !request.body.is_empty() {
            asked = asked.header("content-type", &request.form);
        }
        for (name, value) in &request.headers {
            asked = asked.header(name, value);
        }
        let body = Bytes::from(self.filled(&request.body));
        let answer = self.sandbox.handle(asked.body(body)?).response;
        if let Some(name) = &request.name {
            let body: Value = serde_json::from_slice(answer.body())?;
            let text = body.pointer(&request.at).and_then(Value::as_str);
            let text = text.with_context(|| format!("no text at {}", request.at))?;
            self.known.insert(format!("{{{name}}}"), text.to_owned());
        }
        Ok(answer)
    }

    /// The text with our ids in place of the recorded ones and a version where none was recorded.
    fn filled(&self, text: &str) -> String {
        let version = &self.plan.version;
        // Bulk 1.0 has versions without a letter.
        let text = text.replace("/async/vxx.0", &format!("/async/{version}"));
        let text = text.replace("vxx.0", &format!("v{version}"));
        let replace = |text: String, (old, new): (&String, &String)| text.replace(old, new);
        self.known.iter().fold(text, replace)
    }

    fn set_up(&self) -> Result<()> {
        self.sandbox.world(|world| {
            for object in &self.recording.objects {
                world.add_object(object.clone())?;
            }
            for new in &self.recording.fields {
                world.add_field(&new.object, new.field.clone())?;
            }
            Ok(())
        })
    }
}

/// Recorders do not keep the type of what was sent.
fn media_type(body: &str) -> &'static str {
    match body.trim_start().chars().next() {
        Some('<') => "application/xml",
        Some('"') => "text/csv",
        _ => "application/json",
    }
}

/// Recorded addresses have characters that must not stand in one.
fn encoded(target: &str) -> String {
    let marks = [(" ", "%20"), ("{", "%7B"), ("}", "%7D"), ("\"", "%22")];
    let target = target.to_owned();
    marks
        .iter()
        .fold(target, |text, (mark, code)| text.replace(mark, code))
}

/// The names in braces every request may use.
fn credentials(sandbox: &Sandbox) -> HashMap<String, String> {
    let all = sandbox.credentials("");
    let named = [
        ("{username}", all.username),
        ("{password}", all.password),
        ("{security_token}", all.security_token),
        ("{client_id}", all.client_id),
        ("{client_secret}", all.client_secret),
        ("{refresh_token}", all.refresh_token),
        ("{org_id}", all.org_id),
        ("{user_id}", sandbox.connector_user().to_string()),
    ];
    named.map(|(name, value)| (name.to_owned(), value)).into()
}

/// Looks like a record id: 15 or 18 letters and digits, of which the first is a digit.
fn is_id(text: &str) -> bool {
    matches!(text.len(), 15 | 18)
        && text.starts_with(|first: char| first.is_ascii_digit())
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric())
}

#[cfg(test)]
mod tests {
    use super::*;

    const PLAN: &str = "version = '62.0'\nvalues = ['errorCode']\nleft_out = []\n[[recording]]\n";

    fn play(plan: &str, text: &str) -> Result<Vec<Compared>> {
        let folder = tempfile::tempdir()?;
        let plan: Plan = toml::from_str(&format!("{PLAN}{plan}"))?;
        let files = [plan_file(&plan)];
        std::fs::write(folder.path().join(&files[0]), text)?;
        let recording = plan.recordings(&files).next().expect("one");
        Player::new(&plan, recording).play(folder.path())
    }

    fn plan_file(plan: &Plan) -> String {
        plan.unknown_files(&[]).remove(0)
    }

    #[test]
    fn an_answer_is_compared_with_its_recording() {
        let plan = "file = 'x.json'\nstatus = 400\n\
                    request = { ask = 'GET /services/data/v62.0/sobjects/Nothing' }";
        let recorded = r#"[{"errorCode":"GONE","message":"m","fields":[]}]"#;
        let compared = play(plan, recorded).expect("played");
        let found: Vec<String> = compared[0]
            .differences
            .iter()
            .map(ToString::to_string)
            .collect();
        assert_eq!(
            found,
            [
                "missing $[].fields",
                "value   $[].errorCode  recorded \"GONE\", ours \"NOT_FOUND\"",
                "status  $  recorded 400, ours 404",
            ]
        );
    }

    #[test]
    fn names_stand_for_ids_of_earlier_answers() {
        let plan = "file = 'x.json'\nstatus = 404\n\
            first = [{ ask = 'POST /services/data/v62.0/sobjects/Contact', body = '{\"LastName\":\"K\"}', name = 'k' },\n\
                     { ask = 'DELETE /services/data/v62.0/sobjects/Contact/{k}' }]\n\
            request = { ask = 'DELETE /services/data/v62.0/sobjects/Contact/{k}' }";
        let recorded = r#"[{"errorCode":"ENTITY_IS_DELETED","message":"m","fields":[]}]"#;
        assert_eq!(play(plan, recorded).expect("played")[0].differences, []);
    }

    #[test]
    fn a_conversation_goes_on_with_our_ids() {
        let cassette = r#"
interactions:
- request: {method: POST, uri: "https://o.example/services/data/vxx.0/sobjects/Lead", body: '{"LastName":"K","Company":"F"}'}
  response: {status: {code: 201}, body: {string: '{"id":"00Q000000000ABCAAA","success":true,"errors":[]}'}}
- request: {method: GET, uri: "https://o.example/services/data/vxx.0/sobjects/Lead/00Q000000000ABCAAA?fields=Company", body: null}
  response: {status: {code: 200}, body: {string: '{"attributes":{"type":"Lead","url":"u"},"Company":"F"}'}}
"#;
        let compared = play("file = 'x.yaml'", cassette).expect("played");
        assert_eq!(compared.len(), 2);
        assert!(
            compared.iter().all(|answer| answer.differences.is_empty()),
            "{compared:?}"
        );
        assert_eq!(compared[1].keys, 5);
    }
}
