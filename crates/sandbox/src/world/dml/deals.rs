//! What a saved opportunity, contact role or split brings about in other records: history, one primary contact, shares
//! of the amount.

use rust_decimal::Decimal;

use super::derived::money;
use super::{DmlOptions, Draft, Verb};
use crate::world::row::Row;
use crate::world::schema::{ObjectDef, ObjectNo};
use crate::world::{Actor, SfId, Value, World};

/// Changes of these leave a history row (documented).
const TRACKED: [&str; 4] = ["StageName", "Amount", "CloseDate", "Probability"];
const COPIED: [&str; 6] = [
    "StageName",
    "Amount",
    "CloseDate",
    "Probability",
    "ExpectedRevenue",
    "ForecastCategory",
];

impl World {
    /// The OpportunityHistory row a change leaves behind; the opportunity notes the last ones.
    pub(super) fn history_row(
        &mut self,
        actor: &Actor,
        draft: &mut Draft,
        options: &DmlOptions,
    ) -> Option<(ObjectNo, Row)> {
        let def = self.schema.at(draft.object);
        let changed = |name: &str| def.field_no(name).is_some_and(|no| draft.changes(no));
        if def.name != "Opportunity" || !TRACKED.into_iter().any(changed) {
            return None;
        }
        let object = self.schema.object_no("OpportunityHistory")?;
        let mut entry = self.new_draft(actor, object, options);
        let (def, history) = (self.schema.at(draft.object), self.schema.at(object));
        for name in COPIED {
            entry.set_named(history, name, draft.named(def, name));
        }
        entry.set_named(history, "OpportunityId", Value::Id(draft.row.id));
        for (name, previous, last) in [
            ("Amount", "PrevAmount", "LastAmountChangedHistoryId"),
            (
                "CloseDate",
                "PrevCloseDate",
                "LastCloseDateChangedHistoryId",
            ),
        ] {
            let Some((no, before)) = def.field_no(name).zip(draft.before.as_ref()) else {
                continue;
            };
            entry.set_named(history, previous, before.column(no).clone());
            if draft.changes(no) {
                draft.set_named(def, last, Value::Id(entry.row.id));
            }
        }
        Some((object, entry.row))
    }

    /// The share of the opportunity's amount.
    pub(super) fn derive_split(&self, def: &ObjectDef, draft: &mut Draft) {
        let amount = draft
            .named(def, "OpportunityId")
            .as_id()
            .and_then(|id| self.column_of("Opportunity", id, "Amount")?.as_number());
        let percent = draft.named(def, "SplitPercentage").as_number();
        let share = amount
            .zip(percent)
            .and_then(|(amount, percent)| share(amount, percent));
        draft.set_named(def, "SplitAmount", share.unwrap_or(Value::Null));
    }

    /// Brings the records around a saved one up to date, as a system process: only their SystemModstamp moves.
    pub(super) fn follow_deal(&mut self, actor: &Actor, object: ObjectNo, id: SfId, verb: Verb) {
        match self.schema.at(object).name.as_str() {
            "Opportunity" if verb == Verb::Create => self.add_primary_contact(actor, id),
            "Opportunity" => self.share_amount(id),
            "OpportunityContactRole" => self.keep_one_primary(object, id),
            _ => {}
        }
    }

    /// A contact given at creation becomes the primary one.
    fn add_primary_contact(&mut self, actor: &Actor, opportunity: SfId) {
        let contact = self.column_of("Opportunity", opportunity, "ContactId");
        let roles = self.schema.object_no("OpportunityContactRole");
        let (Some(contact @ Value::Id(_)), Some(roles)) = (contact, roles) else {
            return;
        };
        let mut role = self.new_draft(actor, roles, &DmlOptions::default());
        let def = self.schema.at(roles);
        role.set_named(def, "OpportunityId", Value::Id(opportunity));
        role.set_named(def, "ContactId", contact);
        role.set_named(def, "IsPrimary", Value::Bool(true));
        self.put(roles, role.row, None);
    }

    /// The other roles of the opportunity are not primary any more, and the opportunity knows its contact.
    fn keep_one_primary(&mut self, roles: ObjectNo, id: SfId) {
        let Some(row) = self.table(roles).live(id) else {
            return;
        };
        let column = |name| self.named_column(roles, row, name);
        let (primary, contact) = (column("IsPrimary"), column("ContactId"));
        let Some(opportunity) = column("OpportunityId")
            .as_id()
            .filter(|_| primary == Value::Bool(true))
        else {
            return;
        };
        let others = self.rows_with(roles, "OpportunityId", opportunity);
        let others: Vec<SfId> = others
            .map(|row| row.id)
            .filter(|other| *other != id)
            .collect();
        for other in others {
            self.set_columns(
                "OpportunityContactRole",
                other,
                &[("IsPrimary", Value::Bool(false))],
            );
        }
        self.set_columns("Opportunity", opportunity, &[("ContactId", contact)]);
    }

    fn share_amount(&mut self, opportunity: SfId) {
        let splits = self.schema.object_no("OpportunitySplit");
        let amount = self
            .column_of("Opportunity", opportunity, "Amount")
            .and_then(|value| value.as_number());
        let (Some(splits), Some(amount)) = (splits, amount) else {
            return;
        };
        let rows = self.rows_with(splits, "OpportunityId", opportunity);
        let shares: Vec<(SfId, Option<Value>)> = rows
            .map(|row| {
                let percent = self
                    .named_column(splits, row, "SplitPercentage")
                    .as_number();
                (row.id, percent.and_then(|percent| share(amount, percent)))
            })
            .collect();
        for (split, share) in shares {
            self.set_columns(
                "OpportunitySplit",
                split,
                &[("SplitAmount", share.unwrap_or(Value::Null))],
            );
        }
    }

    fn column_of(&self, object: &str, id: SfId, name: &str) -> Option<Value> {
        let object = self.schema.object_no(object)?;
        Some(self.named_column(object, self.table(object).get(id)?, name))
    }
}

fn share(amount: Decimal, percent: Decimal) -> Option<Value> {
    let share = amount
        .checked_mul(percent)?
        .checked_div(Decimal::ONE_HUNDRED)?;
    Some(money(share))
}
