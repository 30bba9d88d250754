import { test } from 'tap'
import {
  deleteAccount,
  disableAccount,
  displayName,
  enableAccount,
  endAccountSessions,
  findAccount,
  isId,
  setPassword,
  unlockAccount
} from '../../../src/admin/accounts.ts'
import { readConfig } from '../../../src/config/config.ts'
import { createDatabase, type Database } from '../../../src/database/database.ts'
import { sql } from '../../../src/database/sql.ts'
import { codesKey, nameKeys } from '../../../src/limits/counter-keys.ts'
import { countGuess } from '../../../src/limits/guesses.ts'
import type { Names } from '../../../src/schemas/users.ts'
import { findSessionUser, openSession } from '../../../src/sessions/sessions.ts'
import { type Credentials, findOwnCredentials } from '../../../src/users/credentials.ts'
import { addUser } from '../../../src/users/users.ts'
import { testClock } from '../../helpers/app.ts'
import { caught } from '../../helpers/caught.ts'
import { enrolApp } from '../../helpers/enrolled.ts'
import { hasServer, meet } from '../../helpers/meeting.ts'
import { migratedPool } from '../../helpers/pool.ts'

const NOBODY = '0198a3c2-7f00-7000-8000-000000000000'
const SECRET = Buffer.alloc(32, 7)
const NO_CODES = { wrong: 0, blockedFor: 0 }
const ORIGIN = { userAgent: undefined, ip: '::1' }

test('the accounts', async (t) => {
  const pool = await migratedPool(t)
  const clock = testClock()
  const database: Database = createDatabase(pool, { clock, timeout: 60_000 })
  const lifetimes = readConfig({})
  t.beforeEach(async () => {
    await database.query(sql`TRUNCATE users, limits CASCADE`)
  })

  const add = (names: Names) => addUser(database, { ...names, passwordHash: 'old' })

  /** A user, with functions that sign in and check sessions. */
  async function prepare(names = { username: 'ada' }) {
    const user = await add(names)
    const credentials = (await findOwnCredentials(database, user.id)) as Credentials
    const sign = async (where = database) =>
      (await openSession(where, lifetimes, credentials, ORIGIN))?.refreshToken.session
    const isAlive = async (sid: string | undefined) =>
      sid !== undefined && Boolean(await findSessionUser(database, lifetimes, { sid, sub: user.id }))
    return { user, id: user.id, sign, isAlive }
  }
  const reasons = async () =>
    (await database.query(sql`SELECT end_reason FROM sessions WHERE ended_at IS NOT NULL`)).map((row) => row.end_reason)
  const guess = async (names: Names, times: number) => {
    for (const name of nameKeys(SECRET, names))
      for (let index = 0; index < times; index++) await countGuess(database, { name, device: undefined })
  }
  const counters = async () => (await database.query(sql`SELECT FROM limits`)).length

  await t.test('are found by id and by either name, in any letter case', async (t) => {
    const user = await add({ username: 'Ada.L', email: 'Ada@Example.com' })
    await add({ username: 'grace' })
    for (const given of [
      user.id,
      user.id.toUpperCase(),
      'Ada.L',
      'ADA.l',
      'ada@example.COM',
      ' ada.l\t',
      `${user.id} `
    ]) {
      t.strictSame(
        await findAccount(database, given),
        { ...user, disabled_at: null, last_login_at: null, roles: [] },
        given
      )
    }
  })

  const lastLogin = async (id: string) => {
    const [row] = await database.query<{ last_login_at: Date }>(sql`SELECT last_login_at FROM users WHERE id = ${id}`)
    return row?.last_login_at.toISOString()
  }

  await t.test('that do not exist are reported with the kind of name', async (t) => {
    await add({ username: 'ada', email: 'ada@example.com' })
    const table = [
      [NOBODY, `There is no user with the id ${NOBODY}.`],
      ['ad', 'There is no user with the username ad.'],
      ['ada%', 'There is no user with the username ada%.'],
      ['', 'There is no user with the username .'],
      ['a@example.com', 'There is no user with the email address a@example.com.']
    ] as const
    for (const [given, message] of table) t.match(await caught(findAccount(database, given)), { message })
  })

  await t.test('are disabled with their sessions, once, until they are enabled', async (t) => {
    const { user, sign, isAlive } = await prepare()
    const stranger = await prepare({ username: 'grace' })
    const [first, second, foreign] = [await sign(), await sign(), await stranger.sign()]
    const done = await disableAccount(database, lifetimes, 'ada')
    t.match(done, { account: user, wasDisabled: false, ended: 2 })
    t.ok(Math.abs(Date.parse(String(done.account.disabled_at)) - clock.now()) < 60_000)
    t.strictSame([await isAlive(first), await isAlive(second), await stranger.isAlive(foreign)], [false, false, true])
    t.strictSame(await reasons(), ['disabled', 'disabled'])
    t.equal(await sign(), undefined, 'and nobody signs in')

    clock.advance(60)
    t.strictSame(await disableAccount(database, lifetimes, 'ada'), { ...done, wasDisabled: true, ended: 0 })
    t.strictSame(await findAccount(database, 'ada'), done.account)

    const enabled = { ...done.account, disabled_at: null }
    t.strictSame(await enableAccount(database, 'ada'), { account: enabled, wasDisabled: true })
    t.strictSame(await enableAccount(database, 'ada'), { account: enabled, wasDisabled: false })
    t.strictSame(await findAccount(database, 'ada'), enabled)
    t.notOk(await isAlive(first), 'what has ended stays so')
    t.equal(await sign(), undefined, 'and so does a login that was under way before')
    const fresh = (await findOwnCredentials(database, user.id)) as Credentials
    t.ok(await openSession(database, lifetimes, fresh, ORIGIN))
  })

  await t.test('are unlocked: the counters of both names are reset, and returned', async (t) => {
    const names = { username: 'Ada', email: 'ada@example.com' }
    const user = await add(names)
    await guess({ username: 'grace' }, 1)
    const account = { ...user, disabled_at: null, last_login_at: null, roles: [] }
    const none = [
      { name: 'username', wrong: 0, blockedFor: 0 },
      { name: 'email', wrong: 0, blockedFor: 0 }
    ]
    t.strictSame(await unlockAccount(database, SECRET, 'ada'), { account, guesses: none, codes: NO_CODES })
    await guess({ username: 'ada' }, 10)
    await guess({ email: 'ada@example.com' }, 2)
    t.match(await unlockAccount(database, SECRET, 'ada'), {
      account,
      guesses: [
        { name: 'username', wrong: 10, blockedFor: Number },
        { name: 'email', wrong: 2, blockedFor: 0 }
      ]
    })
    t.strictSame(await unlockAccount(database, SECRET, 'ada'), { account, guesses: none, codes: NO_CODES })
    t.equal(await counters(), 1, 'and nothing of another name')
    await enrolApp(database, SECRET, user.id)
    const codes = { name: codesKey(SECRET, user.id), device: undefined }
    for (let index = 0; index < 11; index++) await countGuess(database, codes)
    t.match(await unlockAccount(database, SECRET, 'ada'), { codes: { wrong: 10, blockedFor: Number } })
    t.equal(await counters(), 1)
    await database.query(sql`UPDATE totp SET wrong_codes = 100`)
    t.strictSame(await unlockAccount(database, SECRET, 'ada'), {
      account,
      guesses: none,
      codes: { wrong: 100, blockedFor: 0 }
    })
    t.strictSame(await unlockAccount(database, SECRET, 'ada'), { account, guesses: none, codes: NO_CODES })
  })

  await t.test('get another password: sessions end, and counters are reset', async (t) => {
    const { user, id, sign, isAlive } = await prepare()
    const session = await sign()
    await guess({ username: 'ada' }, 10)
    await guess({ username: 'grace' }, 1)
    const account = { ...user, disabled_at: null, last_login_at: await lastLogin(id), roles: [] }
    const change = (hash: string, keepSessions: boolean) =>
      setPassword(database, lifetimes, SECRET, id, { hash, keepSessions })
    t.strictSame(await change('new', true), { account, ended: 0 })
    t.ok(await isAlive(session))
    t.equal(await counters(), 1)
    t.equal(await sign(), undefined, 'and who had checked the old one is refused')
    t.match(await findOwnCredentials(database, id), { password_hash: 'new', password_version: 2 })
    t.strictSame(await change('newer', false), { account, ended: 1 })
    t.notOk(await isAlive(session))
    t.strictSame(await reasons(), ['password changed'])
    t.match(await findOwnCredentials(database, id), { password_hash: 'newer', password_version: 3 })
  })

  await t.test('have all their sessions ended', async (t) => {
    const { user, sign, isAlive } = await prepare()
    const session = await sign()
    t.strictSame(await endAccountSessions(database, lifetimes, 'ada'), {
      account: { ...user, disabled_at: null, last_login_at: await lastLogin(user.id), roles: [] },
      ended: 1
    })
    t.notOk(await isAlive(session))
    t.strictSame(await reasons(), ['ended by an operator'])
    t.ok(await isAlive(await sign()))
  })

  await t.test('are deleted with their sessions, active and ended', async (t) => {
    const { user, sign } = await prepare()
    const stranger = await prepare({ username: 'grace' })
    await sign()
    await endAccountSessions(database, lifetimes, 'ada')
    await sign()
    const foreign = await stranger.sign()
    const account = { ...user, disabled_at: null, last_login_at: await lastLogin(user.id), roles: [] }
    t.strictSame(await deleteAccount(database, lifetimes, 'ada'), { account, ended: 1 })
    t.match(await caught(findAccount(database, 'ada')), { message: 'There is no user with the username ada.' })
    t.strictSame(await database.query(sql`SELECT id FROM sessions`), [{ id: foreign }])
    t.equal(await sign(), undefined)
    t.ok(await stranger.isAlive(foreign))
  })

  await t.test('are neither disabled nor deleted where no administrator would be left, unless by force', async (t) => {
    const { id } = await add({ username: 'ada' })
    const force = { force: true }
    await database.query(sql`UPDATE users SET roles = '{admin}' WHERE id = ${id}`)
    t.match(await caught(disableAccount(database, lifetimes, 'ada')), { code: 'LAST_ADMIN' })
    t.match(await caught(deleteAccount(database, lifetimes, 'ada')), { code: 'LAST_ADMIN' })
    t.match(await findAccount(database, 'ada'), { disabled_at: null, roles: ['admin'] })
    t.match(await disableAccount(database, lifetimes, 'ada', force), { wasDisabled: false })
    await enableAccount(database, 'ada')
    t.match(await deleteAccount(database, lifetimes, 'ada', force), { account: { id } })
  })

  await t.test('that do not exist are neither changed nor deleted', async (t) => {
    const works = [
      () => disableAccount(database, lifetimes, 'nobody'),
      () => enableAccount(database, 'nobody'),
      () => unlockAccount(database, SECRET, 'nobody'),
      () => setPassword(database, lifetimes, SECRET, 'nobody', { hash: 'new', keepSessions: false }),
      () => endAccountSessions(database, lifetimes, 'nobody'),
      () => deleteAccount(database, lifetimes, 'nobody')
    ]
    for (const work of works) t.match(await caught(work()), { message: 'There is no user with the username nobody.' })
  })

  if (hasServer) {
    const own = () => createDatabase(pool, { timeout: 60_000 })
    const ends: [what: string, end: () => Promise<unknown>][] = [
      ['disabled', () => disableAccount(own(), lifetimes, 'ada')],
      ['signed out everywhere', () => endAccountSessions(own(), lifetimes, 'ada')],
      [
        'given another password',
        () => setPassword(own(), lifetimes, SECRET, 'ada', { hash: 'new', keepSessions: false })
      ],
      ['deleted', () => deleteAccount(own(), lifetimes, 'ada')]
    ]
    for (const [what, end] of ends) {
      await t.test(`wait, when they are ${what}, for a login that is opening a session, which then ends`, async (t) => {
        const { sign, isAlive } = await prepare()
        const [session] = await meet(pool, sign, end)
        t.type(session, 'string')
        t.notOk(await isAlive(session))
      })
    }

    const refusals: [what: string, end: (where: typeof database) => Promise<unknown>][] = [
      ['disabled', (where) => disableAccount(where, lifetimes, 'ada')],
      ['deleted', (where) => deleteAccount(where, lifetimes, 'ada')]
    ]
    for (const [what, end] of refusals) {
      await t.test(`that are just being ${what} keep a login waiting, which then opens nothing`, async (t) => {
        const { sign } = await prepare()
        const [, session] = await meet(pool, end, () => sign(own()))
        t.equal(session, undefined)
      })
    }
  }
})

test('an id is told from a name', (t) => {
  t.ok(isId(NOBODY))
  for (const name of ['ada', 'a@example.com', `${NOBODY}0`, `x${NOBODY}`, '']) t.notOk(isId(name), name)
  t.end()
})

test('the display name of an account is its username, or else its email', (t) => {
  t.equal(displayName({ username: 'ada', email: 'ada@example.com' }), 'ada')
  t.equal(displayName({ username: null, email: 'ada@example.com' }), 'ada@example.com')
  t.end()
})
