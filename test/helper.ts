import { Writable } from 'node:stream'
import Fastify, { type FastifyInstance, type LightMyRequestResponse } from 'fastify'
import type { Test } from 'tap'
import app, { options } from '../src/app.ts'
import type { Clock } from '../src/clock.ts'
import { readConfig } from '../src/config.ts'
import { migratedDatabase, type TestDatabase } from './database.ts'

export const PASSWORD = 'correct horse battery staple'

/** A clock that a test moves by hand; the database's time moves with it. */
export interface TestClock extends Clock {
  advance(seconds: number): void
}

export function testClock(): TestClock {
  let offset = 0
  return {
    now: () => Date.now() + offset,
    get offset() {
      return offset
    },
    advance(seconds) {
      offset += seconds * 1000
    }
  }
}

interface BuildOptions {
  /** What the environment says, beside what every test needs. */
  environment?: Record<string, string>
  clock?: Clock
  /** The database to use; without one, a migrated one of this application's own. */
  database?: TestDatabase
  /** Where the log goes, a line each; nowhere without it. */
  log?: string[]
}

/** The production application with its production options, ready for `inject`, and closed with the test. */
export async function build(
  t: Test,
  { environment = {}, clock, database, log }: BuildOptions = {}
): Promise<FastifyInstance> {
  const where = database ?? (await migratedDatabase(t))
  const config = readConfig({
    SECRET_KEY: 'only for tests, and long enough to be one',
    BCRYPT_COST: '10',
    HASH_CONCURRENCY: '1',
    ...('url' in where && { DATABASE_URL: where.url }),
    ...environment
  })
  const stream = new Writable({
    write(chunk, _encoding, done) {
      log?.push(...String(chunk).trim().split('\n'))
      done()
    }
  })
  const level = log ? (environment.LOG_LEVEL ?? 'info') : 'silent'
  const fastify = Fastify({ ...options, logger: { ...options.logger, level, stream } })
  failOnUndocumented(t, fastify)
  await fastify.register(app, { config, ...(clock && { clock }), ...('pglite' in where && { pglite: where.pglite }) })
  t.teardown(() => fastify.close())
  await fastify.ready()
  return fastify
}

/** A test fails when a route answers with a status that its schema does not list. */
function failOnUndocumented(t: Test, fastify: FastifyInstance): void {
  fastify.addHook('onSend', async ({ method, routeOptions }, reply, payload) => {
    const documented = routeOptions.schema?.response as Record<string, unknown> | undefined
    if (documented && !documented[reply.statusCode]) {
      t.fail(`${method} ${routeOptions.url} answered ${reply.statusCode}, which its schema does not list`)
    }
    return payload
  })
}

/** What a refusal looks like on the wire, whole. */
export function refusal(statusCode: number, error: string, code: string, message: string, errors?: unknown[]) {
  return { statusCode, error, code, message, ...(errors && { errors }) }
}

/** The parts of an answer that a test compares. */
export function answer({ statusCode, body }: LightMyRequestResponse) {
  return { statusCode, body: body === '' ? '' : JSON.parse(body) }
}

export function post(fastify: FastifyInstance, url: string, payload: unknown, headers: Record<string, string> = {}) {
  return fastify.inject({
    method: 'POST',
    url,
    headers: { 'content-type': 'application/json', ...headers },
    payload: JSON.stringify(payload)
  })
}

/** Registers a user and signs in. */
export async function signIn(fastify: FastifyInstance, names: { username?: string; email?: string }) {
  const registered = await post(fastify, '/register', { ...names, password: PASSWORD })
  const { username, email } = names
  const login = await post(fastify, '/login', { ...(username ? { username } : { email }), password: PASSWORD })
  return { user: registered.json(), ...login.json() }
}

export const bearer = (token: string) => ({ authorization: `Bearer ${token}` })
