import { test } from 'tap'
import { answer, build, refusal } from '../../helpers/app.ts'

const url = '/.well-known/passkey-endpoints'
const PUBLIC_URL = 'https://example.com/auth'

test('GET /.well-known/passkey-endpoints names the page of the passkeys', async (t) => {
  const fastify = await build(t, { environment: { PUBLIC_URL } })
  const page = 'https://example.com/auth/pages/account/passkeys'
  const response = await fastify.inject(url)
  t.strictSame(answer(response), { statusCode: 200, body: { enroll: page, manage: page } })
  t.match(response.headers, { 'content-type': 'application/json; charset=utf-8', 'cache-control': 'no-store' })
  t.equal((await fastify.inject({ method: 'HEAD', url })).statusCode, 200)
  t.equal((await fastify.inject('/pages/account/passkeys')).statusCode, 303)
})

test('there is none without the hosted pages, or without passkeys', async (t) => {
  for (const environment of [{ PUBLIC_URL, PAGES: 'off' }, { PUBLIC_URL: 'https://192.0.2.1' }]) {
    const fastify = await build(t, { environment })
    t.strictSame(answer(await fastify.inject(url)), {
      statusCode: 404,
      body: refusal(404, 'Not Found', 'NOT_FOUND', 'There is nothing here.')
    })
    t.equal((await fastify.inject('/pages/account/passkeys')).statusCode, 404)
  }
})
