// Bulk API 2.0 and 1.0.

import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { check, refused } from './harness.mjs';

const POLL = { pollInterval: 100, pollTimeout: 60_000 };
const PAGED_ROWS = 21_000;

check('Bulk 2.0: query of 21,000', async ({ conn }) => {
  const rows = await (await conn.bulk2.query('SELECT Id, Name, Company FROM Lead', POLL)).toArray();
  assert.ok(rows.length >= PAGED_ROWS, `${rows.length}`);
  assert.equal(new Set(rows.map((row) => row.Id)).size, rows.length);
  assert.deepEqual(Object.keys(rows[0]), ['Id', 'Name', 'Company']);
  return `${rows.length} rows, none twice`;
});

check('Bulk 2.0: query refused', async ({ conn }) => {
  const error = await refused(() => conn.bulk2.query('SELECT Nope__c FROM Lead', POLL));
  assert.match(error.message, /No such column 'Nope__c'/);
  return error.message.split('\n').at(-1);
});

check('Bulk 2.0: insert with failures', async ({ conn }) => {
  const batch = randomUUID();
  const input = Array.from({ length: 500 }, (_, n) => ({
    LastName: n % 100 === 7 ? '' : `Bulk, "${n}"`,
    Description: `line one\nof ${batch}`,
    ExtId__c: `${batch}-${n}`,
  }));
  const results = await conn.bulk2.loadAndWaitForResults({ object: 'Contact', operation: 'insert', input, ...POLL });
  const { successfulResults: made, failedResults: failed, unprocessedRecords: left } = results;
  assert.deepEqual([made.length, failed.length, left.length], [495, 5, 0]);
  assert.match(failed[0].sf__Error, /^REQUIRED_FIELD_MISSING:Required fields are missing: \[LastName\]:LastName --$/);
  const soql = `SELECT LastName, Description FROM Contact WHERE Id = '${made[0].sf__Id}'`;
  const { LastName, Description } = (await conn.query(soql)).records[0];
  assert.deepEqual({ LastName, Description }, { LastName: 'Bulk, "0"', Description: `line one\nof ${batch}` });
  return '495 made, 5 failed with their reason';
});

check('Bulk 2.0: upsert, update, delete', async ({ conn }) => {
  const batch = randomUUID();
  const rows = (from, to) =>
    Array.from({ length: to - from }, (_, n) => ({ ExtId__c: `${batch}-${from + n}`, Name: `Row ${from + n}` }));
  const load = (operation, input, more) =>
    conn.bulk2.loadAndWaitForResults({ object: 'Account', operation, input, ...more, ...POLL });
  const key = { externalIdFieldName: 'ExtId__c' };
  const first = await load('upsert', rows(0, 60), key);
  const second = await load('upsert', rows(40, 100), key);
  const created = (results) => results.successfulResults.filter((row) => row.sf__Created === 'true').length;
  assert.deepEqual([created(first), created(second)], [60, 40]);
  const ids = second.successfulResults.map((row) => row.sf__Id);
  const changed = await load('update', ids.map((Id) => ({ Id, Site: 'Depot' })));
  assert.equal(changed.successfulResults.length, 60);
  const gone = await load('delete', [...ids, '001000000000000AAA'].map((Id) => ({ Id })));
  assert.deepEqual([gone.successfulResults.length, gone.failedResults.length], [60, 1]);
  const kept = await conn.query(`SELECT COUNT() FROM Account WHERE ExtId__c LIKE '${batch}%'`);
  assert.equal(kept.totalSize, 40);
  return '60 + 40 created, 20 + 60 changed, 60 deleted, 1 unknown';
});

check('Bulk 2.0: abort', async ({ conn }) => {
  const job = conn.bulk2.createJob({ object: 'Lead', operation: 'insert' });
  await job.open();
  await job.abort();
  assert.equal((await job.check()).state, 'Aborted');
  await job.delete();
  assert.equal((await refused(() => job.check())).name, 'NOT_FOUND');
  return 'Aborted, then gone';
});

check('Bulk 1.0: insert with failures, query', async ({ conn }) => {
  const batch = randomUUID();
  const rows = Array.from({ length: 10 }, (_, n) => ({ LastName: n === 3 ? '' : `Old ${n}`, ExtId__c: `${batch}-${n}` }));
  conn.bulk.pollInterval = POLL.pollInterval;
  conn.bulk.pollTimeout = POLL.pollTimeout;
  const results = await conn.bulk.load('Contact', 'insert', rows);
  assert.deepEqual(results.map((row) => row.success), rows.map((_, n) => n !== 3));
  assert.match(results[3].errors[0], /REQUIRED_FIELD_MISSING/);
  const soql = `SELECT LastName FROM Contact WHERE ExtId__c LIKE '${batch}%' ORDER BY LastName`;
  const found = await (await conn.bulk.query(soql)).toArray();
  assert.deepEqual(found.map((row) => row.LastName), rows.map((row) => row.LastName).filter(Boolean));
  return '9 made, 1 failed, 9 read';
});
