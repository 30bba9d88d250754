import fc from 'fast-check'
import { type Test, test } from 'tap'
import { type ListedUserRow, listUsers, STATES, type UserFilter } from '../../../src/admin/listed-users.ts'
import { createDatabase, type Database } from '../../../src/database/database.ts'
import { sql } from '../../../src/database/sql.ts'
import { caught } from '../../helpers/caught.ts'
import { migratedPool } from '../../helpers/pool.ts'

const idOf = (number: number) => `00000000-0000-4000-8000-${String(number).padStart(12, '0')}`

/** Six accounts, the first the oldest; the second to fourth were created within a millisecond. */
const USERS: Partial<Record<keyof ListedUserRow | 'password_hash' | 'signed_in', unknown>>[] = [
  { username: 'Ada', email: 'ada@example.com', email_verified: true, created_at: '2026-01-01T00:00:00Z' },
  { username: 'adam', roles: ['editor'], created_at: '2026-01-02T00:00:00.000001Z', disabled_at: '2026-02-01' },
  { email: 'ADA.L@example.com', created_at: '2026-01-02T00:00:00.000002Z' },
  { username: 'bob', created_at: '2026-01-02T00:00:00.000002Z', password_hash: null },
  { username: 'carol', roles: ['admin', 'editor'], created_at: '2026-01-03', password_hash: '!', signed_in: true },
  { username: 'dave', roles: ['support'], created_at: '1965-01-04', last_login_at: '2026-01-05T00:00:00Z' }
]

test('the list of accounts', async (t) => {
  const database = createDatabase(await migratedPool(t), { timeout: 60_000 })
  for (const [index, user] of USERS.entries()) {
    const row = { id: idOf(index), email_verified: false, password_hash: 'hash', roles: [], metadata: {}, ...user }
    const defaults = { password_version: 1, email_version: 1, device_version: 1, mfa_required: false, signed_in: false }
    await database.query(
      sql`INSERT INTO users SELECT * FROM jsonb_populate_record(NULL::users, ${JSON.stringify({ ...defaults, ...row })})`
    )
  }
  const numbers = (users: { id: string }[]) => users.map(({ id }) => Number(id.slice(-2)))

  const cases: [what: string, filter: UserFilter, found: number[]][] = [
    ['all, the newest first', {}, [4, 3, 2, 1, 0, 5]],
    ['a search by the start of either name, in any letter case', { search: 'aDa' }, [2, 1, 0]],
    ['a search with white space around it', { search: ' adam ' }, [1]],
    ['a search for what is a pattern elsewhere', { search: '%' }, []],
    ['a username', { username: 'ADA' }, [0]],
    ['the start of a username', { username: 'ad' }, []],
    ['an address', { email: 'ada.l@EXAMPLE.com' }, [2]],
    ['a role', { role: 'editor' }, [4, 1]],
    ['the role of administrators', { role: 'admin' }, [4]],
    ['enabled ones', { state: 'active' }, [4, 3, 2, 0, 5]],
    ['disabled ones', { state: 'disabled' }, [1]],
    ['unverified ones', { state: 'unverified' }, [2]],
    ['invited ones', { state: 'invited' }, [3]],
    ['what was created after a time', { createdAfter: new Date('2026-01-02T00:00:00Z') }, [4, 3, 2, 1]],
    ['what was created at a time or after it', { createdAfter: new Date('2026-01-01T00:00:00Z') }, [4, 3, 2, 1, 0]],
    ['what was created before a time', { createdBefore: new Date('2026-01-02T00:00:00.000Z') }, [0, 5]],
    ['all conditions at once', { search: 'a', role: 'editor', state: 'disabled' }, [1]],
    ['none', { username: 'ada', email: 'ada.l@example.com' }, []]
  ]
  for (const [what, filter, found] of cases) {
    await t.test(what, async (t) => {
      const { users, next } = await listUsers(database, filter, { limit: 50 })
      t.strictSame([numbers(users), next], [found, null])
    })
  }

  await t.test('shows each account as operators see it', async (t) => {
    const { users } = await listUsers(database, {}, { limit: 200 })
    t.strictSame(users[5], {
      id: idOf(5),
      username: 'dave',
      email: null,
      email_verified: false,
      created_at: '1965-01-04T00:00:00.000Z',
      disabled_at: null,
      last_login_at: '2026-01-05T00:00:00.000Z',
      roles: ['support'],
      has_password: true
    })
    t.match(users[3], { disabled_at: '2026-02-01T00:00:00.000Z' })
    t.strictSame(
      users.map(({ has_password }) => has_password),
      [false, false, true, true, true, true]
    )
  })

  await t.test('has pages that neither repeat nor omit an account, to the microsecond', async (t) => {
    const seen: number[] = []
    let cursor: string | undefined
    do {
      const { users, next } = await listUsers(database, {}, { limit: 1, cursor })
      seen.push(...numbers(users))
      // Created meanwhile: on no later page.
      await database.query(sql`INSERT INTO users (id, username, created_at)
        VALUES (gen_random_uuid(), ${`new-${seen.length}`}, '2026-06-01')`)
      cursor = next ?? undefined
    } while (cursor !== undefined)
    t.strictSame(seen, [4, 3, 2, 1, 0, 5])
  })

  await t.test('refuses a cursor that it has not made', async (t) => {
    const texts = [
      'x',
      '',
      '1',
      `${'9'.repeat(16)}.${idOf(1)}`,
      `1.${idOf(1)}0`,
      `1.5.${idOf(1)}`,
      `1.'--`,
      `01.${idOf(1)}`
    ]
    const encoded = texts.map((text) => Buffer.from(text).toString('base64url'))
    const made = Buffer.from(`1.${idOf(1)}`).toString('base64url')
    for (const cursor of [...encoded, `!${made}`, `${made}=`]) {
      t.match(await caught(listUsers(database, {}, { limit: 1, cursor })), {
        code: 'VALIDATION_FAILED',
        errors: [{ path: '/cursor', message: 'must be `next` of a page' }]
      })
    }
  })

  await t.test('has the accounts that a plain query finds, by any filters', (t) => compare(t, database))
  await t.test('follows every change of roles and states', (t) => change(t, database))
})

const ROLES = ['editor', 'member', 'admin']

/** Few different names and times, so that filters meet, and orders tie. */
const USER = fc.record({
  username: fc.option(fc.stringMatching(/^[abAB]{1,2}$/)),
  email: fc.stringMatching(/^[abAB]{1,2}$/),
  email_verified: fc.boolean(),
  password_hash: fc.option(fc.constantFrom('!', 'hash')),
  created_at: fc.integer({ min: 0, max: 20 }),
  roles: fc.subarray(ROLES),
  is_disabled: fc.boolean(),
  signed_in: fc.boolean()
})

const moment = fc.option(
  fc.integer({ min: -1, max: 21 }).map((second) => new Date(Date.UTC(2026, 0, 1, 0, 0, second))),
  { nil: undefined, freq: 1 }
)
const FILTER = fc.record(
  {
    search: fc.constantFrom('a', 'b', 'aB', 'aa', 'x'),
    role: fc.constantFrom(...ROLES, 'none'),
    state: fc.constantFrom('active', 'disabled', 'unverified', 'invited'),
    createdAfter: moment,
    createdBefore: moment
  },
  { requiredKeys: [] }
)

const number = (max: number) => fc.integer({ min: 1, max })
const BOUNDS = fc.record({ common: number(40), examined: number(30), examinedByRole: number(20) })

/** What the statements of the pages must find, without their indexes and bounds. */
async function findAll(database: Database, { search, role, state, createdAfter, createdBefore }: UserFilter) {
  const found = await database.query<{ id: string }>(
    sql`SELECT id FROM users
     WHERE (${search ?? null}::text IS NULL OR starts_with(lower(username), lower(${search ?? ''}))
         OR starts_with(lower(email), lower(${search ?? ''})))
       AND (${role ?? null}::text IS NULL OR ${role ?? null} = ANY (roles))
       AND (${state === undefined ? sql`true` : STATES[state]})
       AND created_at >= ${createdAfter ?? '-infinity'} AND created_at < ${createdBefore ?? 'infinity'}
     ORDER BY created_at DESC, id DESC`
  )
  return found.map(({ id }) => id)
}

async function compare(t: Test, database: Database): Promise<void> {
  await database.query(sql`DELETE FROM users`)
  const users = fc.sample(USER, { numRuns: 100, seed: 21 })
  await database.query(
    sql`INSERT INTO users (id, username, email, email_verified, password_hash, created_at, roles, disabled_at, signed_in)
     SELECT gen_random_uuid(), username || row_number() OVER (), email || row_number() OVER (), email_verified, password_hash,
       timestamptz '2026-01-01' + created_at * interval '1 second', roles, CASE WHEN is_disabled THEN now() END, signed_in
     FROM jsonb_to_recordset(${JSON.stringify(users)}) AS given (username text, email text, email_verified boolean,
       password_hash text, created_at integer, roles text[], is_disabled boolean, signed_in boolean)`
  )
  const property = fc.asyncProperty(FILTER, number(30), BOUNDS, async (filter, limit, bounds) => {
    const seen: string[] = []
    let cursor: string | undefined
    do {
      const page = await listUsers(database, filter, { limit, cursor }, bounds)
      seen.push(...page.users.map(({ id }) => id))
      cursor = page.next ?? undefined
    } while (cursor !== undefined)
    t.strictSame(seen, await findAll(database, filter), JSON.stringify({ filter, limit, bounds }))
  })
  await fc.assert(property, { numRuns: 60, seed: 21 })
}

async function change(t: Test, database: Database): Promise<void> {
  const changes = [
    sql`UPDATE users SET roles = '{member}' WHERE id IN (SELECT id FROM users WHERE roles = '{}' LIMIT 5)`,
    sql`UPDATE users SET roles = '{}' WHERE id IN (SELECT id FROM users WHERE roles <> '{}' LIMIT 5)`,
    sql`UPDATE users SET disabled_at = CASE WHEN disabled_at IS NULL THEN now() END`,
    sql`UPDATE users SET email_verified = NOT email_verified`,
    sql`UPDATE users SET email = NULL WHERE username IS NOT NULL`,
    sql`UPDATE users SET password_hash = CASE WHEN password_hash IS NULL THEN 'hash' END`,
    sql`UPDATE users SET signed_in = NOT signed_in, last_login_at = now()`,
    sql`DELETE FROM users WHERE id IN (SELECT id FROM users WHERE roles <> '{}' LIMIT 5)`
  ]
  for (const change of changes) {
    await database.query(change)
    for (const role of ROLES) {
      for (const state of [undefined, 'active', 'disabled', 'unverified', 'invited'] as const) {
        const { users } = await listUsers(database, { role, state }, { limit: 200 })
        const found = users.map(({ id }) => id)
        t.strictSame(found, await findAll(database, { role, state }), `${change.text}: ${role}, ${state}`)
      }
    }
  }
}
