import type { FastifyInstance, LightMyRequestResponse } from 'fastify'
import { test } from 'tap'
import { createRefreshToken, readRefreshToken, writeRefreshToken } from '../../../src/sessions/refresh-token.ts'
import { answer, BEARER, bearer, build, PASSWORD, post, refusal, signIn, testClock } from '../../helpers/app.ts'
import { migratedDatabase } from '../../helpers/database.ts'

const INVALID = {
  statusCode: 401,
  body: refusal(401, 'Unauthorized', 'REFRESH_TOKEN_INVALID', 'The refresh token is not valid.')
}
const NEXT_PASSWORD = 'another horse battery staple'

/** The answer but for what is another one each time. */
function whole({ statusCode, headers: { date, 'x-request-id': id, ...headers }, body }: LightMyRequestResponse) {
  return { statusCode, headers, body }
}

const use = (fastify: FastifyInstance, text: string) => post(fastify, '/token/refresh', { refresh_token: text })
const sessionOf = (text: string) => readRefreshToken(text)?.session

test('a refresh token', async (t) => {
  const clock = testClock()
  const log: string[] = []
  const fastify = await build(t, {
    clock,
    log,
    environment: { ACCESS_TOKEN_TTL: '100000', REFRESH_IDLE_TTL: '3600', REFRESH_MAX_TTL: '7200', REFRESH_GRACE: '60' }
  })
  const refusals = () =>
    log
      .map((line) => JSON.parse(line))
      .filter(({ msg }) => msg === 'refused a refresh token')
      .map(({ time, pid, hostname, reqId, ...line }) => line)
  const seen: string[] = []
  let users = 0

  /** A session that has just begun, of a user of its own. */
  async function begin() {
    const username = `user${users++}`
    const { access_token: token, refresh_token: first } = await signIn(fastify, { username })
    seen.push(first)
    return {
      first,
      headers: bearer(token),
      next: async (text: string): Promise<string> => {
        const { refresh_token: successor } = (await use(fastify, text)).json()
        seen.push(successor)
        return successor
      },
      signInAgain: async () => (await post(fastify, '/login', { username, password: PASSWORD })).json()
    }
  }

  const reasons: [reason: string, refused: (session: Awaited<ReturnType<typeof begin>>) => Promise<string>][] = [
    [
      'replayed',
      async ({ first, next }) => {
        await next(first)
        clock.advance(60)
        return first
      }
    ],
    [
      'replayed',
      async ({ first, next }) => {
        const second = await next(first)
        clock.advance(60)
        await use(fastify, first)
        log.length = 0
        return second
      }
    ],
    [
      'idle',
      async ({ first }) => {
        clock.advance(3600)
        return first
      }
    ],
    [
      'expired',
      async ({ first, next }) => {
        clock.advance(3590)
        const second = await next(first)
        clock.advance(3590)
        const third = await next(second)
        clock.advance(20)
        return third
      }
    ],
    [
      'logged out',
      async ({ first }) => {
        await post(fastify, '/logout', { refresh_token: first })
        return first
      }
    ],
    [
      'ended by the user',
      async ({ first, headers }) => {
        await fastify.inject({ method: 'DELETE', url: `/sessions/${sessionOf(first)}`, headers })
        return first
      }
    ],
    [
      'ended by the user',
      async ({ headers, signInAgain }) => {
        const { refresh_token: other } = await signInAgain()
        await fastify.inject({ method: 'DELETE', url: '/sessions', headers })
        return other
      }
    ],
    [
      'password changed',
      async ({ headers, signInAgain }) => {
        const { refresh_token: other } = await signInAgain()
        await post(fastify, '/password/change', { current_password: PASSWORD, new_password: NEXT_PASSWORD }, headers)
        return other
      }
    ],
    [
      'superseded',
      async ({ first, next }) => {
        await next(await next(first))
        return first
      }
    ],
    ['unknown', async ({ first }) => writeRefreshToken(createRefreshToken(sessionOf(first) as string))],
    ['unknown', async () => writeRefreshToken(createRefreshToken('01890a5d-ac96-774b-bcce-b302099a8058'))]
  ]
  const answers: ReturnType<typeof whole>[] = []
  for (const [reason, prepare] of reasons) {
    await t.test(`that is refused is ${reason}, says the log alone`, async (t) => {
      log.length = 0
      const text = await prepare(await begin())
      seen.push(text)
      const response = await use(fastify, text)
      t.strictSame(answer(response), INVALID)
      t.match(response.headers, { ...BEARER, 'cache-control': 'no-store' })
      t.notMatch(response.headers['www-authenticate'], 'error')
      answers.push(whole(response))
      t.strictSame(refusals(), [{ level: 30, session: sessionOf(text), reason, msg: 'refused a refresh token' }])
      for (const part of seen.flatMap((each) => each.split('.'))) t.notMatch(log.join('\n'), part)
    })
  }

  const { first } = await begin()
  const rubbish: [string, string][] = [
    ['a word', 'rubbish'],
    ['one character', 'x'],
    ['512 characters', 'x'.repeat(512)],
    ['a part too few', first.split('.').slice(0, 2).join('.')],
    ['a part too many', `${first}.x`],
    ['a space at its end', `${first} `],
    ['an access token', fastify.tokens.issue({ id: 'x', username: null }, 'x').slice(0, 512)]
  ]
  for (const [what, text] of rubbish) {
    await t.test(`that is ${what} is unknown, and nothing of it is in the log`, async (t) => {
      log.length = 0
      const response = await use(fastify, text)
      t.strictSame(answer(response), INVALID)
      answers.push(whole(response))
      t.strictSame(refusals(), [{ level: 30, reason: 'unknown', msg: 'refused a refresh token' }])
      if (text.length > 1) t.notOk(log.some((line) => line.includes(text)))
    })
  }

  await t.test('is refused in the same words whatever the reason', async (t) => {
    t.equal(answers.length, reasons.length + rubbish.length)
    t.strictSame(
      answers,
      answers.map(() => answers[0])
    )
  })

  await t.test('that is good is no news', async (t) => {
    log.length = 0
    const response = await use(fastify, first)
    t.equal(response.statusCode, 200)
    t.strictSame(Object.keys(response.json()), ['access_token', 'token_type', 'expires_in', 'refresh_token'])
    t.strictSame(refusals(), [])
    t.equal(log.length, 1, 'but for the line of the request')
  })

  await t.test('ends its session once, and it is all the same whether there is one', async (t) => {
    const { first, next } = await begin()
    const second = await next(first)
    const ended: unknown[] = []
    const record = (action: string, { session }: { session: string }) => ended.push([action, session])
    const request = { database: fastify.database.open(), record } as never
    log.length = 0
    for (const text of [
      'rubbish',
      writeRefreshToken(createRefreshToken(sessionOf(first) as string)),
      first,
      first,
      second
    ]) {
      t.equal(await fastify.sessions.end(request, text), undefined)
    }
    t.strictSame(ended, [['logged out', sessionOf(first)]])
    t.strictSame(log, [])
    t.strictSame(answer(await use(fastify, second)), INVALID)
    t.match(refusals(), [{ reason: 'logged out' }])
  })
})

test('the rules of sessions', async (t) => {
  await t.test('are those of the environment', async (t) => {
    const environment = { REFRESH_IDLE_TTL: '3600', REFRESH_MAX_TTL: '7200', REFRESH_GRACE: '0' }
    const { successorKey, ...rules } = (await build(t, { environment })).sessions.rules
    t.strictSame(rules, { REFRESH_IDLE_TTL: 3600, REFRESH_MAX_TTL: 7200, REFRESH_GRACE: 0 })
    t.equal(successorKey.length, 32)
  })

  await t.test('have one key in all instances, which give a token the same successor', async (t) => {
    const database = await migratedDatabase(t)
    const [one, other] = [await build(t, { database }), await build(t, { database })]
    t.strictSame(one.sessions.rules.successorKey, other.sessions.rules.successorKey)
    const { refresh_token } = await signIn(one, { username: 'ada' })
    const [first, second] = [
      await post(one, '/token/refresh', { refresh_token }),
      await post(other, '/token/refresh', { refresh_token })
    ]
    t.equal(first.statusCode, 200)
    t.equal(second.json().refresh_token, first.json().refresh_token)
  })

  await t.test('have another key in another installation', async (t) => {
    const [one, other] = [await build(t), await build(t)]
    t.notSame(one.sessions.rules.successorKey, other.sessions.rules.successorKey)
  })
})
