//! The sync log and its entries.

use super::{Samples, minutes_ago};
use maud::Markup;
use tandem_core::error::ErrorClass;
use tandem_core::ids::{CrmId, CrmObject, LogId, RecordId};
use tandem_core::sync_log::{FieldChange, LogDraft, LogError, LogSource, LogStatus, LogType, Rule};
use tandem_core::value::Value;
use tandem_core::workspace::Kind;
use tandem_server::app::log::LogEntryDetail;
use tandem_server::http::ui::pages::log_entry;
use tandem_server::http::ui::pages::logs::{LogQuery, LogsPage, page};
use tandem_store::views::{LogRow, Page};

impl Samples {
    pub(super) fn log_pages(&self) -> Vec<(&'static str, Markup)> {
        let shell = self.shell();
        let query = LogQuery {
            q: self.say("Meyer"),
            status: "failed".into(),
            cause: "picklist-refused".into(),
            ..LogQuery::default()
        };
        let filtered = LogsPage {
            query,
            ..self.logs(self.entries())
        };
        let nothing = LogsPage {
            error: Some(self.say("“31/12” is not a day like 2026-01-31.")),
            ..LogsPage {
                query: filtered.query.clone(),
                ..self.logs(Vec::new())
            }
        };
        let entry = |id: usize| {
            let row = self.entries().swap_remove(id);
            let crm_url = Some(self.say("https://crm.example/003"));
            log_entry::page(&shell, &LogEntryDetail { row, crm_url })
        };
        vec![
            ("logs", page(&shell, &self.logs(self.entries()))),
            (
                "logs-filtered",
                page(&self.told("7 records are tried again."), &filtered),
            ),
            ("logs-nothing", page(&shell, &nothing)),
            ("logs-empty", page(&shell, &self.logs(Vec::new()))),
            ("log-entry-conflict", entry(1)),
            ("log-entry-failed", entry(2)),
            ("log-entry-system", entry(5)),
        ]
    }

    fn logs(&self, rows: Vec<LogRow>) -> LogsPage {
        LogsPage {
            query: LogQuery::default(),
            objects: ["Account", "Contact", "Lead", "Opportunity"]
                .map(CrmObject::new)
                .to_vec(),
            rows: Page {
                rows,
                next: Some(self.say("48211")),
            },
            error: None,
        }
    }

    /// One entry of each kind, newest first.
    pub(super) fn entries(&self) -> Vec<LogRow> {
        vec![
            self.updated(48_219),
            self.conflict(48_218),
            self.refused(48_217),
            self.held(48_216),
            self.created(48_215),
            self.system(48_214),
            self.updated(48_213),
        ]
    }

    fn entry(
        &self,
        id: i64,
        minutes: i64,
        source: LogSource,
        kind: LogType,
        summary: &str,
    ) -> LogRow {
        let mut entry = LogDraft::new(minutes_ago(minutes), source, kind, self.say(summary));
        entry.record = Some((Kind::Person, RecordId(1_204)));
        entry.crm = Some((
            CrmObject::new("Contact"),
            Some(CrmId::new("0035g00000MEYERAAB")),
        ));
        entry.calls_hundredths = 4;
        LogRow {
            id: LogId(id),
            entry,
            record_name: Some(self.say("Katharina Meyer-Lindenberg")),
            retryable: false,
        }
    }

    fn change(
        &self,
        field: &str,
        crm: &str,
        before: &str,
        after: &str,
        rule: Rule,
        rejected: &str,
    ) -> FieldChange {
        FieldChange {
            workspace: field.to_owned(),
            crm: crm.to_owned(),
            before: self.value(before),
            after: self.value(after),
            rule,
            rejected: if rejected.is_empty() {
                Value::Null
            } else {
                self.value(rejected)
            },
        }
    }

    fn updated(&self, id: i64) -> LogRow {
        let mut row = self.entry(
            id,
            0,
            LogSource::Workspace,
            LogType::Update,
            "Phone and title went to the CRM.",
        );
        row.entry.changes = vec![self.change(
            "phone",
            "Phone",
            "",
            "+49 40 555 0117",
            Rule::OnlyWorkspaceChanged,
            "",
        )];
        row
    }

    fn conflict(&self, id: i64) -> LogRow {
        let mut row = self.entry(
            id,
            2,
            LogSource::Crm,
            LogType::Conflict,
            "Both sides changed the title; the CRM wins, and the workspace’s value is kept here.",
        );
        row.entry.changes = vec![
            self.change(
                "title",
                "Title",
                "Head of Procurement",
                "VP Procurement",
                Rule::CrmWins,
                "Chief Procurement Officer",
            ),
            self.change("city", "MailingCity", "", "Hamburg", Rule::FilledBlank, ""),
        ];
        row
    }

    fn refused(&self, id: i64) -> LogRow {
        let mut row = self.entry(
            id,
            7,
            LogSource::Workspace,
            LogType::Update,
            "The CRM refused the status; the rest of the record went out.",
        );
        row.entry.status = LogStatus::Failed;
        row.retryable = true;
        row.entry.error = Some(LogError {
            class: ErrorClass::PicklistRefused,
            code: "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST".into(),
            message: self.say("Status: bad value for restricted picklist field: Nurturing (EMEA)"),
            fields: vec!["Status".into()],
        });
        row
    }

    fn held(&self, id: i64) -> LogRow {
        let mut row = self.entry(
            id,
            31,
            LogSource::Tandem,
            LogType::Held,
            "Both sides changed the e-mail address; a person decides.",
        );
        row.entry.status = LogStatus::Waiting;
        row
    }

    fn created(&self, id: i64) -> LogRow {
        let mut row = self.entry(
            id,
            95,
            LogSource::Crm,
            LogType::Create,
            "Came in from the CRM.",
        );
        row.entry.record = Some((Kind::Account, RecordId(77)));
        row.entry.crm = Some((
            CrmObject::new("Account"),
            Some(CrmId::new("0015g00000SEAHARBR")),
        ));
        row.record_name = Some(
            self.say("Seaharbour Logistics & Cold Chain International GmbH & Co. KG, Hamburg"),
        );
        row
    }

    fn system(&self, id: i64) -> LogRow {
        let mut row = self.entry(
            id,
            1_500,
            LogSource::Tandem,
            LogType::System,
            "The connection works again; everything that waited goes on.",
        );
        row.entry.record = None;
        row.entry.crm = None;
        row.record_name = None;
        row
    }
}
