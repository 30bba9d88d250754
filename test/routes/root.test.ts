import { test } from 'tap'
import { answer, build, refusal } from '../helpers/app.ts'

test('GET /', async (t) => {
  const fastify = await build(t)

  await t.test('leads to the page of the account, with the headers of every answer', async (t) => {
    for (const method of ['GET', 'HEAD'] as const) {
      const { statusCode, headers, body } = await fastify.inject({ method, url: '/' })
      t.strictSame([statusCode, headers.location, body], [303, '/pages/account', ''])
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

test('GET / leads to the API reference where the pages are off, under the path that a proxy has', async (t) => {
  const cases: [environment: Record<string, string>, statusCode: number, location: string][] = [
    [{ PUBLIC_URL: 'https://example.com/auth/' }, 303, '/auth/pages/account'],
    [{ PUBLIC_URL: 'https://example.com/auth/', PAGES: 'off' }, 302, '/auth/docs'],
    [{ APP_URL: 'https://app.example.com' }, 302, '/docs'],
    [{ APP_URL: 'https://app.example.com', PAGES: 'on' }, 303, '/pages/account']
  ]
  for (const [environment, statusCode, location] of cases) {
    const fastify = await build(t, { environment })
    const response = await fastify.inject('/')
    t.strictSame([response.statusCode, response.headers.location], [statusCode, location])
  }
})
