//! What the org may still spend: `/limits`, or the header that every answer carries.

use super::Salesforce;
use super::client::Spend;
use super::errors::garbled;
use serde::Deserialize;
use serde_json::value::RawValue;
use std::collections::BTreeMap;
use tandem_core::connector::{Failure, OrgUsage};

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Limit {
    max: u64,
    remaining: u64,
}

impl Salesforce {
    /// `DailyApiRequests`; where the user may not see it, the count in the answer's header.
    pub(super) async fn allowance(&self, spend: &mut Spend) -> Result<OrgUsage, Failure> {
        let answer = self.client.get("limits", spend).await?;
        // Some limits are nested by app: only the one that we know is read.
        let limits: BTreeMap<&str, &RawValue> = serde_json::from_slice(&answer.body)
            .map_err(|_| garbled("the answer is no list of limits"))?;
        let daily = limits.get("DailyApiRequests");
        let daily = daily.and_then(|raw| serde_json::from_str::<Limit>(raw.get()).ok());
        let usage = daily.map(|limit| OrgUsage {
            used: limit.max.saturating_sub(limit.remaining),
            max: limit.max,
        });
        usage
            .or(spend.usage())
            .ok_or_else(|| garbled("the answer tells no API allowance"))
    }
}

#[cfg(test)]
mod tests {
    use crate::salesforce::testing::{connector, json_answer};
    use tandem_core::connector::{Connector as _, OrgUsage};

    #[tokio::test]
    async fn the_allowance_comes_from_the_resource_or_the_header() {
        let (salesforce, ..) = connector([
            Ok(json_answer(
                200,
                r#"{"DailyApiRequests":{"Max":15000,"Remaining":14000},"PermissionSets":{"Max":1,"CreateCustom":{}}}"#,
            )),
            Ok(json_answer(200, "{}")),
        ]);
        let reply = salesforce.limits().await.expect("limits");
        assert_eq!(
            (reply.value, reply.calls),
            (
                OrgUsage {
                    used: 1000,
                    max: 15000
                },
                1
            )
        );
        assert_eq!(
            reply.usage,
            Some(OrgUsage {
                used: 18,
                max: 15000
            })
        );
        let reply = salesforce.limits().await.expect("limits");
        assert_eq!(
            reply.value,
            OrgUsage {
                used: 18,
                max: 15000
            }
        );
    }
}
