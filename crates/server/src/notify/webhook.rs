//! One request with JSON to an address of the operator's: a `text` as chat services show it, and the
//! same in fields for programs. With a secret the body is signed.

use super::{Note, NotifyError};
use crate::config;
use bytes::Bytes;
use hmac::{Hmac, KeyInit as _, Mac as _};
use http::{Request, header};
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::json;
use sha2::Sha256;
use tandem_connectors::http::{HttpLimits, ReqwestTransport, Transport as _};
use url::Url;

/// HMAC-SHA-256 of the body under the secret, as `sha256=` and hexadecimal digits.
const SIGNATURE_HEADER: &str = "x-tandem-signature";
/// The note's id: the same for a repetition.
const DELIVERY_HEADER: &str = "x-tandem-delivery";
/// Answers are not read beyond this.
const ANSWER_BYTES_MAX: usize = 64 * 1024;

/// The address and the secret. Neither is ever shown.
#[derive(Debug)]
pub(super) struct Webhook {
    transport: ReqwestTransport,
    url: SecretString,
    secret: SecretString,
}

impl Webhook {
    pub(super) fn new(settings: &config::Webhook) -> Result<Self, NotifyError> {
        let limits = HttpLimits {
            request_timeout_seconds: settings.timeout_seconds.into(),
            response_bytes_max: ANSWER_BYTES_MAX,
            ..HttpLimits::default()
        };
        Ok(Self {
            transport: ReqwestTransport::new(limits)?,
            url: settings.url.clone(),
            secret: settings.secret.clone(),
        })
    }

    /// The host of the address: all of it that may be shown.
    pub(super) fn host(&self) -> String {
        let url = Url::parse(self.url.expose_secret()).ok();
        let host = url.as_ref().and_then(Url::host_str);
        host.unwrap_or("the webhook").to_owned()
    }

    pub(super) async fn send(&self, note: &Note) -> Result<(), String> {
        let answer = self.transport.send(self.request(note)?).await;
        let answer = answer.map_err(|error| format!("{}: {error}", self.host()))?;
        if answer.status().is_success() {
            return Ok(());
        }
        Err(format!("{} answered {}", self.host(), answer.status()))
    }

    fn request(&self, note: &Note) -> Result<Request<Bytes>, String> {
        let body = body(note).to_string();
        let mut request = Request::post(self.url.expose_secret())
            .header(header::CONTENT_TYPE, "application/json")
            .header(DELIVERY_HEADER, &note.id);
        if !self.secret.expose_secret().is_empty() {
            let signature = sign(self.secret.expose_secret(), body.as_bytes())?;
            request = request.header(SIGNATURE_HEADER, signature);
        }
        let request = request.body(Bytes::from(body));
        request.map_err(|_| "the address of webhook.url can't be requested".to_owned())
    }
}

fn sign(secret: &str, body: &[u8]) -> Result<String, String> {
    let mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes());
    let mut mac = mac.map_err(|_| "webhook.secret can't be used".to_owned())?;
    mac.update(body);
    let digest = mac.finalize().into_bytes();
    let hex: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
    Ok(format!("sha256={hex}"))
}

fn body(note: &Note) -> serde_json::Value {
    json!({
        "text": for_chat(&format!("{}\n{}", note.subject, note.body)),
        "id": note.id,
        "event": note.event,
        "at": note.at,
        "team": note.team,
        "url": note.url,
        "alert": note.alert,
    })
}

/// The three characters with which chat services mark links and mentions.
fn for_chat(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The second test case of RFC 4231.
    #[test]
    fn the_signature_is_the_standards() {
        assert_eq!(
            sign("Jefe", b"what do ya want for nothing?").as_deref(),
            Ok("sha256=5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843")
        );
    }

    #[test]
    fn nobody_is_called_by_a_crms_words() {
        assert_eq!(for_chat("<!channel> & co"), "&lt;!channel&gt; &amp; co");
    }
}
