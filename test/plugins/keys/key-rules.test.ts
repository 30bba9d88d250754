import { test } from 'tap'
import config from '../../../plugins/config.ts'
import pg from '../../../plugins/database/pg.ts'
import keyRules from '../../../plugins/keys/key-rules.ts'
import secrets from '../../../plugins/secrets/secrets.ts'
import { readConfig } from '../../../src/config/config.ts'
import { assemble } from '../../helpers/assemble.ts'
import { migratedDatabase } from '../../helpers/database.ts'

test('the rules of keys are the configuration', async (t) => {
  const where = await migratedDatabase(t)
  const fastify = assemble(t, {
    plugins: [config, pg, secrets, keyRules],
    config: readConfig({
      DATABASE_URL: 'url' in where ? where.url : '',
      SECRET_KEY: 'the new secret, and long enough to be one',
      SECRET_KEY_PREVIOUS: 'the old secret, and long enough to be one',
      ACCESS_TOKEN_TTL: '60'
    }),
    ...('pglite' in where && { pglite: where.pglite })
  })
  await fastify.ready()
  t.strictSame(fastify.keyRules, {
    secrets: {
      current: 'the new secret, and long enough to be one',
      previous: 'the old secret, and long enough to be one'
    },
    tokenTtl: 60
  })
})
