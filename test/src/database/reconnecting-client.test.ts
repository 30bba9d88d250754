import pg from 'pg'
import { type Test, test } from 'tap'
import { reconnectingClient } from '../../../src/database/reconnecting-client.ts'
import { caught } from '../../helpers/caught.ts'
import { completed, handwrittenServer, turnedAway, welcome } from '../../helpers/servers.ts'
import { stopwatch } from '../../helpers/stopwatch.ts'

/** A server that may be unavailable, a pool that connects to it, and a count of attempts. */
async function unreliable(t: Test, random: () => number) {
  const server = { away: true, silent: false, tried: 0, hangUp: () => {} }
  const connectionString = await handwrittenServer(t, (socket, { type, text }) => {
    if (type === '') server.tried += 1
    server.hangUp = () => socket.destroy()
    if (server.silent) return
    if (type === 'Q') socket.write(completed(text))
    else if (server.away) socket.end(turnedAway('57P03', `attempt ${server.tried}`))
    else if (type === '') socket.write(welcome)
  })
  const pool = new pg.Pool({ connectionString, max: 3, Client: reconnectingClient({}, random) })
  pool.on('error', () => {})
  t.teardown(() => pool.end())
  return { server, pool, failure: async () => (await caught(pool.query('SELECT 1'))).message }
}

test('an unavailable server is tried after delays that double, up to a second', async (t) => {
  const pass = stopwatch(t)
  const { server, failure } = await unreliable(t, () => 1)
  t.equal(await failure(), 'attempt 1')
  for (const [index, pause] of [50, 100, 200, 400, 800, 1000, 1000].entries()) {
    const last = `attempt ${index + 1}`
    pass(pause - 1)
    t.strictSame([await failure(), server.tried], [last, index + 1], `not within ${pause} ms`)
    pass(1)
    t.equal(await failure(), `attempt ${index + 2}`, `after ${pause} ms`)
  }
})

test('the delays are shortened at random, by half at most', async (t) => {
  const pass = stopwatch(t)
  const { server, failure } = await unreliable(t, () => 0)
  await failure()
  pass(24)
  await failure()
  t.equal(server.tried, 1)
  pass(1)
  await failure()
  t.equal(server.tried, 2)
})

test('a server that has failed is tried by one connection at a time', async (t) => {
  const pass = stopwatch(t)
  const { server, pool, failure } = await unreliable(t, () => 1)
  await failure()
  server.silent = true
  pass(50)
  const trying = pool.connect().catch((error: Error) => error)
  t.strictSame([await failure(), await failure()], ['attempt 1', 'attempt 1'])
  t.equal(pool.totalCount, 1, 'which goes on')
  while (server.tried < 2) await new Promise(setImmediate)
  server.hangUp()
  t.match(await trying, { message: 'Connection terminated unexpectedly' })
  t.equal(server.tried, 2)
})

test('a long queue behind a failure does not overflow the stack', async (t) => {
  const { pool } = await unreliable(t, () => 1)
  const all = await Promise.allSettled(Array.from({ length: 20_000 }, () => pool.connect()))
  t.equal(all.filter(({ status }) => status === 'rejected').length, 20_000)
  t.equal(pool.waitingCount, 0)
})

test('a server that answers again serves all', async (t) => {
  const pass = stopwatch(t)
  const { server, pool, failure } = await unreliable(t, () => 1)
  await failure()
  server.away = false
  pass(50)
  await pool.query('SELECT 1')
  const clients = await Promise.all([pool.connect(), pool.connect(), pool.connect()])
  t.equal(server.tried, 4)
  for (const client of clients) client.release(true)
  server.away = true
  t.equal(await failure(), 'attempt 5', 'and is tried at once when it is lost again')
})

test('sessions have the settings that our SQL relies on, and more', (t) => {
  const client = new (reconnectingClient({ search_path: 'auth' }))()
  t.match(client.getStartupConf(), { DateStyle: 'ISO, MDY', TimeZone: 'UTC', search_path: 'auth' })
  t.notOk('search_path' in new (reconnectingClient())().getStartupConf())
  t.end()
})

test('a client of its own connects by a promise too', async (t) => {
  const { server, pool } = await unreliable(t, () => 1)
  server.away = false
  const client = new (reconnectingClient())(pool.options)
  t.equal(await client.connect(), client)
  await client.end()
})
