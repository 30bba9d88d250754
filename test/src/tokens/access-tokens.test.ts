import { createHash, createPublicKey, generateKeyPairSync, randomUUID } from 'node:crypto'
import type { FastifyInstance } from 'fastify'
import {
  base64url,
  createLocalJWKSet,
  decodeJwt,
  decodeProtectedHeader,
  exportJWK,
  importPKCS8,
  type JWTPayload,
  jwtVerify,
  SignJWT
} from 'jose'
import { test } from 'tap'
import { sql } from '../../../src/database/sql.ts'
import { hasLowS, withLowS } from '../../../src/tokens/es256.ts'
import { answer, bearer, build, INVALID_TOKEN, refusal, testClock } from '../../helpers/app.ts'

const ISSUER = 'http://127.0.0.1:3000'
const USER = { id: '01890a5d-ac96-774b-bcce-b302099a8057', username: 'ada' }
const SESSION = '01890a5d-ac96-774b-bcce-b302099a8058'
const INVALID = refusal(401, 'Unauthorized', 'TOKEN_INVALID', 'The token is not valid.')
const EXPIRED = refusal(401, 'Unauthorized', 'TOKEN_EXPIRED', 'The token has expired.')
const WELCOME = { message: 'Hello ada, this is the secret.' }

const secret = (fastify: FastifyInstance, token: string) => fastify.inject({ url: '/secret', headers: bearer(token) })
const encode = (value: unknown) => base64url.encode(typeof value === 'string' ? value : JSON.stringify(value))

test('an access token', async (t) => {
  const clock = testClock({ still: true })
  const fastify = await build(t, { clock, environment: { ACCESS_TOKEN_TTL: '60' } })

  await t.test('has the header and the claims of RFC 9068', async (t) => {
    const token = fastify.tokens.issue(USER, SESSION)
    t.strictSame(decodeProtectedHeader(token), { alg: 'ES256', kid: fastify.keys.signingKey().kid, typ: 'at+jwt' })
    const { iat = 0, exp, jti, ...claims } = decodeJwt(token)
    const same = { iss: ISSUER, aud: ISSUER, client_id: ISSUER }
    t.strictSame(claims, { ...same, sub: USER.id, sid: SESSION, preferred_username: 'ada' })
    t.equal(exp, iat + 60)
    t.ok(Math.abs(iat - clock.now() / 1000) < 5)
    t.match(jti, /^[0-9a-f-]{36}$/)
  })

  await t.test('says how the user was authenticated', async (t) => {
    const authenticatedAt = new Date('2026-01-31T12:00:00.900Z')
    const claims = (amr: string[]) => decodeJwt(fastify.tokens.issue(USER, SESSION, { authenticatedAt, amr }))
    t.match(claims(['pwd']), { auth_time: 1769860800, amr: ['pwd'], acr: 'aal1' })
    t.match(claims(['pwd', 'otp', 'mfa']), { auth_time: 1769860800, amr: ['pwd', 'otp', 'mfa'], acr: 'aal2' })
    const token = fastify.tokens.issue(USER, SESSION, { authenticatedAt, amr: ['pwd'] })
    t.match(await fastify.tokens.verify(token), { auth_time: 1769860800, amr: ['pwd'], acr: 'aal1' })
  })

  await t.test('names no username where there is none', async (t) => {
    const claims = decodeJwt(fastify.tokens.issue({ ...USER, username: null }, SESSION))
    t.strictSame(Object.keys(claims).sort(), ['aud', 'client_id', 'exp', 'iat', 'iss', 'jti', 'sid', 'sub'])
  })

  await t.test('has the roles of the user, where there are any', async (t) => {
    const roles = ['admin', 'editor']
    const token = fastify.tokens.issue({ ...USER, roles }, SESSION)
    t.strictSame(decodeJwt(token).roles, roles)
    t.strictSame((await fastify.tokens.verify(token)).roles, roles)
    t.notOk('roles' in decodeJwt(fastify.tokens.issue({ ...USER, roles: [] }, SESSION)))
  })

  await t.test('is another one each time', async (t) => {
    const tokens = Array.from({ length: 20 }, () => fastify.tokens.issue(USER, SESSION))
    t.equal(new Set(tokens.map((token) => decodeJwt(token).jti)).size, 20)
  })

  await t.test('is for the configured issuer and audience', async (t) => {
    const other = await build(t, { environment: { PUBLIC_URL: 'https://id.example', AUDIENCE: 'orders' } })
    const token = other.tokens.issue(USER, SESSION)
    t.match(decodeJwt(token), { iss: 'https://id.example', aud: 'orders' })
    t.equal((await secret(other, token)).statusCode, 200)
    t.strictSame(answer(await secret(fastify, token)), { statusCode: 401, body: INVALID })
  })

  await t.test('opens until its last second is over, remembered or not', async (t) => {
    const [seen, unseen] = [fastify.tokens.issue(USER, SESSION), fastify.tokens.issue(USER, SESSION)]
    clock.advance(59)
    t.strictSame(answer(await secret(fastify, seen)), { statusCode: 200, body: WELCOME })
    t.strictSame(answer(await secret(fastify, seen)), { statusCode: 200, body: WELCOME })
    clock.advance(1)
    for (const token of [seen, unseen]) {
      const response = await secret(fastify, token)
      t.strictSame(answer(response), { statusCode: 401, body: EXPIRED })
      t.match(response.headers, INVALID_TOKEN)
    }
  })

  await t.test('gives claims that no handler can change for the next request', async (t) => {
    const token = fastify.tokens.issue(USER, SESSION)
    const claims = await fastify.tokens.verify(token)
    t.throws(() => Object.assign(claims, { sub: 'eve' }), TypeError)
    t.equal(fastify.tokens.verify(token), claims)
  })
})

test('a token has the lower of its two signatures, which other verifiers take too', async (t) => {
  const fastify = await build(t)
  const keys = createLocalJWKSet(fastify.keys.jwks())
  for (let count = 0; count < 20; count += 1) {
    const token = fastify.tokens.issue(USER, SESSION)
    t.ok(hasLowS(token))
    t.match(await jwtVerify(token, keys), { payload: { sub: USER.id } })
    t.match(await jwtVerify(highS(token), keys), { payload: { sub: USER.id } }, 'as they take the other')
    await t.rejects(Promise.resolve(fastify.tokens.verify(highS(token))), { code: 'TOKEN_INVALID' })
  }
})

test('a token is remembered no longer than its key is in the ring', async (t) => {
  const fastify = await build(t)
  const { keys } = fastify
  const token = fastify.tokens.issue(USER, SESSION)
  t.strictSame(answer(await secret(fastify, token)), { statusCode: 200, body: WELCOME })

  const { kid } = keys.signingKey()
  await keys.rotate(0)
  await keys.refresh()
  t.strictSame(answer(await secret(fastify, token)), { statusCode: 200, body: WELCOME }, 'while both are there')

  await keys.revoke(kid)
  await keys.refresh()
  const response = await secret(fastify, token)
  t.strictSame(answer(response), { statusCode: 401, body: INVALID })
  t.match(response.headers, INVALID_TOKEN)
  t.equal((await secret(fastify, fastify.tokens.issue(USER, SESSION))).statusCode, 200, 'the new key signs')
})

test('a token that another instance signed with a key of its own opens here', async (t) => {
  const fastify = await build(t)
  const { keys } = fastify
  const { kid } = await keys.rotate(0)
  t.equal(keys.find(kid), undefined)
  const other = await build(t)
  const key = other.keys.signingKey()
  // The other instance's ring stands for one that has already read what this one has not.
  await fastify.database
    .open()
    .query(sql`UPDATE signing_keys SET kid = ${key.kid}, public_key = ${{ ...key.jwk }} WHERE kid = ${kid}`)
  const response = await secret(fastify, other.tokens.issue(USER, SESSION))
  t.strictSame(answer(response), { statusCode: 200, body: WELCOME })
})

test('only so many tokens are remembered', async (t) => {
  const fastify = await build(t)
  const { issue, verify } = fastify.tokens
  const first = issue(USER, SESSION)
  await verify(first)
  t.notOk(verify(first) instanceof Promise, 'the first is answered for at once')
  let last = ''
  for (let count = 0; count < 5000; count++) {
    last = issue(USER, SESSION)
    await verify(last)
  }
  t.notOk(verify(last) instanceof Promise, 'and so is the last')
  const again = verify(first)
  t.ok(again instanceof Promise, 'while the first has made room')
  t.match(await again, { sub: USER.id }, 'and is verified anew')
})

test('a forged token is a 401 TOKEN_INVALID', async (t) => {
  const clock = testClock()
  const fastify = await build(t, { clock })
  const { kid, privateKey, publicKey, jwk } = fastify.keys.signingKey()
  const ours = await importPKCS8(privateKey, 'ES256', { extractable: true })
  const now = Math.floor(clock.now() / 1000)
  const header = { alg: 'ES256', kid, typ: 'at+jwt' }
  const claims = { iss: ISSUER, aud: ISSUER, sub: USER.id, iat: now, exp: now + 900, jti: randomUUID(), sid: SESSION }
  const good = fastify.tokens.issue(USER, SESSION)
  const [head, payload, signature] = good.split('.') as [string, string, string]

  /** A token with a signature of our own key that is right. */
  const signed = async (changes: object, headerChanges: object = {}, options = {}) => {
    const body = Object.fromEntries(
      Object.entries({ ...claims, ...changes }).filter(([, value]) => value !== undefined)
    )
    return new SignJWT(body as JWTPayload)
      .setProtectedHeader(JSON.parse(JSON.stringify({ ...header, ...headerChanges })))
      .sign(ours, options)
      .then(withLowS)
  }
  /** A token signed with somebody else's key. */
  const foreign = (type: 'ES256' | 'ES384' | 'RS256' | 'EdDSA', headerChanges: object = {}) => {
    const pair =
      type === 'RS256'
        ? generateKeyPairSync('rsa', { modulusLength: 2048 })
        : type === 'EdDSA'
          ? generateKeyPairSync('ed25519')
          : generateKeyPairSync('ec', { namedCurve: type === 'ES256' ? 'P-256' : 'P-384' })
    return {
      ...pair,
      token: new SignJWT(claims).setProtectedHeader({ ...header, alg: type, ...headerChanges }).sign(pair.privateKey)
    }
  }
  const symmetric = (key: string, headerChanges: object = {}) =>
    new SignJWT(claims).setProtectedHeader({ ...header, alg: 'HS256', ...headerChanges }).sign(Buffer.from(key))
  const unsigned = (alg: string, rest = '') => `${encode({ ...header, alg })}.${encode(claims)}.${rest}`

  const attacker = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const attackerJwk = { ...(await exportJWK(attacker.publicKey)), alg: 'ES256', use: 'sig' }
  const thumbprint = createHash('sha256').update(JSON.stringify(attackerJwk)).digest('base64url')
  const attacked = (headerChanges: object) =>
    new SignJWT(claims).setProtectedHeader({ ...header, ...headerChanges }).sign(attacker.privateKey)
  const other = await build(t)

  await t.test('while one made the same way with nothing wrong opens', async (t) => {
    const anonymous = `Hello ${USER.id}, this is the secret.`
    for (const token of [await signed({}), await signed({ aud: ['orders', ISSUER] }), await signed({ nbf: now })]) {
      t.strictSame(answer(await secret(fastify, token)), { statusCode: 200, body: { message: anonymous } })
    }
    t.strictSame(answer(await secret(fastify, await signed({ iat: now + 1, nbf: now + 1 }))), {
      statusCode: 200,
      body: { message: anonymous }
    })
    t.strictSame(answer(await secret(fastify, good)), { statusCode: 200, body: WELCOME })
  })

  const forged: [string, string | Promise<string>][] = [
    ['alg none without a signature', unsigned('none')],
    ['alg None', unsigned('None')],
    ['alg none with our signature', unsigned('none', signature)],
    ['no alg', `${encode({ kid, typ: 'at+jwt' })}.${encode(claims)}.${signature}`],
    ['HS256 with the public PEM for a secret', symmetric(publicKey)],
    ['HS256 with the trimmed public PEM for a secret', symmetric(publicKey.trim())],
    ['HS256 with the public JWK for a secret', symmetric(JSON.stringify(jwk))],
    [
      'HS256 with the public DER for a secret',
      symmetric(createPublicKey(publicKey).export({ format: 'der', type: 'spki' }).toString('latin1'))
    ],
    ['HS256 without a kid', symmetric(publicKey, { kid: undefined })],
    ['RS256 of another key under our kid', foreign('RS256').token],
    ['ES384 of another key under our kid', foreign('ES384').token],
    ['EdDSA of another key under our kid', foreign('EdDSA').token],
    ['ES256 of another key under our kid', foreign('ES256').token],
    ['the RS256 header over our signature', `${encode({ ...header, alg: 'RS256' })}.${payload}.${signature}`],
    ['the ES384 header over our signature', `${encode({ ...header, alg: 'ES384' })}.${payload}.${signature}`],
    ['a token of another installation', other.tokens.issue(USER, SESSION)],
    ['an unknown kid', signed({}, { kid: 'unknown' })],
    ['an empty kid', signed({}, { kid: '' })],
    ['no kid', signed({}, { kid: undefined })],
    ['a kid that is no text', `${encode({ ...header, kid: 1 })}.${payload}.${signature}`],
    ['a kid that is a list', `${encode({ ...header, kid: [kid] })}.${payload}.${signature}`],
    ['a kid of a file', signed({}, { kid: '../../../../dev/null' })],
    ['a kid of SQL', signed({}, { kid: "' OR '1'='1" })],
    ['a kid of the prototype', signed({}, { kid: '__proto__' })],
    ["an attacker's key in jwk", attacked({ jwk: attackerJwk })],
    ["an attacker's key in jwk under its own kid", attacked({ jwk: attackerJwk, kid: thumbprint })],
    ["an attacker's key set in jku", attacked({ jku: 'https://attacker.example/jwks.json' })],
    ["an attacker's certificate in x5u", attacked({ x5u: 'https://attacker.example/key.pem' })],
    ["an attacker's certificate in x5c", attacked({ x5c: ['MIIB'] })],
    ['another key of the ring than the one that signed', attacked({ kid })],
    ['typ JWT', signed({}, { typ: 'JWT' })],
    ['typ refresh+jwt', signed({}, { typ: 'refresh+jwt' })],
    ['no typ', signed({}, { typ: undefined })],
    ['a crit header', signed({}, { crit: ['urn:x'], 'urn:x': 1 }, { crit: { 'urn:x': true } })],
    ...(['iss', 'aud', 'sub', 'iat', 'exp', 'jti', 'sid'] as const).map((name): [string, Promise<string>] => [
      `no ${name}`,
      signed({ [name]: undefined })
    ]),
    ['another issuer', signed({ iss: 'https://attacker.example' })],
    ['the issuer with a trailing slash', signed({ iss: `${ISSUER}/` })],
    ['another audience', signed({ aud: 'orders' })],
    ['other audiences', signed({ aud: ['orders', 'bills'] })],
    ['no audience in a list', signed({ aud: [] })],
    ['nbf in the future', signed({ nbf: now + 60 })],
    ['iat in the future', signed({ iat: now + 60 })],
    ['exp as text', signed({ exp: String(now + 900) })],
    ['iat as text', signed({ iat: String(now) })],
    ['nbf as text', signed({ nbf: String(now) })],
    ['exp of null', signed({ exp: null })],
    ['sub as a number', signed({ sub: 1 })],
    ['an empty sub', signed({ sub: '' })],
    ['an empty sid', signed({ sid: '' })],
    ['a preferred_username that is no text', signed({ preferred_username: 1 })],
    ['roles that are text', signed({ roles: 'superadmin' })],
    ['another payload under our signature', `${head}.${encode({ ...claims, sub: randomUUID() })}.${signature}`],
    ['another header over our signature', `${encode({ ...header, x: 1 })}.${payload}.${signature}`],
    ['the signature changed', `${head}.${payload}.${signature.startsWith('A') ? 'B' : 'A'}${signature.slice(1)}`],
    ['the signature with a bit set that it does not use', nextCharacter(good)],
    ['the other signature of the two that verify', highS(good)],
    ...[...alphabets(fastify)],
    ['the signature padded', `${good}==`],
    ['a line break in the signature', `${good.slice(0, -9)}\n${good.slice(-9)}`],
    ['the signature cut', good.slice(0, -10)],
    ['the signature of zeros', `${head}.${payload}.${'A'.repeat(86)}`],
    ['the signature stripped', `${head}.${payload}.`],
    ['the signature and its dot stripped', `${head}.${payload}`],
    ['an empty payload', `${head}..${signature}`],
    ['an empty header', `.${payload}.${signature}`],
    ['nothing but dots', '..'],
    ['a part too many', `${good}.x`],
    ['a payload that is no JSON', `${head}.${encode('no JSON')}.${signature}`],
    ['a header that is no JSON', `${encode('no JSON')}.${payload}.${signature}`],
    ['a header of null', `${encode('null')}.${payload}.${signature}`],
    ['a header that is a list', `${encode('[]')}.${payload}.${signature}`],
    ['a payload of null', `${head}.${encode('null')}.${signature}`],
    ['garbage', 'garbage'],
    ['garbage of three parts', 'a.b.c'],
    ['characters that are not base64url', `${head}.${payload}.${'!'.repeat(86)}`],
    ['a very long token', 'x'.repeat(1_000_000)],
    ['a very long payload', `${head}.${encode({ ...claims, x: 'x'.repeat(1_000_000) })}.${signature}`],
    ['a JWE', `${encode({ alg: 'dir', enc: 'A256GCM' })}..AAAA.AAAA.AAAA`],
    ['white space within', `${head}. ${payload}.${signature}`],
    ['nothing', '']
  ]
  for (const [what, token] of forged) {
    await t.test(`with ${what}`, async (t) => {
      const response = await secret(fastify, await token)
      t.strictSame(answer(response), { statusCode: 401, body: INVALID })
      t.match(response.headers, { ...INVALID_TOKEN, 'cache-control': 'no-store' })
    })
  }
})

/** The order of P-256. */
const ORDER = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n

/** The token with the other signature that verifies: (r, n − s) for (r, s). */
function highS(token: string): string {
  const end = token.lastIndexOf('.') + 1
  const signature = Buffer.from(token.slice(end), 'base64url')
  const s = ORDER - BigInt(`0x${signature.subarray(32).toString('hex')}`)
  const other = [signature.subarray(0, 32), Buffer.from(s.toString(16).padStart(64, '0'), 'hex')]
  return token.slice(0, end) + Buffer.concat(other).toString('base64url')
}

/** Tokens that are good but for a signature in the letters of base64. */
function* alphabets({ tokens }: FastifyInstance): Generator<[string, string]> {
  for (const [letter, other] of [
    ['-', '+'],
    ['_', '/']
  ] as const) {
    let token: string
    do token = tokens.issue(USER, SESSION)
    while (!token.slice(token.lastIndexOf('.')).includes(letter))
    const end = token.lastIndexOf('.')
    yield [
      `the signature with ${other} for ${letter}`,
      token.slice(0, end) + token.slice(end).replaceAll(letter, other)
    ]
  }
}

/** A token whose last character is the next one of the base64url alphabet: it decodes to the same bytes. */
function nextCharacter(token: string): string {
  const next = { A: 'B', Q: 'R', g: 'h', w: 'x' }[token.at(-1) as 'A' | 'Q' | 'g' | 'w']
  return token.slice(0, -1) + next
}
