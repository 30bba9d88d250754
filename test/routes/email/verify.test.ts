import { test } from 'tap'
import { answer, bearer, build, cutOff, post, refusal, signIn, testClock } from '../../helper.ts'
import { tokenOf, waiting, write } from '../../letters.ts'

const DONE = { statusCode: 204, body: '' }
const INVALID = {
  statusCode: 400,
  body: refusal(400, 'Bad Request', 'EMAIL_TOKEN_INVALID', 'The link is not valid, has been used, or is over.')
}

test('POST /email/verify', async (t) => {
  const clock = testClock()
  const fastify = await build(t, { clock })
  let users = 0
  const begin = () => signIn(fastify, { email: `user.${users++}@example.com` })
  const verify = (token: unknown) => post(fastify, '/email/verify', { token })
  const verified = async (token: string) =>
    (await fastify.inject({ url: '/me', headers: bearer(token) })).json().email_verified

  await t.test('verifies the address that a registration has sent a token to, once', async (t) => {
    const { access_token } = await begin()
    const token = await tokenOf(fastify, 'verify-email')
    t.match(token, /^[\w-]{43}$/)
    t.equal(await verified(access_token), false)
    const response = await verify(token)
    t.strictSame(answer(response), DONE)
    t.match(response.headers, { 'cache-control': 'no-store' })
    t.equal(await verified(access_token), true)
    t.strictSame(answer(await verify(token)), INVALID)
  })

  await t.test('takes it from one of two at once', async (t) => {
    await begin()
    const token = await tokenOf(fastify, 'verify-email')
    const answers = (await Promise.all([verify(token), verify(token)])).map(answer)
    t.strictSame(
      answers.sort((a, b) => a.statusCode - b.statusCode),
      [DONE, INVALID]
    )
  })

  await t.test('takes it for a day from when the mail was sent last', async (t) => {
    const { access_token } = await begin()
    const [mail] = await waiting(fastify)
    const first = await write(fastify, mail as never)
    clock.advance(24 * 60 * 60 - 10)
    const second = await tokenOf(fastify, 'verify-email')
    t.equal(second, first?.token, 'a mail that is sent twice has one token')
    clock.advance(24 * 60 * 60 - 10)
    const { access_token: other } = await begin()
    const late = await tokenOf(fastify, 'verify-email')
    t.strictSame(answer(await verify(second)), DONE)
    clock.advance(24 * 60 * 60)
    t.strictSame(answer(await verify(late)), INVALID)
    t.type([access_token, other], Array)
  })

  await t.test('takes nothing else', async (t) => {
    const { access_token, refresh_token } = await begin()
    const token = await tokenOf(fastify, 'verify-email')
    for (const wrong of [
      `${token}x`,
      token.slice(1),
      token.toUpperCase(),
      'x',
      'x'.repeat(512),
      access_token,
      refresh_token
    ]) {
      t.strictSame(answer(await verify(wrong.slice(0, 512))), INVALID)
    }
    for (const url of ['/email/change/confirm', '/email/change/undo']) {
      t.strictSame(answer(await post(fastify, url, { token })), INVALID, `${url} does not take it`)
    }
    t.strictSame(answer(await verify(token)), DONE, 'and none of it has used it up')
  })

  const unfit: [string, unknown, [path: string, message: string][]][] = [
    ['nothing', {}, [['/token', 'is required']]],
    ['an empty token', { token: '' }, [['/token', 'must have at least 1 characters']]],
    ['a token of 513 characters', { token: 'x'.repeat(513) }, [['/token', 'must have at most 512 characters']]],
    ['a number', { token: 5 }, [['/token', 'must be string']]],
    ['an unknown key', { token: 'x', email: 'ada@example.com' }, [['/email', 'is not a known key']]]
  ]
  for (const [what, body, faults] of unfit) {
    await t.test(`refuses ${what} as what does not fit`, async (t) => {
      const errors = faults.map(([path, message]) => ({ path, message }))
      t.strictSame(answer(await post(fastify, '/email/verify', body)), {
        statusCode: 400,
        body: refusal(400, 'Bad Request', 'VALIDATION_FAILED', 'The request does not fit its schema.', errors)
      })
    })
  }

  await t.test('is unavailable while the database is', async (t) => {
    await begin()
    const token = await tokenOf(fastify, 'verify-email')
    const restore = cutOff(fastify)
    t.equal((await verify(token)).json().code, 'DATABASE_UNAVAILABLE')
    restore()
    t.strictSame(answer(await verify(token)), DONE)
  })
})
