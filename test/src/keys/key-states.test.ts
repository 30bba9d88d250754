import { test } from 'tap'
import { createDatabase } from '../../../src/database/database.ts'
import { sql } from '../../../src/database/sql.ts'
import { listKeys } from '../../../src/keys/key-states.ts'
import { testClock } from '../../helpers/app.ts'
import { migratedPool } from '../../helpers/pool.ts'

const TOKEN_TTL = 900
const REFRESH_DELAY = 60

test('the list of keys', async (t) => {
  const pool = await migratedPool(t)
  const database = createDatabase(pool, { timeout: 60_000 })
  let start = new Date()
  t.beforeEach(async () => {
    await database.query(sql`TRUNCATE signing_keys`)
    start = new Date()
  })

  /** Adds a key that signs, and is revoked, at a number of seconds after the start. */
  const add = (kid: string, signsFrom: number, revoked: number | null = null) =>
    database.query(
      sql`INSERT INTO signing_keys (kid, public_key, private_key, created_at, sign_from, revoked_at)
       SELECT ${kid}, '{}', CASE WHEN later IS NULL THEN '\\x00'::bytea END,
         start, start + make_interval(secs => ${signsFrom}), start + make_interval(secs => later)
       FROM (SELECT ${start}::timestamptz AS start, ${revoked}::int AS later) AS given`
    )

  const states = async (clock = testClock()) =>
    (await listKeys(createDatabase(pool, { clock, timeout: 60_000 }), TOKEN_TTL)).map(
      ({ kid, state }) => `${kid} ${state}`
    )

  const DAY = 86_400
  const histories: [what: string, keys: Parameters<typeof add>[], states: string[]][] = [
    ['none', [], []],
    ['one that signs', [['a', -DAY]], ['a signing']],
    [
      'one that waits for its time',
      [
        ['b', 100],
        ['a', -DAY]
      ],
      ['a signing', 'b published']
    ],
    [
      'one whose last tokens may live',
      [
        ['a', -DAY],
        ['b', -TOKEN_TTL - REFRESH_DELAY + 100]
      ],
      ['a verifying', 'b signing']
    ],
    [
      'one whose last token is over',
      [
        ['a', -DAY],
        ['b', -TOKEN_TTL - REFRESH_DELAY - 1]
      ],
      ['a expired', 'b signing']
    ],
    [
      'one that was revoked while it signed, which its successor followed',
      [
        ['a', -DAY, -10],
        ['b', -10]
      ],
      ['a revoked', 'b signing']
    ],
    [
      'one that was revoked before its time, and followed on none',
      [
        ['a', -DAY],
        ['b', -7200, -7300]
      ],
      ['a signing', 'b revoked']
    ],
    [
      'one that is over, and stays so when its successor is revoked',
      [
        ['a', -DAY],
        ['b', -7200, -10],
        ['c', -10]
      ],
      ['a expired', 'b revoked', 'c signing']
    ],
    [
      'one that was revoked while another waited',
      [
        ['a', -DAY, -10],
        ['b', -10],
        ['c', 100]
      ],
      ['a revoked', 'b signing', 'c published']
    ]
  ]
  for (const [what, keys, expected] of histories) {
    await t.test(`tells of ${what}`, async (t) => {
      for (const key of keys) await add(...key)
      t.strictSame(await states(), expected)
    })
  }

  await t.test('follows the clock', async (t) => {
    const clock = testClock()
    await add('a', -10)
    await add('b', 350)
    const seen = [await states(clock)]
    for (const seconds of [360, TOKEN_TTL + REFRESH_DELAY]) {
      clock.advance(seconds)
      seen.push(await states(clock))
    }
    t.strictSame(seen, [
      ['a signing', 'b published'],
      ['a verifying', 'b signing'],
      ['a expired', 'b signing']
    ])
  })

  await t.test('has the times of each', async (t) => {
    await add('a', -DAY)
    await add('b', -7200, -10)
    await add('c', -10)
    const [a, b, c] = await listKeys(database, TOKEN_TTL)
    t.equal(Number(a?.verifiesUntil) - Number(b?.signsFrom), (TOKEN_TTL + REFRESH_DELAY) * 1000)
    t.equal(Number(c?.signsFrom) - Number(b?.verifiesUntil), 0, 'a revoked one verifies until then')
    t.equal(c?.verifiesUntil, null)
    t.equal(Number(c?.createdAt) - Number(c?.signsFrom), 10_000)
  })

  await t.test('supports any lifetime of tokens', async (t) => {
    await add('a', -DAY)
    await add('b', -10)
    const keys = await listKeys(database, Number.MAX_SAFE_INTEGER)
    t.strictSame(
      keys.map(({ state }) => state),
      ['verifying', 'signing']
    )
  })
})
