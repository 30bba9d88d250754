import { createHmac, createPublicKey, generateKeyPairSync, type JsonWebKey, type KeyObject, sign } from 'node:crypto'
import { createLocalJWKSet, decodeJwt, decodeProtectedHeader, jwtVerify } from 'jose'
import { test } from 'tap'
import { bearer, createClient, PASSWORD, signIn, unique } from './client.ts'
import { refused } from './expectations.ts'

const UUID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/

const encode = (value: unknown) =>
  Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)).toString('base64url')

const stranger = generateKeyPairSync('ec', { namedCurve: 'P-256' })
const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 })
const ed25519 = generateKeyPairSync('ed25519')
const p384 = generateKeyPairSync('ec', { namedCurve: 'P-384' })

/** A token signed by a key that the service has never seen. */
function forge(header: object, payload: unknown, key: KeyObject = stranger.privateKey, hash: string | null = 'sha256') {
  const input = `${encode(header)}.${encode(payload)}`
  return `${input}.${sign(hash, Buffer.from(input), { key, dsaEncoding: 'ieee-p1363' }).toString('base64url')}`
}

function hmac(header: object, payload: unknown, key: string | Buffer, hash = 'sha256') {
  const input = `${encode(header)}.${encode(payload)}`
  return `${input}.${createHmac(hash, key).update(input).digest('base64url')}`
}

test('Access tokens', async (t) => {
  const client = await createClient(t)
  const username = unique('Ada')
  const { access_token: token, user } = await signIn(client, { username })
  const jwks = (await client.request({ path: '/.well-known/jwks.json' })).json
  const [header, payload, signature] = token.split('.') as [string, string, string]
  const { alg, kid, typ } = decodeProtectedHeader(token) as { alg: string; kid: string; typ: string }
  const claims = decodeJwt(token)

  await t.test('GET /.well-known/jwks.json answers with public keys alone', async (t) => {
    const { status, headers, json } = await client.request({ path: '/.well-known/jwks.json' })
    t.equal(status, 200)
    t.equal(headers['cache-control'], 'public, max-age=300')
    t.match(headers['content-type'], /^application\/(?:json|jwk-set\+json)/)
    t.strictSame(Object.keys(json), ['keys'])
    for (const key of json.keys) {
      t.strictSame(Object.keys(key).sort(), ['alg', 'crv', 'kid', 'kty', 'use', 'x', 'y'])
      t.match(key, { kty: 'EC', crv: 'P-256', alg: 'ES256', use: 'sig', kid: /./, x: /^[\w-]{43}$/, y: /^[\w-]{43}$/ })
      t.equal(createPublicKey({ key, format: 'jwk' }).type, 'public', 'a point of the curve')
    }
    t.equal(json.keys.filter((key: { kid: string }) => key.kid === kid).length, 1, 'the one that signs among them')
  })

  await t.test('the header is alg, kid and typ', async (t) => {
    t.strictSame({ ...decodeProtectedHeader(token) }, { alg: 'ES256', kid, typ: 'at+jwt' })
    t.type(kid, 'string')
  })

  await t.test('the claims are those of RFC 9068, sid, and how the user was authenticated', async (t) => {
    const { iat, exp, jti, sid, auth_time, ...rest } = claims as Record<string, unknown>
    const { issuer: iss, audience: aud } = client
    const names = { client_id: iss, preferred_username: username }
    t.strictSame(rest, { iss, aud, sub: user.id, ...names, amr: ['pwd'], acr: 'aal1' })
    t.ok(Number.isInteger(auth_time) && Math.abs(Number(auth_time) - Number(iat)) < 30, 'authenticated now')
    t.ok(Number.isInteger(iat) && Math.abs(Number(iat) - Date.now() / 1000) < 60, 'issued now')
    t.equal(Number(exp) - Number(iat), 900)
    t.match(String(jti), /^.{16,}$/)
    t.match(String(sid), UUID)
  })

  await t.test('preferred_username stands only where there is a username', async (t) => {
    const { access_token } = await signIn(client, { email: `${unique()}@example.com` })
    const names = ['acr', 'amr', 'aud', 'auth_time', 'client_id', 'exp', 'iat', 'iss', 'jti', 'sid', 'sub']
    t.strictSame(Object.keys(decodeJwt(access_token)).sort(), names)
  })

  await t.test('each login has a session and a jti of its own', async (t) => {
    const { json } = await client.request({ path: '/login', body: { username, password: PASSWORD } })
    const other = decodeJwt(json.access_token)
    t.equal(other.sub, claims.sub)
    t.not(other.jti, claims.jti)
    t.not(other.sid, claims.sid)
  })

  await t.test('any JWT library verifies it from the JWKS', async (t) => {
    const { issuer, audience } = client
    const requiredClaims = ['iss', 'aud', 'sub', 'iat', 'exp', 'jti', 'sid']
    const verified = await jwtVerify(token, createLocalJWKSet(jwks), {
      issuer,
      audience,
      requiredClaims,
      algorithms: ['ES256'],
      typ: 'at+jwt'
    })
    t.strictSame({ ...verified.payload }, { ...claims })
    await t.rejects(jwtVerify(`${header}.${encode({ ...claims, sub: 'x' })}.${signature}`, createLocalJWKSet(jwks)))
  })

  await t.test('a token opens /secret and /me as often as it is shown', async (t) => {
    for (const path of ['/secret', '/me', '/secret', '/me']) {
      t.equal((await client.request({ path, headers: bearer(token) })).status, 200)
    }
  })

  await t.test('a forged token is a 401', async (t) => {
    const ours = { alg, kid, typ }
    const publicJwk = jwks.keys.find((key: { kid: string }) => key.kid === kid) as JsonWebKey
    const publicKey = createPublicKey({ key: publicJwk, format: 'jwk' })
    const pem = publicKey.export({ type: 'spki', format: 'pem' })
    const der = publicKey.export({ type: 'spki', format: 'der' })
    const strangerJwk = { ...stranger.publicKey.export({ format: 'jwk' }), kid, alg: 'ES256', use: 'sig' }
    const input = (head: object, body: unknown = claims) => `${encode(head)}.${encode(body)}`
    const flipped = Buffer.from(signature, 'base64url')
    flipped[10] = (flipped[10] as number) ^ 1
    const derSignature = (() => {
      const of = (part: Buffer) => Buffer.concat([Buffer.from([2, 33, 0]), part])
      const raw = Buffer.from(signature, 'base64url')
      return Buffer.concat([Buffer.from([48, 70]), of(raw.subarray(0, 32)), of(raw.subarray(32))]).toString('base64url')
    })()
    const other = Buffer.from(signature, 'base64url')
    const rest =
      0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n - BigInt(`0x${other.toString('hex', 32)}`)
    other.write(rest.toString(16).padStart(64, '0'), 32, 'hex')
    const order = Buffer.from('ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551', 'hex')

    const rows: [string, string][] = [
      ['with the other signature that verifies', `${header}.${payload}.${other.toString('base64url')}`],
      ...['none', 'None', 'NONE', 'nOnE', ''].flatMap((alg): [string, string][] => [
        [`of algorithm "${alg}" without a signature`, `${input({ alg, typ, kid })}.`],
        [`of algorithm "${alg}" with its old signature`, `${input({ alg, typ, kid })}.${signature}`]
      ]),
      ['without an algorithm', `${input({ typ, kid })}.${signature}`],
      ['with null for its algorithm', `${input({ alg: null, typ, kid })}.${signature}`],
      ['with a list of algorithms', `${input({ alg: ['ES256'], typ, kid })}.${signature}`],
      ['of ES256 without a signature', `${header}.${payload}.`],
      ['of two parts', `${header}.${payload}`],
      ['of HS256 with the public key as PEM', hmac({ ...ours, alg: 'HS256' }, claims, pem)],
      ['of HS256 with the trimmed PEM', hmac({ ...ours, alg: 'HS256' }, claims, String(pem).trim())],
      ['of HS256 with the public key as DER', hmac({ ...ours, alg: 'HS256' }, claims, der)],
      ['of HS256 with the public key as JWK', hmac({ ...ours, alg: 'HS256' }, claims, JSON.stringify(publicJwk))],
      ['of HS256 with x of the public key', hmac({ ...ours, alg: 'HS256' }, claims, String(publicJwk.x))],
      ['of HS256 with an empty key', hmac({ ...ours, alg: 'HS256' }, claims, '')],
      ['of HS256 with the kid as key', hmac({ ...ours, alg: 'HS256' }, claims, kid)],
      ['of HS512 with the public key', hmac({ ...ours, alg: 'HS512' }, claims, pem, 'sha512')],
      ['that says ES256 but is HS256', hmac(ours, claims, pem)],
      ['by another key with our kid', forge(ours, claims)],
      ['by another key with an unknown kid', forge({ ...ours, kid: 'unknown' }, claims)],
      ['by another key without a kid', forge({ alg, typ }, claims)],
      ['by an RSA key', forge({ ...ours, alg: 'RS256' }, claims, rsa.privateKey)],
      ['by an Ed25519 key', forge({ ...ours, alg: 'EdDSA' }, claims, ed25519.privateKey, null)],
      ['by a key of another curve', forge({ ...ours, alg: 'ES384' }, claims, p384.privateKey, 'sha384')],
      ['by a key of another curve that says ES256', forge(ours, claims, p384.privateKey)],
      ['by the key that it brings as jwk', forge({ ...ours, jwk: strangerJwk }, claims)],
      ['by the key that it brings as jwk, without a kid', forge({ alg, typ, jwk: strangerJwk }, claims)],
      ['by a key to be fetched from jku', forge({ ...ours, jku: 'http://127.0.0.1:9/jwks.json' }, claims)],
      ['by a key to be fetched from x5u', forge({ ...ours, x5u: 'http://127.0.0.1:9/cert.pem' }, claims)],
      [
        'by the key of x5c',
        forge({ ...ours, x5c: [stranger.publicKey.export({ type: 'spki', format: 'der' }).toString('base64')] }, claims)
      ],
      ['with crit', forge({ ...ours, crit: ['exp'] }, claims)],
      ['with b64', forge({ ...ours, b64: false, crit: ['b64'] }, claims)],
      ...[
        5,
        null,
        [kid],
        { kid },
        true,
        '',
        '__proto__',
        'constructor',
        'toString',
        '../../../dev/null',
        "' OR '1'='1",
        'x'.repeat(2000),
        '\0',
        '\ud800',
        '%s',
        'größe'
      ].map((kid): [string, string] => [
        `with the kid ${JSON.stringify(kid).slice(0, 30)}`,
        forge({ alg, typ, kid }, claims)
      ]),
      ...[undefined, 'JWT', 'jwt', 'at+JWT', 'application/at+jwt', 'id+jwt', '', null, 5, ['at+jwt']].map(
        (typ): [string, string] => [`with the typ ${JSON.stringify(typ)}`, forge({ alg, kid, typ }, claims)]
      ),
      ['of which the typ was taken away', `${encode({ alg, kid })}.${payload}.${signature}`],
      ['of which the typ was changed', `${encode({ alg, kid, typ: 'JWT' })}.${payload}.${signature}`],
      ['of which the header is written otherwise', `${encode({ typ, kid, alg })} .${payload}.${signature}`],
      ['of which the kid was changed', `${encode({ alg, kid: `${kid}x`, typ })}.${payload}.${signature}`],
      ['of which the user was changed', `${header}.${encode({ ...claims, sub: 'admin' })}.${signature}`],
      ['of which the end was changed', `${header}.${encode({ ...claims, exp: 9_999_999_999 })}.${signature}`],
      ['of which the claims were taken away', `${header}.${encode({})}.${signature}`],
      ['of which the payload is empty', `${header}..${signature}`],
      ['of which the payload is no object', `${header}.${encode('null')}.${signature}`],
      ['of which the payload is no JSON', `${header}.${encode('{')}.${signature}`],
      ['of which a bit of the signature was changed', `${header}.${payload}.${flipped.toString('base64url')}`],
      ['with a short signature', `${header}.${payload}.${signature.slice(0, 40)}`],
      ['with half a signature more', `${header}.${payload}.${signature}${signature.slice(0, 40)}`],
      ['with a signature in DER', `${header}.${payload}.${derSignature}`],
      ['with a signature of zeros (CVE-2022-21449)', `${header}.${payload}.${Buffer.alloc(64).toString('base64url')}`],
      [
        'with a signature of the order twice',
        `${header}.${payload}.${Buffer.concat([order, order]).toString('base64url')}`
      ],
      [
        'with the signature of another token',
        `${forge(ours, claims).replace(/[^.]+$/, '')}${signature.slice(0, -4)}AAAA`
      ],
      ['with an empty header', `.${payload}.${signature}`],
      ['with a header that is no JSON', `${encode('rubbish')}.${payload}.${signature}`],
      ['with a header that is null', `${encode('null')}.${payload}.${signature}`],
      ['with a header that is an array', `${encode('[]')}.${payload}.${signature}`],
      ['with a header that is a text', `${encode('"ES256"')}.${payload}.${signature}`],
      [
        'with a header of bytes that are no UTF-8',
        `${Buffer.from([0xff, 0xfe]).toString('base64url')}.${payload}.${signature}`
      ],
      ['with __proto__ in the header', `${encode(`{"__proto__":{"alg":"none"},"kid":"${kid}"}`)}.${payload}.`],
      ['with nesting beyond measure in the header', `${encode(`${'['.repeat(4000)}`)}.${payload}.${signature}`],
      ['of four parts', `${token}.${signature}`],
      ['of five parts, like a JWE', `${header}.${payload}.${payload}.${payload}.${signature}`],
      ['with a dot after it', `${token}.`],
      ['with a dot before it', `.${token}`],
      ['cut in the middle', token.slice(0, token.length / 2)],
      ['without its first character', token.slice(1)],
      ['in JSON, like a JWS', encode({ protected: header, payload, signature })],
      ['of dots', '..'],
      ['of many dots', '.'.repeat(5000)],
      ['of rubbish', 'rubbish'],
      ['long and of rubbish', 'x'.repeat(12_000)]
    ]
    for (const [what, forged] of rows) {
      await t.test(what, async (t) => {
        t.not(forged, token)
        for (const path of ['/secret', '/me']) {
          refused(t, await client.request({ path, headers: bearer(forged) }), 401, 'TOKEN_INVALID')
        }
      })
    }
    t.equal(
      (await client.request({ path: '/secret', headers: bearer(token) })).status,
      200,
      'the true one is still good'
    )
  })

  await t.test('a thousand forged kids at once do no harm', async (t) => {
    const forged = Array.from({ length: 1000 }, (_, i) => forge({ alg, typ, kid: `unknown-${i}` }, claims))
    const answers = await Promise.all(forged.map((it) => client.request({ path: '/secret', headers: bearer(it) })))
    t.strictSame(new Set(answers.map(({ status, json }) => `${status} ${json.code}`)), new Set(['401 TOKEN_INVALID']))
    t.equal((await client.request({ path: '/me', headers: bearer(token) })).status, 200)
  })
})
