//! Rehearsals of the first run: before, under way, failed, and what one found.

use super::{Samples, minutes_ago};
use maud::Markup;
use std::collections::BTreeMap;
use tandem_core::ids::{CrmId, CrmObject, RecordId};
use tandem_core::rehearsal::{Act, Change, Example, ObjectRehearsal, Rehearsal};
use tandem_core::workspace::Kind;
use tandem_server::app::rehearsal::RehearsalState;
use tandem_server::http::ui::pages::rehearsal::page;

impl Samples {
    pub(super) fn rehearsal_pages(&self) -> Vec<(&'static str, Markup)> {
        let shell = self.shell();
        let found = RehearsalState {
            last: Some(self.rehearsed()),
            ..RehearsalState::default()
        };
        let under_way = RehearsalState {
            asked_at: Some(minutes_ago(1)),
            ..found.clone()
        };
        let failed = RehearsalState {
            failed: Some(self.say("the CRM did not answer")),
            ..RehearsalState::default()
        };
        let refused = self.say("sync is on");
        vec![
            (
                "rehearsal-none",
                page(&shell, &RehearsalState::default(), None),
            ),
            ("rehearsal", page(&shell, &found, None)),
            ("rehearsal-refused", page(&shell, &found, Some(&refused))),
            ("rehearsal-under-way", page(&shell, &under_way, None)),
            ("rehearsal-failed", page(&shell, &failed, None)),
        ]
    }

    fn rehearsed(&self) -> Rehearsal {
        let contacts = ObjectRehearsal {
            object: CrmObject::new(self.say("Contact")),
            kind: Kind::Person,
            rows: 48_112,
            complete: false,
            left_there: 12,
            acts: Act::ALL
                .iter()
                .copied()
                .zip([2_105, 3, 46_007, 9, 310, 41, 2, 1])
                .collect(),
            keys: BTreeMap::from([(self.say("email"), 2_105)]),
            values_here: 812,
            values_there: 44,
            examples: Act::ALL.iter().map(|act| self.example(*act)).collect(),
        };
        let quiet = ObjectRehearsal {
            object: CrmObject::new(self.say("Opportunity")),
            kind: Kind::Opportunity,
            rows: 0,
            complete: true,
            left_there: 0,
            acts: BTreeMap::new(),
            keys: BTreeMap::new(),
            values_here: 0,
            values_there: 0,
            examples: Vec::new(),
        };
        Rehearsal {
            at: Some(minutes_ago(14)),
            calls: 25,
            objects: vec![contacts, quiet],
        }
    }

    fn example(&self, act: Act) -> Example {
        let change = Change {
            field: self.say("title"),
            before: self.value("Head of Procurement"),
            after: self.value("Purchasing lead"),
        };
        let changes = matches!(act, Act::ChangeHere | Act::ChangeThere);
        Example {
            act,
            name: self.say("Mara Lindqvist"),
            record: (act != Act::MakeHere).then_some((Kind::Person, RecordId(41))),
            crm_id: (act != Act::MakeThere).then(|| CrmId::new(self.say("003"))),
            key: (act == Act::Link).then(|| self.say("email")),
            changes: if changes { vec![change] } else { Vec::new() },
        }
    }
}
