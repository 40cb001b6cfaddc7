//! What only SOAP can do: merge, conversion, the end of a record in the recycle bin.

use serde_json::json;

use crate::{
    client::Client,
    soap::{call, first},
};

#[test]
fn a_merge_moves_children_and_bins_the_losers() {
    let client = Client::empty();
    let account = |name: &str| client.create("Account", json!({ "Name": name }));
    let (master, loser) = (account("Fenwick Optics"), account("Fenwick"));
    let child = client.create("Contact", json!({ "LastName": "Orme", "AccountId": loser }));
    // One client library says `mergeRequests` for `request`.
    let merged = call(
        &client,
        &format!(
            "<u:merge><u:mergeRequests><u:masterRecord><type>Account</type><Id>{master}</Id><Phone>1</Phone></u:masterRecord>\
             <u:recordToMergeIds>{loser}</u:recordToMergeIds></u:mergeRequests></u:merge>"
        ),
    )
    .expect(200);
    assert_eq!(first(&merged, "success"), "true", "{}", merged.text);
    assert_eq!(
        (
            first(&merged, "id"),
            first(&merged, "mergedRecordIds"),
            first(&merged, "updatedRelatedIds")
        ),
        (master.as_str(), loser.as_str(), child.as_str())
    );
    assert_eq!(
        client.field("Contact", &child, "AccountId"),
        master.as_str()
    );
    assert_eq!(client.field("Account", &master, "Phone"), "1");
    let bin = call(
        &client,
        &format!("<u:emptyRecycleBin><u:ids>{loser}</u:ids></u:emptyRecycleBin>"),
    );
    assert_eq!(first(&bin.expect(200), "success"), "true");
    let gone = call(
        &client,
        &format!("<u:undelete><u:ids>{loser}</u:ids></u:undelete>"),
    );
    assert_eq!(
        first(&gone.expect(200), "statusCode"),
        "INVALID_CROSS_REFERENCE_KEY"
    );
}

#[test]
fn a_lead_is_converted() {
    let client = Client::empty();
    let lead = || {
        client.create(
            "Lead",
            json!({ "LastName": "Orme", "Company": "Fenwick Optics" }),
        )
    };
    let (first_lead, second) = (lead(), lead());
    let convert = |id: &str, more: &str| {
        call(
            &client,
            &format!(
                "<u:convertLead><u:leadConverts><u:convertedStatus>Closed - Converted</u:convertedStatus>\
                 <u:leadId>{id}</u:leadId>{more}</u:leadConverts></u:convertLead>"
            ),
        )
        .expect(200)
    };
    let made = convert(&first_lead, "");
    assert_eq!(
        (first(&made, "success"), first(&made, "leadId")),
        ("true", first_lead.as_str())
    );
    let opportunity = first(&made, "opportunityId");
    assert_eq!(
        client.field("Opportunity", opportunity, "Name"),
        "Fenwick Optics"
    );
    assert_eq!(
        client.field("Lead", &first_lead, "ConvertedContactId"),
        first(&made, "contactId")
    );
    let account = first(&made, "accountId");
    let into = convert(
        &second,
        &format!(
            "<u:accountId>{account}</u:accountId><u:doNotCreateOpportunity>true</u:doNotCreateOpportunity>"
        ),
    );
    assert_eq!(first(&into, "accountId"), account);
    assert!(into.text.contains("<opportunityId xsi:nil=\"true\"/>"));
    let again = convert(&second, "");
    assert_eq!(first(&again, "statusCode"), "CANNOT_UPDATE_CONVERTED_LEAD");
}

#[test]
fn a_conversion_can_say_who_owns_what_it_makes() {
    let client = Client::empty();
    let lead = client.create(
        "Lead",
        json!({ "LastName": "Orme", "Company": "F", "LeadSource": "Web" }),
    );
    let account = client.create("Account", json!({ "Name": "F" }));
    let contact = client.contact("Orme");
    let owner = client
        .sandbox
        .user("grace.tanaka@haldenrobotics.example")
        .expect("a user")
        .to_string();
    let convert = |status: &str| {
        let operation = format!(
            "<u:convertLead><u:leadConverts><u:leadId>{lead}</u:leadId><u:ownerId>{owner}</u:ownerId>\
             <u:accountId>{account}</u:accountId><u:contactId>{contact}</u:contactId>\
             <u:overwriteLeadSource>true</u:overwriteLeadSource>\
             <u:convertedStatus>{status}</u:convertedStatus></u:leadConverts></u:convertLead>"
        );
        call(&client, &operation).expect(200)
    };
    assert_eq!(first(&convert("Open"), "statusCode"), "INVALID_STATUS");
    assert_eq!(client.field("Contact", &contact, "LeadSource"), json!(null));
    let made = convert("Closed - Converted");
    assert_eq!(
        client.field("Opportunity", first(&made, "opportunityId"), "OwnerId"),
        owner
    );
    assert_eq!(client.field("Contact", &contact, "LeadSource"), "Web");
    assert_ne!(client.field("Lead", &lead, "OwnerId"), owner);
}
