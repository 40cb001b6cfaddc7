//! Incidents: none, several in every state, one with its fixes; a value map.

use super::{Samples, minutes_ago};
use maud::Markup;
use tandem_core::error::ErrorClass;
use tandem_core::ids::{CrmObject, IncidentId, LinkId, LogId};
use tandem_core::incident::{Cause, Incident, Stage, Standing, Trial};
use tandem_server::app::incidents::IncidentView;
use tandem_server::http::ui::pages::incident::{self, IncidentPage};
use tandem_server::http::ui::pages::incidents::page;
use tandem_store::views::Page;

impl Samples {
    pub(super) fn incident_pages(&self) -> Vec<(&'static str, Markup)> {
        let shell = self.shell();
        let at = minutes_ago(3);
        let stages = [
            None,
            Some(Stage::Trying { link: LinkId(7) }),
            Some(Stage::Releasing {
                link: LinkId(7),
                after: LinkId(4_000),
                released: 4_001,
            }),
            Some(Stage::Refused {
                at,
                link: LinkId(7),
                words: self.say("bad value for restricted picklist field: Webinar"),
            }),
            Some(Stage::Unproven { at }),
            Some(Stage::Released { at, released: 12 }),
        ];
        let mut all: Vec<IncidentView> = stages
            .into_iter()
            .map(|stage| self.incident(ErrorClass::PicklistRefused, stage))
            .collect();
        let mut skipped = self.incident(ErrorClass::ValidationRule, None);
        skipped.standing.incident.skipped_at = Some(at);
        all.push(skipped);
        let one = |name, view: &IncidentView, records: bool| {
            let page = IncidentPage {
                view: view.clone(),
                records: self.waiting(records),
                may_edit: true,
                errors: vec![self.error("crm_value", "choose the CRM’s value that stands for it")],
            };
            (name, incident::page(&shell, &page))
        };
        let grant = self.incident(ErrorClass::FieldNotWritable, None);
        vec![
            ("incidents", page(&shell, &all)),
            ("incidents-none", page(&shell, &[])),
            one("incident", &all[3], true),
            one("incident-releasing", &all[2], true),
            one("incident-grant", &grant, false),
        ]
    }

    fn incident(&self, class: ErrorClass, stage: Option<Stage>) -> IncidentView {
        let field = (class != ErrorClass::ValidationRule).then(|| "source".to_owned());
        let cause = Cause {
            object: CrmObject::new("Lead"),
            field: field.clone(),
            class,
            thing: self.say("Webinar"),
        };
        let trial = stage.map(|stage| Trial {
            fix: self.say("Mapped “Webinar” to “Web”"),
            by: None,
            started_at: minutes_ago(4),
            after_log: LogId(1),
            stage,
        });
        IncidentView {
            fixes: cause.fixes(),
            standing: Standing {
                incident: Incident {
                    id: IncidentId(12),
                    cause,
                    words: self
                        .say("Lead Source: bad value for restricted picklist field: Webinar"),
                    opened_at: minutes_ago(90),
                    trial,
                    skipped_at: None,
                },
                records: 10_000,
                since: Some(minutes_ago(90)),
            },
            field_label: field.as_ref().map(|_| self.say("Source")),
            crm_field: field.map(|_| self.say("LeadSource")),
            crm_values: vec![self.say("Web"), self.say("Phone Inquiry")],
            mapped_to: Some(self.say("Web")),
        }
    }

    fn waiting(&self, some: bool) -> Page<tandem_store::views::LinkRow> {
        let rows = if some {
            self.refused_links()
        } else {
            Vec::new()
        };
        Page {
            next: some.then(|| "25".to_owned()),
            rows,
        }
    }
}
