import { mock } from 'node:test'
import type { FastifyInstance } from 'fastify'
import { type Test, test } from 'tap'
import clock from '../../plugins/clock.ts'
import config from '../../plugins/config.ts'
import database from '../../plugins/database.ts'
import keyRing from '../../plugins/key-ring.ts'
import pg from '../../plugins/pg.ts'
import secrets from '../../plugins/secrets.ts'
import { readConfig } from '../../src/config.ts'
import { addKey, SecretMismatch } from '../../src/keys.ts'
import { assemble } from '../assemble.ts'
import { caught } from '../caught.ts'
import { migratedDatabase, type TestDatabase } from '../database.ts'
import { type TestClock, testClock } from '../helper.ts'

const SECRET_KEY = 'only for tests, and long enough to be one'

interface Instance {
  where: TestDatabase
  clock?: TestClock
  log?: Record<string, unknown>[]
  environment?: Record<string, string>
}

/** An instance of the service with a key ring and what that needs. */
function instance(t: Test, { where, environment, ...given }: Instance): FastifyInstance {
  const DATABASE_URL = 'url' in where ? where.url : ''
  return assemble(t, {
    plugins: [clock, config, pg, database, secrets, keyRing],
    config: readConfig({ DATABASE_URL, DATABASE_POOL: '1', SECRET_KEY, ...environment }),
    ...('pglite' in where && { pglite: where.pglite }),
    ...given
  })
}

const kids = ({ keyRing }: FastifyInstance) => keyRing.jwks().keys.map(({ kid }) => kid)

/** Resolves when something is so; on the turns of the event loop, whatever timers do. */
async function until(isSo: () => boolean): Promise<void> {
  while (!isSo()) await new Promise(setImmediate)
}

test('the key ring', async (t) => {
  const where = await migratedDatabase(t)
  t.beforeEach(() => mock.timers.enable({ apis: ['setInterval', 'setTimeout'] }))
  t.afterEach(() => mock.timers.reset())

  await t.test('has a key that signs from the first start on, and the same at the next', async (t) => {
    const first = instance(t, { where })
    await first.ready()
    const { kid } = first.keyRing.signingKey()
    t.strictSame(kids(first), [kid])
    await first.close()
    const second = instance(t, { where })
    await second.ready()
    t.strictSame([kids(second), second.keyRing.signingKey().kid], [[kid], kid])
    await second.close()
  })

  await t.test(
    'notices within 30 seconds what others do, and signs with a new key when its time has come',
    async (t) => {
      const clock = testClock()
      const fastify = instance(t, { where, clock })
      await fastify.ready()
      const [first] = kids(fastify)
      const next = await addKey(fastify.openDatabase(), clock, { current: SECRET_KEY })
      mock.timers.tick(29_999)
      t.strictSame(kids(fastify), [first])
      mock.timers.tick(1)
      await until(() => fastify.keyRing.find(next) !== undefined)
      t.strictSame([kids(fastify), fastify.keyRing.signingKey().kid], [[first, next], first])
      clock.advance(360)
      t.equal(fastify.keyRing.signingKey().kid, next)
      clock.advance(60 + 900)
      mock.timers.tick(30_000)
      await until(() => fastify.keyRing.find(first as string) === undefined)
      t.strictSame(kids(fastify), [next])
      await fastify.close()
    }
  )

  await t.test('goes on when it cannot be read, and says so in the log', async (t) => {
    const log: Record<string, unknown>[] = []
    const fastify = instance(t, { where, log })
    await fastify.ready()
    const before = fastify.keyRing.jwks()
    await fastify.pg.query('ALTER TABLE signing_keys RENAME TO mislaid')
    mock.timers.tick(30_000)
    await until(() => log.length > 0)
    await fastify.pg.query('ALTER TABLE mislaid RENAME TO signing_keys')
    const [{ err, ...line } = {}, ...more] = log
    t.strictSame([line, more], [{ msg: 'could not read the key ring' }, []])
    t.match(err, { code: '42P01' })
    t.strictSame(fastify.keyRing.jwks(), before)
    await fastify.close()
  })

  await t.test('is read no more when the service has stopped', async (t) => {
    const log: Record<string, unknown>[] = []
    const fastify = instance(t, { where, log })
    await fastify.ready()
    await fastify.close()
    mock.timers.tick(60_000)
    for (let turn = 0; turn < 10; turn++) await new Promise(setImmediate)
    t.strictSame(log, [])
  })

  await t.test('lets an unknown kid wait for the database no longer than a second', async (t) => {
    const fastify = instance(t, { where })
    await fastify.ready()
    const holder = await fastify.pg.pool.connect()
    let over = false
    const search = fastify.keyRing.discover('unknown').finally(() => {
      over = true
    })
    mock.timers.tick(999)
    await new Promise(setImmediate)
    t.equal(over, false)
    mock.timers.tick(1)
    t.equal(await search, undefined)
    holder.release()
    await fastify.close()
  })

  await t.test('keeps what the previous secret wrapped', async (t) => {
    const environment = { SECRET_KEY: 'another secret, which came after it', SECRET_KEY_PREVIOUS: SECRET_KEY }
    const fastify = instance(t, { where, environment })
    await fastify.ready()
    t.match(fastify.keyRing.signingKey().privateKey, /^-----BEGIN PRIVATE KEY-----\n/)
    await fastify.close()
  })

  await t.test('stops the start when the secret unwraps none of its keys', async (t) => {
    const fastify = instance(t, { where, environment: { SECRET_KEY: 'another secret, which came after it' } })
    t.ok((await caught(fastify.ready() as unknown as Promise<unknown>)) instanceof SecretMismatch)
    await fastify.close()
  })
})
