import { test } from 'tap'
import { build, post, signIn } from '../../helpers/app.ts'
import { migratedDatabase } from '../../helpers/database.ts'

test('the rules of sessions', async (t) => {
  await t.test('are those of the environment', async (t) => {
    const environment = { REFRESH_IDLE_TTL: '3600', REFRESH_MAX_TTL: '7200', REFRESH_GRACE: '0' }
    const { successorKey, ...rules } = (await build(t, { environment })).sessionRules
    t.strictSame(rules, { REFRESH_IDLE_TTL: 3600, REFRESH_MAX_TTL: 7200, REFRESH_GRACE: 0 })
    t.equal(successorKey.length, 32)
  })

  await t.test('have one key in all instances, which give a token the same successor', async (t) => {
    const database = await migratedDatabase(t)
    const [one, other] = [await build(t, { database }), await build(t, { database })]
    t.strictSame(one.sessionRules.successorKey, other.sessionRules.successorKey)
    const { refresh_token } = await signIn(one, { username: 'ada' })
    const [first, second] = [
      await post(one, '/token/refresh', { refresh_token }),
      await post(other, '/token/refresh', { refresh_token })
    ]
    t.equal(first.statusCode, 200)
    t.equal(second.json().refresh_token, first.json().refresh_token)
  })

  await t.test('have another key in another installation', async (t) => {
    const [one, other] = [await build(t), await build(t)]
    t.notSame(one.sessionRules.successorKey, other.sessionRules.successorKey)
  })
})
