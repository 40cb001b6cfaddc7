//! The CRM connection and the field mapping.

use super::{Samples, minutes_ago};
use maud::Markup;
use tandem_core::ids::{ConnectionId, CrmObject};
use tandem_core::mapping::{Direction, FieldMapping, Winner};
use tandem_core::schema::FieldType;
use tandem_core::workspace::Kind;
use tandem_server::app::connectors::{
    ConnectorChoice, ConnectorList, ConnectorRole, MissingConnector,
};
use tandem_server::app::mapping::ValueRow;
use tandem_server::app::mapping::{MappingRow, MappingView};
use tandem_server::app::overview::SyncState;
use tandem_server::app::permissions::{PermissionItem, PermissionReport, Right};
use tandem_server::http::ui::pages::connect::{self, ConnectPage, Connected};
use tandem_server::http::ui::pages::mapping::{self, MappingPage};
use tandem_server::http::ui::pages::value_map::{self, ValueMapPage};

impl Samples {
    pub(super) fn settings_pages(&self) -> Vec<(&'static str, Markup)> {
        let shell = self.shell();
        let guide = ConnectPage {
            connector: None,
            connected: None,
            permissions: None,
            state: SyncState::NotConnected,
            ..self.connect_page(true)
        };
        let unready = ConnectPage {
            configured: false,
            ..guide.clone()
        };
        let member = ConnectPage {
            may_connect: false,
            ..guide.clone()
        };
        let failed = ConnectPage {
            permissions: None,
            check_failed: Some(self.say("the CRM is unavailable")),
            state: self.cut_off(),
            ..self.connect_page(true)
        };
        let mappings = MappingPage {
            mappings: vec![
                self.mapping(Kind::Person, "Contact"),
                self.mapping(Kind::Account, "Account"),
            ],
            may_edit: true,
            errors: Vec::new(),
        };
        let refused = MappingPage {
            errors: vec![self.error(
                "",
                "Someone else published version 4 meanwhile; look at it, then change it again.",
            )],
            ..mappings.clone()
        };
        let reading = MappingPage {
            may_edit: false,
            ..mappings.clone()
        };
        let none = MappingPage {
            mappings: Vec::new(),
            ..mappings.clone()
        };
        let map = self.value_map(&mappings);
        vec![
            ("value-map", value_map::page(&shell, &map)),
            ("connect-guide", connect::page(&shell, &guide)),
            ("connect-unready", connect::page(&shell, &unready)),
            ("connect-member", connect::page(&shell, &member)),
            (
                "connect-checked",
                connect::page(&shell, &self.connect_page(true)),
            ),
            (
                "connect-missing",
                connect::page(&shell, &self.connect_page(false)),
            ),
            ("connect-lost", connect::page(&shell, &failed)),
            ("mapping", mapping::page(&shell, &mappings)),
            ("mapping-refused", mapping::page(&shell, &refused)),
            ("mapping-member", mapping::page(&shell, &reading)),
            ("mapping-empty", mapping::page(&shell, &none)),
        ]
    }

    fn value_map(&self, mappings: &MappingPage) -> ValueMapPage {
        let mapping = mappings.mappings[0].clone();
        ValueMapPage {
            row: mapping.rows[0].clone(),
            mapping,
            rows: vec![ValueRow {
                crm: self.say("Web"),
                workspace: self.say("Webinar"),
            }],
            may_edit: true,
            errors: vec![self.error("", "“Webinar” = “Web” and “Fair” = “Web” are ambiguous")],
        }
    }

    fn connect_page(&self, granted: bool) -> ConnectPage {
        ConnectPage {
            state: self.enabled(),
            connector: Some(self.connector()),
            connectors: self.connectors(),
            errors: Vec::new(),
            callback_url: "http://127.0.0.1:8470/oauth/callback".into(),
            configured: true,
            may_connect: true,
            connected: granted.then_some(Connected::First),
            permissions: Some(self.report(granted)),
            check_failed: None,
        }
    }

    /// One of each role, and one who can't be chosen.
    pub(super) fn connectors(&self) -> ConnectorList {
        let choice = |id, role, problem: Option<&str>| ConnectorChoice {
            id: ConnectionId(id),
            role,
            name: self.say("Ana Lund"),
            username: self.say("ana@acme.example"),
            email: self.say("ana@acme.example"),
            connected_at: minutes_ago(90),
            problem: problem.map(|text| self.say(text)),
        };
        ConnectorList {
            choices: vec![
                choice(1, ConnectorRole::Main, None),
                choice(2, ConnectorRole::Standby, None),
                choice(3, ConnectorRole::Spare, Some("its connection was lost")),
            ],
            missing: vec![MissingConnector {
                email: self.say("bo@acme.example"),
                reason: self.say("is not active"),
            }],
        }
    }

    fn report(&self, granted: bool) -> PermissionReport {
        let item = |object: &str, field: Option<&str>, right, granted, required| PermissionItem {
            object: CrmObject::new(object),
            field: field.map(|name| self.say(name)),
            right,
            granted,
            required,
            consequence: self.say("Changes of people are not read, so the workspace grows stale."),
            fix: self.say("Read on Lead, in a permission set of the connected user."),
        };
        PermissionReport {
            checked_at: minutes_ago(0),
            username: self.say("integration@northwind.example"),
            ok: granted,
            items: vec![
                item("Lead", None, Right::Read, granted, true),
                item("Contact", Some("Birthdate"), Right::Edit, granted, false),
                item("Account", None, Right::Read, true, true),
                item("Contact", Some("Email"), Right::Edit, true, false),
                item("Opportunity", None, Right::Create, true, false),
            ],
        }
    }

    fn mapping(&self, kind: Kind, object: &str) -> MappingView {
        let row =
            |workspace: &str, crm: &str, direction, winner, problem: Option<&str>| MappingRow {
                mapping: FieldMapping {
                    workspace: workspace.into(),
                    crm: crm.into(),
                    direction,
                    winner,
                    blank_never_erases: workspace == "phone",
                    value_map: Default::default(),
                },
                workspace_label: workspace.replace('_', " "),
                crm_label: self.say(crm),
                crm_type: problem
                    .is_none()
                    .then_some(FieldType::Text { max_chars: 80 }),
                writable: problem.is_none() && workspace != "city",
                problem: problem.map(|text| self.say(text)),
            };
        MappingView {
            kind,
            object: CrmObject::new(object),
            version: 3,
            published_at: Some(minutes_ago(2_000)),
            import: true,
            create_in_crm: false,
            rows: vec![
                row(
                    "first_name",
                    "FirstName",
                    Direction::CrmToWorkspace,
                    Winner::Crm,
                    None,
                ),
                row("email", "Email", Direction::Both, Winner::Hold, None),
                row("phone", "Phone", Direction::Both, Winner::MostRecent, None),
                row(
                    "city",
                    "MailingCity",
                    Direction::CrmToWorkspace,
                    Winner::Crm,
                    None,
                ),
                row(
                    "title",
                    "Title__c",
                    Direction::WorkspaceToCrm,
                    Winner::Crm,
                    Some(
                        "Contact.Title__c does not exist or the connected user may not read it; grant read access or unmap it",
                    ),
                ),
            ],
        }
    }
}
