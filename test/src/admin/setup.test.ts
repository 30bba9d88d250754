import { test } from 'tap'
import { hasAdmin } from '../../../src/admin/roles.ts'
import { addFirstAdmin, createSetup } from '../../../src/admin/setup.ts'
import { createDatabase } from '../../../src/database/database.ts'
import { testClock } from '../../helpers/app.ts'
import { migratedPool } from '../../helpers/pool.ts'

const INVALID = { code: 'TOKEN_INVALID' }

test('the link of the first administrator', async (t) => {
  const clock = testClock()
  const begin = () => {
    const { url, use } = createSetup(clock, 'http://127.0.0.1:3000')
    const [, token = ''] = /^http:\/\/127\.0\.0\.1:3000\/console#setup=([\w-]{43})$/.exec(url) ?? []
    return { token, use }
  }
  const work = async () => 'done'

  await t.test('works once', async (t) => {
    const { token, use } = begin()
    for (const other of [`${token}x`, token.slice(1), '', begin().token]) await t.rejects(use(other, work), INVALID)
    t.equal(await use(token, work), 'done')
    await t.rejects(use(token, work), INVALID)
  })

  await t.test('works again where the work failed, but not twice at once', async (t) => {
    const { token, use } = begin()
    await t.rejects(
      use(token, async () => {
        await t.rejects(use(token, work), INVALID)
        throw new Error('a password that is refused')
      }),
      { message: 'a password that is refused' }
    )
    t.equal(await use(token, work), 'done')
  })

  await t.test('works for 30 minutes', async (t) => {
    const { token, use } = begin()
    clock.advance(30 * 60)
    await t.rejects(use(token, work), INVALID)
  })
})

test('the first administrator is added where there is none', async (t) => {
  const database = createDatabase(await migratedPool(t), { timeout: 60_000 })
  const user = { username: 'admin', passwordHash: 'a hash' }
  const record = async (_: unknown, id: string) => () => recorded.push(id)
  const recorded: string[] = []
  t.match(await addFirstAdmin(database, user, record), { username: 'admin', email: null })
  t.equal(await hasAdmin(database), true)
  t.equal(recorded.length, 1)
  await t.rejects(addFirstAdmin(database, { ...user, username: 'other' }, record), INVALID)
})
