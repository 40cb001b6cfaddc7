//! Incidents: what the CRM refuses, by cause, and the fixes.
//!
//! A fix is tried on one record; what the CRM says of it decides about the others (see
//! [`tandem_core::incident`]). So everything here that “tries” ends at once, and the runtime does the rest.

use super::error::no_page;
use super::mapping::{MappingEdit, RowChoice, ValueRow};
use super::{Actor, App, AppError, AppResult};
use serde::{Deserialize, Serialize};
use tandem_core::error::ErrorClass;
use tandem_core::ids::{CrmObject, IncidentId, TeamId};
use tandem_core::incident::{Attempt, Cause, Fix, Incident, Standing, Trial};
use tandem_core::mapping::FieldMapping;
use tandem_core::store::SyncStore as _;
use tandem_core::value_map::{MappedValue, ValueMap};
use tandem_core::workspace::standard_fields;
use tandem_store::views::{LinkRow, Page, PageRequest};
use utoipa::ToSchema;

/// An incident with all that its page needs.
#[derive(Clone, PartialEq, Debug)]
pub struct IncidentView {
    /// As it stands.
    pub standing: Standing,
    /// The workspace field's name on pages, if it is about a field.
    pub field_label: Option<String>,
    /// The mapped CRM field, if there is one.
    pub crm_field: Option<String>,
    /// What can be done, the most likely first.
    pub fixes: Vec<Fix>,
    /// The values that the CRM's picklist offers.
    pub crm_values: Vec<String>,
    /// The CRM's value that stands for the refused one at present.
    pub mapped_to: Option<String>,
}

impl IncidentView {
    /// One line: what is refused.
    pub fn title(&self) -> String {
        let cause = &self.standing.incident.cause;
        match (&self.field_label, &cause.field) {
            (Some(label), Some(field)) => cause.to_string().replacen(field.as_str(), label, 1),
            _ => cause.to_string(),
        }
    }
}

/// What a person chose to do about an incident.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize, ToSchema)]
pub struct FixChoice {
    /// `map_value`, `widen`, `grant`, `change_crm`, `wait`, `correct` or `skip`, as the incident offers it.
    pub fix: String,
    /// For `map_value`: the CRM's value that stands for the refused one.
    #[serde(default)]
    pub crm_value: String,
}

/// What became of a choice.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Chosen {
    /// One record is being tried.
    Trying,
    /// Its records are left alone.
    Skipped,
    /// Nothing waits for it any more.
    Gone,
}

impl App {
    /// Incidents of which records wait, most records first.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn incidents(&self, actor: &Actor) -> AppResult<Vec<IncidentView>> {
        let mut views = Vec::new();
        for standing in self.store().incidents(actor.team).await? {
            views.push(self.incident_view(actor.team, standing).await?);
        }
        Ok(views)
    }

    /// One incident, also one of which nothing waits any more.
    ///
    /// # Errors
    /// `NotFound`.
    pub async fn incident(&self, actor: &Actor, id: IncidentId) -> AppResult<IncidentView> {
        let standing = self.standing(actor, id).await?;
        self.incident_view(actor.team, standing).await
    }

    /// Records that wait for an incident, oldest first.
    ///
    /// # Errors
    /// `Invalid` with `cursor`.
    pub async fn incident_records(
        &self,
        actor: &Actor,
        id: IncidentId,
        page: &PageRequest,
    ) -> AppResult<Page<LinkRow>> {
        let found = self.store().links_of_incident(actor.team, id, page).await;
        found.map_err(|error| no_page(page, error))
    }

    /// Carries out a fix as far as it is Tandem's part, and tries one record. Mapping a value publishes a new
    /// version of the mapping; what asks for another look at the CRM's fields costs an API call.
    ///
    /// # Errors
    /// `NotFound`; `Forbidden`; `Conflict` if nothing waits or a record is being tried; `Invalid` with `fix` or
    /// `crm_value`; `Unavailable` if the CRM does not answer.
    pub async fn fix_incident(
        &self,
        actor: &Actor,
        id: IncidentId,
        choice: &FixChoice,
    ) -> AppResult<Chosen> {
        let standing = self.standing(actor, id).await?;
        let cause = &standing.incident.cause;
        let offered = cause.fixes();
        let fix = Fix::parse(&choice.fix).filter(|fix| offered.contains(fix));
        let fix = fix.ok_or_else(|| {
            let names: Vec<_> = offered.iter().map(|fix| fix.as_str()).collect();
            AppError::invalid("fix", format!("this incident offers {}", names.join(", ")))
        })?;
        must_wait(&standing)?;
        match fix {
            Fix::Skip => return self.skip_incident(actor, &standing).await,
            Fix::MapValue => {
                let did = self.map_refused(actor, cause, &choice.crm_value).await?;
                return self.try_incident(actor, id, did).await;
            }
            _ => {}
        }
        if fix.looks_again() {
            self.refresh_schemas(actor.team).await?;
        }
        self.try_incident(actor, id, fix.label().to_owned()).await
    }

    /// Tries one record again; the others follow if the CRM takes it. What a picklist refused is decided
    /// without a call, so its list is read again first, for one.
    ///
    /// # Errors
    /// `NotFound`; `Conflict` if nothing waits or a record is being tried; `Unavailable` if the CRM does not
    /// answer.
    pub async fn retry_incident(&self, actor: &Actor, id: IncidentId) -> AppResult<Chosen> {
        let standing = self.standing(actor, id).await?;
        must_wait(&standing)?;
        self.read_lists_again(actor.team, standing.incident.cause.class)
            .await?;
        self.try_incident(actor, id, "Tried again".to_owned()).await
    }

    /// Tries one record of every incident of a class; answers how many records wait for them.
    ///
    /// # Errors
    /// `Conflict` if nothing waits; `Unavailable` if the CRM does not answer.
    pub async fn retry_cause(&self, actor: &Actor, class: ErrorClass) -> AppResult<u32> {
        self.read_lists_again(actor.team, class).await?;
        let of_class = |incident: &Incident| incident.cause.class == class;
        let records = self.try_all(actor, "Tried again", of_class).await?;
        if records == 0 {
            let text = "nothing of this is set aside any more, or it is being tried already";
            return Err(AppError::Conflict(text.into()));
        }
        Ok(u32::try_from(records).unwrap_or(u32::MAX))
    }
}

impl App {
    /// Reads the CRM's lists again where a class of failure is judged by them.
    async fn read_lists_again(&self, team: TeamId, class: ErrorClass) -> AppResult<()> {
        if class == ErrorClass::PicklistRefused {
            self.refresh_schemas(team).await?;
        }
        Ok(())
    }

    /// A mapping's rows have another value map: what was refused in them is tried with it.
    pub(super) async fn try_fields(
        &self,
        actor: &Actor,
        object: &CrmObject,
        fields: &[String],
    ) -> AppResult<()> {
        let touched = |incident: &Incident| {
            let cause = &incident.cause;
            let field = cause.field.as_ref();
            cause.object == *object && field.is_some_and(|field| fields.contains(field))
        };
        self.try_all(actor, "Published another value map", touched)
            .await?;
        Ok(())
    }

    /// Tries one record of every incident that is meant; how many records wait for them.
    async fn try_all(
        &self,
        actor: &Actor,
        did: &str,
        meant: impl Fn(&Incident) -> bool,
    ) -> AppResult<u64> {
        let mut records = 0;
        for standing in self.store().incidents(actor.team).await? {
            let incident = &standing.incident;
            if !meant(incident) || must_wait(&standing).is_err() {
                continue;
            }
            let tried = self
                .try_incident(actor, incident.id, did.to_owned())
                .await?;
            if tried == Chosen::Trying {
                records += standing.records;
            }
        }
        Ok(records)
    }

    async fn standing(&self, actor: &Actor, id: IncidentId) -> AppResult<Standing> {
        let found = self.store().incident(actor.team, id).await?;
        found.ok_or_else(|| AppError::NotFound(format!("incident {id}")))
    }

    async fn try_incident(&self, actor: &Actor, id: IncidentId, did: String) -> AppResult<Chosen> {
        let attempt = Attempt {
            fix: did.clone(),
            by: actor.user,
            now: self.now(),
        };
        let begun = self.store().try_incident(actor.team, id, attempt).await?;
        if !begun {
            return Ok(Chosen::Gone);
        }
        self.signals().wake(actor.team);
        let (subject, summary) = (
            format!("incident {id}"),
            format!("{did}; one record is tried"),
        );
        self.act(actor, "incident.tried", &subject, summary).await?;
        Ok(Chosen::Trying)
    }

    async fn skip_incident(&self, actor: &Actor, standing: &Standing) -> AppResult<Chosen> {
        actor.must_be_admin()?;
        let (team, id) = (actor.team, standing.incident.id);
        self.store()
            .skip_incident(team, id, true, self.now())
            .await?;
        let summary = format!("Left alone: {}", standing.incident.cause);
        self.act(
            actor,
            "incident.skipped",
            &format!("incident {id}"),
            summary,
        )
        .await?;
        Ok(Chosen::Skipped)
    }

    /// Publishes a row of the field's value map; says what was done.
    async fn map_refused(
        &self,
        actor: &Actor,
        cause: &Cause,
        crm_value: &str,
    ) -> AppResult<String> {
        actor.must_be_admin()?;
        let crm_value = crm_value.trim();
        if crm_value.is_empty() {
            let text = "choose the CRM’s value that stands for it";
            return Err(AppError::invalid("crm_value", text));
        }
        let (version, row) = self.row_of(actor.team, cause).await?.ok_or_else(|| {
            AppError::Conflict("the field is not mapped any more; nothing is sent".into())
        })?;
        let mut rows = row.value_map.0;
        rows.retain(|row| row.workspace != cause.thing);
        rows.push(MappedValue {
            crm: crm_value.to_owned(),
            workspace: cause.thing.clone(),
        });
        let edit = MappingEdit {
            version,
            import: None,
            create_in_crm: None,
            rows: vec![RowChoice {
                workspace: row.workspace,
                value_map: Some(ValueRow::of(&ValueMap(rows))),
                ..RowChoice::default()
            }],
        };
        let published = self.publish_edit(actor, &cause.object, &edit).await;
        published.map_err(|error| match error {
            AppError::Invalid { message, .. } => AppError::invalid("crm_value", message),
            other => other,
        })?;
        Ok(format!("Mapped “{}” to “{crm_value}”", cause.thing))
    }

    /// The version of the mapping that a cause is about, and its row.
    async fn row_of(&self, team: TeamId, cause: &Cause) -> AppResult<Option<(u32, FieldMapping)>> {
        let published = self.store().mappings(team).await?;
        let mapping = published
            .into_iter()
            .map(|published| published.mapping)
            .find(|mapping| mapping.object == cause.object);
        Ok(mapping.and_then(|mapping| {
            let field = cause.field.as_ref()?;
            let mut rows = mapping.fields.into_iter();
            let row = rows.find(|row| row.workspace == *field)?;
            Some((mapping.version, row))
        }))
    }

    async fn incident_view(&self, team: TeamId, standing: Standing) -> AppResult<IncidentView> {
        let cause = &standing.incident.cause;
        let rules = self.store().rules(team).await?;
        let pair = rules.pair(&cause.object);
        let field = cause.field.as_ref();
        let rule = pair
            .zip(field)
            .and_then(|(pair, field)| pair.by_workspace(field));
        let known = pair
            .map(|pair| standard_fields(pair.kind))
            .unwrap_or_default();
        let label = field.and_then(|field| known.iter().find(|one| one.name == *field));
        let row = rule.map(|rule| &rule.mapping);
        let mapped = row.and_then(|row| {
            let mut rows = row.value_map.0.iter();
            rows.find(|row| row.workspace == cause.thing)
        });
        Ok(IncidentView {
            field_label: label.map(|field| field.label.clone()),
            crm_field: row.map(|row| row.crm.clone()),
            fixes: cause.fixes(),
            crm_values: rule
                .map(|rule| rule.crm_type.listed().to_vec())
                .unwrap_or_default(),
            mapped_to: mapped.map(|row| row.crm.clone()),
            standing,
        })
    }
}

/// Only what waits can be tried, and one thing at a time.
fn must_wait(standing: &Standing) -> AppResult<()> {
    if standing.records == 0 {
        let text = "nothing of this is set aside any more; it may have gone through meanwhile";
        return Err(AppError::Conflict(text.into()));
    }
    let trial = standing.incident.trial.as_ref();
    if trial.is_some_and(Trial::is_moving) {
        let text = "a record of this incident is being tried already; wait how it ends";
        return Err(AppError::Conflict(text.into()));
    }
    Ok(())
}
