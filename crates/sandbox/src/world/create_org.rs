//! A new org: tables for the standard objects, the Organization row, one profile, one role, one administrator.

use serde_json::json;

use super::rights::{FieldRights, Grants, ObjectRights, Permissions};
use super::rules::Rules;
use super::schema::{Schema, standard_objects};
use super::table::Table;
use super::{POD, SfId, Value, World, WorldOptions};

impl World {
    /// Creates an org with its standard objects, one Organization row, one profile and one administrator.
    pub fn new(options: &WorldOptions) -> World {
        let mut schema = Schema::default();
        standard_objects(options.external_ids)
            .into_iter()
            .for_each(|object| schema.push(object));
        let tables = schema.objects().map(|_| Table::default()).collect();
        let views = schema.objects().map(|_| Default::default()).collect();
        let mut world = World {
            now: options.now,
            schema,
            tables,
            views,
            permissions: Permissions::default(),
            effective: Default::default(),
            rules: Rules::default(),
            staged: Default::default(),
            late_commits: 0,
            deletions: 0,
            purged_to: None,
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
        let (administrator, set) =
            self.seed_profile("System Administrator", ObjectRights::default());
        self.grant_system_permissions(set);
        self.seed_profile("Standard User", ObjectRights::OWN);
        let role = self.seed_row("UserRole", json!({"Name": "CEO", "DeveloperName": "CEO"}));
        let user = json!({
            "Username": options.admin_username, "Email": options.admin_username, "LastName": "Admin",
            "Name": "Admin", "Alias": "admin", "CommunityNickname": "admin", "TimeZoneSidKey": "GMT",
            "LocaleSidKey": "en_US", "EmailEncodingKey": "UTF-8", "LanguageLocaleKey": "en_US",
            "ProfileId": administrator, "UserRoleId": role,
        });
        self.admin_id = self.seed_row("User", user);
        self.assign_profile_set(self.admin_id);
        self.org_id = self.seed_row("Organization", organization(&options.org_name));
    }

    /// Changes what the Organization row says the customer bought.
    pub(crate) fn set_organization_type(&mut self, name: &str) {
        let shown = Value::text(name);
        self.set_columns("Organization", self.org_id, &[("OrganizationType", shown)]);
    }

    /// A profile that shows every field, and the permission set it owns.
    fn seed_profile(&mut self, name: &str, objects: ObjectRights) -> (SfId, SfId) {
        let profile = self.seed_row("Profile", json!({"Name": name, "UserType": "Standard"}));
        let set = self.seed_profile_set(profile);
        self.set_grants(set, Grants::everywhere(objects, FieldRights::default()));
        (profile, set)
    }
}

fn organization(name: &str) -> serde_json::Value {
    json!({
        "Name": name, "OrganizationType": "Developer Edition", "InstanceName": "TD0", "IsSandbox": true,
        "DefaultLocaleSidKey": "en_US", "TimeZoneSidKey": "GMT", "LanguageLocaleKey": "en_US",
        "FiscalYearStartMonth": 1, "DefaultAccountAccess": "None", "DefaultContactAccess": "None",
        "DefaultOpportunityAccess": "None", "DefaultLeadAccess": "None", "DefaultCaseAccess": "None",
        "DefaultCampaignAccess": "None",
    })
}
