import { test } from 'tap'
import { answer, build, refusal } from '../../helpers/app.ts'

const url = '/.well-known/change-password'

test('GET /.well-known/change-password leads to the page', async (t) => {
  const rows: [environment: Record<string, string>, location: string][] = [
    [{}, '/pages/account/password'],
    [{ PUBLIC_URL: 'https://example.com/auth/' }, '/auth/pages/account/password']
  ]
  for (const [environment, location] of rows) {
    const fastify = await build(t, { environment })
    for (const method of ['GET', 'HEAD'] as const) {
      const { statusCode, headers, body } = await fastify.inject({ method, url })
      t.strictSame([statusCode, headers.location, body], [303, location, ''])
      t.match(headers, { 'cache-control': 'no-store' })
    }
    const { statusCode, headers } = await fastify.inject({ method: 'POST', url })
    t.strictSame([statusCode, headers.allow], [405, 'GET, HEAD'])
  }
})

test('there is none without pages', async (t) => {
  const fastify = await build(t, { environment: { PAGES: 'off' } })
  t.strictSame(answer(await fastify.inject(url)), {
    statusCode: 404,
    body: refusal(404, 'Not Found', 'NOT_FOUND', 'There is nothing here.')
  })
})
