//! Previews of undos, and answers to “why is this value here?”.

use super::{Samples, minutes_ago};
use maud::Markup;
use tandem_core::ids::{CrmObject, LinkId, LogId, RecordId};
use tandem_core::sync_log::{FieldChange, Rule};
use tandem_core::undo::{Cannot, FieldUndo, Kept, PLACE, Side, Verdict};
use tandem_core::value::Value;
use tandem_core::why::outlook;
use tandem_core::workspace::Kind;
use tandem_server::app::undo::{UndoLine, UndoReport};
use tandem_server::app::why::{Moved, Why};
use tandem_server::http::ui::pages::undo::{Target, UndoPage, UndoQuery, page};
use tandem_server::http::ui::pages::why::page as why_page;

impl Samples {
    pub(super) fn undo_pages(&self) -> Vec<(&'static str, Markup)> {
        let shell = self.shell();
        let query = UndoQuery {
            since: "2026-11-24T08:00:00".into(),
            until: "2026-11-24T14:30:00.25Z".into(),
            object: self.say("Contact"),
            ..UndoQuery::default()
        };
        let form = UndoPage {
            target: Target::Window(Box::default()),
            objects: ["Account", "Contact"].map(CrmObject::new).to_vec(),
            report: None,
            error: None,
        };
        let window = UndoPage {
            target: Target::Window(Box::new(query)),
            report: Some(self.undo_report()),
            ..form.clone()
        };
        let wrong = UndoPage {
            error: Some(self.say("The window ends before it begins; give a later end.")),
            ..form.clone()
        };
        let entry = UndoPage {
            target: Target::Entry(LogId(48_219)),
            report: Some(UndoReport {
                next: None,
                ..self.undo_report()
            }),
            ..form.clone()
        };
        let nothing = UndoPage {
            report: Some(UndoReport::default()),
            ..window.clone()
        };
        vec![
            ("undo-form", page(&shell, &form)),
            ("undo-wrong", page(&shell, &wrong)),
            ("undo-window", page(&shell, &window)),
            ("undo-entry", page(&shell, &entry)),
            ("undo-nothing", page(&shell, &nothing)),
            ("why", why_page(&shell, &self.why())),
        ]
    }

    fn undo_report(&self) -> UndoReport {
        let restore = |to_crm| Verdict::Restore {
            value: self.value("+49 30 5550 141"),
            to_crm,
        };
        let verdicts = [
            restore(true),
            restore(false),
            Verdict::Return {
                home: LinkId(7),
                place: self.say("unlinked; Lead 00Q4W00000AbCdEFGH is gone in the CRM"),
            },
            Verdict::Kept(Kept::WorkspaceChanged),
            Verdict::Cannot(Cannot::InboundOnly),
            Verdict::Cannot(Cannot::Misfit(self.say("it is not a number"))),
        ];
        UndoReport {
            records: 5_000,
            records_restored: 2,
            restored: 2,
            returned: 1,
            to_crm: 1,
            kept: [(Kept::WorkspaceChanged, 1)].into(),
            cannot: [(Cannot::InboundOnly, 1), (Cannot::Create, 12)].into(),
            calls: Some(1),
            lines: verdicts.map(|verdict| self.undo_line(verdict)).to_vec(),
            left_out: 4_995,
            next: Some(RecordId(6_001)),
            ..UndoReport::default()
        }
    }

    fn undo_line(&self, verdict: Verdict) -> UndoLine {
        let (field, crm, now) = match &verdict {
            Verdict::Return { .. } => (PLACE, String::new(), "merged into number 96"),
            _ => ("phone", self.say("Phone"), "+49 30 5550 999"),
        };
        UndoLine {
            record: (Kind::Person, RecordId(1_204)),
            name: self.say("Katharina Meyer-Lindenberg"),
            field: FieldUndo {
                field: field.into(),
                crm,
                now: self.value(now),
                verdict,
                entries: vec![LogId(48_219)],
            },
        }
    }

    fn why(&self) -> Why {
        let detail = self.record(false).detail;
        let field = detail.fields[0].clone();
        let moved = |entry, side, rejected| Moved {
            entry: LogId(entry),
            at: minutes_ago(entry),
            side,
            change: FieldChange {
                workspace: field.name.clone(),
                crm: self.say("Phone"),
                before: self.value("+49 30 1"),
                after: self.value("+49 30 2"),
                rule: Rule::CrmWins,
                rejected,
            },
            by: Some(self.say("Ada Keller")),
        };
        Why {
            record: (Kind::Person, RecordId(1_204)),
            name: self.say("Katharina Meyer-Lindenberg"),
            who: Some(self.say("Ada Keller")),
            entry: Some(LogId(12)),
            past: vec![
                moved(12, Side::Crm, Value::Null),
                moved(48, Side::Workspace, self.value("+49 30 9")),
            ],
            next: outlook(&field.name, None, None),
            field,
        }
    }
}
