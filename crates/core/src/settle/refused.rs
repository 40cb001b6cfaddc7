//! What a refusal makes of an intent: what it names is set aside, the rest goes again.

use super::{Settling, log_error};
use crate::connector::Failure;
use crate::error::{Directive, ErrorClass};
use crate::link::{ParkedField, ParkedLink};
use crate::retry::next_attempt;
use crate::sync_log::{FieldChange, LogDraft, LogStatus, Rule};
use crate::write::{IntentField, IntentNext, Settlement};

/// Refusals after which a look has been tried often enough: the CRM shows nothing that explains them.
const REFUSALS_MAX: u32 = 3;

impl Settling<'_> {
    /// The CRM refused the record: park what it names, let the rest go again.
    pub(super) fn rejected(&self, failures: &[Failure]) -> Settlement {
        if failures.is_empty() {
            let silent = Failure::new(ErrorClass::Refused, "the CRM gave no reason");
            return self.park_record(std::slice::from_ref(&silent), &silent);
        }
        let strongest = failures.iter().find(|f| self.named_fields(f).is_none());
        let Some(failure) = strongest else {
            return self.park_fields(failures);
        };
        match failure.class.directive() {
            Directive::Retry
            | Directive::Redescribe
            | Directive::Reauthorise
            | Directive::PauseBudget
            | Directive::PauseConnection => {
                self.settlement(IntentNext::Retry(self.again(Some(failure))))
            }
            Directive::Adopt if !self.creates() => self.park_record(failures, failure),
            Directive::Resolve | Directive::CheckDeletion | Directive::Adopt
                if self.intent.refusals < REFUSALS_MAX =>
            {
                self.look_into(failure)
            }
            _ => self.park_record(failures, failure),
        }
    }

    /// The refusal says that something is other than we know: a look shows what. However long the CRM
    /// was busy before, the first look is soon.
    fn look_into(&self, failure: &Failure) -> Settlement {
        let asked = failure.retry_after_seconds;
        let at = next_attempt(self.now, self.intent.refusals + 1, asked, self.jitter);
        let mut settlement = self.settlement(IntentNext::Resolve(at));
        settlement.refused = true;
        settlement
    }

    /// The intent's fields that a failure is about, if it can be settled by leaving them out. A key that
    /// an *update* may not have is another record's: there is nothing to adopt.
    fn named_fields(&self, failure: &Failure) -> Option<Vec<&IntentField>> {
        let data = match failure.class.directive() {
            Directive::ParkField => true,
            Directive::ParkRecord | Directive::Adopt => !self.creates(),
            _ => false,
        };
        let named: Vec<_> = self
            .intent
            .draft
            .fields
            .iter()
            .filter(|field| failure.fields.contains(&field.crm))
            .collect();
        (data && !named.is_empty()).then_some(named)
    }

    fn park_fields(&self, failures: &[Failure]) -> Settlement {
        let mut settlement = self.settlement(IntentNext::Done { recheck: true });
        for failure in failures {
            for field in self.named_fields(failure).unwrap_or_default() {
                self.park_field(field, failure, &mut settlement);
            }
        }
        settlement
    }

    pub(super) fn park_field(
        &self,
        field: &IntentField,
        failure: &Failure,
        settlement: &mut Settlement,
    ) {
        let ours = (field.rule != Rule::Overtaken).then(|| field.workspace_value.clone());
        let parked = ParkedField {
            value: field.value.clone(),
            workspace: ours,
            unsent: false,
            class: failure.class,
            message: failure.message.clone(),
            since: self.now,
        };
        settlement.link.park.insert(field.workspace.clone(), parked);
        let title = failure.class.title();
        let summary = format!("The CRM refused {}: {title}", field.workspace);
        let entry = self.refused_entry(summary, failure, &[field]);
        settlement.log.push(entry);
    }

    pub(super) fn park_record(&self, failures: &[Failure], failure: &Failure) -> Settlement {
        let mut settlement = self.settlement(IntentNext::Done { recheck: true });
        let messages: Vec<&str> = failures.iter().map(|f| f.message.as_str()).collect();
        settlement.link.parked = Some(ParkedLink {
            class: failure.class,
            message: messages.join("; "),
            since: self.now,
            log: None,
        });
        let fields: Vec<_> = self.intent.draft.fields.iter().collect();
        let summary = failure.class.title().to_owned();
        settlement
            .log
            .push(self.refused_entry(summary, failure, &fields));
        settlement
    }

    fn refused_entry(
        &self,
        summary: String,
        failure: &Failure,
        fields: &[&IntentField],
    ) -> LogDraft {
        let mut entry = self.entry(LogStatus::Failed, summary);
        entry.error = Some(log_error(failure));
        entry.changes = fields
            .iter()
            .map(|field| FieldChange {
                workspace: field.workspace.clone(),
                crm: field.crm.clone(),
                before: field.expected.clone(),
                after: field.value.clone(),
                rule: Rule::Refused,
                rejected: field.value.clone(),
            })
            .collect();
        entry
    }
}
