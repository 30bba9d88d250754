import { test } from 'tap'
import { createDatabase, type Database } from '../../../src/database/database.ts'
import { NO_PASSWORD } from '../../../src/passwords/stored-hash.ts'
import { dryRunImport, type Imported, importUsers } from '../../../src/transfer/import.ts'
import type { Entry, RefusedRecord, UserRecord } from '../../../src/transfer/records.ts'
import { changeUsername } from '../../../src/users/users.ts'
import { testClock } from '../../helpers/app.ts'
import { caught } from '../../helpers/caught.ts'
import { migratedDatabase, poolOf } from '../../helpers/database.ts'
import { hasServer, meet } from '../../helpers/meeting.ts'

const HASH = `$2b$10$${'.'.repeat(53)}`
const OTHER = `$2b$10$${'O'.repeat(53)}`
const ID = '01a2042f-755a-73a2-b130-55ee546a65bd'
const OTHER_ID = '01a2042f-755a-73a2-b130-55ee546a65be'

test('accounts', async (t) => {
  const pool = await poolOf(t, await migratedDatabase(t))
  const clock = testClock()
  clock.advance(3600)

  /** Imports records, which stand one a line, and tells what came of it. */
  async function take(
    records: (Partial<UserRecord> | RefusedRecord)[],
    how = importUsers,
    open: () => Database = () => createDatabase(pool, { clock })
  ) {
    const refusals: RefusedRecord[] = []
    const steps: Imported[] = []
    const entries = async function* (): AsyncGenerator<Entry> {
      for (const [index, record] of records.entries()) {
        yield 'code' in record ? record : { line: index + 1, record: { password_hash: HASH, ...record } }
      }
    }
    const sum = await how(entries(), {
      openDatabase: open,
      refuse: async (refusal) => {
        refusals.push(refusal)
      },
      progress: (soFar) => steps.push({ ...soFar })
    })
    return { sum, refusals, steps }
  }
  const stored = async () => (await pool.query('SELECT * FROM users ORDER BY lower(username), email')).rows
  const names = async () => (await stored()).map(({ username, email }) => username ?? email)
  const empty = () => pool.query('DELETE FROM users')
  const sum = (read: number, imported: number, already_there: number, refused: number) => ({
    read,
    imported,
    already_there,
    refused
  })
  const taken = (line: number, ...keys: string[]) => ({
    line,
    code: 'ACCOUNT_EXISTS',
    errors: keys.map((key) => ({ path: `/${key}`, message: 'is taken' }))
  })

  await t.test('are stored with all that is told of them', async (t) => {
    t.teardown(empty)
    const whole = {
      id: ID.toUpperCase(),
      username: 'Ada',
      email: 'Ada@Example.com',
      email_verified: true,
      password_hash: OTHER,
      created_at: '2019-05-04T03:02:01.123456Z',
      disabled_at: '2020-05-04T03:02:01+02:00',
      locale: 'de',
      roles: ['admin', 'editor'],
      metadata: { plan: null },
      last_login_at: '2020-05-04T01:02:01Z'
    }
    t.strictSame((await take([whole, { username: 'bob' }])).sum, sum(2, 2, 0, 0))
    const [ada, bob] = await stored()
    t.strictSame(ada, {
      ...whole,
      id: ID,
      password_version: 1,
      email_version: 1,
      device_version: 1,
      mfa_required: false,
      created_at: new Date('2019-05-04T03:02:01.123Z'),
      disabled_at: new Date('2020-05-04T01:02:01Z'),
      last_login_at: new Date('2020-05-04T01:02:01Z'),
      signed_in: true
    })
    t.match(bob, {
      username: 'bob',
      email: null,
      email_verified: false,
      password_hash: HASH,
      disabled_at: null,
      locale: null,
      roles: [],
      metadata: {},
      last_login_at: null,
      signed_in: false
    })
    t.ok(Math.abs(bob.created_at.getTime() - clock.now()) < 60_000, 'made now, by the clock')
    const { rows } = await pool.query(
      'SELECT extract(microseconds FROM created_at)::integer AS us FROM users WHERE id = $1',
      [ID]
    )
    t.strictSame(rows, [{ us: 1_123_456 }])
  })

  await t.test('have ids in the order in which they were made', async (t) => {
    t.teardown(empty)
    await take([
      { username: 'young', created_at: '2020-01-01T00:00:00Z' },
      { username: 'old', created_at: '1999-01-01T00:00:00Z' }
    ])
    const { rows } = await pool.query('SELECT username FROM users ORDER BY id')
    t.strictSame(rows, [{ username: 'old' }, { username: 'young' }])
  })

  await t.test('that are there already are left as they are', async (t) => {
    t.teardown(empty)
    const file = [
      { id: ID, username: 'ada', email: 'ada@example.com' },
      { username: 'bob' },
      { email: 'eve@example.com' },
      { username: 'kim', email: 'kim@example.com' }
    ]
    t.strictSame((await take(file)).sum, sum(4, 4, 0, 0))
    // As a login does that renews the hash.
    await pool.query("UPDATE users SET password_hash = $1 WHERE username = 'ada'", [OTHER])
    const before = await stored()
    t.strictSame((await take(file)).sum, sum(4, 0, 4, 0))
    t.strictSame(
      (await take([{ username: 'BOB' }, { username: 'bob' }, { username: 'new' }, { username: 'new' }])).sum,
      sum(4, 1, 3, 0)
    )
    t.strictSame(
      (await stored()).filter(({ username }) => username !== 'new'),
      before
    )
  })

  await t.test('without a password are there already only while they have none', async (t) => {
    t.teardown(empty)
    const file = [{ username: 'ada', password_hash: null }]
    t.strictSame((await take(file)).sum, sum(1, 1, 0, 0))
    t.match(await stored(), [{ username: 'ada', password_hash: null }])
    for (const hash of [null, NO_PASSWORD]) {
      await pool.query('UPDATE users SET password_hash = $1', [hash])
      t.strictSame((await take(file)).sum, sum(1, 0, 1, 0))
      t.strictSame((await take([{ username: 'ada' }])).refusals, [taken(1, 'username')])
    }
    await pool.query('UPDATE users SET password_hash = $1', [HASH])
    t.strictSame((await take(file)).refusals, [taken(1, 'username')])
  })

  await t.test('whose names are taken are refused, and told which', async (t) => {
    t.teardown(empty)
    await take([
      { id: ID, username: 'ada', email: 'ada@example.com' },
      { id: OTHER_ID, username: 'bob', email: 'bob@example.com' }
    ])
    const { sum: outcome, refusals } = await take([
      { username: 'new' },
      { username: 'ADA', password_hash: OTHER },
      { email: 'ADA@example.com', password_hash: OTHER },
      { username: 'ada', email: 'bob@example.com' },
      { username: 'ada', email: 'other@example.com' },
      { id: ID, username: 'other' },
      { id: ID, username: 'bob' },
      { id: ID, username: 'ada', email: 'bob@example.com' },
      { id: '01a2042f-755a-73a2-b130-55ee546a65bf', username: 'ada' },
      { username: 'new', password_hash: OTHER }
    ])
    t.strictSame(outcome, sum(10, 1, 0, 9))
    t.strictSame(refusals, [
      taken(2, 'username'),
      taken(3, 'email'),
      taken(4, 'username', 'email'),
      taken(5, 'username'),
      taken(6, 'id'),
      taken(7, 'username'),
      taken(8, 'email'),
      taken(9, 'username'),
      taken(10, 'username')
    ])
    t.strictSame(await names(), ['ada', 'bob', 'new'])
  })

  await t.test('of one id are one account', async (t) => {
    t.teardown(empty)
    const { sum: outcome, refusals } = await take([
      { id: ID, username: 'ada' },
      { id: ID, username: 'bob' }
    ])
    t.strictSame([outcome, refusals], [sum(2, 1, 0, 1), [taken(2, 'id')]])
  })

  await t.test('are stored in batches, and what is refused does not stop the others', async (t) => {
    t.teardown(empty)
    const refusal: RefusedRecord = { line: 3, code: 'MALFORMED', errors: [{ path: '', message: 'is none' }] }
    const file = Array.from({ length: 1_200 }, (_, index) => (index === 2 ? refusal : { username: `user${index}` }))
    const { sum: outcome, refusals, steps } = await take([...file, { username: 'user0', password_hash: OTHER }])
    t.strictSame(outcome, sum(1_201, 1_199, 0, 2))
    t.strictSame(refusals, [refusal, taken(1_201, 'username')])
    t.strictSame(steps, [sum(500, 499, 0, 1), sum(1_000, 999, 0, 1), outcome])
  })

  await t.test('are stored by the batch, all of it or nothing', async (t) => {
    t.teardown(empty)
    const file = Array.from({ length: 700 }, (_, index) => ({ username: `user${index}` }))
    let opened = 0
    const dying = (): Database => {
      opened += 1
      if (opened === 1) return createDatabase(pool)
      return { ...createDatabase(pool), query: () => Promise.reject(new Error('killed')) }
    }
    await t.rejects(take(file, importUsers, dying), { message: 'killed' })
    t.equal((await names()).length, 500)
    t.strictSame((await take(file)).sum, sum(700, 200, 500, 0), 'and it goes on from there')
  })

  await t.test('get no username that a rename gives up at the same moment', async (t) => {
    t.teardown(async () => {
      await empty()
      await pool.query('DELETE FROM resting_usernames')
    })
    await take([{ id: ID, username: 'ada' }])
    const renaming = { tokenTtl: 900 }
    const rename = (where: Database) => changeUsername(where, renaming, ID, 'lovelace')
    const file = [{ username: 'ada', password_hash: OTHER }, { username: 'bob' }]
    if (hasServer) {
      const [, refused] = await meet(pool, rename, () => caught(take(file)), clock)
      t.match(refused, { message: 'the username rests' })
    } else await rename(createDatabase(pool, { clock }))
    t.strictSame(await names(), ['lovelace'])
    const { sum: outcome, refusals } = await take(file)
    t.strictSame([outcome, refusals], [sum(2, 1, 0, 1), [taken(1, 'username')]], 'when it is run again')
  })

  await t.test('are counted and not stored in a rehearsal', async (t) => {
    t.teardown(empty)
    await take([{ username: 'ada' }])
    const file = [
      ...Array.from({ length: 600 }, (_, index) => ({ username: `user${index}` })),
      { username: 'ada' },
      { username: 'user0', password_hash: OTHER }
    ]
    const { sum: outcome, refusals } = await take(file, dryRunImport)
    t.strictSame([outcome, refusals], [sum(602, 600, 1, 1), [taken(602, 'username')]])
    t.strictSame(await names(), ['ada'])
    const broken = () => ({ ...createDatabase(pool), transact: () => Promise.reject(new Error('killed')) })
    await t.rejects(take(file, dryRunImport, broken), { message: 'killed' })
  })
})
