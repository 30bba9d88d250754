import { Type } from '@sinclair/typebox'
import { test } from 'tap'
import requestRules from '../../../plugins/http/request-rules.ts'
import { readConfig } from '../../../src/config/config.ts'
import { post } from '../../helpers/app.ts'
import { assemble } from '../../helpers/assemble.ts'

const STRICT = { additionalProperties: false }

test('a request', async (t) => {
  const fastify = assemble(t, { plugins: [requestRules], config: readConfig({}) })
  const body = Type.Object({ count: Type.Integer(), at: Type.Optional(Type.String({ format: 'date' })) }, STRICT)
  fastify.register(async (scope) => {
    scope.post('/strict', { schema: { body } }, async ({ id, body }) => ({ id, body }))
    scope.post('/large', { bodyLimit: 100_000 }, async () => 'read')
  })
  const cases: [what: string, url: string, body: unknown, status: number][] = [
    ['that fits', '/strict', { count: 1, at: '2026-11-30' }, 200],
    ['with an unknown key', '/strict', { count: 1, more: 1 }, 400],
    ['with another type', '/strict', { count: '1' }, 400],
    ['with a text of no such format', '/strict', { count: 1, at: 'today' }, 400],
    ['with a body that is too large', '/strict', { count: 1, more: 'x'.repeat(16_384) }, 413],
    ['with one that its route lets pass', '/large', { text: 'x'.repeat(16_384) }, 200]
  ]
  for (const [what, url, body, status] of cases) t.equal((await post(fastify, url, body)).statusCode, status, what)
  const known = await post(fastify, '/strict', { count: 1 }, { 'x-request-id': 'an-id-of-its-client' })
  t.equal(known.json().id, 'an-id-of-its-client')
  const odd = await post(fastify, '/strict', { count: 1 }, { 'x-request-id': 'an id of its client' })
  t.match(odd.json().id, /^[0-9a-f-]{36}$/)
})
