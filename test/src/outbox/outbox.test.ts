import { test } from 'tap'
import { createDatabase } from '../../../src/database/database.ts'
import { NOW, sql } from '../../../src/database/sql.ts'
import { type Claimed, LEASE, MAX_AGE } from '../../../src/outbox/outbox.ts'
import { testClock } from '../../helpers/app.ts'
import { createParcels, PARCELS, type Parcel, putParcel } from '../../helpers/parcels.ts'
import { emptyPool } from '../../helpers/pool.ts'

test('an outbox', async (t) => {
  const pool = await emptyPool(t)
  const database = createDatabase(pool, { timeout: 60_000 })
  await createParcels(database)
  t.beforeEach(async () => {
    await database.query(sql`TRUNCATE parcels`)
  })

  const withClock = () => {
    const clock = testClock()
    return { clock, database: createDatabase(pool, { clock, timeout: 60_000 }) }
  }

  await t.test('returns a claimed item as it was inserted, with its lane', async (t) => {
    await putParcel(database, 'ada', { note: 'fragile' })
    const [{ id, ...item } = {} as Claimed<Parcel>, ...more] = await PARCELS.claim(database, 10)
    t.strictSame(item, { recipient: 'ada', note: 'fragile', attempts: 1, lane: 'ada', expired: false })
    t.match(id, /^[0-9a-f-]{14}7/)
    t.strictSame(more, [])
  })

  await t.test('leaves out what is not ready', async (t) => {
    await putParcel(database, 'ada', { note: 'not packed' })
    t.strictSame(await PARCELS.claim(database, 10), [])
    await database.query(sql`UPDATE parcels SET note = 'packed'`)
    t.match(await PARCELS.claim(database, 10), [{ recipient: 'ada' }])
  })

  await t.test('has each item claimed once, and again when the lease expires', async (t) => {
    const { clock, database } = withClock()
    await putParcel(database, 'ada')
    const [parcel] = await PARCELS.claim(database, 10)
    t.strictSame(await PARCELS.claim(database, 10), [])
    clock.advance(LEASE - 5)
    t.strictSame(await PARCELS.claim(database, 10), [])
    clock.advance(6)
    t.strictSame(await PARCELS.claim(database, 10), [{ ...parcel, attempts: 2 }])
  })

  await t.test('has each item claimed by one of many instances, the longest due first', async (t) => {
    const { clock, database } = withClock()
    for (let index = 0; index < 30; index += 1) {
      await putParcel(database, `${index}`)
      clock.advance(1)
    }
    const recipients = (parcels: Parcel[]) => parcels.map(({ recipient }) => Number(recipient)).sort((a, b) => a - b)
    t.strictSame(recipients(await PARCELS.claim(database, 3)), [0, 1, 2])
    const claimed = await Promise.all(Array.from({ length: 9 }, () => PARCELS.claim(database, 4)))
    t.strictSame(
      recipients(claimed.flat()),
      Array.from({ length: 27 }, (_, index) => index + 3)
    )
  })

  await t.test('has one item of a lane claimed at a time, the longest due first', async (t) => {
    const { clock, database } = withClock()
    for (const [recipient, note] of [
      ['ada', 'first'],
      ['ada', 'second'],
      ['grace', 'first']
    ] as const) {
      await putParcel(database, recipient, { note })
      clock.advance(1)
    }
    const claim = async (busy?: string[]) =>
      (await PARCELS.claim(database, 10, busy)).map(({ recipient, note }) => `${recipient}: ${note}`).sort()
    t.strictSame(await claim(['grace', 'ada']), [])
    t.strictSame(await claim(), ['ada: first', 'grace: first'])
    t.strictSame(await claim(['ada']), [])
    t.strictSame(await claim(), ['ada: second'])
  })

  await t.test('says when the next item becomes due', async (t) => {
    const { clock, database } = withClock()
    t.equal(await PARCELS.nextDue(database), undefined)
    await putParcel(database, 'ada', { delay: 300_000 })
    await putParcel(database, 'ada', { delay: 200_000 })
    const due = Number(await PARCELS.nextDue(database))
    t.ok(due > 100_000 && due <= 200_000, `${due}`)
    t.strictSame(await PARCELS.claim(database, 10), [])
    clock.advance(200)
    t.equal((await PARCELS.claim(database, 10)).length, 1)
  })

  await t.test('says of an item that is a day old that it has expired', async (t) => {
    const { clock, database } = withClock()
    await putParcel(database, 'ada')
    clock.advance(MAX_AGE - 10)
    t.match(await PARCELS.claim(database, 1), [{ expired: false }])
    clock.advance(LEASE + 10)
    t.match(await PARCELS.claim(database, 1), [{ expired: true }])
  })

  await t.test('postpones an item by pauses that double, up to an hour or to a minute', async (t) => {
    const cases: [attempts: number, failure: 'transient' | 'unavailable', longest: number][] = [
      [1, 'transient', 15],
      [2, 'transient', 30],
      [5, 'transient', 240],
      [9, 'transient', 3600],
      [2000, 'transient', 3600],
      [1, 'unavailable', 15],
      [3, 'unavailable', 60],
      [2000, 'unavailable', 60]
    ]
    for (const [attempts, failure, longest] of cases) {
      await database.query(sql`TRUNCATE parcels`)
      for (let index = 0; index < 4; index += 1) await putParcel(database, `${index}`)
      await database.query(sql`UPDATE parcels SET attempts = ${attempts - 1}`)
      for (const parcel of await PARCELS.claim(database, 4)) await PARCELS.postpone(database, parcel, failure)
      const rows = await database.query(
        sql`SELECT extract(epoch FROM next_attempt_at - ${NOW})::float8 AS due FROM parcels`
      )
      const pauses = rows.map(({ due }) => Number(due))
      t.ok(
        pauses.every((pause) => pause > longest / 2 - 10 && pause <= longest),
        `${attempts} ${failure}: ${pauses.map(Math.round)}`
      )
      t.equal(new Set(pauses).size, 4, 'and no two are the same')
    }
  })

  await t.test('releases items that were not tried as if they had not been claimed', async (t) => {
    await putParcel(database, 'ada')
    await putParcel(database, 'grace')
    await PARCELS.release(database, await PARCELS.claim(database, 2))
    t.match(await PARCELS.claim(database, 2), [{ attempts: 1 }, { attempts: 1 }])
  })

  await t.test('leaves an item to the instance that has claimed it since', async (t) => {
    const { clock, database } = withClock()
    await putParcel(database, 'ada')
    const [late] = (await PARCELS.claim(database, 1)) as [Claimed<Parcel>]
    clock.advance(LEASE + 1)
    await PARCELS.claim(database, 1)
    const claimed = await database.query(sql`SELECT next_attempt_at, attempts FROM parcels`)
    await PARCELS.postpone(database, late, 'transient')
    await PARCELS.release(database, [late])
    t.strictSame(await database.query(sql`SELECT next_attempt_at, attempts FROM parcels`), claimed)
  })

  await t.test('removes items', async (t) => {
    for (const recipient of ['one', 'two', 'three']) await putParcel(database, recipient)
    const ids = (await PARCELS.claim(database, 2)).map(({ id }) => id)
    await PARCELS.remove(database, ids)
    t.equal(await PARCELS.count(database), 1)
  })
})
