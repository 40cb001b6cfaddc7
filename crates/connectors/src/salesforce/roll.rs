//! The ids and stamps of every record of an object, 2,000 a call, in the order of ids.
//!
//! A page is complete in its range: the server counted its rows and all came (`wire`). One that is cut short
//! fails, and is asked for again with fewer rows.

use super::Salesforce;
use super::client::Spend;
use super::convert::{id, text};
use super::errors::{Effect, garbled};
use super::soql::{PAGE_ROWS_MAX, checked_name, query};
use super::wire::{CompositeAnswer, Part, Row};
use jiff::Timestamp;
use tandem_core::connector::{Failure, Present, RollPage, RollRequest};

/// Fewest rows asked for after failures.
const ROWS_MIN: usize = 50;

impl Salesforce {
    pub(super) async fn roll_page(
        &self,
        request: &RollRequest,
        spend: &mut Spend,
    ) -> Result<RollPage, Failure> {
        let object = checked_name(request.object.as_str())?;
        let after = request.after.as_ref();
        let after = after.map_or_else(String::new, |id| format!(" WHERE Id > '{id}'"));
        let most = self.config.page_rows_max.clamp(1, PAGE_ROWS_MAX);
        let rows = (most >> request.failures.min(16)).max(ROWS_MIN.min(most));
        let soql =
            format!("SELECT Id, SystemModstamp FROM {object}{after} ORDER BY Id LIMIT {rows}");
        let parts = vec![Part::get("roll", query(&soql)?)];
        let answer = self.client.composite(parts, Effect::Read, spend).await?;
        let answer = CompositeAnswer::parse(&answer.body)?;
        let page = answer.query("roll", Effect::Read)?;
        if !page.done {
            return Err(garbled("a page of ids was cut short"));
        }
        let present: Option<Vec<Present>> = page.records.iter().map(present).collect();
        let present = present.ok_or_else(|| garbled("a record has no id or no SystemModstamp"))?;
        Ok(RollPage {
            last: present.len() < rows,
            present,
        })
    }
}

fn present(row: &Row<'_>) -> Option<Present> {
    let stamp: Timestamp = text(row, "SystemModstamp")?.parse().ok()?;
    Some(Present {
        id: id(row, "Id")?,
        order: stamp.as_second(),
    })
}

#[cfg(test)]
mod tests {
    use crate::salesforce::testing::{composite, connector};
    use tandem_core::connector::{Connector as _, RollRequest};
    use tandem_core::error::ErrorClass;
    use tandem_core::ids::{CrmId, CrmObject};

    #[tokio::test]
    async fn a_page_of_ids_is_complete_or_fails() {
        let row = r#"{"Id":"00Q000000000002","SystemModstamp":"2026-03-10T08:00:05.000+0000"}"#;
        for (counted, done, sound) in [(1, true, true), (2, true, false), (2, false, false)] {
            let body = format!(r#"{{"totalSize":{counted},"done":{done},"records":[{row}]}}"#);
            let (salesforce, script, _) = connector([composite(&[("roll", 200, &body)])]);
            let request = RollRequest {
                object: CrmObject::new("Lead"),
                after: Some(CrmId::new("00Q000000000001EAA")),
                failures: 2,
            };
            match salesforce.roll(&request).await {
                Ok(reply) => {
                    assert!(sound && reply.value.last);
                    assert_eq!(reply.value.present[0].id.as_str(), "00Q000000000002EAA");
                }
                Err(error) => {
                    assert!(!sound);
                    assert_eq!(error.failure.class, ErrorClass::GarbledAnswer);
                }
            }
            let asked = &script.bodies()[0];
            assert!(asked.contains("ORDER+BY+Id+LIMIT+500"), "{asked}");
        }
    }
}
