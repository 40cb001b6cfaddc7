// The Salesforce CLI, unmodified, against the sandbox: `TANDEM_SANDBOX='{…}' node main.mjs`.
//
// The package pins what it needs itself. It keeps what it knows of orgs in the home folder: it gets an empty one. It
// needs Node.js 22, which comes as a package, too, for Linux on x86-64.

import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { generateKeyPairSync } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

const { salesforce: about, control } = JSON.parse(process.env.TANDEM_SANDBOX);
const home = mkdtempSync(join(tmpdir(), 'sandbox-cli-'));
const environment = {
  PATH: process.env.PATH,
  HOME: home,
  SF_ACCESS_TOKEN: about.access_token,
  SF_AUTOUPDATE_DISABLE: 'true',
  SF_DISABLE_TELEMETRY: 'true',
  SF_SKIP_NEW_VERSION_CHECK: 'true',
  SF_USE_GENERIC_UNIX_KEYCHAIN: 'true',
};

/** Runs a command; gives the `result` of its JSON, or the whole JSON of a failure. */
async function sf(...words) {
  const run = promisify(execFile);
  const options = { cwd: home, env: environment, maxBuffer: 64 * 1024 * 1024, timeout: 120_000 };
  const entry = new URL('node_modules/@salesforce/cli/bin/run.js', import.meta.url).pathname;
  const command = [entry, ...words, '--json'];
  const told = await run(process.execPath, command, options).catch((error) => error);
  let json;
  try {
    json = JSON.parse(told.stdout);
  } catch {
    throw new Error(`sf ${words.join(' ')}: ${told.stdout}${told.stderr}`);
  }
  return json.status === 0 ? json.result : json;
}

const checks = [];
const check = (area, work) => checks.push({ area, work });
const org = ['--target-org', 'box'];

check('login: access token', async () => {
  const result = await sf('org', 'login', 'access-token', '--instance-url', about.url, '--alias', 'box', '--no-prompt');
  assert.equal(result.username, about.username);
  const shown = await sf('org', 'display', ...org);
  assert.deepEqual([shown.connectedStatus, shown.id], ['Connected', about.org_id]);
  return `${shown.connectedStatus}, API ${shown.apiVersion}`;
});

check('login: JWT bearer', async () => {
  const { publicKey, privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const certificate = publicKey.export({ type: 'spki', format: 'pem' });
  const headers = { 'content-type': 'application/json' };
  const body = JSON.stringify({ certificate, admin_approved_users: true });
  const answer = await fetch(`${control.url}/control/app`, { method: 'PATCH', headers, body });
  assert.ok(answer.ok, await answer.text());
  const key = join(home, 'app.key');
  writeFileSync(key, privateKey.export({ type: 'pkcs8', format: 'pem' }));
  const who = ['--username', about.username, '--client-id', about.client_id];
  const result = await sf('org', 'login', 'jwt', ...who, '--jwt-key-file', key, '--instance-url', about.url, '--alias', 'box');
  assert.equal(result.username, about.username, JSON.stringify(result));
  return result.instanceUrl;
});

check('describe', async () => {
  const described = await sf('sobject', 'describe', '--sobject', 'Contact', ...org);
  assert.equal(described.name, 'Contact');
  const names = await sf('sobject', 'list', '--sobject', 'all', ...org);
  assert.ok(names.includes('Opportunity'));
  return `${names.length} objects; Contact has ${described.fields.length} fields`;
});

check('records: create, get, update, delete', async () => {
  const made = await sf('data', 'create', 'record', '--sobject', 'Account', '--values', "Name='Cable & Sons'", ...org);
  assert.equal(made.success, true);
  const one = ['--sobject', 'Account', '--record-id', made.id, ...org];
  await sf('data', 'update', 'record', ...one, '--values', 'Site=Depot');
  const got = await sf('data', 'get', 'record', ...one);
  assert.deepEqual([got.Name, got.Site], ['Cable & Sons', 'Depot']);
  assert.equal((await sf('data', 'delete', 'record', ...one)).success, true);
  assert.equal((await sf('data', 'get', 'record', ...one)).name, 'NOT_FOUND');
  return 'made, read, changed, deleted, then NOT_FOUND';
});

check('query: parents, children, 21,000 rows', async () => {
  const soql = 'SELECT Name, Owner.Name, (SELECT LastName FROM Contacts) FROM Account LIMIT 3';
  const { records } = await sf('data', 'query', '--query', soql, ...org);
  assert.ok(records.length === 3 && records.every((row) => row.Owner.Name), JSON.stringify(records));
  const all = await sf('data', 'query', '--query', 'SELECT Id FROM Lead', ...org);
  assert.equal(new Set(all.records.map((row) => row.Id)).size, all.totalSize);
  assert.ok(all.totalSize >= 21_000);
  return `${all.totalSize} ids, none twice`;
});

check('query: groups as CSV', async () => {
  const file = join(home, 'groups.csv');
  const soql = 'SELECT LeadSource, COUNT(Id) leads FROM Lead GROUP BY LeadSource ORDER BY LeadSource';
  await sf('data', 'query', '--query', soql, '--result-format', 'csv', '--output-file', file, ...org);
  const [header, ...rows] = readFileSync(file, 'utf8').trim().split('\n');
  assert.equal(header, 'LeadSource,leads');
  assert.ok(rows.length > 1 && rows.every((row) => /,\d+$/.test(row)), rows.join('; '));
  return `${header}: ${rows.length} rows`;
});

check('Bulk 2.0: import with failures', async () => {
  const file = join(home, 'leads.csv');
  writeFileSync(file, 'LastName,Company\nAmes,Cable\n,Cable\nBell,Cable\n');
  const failure = await sf('data', 'import', 'bulk', '--sobject', 'Lead', '--file', file, '--wait', '2', ...org);
  const { jobId } = failure.data;
  const results = await sf('data', 'bulk', 'results', '--job-id', jobId, ...org);
  assert.deepEqual([results.processedRecords, results.successfulRecords, results.failedRecords], [3, 2, 1]);
  const failed = readFileSync(join(home, results.failedFilePath), 'utf8');
  assert.match(failed, /REQUIRED_FIELD_MISSING:Required fields are missing: \[LastName\]/);
  return '2 made, 1 failed with its reason';
});

check('Bulk 2.0: export', async () => {
  const file = join(home, 'out.csv');
  const how = ['--output-file', file, '--result-format', 'csv', '--wait', '2'];
  const { totalSize } = await sf('data', 'export', 'bulk', '--query', 'SELECT Id, Name FROM Lead', ...how, ...org);
  const lines = readFileSync(file, 'utf8').trim().split('\n');
  assert.equal(lines.length, totalSize + 1);
  assert.ok(totalSize >= 21_000);
  return `${totalSize} rows`;
});

check('data tree: export and import', async () => {
  const plan = ['--query', 'SELECT Name, (SELECT LastName FROM Contacts) FROM Account LIMIT 5', '--output-dir', home];
  await sf('data', 'export', 'tree', ...plan, '--plan', ...org);
  const imported = await sf('data', 'import', 'tree', '--plan', join(home, 'Account-Contact-plan.json'), ...org);
  assert.equal(imported.filter((row) => row.type === 'Account').length, 5, JSON.stringify(imported));
  return `${imported.length} records`;
});

check('limits', async () => {
  const limits = await sf('org', 'list', 'limits', ...org);
  const daily = limits.find((limit) => limit.name === 'DailyApiRequests');
  assert.ok(daily.remaining < daily.max, JSON.stringify(daily));
  return `${daily.remaining} of ${daily.max} left`;
});

let failed = 0;
for (const { area, work } of checks) {
  let [seen, mark] = ['', 'ok'];
  try {
    seen = await work();
  } catch (error) {
    [seen, mark] = [error.stack ?? String(error), 'FAILED'];
    failed += 1;
  }
  console.log(`salesforce-cli | ${area.padEnd(34)} | ${mark.padEnd(6)} | ${seen}`);
}
console.log(`${checks.length - failed} passed, ${failed} failed`);
rmSync(home, { recursive: true });
process.exit(failed > 0 ? 1 : 0);
