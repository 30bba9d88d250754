import type { FastifyReply, FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import { type Test, test } from 'tap'
import clock from '../../../plugins/clock.ts'
import config from '../../../plugins/config.ts'
import federationCookies from '../../../plugins/providers/federation-cookies.ts'
import { readConfig } from '../../../src/config/config.ts'
import { type Attempt, makeSecrets, type Pending } from '../../../src/providers/attempt.ts'
import { testClock } from '../../helpers/app.ts'
import { assemble } from '../../helpers/assemble.ts'

/** The cookies alone, with a key of the test, and a browser that keeps them. */
async function start(t: Test, { key = 1, PUBLIC_URL = 'https://auth.example.com' } = {}) {
  const time = testClock()
  const still = { ...time, now: () => 1_800_000_000_000 + time.offset }
  const keys = fp(async (scope) => void scope.decorate('deriveKey', () => Buffer.alloc(32, key)), {
    name: 'derive-key'
  })
  const plugins = [clock, config, keys, federationCookies]
  const fastify = assemble(t, { plugins, config: readConfig({ PUBLIC_URL }), clock: still })
  await fastify.ready()
  const jar = new Map<string, string>()
  const set: string[] = []
  const reply = {
    header(_name: string, cookie: string) {
      const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(cookie) ?? []
      set.push(cookie)
      if (value === '') jar.delete(name)
      else jar.set(name, value)
    }
  } as unknown as FastifyReply
  const request = () =>
    ({ headers: { cookie: [...jar].map((pair) => pair.join('=')).join('; ') } }) as unknown as FastifyRequest
  return { cookies: fastify.federationCookies, clock: time, jar, set, reply, request }
}

const makeAttempt = (more: Partial<Attempt> = {}): Attempt => ({
  ...makeSecrets(),
  provider: 'test',
  purpose: 'sign-in',
  ...more
})
const PENDING: Pending = {
  provider: 'test',
  identity: { issuer: 'https://id.example.com', subject: 'ada', emailIsVerified: false },
  returnTo: '/pages/account'
}

test('an attempt is taken once, by its whole state', async (t) => {
  const { cookies, jar, set, reply, request } = await start(t)
  const attempt = makeAttempt({ session: 'a session', returnTo: '/pages/account' })
  cookies.keep(request(), reply, attempt)
  const name = `__Host-federation-${attempt.state.slice(0, 8)}`
  t.strictSame([...jar.keys()], [name])
  t.match(set.at(-1), /; Max-Age=600; Path=\/; HttpOnly; Secure; SameSite=Lax$/)
  for (const secret of Object.values(attempt)) t.notMatch(String(set.at(-1)).slice(name.length), secret)

  const kept = String(jar.get(name))
  for (const state of [null, '', 'short', `${attempt.state.slice(0, 8)}${'x'.repeat(35)}`, makeAttempt().state]) {
    jar.set(name, kept)
    t.equal(cookies.take(request(), reply, state), undefined, String(state))
  }
  jar.set(name, kept)
  t.strictSame(cookies.take(request(), reply, attempt.state), { ...attempt, sealedAt: 1_800_000_000_000 })
  t.equal(set.at(-1), `${name}=; Max-Age=0; Path=/; HttpOnly; Secure; SameSite=Lax`)
  t.equal(cookies.take(request(), reply, attempt.state), undefined, 'it is no longer in the browser')
})

test('an attempt that is kept too long, is damaged, or was sealed elsewhere is none', async (t) => {
  const { cookies, clock: time, jar, reply, request } = await start(t)
  const other = await start(t, { key: 2 })
  const attempt = makeAttempt()
  const name = `__Host-federation-${attempt.state.slice(0, 8)}`
  other.cookies.keep(other.request(), other.reply, attempt)
  for (const value of [String(other.jar.get(name)), 'x']) {
    jar.set(name, value)
    t.equal(cookies.take(request(), reply, attempt.state), undefined)
  }
  for (const [seconds, expected] of [
    [599, attempt],
    [600, 'expired']
  ] as const) {
    cookies.keep(request(), reply, attempt)
    time.advance(seconds)
    t.match(cookies.take(request(), reply, attempt.state), expected)
  }
})

test('the newest two attempts stay', async (t) => {
  const { cookies, clock: time, jar, set, reply, request } = await start(t, { PUBLIC_URL: 'http://127.0.0.1:3000' })
  const attempts = [makeAttempt(), makeAttempt(), makeAttempt()]
  jar.set('federation-damaged8', 'x')
  jar.set('other', 'x')
  for (const attempt of attempts) {
    time.advance(1)
    cookies.keep(request(), reply, attempt)
  }
  const names = attempts.map(({ state }) => `federation-${state.slice(0, 8)}`)
  t.strictSame([...jar.keys()], ['other', ...names.slice(1)])
  t.notMatch(set.join('\n'), /Secure|__Host-/, 'plain on this machine')
})

test('a return_to that does not fit into a cookie is refused', async (t) => {
  const { cookies, jar, reply, request } = await start(t)
  const keep = () => cookies.keep(request(), reply, makeAttempt({ returnTo: `/pages/${'é'.repeat(2000)}` }))
  const errors = [{ path: '/return_to', message: 'is too long' }]
  t.throws(keep, { code: 'VALIDATION_FAILED', errors })
  t.equal(jar.size, 0)
})

test('a pending identity stays until it is forgotten, or for 10 minutes', async (t) => {
  const { cookies, clock: time, jar, reply, request } = await start(t)
  t.equal(cookies.pendingOf(request()), undefined)
  cookies.keepPending(reply, PENDING)
  t.strictSame(cookies.pendingOf(request()), { ...PENDING, sealedAt: 1_800_000_000_000 })
  cookies.forgetPending(request(), reply)
  t.strictSame([...jar], [])
  cookies.keepPending(reply, PENDING)
  time.advance(600)
  t.equal(cookies.pendingOf(request()), undefined, 'its time is over')
  const attempt = makeAttempt()
  cookies.keep(request(), reply, attempt)
  jar.set('__Host-federation-pending', String(jar.get(`__Host-federation-${attempt.state.slice(0, 8)}`)))
  t.equal(cookies.pendingOf(request()), undefined, 'an attempt is no pending identity')
})
