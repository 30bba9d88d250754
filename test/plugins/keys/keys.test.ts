import { mock } from 'node:test'
import type { FastifyInstance } from 'fastify'
import { type Test, test } from 'tap'
import clock from '../../../plugins/clock.ts'
import config from '../../../plugins/config.ts'
import database from '../../../plugins/database/database.ts'
import pg from '../../../plugins/database/pg.ts'
import keys from '../../../plugins/keys/keys.ts'
import deriveKey from '../../../plugins/secrets/derive-key.ts'
import secrets from '../../../plugins/secrets/secrets.ts'
import { readConfig } from '../../../src/config/config.ts'
import { sql } from '../../../src/database/sql.ts'
import { SecretMismatch } from '../../../src/keys/key-ring.ts'
import { rewrap } from '../../../src/keys/rewrap.ts'
import { rotateKey } from '../../../src/keys/rotation.ts'
import { addKey } from '../../../src/keys/signing-keys.ts'
import { type TestClock, testClock } from '../../helpers/app.ts'
import { assemble } from '../../helpers/assemble.ts'
import { caught } from '../../helpers/caught.ts'
import { migratedDatabase, type TestDatabase } from '../../helpers/database.ts'
import { type TestTimers, testTimers } from '../../helpers/timers.ts'

const SECRET_KEY = 'only for tests, and long enough to be one'
const CHANGED = { SECRET_KEY: 'another secret, which came after it', SECRET_KEY_PREVIOUS: SECRET_KEY }

const DAY = 86_400

interface Instance {
  where: TestDatabase
  clock?: TestClock
  log?: Record<string, unknown>[]
  environment?: Record<string, string>
  timers?: TestTimers
  /** Off where a test is about the deadlines of production. */
  unhurried?: boolean
}

/** An instance of the service with a key ring and what that needs, and the root secret that keys are sealed like. */
function instance(t: Test, { where, environment, unhurried = true, ...given }: Instance): FastifyInstance {
  const DATABASE_URL = 'url' in where ? where.url : ''
  return assemble(t, {
    plugins: [clock, config, pg, database, secrets, keys, deriveKey],
    config: readConfig({ DATABASE_URL, DATABASE_POOL: '1', SECRET_KEY, ...environment }),
    ...('pglite' in where && { pglite: where.pglite }),
    unhurried,
    ...given
  })
}

const kids = ({ keys }: FastifyInstance) => keys.jwks().keys.map(({ kid }) => kid)

/** How often an instance reads the ring, in milliseconds. */
const INTERVAL = 10_000

test('the key ring', async (t) => {
  const where = await migratedDatabase(t)
  const timers = testTimers()

  await t.test('has a key that signs from the first start on, and the same at the next', async (t) => {
    const first = instance(t, { where, timers })
    await first.ready()
    const { kid } = first.keys.signingKey()
    t.strictSame(kids(first), [kid])
    await first.close()
    const second = instance(t, { where, timers })
    await second.ready()
    t.strictSame([kids(second), second.keys.signingKey().kid], [[kid], kid])
    await second.close()
  })

  await t.test(
    'notices within 10 seconds what others do, and signs with a new key when its time has come',
    async (t) => {
      const clock = testClock()
      const fastify = instance(t, { where, timers, clock })
      await fastify.ready()
      const [first] = kids(fastify)
      const next = await addKey(fastify.database.open(), { current: SECRET_KEY })
      await timers.pass(INTERVAL - 1)
      t.strictSame(kids(fastify), [first])
      await timers.pass(1)
      t.strictSame([kids(fastify), fastify.keys.signingKey().kid], [[first, next], first])
      clock.advance(360)
      t.equal(fastify.keys.signingKey().kid, next)
      clock.advance(60 + 900)
      await timers.pass(INTERVAL)
      t.strictSame(kids(fastify), [next])
      await fastify.close()
    }
  )

  await t.test('goes on when it cannot be read, and says so in the log', async (t) => {
    const log: Record<string, unknown>[] = []
    const fastify = instance(t, { where, timers, log })
    await fastify.ready()
    const before = fastify.keys.jwks()
    await fastify.pg.query(sql`ALTER TABLE signing_keys RENAME TO mislaid`)
    await timers.pass(INTERVAL)
    await fastify.pg.query(sql`ALTER TABLE mislaid RENAME TO signing_keys`)
    const [{ err, ...line } = {}, ...more] = log
    t.strictSame([line, more], [{ msg: 'could not keep the key ring up to date' }, []])
    t.match(err, { code: '42P01' })
    t.strictSame(fastify.keys.jwks(), before)
    await fastify.close()
  })

  await t.test('is read no more when the service has stopped', async (t) => {
    const log: Record<string, unknown>[] = []
    const fastify = instance(t, { where, timers, log })
    await fastify.ready()
    await fastify.close()
    await timers.pass(6 * INTERVAL)
    t.strictSame(log, [])
  })

  await t.test('lets an unknown kid wait for the database no longer than a second', async (t) => {
    const fastify = instance(t, { where, timers, unhurried: false })
    await fastify.ready()
    const holder = await fastify.pg.pool.connect()
    mock.timers.enable({ apis: ['setTimeout'] })
    t.teardown(() => mock.timers.reset())
    let over = false
    const search = fastify.keys.discover('unknown').finally(() => {
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
    const fastify = instance(t, { where, timers, environment: CHANGED })
    await fastify.ready()
    t.match(fastify.keys.signingKey().privateKey, /^-----BEGIN PRIVATE KEY-----\n/)
    await fastify.close()
  })

  await t.test('stops the start when the secret unwraps none of its keys', async (t) => {
    const fastify = instance(t, { where, timers, environment: { ...CHANGED, SECRET_KEY_PREVIOUS: '' } })
    t.ok((await caught(fastify.ready() as unknown as Promise<unknown>)) instanceof SecretMismatch)
    await fastify.close()
  })
})

test('a revoked key', async (t) => {
  const where = await migratedDatabase(t)
  const timers = testTimers()

  await t.test('is in no ring after 60 seconds, also when four reads fail', async (t) => {
    const fastify = instance(t, { where, timers })
    await fastify.ready()
    const { kid } = fastify.keys.signingKey()
    const { replacement } = await fastify.keys.revoke(kid)
    await fastify.pg.query(sql`ALTER TABLE signing_keys RENAME TO mislaid`)
    for (let failed = 0; failed < 4; failed++) await timers.pass(INTERVAL)
    t.strictSame(kids(fastify), [kid])
    await fastify.pg.query(sql`ALTER TABLE mislaid RENAME TO signing_keys`)
    await timers.pass(INTERVAL)
    t.strictSame([kids(fastify), fastify.keys.signingKey().kid], [[replacement], replacement])
    await fastify.close()
  })
})

test('a key that is older than KEY_MAX_AGE', async (t) => {
  const where = await migratedDatabase(t)
  const timers = testTimers()

  await t.test('gets one successor, however many instances see it, and signs until that does', async (t) => {
    const clock = testClock()
    const log: Record<string, unknown>[] = []
    const one = instance(t, { where, timers, clock, log })
    await one.ready()
    // The instances of a test share the one session of an embedded database: they read by turns.
    await timers.pass(5_000)
    const other = instance(t, { where, timers, clock, log })
    await other.ready()
    const instances = [one, other]
    const [first] = kids(one)
    clock.advance(90 * DAY - 30)
    await timers.pass(INTERVAL)
    t.strictSame(instances.map(kids), [[first], [first]])
    clock.advance(60)
    await timers.pass(INTERVAL)
    const [, next] = kids(one)
    t.strictSame(instances.map(kids), [
      [first, next],
      [first, next]
    ])
    t.strictSame(log, [{ kid: next, msg: 'made a new signing key, since the last one is older than KEY_MAX_AGE' }])
    t.strictSame(
      instances.map(({ keys }) => keys.signingKey().kid),
      [first, first]
    )
    clock.advance(360)
    t.strictSame(
      instances.map(({ keys }) => keys.signingKey().kid),
      [next, next]
    )
    for (const fastify of instances) await fastify.close()
  })

  await t.test('is told of in the log where it cannot be replaced, and signs on', async (t) => {
    const clock = testClock()
    const log: Record<string, unknown>[] = []
    const fastify = instance(t, { where, timers, clock, log })
    await fastify.ready()
    clock.advance(200 * DAY)
    const { kid } = fastify.keys.signingKey()
    await fastify.pg.query(sql`ALTER TABLE root_secret RENAME TO mislaid`)
    await timers.pass(INTERVAL)
    await fastify.pg.query(sql`ALTER TABLE mislaid RENAME TO root_secret`)
    t.strictSame(
      log.map(({ msg }) => msg),
      ['could not keep the key ring up to date']
    )
    t.equal(fastify.keys.signingKey().kid, kid)
    await fastify.close()
  })

  await t.test('goes on where KEY_MAX_AGE is 0', async (t) => {
    const clock = testClock()
    const fastify = instance(t, { where, timers, clock, environment: { KEY_MAX_AGE: '0' } })
    await fastify.ready()
    const { kid } = fastify.keys.newest()
    clock.advance(3650 * DAY)
    for (let read = 0; read < 3; read++) await timers.pass(INTERVAL)
    t.equal(fastify.keys.newest().kid, kid)
    await fastify.close()
  })
})

test('an instance that knows only the old SECRET_KEY after all was sealed with the new one', async (t) => {
  const where = await migratedDatabase(t)
  const timers = testTimers()
  const clock = testClock()
  const log: Record<string, unknown>[] = []
  const old = instance(t, { where, timers, clock, log })
  await old.ready()
  const { kid } = old.keys.signingKey()
  const secrets = { current: CHANGED.SECRET_KEY, previous: SECRET_KEY }
  await rewrap(old.database.open(), secrets)

  await timers.pass(INTERVAL)
  t.match(old.keys.signingKey(), { kid, privateKey: /^-----BEGIN PRIVATE KEY-----\n/ }, 'goes on signing')
  t.strictSame(log, [])

  const { kid: next } = await rotateKey(old.database.open(), { secrets, tokenTtl: 900 })
  clock.advance(360)
  await timers.pass(INTERVAL)
  t.strictSame([kids(old), old.keys.signingKey().kid], [[kid, next], kid], 'verifies with a key that it cannot open')
  const told = {
    kid: next,
    msg: 'SECRET_KEY does not open the newest signing key: stop this instance, or give it the new one'
  }
  t.strictSame(log, [told], 'and says so')

  clock.advance(91 * DAY)
  await timers.pass(INTERVAL)
  const [, again, { err, msg } = {}] = log
  t.strictSame([again, msg], [told, 'could not keep the key ring up to date'])
  t.match(err, { type: 'RootSecretMismatch' }, 'makes no key that the others could not open')
  t.throws(() => old.keys.signingKey(), SecretMismatch, 'and signs no more once its key is over')
  t.notMatch(JSON.stringify(log), new RegExp(SECRET_KEY))
})
