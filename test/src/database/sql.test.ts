import type pg from 'pg'
import { test } from 'tap'
import { createDatabase, type Database } from '../../../src/database/database.ts'
import {
  allOf,
  asNumber,
  CLOCK,
  identifier,
  list,
  NOW,
  render,
  type Statement,
  sql,
  unsafeRaw
} from '../../../src/database/sql.ts'
import { testClock } from '../../helpers/app.ts'
import { emptyPool } from '../../helpers/pool.ts'

const clock = { now: Date.now, offset: 1500 }

test('statements', async (t) => {
  const named = (name: string) => sql`name = ${name}`
  const statements: [what: string, statement: Statement, text: string, values: unknown[]][] = [
    ['with values', sql`SELECT ${1}, ${'two'}, ${null}`, 'SELECT $1, $2, $3', [1, 'two', null]],
    ['without any', sql`SELECT 'a\\b'`, "SELECT 'a\\b'", []],
    [
      'with fragments',
      sql`SELECT ${1} WHERE ${named('a')} AND id = ${2}`,
      'SELECT $1 WHERE name = $2 AND id = $3',
      [1, 'a', 2]
    ],
    [
      'with the present time',
      sql`SELECT ${'a'}, ${NOW} FROM ${CLOCK}`,
      "SELECT $1, (now() + $2 * interval '1 millisecond') FROM (SELECT (now() + $2 * interval '1 millisecond') AS moment) AS clock",
      ['a', 1500]
    ],
    [
      'with names',
      sql`TRUNCATE ${list([identifier('users'), identifier('a "b"')])}`,
      'TRUNCATE "users", "a ""b"""',
      []
    ],
    ['with numbers in full', sql`SELECT ${asNumber(sql`count(*)`)}`, 'SELECT to_json(count(*))', []],
    [
      'with conditions',
      sql`WHERE ${allOf(false, named('a'), named('b'))}`,
      'WHERE true AND name = $1 AND name = $2',
      ['a', 'b']
    ],
    ['with no condition', sql`WHERE ${allOf(false)}`, 'WHERE true', []],
    ['of a file', unsafeRaw('SELECT $1'), 'SELECT $1', []]
  ]
  for (const [what, statement, text, values] of statements) {
    t.strictSame(render(statement, clock), { text, values }, what)
  }
})

test('only statements are run', async (t) => {
  const pool: pg.Pool = await emptyPool(t)
  const database: Database = createDatabase(pool, { timeout: 60_000 })
  const name = 'ada'
  const mistakes: (() => unknown)[] = [
    // @ts-expect-error a string is not a statement
    () => database.query('SELECT 1'),
    // @ts-expect-error a template without the tag is not a statement
    () => database.query(`SELECT '${name}'`),
    // @ts-expect-error the driver's query object is not a statement
    () => database.query({ text: 'SELECT 1', values: [] }),
    // @ts-expect-error the same in a transaction
    () => database.transact((transaction) => transaction.query('SELECT 1')),
    // @ts-expect-error the tag cannot be called with a string
    () => sql([`SELECT '${name}'`]),
    // @ts-expect-error undefined is not a value
    () => sql`SELECT ${undefined}`,
    // @ts-expect-error a promise is not a value
    () => sql`SELECT ${Promise.resolve(1)}`
  ]
  t.equal(mistakes.length, 7)
  t.strictSame(await database.query(sql`SELECT ${name} AS name`), [{ name }])
})

test('the present time is that of the database, moved by its clock', async (t) => {
  const pool = await emptyPool(t)
  const clock = testClock()
  const database = createDatabase(pool, { clock, timeout: 60_000 })
  const ahead = async (where: Database = database) =>
    (await where.query(sql`SELECT extract(epoch FROM ${NOW} - now())::int AS seconds`))[0]?.seconds
  clock.advance(60)
  t.equal(await ahead(), 60)
  clock.advance(60)
  t.equal(await database.transact(ahead), 120, 'also in a transaction')
  t.equal(await ahead(createDatabase(pool, { timeout: 60_000 })), 0, 'which is not moved by default')
  for (const each of [database, database.through(pool)]) t.equal(each.clock, clock)
  await database.transact(async (transaction) => t.equal(transaction.clock, clock))
})
