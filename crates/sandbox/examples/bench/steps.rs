//! What is measured.

use bytes::Bytes;
use http::Request;
use serde_json::{Value, json};
use tandem_sandbox::{Options, Sandbox};

use crate::client::{Client, bare_loopback};
use crate::watch::{Took, Watch};
use crate::{Outcome, Report};

pub(crate) const API: &str = "/services/data/v62.0";
/// The columns of a page, as a mapped sync asks for them.
pub(crate) const COLUMNS: &str =
    "Id,FirstName,LastName,Email,Phone,Title,AccountId,LastModifiedDate,SystemModstamp,IsDeleted";
/// Times a single call is repeated.
const CALLS: usize = 5_000;
/// Pages read one after the other.
const PAGES: usize = 50;
/// Most records of one collection.
const COLLECTION: usize = 200;
/// Collections of one composite call.
const COLLECTIONS: usize = 5;
/// Calls with records to write.
const WRITES: usize = 100;
/// Times the same bodies are parsed, since the time on a core is told in steps of 10 ms.
const PARSES: u32 = 10;

/// One record by id, without a socket: what a simulation calls.
pub(crate) fn retrieve(sandbox: &Sandbox, client: &mut Client, report: &mut Report) -> Outcome<()> {
    let query = format!("{API}/query?q=SELECT+Id+FROM+Contact+LIMIT+1");
    let id = text(&client.ask("GET", &query, b"")?.json()?["records"][0]["Id"])?;
    let target = format!("{API}/sobjects/Contact/{id}?fields=Id,LastName,Email");
    let request = Request::get(target)
        .header("authorization", format!("Bearer {}", client.token()))
        .body(Bytes::new())?;
    let watch = Watch::start();
    for _ in 0..CALLS {
        let status = sandbox.handle(request.clone()).response.status();
        if !status.is_success() {
            return Err(status.to_string().into());
        }
    }
    report.call("retrieve, in process", 1, watch.stop().each(CALLS as u32));
    Ok(())
}

/// Pages by (SystemModstamp, Id), as a sync reads changes.
pub(crate) fn keyset_pages(client: &mut Client, report: &mut Report) -> Outcome<()> {
    let (mut condition, mut took, mut rows, mut bytes) = (String::new(), Vec::new(), 0, 0);
    for _ in 0..PAGES {
        let soql = format!(
            "SELECT {COLUMNS} FROM Contact {condition} ORDER BY SystemModstamp, Id LIMIT 2000"
        );
        let target = format!("{API}/query?q={}", encode(&soql));
        let watch = Watch::start();
        let answer = client.ask("GET", &target, b"")?;
        took.push(watch.stop());
        bytes += answer.body.len();
        let page = answer.json()?;
        let records = page["records"].as_array().ok_or("no records")?;
        rows += records.len();
        let Some(last) = records.last().filter(|_| records.len() == 2_000) else {
            break;
        };
        let (stamp, id) = (text(&last["SystemModstamp"])?, text(&last["Id"])?);
        condition =
            format!("WHERE (SystemModstamp = {stamp} AND Id > '{id}') OR SystemModstamp > {stamp}");
    }
    let mut all = Took::default();
    took.iter().for_each(|one| all += *one);
    took.sort_unstable();
    let pages = took.len();
    let page = Took {
        wall: took[pages / 2].wall,
        cpu: all.each(pages as u32).cpu,
    };
    report.call("keyset page of 10 fields, median", rows / pages, page);
    report.flow(
        "keyset pages, one after the other",
        bytes,
        all,
        Some(bare_loopback(bytes)?),
    );
    Ok(())
}

/// A query over everything, page by page behind its locator.
pub(crate) fn located_pages(
    client: &mut Client,
    contacts: usize,
    report: &mut Report,
) -> Outcome<()> {
    let mut next = Some(format!("{API}/query?q=SELECT+{COLUMNS}+FROM+Contact"));
    let (mut took, mut bytes) = (Took::default(), 0);
    let (mut pages, mut first) = (0, Took::default());
    while let Some(target) = next.filter(|_| pages <= PAGES) {
        let watch = Watch::start();
        let answer = client.ask("GET", &target, b"")?;
        if pages == 0 {
            first = watch.stop();
        } else {
            took += watch.stop();
            bytes += answer.body.len();
        }
        pages += 1;
        next = answer.json()?["nextRecordsUrl"].as_str().map(str::to_owned);
    }
    report.call("first page of a query over all", contacts, first);
    report.flow("its next pages", bytes, took, Some(bare_loopback(bytes)?));
    Ok(())
}

/// Records written 200 at a time, and 1,000 at a time by composite.
pub(crate) fn collections(client: &mut Client, report: &mut Report) -> Outcome<()> {
    let bodies: Vec<Vec<u8>> = (0..WRITES)
        .map(|call| body(&json!({"allOrNone": false, "records": records(call)})))
        .collect();
    let target = format!("{API}/composite/sobjects");
    let (created, took) = write(client, "POST", &target, &bodies)?;
    let least = Some(parsed(&bodies)?);
    report.rate("collections, create", WRITES * COLLECTION, took, least);
    let bodies: Vec<Vec<u8>> = created.iter().map(updates).collect::<Outcome<_>>()?;
    let (_, took) = write(client, "PATCH", &target, &bodies)?;
    let least = Some(parsed(&bodies)?);
    report.rate("collections, update", WRITES * COLLECTION, took, least);
    let bodies: Vec<Vec<u8>> = (0..WRITES).map(composite).collect();
    let (_, took) = write(client, "POST", &format!("{API}/composite"), &bodies)?;
    let rows = WRITES * COLLECTIONS * COLLECTION;
    report.rate(
        "composite of 5 collections, create",
        rows,
        took,
        Some(parsed(&bodies)?),
    );
    Ok(())
}

fn records(call: usize) -> Vec<Value> {
    let record = |n: usize| {
        json!({
            "attributes": {"type": "Contact"},
            "FirstName": "Mira",
            "LastName": format!("Halvorsen {call}-{n}"),
            "Email": format!("mira.halvorsen.{call}.{n}@northgate.example"),
            "Phone": "+44 20 555 0100",
            "Title": "Head of Purchasing",
            "MailingStreet": "12 Quay Road",
            "MailingCity": "Bristol",
            "MailingPostalCode": "BS1 4ND",
            "MailingCountry": "United Kingdom",
        })
    };
    (0..COLLECTION).map(record).collect()
}

fn updates(answer: &Value) -> Outcome<Vec<u8>> {
    let outcomes = answer.as_array().ok_or("no outcomes")?;
    let record = |outcome: &Value| {
        json!({
            "attributes": {"type": "Contact"},
            "id": outcome["id"],
            "Title": "Purchasing Director",
            "Phone": "+44 20 555 0101",
        })
    };
    let records: Vec<Value> = outcomes.iter().map(record).collect();
    Ok(body(&json!({"allOrNone": false, "records": records})))
}

fn composite(call: usize) -> Vec<u8> {
    let part = |n: usize| {
        json!({
            "method": "POST",
            "url": format!("{API}/composite/sobjects"),
            "referenceId": format!("part{n}"),
            "body": {"allOrNone": false, "records": records((call + 1) * WRITES + n)},
        })
    };
    let parts: Vec<Value> = (0..COLLECTIONS).map(part).collect();
    body(&json!({"allOrNone": false, "compositeRequest": parts}))
}

/// Sends the bodies; every record must have been taken.
fn write(
    client: &mut Client,
    method: &str,
    target: &str,
    bodies: &[Vec<u8>],
) -> Outcome<(Vec<Value>, Took)> {
    let mut answers = Vec::with_capacity(bodies.len());
    let mut took = Took::default();
    for body in bodies {
        let watch = Watch::start();
        let answer = client.ask(method, target, body)?;
        took += watch.stop();
        if String::from_utf8_lossy(&answer.body).contains("\"success\":false") {
            return Err("a record was refused".into());
        }
        answers.push(answer.json()?);
    }
    Ok((answers, took))
}

/// How long it takes to parse these bodies and do nothing.
fn parsed(bodies: &[Vec<u8>]) -> Outcome<Took> {
    let watch = Watch::start();
    for body in (0..PARSES).flat_map(|_| bodies) {
        std::hint::black_box(serde_json::from_slice::<Value>(body)?);
    }
    Ok(watch.stop().each(PARSES))
}

/// A new state file with everything in it, and an org made of it.
pub(crate) fn state_file(options: Options, report: &mut Report) -> Outcome<()> {
    let directory = tempfile::tempdir()?;
    let path = directory.path().join("org.state");
    let options = Options {
        state: Some(path.clone()),
        ..options
    };
    let watch = Watch::start();
    drop(Sandbox::open(options.clone())?);
    let bytes = usize::try_from(std::fs::metadata(&path)?.len())?;
    report.flow("invent and write a state file", bytes, watch.stop(), None);
    let watch = Watch::start();
    drop(Sandbox::open(options)?);
    report.flow("read the state file", bytes, watch.stop(), None);
    Ok(())
}

fn body(value: &Value) -> Vec<u8> {
    value.to_string().into_bytes()
}

fn text(value: &Value) -> Outcome<String> {
    Ok(value.as_str().ok_or("no text")?.to_owned())
}

fn encode(soql: &str) -> String {
    url::form_urlencoded::byte_serialize(soql.as_bytes()).collect()
}
