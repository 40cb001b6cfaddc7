//! How people are told of alerts: e-mail and webhook.
//!
//! It carries one [`Note`] to one receiver and says how that went. What is due to be said, to whom, and
//! what to do about a failure is decided by [`app`](crate::app) and kept in the store. Passwords, secrets
//! and the webhook's address never stand in an error.

mod mail;
mod text;
mod webhook;

pub use text::{Note, alert_note, test_note};

use crate::config::Config;
use secrecy::ExposeSecret as _;
use tandem_connectors::http::TransportError;
use tandem_core::alert::Channel;

/// Whether a text is an e-mail address that mails can be sent to.
pub fn is_address(text: &str) -> bool {
    text.len() <= ADDRESS_BYTES_MAX && text.parse::<lettre::Address>().is_ok()
}

/// Longest e-mail address.
const ADDRESS_BYTES_MAX: usize = 254;
/// Characters that an error of a mail server or a webhook may have.
const ERROR_CHARS_MAX: usize = 400;

/// A configured channel that can't be used at all.
#[derive(Debug, thiserror::Error)]
pub enum NotifyError {
    /// The settings of `[mail]`.
    #[error("[mail] can't be used: {0}")]
    Mail(String),
    /// The network.
    #[error(transparent)]
    Network(#[from] TransportError),
}

/// The channels that the operator configured.
#[derive(Debug)]
pub struct Notifier {
    mail: Option<mail::Mailer>,
    webhook: Option<webhook::Webhook>,
}

impl Notifier {
    /// As configured; connects to nobody yet.
    ///
    /// # Errors
    /// See [`NotifyError`].
    pub fn new(config: &Config) -> Result<Self, NotifyError> {
        let mail = (!config.mail.host.is_empty())
            .then(|| mail::Mailer::new(&config.mail))
            .transpose()?;
        let webhook = (!config.webhook.url.expose_secret().is_empty())
            .then(|| webhook::Webhook::new(&config.webhook))
            .transpose()?;
        Ok(Self { mail, webhook })
    }

    /// The channels that there are.
    pub fn channels(&self) -> impl Iterator<Item = Channel> {
        let mail = self.mail.as_ref().map(|_| Channel::Mail);
        let webhook = self.webhook.as_ref().map(|_| Channel::Webhook);
        mail.into_iter().chain(webhook)
    }

    /// Tells `to` (of use for mail only). `Ok` with the receiver as people know it.
    ///
    /// # Errors
    /// Why it was not taken, in words for an administrator. It may have arrived all the same.
    pub async fn send(&self, channel: Channel, to: &str, note: &Note) -> Result<String, String> {
        let sent = match (channel, &self.mail, &self.webhook) {
            (Channel::Mail, Some(mail), _) => mail.send(to, note).await.map(|()| to.to_owned()),
            (Channel::Webhook, _, Some(webhook)) => {
                webhook.send(note).await.map(|()| webhook.host())
            }
            _ => Err(format!("{} is not configured", channel.label())),
        };
        sent.map_err(|error| error.chars().take(ERROR_CHARS_MAX).collect())
    }
}
