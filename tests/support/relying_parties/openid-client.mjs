// openid-client signs somebody in, refreshes, asks who that is, signs out: `node openid-client.mjs '<json>'` prints what it learned.

import * as client from 'openid-client';
import { Browser, refused, signing_key } from './browser.mjs';

const given = JSON.parse(process.argv[2]);
const browser = new Browser(given.cookies);
const authentication = await {
  client_secret_basic: () => client.ClientSecretBasic(given.client_secret),
  client_secret_post: () => client.ClientSecretPost(given.client_secret),
  client_secret_jwt: () => client.ClientSecretJwt(given.client_secret),
  private_key_jwt: async () => client.PrivateKeyJwt(await signing_key(given.signing)),
  none: () => client.None(),
}[given.auth_method]();
const config = await client.discovery(
  new URL(given.issuer), given.client_id, { id_token_signed_response_alg: given.alg }, authentication, { execute: [client.allowInsecureRequests] });
client.enableNonRepudiationChecks(config); // verify the signature of the ID token as well

async function ask(more = {}) {
  const verifier = client.randomPKCECodeVerifier(), state = client.randomState(), nonce = client.randomNonce();
  const url = client.buildAuthorizationUrl(config, {
    redirect_uri: given.redirect_uri, scope: given.scope, response_mode: given.response_mode, state, nonce,
    code_challenge: await client.calculatePKCECodeChallenge(verifier), code_challenge_method: 'S256', max_age: '3600', ...more,
  });
  const answer = await browser.authorize(url);
  const checks = { pkceCodeVerifier: verifier, expectedState: state, expectedNonce: nonce, idTokenExpected: true, maxAge: 3600 };
  return { answer, redeem: () => client.authorizationCodeGrant(config, answer instanceof URL ? answer : answer.clone(), checks) };
}

const first = await ask();
const tokens = await first.redeem();
const claims = tokens.claims();
const told = await client.fetchUserInfo(config, tokens.access_token, claims.sub);
const fresh = await client.refreshTokenGrant(config, tokens.refresh_token);
if (fresh.claims().sub !== claims.sub || fresh.claims().auth_time !== claims.auth_time) throw new Error('the refreshed ID token differs');
await client.fetchUserInfo(config, fresh.access_token, claims.sub);
await refused(() => client.refreshTokenGrant(config, tokens.refresh_token), 'invalid_grant');
await refused(() => client.refreshTokenGrant(config, fresh.refresh_token), 'invalid_grant');

const second = await ask();
await second.redeem();
await refused(() => second.redeem(), 'invalid_grant');

const out = client.buildEndSessionUrl(config, {
  id_token_hint: tokens.id_token, post_logout_redirect_uri: given.post_logout_redirect_uri, state: 'out',
});
const left = await browser.get(out);
if (left.status !== 303 || left.headers.get('location') !== `${given.post_logout_redirect_uri}?state=out`) throw new Error('not led back');
await refused(async () => (await ask({ prompt: 'none' })).redeem(), 'login_required');

console.log(JSON.stringify({ claims, told, scope: tokens.scope }));
