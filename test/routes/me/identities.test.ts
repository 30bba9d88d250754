import { test } from 'tap'
import { sql } from '../../../src/database/sql.ts'
import { bearer, build, post, signIn, testClock } from '../../helpers/app.ts'

test('GET and DELETE /me/identities', async (t) => {
  const clock = testClock()
  const fastify = await build(t, { clock })
  const { user, access_token } = await signIn(fastify, { username: 'ada' })
  const other = await signIn(fastify, { username: 'bob' })
  const headers = bearer(access_token)
  const add = async (owner: string, subject: string) => {
    await fastify.database.open().query(
      sql`INSERT INTO identities (id, user_id, provider, issuer, subject, linked_at)
       VALUES (gen_random_uuid(), ${owner}, 'gone', 'https://id.example.com', ${subject}, now())`
    )
    const [row] = await fastify.database
      .open()
      .query<{ id: string }>(sql`SELECT id FROM identities WHERE subject = ${subject}`)
    return String(row?.id)
  }
  const [own, theirs] = [await add(user.id, 'ada'), await add(other.user.id, 'bob')]
  const remove = (id: string) => fastify.inject({ method: 'DELETE', url: `/me/identities/${id}`, headers })
  t.equal((await fastify.inject('/me/identities')).json().code, 'TOKEN_MISSING')
  t.equal((await remove(theirs)).json().code, 'NOT_FOUND')
  t.equal((await remove('x')).json().code, 'VALIDATION_FAILED')
  t.match(await remove(own), { statusCode: 204, body: '' })
  t.equal((await remove(own)).json().code, 'NOT_FOUND')
  const last = await add(user.id, 'ada again')
  await fastify.database.open().query(sql`UPDATE users SET password_hash = NULL WHERE id = ${user.id}`)
  t.equal((await remove(last)).json().code, 'LAST_CREDENTIAL')
  clock.advance(601)
  t.equal((await remove(last)).json().code, 'STEP_UP_REQUIRED')
  t.match((await fastify.inject({ url: '/me/identities', headers })).json(), {
    identities: [{ id: last, provider: 'gone' }]
  })
  t.equal((await post(fastify, '/me/identities', {}, headers)).statusCode, 405)
  t.match((await fastify.inject({ url: '/me/export', headers })).json().identities, [
    { issuer: 'https://id.example.com', subject: 'ada again' }
  ])
})
