import { test } from 'tap'
import { sql } from '../../../src/database/sql.ts'
import { answer, bearer, build, PASSWORD, post, refusal, signIn, testClock } from '../../helpers/app.ts'
import { meanwhile } from '../../helpers/meanwhile.ts'
import { hasServer, meet } from '../../helpers/meeting.ts'
import { giveApp } from '../../helpers/second-factor.ts'

const WRONG_PASSWORD = {
  statusCode: 401,
  body: refusal(401, 'Unauthorized', 'INVALID_CREDENTIALS', 'The current password is wrong.')
}
const NOT_ENOUGH = {
  statusCode: 403,
  body: refusal(403, 'Forbidden', 'FORBIDDEN', 'This account requires a second step.')
}
const OVER = { statusCode: 401, body: refusal(401, 'Unauthorized', 'TOKEN_INVALID', 'The token is not valid.') }

test('a step-up', async (t) => {
  const clock = testClock()
  const fastify = await build(t, { clock })
  const database = () => fastify.database.open()
  let users = 0

  async function begin() {
    const { user, access_token: token } = await signIn(fastify, { username: `user.${users++}` })
    const { sid } = await fastify.tokens.verify(token)
    return { id: user.id as string, sid, token: token as string }
  }
  const stepUp = (token: string, proof: object) => post(fastify, '/token/step-up', proof, bearer(token))

  await t.test('refuses what changes while the password is checked', async (t) => {
    const { verify } = fastify.passwords
    const changes: [(id: string, sid: string) => Promise<unknown>, object][] = [
      [(id) => database().query(sql`UPDATE users SET mfa_required = true WHERE id = ${id}`), NOT_ENOUGH],
      [
        (id) => database().query(sql`UPDATE users SET password_version = password_version + 1 WHERE id = ${id}`),
        WRONG_PASSWORD
      ],
      [
        (_id, sid) =>
          database().query(sql`UPDATE sessions SET ended_at = now(), end_reason = 'logged out' WHERE id = ${sid}`),
        OVER
      ],
      [(id) => database().query(sql`DELETE FROM users WHERE id = ${id}`), WRONG_PASSWORD]
    ]
    for (const [change, refused] of changes) {
      const { id, sid, token } = await begin()
      fastify.passwords.verify = async (...given) => {
        const matches = await verify(...given)
        await change(id, sid)
        return matches
      }
      const response = await stepUp(token, { password: PASSWORD })
      fastify.passwords.verify = verify
      t.strictSame(answer(response), refused)
    }
  })

  await t.test('refuses a code whose session ends meanwhile, and does not use it up', async (t) => {
    const { id, sid, token } = await begin()
    const app = await giveApp(fastify, id)
    const end = (where = database()) =>
      where.query(sql`UPDATE sessions SET ended_at = now(), end_reason = 'logged out' WHERE id = ${sid}`)
    meanwhile(fastify, 2, end)
    t.strictSame(answer(await stepUp(token, { recovery_code: app.codes[0] })), OVER)
    const used = await database().query(sql`SELECT FROM recovery_codes WHERE user_id = ${id} AND used_at IS NOT NULL`)
    t.strictSame(used, [])
    const other = await begin()
    meanwhile(fastify, 1, () => database().query(sql`DELETE FROM users WHERE id = ${other.id}`))
    t.strictSame(answer(await stepUp(other.token, { totp: '123456' })), OVER, 'or whose account goes')
  })

  if (hasServer) {
    await t.test('waits for what changes the account', async (t) => {
      const { id, sid, token } = await begin()
      const app = await giveApp(fastify, id)
      const [, response] = await meet(
        fastify.pg.pool,
        async (transaction) => {
          await transaction.query(sql`SELECT FROM users WHERE id = ${id} FOR UPDATE`)
          await transaction.query(
            sql`UPDATE sessions SET ended_at = now(), end_reason = 'logged out' WHERE id = ${sid}`
          )
        },
        () => stepUp(token, { totp: app.code(1) }),
        clock
      )
      t.strictSame(answer(response), OVER)
    })
  }
})
