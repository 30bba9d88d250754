import { test } from 'tap'
import { answer, build, cutOff } from '../../helpers/app.ts'

test('GET /health/live', async (t) => {
  const fastify = await build(t)

  await t.test('says that the process runs', async (t) => {
    const response = await fastify.inject('/health/live')
    t.strictSame(answer(response), { statusCode: 200, body: { status: 'ok' } })
    t.match(response.headers, { 'content-type': 'application/json; charset=utf-8', 'cache-control': 'no-store' })
  })

  await t.test('says so without a database', async (t) => {
    const restore = cutOff(fastify)
    const response = await fastify.inject('/health/live')
    restore()
    t.strictSame(answer(response), { statusCode: 200, body: { status: 'ok' } })
  })
})
