import type { FastifyInstance } from 'fastify'
import { type Test, test } from 'tap'
import { sql } from '../../../src/database/sql.ts'
import { makeRecoveryCodes } from '../../../src/factors/recovery-codes.ts'
import { bearer, build, PASSWORD, post, signIn, testClock } from '../../helpers/app.ts'
import type { Changes } from '../../helpers/authenticator.ts'
import { enrolPasskey, requireStep } from '../../helpers/enrolled.ts'
import { meanwhile } from '../../helpers/meanwhile.ts'
import { addPasskeyTo, recorded, signInOptions, signInWith } from '../../helpers/passkeys.ts'

const CODE_INVALID = [401, 'MFA_CODE_INVALID']
const codeOf = async (response: Promise<{ statusCode: number; json(): { code?: string } }>) => {
  const { statusCode, json } = await response
  return [statusCode, json().code]
}

/** An account that requires a second step, and has a passkey. */
async function begin(fastify: FastifyInstance, username: string) {
  const { user, access_token: token } = await signIn(fastify, { username })
  const { authenticator } = await addPasskeyTo(fastify, token)
  await requireStep(fastify.database.open(), user.id)
  return { user, token, authenticator, username }
}

const passwordOf = async (fastify: FastifyInstance, username: string) =>
  (await post(fastify, '/login', { username, password: PASSWORD })).json().challenge

const secondStep = (fastify: FastifyInstance, mfa_token: string, credential: object) =>
  post(fastify, '/login/mfa', { mfa_token, credential })

test('a passkey as the second step', async (t) => {
  const fastify = await build(t)
  const ada = await begin(fastify, 'ada')
  const eve = await begin(fastify, 'eve')
  await recorded(fastify)

  await t.test('is asked for among those of the account, and signs in', async (t) => {
    const challenge = await passwordOf(fastify, 'ada')
    t.match(challenge, {
      factors: ['passkey'],
      expires_in: 300,
      public_key: {
        rpId: 'localhost',
        allowCredentials: [{ id: ada.authenticator.id, type: 'public-key', transports: ['internal'] }],
        userVerification: 'required',
        timeout: 300000
      }
    })
    const credential = ada.authenticator.get(challenge.public_key)
    const response = await secondStep(fastify, challenge.mfa_token, credential)
    t.equal(response.statusCode, 200)
    const claims = await fastify.tokens.verify(response.json().access_token)
    t.strictSame([claims.acr, claims.amr], ['aal2', ['pwd', 'pop', 'user', 'mfa']])
    t.match(await recorded(fastify), [
      { action: 'second step asked', account: ada.user.id },
      { action: 'login', account: ada.user.id, detail: { method: 'passkey' } }
    ])
  })

  await t.test('answers the challenge of this very step, and is of the account', async (t) => {
    const refused = async (what: string, credentialOf: (publicKey: never) => object | Promise<object>) => {
      const { mfa_token, public_key } = await passwordOf(fastify, 'ada')
      t.strictSame(
        await codeOf(secondStep(fastify, mfa_token, await credentialOf(public_key as never))),
        CODE_INVALID,
        what
      )
    }
    const own = (changes: Changes) => (publicKey: never) => ada.authenticator.get(publicKey, changes)
    await refused('a challenge of a sign-in', async () => ada.authenticator.get(await signInOptions(fastify)))
    const other = await passwordOf(fastify, 'ada')
    await refused('a challenge of another step', () => ada.authenticator.get(other.public_key))
    await refused('a passkey of another account', (publicKey) => eve.authenticator.get(publicKey))
    await refused('another user handle', own({ userHandle: 'AAAA' }))
    await refused('no user handle', own({ userHandle: undefined }))
    await refused('another origin', own({ origin: 'https://evil.example' }))
    await refused('no verification', own({ userVerified: false }))
    await refused('a wrong signature', own({ signature: () => Buffer.alloc(70) }))
    await refused('an id of nobody', (publicKey) => ({
      ...ada.authenticator.get(publicKey),
      id: 'AAAA',
      rawId: 'AAAA'
    }))
    await refused('an id that is none', (publicKey) => ({ ...ada.authenticator.get(publicKey), id: '=', rawId: '=' }))
    await recorded(fastify)
  })

  await t.test('does not sign in elsewhere', async (t) => {
    const { public_key } = await passwordOf(fastify, 'ada')
    const credential = ada.authenticator.get(public_key)
    t.strictSame(await codeOf(post(fastify, '/login/passkey', { credential })), [401, 'PASSKEY_INVALID'])
    await recorded(fastify)
  })

  await t.test('is used once, of any number at once', async (t) => {
    const { mfa_token, public_key } = await passwordOf(fastify, 'ada')
    const credential = ada.authenticator.get(public_key)
    const responses = await Promise.all(Array.from({ length: 4 }, () => secondStep(fastify, mfa_token, credential)))
    t.strictSame(responses.map(({ statusCode }) => statusCode).sort(), [200, 401, 401, 401])
    await recorded(fastify)
  })

  await t.test('raises the alarm if it may have been copied, once for an answer', async (t) => {
    const { mfa_token, public_key } = await passwordOf(fastify, 'ada')
    const credential = ada.authenticator.get(public_key, { counter: 1 })
    t.strictSame(await codeOf(secondStep(fastify, mfa_token, credential)), CODE_INVALID)
    t.strictSame(await codeOf(secondStep(fastify, mfa_token, credential)), CODE_INVALID)
    const records = (await recorded(fastify)).map((record) => (record as { action: string }).action)
    t.strictSame(records, ['second step asked', 'second factor failed', 'passkey cloned', 'second factor failed'])
    const right = ada.authenticator.get(public_key)
    t.equal((await secondStep(fastify, mfa_token, right)).statusCode, 401, 'the challenge is used up')
  })

  await t.test('that was deleted meanwhile does not sign in', async (t) => {
    const credential = ada.authenticator.get(await signInOptions(fastify))
    const database = fastify.database.open()
    meanwhile(fastify, 1, () => database.query(sql`DELETE FROM passkeys WHERE user_id = ${ada.user.id}`))
    t.strictSame(await codeOf(post(fastify, '/login/passkey', { credential })), [401, 'PASSKEY_INVALID'])
    const records = (await recorded(fastify)).map((record) => (record as { action: string }).action)
    t.notOk(records.includes('passkey cloned'))
  })
})

test('a passkey at a step-up', async (t) => {
  const clock = testClock()
  const fastify = await build(t, { clock })
  const { authenticator, token } = await begin(fastify, 'ada')
  const { access_token } = (await signInWith(fastify, authenticator)).json()
  clock.advance(601)
  const challengeOf = async (given: string) =>
    (await post(fastify, '/passkeys/options', {}, bearer(given))).json().challenge.public_key
  const stepUp = (given: string, credential: object) => post(fastify, '/token/step-up', { credential }, bearer(given))

  const refusals: [what: string, credential: object][] = [
    ['a challenge of a sign-in', authenticator.get(await signInOptions(fastify))],
    ['a challenge of another session', authenticator.get(await challengeOf(token))]
  ]
  for (const [what, credential] of refusals) {
    t.strictSame(await codeOf(stepUp(access_token, credential)), CODE_INVALID, what)
  }
  const credential = authenticator.get(await challengeOf(access_token))
  const fresh = await stepUp(access_token, credential)
  t.equal(fresh.statusCode, 200)
  t.equal((await post(fastify, '/passkeys/options', {}, bearer(fresh.json().access_token))).statusCode, 200)
  t.strictSame(await codeOf(stepUp(access_token, credential)), CODE_INVALID, 'once')
})

test('a passkey of another RP ID', async (t) => {
  const fastify = await build(t)
  const database = fastify.database.open()
  const { user, access_token } = await signIn(fastify, { username: 'ada' })
  const headers = bearer(access_token)
  const { authenticator, response } = await addPasskeyTo(fastify, access_token)
  const { id } = response.json()
  await database.query(sql`UPDATE passkeys SET rp_id = 'old.example.com'`)
  const get = async (url: string) => (await fastify.inject({ url, headers })).json()
  const remove = (passkey: string) => codeOf(fastify.inject({ method: 'DELETE', url: `/passkeys/${passkey}`, headers }))
  const require = () => fastify.inject({ method: 'PATCH', url: '/mfa', headers, payload: { required: true } })

  await t.test('is listed and counted', async (t) => {
    t.match(await get('/passkeys'), { rp_id: 'localhost', passkeys: [{ id }] })
    t.strictSame(await get('/mfa'), { required: false, totp: null, passkeys: 1, recovery_codes: 0 })
  })

  await t.test('is no factor that could be required', async (t) => {
    t.strictSame(await codeOf(require()), [403, 'FORBIDDEN'])
    t.strictSame(await codeOf(post(fastify, '/mfa/recovery-codes', undefined, headers)), [403, 'FORBIDDEN'])
  })

  await t.test('does not sign in, and is not reported as unknown', async (t) => {
    t.strictSame(await codeOf(signInWith(fastify, authenticator, { rpId: 'old.example.com' })), [
      401,
      'PASSKEY_INVALID'
    ])
  })

  await t.test('is not offered', async (t) => {
    await makeRecoveryCodes(database, fastify.deriveKey('recovery codes'), user.id)
    await requireStep(database, user.id)
    const { mfa_token: _, ...challenge } = await passwordOf(fastify, 'ada')
    t.strictSame(challenge, { factors: ['recovery_code'], expires_in: 300 })
    await database.query(sql`UPDATE users SET mfa_required = false`)
    t.strictSame((await post(fastify, '/passkeys/options', {}, headers)).json().public_key.excludeCredentials, [])
  })

  await t.test('is no way to sign in that could be left', async (t) => {
    const living = await addPasskeyTo(fastify, access_token)
    await requireStep(database, user.id)
    const { factors, public_key } = await passwordOf(fastify, 'ada')
    t.strictSame(factors, ['recovery_code', 'passkey'])
    t.match(public_key.allowCredentials, [{ id: living.authenticator.id }])
    t.equal(public_key.allowCredentials.length, 1)
    await database.query(sql`UPDATE users SET password_hash = NULL, mfa_required = false`)
    t.strictSame(await remove(living.response.json().id), [409, 'LAST_CREDENTIAL'])
    t.equal((await fastify.inject({ method: 'DELETE', url: `/passkeys/${id}`, headers })).statusCode, 204)
  })
})

test('without passkeys, those of an account are no factor', async (t) => {
  const fastify = await build(t, { environment: { PUBLIC_URL: 'https://192.0.2.1' } })
  const database = fastify.database.open()
  const { user, access_token } = await signIn(fastify, { username: 'ada' })
  await enrolPasskey(database, user.id)
  const require = { method: 'PATCH', url: '/mfa', headers: bearer(access_token), payload: { required: true } } as const
  t.strictSame(await codeOf(fastify.inject(require)), [403, 'FORBIDDEN'])
  await makeRecoveryCodes(database, fastify.deriveKey('recovery codes'), user.id)
  await requireStep(database, user.id)
  const { mfa_token: _, ...challenge } = await passwordOf(fastify, 'ada')
  t.strictSame(challenge, { factors: ['recovery_code'], expires_in: 300 })
})

test('what was refused is in the log at debug alone', async (t: Test) => {
  const log: string[] = []
  const fastify = await build(t, { log, environment: { LOG_LEVEL: 'debug' } })
  const { access_token } = await signIn(fastify, { username: 'ada' })
  await addPasskeyTo(fastify, access_token, { changes: { origin: 'https://evil.example' } })
  const { authenticator } = await addPasskeyTo(fastify, access_token)
  await signInWith(fastify, authenticator, { userVerified: false })
  const lines = log.map((line) => JSON.parse(line)).filter(({ msg }) => msg === 'refused a passkey')
  t.match(lines, [{ level: 20 }, { level: 20 }])
  t.notMatch(log.join(), authenticator.id)
})
