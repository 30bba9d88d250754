import { test } from 'tap'
import { createDatabase } from '../../../src/database/database.ts'
import { limitKey } from '../../../src/limits/counter-keys.ts'
import { type CountResult, countAllWithin, countWithin, purgeLimits } from '../../../src/limits/counters.ts'
import { type TestClock, testClock } from '../../helpers/app.ts'
import { migratedPool } from '../../helpers/pool.ts'
import { times } from '../../helpers/times.ts'

const SECRET = Buffer.alloc(32, 7)

const LIMIT = { most: 3, within: 60 }

const key = (...parts: string[]) => limitKey(SECRET, ...parts)

test('counters', async (t) => {
  const pool = await migratedPool(t)
  const database = () => createDatabase(pool, { clock, timeout: 60_000 })
  const stored = async () => (await pool.query('SELECT key, count FROM limits ORDER BY key')).rows
  let clock: TestClock
  t.beforeEach(async () => {
    await pool.query('TRUNCATE limits')
    clock = testClock({ still: true })
  })
  const address = (name = 'here') => countWithin(database(), key(name), LIMIT)

  await t.test('allow a number of events in a window, and then return the seconds until its end', async (t) => {
    t.strictSame(await times(3, address), Array(3).fill({ counted: key('here') }))
    t.strictSame(await address(), { wait: 60 })
    clock.advance(20)
    t.strictSame(await address(), { wait: 40 })
    t.strictSame(await address('elsewhere'), { counted: key('elsewhere') })
    clock.advance(40)
    t.strictSame(await times(3, address), Array(3).fill({ counted: key('here') }), 'and then again')
    t.strictSame(await address(), { wait: 60 })
    t.match(await stored(), [{ count: Number }, { count: Number }])
  })

  await t.test('allow no more than the limit of concurrent events', async (t) => {
    const counts = await Promise.all(Array.from({ length: 20 }, () => address()))
    t.equal(counts.filter((count) => 'counted' in count).length, 3)
    for (const count of counts) if ('wait' in count) t.ok(count.wait >= 1 && count.wait <= 60)
  })

  await t.test('count several events in one statement, and allow the first of each key', async (t) => {
    const together = (...names: string[]) =>
      countAllWithin(
        database(),
        names.map((name) => ({ key: key(name) })),
        LIMIT
      )
    const [here, there] = [{ counted: key('here') }, { counted: key('there') }]
    const wait = { wait: 60 }
    t.strictSame(await together(), [])
    t.strictSame(await together('here', 'there', 'here'), [here, there, here])
    clock.advance(20)
    t.strictSame(await together('here', 'here', 'there', 'here'), [here, { wait: 40 }, there, { wait: 40 }])
    t.strictSame(
      await together('here', 'there'),
      [{ wait: 40 }, there],
      'what has used up its share keeps nothing back'
    )
    clock.advance(40)
    t.strictSame(await together(...Array(5).fill('here')), [here, here, here, wait, wait], 'and then again')
  })

  await t.test('count the same keys on several instances without a deadlock', async (t) => {
    const names = Array.from({ length: 20 }, (_, index) => `address ${index}`)
    const rounds = Array.from({ length: 10 }, (_, round) => [...names.slice(round), ...names.slice(0, round)])
    const counts = await Promise.all(
      rounds.map((each) =>
        countAllWithin(
          database(),
          each.map((name) => ({ key: key(name), wide: key('a wide network') })),
          { ...LIMIT, most: 30 }
        )
      )
    )
    const through = counts.flat().flatMap((count) => ('counted' in count ? [count.counted.toString('hex')] : []))
    t.equal(through.length, 200)
    t.match(await stored(), Array(21).fill({ count: /^(10|200)$/ }))
  })

  await t.test('count for a wide network only the events that its networks allowed', async (t) => {
    const from = (...clients: [name: string, wide: string][]) =>
      countAllWithin(
        database(),
        clients.map(([name, wide]) => ({ key: key(name), wide: key(wide) })),
        LIMIT
      )
    const kinds = (counts: CountResult[]) => counts.map((count) => ('counted' in count ? 'through' : count.wait))
    // The limit of the wide network is ten times that of one.
    t.strictSame(kinds(await from(...Array(5).fill(['a', 'wide']))), ['through', 'through', 'through', 60, 60])
    for (const name of ['b', 'c', 'd', 'e', 'f', 'g', 'h', 'i']) await from(...Array(3).fill([name, 'wide']))
    t.strictSame(
      kinds(await from(...Array(9).fill(['a', 'wide']))),
      Array(9).fill(60),
      'what one is refused is not its'
    )
    clock.advance(10)
    t.strictSame(
      kinds(await from(['j', 'wide'], ['k', 'wide'], ['l', 'wide'], ['m', 'wide'], ['j', 'wide'], ['n', 'elsewhere'])),
      ['through', 'through', 'through', 50, 50, 'through']
    )
    t.strictSame(kinds(await from(['o', 'wide'], ['n', 'elsewhere'])), [50, 'through'])
    t.strictSame(kinds([await countWithin(database(), key('o'), LIMIT)]), ['through'], 'and not by itself')
    clock.advance(60)
    t.strictSame(kinds(await from(['o', 'wide'])), ['through'])
  })

  await t.test('are deleted after they have expired, in batches', async (t) => {
    for (const name of ['a', 'b', 'c']) await address(name)
    await countWithin(database(), key('long'), { most: 3, within: 3600 })
    t.equal(await purgeLimits(database(), 1000), 0)
    clock.advance(60)
    t.equal(await purgeLimits(database(), 2), 2)
    t.equal(await purgeLimits(database(), 2), 1)
    t.strictSame(await stored(), [{ key: key('long'), count: 1 }])
    clock.advance(3600)
    t.equal(await purgeLimits(database(), 1000), 1)
  })
})
