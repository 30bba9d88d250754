import { test } from 'tap'
import { answer, build, post, refusal, signIn } from '../../../helpers/app.ts'
import { addPasskeyTo } from '../../../helpers/passkeys.ts'

test('POST /login/passkey/options', async (t) => {
  const fastify = await build(t)
  const ask = () => post(fastify, '/login/passkey/options', {})

  await t.test('answers the same to everybody but for the challenge', async (t) => {
    const before = await ask()
    const { access_token } = await signIn(fastify, { username: 'ada' })
    await addPasskeyTo(fastify, access_token)
    const after = await ask()
    for (const response of [before, after]) {
      const { challenge } = response.json().public_key
      t.equal(Buffer.from(challenge, 'base64url').length, 54)
      t.strictSame(answer(response), {
        statusCode: 200,
        body: {
          public_key: { rpId: 'localhost', challenge, timeout: 300000, userVerification: 'required' },
          expires_in: 300
        }
      })
      t.equal(response.headers['cache-control'], 'no-store')
    }
    t.not(before.json().public_key.challenge, after.json().public_key.challenge)
  })

  await t.test('writes nothing, and reads no body', async (t) => {
    const counts = async () => {
      const { rows } = await fastify.pg.query('SELECT count(*)::int FROM spent_challenges')
      return rows
    }
    const before = await counts()
    t.equal((await fastify.inject({ method: 'POST', url: '/login/passkey/options' })).statusCode, 200)
    t.strictSame(await counts(), before)
    t.strictSame(answer(await post(fastify, '/login/passkey/options', { username: 'ada' })), {
      statusCode: 400,
      body: refusal(400, 'Bad Request', 'VALIDATION_FAILED', 'The request does not fit its schema.', [
        { path: '/username', message: 'is not a known key' }
      ])
    })
  })
})
