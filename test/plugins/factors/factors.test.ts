import type { FastifyInstance } from 'fastify'
import { test } from 'tap'
import { sql } from '../../../src/database/sql.ts'
import { Problem } from '../../../src/errors.ts'
import type { Factor } from '../../../src/factors/factor.ts'
import { answer, bearer, build, PASSWORD, post, refusal, signIn, testClock } from '../../helpers/app.ts'
import { letters } from '../../helpers/letters.ts'
import { challengeOf, giveApp, recorded } from '../../helpers/second-factor.ts'
import { times } from '../../helpers/times.ts'

const MAX_AGE = 600
const error = `Bearer error="insufficient_user_authentication", max_age=${MAX_AGE}`
const REQUIRED = refusal(401, 'Unauthorized', 'STEP_UP_REQUIRED', 'Prove again who you are.')

test('a fresh token', async (t) => {
  const clock = testClock({ still: true })
  const fastify = await build(t, { clock, environment: { ACCESS_TOKEN_TTL: '3600' } })
  const { access_token, refresh_token, user } = await signIn(fastify, { username: 'ada' })
  const database = fastify.database.open()
  const deletion = (token: string, body: object = { current_password: 'wrong' }) =>
    fastify.inject({ method: 'DELETE', url: '/me', headers: bearer(token), payload: body })
  const refresh = async () => (await post(fastify, '/token/refresh', { refresh_token })).json().access_token
  let app: Awaited<ReturnType<typeof giveApp>>

  await t.test('is not asked for where no second step is required', async (t) => {
    clock.advance(MAX_AGE + 1)
    t.match(answer(await deletion(access_token)), { statusCode: 401, body: { code: 'INVALID_CREDENTIALS' } })
    app = await giveApp(fastify, user.id, { required: false })
    t.match(answer(await deletion(access_token)), { statusCode: 401, body: { code: 'INVALID_CREDENTIALS' } })
  })

  await t.test('of aal2 is asked for where one is, before the body is looked at', async (t) => {
    await database.query(sql`UPDATE users SET mfa_required = true`)
    for (const body of [{ current_password: PASSWORD }, {}, { unknown: 1 }]) {
      const response = await deletion(await refresh(), body)
      t.strictSame(answer(response), {
        statusCode: 401,
        body: { ...REQUIRED, challenge: { factors: ['totp', 'recovery_code'], expires_in: 300 } }
      })
      t.equal(response.headers['www-authenticate'], `${error}, acr_values="aal2"`)
      t.match(response.headers, { 'cache-control': 'no-store' })
    }
    const none = await deletion('x')
    t.match(answer(none), { statusCode: 401, body: { code: 'TOKEN_INVALID' } })
  })

  await t.test('is one that was stepped up, until STEP_UP_MAX_AGE', async (t) => {
    const stepped = await post(fastify, '/token/step-up', { totp: app.code(1) }, bearer(access_token))
    const token = stepped.json().access_token
    t.match(answer(await deletion(token)), { body: { code: 'INVALID_CREDENTIALS' } })
    t.match(answer(await deletion(access_token)), { body: { code: 'STEP_UP_REQUIRED' } }, 'the token decides')
    t.match(answer(await deletion(await refresh())), { body: { code: 'INVALID_CREDENTIALS' } })
    clock.advance(MAX_AGE - 5)
    t.match(answer(await deletion(token)), { body: { code: 'INVALID_CREDENTIALS' } })
    clock.advance(10)
    const old = await deletion(token)
    t.match(answer(old), { statusCode: 401, body: { code: 'STEP_UP_REQUIRED' } })
    t.equal(old.headers['www-authenticate'], error)
  })

  await t.test('is none of an earlier version', async (t) => {
    const { sid } = await fastify.tokens.verify(access_token)
    const token = fastify.tokens.issue(user, sid)
    t.match(answer(await deletion(token)), { body: { code: 'STEP_UP_REQUIRED' } })
  })

  await t.test('is what /email/change asks for too', async (t) => {
    const change = { new_email: 'ada@example.com', current_password: PASSWORD }
    t.match(answer(await post(fastify, '/email/change', change, bearer(access_token))), {
      statusCode: 401,
      body: { code: 'STEP_UP_REQUIRED' }
    })
    const stepped = await post(fastify, '/token/step-up', { recovery_code: app.codes[0] }, bearer(access_token))
    const { access_token: token } = stepped.json()
    t.equal((await post(fastify, '/email/change', change, bearer(token))).statusCode, 202)
    t.equal((await deletion(token, { current_password: PASSWORD })).statusCode, 204)
    t.match(answer(await deletion(token)), { statusCode: 401, body: { code: 'TOKEN_INVALID' } })
  })
})

test('a challenge', async (t) => {
  const fastify = await build(t)
  const { user } = await signIn(fastify, { username: 'ada' })
  const database = fastify.database.open()
  const stepUp = { for: 'step-up', session: 'x' } as const
  const secondStep = { for: 'second step', step: Buffer.alloc(32) } as const
  const request = { database } as never
  const challenge = async (purpose: typeof stepUp | typeof secondStep, account = user) =>
    fastify.factors.challengeFor(request, account, purpose)

  await t.test('names what the account can prove, in the order of the contract', async (t) => {
    t.strictSame(await challenge(stepUp), { factors: ['password'], expires_in: 300 })
    await giveApp(fastify, user.id, { required: false })
    t.strictSame((await challenge(stepUp)).factors, ['totp', 'recovery_code', 'password'])
    await database.query(sql`UPDATE users SET mfa_required = true`)
    t.strictSame((await challenge(stepUp)).factors, ['totp', 'recovery_code'])
    t.strictSame((await challenge(secondStep)).factors, ['totp', 'recovery_code'])
    await database.query(sql`UPDATE totp SET wrong_codes = 100`)
    t.strictSame((await challenge(secondStep)).factors, ['recovery_code'], 'an app is not after 100 wrong codes')
    const ghost = { ...user, id: '0198a3c2-7f00-7000-8000-000000000009' }
    t.strictSame((await challenge(secondStep, ghost)).factors, [], 'nor anything of who has gone')
  })
})

test('wrong codes', async (t) => {
  const clock = testClock({ still: true })
  const environment = { LIMITS: 'on', TRUSTED_PROXIES: '127.0.0.1' }
  const fastify = await build(t, { clock, environment })
  const database = () => fastify.database.open()
  let addresses = 0
  /** A client of its own address. */
  const elsewhere = () => ({ 'x-forwarded-for': `198.51.100.${addresses++ % 250}` })
  t.beforeEach(() => fastify.pg.pool.query('TRUNCATE limits'))

  async function begin(username: string) {
    const registered = await post(fastify, '/register', { username, password: PASSWORD }, elsewhere())
    const login = await post(fastify, '/login', { username, password: PASSWORD }, elsewhere())
    const { id } = registered.json()
    await database().query(
      sql`UPDATE users SET email = ${`${username}@example.com`}, email_verified = true WHERE id = ${id}`
    )
    const app = await giveApp(fastify, id)
    await letters(fastify)
    const challenge = async (): Promise<string> => {
      const response = await post(fastify, '/login', { username, password: PASSWORD }, elsewhere())
      return response.json().challenge.mfa_token
    }
    const prove = async (proof: object, headers: Record<string, string> = {}) =>
      post(fastify, '/login/mfa', { mfa_token: await challenge(), ...proof }, { ...elsewhere(), ...headers })
    const cookie = String(login.headers['set-cookie']).split(';')[0] as string
    return { id, app, challenge, prove, token: login.json().access_token as string, cookie }
  }
  const statuses = async (work: () => Promise<{ statusCode: number }>, count: number) =>
    (await times(count, work)).map(({ statusCode }) => statusCode)

  await t.test('are ten for an account, whatever the step, the factor and the address', async (t) => {
    const { id, app, prove, token } = await begin('ada')
    const stepUp = (proof: object) => post(fastify, '/token/step-up', proof, { ...elsewhere(), ...bearer(token) })
    t.strictSame(await statuses(() => prove({ totp: app.wrong() }), 4), Array(4).fill(401))
    t.strictSame(await statuses(() => prove({ recovery_code: 'x' }), 3), Array(3).fill(401))
    t.strictSame(await statuses(() => stepUp({ totp: app.wrong() }), 3), Array(3).fill(401))
    for (const refused of [await prove({ totp: app.code(1) }), await stepUp({ recovery_code: app.codes[0] })]) {
      t.match(answer(refused), { statusCode: 429, body: { code: 'TOO_MANY_REQUESTS' } })
      t.equal(refused.headers['retry-after'], '30')
    }
    t.strictSame(
      (await recorded(fastify, id, 'second factor throttled')).map(({ detail }) => detail),
      [{ method: 'totp' }, { method: 'recovery_code' }]
    )
    clock.advance(30)
    t.equal((await prove({ totp: app.wrong() })).statusCode, 401)
    t.equal((await prove({ totp: app.code(1) })).headers['retry-after'], '60', 'a right password gives no new ones')
    clock.advance(60)
    t.equal((await prove({ recovery_code: app.codes[0] })).statusCode, 200)
    t.strictSame(await statuses(() => prove({ totp: app.wrong() }), 10), Array(10).fill(401), 'a success resets all')
  })

  await t.test('are ten of any number at once', async (t) => {
    const { app, challenge } = await begin('bob')
    const steps = await times(8, challenge)
    const answers = await Promise.all(
      steps.flatMap((mfa_token) =>
        Array.from({ length: 4 }, () => post(fastify, '/login/mfa', { mfa_token, totp: app.wrong() }, elsewhere()))
      )
    )
    const codes = answers.map((response) => response.json().code)
    t.equal(codes.filter((code) => code === 'MFA_CODE_INVALID').length, 10)
    t.equal(codes.filter((code) => code === 'TOO_MANY_REQUESTS').length, 22)
  })

  await t.test('do not count against the tries of a step while they are throttled', async (t) => {
    const { app, challenge, prove } = await begin('carol')
    await times(10, () => prove({ totp: app.wrong() }))
    const mfa_token = await challenge()
    const proof = { mfa_token, recovery_code: app.codes[0] }
    t.strictSame(await statuses(() => post(fastify, '/login/mfa', proof, elsewhere()), 6), Array(6).fill(429))
    clock.advance(30)
    t.equal((await post(fastify, '/login/mfa', proof, elsewhere())).statusCode, 200)
  })

  await t.test('of strangers do not keep a known device out, which has ten of its own', async (t) => {
    const { app, prove, cookie } = await begin('dora')
    await times(10, () => prove({ totp: app.wrong() }))
    t.equal((await prove({ totp: app.code(1) })).statusCode, 429)
    t.strictSame(await statuses(() => prove({ totp: app.wrong() }, { cookie }), 9), Array(9).fill(401))
    t.equal((await prove({ totp: app.code(1) }, { cookie })).statusCode, 200)
    t.strictSame(await statuses(() => prove({ totp: app.wrong() }, { cookie }), 10), Array(10).fill(401))
    t.strictSame(await statuses(() => prove({ totp: app.wrong() }), 10), Array(10).fill(401), 'all were reset')
    t.equal((await prove({ totp: app.wrong() }, { cookie })).statusCode, 429)
  })

  await t.test('and passwords are forgotten by a right code', async (t) => {
    const { app, prove, challenge } = await begin('eve')
    const mfa_token = await challenge()
    const guess = () => post(fastify, '/login', { username: 'eve', password: 'wrong' }, elsewhere())
    t.strictSame(await statuses(guess, 9), Array(9).fill(401))
    t.equal((await post(fastify, '/login/mfa', { mfa_token, totp: app.code(1) }, elsewhere())).statusCode, 200)
    t.strictSame(await statuses(guess, 9), Array(9).fill(401))
    t.equal((await prove({ totp: app.wrong() })).statusCode, 401)
  })

  await t.test('make the owner of a verified address learn that somebody has the password, once a day', async (t) => {
    const { app, prove, token } = await begin('frank')
    const notice = {
      template: 'security-notice',
      recipient: 'frank@example.com',
      variables: { name: 'frank', what: { text: 'password known' } }
    }
    await times(9, () => prove({ totp: app.wrong() }))
    t.strictSame(await letters(fastify), [])
    await prove({ totp: app.wrong() })
    t.match(await letters(fastify), [notice])
    clock.advance(30)
    await prove({ totp: app.wrong() })
    t.strictSame(await letters(fastify), [])
    clock.advance(86_400)
    await times(10, () => prove({ totp: app.wrong() }))
    t.match(await letters(fastify), [notice])
    clock.advance(86_400)
    const fresh = await post(fastify, '/login', { username: 'frank', password: PASSWORD }, elsewhere())
    t.equal(fresh.statusCode, 403)
    const stepUp = () => post(fastify, '/token/step-up', { totp: app.wrong() }, { ...elsewhere(), ...bearer(token) })
    t.ok((await statuses(stepUp, 10)).every((status) => status === 401))
    t.strictSame(await letters(fastify), [], 'a session is no password')
  })

  await t.test('of recovery codes make the owner learn of it too', async (t) => {
    const { prove } = await begin('gina')
    await times(9, () => prove({ recovery_code: '00000-00000' }))
    t.strictSame(await letters(fastify), [])
    t.match(answer(await prove({ recovery_code: '?' })).body, { code: 'MFA_CODE_INVALID' })
    t.match(await letters(fastify), [{ template: 'security-notice', recipient: 'gina@example.com' }])
  })

  await t.test('stay counted if the owner cannot be told', async (t) => {
    const { app, prove } = await begin('hugo')
    const database = fastify.database.open()
    await database.query(sql`ALTER TABLE mails RENAME TO mails_elsewhere`)
    const codes = await statuses(() => prove({ totp: app.wrong() }), 11)
    await database.query(sql`ALTER TABLE mails_elsewhere RENAME TO mails`)
    t.strictSame(codes, [...Array(10).fill(401), 429])
  })

  await t.test('tell nobody without mail', async (t) => {
    const mailless = await build(t, {
      clock,
      environment: { ...environment, PUBLIC_URL: 'https://id.example', SMTP_URL: '', MAIL_FROM: '' }
    })
    t.equal(mailless.mail.available, false)
    await post(mailless, '/register', { username: 'ada', email: 'ada@example.com', password: PASSWORD }, elsewhere())
    const [user] = await mailless.database.open().query<{ id: string }>(sql`SELECT id FROM users`)
    const app = await giveApp(mailless, String(user?.id))
    const prove = async () => {
      const { mfa_token } = await challengeOf(mailless, 'ada')
      return post(mailless, '/login/mfa', { mfa_token, totp: app.wrong() }, elsewhere())
    }
    t.strictSame(await statuses(prove, 10), Array(10).fill(401))
    t.strictSame(await mailless.database.open().query(sql`SELECT kind FROM mails`), [])
    const { mfa_token } = await challengeOf(mailless, 'ada')
    clock.advance(30)
    const used = await post(mailless, '/login/mfa', { mfa_token, recovery_code: app.codes[0] }, elsewhere())
    t.equal(used.statusCode, 200)
    t.strictSame(await mailless.database.open().query(sql`SELECT kind FROM mails`), [])
  })
})

test('a factor', async (t) => {
  const fastify = await build(t, { environment: { LIMITS: 'on' } })
  const { user } = await signIn(fastify, { username: 'ada' })
  const [account] = await fastify.database
    .open()
    .query(sql`SELECT *, disabled_at IS NOT NULL AS disabled FROM users WHERE id = ${user.id}`)
  let calls: string[] = []

  /** Adds a factor that answers as it is told, in place of passkeys. */
  function add(fastify: FastifyInstance, use: () => Promise<boolean>): void {
    const factor: Factor<'passkey'> = {
      name: 'passkey',
      check: async () => ({
        proof: 'passkey',
        use,
        used: () => calls.push('used') as never,
        refused: async () => calls.push('refused') as never,
        refund: async () => calls.push('refund') as never
      }),
      options: async () => ({ challenge: 'x' })
    }
    fastify.factors.add(factor)
  }
  const check = (work = async (use: (transaction: never) => Promise<unknown>) => use(undefined as never)) => {
    const records: unknown[] = []
    const request = {
      database: fastify.database.open(),
      headers: {},
      raw: { socket: { remoteAddress: '192.0.2.1' } },
      record: (...record: unknown[]) => records.push(record)
    }
    const attempt = { account, answers: { passkey: {} }, purpose: { for: 'step-up', session: 'its id' } }
    return fastify.factors.check(request as never, attempt as never, work as never).then(
      (result) => ({ result, records }),
      (error) => ({ error: error.code ?? error.message, records })
    )
  }
  t.beforeEach(() => {
    calls = []
  })

  await t.test('that is right is used, and learns of it after the commit', async (t) => {
    add(fastify, async () => true)
    t.strictSame(await check(), { result: 'passkey', records: [] })
    t.strictSame(calls, ['used'])
  })

  await t.test('that cannot be used learns of it after the rollback', async (t) => {
    add(fastify, async () => false)
    const detail = { reason: 'used', method: 'passkey' }
    t.strictSame(await check(), {
      error: 'MFA_CODE_INVALID',
      records: [['step-up failed', { account: user.id, session: 'its id', detail }]]
    })
    t.strictSame(calls, ['refused'])
  })

  await t.test('takes back what it counted if the request is refused for another reason', async (t) => {
    add(fastify, async () => true)
    const fail = (code: 'DATABASE_UNAVAILABLE' | 'TOKEN_INVALID' | 'MFA_TOKEN_INVALID') => async () => {
      throw new Problem(code)
    }
    t.strictSame(await check(fail('DATABASE_UNAVAILABLE')), { error: 'DATABASE_UNAVAILABLE', records: [] })
    t.strictSame(calls, ['refund'])
    t.match(await check(fail('TOKEN_INVALID')), { error: 'TOKEN_INVALID' })
    t.strictSame(calls, ['refund', 'refund'])
    for (let count = 0; count < 12; count += 1) {
      t.match(await check(fail('MFA_TOKEN_INVALID')), { error: 'MFA_TOKEN_INVALID' }, 'never throttled')
    }
    calls = ['refund', 'refund']
    const broken = async () => {
      throw new Error('broken')
    }
    t.match(await check(broken), { error: 'broken' })
    t.strictSame(calls, ['refund', 'refund'])
  })

  await t.test('is offered with the options that it needs', async (t) => {
    await fastify.database.open().query(
      sql`INSERT INTO passkeys (id, user_id, credential_id, public_key, sign_count, transports, rp_id, aaguid,
         backup_eligible, backed_up, name, created_at)
       VALUES (${user.id}, ${user.id}, 'x', 'x', 0, '{}', 'localhost', ${user.id}, true, true, 'x', now())`
    )
    const purpose = { for: 'step-up', session: 'x' } as const
    const request = { database: fastify.database.open() } as never
    t.strictSame(await fastify.factors.challengeFor(request, user, purpose), {
      factors: ['passkey', 'password'],
      expires_in: 300,
      public_key: { challenge: 'x' }
    })
  })
})
