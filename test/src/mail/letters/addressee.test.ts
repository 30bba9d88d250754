import { test } from 'tap'
import { createDatabase } from '../../../../src/database/database.ts'
import { sql } from '../../../../src/database/sql.ts'
import { findAddressee, findByEmail, nameFor } from '../../../../src/mail/letters/addressee.ts'
import { addUser } from '../../../../src/users/users.ts'
import { NOBODY } from '../../../helpers/letter.ts'
import { migratedPool } from '../../../helpers/pool.ts'

test('an addressee is found by the address, in any letter case', async (t) => {
  const database = createDatabase(await migratedPool(t), { timeout: 60_000 })
  const { id } = await addUser(database, { username: 'ada', email: 'Ada@example.com', passwordHash: 'none' })
  const ada = { id, username: 'ada', email: 'Ada@example.com', email_verified: false, locale: null, invited: false }
  t.strictSame(await findByEmail(database, 'ADA@example.com'), ada)
  t.equal(await findByEmail(database, 'nobody@example.com'), undefined)
  t.strictSame(await findAddressee(database, { recipient: 'ADA@example.com', user_id: id }), ada)
  t.equal(await findAddressee(database, { recipient: 'ADA@example.com', user_id: NOBODY }), undefined)
  const { id: invited } = await addUser(database, { email: 'eve@example.com', passwordHash: null })
  t.match(await findByEmail(database, 'eve@example.com'), { invited: true })
  await database.query(sql`UPDATE users SET signed_in = true WHERE id = ${invited}`)
  t.match(await findByEmail(database, 'eve@example.com'), { invited: false })
})

test('a letter names the username only if the address is verified', (t) => {
  const cases: [username: string | null, email_verified: boolean, name: string][] = [
    ['ada', true, 'ada'],
    ['ada', false, 'a@example.com'],
    [null, true, 'a@example.com']
  ]
  for (const [username, email_verified, name] of cases) {
    t.equal(nameFor({ username, email_verified }, 'a@example.com'), name)
  }
  t.end()
})
