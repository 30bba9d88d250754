import crypto from 'node:crypto'
import { syncBuiltinESMExports } from 'node:module'
import { mock } from 'node:test'
import type { FastifyInstance } from 'fastify'
import { type Test, test } from 'tap'
import { sql } from '../src/database/sql.ts'
import { Problem } from '../src/errors.ts'
import { createDeviceToken } from '../src/limits/device-token.ts'
import { findCredentials } from '../src/users/credentials.ts'
import { build, PASSWORD, post } from './helpers/app.ts'
import { statementsOf } from './helpers/statements-of.ts'

/** What of a request's work can be counted: what it parses, hashes, asks the database and records. */
interface Work {
  statements: string[]
  calls: Record<string, number>
  recorded: number
}

/** Counts calls of functions that a request's own content can make many or dear, until the test is over. */
function countCalls(t: Test): Record<string, number> {
  const calls: Record<string, number> = {}
  const watch = <Key extends string>(owner: { [key in Key]: unknown }, name: Key) => {
    const original = owner[name] as (...given: unknown[]) => unknown
    owner[name] = function (this: unknown, ...given: unknown[]) {
      calls[name] = (calls[name] ?? 0) + 1
      return original.apply(this, given)
    }
    t.teardown(() => {
      owner[name] = original
      syncBuiltinESMExports()
    })
  }
  watch(crypto, 'createHmac')
  watch(crypto, 'createDecipheriv')
  watch(globalThis, 'decodeURIComponent')
  watch(String.prototype as never, 'normalize')
  syncBuiltinESMExports()
  return calls
}

/** Headers that cost the most to parse, with what no parser of ours may choke on. */
const worst: [what: string, headers: Record<string, string>][] = [
  ['many cookies that cannot be decoded', { cookie: pairs('=%', 8100) }],
  ['many cookies with the name of ours inside', { cookie: pairs('latchkey_device=%;', 8100) }],
  ['the cookie of a device many times', { cookie: `latchkey_device=${'A'.repeat(83)}; `.repeat(75) }],
  ['one cookie that is all blanks', { cookie: `x=1;${' '.repeat(8000)}latchkey_device=x` }],
  ['many addresses', { 'x-forwarded-for': '203.0.113.7, '.repeat(600) }],
  ['a long user agent', { 'user-agent': 'x'.repeat(8000) }]
]

function pairs(pair: string, most: number): string {
  let text = ''
  for (let index = 0; text.length < most - 40; index++) text += `${index}${pair}; `
  return text
}

const hidden = (index: number, suffix: string) => `someone.${suffix}${index}@example.com`

test('nobody can tell by the work that a request makes whether there is an account', async (t) => {
  // What the service does by itself now and then is not to be counted, however long the test takes.
  mock.timers.enable({ apis: ['setInterval', 'setTimeout'] })
  t.teardown(() => mock.timers.reset())
  // What is refused is recorded once a minute: none may begin in between.
  const now = Date.now()
  const fastify = await build(t, {
    clock: { now: () => now, offset: 0 },
    environment: { LIMITS: 'on', HIDE_ACCOUNTS: 'on', HASH_CONCURRENCY: '1', TRUSTED_PROXIES: '192.0.2.9' }
  })
  const database = () => fastify.database.open()
  const hash = await fastify.passwords.hash(PASSWORD)
  await database().query(
    sql`INSERT INTO users (id, username, email, email_verified, password_hash, created_at)
     SELECT gen_random_uuid(), 'known' || n, 'someone.known' || n || '@example.com', true, ${hash}, now()
     FROM generate_series(0, 99) AS n`
  )
  const calls = countCalls(t)
  const key = fastify.deriveKey('device cookie')
  const owner = await findCredentials(database(), { username: 'known99' })
  const cookie = `latchkey_device=${createDeviceToken(owner as NonNullable<typeof owner>, Date.now(), key)}`
  const cases = [...worst, ['the cookie of another account', { cookie }], ['nothing more', {}]] as const

  /** The answer to a request, without what differs between any two, and the work that it made. */
  async function measure(given: FastifyInstance, ask: () => ReturnType<typeof post>) {
    for (const name of Object.keys(calls)) delete calls[name]
    const waiting = given.audit.waiting
    let answered: unknown
    const statements = await statementsOf(given, async () => {
      const { statusCode, headers, body } = await ask()
      // The seconds to wait go by while a slow machine asks.
      const { 'x-request-id': _, date: __, 'retry-after': wait, ...others } = headers
      answered = { statusCode, headers: others, body, mustWait: wait !== undefined }
    })
    const work: Work = { statements, calls: { ...calls }, recorded: given.audit.waiting - waiting }
    return { answered, work }
  }

  for (const [index, [what, headers]] of cases.entries()) {
    const login = (suffix: string, password = 'wrong') =>
      post(fastify, '/login', { email: hidden(index, suffix), password }, headers)

    await t.test(`at /login with ${what}`, async (t) => {
      const measured: Record<string, unknown[]> = { known: [], unknown: [] }
      const [combining, long] = [`e${'\u0301'.repeat(1000)}`, 'x'.repeat(1024)]
      for (const suffix of ['known', 'unknown']) {
        await database().query(sql`TRUNCATE limits`)
        for (const password of ['wrong', combining, long, ...Array(7).fill('wrong'), 'wrong', PASSWORD, long]) {
          measured[suffix]?.push(await measure(fastify, () => login(suffix, password)))
        }
      }
      t.strictSame(measured.known, measured.unknown)
      const statuses = measured.known?.map((each) => (each as { answered: { statusCode: number } }).answered.statusCode)
      t.strictSame(statuses, [...Array(10).fill(401), 429, 429, 429])
      const decoded = measured.known?.map((each) => (each as { work: Work }).work.calls.decodeURIComponent)
      t.strictSame(decoded, Array(13).fill(undefined), 'no cookie is decoded')
    })

    for (const url of ['/password/forgot', '/email/resend', '/register']) {
      await t.test(`at ${url} with ${what}`, async (t) => {
        await database().query(sql`TRUNCATE limits`)
        const measured: Record<string, unknown[]> = { known: [], unknown: [] }
        for (let times = 0; times < 7; times++) {
          for (const suffix of ['known', 'unknown']) {
            const ask = () => post(fastify, url, { email: hidden(index, suffix) }, headers)
            measured[suffix]?.push(await measure(fastify, ask))
          }
        }
        t.strictSame(
          measured.known?.map((each) => (each as { answered: { statusCode: number } }).answered.statusCode),
          Array(7).fill(202)
        )
        // The word that a share is used up is recorded once a minute for all; the first to meet it is the known one here.
        const comparable = (each: unknown) => ({
          ...(each as object),
          work: { ...(each as { work: Work }).work, recorded: 0 }
        })
        t.strictSame(measured.known?.map(comparable), measured.unknown?.map(comparable))
      })
    }
  }

  await t.test('at /login where the hashes have no room', async (t) => {
    await database().query(sql`TRUNCATE limits`)
    const { verify } = fastify.passwords
    const measured = []
    for (const suffix of ['known', 'unknown']) {
      const full = { run: () => Promise.reject(new Problem('OVERLOADED')), leave() {} }
      fastify.passwords.verify = (password, hash) => verify(password, hash, full)
      const [[, headers]] = worst as [(typeof worst)[number]]
      const ask = () => post(fastify, '/login', { email: hidden(0, suffix), password: 'wrong' }, headers)
      measured.push(await measure(fastify, ask))
    }
    fastify.passwords.verify = verify
    const [known, unknown] = measured
    t.strictSame(known, unknown)
    t.match(known, { answered: { statusCode: 503 } })
  })
})
