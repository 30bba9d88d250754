import { test } from 'tap'
import { createDatabase } from '../../../src/database/database.ts'
import { sql } from '../../../src/database/sql.ts'
import { listRestingUsernames, purgeRestingUsernames } from '../../../src/users/resting-usernames.ts'
import { addUser, changeUsername } from '../../../src/users/users.ts'
import { testClock } from '../../helpers/app.ts'
import { migratedPool } from '../../helpers/pool.ts'

test('resting usernames are listed and kept until they are free', async (t) => {
  const clock = testClock()
  const database = createDatabase(await migratedPool(t), { clock, timeout: 60_000 })
  const renaming = { tokenTtl: 900 }
  const { id } = await addUser(database, { username: 'Ada', passwordHash: 'none' })
  await database.transact(async (transaction) => {
    await changeUsername(transaction, renaming, id, 'lovelace')
    const rows = await transaction.query(
      sql`SELECT extract(epoch FROM until - now())::int AS seconds FROM resting_usernames WHERE username = 'ada'`
    )
    t.strictSame(rows, [{ seconds: 901 }], 'the clock of another instance may be a second ahead')
  })
  clock.advance(300)
  await changeUsername(database, renaming, id, 'countess')
  const names = async () => (await listRestingUsernames(database, id)).map(({ username }) => username)
  const stored = async () =>
    (await database.query(sql`SELECT username FROM resting_usernames ORDER BY 1`)).map(({ username }) => username)

  t.strictSame(await names(), ['ada', 'lovelace'])
  t.equal(await purgeRestingUsernames(database, 10), 0)
  t.strictSame(await stored(), ['ada', 'lovelace'])
  clock.advance(602)
  t.strictSame(await names(), ['lovelace'])
  t.equal(await purgeRestingUsernames(database, 10), 1)
  t.strictSame(await stored(), ['lovelace'])
  const [row] = await listRestingUsernames(database, id)
  t.ok(row?.until instanceof Date)
  await changeUsername(database, renaming, id, 'ada')
  clock.advance(902)
  t.equal(await purgeRestingUsernames(database, 1), 1, 'no more than it may')
  t.strictSame(await stored(), ['countess'], 'those that are over for longest first')
  t.equal(await purgeRestingUsernames(database, 1), 1)
  t.strictSame(await stored(), [])
})
