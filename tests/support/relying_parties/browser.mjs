// A browser as far as an authorization needs one: it carries cookies to the provider, stops at the redirect URI, and sends forms.

export class Browser {
  constructor(cookies) { this.cookies = new Map(Object.entries(cookies)); }

  async get(url) {
    const response = await fetch(url, {
      redirect: 'manual',
      headers: { cookie: [...this.cookies].map(([name, value]) => `${name}=${value}`).join('; ') },
    });
    for (const line of response.headers.getSetCookie()) {
      const [pair] = line.split(';');
      const at = pair.indexOf('=');
      const value = pair.slice(at + 1);
      if (value) this.cookies.set(pair.slice(0, at), value); else this.cookies.delete(pair.slice(0, at));
    }
    return response;
  }

  // A person opens a page of the provider and sends its form; where that leads is `address`.
  async send(url, fields) {
    const page = await (await this.get(url)).text();
    const found = [...page.matchAll(/<input [^>]*name="([^"]*)"[^>]* value="([^"]*)"/g)].map(([, name, value]) => [name, plain(value)]);
    const action = page.match(/<form method="post" action="([^"]*)"/)?.[1];
    if (!action) throw new Error(`no form at ${url}`);
    const response = await fetch(new URL(plain(action), url), {
      method: 'POST', redirect: 'manual', body: new URLSearchParams([...found, ...Object.entries(fields)]),
      headers: { cookie: [...this.cookies].map(([name, value]) => `${name}=${value}`).join('; ') },
    });
    if (response.status >= 400) throw new Error(`the form of ${url} was answered ${response.status}`);
    const onward = response.headers.get('location');
    this.address = onward ? new URL(onward, url).href : url;
    return response;
  }

  // What reaches the redirect URI: the URL of a redirect, or the fields of the form that the page sends.
  async authorize(url) {
    const response = await this.get(url);
    if (response.status === 303) return new URL(response.headers.get('location'), url);
    const page = await response.text();
    const action = page.match(/<form method="post" action="([^"]*)"/)?.[1];
    if (response.status !== 200 || !action) throw new Error(`no answer for the client: ${response.status}`);
    const fields = [...page.matchAll(/<input type="hidden" name="([^"]*)" value="([^"]*)"/g)].map(([, name, value]) => [name, plain(value)]);
    return new Request(plain(action), { method: 'POST', body: new URLSearchParams(fields) });
  }
}

function plain(escaped) {
  return escaped.replaceAll('&#34;', '"').replaceAll('&#39;', "'").replaceAll('&lt;', '<').replaceAll('&gt;', '>').replaceAll('&amp;', '&');
}

// The deed must fail with this OAuth error; anything else is a fault of the provider.
export async function refused(deed, error) {
  try {
    await deed();
  } catch (thrown) {
    if (thrown.error === error) return;
    throw thrown;
  }
  throw new Error(`accepted, though ${error} was due`);
}

// The client's private key, for signing by one algorithm.
export async function signing_key({ alg, jwk }) {
  const algorithm = {
    RS256: { name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-256' }, PS256: { name: 'RSA-PSS', hash: 'SHA-256' },
    ES256: { name: 'ECDSA', namedCurve: 'P-256' }, EdDSA: { name: 'Ed25519' },
  }[alg];
  const { kid, ...key } = jwk;
  return { key: await crypto.subtle.importKey('jwk', key, algorithm, false, ['sign']), kid };
}
