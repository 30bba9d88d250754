import { type Test, test } from 'tap'
import { answer, build, cutOff, refusal } from '../../helper.ts'

test('GET /health/ready', async (t) => {
  const fastify = await build(t)
  const ready = async (t: Test, what: string) => {
    const response = await fastify.inject('/health/ready')
    t.strictSame(answer(response), { statusCode: 200, body: { status: 'ok' } }, what)
    t.match(response.headers, { 'content-type': 'application/json; charset=utf-8', 'cache-control': 'no-store' })
  }

  await t.test('says that the database answers', (t) => ready(t, 'ready'))

  await t.test('says when it does not, and when it does again', async (t) => {
    const restore = cutOff(fastify)
    const response = await fastify.inject('/health/ready')
    restore()
    t.strictSame(answer(response), {
      statusCode: 503,
      body: refusal(
        503,
        'Service Unavailable',
        'DATABASE_UNAVAILABLE',
        'The database cannot be reached; try again shortly.'
      )
    })
    t.match(response.headers, { 'retry-after': '2', 'cache-control': 'no-store' })
    await ready(t, 'ready again')
  })
})
