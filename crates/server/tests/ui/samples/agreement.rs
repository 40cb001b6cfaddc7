//! Comparisons of both sides: at rest, with differences, before the first.

use super::{Samples, minutes_ago};
use maud::Markup;
use std::collections::BTreeMap;
use tandem_core::agreement::{Agreement, Difference, Standing};
use tandem_core::ids::{CrmId, CrmObject, LinkId, RecordId};
use tandem_core::value::Value;
use tandem_core::workspace::Kind;
use tandem_server::http::ui::pages::agreement::page;

impl Samples {
    pub(super) fn agreement_pages(&self) -> Vec<(&'static str, Markup)> {
        let shell = self.shell();
        let rest = Agreement {
            at: Some(minutes_ago(14)),
            pairs: 6_210,
            agreed: 6_210,
            fields: BTreeMap::from([(Standing::Same, 113_702), (Standing::ByRule, 98)]),
            ..Agreement::default()
        };
        let named = Standing::ALL[2..]
            .iter()
            .map(|standing| self.difference(*standing));
        let differing = Agreement {
            agreed: 6_190,
            one_sided: 1,
            unlinked: 3,
            fields: Standing::ALL
                .into_iter()
                .zip([113_690, 98, 7, 2, 2, 1])
                .collect(),
            named: named.chain([self.half()]).collect(),
            ..rest.clone()
        };
        vec![
            ("agreement", page(&shell, Some(&differing))),
            ("agreement-rest", page(&shell, Some(&rest))),
            ("agreement-none", page(&shell, None)),
        ]
    }

    fn difference(&self, standing: Standing) -> Difference {
        Difference {
            link: LinkId(9),
            record: Some((Kind::Person, RecordId(41))),
            name: self.say("Mara Lindqvist"),
            object: CrmObject::new(self.say("Contact")),
            crm_id: Some(CrmId::new(self.say("003"))),
            field: Some(self.say("title")),
            crm: self.value("Head of Procurement"),
            workspace: self.value("Purchasing lead"),
            standing,
        }
    }

    fn half(&self) -> Difference {
        Difference {
            record: None,
            field: None,
            crm: Value::Null,
            workspace: Value::Null,
            ..self.difference(Standing::Waiting)
        }
    }
}
