import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { json } from 'node:stream/consumers'
import Fastify from 'fastify'
import { test } from 'tap'
import { startTracing } from '../../../src/observability/tracing.ts'

test('exports a span for each request with its route, and stops', async (t) => {
  const requests: { url: string | undefined; body: unknown }[] = []
  const collector = createServer(async (request, response) => {
    requests.push({ url: request.url, body: await json(request) })
    response.end('{}')
  }).listen(0, '127.0.0.1')
  t.teardown(() => collector.close())
  await once(collector, 'listening')
  const { port } = collector.address() as AddressInfo

  const tracing = startTracing(`http://127.0.0.1:${port}/otlp//`, 'a service')
  const fastify = Fastify()
  await fastify.register(tracing.plugin)
  fastify.get('/users/:id', async () => ({}))
  // An unsampled trace (W3C Trace Context §3.2.2.5).
  const headers = { traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00' }
  t.equal((await fastify.inject({ url: '/users/4711?token=hush', headers })).statusCode, 200)
  await tracing.stop()
  t.equal((await fastify.inject('/users/4712')).statusCode, 200, 'requests go on without tracing')
  await fastify.close()

  t.match(requests, [{ url: '/otlp/v1/traces' }])
  t.equal(requests.length, 1)
  const exported = JSON.stringify(requests)
  t.match(exported, '"traceId":"0af7651916cd43dd8448eb211c80319c"', 'also if the client does not sample it')
  t.match(exported, '"name":"GET /users/:id"')
  t.match(exported, '{"key":"url.path","value":{"stringValue":"/users/:id"}}')
  t.match(exported, '{"key":"service.name","value":{"stringValue":"a service"}}')
  for (const secret of ['4711', '4712', 'hush']) t.notMatch(exported, secret)
})
