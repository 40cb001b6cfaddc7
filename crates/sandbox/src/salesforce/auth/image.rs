//! What OAuth knows as facts that can be written down and read again.

use serde::{Deserialize, Serialize};

use super::{AppPolicy, Approval, Auth, Consent, Issued, Session, WrongPasswords};
use crate::{tracked::Change, world::SfId};

/// One fact about tokens. They stand in the file as they are: these are the secrets of an org made to play with.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum AuthFact {
    Issued(Issued),
    Code(Change<String, Consent>),
    Approval(Change<u64, Approval>),
    Session(Change<String, Session>),
    WrongPasswords(Change<SfId, WrongPasswords>),
    Password(Change<SfId, String>),
    Policy(AppPolicy),
}

impl Auth {
    /// What changed since the last call. `Issued` comes with every new token.
    pub(crate) fn take_changes(&mut self) -> Vec<AuthFact> {
        let mut facts: Vec<AuthFact> = Vec::new();
        let codes = self.codes.take_changes().into_iter();
        facts.extend(codes.map(AuthFact::Code));
        let approvals = self.approvals.take_changes().into_iter();
        facts.extend(approvals.map(AuthFact::Approval));
        let sessions = self.sessions.take_changes().into_iter();
        facts.extend(sessions.map(AuthFact::Session));
        let wrong = self.wrong_passwords.take_changes().into_iter();
        facts.extend(wrong.map(AuthFact::WrongPasswords));
        let passwords = self.passwords.take_changes().into_iter();
        facts.extend(passwords.map(AuthFact::Password));
        if std::mem::take(&mut self.policy_changed) {
            facts.push(AuthFact::Policy(self.policy.clone()));
        }
        if !facts.is_empty() {
            facts.push(AuthFact::Issued(self.issued));
        }
        facts
    }

    pub(crate) fn everything(&self) -> impl Iterator<Item = AuthFact> {
        let codes = self.codes.everything().map(AuthFact::Code);
        let approvals = self.approvals.everything().map(AuthFact::Approval);
        let sessions = self.sessions.everything().map(AuthFact::Session);
        let wrong = self.wrong_passwords.everything();
        std::iter::once(AuthFact::Issued(self.issued))
            .chain(codes)
            .chain(approvals)
            .chain(sessions)
            .chain(wrong.map(AuthFact::WrongPasswords))
            .chain(self.passwords.everything().map(AuthFact::Password))
            .chain([AuthFact::Policy(self.policy.clone())])
    }

    pub(crate) fn apply(&mut self, fact: AuthFact) {
        match fact {
            AuthFact::Issued(issued) => self.issued = issued,
            AuthFact::Code(change) => self.codes.apply(change),
            AuthFact::Approval(change) => self.approvals.apply(change),
            AuthFact::Session(change) => self.sessions.apply(change),
            AuthFact::WrongPasswords(change) => self.wrong_passwords.apply(change),
            AuthFact::Password(change) => self.passwords.apply(change),
            AuthFact::Policy(policy) => self.policy = policy,
        }
    }

    /// Takes all that happened as told.
    pub(crate) fn forget_changes(&mut self) {
        self.codes.forget_changes();
        self.approvals.forget_changes();
        self.sessions.forget_changes();
        self.wrong_passwords.forget_changes();
        self.passwords.forget_changes();
        self.policy_changed = false;
    }
}
