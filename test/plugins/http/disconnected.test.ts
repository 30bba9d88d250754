import { connect } from 'node:net'
import type { FastifyInstance } from 'fastify'
import { test } from 'tap'
import { build, listen, PASSWORD, post } from '../../helpers/app.ts'
import { holdHashes } from '../../helpers/held-hashes.ts'

const GONE = 'The client has gone.'

/** Asks for a login over a connection of its own; what comes back cuts it, and resolves when the server knows. */
async function login(fastify: FastifyInstance, port: number, username: string) {
  const body = JSON.stringify({ username, password: PASSWORD })
  const received = new Promise((resolve) => fastify.server.once('request', resolve))
  const gone = new Promise<void>((resolve) =>
    fastify.server.once('connection', (socket) => socket.once('close', () => resolve()))
  )
  const socket = connect(port, '127.0.0.1')
  socket.write(
    `POST /login HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: ${body.length}\r\n\r\n${body}`
  )
  await received
  return () => {
    socket.resetAndDestroy()
    return gone
  }
}

/** What comes of `passwords.verify`, as it is asked. */
function watchVerify({ passwords }: FastifyInstance) {
  const { verify } = passwords
  const outcomes: Promise<unknown>[] = []
  let called: (() => void) | undefined
  passwords.verify = (...given) => {
    const verified = verify(...given)
    outcomes.push(verified.catch(({ message }) => message))
    called?.()
    return verified
  }
  const next = () =>
    new Promise<void>((resolve) => {
      called = resolve
    })
  return { outcomes, next }
}

test('a client that hangs up', async (t) => {
  const fastify = await build(t, { environment: { DATABASE_POOL: '1', HASH_QUEUE: '1' } })
  const port = await listen(fastify)
  const { outcomes, next } = watchVerify(fastify)

  await t.test('leaves the queue of hashes', async (t) => {
    const asked = next()
    const { busy, open } = holdHashes(fastify)
    const hangUp = await login(fastify, port, 'ada')
    await asked
    t.equal(fastify.passwords.semaphore.waiting, 1)
    await hangUp()
    t.equal(await outcomes.at(-1), GONE)
    t.equal(fastify.passwords.semaphore.waiting, 0)
    open()
    await busy
    t.equal(fastify.passwords.semaphore.running, 0)
  })

  await t.test('gives the place back that it has on the way to a hash', async (t) => {
    const client = await fastify.pg.pool.connect()
    const again = () => post(fastify, '/login', { username: 'ada', password: PASSWORD }).then((it) => it.statusCode)
    const other = again()
    const hangUp = await login(fastify, port, 'ada')
    while (fastify.database.waiting < 2) await new Promise(setImmediate)
    t.equal(await again(), 503)
    await hangUp()
    const admitted = again()
    client.release()
    t.strictSame(await Promise.all([other, admitted]), [401, 401])
  })

  await t.test('is known to have gone also where it went before there was anything to wait for', async (t) => {
    const asked = next()
    // The only connection to the database is taken: the login waits for it, and meanwhile the client goes.
    const client = await fastify.pg.pool.connect()
    const hangUp = await login(fastify, port, 'ada')
    await hangUp()
    client.release()
    await asked
    t.equal(await outcomes.at(-1), GONE)
  })
})

test('a client that stays is not taken for one that has gone', async (t) => {
  const fastify = await build(t)
  const { outcomes } = watchVerify(fastify)
  t.equal((await post(fastify, '/login', { username: 'nobody', password: PASSWORD })).statusCode, 401)
  t.strictSame(await Promise.all(outcomes), [false])
})
