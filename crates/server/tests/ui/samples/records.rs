//! Lists of records and a record's page.

use super::{Samples, minutes_ago};
use maud::Markup;
use std::collections::BTreeMap;
use tandem_core::Decimal;
use tandem_core::error::ErrorClass;
use tandem_core::ids::{CrmId, CrmObject, LinkId, RecordId, UserId};
use tandem_core::link::{HeldField, LinkState, ParkedField, RecordLink};
use tandem_core::mapping::{Direction, Winner};
use tandem_core::record::{CrmRecord, Look, Origin, Provenance, Revision, WorkspaceRecord};
use tandem_core::schema::FieldType;
use tandem_core::value::{Fields, Value};
use tandem_core::workspace::{Kind, standard_fields};
use tandem_server::app::records::{FieldMappingView, FieldView, RecordDetail};
use tandem_server::http::ui::pages::record::{RecordView, page as record_page};
use tandem_server::http::ui::pages::records::{RecordQuery, RecordsPage, page};
use tandem_store::views::{
    LinkRow, LinkStatus, LinkSummary, Page, RecordPage, RecordRow, Referenced,
};

const CRM_ID: &str = "0035g00000MEYERAAB";

impl Samples {
    pub(super) fn record_pages(&self) -> Vec<(&'static str, Markup)> {
        let shell = self.shell();
        let searched = RecordsPage {
            query: RecordQuery {
                q: self.say("zz"),
                ..RecordQuery::default()
            },
            rows: Page {
                rows: Vec::new(),
                next: None,
            },
            ..self.list(Kind::Person)
        };
        let empty = RecordsPage {
            query: RecordQuery::default(),
            total: Some(0),
            ..searched.clone()
        };
        let mut settled = self.record(false);
        settled
            .detail
            .fields
            .iter_mut()
            .for_each(|field| (field.held, field.parked) = (None, None));
        settled.detail.page.status = LinkStatus::Linked;
        vec![
            ("people", page(&shell, &self.list(Kind::Person))),
            ("accounts", page(&shell, &self.list(Kind::Account))),
            ("opportunities", page(&shell, &self.list(Kind::Opportunity))),
            ("people-nothing", page(&shell, &searched)),
            ("people-empty", page(&shell, &empty)),
            (
                "person",
                record_page(&self.told("Saved. It goes to the CRM at once."), &settled),
            ),
            ("person-waiting", record_page(&shell, &self.record(false))),
            ("person-edit", record_page(&shell, &self.record(true))),
        ]
    }

    fn list(&self, kind: Kind) -> RecordsPage {
        let rows = LinkStatus::ALL
            .iter()
            .enumerate()
            .map(|(index, status)| self.row(kind, index, *status))
            .collect();
        RecordsPage {
            kind,
            query: RecordQuery::default(),
            total: Some(5_102),
            rows: Page {
                rows,
                next: Some("1198".into()),
            },
        }
    }

    fn row(&self, kind: Kind, index: usize, status: LinkStatus) -> RecordRow {
        let names = [
            "Katharina Meyer-Lindenberg",
            "Tomás Ferreira",
            "Aiko Tanabe",
            "Samuel Okonkwo",
            "Lena Björk",
            "Priya Raman",
        ];
        let object = match kind {
            Kind::Account => "Account",
            Kind::Opportunity => "Opportunity",
            _ => "Contact",
        };
        let link = (status != LinkStatus::NotLinked).then(|| LinkSummary {
            id: LinkId(1),
            object: CrmObject::new(object),
            crm: (status != LinkStatus::Pending).then(|| CrmId::new(CRM_ID)),
            status,
            due: false,
        });
        RecordRow {
            id: RecordId(1_204 - index as i64),
            kind,
            name: self.say(names[index % names.len()]),
            fields: self.row_fields(index),
            link,
            updated_at: minutes_ago(7 + 400 * index as i64),
        }
    }

    fn row_fields(&self, index: usize) -> Fields {
        let text = |name: &str, value: &str| (name.to_owned(), self.value(value));
        let mut fields = Fields::from([
            text("title", "Director of Procurement, Europe and Middle East"),
            text("company", "Seaharbour Logistics & Cold Chain International"),
            text("email", "katharina.meyer-lindenberg@seaharbour.example"),
            text("website", "https://seaharbour.example"),
            text("industry", "Transportation"),
            text("city", "Hamburg"),
            text("stage", "Negotiation/Review"),
            (
                "amount".to_owned(),
                Value::Number(Decimal::new(12_450_000 + index as i64 * 91_725, 2)),
            ),
            (
                "close_date".to_owned(),
                Value::Date("2026-12-18".parse().expect("a date")),
            ),
        ]);
        if index == 3 {
            fields.remove("email");
        }
        fields
    }

    pub(super) fn record(&self, editing: bool) -> RecordView {
        let fields = standard_fields(Kind::Person)
            .into_iter()
            .map(|field| self.field(&field.name, &field.label, field.ty))
            .collect();
        let errors = if editing {
            vec![self.error("email", "“katharina.meyer” is not an e-mail address.")]
        } else {
            Vec::new()
        };
        let typed = if editing {
            BTreeMap::from([("email".to_owned(), self.say("katharina.meyer"))])
        } else {
            BTreeMap::new()
        };
        RecordView {
            detail: RecordDetail {
                page: self.page_of_record(),
                fields,
                crm_url: Some("https://crm.example/0035g00000MEYERAAB".into()),
                can_create_as: Vec::new(),
            },
            editing,
            typed,
            errors,
            users: BTreeMap::from([(UserId(3), self.say("Ada Keller"))]),
        }
    }

    fn page_of_record(&self) -> RecordPage {
        RecordPage {
            record: WorkspaceRecord {
                id: RecordId(1_204),
                kind: Kind::Person,
                fields: Fields::new(),
                provenance: BTreeMap::new(),
                created_at: minutes_ago(90_000),
                updated_at: minutes_ago(7),
                archived: None,
            },
            name: self.say("Katharina Meyer-Lindenberg"),
            link: Some(link()),
            status: LinkStatus::Held,
            due_at: None,
            crm: Some(CrmRecord {
                object: CrmObject::new("Contact"),
                id: CrmId::new(CRM_ID),
                revision: Revision::default(),
                modified_at: minutes_ago(12),
                edited_at: None,
                modified_by: None,
                deleted: false,
                successor: None,
                fields: Fields::new(),
                observed_at: minutes_ago(3),
                look: Look::default(),
            }),
            intent: None,
            log: self.entries(),
            names: BTreeMap::from([(
                "0015g00000SEAHARBR".to_owned(),
                Referenced {
                    name: self.say("Seaharbour Logistics"),
                    record: Some((Kind::Account, RecordId(77))),
                },
            )]),
        }
    }

    fn field(&self, name: &str, label: &str, ty: FieldType) -> FieldView {
        let (workspace, crm) = self.sides(name, &ty);
        let outbound = matches!(name, "title" | "phone" | "email" | "status");
        let mapping = (name != "website").then(|| FieldMappingView {
            crm: format!("Crm_{name}"),
            direction: if outbound {
                Direction::Both
            } else {
                Direction::CrmToWorkspace
            },
            winner: if name == "email" {
                Winner::Hold
            } else {
                Winner::Crm
            },
            value_map: Default::default(),
        });
        let held = (name == "email").then(|| HeldField {
            crm: crm.clone(),
            workspace: workspace.clone(),
            since: minutes_ago(31),
        });
        let parked = (name == "status").then(|| ParkedField {
            value: workspace.clone(),
            class: ErrorClass::PicklistRefused,
            message: self.say("bad value for restricted picklist field: Nurturing (EMEA)"),
            since: minutes_ago(7),
            workspace: None,
            unsent: false,
        });
        let origin = if outbound {
            Origin::User(UserId(3))
        } else {
            Origin::Crm
        };
        FieldView {
            name: name.to_owned(),
            label: label.to_owned(),
            ty,
            workspace,
            crm: mapping.is_some().then_some(crm),
            provenance: Some(Provenance {
                at: minutes_ago(31),
                origin,
            }),
            mapping,
            parked,
            held,
            locked: (!outbound)
                .then(|| "The CRM is the source of this field; change it there.".to_owned()),
        }
    }

    fn sides(&self, name: &str, ty: &FieldType) -> (Value, Value) {
        let both = |value: Value| (value.clone(), value);
        match (name, ty) {
            ("first_name", _) => both(self.value("Katharina")),
            ("last_name", _) => both(self.value("Meyer-Lindenberg")),
            ("title", _) => (self.value("Chief Procurement Officer"), self.value("VP Procurement")),
            ("email", _) => (self.value("k.meyer@seaharbour.example"), self.value("katharina.meyer-lindenberg@seaharbour.example")),
            ("status", _) => (self.value("Nurturing (EMEA)"), self.value("Working")),
            ("account", _) => both(Value::crm_ref("0015g00000SEAHARBR")),
            ("owner", _) => both(Value::crm_ref("0055g00000UNKNOWNA")),
            ("street", _) => both(self.value("Am Sandtorkai 77\nHaus B")),
            ("description", _) => both(self.value("Met at the logistics fair in May. Decides together with the site managers; budget is released in the first quarter. Prefers e-mail to calls, and wants every offer in German and English.")),
            (_, FieldType::Checkbox) => both(Value::Bool(false)),
            _ => both(Value::Null),
        }
    }
}

impl Samples {
    /// A record whose source was refused, and a half link whose record was.
    pub(super) fn refused_links(&self) -> Vec<LinkRow> {
        let mut field = link();
        let parked = ParkedField {
            value: self.value("Web"),
            workspace: Some(self.value("Webinar")),
            unsent: false,
            class: ErrorClass::PicklistRefused,
            message: self.say("bad value"),
            since: minutes_ago(90),
        };
        field.parked_fields.insert("source".into(), parked);
        let mut whole = link();
        whole.record = None;
        let row = |link: RecordLink| LinkRow {
            name: self.say("Mara Lindqvist"),
            status: LinkStatus::of(&link),
            link,
        };
        vec![row(field), row(whole)]
    }
}

fn link() -> RecordLink {
    RecordLink {
        id: LinkId(1),
        kind: Kind::Person,
        object: CrmObject::new("Contact"),
        record: Some(RecordId(1_204)),
        crm: Some(CrmId::new(CRM_ID)),
        state: LinkState::Active,
        gone: false,
        base: BTreeMap::new(),
        revision: None,
        parked_fields: BTreeMap::new(),
        held_fields: BTreeMap::new(),
        put_back: BTreeMap::new(),
        doubted: BTreeMap::new(),
        flips: BTreeMap::new(),
        plans: Vec::new(),
        parked: None,
        attempts: 0,
        version: 1,
    }
}
