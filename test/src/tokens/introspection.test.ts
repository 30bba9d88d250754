import { randomUUID } from 'node:crypto'
import { test } from 'tap'
import { sql } from '../../../src/database/sql.ts'
import { createRefreshToken, readRefreshToken, writeRefreshToken } from '../../../src/sessions/refresh-token.ts'
import { createIntrospection } from '../../../src/tokens/introspection.ts'
import { bearer, build, cutOff, post, signIn, testClock } from '../../helpers/app.ts'

const ISSUER = 'https://id.example'
const INACTIVE = { active: false }

test('what a token is worth', async (t) => {
  const clock = testClock()
  const fastify = await build(t, {
    clock,
    environment: {
      PUBLIC_URL: ISSUER,
      AUDIENCE: 'orders',
      ACCESS_TOKEN_TTL: '60',
      REFRESH_IDLE_TTL: '3600',
      REFRESH_MAX_TTL: '5400'
    }
  })
  const ask = (token: string) => fastify.tokens.introspect(fastify.database.open(), token)
  const refresh = async (text: string): Promise<string> =>
    (await post(fastify, '/token/refresh', { refresh_token: text })).json().refresh_token
  const sessionOf = (text: string) => readRefreshToken(text)?.session as string

  await t.test('is what its claims say, for an access token', async (t) => {
    const { access_token: token, user } = await signIn(fastify, { username: 'Ada' })
    const { iat, exp, sid, auth_time } = await fastify.tokens.verify(token)
    t.strictSame(await ask(token), {
      active: true,
      sub: user.id,
      sid,
      iss: ISSUER,
      aud: 'orders',
      iat,
      exp,
      token_type: 'Bearer',
      auth_time,
      amr: ['pwd'],
      acr: 'aal1',
      username: 'Ada'
    })
    t.strictSame(await ask(token), await ask(token), 'however often one asks')
  })

  await t.test('is what its session says, for a refresh token', async (t) => {
    const { refresh_token: token, user } = await signIn(fastify, { username: 'Bea' })
    const { iat = 0, exp, auth_time, ...rest } = await ask(token)
    t.strictSame(rest, {
      active: true,
      sub: user.id,
      sid: sessionOf(token),
      iss: ISSUER,
      aud: 'orders',
      token_type: 'refresh_token',
      amr: ['pwd'],
      acr: 'aal1',
      username: 'Bea'
    })
    t.equal(auth_time, iat)
    t.ok(Math.abs(iat - clock.now() / 1000) < 5)
    t.equal(exp, iat + 3600)
    clock.advance(3000)
    const { iat: later = 0, exp: end } = await ask(await refresh(token))
    t.ok(Math.abs(later - clock.now() / 1000) < 5, 'from its last use')
    t.equal(end, iat + 5400, 'until the session is too old')
  })

  await t.test('has no username where the user has none', async (t) => {
    const { access_token: accessToken, refresh_token: refreshToken } = await signIn(fastify, { email: 'c@example.com' })
    for (const token of [accessToken, refreshToken]) {
      const state = await ask(token)
      t.match(state, { active: true })
      t.notOk('username' in state)
    }
  })

  await t.test('has the roles of the user as they are now, whatever the token says', async (t) => {
    const { access_token: accessToken, refresh_token: refreshToken, user } = await signIn(fastify, { username: 'finn' })
    const set = (roles: string[]) =>
      fastify.database.open().query(sql`UPDATE users SET roles = ${roles} WHERE id = ${user.id}`)
    const told = async () => [(await ask(accessToken)).roles, (await ask(refreshToken)).roles]
    t.strictSame(await told(), [undefined, undefined])
    await set(['admin', 'editor'])
    t.strictSame(await told(), [
      ['admin', 'editor'],
      ['admin', 'editor']
    ])
    await set([])
    t.strictSame(await told(), [undefined, undefined])
  })

  await t.test('says of an access token how it was authenticated, and not how its session is now', async (t) => {
    const { access_token: token, refresh_token: refreshToken, user } = await signIn(fastify, { username: 'eve' })
    const before = await ask(token)
    clock.advance(30)
    await fastify.database
      .open()
      .query(
        sql`UPDATE sessions SET authenticated_at = ${new Date(clock.now())}, amr = '{pwd,otp,mfa}' WHERE id = ${sessionOf(refreshToken)}`
      )
    t.strictSame(await ask(token), before)
    const { auth_time = 0, ...rest } = await ask(refreshToken)
    t.match(rest, { amr: ['pwd', 'otp', 'mfa'], acr: 'aal2' })
    t.ok(auth_time >= Number(before.auth_time) + 29)
    const { active, ...old } = await ask(fastify.tokens.issue(user, sessionOf(refreshToken)))
    t.equal(active, true)
    for (const claim of ['auth_time', 'amr', 'acr']) t.notOk(claim in old, 'nothing of a token of an earlier version')
  })

  await t.test('is asked without using the token', async (t) => {
    const { refresh_token: token } = await signIn(fastify, { username: 'dora' })
    const before = await ask(token)
    t.strictSame(await ask(token), before)
    const successor = await refresh(token)
    t.match(await ask(token), { active: true }, 'within the grace it would still be taken')
    clock.advance(10)
    t.strictSame(await ask(token), INACTIVE, 'and later it would not')
    t.match(await ask(successor), { active: true }, 'but asking is no replay')
  })

  let users = 0
  const nothing: [string, (tokens: Tokens) => Promise<string>][] = [
    ['nothing', async () => ''],
    ['rubbish', async () => 'rubbish'],
    ['rubbish of three parts', async () => 'a.b.c'],
    ['a made-up refresh token', async ({ sid }) => writeRefreshToken(createRefreshToken(sid))],
    ['a refresh token with something after it', async ({ refreshToken }) => `${refreshToken}x`],
    [
      'an access token with another signature',
      async ({ accessToken }) => accessToken.replace(/\.[^.]+$/, `.${'A'.repeat(86)}`)
    ],
    ['an access token of an unknown session', async ({ user }) => fastify.tokens.issue(user, randomUUID())],
    [
      'an access token that names the session of another',
      async ({ sid }) => fastify.tokens.issue((await signIn(fastify, { username: `other${users}` })).user, sid)
    ],
    [
      'an access token that is over',
      async ({ accessToken }) => {
        clock.advance(60)
        return accessToken
      }
    ],
    ...(['accessToken', 'refreshToken'] as const).flatMap((kind): [string, (tokens: Tokens) => Promise<string>][] => {
      const name = kind === 'accessToken' ? 'an access token' : 'a refresh token'
      return [
        [
          `${name} whose user has logged out`,
          async (tokens) => {
            await post(fastify, '/logout', { refresh_token: tokens.refreshToken })
            return tokens[kind]
          }
        ],
        [
          `${name} whose session was ended`,
          async (tokens) => {
            await fastify.inject({
              method: 'DELETE',
              url: `/sessions/${tokens.sid}`,
              headers: bearer(tokens.accessToken)
            })
            return tokens[kind]
          }
        ],
        [
          `${name} of a user who is gone`,
          async (tokens) => {
            await fastify.database.open().query(sql`DELETE FROM users WHERE id = ${tokens.user.id}`)
            return tokens[kind]
          }
        ]
      ]
    }),
    [
      'a refresh token that was not used for too long',
      async ({ refreshToken }) => {
        clock.advance(3600)
        return refreshToken
      }
    ]
  ]
  for (const [what, prepare] of nothing) {
    await t.test(`is nothing, and no more is said, for ${what}`, async (t) => {
      const signedIn = await signIn(fastify, { username: `user${users++}` })
      const { access_token: accessToken, refresh_token: refreshToken, user } = signedIn
      t.match(await ask(accessToken), { active: true }, 'while the tokens that it is made from are good')
      t.match(await ask(refreshToken), { active: true })
      const token = await prepare({ accessToken, refreshToken, user, sid: sessionOf(refreshToken) })
      t.strictSame(await ask(token), INACTIVE)
    })
  }

  await t.test('cannot be told while the database is away', async (t) => {
    const { access_token: accessToken, refresh_token: refreshToken } = await signIn(fastify, { username: 'late' })
    const restore = cutOff(fastify)
    for (const token of [accessToken, refreshToken]) {
      await t.rejects(ask(token), { code: 'DATABASE_UNAVAILABLE' })
    }
    restore()
    t.match(await ask(accessToken), { active: true })
  })

  await t.test('cannot be told where the verifier fails in another way than by refusing', async (t) => {
    const verify = () => {
      throw new TypeError('a fault of ours')
    }
    const introspect = createIntrospection({ verify, rules: fastify.sessions.rules, issuer: ISSUER, audience: ISSUER })
    await t.rejects(introspect(fastify.database.open(), 'a.b.c'), new TypeError('a fault of ours'))
  })
})

interface Tokens {
  accessToken: string
  refreshToken: string
  user: { id: string; username: string | null }
  sid: string
}
