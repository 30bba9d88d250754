import { type Test, test } from 'tap'
import { createDatabase, type Database } from '../../../src/database/database.ts'
import { sql } from '../../../src/database/sql.ts'
import { createDelivery, type Outcome } from '../../../src/outbox/delivery.ts'
import { DeliveryError, type Fate } from '../../../src/outbox/delivery-error.ts'
import { countMails, enqueueMail, LEASE, LIFE, type Mail, type NewMail } from '../../../src/outbox/outbox.ts'
import { testClock } from '../../helpers/app.ts'
import { caught } from '../../helpers/caught.ts'
import { migratedPool } from '../../helpers/pool.ts'

/** To the mail server. */
const CONNECTIONS = 20

/** What others wait at until it is opened. */
function door() {
  let open = () => {}
  const opened = new Promise<void>((resolve) => {
    open = resolve
  })
  return { open: () => open(), opened }
}

test('the mails that are due', async (t) => {
  const pool = await migratedPool(t)
  const database = createDatabase(pool, { timeout: 60_000 })
  t.beforeEach(async () => {
    await database.query(sql`TRUNCATE mails`)
  })

  /** An outbox of so many mails, and what sends them by `send`, which is told the number of each. */
  async function prepare(count: number, send: (number: number, mail: Mail) => Promise<boolean>) {
    const clock = testClock()
    const database = createDatabase(pool, { clock, timeout: 60_000 })
    const put = (recipient: number, rest: Partial<NewMail> = {}) =>
      enqueueMail(database, { kind: 'password changed', recipient: `${recipient}`, ...rest })
    for (let index = 0; index < count; index += 1) await put(index)
    const reported: [number: number, outcome: Outcome, error?: string][] = []
    let open = (): Database => createDatabase(pool, { clock, timeout: 60_000 })
    const delivery = createDelivery({
      openDatabase: () => open(),
      connections: CONNECTIONS,
      send: (mail) => send(Number(mail.recipient), mail),
      report: ({ recipient }, outcome, error) =>
        reported.push(error ? [Number(recipient), outcome, error.message] : [Number(recipient), outcome])
    })
    const outcomes = () => reported.sort(([one], [other]) => one - other)
    return {
      clock,
      delivery,
      put,
      outcomes,
      /** Whether a mail has found the server away. */
      postponed: () => reported.some(([, outcome]) => outcome === 'away'),
      /** Each connection is what this makes of it. */
      through(make: (database: Database) => Database) {
        open = () => make(createDatabase(pool, { clock, timeout: 60_000 }))
      }
    }
  }

  const left = async () =>
    (await database.query(sql`SELECT recipient, attempts FROM mails ORDER BY recipient::int`)).map(
      ({ recipient, attempts }) => [Number(recipient), attempts]
    )
  const numbers = (count: number) => Array.from({ length: count }, (_, index) => index)
  const meet = (fate: Fate) => Promise.reject(new DeliveryError(fate, `met ${fate}`))

  await t.test('are none', async (t) => {
    const { delivery } = await prepare(0, async () => true)
    delivery.wake()
    t.strictSame(await delivery.sendDue(), { taken: 0, done: 0 })
  })

  await t.test('are sent, many at once, and are gone', async (t) => {
    const count = CONNECTIONS * 2 + 3
    let running = 0
    let most = 0
    const full = door()
    const { delivery, outcomes } = await prepare(count, async () => {
      running += 1
      most = Math.max(most, running)
      if (running === CONNECTIONS) {
        // In vain: there is no lane.
        delivery.wake()
        setImmediate(() => setImmediate(() => setImmediate(full.open)))
      }
      await full.opened
      running -= 1
      return true
    })
    t.strictSame(await delivery.sendDue(), { taken: count, done: count })
    t.equal(await countMails(database), 0)
    t.strictSame(
      outcomes(),
      numbers(count).map((number) => [number, 'sent'])
    )
    t.equal(most, CONNECTIONS)
  })

  await t.test('to one recipient are sent one after the other, and hold up nobody else', async (t) => {
    const first = door()
    const others = door()
    const order: string[] = []
    const { delivery, put } = await prepare(0, async (number, { data }) => {
      order.push(`${number} ${data.at}`)
      if (number === 1) {
        if (data.at === 'first') await first.opened
      } else if (order.filter((each) => !each.startsWith('1 ')).length === 3) others.open()
      return true
    })
    for (const at of ['first', 'second', 'third']) await put(1, { data: { at } })
    for (const number of [2, 3]) await put(number, { data: { at: 'first' } })
    const sending = delivery.sendDue()
    while (order.length < 3) await new Promise(setImmediate)
    t.strictSame(order.toSorted(), ['1 first', '2 first', '3 first'])
    await put(4, { data: { at: 'later' } })
    delivery.wake()
    await others.opened
    t.strictSame(order.slice(3), ['4 later'], 'not even one that comes while a dialogue hangs')
    first.open()
    t.strictSame(await sending, { taken: 6, done: 6 })
    t.strictSame(order.slice(4), ['1 second', '1 third'])
  })

  await t.test('to one recipient go on when the lane ends while others are taken', async (t) => {
    const first = door()
    const { delivery, put, through } = await prepare(0, async (_number, { data }) => {
      if (data.at === 'first') await first.opened
      return true
    })
    for (const at of ['first', 'second']) await put(1, { data: { at } })
    let claims = 0
    through((database) => ({
      ...database,
      async query(statement) {
        const rows = await database.query(statement)
        if (statement.text.startsWith('WITH')) claims += 1
        if (claims === 2 && statement.text.startsWith('WITH')) {
          first.open()
          while ((await countMails(database)) > 1) await new Promise(setImmediate)
          for (let turn = 0; turn < 10; turn += 1) await new Promise(setImmediate)
        }
        return rows as never
      }
    }))
    const sending = delivery.sendDue()
    while (claims === 0) await new Promise(setImmediate)
    delivery.wake()
    t.strictSame(await sending, { taken: 2, done: 2 })
  })

  await t.test('are looked for by who is woken while nothing is under way', async (t) => {
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
    t.strictSame(await delivery.sendDue(), { taken: 1, done: 1 })
  })

  await t.test('come to different ends', async (t) => {
    const { delivery, outcomes } = await prepare(5, async (number) => {
      if (number === 1) return false
      if (number === 2) return meet('lost')
      if (number === 3) return meet('later')
      if (number === 4) throw new Error('the letter cannot be written')
      return true
    })
    t.strictSame(await delivery.sendDue(), { taken: 5, done: 3 })
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
    t.strictSame(await delivery.sendDue(), { taken: 0, done: 0 }, 'and what comes later does not come at once')
  })

  await t.test('leave out what is too old, without trying it', async (t) => {
    const { delivery, clock, outcomes } = await prepare(1, async () => t.fail('it was sent'))
    clock.advance(LIFE)
    t.strictSame(await delivery.sendDue(), { taken: 1, done: 1 })
    t.strictSame(outcomes(), [[0, 'expired']])
    t.equal(await countMails(database), 0)
  })

  await t.test('wait when the server turns out to be away: those that were begun end, and no other is', async (t) => {
    const count = CONNECTIONS * 2
    const { delivery, clock } = await prepare(count, async (number) => number < 2 || meet('away'))
    const { taken, done, away } = await delivery.sendDue()
    t.match(away, { fate: 'away', message: 'met away' })
    t.strictSame([taken, done], [CONNECTIONS, 2])
    const tried = (await left()).filter(([, attempts]) => attempts === 1)
    t.equal(tried.length, CONNECTIONS - 2)
    t.equal((await left()).length, count - 2, 'and none is lost')
    clock.advance(60)
    t.equal((await delivery.sendDue()).taken, CONNECTIONS, 'and all come again within a minute')
  })

  await t.test('are given back by who finds when taking them that they cannot be sent now', async (t) => {
    const begun = door()
    const taken = door()
    const { delivery, through, put, postponed } = await prepare(1, async () => {
      begun.open()
      await taken.opened
      return meet('away')
    })
    const sending = delivery.sendDue()
    await begun.opened
    await put(2)
    through((database) => ({
      ...database,
      async query(statement) {
        const rows = await database.query(statement)
        if (statement.text.startsWith('WITH')) {
          through((same) => same)
          taken.open()
          while (!postponed()) await new Promise(setImmediate)
        }
        return rows as never
      }
    }))
    delivery.wake()
    t.match(await sending, { taken: 1, away: { fate: 'away' } })
    t.strictSame(await left(), [
      [0, 1],
      [2, 0]
    ])
  })

  await t.test('stop when it is told to: what is on its way ends, and nothing more is begun', async (t) => {
    const count = CONNECTIONS + 3
    const { delivery, outcomes } = await prepare(count, async () => {
      delivery.stop()
      await new Promise(setImmediate)
      return true
    })
    await delivery.sendDue()
    t.equal(outcomes().length, CONNECTIONS)
    t.equal(await countMails(database), 3)
  })

  await t.test('that were sent while the database went away are not sent again when it is back', async (t) => {
    const { delivery, through, outcomes, clock } = await prepare(3, async () => {
      through(unavailable)
      return true
    })
    function unavailable(database: Database): Database {
      return { ...database, query: () => Promise.reject(new Error('the database is away')) }
    }
    t.match(await caught(delivery.sendDue()), { message: 'the database is away' })
    t.equal(await countMails(database), 3)
    t.match(await caught(delivery.sendDue()), { message: 'the database is away' })
    through((database) => database)
    clock.advance(LEASE + 1)
    await delivery.sendDue()
    t.equal(await countMails(database), 0)
    t.equal(outcomes().length, 3)
  })
})

test('two instances send each mail once', async (t: Test) => {
  const pool = await migratedPool(t)
  const database = createDatabase(pool, { timeout: 60_000 })
  const sent: string[] = []
  const instance = () =>
    createDelivery({
      openDatabase: () => createDatabase(pool, { timeout: 60_000 }),
      connections: CONNECTIONS,
      send: async ({ id }) => sent.push(id) > 0,
      report: () => {}
    })
  for (let index = 0; index < 60; index += 1) {
    await enqueueMail(database, { kind: 'finish registration', recipient: `${index}` })
  }
  const instances = [instance(), instance(), instance()]
  while ((await countMails(database)) > 0) await Promise.all(instances.map(({ sendDue }) => sendDue()))
  t.strictSame([sent.length, new Set(sent).size], [60, 60])
})
