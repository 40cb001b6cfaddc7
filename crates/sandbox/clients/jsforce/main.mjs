// jsforce, unmodified, against the sandbox: `TANDEM_SANDBOX='{…}' node main.mjs`.

import { runAll } from './harness.mjs';
import { Org } from './org.mjs';
// Registered in this order.
import './login.mjs';
import './records.mjs';
import './soap.mjs';
import './bulk.mjs';

process.exit(await runAll('jsforce', new Org(JSON.parse(process.env.TANDEM_SANDBOX))));
