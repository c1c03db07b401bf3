import { createHmac, generateKeyPairSync, randomUUID, type KeyObject } from 'node:crypto';

/** What an attacker can know of a good token, and what even a wrong server could have signed. */
export interface Genuine {
  token: string;
  /** The signing key; only for claims that a signature alone would not stop. */
  key: KeyObject;
  /** An address of ours, which no server may ask for keys. */
  canary: string;
}

type Fields = Record<string, unknown>;

const encode = (value: string | Buffer): string => Buffer.from(value).toString('base64url');

/** Signs header and claims as they are; claims may be raw JSON, for numbers that JavaScript cannot write. */
export function sign(key: Buffer | KeyObject, header: Fields, claims: Fields | string): string {
  const body = typeof claims === 'string' ? claims : JSON.stringify(claims);
  const input = `${encode(JSON.stringify(header))}.${encode(body)}`;
  return `${input}.${encode(createHmac('sha256', key).update(input).digest())}`;
}

function partsOf({ token }: Genuine): { header: Fields; claims: Fields; parts: [string, string, string] } {
  const parts = token.split('.') as [string, string, string];
  const [header, claims] = parts.map((part) => Buffer.from(part, 'base64url').toString());
  return { header: JSON.parse(header!) as Fields, claims: JSON.parse(claims!) as Fields, parts };
}

/** A token with another header, signed with the right key. */
const withHeader = (change: Fields) => (genuine: Genuine) => {
  const { header, claims } = partsOf(genuine);
  return sign(genuine.key, { ...header, ...change }, claims);
};

/** A token with other claims, signed with the right key; undefined removes one. */
const withClaims = (change: Fields) => (genuine: Genuine) => {
  const { header, claims } = partsOf(genuine);
  return sign(genuine.key, header, { ...claims, ...change });
};

/** A token with an unsigned or differently signed algorithm. */
const unsigned = (alg: string, signature: string) => (genuine: Genuine) => {
  const { header, parts } = partsOf(genuine);
  return `${encode(JSON.stringify({ ...header, alg }))}.${parts[1]}.${signature}`;
};

const now = (): number => Math.floor(Date.now() / 1000);

const publicKey = (type: 'rsa' | 'ec'): Buffer => {
  const pair =
    type === 'rsa'
      ? generateKeyPairSync('rsa', { modulusLength: 2048 })
      : generateKeyPairSync('ec', { namedCurve: 'P-256' });
  return Buffer.from(pair.publicKey.export({ type: 'spki', format: 'pem' }));
};

/** The last character of a signature carries two bits that decode to nothing. */
function withUnusedBits({ token }: Genuine): string {
  const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
  return token.slice(0, -1) + alphabet[alphabet.indexOf(token.at(-1)!) ^ 1]!;
}

/** Everything that must not pass for an access token: what it is → how it is made from a good one. */
export const FORGERIES: [name: string, forge: (genuine: Genuine) => string][] = [
  ['alg none without signature', unsigned('none', '')],
  ['alg None', unsigned('None', '')],
  ['alg nOnE', unsigned('nOnE', '')],
  ['alg none with a signature', unsigned('none', 'AAAA')],
  ['an empty alg', unsigned('', '')],
  ['an empty signature', ({ token }) => token.slice(0, token.lastIndexOf('.') + 1)],
  ['no signature part', ({ token }) => token.slice(0, token.lastIndexOf('.'))],
  ['another key', (genuine) => sign(Buffer.alloc(32, 7), partsOf(genuine).header, partsOf(genuine).claims)],
  ['an empty key', (genuine) => sign(Buffer.alloc(0), partsOf(genuine).header, partsOf(genuine).claims)],
  [
    'RS256 with the HMAC of a public key',
    (genuine) => sign(publicKey('rsa'), { alg: 'RS256', typ: 'at+jwt' }, partsOf(genuine).claims),
  ],
  [
    'ES256 with the HMAC of a public key',
    (genuine) => sign(publicKey('ec'), { alg: 'ES256', typ: 'at+jwt' }, partsOf(genuine).claims),
  ],
  ['HS512', withHeader({ alg: 'HS512' })],
  ['alg as a list', withHeader({ alg: ['HS256'] })],
  ['an embedded jwk', withHeader({ jwk: { kty: 'oct', k: 'AAAA' } })],
  ['a jku', (genuine) => withHeader({ jku: `${genuine.canary}/keys` })(genuine)],
  ['an x5u', (genuine) => withHeader({ x5u: `${genuine.canary}/certificate` })(genuine)],
  ['a kid that is a path', withHeader({ kid: '../../dev/null' })],
  ['a kid that is SQL', withHeader({ kid: "x' UNION SELECT 'key" })],
  ['a crit', withHeader({ crit: ['exp'] })],
  ['typ JWT', withHeader({ typ: 'JWT' })],
  ['no typ', withHeader({ typ: undefined })],
  ['exp in the past', withClaims({ iat: now() - 1000, exp: now() - 100 })],
  ['no exp', withClaims({ exp: undefined })],
  ['exp as a text', withClaims({ exp: String(now() + 900) })],
  [
    'exp 1e400',
    (genuine) => {
      const { header, claims } = partsOf(genuine);
      const raw = JSON.stringify(claims).replace(/"exp":\d+/, '"exp":1e400');
      return sign(genuine.key, header, raw);
    },
  ],
  ['a longer life', withClaims({ exp: now() + 10 ** 8 })],
  ['no iat', withClaims({ iat: undefined })],
  ['nbf in the future', withClaims({ nbf: now() + 600 })],
  ['nbf as a text', withClaims({ nbf: 'yesterday' })],
  ['another issuer', withClaims({ iss: 'https://evil.example' })],
  ['no issuer', withClaims({ iss: undefined })],
  ['another audience', withClaims({ aud: 'waybill:download' })],
  ['a list of audiences', withClaims({ aud: ['waybill:api', 'x'] })],
  ['no audience', withClaims({ aud: undefined })],
  ['another subject', withClaims({ sub: randomUUID() })],
  ['a subject that is no id', withClaims({ sub: "' OR 1=1 --" })],
  ['another session', withClaims({ sid: randomUUID() })],
  ['a session with NUL', withClaims({ sid: '\0' })],
  ['a session that is a list', withClaims({ sid: [] })],
  ['no jti', withClaims({ jti: undefined })],
  ['claims that are null', (genuine) => sign(genuine.key, partsOf(genuine).header, 'null')],
  ['claims that are a list', (genuine) => sign(genuine.key, partsOf(genuine).header, '[]')],
  ['claims that are no JSON', (genuine) => sign(genuine.key, partsOf(genuine).header, '{')],
  ['a header that is no JSON', ({ token }) => token.replace(/^[^.]+/, encode('{'))],
  ['unused bits in the signature', withUnusedBits],
  ['padding', ({ token }) => `${token}=`],
  ['a trailing dot', ({ token }) => `${token}.`],
  ['five parts', ({ token }) => `${token}.a.b`],
  ['64 KB', ({ token }) => token.replace('.', `.${'A'.repeat(65_536)}`)],
  ['4 KB', ({ token }) => token.replace('.', `.${'A'.repeat(4_096)}`)],
  ['nothing', () => ''],
  ['junk', () => 'a.b.c'],
];
