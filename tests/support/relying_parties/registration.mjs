// Both libraries register themselves with an initial access token: `node registration.mjs '<json>'` prints what they were told.

import * as client from 'openid-client';
import * as oauth from 'oauth4webapi';

const given = JSON.parse(process.argv[2]);
const plain = { [oauth.allowInsecureRequests]: true };
const issuer = new URL(given.issuer);

const config = await client.dynamicClientRegistration(
  issuer, given.metadata, client.ClientSecretBasic(), { initialAccessToken: given.token, execute: [client.allowInsecureRequests] });

const server = await oauth.processDiscoveryResponse(issuer, await oauth.discoveryRequest(issuer, plain));
const ask = (token) => oauth.dynamicClientRegistrationRequest(server, given.metadata, { initialAccessToken: token, ...plain });
const registered = await oauth.processDynamicClientRegistrationResponse(await ask(given.token));
try {
  await oauth.processDynamicClientRegistrationResponse(await ask('wrong'));
  throw new Error('registered with a wrong token');
} catch (thrown) {
  if (!(thrown instanceof oauth.WWWAuthenticateChallengeError) || thrown.cause[0].parameters.error !== 'invalid_token') throw thrown;
}

console.log(JSON.stringify({ first: config.clientMetadata(), second: registered }));
