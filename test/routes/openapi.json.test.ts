import { test } from 'tap'
import { answer, build, refusal } from '../helpers/app.ts'

test('GET /openapi.json', async (t) => {
  const fastify = await build(t)

  await t.test('is the document, and may be kept for an hour', async (t) => {
    const response = await fastify.inject('/openapi.json')
    t.equal(response.statusCode, 200)
    t.match(response.headers, {
      'content-type': 'application/json; charset=utf-8',
      'cache-control': 'public, max-age=3600'
    })
    t.strictSame(response.json(), JSON.parse(JSON.stringify(fastify.swagger())))
    t.match(response.json(), { openapi: '3.1.0', info: { title: 'Latchkey' }, paths: { '/login': { post: Object } } })
  })

  await t.test('takes no query', async (t) => {
    const response = await fastify.inject('/openapi.json?format=yaml')
    t.strictSame(answer(response), {
      statusCode: 400,
      body: refusal(400, 'Bad Request', 'VALIDATION_FAILED', 'The request does not fit its schema.', [
        { path: '/format', message: 'is not a known key' }
      ])
    })
    t.equal(response.headers['cache-control'], 'no-store')
  })
})
