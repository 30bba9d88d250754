import { createHash, randomBytes } from 'node:crypto'
import { test } from 'tap'
import { readConfig } from '../../../src/config/config.ts'
import { createDatabase } from '../../../src/database/database.ts'
import { sql } from '../../../src/database/sql.ts'
import {
  createPageSecret,
  endPageSession,
  type PageToken,
  readPageToken,
  usePageToken,
  writePageToken
} from '../../../src/sessions/page-session.ts'
import { endSessionOf } from '../../../src/sessions/rotation.ts'
import { endAllSessions, type OpenedSession, openSession } from '../../../src/sessions/sessions.ts'
import { addUser } from '../../../src/users/users.ts'
import { testClock } from '../../helpers/app.ts'
import { migratedPool } from '../../helpers/pool.ts'

const CONFIG = readConfig({ REFRESH_IDLE_TTL: '7200', REFRESH_MAX_TTL: '10800' })
const SESSION = '0198a3c2-7f00-7000-8000-000000000009'

test('the text of a token', async (t) => {
  const token = { session: SESSION, secret: Buffer.alloc(32, 0xff) }
  const text = `${SESSION}.${'_'.repeat(42)}8`
  t.equal(writePageToken(token), text)
  t.strictSame(readPageToken(text), token)
  const others = [
    '',
    '.',
    SESSION,
    `${SESSION}.`,
    text.slice(0, -1),
    `${text}8`,
    `${text}=`,
    ` ${text}`,
    `${text}\n`,
    text.toUpperCase(),
    text.replace('.', ':'),
    `${SESSION}.${'_'.repeat(43)}`,
    `${SESSION}.${'/'.repeat(43)}`,
    `${SESSION.replaceAll('-', '')}.${'_'.repeat(42)}8`,
    `${SESSION}' OR true --.${'_'.repeat(42)}8`
  ]
  for (const other of others) t.equal(readPageToken(other), undefined, JSON.stringify(other))
})

test('the browser session of the pages', async (t) => {
  const pool = await migratedPool(t)
  const database = createDatabase(pool, { timeout: 60_000 })
  const user = await addUser(database, { username: 'ada', email: 'ada@example.com', passwordHash: 'none' })

  /** A new session that a page has opened, with its own clock. */
  async function begin() {
    const pageSecret = createPageSecret()
    const clock = testClock()
    const database = createDatabase(pool, { clock, timeout: 60_000 })
    const origin = { userAgent: undefined, ip: '::1', pageSecret }
    const opened = (await openSession(database, CONFIG, { id: user.id, password_version: 1 }, origin)) as OpenedSession
    const { session } = opened.refreshToken
    const token: PageToken = { session, secret: pageSecret }
    const stored = async () => (await database.query(sql`SELECT * FROM sessions WHERE id = ${session}`))[0]
    return {
      clock,
      opened,
      session,
      token,
      stored,
      use: (given: PageToken = token) => usePageToken(database, CONFIG, given),
      end: (given: PageToken = token) => endPageSession(database, CONFIG, given)
    }
  }

  await t.test('is one with the session of the API; only the hash of the secret is stored', async (t) => {
    const { token, stored, opened, use } = await begin()
    t.equal(token.secret.length, 32)
    const row = await stored()
    t.strictSame(Buffer.from(row?.page_hash as Buffer), createHash('sha256').update(token.secret).digest())
    t.strictSame(await use(), {
      user: { ...user, mfaRequired: false, hasPassword: true, roles: [] },
      authenticatedAt: opened.authenticatedAt,
      amr: ['pwd']
    })
  })

  await t.test('changes nothing, but for a use that is noted once in a third of the idle timeout', async (t) => {
    const { clock, stored, use } = await begin()
    const before = await stored()
    clock.advance(2300)
    await use()
    t.strictSame(await stored(), before)
    clock.advance(100)
    t.ok(await use())
    const after = await stored()
    const moved = Number(after?.last_used_at) - Number(before?.last_used_at)
    t.ok(moved >= 2_400_000 && moved < 2_460_000, `${moved}`)
    t.strictSame({ ...after, last_used_at: before?.last_used_at }, before)
    clock.advance(2300)
    await use()
    t.strictSame(await stored(), after)
  })

  await t.test('is not idle while it is used, however short the idle timeout', async (t) => {
    for (const [idle, noted] of [
      [900, 300],
      [10_800, 3600],
      [2_592_000, 3600]
    ] as const) {
      const { clock, stored, token } = await begin()
      const rules = readConfig({ REFRESH_IDLE_TTL: `${idle}`, REFRESH_MAX_TTL: '15552000' })
      const use = () => usePageToken(createDatabase(pool, { clock, timeout: 60_000 }), rules, token)
      const before = await stored()
      clock.advance(noted - 60)
      t.ok(await use())
      t.strictSame(await stored(), before, 'not noted yet')
      clock.advance(60)
      t.ok(await use())
      t.not(Number((await stored())?.last_used_at), Number(before?.last_used_at))
      clock.advance(idle - 60)
      t.ok(await use(), 'not idle since')
      clock.advance(idle)
      t.equal(await use(), undefined)
    }
  })

  await t.test('needs the secret of this very session', async (t) => {
    const [one, other] = [await begin(), await begin()]
    const wrong: PageToken[] = [
      { session: one.session, secret: other.token.secret },
      { session: one.session, secret: randomBytes(32) },
      { session: SESSION, secret: one.token.secret }
    ]
    for (const token of wrong) {
      t.equal(await one.use(token), undefined)
      t.equal(await one.end(token), undefined)
    }
    t.ok(await one.use())
  })

  await t.test('is none of a session that no page has opened', async (t) => {
    const credentials = { id: user.id, password_version: 1 }
    const opened = await openSession(database, CONFIG, credentials, { userAgent: undefined, ip: '::1' })
    const { session } = (opened as OpenedSession).refreshToken
    t.match(await database.query(sql`SELECT page_hash FROM sessions WHERE id = ${session}`), [{ page_hash: null }])
    for (const secret of [createPageSecret(), Buffer.alloc(0), Buffer.alloc(32)]) {
      t.equal(await usePageToken(database, CONFIG, { session, secret }), undefined)
    }
  })

  await t.test('ends once, and the session of the API with it', async (t) => {
    const { end, use, stored } = await begin()
    t.equal(await end(), user.id)
    t.match(await stored(), { end_reason: 'logged out', ended_at: Date })
    t.equal(await use(), undefined)
    t.equal(await end(), undefined)
  })

  await t.test('ends once, however many requests end it', async (t) => {
    const { end } = await begin()
    const ended = await Promise.all(Array.from({ length: 5 }, () => end()))
    t.strictSame(ended.filter(Boolean), [user.id])
  })

  await t.test('ends with the session of the API', async (t) => {
    const { opened, use } = await begin()
    await endSessionOf(database, CONFIG, opened.refreshToken)
    t.equal(await use(), undefined)
  })

  await t.test('is over when it was not used for long, and at its greatest age', async (t) => {
    const idle = await begin()
    idle.clock.advance(7200)
    t.equal(await idle.use(), undefined)
    t.equal(await idle.end(), undefined)
    const old = await begin()
    for (const seconds of [3600, 3600, 3500]) {
      old.clock.advance(seconds)
      t.ok(await old.use())
    }
    old.clock.advance(100)
    t.equal(await old.use(), undefined)
  })

  await t.test('of a session without a time of authentication counts from its beginning', async (t) => {
    const { session, use, stored } = await begin()
    await database.query(sql`UPDATE sessions SET authenticated_at = NULL WHERE id = ${session}`)
    t.strictSame((await use())?.authenticatedAt, (await stored())?.created_at)
  })

  await t.test('ends when all sessions of the account end', async (t) => {
    const { use } = await begin()
    await endAllSessions(database, CONFIG, user.id, 'password changed')
    t.equal(await use(), undefined)
  })

  await t.test('has the names of the account as they are now, and whether it requires a second step', async (t) => {
    const { use } = await begin()
    await database.query(sql`UPDATE users SET username = 'lovelace', mfa_required = true WHERE id = ${user.id}`)
    t.match(await use(), { user: { id: user.id, username: 'lovelace', mfaRequired: true } })
  })
})
