// oauth4webapi does the same, each check of the specifications called by name: `node oauth4webapi.mjs '<json>'`.

import * as oauth from 'oauth4webapi';
import { Browser, refused, signing_key } from './browser.mjs';

const given = JSON.parse(process.argv[2]);
const plain = { [oauth.allowInsecureRequests]: true };
const browser = new Browser(given.cookies);
const issuer = new URL(given.issuer);
const party = { client_id: given.client_id, id_token_signed_response_alg: given.alg };
const authentication = await {
  client_secret_basic: () => oauth.ClientSecretBasic(given.client_secret),
  client_secret_post: () => oauth.ClientSecretPost(given.client_secret),
  client_secret_jwt: () => oauth.ClientSecretJwt(given.client_secret),
  private_key_jwt: async () => oauth.PrivateKeyJwt(await signing_key(given.signing)),
  none: () => oauth.None(),
}[given.auth_method]();
const server = await oauth.processDiscoveryResponse(issuer, await oauth.discoveryRequest(issuer, { algorithm: 'oidc', ...plain }));
await oauth.processDiscoveryResponse(issuer, await oauth.discoveryRequest(issuer, { algorithm: 'oauth2', ...plain }));

async function ask(more = {}) {
  const verifier = oauth.generateRandomCodeVerifier(), state = oauth.generateRandomState(), nonce = oauth.generateRandomNonce();
  const url = new URL(server.authorization_endpoint);
  const wanted = {
    client_id: given.client_id, redirect_uri: given.redirect_uri, response_type: 'code', response_mode: given.response_mode,
    scope: given.scope, state, nonce, code_challenge: await oauth.calculatePKCECodeChallenge(verifier), code_challenge_method: 'S256', ...more,
  };
  for (const [name, value] of Object.entries(wanted)) url.searchParams.set(name, value);
  const answer = await browser.authorize(url);
  const parameters = answer instanceof URL ? answer : new URLSearchParams(await answer.text());
  const validated = oauth.validateAuthResponse(server, party, parameters, state); // state, and iss by RFC 9207
  return { validated, verifier, nonce };
}

async function redeem({ validated, verifier, nonce }) {
  const response = await oauth.authorizationCodeGrantRequest(server, party, authentication, validated, given.redirect_uri, verifier, plain);
  const tokens = await oauth.processAuthorizationCodeResponse(server, party, response, { expectedNonce: nonce, requireIdToken: true });
  await oauth.validateApplicationLevelSignature(server, response, plain);
  return tokens;
}

async function refresh(token) {
  const response = await oauth.refreshTokenGrantRequest(server, party, authentication, token, plain);
  return oauth.processRefreshTokenResponse(server, party, response);
}

async function ask_who(access_token, subject) {
  return oauth.processUserInfoResponse(server, party, subject, await oauth.userInfoRequest(server, party, access_token, plain));
}

const tokens = await redeem(await ask());
const claims = oauth.getValidatedIdTokenClaims(tokens);
const told = await ask_who(tokens.access_token, claims.sub);
const fresh = await refresh(tokens.refresh_token);
await ask_who(fresh.access_token, claims.sub);
await refused(() => refresh(tokens.refresh_token), 'invalid_grant');

const second = await ask();
await redeem(second);
await refused(() => redeem(second), 'invalid_grant');
const third = await ask();
await refused(() => redeem({ ...third, verifier: oauth.generateRandomCodeVerifier() }), 'invalid_grant');

const out = new URL(server.end_session_endpoint);
out.searchParams.set('id_token_hint', tokens.id_token);
out.searchParams.set('post_logout_redirect_uri', given.post_logout_redirect_uri);
const left = await browser.get(out);
if (left.status !== 303 || left.headers.get('location') !== given.post_logout_redirect_uri) throw new Error('not led back');
await refused(() => ask({ prompt: 'none' }), 'login_required');

console.log(JSON.stringify({ claims, told, scope: tokens.scope }));
