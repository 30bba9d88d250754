import { test } from 'tap'
import { sql } from '../../../src/database/sql.ts'
import { MAIL_ASKED } from '../../../src/schemas/answers.ts'
import { answer, build, PASSWORD, post, refusal, testClock } from '../../helpers/app.ts'
import { letters, tokenOf, waiting } from '../../helpers/letters.ts'

const ACCEPTED = { statusCode: 202, body: MAIL_ASKED }
const INVALID = {
  statusCode: 400,
  body: refusal(400, 'Bad Request', 'EMAIL_TOKEN_INVALID', 'The link is invalid, has expired, or was already used.')
}

const taken = (path: string) => ({
  statusCode: 409,
  body: refusal(409, 'Conflict', 'ACCOUNT_EXISTS', 'The name is taken.', [{ path, message: 'is taken', rule: 'taken' }])
})

test('with HIDE_ACCOUNTS', async (t) => {
  const clock = testClock()
  const fastify = await build(t, { clock, environment: { HIDE_ACCOUNTS: 'on' } })
  let users = 0
  const register = (email: string) => post(fastify, '/register', { email })
  const finish = (token: string, rest: object = {}) =>
    post(fastify, '/register/finish', { token, password: PASSWORD, ...rest })
  const begin = async (email = `user.${users++}@example.com`) => {
    await register(email)
    return { email, token: await tokenOf(fastify, 'finish-registration') }
  }

  await t.test('an account is there when the address has confirmed, and not before', async (t) => {
    const response = await register('Ada@example.com')
    t.strictSame(answer(response), ACCEPTED)
    t.strictSame(await fastify.database.open().query(sql`SELECT FROM users`), [])
    const [letter] = await letters(fastify)
    t.match(letter, {
      template: 'finish-registration',
      recipient: 'Ada@example.com',
      variables: { expires_in: { seconds: 86_400 } }
    })
    const finished = await finish(letter?.token as string, { username: 'ada' })
    const { id, created_at, ...user } = finished.json()
    t.strictSame(
      [finished.statusCode, user],
      [201, { username: 'ada', email: 'Ada@example.com', email_verified: true }]
    )
    t.match(finished.headers, { 'cache-control': 'no-store' })
    t.equal((await post(fastify, '/login', { email: 'ada@example.com', password: PASSWORD })).statusCode, 200)
  })

  await t.test('a username is not needed', async (t) => {
    const { email, token } = await begin()
    t.match(answer(await finish(token)), { statusCode: 201, body: { username: null, email } })
  })

  await t.test('a new address and a taken one are answered alike, and the owner is told by mail', async (t) => {
    const free = await register('free@example.com')
    t.match(await letters(fastify), [{ template: 'finish-registration' }])
    const known = await register('ADA@EXAMPLE.COM')
    t.match(await waiting(fastify), [{ kind: 'registration asked', user_id: null, data: {} }])
    t.strictSame(await letters(fastify), [
      { template: 'already-registered', recipient: 'Ada@example.com', locale: null, variables: { name: 'ada' } }
    ])
    t.strictSame(answer(known), answer(free))
    const { 'x-request-id': _, date: __, ...headers } = known.headers
    const { 'x-request-id': ___, date: ____, ...others } = free.headers
    t.strictSame(headers, others)
  })

  await t.test('no sequence of requests of a stranger tells the two apart', async (t) => {
    const sequence = async (email: string) => {
      const answers = []
      for (const [url, body] of [
        ['/register', { email }],
        ['/register', { email: email.toUpperCase() }],
        ['/login', { email, password: PASSWORD.toUpperCase() }],
        ['/password/forgot', { email }],
        ['/email/resend', { email }],
        ['/login', { email, password: 'x' }],
        ['/register', { email }],
        ['/register/finish', { token: 'x', password: PASSWORD }],
        ['/password/reset', { token: 'x', new_password: PASSWORD }]
      ] as const) {
        const response = await post(fastify, url, body)
        answers.push([answer(response), Object.keys(response.headers)])
      }
      await letters(fastify)
      return answers
    }
    t.strictSame(await sequence('ada@example.com'), await sequence('stranger@example.com'))
  })

  await t.test('a token is taken once, for a day, the newest alone, from one of two at once', async (t) => {
    const { email, token } = await begin()
    const newer = await begin(email)
    t.strictSame(answer(await finish(token)), INVALID)
    const answers = await Promise.all([finish(newer.token), finish(newer.token)])
    t.strictSame(answers.map(({ statusCode }) => statusCode).sort(), [201, 400])
    t.strictSame(answer(await finish(newer.token)), INVALID)
    const { token: late } = await begin()
    clock.advance(24 * 60 * 60)
    t.strictSame(answer(await finish(late)), INVALID)
  })

  await t.test('what is refused does not use the token up', async (t) => {
    const { email, token } = await begin()
    for (const [password, rule] of [
      ['short', 'min_length'],
      [email.toUpperCase(), 'same_as_name'],
      ['My.Name.Is', 'same_as_name']
    ]) {
      t.match(answer(await finish(token, { password, username: 'my.name.is' })), {
        statusCode: 400,
        body: { code: 'PASSWORD_REJECTED', errors: [{ path: '/password', rule }] }
      })
    }
    t.strictSame(answer(await finish(token, { username: 'ADA' })), taken('/username'))
    t.strictSame(answer(await finish(token, { username: 'PostMaster' })), taken('/username'))
    t.equal((await finish(token, { username: 'x' })).json().code, 'VALIDATION_FAILED')
    t.equal((await finish(token, { username: 'free.name' })).statusCode, 201)
  })

  await t.test('an address that somebody else has got meanwhile is told to who has proven it', async (t) => {
    const { email, token } = await begin()
    await fastify.database
      .open()
      .query(
        sql`INSERT INTO users (id, email, password_hash, created_at) VALUES (gen_random_uuid(), ${email}, 'none', now())`
      )
    t.strictSame(answer(await finish(token)), taken('/token'))
  })

  await t.test('/register takes an address and nothing else', async (t) => {
    for (const body of [{}, { email: 'x' }, { username: 'ada' }, { email: 'a@example.com', password: PASSWORD }]) {
      t.equal((await post(fastify, '/register', body)).json().code, 'VALIDATION_FAILED')
    }
  })

  await t.test('and the document says so', async (t) => {
    const { paths } = fastify.swagger() as unknown as { paths: Record<string, { post: Record<string, object> }> }
    t.strictSame(
      Object.keys(paths['/register']?.post.responses ?? {}).filter((status) => status < '3'),
      ['202']
    )
    t.ok(paths['/register/finish'])
  })
})

test('without HIDE_ACCOUNTS there is no /register/finish', async (t) => {
  const fastify = await build(t)
  t.equal((await post(fastify, '/register/finish', { token: 'x', password: PASSWORD })).statusCode, 404)
})
