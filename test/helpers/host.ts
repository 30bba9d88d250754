import { Writable } from 'node:stream'
import Fastify, { type FastifyInstance, type FastifyServerOptions } from 'fastify'
import type { Test } from 'tap'
import type { AppOptions } from '../../src/app-options.ts'
import type { Clock } from '../../src/clock.ts'
import { SETTINGS } from '../../src/config/environment.ts'
import { type LatchkeyOptions, readOptions } from '../../src/plugin/options.ts'
import type { Latchkey } from '../../src/plugin/plugin.ts'
import { register } from '../../src/plugin/register.ts'
import { NO_SERVER } from './app.ts'
import { migratedDatabase, type TestDatabase } from './database.ts'

export { testClock } from './app.ts'

/** An application that has the service below a prefix. */
export type Host = FastifyInstance & { latchkey: Latchkey; other: Latchkey }

/** Options of a server that the contract must not depend on. */
export const SERVER_OPTIONS: FastifyServerOptions = {
  bodyLimit: 2 ** 20,
  exposeHeadRoutes: false,
  genReqId: () => 'req-of-the-host',
  routerOptions: { caseSensitive: false, ignoreTrailingSlash: true, ignoreDuplicateSlashes: true },
  ajv: { customOptions: { removeAdditional: 'all', coerceTypes: 'array', useDefaults: true } }
}

interface Place {
  prefix?: string
  name?: string
  environment?: Record<string, string>
  clock?: Clock
  /** The database to use; without one, a migrated one of its own. */
  database?: TestDatabase
}

/** The service of a test in an application, with options that only tests have. */
export async function addLatchkey(
  t: Test,
  host: FastifyInstance,
  { prefix = '/auth', name = 'latchkey', environment = {}, clock, database }: Place = {}
): Promise<void> {
  const where = database ?? (await migratedDatabase(t))
  const options = {
    publicUrl: `http://127.0.0.1:3000${prefix}`,
    secretKey: 'only for tests, and long enough to be one',
    hashConcurrency: 1,
    limits: 'off',
    ...('url' in where ? { databaseUrl: where.url, ...camel(NO_SERVER) } : { dataDir: './nowhere' }),
    ...camel(environment),
    prefix
  } as LatchkeyOptions
  const config = readOptions(options)
  if (!environment.BCRYPT_COST) config.BCRYPT_COST = 4
  const given: AppOptions = {
    config,
    recordEvery: SELDOM,
    mailEvery: SELDOM,
    unhurried: true,
    consoleFolder: '/nowhere',
    ...(clock && { clock }),
    ...('pglite' in where && { pglite: where.pglite })
  }
  register(host, { prefix, name }, given)
}

const SELDOM = 2 ** 31 - 1

const camel = (environment: Record<string, string>) =>
  Object.fromEntries(
    Object.entries(environment).map(([name, value]) => [
      SETTINGS.includes(name)
        ? name.toLowerCase().replaceAll(/_(.)/g, (_match, letter: string) => letter.toUpperCase())
        : name,
      value
    ])
  )

/** An application with options of its own, closed with the test. Its log goes to a list, a line each. */
export function createHost(t: Test, options: FastifyServerOptions = {}, log: string[] = []): Host {
  const stream = new Writable({
    write(chunk, _encoding, done) {
      log.push(...String(chunk).trim().split('\n'))
      done()
    }
  })
  const host = Fastify({ ...SERVER_OPTIONS, logger: { level: 'info', stream }, ...options } as FastifyServerOptions)
  t.teardown(() => host.close())
  return host as unknown as Host
}

/** For the suite of the contract: the service in an application, all of whose paths lead below the prefix. */
export async function build(t: Test, { environment = {}, clock, database }: Place = {}): Promise<FastifyInstance> {
  const host = createHost(t, { rewriteUrl: ({ url = '' }) => (url.startsWith('/') ? `/auth${url}` : url) })
  // A page for everything, as of a single-page application.
  host.get('/*', async () => 'the page of the host')
  await addLatchkey(t, host, {
    environment: { PUBLIC_URL: 'http://127.0.0.1:3000/auth', ...environment },
    ...(clock && { clock }),
    ...(database && { database })
  })
  await host.ready()
  return host
}
