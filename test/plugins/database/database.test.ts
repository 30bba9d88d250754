import { test } from 'tap'
import clock from '../../../plugins/clock.ts'
import config from '../../../plugins/config.ts'
import database from '../../../plugins/database/database.ts'
import pg from '../../../plugins/database/pg.ts'
import { readConfig } from '../../../src/config/config.ts'
import type { Database } from '../../../src/database/database.ts'
import { sql } from '../../../src/database/sql.ts'
import type { Problem } from '../../../src/errors.ts'
import { answer, build, PASSWORD, post, refusal } from '../../helpers/app.ts'
import { assemble } from '../../helpers/assemble.ts'
import { caught } from '../../helpers/caught.ts'
import { migratedDatabase } from '../../helpers/database.ts'
import { holdConnections } from '../../helpers/held-connections.ts'
import { hasServer } from '../../helpers/meeting.ts'
import { holdMoments } from '../../helpers/too-long.ts'

test('the database', async (t) => {
  const where = await migratedDatabase(t)
  const DATABASE_URL = 'url' in where ? where.url : ''
  const environment = { DATABASE_URL, DATABASE_POOL: '1', SECRET_KEY: 'only for tests, and long enough to be one' }
  const fastify = assemble(t, {
    plugins: [clock, config, pg, database],
    config: readConfig(environment),
    ...('pglite' in where && { pglite: where.pglite })
  })
  const seen: Database[] = []
  fastify.register(async (scope) => {
    scope.get('/number', async (request) => {
      seen.push(request.database, request.database)
      const [row] = await request.database.query(sql`SELECT 1 AS number`)
      return row
    })
  })
  await fastify.ready()

  await t.test('is one for each request, so that all of a request shares one deadline', async (t) => {
    for (let round = 0; round < 2; round++) t.strictSame((await fastify.inject('/number')).json(), { number: 1 })
    const [first, firstAgain, second, secondAgain] = seen
    t.equal(first, firstAgain)
    t.equal(first?.clock, fastify.clock)
    t.equal(second, secondAgain)
    t.not(first, second)
  })

  await t.test('is another for each job outside of a request, with a timeout of its own', async (t) => {
    t.not(fastify.database.open(), fastify.database.open())
    const holder = await fastify.pg.pool.connect()
    const error = (await caught(fastify.database.open(50).query(sql`SELECT 1`))) as Problem
    holder.release()
    t.equal(error.code, 'DATABASE_UNAVAILABLE')
    t.strictSame(await fastify.database.open().query(sql`SELECT 1 AS number`), [{ number: 1 }])
  })
})

const WRONG = refusal(401, 'Unauthorized', 'INVALID_CREDENTIALS', 'The name or the password is wrong.')

test('the database of guesses', async (t) => {
  for (const [concurrency, pool, ofServer] of [
    ['1', '10', 1],
    ['3', '10', 3],
    ['10', '3', 2],
    ['1', '1', 1]
  ] as const) {
    // The embedded database has one connection.
    const most = hasServer ? ofServer : 1
    const bounds = { HASH_CONCURRENCY: concurrency, DATABASE_POOL: pool }
    await t.test(`takes ${most} connections with ${JSON.stringify(bounds)}`, async (t) => {
      const fastify = await build(t, { environment: bounds })
      holdMoments(t)
      const { asked, begun, settle } = holdConnections(t, fastify)
      const logins = Array.from({ length: 5 }, () => post(fastify, '/login', { username: 'ada', password: PASSWORD }))
      await begun(most)
      await settle()
      t.equal(asked.length, most, 'however many sign in')

      const other = fastify.database.open().query(sql`SELECT 1 AS number`)
      await begun(most + 1)
      asked.pop()?.go()
      t.strictSame(await other, [{ number: 1 }], 'the others are left to the rest')

      for (let login = 0; login < 5; login++) {
        await begun(1)
        asked.shift()?.go()
      }
      for (const response of await Promise.all(logins)) t.strictSame(answer(response), { statusCode: 401, body: WRONG })
    })
  }
})
