import { connect } from 'node:net'
import { text } from 'node:stream/consumers'
import { mock } from 'node:test'
import { test } from 'tap'
import { build, exchange, listen, readAnswer, refusal } from '../helper.ts'

test('while the service stops, what is in flight is finished, and its connection closed', async (t) => {
  const fastify = await build(t, { environment: { DATABASE_POOL: '1' } })
  const port = await listen(fastify)
  const socket = connect(port, '127.0.0.1')
  const everything = text(socket)

  // The only connection to the database is taken: the request waits for it.
  const client = await fastify.pg.pool.connect()
  const received = new Promise((resolve) => fastify.server.once('request', resolve))
  socket.write('GET /health/ready HTTP/1.1\r\nhost: x\r\n\r\n')
  await received

  const closed = fastify.close()
  const refused = await exchange(port, 'GET /health/live HTTP/1.1\r\nhost: x\r\n\r\n')
  client.release()
  t.match(readAnswer(await everything), { statusCode: 200, headers: { connection: 'close' }, body: { status: 'ok' } })
  await closed
  t.match(readAnswer(refused), { statusCode: 503, headers: { connection: 'close' } })
})

test('a client that never ends its request does not hold up the stop', async (t) => {
  const fastify = await build(t)
  const port = await listen(fastify)
  const socket = connect(port, '127.0.0.1')
  const received = new Promise((resolve) => fastify.server.once('request', resolve))
  socket.write('POST /login HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: 9\r\n\r\n{')
  await received
  const everything = text(socket)

  // The timer of an idle connection has to be of the time in which it is cleared.
  const client = await fastify.pg.pool.connect()
  mock.timers.enable({ apis: ['setTimeout'] })
  t.teardown(() => mock.timers.reset())
  client.release()
  const closed = fastify.close()
  await new Promise((resolve) => setImmediate(resolve))
  mock.timers.tick(8_999)
  t.equal(socket.closed, false)
  mock.timers.tick(1)
  await closed
  t.equal(await everything, '')
})

test('who comes while the service stops is refused, and told to go elsewhere', async (t) => {
  const fastify = await build(t)
  const port = await listen(fastify)
  const closed = fastify.close()
  for (const path of ['/health/ready', '/secret']) {
    const refused = readAnswer(await exchange(port, `GET ${path} HTTP/1.1\r\nhost: x\r\n\r\n`))
    t.equal(refused.statusCode, 503)
    t.strictSame(refused.body, refusal(503, 'Service Unavailable', 'OVERLOADED', 'The service is stopping.'))
    t.match(refused.headers, {
      connection: 'close',
      'retry-after': '1',
      'cache-control': 'no-store',
      'content-type': 'application/json; charset=utf-8',
      'x-request-id': /^[0-9a-f-]{36}$/
    })
  }
  await closed
})
