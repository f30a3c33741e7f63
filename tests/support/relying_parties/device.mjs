// openid-client on a device, and its person at a browser elsewhere: `node device.mjs '<json>'`.

import * as client from 'openid-client';
import { Browser, refused } from './browser.mjs';

const given = JSON.parse(process.argv[2]);
const browser = new Browser(given.cookies);
const config = await client.discovery(
  new URL(given.issuer), given.client_id, { id_token_signed_response_alg: given.alg }, client.None(),
  { execute: [client.allowInsecureRequests] });
client.enableNonRepudiationChecks(config);

async function answer(begun, cancel) {
  await browser.send(begun.verification_uri_complete, {}); // the code is there already: compared, and sent on
  await browser.send(browser.address, cancel ? { cancel: '1' } : {});
}

const begun = await client.initiateDeviceAuthorization(config, { scope: given.scope });
const waiting = client.pollDeviceAuthorizationGrant(config, begun);
await answer(begun, false);
const tokens = await waiting;
const claims = tokens.claims();
const told = await client.fetchUserInfo(config, tokens.access_token, claims.sub);
await client.refreshTokenGrant(config, tokens.refresh_token);

const turnedAway = await client.initiateDeviceAuthorization(config, { scope: given.scope });
await answer(turnedAway, true);
await refused(() => client.pollDeviceAuthorizationGrant(config, turnedAway), 'access_denied');
console.log(JSON.stringify({ claims, told, scope: tokens.scope }));
