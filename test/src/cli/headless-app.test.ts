import { PassThrough } from 'node:stream'
import { text } from 'node:stream/consumers'
import { test } from 'tap'
import { openHeadlessApp } from '../../../src/cli/headless-app.ts'
import { readConfig } from '../../../src/config/config.ts'
import { startOnce } from '../../helpers/command.ts'
import { emptyDatabase, migratedDatabase, type TestDatabase } from '../../helpers/database.ts'

function optionsFor(database: TestDatabase) {
  const url = 'url' in database && { DATABASE_URL: database.url }
  const config = readConfig({ SECRET_KEY: 'only for tests, and long enough to be one', BCRYPT_COST: '10', ...url })
  return { config, existing: true, ...('pglite' in database && { pglite: database.pglite }) }
}

test('has the plugins without the routes, and does not listen', async (t) => {
  const options = optionsFor(await migratedDatabase(t))
  await startOnce(options)
  const log = new PassThrough()
  const headless = await openHeadlessApp(options, log)
  t.ok(headless.hasDecorator('audit'))
  t.ok(headless.hasDecorator('database'))
  t.notOk(headless.hasRoute({ method: 'GET', url: '/me' }))
  t.notOk(headless.server.listening)
  headless.log.warn('below the level of the log')
  headless.log.error('logged')
  await headless.close()
  log.end()
  t.match(await text(log), /^\{"level":50,[^\n]*"msg":"logged"\}\n$/)
})

test('rejects with the error that prevents a start', async (t) => {
  const options = optionsFor(await emptyDatabase(t))
  await t.rejects(openHeadlessApp(options, new PassThrough()), { name: 'NoDatabase' })
})
