//! Sync Management in its four states, with its dialogs.

use super::{Samples, minutes_ago, now};
use maud::Markup;
use std::collections::BTreeMap;
use tandem_core::budget::{BudgetState, Forecast, Pace};
use tandem_core::error::ErrorClass;
use tandem_core::ids::CrmObject;
use tandem_core::store::Backlog;
use tandem_core::workspace::Kind;
use tandem_server::app::mirroring::Mirroring;
use tandem_server::app::overview::{ApiSummary, ConnectorView, ObjectStatus, Overview, SyncState};
use tandem_server::app::settings::FrequencyQuote;
use tandem_server::http::ui::pages::sync::{SyncPage, page};
use tandem_server::http::ui::pages::sync_dialogs::{
    ConnectorDialog, Dialog, FrequencyDialog, ThresholdDialog,
};
use tandem_store::views::{
    ApiUsage, Cause, HourCalls, HourThroughput, KindCounts, LinkStatus, SyncCounts,
};

impl Samples {
    pub(super) fn sync_pages(&self) -> Vec<(&'static str, Markup)> {
        let shell = self.shell();
        let busy = self.sync_page(self.enabled(), None);
        let mut first = self.sync_page(self.enabled(), None);
        first
            .overview
            .objects
            .iter_mut()
            .for_each(|object| object.fresh_at = None);
        first.overview.objects[0].reading_rows = Some(3_400);
        first.overview.causes.clear();
        first.recent.clear();
        let mut contact = self.sync_page(self.enabled(), None);
        contact.contact = self.contact(true);
        let mut nobody = self.sync_page(SyncState::NotConnected, None);
        nobody.overview.connector = None;
        vec![
            ("sync-enabled", page(&self.told("CRM Sync is on."), &busy)),
            ("sync-alert-contact", page(&shell, &contact)),
            ("sync-first-read", page(&shell, &first)),
            ("sync-not-connected", page(&shell, &nobody)),
            (
                "sync-not-configured",
                page(&shell, &self.sync_page(SyncState::NotConfigured, None)),
            ),
            (
                "sync-lost",
                page(&shell, &self.sync_page(self.cut_off(), None)),
            ),
            (
                "sync-edit",
                page(
                    &shell,
                    &self.sync_page(self.enabled(), Some(self.connector_dialog(false))),
                ),
            ),
            (
                "sync-edit-lost",
                page(
                    &shell,
                    &self.sync_page(self.cut_off(), Some(self.connector_dialog(true))),
                ),
            ),
            (
                "sync-frequency",
                page(
                    &shell,
                    &self.sync_page(self.enabled(), Some(frequency_dialog())),
                ),
            ),
            (
                "sync-threshold",
                page(
                    &shell,
                    &self.sync_page(self.enabled(), Some(self.threshold_dialog())),
                ),
            ),
        ]
    }

    pub(super) fn enabled(&self) -> SyncState {
        SyncState::Enabled {
            using: self.say("integration@northwind.example"),
        }
    }

    pub(super) fn cut_off(&self) -> SyncState {
        SyncState::ConnectionLost {
            using: self.say("integration@northwind.example"),
            message: self.say("expired access/refresh token"),
            hint: ErrorClass::ConnectionRevoked.hint().to_owned(),
            code: ErrorClass::ConnectionRevoked.code().to_owned(),
            since: minutes_ago(42),
        }
    }

    pub(super) fn connector(&self) -> ConnectorView {
        ConnectorView {
            crm: "Salesforce".into(),
            name: self.say("Integration User"),
            username: self.say("integration@northwind.example"),
            email: self.say("crm-admin@northwind.example"),
            org_id: "00D5g00000NRTHWEAA".into(),
            org_name: self.say("Northwind Instruments"),
            edition: "Enterprise Edition".into(),
            sandbox: true,
            instance_url: self.say("https://crm.example"),
            connected_at: minutes_ago(60 * 24 * 12),
        }
    }

    fn sync_page(&self, state: SyncState, dialog: Option<Dialog>) -> SyncPage {
        let overview = Overview {
            enabled: matches!(state, SyncState::Enabled { .. }),
            state,
            connector: Some(self.connector()),
            objects: objects(),
            counts: counts(),
            backlog: Backlog {
                links_due: 14,
                intents_pending: 5,
                intents_open: 2,
                parked: 9,
                held: 3,
                next_due: None,
            },
            causes: vec![
                Cause {
                    class: ErrorClass::PicklistRefused,
                    links: 7,
                    since: minutes_ago(190),
                },
                Cause {
                    class: ErrorClass::ValidationRule,
                    links: 2,
                    since: minutes_ago(61),
                },
            ],
            api: api(),
            throughput: throughput(),
        };
        SyncPage {
            overview,
            recent: self.entries().into_iter().take(6).collect(),
            contact: self.contact(false),
            mirroring: Mirroring {
                recognize_merges: true,
                ..Mirroring::default()
            },
            dialog,
        }
    }

    fn connector_dialog(&self, lost: bool) -> Dialog {
        Dialog::Connector(ConnectorDialog {
            enabled: true,
            connector: Some(self.say("integration@northwind.example")),
            lost,
            list: self.connectors(),
            errors: Vec::new(),
        })
    }

    fn threshold_dialog(&self) -> Dialog {
        Dialog::Threshold(ThresholdDialog {
            percent: self.say("180"),
            allowance: Some(100_000),
            errors: vec![self.error("threshold_percent", "Give a percentage from 1 to 100.")],
        })
    }
}

fn frequency_dialog() -> Dialog {
    let quote = |calls_per_day: u64| FrequencyQuote {
        calls_per_day,
        org_max: Some(100_000),
        permille: Some(calls_per_day / 100),
    };
    Dialog::Frequency(FrequencyDialog {
        rows: [
            ("Account", 600),
            ("Lead", 60),
            ("Contact", 300),
            ("Opportunity", 600),
        ]
        .map(|(name, seconds)| (CrmObject::new(name), seconds))
        .to_vec(),
        uniform: vec![(60, quote(1_440)), (300, quote(288)), (600, quote(144))],
        quote: Some(quote(1_584)),
        errors: Vec::new(),
    })
}

fn objects() -> Vec<ObjectStatus> {
    let rows = [
        ("Account", Kind::Account, 600, 812, 0, 0, Some(3), 0),
        ("Lead", Kind::Person, 60, 2_987, 9, 6, Some(0), 0),
        ("Contact", Kind::Person, 300, 2_041, 1, 15, Some(47), 0),
        ("Opportunity", Kind::Opportunity, 600, 396, 2, 0, Some(8), 3),
    ];
    rows.map(
        |(object, kind, frequency_seconds, linked, needs_attention, waiting, fresh, failures)| {
            ObjectStatus {
                object: CrmObject::new(object),
                kind,
                frequency_seconds,
                linked,
                needs_attention,
                waiting,
                fresh_at: fresh.map(minutes_ago),
                reading_rows: None,
                rows_read: linked + waiting,
                read_from: fresh.map(|_| minutes_ago(2_000_000)),
                unstamped: Vec::new(),
                rows_late_seconds: waiting.min(40) as u32,
                comparing_records: (object == "Contact").then_some(4_000),
                compared_at: Some(minutes_ago(1_500)),
                deletions_known_to: Some(minutes_ago(40)),
                next_at: Some(minutes_ago(-4)),
                failures,
            }
        },
    )
    .to_vec()
}

fn counts() -> SyncCounts {
    let kinds = [
        (Kind::Account, 815, 812),
        (Kind::Person, 5_102, 5_028),
        (Kind::Opportunity, 402, 396),
    ];
    SyncCounts {
        kinds: kinds
            .map(|(kind, records, linked)| KindCounts {
                kind,
                records,
                by_status: BTreeMap::from([(LinkStatus::Linked, linked)]),
            })
            .to_vec(),
        objects: Vec::new(),
    }
}

fn api() -> ApiSummary {
    let hours: Vec<_> = (0..25)
        .map(|hour| HourCalls {
            hour: minutes_ago((24 - hour) * 60),
            calls: 60 + (hour as u64 * 37) % 180,
        })
        .collect();
    ApiSummary {
        org_used: Some(61_250),
        org_max: Some(100_000),
        read_at: Some(minutes_ago(1)),
        threshold_percent: 80,
        paused: None,
        pace: Pace::Half,
        outlook: Some(Forecast {
            used: 61_250,
            limit: 71_914,
            calls_per_hour: 1_900,
            peak: 90_000,
            runs_out_at: Some(minutes_ago(-340)),
        }),
        ours: ApiUsage {
            spent: hours.iter().map(|hour| hour.calls).sum(),
            hours,
            budget: BudgetState::default(),
        },
    }
}

fn throughput() -> Vec<HourThroughput> {
    let hour = |index: i64| {
        let n = index as u64;
        HourThroughput {
            hour: minutes_ago((24 - index) * 60),
            from_crm: (n * 13) % 40,
            from_workspace: (n * 7) % 25,
            failed: n % 5 / 3,
        }
    };
    let hours: Vec<_> = (0..25).map(hour).collect();
    assert!(hours.last().is_some_and(|last| last.hour == now()));
    hours
}
