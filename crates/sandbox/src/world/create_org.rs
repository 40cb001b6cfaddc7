//! A new org: tables for the standard objects, the Organization row, one profile, one role, one administrator.

use serde_json::json;

use super::permissions::{Actor, Permissions};
use super::rules::Rules;
use super::schema::{Schema, standard_objects};
use super::table::Table;
use super::{DmlOptions, POD, SfId, World, WorldOptions};
use crate::world::dml::Fields;

impl World {
    /// Creates an org with its standard objects, one Organization row, one profile and one administrator.
    pub fn new(options: &WorldOptions) -> World {
        let mut schema = Schema::default();
        standard_objects(options.external_ids)
            .into_iter()
            .for_each(|object| schema.push(object));
        let tables = schema.objects().map(|_| Table::default()).collect();
        let mut world = World {
            now: options.now,
            schema,
            tables,
            permissions: Permissions::default(),
            rules: Rules::default(),
            staged: Default::default(),
            late_commits: 0,
            deletions: 0,
            undo: Vec::new(),
            touched: Default::default(),
            steps: Default::default(),
            told: Default::default(),
            transaction_depth: 0,
            metadata_version: 1,
            metadata_changed_at: options.now,
            org_id: SfId::from_counter(*b"00D", POD, 1),
            admin_id: SfId::from_counter(*b"005", POD, 1),
        };
        world.seed_setup(options);
        world
    }

    /// The first rows, written past the checks: they refer to each other.
    fn seed_setup(&mut self, options: &WorldOptions) {
        let profile = self.seed_row(
            "Profile",
            json!({"Name": "System Administrator", "UserType": "Standard"}),
        );
        let role = self.seed_row("UserRole", json!({"Name": "CEO", "DeveloperName": "CEO"}));
        let user = json!({
            "Username": options.admin_username, "Email": options.admin_username, "LastName": "Admin",
            "Name": "Admin", "Alias": "admin", "CommunityNickname": "admin", "TimeZoneSidKey": "GMT",
            "LocaleSidKey": "en_US", "EmailEncodingKey": "UTF-8", "LanguageLocaleKey": "en_US",
            "ProfileId": profile.to_string(), "UserRoleId": role.to_string(),
        });
        self.admin_id = self.seed_row("User", user);
        let organization = json!({
            "Name": options.org_name, "OrganizationType": "Developer Edition", "InstanceName": "TD0",
            "IsSandbox": true, "DefaultLocaleSidKey": "en_US", "TimeZoneSidKey": "GMT",
            "LanguageLocaleKey": "en_US", "FiscalYearStartMonth": 1, "DefaultAccountAccess": "Edit",
            "DefaultContactAccess": "Edit", "DefaultOpportunityAccess": "None", "DefaultLeadAccess": "ReadEditTransfer",
        });
        self.org_id = self.seed_row("Organization", organization);
    }

    fn seed_row(&mut self, object: &str, fields: serde_json::Value) -> SfId {
        let none = Fields::new();
        let Some(object) = self.schema.object_no(object) else {
            return SfId::MIN;
        };
        let mut draft = self.new_draft(
            &Actor::system(self.admin_id),
            object,
            &DmlOptions::default(),
        );
        for (name, json) in fields.as_object().unwrap_or(&none) {
            let def = self.schema.at(object);
            let field = def
                .field_no(name)
                .map(|no| (no, super::convert::convert(def.at(no), json)));
            if let Some((no, Ok(value))) = field {
                draft.row.set(no, value);
            }
        }
        let id = draft.row.id;
        self.put(object, draft.row, None);
        id
    }
}
