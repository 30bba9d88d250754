import { type Test, test } from 'tap'
import { createDatabase, type Database } from '../../src/database.ts'
import { BATCH, createDelivery, type Outcome } from '../../src/delivery.ts'
import { countMails, enqueueMail, LEASE, LIFE, type Mail } from '../../src/outbox.ts'
import { type Fate, Undelivered } from '../../src/undelivered.ts'
import { caught } from '../caught.ts'
import { testClock } from '../helper.ts'
import { migratedPool } from '../pool.ts'
import { stopwatch } from '../stopwatch.ts'

test('a batch of mails', async (t) => {
  const pool = await migratedPool(t)
  const database = createDatabase(pool, 60_000)
  t.beforeEach(async () => {
    await database.query('TRUNCATE mails')
  })

  /** An outbox of so many mails, and what sends them by `send`, which is told the number of each. */
  async function prepare(count: number, send: (number: number, mail: Mail) => Promise<boolean>) {
    const clock = testClock()
    const put = (recipient: number) =>
      enqueueMail(database, clock, { kind: 'password changed', recipient: `${recipient}` })
    for (let index = 0; index < count; index += 1) await put(index)
    const reported: [number: number, outcome: Outcome, error?: string][] = []
    let open = (): Database => createDatabase(pool, 60_000)
    const delivery = createDelivery({
      openDatabase: () => open(),
      clock,
      send: (mail) => send(Number(mail.recipient), mail),
      report: ({ recipient }, outcome, error) =>
        reported.push(error ? [Number(recipient), outcome, error.message] : [Number(recipient), outcome])
    })
    const outcomes = () => reported.sort(([one], [other]) => one - other)
    return {
      clock,
      delivery,
      outcomes,
      /** Each connection is what this makes of it. */
      through(make: (database: Database) => Database) {
        open = () => make(createDatabase(pool, 60_000))
      }
    }
  }

  const left = async () =>
    (await database.query('SELECT recipient, attempts FROM mails ORDER BY recipient::int')).map(
      ({ recipient, attempts }) => [Number(recipient), attempts]
    )
  const numbers = (count: number) => Array.from({ length: count }, (_, index) => index)
  const meet = (fate: Fate) => Promise.reject(new Undelivered(fate, `met ${fate}`))

  await t.test('of none is none', async (t) => {
    const { delivery } = await prepare(0, async () => true)
    t.strictSame(await delivery.sendBatch(), { taken: 0, done: 0 })
  })

  await t.test('is sent, a few at once, and is gone', async (t) => {
    let running = 0
    let most = 0
    const { delivery, outcomes } = await prepare(BATCH + 3, async () => {
      running += 1
      most = Math.max(most, running)
      await new Promise(setImmediate)
      running -= 1
      return true
    })
    t.strictSame(await delivery.sendBatch(), { taken: BATCH, done: BATCH })
    t.equal(await countMails(database), 3)
    t.strictSame(await delivery.sendBatch(), { taken: 3, done: 3 })
    t.equal(await countMails(database), 0)
    t.strictSame(
      outcomes(),
      numbers(BATCH + 3).map((number) => [number, 'sent'])
    )
    t.equal(most, 5)
  })

  await t.test('has mails that come to different ends', async (t) => {
    const { delivery, outcomes } = await prepare(5, async (number) => {
      if (number === 1) return false
      if (number === 2) return meet('lost')
      if (number === 3) return meet('later')
      if (number === 4) throw new Error('the letter cannot be written')
      return true
    })
    t.strictSame(await delivery.sendBatch(), { taken: 5, done: 3 })
    t.strictSame(outcomes(), [
      [0, 'sent'],
      [1, 'dropped'],
      [2, 'lost', 'met lost'],
      [3, 'later', 'met later'],
      [4, 'later', 'the letter cannot be written']
    ])
    t.strictSame(await left(), [
      [3, 1],
      [4, 1]
    ])
    t.strictSame(await delivery.sendBatch(), { taken: 0, done: 0 }, 'and what comes later does not come at once')
  })

  await t.test('leaves out what is too old, without trying it', async (t) => {
    const { delivery, clock, outcomes } = await prepare(1, async () => t.fail('it was sent'))
    clock.advance(LIFE)
    t.strictSame(await delivery.sendBatch(), { taken: 1, done: 1 })
    t.strictSame(outcomes(), [[0, 'expired']])
    t.equal(await countMails(database), 0)
  })

  await t.test('ends when the server turns out to be away, and the rest is given back', async (t) => {
    const { delivery, clock } = await prepare(BATCH, async (number) => number < 2 || meet('away'))
    const batch = await delivery.sendBatch()
    t.match(batch, { taken: BATCH, done: 2, away: { fate: 'away', message: 'met away' } })
    const tried = (await left()).filter(([, attempts]) => attempts === 1)
    t.ok(tried.length >= 1 && tried.length <= 5, 'as many were tried as go at once')
    t.equal((await left()).length, BATCH - 2, 'and none is lost')
    t.equal((await delivery.sendBatch()).taken, BATCH - 2 - tried.length, 'those that were not tried come at once')
    clock.advance(60)
    t.not((await delivery.sendBatch()).taken, 0, 'and all others within a minute')
  })

  await t.test('is not begun any more when it comes near the end of its lease', async (t) => {
    const pass = stopwatch(t)
    const { delivery } = await prepare(BATCH, async () => {
      pass(LEASE * 250)
      return true
    })
    const { done } = await delivery.sendBatch()
    t.ok(done <= 7, `${done}`)
    t.strictSame(
      (await left()).map(([, attempts]) => attempts),
      numbers(BATCH - done).map(() => 0)
    )
  })

  await t.test('stops when it is told to: what is on its way ends, and nothing more is begun', async (t) => {
    const { delivery, outcomes } = await prepare(BATCH, async () => {
      delivery.stop()
      await new Promise(setImmediate)
      return true
    })
    await delivery.sendBatch()
    const sent = outcomes().length
    t.ok(sent >= 1 && sent <= 5, `${sent}`)
    t.equal(await countMails(database), BATCH - sent)
  })

  await t.test('that was sent while the database went away is not sent again when it is back', async (t) => {
    const { delivery, through, outcomes, clock } = await prepare(3, async () => {
      through(unavailable)
      return true
    })
    function unavailable(database: Database): Database {
      return { ...database, query: () => Promise.reject(new Error('the database is away')) }
    }
    t.match(await caught(delivery.sendBatch()), { message: 'the database is away' })
    t.equal(await countMails(database), 3)
    t.match(await caught(delivery.sendBatch()), { message: 'the database is away' })
    through((database) => database)
    clock.advance(LEASE + 1)
    await delivery.sendBatch()
    t.equal(await countMails(database), 0)
    t.equal(outcomes().length, 3)
  })
})

test('two instances send each mail once', async (t: Test) => {
  const pool = await migratedPool(t)
  const database = createDatabase(pool, 60_000)
  const clock = testClock()
  const sent: string[] = []
  const instance = () =>
    createDelivery({
      openDatabase: () => createDatabase(pool, 60_000),
      clock,
      send: async ({ id }) => sent.push(id) > 0,
      report: () => {}
    })
  for (let index = 0; index < 60; index += 1) {
    await enqueueMail(database, clock, { kind: 'reset asked', recipient: `${index}` })
  }
  const instances = [instance(), instance(), instance()]
  while ((await countMails(database)) > 0) await Promise.all(instances.map(({ sendBatch }) => sendBatch()))
  t.strictSame([sent.length, new Set(sent).size], [60, 60])
})
