// oauth4webapi as a portal, as the service it calls and as the service behind that: `node oauth4webapi-services.mjs '<json>'`.
// Tokens are bound by DPoP with nonces of the server, read as RFC 9068, introspected, exchanged and given back.

import * as oauth from 'oauth4webapi';
import { Browser, refused } from './browser.mjs';

const given = JSON.parse(process.argv[2]);
const plain = { [oauth.allowInsecureRequests]: true };
const browser = new Browser(given.cookies);
const issuer = new URL(given.issuer);
const server = await oauth.processDiscoveryResponse(issuer, await oauth.discoveryRequest(issuer, { algorithm: 'oauth2', ...plain }));
const userinfo = new URL(server.userinfo_endpoint);
const resource = await oauth.processResourceDiscoveryResponse(userinfo, await oauth.resourceDiscoveryRequest(userinfo, plain));
if (resource.authorization_servers[0] !== given.issuer) throw new Error('userinfo names another authorization server');

const portal = { client_id: given.portal.client_id }, service = { client_id: given.service.client_id };
const as_portal = oauth.ClientSecretBasic(given.portal.client_secret), as_service = oauth.ClientSecretBasic(given.service.client_secret);
const DPoP = oauth.DPoP(portal, await oauth.generateKeyPair('ES256'));
let nonces = 0;

async function with_nonce(deed) { // RFC 9449 §8: the answer brings the nonce, the handle remembers it
  try {
    return await deed();
  } catch (thrown) {
    if (!oauth.isDPoPNonceError(thrown)) throw thrown;
    nonces += 1;
    return deed();
  }
}

async function sign_in(scope, more) {
  const verifier = oauth.generateRandomCodeVerifier(), state = oauth.generateRandomState();
  const url = new URL(server.authorization_endpoint);
  const wanted = {
    client_id: portal.client_id, redirect_uri: given.redirect_uri, response_type: 'code', scope, state,
    code_challenge: await oauth.calculatePKCECodeChallenge(verifier), code_challenge_method: 'S256', ...more,
  };
  for (const [name, value] of Object.entries(wanted)) url.searchParams.set(name, value);
  const validated = oauth.validateAuthResponse(server, portal, await browser.authorize(url), state);
  return with_nonce(async () => oauth.processAuthorizationCodeResponse(server, portal, await oauth.authorizationCodeGrantRequest(
    server, portal, as_portal, validated, given.redirect_uri, verifier, { DPoP, ...plain })));
}

async function introspect(token, requestJwtResponse = false) {
  const response = await oauth.introspectionRequest(server, service, as_service, token, { requestJwtResponse, ...plain });
  const told = await oauth.processIntrospectionResponse(server, service, response);
  if (requestJwtResponse) await oauth.validateApplicationLevelSignature(server, response, plain);
  return told;
}

const tokens = await sign_in('openid people offline_access', { resource: given.api });
if (tokens.token_type !== 'dpop') throw new Error('the token is not bound');

// The service behind the address reads the token alone (RFC 9068), with the proof of who sent it.
let arrived;
await oauth.protectedResourceRequest(tokens.access_token, 'GET', new URL(given.api), undefined, undefined, {
  DPoP, [oauth.customFetch]: async (url, options) => { arrived = new Request(url, options); return new Response('{}'); },
});
const claims = await oauth.validateJwtAccessToken(server, arrived, given.api, plain);
if (claims.client_id !== portal.client_id || claims.scope !== 'people' || !claims.cnf.jkt) throw new Error('the claims are not right');

const asked = await introspect(tokens.access_token), signed = await introspect(tokens.access_token, true);
if (!asked.active || asked.cnf.jkt !== claims.cnf.jkt || asked.sub !== claims.sub) throw new Error('introspection tells something else');
if (signed.sub !== asked.sub) throw new Error('the signed answer tells something else');

const exchanged = await oauth.processGenericTokenEndpointResponse(server, service, await oauth.genericTokenEndpointRequest(
  server, service, as_service, 'urn:ietf:params:oauth:grant-type:token-exchange',
  { subject_token: tokens.access_token, subject_token_type: 'urn:ietf:params:oauth:token-type:access_token', resource: given.behind }, plain));
const derived = await introspect(exchanged.access_token);
if (!derived.active || derived.act.sub !== service.client_id || derived.sub !== claims.sub) throw new Error('who acts for whom is not told');

const own = await oauth.processClientCredentialsResponse(server, service, await oauth.clientCredentialsGrantRequest(
  server, service, as_service, { resource: given.behind }, plain));
if ((await introspect(own.access_token)).sub !== service.client_id) throw new Error('the token of the service is not its own');

const refresh = (resource) => with_nonce(async () => oauth.processRefreshTokenResponse(server, portal, await oauth.refreshTokenGrantRequest(
  server, portal, as_portal, tokens.refresh_token, { DPoP, additionalParameters: { resource }, ...plain })));
const ours = await refresh(given.issuer);
const told = await with_nonce(async () => oauth.processUserInfoResponse(server, portal, claims.sub, await oauth.userInfoRequest(
  server, portal, ours.access_token, { DPoP, ...plain })));

await oauth.processRevocationResponse(await oauth.revocationRequest(server, portal, as_portal, ours.refresh_token, plain));
for (const token of [tokens.access_token, ours.access_token, exchanged.access_token]) {
  if ((await introspect(token)).active) throw new Error('a token outlives its authorization');
}
tokens.refresh_token = ours.refresh_token;
await refused(() => refresh(given.issuer), 'invalid_grant');

console.log(JSON.stringify({ claims, told, nonces }));
