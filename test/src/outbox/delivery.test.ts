import { type Test, test } from 'tap'
import { createDatabase, type Database } from '../../../src/database/database.ts'
import { sql } from '../../../src/database/sql.ts'
import { createDelivery, type Outcome } from '../../../src/outbox/delivery.ts'
import { DeliveryError, type Failure } from '../../../src/outbox/delivery-error.ts'
import { LEASE, MAX_AGE } from '../../../src/outbox/outbox.ts'
import { testClock } from '../../helpers/app.ts'
import { caught } from '../../helpers/caught.ts'
import { createParcels, PARCELS, type Parcel, putParcel } from '../../helpers/parcels.ts'
import { emptyPool } from '../../helpers/pool.ts'

const CONNECTIONS = 20

/** A promise that a test resolves. */
function door() {
  let open = () => {}
  const opened = new Promise<void>((resolve) => {
    open = resolve
  })
  return { open: () => open(), opened }
}

test('the items that are due', async (t) => {
  const pool = await emptyPool(t)
  const database = createDatabase(pool, { timeout: 60_000 })
  await createParcels(database)
  t.beforeEach(async () => {
    await database.query(sql`TRUNCATE parcels`)
  })

  /** An outbox of so many parcels, to recipients 0, 1, …, and its delivery by `deliver`. */
  async function prepare(count: number, deliver: (recipient: number, parcel: Parcel) => Promise<boolean>) {
    const clock = testClock()
    const database = createDatabase(pool, { clock, timeout: 60_000 })
    const put = (recipient: number, note?: string) => putParcel(database, `${recipient}`, note ? { note } : {})
    for (let index = 0; index < count; index += 1) await put(index)
    const reported: [number: number, outcome: Outcome, error?: string][] = []
    let open = (): Database => createDatabase(pool, { clock, timeout: 60_000 })
    const delivery = createDelivery({
      openDatabase: () => open(),
      connections: CONNECTIONS,
      outbox: PARCELS,
      deliver: (parcel) => deliver(Number(parcel.recipient), parcel),
      report: ({ recipient }, outcome, error) =>
        reported.push(error ? [Number(recipient), outcome, error.message] : [Number(recipient), outcome])
    })
    const outcomes = () => reported.sort(([one], [other]) => one - other)
    return {
      clock,
      delivery,
      put,
      outcomes,
      /** Whether the receiver was unavailable. */
      wasUnavailable: () => reported.some(([, outcome]) => outcome === 'unavailable'),
      /** Wraps each database that is opened. */
      through(make: (database: Database) => Database) {
        open = () => make(createDatabase(pool, { clock, timeout: 60_000 }))
      }
    }
  }

  const left = async () =>
    (await database.query(sql`SELECT recipient, attempts FROM parcels ORDER BY recipient::int`)).map(
      ({ recipient, attempts }) => [Number(recipient), attempts]
    )
  const numbers = (count: number) => Array.from({ length: count }, (_, index) => index)
  const meet = (failure: Failure) => Promise.reject(new DeliveryError(failure, `met ${failure}`))

  await t.test('are none', async (t) => {
    const { delivery } = await prepare(0, async () => true)
    delivery.wake()
    t.strictSame(await delivery.deliverDue(), { claimed: 0, done: 0 })
  })

  await t.test('are delivered, many at once, and removed', async (t) => {
    const count = CONNECTIONS * 2 + 3
    let running = 0
    let most = 0
    const full = door()
    const { delivery, outcomes } = await prepare(count, async () => {
      running += 1
      most = Math.max(most, running)
      if (running === CONNECTIONS) {
        // To no effect: no connection is free.
        delivery.wake()
        setImmediate(() => setImmediate(() => setImmediate(full.open)))
      }
      await full.opened
      running -= 1
      return true
    })
    t.strictSame(await delivery.deliverDue(), { claimed: count, done: count })
    t.equal(await PARCELS.count(database), 0)
    t.strictSame(
      outcomes(),
      numbers(count).map((number) => [number, 'delivered'])
    )
    t.equal(most, CONNECTIONS)
  })

  await t.test('in one lane are delivered one after the other, and delay no other lane', async (t) => {
    const first = door()
    const others = door()
    const order: string[] = []
    const { delivery, put } = await prepare(0, async (number, { note }) => {
      order.push(`${number} ${note}`)
      if (number === 1) {
        if (note === 'first') await first.opened
      } else if (order.filter((each) => !each.startsWith('1 ')).length === 3) others.open()
      return true
    })
    for (const at of ['first', 'second', 'third']) await put(1, at)
    for (const number of [2, 3]) await put(number, 'first')
    const sending = delivery.deliverDue()
    while (order.length < 3) await new Promise(setImmediate)
    t.strictSame(order.toSorted(), ['1 first', '2 first', '3 first'])
    await put(4, 'later')
    delivery.wake()
    await others.opened
    t.strictSame(order.slice(3), ['4 later'], 'not even one that is inserted while a delivery hangs')
    first.open()
    t.strictSame(await sending, { claimed: 6, done: 6 })
    t.strictSame(order.slice(4), ['1 second', '1 third'])
  })

  await t.test('in one lane are delivered if the lane becomes free during a claim', async (t) => {
    const first = door()
    const { delivery, put, through } = await prepare(0, async (_number, { note }) => {
      if (note === 'first') await first.opened
      return true
    })
    for (const at of ['first', 'second']) await put(1, at)
    let claims = 0
    through((database) => ({
      ...database,
      async query(statement) {
        const rows = await database.query(statement)
        if (statement.text.startsWith('WITH')) claims += 1
        if (claims === 2 && statement.text.startsWith('WITH')) {
          first.open()
          while ((await PARCELS.count(database)) > 1) await new Promise(setImmediate)
          for (let turn = 0; turn < 10; turn += 1) await new Promise(setImmediate)
        }
        return rows as never
      }
    }))
    const sending = delivery.deliverDue()
    while (claims === 0) await new Promise(setImmediate)
    delivery.wake()
    t.strictSame(await sending, { claimed: 2, done: 2 })
  })

  await t.test('are claimed if `wake` is called while nothing is under way', async (t) => {
    const { delivery, put, through } = await prepare(0, async () => true)
    let claims = 0
    through((database) => ({
      ...database,
      async query(statement) {
        const rows = await database.query(statement)
        claims += 1
        if (claims === 1) {
          await put(1)
          delivery.wake()
        }
        return rows as never
      }
    }))
    t.strictSame(await delivery.deliverDue(), { claimed: 1, done: 1 })
  })

  await t.test('have different outcomes', async (t) => {
    const { delivery, outcomes } = await prepare(5, async (number) => {
      if (number === 1) return false
      if (number === 2) return meet('permanent')
      if (number === 3) return meet('transient')
      if (number === 4) throw new Error('cannot be wrapped')
      return true
    })
    t.strictSame(await delivery.deliverDue(), { claimed: 5, done: 3 })
    t.strictSame(outcomes(), [
      [0, 'delivered'],
      [1, 'dropped'],
      [2, 'permanent', 'met permanent'],
      [3, 'transient', 'met transient'],
      [4, 'transient', 'cannot be wrapped']
    ])
    t.strictSame(await left(), [
      [3, 1],
      [4, 1]
    ])
    t.strictSame(await delivery.deliverDue(), { claimed: 0, done: 0 }, 'and none is retried at once')
  })

  await t.test('are given up without an attempt if they are too old', async (t) => {
    const { delivery, clock, outcomes } = await prepare(1, async () => t.fail('it was delivered'))
    clock.advance(MAX_AGE)
    t.strictSame(await delivery.deliverDue(), { claimed: 1, done: 1 })
    t.strictSame(outcomes(), [[0, 'expired']])
    t.equal(await PARCELS.count(database), 0)
  })

  await t.test(
    'wait if the receiver is unavailable: attempts that were begun end, and no other is begun',
    async (t) => {
      const count = CONNECTIONS * 2
      const { delivery, clock } = await prepare(count, async (number) => number < 2 || meet('unavailable'))
      const { claimed, done, unavailable } = await delivery.deliverDue()
      t.match(unavailable, { failure: 'unavailable', message: 'met unavailable' })
      t.strictSame([claimed, done], [CONNECTIONS, 2])
      const tried = (await left()).filter(([, attempts]) => attempts === 1)
      t.equal(tried.length, CONNECTIONS - 2)
      t.equal((await left()).length, count - 2, 'and none is lost')
      clock.advance(60)
      t.equal((await delivery.deliverDue()).claimed, CONNECTIONS, 'and all are retried within a minute')
    }
  )

  await t.test('are released if the receiver becomes unavailable during the claim', async (t) => {
    const begun = door()
    const taken = door()
    const { delivery, through, put, wasUnavailable } = await prepare(1, async () => {
      begun.open()
      await taken.opened
      return meet('unavailable')
    })
    const sending = delivery.deliverDue()
    await begun.opened
    await put(2)
    through((database) => ({
      ...database,
      async query(statement) {
        const rows = await database.query(statement)
        if (statement.text.startsWith('WITH')) {
          through((same) => same)
          taken.open()
          while (!wasUnavailable()) await new Promise(setImmediate)
        }
        return rows as never
      }
    }))
    delivery.wake()
    t.match(await sending, { claimed: 1, unavailable: { failure: 'unavailable' } })
    t.strictSame(await left(), [
      [0, 1],
      [2, 0]
    ])
  })

  await t.test('wait after a stop: attempts that were begun end, and no other is begun', async (t) => {
    const count = CONNECTIONS + 3
    const { delivery, outcomes } = await prepare(count, async () => {
      delivery.stop()
      await new Promise(setImmediate)
      return true
    })
    await delivery.deliverDue()
    t.equal(outcomes().length, CONNECTIONS)
    t.equal(await PARCELS.count(database), 3)
  })

  await t.test('that were delivered while the database became unavailable are not delivered again', async (t) => {
    const { delivery, through, outcomes, clock } = await prepare(3, async () => {
      through(disconnect)
      return true
    })
    function disconnect(database: Database): Database {
      return { ...database, query: () => Promise.reject(new Error('the database is unavailable')) }
    }
    t.match(await caught(delivery.deliverDue()), { message: 'the database is unavailable' })
    t.equal(await PARCELS.count(database), 3)
    t.match(await caught(delivery.deliverDue()), { message: 'the database is unavailable' })
    through((database) => database)
    clock.advance(LEASE + 1)
    await delivery.deliverDue()
    t.equal(await PARCELS.count(database), 0)
    t.equal(outcomes().length, 3)
  })
})

test('instances deliver each item once', async (t: Test) => {
  const pool = await emptyPool(t)
  const database = createDatabase(pool, { timeout: 60_000 })
  await createParcels(database)
  const delivered: string[] = []
  const instance = () =>
    createDelivery({
      openDatabase: () => createDatabase(pool, { timeout: 60_000 }),
      connections: CONNECTIONS,
      outbox: PARCELS,
      deliver: async ({ id }) => delivered.push(id) > 0,
      report: () => {}
    })
  for (let index = 0; index < 60; index += 1) {
    await putParcel(database, `${index}`)
  }
  const instances = [instance(), instance(), instance()]
  while ((await PARCELS.count(database)) > 0) await Promise.all(instances.map(({ deliverDue }) => deliverDue()))
  t.strictSame([delivered.length, new Set(delivered).size], [60, 60])
})
