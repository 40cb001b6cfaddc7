//! What only SOAP can do: `merge`, `undelete`, `emptyRecycleBin`, `convertLead`. The world does it; here are the limits,
//! all or none, and the results.

use serde_json::json;

use super::{
    Caller, Element, Writer,
    envelope::Fault,
    sobject::{self, Fields},
};
use crate::{
    salesforce::{Site, dml},
    soql::QueryScope,
    world::{Actor, ConvertedLead, DmlError, LeadConversion, SfId},
};

/// Most records, merges or conversions of one call (documented: 200, conversions 100).
const MAX_ITEMS: usize = 200;
const MAX_CONVERSIONS: usize = 100;

type Outcome<T> = Result<T, Vec<DmlError>>;

pub(super) fn undelete(caller: &mut Caller<'_>, operation: &Element) -> Result<Writer, Fault> {
    let outcomes = each(
        caller,
        operation.values("ids"),
        MAX_ITEMS,
        |site, actor, id| {
            let (object, known) = object_of(site, &id)?;
            site.desk.check_lock(Some(known))?;
            site.world.undelete(actor, &object, &id).map(|()| known)
        },
    )?;
    Ok(ids_written(&outcomes))
}

pub(super) fn empty_recycle_bin(
    caller: &mut Caller<'_>,
    operation: &Element,
) -> Result<Writer, Fault> {
    let outcomes = each(
        caller,
        operation.values("ids"),
        MAX_ITEMS,
        |site, actor, id| {
            let (object, known) = object_of(site, &id)?;
            site.world.purge_record(actor, &object, &id).map(|()| known)
        },
    )?;
    Ok(ids_written(&outcomes))
}

/// One merge as asked for.
struct Merge {
    object: String,
    master: String,
    losers: Vec<String>,
    fields: Fields,
}

struct Merged {
    master: String,
    losers: Vec<String>,
    children: Vec<SfId>,
}

pub(super) fn merge(caller: &mut Caller<'_>, operation: &Element) -> Result<Writer, Fault> {
    // The WSDL says `request`; jsforce sends `mergeRequests`, and its suite passes against orgs.
    let requests = operation.all("request");
    let requests = requests.chain(operation.all("mergeRequests"));
    let requests = requests.map(|request| {
        let record = request.child("masterRecord");
        let record =
            record.ok_or_else(|| Fault::new("MISSING_ARGUMENT", "masterRecord not specified"))?;
        let (object, mut fields) = sobject::read(record)?;
        fields.retain(|name, _| !name.eq_ignore_ascii_case("Id"));
        let master = record.value("Id").or(record.value("id"));
        Ok(Merge {
            object,
            master: master.unwrap_or_default().to_owned(),
            losers: request.values("recordToMergeIds"),
            fields,
        })
    });
    let requests = requests.collect::<Result<Vec<_>, Fault>>()?;
    for request in &requests {
        caller.check_object(&request.object)?;
    }
    let outcomes = each(caller, requests, MAX_ITEMS, merge_one)?;
    let mut results = Writer::default();
    for outcome in &outcomes {
        result(&mut results, outcome, |xml, merged| {
            let losers = merged.map_or(&[][..], |merged| &merged.losers);
            let children = merged.map_or(&[][..], |merged| &merged.children);
            xml.optional("id", merged.map(|merged| merged.master.as_str()));
            losers.iter().for_each(|id| xml.leaf("mergedRecordIds", id));
            xml.flag("success", merged.is_some());
            let children = children.iter();
            children.for_each(|id| xml.leaf("updatedRelatedIds", id.to_string()));
        });
    }
    Ok(results)
}

fn merge_one(site: &mut Site<'_>, actor: &Actor, merge: Merge) -> Outcome<Merged> {
    let losers: Vec<&str> = merge.losers.iter().map(String::as_str).collect();
    for id in losers.iter().copied().chain([merge.master.as_str()]) {
        site.desk.check_lock(id.parse().ok())?;
    }
    let children = children(site, &merge.object, &losers);
    site.world
        .merge(actor, &merge.object, &merge.master, &losers, &merge.fields)?;
    let long = |id: &str| id.parse().map_or(id.to_owned(), |id: SfId| id.to_string());
    Ok(Merged {
        master: long(&merge.master),
        losers: losers.iter().map(|id| long(id)).collect(),
        children,
    })
}

/// The records that point to one of these, whoever may see them.
fn children(site: &Site<'_>, object: &str, ids: &[&str]) -> Vec<SfId> {
    let known: Vec<SfId> = ids.iter().filter_map(|id| id.parse().ok()).collect();
    let listed = known
        .iter()
        .map(|id| format!("'{id}'"))
        .collect::<Vec<_>>()
        .join(", ");
    let world = &site.world;
    let system = Actor::system(world.admin_id());
    let mut children = Vec::new();
    for child in world.schema().child_relationships(object) {
        let (table, field) = (child.child_object, child.field);
        let soql = format!("SELECT Id FROM {table} WHERE {field} IN ({listed})");
        // A relationship that cannot be queried has no records of its own to name.
        let Ok(found) = world.query(&system, &soql, QueryScope::Live) else {
            continue;
        };
        let rows = world.render_rows(&found, 0..found.row_count(), "");
        let ids = rows
            .iter()
            .filter_map(|row| row["Id"].as_str()?.parse().ok());
        children.extend(ids.filter(|id| !known.contains(id)));
    }
    children.sort_unstable();
    children.dedup();
    children
}

pub(super) fn convert_lead(caller: &mut Caller<'_>, operation: &Element) -> Result<Writer, Fault> {
    let requests = operation.all("leadConverts").cloned().collect();
    let outcomes = each(caller, requests, MAX_CONVERSIONS, convert_one)?;
    let mut results = Writer::default();
    for outcome in &outcomes {
        result(&mut results, outcome, |xml, converted| {
            let (made, lead) =
                converted.map_or((None, None), |(made, lead)| (Some(made), Some(lead)));
            let id = |id: Option<SfId>| id.map(|id| id.to_string());
            xml.optional("accountId", id(made.map(|made| made.account_id)));
            xml.optional("contactId", id(made.map(|made| made.contact_id)));
            xml.optional("leadId", id(lead.copied()));
            xml.optional(
                "opportunityId",
                id(made.and_then(|made| made.opportunity_id)),
            );
            xml.flag("success", made.is_some());
        });
    }
    Ok(results)
}

/// The account and contact of a failed conversion are not made either.
fn convert_one(
    site: &mut Site<'_>,
    actor: &Actor,
    request: Element,
) -> Outcome<(ConvertedLead, SfId)> {
    let given = |name: &str| request.value(name).map(str::to_owned);
    let lead = request.value("leadId").unwrap_or_default();
    let (_, lead_id) = object_of(site, lead)?;
    site.desk.check_lock(Some(lead_id))?;
    let wanted = !request.flag("doNotCreateOpportunity");
    let opportunity_name = given("opportunityName").or_else(|| company_of(site, actor, lead));
    let conversion = LeadConversion {
        account_id: given("accountId"),
        contact_id: given("contactId"),
        opportunity_name: opportunity_name.filter(|_| wanted),
        opportunity_id: given("opportunityId").filter(|_| wanted),
        owner_id: given("ownerId"),
        converted_status: given("convertedStatus"),
        overwrite_lead_source: request.flag("overwriteLeadSource"),
    };
    let made = site.world.convert_lead(actor, lead, &conversion)?;
    Ok((made, lead_id))
}

/// An opportunity without a name gets that of the lead's company (documented).
fn company_of(site: &Site<'_>, actor: &Actor, lead: &str) -> Option<String> {
    let row = site
        .world
        .retrieve(actor, "Lead", lead, Some(&["Company"]), "");
    Some(row.ok()??["Company"].as_str()?.to_owned())
}

fn object_of(site: &Site<'_>, id: &str) -> Outcome<(String, SfId)> {
    let known = id
        .parse::<SfId>()
        .map_err(|_| vec![DmlError::new("MALFORMED_ID", format!("malformed id {id}"))])?;
    let object = dml::object_of(site, id).ok_or_else(|| vec![DmlError::unknown_id()])?;
    Ok((object, known))
}

/// Works through the items; with all or none, one failure undoes everything and the innocent say so.
fn each<I, T>(
    caller: &mut Caller<'_>,
    items: Vec<I>,
    most: usize,
    one: impl Fn(&mut Site<'_>, &Actor, I) -> Outcome<T>,
) -> Result<Vec<Outcome<T>>, Fault> {
    if items.len() > most {
        let message =
            format!("record limit reached. cannot submit more than {most} records into this call");
        return Err(Fault::new("EXCEEDED_ID_LIMIT", message));
    }
    let Caller {
        site,
        actor,
        all_or_none,
        ..
    } = caller;
    let done = site.transaction(|site| {
        let outcomes: Vec<Outcome<T>> = items
            .into_iter()
            .map(|item| one(site, actor, item))
            .collect();
        let undo = *all_or_none && outcomes.iter().any(Result::is_err);
        if undo { Err(outcomes) } else { Ok(outcomes) }
    });
    Ok(done.unwrap_or_else(|outcomes| outcomes.into_iter().map(rolled_back).collect()))
}

fn rolled_back<T>(outcome: Outcome<T>) -> Outcome<T> {
    outcome.and_then(|_| Err(vec![DmlError::rolled_back()]))
}

fn ids_written(outcomes: &[Outcome<SfId>]) -> Writer {
    let mut results = Writer::default();
    for outcome in outcomes {
        result(&mut results, outcome, |xml, id| {
            xml.optional("id", id.map(SfId::to_string));
            xml.flag("success", id.is_some());
        });
    }
    results
}

/// A `result`: the errors if there are any, then the rest.
fn result<T>(xml: &mut Writer, outcome: &Outcome<T>, rest: impl FnOnce(&mut Writer, Option<&T>)) {
    xml.element("result", "", |xml| {
        for error in outcome.as_ref().err().into_iter().flatten() {
            let tree = super::Tree::read(json!(error).to_string().as_bytes());
            sobject::plain(xml, "errors", &tree);
        }
        rest(xml, outcome.as_ref().ok());
    });
}
