/**
 * Shows that a page of accounts or of the audit log costs PostgreSQL the same with a thousand rows as with a million: fills
 * a database with what is rare only among the old or the new, and prints what each filter and each pair of filters costs:
 * processor time of the server, blocks, indexes. Also times what writes pay, the statistics and the migration.
 *
 *   node --import tsx bench/administration.ts [rows] [URL of an empty database, which is kept]
 *
 * Linux only. Starts a server of its own with Debian's PostgreSQL programs and removes it at the end, unless a database of this
 * machine is given.
 */

import { readFileSync } from 'node:fs'
import { median } from '@latchkey/compare/measure/statistics'
import pg from 'pg'
import { listUsers, type UserFilter } from '../src/admin/listed-users.ts'
import { countTotals } from '../src/admin/statistics.ts'
import { type AuditFilter, listPage } from '../src/audit/list.ts'
import { readConfig } from '../src/config/config.ts'
import { createDatabase, type Database } from '../src/database/database.ts'
import { migrate, migrateWithin } from '../src/database/migrations.ts'
import { render, type Statement } from '../src/database/sql.ts'
import { addUser } from '../src/users/users.ts'
import { openServer } from './shared/databases.ts'
import { startServer } from './shared/own-server.ts'
import { check, finish, note, table, title } from './shared/report.ts'

const LIMIT_MS = 20
const ROUNDS = 3
const HASH = `$2b$12$${'x'.repeat(53)}`
// Of records: an account and an address with many, and two operators.
const ROBOT = '0190a5d0-0000-7000-8000-000000000001'
const FORMER = '0190a5d0-0000-7000-8000-000000000002'
const PRESENT = '0190a5d0-0000-7000-8000-000000000003'
const NAT = '198.51.100.7'
/** The robot never uses it, and appears as often. */
const PROXY = '203.0.113.9'

/** The schema before the index of roles, which triggers fill: with them, filling takes longer. */
const BEFORE = 22

const [rows = '1000000', kept] = process.argv.slice(2)
if (kept) await run(kept, Number(rows))
else {
  const server = await openServer(await startServer())
  for (const count of [1_000, Number(rows)]) {
    await run(await server.create(`administration_${count}`), count)
    await server.drop()
  }
}
finish()

async function run(connectionString: string, count: number): Promise<void> {
  const pool = new pg.Pool({ connectionString, max: 1 })
  title(`${count} accounts, sessions and records`)
  const { rows } = await pool.query("SELECT to_regclass('users') IS NOT NULL AS filled")
  if (!rows[0].filled) await fill(pool, count)
  await measureUsers(pool, count)
  await measureRecords(pool, count)
  await measureOthers(pool)
  await pool.end()
}

/** The first account is the oldest one. */
async function fill(pool: pg.Pool, count: number): Promise<void> {
  const database = createDatabase(pool, { timeout: 600_000 })
  await database.transact((transaction) => migrateWithin(transaction, BEFORE))
  const start = performance.now()
  // Filling without indexes takes a third of the time.
  const { rows: indexes } = await pool.query<{ name: string; definition: string }>(
    `SELECT indexrelid::regclass AS name, pg_get_indexdef(indexrelid) AS definition FROM pg_index
     WHERE indrelid IN ('users'::regclass, 'sessions'::regclass, 'audit'::regclass) AND NOT indisprimary`
  )
  await pool.query(`DROP INDEX ${indexes.map(({ name }) => name).join()}`)
  await pool.query('ALTER TABLE sessions DROP CONSTRAINT sessions_user_id_fkey')
  await pool.query(
    `INSERT INTO users (id, username, email, email_verified, password_hash, created_at, roles, disabled_at, signed_in)
     SELECT md5('user' || n)::uuid,
       CASE WHEN n <= count * 0.05 THEN 'legacy.' || n WHEN n <= count * 0.052 THEN 'medium.' || n
         WHEN n > count - 5 THEN 'zz' || n
         ELSE (ARRAY['alan', 'barbara', 'chris', 'donald', 'edsger', 'frances', 'grace', 'hedy'])[n % 8 + 1] || '.' || n END,
       CASE WHEN n % 3 > 0 THEN 'mail' || n || '@example.com' END,
       n > count * 0.4 OR n % 4 > 0,
       CASE WHEN n % 5000 <> 7 THEN $2 END,
       now() - (count - n) * interval '30 seconds',
       array_remove(ARRAY[
         CASE WHEN n <= 10 THEN 'founder' END, CASE WHEN n % 2 = 0 THEN 'member' END,
         CASE WHEN n > count - 1000 THEN 'novice' END, CASE WHEN n <= count * 0.3 THEN 'veteran' END
       ], NULL),
       CASE WHEN n <= count / 2 AND n % 50 = 0 THEN now() END,
       n % 5000 <> 7
     FROM generate_series(1, $1::int) AS n, (SELECT $1::int AS count) AS counts`,
    [count, HASH]
  )
  await pool.query(
    `INSERT INTO sessions (id, user_id, family_hash, rotating_hash, created_at, last_used_at)
     SELECT id, id, sha256(id::text::bytea), sha256(id::text::bytea), now(), now() FROM users`
  )
  await pool.query(
    `INSERT INTO audit (seq, at, actor, action, account, address, detail, mac)
     SELECT n, now() - (count - n) * interval '30 seconds', 'client',
       CASE WHEN n % 1000 = 0 THEN 'user changed' WHEN n % 5000 = 1 AND n < count / 10 THEN 'key rotated'
         WHEN n <= count / 10 THEN 'registered' WHEN n % 4 = 1 THEN 'login failed' ELSE 'login' END,
       CASE WHEN n % 3 = 0 THEN $2::uuid ELSE md5('user' || n)::uuid END,
       CASE WHEN n % 5 = 0 THEN $3 WHEN n % 3 = 1 THEN $6 ELSE '10.' || n % 256 || '.' || n / 256 % 256 || '.1' END,
       CASE WHEN n % 1000 = 0 THEN json_build_object('by', CASE WHEN n <= count / 2 THEN $4 ELSE $5 END) END,
       '\\x00'
     FROM generate_series(1, $1::int) AS n, (SELECT $1::int AS count) AS counts`,
    [count, ROBOT, NAT, FORMER, PRESENT, PROXY]
  )
  await pool.query("SET maintenance_work_mem = '256MB'")
  for (const { definition } of indexes) await pool.query(definition)
  await pool.query('ALTER TABLE sessions ADD FOREIGN KEY (user_id) REFERENCES users (id) ON DELETE CASCADE')
  await pool.query('VACUUM ANALYZE')
  const filled = performance.now()
  await migrate(pool)
  note(`filled in ${seconds(filled - start)}; then the newest migrations took ${seconds(performance.now() - filled)}`)
  await pool.query('VACUUM ANALYZE')
}

type Choice<Filter> = [what: string, filter: Filter]

async function measureUsers(pool: pg.Pool, count: number): Promise<void> {
  const at = (share: number) => new Date(Date.now() - (1 - share) * count * 30_000)
  const cursor = (share: number) => Buffer.from(`${at(share).getTime() * 1000}.${ROBOT}`).toString('base64url')
  const choices: Choice<UserFilter & { cursor?: string }>[][] = [
    [
      ['all', {}],
      ['page in the middle', { cursor: cursor(0.5) }],
      ['page near the end', { cursor: cursor(0.01) }]
    ],
    ['alan.77', 'zz', 'medium', 'legacy', 'a', 'mail', 'none'].map((search) => [`search=${search}`, { search }]),
    ['founder', 'novice', 'veteran', 'member', 'none'].map((role) => [`role=${role}`, { role }]),
    (['active', 'disabled', 'unverified', 'invited'] as const).map((state) => [`state=${state}`, { state }]),
    [
      ['created_before=old', { createdBefore: at(0.02) }],
      ['created_after=old', { createdAfter: at(0.02) }],
      ['created_after=new', { createdAfter: at(0.99) }]
    ],
    [
      ['username', { username: 'alan.8' }],
      ['email', { email: 'MAIL7@example.com' }]
    ]
  ]
  await measure(pool, `Pages of 50 of ${count} accounts`, choices, async (database, { cursor, ...filter }) => {
    const { users, next } = await listUsers(database, filter, { limit: 50, cursor })
    return [users.length, next]
  })
}

async function measureRecords(pool: pg.Pool, count: number): Promise<void> {
  const at = (share: number) => new Date(Date.now() - (1 - share) * count * 30_000)
  const choices: Choice<Partial<AuditFilter>>[][] = [
    [
      ['all', {}],
      ['page in the middle', { below: count / 2 }]
    ],
    [
      ['account=robot', { account: ROBOT }],
      ['account=none', { account: PRESENT }]
    ],
    [
      ['by=former', { by: FORMER }],
      ['by=present', { by: PRESENT }]
    ],
    (['login', 'login failed', 'registered', 'key rotated', 'user changed'] as const).map((action) => [
      `action=${action}`,
      { action }
    ]),
    [
      ['address=NAT', { address: NAT }],
      ['address=proxy', { address: PROXY }],
      ['address=one', { address: '10.7.0.1' }]
    ],
    [
      ['before=old', { before: at(0.02) }],
      ['after=old', { after: at(0.02) }],
      ['after=new', { after: at(0.99) }]
    ]
  ]
  await measure(pool, `Pages of 50 of ${count} records`, choices, async (database, filter) => {
    const { records, next } = await listPage(database, { ...filter, limit: 50 })
    return [records.length, next]
  })
}

/** Measures each filter and each pair of filters of two kinds. Prints the single ones, the slowest, and short pages. */
async function measure<Filter extends object>(
  pool: pg.Pool,
  what: string,
  choices: Choice<Filter>[][],
  page: (database: Database, filter: Filter) => Promise<[length: number, next: string | null]>
): Promise<void> {
  const singles = choices.flat()
  const pairs = choices.flatMap((kind, index) =>
    kind.flatMap(([one, first]) =>
      choices
        .slice(index + 1)
        .flatMap((others) =>
          others.map(([other, second]): Choice<Filter> => [`${one} + ${other}`, { ...first, ...second }])
        )
    )
  )
  const { rows } = await pool.query('SELECT pg_backend_pid() AS pid')
  const measured: Measured[] = []
  for (const [name, filter] of [...singles, ...pairs]) {
    const times: number[] = []
    let seen: Seen | undefined
    let found: [length: number, next: string | null] = [0, null]
    for (let round = 0; round < ROUNDS; round += 1) {
      seen = { time: 0, blocks: 0, indexes: new Set() }
      found = await page(watch(pool, rows[0].pid, seen), filter)
      times.push(seen.time)
    }
    const { blocks, indexes } = seen as Seen
    measured.push({ name, time: median(times), blocks, indexes: [...indexes].join(', '), found })
  }
  const toRow = ({ name, time, blocks, indexes, found: [length, next] }: Measured) => [
    name,
    time.toFixed(2),
    blocks,
    `${length}${next !== null && length < 50 ? ' and more to come' : ''}`,
    indexes
  ]
  const print = (rows: Measured[]) => note(table(['filter', 'ms', 'blocks', 'found', 'indexes'], rows.map(toRow)))
  title(what)
  print(measured.slice(0, singles.length))
  title('The slowest pairs')
  const slowest = measured.toSorted((one, other) => other.time - one.time)
  print(slowest.slice(0, 10))
  title('Short pages')
  print(measured.filter(({ found: [length, next] }) => next !== null && length < 50))
  const [worst] = slowest
  check(
    (worst?.time ?? 0) <= LIMIT_MS,
    `no page takes more than ${LIMIT_MS} ms`,
    `${worst?.name}: ${worst?.time.toFixed(1)} ms`
  )
}

/** The processor time of a server process, in milliseconds. */
function busy(pid: number): number {
  return Number.parseInt(readFileSync(`/proc/${pid}/schedstat`, 'utf8'), 10) / 1e6
}

interface Measured {
  name: string
  /** Milliseconds. */
  time: number
  blocks: number
  indexes: string
  found: [length: number, next: string | null]
}

interface Seen {
  /** Milliseconds of the server's processor. */
  time: number
  blocks: number
  indexes: Set<string>
}

interface Plan {
  'Index Name'?: string
  'Shared Hit Blocks': number
  'Shared Read Blocks': number
  Plans?: Plan[]
}

/** A database that adds up what its statements cost the server: its own time, so that a busy machine matters little. */
function watch(pool: pg.Pool, pid: number, seen: Seen): Database {
  const database = createDatabase(pool, { timeout: 600_000 })
  return {
    ...database,
    async query<Row extends object>(statement: Statement) {
      const { text, values } = render(statement, database.clock)
      const { rows } = await pool.query(`EXPLAIN (ANALYZE, BUFFERS, TIMING OFF, FORMAT JSON) ${text}`, values)
      const { Plan: plan } = rows[0]['QUERY PLAN'][0]
      seen.blocks += plan['Shared Hit Blocks'] + plan['Shared Read Blocks']
      for (const name of indexesOf(plan)) seen.indexes.add(name)
      const before = busy(pid)
      const found = await database.query<Row>(statement)
      seen.time += busy(pid) - before
      return found
    }
  }
}

function indexesOf({ 'Index Name': name, Plans = [] }: Plan): string[] {
  return [...(name === undefined ? [] : [name]), ...Plans.flatMap(indexesOf)]
}

async function measureOthers(pool: pg.Pool): Promise<void> {
  const database = () => createDatabase(pool, { timeout: 600_000 })
  title('Others, in milliseconds of the server')
  await pool.query('TRUNCATE totals')
  const start = performance.now()
  const counts = await countTotals(database(), readConfig({}))
  note(`counting ${JSON.stringify(counts)}: ${(performance.now() - start).toFixed(0)}`)
  const { rows } = await pool.query('SELECT pg_backend_pid() AS pid')
  const accounts = 1_000
  for (const roles of [[], ['member']]) {
    const [run, before] = [Date.now(), busy(rows[0].pid)]
    for (let added = 0; added < accounts; added += 1) {
      await addUser(database(), { username: `new.${run}.${added}`, passwordHash: HASH, roles })
    }
    note(`adding an account with ${roles.length} roles: ${((busy(rows[0].pid) - before) / accounts).toFixed(3)}`)
  }
  await pool.query(`DELETE FROM users WHERE username LIKE 'new.%'`)
}

function seconds(time: number): string {
  return `${(time / 1000).toFixed(1)} s`
}
