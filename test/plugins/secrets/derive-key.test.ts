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
import { addKey } from '../../../src/keys/signing-keys.ts'
import { deriveKey as derive } from '../../../src/secrets/derive-key.ts'
import { RootSecretMismatch } from '../../../src/secrets/root-secret.ts'
import { assemble } from '../../helpers/assemble.ts'
import { caught } from '../../helpers/caught.ts'
import { migratedDatabase, type TestDatabase } from '../../helpers/database.ts'

const OLD = 'only for tests, and long enough to be one'
const NEW = 'another secret, which came after that one'

/** An instance of the service with derived keys and what they need. */
function instance(t: Test, where: TestDatabase, environment: Record<string, string>): FastifyInstance {
  return assemble(t, {
    plugins: [clock, config, pg, database, secrets, keys, deriveKey],
    config: readConfig({ DATABASE_URL: 'url' in where ? where.url : '', DATABASE_POOL: '2', ...environment }),
    ...('pglite' in where && { pglite: where.pglite })
  })
}

test('derived keys', async (t) => {
  const where = await migratedDatabase(t)
  const first = instance(t, where, { SECRET_KEY: OLD })
  await first.ready()
  const key = first.deriveKey('limits')

  await t.test('are one for each purpose, and come from no setting', async (t) => {
    t.equal(key.length, 32)
    t.strictSame(first.deriveKey('limits'), key)
    t.notSame(first.deriveKey('audit'), key)
    t.notSame(derive(OLD, 'limits'), key)
  })

  for (const [which, environment] of [
    ['next to it', { SECRET_KEY: OLD }],
    ['whose SECRET_KEY is a new one already', { SECRET_KEY: NEW, SECRET_KEY_PREVIOUS: OLD }]
  ] as const) {
    await t.test(`are the same in an instance ${which}`, async (t) => {
      const other = instance(t, where, environment)
      await other.ready()
      t.strictSame(other.deriveKey('limits'), key)
    })
  }

  await t.test('are others on another database', async (t) => {
    const other = instance(t, await migratedDatabase(t), { SECRET_KEY: OLD })
    await other.ready()
    t.notSame(other.deriveKey('limits'), key)
  })

  const start = (environment: Record<string, string>) =>
    caught(instance(t, where, environment).ready() as unknown as Promise<unknown>)

  await t.test('leave it to the key ring to say that a SECRET_KEY opens nothing', async (t) => {
    t.type(await start({ SECRET_KEY: NEW }), SecretMismatch)
  })

  await t.test('stop the start where SECRET_KEY opens a signing key alone', async (t) => {
    const [row] = await first.database.open().query(sql`DELETE FROM root_secret RETURNING *`)
    await addKey(first.database.open(), { current: NEW })
    await first.database
      .open()
      .query(sql`INSERT INTO root_secret VALUES (${row?.id}, ${row?.sealed}, ${row?.created_at})`)
    t.type(await start({ SECRET_KEY: NEW }), RootSecretMismatch)
  })
})
