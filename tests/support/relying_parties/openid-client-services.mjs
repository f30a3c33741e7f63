// openid-client as a portal and as the service that it calls: `node openid-client-services.mjs '<json>'` prints what it learned.

import * as client from 'openid-client';
import { Browser, refused } from './browser.mjs';

const given = JSON.parse(process.argv[2]);
const browser = new Browser(given.cookies);
const known = (party) => client.discovery(new URL(given.issuer), party.client_id, {}, client.ClientSecretBasic(party.client_secret),
  { execute: [client.allowInsecureRequests] });
const portal = await known(given.portal), service = await known(given.service);
const DPoP = client.getDPoPHandle(portal, await client.randomDPoPKeyPair('ES256'));

const verifier = client.randomPKCECodeVerifier(), state = client.randomState();
const url = client.buildAuthorizationUrl(portal, {
  redirect_uri: given.redirect_uri, scope: 'openid people offline_access', resource: given.api, state,
  code_challenge: await client.calculatePKCECodeChallenge(verifier), code_challenge_method: 'S256',
});
const tokens = await client.authorizationCodeGrant(
  portal, await browser.authorize(url), { pkceCodeVerifier: verifier, expectedState: state }, undefined, { DPoP });

const asked = await client.tokenIntrospection(service, tokens.access_token);
if (!asked.active || asked.aud[0] !== given.api || !asked.cnf.jkt) throw new Error('introspection does not tell the service');
const exchanged = await client.genericGrantRequest(service, 'urn:ietf:params:oauth:grant-type:token-exchange', {
  subject_token: tokens.access_token, subject_token_type: 'urn:ietf:params:oauth:token-type:access_token', resource: given.behind,
});
if ((await client.tokenIntrospection(service, exchanged.access_token)).act.sub !== given.service.client_id) throw new Error('who acts is not told');
const own = await client.clientCredentialsGrant(service, { resource: given.behind });
if ((await client.tokenIntrospection(service, own.access_token)).sub !== given.service.client_id) throw new Error('it is not its own');

const ours = await client.refreshTokenGrant(portal, tokens.refresh_token, { resource: given.issuer }, { DPoP });
const told = await client.fetchUserInfo(portal, ours.access_token, tokens.claims().sub, { DPoP });
await client.tokenRevocation(portal, ours.refresh_token);
for (const token of [tokens.access_token, ours.access_token, exchanged.access_token]) {
  if ((await client.tokenIntrospection(service, token)).active) throw new Error('a token outlives its authorization');
}
await refused(() => client.refreshTokenGrant(portal, ours.refresh_token, undefined, { DPoP }), 'invalid_grant');

console.log(JSON.stringify({ claims: tokens.claims(), told, nonces: 1 }));
