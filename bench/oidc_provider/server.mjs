// The peer: node oidc-provider with one client, keeping everything in SQLite (node:sqlite) or in PostgreSQL (pg).
// PORT, STORE (sqlite | postgresql), FOLDER (for SQLite), PGURL and REDIRECT_URI come from the environment.
import crypto from 'node:crypto';
import { DatabaseSync } from 'node:sqlite';
import Provider from 'oidc-provider';
import pg from 'pg';

const port = Number(process.env.PORT);
const GRANTED = new Set(['AccessToken', 'AuthorizationCode', 'RefreshToken', 'DeviceCode']);
const now = () => Math.floor(Date.now() / 1000);
const SCHEMA = [
  'create table if not exists kept (name text primary key, payload text not null, grant_id text, uid text, expires_at bigint)',
  'create index if not exists kept_by_grant on kept (grant_id) where grant_id is not null',
  'create index if not exists kept_by_uid on kept (uid) where uid is not null',
];
const PUT = `insert into kept (name, payload, grant_id, uid, expires_at) values ($1, $2, $3, $4, $5)
  on conflict (name) do update set payload = excluded.payload, grant_id = excluded.grant_id, uid = excluded.uid, expires_at = excluded.expires_at`;

// A store is one function: run a statement with values, return its rows. Statements are prepared once on both.
function sqliteStore() {
  const database = new DatabaseSync(`${process.env.FOLDER}/peer.sqlite`);
  database.exec('pragma journal_mode = wal; pragma synchronous = normal; pragma busy_timeout = 5000');
  const prepared = new Map();
  return async (text, values = []) => {
    if (!prepared.has(text)) prepared.set(text, database.prepare(text.replace(/\$\d/g, '?')));
    return prepared.get(text).all(...values);
  };
}

function postgresqlStore() {
  const pool = new pg.Pool({ connectionString: process.env.PGURL, max: 8 });
  const names = new Map();
  return async (text, values = []) => {
    if (!names.has(text)) names.set(text, `s${names.size}`);
    return (await pool.query({ name: names.get(text), text, values })).rows;
  };
}

const run = process.env.STORE === 'sqlite' ? sqliteStore() : postgresqlStore();
for (const statement of SCHEMA) await run(statement);
const SET_CONSUMED = process.env.STORE === 'sqlite'
  ? "update kept set payload = json_set(payload, '$.consumed', $1) where name = $2"
  : "update kept set payload = jsonb_set(payload::jsonb, '{consumed}', to_jsonb($1::bigint))::text where name = $2";

class Adapter {
  constructor(model) {
    this.model = model;
  }

  name(id) {
    return `${this.model}:${id}`;
  }

  async upsert(id, payload, expiresIn) {
    const grantId = GRANTED.has(this.model) ? payload.grantId ?? null : null;
    await run(PUT, [this.name(id), JSON.stringify(payload), grantId, payload.uid ?? null, expiresIn ? now() + expiresIn : null]);
  }

  async first(text, value) {
    const [row] = await run(text, [value]);
    return row && (row.expires_at === null || Number(row.expires_at) > now()) ? JSON.parse(row.payload) : undefined;
  }

  find(id) {
    return this.first('select payload, expires_at from kept where name = $1', this.name(id));
  }

  findByUid(uid) {
    return this.first('select payload, expires_at from kept where uid = $1', uid);
  }

  async findByUserCode() {
    return undefined;
  }

  async consume(id) {
    await run(SET_CONSUMED, [now(), this.name(id)]);
  }

  async destroy(id) {
    await run('delete from kept where name = $1', [this.name(id)]);
  }

  async revokeByGrantId(grantId) {
    await run('delete from kept where grant_id = $1', [grantId]);
  }
}

const { privateKey } = crypto.generateKeyPairSync('rsa', { modulusLength: 2048 });
const provider = new Provider(`http://127.0.0.1:${port}`, {
  adapter: Adapter,
  jwks: { keys: [{ ...privateKey.export({ format: 'jwk' }), use: 'sig', alg: 'RS256', kid: 'k1' }] },
  cookies: { keys: [crypto.randomBytes(32).toString('hex')] },
  clients: [{
    client_id: 'bench', client_secret: process.env.CLIENT_SECRET, redirect_uris: [process.env.REDIRECT_URI], response_types: ['code'],
    grant_types: ['authorization_code', 'refresh_token', 'client_credentials'], token_endpoint_auth_method: 'client_secret_basic', id_token_signed_response_alg: 'RS256',
  }],
  claims: { openid: ['sub'], profile: ['name', 'family_name', 'given_name', 'preferred_username'], email: ['email', 'email_verified'] },
  pkce: { required: () => true },
  features: { devInteractions: { enabled: true }, clientCredentials: { enabled: true }, introspection: { enabled: true } },
  // Our own scope: offline_access would want the person's consent again each time.
  scopes: ['openid', 'lasting'],
  issueRefreshToken: async (_, client, code) => code.scopes.has('lasting'),
  ttl: { AccessToken: 600, AuthorizationCode: 60, IdToken: 600, RefreshToken: 43200, ClientCredentials: 600, Session: 43200, Grant: 43200, Interaction: 1800 },
  findAccount: (_, id) => ({
    accountId: id,
    claims: () => ({
      sub: id, name: `Vàng Mí ${id}`, family_name: 'Vàng', given_name: id, preferred_username: id, email: `${id}@hagiang.gov.vn`, email_verified: true,
    }),
  }),
});
provider.listen(port, '127.0.0.1');
