"""Bulk API 1.0."""

from harness import check, equal
from records import new_key


@check("Bulk 1.0: insert with failures, query")
def bulk_v1(org):
    key = new_key()
    records = [{"LastName": None if n == 3 else f"Old {n}", "ExtId__c": f"{key}-{n}"} for n in range(10)]
    results = org.sf.bulk.Contact.insert(records)
    equal([row["success"] for row in results], [n != 3 for n in range(10)])
    equal(results[3]["errors"][0]["statusCode"], "REQUIRED_FIELD_MISSING")
    soql = f"SELECT Id, LastName FROM Contact WHERE ExtId__c LIKE '{key}%'"
    found = org.sf.bulk.Contact.query(soql)
    equal(sorted(row["LastName"] for row in found), [f"Old {n}" for n in range(10) if n != 3])
    changes = [{"LastName": "New", "ExtId__c": f"{key}-{n}"} for n in (3, 4)]
    upserted = org.sf.bulk.Contact.upsert(changes, "ExtId__c")
    equal([row["created"] for row in upserted], [True, False])
    gone = org.sf.bulk.Contact.delete([{"Id": row["Id"]} for row in found])
    equal([row["success"] for row in gone], [True] * 9)
    return "9 made, 1 failed, 9 read, 2 upserted, 9 deleted"
