"""Bulk API 2.0."""

import csv
import io

from harness import check, equal
from records import PAGED_ROWS, new_key

WAIT_SECONDS = 0.1


def rows(text):
    """The rows of a CSV text as dictionaries."""
    return list(csv.DictReader(io.StringIO(text)))


@check("Bulk 2.0: query of 21,000 in pages")
def query(org):
    pages = list(org.sf.bulk2.Lead.query("SELECT Id, LastName FROM Lead", max_records=8000, wait=WAIT_SECONDS))
    found = [row["Id"] for page in pages for row in rows(page)]
    equal(len(set(found)), len(found))
    assert len(found) >= PAGED_ROWS, len(found)
    equal([len(rows(page)) for page in pages[:-1]], [8000] * (len(pages) - 1))
    return f"{len(found):,} rows in {len(pages)} pages"


@check("Bulk 2.0: insert with failures")
def insert(org):
    key = new_key()
    records = [
        {"LastName": "" if n in (3, 8) else f'Bulk, "{n}"', "Description": "two\nlines", "ExtId__c": f"{key}-{n}"}
        for n in range(10)
    ]
    [job] = org.sf.bulk2.Contact.insert(records=records, wait=WAIT_SECONDS)
    equal((job["numberRecordsProcessed"], job["numberRecordsFailed"]), (10, 2))
    failed = rows(org.sf.bulk2.Contact.get_failed_records(job["job_id"]))
    equal([row["ExtId__c"] for row in failed], [f"{key}-3", f"{key}-8"])
    equal(failed[0]["sf__Error"], "REQUIRED_FIELD_MISSING:Required fields are missing: [LastName]:LastName --")
    made = rows(org.sf.bulk2.Contact.get_successful_records(job["job_id"]))
    equal((len(made), made[0]["sf__Created"]), (8, "true"))
    equal(rows(org.sf.bulk2.Contact.get_unprocessed_records(job["job_id"])), [])
    contact = org.sf.Contact.get(made[0]["sf__Id"])
    equal((contact["LastName"], contact["Description"]), ('Bulk, "0"', "two\nlines"))
    return "8 made, 2 failed with their reason"


@check("Bulk 2.0: upsert, update, delete")
def upsert(org):
    key = new_key()
    records = [{"Name": f"Row {n}", "ExtId__c": f"{key}-{n}"} for n in range(50)]
    accounts = org.sf.bulk2.Account
    accounts.upsert(records=records[:30], external_id_field="ExtId__c", wait=WAIT_SECONDS)
    [job] = accounts.upsert(records=records, external_id_field="ExtId__c", wait=WAIT_SECONDS)
    saved = rows(accounts.get_successful_records(job["job_id"]))
    equal([row["sf__Created"] for row in saved].count("true"), 20)
    ids = [{"Id": row["sf__Id"]} for row in saved]
    [job] = accounts.update(records=[{**row, "Site": "Depot"} for row in ids], wait=WAIT_SECONDS)
    equal(job["numberRecordsFailed"], 0)
    [job] = accounts.delete(records=ids + [{"Id": "001000000000000AAA"}], wait=WAIT_SECONDS)
    equal((job["numberRecordsProcessed"], job["numberRecordsFailed"]), (51, 1))
    left = org.sf.query(f"SELECT COUNT() FROM Account WHERE ExtId__c LIKE '{key}%'")
    equal(left["totalSize"], 0)
    return "30 + 20 created, 50 changed, 50 deleted, 1 unknown"
