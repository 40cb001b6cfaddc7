//! One link with everything that decides it, and how a decision is read.

use crate::fixture::{at, fields, lead, link, pair, person, rule, text};
use tandem_core::error::ErrorClass;
use tandem_core::ids::RecordId;
use tandem_core::link::{Agreed, ParkedField, ParkedLink, RecordLink};
use tandem_core::mapping::{FieldRule, PairRules, Winner};
use tandem_core::reconcile::{Decision, Input, Kin, RecordChange, reconcile};
use tandem_core::record::{CrmRecord, WorkspaceRecord};
use tandem_core::settings::{Guards, SyncSettings};
use tandem_core::sync_log::{LogStatus, LogType};
use tandem_core::value::Value;

/// One link with everything that decides it.
pub(crate) struct Case {
    pub(crate) rules: PairRules,
    pub(crate) link: RecordLink,
    pub(crate) crm: Option<CrmRecord>,
    pub(crate) workspace: Option<WorkspaceRecord>,
    pub(crate) candidates: Vec<Vec<RecordId>>,
    pub(crate) kin: Kin,
    pub(crate) settings: SyncSettings,
}

impl Case {
    pub(crate) fn decide(&self) -> Decision {
        reconcile(&Input {
            rules: &self.rules,
            link: &self.link,
            crm: self.crm.as_ref(),
            workspace: self.workspace.as_ref(),
            candidates: &self.candidates,
            kin: &self.kin,
            heir_rules: Some(&self.rules),
            settings: &self.settings,
            key_prefix: "team",
            now: at(20),
            guards: Guards::ALL,
        })
    }

    /// What was told by a decision is in the log by now, and the next one begins there.
    pub(crate) fn take(&mut self, told: Decision) {
        self.link.base = told.link.base;
        self.link.doubted = told.link.doubted;
    }

    /// Nothing may happen: the decision is the link as it stands.
    pub(crate) fn assert_nothing(&self, why: &str) {
        let decision = self.decide();
        let link = &self.link;
        assert_eq!(decision.record, RecordChange::None, "{why}");
        assert_eq!(decision.write, None, "{why}");
        assert_eq!(decision.log, Vec::new(), "{why}");
        assert_eq!(decision.link.state, link.state, "{why}");
        assert_eq!(decision.link.base, link.base, "{why}");
        assert_eq!(decision.link.parked, link.parked, "{why}");
        assert_eq!(decision.link.held_fields, link.held_fields, "{why}");
    }
}

/// A title that goes both ways; both sides filled with what is given.
pub(crate) fn titles(winner: Winner, crm: &str, workspace: &str) -> Case {
    Case {
        rules: pair(vec![rule("title", winner)]),
        link: link(),
        crm: Some(lead(fields([("TITLE", text(crm))]))),
        workspace: Some(person(fields([("title", text(workspace))]))),
        candidates: Vec::new(),
        kin: Kin::default(),
        settings: SyncSettings::default(),
    }
}

pub(crate) fn agreed(value: &str) -> Agreed {
    Agreed {
        crm: text(value),
        workspace: text(value),
    }
}

/// Both agreed on "A" before.
pub(crate) fn agreed_titles(winner: Winner, crm: &str, workspace: &str) -> Case {
    let mut case = titles(winner, crm, workspace);
    case.link.base.insert("title".into(), agreed("A"));
    case
}

/// A lead that no workspace record belongs to yet.
pub(crate) fn crm_half(candidates: &[&[i64]]) -> Case {
    let mut case = titles(Winner::Crm, "CEO", "");
    case.link.record = None;
    case.workspace = None;
    case.candidates = candidates
        .iter()
        .map(|ids| ids.iter().copied().map(RecordId).collect())
        .collect();
    case
}

/// A person that the CRM does not have yet.
pub(crate) fn workspace_half(rules: Vec<FieldRule>, record: WorkspaceRecord) -> Case {
    let mut link = link();
    link.crm = None;
    Case {
        rules: pair(rules),
        link,
        crm: None,
        workspace: Some(record),
        candidates: Vec::new(),
        kin: Kin::default(),
        settings: SyncSettings::default(),
    }
}

pub(crate) fn parked_field(value: Value) -> ParkedField {
    ParkedField {
        value,
        class: ErrorClass::TooLong,
        message: "too long".into(),
        since: at(1),
        workspace: None,
        unsent: false,
    }
}

pub(crate) fn parked_record() -> ParkedLink {
    ParkedLink {
        class: ErrorClass::ValidationRule,
        message: "no".into(),
        since: at(1),
        log: None,
    }
}

pub(crate) fn sent(decision: &Decision) -> Vec<(&str, Value)> {
    let fields = decision.write.iter().flat_map(|write| &write.fields);
    fields
        .map(|field| (field.crm.as_str(), field.value.clone()))
        .collect()
}

pub(crate) fn told(decision: &Decision) -> Vec<(LogType, LogStatus)> {
    decision
        .log
        .iter()
        .map(|entry| (entry.kind, entry.status))
        .collect()
}
