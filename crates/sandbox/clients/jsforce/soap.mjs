// What only SOAP can do: merge, undelete, convert.

import assert from 'node:assert/strict';
import { check } from './harness.mjs';

check('SOAP: merge', async ({ conn }) => {
  const leads = ['kept', 'lost 1', 'lost 2'].map((LastName) => ({ LastName, Company: 'Merge & Sons' }));
  const [kept, ...lost] = (await conn.sobject('Lead').create(leads)).map((row) => row.id);
  const masterRecord = { type: 'Lead', Id: kept, Title: 'Merged' };
  const merged = await conn.soap.merge({ masterRecord, recordToMergeIds: lost });
  assert.deepEqual([merged.success, merged.id, merged.mergedRecordIds.sort()], [true, kept, lost.sort()]);
  const soql = `SELECT Id, MasterRecordId FROM Lead WHERE MasterRecordId = '${kept}'`;
  assert.equal((await conn.query(soql, { scanAll: true })).totalSize, 2);
  assert.equal((await conn.sobject('Lead').retrieve(kept)).Title, 'Merged');
  return 'two into one; queryAll shows MasterRecordId';
});

check('SOAP: undelete', async ({ conn }) => {
  const { id } = await conn.sobject('Contact').create({ LastName: 'Back' });
  await conn.sobject('Contact').destroy(id);
  const [back, unknown] = await conn.soap.undelete([id, 'not an id']);
  assert.deepEqual([back.success, back.id, unknown.success], [true, id, false]);
  assert.equal((await conn.sobject('Contact').retrieve(id)).LastName, 'Back');
  return 'one back, one refused';
});

check('SOAP: convertLead', async ({ conn }) => {
  const { id: leadId } = await conn.sobject('Lead').create({ LastName: 'Quist', Company: 'Quist AB' });
  const converted = await conn.soap.convertLead({ leadId, convertedStatus: 'Closed - Converted' });
  assert.equal(converted.success, true);
  const lead = await conn.sobject('Lead').retrieve(leadId);
  const { accountId, contactId, opportunityId } = converted;
  assert.deepEqual(
    [lead.IsConverted, lead.ConvertedAccountId, lead.ConvertedContactId, lead.ConvertedOpportunityId],
    [true, accountId, contactId, opportunityId],
  );
  return 'account, contact, opportunity';
});

check('SOAP: getUserInfo, emptyRecycleBin', async ({ conn, about }) => {
  const info = await conn.soap.getUserInfo();
  assert.deepEqual([info.userName, info.organizationId], [about.username, about.org_id]);
  const { id } = await conn.sobject('Contact').create({ LastName: 'Gone' });
  await conn.sobject('Contact').destroy(id);
  const [emptied] = await conn.soap.emptyRecycleBin([id]);
  assert.equal(emptied.success, true);
  const [back] = await conn.soap.undelete([id]);
  assert.equal(back.success, false);
  return 'what was emptied stays gone';
});
