import { createHmac, generateKeyPairSync, sign } from 'node:crypto'
import { test } from 'tap'
import { createVerifier, type Problem } from '../src/index.ts'
import {
  claimsOf,
  createClock,
  createKey,
  createPublisher,
  encode,
  headerOf,
  ISSUER,
  issue,
  NOW,
  signText,
  TOKEN_INVALID
} from './issuer.ts'

const key = createKey()
const stranger = createKey()
const impostor = { ...stranger, kid: key.kid }
const p384 = generateKeyPairSync('ec', { namedCurve: 'P-384' })
const ed25519 = generateKeyPairSync('ed25519')

const good = issue(key)
const [head = '', body = '', signature = ''] = good.split('.')
const bytes = Buffer.from(signature, 'base64url')
const ORDER = Buffer.from('ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551', 'hex')
const HALF_ORDER = Buffer.from('7fffffff800000007fffffffffffffffde737d56d38bcf4279dce5617e3192a8', 'hex')
const ZERO = Buffer.alloc(32)
const r = bytes.subarray(0, 32)
const s = bytes.subarray(32)

const withHeader = (header: object | string) => issue(key, {}, header)
const withClaims = (claims: object | string) => issue(key, claims)
const withSignature = (signed: Buffer) => `${head}.${body}.${signed.toString('base64url')}`

/** Leaves members out. */
const without = (...names: string[]) =>
  JSON.stringify(Object.fromEntries(Object.entries(claimsOf()).filter(([name]) => !names.includes(name))))

/** A token of another algorithm, which somebody signed with what they have. */
function signedBy(header: object, signer: (text: string) => Buffer): string {
  const text = `${encode({ ...headerOf(key), ...header })}.${encode(claimsOf())}`
  return `${text}.${signer(text).toString('base64url')}`
}

const publicPem = JSON.stringify(key.publicJwk)
const raw = JSON.stringify(claimsOf())
const headerText = JSON.stringify(headerOf(key))

/** Who forges with the key of another, and who has the right key: a token is refused for each of these alike. */
const FORGERIES: [what: string, token: string][] = [
  // The algorithm
  ['alg none, no signature', signedBy({ alg: 'none' }, () => Buffer.alloc(0))],
  ['alg none, with a signature', withHeader({ alg: 'none' })],
  ['alg None', withHeader({ alg: 'None' })],
  ['alg es256', withHeader({ alg: 'es256' })],
  ['no alg', withHeader({ alg: undefined })],
  ['alg null', withHeader({ alg: null })],
  ['alg that is a list', withHeader({ alg: ['ES256'] })],
  [
    'HS256 with the public key as the secret',
    signedBy({ alg: 'HS256' }, (text) => createHmac('sha256', publicPem).update(text).digest())
  ],
  [
    'HS256 in the length of an ES256 signature',
    signedBy({ alg: 'HS256' }, (text) => createHmac('sha512', publicPem).update(text).digest())
  ],
  ['RS256', signedBy({ alg: 'RS256' }, () => Buffer.alloc(256, 1))],
  [
    'ES384',
    signedBy({ alg: 'ES384' }, (text) =>
      sign('sha384', Buffer.from(text), { key: p384.privateKey, dsaEncoding: 'ieee-p1363' })
    )
  ],
  [
    'ES256 by a P-384 key',
    signedBy({}, (text) => sign('sha256', Buffer.from(text), { key: p384.privateKey, dsaEncoding: 'ieee-p1363' }))
  ],
  [
    'EdDSA in the length of an ES256 signature',
    signedBy({ alg: 'EdDSA' }, (text) => sign(null, Buffer.from(text), ed25519.privateKey))
  ],
  [
    'ES256 with SHA-512',
    signedBy({}, (text) => sign('sha512', Buffer.from(text), { key: key.privateKey, dsaEncoding: 'ieee-p1363' }))
  ],

  // The key
  ['another key under the same id', issue(impostor)],
  ['another key under its own id', issue(stranger)],
  ['a key in the header (jwk)', issue(impostor, {}, { jwk: stranger.publicJwk })],
  ['a key in the header and no id', issue(stranger, {}, { kid: undefined, jwk: stranger.publicJwk })],
  ['an address of keys (jku)', issue(stranger, {}, { jku: 'https://evil.example/jwks.json' })],
  ['an address of a certificate (x5u)', issue(impostor, {}, { x5u: 'https://evil.example/cert.pem' })],
  ['a certificate (x5c)', issue(impostor, {}, { x5c: ['MIIB'] })],
  ['no kid', withHeader({ kid: undefined })],
  ['kid empty', withHeader({ kid: '' })],
  ['kid null', withHeader({ kid: null })],
  ['kid a number', withHeader({ kid: 0 })],
  ['kid a list', withHeader({ kid: [key.kid] })],
  ['kid in other letter case', withHeader({ kid: key.kid.toUpperCase() })],
  ['kid with a blank', withHeader({ kid: `${key.kid} ` })],
  ['kid with NUL', withHeader({ kid: `${key.kid}\0` })],
  ['kid of a prototype', withHeader({ kid: '__proto__' })],
  ['kid of a path', withHeader({ kid: '../../dev/null' })],
  ['kid of SQL', withHeader({ kid: "' OR 1=1 --" })],

  // The header
  ['typ of an ID token', withHeader({ typ: 'JWT' })],
  ['no typ', withHeader({ typ: undefined })],
  ['typ null', withHeader({ typ: null })],
  ['typ a list', withHeader({ typ: ['at+jwt'] })],
  ['typ of a logout token', withHeader({ typ: 'logout+jwt' })],
  ['crit unknown', withHeader({ crit: ['exp'] })],
  ['crit empty', withHeader({ crit: [] })],
  ['crit null', withHeader({ crit: null })],
  ['crit b64', withHeader({ crit: ['b64'], b64: true })],
  ['payload that is not encoded (RFC 7797)', withHeader({ crit: ['b64'], b64: false })],
  ['b64 without crit', withHeader({ b64: false })],
  ['alg twice, the last one none', withHeader(headerText.replace('}', ',"alg":"none"}'))],
  ['kid twice, the last one of a stranger', withHeader(headerText.replace('}', ',"kid":"other"}'))],
  ['header null', withHeader('null')],
  ['header a list', withHeader('[]')],
  ['header a text', withHeader('"ES256"')],
  ['header cut off', withHeader(headerText.slice(0, -1))],
  ['header with more behind it', withHeader(`${headerText}{}`)],
  ['header not UTF-8', `${Buffer.from([0xff]).toString('base64url')}.${body}.${signature}`],

  // The signature
  ['no signature', `${head}.${body}.`],
  ['no signature, and no dot', `${head}.${body}`],
  ['of another token', `${head}.${body}.${issue(key).split('.')[2]}`],
  ['one bit changed', withSignature(Buffer.concat([bytes.subarray(0, 63), Buffer.from([(bytes[63] ?? 0) ^ 1])]))],
  ['the high s', `${head}.${body}.${signText(`${head}.${body}`, key, true)}`],
  ['DER', signedBy({}, (text) => sign('sha256', Buffer.from(text), key.privateKey))],
  ['r zero', withSignature(Buffer.concat([ZERO, s]))],
  ['s zero', withSignature(Buffer.concat([r, ZERO]))],
  ['r and s zero', withSignature(Buffer.concat([ZERO, ZERO]))],
  ['r the order', withSignature(Buffer.concat([ORDER, s]))],
  ['s the order', withSignature(Buffer.concat([r, ORDER]))],
  ['s half the order', withSignature(Buffer.concat([r, HALF_ORDER]))],
  ['r and s swapped', withSignature(Buffer.concat([s, r]))],
  ['one byte less', withSignature(bytes.subarray(0, 63))],
  ['one byte more', withSignature(Buffer.concat([bytes, Buffer.from([0])]))],
  ['bits of its last character', `${good.slice(0, -1)}${{ A: 'B', Q: 'R', g: 'h', w: 'x' }[good.at(-1) as 'A']}`],
  ['padding', `${good}==`],
  ['the alphabet of base64', `${head}.${body}.${signature.replace(/^../, '+/')}`],

  // The text
  ['nothing', ''],
  ['a dot', '.'],
  ['two dots', '..'],
  ['a word', 'rubbish'],
  ['five parts, as an encrypted one has', `${head}.${body}.${signature}.${body}.${signature}`],
  ['padding in the header', `${head}=.${body}.${signature}`],
  ['a line break in the middle', `${head}.\n${body}.${signature}`],
  ['a line break at the end', `${good}\n`],
  ['a blank at the end', `${good} `],
  ['a blank at the start', ` ${good}`],
  ['a NUL at the end', `${good}\0`],
  ['letters that look alike', good.replace(/e/, 'е')],
  ['quotes', `"${good}"`],
  ['twice', `${good}, ${good}`],
  ['the scheme twice', `Bearer ${good}`],
  ['JSON serialization', JSON.stringify({ protected: head, payload: body, signature })],
  ['100 KB, signed', withClaims({ padding: 'x'.repeat(100_000) })],
  ['100 KB of dots', '.'.repeat(100_000)],
  ['100 KB in the header', withHeader({ padding: 'x'.repeat(100_000) })],
  ...[1, 10, head.length, head.length + 1, good.length - 10, good.length - 1].map((length): [string, string] => [
    `the first ${length} characters`,
    good.slice(0, length)
  ]),

  // The payload
  ['claims changed', `${head}.${encode({ ...claimsOf(), sub: 'root' })}.${signature}`],
  ['no payload', withClaims('')],
  ['payload null', withClaims('null')],
  ['payload a list', withClaims('[]')],
  ['payload a text', withClaims('"claims"')],
  ['payload cut off', withClaims(raw.slice(0, -1))],
  ['iss twice, the last one of a stranger', withClaims(raw.replace(/}$/, ',"iss":"https://evil.example"}'))],
  ['exp twice, the last one a text', withClaims(raw.replace(/}$/, ',"exp":"2000000000"}'))],

  // Issuer and audience
  ...['iss', 'aud', 'sub', 'iat', 'exp', 'jti', 'sid'].map((name): [string, string] => [
    `no ${name}`,
    withClaims(without(name))
  ]),
  ['iss of a stranger', withClaims({ iss: 'https://evil.example' })],
  ['iss with a slash', withClaims({ iss: `${ISSUER}/` })],
  ['iss in upper case', withClaims({ iss: ISSUER.toUpperCase() })],
  ['iss a list', withClaims({ iss: [ISSUER] })],
  ['iss null', withClaims({ iss: null })],
  ['aud of another service', withClaims({ aud: 'https://other.example' })],
  ['aud that has it in it', withClaims({ aud: `${ISSUER}.evil.example` })],
  ['aud null', withClaims({ aud: null })],
  ['aud an empty list', withClaims({ aud: [] })],
  ['aud a list of others', withClaims({ aud: ['https://other.example', `${ISSUER}/`] })],
  ['aud a list in a list', withClaims({ aud: [[ISSUER]] })],
  ['aud a list with a number', withClaims({ aud: [ISSUER, 5] })],
  ['aud an object', withClaims({ aud: { [ISSUER]: true } })],

  // Times
  ['exp a text', withClaims({ exp: String(NOW + 900) })],
  ['exp a fraction', withClaims({ exp: NOW + 0.5 })],
  ['exp without an end', withClaims(raw.replace(/"exp":\d+/, '"exp":1e999'))],
  ['exp huge', withClaims({ exp: 1e300 })],
  ['exp null', withClaims({ exp: null })],
  ['exp a date', withClaims({ exp: '2030-03-17T17:46:40Z' })],
  ['exp a list', withClaims({ exp: [NOW + 900] })],
  ['iat a text', withClaims({ iat: String(NOW) })],
  ['iat a fraction', withClaims({ iat: NOW - 0.5 })],
  ['iat negative', withClaims({ iat: -1 })],
  ['iat in the future', withClaims({ iat: NOW + 2 })],
  ['iat in milliseconds', withClaims({ iat: NOW * 1000 })],
  ['iat huge', withClaims(raw.replace(/"iat":\d+/, '"iat":1e999'))],
  ['iat null', withClaims({ iat: null })],
  ['nbf in the future', withClaims({ nbf: NOW + 2 })],
  ['nbf a text', withClaims({ nbf: '0' })],
  ['nbf negative', withClaims({ nbf: -1 })],
  ['nbf null', withClaims({ nbf: null })],

  // Who it is
  ['sub empty', withClaims({ sub: '' })],
  ['sub a number', withClaims({ sub: 1 })],
  ['sub a list', withClaims({ sub: ['ada'] })],
  ['sub null', withClaims({ sub: null })],
  ['jti empty', withClaims({ jti: '' })],
  ['jti a number', withClaims({ jti: 1 })],
  ['sid empty', withClaims({ sid: '' })],
  ['sid null', withClaims({ sid: null })],
  ['sid a number, of another client', withClaims({ sid: 1, client_id: 'app' })],
  ['no sid and no client', withClaims(without('sid', 'client_id'))],
  ['client_id a list', withClaims({ client_id: ['app'] })],
  ['client_id null', withClaims({ client_id: null })],
  ['preferred_username a list', withClaims({ preferred_username: ['ada'] })],
  ['auth_time a text', withClaims({ auth_time: String(NOW) })],
  ['amr a text', withClaims({ amr: 'pwd' })],
  ['acr a number', withClaims({ acr: 2 })],
  ['an actor', withClaims({ act: { sub: 'support' } })],
  ['an actor that is null', withClaims({ act: null })]
]

const EXPIRED: [what: string, token: string][] = [
  ['exp a second ago, and the tolerance', withClaims({ exp: NOW - 1 })],
  ['exp zero', withClaims({ exp: 0 })],
  ['exp negative', withClaims({ exp: -1 })]
]

/** The reasons that a log may have. None contains a claim of the token. */
const REASON = new RegExp(
  [
    'the token does not have the form that the service writes',
    'the header of the token has no kid, or has b64',
    'the service has no key with the kid of the token',
    'the token cannot be read',
    'the claim (?:sub|jti|iat|exp|aud|nbf|sid|client_id|preferred_username|auth_time|amr|acr) is (?:missing|of another type|missing or of another type|in the future)',
    'the token has the claim act, and allowActor is not set',
    // Those of jose.
    'signature verification failed',
    'JWT Claims Set must be a top-level JSON object',
    '(?:JWS )?"(?:alg|crit)" \\(\\w+\\) Header Parameter (?:missing or invalid|value not allowed|MUST be .* strings when present)',
    '"(?:exp|iat|nbf)" claim (?:must be a number|timestamp check failed)',
    '(?:missing required|unexpected) "(?:iss|aud|typ)" (?:claim|claim value|JWT header value)'
  ]
    .map((text) => `^${text}$`)
    .join('|')
)

test('forgeries', async (t) => {
  const publisher = createPublisher(key)
  const { verify } = createVerifier({ issuer: ISSUER, fetch: publisher.fetch, now: createClock().now })
  t.strictSame((await verify(good)).sub, claimsOf().sub)
  const names = new Set(FORGERIES.map(([what]) => what))
  t.equal(names.size, FORGERIES.length)
  for (const [what, token] of FORGERIES) {
    const problem = (await Promise.resolve(verify(token)).catch((error: unknown) => error)) as Problem
    t.strictSame(problem.toJSON(), TOKEN_INVALID, what)
    t.match(problem.reason, REASON, what)
  }
  for (const [what, token] of EXPIRED) {
    t.match(await Promise.resolve(verify(token)).catch((error: unknown) => error), { code: 'TOKEN_EXPIRED' }, what)
  }
  t.equal(publisher.requests.length, 1)
})

test('what is no text is refused as well', async (t) => {
  const { verify } = createVerifier({ issuer: ISSUER, fetch: createPublisher(key).fetch })
  for (const token of [undefined, null, 5, {}, [good], Buffer.from(good)]) {
    await t.rejects(Promise.resolve(verify(token as never)), { code: 'TOKEN_INVALID' })
  }
})
