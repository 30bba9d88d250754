import type { FastifyInstance } from 'fastify'
import { type Test, test } from 'tap'
import clock from '../../../plugins/clock.ts'
import config from '../../../plugins/config.ts'
import database from '../../../plugins/database/database.ts'
import pg from '../../../plugins/database/pg.ts'
import keyRing from '../../../plugins/keys/key-ring.ts'
import keyRules from '../../../plugins/keys/key-rules.ts'
import rootSecret from '../../../plugins/secrets/root-secret.ts'
import secrets from '../../../plugins/secrets/secrets.ts'
import { readConfig } from '../../../src/config/config.ts'
import { SecretMismatch } from '../../../src/keys/key-ring.ts'
import { addKey } from '../../../src/keys/signing-keys.ts'
import { RootSecretMismatch } from '../../../src/secrets/root-secret.ts'
import { assemble } from '../../helpers/assemble.ts'
import { caught } from '../../helpers/caught.ts'
import { migratedDatabase, type TestDatabase } from '../../helpers/database.ts'

const OLD = 'only for tests, and long enough to be one'
const NEW = 'another secret, which came after that one'

/** An instance of the service with a root secret and what that needs. */
function instance(t: Test, where: TestDatabase, environment: Record<string, string>): FastifyInstance {
  return assemble(t, {
    plugins: [clock, config, pg, database, secrets, keyRules, keyRing, rootSecret],
    config: readConfig({ DATABASE_URL: 'url' in where ? where.url : '', DATABASE_POOL: '2', ...environment }),
    ...('pglite' in where && { pglite: where.pglite })
  })
}

test('the root secret', async (t) => {
  const where = await migratedDatabase(t)
  const first = instance(t, where, { SECRET_KEY: OLD })
  await first.ready()
  const secret = first.rootSecret

  await t.test('is one that nobody guesses, and not SECRET_KEY', async (t) => {
    t.match(secret, /^[\w-]{43}$/)
    t.not(secret, OLD)
  })

  for (const [which, environment] of [
    ['next to it', { SECRET_KEY: OLD }],
    ['whose SECRET_KEY is a new one already', { SECRET_KEY: NEW, SECRET_KEY_PREVIOUS: OLD }]
  ] as const) {
    await t.test(`is the same in an instance ${which}`, async (t) => {
      const other = instance(t, where, environment)
      await other.ready()
      t.equal(other.rootSecret, secret)
    })
  }

  await t.test('is another one on another database', async (t) => {
    const other = instance(t, await migratedDatabase(t), { SECRET_KEY: OLD })
    await other.ready()
    t.not(other.rootSecret, secret)
  })

  const start = (environment: Record<string, string>) =>
    caught(instance(t, where, environment).ready() as unknown as Promise<unknown>)

  await t.test('leaves it to the key ring to say that a SECRET_KEY opens nothing', async (t) => {
    t.type(await start({ SECRET_KEY: NEW }), SecretMismatch)
  })

  await t.test('stops the start where SECRET_KEY opens a signing key alone', async (t) => {
    const [row] = await first.openDatabase().query('DELETE FROM root_secret RETURNING *')
    await addKey(first.openDatabase(), first.clock, { current: NEW })
    await first
      .openDatabase()
      .query('INSERT INTO root_secret VALUES ($1, $2, $3)', [row?.id, row?.sealed, row?.created_at])
    t.type(await start({ SECRET_KEY: NEW }), RootSecretMismatch)
  })
})
