import { connect, type Socket } from 'node:net'
import { text } from 'node:stream/consumers'
import { mock } from 'node:test'
import type { FastifyInstance } from 'fastify'
import { type Test, test } from 'tap'
import { build, exchange, listen, readAnswer, refusal } from '../../helpers/app.ts'
import { stopwatch } from '../../helpers/stopwatch.ts'

/** Moves the time of timers by hand. */
async function holdTimers(t: Test, { pg }: FastifyInstance): Promise<(milliseconds: number) => void> {
  // The timer of an idle connection has to be of the time in which it is cleared.
  const client = await pg.pool.connect()
  mock.timers.enable({ apis: ['setTimeout'] })
  t.teardown(() => mock.timers.reset())
  client.release()
  return (milliseconds) => mock.timers.tick(milliseconds)
}

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

  const tick = await holdTimers(t, fastify)
  const closed = fastify.close()
  await new Promise(setImmediate)
  tick(1_000)
  await new Promise(setImmediate)
  tick(7_999)
  t.equal(socket.closed, false)
  tick(1)
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

test('whoever is on the way at the end of that time is refused as well, and not cut off', async (t) => {
  const fastify = await build(t)
  const port = await listen(fastify)
  const { server } = fastify
  const taken: Socket[] = []
  server.on('connection', (socket) => taken.push(socket))
  const answered: { place: number; closed: boolean }[] = []
  server.on('request', ({ socket }, response) => {
    response.on('finish', () => answered.push({ place: taken.indexOf(socket), closed: !server.listening }))
  })
  const tick = await holdTimers(t, fastify)
  stopwatch(t)
  const closed = fastify.close()
  await new Promise(setImmediate)

  const answers = Array.from({ length: 50 }, () => exchange(port, 'GET /secret HTTP/1.1\r\nhost: x\r\n\r\n'))
  while (taken.length < 5) await new Promise(setImmediate)
  tick(1_000)
  const early = taken.length
  await new Promise(setImmediate)
  tick(50)
  for (const refused of await Promise.all(answers)) t.equal(readAnswer(refused).statusCode, 503)
  const late = answered.filter(({ place }) => place >= early)
  t.strictSame([late.length, early < 50], [50 - early, true])
  t.ok(
    late.every(({ closed }) => closed),
    'they are refused when nobody can come any more'
  )
  await closed
})

test('who has connected and asks for nothing does not hold up the stop; who has begun to ask does', async (t) => {
  const fastify = await build(t)
  const port = await listen(fastify)
  const [silent, asking] = [connect(port, '127.0.0.1'), connect(port, '127.0.0.1')]
  const ends = [text(silent), text(asking)]
  const received = new Promise((resolve) => fastify.server.once('request', resolve))
  asking.write('POST /login HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: 2\r\n\r\n{')
  await received
  const tick = await holdTimers(t, fastify)
  const closed = fastify.close()
  await new Promise(setImmediate)
  tick(1_000)
  await new Promise(setImmediate)
  tick(50)
  while (fastify.server.listening) await new Promise(setImmediate)
  t.equal(silent.closed, false, 'it may be about to')
  tick(1_000)
  t.equal(await ends[0], '')
  asking.write('}')
  t.match(readAnswer((await ends[1]) as string), { statusCode: 400, headers: { connection: 'close' } })
  await closed
})
