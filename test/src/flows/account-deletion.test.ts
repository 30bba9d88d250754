import { test } from 'tap'
import { readConfig } from '../../../src/config/config.ts'
import { createDatabase } from '../../../src/database/database.ts'
import { sql } from '../../../src/database/sql.ts'
import { deleteOwnAccount } from '../../../src/flows/account-deletion.ts'
import { endSessions, openSession } from '../../../src/sessions/sessions.ts'
import { addUser } from '../../../src/users/users.ts'
import { hasServer, meet } from '../../helpers/meeting.ts'
import { migratedPool } from '../../helpers/pool.ts'

const ORIGIN = { userAgent: undefined, ip: '::1' }

test('the deletion of one’s own account', async (t) => {
  const pool = await migratedPool(t)
  const open = () => createDatabase(pool, { timeout: 60_000 })
  const database = open()
  const lifetimes = readConfig({})
  t.beforeEach(async () => {
    await database.query(sql`TRUNCATE users CASCADE`)
  })
  const prepare = async (username = 'ada') => {
    const { id } = await addUser(database, { username, passwordHash: 'a hash' })
    const credentials = { id, password_version: 1 }
    const signIn = () => openSession(open(), lifetimes, credentials, ORIGIN)
    const session = { sub: id, sid: String((await signIn())?.refreshToken.session) }
    const leave = (given = credentials) => deleteOwnAccount(open(), lifetimes, session, given)
    return { id, credentials, session, signIn, leave }
  }
  const stored = async () => ({
    users: (await database.query(sql`SELECT id FROM users`)).map(({ id }) => id),
    sessions: (await database.query(sql`SELECT user_id FROM sessions`)).map(({ user_id }) => user_id)
  })

  await t.test('deletes it with its sessions, and no other account', async (t) => {
    const [ada, grace] = [await prepare(), await prepare('grace')]
    await ada.signIn()
    t.equal(await ada.leave(), true)
    t.strictSame(await stored(), { users: [grace.id], sessions: [grace.id] })
    t.equal(await ada.leave(), false, 'only once')
  })

  await t.test('is refused if the password was changed meanwhile', async (t) => {
    const { id, leave } = await prepare()
    t.equal(await leave({ id, password_version: 2 }), false)
    t.strictSame(await stored(), { users: [id], sessions: [id] })
  })

  await t.test('is refused if the session has ended meanwhile', async (t) => {
    const { id, session, leave } = await prepare()
    await endSessions(database, lifetimes, session, session.sid, 'ended by the user')
    await t.rejects(leave(), { code: 'TOKEN_INVALID' })
    t.strictSame(await stored(), { users: [id], sessions: [id] })
  })

  if (hasServer) {
    await t.test('waits for a login that is opening a session, and deletes that too', async (t) => {
      const { signIn, leave } = await prepare()
      const [session, deleted] = await meet(pool, signIn, () => leave())
      t.ok(session)
      t.equal(deleted, true)
      t.strictSame(await stored(), { users: [], sessions: [] })
    })
  }
})
