// Every way jsforce knows to log in, and what it does when the session ends.

import assert from 'node:assert/strict';
import { createSign, generateKeyPairSync } from 'node:crypto';
import jsforce from 'jsforce';
import { check, refused } from './harness.mjs';

/** Whom a connection acts as. */
async function userOf(conn) {
  return (await conn.identity()).username;
}

check('login: SOAP user name, password', async (org) => {
  const { username, password, security_token: token, org_id: orgId } = org.about;
  const conn = org.connect();
  const info = await conn.login(username, password + token);
  assert.equal(info.organizationId, orgId);
  assert.equal(await userOf(conn), username);
  await conn.logout();
  return conn.version;
});

check('login: SOAP wrong password', async (org) => {
  const error = await refused(() => org.connect().login(org.about.username, 'wrong'));
  assert.match(error.message, /^INVALID_LOGIN: Invalid username, password, security token; or user locked out\.$/);
  return error.message;
});

check('login: OAuth user name, password', async (org) => {
  const { username, password, security_token: token } = org.about;
  const conn = org.connect({ oauth2: org.oauth2() });
  const info = await conn.login(username, password + token);
  assert.equal(info.organizationId, org.about.org_id);
  assert.equal(await userOf(conn), username);
  return conn.instanceUrl;
});

check('login: OAuth wrong password', async (org) => {
  const conn = org.connect({ oauth2: org.oauth2() });
  const error = await refused(() => conn.login(org.about.username, 'wrong'));
  assert.equal(error.name, 'invalid_grant');
  return `${error.name}: ${error.message}`;
});

check('login: OAuth client credentials', async (org) => {
  const conn = org.connect({ oauth2: org.oauth2() });
  await conn.authorize({ grant_type: 'client_credentials' });
  assert.equal(await userOf(conn), org.about.username);
  return conn.instanceUrl;
});

/** An assertion for the connected app, signed with a key. */
function assertion(org, key) {
  const claims = {
    iss: org.about.client_id,
    sub: org.about.username,
    aud: 'https://login.salesforce.com',
    exp: Math.floor(Date.now() / 1000) + 180,
  };
  const encode = (value) => Buffer.from(JSON.stringify(value)).toString('base64url');
  const signed = `${encode({ alg: 'RS256' })}.${encode(claims)}`;
  return `${signed}.${createSign('RSA-SHA256').update(signed).sign(key, 'base64url')}`;
}

check('login: JWT bearer', async (org) => {
  const { publicKey, privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const certificate = publicKey.export({ type: 'spki', format: 'pem' });
  await org.control('PATCH', '/control/app', { certificate, admin_approved_users: true });
  const grant = { grant_type: 'urn:ietf:params:oauth:grant-type:jwt-bearer', assertion: assertion(org, privateKey) };
  const conn = org.connect({ oauth2: org.oauth2() });
  await conn.authorize(grant);
  assert.equal(await userOf(conn), org.about.username);
  const other = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey;
  const error = await refused(() => conn.authorize({ ...grant, assertion: assertion(org, other) }));
  assert.equal(error.name, 'invalid_grant');
  return `another key: ${error.message}`;
});

/** What a person does with the log-in page: fills in the form as it is and sends it. Gives the code. */
async function giveConsent(address, fields) {
  const page = await (await fetch(address)).text();
  const hidden = [...page.matchAll(/<input[^>]*type="hidden"[^>]*>/g)].map(([tag]) => [
    /name="([^"]*)"/.exec(tag)[1],
    unescapeHtml(/value="([^"]*)"/.exec(tag)[1]),
  ]);
  const action = new URL(unescapeHtml(/<form[^>]*action="([^"]*)"/.exec(page)?.[1] ?? ''), address);
  const body = new URLSearchParams([...hidden, ...Object.entries(fields)]);
  const answer = await fetch(action, { method: 'POST', body, redirect: 'manual' });
  assert.equal(answer.status, 302);
  return new URL(answer.headers.get('location')).searchParams;
}

function unescapeHtml(text) {
  const names = { amp: '&', lt: '<', gt: '>', quot: '"', '#39': "'", '#x27': "'" };
  return text.replace(/&([^;]+);/g, (whole, name) => names[name] ?? whole);
}

check('login: web server flow with PKCE', async (org) => {
  const oauth2 = new jsforce.OAuth2(org.oauth2({ useVerifier: true }));
  const address = oauth2.getAuthorizationUrl({ scope: 'api refresh_token', state: 'of mine' });
  const { username, password } = org.about;
  const given = await giveConsent(address, { username, password, decision: 'allow' });
  assert.equal(given.get('state'), 'of mine');
  const conn = org.connect({ oauth2 });
  await conn.authorize(given.get('code'));
  assert.equal(await userOf(conn), username);
  assert.ok(conn.refreshToken);
  return 'code for tokens, with a refresh token';
});

check('login: session ended, refresh token', async (org) => {
  const conn = org.connect({ oauth2: org.oauth2(), refreshToken: org.about.refresh_token, accessToken: 'ended' });
  const refreshed = [];
  conn.on('refresh', (token) => refreshed.push(token));
  const both = await Promise.all([conn.query('SELECT Id FROM User'), conn.limits()]);
  assert.ok(both[0].totalSize > 0);
  assert.equal(refreshed.length, 1);
  await org.control('POST', '/control/tokens/expire');
  assert.ok((await conn.limits()).DailyApiRequests.Max > 0);
  assert.equal(refreshed.length, 2);
  org.conn = conn;
  return 'refreshed once for two calls, and again after it ended';
});

check('login: session ended, no refresh', async (org) => {
  const conn = org.connect({ accessToken: 'ended' });
  const error = await refused(() => conn.query('SELECT Id FROM User'));
  assert.equal(error.name, 'INVALID_SESSION_ID');
  return `${error.name}: ${error.message}`;
});

check('login: revoke', async (org) => {
  const conn = org.connect({ oauth2: org.oauth2() });
  await conn.authorize({ grant_type: 'client_credentials' });
  const { accessToken } = conn;
  await conn.logout();
  const error = await refused(() => org.connect({ accessToken }).limits());
  assert.equal(error.name, 'INVALID_SESSION_ID');
  return 'the session is gone';
});
