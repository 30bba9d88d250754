import { type Test, test } from 'tap'
import { createDatabase, type Database } from '../../../src/database/database.ts'
import { sql } from '../../../src/database/sql.ts'
import { DeliveryError } from '../../../src/outbox/delivery-error.ts'
import { createDispatcher } from '../../../src/outbox/dispatcher.ts'
import { MAX_AGE } from '../../../src/outbox/outbox.ts'
import { testClock } from '../../helpers/app.ts'
import { caught } from '../../helpers/caught.ts'
import { createParcels, PARCELS, type Parcel, putParcel } from '../../helpers/parcels.ts'
import { emptyPool } from '../../helpers/pool.ts'
import { testTimers } from '../../helpers/timers.ts'

const DELIVERED = { level: 'info', note: null, attempts: 1, message: 'parcel delivered' }
const PAUSED = { level: 'warn', message: 'delivery of parcel paused, will retry' }
const RESUMED = { level: 'info', message: 'delivery of parcel resumed' }

test('a dispatcher', async (t) => {
  const pool = await emptyPool(t)
  await createParcels(createDatabase(pool, { timeout: 60_000 }))
  t.beforeEach(async () => {
    await createDatabase(pool, { timeout: 60_000 }).query(sql`TRUNCATE parcels`)
  })

  /** Starts a dispatcher; a test replaces what `state` has. */
  async function start(t: Test) {
    const clock = testClock()
    const timers = testTimers()
    const log: Record<string, unknown>[] = []
    const writeLine = (level: string) => (fields: object, message: string) => {
      const { parcel, ...rest } = { parcel: undefined, ...fields }
      log.push({ level, ...rest, message })
    }
    const state = {
      attempts: 0,
      preparations: 0,
      deliver: async (_parcel: Parcel) => true,
      prepare: async () => false,
      openDatabase: (): Database => createDatabase(pool, { clock, timeout: 60_000 })
    }
    const dispatcher = createDispatcher({
      name: 'parcel',
      outbox: PARCELS,
      openDatabase: () => state.openDatabase(),
      async deliver(parcel) {
        state.attempts += 1
        return state.deliver(parcel)
      },
      describe: ({ note }) => ({ note }),
      async prepare() {
        state.preparations += 1
        return state.prepare()
      },
      connections: 20,
      timers,
      log: { info: writeLine('info'), warn: writeLine('warn'), error: writeLine('error') }
    })
    dispatcher.start()
    t.teardown(() => dispatcher.stop(() => {}))
    return {
      dispatcher,
      state,
      clock,
      log,
      put: (recipient = 'ada', delay = 0) => putParcel(state.openDatabase(), recipient, { delay }),
      /** Passes time; deliveries that begin in it may end later. */
      advance: timers.pass
    }
  }

  /** Waits until a condition holds that depends on what runs in the background. */
  async function until(holds: () => boolean | Promise<boolean>): Promise<void> {
    while (!(await holds())) await new Promise(setImmediate)
  }

  const unavailable = async () => {
    throw new DeliveryError('unavailable', 'nobody there')
  }

  await t.test('delivers what is due when it is flushed, and reports it', async (t) => {
    const { dispatcher, log, put } = await start(t)
    await put('ada')
    await put('grace')
    await dispatcher.flush()
    t.strictSame(log, [DELIVERED, DELIVERED])
    t.strictSame(dispatcher.outcomes, {
      delivered: 2,
      dropped: 0,
      expired: 0,
      permanent: 0,
      transient: 0,
      unavailable: 0
    })
    t.equal(dispatcher.waiting, 0)
  })

  await t.test('does not log an item that is not needed any more', async (t) => {
    const { dispatcher, state, log, put } = await start(t)
    state.deliver = async () => false
    await put()
    await dispatcher.flush()
    t.strictSame(log, [])
    t.equal(dispatcher.outcomes.dropped, 1)
  })

  await t.test('retries after a transient failure, and logs the reason', async (t) => {
    const { dispatcher, state, clock, log, put } = await start(t)
    const failures: Error[] = [new DeliveryError('transient', 'not today'), new Error('no string')]
    state.deliver = async () => {
      const failure = failures.shift()
      if (failure) throw failure
      return true
    }
    await put()
    for (let attempt = 1; attempt <= 3; attempt += 1) {
      await dispatcher.flush()
      await dispatcher.flush()
      t.equal(state.attempts, attempt, 'not at once')
      t.equal(dispatcher.waiting, attempt < 3 ? 1 : 0)
      clock.advance(30)
    }
    const message = 'could not deliver parcel, will retry'
    t.match(log, [
      { level: 'warn', attempts: 1, reason: 'not today', message },
      { level: 'warn', attempts: 2, err: { message: 'no string' }, message },
      { ...DELIVERED, attempts: 3 }
    ])
    t.equal(dispatcher.outcomes.transient, 2)
  })

  await t.test('gives up after a permanent failure, or after a day', async (t) => {
    const { dispatcher, state, clock, log, put } = await start(t)
    state.deliver = async () => {
      throw new DeliveryError('permanent', 'no such recipient')
    }
    await put()
    await dispatcher.flush()
    await put()
    clock.advance(MAX_AGE)
    await dispatcher.flush()
    t.strictSame(log, [
      {
        level: 'warn',
        note: null,
        attempts: 1,
        reason: 'no such recipient',
        message: 'gave up parcel: the recipient was refused'
      },
      { level: 'error', note: null, attempts: 1, message: 'gave up parcel: could not be delivered for a day' }
    ])
    t.match(dispatcher.outcomes, { permanent: 1, expired: 1 })
    t.equal(dispatcher.waiting, 0)
  })

  await t.test('reads the outbox every five seconds', async (t) => {
    const { dispatcher, state, advance, put } = await start(t)
    for (const count of [1, 2]) {
      await put()
      await advance(4_999)
      t.equal(state.attempts, count - 1)
      await advance(1)
      await until(() => dispatcher.outcomes.delivered === count)
    }
  })

  await t.test('reads it within a second after it is woken, however often', async (t) => {
    const { dispatcher, state, advance, put } = await start(t)
    await put()
    dispatcher.wake()
    dispatcher.wake()
    await advance(199)
    t.equal(state.preparations, 0)
    await advance(801)
    await until(() => state.attempts === 1)
    t.equal(state.preparations, 1)
  })

  await t.test('reads it again soon if it is woken during a delivery', async (t) => {
    const { dispatcher, state, advance, put } = await start(t)
    let end = (_needed: boolean) => {}
    state.deliver = () =>
      new Promise((resolve) => {
        end = resolve
      })
    await put('ada')
    await advance(5_000)
    await until(() => state.attempts === 1)
    state.deliver = async () => true
    await put('grace')
    dispatcher.wake()
    await advance(1_000)
    await until(() => state.attempts === 2)
    end(true)
    await dispatcher.flush()
    t.equal(dispatcher.outcomes.delivered, 2)
  })

  await t.test('reads it again soon if it is woken while it is read', async (t) => {
    const { dispatcher, state, advance, put } = await start(t)
    state.prepare = async () => {
      state.prepare = async () => false
      dispatcher.wake()
      return false
    }
    await advance(5_000)
    t.equal(state.preparations, 1)
    await put()
    await advance(1_000)
    await until(() => state.attempts === 1)
    t.equal(state.preparations, 2)
  })

  await t.test('prepares until there is nothing more to prepare', async (t) => {
    const { state, advance } = await start(t)
    state.prepare = async () => state.preparations < 3
    await advance(5_000)
    t.equal(state.preparations, 3)
  })

  await t.test('delivers an item when its delay is over', async (t) => {
    const { dispatcher, state, clock, advance, put } = await start(t)
    await put('ada', 120_000)
    await put('grace', 3_000)
    dispatcher.wake()
    await advance(1_000)
    t.equal(state.attempts, 0)
    clock.advance(3)
    await advance(3_000)
    await until(() => state.attempts === 1)
    t.equal(state.attempts, 1)
  })

  await t.test('prepares and delivers also while another delivery hangs', async (t) => {
    const { dispatcher, state, advance, put } = await start(t)
    let end = (_needed: boolean) => {}
    state.deliver = ({ recipient }) =>
      recipient === 'ada'
        ? new Promise((resolve) => {
            end = resolve
          })
        : Promise.resolve(true)
    await put('ada')
    await advance(5_000)
    await until(() => state.attempts === 1)
    await put('grace')
    await advance(5_000)
    await until(() => dispatcher.outcomes.delivered === 1)
    t.equal(state.preparations, 2)
    end(true)
    await dispatcher.flush()
    t.equal(dispatcher.outcomes.delivered, 2)
  })

  await t.test('pauses longer and longer while the receiver is unavailable, although it is woken', async (t) => {
    const { dispatcher, state, clock, log, advance, put } = await start(t)
    state.deliver = unavailable
    await put()
    t.match(await caught(dispatcher.flush()), { failure: 'unavailable' })
    for (const [index, pause] of [2_000, 4_000, 8_000, 16_000, 32_000, 60_000, 60_000].entries()) {
      await state.openDatabase().query(sql`UPDATE parcels SET next_attempt_at = created_at`)
      dispatcher.wake()
      await advance(pause - 1)
      t.equal(state.attempts, index + 1)
      await advance(1)
      await until(() => dispatcher.outcomes.unavailable === index + 2)
      await caught(dispatcher.flush())
    }
    state.deliver = async () => true
    await dispatcher.flush()
    t.strictSame(log, [{ ...PAUSED, reason: 'nobody there' }], 'nothing was due, so that nothing is known')
    clock.advance(120)
    await dispatcher.flush()
    await put()
    await dispatcher.flush()
    t.strictSame(log.slice(1), [{ ...DELIVERED, attempts: 9 }, RESUMED, DELIVERED])
  })

  await t.test('pauses as at first if the receiver accepted some items before it became unavailable', async (t) => {
    const { dispatcher, state, clock, log, put } = await start(t)
    state.deliver = unavailable
    await put('ada')
    await caught(dispatcher.flush())
    clock.advance(60)
    await put('grace')
    state.deliver = async () => {
      state.deliver = unavailable
      return true
    }
    await caught(dispatcher.flush())
    const paused = { ...PAUSED, reason: 'nobody there' }
    t.match(log, [paused, { message: 'parcel delivered' }, paused])
  })

  await t.test('pauses while the database is unavailable', async (t) => {
    const { dispatcher, state, log, put } = await start(t)
    await put()
    const { openDatabase } = state
    state.openDatabase = () => ({ ...openDatabase(), query: () => Promise.reject(new Error('no database')) })
    t.match(await caught(dispatcher.flush()), { message: 'no database' })
    state.openDatabase = openDatabase
    await dispatcher.flush()
    t.match(log, [{ ...PAUSED, err: { message: 'no database' } }, DELIVERED, RESUMED])
  })

  await t.test('delivers also while it cannot prepare, which is logged once', async (t) => {
    const { dispatcher, state, log, advance, put } = await start(t)
    for (const round of [0, 1]) {
      state.prepare = async () => {
        throw new Error('no')
      }
      for (const time of [1, 2]) {
        await put()
        await advance(5_000)
        await until(() => dispatcher.outcomes.delivered === round * 2 + time)
      }
      state.prepare = async () => false
      await advance(5_000)
    }
    const others = log.filter(({ message }) => message !== 'parcel delivered')
    const line = { level: 'warn', err: { message: 'no' }, message: 'could not read the outbox of parcel' }
    t.match(others, [line, line])
    t.equal(others.length, 2)
  })

  await t.test('delivers also while it cannot find out when the next item is due', async (t) => {
    const { dispatcher, state, log, advance, put } = await start(t)
    const { openDatabase } = state
    state.openDatabase = () => {
      const database = openDatabase()
      const query: Database['query'] = (statement) =>
        /> moment/.test(statement.text) ? Promise.reject(new Error('no')) : database.query(statement)
      return { ...database, query }
    }
    await put()
    await advance(5_000)
    await until(() => dispatcher.outcomes.delivered === 1)
    t.strictSame(log, [DELIVERED])
  })

  await t.test('does nothing any more once it is stopped', async (t) => {
    const { dispatcher, state, advance } = await start(t)
    let cutOff = 0
    await dispatcher.stop(() => {
      cutOff += 1
    })
    t.equal(cutOff, 1)
    state.openDatabase = () => t.fail('it opened the database') as never
    dispatcher.wake()
    await advance(120_000)
    t.equal(state.preparations, 0)
  })

  await t.test('cuts off a delivery that hangs two seconds after it is stopped', async (t) => {
    const { dispatcher, state, advance, put } = await start(t)
    let fail = (_error: Error) => {}
    state.deliver = () =>
      new Promise((_resolve, reject) => {
        fail = reject
      })
    await put()
    await advance(5_000)
    await until(() => state.attempts === 1)
    let isCutOff = false
    const stopping = dispatcher.stop(() => {
      isCutOff = true
      fail(new DeliveryError('unavailable', 'cut off'))
    })
    await advance(1_999)
    t.equal(isCutOff, false)
    await advance(1)
    await stopping
    t.equal(dispatcher.outcomes.unavailable, 1)
  })
})
