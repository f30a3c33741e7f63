// The peer: node oidc-provider with one client, keeping everything in SQLite (node:sqlite) or in PostgreSQL (pg), in the way of the
// adapters that its project publishes: one table, the payload in JSON (jsonb), an end, and a grant, a uid and a user code to be found by.
// PORT, STORE (sqlite | postgresql), FOLDER (for SQLite), PGURL and REDIRECT_URI come from the environment.
import crypto from 'node:crypto';
import { DatabaseSync } from 'node:sqlite';
import Provider from 'oidc-provider';
import pg from 'pg';

const port = Number(process.env.PORT);
const GRANTED = new Set(['AccessToken', 'AuthorizationCode', 'RefreshToken', 'DeviceCode', 'BackchannelAuthenticationRequest']);
const now = () => Math.floor(Date.now() / 1000);
const INDEXES = ['grant_id', 'uid', 'user_code'].map((column) => `create index if not exists kept_by_${column} on kept (${column}) where ${column} is not null`);
const PUT = `insert into kept (name, payload, grant_id, uid, user_code, expires_at) values ($1, $2, $3, $4, $5, $6)
  on conflict (name) do update set payload = excluded.payload, grant_id = excluded.grant_id, uid = excluded.uid,
  user_code = excluded.user_code, expires_at = excluded.expires_at`;

// A store: run a statement with values for its rows, what makes the table, how it keeps an end and a payload. Statements are prepared once on both.
function sqliteStore() {
  const database = new DatabaseSync(`${process.env.FOLDER}/peer.sqlite`);
  database.exec('pragma journal_mode = wal; pragma synchronous = normal; pragma busy_timeout = 5000');
  const prepared = new Map();
  return {
    async run(text, values = []) {
      if (!prepared.has(text)) prepared.set(text, database.prepare(text.replace(/\$\d/g, '?')));
      return prepared.get(text).all(...values);
    },
    table: 'name text primary key, payload text not null, grant_id text, uid text, user_code text, expires_at integer) without rowid',
    consume: "update kept set payload = json_set(payload, '$.consumed', $1) where name = $2",
    select: 'select payload, expires_at from kept where',
    end: (seconds) => now() + seconds,
    read: (row) => (row && (row.expires_at === null || row.expires_at > now()) ? JSON.parse(row.payload) : undefined),
  };
}

function postgresqlStore() {
  const pool = new pg.Pool({ connectionString: process.env.PGURL, max: 10 });
  const names = new Map();
  return {
    async run(text, values = []) {
      if (!names.has(text)) names.set(text, `s${names.size}`);
      return (await pool.query({ name: names.get(text), text, values })).rows;
    },
    table: 'name text primary key, payload jsonb not null, grant_id text, uid text, user_code text, expires_at timestamptz)',
    consume: "update kept set payload = jsonb_set(payload, '{consumed}', to_jsonb($1::bigint)) where name = $2",
    select: 'select payload from kept where (expires_at is null or expires_at > now()) and',
    end: (seconds) => new Date(Date.now() + seconds * 1000),
    read: (row) => row?.payload,
  };
}

const store = process.env.STORE === 'sqlite' ? sqliteStore() : postgresqlStore();
for (const statement of [`create table if not exists kept (${store.table}`, ...INDEXES]) await store.run(statement);

class Adapter {
  constructor(model) {
    this.model = model;
  }

  name(id) {
    return `${this.model}:${id}`;
  }

  async upsert(id, payload, expiresIn) {
    const grantId = GRANTED.has(this.model) ? payload.grantId ?? null : null;
    const end = expiresIn ? store.end(expiresIn) : null;
    await store.run(PUT, [this.name(id), JSON.stringify(payload), grantId, payload.uid ?? null, payload.userCode ?? null, end]);
  }

  async first(column, value) {
    const [row] = await store.run(`${store.select} ${column} = $1`, [value]);
    return store.read(row);
  }

  find(id) {
    return this.first('name', this.name(id));
  }

  findByUid(uid) {
    return this.first('uid', uid);
  }

  findByUserCode(userCode) {
    return this.first('user_code', userCode);
  }

  async consume(id) {
    await store.run(store.consume, [now(), this.name(id)]);
  }

  async destroy(id) {
    await store.run('delete from kept where name = $1', [this.name(id)]);
  }

  async revokeByGrantId(grantId) {
    await store.run('delete from kept where grant_id = $1', [grantId]);
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
