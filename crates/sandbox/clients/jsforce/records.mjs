// Describes, records, queries, the deletes feed and limits.

import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { SfDate } from 'jsforce';
import { check, refused } from './harness.mjs';

const PAGED_ROWS = 21_000;

check('describe: all objects, one object', async ({ conn }) => {
  const { sobjects } = await conn.describeGlobal();
  const names = sobjects.map((entry) => entry.name);
  for (const name of ['Account', 'Contact', 'Lead', 'Opportunity', 'User']) assert.ok(names.includes(name), name);
  const { fields } = await conn.sobject('Contact').describe();
  const field = (name) => fields.find((one) => one.name === name);
  assert.equal(field('LastName').nillable, false);
  assert.deepEqual(field('AccountId').referenceTo, ['Account']);
  return `${names.length} objects; Contact has ${fields.length} fields`;
});

check('describe: cached', async ({ conn }) => {
  const first = await conn.describe$('Account');
  assert.equal(conn.describe$$('Account').name, first.name);
  return 'the second needs no call';
});

check('records: create, get, update, delete', async ({ conn }) => {
  const contacts = conn.sobject('Contact');
  const made = await contacts.create({ LastName: 'Ørsted & Søn', FirstName: 'Liv' });
  assert.deepEqual([made.success, made.errors, made.id.length], [true, [], 18]);
  assert.equal((await contacts.retrieve(made.id)).Name, 'Liv Ørsted & Søn');
  assert.equal((await contacts.update({ Id: made.id, Title: 'Head of R&D' })).success, true);
  assert.equal((await contacts.retrieve(made.id)).Title, 'Head of R&D');
  assert.equal((await contacts.destroy(made.id)).success, true);
  assert.equal((await refused(() => contacts.retrieve(made.id))).name, 'NOT_FOUND');
  return 'made, read, changed, deleted, then NOT_FOUND';
});

check('records: refused', async ({ conn }) => {
  const error = await refused(() => conn.sobject('Contact').create({ FirstName: 'Liv' }));
  assert.equal(error.name, 'REQUIRED_FIELD_MISSING');
  assert.equal(error.message, 'Required fields are missing: [LastName]');
  return error.message;
});

check('records: upsert by external id', async ({ conn }) => {
  const lead = { ExtId__c: `ext-${randomUUID()}`, LastName: 'Quist', Company: 'Quist AB' };
  const first = await conn.sobject('Lead').upsert(lead, 'ExtId__c');
  const second = await conn.sobject('Lead').upsert({ ...lead, Title: 'Owner' }, 'ExtId__c');
  assert.deepEqual([first.created, second.created, second.id], [true, false, first.id]);
  return 'created, then updated';
});

check('collections: one row fails', async ({ conn }) => {
  const rows = [{ LastName: 'Ames' }, { FirstName: 'only' }, { LastName: 'Bell' }];
  const results = await conn.sobject('Contact').create(rows);
  assert.deepEqual(results.map((row) => row.success), [true, false, true]);
  assert.equal(results[1].errors[0].statusCode, 'REQUIRED_FIELD_MISSING');
  const none = await conn.sobject('Contact').create(rows, { allOrNone: true });
  assert.equal(none[0].errors[0].statusCode, 'ALL_OR_NONE_OPERATION_ROLLED_BACK');
  const made = [results[0].id, results[2].id];
  const read = await conn.sobject('Contact').retrieve(made);
  assert.deepEqual(read.map((row) => row.LastName), ['Ames', 'Bell']);
  const changed = await conn.sobject('Contact').update(made.map((Id) => ({ Id, Title: 'Twin' })));
  const gone = await conn.sobject('Contact').destroy(made);
  assert.ok([...changed, ...gone].every((row) => row.success));
  return '2 of 3 made, with allOrNone none; read, changed, deleted';
});

check('collections: upsert of 450, one fails', async ({ conn }) => {
  const batch = randomUUID();
  const rows = Array.from({ length: 450 }, (_, n) => ({ Name: `Upserted ${n}`, ExtId__c: `${batch}-${n}` }));
  delete rows[300].Name;
  const results = await conn.sobject('Account').upsert(rows, 'ExtId__c', { allowRecursive: true });
  const failed = results.flatMap((row, n) => (row.success ? [] : [n]));
  assert.deepEqual([results.length, failed], [450, [300]]);
  return '449 made in three calls';
});

check('query: parents by path', async ({ conn }) => {
  const soql = 'SELECT Name, Account.Name, Account.Owner.Name FROM Contact WHERE AccountId != null LIMIT 5';
  const { records } = await conn.query(soql);
  assert.equal(records.length, 5);
  for (const row of records) assert.ok(row.Account.Name && row.Account.Owner.Name, JSON.stringify(row));
  return `${records[0].Name} at ${records[0].Account.Name}`;
});

check('query: children, semi-join, groups', async ({ conn }) => {
  const accounts = await conn
    .sobject('Account')
    .find({ Name: { $ne: null } }, 'Id, Name')
    .include('Contacts')
    .select('LastName')
    .end()
    .execute({ autoFetch: true, maxFetch: 50_000 });
  const children = accounts.flatMap((account) => account.Contacts?.records ?? []);
  const { totalSize } = await conn.query('SELECT COUNT() FROM Contact WHERE AccountId IN (SELECT Id FROM Account)');
  assert.equal(children.length, totalSize);
  const { records } = await conn.query('SELECT LeadSource, COUNT(Id) leads FROM Lead GROUP BY LeadSource');
  const leads = await conn.query('SELECT COUNT() FROM Lead');
  assert.equal(records.reduce((sum, row) => sum + row.leads, 0), leads.totalSize);
  return `${children.length} contacts of ${accounts.length} accounts; ${records.length} groups`;
});

check('query: explain', async ({ conn }) => {
  const { plans } = await conn.sobject('Lead').find({ Id: '00Q000000000000EAA' }, 'Id').explain();
  assert.deepEqual([plans[0].leadingOperationType, plans[0].fields], ['Index', ['Id']]);
  return plans[0].leadingOperationType;
});

check('query: built by find()', async ({ conn }) => {
  const before = SfDate.toDateTimeLiteral('2100-01-01T00:00:00Z');
  const found = await conn
    .sobject('Contact')
    .find({ LastName: { $like: 'A%' }, CreatedDate: { $lt: before } }, ['Id', 'LastName'])
    .sort({ LastName: 1, Id: -1 })
    .limit(3);
  assert.ok(found.length > 0 && found.every((row) => row.LastName.startsWith('A')), JSON.stringify(found));
  return found.map((row) => row.LastName).join(', ');
});

check('query: 21,000 rows in pages', async ({ conn }) => {
  const ids = new Set();
  const query = conn.query('SELECT Id FROM Lead');
  query.on('record', (row) => ids.add(row.Id));
  await query.run({ autoFetch: true, maxFetch: 100_000 });
  assert.equal(ids.size, query.totalSize);
  assert.ok(ids.size >= PAGED_ROWS, `${ids.size}`);
  return `${ids.size} ids, none twice, none missing`;
});

check('query: malformed', async ({ conn }) => {
  const error = await refused(() => conn.query('SELECT Nope__c FROM Contact'));
  assert.equal(error.name, 'INVALID_FIELD');
  assert.match(error.message, /ERROR at Row:1:Column:8\nNo such column 'Nope__c' on entity 'Contact'/);
  return 'INVALID_FIELD with row and column';
});

check('getUpdated and getDeleted', async (org) => {
  const { conn } = org;
  const start = new Date((await org.now()).getTime() - 3_600_000);
  const { id } = await conn.sobject('Account').create({ Name: 'Short-lived' });
  await org.control('POST', '/control/clock/advance', { seconds: 120 });
  const updated = await conn.sobject('Account').updated(start, await org.now());
  assert.ok(updated.ids.includes(id));
  await conn.sobject('Account').destroy(id);
  await org.control('POST', '/control/clock/advance', { seconds: 120 });
  const { deletedRecords, latestDateCovered } = await conn.sobject('Account').deleted(start, await org.now());
  assert.ok(deletedRecords.some((row) => row.id === id), JSON.stringify(deletedRecords));
  const all = await conn.query(`SELECT IsDeleted FROM Account WHERE Id = '${id}'`, { scanAll: true });
  assert.equal(all.records[0].IsDeleted, true);
  return `covered up to ${latestDateCovered}`;
});

check('search, recent', async ({ conn }) => {
  const name = `Quillfeather${randomUUID().slice(0, 6)}`;
  const { id } = await conn.sobject('Contact').create({ LastName: name });
  const { searchRecords } = await conn.search(`FIND {${name}} IN ALL FIELDS RETURNING Contact(Id, LastName)`);
  assert.deepEqual(searchRecords.map((row) => [row.Id, row.LastName]), [[id, name]]);
  await conn.sobject('Contact').retrieve(id);
  assert.ok(Array.isArray(await conn.recent()));
  return 'the one contact of that name';
});

check('limits', async ({ conn }) => {
  const before = (await conn.limits()).DailyApiRequests;
  await conn.query('SELECT Id FROM User LIMIT 1');
  const after = (await conn.limits()).DailyApiRequests;
  assert.equal(before.Remaining - after.Remaining, 2);
  assert.equal(conn.limitInfo.apiUsage.limit, after.Max);
  return `${after.Remaining} left; header says ${conn.limitInfo.apiUsage.used} of ${after.Max}`;
});
