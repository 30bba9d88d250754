import { test } from 'tap'
import { sql } from '../../../src/database/sql.ts'
import { bearer, build, post, signIn } from '../../helpers/app.ts'
import { enrolAsOwner, enrolPasskey, requireStep } from '../../helpers/enrolled.ts'
import { meanwhile } from '../../helpers/meanwhile.ts'

test('the factors of an account that is deleted meanwhile are not shown', async (t) => {
  const fastify = await build(t)
  const { access_token: token, user } = await signIn(fastify, { username: 'ada' })
  meanwhile(fastify, 1, () => fastify.database.open().query(sql`DELETE FROM users WHERE id = ${user.id}`))
  t.match((await fastify.inject({ url: '/mfa', headers: bearer(token) })).json(), { code: 'TOKEN_INVALID' })
})

test('a change of factors checks the token again if a second step has become required meanwhile', async (t) => {
  const fastify = await build(t)
  const add = (token: string) => post(fastify, '/mfa/totp', undefined, bearer(token))
  /** The session was found and the token checked; the next statement changes the factors. */
  const requiredMeanwhile = (user: string) => meanwhile(fastify, 1, () => requireStep(fastify.database.open(), user))

  await t.test('and refuses one below aal2', async (t) => {
    const { access_token: token, user } = await signIn(fastify, { username: 'ada' })
    await enrolPasskey(fastify.database.open(), user.id)
    requiredMeanwhile(user.id)
    const response = await add(token)
    t.match(response.json(), { code: 'STEP_UP_REQUIRED', challenge: { expires_in: 300 } })
    t.match(response.headers['www-authenticate'], 'acr_values="aal2"')
    t.strictSame(await fastify.database.open().query(sql`SELECT FROM totp WHERE user_id = ${user.id}`), [])
  })

  await t.test('and accepts one at aal2', async (t) => {
    const { access_token: token, refresh_token, user } = await signIn(fastify, { username: 'grace' })
    await enrolAsOwner(fastify, token)
    const { access_token: raised } = (await post(fastify, '/token/refresh', { refresh_token })).json()
    await fastify.database.open().query(sql`UPDATE users SET mfa_required = false WHERE id = ${user.id}`)
    requiredMeanwhile(user.id)
    t.equal((await add(raised)).statusCode, 200)
  })

  await t.test('and needs no Authorization header for that', async (t) => {
    const { access_token: token, refresh_token, user } = await signIn(fastify, { username: 'mary' })
    await enrolAsOwner(fastify, token)
    const { access_token: raised } = (await post(fastify, '/token/refresh', { refresh_token })).json()
    const request = {
      database: fastify.database.open(),
      user: await fastify.tokens.verify(raised),
      account: { ...user, mfaRequired: false, hasPassword: true, roles: [] },
      headers: {}
    }
    t.match(await fastify.factorEnrolment.beginTotp(request as never), { expires_in: 600 })
    t.strictSame(request.account, { ...user, mfaRequired: true, hasPassword: true, roles: [] })
  })

  await t.test('and refuses that of a session that has ended meanwhile', async (t) => {
    const { access_token: token, user } = await signIn(fastify, { username: 'hedy' })
    meanwhile(fastify, 1, () =>
      fastify.database
        .open()
        .query(sql`UPDATE sessions SET ended_at = now(), end_reason = 'logged out' WHERE user_id = ${user.id}`)
    )
    t.match((await add(token)).json(), { code: 'TOKEN_INVALID' })
  })

  await t.test('and refuses that of a session that has ended before it is checked again', async (t) => {
    const { access_token: token, user } = await signIn(fastify, { username: 'joan' })
    meanwhile(fastify, 1, async () => {
      await requireStep(fastify.database.open(), user.id)
      // The transaction finds that a second step is required; the next statement finds the session again.
      meanwhile(fastify, 0, () =>
        fastify.database.open().query(sql`UPDATE sessions SET ended_at = now(), end_reason = 'logged out'
          WHERE user_id = ${user.id}`)
      )
    })
    t.match((await add(token)).json(), { code: 'TOKEN_INVALID' })
  })
})
