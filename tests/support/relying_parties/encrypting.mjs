// jose signs the claims of a request object and encrypts it to the provider: `node encrypting.mjs '<json>'` prints one JWE for each way.

import { CompactEncrypt, SignJWT, importJWK } from 'jose';

const given = JSON.parse(process.argv[2]);
const signer = await importJWK(given.signing_key, given.signing_alg);
const header = { alg: given.signing_alg, kid: given.signing_key.kid, typ: 'oauth-authz-req+jwt' };
const signed = new TextEncoder().encode(await new SignJWT(given.claims).setProtectedHeader(header).sign(signer));
const sealed = [];
for (const [alg, enc] of given.ways) {
  const jwk = given.jwks.keys.find((key) => key.use === 'enc' && (key.kty === 'RSA') === alg.startsWith('RSA'));
  const { kid, kty, n, e, crv, x, y } = jwk;
  const key = await importJWK({ kty, n, e, crv, x, y }, alg);
  sealed.push(await new CompactEncrypt(signed).setProtectedHeader({ alg, enc, kid, cty: 'JWT' }).encrypt(key));
}
console.log(JSON.stringify(sealed));
