import type { FastifyInstance, LightMyRequestResponse } from 'fastify'
import { test } from 'tap'
import { disableAccount, enableAccount, endAccountSessions, setPassword } from '../../../src/admin/accounts.ts'
import { sql } from '../../../src/database/sql.ts'
import { createDeviceToken } from '../../../src/limits/device-token.ts'
import { bearer, build, PASSWORD, post, signIn, testClock } from '../../helpers/app.ts'
import { holdConnections } from '../../helpers/held-connections.ts'
import { letters, tokenOf } from '../../helpers/letters.ts'

const ON = { LIMITS: 'on' }
const NEXT = 'another horse battery staple'

const login = (fastify: FastifyInstance, username: string, password = PASSWORD, headers: Record<string, string> = {}) =>
  post(fastify, '/login', { username, password }, headers)

/** What a browser sends back of the device cookie that an answer sets; nothing where it sets none. */
function cookieOf({ headers }: LightMyRequestResponse): string | undefined {
  const cookies = [headers['set-cookie']].flat().map((cookie) => String(cookie).split(';')[0] as string)
  return cookies.find((cookie) => cookie.startsWith('latchkey_device='))
}

test('the cookie of a device', async (t) => {
  const places: [publicUrl: string, secure: boolean][] = [
    ['https://auth.example.com', true],
    ['http://127.0.0.1:3000', false]
  ]
  for (const [PUBLIC_URL, secure] of places) {
    await t.test(`is set by a login to ${PUBLIC_URL}`, async (t) => {
      const fastify = await build(t, { environment: { LIMITS: 'on', PUBLIC_URL } })
      await signIn(fastify, { username: 'ada' })
      const wrong = await post(fastify, '/login', { username: 'ada', password: 'wrong' })
      t.equal(wrong.headers['set-cookie'], undefined)
      const { headers } = await post(fastify, '/login', { username: 'ada', password: PASSWORD })
      const [value, ...attributes] = String(headers['set-cookie']).split('; ')
      t.match(value, /^latchkey_device=[\w.-]+$/)
      const expected = ['HttpOnly', 'Max-Age=31536000', 'Path=/', 'SameSite=Lax', ...(secure ? ['Secure'] : [])]
      t.strictSame(attributes.sort(), expected)
    })
  }

  await t.test('goes beside that of the refresh token', async (t) => {
    const fastify = await build(t, { environment: { LIMITS: 'on' } })
    await signIn(fastify, { username: 'ada' })
    const { headers } = await post(fastify, '/login', { username: 'ada', password: PASSWORD, cookie: true })
    const names = [headers['set-cookie']].flat().map((cookie) => String(cookie).split('=')[0])
    t.strictSame(names.sort(), ['latchkey_device', 'refresh_token'])
  })

  await t.test('is read from the request alone, for a year', async (t) => {
    const clock = testClock()
    const fastify = await build(t, { clock, environment: ON })
    const { user } = await signIn(fastify, { username: 'ada' })
    const cookie = cookieOf(await login(fastify, 'ada'))
    const read = (header: string | undefined) => fastify.limits.deviceOf({ headers: { cookie: header } } as never)
    const device = read(cookie)
    t.match(device, { id: user.id, password_version: 1, device_version: 1, nonce: /^[\w-]{22}$/ })
    t.strictSame(read(`other=1; ${cookie}; more=2`), device)
    t.strictSame(read(`${cookie}; latchkey_device=x`), device, 'the first of two')
    const owner = { id: user.id, password_version: 1, device_version: 1 }
    const none: [what: string, header: string | undefined][] = [
      ['without a cookie', undefined],
      ['with another', 'other=1'],
      ['with an empty one', 'latchkey_device='],
      ['with one that comes second', `latchkey_device=x; ${cookie}`],
      ['with rubbish', 'latchkey_device=%E0%A4%A'],
      ['with a forged one', `latchkey_device=${createDeviceToken(owner, clock.now(), Buffer.alloc(32))}`]
    ]
    for (const [what, header] of none) t.equal(read(header), undefined, what)
    clock.advance(366 * 86_400)
    t.equal(read(cookie), undefined, 'a year later')
  })

  await t.test('is read once for a request', async (t) => {
    const fastify = await build(t, { environment: ON })
    await signIn(fastify, { username: 'ada' })
    const request = { headers: { cookie: cookieOf(await login(fastify, 'ada')) } } as never
    t.ok(fastify.limits.deviceOf(request))
    t.equal(fastify.limits.deviceOf(request), fastify.limits.deviceOf(request))
  })

  await t.test('is not set where nothing is limited', async (t) => {
    const fastify = await build(t, { environment: { LIMITS: 'off' } })
    await signIn(fastify, { username: 'ada' })
    const { statusCode, headers } = await post(fastify, '/login', { username: 'ada', password: PASSWORD })
    t.strictSame([statusCode, headers['set-cookie']], [200, undefined])
  })
})

test('the cookie of a device is void', async (t) => {
  const fastify = await build(t, { environment: ON })
  const secret = fastify.deriveKey('limits')
  const database = () => fastify.database.open()
  t.beforeEach(async () => {
    await database().query(sql`TRUNCATE users, limits CASCADE`)
  })

  /** A user who has signed in on a device and on another one, with strangers that are throttled. */
  async function prepare() {
    const { user, access_token } = await signIn(fastify, { username: 'ada', email: 'ada@example.com' })
    await letters(fastify)
    const [cookie, other] = [cookieOf(await login(fastify, 'ada')), cookieOf(await login(fastify, 'ada'))]
    const headers = { ...bearer(access_token), cookie: cookie as string }
    return { id: user.id as string, headers, cookie: cookie as string, other: other as string }
  }
  /** What a login on a device is answered while strangers are throttled. */
  async function tryOn(cookie: string | undefined, password = PASSWORD): Promise<number> {
    await database().query(sql`TRUNCATE limits`)
    for (let index = 0; index < 10; index++) await login(fastify, 'ada', 'wrong')
    return (await login(fastify, 'ada', password, { cookie: String(cookie) })).statusCode
  }
  const change = (headers: Record<string, string>) =>
    post(fastify, '/password/change', { current_password: PASSWORD, new_password: NEXT }, headers)
  const endOthers = (headers: Record<string, string>) => fastify.inject({ method: 'DELETE', url: '/sessions', headers })

  type Prepared = Awaited<ReturnType<typeof prepare>>
  const events: [what: string, happen: (given: Prepared) => Promise<unknown>, password?: string][] = [
    ['a change of the password', ({ headers }) => change(headers), NEXT],
    [
      'a reset',
      async () => {
        await post(fastify, '/password/forgot', { email: 'ada@example.com' })
        const token = await tokenOf(fastify, 'reset-password')
        await post(fastify, '/password/reset', { token, new_password: NEXT })
      },
      NEXT
    ],
    ['the end of the other sessions', ({ headers }) => endOthers(headers)],
    ['the end of all sessions by an operator', ({ id }) => endAccountSessions(database(), fastify.sessions.rules, id)],
    [
      'an operator’s password',
      async ({ id }) => {
        const hash = await fastify.passwords.hash(NEXT)
        await setPassword(database(), fastify.sessions.rules, secret, id, { hash, keepSessions: true })
      },
      NEXT
    ],
    [
      'being disabled, also once the account is enabled',
      async ({ id }) => {
        await disableAccount(database(), fastify.sessions.rules, id)
        await enableAccount(database(), id)
      }
    ]
  ]
  for (const [what, happen, password] of events) {
    await t.test(`after ${what}`, async (t) => {
      const given = await prepare()
      t.equal(await tryOn(given.other), 200)
      await happen(given)
      t.equal(await tryOn(given.other, password), 429)
      t.equal(await tryOn(given.cookie, password), 429)
      const fresh = cookieOf(
        await post(fastify, '/login', { email: 'ada@example.com', password: password ?? PASSWORD })
      )
      t.equal(await tryOn(fresh, password), 200, 'until it signs in again')
    })
  }

  await t.test('after a change of the address is undone', async (t) => {
    const { id, headers, other } = await prepare()
    await database().query(sql`UPDATE users SET email_verified = true WHERE id = ${id}`)
    await post(fastify, '/email/change', { new_email: 'eve@example.com', current_password: PASSWORD }, headers)
    await post(fastify, '/email/change/confirm', { token: await tokenOf(fastify, 'confirm-new-email') })
    t.equal(await tryOn(other), 200)
    const token = await tokenOf(fastify, 'email-changed')
    t.equal((await post(fastify, '/email/change/undo', { token })).statusCode, 204)
    t.equal(await tryOn(other), 429)
  })

  await t.test('not on the device on which the password was changed', async (t) => {
    const { headers } = await prepare()
    const { cookie: _, ...without } = headers
    t.equal(await tryOn(cookieOf(await change(without)), NEXT), 200, 'whether it was known before or not')
  })

  await t.test('not on the device on which the other sessions were ended, where it was known', async (t) => {
    const { headers, other } = await prepare()
    const { cookie: _, ...without } = headers
    const answered = await endOthers(without)
    t.equal(answered.statusCode, 204)
    t.equal(cookieOf(answered), undefined, 'a session alone makes no device known')
    t.equal(cookieOf(await endOthers({ ...without, cookie: other })), undefined, 'nor does a cookie that is void')
    const known = cookieOf(await login(fastify, 'ada')) as string
    t.equal(await tryOn(cookieOf(await endOthers({ ...without, cookie: known }))), 200)
  })

  await t.test('not after a new hash of the same password, or another name', async (t) => {
    const { headers, other } = await prepare()
    const payload = { username: 'ada.lovelace' }
    await fastify.inject({ method: 'PATCH', url: '/me', headers, payload })
    await database().query(sql`UPDATE users SET username = 'ada'`)
    t.equal(await tryOn(other), 200)
  })
})

test('a valid device cookie of another account is kept', async (t) => {
  const fastify = await build(t, { environment: ON })
  const { access_token } = await signIn(fastify, { username: 'ada' })
  const { access_token: eves } = await signIn(fastify, { username: 'eve' })
  const ada = cookieOf(await login(fastify, 'ada')) as string
  const change = (token: string, current_password: string, new_password: string, cookie = ada) =>
    post(fastify, '/password/change', { current_password, new_password }, { ...bearer(token), cookie })

  t.match(
    cookieOf(await login(fastify, 'ada', PASSWORD, { cookie: ada })),
    'latchkey_device=',
    'the own one is renewed'
  )
  const answered = await login(fastify, 'eve', PASSWORD, { cookie: ada })
  t.strictSame([answered.statusCode, answered.headers['set-cookie']], [200, undefined])
  const browser = await post(fastify, '/login', { username: 'eve', password: PASSWORD, cookie: true }, { cookie: ada })
  t.match(browser.headers['set-cookie'], /^refresh_token=/, 'and no other one')
  await t.test('also where the database fails when all is done', async (t) => {
    const { asked, begun } = holdConnections(t, fastify)
    const signing = login(fastify, 'eve', PASSWORD, { cookie: ada })
    for (const _ of ['the address', 'the account', 'the guess', 'the session', 'the counters']) {
      await begun(1)
      asked.shift()?.go()
    }
    await begun(1)
    asked.shift()?.fail()
    const { statusCode, headers } = await signing
    t.strictSame([statusCode, headers['set-cookie']], [200, undefined])
  })
  const changed = await change(eves, PASSWORD, NEXT)
  t.strictSame([changed.statusCode, changed.headers['set-cookie']], [204, undefined])

  t.equal((await change(access_token, PASSWORD, NEXT)).statusCode, 204)
  t.ok(cookieOf(await login(fastify, 'eve', NEXT, { cookie: ada })), 'but not one that is void')
  await fastify.database.open().query(sql`DELETE FROM users WHERE username = 'ada'`)
  t.ok(cookieOf(await login(fastify, 'eve', NEXT, { cookie: ada })), 'nor that of an account that is gone')
})
