import { test } from 'tap'
import { createDatabase } from '../../../src/database/database.ts'
import { sql } from '../../../src/database/sql.ts'
import { listKeys } from '../../../src/keys/key-states.ts'
import { revokeKey, rotateAgedKey, rotateKey } from '../../../src/keys/rotation.ts'
import { ensureKey, readRing } from '../../../src/keys/signing-keys.ts'
import { testClock } from '../../helpers/app.ts'
import { caught } from '../../helpers/caught.ts'
import { migratedPool } from '../../helpers/pool.ts'

const SECRETS = { current: 'the secret that wraps these keys' }
const DAY = 86_400

test('the stored keys', async (t) => {
  const pool = await migratedPool(t)
  const database = createDatabase(pool, { timeout: 60_000 })

  /** An installation with its first key, and functions that change its keys. */
  async function setUp() {
    const clock = testClock()
    const database = createDatabase(pool, { clock, timeout: 60_000 })
    await database.query(sql`TRUNCATE signing_keys`)
    const rules = { secrets: SECRETS, tokenTtl: 900 }
    await ensureKey(database, SECRETS)
    const list = () => listKeys(database, 900)
    return {
      clock,
      rules,
      list,
      first: (await list())[0]?.kid as string,
      states: async () => (await list()).map(({ state }) => state),
      ring: async () => (await readRing(database, SECRETS, 900)).map(({ kid }) => kid),
      rotate: (lead?: number) => rotateKey(database, rules, lead),
      rotateAged: (maxAge: number) => rotateAgedKey(createDatabase(pool, { clock }), rules, maxAge),
      revoke: (kid: string, dryRun?: boolean) => revokeKey(database, rules, kid, dryRun)
    }
  }

  await t.test('are rotated', async (t) => {
    await t.test('to one that is published for six minutes before it signs', async (t) => {
      const { rotate, first, ring, states, clock } = await setUp()
      const { kid, state, createdAt, signsFrom, verifiesUntil } = await rotate()
      t.strictSame([state, verifiesUntil, Number(signsFrom) - Number(createdAt)], ['published', null, 360_000])
      t.strictSame(
        [await ring(), await states()],
        [
          [first, kid],
          ['signing', 'published']
        ]
      )
      clock.advance(360)
      t.strictSame(await states(), ['verifying', 'signing'])
    })

    await t.test('to one that signs at once', async (t) => {
      const { rotate, states } = await setUp()
      t.equal((await rotate(0)).state, 'signing')
      t.strictSame(await states(), ['verifying', 'signing'])
    })

    await t.test('not while one waits to sign', async (t) => {
      const { rotate, states, clock } = await setUp()
      const { kid, signsFrom } = await rotate()
      for (const lead of [undefined, 0]) {
        const { message } = await caught(rotate(lead))
        t.equal(
          message,
          `key ${kid} is already the next to sign, from ${signsFrom.toISOString()} on: wait for it, or revoke it`
        )
      }
      t.strictSame(await states(), ['signing', 'published'])
      clock.advance(360)
      await rotate()
      t.strictSame(await states(), ['verifying', 'signing', 'published'])
    })

    await t.test('once, by concurrent operators', async (t) => {
      const { clock, rules, states } = await setUp()
      const outcomes = await Promise.allSettled([1, 2, 3].map(() => rotateKey(createDatabase(pool, { clock }), rules)))
      t.strictSame(outcomes.map(({ status }) => status).sort(), ['fulfilled', 'rejected', 'rejected'])
      t.strictSame(await states(), ['signing', 'published'])
    })
  })

  await t.test('are rotated by age', async (t) => {
    await t.test('when the signing key is too old', async (t) => {
      const { rotateAged, first, ring, clock } = await setUp()
      t.equal(await rotateAged(90 * DAY), undefined)
      clock.advance(90 * DAY - 60)
      t.equal(await rotateAged(90 * DAY), undefined)
      clock.advance(60)
      const kid = await rotateAged(90 * DAY)
      t.strictSame(await ring(), [first, kid])
    })

    await t.test('once, by concurrent instances', async (t) => {
      const { rotateAged, states, clock } = await setUp()
      clock.advance(2 * DAY)
      const made = await Promise.all([1, 2, 3, 4].map(() => rotateAged(DAY)))
      t.equal(made.filter(Boolean).length, 1)
      t.strictSame(await states(), ['signing', 'published'])
    })

    await t.test('whatever the age of one that is revoked', async (t) => {
      const { rotate, rotateAged, revoke, clock, states } = await setUp()
      clock.advance(2 * DAY)
      const { kid } = await rotate()
      await revoke(kid)
      await rotateAged(DAY)
      t.strictSame((await states()).sort(), ['published', 'revoked', 'signing'])
    })
  })

  await t.test('are revoked', async (t) => {
    await t.test('the one that signs, which a new one replaces at once', async (t) => {
      const { first, revoke, ring, list } = await setUp()
      const { was, replacement } = await revoke(first)
      t.equal(was, 'signing')
      t.strictSame(await ring(), [replacement])
      const [revoked, signing] = await list()
      t.strictSame([revoked?.state, signing?.state], ['revoked', 'signing'])
      t.strictSame(revoked?.verifiesUntil, signing?.signsFrom)
    })

    await t.test('the one that signs, while another goes on waiting', async (t) => {
      const { first, rotate, revoke, ring, states, clock } = await setUp()
      const { kid: waiting } = await rotate()
      const { replacement } = await revoke(first)
      t.strictSame(await ring(), [replacement, waiting])
      t.strictSame(await states(), ['revoked', 'signing', 'published'])
      clock.advance(360)
      t.strictSame(await states(), ['revoked', 'verifying', 'signing'])
    })

    await t.test('one that waits to sign, while the signing key continues', async (t) => {
      const { first, rotate, revoke, ring, clock } = await setUp()
      const { kid } = await rotate()
      t.strictSame(await revoke(kid), { was: 'published', replacement: undefined })
      clock.advance(360 + 900 + 60)
      t.strictSame(await ring(), [first])
    })

    await t.test('one that verifies, and one that has expired', async (t) => {
      const { first, rotate, revoke, ring, clock } = await setUp()
      const { kid: second } = await rotate(0)
      t.strictSame(await revoke(first), { was: 'verifying', replacement: undefined })
      clock.advance(60)
      const { kid: third } = await rotate(0)
      clock.advance(900 + 60)
      t.strictSame(await revoke(second), { was: 'expired', replacement: undefined })
      t.strictSame(await ring(), [third])
    })

    await t.test('and leave a record without the private half', async (t) => {
      const { first, revoke } = await setUp()
      await revoke(first)
      const rows = await database.query(sql`SELECT public_key, private_key FROM signing_keys WHERE kid = ${first}`)
      t.equal(rows.length, 1)
      t.strictSame([rows[0]?.public_key.crv, rows[0]?.private_key], ['P-256', null])
    })

    await t.test('not in a dry run, which returns their state', async (t) => {
      const { first, revoke, states } = await setUp()
      t.strictSame(await revoke(first, true), { was: 'signing', replacement: undefined })
      t.strictSame(await states(), ['signing'])
    })

    await t.test('only if they exist, and once', async (t) => {
      const { first, revoke, states, list } = await setUp()
      for (const dryRun of [true, false]) {
        t.equal((await caught(revoke('nobody', dryRun))).message, 'there is no key nobody: "keys list" shows all keys')
      }
      await revoke(first)
      const [{ verifiesUntil } = {}] = await list()
      for (const dryRun of [true, false]) {
        const { message } = await caught(revoke(first, dryRun))
        t.equal(message, `key ${first} has been revoked since ${verifiesUntil?.toISOString()}`)
      }
      t.strictSame(await states(), ['revoked', 'signing'])
    })
  })
})
