import { test } from 'tap'
import { readConfig } from '../../../src/config/config.ts'
import { createDatabase } from '../../../src/database/database.ts'
import { sql } from '../../../src/database/sql.ts'
import type { Problem } from '../../../src/errors.ts'
import { changePassword } from '../../../src/flows/password-change.ts'
import { findSessionUser, type LiveSession, openSession } from '../../../src/sessions/sessions.ts'
import { type Credentials, findOwnCredentials } from '../../../src/users/credentials.ts'
import { addUser } from '../../../src/users/users.ts'
import { caught } from '../../helpers/caught.ts'
import { hasServer, meet } from '../../helpers/meeting.ts'
import { migratedPool } from '../../helpers/pool.ts'

const LIFETIMES = readConfig({})
const ORIGIN = { userAgent: undefined, ip: '::1' }

test('a change of the password', async (t) => {
  const pool = await migratedPool(t)
  const database = createDatabase(pool, { timeout: 60_000 })

  async function prepare(username: string) {
    const { id } = await addUser(database, { username, passwordHash: 'old' })
    const credentials = (await findOwnCredentials(database, id)) as Credentials
    const open = async () => {
      const opened = await openSession(database, LIFETIMES, credentials, ORIGIN)
      return { sid: (opened as LiveSession).refreshToken.session, sub: id }
    }
    const hash = async () => (await findOwnCredentials(database, id))?.password_hash
    const isAlive = async (session: { sid: string; sub: string }) =>
      Boolean(await findSessionUser(database, LIFETIMES, session))
    return { credentials, open, hash, isAlive }
  }

  await t.test('ends all other sessions of the user', async (t) => {
    const { credentials, open, hash, isAlive } = await prepare('ada')
    const [present, other] = [await open(), await open()]
    const stranger = await prepare('grace')
    const foreign = await stranger.open()
    const owner = await changePassword(database, LIFETIMES, present, credentials, { hash: 'new' })
    t.strictSame(owner, { id: credentials.id, password_version: 2, device_version: 1 })
    t.equal(await hash(), 'new')
    t.strictSame([await isAlive(present), await isAlive(other), await isAlive(foreign)], [true, false, true])
    t.equal(await openSession(database, LIFETIMES, credentials, ORIGIN), undefined, 'and a login with the old one')
  })

  await t.test('is refused if it was changed since the current one was verified', async (t) => {
    const { credentials, open, hash, isAlive } = await prepare('ingrid')
    const [present, other] = [await open(), await open()]
    await changePassword(database, LIFETIMES, present, credentials, { hash: 'new' })
    const error = (await caught(
      changePassword(database, LIFETIMES, present, credentials, { hash: 'newer' })
    )) as Problem
    t.match(error, { code: 'INVALID_CREDENTIALS', message: 'The current password is wrong.' })
    t.strictSame([await hash(), await isAlive(present), await isAlive(other)], ['new', true, false])
  })

  await t.test('changes nothing if the current session has ended', async (t) => {
    const { credentials, open, hash, isAlive } = await prepare('hedy')
    const [present, other] = [await open(), await open()]
    await database.query(sql`UPDATE sessions SET ended_at = now(), end_reason = 'logged out' WHERE id = ${present.sid}`)
    const error = (await caught(changePassword(database, LIFETIMES, present, credentials, { hash: 'new' }))) as Problem
    t.equal(error.code, 'TOKEN_INVALID')
    t.strictSame([await hash(), await isAlive(other)], ['old', true])
  })

  await t.test('queues a notice in the same transaction', async (t) => {
    const { credentials, open } = await prepare('emmy')
    const [present, other] = [await open(), await open()]
    const change = { hash: 'new', notify: 'emmy@example.com' }
    const mails = () => database.query(sql`SELECT kind, recipient FROM mails WHERE user_id = ${credentials.id}`)
    await database.query(sql`UPDATE sessions SET ended_at = now(), end_reason = 'logged out' WHERE id = ${other.sid}`)
    await caught(changePassword(database, LIFETIMES, other, credentials, change))
    t.strictSame(await mails(), [])
    await changePassword(database, LIFETIMES, present, credentials, change)
    t.strictSame(await mails(), [{ kind: 'password changed', recipient: 'emmy@example.com' }])
  })

  if (hasServer) {
    await t.test('waits for a login that is opening a session with the old one, and ends that session', async (t) => {
      const { credentials, open, isAlive } = await prepare('katherine')
      const present = await open()
      const [opened] = await meet(
        pool,
        (transaction) => openSession(transaction, LIFETIMES, credentials, ORIGIN),
        () =>
          changePassword(createDatabase(pool, { timeout: 60_000 }), LIFETIMES, present, credentials, { hash: 'new' })
      )
      t.notOk(await isAlive({ sid: (opened as LiveSession).refreshToken.session, sub: credentials.id }))
      t.ok(await isAlive(present))
    })
  }
})
