// The load: one deed again and again on several connections at once, every answer checked; only node's own modules.
// Reads one JSON order from standard input: { base, client: {id, secret, redirect_uri}, deed, scope, lasting_scope,
// cookies: [header, …], concurrency, seconds }; writes "prepared" when the counting begins and then one JSON report:
// { flows, errors, first_error, seconds, p50, p99 }.
//
// sign_on: authorize with a live session (PKCE S256, state, nonce) -> token (client_secret_basic) -> userinfo.
// refresh, introspection, client_credentials: one request each.
import crypto from 'node:crypto';
import net from 'node:net';

const CHECK_SIGNATURE_EVERY = 20;
const MOST_ERRORS = 20;

// One keep-alive connection, one request at a time. HTTP/1.1, content-length or chunked.
class Connection {
  constructor(port) {
    this.port = port;
    this.socket = null;
    this.bytes = Buffer.alloc(0);
    this.waiting = null;
  }

  async open() {
    await new Promise((resolve, reject) => {
      const socket = net.connect({ host: '127.0.0.1', port: this.port, noDelay: true });
      socket.once('connect', resolve);
      socket.once('error', reject);
      socket.on('data', (data) => this.take(data));
      socket.on('error', (error) => this.lose(error));
      socket.on('close', () => this.lose(new Error('the server closed the connection')));
      this.socket = socket;
    });
  }

  lose(error) {
    this.socket = null;
    const waiting = this.waiting;
    this.waiting = null;
    waiting?.reject(error);
  }

  take(data) {
    this.bytes = this.bytes.length ? Buffer.concat([this.bytes, data]) : data;
    const answer = parse(this.bytes);
    if (!answer || !this.waiting) return;
    this.bytes = this.bytes.subarray(answer.end);
    const waiting = this.waiting;
    this.waiting = null;
    if (answer.headers.connection?.toLowerCase() === 'close') {
      this.socket?.destroy();
      this.socket = null;
    }
    waiting.resolve(answer);
  }

  async request(method, path, headers, body = '') {
    if (!this.socket) {
      this.bytes = Buffer.alloc(0);
      await this.open();
    }
    const lines = [`${method} ${path} HTTP/1.1`, `Host: 127.0.0.1:${this.port}`];
    for (const name in headers) lines.push(`${name}: ${headers[name]}`);
    if (body) lines.push(`Content-Length: ${Buffer.byteLength(body)}`);
    return new Promise((resolve, reject) => {
      this.waiting = { resolve, reject };
      this.socket.write(lines.join('\r\n') + '\r\n\r\n' + body);
    });
  }

  close() {
    this.socket?.destroy();
  }
}

// The answer at the beginning of the bytes and where it ends, or null while it is not whole.
function parse(bytes) {
  const headEnd = bytes.indexOf('\r\n\r\n');
  if (headEnd < 0) return null;
  const [first, ...lines] = bytes.toString('latin1', 0, headEnd).split('\r\n');
  const headers = {};
  const setCookies = [];
  for (const line of lines) {
    const colon = line.indexOf(':');
    const name = line.slice(0, colon).toLowerCase();
    const value = line.slice(colon + 1).trim();
    if (name === 'set-cookie') setCookies.push(value);
    else headers[name] = value;
  }
  const status = Number(first.split(' ')[1]);
  const start = headEnd + 4;
  if (headers['transfer-encoding']?.toLowerCase() === 'chunked') {
    const chunked = unchunk(bytes, start);
    return chunked && { status, headers, setCookies, ...chunked };
  }
  const end = start + Number(headers['content-length'] ?? 0);
  return bytes.length < end ? null : { status, headers, setCookies, body: bytes.toString('utf8', start, end), end };
}

function unchunk(bytes, start) {
  const parts = [];
  for (let at = start; ; ) {
    const lineEnd = bytes.indexOf('\r\n', at);
    if (lineEnd < 0) return null;
    const size = parseInt(bytes.toString('latin1', at, lineEnd), 16);
    const next = lineEnd + 2 + size + 2;
    if (bytes.length < next) return null;
    if (size === 0) return { body: Buffer.concat(parts).toString('utf8'), end: next };
    parts.push(bytes.subarray(lineEnd + 2, lineEnd + 2 + size));
    at = next;
  }
}

// The cookies of one browser: what it was given, kept up to date.
class Cookies {
  constructor(header) {
    this.values = new Map(header.split('; ').map((pair) => [pair.slice(0, pair.indexOf('=')), pair]));
    this.header = header;
  }

  keep(setCookies) {
    if (!setCookies.length) return;
    for (const cookie of setCookies) {
      const pair = cookie.split(';')[0];
      const name = pair.slice(0, pair.indexOf('='));
      if (/;\s*(max-age=0|expires=thu, 01 jan 1970)/i.test(cookie)) this.values.delete(name);
      else this.values.set(name, pair);
    }
    this.header = [...this.values.values()].join('; ');
  }
}

function expect(holds, what) {
  if (!holds) throw new Error(what);
}

const random = (bytes) => crypto.randomBytes(bytes).toString('base64url');
const form = (fields) => new URLSearchParams(fields).toString();
const pathOf = (url) => new URL(url).pathname;
const decoded = (part) => JSON.parse(Buffer.from(part, 'base64url').toString());

async function discover(order) {
  const connection = new Connection(order.port);
  const read = async (path) => JSON.parse((await connection.request('GET', path, { Accept: 'application/json' })).body);
  const metadata = await read('/.well-known/openid-configuration');
  const { keys } = await read(pathOf(metadata.jwks_uri));
  connection.close();
  order.issuer = metadata.issuer;
  order.paths = {
    authorize: pathOf(metadata.authorization_endpoint), token: pathOf(metadata.token_endpoint), userinfo: pathOf(metadata.userinfo_endpoint),
    introspection: pathOf(metadata.introspection_endpoint),
  };
  order.keys = new Map(keys.map((key) => [key.kid, crypto.createPublicKey({ key, format: 'jwk' })]));
}

async function authorize(order, connection, cookies, request) {
  const path = `${order.paths.authorize}?${form(request)}`;
  let answer = await connection.request('GET', path, { Cookie: cookies.header, Accept: 'text/html' });
  cookies.keep(answer.setCookies);
  // A hop inside the server belongs to the flow and is paid for.
  for (let hops = 0; hops < 3 && !String(answer.headers.location).startsWith(request.redirect_uri); hops++) {
    expect([302, 303].includes(answer.status), `authorize: ${answer.status} ${answer.body.slice(0, 200)}`);
    const next = new URL(answer.headers.location, `http://127.0.0.1:${order.port}`);
    answer = await connection.request('GET', next.pathname + next.search, { Cookie: cookies.header, Accept: 'text/html' });
    cookies.keep(answer.setCookies);
  }
  const told = new URL(answer.headers.location).searchParams;
  expect(told.get('state') === request.state, `authorize: state in ${answer.headers.location}`);
  expect(told.get('code'), `authorize: no code in ${answer.headers.location}`);
  return told.get('code');
}

function checkIdToken(order, idToken, nonce, number) {
  const [head, body, signature] = idToken.split('.');
  const claims = decoded(body);
  expect(claims.nonce === nonce && claims.iss === order.issuer, 'id token: nonce or iss');
  expect([claims.aud].flat().includes(order.client.id) && claims.exp > Date.now() / 1000, 'id token: aud or exp');
  if (number % CHECK_SIGNATURE_EVERY === 0) {
    const { alg, kid } = decoded(head);
    expect(alg === 'RS256', `id token: alg ${alg}`);
    const key = order.keys.get(kid) ?? [...order.keys.values()][0];
    expect(crypto.verify('RSA-SHA256', Buffer.from(`${head}.${body}`), key, Buffer.from(signature, 'base64url')), 'id token: signature');
  }
  return claims.sub;
}

async function askForToken(order, connection, fields) {
  const answer = await connection.request('POST', order.paths.token,
    { Authorization: order.basic, 'Content-Type': 'application/x-www-form-urlencoded', Accept: 'application/json' }, form(fields));
  expect(answer.status === 200, `token: ${answer.status} ${answer.body.slice(0, 200)}`);
  return JSON.parse(answer.body);
}

async function signOn(order, connection, cookies, number, scope) {
  const [verifier, state, nonce] = [random(32), random(12), random(12)];
  const { id, redirect_uri } = order.client;
  const code = await authorize(order, connection, cookies, {
    response_type: 'code', client_id: id, redirect_uri, scope, state, nonce,
    code_challenge: crypto.createHash('sha256').update(verifier).digest('base64url'), code_challenge_method: 'S256',
  });
  const told = await askForToken(order, connection, { grant_type: 'authorization_code', code, redirect_uri, code_verifier: verifier });
  return { ...told, subject: checkIdToken(order, told.id_token, nonce, number) };
}

// What is measured. `prepare`: once for each connection, not counted; its result is handed from one deed to the next.
const DEEDS = {
  sign_on: {
    async deed(order, connection, cookies, number) {
      const { access_token, subject } = await signOn(order, connection, cookies, number, order.scope);
      const answer = await connection.request('GET', order.paths.userinfo, { Authorization: `Bearer ${access_token}`, Accept: 'application/json' });
      expect(answer.status === 200, `userinfo: ${answer.status} ${answer.body.slice(0, 200)}`);
      const person = JSON.parse(answer.body);
      expect(person.sub === subject && person.email, 'userinfo: sub or email');
    },
  },
  refresh: {
    prepare: async (order, connection, cookies) => (await signOn(order, connection, cookies, 0, order.lasting_scope)).refresh_token,
    async deed(order, connection, _, __, refreshToken) {
      const told = await askForToken(order, connection, { grant_type: 'refresh_token', refresh_token: refreshToken });
      expect(told.access_token && told.id_token && told.refresh_token, 'refresh: a token is missing');
      return told.refresh_token;
    },
  },
  introspection: {
    prepare: async (order, connection, cookies) => (await signOn(order, connection, cookies, 0, order.scope)).access_token,
    async deed(order, connection, _, __, accessToken) {
      const answer = await connection.request('POST', order.paths.introspection,
        { Authorization: order.basic, 'Content-Type': 'application/x-www-form-urlencoded', Accept: 'application/json' }, form({ token: accessToken }));
      expect(answer.status === 200 && JSON.parse(answer.body).active === true, `introspection: ${answer.status} ${answer.body.slice(0, 200)}`);
      return accessToken;
    },
  },
  client_credentials: {
    async deed(order, connection) {
      const told = await askForToken(order, connection, { grant_type: 'client_credentials' });
      expect(told.access_token, 'client credentials: no token');
    },
  },
};

async function run(order) {
  const { prepare, deed } = DEEDS[order.deed];
  const milliseconds = [];
  const report = { flows: 0, errors: 0, first_error: null };
  const browsers = order.cookies.map((header) => new Cookies(header));
  const lanes = Array.from({ length: order.concurrency }, (_, lane) => ({ lane, connection: new Connection(order.port) }));
  for (const one of lanes) one.held = await prepare?.(order, one.connection, browsers[one.lane]);
  console.log('prepared');
  const begin = performance.now();
  const end = begin + order.seconds * 1000;
  await Promise.all(lanes.map(async ({ lane, connection, held }) => {
    for (let turn = 0; performance.now() < end && report.errors < MOST_ERRORS; turn++) {
      const started = performance.now();
      try {
        held = await deed(order, connection, browsers[(lane + turn * order.concurrency) % browsers.length], report.flows, held);
        milliseconds.push(performance.now() - started);
        report.flows++;
      } catch (error) {
        report.errors++;
        report.first_error ??= String(error.message);
      }
    }
    connection.close();
  }));
  milliseconds.sort((a, b) => a - b);
  const at = (share) => milliseconds[Math.min(milliseconds.length - 1, Math.floor(milliseconds.length * share))] ?? null;
  return { ...report, seconds: (performance.now() - begin) / 1000, p50: at(0.5), p99: at(0.99) };
}

let written = '';
for await (const chunk of process.stdin) written += chunk;
const order = JSON.parse(written);
order.port = Number(new URL(order.base).port);
order.basic = 'Basic ' + Buffer.from(`${encodeURIComponent(order.client.id)}:${encodeURIComponent(order.client.secret)}`).toString('base64');
await discover(order);
console.log(JSON.stringify(await run(order)));
