import { test } from 'tap'
import { type Code, createVerifier, Problem, type VerifierOptions } from '../src/index.ts'
import { claimsOf, createClock, createKey, createPublisher, ISSUER, issue, NOW } from './issuer.ts'

const key = createKey()

function setUp(options: Partial<VerifierOptions> = {}) {
  const clock = createClock()
  const publisher = createPublisher(key)
  const verifier = createVerifier({ issuer: ISSUER, fetch: publisher.fetch, now: clock.now, ...options })
  const codeOf = async (token: string) => {
    try {
      await verifier.verify(token)
      return 'accepted'
    } catch (error) {
      return (error as Problem).code
    }
  }
  return { ...verifier, clock, publisher, codeOf }
}

test('the claims of a token are those that the service wrote', async (t) => {
  const { verify, publisher } = setUp()
  const claims = { ...claimsOf(), roles: ['editor'] }
  t.strictSame(await verify(issue(key, claims)), claims)
  t.strictSame(
    publisher.requests.map(({ url }) => url),
    [`${ISSUER}/.well-known/jwks.json`]
  )
})

test('a token that was verified before is answered at once, with claims that nobody can change', async (t) => {
  const { verify } = setUp()
  const token = issue(key, { roles: ['editor'], address: { country: null } })
  const first = verify(token)
  t.ok(first instanceof Promise)
  const claims = await first
  t.equal(verify(token), claims)
  for (const part of [claims, claims.roles, claims.amr, Reflect.get(claims, 'address')]) t.ok(Object.isFrozen(part))
})

test('a remembered token is refused once it has expired, and not a second earlier', async (t) => {
  const { verify, clock, codeOf } = setUp({ clockTolerance: 0 })
  const token = issue(key)
  await verify(token)
  clock.advance(899)
  await verify(token)
  t.not(verify(token) instanceof Promise, true)
  clock.advance(1)
  t.equal(await codeOf(token), 'TOKEN_EXPIRED')
})

test('the clocks may differ by a second, or as much as configured', async (t) => {
  const cases: [tolerance: number | undefined, claims: object, code: 'accepted' | Code][] = [
    [undefined, { exp: NOW }, 'accepted'],
    [undefined, { exp: NOW - 1 }, 'TOKEN_EXPIRED'],
    [undefined, { iat: NOW + 1 }, 'accepted'],
    [undefined, { iat: NOW + 2 }, 'TOKEN_INVALID'],
    [undefined, { nbf: NOW + 1 }, 'accepted'],
    [undefined, { nbf: NOW + 2 }, 'TOKEN_INVALID'],
    [0, { exp: NOW }, 'TOKEN_EXPIRED'],
    [0, { iat: NOW + 1 }, 'TOKEN_INVALID'],
    [30, { exp: NOW - 29, iat: NOW + 30 }, 'accepted']
  ]
  for (const [clockTolerance, claims, code] of cases) {
    const { codeOf } = setUp(clockTolerance === undefined ? {} : { clockTolerance })
    t.equal(await codeOf(issue(key, claims)), code, JSON.stringify({ clockTolerance, claims }))
  }
})

test('what a token may be like', async (t) => {
  const { sid: _, ...withoutSession } = claimsOf()
  const cases: [what: string, claims: object | string, options?: Partial<VerifierOptions>, header?: object][] = [
    ['several audiences', { aud: ['https://other.example', ISSUER] }],
    ['another audience', { aud: 'api' }, { audience: 'api' }],
    ['no client', { client_id: undefined }],
    ['a client of its own, with a session', { client_id: 'app' }],
    ['a client of its own, without a session', JSON.stringify({ ...withoutSession, client_id: 'app' })],
    ['an actor, if that is allowed', { act: { sub: 'support' } }, { allowActor: true }],
    ['claims that nobody knows', { 'https://example.com/plan': 'gold' }],
    ['a header of keys, which is ignored', {}, {}, { jku: 'https://evil.example', x5u: 'https://evil.example' }],
    ['a byte order mark, which jose ignores', `\ufeff${JSON.stringify(claimsOf())}`],
    [
      'a claim twice: the last one counts, as RFC 7519 §4 allows',
      `{"aud":"elsewhere",${JSON.stringify(claimsOf()).slice(1)}`
    ],
    ['the full media type (RFC 9068 §4)', {}, {}, { typ: 'application/at+jwt' }]
  ]
  for (const [what, claims, options, header] of cases) {
    t.equal(await setUp(options).codeOf(issue(key, claims, header)), 'accepted', what)
  }
})

test('roles count as a list of text, scopes as text, and anything else as none', async (t) => {
  const { verify, require } = setUp()
  const oddities = ['superadmin', 'admin', [['admin']], ['admin', 5], [null], { admin: true }, 1, true, null]
  for (const roles of oddities) {
    const claims = await verify(issue(key, { roles }))
    t.notOk('roles' in claims, JSON.stringify(roles))
    t.throws(() => require(claims, { roles: ['admin'] }), { code: 'FORBIDDEN' })
  }
  for (const scope of [['read'], { read: true }, 1, true, null]) {
    const claims = await verify(issue(key, { scope }))
    t.notOk('scope' in claims, JSON.stringify(scope))
    t.throws(() => require(claims, { scopes: ['read'] }), { code: 'FORBIDDEN' })
  }
  const claims = await verify(issue(key, { roles: ['admin'], scope: 'read write' }))
  t.equal(require(claims, { roles: ['admin'], scopes: ['write'] }), undefined)
})

test('a verifier that could verify nothing, or the wrong tokens, is not made', async (t) => {
  const cases: [options: Partial<VerifierOptions>, message: string][] = [
    [{ issuer: 'auth.example.com' }, 'issuer must be a URL of http or https'],
    [{ issuer: 'ftp://auth.example.com' }, 'issuer must be a URL of http or https'],
    [{ issuer: undefined as never }, 'issuer must be a URL of http or https'],
    [{ issuer: `${ISSUER}/` }, 'issuer must not end with a slash'],
    [{ jwksUri: '/jwks.json' }, 'jwksUri must be a URL of http or https'],
    [{ audience: '' }, 'audience must be a text'],
    [{ audience: [ISSUER] as never }, 'audience must be a text'],
    [{ clockTolerance: -1 }, 'clockTolerance must be 0 or more'],
    [{ clockTolerance: Number.POSITIVE_INFINITY }, 'clockTolerance must be 0 or more'],
    [{ clockTolerance: '5' as never }, 'clockTolerance must be 0 or more'],
    [{ allowActor: 'false' as never }, 'allowActor must be true or false']
  ]
  for (const [options, message] of cases) t.throws(() => setUp(options), new TypeError(message))
})

test('the keys may be at another address, and are fetched by the global function', async (t) => {
  const publisher = createPublisher(key)
  const { now } = createClock()
  const { verify } = createVerifier({ issuer: ISSUER, jwksUri: 'http://latchkey:3000/jwks', now })
  t.intercept(globalThis, 'fetch', { value: publisher.fetch })
  await verify(issue(key))
  t.equal(publisher.requests[0]?.url, 'http://latchkey:3000/jwks')
})

test('without a clock, the time is that of the process', async (t) => {
  const { verify } = createVerifier({ issuer: ISSUER, fetch: createPublisher(key).fetch })
  const claims = claimsOf(Math.floor(Date.now() / 1000))
  t.strictSame(await verify(issue(key, claims)), claims)
})

test('a refusal has the internal reason, and tells the client none of it', async (t) => {
  const { verify } = setUp()
  const problem = await Promise.resolve(verify(issue(key, { aud: 'elsewhere' }))).catch((error: unknown) => error)
  t.ok(problem instanceof Problem)
  t.match(problem, { cause: { code: 'ERR_JWT_CLAIM_VALIDATION_FAILED', claim: 'aud' } })
  t.equal(
    JSON.stringify(problem),
    '{"statusCode":401,"error":"Unauthorized","code":"TOKEN_INVALID","message":"The token is not valid."}'
  )
})
