import { test } from 'tap'
import { build, PASSWORD, post } from '../../../helpers/app.ts'
import {
  actsOf,
  addAccount,
  DONE,
  FORBIDDEN,
  NOBODY,
  NOT_FOUND,
  operator,
  ROLE_PROTECTED
} from '../../../helpers/operator.ts'

test('DELETE /admin/users/:id/limits', async (t) => {
  const fastify = await build(t, { environment: { LIMITS: 'on' } })
  const admin = await operator(fastify, 'ada.admin')
  const support = await operator(fastify, 'sue.support', ['support'])
  const bob = await operator(fastify, 'bob', [])
  const path = `/users/${bob.id}/limits`
  const login = async (password: string) => (await post(fastify, '/login', { username: 'bob', password })).statusCode
  const limits = async () => (await admin.call('GET', `/users/${bob.id}`)).body.limits

  for (let count = 0; count < 10; count++) t.equal(await login('wrong'), 401)
  t.equal(await login(PASSWORD), 429)
  t.match(await limits(), [{ name: 'username', wrong_passwords: 10, blocked_for: Number }])
  t.strictSame(await support.call('DELETE', path), DONE)
  t.strictSame(await limits(), [{ name: 'username', wrong_passwords: 0, blocked_for: 0 }])
  t.equal(await login(PASSWORD), 200)

  t.strictSame(await admin.call('DELETE', path), DONE, 'where nothing was counted')
  t.strictSame(await actsOf(fastify), [
    { actor: 'admin', action: 'user unlocked', account: bob.id, session: null, detail: { by: support.id } },
    { actor: 'admin', action: 'user unlocked', account: bob.id, session: null, detail: { by: admin.id } }
  ])
  t.strictSame(await admin.call('DELETE', `/users/${NOBODY}/limits`), NOT_FOUND)
  t.strictSame(await bob.call('DELETE', path), FORBIDDEN)
  const protectedOne = await addAccount(fastify, { username: 'root', roles: ['admin'] })
  t.strictSame(await support.call('DELETE', `/users/${protectedOne}/limits`), ROLE_PROTECTED)
})
