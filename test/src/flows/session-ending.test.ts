import { test } from 'tap'
import { readConfig } from '../../../src/config/config.ts'
import { createDatabase } from '../../../src/database/database.ts'
import { sql } from '../../../src/database/sql.ts'
import { beginLoginStep, tryLoginStep, useLoginStep } from '../../../src/factors/login-steps.ts'
import { endOtherSessions } from '../../../src/flows/session-ending.ts'
import { findSessionUser, type OpenedSession, openSession } from '../../../src/sessions/sessions.ts'
import { findDeviceOwner } from '../../../src/users/credentials.ts'
import { addUser } from '../../../src/users/users.ts'
import { caught } from '../../helpers/caught.ts'
import { requireStep } from '../../helpers/enrolled.ts'
import { hasServer, meet } from '../../helpers/meeting.ts'
import { migratedPool } from '../../helpers/pool.ts'

const CONFIG = readConfig({})
const NOBODY = '0198a3c2-7f00-7000-8000-000000000009'

test('the end of all other sessions', async (t) => {
  const pool = await migratedPool(t)
  const database = createDatabase(pool, { timeout: 60_000 })
  let users = 0

  async function begin() {
    const { id: sub } = await addUser(database, { username: `user${users++}`, passwordHash: 'none' })
    const owner = { id: sub, password_version: 1 }
    const open = async () => {
      const opened = await openSession(database, CONFIG, owner, { userAgent: undefined, ip: '::1' })
      return { sid: (opened as OpenedSession).refreshToken.session, sub }
    }
    const [present, other] = [await open(), await open()]
    await requireStep(database, sub)
    const begun = await beginLoginStep(database, { ...owner, inCookie: false })
    return { sub, present, other, token: String(begun?.token) }
  }
  const isAlive = async (session: { sid: string; sub: string }) =>
    (await findSessionUser(database, CONFIG, session)) !== undefined

  await t.test('keeps the current one, revokes the devices and voids sign-ins that have begun', async (t) => {
    const { sub, present, other, token } = await begin()
    const stranger = await begin()
    const owner = { id: sub, password_version: 1, device_version: 2 }
    t.strictSame(await endOtherSessions(database, CONFIG, present), { count: 1, owner })
    t.strictSame([await isAlive(present), await isAlive(other)], [true, false])
    t.strictSame(await findDeviceOwner(database, sub), owner)
    t.equal(await tryLoginStep(database, token), undefined)
    t.ok(await isAlive(stranger.other))
    t.ok(await tryLoginStep(database, stranger.token), 'not those of another user')
  })

  await t.test('changes nothing in the name of a session that has ended, or of nobody', async (t) => {
    const { sub, present, other, token } = await begin()
    await database.query(sql`UPDATE sessions SET ended_at = now(), end_reason = 'x' WHERE id = ${other.sid}`)
    t.match(await caught(endOtherSessions(database, CONFIG, other)), { code: 'TOKEN_INVALID' })
    t.match(await caught(endOtherSessions(database, CONFIG, { ...present, sub: NOBODY })), { code: 'TOKEN_INVALID' })
    t.ok(await isAlive(present))
    t.match(await findDeviceOwner(database, sub), { device_version: 1 })
    t.ok(await tryLoginStep(database, token))
  })

  if (hasServer) {
    await t.test('voids a step that is being used at the same time', async (t) => {
      const { present, token } = await begin()
      const step = (await tryLoginStep(database, token)) as NonNullable<Awaited<ReturnType<typeof tryLoginStep>>>
      const use = () =>
        createDatabase(pool, { timeout: 60_000 }).transact((transaction) => useLoginStep(transaction, step))
      const [, used] = await meet(pool, (transaction) => endOtherSessions(transaction, CONFIG, present), use)
      t.equal(used, false)
    })
  }
})
