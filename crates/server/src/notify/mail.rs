//! One mail to one receiver over SMTP.

use super::{Note, NotifyError};
use crate::config::{Mail, MailTls};
use lettre::address::AddressError;
use lettre::message::header::{ContentType, HeaderName, HeaderValue};
use lettre::message::{Mailbox, Message};
use lettre::transport::smtp::authentication::Credentials;
use lettre::transport::smtp::client::{Tls, TlsParameters};
use lettre::{AsyncSmtpTransport, AsyncTransport as _, Tokio1Executor};
use secrecy::ExposeSecret as _;
use std::error::Error;
use std::time::{Duration, SystemTime};
use tandem_core::Timestamp;

/// The mail server and the sender.
pub(super) struct Mailer {
    transport: AsyncSmtpTransport<Tokio1Executor>,
    from: Mailbox,
    server: String,
}

/// The transport knows the password.
impl std::fmt::Debug for Mailer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Mailer")
            .field("server", &self.server)
            .finish_non_exhaustive()
    }
}

impl Mailer {
    pub(super) fn new(settings: &Mail) -> Result<Self, NotifyError> {
        let failed = |error: &dyn Error| NotifyError::Mail(chain(error));
        let from = settings.from.parse();
        let from: Mailbox = from.map_err(|error: AddressError| failed(&error))?;
        let parameters = || TlsParameters::new(settings.host.clone());
        let tls = match settings.tls {
            MailTls::Starttls => Tls::Required(parameters().map_err(|error| failed(&error))?),
            MailTls::Tls => Tls::Wrapper(parameters().map_err(|error| failed(&error))?),
            MailTls::None => Tls::None,
        };
        let timeout = Duration::from_secs(settings.timeout_seconds.into());
        // “Dangerous” without `tls`, which says here how the way is encrypted.
        let mut builder = AsyncSmtpTransport::<Tokio1Executor>::builder_dangerous(&settings.host)
            .port(settings.port)
            .tls(tls)
            .timeout(Some(timeout));
        if !settings.user.is_empty() {
            let password = settings.password.expose_secret().to_owned();
            builder = builder.credentials(Credentials::new(settings.user.clone(), password));
        }
        Ok(Self {
            transport: builder.build(),
            from,
            server: format!("{}:{}", settings.host, settings.port),
        })
    }

    pub(super) async fn send(&self, to: &str, note: &Note) -> Result<(), String> {
        let message = self.message(to, note)?;
        let sent = self.transport.send(message).await;
        sent.map(drop)
            .map_err(|error| format!("the mail server {}: {}", self.server, chain(&error)))
    }

    /// A repetition has the same id, so that a mailbox can tell.
    fn message(&self, to: &str, note: &Note) -> Result<Message, String> {
        let to: Mailbox = to
            .parse()
            .map_err(|_| format!("“{to}” is not an e-mail address; set another alert contact"))?;
        let id = format!("<{}@{}>", note.id, self.from.email.domain());
        let automatic = HeaderName::new_from_ascii_str("Auto-Submitted");
        Message::builder()
            .from(self.from.clone())
            .to(to)
            .subject(&note.subject)
            .date(system_time(note.at))
            .message_id(Some(id))
            .raw_header(HeaderValue::new(automatic, "auto-generated".into()))
            .header(ContentType::TEXT_PLAIN)
            .body(note.body.clone())
            .map_err(|error| chain(&error))
    }
}

/// As the mail library wants it. Whole seconds are enough; nothing is sent before 1970.
fn system_time(at: Timestamp) -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_secs(at.as_second().try_into().unwrap_or_default())
}

/// An error with its causes, in one line.
fn chain(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(inner) = cause {
        text.push_str(": ");
        text.push_str(&inner.to_string());
        cause = inner.source();
    }
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}
