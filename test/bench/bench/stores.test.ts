import { join } from 'node:path'
import { Refusal } from '@latchkey/compare/refusal'
import { test } from 'tap'
import { openStores } from '../../../bench/bench/stores.ts'
import { administered } from '../shared/administered.ts'

/** A module that starts a server, or cannot. */
const moduleOf = (body: string) => `data:text/javascript,export async function startServer() { ${body} }`

test('a database on the given server, and an embedded one', async (t) => {
  const { url, statements } = await administered(t)
  const folder = t.testdir()
  const stores = await openStores(url, folder)
  t.strictSame(stores.versions, { postgresql: '15.8' })
  const [postgresql, embedded, ...more] = await stores.empty('growth', 11)
  const common = {
    SECRET_KEY: 'x'.repeat(32),
    PUBLIC_URL: 'http://127.0.0.1',
    BCRYPT_COST: '11',
    HASH_QUEUE: '200',
    LIMITS: 'off',
    LOG_LEVEL: 'warn'
  }
  const DATABASE_URL = `${postgresql?.environment.DATABASE_URL}`
  t.match(DATABASE_URL, /_growth$/)
  t.strictSame(postgresql, { name: 'postgresql', environment: { ...common, DATABASE_URL } })
  t.strictSame(embedded, { name: 'embedded', environment: { ...common, DATA_DIR: join(folder, 'growth') } })
  t.strictSame(more, [])
  await stores.close()
  t.match(statements.at(-1), /^DROP DATABASE /)
})

test('without one a server of our own is started', async (t) => {
  const { url, statements } = await administered(t)
  const stores = await openStores(undefined, t.testdir(), moduleOf(`return '${url}'`))
  t.strictSame(stores.versions, { postgresql: '15.8' })
  t.strictSame(statements, ['SHOW server_version'])
})

test('where there are no programs of PostgreSQL, the way out is told', async (t) => {
  const message = 'no server of PostgreSQL can be started here: there is none in /usr\nName one with --database.'
  const module = moduleOf("throw new Error('there is none in /usr')")
  await t.rejects(openStores(undefined, t.testdir(), module), new Refusal(message))
})
