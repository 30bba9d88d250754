import { test } from 'tap'
import { answer, build, refusal } from '../../helpers/app.ts'

const url = '/.well-known/webauthn'
const SHOP = 'https://shop.example.net'

test('GET /.well-known/webauthn lists the origins if one is outside of the RP ID', async (t) => {
  const fastify = await build(t, {
    environment: {
      PUBLIC_URL: 'https://auth.example.com',
      PASSKEY_ORIGINS: `https://auth.example.com,${SHOP},https://app.auth.example.com`
    }
  })
  const response = await fastify.inject(url)
  t.strictSame(answer(response), { statusCode: 200, body: { origins: [SHOP] } })
  t.match(response.headers, { 'content-type': 'application/json; charset=utf-8', 'cache-control': 'no-store' })
  t.equal((await fastify.inject({ method: 'HEAD', url })).statusCode, 200)
})

test('there is none otherwise', async (t) => {
  for (const PUBLIC_URL of ['https://auth.example.com', 'https://192.0.2.1']) {
    const fastify = await build(t, { environment: { PUBLIC_URL } })
    t.strictSame(answer(await fastify.inject(url)), {
      statusCode: 404,
      body: refusal(404, 'Not Found', 'NOT_FOUND', 'There is nothing here.')
    })
  }
})
