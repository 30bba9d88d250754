import { injectedInto } from '@latchkey/contract/suite/client'
import { refused } from '@latchkey/contract/suite/expectations'
import { type Factors, factorsOf, movedTime, outcomes } from '@latchkey/contract/suite/factors'
import { STEP } from '@latchkey/contract/suite/totp'
import type { FastifyInstance } from 'fastify'
import type { Test } from 'tap'
import { test } from 'tap'
import type { Clock } from '../src/clock.ts'
import { build, PASSWORD, testClock } from './helpers/app.ts'
import { operator } from './helpers/command.ts'
import { migratedDatabase } from './helpers/database.ts'
import { letters, tokenOf } from './helpers/letters.ts'

const ORIGIN = 'https://auth.example.com'
const MAIL = { PUBLIC_URL: ORIGIN, SMTP_URL: 'smtp://127.0.0.1:1', MAIL_FROM: 'no-reply@example.com' }
const NEW_PASSWORD = 'another horse, another battery'

/** Two instances on one database, and its operator. */
async function installation(t: Test, environment: Record<string, string> = {}, other: Record<string, string> = {}) {
  const database = await migratedDatabase(t)
  const clock = testClock()
  const first = await build(t, { database, clock, environment: { ...MAIL, ...environment } })
  const second = await build(t, { database, clock, environment: { ...MAIL, ...environment, ...other } })
  const time = movedTime(clock)
  const at = (fastify: FastifyInstance) => factorsOf({ request: injectedInto(fastify), issuer: ORIGIN }, time)
  const run = await operator(t, { database, clock, environment: MAIL })
  return { fastify: first, factors: at(first), elsewhere: at(second), run }
}

let accounts = 0
const nextName = () => {
  accounts += 1
  return { username: `ada${accounts}`, email: `ada${accounts}@example.com` }
}

test('the second step at two instances', async (t) => {
  const { factors, elsewhere, fastify } = await installation(t, {}, { REQUIRE_VERIFIED_EMAIL: 'on' })

  await t.test('begins at one and ends at the other', async (t) => {
    const one = await factors.enrolled()
    const { mfa_token } = await factors.challenge(one.username)
    t.equal((await elsewhere.secondStep(mfa_token, { totp: await one.app.next() })).status, 200)
    refused(t, await factors.secondStep(mfa_token, { recovery_code: one.codes[0] }), 401, 'MFA_TOKEN_INVALID')
  })

  await t.test('succeeds once, with whatever codes at both', async (t) => {
    const one = await factors.enrolled()
    const { mfa_token } = await factors.challenge(one.username)
    const totp = await one.app.next()
    const answers = await Promise.all([
      factors.secondStep(mfa_token, { totp }),
      elsewhere.secondStep(mfa_token, { totp }),
      factors.secondStep(mfa_token, { recovery_code: one.codes[0] }),
      elsewhere.secondStep(mfa_token, { recovery_code: one.codes[1] })
    ])
    t.equal(outcomes(answers).filter((outcome) => outcome === '200').length, 1)
  })

  await t.test('takes a passkey’s answer once', async (t) => {
    const one = await factors.account()
    const { key } = await factors.addPasskey(one.access_token)
    const credential = key.get(await elsewhere.requestOptions())
    const ask = { path: '/login/passkey', body: { credential } }
    const answers = await Promise.all([factors, elsewhere, factors, elsewhere].map((at) => at.client.request(ask)))
    t.strictSame(outcomes(answers), ['200', ...Array(3).fill('401 PASSKEY_INVALID')])
  })

  await t.test('comes after EMAIL_UNVERIFIED, and so does a passkey', async (t) => {
    const one = await factors.enrol(await factors.account(nextName()))
    const { key } = await factors.addPasskey(one.access_token)
    refused(t, await elsewhere.login(one.username), 403, 'EMAIL_UNVERIFIED')
    refused(t, await elsewhere.login(one.username, { password: 'wrong' }), 401, 'INVALID_CREDENTIALS')
    refused(t, await elsewhere.usePasskey(key), 403, 'EMAIL_UNVERIFIED')
    t.equal((await factors.login(one.username)).json.code, 'MFA_REQUIRED')
    await letters(fastify)
  })
})

/** Lets time pass until so many seconds of a step of TOTP are over: no test near the end of one. */
async function passToStep({ pass, seconds }: Pick<Factors, 'pass' | 'seconds'>, into: number): Promise<void> {
  await pass(STEP - (seconds() % STEP) + into)
}

test('two instances whose clocks differ by 20 s', async (t) => {
  const database = await migratedDatabase(t)
  const clock = testClock()
  const time = movedTime(clock)
  // The database has one clock. That of the second process is ahead of it.
  const ahead = {
    now: () => clock.now() + 20_000,
    get offset() {
      return clock.offset
    }
  }
  const at = async (clock: Clock) =>
    factorsOf({ request: injectedInto(await build(t, { database, clock, environment: MAIL })), issuer: ORIGIN }, time)
  const [factors, fast] = [await at(clock), await at(ahead)]
  const spend = (where: Factors, credential: object) =>
    where.client.request({ path: '/login/passkey', body: { credential } })

  await t.test('take the same codes: those of the clock of the database', async (t) => {
    const one = await factors.enrolled()
    await factors.pass(2 * STEP)
    // Its own clock has the next step already.
    await passToStep(factors, 15)
    const take = async (where: Factors, steps: number) =>
      where.secondStep((await where.challenge(one.username)).mfa_token, { totp: one.app.at(steps) })
    for (const where of [factors, fast]) refused(t, await take(where, -2), 401, 'MFA_CODE_INVALID')
    t.equal((await take(fast, -1)).status, 200)
    t.equal((await take(factors, 0)).status, 200)
    for (const where of [factors, fast]) refused(t, await take(where, 2), 401, 'MFA_CODE_INVALID')
    t.equal((await take(fast, 1)).status, 200)
  })

  await t.test('end the second step at the same time', async (t) => {
    const one = await factors.enrolled()
    const steps = [await factors.challenge(one.username), await fast.challenge(one.username)]
    await factors.pass(290)
    const [first, second] = steps
    t.equal((await fast.secondStep(first.mfa_token, { recovery_code: one.codes[0] })).status, 200)
    await factors.pass(15)
    refused(t, await factors.secondStep(second.mfa_token, { recovery_code: one.codes[1] }), 401, 'MFA_TOKEN_INVALID')
  })

  const { access_token } = await factors.account()
  const { key } = await factors.addPasskey(access_token)

  await t.test('take the challenges of each other', async (t) => {
    for (const [from, to] of [
      [factors, fast],
      [fast, factors]
    ] as const) {
      const credential = key.get(await from.requestOptions())
      t.equal((await spend(to, credential)).status, 200)
      for (const where of [from, to]) refused(t, await spend(where, credential), 401, 'PASSKEY_INVALID')
    }
  })

  await t.test('end a challenge by their own clocks, 20 s apart, and none is taken twice meanwhile', async (t) => {
    const sooner = [key.get(await factors.requestOptions()), key.get(await factors.requestOptions())] as const
    const later = [key.get(await fast.requestOptions()), key.get(await fast.requestOptions())] as const
    await factors.pass(285)
    refused(t, await spend(fast, sooner[0]), 401, 'PASSKEY_INVALID')
    t.equal((await spend(factors, sooner[1])).status, 200)
    await factors.pass(25)
    refused(t, await spend(fast, later[0]), 401, 'PASSKEY_INVALID')
    t.equal((await spend(factors, later[1])).status, 200)
    for (const where of [factors, fast]) refused(t, await spend(where, later[1]), 401, 'PASSKEY_INVALID')
    await factors.pass(15)
    refused(t, await spend(factors, later[0]), 401, 'PASSKEY_INVALID')
  })
})

test('what a restart finds in the middle goes on', async (t) => {
  const database = await migratedDatabase(t)
  const clock = testClock()
  const time = movedTime(clock)
  const start = async () => {
    const fastify = await build(t, { database, clock, environment: MAIL })
    return { fastify, factors: factorsOf({ request: injectedInto(fastify), issuer: ORIGIN }, time) }
  }
  const { fastify, factors } = await start()
  const one = await factors.enrolled()
  const { key } = await factors.addPasskey(one.access_token)
  const steps = [await factors.challenge(one.username), await factors.challenge(one.username)]
  const signIn = key.get(await factors.requestOptions())
  const other = factors.authenticator()
  const registration = other.create(await factors.creationOptions(one.access_token))
  const { secret } = (await factors.post('/mfa/totp', one.access_token)).json
  await fastify.close()

  const { factors: next } = await start()
  const [first, second] = steps
  t.equal((await next.secondStep(first.mfa_token, { totp: await one.app.next() })).status, 200, 'a second step')
  const signedIn = await next.client.request({ path: '/login/passkey', body: { credential: signIn } })
  t.equal(signedIn.status, 200, 'a sign-in by passkey')
  const credential = key.get(second.public_key)
  t.equal((await next.secondStep(second.mfa_token, { credential })).status, 200, 'a second step by passkey')
  const added = await next.post('/passkeys', one.access_token, { credential: registration })
  t.equal(added.status, 201, 'a registration')
  const app = next.appOf(secret)
  const confirmed = await next.post('/mfa/totp/confirm', one.access_token, { totp: await app.next() })
  t.equal(confirmed.status, 200, 'a new app')
})

test('an account that is disabled', async (t) => {
  const { factors, run } = await installation(t)
  const one = await factors.enrolled()
  const { key } = await factors.addPasskey(one.access_token)
  const { mfa_token } = await factors.challenge(one.username)
  await run(['users', 'disable', one.username])
  refused(t, await factors.secondStep(mfa_token, { recovery_code: one.codes[0] }), 401, 'MFA_TOKEN_INVALID')
  refused(t, await factors.usePasskey(key), 401, 'PASSKEY_INVALID')
  refused(t, await factors.login(one.username), 401, 'INVALID_CREDENTIALS')
  await run(['users', 'enable', one.username])
  refused(t, await factors.secondStep(mfa_token, { recovery_code: one.codes[0] }), 401, 'MFA_TOKEN_INVALID')
  t.equal((await factors.usePasskey(key)).status, 200)
  const { mfa_token: next } = await factors.challenge(one.username)
  t.equal((await factors.secondStep(next, { recovery_code: one.codes[0] })).status, 200)
})

test('what an operator does to factors', async (t) => {
  const { factors, run, fastify } = await installation(t)

  await t.test('users reset-factors takes the app, the codes and the requirement, and ends all', async (t) => {
    const names = nextName()
    const one = await factors.enrol(await factors.account(names))
    await run(['users', 'verify', one.username])
    const { key } = await factors.addPasskey(one.access_token)
    const { mfa_token } = await factors.challenge(one.username)
    await letters(fastify)
    const { code } = await run(['users', 'reset-factors', one.username])
    t.equal(code, 0)
    refused(t, await factors.get('/me', one.access_token), 401, 'TOKEN_INVALID')
    refused(t, await factors.secondStep(mfa_token, { recovery_code: one.codes[0] }), 401, 'MFA_TOKEN_INVALID')
    const { json } = await factors.login(one.username)
    const none = { required: false, totp: null, recovery_codes: 0 }
    t.strictSame((await factors.get('/mfa', json.access_token)).json, { ...none, passkeys: 1 })
    t.equal((await factors.usePasskey(key)).status, 200)
    t.strictSame(
      (await letters(fastify)).map(({ template, recipient }) => [template, recipient]),
      [['security-notice', names.email]]
    )
    await run(['users', 'reset-factors', one.username, '--passkeys'])
    refused(t, await factors.usePasskey(key), 401, 'PASSKEY_UNKNOWN')
  })

  await t.test('users unlock brings an app back after 100 wrong codes', async (t) => {
    const one = await factors.enrolled()
    for (let step = 0; step < 20; step++) {
      const { mfa_token } = await factors.challenge(one.username)
      for (let tried = 0; tried < 5; tried++) await factors.secondStep(mfa_token, { totp: one.app.wrong() })
    }
    t.strictSame((await factors.challenge(one.username)).factors, ['recovery_code'])
    await run(['users', 'unlock', one.username])
    const { mfa_token, factors: offered } = await factors.challenge(one.username)
    t.strictSame(offered, ['totp', 'recovery_code'])
    t.equal((await factors.secondStep(mfa_token, { totp: await one.app.next() })).status, 200)
  })

  await t.test('users list --without-second-step', async (t) => {
    const [plain, strong] = [await factors.account(), await factors.enrolled()]
    const { stdout: output } = await run(['users', 'list', '--without-second-step', '--json', '--limit', '1000'])
    const names = JSON.parse(output).users.map(({ username }: { username: string }) => username)
    t.strictSame([names.includes(plain.username), names.includes(strong.username)], [true, false])
  })
})

test('letters tell the verified address', async (t) => {
  const { factors, run, fastify } = await installation(t, { LIMITS: 'on', TRUSTED_PROXIES: '127.0.0.1/32' })
  const names = nextName()
  const one = await factors.account(names)
  await letters(fastify)
  const sent = async () =>
    (await letters(fastify)).map(({ template, recipient, variables }) => {
      t.strictSame([template, recipient], ['security-notice', names.email])
      return JSON.stringify(variables.what)
    })

  await t.test('and no address that is not verified', async (t) => {
    const other = await factors.account(nextName())
    await letters(fastify)
    await factors.addPasskey(other.access_token)
    await factors.enrol(other)
    t.strictSame(await letters(fastify), [])
  })

  await run(['users', 'verify', one.username])
  await letters(fastify)
  const { key, passkey } = await factors.addPasskey(one.access_token)
  t.equal((await sent()).length, 1, 'a passkey added')
  await factors.usePasskey(key, { counter: 1 })
  t.equal((await sent()).length, 1, 'a passkey cloned')
  const enrolled = await factors.enrol(one)
  t.equal((await sent()).length, 1, 'the second step on')
  const { mfa_token } = await factors.challenge(one.username)
  t.equal((await factors.secondStep(mfa_token, { recovery_code: enrolled.codes[0] })).status, 200)
  const [used = ''] = await sent()
  t.match(used, /"left":9\b/, 'a recovery code used, and how many are left')
  const { secret } = (await factors.post('/mfa/totp', enrolled.access_token)).json
  t.strictSame(await sent(), [], 'nothing has changed yet')
  const app = factors.appOf(secret)
  await factors.post('/mfa/totp/confirm', enrolled.access_token, { totp: await app.next() })
  t.equal((await sent()).length, 1, 'the app changed')
  await factors.remove(`/passkeys/${passkey.id}`, enrolled.access_token)
  t.equal((await sent()).length, 1, 'a passkey deleted')
  await factors.patch('/mfa', enrolled.access_token, { required: false })
  t.equal((await sent()).length, 1, 'the second step off')
  await factors.patch('/mfa', enrolled.access_token, { required: true })
  t.equal((await sent()).length, 1, 'and on')

  await t.test('once a day that somebody has the password', async (t) => {
    let hosts = 0
    const fail = async (count: number) => {
      for (let failed = 0; failed < count; failed++) {
        hosts += 1
        const headers = { 'x-forwarded-for': `203.0.113.${hosts}` }
        const { json } = await factors.login(one.username, {}, headers)
        await factors.secondStep(json.challenge.mfa_token, { totp: app.wrong() }, headers)
      }
    }
    await fail(9)
    t.equal((await sent()).length, 0)
    await fail(1)
    t.equal((await sent()).length, 1)
    await factors.pass(3600)
    await fail(2)
    t.equal((await sent()).length, 0)
    await factors.pass(86_400)
    await fail(11)
    t.equal((await sent()).length, 1)
  })
})

test('the ways back to an account', async (t) => {
  const { factors, run, fastify } = await installation(t)
  const verified = async () => {
    const names = nextName()
    const one = await factors.account(names)
    await run(['users', 'verify', one.username])
    await letters(fastify)
    return { ...one, ...names }
  }
  const post = (path: string, body: object) => factors.client.request({ path, body })

  await t.test('/password/reset leaves the second step, and the passkeys unless told', async (t) => {
    const one = await factors.enrol(await verified())
    const { key } = await factors.addPasskey(one.access_token)
    for (const [more, left] of [
      [{}, true],
      [{ delete_passkeys: false }, true],
      [{ delete_passkeys: true }, false]
    ] as const) {
      await letters(fastify)
      await post('/password/forgot', {
        email: (await factors.get('/me', one.access_token)).json?.email ?? one.user.email
      })
      const token = await tokenOf(fastify, 'reset-password')
      const reset = await post('/password/reset', { token, new_password: NEW_PASSWORD, ...more })
      t.strictSame([reset.status, reset.body], [204, ''])
      t.notMatch(String(reset.headers['set-cookie']), /refresh_token/, 'nobody is signed in')
      const { json } = await factors.login(one.username, { password: NEW_PASSWORD })
      t.strictSame(json.challenge.factors, ['totp', 'recovery_code', ...(left ? ['passkey'] : [])])
      if (left) t.equal((await factors.usePasskey(key)).status, 200)
      else refused(t, await factors.usePasskey(key), 401, 'PASSKEY_UNKNOWN')
    }
    for (const delete_passkeys of ['true', 1, null]) {
      const { status } = await post('/password/reset', {
        token: 'x'.repeat(43),
        new_password: NEW_PASSWORD,
        delete_passkeys
      })
      t.equal(status, 400)
    }
  })

  await t.test('/email/change/undo deletes what was added to sign in with since', async (t) => {
    const one = await verified()
    const { key: owners } = await factors.addPasskey(one.access_token)
    await factors.pass(60)
    await letters(fastify)
    const body = { new_email: `thief.${one.email}`, current_password: PASSWORD }
    t.equal((await factors.post('/email/change', one.access_token, body)).status, 202)
    const token = await tokenOf(fastify, 'confirm-new-email')
    t.equal((await post('/email/change/confirm', { token })).status, 204)
    const undo = (await letters(fastify)).find(({ template }) => template === 'email-changed')?.token
    await factors.pass(60)
    const { key: thiefs } = await factors.addPasskey(one.access_token)
    const thief = await factors.enrol(one)
    const { mfa_token } = await factors.challenge(one.username)
    const undone = await post('/email/change/undo', { token: undo, new_password: NEW_PASSWORD })
    t.equal(undone.status, 204)
    refused(t, await factors.secondStep(mfa_token, { recovery_code: thief.codes[0] }), 401, 'MFA_TOKEN_INVALID')
    refused(t, await factors.get('/me', thief.access_token), 401, 'TOKEN_INVALID')
    refused(t, await factors.usePasskey(thiefs), 401, 'PASSKEY_UNKNOWN')
    const back = (await factors.usePasskey(owners)).json
    t.match((await factors.get('/mfa', back.access_token)).json, { totp: null, passkeys: 1 })
    const { challenge } = (await factors.login(one.username, { password: NEW_PASSWORD })).json
    if (!challenge) return
    refused(
      t,
      await factors.secondStep(challenge.mfa_token, { recovery_code: thief.codes[1] }),
      401,
      'MFA_CODE_INVALID'
    )
    const credential = owners.get(challenge.public_key)
    t.equal((await factors.secondStep(challenge.mfa_token, { credential })).status, 200)
  })

  await t.test('/email/change/undo leaves what was there before', async (t) => {
    const one = await factors.enrol(await verified())
    await factors.pass(60)
    await letters(fastify)
    const session = await factors.signInTwice(one.username, { totp: await one.app.next() })
    const body = { new_email: `new.${one.user.email}`, current_password: PASSWORD }
    t.equal((await factors.post('/email/change', session.access_token, body)).status, 202)
    await post('/email/change/confirm', { token: await tokenOf(fastify, 'confirm-new-email') })
    const undo = (await letters(fastify)).find(({ template }) => template === 'email-changed')?.token
    await factors.pass(60)
    const made = (await factors.post('/mfa/recovery-codes', session.access_token)).json.codes
    t.equal((await post('/email/change/undo', { token: undo, new_password: NEW_PASSWORD })).status, 204)
    const { json } = await factors.login(one.username, { password: NEW_PASSWORD })
    t.equal(json.code, 'MFA_REQUIRED')
    const { mfa_token } = json.challenge
    const stolen = await factors.secondStep(mfa_token, { recovery_code: made[0] })
    refused(t, stolen, 401, 'MFA_CODE_INVALID')
    t.equal((await factors.secondStep(mfa_token, { totp: await one.app.next() })).status, 200)
  })
})

test('the audit log has what was done with factors, and no secret', async (t) => {
  const { factors, run, fastify } = await installation(t)
  const one = await factors.enrol(await factors.account())
  const { key, passkey } = await factors.addPasskey(one.access_token, {}, 'My secret name')
  await factors.patch(`/passkeys/${passkey.id}`, one.access_token, { name: 'Another name' })
  const { mfa_token } = await factors.challenge(one.username)
  await factors.secondStep(mfa_token, { totp: one.app.wrong() })
  await factors.secondStep(mfa_token, { recovery_code: one.codes[0] })
  await factors.post('/token/step-up', one.access_token, { totp: one.app.wrong() })
  await factors.post('/token/step-up', one.access_token, { totp: await one.app.next() })
  await factors.usePasskey(key)
  await factors.usePasskey(key, { counter: 1 })
  await factors.usePasskey(key, { signature: (bytes) => Buffer.alloc(bytes.length, 1) })
  await factors.post('/mfa/recovery-codes', one.access_token)
  await factors.patch('/mfa', one.access_token, { required: false })
  await factors.remove(`/passkeys/${passkey.id}`, one.access_token)
  await factors.remove('/mfa/totp', one.access_token)
  await run(['users', 'reset-factors', one.username])
  await fastify.audit.flush()
  const { stdout: output } = await run(['audit', 'list', '--json', '--limit', '1000'])
  const records = JSON.parse(output).records as { action: string; account: string; detail?: { method?: string } }[]
  const actions = new Set(records.map(({ action }) => action))
  for (const action of [
    'second step asked',
    'second factor failed',
    'passkey login failed',
    'stepped up',
    'step-up failed',
    'totp added',
    'totp removed',
    'recovery codes made',
    'recovery code used',
    'second step required',
    'second step not required',
    'passkey added',
    'passkey renamed',
    'passkey removed',
    'passkey cloned',
    'factors reset'
  ]) {
    t.ok(actions.has(action), action)
  }
  const methods = records.filter(({ action }) => action === 'login').map(({ detail }) => detail?.method)
  t.strictSame(methods.sort(), ['passkey', 'password', 'recovery_code'])
  for (const secret of [one.app.secret, mfa_token, key.id, 'My secret name', 'Another name', ...one.codes]) {
    t.notOk(output.includes(secret))
  }
})

test('a session whose factor was removed is below aal2, and ends when the owner requires a second step', async (t) => {
  const { factors } = await installation(t)
  const { username } = await factors.account()
  const adds = {
    'an app': async () => {
      const thief = await factors.enrol({ username, ...(await factors.login(username)).json })
      t.equal((await factors.remove('/mfa/totp', thief.access_token)).status, 204)
      return thief
    },
    'a passkey': async () => {
      const { access_token } = (await factors.login(username)).json
      const { key, passkey } = await factors.addPasskey(access_token)
      const thief = (await factors.usePasskey(key)).json
      t.equal((await factors.remove(`/passkeys/${passkey.id}`, thief.access_token)).status, 204)
      return thief
    }
  }
  for (const [what, add] of Object.entries(adds)) {
    const thief = await factors.refresh(await add())
    const raised = await factors.post('/token/step-up', thief.access_token, { password: PASSWORD })
    const { acr } = JSON.parse(Buffer.from(raised.json.access_token.split('.')[1], 'base64url').toString())
    t.equal(acr, 'aal1', what)
    const owner = await factors.enrol({ username, ...(await factors.login(username)).json })
    refused(t, await factors.get('/mfa', raised.json.access_token), 401, 'TOKEN_INVALID')
    t.equal((await factors.remove('/mfa/totp', owner.access_token)).status, 204)
  }
})
