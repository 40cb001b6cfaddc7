//! Lead conversion: an account, a contact and perhaps an opportunity are made out of a lead.
//!
//! The lead stays, converted and read only, with the ids of what it became. Account and contact may exist already;
//! then they are taken as they are.

use serde_json::{Value as Json, json};

use super::{DmlOptions, Errors, Fields};
use crate::world::convert::parse_id;
use crate::world::error::DmlError;
use crate::world::row::Row;
use crate::world::schema::ObjectNo;
use crate::world::{Actor, SfId, Value, World};

/// The status of a converted lead; there is one.
pub(in crate::world) const CONVERTED_STATUS: &str = "Closed - Converted";
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
    /// An opportunity to use instead of a new one.
    pub opportunity_id: Option<String>,
    /// Who owns the new records; none: the lead's owner.
    pub owner_id: Option<String>,
    /// Status of the lead; it must be one of converted leads.
    pub converted_status: Option<String>,
    /// A given contact gets the lead's source.
    pub overwrite_lead_source: bool,
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

fn check_status(conversion: &LeadConversion) -> Result<(), Errors> {
    match conversion.converted_status.as_deref() {
        None | Some(CONVERTED_STATUS) => Ok(()),
        Some(other) => {
            let message = format!("invalid convertedStatus: {other}");
            Err(vec![DmlError::new("INVALID_STATUS", message)])
        }
    }
}

impl World {
    /// Converts a lead in one transaction.
    ///
    /// # Errors
    /// CANNOT_UPDATE_CONVERTED_LEAD when it is converted already, INVALID_STATUS for another status than that of
    /// converted leads; else as create and update.
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
            check_status(conversion)?;
            let source = world.with_owner(object, &row, conversion)?;
            let account_id = match &conversion.account_id {
                Some(id) => world.existing_named(actor, "Account", id)?,
                None => world.account_of(actor, object, &source)?,
            };
            let contact_id = match &conversion.contact_id {
                Some(id) => world.given_contact(actor, object, &source, id, conversion)?,
                None => world.contact_of(actor, object, &source, account_id)?,
            };
            let name = conversion.opportunity_name.as_deref();
            let opportunity_id = match (&conversion.opportunity_id, name) {
                (Some(id), _) => Some(world.existing_named(actor, "Opportunity", id)?),
                (None, Some(name)) => {
                    Some(world.opportunity_of(actor, object, &source, account_id, name)?)
                }
                (None, None) => None,
            };
            let converted = ConvertedLead {
                account_id,
                contact_id,
                opportunity_id,
            };
            world.mark_converted(actor, object, row, converted);
            Ok(converted)
        })
    }

    /// The lead as the new records see it: of the owner they are to have.
    fn with_owner(
        &self,
        lead: ObjectNo,
        row: &Row,
        conversion: &LeadConversion,
    ) -> Result<Row, Errors> {
        let mut source = row.clone();
        let owner = conversion.owner_id.as_deref().map(parse_id).transpose();
        let owner = owner.map_err(|error| vec![error])?;
        if let (Some(owner), Some(field)) = (owner, self.schema.at(lead).owner) {
            source.set(field, Value::Id(owner));
        }
        Ok(source)
    }

    fn given_contact(
        &mut self,
        actor: &Actor,
        lead: ObjectNo,
        row: &Row,
        id: &str,
        conversion: &LeadConversion,
    ) -> Result<SfId, Errors> {
        let contact = self.existing_named(actor, "Contact", id)?;
        if conversion.overwrite_lead_source {
            let fields = self.copied(lead, row, &["LeadSource"]);
            self.update(actor, "Contact", id, &fields, &DmlOptions::default())?;
        }
        Ok(contact)
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
