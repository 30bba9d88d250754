import { EventEmitter, once } from 'node:events'
import { readFileSync } from 'node:fs'
import Fastify, { type FastifyServerOptions } from 'fastify'
import { test } from 'tap'
import type * as types from '../../../src/plugin/latchkey.d.ts'
import type shipped from '../../../src/plugin/latchkey.d.ts'
import latchkey, { type Latchkey, type LatchkeyOptions } from '../../../src/plugin/plugin.ts'
import { bearer, PASSWORD } from '../../helpers/app.ts'
import { migratedPool } from '../../helpers/pool.ts'

/** The function of docs/plugin.md. */
async function documentedRewrite(): Promise<NonNullable<FastifyServerOptions['rewriteUrl']>> {
  const [, code] = /```js\n(const rewriteUrl = .*?)```/s.exec(readFileSync('docs/plugin.md', 'utf8')) as RegExpExecArray
  return (await import(`data:text/javascript,${encodeURIComponent(`export ${code}`)}`)).rewriteUrl
}

/** The compiler compares the types that are shipped with those of the sources, in both directions. */
const asShipped: typeof shipped = latchkey
const toShipped = (given: LatchkeyOptions): types.LatchkeyOptions => given
const fromShipped = (given: types.LatchkeyOptions): LatchkeyOptions => given
const decorator = (given: Latchkey): types.Latchkey => given

test('the types that are shipped are those of the plugin', (t) => {
  const options = { prefix: '/auth', publicUrl: 'https://example.com/auth' }
  t.equal(fromShipped(toShipped(options)), options)
  t.equal(decorator(options as never), options as never)
  t.equal(asShipped, latchkey)
  t.end()
})

test('registered with a pool of the application', async (t) => {
  const pool = await migratedPool(t)
  const listeners = pool.listeners('error')
  const app = Fastify({ rewriteUrl: await documentedRewrite() })
  const requests = new EventEmitter()
  app.addHook('preParsing', async () => void requests.emit('request'))
  app.register(latchkey, {
    prefix: '/auth',
    publicUrl: 'https://example.com/auth',
    pool,
    secretKey: 'only for tests, and long enough to be one',
    bcryptCost: 10,
    hashConcurrency: 1,
    name: 'accounts'
  })
  await app.after()
  const { accounts } = app as unknown as { accounts: Latchkey }
  await t.test('it serves below the prefix', async (t) => {
    await accounts.users.create({ username: 'ada', password: PASSWORD })
    const login = await app.inject({
      method: 'POST',
      url: '/auth/login',
      body: { username: 'ada', password: PASSWORD }
    })
    t.equal(login.statusCode, 200)
    const { access_token: token } = login.json()
    t.match(await accounts.verify(token), { iss: 'https://example.com/auth', preferred_username: 'ada' })
    t.equal((await app.inject({ url: '/auth/me', headers: bearer(token) })).statusCode, 200)
    t.equal((await app.inject('/auth/metrics')).statusCode, 404)
  })

  await t.test('the addresses that are at the root lead to it, as documented', async (t) => {
    const metadata = await app.inject('/.well-known/oauth-authorization-server/auth')
    t.match([metadata.statusCode, metadata.json()], [200, { issuer: 'https://example.com/auth' }])
    t.match(await app.inject('/.well-known/change-password'), {
      statusCode: 303,
      headers: { location: '/auth/pages/account/password' }
    })
    t.match((await app.inject('/.well-known/passkey-endpoints')).json(), {
      enroll: /^https:\/\/example\.com\/auth\/pages\//
    })
    for (const path of [
      '/.well-known/jwks.json',
      '/.well-known/oauth-authorization-server',
      '/x/.well-known/webauthn'
    ]) {
      t.equal((await app.inject(path)).statusCode, 404, path)
    }
  })

  await t.test('when it closes, a request in flight is answered and its connection closed', async (t) => {
    const address = await app.listen({ port: 0 })
    const received = once(requests, 'request')
    const login = fetch(`${address}/auth/login`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ username: 'ada', password: PASSWORD })
    })
    await received
    const closed = app.close()
    const { status, headers } = await login
    t.strictSame([status, headers.get('connection')], [200, 'close'])
    await closed
  })

  await t.test('and the pool is left open', async (t) => {
    t.strictSame((await pool.query('SELECT 1 AS one')).rows, [{ one: 1 }])
    t.strictSame(pool.listeners('error'), listeners, 'as it was')
  })
})

test('options that do not fit stop the start, and before it there is nothing to ask', async (t) => {
  const app = Fastify()
  t.teardown(() => app.close())
  app.register(latchkey, { prefix: '/auth' } as never)
  await t.rejects(app.ready() as unknown as Promise<unknown>, { name: 'ConfigurationError' })
})
