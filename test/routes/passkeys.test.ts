import { randomBytes, randomUUID } from 'node:crypto'
import type { FastifyInstance } from 'fastify'
import { type Test, test } from 'tap'
import { sql } from '../../src/database/sql.ts'
import { makeRecoveryCodes } from '../../src/factors/recovery-codes.ts'
import { answer, BEARER, bearer, build, PASSWORD, post, refusal, signIn, testClock } from '../helpers/app.ts'
import { type Changes, createAuthenticator } from '../helpers/authenticator.ts'
import { requireStep } from '../helpers/enrolled.ts'
import { letters, tokenOf } from '../helpers/letters.ts'
import { addPasskeyTo, ORIGIN, recorded, signInOptions, signInWith } from '../helpers/passkeys.ts'

const REJECTED = {
  statusCode: 400,
  body: refusal(400, 'Bad Request', 'PASSKEY_REJECTED', 'The passkey cannot be registered.')
}
const NOT_FOUND = { statusCode: 404, body: refusal(404, 'Not Found', 'NOT_FOUND', 'There is nothing here.') }
const DONE = { statusCode: 204, body: '' }
const invalid = (...errors: [path: string, message: string][]) => ({
  statusCode: 400,
  body: refusal(
    400,
    'Bad Request',
    'VALIDATION_FAILED',
    'The request does not fit its schema.',
    errors.map(([path, message]) => ({ path, message }))
  )
})
const TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/

let count = 0
/** An account of its own, signed in. */
async function begin(fastify: FastifyInstance) {
  const { access_token: token, user } = await signIn(fastify, { username: `user${count++}` })
  const session = (await fastify.tokens.verify(token)).sid
  await recorded(fastify)
  return { token, user, session }
}

const list = (fastify: FastifyInstance, token: string) => fastify.inject({ url: '/passkeys', headers: bearer(token) })
const listed = async (fastify: FastifyInstance, token: string) => (await list(fastify, token)).json().passkeys
const remove = (fastify: FastifyInstance, token: string, id: string) =>
  fastify.inject({ method: 'DELETE', url: `/passkeys/${id}`, headers: bearer(token) })
const rename = (fastify: FastifyInstance, token: string, id: string, payload: object) =>
  fastify.inject({ method: 'PATCH', url: `/passkeys/${id}`, headers: bearer(token), payload })

test('the passkeys of a user', async (t) => {
  const clock = testClock()
  const fastify = await build(t, { clock })

  await t.test('are registered, listed and recorded', async (t) => {
    const { token, user, session } = await begin(fastify)
    t.strictSame(answer(await list(fastify, token)), {
      statusCode: 200,
      body: {
        rp_id: 'localhost',
        user_handle: Buffer.from(user.id.replaceAll('-', ''), 'hex').toString('base64url'),
        passkeys: []
      }
    })
    const { authenticator, response } = await addPasskeyTo(fastify, token)
    const first = response.json()
    t.match(first, { id: /^[\da-f-]{36}$/, created_at: TIME })
    t.strictSame(answer(response), {
      statusCode: 201,
      body: {
        id: first.id,
        credential_id: authenticator.id,
        name: 'Passkey',
        created_at: first.created_at,
        last_used_at: null,
        backup_eligible: false,
        backed_up: false
      }
    })
    const about = { account: user.id, session, detail: null }
    t.strictSame(await recorded(fastify), [{ action: 'passkey added', ...about }])

    const kind = { synced: true, aaguid: 'bada5566-a7aa-401f-bd96-45619a55120d' }
    const second = (await addPasskeyTo(fastify, token, { kind })).response.json()
    t.match(second, { name: '1Password', backup_eligible: true, backed_up: true })
    const third = (await addPasskeyTo(fastify, token, { kind, name: 'Ada’s 📱' })).response.json()
    t.equal(third.name, 'Ada’s 📱')
    t.equal((await signInWith(fastify, authenticator)).statusCode, 200)
    const [used, ...others] = await listed(fastify, token)
    t.match(used, { id: first.id, last_used_at: TIME })
    t.strictSame(others, [second, third])
  })

  await t.test('are rejected if anything about them is wrong', async (t) => {
    const { token } = await begin(fastify)
    const other = await begin(fastify)
    const challengeOf = async (path: string, bearerToken: string) =>
      (await post(fastify, path, {}, bearer(bearerToken))).json().public_key.challenge
    const rows: [what: string, changes: Changes][] = [
      ['not a challenge', { challenge: 'AAAA' }],
      ['a challenge of a sign-in', { challenge: (await signInOptions(fastify)).challenge }],
      ['the challenge of another session', { challenge: await challengeOf('/passkeys/options', other.token) }],
      ['an answer of another kind', { type: 'webauthn.get' }],
      ['another origin', { origin: 'https://localhost:3000' }],
      ['another port', { origin: 'http://localhost:3001' }],
      ['a frame in a page of another origin', { crossOrigin: true }],
      ['a page around it', { topOrigin: ORIGIN }],
      ['another RP ID', { rpId: 'example.com' }],
      ['no user', { userPresent: false }],
      ['no verification of the user', { userVerified: false }],
      ['another algorithm', { alg: -36 }],
      ['another attestation', { fmt: 'fido-u2f' }],
      ['a broken attestation object', { attestationObject: Buffer.from('a0', 'hex') }],
      ['no CBOR', { attestationObject: Buffer.from('ff'.repeat(2000), 'hex') }],
      ['client data that is no object', { clientData: 'null' }],
      ['client data that is no JSON', { clientData: '{' }],
      ['another raw id', { rawId: 'AAAA' }],
      ['no public key', { credentialType: 'password' }]
    ]
    for (const [what, changes] of rows) {
      t.strictSame(answer((await addPasskeyTo(fastify, token, { changes })).response), REJECTED, what)
    }
    const long = { credentialId: randomBytes(1024) }
    t.strictSame(answer((await addPasskeyTo(fastify, token, { kind: long })).response), REJECTED, 'a long id')
    t.strictSame(await recorded(fastify), [])
    const longest = { credentialId: randomBytes(1023) }
    t.equal((await addPasskeyTo(fastify, token, { kind: longest })).response.statusCode, 201)
  })

  await t.test('are registered once, and each challenge is good for one', async (t) => {
    const { token } = await begin(fastify)
    const options = (await post(fastify, '/passkeys/options', {}, bearer(token))).json().public_key
    const authenticator = createAuthenticator(ORIGIN)
    const credential = authenticator.create(options)
    const responses = await Promise.all(
      Array.from({ length: 10 }, () => post(fastify, '/passkeys', { credential }, bearer(token)))
    )
    t.strictSame(
      responses.map(({ statusCode }) => statusCode).sort(),
      [201, ...Array.from({ length: 9 }, () => 400)],
      'of any number at once, one'
    )
    t.strictSame(answer(await post(fastify, '/passkeys', { credential }, bearer(token))), REJECTED)
    const another = createAuthenticator(ORIGIN).create(options)
    t.strictSame(answer(await post(fastify, '/passkeys', { credential: another }, bearer(token))), REJECTED)

    const thief = await begin(fastify)
    const { response } = await addPasskeyTo(fastify, thief.token, {
      kind: { credentialId: authenticator.credentialId }
    })
    t.strictSame(answer(response), REJECTED, 'not with the id of another')
    t.equal((await listed(fastify, token)).length, 1)
  })

  await t.test('are registered within five minutes', async (t) => {
    const { token } = await begin(fastify)
    const [early, late] = [createAuthenticator(ORIGIN), createAuthenticator(ORIGIN)]
    const create = async (authenticator: typeof early) =>
      authenticator.create((await post(fastify, '/passkeys/options', {}, bearer(token))).json().public_key)
    const credentials = [await create(early), await create(late)]
    const statuses: number[] = []
    for (const [seconds, credential] of [
      [295, credentials[0]],
      [10, credentials[1]]
    ] as const) {
      clock.advance(seconds)
      statuses.push((await post(fastify, '/passkeys', { credential }, bearer(token))).statusCode)
    }
    t.strictSame(statuses, [201, 400])
  })

  await t.test('are twenty at most, also when they come all at once', async (t) => {
    const { token } = await begin(fastify)
    for (let made = 0; made < 18; made += 1) await addPasskeyTo(fastify, token)
    const responses = await Promise.all(Array.from({ length: 4 }, () => addPasskeyTo(fastify, token)))
    t.strictSame(responses.map(({ response }) => response.statusCode).sort(), [201, 201, 403, 403])
    t.equal((await listed(fastify, token)).length, 20)
    t.strictSame(answer((await addPasskeyTo(fastify, token)).response), {
      statusCode: 403,
      body: refusal(403, 'Forbidden', 'FORBIDDEN', 'An account has at most 20 passkeys.')
    })
  })

  await t.test('are renamed by their owner', async (t) => {
    const { token, user, session } = await begin(fastify)
    const passkey = (await addPasskeyTo(fastify, token)).response.json()
    await recorded(fastify)
    const response = await rename(fastify, token, passkey.id, { name: 'Küche' })
    t.strictSame(answer(response), { statusCode: 200, body: { ...passkey, name: 'Küche' } })
    t.strictSame(await recorded(fastify), [{ action: 'passkey renamed', account: user.id, session, detail: null }])

    const thief = await begin(fastify)
    for (const id of [passkey.id, randomUUID()]) {
      t.strictSame(answer(await rename(fastify, thief.token, id, { name: 'Mine' })), NOT_FOUND)
    }
    const rows: [payload: object, path: string, message: string][] = [
      [{}, '/name', 'is required'],
      [{ name: '' }, '/name', 'must have at least 1 characters'],
      [{ name: 'x'.repeat(65) }, '/name', 'must have at most 64 characters'],
      [{ name: 'a\tb' }, '/name', 'must be text without control characters'],
      [{ name: 'a\u0085b' }, '/name', 'must be text without control characters'],
      [{ name: 7 }, '/name', 'must be string'],
      [{ name: 'a', color: 'red' }, '/color', 'is not a known key']
    ]
    for (const [payload, path, message] of rows) {
      const response = await rename(fastify, token, passkey.id, payload)
      t.strictSame(answer(response), invalid([path, message]), JSON.stringify(payload))
    }
    t.equal((await listed(fastify, token))[0].name, 'Küche')
  })

  await t.test('are deleted by their owner', async (t) => {
    const { token, user, session } = await begin(fastify)
    const { authenticator, response } = await addPasskeyTo(fastify, token)
    const { id } = response.json()
    await recorded(fastify)
    const thief = await begin(fastify)
    t.strictSame(answer(await remove(fastify, thief.token, id)), NOT_FOUND)
    t.strictSame(answer(await remove(fastify, token, randomUUID())), NOT_FOUND)
    t.strictSame(answer(await remove(fastify, token, id)), DONE)
    t.strictSame(answer(await remove(fastify, token, id)), NOT_FOUND)
    t.match(await recorded(fastify), [{ action: 'passkey removed', account: user.id, session, detail: null }])
    t.strictSame(await listed(fastify, token), [])
    t.equal((await signInWith(fastify, authenticator)).json().code, 'PASSKEY_UNKNOWN')
  })
})

test('with the last factor, what it was required for goes too', async (t) => {
  const fastify = await build(t)
  const { user, access_token } = await signIn(fastify, { username: 'ada' })
  const database = fastify.database.open()
  const { authenticator, response } = await addPasskeyTo(fastify, access_token)
  await requireStep(database, user.id)
  await makeRecoveryCodes(database, fastify.deriveKey('recovery codes'), user.id)
  const { access_token: token } = (await signInWith(fastify, authenticator)).json()
  const second = (await addPasskeyTo(fastify, token)).response.json()
  const login = () => post(fastify, '/login', { username: 'ada', password: PASSWORD })
  const begun = (await login()).json().challenge

  await recorded(fastify)
  t.strictSame(answer(await remove(fastify, token, response.json().id)), DONE)
  t.equal((await login()).statusCode, 403, 'another passkey is still required')
  const late = await post(fastify, '/login/mfa', { mfa_token: begun.mfa_token, recovery_code: 'x' })
  t.equal(late.json().code, 'MFA_TOKEN_INVALID', 'steps that had begun are void')

  await recorded(fastify)
  t.strictSame(answer(await remove(fastify, token, second.id)), DONE)
  const about = { account: user.id, session: (await fastify.tokens.verify(token)).sid, detail: null }
  t.strictSame(await recorded(fastify), [
    { action: 'passkey removed', ...about },
    { action: 'second step not required', ...about }
  ])
  t.equal((await login()).statusCode, 200)
  t.strictSame(await database.query(sql`SELECT FROM recovery_codes`), [])
})

test('the last way to sign in is not deleted', async (t) => {
  const fastify = await build(t)
  const database = fastify.database.open()
  const LAST = {
    statusCode: 409,
    body: refusal(409, 'Conflict', 'LAST_CREDENTIAL', 'Without it there would be no way to sign in.')
  }
  async function owner(name: { username: string } | { email: string }, change = sql`password_hash = NULL`) {
    const { user, access_token: token } = await signIn(fastify, name)
    const { id } = (await addPasskeyTo(fastify, token)).response.json()
    await database.query(sql`UPDATE users SET ${change} WHERE id = ${user.id}`)
    return { token, id }
  }

  const ada = await owner({ username: 'ada' })
  t.strictSame(answer(await remove(fastify, ada.token, ada.id)), LAST)
  t.equal((await listed(fastify, ada.token)).length, 1)
  const { id } = (await addPasskeyTo(fastify, ada.token)).response.json()
  t.strictSame(answer(await remove(fastify, ada.token, ada.id)), DONE, 'another passkey is one')
  t.strictSame(answer(await remove(fastify, ada.token, id)), LAST)

  const unverified = await owner({ email: 'grace@example.com' })
  t.strictSame(answer(await remove(fastify, unverified.token, unverified.id)), LAST)
  const verified = await owner({ email: 'alan@example.com' }, sql`password_hash = NULL, email_verified = true`)
  t.strictSame(answer(await remove(fastify, verified.token, verified.id)), DONE, 'a verified address is one')
})

test('a verified address is told', async (t) => {
  const fastify = await build(t)
  const { user, access_token: token } = await signIn(fastify, { email: 'ada@example.com' })
  await post(fastify, '/email/verify', { token: await tokenOf(fastify, 'verify-email'), password: PASSWORD })
  // In any order: both letters of one request may be sent at once.
  const told = async () => (await letters(fastify)).map(({ template, variables }) => [template, variables?.what])

  const { response } = await addPasskeyTo(fastify, token)
  t.strictSame(await told(), [['security-notice', { text: 'passkey added' }]])
  await requireStep(fastify.database.open(), user.id)
  await fastify.database.open().query(sql`UPDATE users SET mfa_required = false`)
  await remove(fastify, token, response.json().id)
  t.strictSame(await told(), [['security-notice', { text: 'passkey deleted' }]])

  const { authenticator, response: again } = await addPasskeyTo(fastify, token)
  await requireStep(fastify.database.open(), user.id)
  const strong = (await signInWith(fastify, authenticator)).json().access_token
  await letters(fastify)
  await remove(fastify, strong, again.json().id)
  t.strictSame(await told(), [['security-notice', { text: 'second step off' }]])
})

test('changes of passkeys ask for a fresh access token', async (t) => {
  const clock = testClock()
  const fastify = await build(t, { clock })
  const { token, session } = await begin(fastify)
  const { authenticator, response } = await addPasskeyTo(fastify, token)
  const { id } = response.json()
  const credential = authenticator.create(
    (await post(fastify, '/passkeys/options', {}, bearer(token))).json().public_key
  )
  clock.advance(601)

  const requests = {
    options: () => post(fastify, '/passkeys/options', {}, bearer(token)),
    registration: () => post(fastify, '/passkeys', { credential }, bearer(token)),
    'a registration that does not fit': () => post(fastify, '/passkeys', {}, bearer(token)),
    deletion: () => remove(fastify, token, id)
  }
  for (const [what, send] of Object.entries(requests)) {
    const refused = await send()
    t.match(
      answer(refused),
      {
        statusCode: 401,
        body: { code: 'STEP_UP_REQUIRED', challenge: { factors: ['passkey', 'password'], expires_in: 300 } }
      },
      what
    )
    t.match(refused.headers, {
      'www-authenticate': 'Bearer error="insufficient_user_authentication", max_age=600'
    })
  }
  t.equal((await rename(fastify, token, id, { name: 'a' })).statusCode, 200)
  t.equal((await list(fastify, token)).statusCode, 200)

  const { challenge } = (await requests.deletion()).json()
  const proof = authenticator.get(challenge.public_key)
  const stepUp = await post(fastify, '/token/step-up', { credential: proof }, bearer(token))
  t.equal(stepUp.statusCode, 200)
  t.match(await fastify.tokens.verify(stepUp.json().access_token), { sid: session, acr: 'aal2' })
  t.strictSame(answer(await remove(fastify, stepUp.json().access_token, id)), DONE)
})

test('they need a living session', async (t) => {
  const fastify = await build(t)
  const { token } = await begin(fastify)
  const { response } = await addPasskeyTo(fastify, token)
  const url = `/passkeys/${response.json().id}`
  const requests = [
    { method: 'GET', url: '/passkeys' },
    { method: 'POST', url: '/passkeys' },
    { method: 'POST', url: '/passkeys/options' },
    { method: 'PATCH', url },
    { method: 'DELETE', url }
  ] as const
  for (const request of requests) {
    const missing = await fastify.inject(request)
    t.match(missing.headers, BEARER)
    t.equal(missing.json().code, 'TOKEN_MISSING')
  }
  await fastify.database.open().query(sql`UPDATE sessions SET ended_at = now(), end_reason = 'logged out'`)
  for (const request of requests) {
    t.equal((await fastify.inject({ ...request, headers: bearer(token) })).json().code, 'TOKEN_INVALID')
  }
})

test('what a browser answers is read leniently, and its types strictly', async (t: Test) => {
  const fastify = await build(t)
  const { token } = await begin(fastify)
  const create = async () =>
    createAuthenticator(ORIGIN).create((await post(fastify, '/passkeys/options', {}, bearer(token))).json().public_key)
  const send = async (body: object) => answer(await post(fastify, '/passkeys', body, bearer(token)))

  const credential = await create()
  const more = { ...credential, nonsense: 1, response: { ...credential.response, publicKeyAlgorithm: -7, x: null } }
  t.equal((await send({ credential: more })).statusCode, 201)
  const second = await create()
  const { transports: _, ...bare } = second.response
  t.equal((await send({ credential: { ...second, response: bare } })).statusCode, 201, 'without transports')
  const mixed = { ...(await create()), response: (await create()).response }
  t.strictSame(await send({ credential: mixed }), REJECTED, 'the id of another')
  const odd = createAuthenticator(ORIGIN)
  const options = (await post(fastify, '/passkeys/options', {}, bearer(token))).json().public_key
  const oddTransports = odd.create(options, { transports: ['telepathy', 'x'.repeat(5000), 'usb', 'usb'] })
  t.equal((await send({ credential: oddTransports })).statusCode, 201)
  t.strictSame(
    await fastify.database.open().query(sql`SELECT transports FROM passkeys WHERE credential_id = ${odd.credentialId}`),
    [{ transports: ['usb'] }]
  )

  const rows: [body: object, ...errors: [path: string, message: string][]][] = [
    [{}, ['/credential', 'is required']],
    [{ credential, nonsense: 1 }, ['/nonsense', 'is not a known key']],
    [{ credential: 'text' }, ['/credential', 'must be object']],
    [{ credential: [] }, ['/credential', 'must be object']],
    [{ credential: null }, ['/credential', 'must be object']],
    [
      { credential: {} },
      ['/credential/id', 'is required'],
      ['/credential/rawId', 'is required'],
      ['/credential/type', 'is required'],
      ['/credential/response', 'is required']
    ],
    [{ credential: { ...credential, id: 7 } }, ['/credential/id', 'must be string']],
    [{ credential: { ...credential, response: 'text' } }, ['/credential/response', 'must be object']],
    [
      { credential: { ...credential, response: {} } },
      ['/credential/response/clientDataJSON', 'is required'],
      ['/credential/response/attestationObject', 'is required']
    ],
    [
      { credential: { ...credential, response: { ...credential.response, transports: 'usb' } } },
      ['/credential/response/transports', 'must be array']
    ],
    [
      { credential: { ...credential, response: { ...credential.response, transports: [{}] } } },
      ['/credential/response/transports/0', 'must be string']
    ]
  ]
  for (const [body, ...errors] of rows) t.strictSame(await send(body), invalid(...errors), JSON.stringify(body))
})

test('there are none where browsers have none', async (t) => {
  const fastify = await build(t, { environment: { PUBLIC_URL: 'https://192.0.2.1' } })
  const { token } = await begin(fastify)
  t.equal(fastify.passkeys, undefined)
  for (const url of [
    '/passkeys',
    '/passkeys/options',
    `/passkeys/${randomUUID()}`,
    '/login/passkey',
    '/login/passkey/options'
  ]) {
    t.strictSame(answer(await post(fastify, url, {}, bearer(token))), NOT_FOUND, url)
    t.strictSame(answer(await fastify.inject({ url, headers: bearer(token) })), NOT_FOUND, url)
  }
})
