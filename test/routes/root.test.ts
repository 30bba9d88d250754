import { test } from 'tap'
import { answer, build, refusal } from '../helpers/app.ts'

test('GET /', async (t) => {
  const fastify = await build(t)

  await t.test('leads to the API reference, with the headers of every answer', async (t) => {
    for (const method of ['GET', 'HEAD'] as const) {
      const { statusCode, headers, body } = await fastify.inject({ method, url: '/' })
      t.strictSame([statusCode, headers.location, body], [302, '/docs', ''])
      t.match(headers, { 'cache-control': 'no-store', 'x-content-type-options': 'nosniff', 'x-request-id': String })
    }
  })

  await t.test('takes no query, and no other method', async (t) => {
    const errors = [{ path: '/next', message: 'is not a known key' }]
    t.strictSame(answer(await fastify.inject('/?next=https://evil.example')), {
      statusCode: 400,
      body: refusal(400, 'Bad Request', 'VALIDATION_FAILED', 'The request does not fit its schema.', errors)
    })
    const { statusCode, headers } = await fastify.inject({ method: 'POST', url: '/' })
    t.strictSame([statusCode, headers.allow], [405, 'GET, HEAD'])
  })
})

test('GET / knows the path that a proxy has the service under', async (t) => {
  const fastify = await build(t, { environment: { PUBLIC_URL: 'https://example.com/auth/' } })
  t.equal((await fastify.inject('/')).headers.location, '/auth/docs')
})
