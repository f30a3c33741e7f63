// openid-client on the profile fapi2 or fapi2_message_signing: pushed, signed and bound to keys: `node high-security.mjs '<json>'`.

import * as client from 'openid-client';
import { Browser, refused } from './browser.mjs';

const given = JSON.parse(process.argv[2]);
const browser = new Browser(given.cookies);
const kind = { name: 'ECDSA', namedCurve: 'P-256' };
const key = { key: await crypto.subtle.importKey('jwk', given.jwk, kind, false, ['sign']), kid: given.jwk.kid };
const config = await client.discovery(
  new URL(given.issuer), given.client_id,
  { id_token_signed_response_alg: 'ES256', authorization_signed_response_alg: 'ES256' },
  client.PrivateKeyJwt(key, { [client.modifyAssertion]: (header, payload) => { payload.aud = given.issuer; } }),
  { execute: [client.allowInsecureRequests] });
client.enableNonRepudiationChecks(config);
if (given.message_signing) client.useJwtResponseMode(config);
const DPoP = client.getDPoPHandle(config, await client.randomDPoPKeyPair('ES256'));
const stranger = client.getDPoPHandle(config, await client.randomDPoPKeyPair('ES256'));

async function push(more = {}) {
  const verifier = client.randomPKCECodeVerifier(), state = client.randomState(), nonce = client.randomNonce();
  let parameters = {
    redirect_uri: given.redirect_uri, scope: given.scope, state, nonce,
    code_challenge: await client.calculatePKCECodeChallenge(verifier), code_challenge_method: 'S256', ...more,
  };
  if (given.message_signing) {
    const signed = await client.buildAuthorizationUrlWithJAR(config, parameters, key, {
      [client.modifyAssertion]: (header, payload) => { payload.nbf = payload.iat; },
    });
    parameters = signed.searchParams;
  }
  const url = await client.buildAuthorizationUrlWithPAR(config, parameters, { DPoP });
  const checks = { pkceCodeVerifier: verifier, expectedState: state, expectedNonce: nonce, idTokenExpected: true };
  return { url, redeem: (answer, handle = DPoP) => client.authorizationCodeGrant(config, answer, checks, undefined, { DPoP: handle }) };
}

const first = await push();
const answer = await browser.authorize(first.url);
const tokens = await first.redeem(answer);
if (tokens.token_type !== 'dpop') throw new Error('the token is not bound to the key');
const claims = tokens.claims();
const told = await client.fetchUserInfo(config, tokens.access_token, claims.sub, { DPoP });
const fresh = await client.refreshTokenGrant(config, tokens.refresh_token, undefined, { DPoP });
await client.fetchUserInfo(config, fresh.access_token, claims.sub, { DPoP });

const second = await push();
const code = await browser.authorize(second.url);
await refused(() => second.redeem(code, stranger), 'invalid_grant'); // the code is bound to the key of the proof at /par
await refused(() => push({ response_type: 'token' }), 'unsupported_response_type');
await refused(() => push({ redirect_uri: 'https://rp.test/other' }), 'invalid_request');
const again = await browser.get(first.url);
if (again.status !== 400) throw new Error('the reference was answered twice');

console.log(JSON.stringify({ claims, told, scope: tokens.scope }));
