//! The check of what the connected user may do in the CRM, before anything depends on it.

use super::{Actor, App, AppResult};
use serde::Serialize;
use tandem_core::Timestamp;
use tandem_core::ids::CrmObject;
use tandem_core::mapping::{FieldMapping, ObjectMapping};
use tandem_core::schema::ObjectSchema;
use utoipa::ToSchema;

/// What is asked of one object or field.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Right {
    /// See it.
    Read,
    /// Change it.
    Edit,
    /// Make it.
    Create,
}

/// One right that the sync uses.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, ToSchema)]
pub struct PermissionItem {
    /// The object.
    #[schema(value_type = String)]
    pub object: CrmObject,
    /// The field; `None` for the object itself.
    pub field: Option<String>,
    /// What is asked.
    pub right: Right,
    /// Whether the user has it.
    pub granted: bool,
    /// Sync can't be enabled without it.
    pub required: bool,
    /// What fails without it.
    pub consequence: String,
    /// What to grant, where.
    pub fix: String,
}

/// The result of one check.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, ToSchema)]
pub struct PermissionReport {
    /// When it was made.
    #[schema(value_type = String, format = DateTime)]
    pub checked_at: Timestamp,
    /// Whom it is about: the CRM sign-in name.
    pub username: String,
    /// Nothing required is missing.
    pub ok: bool,
    /// Every right, missing ones first.
    pub items: Vec<PermissionItem>,
}

impl App {
    /// Asks the CRM now (one API call) and tells which rights are there. Required: read every object
    /// of a mapping. Fields that can't be used only cost themselves.
    ///
    /// # Errors
    /// `Conflict` if nobody is connected; `Unavailable` if the CRM does not answer.
    pub async fn check_permissions(&self, actor: &Actor) -> AppResult<PermissionReport> {
        let connector = self.connected(actor.team).await?;
        let mappings = self.store().mappings(actor.team).await?;
        let mappings: Vec<_> = mappings
            .into_iter()
            .map(|published| published.mapping)
            .collect();
        let objects: Vec<_> = mappings
            .iter()
            .map(|mapping| mapping.object.clone())
            .collect();
        let calls = connector.capabilities().calls_max.describe;
        let parts = self
            .counted(actor.team, calls, connector.describe(&objects))
            .await?;
        let mut items: Vec<_> = mappings
            .iter()
            .zip(&parts)
            .flat_map(|(mapping, part)| judge(mapping, part.as_ref().ok()))
            .collect();
        items.sort_by_key(|item| (item.granted, !item.required));
        let schemas = parts.into_iter().filter_map(Result::ok).collect();
        self.take_schemas(actor.team, schemas).await?;
        let connection = self.main_connection(actor.team).await?;
        Ok(PermissionReport {
            checked_at: self.now(),
            username: connection.map_or_else(String::new, |c| c.details.identity.username),
            ok: items.iter().all(|item| item.granted || !item.required),
            items,
        })
    }
}

/// The rights that a mapping uses, against what the user sees of the object.
fn judge(mapping: &ObjectMapping, schema: Option<&ObjectSchema>) -> Vec<PermissionItem> {
    let object = &mapping.object;
    let writes = mapping.fields.iter().any(|row| row.direction.outbound());
    let item = |right, granted, consequence: &str| PermissionItem {
        object: object.clone(),
        field: None,
        right,
        granted,
        required: true,
        consequence: consequence.into(),
        fix: format!("grant {} access to the object {object}", right.word()),
    };
    let mut items = vec![item(
        Right::Read,
        schema.is_some(),
        "Its records can't be read: nothing syncs.",
    )];
    let Some(schema) = schema else {
        return items;
    };
    if writes {
        let consequence = "Changes made in the workspace can't go out.";
        items.push(item(Right::Edit, schema.updateable, consequence));
    }
    if mapping.create_in_crm {
        let consequence = "New records of the workspace can't be created in the CRM.";
        items.push(item(Right::Create, schema.createable, consequence));
    }
    items.extend(
        mapping
            .fields
            .iter()
            .flat_map(|row| judge_field(object, row, schema)),
    );
    items
}

/// A missing right on a field costs that field only.
fn judge_field(
    object: &CrmObject,
    row: &FieldMapping,
    schema: &ObjectSchema,
) -> Vec<PermissionItem> {
    let field = schema.field(&row.crm);
    let item = |right, granted, consequence: &str| PermissionItem {
        object: object.clone(),
        field: Some(row.crm.clone()),
        right,
        granted,
        required: false,
        consequence: consequence.into(),
        fix: format!(
            "grant {} access to the field {object}.{}",
            right.word(),
            row.crm
        ),
    };
    let visible = field.is_some();
    let mut items = vec![item(
        Right::Read,
        visible,
        "The field is left out of the sync.",
    )];
    if visible && row.direction.outbound() {
        let writable = field.is_some_and(|field| field.updateable || field.createable);
        items.push(item(
            Right::Edit,
            writable,
            "The field only comes in; workspace changes stay here.",
        ));
    }
    items
}

impl Right {
    fn word(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Edit => "edit",
            Self::Create => "create",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tandem_core::mapping::{Direction, Winner};
    use tandem_core::schema::{FieldSchema, FieldType};
    use tandem_core::workspace::Kind;

    fn mapping(direction: Direction) -> ObjectMapping {
        ObjectMapping {
            kind: Kind::Person,
            object: CrmObject::new("Lead"),
            version: 1,
            import: true,
            create_in_crm: true,
            fields: vec![FieldMapping {
                workspace: "title".into(),
                crm: "Title".into(),
                direction,
                winner: Winner::Crm,
                blank_never_erases: false,
                value_map: Default::default(),
            }],
        }
    }

    fn schema(editable: bool) -> ObjectSchema {
        ObjectSchema {
            name: CrmObject::new("Lead"),
            label: "Lead".into(),
            createable: editable,
            updateable: editable,
            fields: vec![FieldSchema {
                name: "Title".into(),
                label: "Title".into(),
                ty: FieldType::Text { max_chars: 128 },
                createable: editable,
                updateable: editable,
                required: false,
                calculated: false,
                external_id: false,
                custom: false,
            }],
            tag: None,
        }
    }

    fn missing(direction: Direction, schema: Option<&ObjectSchema>) -> Vec<String> {
        judge(&mapping(direction), schema)
            .into_iter()
            .filter(|item| !item.granted)
            .map(|item| format!("{}{}", item.fix, if item.required { "!" } else { "" }))
            .collect()
    }

    #[test]
    fn what_is_missing_is_named_and_only_what_is_used_is_asked() {
        assert_eq!(missing(Direction::Both, Some(&schema(true))), [""; 0]);
        assert_eq!(
            missing(Direction::Both, Some(&schema(false))),
            [
                "grant edit access to the object Lead!",
                "grant create access to the object Lead!",
                "grant edit access to the field Lead.Title",
            ]
        );
        assert_eq!(
            missing(Direction::CrmToWorkspace, Some(&schema(false))),
            ["grant create access to the object Lead!"]
        );
        assert_eq!(
            missing(Direction::Both, None),
            ["grant read access to the object Lead!"]
        );
        let hidden = ObjectSchema {
            fields: Vec::new(),
            ..schema(true)
        };
        assert_eq!(
            missing(Direction::Both, Some(&hidden)),
            ["grant read access to the field Lead.Title"]
        );
    }
}
