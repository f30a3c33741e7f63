// openid-client reads what is encrypted to it: `node decrypting.mjs '<json>'`.

import * as client from 'openid-client';
import { Browser } from './browser.mjs';

const given = JSON.parse(process.argv[2]);
const browser = new Browser(given.cookies);
const metadata = { client_secret: given.client_secret, id_token_signed_response_alg: given.alg, userinfo_signed_response_alg: given.alg };
const config = await client.discovery(
  new URL(given.issuer), given.client_id, metadata, client.ClientSecretBasic(given.client_secret), { execute: [client.allowInsecureRequests] });
client.enableNonRepudiationChecks(config);
const imported = given.encryption_alg.startsWith('RSA') ? { name: 'RSA-OAEP', hash: 'SHA-256' } : { name: 'ECDH', namedCurve: 'P-256' };
const uses = given.encryption_alg.startsWith('RSA') ? ['decrypt', 'unwrapKey'] : ['deriveBits'];
const { key_ops, use, alg, ...jwk } = given.jwk;
const key = await crypto.subtle.importKey('jwk', jwk, imported, false, uses);
client.enableDecryptingResponses(config, [given.enc], { key, alg: given.encryption_alg, kid: given.jwk.kid });

const verifier = client.randomPKCECodeVerifier(), state = client.randomState(), nonce = client.randomNonce();
const answer = await browser.authorize(client.buildAuthorizationUrl(config, {
  redirect_uri: given.redirect_uri, scope: given.scope, state, nonce,
  code_challenge: await client.calculatePKCECodeChallenge(verifier), code_challenge_method: 'S256',
}));
const tokens = await client.authorizationCodeGrant(
  config, answer, { pkceCodeVerifier: verifier, expectedState: state, expectedNonce: nonce, idTokenExpected: true });
if (tokens.id_token.split('.').length !== 5) throw new Error('the ID token is not encrypted');
const claims = tokens.claims();
const told = await client.fetchUserInfo(config, tokens.access_token, claims.sub);
console.log(JSON.stringify({ claims, told }));
