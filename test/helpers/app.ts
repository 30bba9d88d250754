import { type AddressInfo, connect } from 'node:net'
import { Writable } from 'node:stream'
import { text } from 'node:stream/consumers'
import Fastify, { type FastifyInstance, type LightMyRequestResponse } from 'fastify'
import tap, { type Test } from 'tap'
import app, { options } from '../../src/app.ts'
import type { AppOptions } from '../../src/app-options.ts'
import type { Clock } from '../../src/clock.ts'
import type { Timers } from '../../src/concurrency/periodic.ts'
import { readConfig } from '../../src/config/config.ts'
import { sql } from '../../src/database/sql.ts'
import { createHashThreads } from '../../src/passwords/hasher.ts'
import { migratedDatabase, type TestDatabase } from './database.ts'

export const PASSWORD = 'correct horse battery staple'

/** A clock that a test moves by hand; the database's time moves with it. */
export interface TestClock extends Clock {
  advance(seconds: number): void
}

/** @param still whether the time of the process moves by hand alone, for what is exact to a second: not that of the database */
export function testClock({ still = false } = {}): TestClock {
  const began = Math.floor(Date.now() / 1000) * 1000
  let offset = 0
  return {
    now: () => (still ? began : Date.now()) + offset,
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
  /** What repeats work in the background; that of the system without it. */
  timers?: Timers
  /** Off where a test is about the deadlines of production. */
  unhurried?: boolean
  /** The folder with the built console: none by default, so that no test depends on a build. */
  consoleFolder?: string
}

/** The production application with its production options, ready for `inject`, and closed with the test. */
export async function build(
  t: Test,
  { environment = {}, clock, database, log, timers, unhurried = true, consoleFolder = '/nowhere' }: BuildOptions = {}
): Promise<FastifyInstance> {
  const where = database ?? (await migratedDatabase(t))
  const config = readConfig({
    SECRET_KEY: 'only for tests, and long enough to be one',
    HASH_CONCURRENCY: '1',
    // All requests of a test come from one address.
    LIMITS: 'off',
    ...('url' in where && { DATABASE_URL: where.url, ...NO_SERVER }),
    ...environment
  })
  if (!environment.BCRYPT_COST) config.BCRYPT_COST = CHEAP
  const stream = new Writable({
    write(chunk, _encoding, done) {
      log?.push(...String(chunk).trim().split('\n'))
      done()
    }
  })
  const level = log ? (environment.LOG_LEVEL ?? 'info') : 'silent'
  const fastify = Fastify({ ...options, logger: { ...options.logger, level, stream } })
  failOnUndocumented(t, fastify)
  nameEachPlugin(fastify)
  // As in production the application has a scope of its own; what it decorates is seen from inside alone.
  let inside = fastify as unknown as FastifyInstance
  const scoped = (scope: FastifyInstance, given: AppOptions) => {
    inside = scope
    return app(scope, given)
  }
  await fastify.register(scoped, {
    config,
    recordEvery: SELDOM,
    mailEvery: SELDOM,
    unhurried,
    consoleFolder,
    ...(config.HASH_CONCURRENCY === 1 && { hashThreads }),
    ...(clock && { clock }),
    ...(timers && { timers }),
    ...('pglite' in where && { pglite: where.pglite })
  })
  t.teardown(() => fastify.close())
  await fastify.ready()
  if (unhurried) inside.pg.pool.options.connectionTimeoutMillis = 0
  // avvio starts and stops from the root alone.
  return Object.assign(inside, { listen: fastify.listen.bind(fastify), close: fastify.close.bind(fastify) })
}

/** The least that bcrypt can: few tests are about the time of a hash. */
const CHEAP = 4

/** The thread of all applications of this process that hash on one: starting one takes 50 ms of CPU. */
const hashThreads = createHashThreads(1)
tap.teardown(() => hashThreads.destroy())

/**
 * The record is written when a test asks for it and when the service stops, and mail is sent when a test asks for it:
 * never in between, where a test counts.
 */
const SELDOM = 2 ** 31 - 1

/** Gives an account the role `admin`: for the suite of the contract. */
export async function makeAdministrator({ database }: FastifyInstance, id: string): Promise<void> {
  await database.open().query(sql`UPDATE users SET roles = '{admin}' WHERE id = ${id}`)
}

/** On a server of its own the service sends mail by SMTP alone; nobody listens there. */
export const NO_SERVER = { SMTP_URL: 'smtp://127.0.0.1:1', MAIL_FROM: 'no-reply@latchkey.test' }

/** Fastify looks for the file of a plugin without a name among all modules: those of tests are thousands. */
function nameEachPlugin(fastify: { register: unknown }): void {
  const register = fastify.register as (plugin: Record<symbol, unknown>, ...rest: unknown[]) => unknown
  fastify.register = function (this: unknown, plugin: Record<symbol, unknown>, ...rest: unknown[]) {
    plugin[Symbol.for('fastify.display-name')] ??= 'a plugin'
    return register.call(this, plugin, ...rest)
  }
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
export async function signIn(fastify: FastifyInstance, names: { username?: string; email?: string }, prefix = '') {
  const { username, email } = names
  const registered = await post(fastify, `${prefix}/register`, { username, email, password: PASSWORD })
  const login = await post(fastify, `${prefix}/login`, { ...(username ? { username } : { email }), password: PASSWORD })
  return { user: registered.json(), ...login.json() }
}

export const bearer = (token: string) => ({ authorization: `Bearer ${token}` })

export const BEARER = { 'www-authenticate': 'Bearer' }
export const INVALID_TOKEN = { 'www-authenticate': 'Bearer error="invalid_token"' }

/** Takes requests from the network, on a port of its own. */
export async function listen(fastify: FastifyInstance): Promise<number> {
  await fastify.listen({ host: '127.0.0.1', port: 0 })
  return (fastify.server.address() as AddressInfo).port
}

/** Sends bytes as they are, and reads until the server closes the connection. */
export async function exchange(port: number, bytes: string | Buffer): Promise<string> {
  const socket = connect(port, '127.0.0.1')
  socket.write(bytes)
  return text(socket)
}

/** One answer as it came over the network, taken apart. */
export function readAnswer(raw: string) {
  const [head = '', body = ''] = raw.split('\r\n\r\n', 2)
  const [status = '', ...lines] = head.split('\r\n')
  const headers = Object.fromEntries(
    lines.map((line) => [line.slice(0, line.indexOf(':')).toLowerCase(), line.slice(line.indexOf(':') + 2)])
  )
  return { statusCode: Number(status.split(' ')[1]), headers, body: body === '' ? '' : JSON.parse(body) }
}

/** Takes the database away, as a network does that refuses connections; what comes back puts it in its place again. */
export function cutOff({ pg: { pool } }: FastifyInstance): () => void {
  const { connect: original } = pool
  const refused = Object.assign(new Error('connect ECONNREFUSED 10.1.2.3:5432'), { code: 'ECONNREFUSED' })
  pool.connect = () => Promise.reject(refused)
  return () => {
    pool.connect = original
  }
}
