"""Describes, records, queries, the deletes feed and limits."""

import datetime
import uuid

from simple_salesforce import SalesforceMalformedRequest, SalesforceResourceNotFound

from harness import check, equal, refused

PAGED_ROWS = 21_000


def new_key():
    """A value for the external id that nothing has yet."""
    return f"ext-{uuid.uuid4()}"


@check("describe: all objects")
def describe_global(org):
    found = org.sf.describe()
    names = {entry["name"] for entry in found["sobjects"]}
    assert names >= {"Account", "Contact", "Lead", "Opportunity", "User"}, names
    equal(found["maxBatchSize"], 200)
    return f"{len(names)} objects"


@check("describe: one object")
def describe_object(org):
    described = org.sf.Contact.describe()
    fields = {field["name"]: field for field in described["fields"]}
    equal(fields["LastName"]["nillable"], False)
    equal(fields["AccountId"]["referenceTo"], ["Account"])
    equal((fields["ExtId__c"]["externalId"], fields["ExtId__c"]["type"]), (True, "string"))
    return f"Contact has {len(fields)} fields"


@check("records: create, get, update, delete")
def crud(org):
    contacts = org.sf.Contact
    made = contacts.create({"LastName": "Ørsted & Søn", "FirstName": "Liv"})
    equal((made["success"], made["errors"], len(made["id"])), (True, [], 18))
    equal(contacts.get(made["id"])["Name"], "Liv Ørsted & Søn")
    equal(contacts.update(made["id"], {"Title": "Head of R&D"}), 204)
    equal(contacts.get(made["id"])["Title"], "Head of R&D")
    equal(contacts.delete(made["id"]), 204)
    gone = refused(SalesforceResourceNotFound, lambda: contacts.get(made["id"]))
    equal(gone.content[0]["errorCode"], "NOT_FOUND")
    return "201, 200, 204, 204, then 404 NOT_FOUND"


@check("records: refused")
def refused_record(org):
    error = refused(SalesforceMalformedRequest, lambda: org.sf.Contact.create({"FirstName": "Liv"}))
    told = error.content[0]
    equal(told["message"], "Required fields are missing: [LastName]")
    equal((told["errorCode"], told["fields"]), ("REQUIRED_FIELD_MISSING", ["LastName"]))
    return told["message"]


@check("records: upsert by external id")
def upsert(org):
    key = new_key()
    equal(org.sf.Lead.upsert(f"ExtId__c/{key}", {"LastName": "Quist", "Company": "Quist AB"}), 201)
    equal(org.sf.Lead.upsert(f"ExtId__c/{key}", {"Title": "Owner"}) in (200, 204), True)
    lead = org.sf.Lead.get_by_custom_id("ExtId__c", key)
    equal((lead["LastName"], lead["Title"]), ("Quist", "Owner"))
    return "201, then 200 or 204, one lead"


@check("records: external id twice")
def duplicate(org):
    twin = {"Name": "Twin", "ExtId__c": new_key()}
    first = org.sf.Account.create(twin)["id"]
    told = refused(SalesforceMalformedRequest, lambda: org.sf.Account.create(twin)).content[0]
    equal(told["errorCode"], "DUPLICATE_VALUE")
    assert told["message"].startswith("duplicate value found: ExtId__c duplicates value on record with id: "), told
    assert first[:15] in told["message"], told
    return "DUPLICATE_VALUE names the first"


@check("collections: one row fails")
def collections(org):
    rows = [{"LastName": "Ames"}, {"FirstName": "only"}, {"LastName": "Bell"}]
    body = {"allOrNone": False, "records": [{"attributes": {"type": "Contact"}, **row} for row in rows]}
    results = org.sf.restful("composite/sobjects", method="POST", json=body)
    equal([row["success"] for row in results], [True, False, True])
    equal(results[1]["errors"][0]["statusCode"], "REQUIRED_FIELD_MISSING")
    results = org.sf.restful("composite/sobjects", method="POST", json={**body, "allOrNone": True})
    equal(results[0]["errors"][0]["statusCode"], "ALL_OR_NONE_OPERATION_ROLLED_BACK")
    return "2 of 3 made; with allOrNone none"


@check("query: parents by path")
def parents(org):
    rows = org.sf.query("SELECT Name, Account.Name, Account.Owner.Name FROM Contact WHERE AccountId != null LIMIT 5")
    equal(rows["totalSize"], 5)
    for row in rows["records"]:
        assert row["Account"]["Name"] and row["Account"]["Owner"]["Name"], row
    return f"{rows['records'][0]['Name']} at {rows['records'][0]['Account']['Name']}"


@check("query: children, semi-join, groups")
def relationships(org):
    soql = "SELECT Name, (SELECT LastName FROM Contacts) FROM Account WHERE Id IN (SELECT AccountId FROM Contact)"
    accounts = org.sf.query_all(soql)["records"]
    children = [child for account in accounts for child in account["Contacts"]["records"]]
    counted = org.sf.query("SELECT COUNT() FROM Contact WHERE AccountId != null")["totalSize"]
    equal(len(children), counted)
    soql = "SELECT AccountId, COUNT(Id) people FROM Contact GROUP BY AccountId HAVING COUNT(Id) > 1 LIMIT 5"
    groups = org.sf.query(soql)["records"]
    for group in [group for group in groups if group["AccountId"]]:
        people = org.sf.query(f"SELECT COUNT() FROM Contact WHERE AccountId = '{group['AccountId']}'")
        equal(people["totalSize"], group["people"])
    return f"{len(children):,} contacts of {len(accounts):,} accounts"


@check("query: 21,000 rows in pages")
def paging(org):
    first = org.sf.query("SELECT Id FROM Lead")
    equal((first["done"], len(first["records"])), (False, 2000))
    second = org.sf.query_more(first["nextRecordsUrl"], identifier_is_url=True)
    equal(len(second["records"]), 2000)
    ids = [row["Id"] for row in org.sf.query_all_iter("SELECT Id FROM Lead")]
    equal(len(ids), first["totalSize"])
    equal(len(set(ids)), len(ids))
    assert len(ids) >= PAGED_ROWS, len(ids)
    return f"{len(ids):,} ids, none twice, none missing"


@check("query: malformed")
def malformed(org):
    error = refused(SalesforceMalformedRequest, lambda: org.sf.query("SELECT Nope__c FROM Contact"))
    equal(error.content[0]["errorCode"], "INVALID_FIELD")
    assert "No such column 'Nope__c' on entity 'Contact'" in error.content[0]["message"], error.content
    return "INVALID_FIELD: No such column 'Nope__c'…"


@check("getUpdated and getDeleted")
def feeds(org):
    start = org.now() - datetime.timedelta(hours=1)
    made = org.sf.Account.create({"Name": "Short-lived"})["id"]
    org.control("POST", "/control/clock/advance", {"seconds": 120})
    assert made in org.sf.Account.updated(start, org.now())["ids"]
    org.sf.Account.delete(made)
    org.control("POST", "/control/clock/advance", {"seconds": 120})
    feed = org.sf.Account.deleted(start, org.now())
    assert made in [row["id"] for row in feed["deletedRecords"]], feed
    still = org.sf.query_all(f"SELECT IsDeleted FROM Account WHERE Id = '{made}'", include_deleted=True)
    equal(still["records"][0]["IsDeleted"], True)
    return f"covered up to {feed['latestDateCovered']}"


@check("search")
def search(org):
    name = f"Quillfeather{new_key()[-6:]}"
    made = org.sf.Contact.create({"LastName": name})["id"]
    found = org.sf.quick_search(name)["searchRecords"]
    equal([row["Id"] for row in found], [made])
    found = org.sf.search(f"FIND {{{name}}} IN NAME FIELDS RETURNING Contact(Id, LastName)")["searchRecords"]
    equal([row["LastName"] for row in found], [name])
    return "the one contact of that name"


@check("limits")
def limits(org):
    before = org.sf.limits()["DailyApiRequests"]["Remaining"]
    org.sf.query("SELECT Id FROM User LIMIT 1")
    after = org.sf.limits()["DailyApiRequests"]["Remaining"]
    equal(before - after, 2)
    usage = org.sf.api_usage["api-usage"]
    return f"{after:,} left; header says {usage.used} of {usage.total}"
