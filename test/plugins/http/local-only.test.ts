import Fastify from 'fastify'
import { test } from 'tap'
import localOnly from '../../../plugins/http/local-only.ts'

test('who calls from this machine by a name of this machine and through no proxy is let pass, and nobody else', async (t) => {
  const fastify = Fastify()
  t.teardown(() => fastify.close())
  await fastify.register(localOnly)
  fastify.get('/', { onRequest: fastify.localOnly }, async () => 'here')
  const cases: [remoteAddress: string, host: string, statusCode: number][] = [
    ['127.0.0.1', '127.0.0.1:3000', 200],
    ['127.0.0.1', 'localhost:3000', 200],
    ['::1', '[::1]:3000', 200],
    ['::ffff:127.0.0.1', 'localhost', 200],
    ['192.0.2.1', 'localhost:3000', 404],
    ['127.0.0.1', 'evil.example', 404],
    ['127.0.0.1', 'localhost.evil.example:3000', 404],
    ['127.0.0.1', 'a b', 404]
  ]
  for (const [remoteAddress, host, statusCode] of cases) {
    const answer = await fastify.inject({ url: '/', remoteAddress, headers: { host } })
    t.equal(answer.statusCode, statusCode, `${remoteAddress} ${host}`)
  }
  for (const header of ['x-forwarded-for', 'X-Forwarded-Host', 'x-forwarded-proto', 'forwarded', 'via', 'x-real-ip']) {
    const answer = await fastify.inject({ url: '/', headers: { host: 'localhost:3000', [header]: '' } })
    t.equal(answer.statusCode, 404, header)
  }
})
