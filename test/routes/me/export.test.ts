import { test } from 'tap'
import { sql } from '../../../src/database/sql.ts'
import { answer, bearer, build, cutOff, PASSWORD, post, refusal, signIn } from '../../helpers/app.ts'
import { tokenOf } from '../../helpers/letters.ts'
import { meanwhile } from '../../helpers/meanwhile.ts'

const TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/

test('GET /me/export', async (t) => {
  const fastify = await build(t, { environment: { LIMITS: 'on' } })
  const { access_token: token, user } = await signIn(fastify, { username: 'ada', email: 'ada@example.com' })
  const headers = bearer(token)
  const verification = await tokenOf(fastify, 'verify-email')
  await post(fastify, '/email/verify', { token: verification, password: PASSWORD })
  const change = { new_email: 'lovelace@example.com', current_password: PASSWORD }
  await post(fastify, '/email/change', change, headers)
  await post(fastify, '/email/change/confirm', { token: await tokenOf(fastify, 'confirm-new-email') })
  await post(fastify, '/login', { username: 'ada', password: 'wrong' })
  await signIn(fastify, { username: 'grace', email: 'grace@example.com' })
  await fastify.audit.flush()

  await t.test('is a file with all that is stored, and no secret', async (t) => {
    const response = await fastify.inject({ url: '/me/export', headers })
    t.equal(response.statusCode, 200)
    t.match(response.headers, {
      'content-type': 'application/json; charset=utf-8',
      'content-disposition': `attachment; filename="account-${user.id}.json"`,
      'cache-control': 'no-store'
    })
    const { exported_at, sessions, records, ...rest } = response.json()
    t.match(exported_at, TIME)
    t.match(rest, {
      user: { ...user, email: 'lovelace@example.com', email_verified: true },
      locale: null,
      limits: [
        { name: 'username', wrong_passwords: 1, blocked_for: 0 },
        { name: 'email', wrong_passwords: 0, blocked_for: 0 }
      ],
      resting_usernames: [],
      email_changes: [{ previous_email: 'ada@example.com', asked_at: TIME, changed_at: TIME, undone_at: null }],
      email_tokens: [
        { purpose: 'verify email', email: 'ada@example.com', sent_at: TIME, expires_at: TIME, used_at: TIME },
        { purpose: 'confirm new email', email: 'lovelace@example.com', sent_at: TIME, expires_at: TIME, used_at: TIME }
      ],
      mails: [{ kind: 'email changed', recipient: 'ada@example.com', created_at: TIME, attempts: 0 }]
    })
    t.match(sessions, [{ ended_at: null, end_reason: null, created_at: TIME, last_used_at: TIME, ip: '127.0.0.1' }])
    t.strictSame(
      records.map(({ action }: { action: string }) => action),
      ['registered', 'login', 'email verified', 'email change asked', 'email changed', 'login failed']
    )
    t.notMatch(response.body, /grace|\$2b\$|hash|\\\\x/)
    t.notOk(response.body.includes(verification))
  })

  await t.test('is as long as it has to be', async (t) => {
    const { user: other, access_token } = await signIn(fastify, { username: 'busy' })
    await fastify.database.open().query(
      sql`INSERT INTO sessions (id, user_id, family_hash, rotating_hash, created_at, last_used_at)
       SELECT gen_random_uuid(), ${other.id}, '', '', now(), now() FROM generate_series(1, 1100)`
    )
    const response = await fastify.inject({ url: '/me/export', headers: bearer(access_token) })
    const ids = response.json().sessions.map(({ id }: { id: string }) => id)
    t.equal(new Set(ids).size, 1101)
  })

  await t.test('is for a living session, and unavailable while the database is', async (t) => {
    const INVALID = { statusCode: 401, body: refusal(401, 'Unauthorized', 'TOKEN_INVALID', 'The token is not valid.') }
    t.equal((await fastify.inject('/me/export')).json().code, 'TOKEN_MISSING')
    const { access_token, user: gone } = await signIn(fastify, { username: 'gone' })
    // The session, the limit, and then the account.
    meanwhile(fastify, 2, () => fastify.database.open().query(sql`DELETE FROM users WHERE id = ${gone.id}`))
    const response = await fastify.inject({ url: '/me/export', headers: bearer(access_token) })
    t.strictSame(answer(response), INVALID)
    t.equal(response.headers['content-disposition'], undefined)
    let restore = () => {}
    const cut = async () => {
      restore = cutOff(fastify)
    }
    meanwhile(fastify, 1, cut)
    const away = await fastify.inject({ url: '/me/export', headers })
    restore()
    t.equal(away.json().code, 'DATABASE_UNAVAILABLE')
    t.equal(away.headers['content-disposition'], undefined)
    // The answer has begun, so the connection is aborted.
    meanwhile(fastify, 2, cut)
    await t.rejects(fastify.inject({ url: '/me/export', headers }))
    restore()
  })

  await t.test('is given so often and no more', async (t) => {
    const statuses = []
    for (let i = 0; i < 31; i += 1) {
      statuses.push((await fastify.inject({ url: '/me/export', headers })).statusCode)
    }
    t.equal(statuses.at(-1), 429)
  })
})
