import { test } from 'tap'
import { createDatabase } from '../../../src/database/database.ts'
import { sql } from '../../../src/database/sql.ts'
import type { Problem } from '../../../src/errors.ts'
import { findCredentials, renewPasswordHash } from '../../../src/users/credentials.ts'
import { addUser, toUser } from '../../../src/users/users.ts'
import { refusal, testClock } from '../../helpers/app.ts'
import { caught } from '../../helpers/caught.ts'
import { migratedPool } from '../../helpers/pool.ts'

const HASH = 'what bcrypt made of the password'

/** The refusal of taken names. */
const taken = (...names: string[]) =>
  refusal(
    409,
    'Conflict',
    'ACCOUNT_EXISTS',
    'The name is taken.',
    names.map((name) => ({ path: `/${name}`, message: 'is taken', rule: 'taken' }))
  )

test('a new database has no user', async (t) => {
  const pool = await migratedPool(t)
  t.strictSame((await pool.query('SELECT FROM users')).rows, [])
})

test('the stored users', async (t) => {
  const pool = await migratedPool(t)
  const database = createDatabase(pool, { timeout: 60_000 })
  const add = (names: { username?: string; email?: string }) => addUser(database, { ...names, passwordHash: HASH })
  const outcome = async (names: { username?: string; email?: string }) =>
    ((await caught(add(names))) as Problem).toJSON()
  t.beforeEach(async () => {
    await database.query(sql`TRUNCATE users CASCADE`)
  })

  const newConnections = [
    ['both names', { username: 'Ada.L', email: 'Ada@Example.com' }, { username: 'Ada.L', email: 'Ada@Example.com' }],
    ['a username', { username: 'ada' }, { username: 'ada', email: null }],
    ['an email', { email: 'ada@example.com' }, { username: null, email: 'ada@example.com' }]
  ] as const
  for (const [what, names, given] of newConnections) {
    await t.test(`are given back as written, with ${what}`, async (t) => {
      const { id, created_at, ...rest } = await add(names)
      t.strictSame(rest, { ...given, email_verified: false })
      t.match(id, /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/)
      t.equal(new Date(created_at).toISOString(), created_at)
    })
  }

  await t.test('have a verified email if stated', async (t) => {
    const names = { email: 'ada@example.com', emailVerified: true }
    t.match(await addUser(database, { ...names, passwordHash: HASH }), { email_verified: true })
  })

  await t.test('have no password if none is given', async (t) => {
    const { id } = await addUser(database, { username: 'bare', passwordHash: null })
    t.strictSame(await database.query(sql`DELETE FROM users WHERE id = ${id} RETURNING password_hash`), [
      { password_hash: null }
    ])
  })

  await t.test('have a language if stated, of at most 35 characters', async (t) => {
    const longest = `de-${'x'.repeat(32)}`
    const stored = async (locale?: string | null) => {
      const { id } = await addUser(database, {
        username: 'ada',
        passwordHash: HASH,
        ...(locale !== undefined && { locale })
      })
      const [row] = await database.query(sql`DELETE FROM users WHERE id = ${id} RETURNING locale`)
      return row
    }
    t.strictSame(await stored(), { locale: null })
    t.strictSame(await stored(null), { locale: null })
    t.strictSame(await stored(longest), { locale: longest })
    t.match(await caught(stored(`${longest}x`)), { code: '23514', constraint: 'users_locale_length' })
  })

  await t.test('are dated by the clock', async (t) => {
    const later = testClock()
    later.advance(86_400)
    const database = createDatabase(pool, { clock: later, timeout: 60_000 })
    const { id, created_at } = await addUser(database, { username: 'ada', passwordHash: HASH })
    const written = [Number.parseInt(id.replace('-', '').slice(0, 12), 16), Date.parse(created_at)]
    for (const time of written) {
      t.ok(Math.abs(time - later.now()) < 60_000, new Date(time).toISOString())
    }
  })

  const clashes: [what: string, names: { username?: string; email?: string }, taken: string[]][] = [
    ['the username', { username: 'ada' }, ['username']],
    ['the username in another letter case', { username: 'ADA' }, ['username']],
    ['the email', { email: 'ada@example.com' }, ['email']],
    ['the email in another letter case', { email: 'ADA@EXAMPLE.COM' }, ['email']],
    ['the username beside a free email', { username: 'ada', email: 'free@example.com' }, ['username']],
    ['the email beside a free username', { username: 'free', email: 'ada@example.com' }, ['email']],
    ['both names of one user', { username: 'ada', email: 'ada@example.com' }, ['username', 'email']],
    ['names of two users', { username: 'ADA', email: 'Grace@example.com' }, ['username', 'email']]
  ]
  for (const [what, names, fields] of clashes) {
    await t.test(`are refused when taken: ${what}`, async (t) => {
      await add({ username: 'Ada', email: 'Ada@example.com' })
      await add({ username: 'grace', email: 'grace@example.com' })
      t.strictSame(await outcome(names), taken(...fields))
      t.strictSame(await database.query(sql`SELECT count(*)::int FROM users`), [{ count: 2 }])
    })
  }

  await t.test('are one if ten register concurrently with one name', async (t) => {
    const outcomes = await Promise.all(
      Array.from({ length: 10 }, (_, index) =>
        addUser(createDatabase(pool, { timeout: 60_000 }), {
          username: index % 2 ? 'ada' : 'ADA',
          email: `${index}@example.com`,
          passwordHash: HASH
        }).then(
          (user) => user.username?.toLowerCase(),
          (problem) => problem.toJSON()
        )
      )
    )
    t.equal(outcomes.filter((each) => each === 'ada').length, 1)
    t.strictSame(
      outcomes.filter((each) => each !== 'ada'),
      Array.from({ length: 9 }, () => taken('username'))
    )
    t.strictSame(await database.query(sql`SELECT count(*)::int FROM users`), [{ count: 1 }])
  })

  await t.test('are found by either name in any letter case, and by no other', async (t) => {
    const { id } = await add({ username: 'Ingrid.K', email: 'Ingrid.K@example.com' })
    const credentials = {
      id,
      username: 'Ingrid.K',
      email: 'Ingrid.K@example.com',
      email_verified: false,
      password_hash: HASH,
      password_version: 1,
      email_version: 1,
      device_version: 1,
      mfa_required: false,
      disabled: false
    }
    const table: [names: { username?: string; email?: string }, found: typeof credentials | undefined][] = [
      [{ username: 'Ingrid.K' }, credentials],
      [{ username: 'ingrid.k' }, credentials],
      [{ username: 'INGRID.K' }, credentials],
      [{ email: 'INGRID.K@EXAMPLE.COM' }, credentials],
      [{ email: 'ingrid.k@example.com' }, credentials],
      [{ username: 'ingrid' }, undefined],
      [{ username: 'ingrid.k@example.com' }, undefined],
      [{ email: 'ingrid.k' }, undefined],
      [{ username: 'ingrid.k ' }, undefined],
      [{ username: '%' }, undefined],
      [{ username: 'ingrid_k' }, undefined],
      [{ username: 'ingrid.\u212a' }, undefined],
      [{ username: '\u0130ngrid.k' }, undefined],
      [{ username: '\u0131ngrid.k' }, undefined],
      [{ username: 'ｉngrid.k' }, undefined],
      [{ username: '' }, undefined],
      [{}, undefined]
    ]
    for (const [names, found] of table) {
      t.strictSame(await findCredentials(database, names), found, JSON.stringify(names))
    }
  })

  await t.test('fold ASCII letters only', async (t) => {
    const names = ['kelvin', '\u212aelvin', 'i.i', '\u0130.i', '\u0131.i', 'é', 'É', 'straße', 'strasse', 'σ', 'ς', 'Σ']
    const ids = []
    for (const username of names) ids.push((await add({ username })).id)
    const found = []
    for (const username of names) found.push((await findCredentials(database, { username }))?.id)
    t.strictSame(found, ids)
    t.equal((await findCredentials(database, { username: 'KELVIN' }))?.id, ids[0])
    t.equal((await findCredentials(database, { username: 'I.I' }))?.id, ids[2])
  })

  await t.test('have their hash renewed, unless the password has changed meanwhile', async (t) => {
    await add({ username: 'ada' })
    await add({ username: 'grace' })
    const before = await findCredentials(database, { username: 'ada' })
    if (!before) throw new Error('ada is not there')
    await renewPasswordHash(database, before, 'a dearer hash')
    const after = { ...before, password_hash: 'a dearer hash' }
    t.strictSame(await findCredentials(database, { username: 'ada' }), after)
    await database.query(sql`UPDATE users SET password_version = 2 WHERE username = 'ada'`)
    await renewPasswordHash(database, before, 'too late')
    t.strictSame(await findCredentials(database, { username: 'ada' }), { ...after, password_version: 2 })
    t.equal((await findCredentials(database, { username: 'grace' }))?.password_hash, HASH)
  })
})

test('a user is shown with the time in UTC', async (t) => {
  const row = { id: 'id', username: null, email: 'ada@example.com', email_verified: true }
  const created_at = new Date('2026-01-31T13:00:00+01:00')
  t.strictSame(toUser({ ...row, created_at }), { ...row, created_at: '2026-01-31T12:00:00.000Z' })
})
