import { test } from 'tap'
import clock from '../../../plugins/clock.ts'
import config from '../../../plugins/config.ts'
import pg from '../../../plugins/database/pg.ts'
import keyRules from '../../../plugins/keys/key-rules.ts'
import secrets from '../../../plugins/secrets/secrets.ts'
import { readConfig } from '../../../src/config/config.ts'
import { testClock } from '../../helpers/app.ts'
import { assemble } from '../../helpers/assemble.ts'
import { migratedDatabase } from '../../helpers/database.ts'

test('the rules of keys are the configuration and the clock', async (t) => {
  const where = await migratedDatabase(t)
  const given = testClock()
  const fastify = assemble(t, {
    plugins: [clock, config, pg, secrets, keyRules],
    config: readConfig({
      DATABASE_URL: 'url' in where ? where.url : '',
      SECRET_KEY: 'the new secret, and long enough to be one',
      SECRET_KEY_PREVIOUS: 'the old secret, and long enough to be one',
      ACCESS_TOKEN_TTL: '60'
    }),
    clock: given,
    ...('pglite' in where && { pglite: where.pglite })
  })
  await fastify.ready()
  t.equal(fastify.keyRules.clock, given)
  t.strictSame(
    { ...fastify.keyRules, clock: undefined },
    {
      clock: undefined,
      secrets: {
        current: 'the new secret, and long enough to be one',
        previous: 'the old secret, and long enough to be one'
      },
      tokenTtl: 60
    }
  )
})
