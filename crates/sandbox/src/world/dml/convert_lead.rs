//! Lead conversion: an account, a contact and perhaps an opportunity are made out of a lead.
//!
//! The lead stays, converted and read only, with the ids of what it became. Account and contact may exist already;
//! then they are taken as they are.

use serde_json::{Value as Json, json};

use super::{DmlOptions, Errors, Fields};
use crate::world::error::DmlError;
use crate::world::row::Row;
use crate::world::schema::ObjectNo;
use crate::world::{Actor, SfId, Value, World};

/// Status a lead has when its conversion names none.
const CONVERTED_STATUS: &str = "Closed - Converted";
/// Days until the close date of the opportunity a conversion makes.
const CLOSE_DAYS: i64 = 30;

/// What to make of a lead.
#[derive(Debug, Clone, Default, serde::Serialize, serde::Deserialize)]
#[serde(default)]
pub struct LeadConversion {
    /// An account to use instead of a new one.
    pub account_id: Option<String>,
    /// A contact to use instead of a new one.
    pub contact_id: Option<String>,
    /// Name of the opportunity to create; none: no opportunity.
    pub opportunity_name: Option<String>,
}

/// What a lead became.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
pub struct ConvertedLead {
    /// New or given.
    pub account_id: SfId,
    /// New or given.
    pub contact_id: SfId,
    /// New; none when not asked for.
    pub opportunity_id: Option<SfId>,
}

impl World {
    /// Converts a lead in one transaction.
    ///
    /// # Errors
    /// CANNOT_UPDATE_CONVERTED_LEAD when it is converted already; else as create and update.
    pub fn convert_lead(
        &mut self,
        actor: &Actor,
        lead: &str,
        conversion: &LeadConversion,
    ) -> Result<ConvertedLead, Vec<DmlError>> {
        self.transaction(|world| {
            let (object, id) = world
                .record_to_edit(actor, "Lead", lead)
                .map_err(|error| vec![error])?;
            let row = world
                .table(object)
                .live(id)
                .cloned()
                .ok_or_else(|| vec![DmlError::unknown_id()])?;
            if world.value_named(object, &row, "IsConverted") == json!(true) {
                let message = "cannot reference converted lead";
                return Err(vec![DmlError::new("CANNOT_UPDATE_CONVERTED_LEAD", message)]);
            }
            let account_id = match &conversion.account_id {
                Some(id) => world.existing_named(actor, "Account", id)?,
                None => world.account_of(actor, object, &row)?,
            };
            let contact_id = match &conversion.contact_id {
                Some(id) => world.existing_named(actor, "Contact", id)?,
                None => world.contact_of(actor, object, &row, account_id)?,
            };
            let name = conversion.opportunity_name.as_deref();
            let opportunity_id = name
                .map(|name| world.opportunity_of(actor, object, &row, account_id, name))
                .transpose()?;
            let converted = ConvertedLead {
                account_id,
                contact_id,
                opportunity_id,
            };
            world.mark_converted(actor, object, row, converted);
            Ok(converted)
        })
    }

    fn existing_named(&self, actor: &Actor, object: &str, id: &str) -> Result<SfId, Errors> {
        let found = self
            .object_named(actor, object)
            .and_then(|object| self.existing(actor, object, id));
        found.map_err(|error| vec![error])
    }

    fn account_of(&mut self, actor: &Actor, lead: ObjectNo, row: &Row) -> Result<SfId, Errors> {
        let mut fields = self.copied(
            lead,
            row,
            &[
                "Phone",
                "Website",
                "Industry",
                "AnnualRevenue",
                "NumberOfEmployees",
            ],
        );
        fields.insert("Name".to_owned(), self.value_named(lead, row, "Company"));
        self.copy_address(lead, row, "Billing", &mut fields);
        self.create(
            actor,
            "Account",
            &self.owned(lead, row, fields),
            &DmlOptions::default(),
        )
    }

    fn contact_of(
        &mut self,
        actor: &Actor,
        lead: ObjectNo,
        row: &Row,
        account: SfId,
    ) -> Result<SfId, Errors> {
        const SAME: [&str; 9] = [
            "FirstName",
            "LastName",
            "Salutation",
            "Title",
            "Email",
            "Phone",
            "MobilePhone",
            "LeadSource",
            "Description",
        ];
        let mut fields = self.copied(lead, row, &SAME);
        fields.insert("AccountId".to_owned(), json!(account));
        self.copy_address(lead, row, "Mailing", &mut fields);
        self.create(
            actor,
            "Contact",
            &self.owned(lead, row, fields),
            &DmlOptions::default(),
        )
    }

    fn opportunity_of(
        &mut self,
        actor: &Actor,
        lead: ObjectNo,
        row: &Row,
        account: SfId,
        name: &str,
    ) -> Result<SfId, Errors> {
        let today = jiff::tz::TimeZone::UTC.to_datetime(self.now).date();
        let close = today.saturating_add(jiff::Span::new().days(CLOSE_DAYS));
        let mut fields = self.copied(lead, row, &["LeadSource"]);
        let own = json!({
            "Name": name, "StageName": "Prospecting", "CloseDate": close.to_string(), "AccountId": account,
        });
        fields.extend(own.as_object().cloned().unwrap_or_default());
        self.create(
            actor,
            "Opportunity",
            &self.owned(lead, row, fields),
            &DmlOptions::default(),
        )
    }

    /// The fields a conversion sets are read only, so the row is written directly.
    fn mark_converted(
        &mut self,
        actor: &Actor,
        lead: ObjectNo,
        mut row: Row,
        converted: ConvertedLead,
    ) {
        let today = jiff::tz::TimeZone::UTC.to_datetime(self.now).date();
        let values = [
            ("IsConverted", Value::Bool(true)),
            ("Status", Value::text(CONVERTED_STATUS)),
            ("ConvertedDate", Value::Date(today)),
            ("ConvertedAccountId", Value::Id(converted.account_id)),
            ("ConvertedContactId", Value::Id(converted.contact_id)),
            (
                "ConvertedOpportunityId",
                converted.opportunity_id.map_or(Value::Null, Value::Id),
            ),
        ];
        for (name, value) in values {
            if let Some(no) = self.schema.at(lead).field_no(name) {
                row.set(no, value);
            }
        }
        row.audit.modified = self.now_seconds();
        (row.audit.modified_by, row.audit.stamp) =
            (actor.user, row.audit.stamp.max(row.audit.modified));
        self.put(lead, row, None);
    }

    fn copied(&self, object: ObjectNo, row: &Row, names: &[&str]) -> Fields {
        names
            .iter()
            .map(|name| ((*name).to_owned(), self.value_named(object, row, name)))
            .collect()
    }

    fn copy_address(&self, lead: ObjectNo, row: &Row, prefix: &str, fields: &mut Fields) {
        for part in ["Street", "City", "State", "PostalCode", "Country"] {
            fields.insert(format!("{prefix}{part}"), self.value_named(lead, row, part));
        }
    }

    /// New records get the lead's owner.
    fn owned(&self, lead: ObjectNo, row: &Row, mut fields: Fields) -> Fields {
        fields.insert("OwnerId".to_owned(), self.value_named(lead, row, "OwnerId"));
        fields
    }

    fn value_named(&self, object: ObjectNo, row: &Row, name: &str) -> Json {
        let def = self.schema.at(object);
        def.field_no(name).map_or(Json::Null, |no| {
            row.value(no, def.at(no)).to_json(def.at(no))
        })
    }
}
