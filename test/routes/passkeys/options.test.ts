import { test } from 'tap'
import { sql } from '../../../src/database/sql.ts'
import { answer, BEARER, bearer, build, INVALID_TOKEN, post, refusal, signIn, testClock } from '../../helpers/app.ts'
import { addPasskeyTo } from '../../helpers/passkeys.ts'

test('POST /passkeys/options', async (t) => {
  const clock = testClock()
  const fastify = await build(t, { clock })
  let users = 0

  async function begin() {
    const { user, access_token } = await signIn(fastify, { username: `user.${users++}` })
    return { user, token: access_token as string }
  }
  const ask = (token: string, body: unknown = {}) => post(fastify, '/passkeys/options', body, bearer(token))

  await t.test('excludes the passkeys that there are', async (t) => {
    const { token, user } = await begin()
    const { authenticator } = await addPasskeyTo(fastify, token)
    const { public_key, expires_in } = (await ask(token)).json()
    t.equal(expires_in, 300)
    t.match(public_key, {
      rp: { name: '127.0.0.1', id: 'localhost' },
      user: { name: user.username, displayName: user.username },
      pubKeyCredParams: [{ alg: -8 }, { alg: -7 }, { alg: -257 }],
      timeout: 300000,
      attestation: 'none',
      excludeCredentials: [{ id: authenticator.id, transports: ['internal'], type: 'public-key' }],
      authenticatorSelection: { residentKey: 'required', userVerification: 'required' }
    })
    t.equal(Buffer.from(public_key.challenge, 'base64url').length, 54)
    t.equal(Buffer.from(public_key.user.id, 'base64url').toString('hex'), user.id.replaceAll('-', ''))
    const empty = await fastify.inject({ method: 'POST', url: '/passkeys/options', headers: bearer(token) })
    t.equal(empty.statusCode, 200, 'a body is not needed')
  })

  await t.test('names the account by its address where there is no username', async (t) => {
    const { access_token: token } = await signIn(fastify, { email: 'grace@example.com' })
    const { public_key } = (await ask(token)).json()
    t.match(public_key.user, { name: 'grace@example.com', displayName: 'grace@example.com' })
  })

  await t.test('answers each with another challenge, and stores nothing', async (t) => {
    const { token } = await begin()
    const spent = await fastify.database.open().query(sql`SELECT FROM spent_challenges`)
    const responses = [await ask(token), await ask(token)]
    const challenges = responses.map((response) => response.json().public_key.challenge)
    t.not(challenges[0], challenges[1])
    for (const { headers } of responses) t.match(headers, { 'cache-control': 'no-store' })
    t.strictSame(await fastify.database.open().query(sql`SELECT FROM spent_challenges`), spent)
  })

  await t.test(
    'refuses a token that is missing, too old, or of a session that has ended, and what does not fit',
    async (t) => {
      const { token, user } = await begin()
      const missing = await post(fastify, '/passkeys/options', {})
      t.strictSame(answer(missing), {
        statusCode: 401,
        body: refusal(401, 'Unauthorized', 'TOKEN_MISSING', 'A bearer token is needed here.')
      })
      t.match(missing.headers, BEARER)
      t.strictSame(answer(await ask(token, { username: 'ada' })), {
        statusCode: 400,
        body: refusal(400, 'Bad Request', 'VALIDATION_FAILED', 'The request does not fit its schema.', [
          { path: '/username', message: 'is not a known key' }
        ])
      })
      clock.advance(601)
      const old = await ask(token, { username: 'ada' })
      t.strictSame(answer(old), {
        statusCode: 401,
        body: {
          ...refusal(401, 'Unauthorized', 'STEP_UP_REQUIRED', 'Prove again who you are.'),
          challenge: { factors: ['password'], expires_in: 300 }
        }
      })
      t.match(old.headers, { 'www-authenticate': 'Bearer error="insufficient_user_authentication", max_age=600' })
      await fastify.database
        .open()
        .query(sql`UPDATE sessions SET ended_at = now(), end_reason = 'logged out' WHERE user_id = ${user.id}`)
      const over = await ask(token)
      t.strictSame(answer(over), {
        statusCode: 401,
        body: refusal(401, 'Unauthorized', 'TOKEN_INVALID', 'The token is not valid.')
      })
      t.match(over.headers, INVALID_TOKEN)
    }
  )
})
