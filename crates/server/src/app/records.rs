//! People, accounts and opportunities: lists, pages, edits, and the decisions that wait for a person.

use super::error::no_page;
use super::{Actor, App, AppError, AppResult, parse};
use serde::Serialize;
use std::collections::BTreeMap;
use tandem_core::ids::{CrmObject, LinkId, RecordId};
use tandem_core::link::{HeldField, ParkedField, RecordLink};
use tandem_core::mapping::{Direction, PairRules, Winner};
use tandem_core::record::{Origin, Provenance};
use tandem_core::schema::FieldType;
use tandem_core::settings::TeamRules;
use tandem_core::store::{HoldResolution, SyncStore as _, WorkspaceEdit};
use tandem_core::value::{Fields, Reference, Value};
use tandem_core::value_map::ValueMap;
use tandem_core::workspace::{Kind, WorkspaceField, standard_fields};
use tandem_store::views::{Page, PageRequest, RecordFilter, RecordPage, RecordRow};

/// One field of a record with all that its page shows.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct FieldView {
    /// Workspace name.
    pub name: String,
    /// Name on pages.
    pub label: String,
    /// What it holds.
    pub ty: FieldType,
    /// Our value.
    pub workspace: Value,
    /// The CRM's value as last read; `None` if the field is not mapped or the record not linked.
    pub crm: Option<Value>,
    /// Where our value came from.
    pub provenance: Option<Provenance>,
    /// Its row of the mapping: CRM field, direction, winner.
    pub mapping: Option<FieldMappingView>,
    /// Refused by the CRM.
    pub parked: Option<ParkedField>,
    /// Both sides changed it: a person must choose.
    pub held: Option<HeldField>,
    /// Why it can't be edited here; `None` if it can.
    pub locked: Option<String>,
}

/// How a field is mapped.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct FieldMappingView {
    /// CRM field name.
    pub crm: String,
    /// Which way it travels.
    pub direction: Direction,
    /// Who wins.
    pub winner: Winner,
    /// Which value of one side stands for which of the other.
    pub value_map: ValueMap,
}

/// A record's page.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct RecordDetail {
    /// The record with link, mirror, waiting write, history and names of referenced records.
    pub page: RecordPage,
    /// Its fields in the order of pages.
    pub fields: Vec<FieldView>,
    /// Its page in the CRM, if it is there.
    pub crm_url: Option<String>,
    /// What it can be created as in the CRM, if it has no link.
    pub can_create_as: Vec<CrmObject>,
}

/// What to do with a held field.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum HoldChoice {
    /// The CRM's value, on both sides.
    Crm,
    /// The workspace's value, on both sides.
    Workspace,
    /// This value, as typed, on both sides.
    Value(String),
}

impl App {
    /// A page of records, latest change first.
    ///
    /// # Errors
    /// `Invalid` with `cursor`.
    pub async fn records(
        &self,
        actor: &Actor,
        filter: &RecordFilter,
        page: &PageRequest,
    ) -> AppResult<Page<RecordRow>> {
        let found = self.store().records(actor.team, filter, page).await;
        found.map_err(|error| no_page(page, error))
    }

    /// One record.
    ///
    /// # Errors
    /// `NotFound`, also if it is of another kind.
    pub async fn record(&self, actor: &Actor, kind: Kind, id: RecordId) -> AppResult<RecordDetail> {
        let page = self.record_of_kind(actor, kind, id).await?;
        let rules = self.store().rules(actor.team).await?;
        let pair = page.link.as_ref().and_then(|link| rules.pair(&link.object));
        let crm_url = match &page.link {
            Some(RecordLink {
                object,
                crm: Some(id),
                ..
            }) => self.crm_url(actor.team, object, id).await?,
            _ => None,
        };
        let can_create_as = match &page.link {
            Some(_) => Vec::new(),
            None => creatable(&rules, kind),
        };
        let fields = standard_fields(kind);
        Ok(RecordDetail {
            fields: fields
                .into_iter()
                .map(|field| field_view(field, &page, pair))
                .collect(),
            page,
            crm_url,
            can_create_as,
        })
    }

    /// Changes fields; texts are read by the field's type, an empty one clears. Fields whose value
    /// does not change are left alone.
    ///
    /// # Errors
    /// `NotFound`; `Invalid` with the field's name if the text does not fit or the field is locked.
    pub async fn edit_record(
        &self,
        actor: &Actor,
        kind: Kind,
        id: RecordId,
        texts: &BTreeMap<String, String>,
    ) -> AppResult<()> {
        let page = self.record_of_kind(actor, kind, id).await?;
        let rules = self.store().rules(actor.team).await?;
        let pair = page.link.as_ref().and_then(|link| rules.pair(&link.object));
        let mut patch = self.read_texts(kind, texts, pair)?;
        patch.retain(|name, value| page.record.fields.get(name).unwrap_or(&Value::Null) != value);
        if patch.is_empty() {
            return Ok(());
        }
        self.check_references(actor, &patch).await?;
        let edit = WorkspaceEdit {
            record: Some(id),
            kind,
            patch,
            origin: actor.origin(),
            now: self.now(),
            create_as: None,
        };
        self.store().edit_record(actor.team, edit).await?;
        self.signals().wake(actor.team);
        Ok(())
    }

    /// Makes a record, and in the CRM too if `create_as` names an object that this kind maps to.
    ///
    /// # Errors
    /// `Invalid` with the field's name, or `create_as`.
    pub async fn create_record(
        &self,
        actor: &Actor,
        kind: Kind,
        texts: &BTreeMap<String, String>,
        create_as: Option<CrmObject>,
    ) -> AppResult<RecordId> {
        let rules = self.store().rules(actor.team).await?;
        let pair = match &create_as {
            Some(object) => Some(creatable_pair(&rules, kind, object)?),
            None => None,
        };
        let mut patch = self.read_texts(kind, texts, pair)?;
        patch.retain(|_, value| !value.is_null());
        if patch.is_empty() {
            let message = "fill in at least one field";
            return Err(AppError::invalid("fields", message));
        }
        self.check_references(actor, &patch).await?;
        let edit = WorkspaceEdit {
            record: None,
            kind,
            patch,
            origin: actor.origin(),
            now: self.now(),
            create_as,
        };
        let id = self.store().edit_record(actor.team, edit).await?;
        self.signals().wake(actor.team);
        Ok(id)
    }

    /// Settles a held field. `seen_crm` is the CRM's value that the person saw, as the page showed it.
    ///
    /// # Errors
    /// `NotFound`; `Conflict` if it is not held any more or the CRM's value has changed since;
    /// `Invalid` with the field's name.
    pub async fn resolve_hold(
        &self,
        actor: &Actor,
        kind: Kind,
        id: RecordId,
        field: &str,
        seen_crm: &str,
        choice: HoldChoice,
    ) -> AppResult<()> {
        let page = self.record_of_kind(actor, kind, id).await?;
        let gone = || AppError::Conflict("this field does not wait for a decision any more".into());
        let link = page.link.as_ref().ok_or_else(gone)?;
        let held = link.held_fields.get(field).ok_or_else(gone)?;
        if held.crm.to_string() != seen_crm {
            let text = "the CRM's value has changed since you looked; look again, then decide";
            return Err(AppError::Conflict(text.into()));
        }
        let rules = self.store().rules(actor.team).await?;
        let rule = rules
            .pair(&link.object)
            .and_then(|pair| pair.by_workspace(field));
        let rule = rule.ok_or_else(gone)?;
        let value = match choice {
            HoldChoice::Crm => rule.to_workspace(&held.crm),
            HoldChoice::Workspace => held.workspace.clone(),
            HoldChoice::Value(text) => parse::value(field, &text, &rule.crm_type)?,
        };
        let resolution = HoldResolution {
            link: link.id,
            field: field.into(),
            value,
            seen_crm: held.crm.clone(),
            origin: actor.origin(),
            now: self.now(),
        };
        self.store().resolve_hold(actor.team, resolution).await?;
        self.signals().wake(actor.team);
        Ok(())
    }

    /// Tries a record again that the CRM refused, wholly or in parts.
    ///
    /// # Errors
    /// `NotFound`; `Conflict` if nothing of it is set aside.
    pub async fn retry_record(&self, actor: &Actor, kind: Kind, id: RecordId) -> AppResult<LinkId> {
        let page = self.record_of_kind(actor, kind, id).await?;
        let unlinked = || AppError::Conflict("this record is not linked to the CRM".into());
        let link = page.link.as_ref().ok_or_else(unlinked)?.id;
        self.retry(actor, &page.name, &[link]).await?;
        Ok(link)
    }
}

impl Actor {
    /// Who changed it, for the record's provenance.
    pub(super) fn origin(&self) -> Origin {
        match self.user {
            Some(user) => Origin::User(user),
            None => Origin::Api("command line".into()),
        }
    }
}

impl App {
    async fn record_of_kind(
        &self,
        actor: &Actor,
        kind: Kind,
        id: RecordId,
    ) -> AppResult<RecordPage> {
        let page = self.store().record_page(actor.team, id).await?;
        page.filter(|page| page.record.kind == kind)
            .ok_or_else(|| AppError::NotFound(format!("{kind} {id}")))
    }

    /// Values of a form, refused where a field is unknown or locked.
    fn read_texts(
        &self,
        kind: Kind,
        texts: &BTreeMap<String, String>,
        pair: Option<&PairRules>,
    ) -> AppResult<Fields> {
        let known = standard_fields(kind);
        let mut fields = Fields::new();
        for (name, text) in texts {
            let field = known.iter().find(|field| field.name == *name);
            let field = field
                .ok_or_else(|| AppError::invalid(name, format!("a {kind} has no field {name}")))?;
            if let Some(reason) = locked(name, pair) {
                return Err(AppError::invalid(name, reason));
            }
            fields.insert(name.clone(), parse::value(name, text, &field.ty)?);
        }
        Ok(fields)
    }

    /// A reference leads to a record of ours or, for owners, to a user of the CRM.
    async fn check_references(&self, actor: &Actor, patch: &Fields) -> AppResult<()> {
        for (name, value) in patch {
            match value {
                Value::Reference(Reference::Workspace(kind, id)) => {
                    let target = self.store().record(actor.team, *id).await?;
                    if target.is_none_or(|target| target.kind != *kind) {
                        return Err(AppError::invalid(name, format!("there is no {kind} {id}")));
                    }
                }
                Value::Reference(Reference::Crm(id)) if name == "owner" => {
                    let users = self.store().crm_users(actor.team).await?;
                    if !users.iter().any(|user| user.id == *id && user.active) {
                        let message = format!("the CRM has no active user {id}");
                        return Err(AppError::invalid(name, message));
                    }
                }
                _ => {}
            }
        }
        Ok(())
    }
}

/// Why a field can't be edited here.
fn locked(name: &str, pair: Option<&PairRules>) -> Option<String> {
    let rule = pair?.by_workspace(name)?;
    if rule.mapping.direction.outbound() {
        return None;
    }
    Some(format!(
        "it comes from {}.{} only; change it in the CRM, or map it both ways",
        pair?.object, rule.mapping.crm
    ))
}

fn creatable(rules: &TeamRules, kind: Kind) -> Vec<CrmObject> {
    rules
        .pairs
        .iter()
        .filter(|pair| pair.kind == kind && pair.create_in_crm)
        .map(|pair| pair.object.clone())
        .collect()
}

fn creatable_pair<'a>(
    rules: &'a TeamRules,
    kind: Kind,
    object: &CrmObject,
) -> AppResult<&'a PairRules> {
    let pair = rules.pair(object).filter(|pair| pair.kind == kind);
    pair.filter(|pair| pair.create_in_crm).ok_or_else(|| {
        let message = format!("the mapping does not create a {kind} as {object} in the CRM");
        AppError::invalid("create_as", message)
    })
}

fn field_view(field: WorkspaceField, page: &RecordPage, pair: Option<&PairRules>) -> FieldView {
    let rule = pair.and_then(|pair| pair.by_workspace(&field.name));
    let record = &page.record;
    let link = page.link.as_ref();
    FieldView {
        workspace: record.fields.get(&field.name).cloned().unwrap_or_default(),
        crm: rule.zip(page.crm.as_ref()).map(|(rule, crm)| {
            crm.fields
                .get(&rule.mapping.crm)
                .cloned()
                .unwrap_or_default()
        }),
        provenance: record.provenance.get(&field.name).cloned(),
        mapping: rule.map(|rule| FieldMappingView {
            crm: rule.mapping.crm.clone(),
            direction: rule.mapping.direction,
            winner: rule.mapping.winner,
            value_map: rule.mapping.value_map.clone(),
        }),
        parked: link.and_then(|link| link.parked_fields.get(&field.name).cloned()),
        held: link.and_then(|link| link.held_fields.get(&field.name).cloned()),
        locked: locked(&field.name, pair),
        name: field.name,
        label: field.label,
        ty: field.ty,
    }
}
