import { test } from 'tap'
import { createDeviceToken } from '../../src/device.ts'
import { build, PASSWORD, post, signIn, testClock } from '../helper.ts'

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

  await t.test('is that of its user, for a year', async (t) => {
    const clock = testClock()
    const fastify = await build(t, { clock, environment: { LIMITS: 'on' } })
    const { user } = await signIn(fastify, { username: 'ada' })
    const { user: other } = await signIn(fastify, { username: 'grace' })
    const { headers } = await post(fastify, '/login', { username: 'ada', password: PASSWORD })
    const cookie = String(headers['set-cookie']).split(';')[0] as string
    const read = (header: string | undefined, id = user.id) =>
      fastify.deviceCookie.read({ headers: { cookie: header } } as never, id)
    const device = read(cookie)
    t.match(device, /^[\w-]{22}$/)
    t.equal(read(`other=1; ${cookie}; more=2`), device)
    const none: [what: string, read: string | undefined][] = [
      ['of another user', read(cookie, other.id)],
      ['without a cookie', read(undefined)],
      ['with another', read('other=1')],
      ['with an empty one', read('latchkey_device=')],
      ['with rubbish', read('latchkey_device=%E0%A4%A')],
      ['with a forged one', read(`latchkey_device=${createDeviceToken(user.id, clock.now(), Buffer.alloc(32))}`)]
    ]
    for (const [what, found] of none) t.equal(found, undefined, what)
    clock.advance(366 * 86_400)
    t.equal(read(cookie), undefined, 'a year later')
  })

  await t.test('is not set where nothing is limited', async (t) => {
    const fastify = await build(t, { environment: { LIMITS: 'off' } })
    await signIn(fastify, { username: 'ada' })
    const { statusCode, headers } = await post(fastify, '/login', { username: 'ada', password: PASSWORD })
    t.strictSame([statusCode, headers['set-cookie']], [200, undefined])
  })
})
