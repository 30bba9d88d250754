import { decodeJwt } from 'jose'
import { test } from 'tap'
import { readRefreshToken } from '../../../src/sessions/refresh-token.ts'
import { build, PASSWORD, post, signIn, testClock } from '../../helpers/app.ts'

const COOKIE = /^refresh_token=([^;]+); Max-Age=(\d+); Path=\/; HttpOnly; SameSite=Strict$/
const ORIGIN = { origin: 'http://127.0.0.1:3000' }

test('the tokens of a session', async (t) => {
  const clock = testClock()
  const fastify = await build(t, {
    clock,
    environment: { ACCESS_TOKEN_TTL: '60', REFRESH_IDLE_TTL: '3600', REFRESH_MAX_TTL: '5400' }
  })
  const { user } = await signIn(fastify, { username: 'Ada', email: 'ada@example.com' })
  const login = (more: object = {}) => post(fastify, '/login', { username: 'ada', password: PASSWORD, ...more })

  await t.test('are an access token and a refresh token of the same session', async (t) => {
    const response = await login()
    t.strictSame(Object.keys(response.json()), ['access_token', 'token_type', 'expires_in', 'refresh_token'])
    const { access_token: accessToken, refresh_token: refreshToken, ...rest } = response.json()
    t.strictSame(rest, { token_type: 'Bearer', expires_in: 60 })
    t.match(decodeJwt(accessToken), {
      sub: user.id,
      sid: readRefreshToken(refreshToken)?.session,
      preferred_username: 'Ada'
    })
    t.equal(response.headers['set-cookie'], undefined)
  })

  await t.test('name no username where there is none', async (t) => {
    const { access_token: token } = await signIn(fastify, { email: 'grace@example.com' })
    t.notOk('preferred_username' in decodeJwt(token))
  })

  await t.test('have the refresh token in a cookie alone, in browser mode', async (t) => {
    const response = await login({ cookie: true })
    t.strictSame(Object.keys(response.json()), ['access_token', 'token_type', 'expires_in'])
    const { access_token: accessToken, ...rest } = response.json()
    t.strictSame(rest, { token_type: 'Bearer', expires_in: 60 })
    const [, text = '', maxAge = ''] = COOKIE.exec(String(response.headers['set-cookie'])) ?? []
    t.match(decodeJwt(accessToken), { sub: user.id, sid: readRefreshToken(text)?.session })
    t.ok(Math.abs(Number(maxAge) - 3600) <= 5, maxAge)
    t.notMatch(response.body, text)
  })

  await t.test('are made anew at each refresh, and the cookie lives no longer than the session can', async (t) => {
    const first = await login({ cookie: true })
    const [, text = ''] = COOKIE.exec(String(first.headers['set-cookie'])) ?? []
    clock.advance(3000)
    const second = await post(fastify, '/token/refresh', {}, { ...ORIGIN, cookie: `refresh_token=${text}` })
    t.strictSame(Object.keys(second.json()), ['access_token', 'token_type', 'expires_in'])
    const [before, after] = [first, second].map((response) => decodeJwt(response.json().access_token))
    t.equal(after?.sid, before?.sid)
    t.not(after?.jti, before?.jti)
    t.ok(Math.abs(Number(after?.exp) - clock.now() / 1000 - 60) <= 5)
    const [, successor = '', maxAge = ''] = COOKIE.exec(String(second.headers['set-cookie'])) ?? []
    t.not(successor, text)
    t.equal(readRefreshToken(successor)?.session, readRefreshToken(text)?.session)
    t.ok(Math.abs(Number(maxAge) - 2400) <= 5, maxAge)
  })
})
