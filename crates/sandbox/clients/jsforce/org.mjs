// The org under test as jsforce reaches it: `loginUrl` and `instanceUrl` are all it needs.

import jsforce from 'jsforce';

export const VERSION = '62.0';

export class Org {
  constructor(credentials) {
    this.about = credentials.salesforce;
    this.controlUrl = credentials.control.url;
    this.conn = this.connect({ accessToken: this.about.access_token });
  }

  /** A connection with these options on top of where the org is. */
  connect(options = {}) {
    const { url } = this.about;
    return new jsforce.Connection({ loginUrl: url, instanceUrl: url, version: VERSION, ...options });
  }

  /** The connected app. */
  oauth2(options = {}) {
    const { url, client_id: clientId, client_secret: clientSecret } = this.about;
    const redirectUri = 'http://localhost:8080/callback';
    return { loginUrl: url, clientId, clientSecret, redirectUri, ...options };
  }

  /** A call of the control API. */
  async control(method, path, body) {
    const headers = { 'content-type': 'application/json' };
    const answer = await fetch(this.controlUrl + path, { method, headers, body: body && JSON.stringify(body) });
    const text = await answer.text();
    if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${text}`);
    return text ? JSON.parse(text) : undefined;
  }

  /** The org's time, which is not ours. */
  async now() {
    return new Date((await this.control('GET', '/control/clock')).now);
  }
}
