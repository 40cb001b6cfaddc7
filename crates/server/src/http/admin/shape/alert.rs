//! An alert.

use serde::Serialize;
use std::collections::BTreeMap;
use tandem_core::alert::{Alert, Delivery, Ending};
use utoipa::ToSchema;

/// A condition that a person is told of, open or over.
#[derive(Serialize, ToSchema)]
pub(in super::super) struct AlertJson {
    /// Its number.
    id: i64,
    /// `connector_lost`, `api_threshold`, `brake_held`, `picklist_value` or `picklist_field`.
    kind: &'static str,
    /// What is wrong.
    title: &'static str,
    /// What to do.
    hint: &'static str,
    /// Where and how much, a line each.
    details: Vec<String>,
    /// When it was first seen.
    opened_at: String,
    /// When it ended; null while it is open.
    ended_at: Option<String>,
    /// `resolved` or `sync_off`; null while it is open.
    ending: Option<&'static str>,
    /// What was said, by way (`mail`, `webhook`); absent where nothing was tried.
    deliveries: BTreeMap<&'static str, DeliveryJson>,
}

/// What was said on one way.
#[derive(Serialize, ToSchema)]
struct DeliveryJson {
    /// Messages that were sent.
    count: u32,
    /// The last of them: `opened`, `reminder` or `recovered`.
    last_message: Option<&'static str>,
    /// When it was sent.
    last_at: Option<String>,
    /// To whom.
    last_to: Option<String>,
    /// Failed tries since.
    failures: u32,
    /// Why the last try failed.
    error: Option<String>,
}

impl From<Alert> for AlertJson {
    fn from(alert: Alert) -> Self {
        let deliveries = alert.deliveries.into_iter();
        Self {
            id: alert.id.0,
            kind: alert.kind.as_str(),
            title: alert.kind.title(),
            hint: alert.kind.hint(),
            details: alert.details,
            opened_at: alert.opened_at.to_string(),
            ended_at: alert.ended.map(|(at, _)| at.to_string()),
            ending: alert.ended.map(|(_, ending)| match ending {
                Ending::Resolved => "resolved",
                Ending::SyncOff => "sync_off",
            }),
            deliveries: deliveries
                .map(|(channel, delivery)| (channel.as_str(), delivery.into()))
                .collect(),
        }
    }
}

impl From<Delivery> for DeliveryJson {
    fn from(delivery: Delivery) -> Self {
        let last = delivery.last;
        Self {
            count: delivery.count,
            last_message: last.as_ref().map(|sent| sent.message.as_str()),
            last_at: last.as_ref().map(|sent| sent.at.to_string()),
            last_to: last.map(|sent| sent.to),
            failures: delivery.failures,
            error: delivery.error,
        }
    }
}
