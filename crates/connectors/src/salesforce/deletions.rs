//! What was deleted, as the org remembers it: getDeleted of up to 25 objects in one call.
//!
//! It reaches back 15 days, or to the last record that was removed for good: `earliestDateAvailable` says so.
//! `latestDateCovered` is where the next request begins: the org holds it back while a transaction that may
//! still delete is under way. (REST guide, getDeleted; answers recorded on real orgs.)

use super::Salesforce;
use super::client::Spend;
use super::errors::{Effect, garbled};
use super::soql::checked_name;
use super::wire::{COMPOSITE_PARTS_MAX, CompositeAnswer, Part};
use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;
use tandem_core::connector::{Deletions, DeletionsRequest, Failure, Watermark};
use tandem_core::error::ErrorClass;
use tandem_core::ids::CrmId;
use url::form_urlencoded;

/// Most requests of one [`tandem_core::connector::Connector::deletions`].
pub(super) const REQUESTS_MAX: usize = COMPOSITE_PARTS_MAX;
/// Shortest window, in seconds: both ends are cut to the minute, and must be more than one apart.
const WINDOW_SECONDS_MIN: i64 = 120;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Answer {
    deleted_records: Vec<Deleted>,
    earliest_date_available: Option<String>,
    latest_date_covered: String,
}

#[derive(Deserialize)]
struct Deleted {
    id: String,
}

impl Salesforce {
    pub(super) async fn deleted(
        &self,
        requests: &[DeletionsRequest],
        now: Timestamp,
        spend: &mut Spend,
    ) -> Result<Vec<Result<Deletions, Failure>>, Failure> {
        super::check_count("requests for deletions", requests.len(), REQUESTS_MAX)?;
        let urls: Vec<_> = requests.iter().map(|request| url(request, now)).collect();
        let sent = urls.iter().enumerate();
        let parts: Vec<Part> = sent
            .filter_map(|(i, url)| Some(Part::get(reference(i), url.clone().ok()?)))
            .collect();
        if parts.is_empty() {
            return Ok(urls.into_iter().filter_map(Result::err).map(Err).collect());
        }
        let answer = self.client.composite(parts, Effect::Read, spend).await?;
        let parts = CompositeAnswer::parse(&answer.body)?;
        let one = |(index, url): (usize, Result<String, Failure>)| {
            url?;
            let answer: Answer = parts.part(&reference(index), Effect::Read)?;
            deletions(answer, &requests[index].since)
        };
        Ok(urls.into_iter().enumerate().map(one).collect())
    }
}

fn reference(index: usize) -> String {
    format!("deleted{index}")
}

/// The end of the window is our clock's; up to where the answer counts is the org's word.
fn url(request: &DeletionsRequest, now: Timestamp) -> Result<String, Failure> {
    let object = checked_name(request.object.as_str())?;
    let start = Timestamp::from_second(request.since.order.div_euclid(1000)).unwrap_or_default();
    let least = SignedDuration::from_secs(WINDOW_SECONDS_MIN);
    let end = now.max(start.checked_add(least).unwrap_or(start));
    let end = Timestamp::from_second(end.as_second()).unwrap_or(end);
    let window = form_urlencoded::Serializer::new(String::new())
        .append_pair("start", &start.to_string())
        .append_pair("end", &end.to_string())
        .finish();
    Ok(format!("sobjects/{object}/deleted/?{window}"))
}

fn deletions(answer: Answer, since: &Watermark) -> Result<Deletions, Failure> {
    let earliest: Option<Timestamp> = answer
        .earliest_date_available
        .and_then(|at| at.parse().ok());
    if earliest.is_some_and(|earliest| earliest.as_millisecond() > since.order) {
        let text = "deletions are told only since a later time than was asked for";
        return Err(Failure::new(ErrorClass::CursorGone, text));
    }
    let token = answer.latest_date_covered;
    let covered: Timestamp = token
        .parse()
        .map_err(|_| garbled("the end of the deletions can't be read"))?;
    let id = |deleted: Deleted| super::canonical_id(&deleted.id);
    let ids: Option<Vec<CrmId>> = answer.deleted_records.into_iter().map(id).collect();
    let covered = Watermark {
        order: covered.as_millisecond(),
        token,
    };
    Ok(Deletions {
        ids: ids.ok_or_else(|| garbled("a deleted record has no id"))?,
        covered: covered.max(since.clone()),
    })
}

#[cfg(test)]
mod tests {
    use crate::salesforce::testing::{composite, connector};
    use jiff::Timestamp;
    use tandem_core::connector::{Connector as _, DeletionsRequest, Watermark};
    use tandem_core::error::ErrorClass;
    use tandem_core::ids::CrmObject;

    fn request(object: &str, second: i64) -> DeletionsRequest {
        DeletionsRequest {
            object: CrmObject::new(object),
            since: Watermark {
                order: second * 1000,
                token: String::new(),
            },
        }
    }

    #[tokio::test]
    async fn deletions_come_with_the_time_that_the_org_vouches_for() {
        let some = r#"{"deletedRecords":[{"id":"00Q000000000001","deletedDate":"2026-03-10T08:30:00.000+0000"}],
            "earliestDateAvailable":"2026-02-23T09:00:00.000+0000","latestDateCovered":"2026-03-10T08:59:00.000+0000"}"#;
        let far = r#"[{"errorCode":"INVALID_REPLICATION_DATE","message":"startDate is too old"}]"#;
        let many = r#"[{"errorCode":"EXCEEDED_ID_LIMIT","message":"too many"}]"#;
        let (salesforce, script, _) = connector([composite(&[
            ("deleted0", 200, some),
            ("deleted1", 400, far),
            ("deleted2", 400, many),
            ("deleted3", 200, "{}"),
        ])]);
        let nine: Timestamp = "2026-03-10T09:00:00Z".parse().expect("a time");
        let requests: Vec<_> = ["Lead", "Contact", "Account", "Opportunity"]
            .iter()
            .map(|name| request(name, nine.as_second() - 3_600))
            .collect();
        let reply = salesforce
            .deletions(&requests, nine)
            .await
            .expect("an answer");
        assert_eq!(reply.calls, 1);
        let leads = reply.value[0].as_ref().expect("deletions");
        assert_eq!(leads.ids[0].as_str(), "00Q000000000001EAA");
        assert_eq!(leads.covered.order, (nine.as_second() - 60) * 1000);
        let classes: Vec<_> = reply.value[1..]
            .iter()
            .map(|part| part.as_ref().expect_err("no answer").class)
            .collect();
        let gone = ErrorClass::CursorGone;
        assert_eq!(classes, [gone, gone, ErrorClass::GarbledAnswer]);
        let asked = &script.bodies()[0];
        let window =
            "sobjects/Lead/deleted/?start=2026-03-10T08%3A00%3A00Z&end=2026-03-10T09%3A00%3A00Z";
        assert!(asked.contains(window), "{asked}");
    }

    #[tokio::test]
    async fn an_answer_that_begins_later_than_asked_is_no_answer() {
        let late = r#"{"deletedRecords":[],"earliestDateAvailable":"2026-03-10T08:10:00.000+0000",
            "latestDateCovered":"2026-03-10T08:59:00.000+0000"}"#;
        let nine: Timestamp = "2026-03-10T09:00:00Z".parse().expect("a time");
        for (since, sound) in [(3_600, false), (1_200, true)] {
            let (salesforce, ..) = connector([composite(&[("deleted0", 200, late)])]);
            let request = request("Lead", nine.as_second() - since);
            let reply = salesforce
                .deletions(&[request], nine)
                .await
                .expect("an answer");
            let class = reply.value[0].as_ref().err().map(|failure| failure.class);
            assert_eq!(class, (!sound).then_some(ErrorClass::CursorGone));
        }
    }

    #[tokio::test]
    async fn the_window_is_never_too_short_whatever_our_clock_says() {
        let covered = r#"{"deletedRecords":[],"latestDateCovered":"2026-03-10T08:00:00.000+0000"}"#;
        let (salesforce, script, _) = connector([composite(&[("deleted0", 200, covered)])]);
        let nine: Timestamp = "2026-03-10T09:00:00Z".parse().expect("a time");
        let since = request("Lead", nine.as_second());
        let behind = nine - jiff::SignedDuration::from_secs(90);
        let reply = salesforce
            .deletions(std::slice::from_ref(&since), behind)
            .await
            .expect("an answer");
        let leads = reply.value[0].as_ref().expect("deletions");
        assert_eq!(leads.covered, since.since, "it never goes back");
        assert!(script.bodies()[0].contains("end=2026-03-10T09%3A02%3A00Z"));
    }
}
