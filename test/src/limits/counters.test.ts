import { test } from 'tap'
import { createDatabase } from '../../../src/database/database.ts'
import { limitKey, nameKeys } from '../../../src/limits/counter-keys.ts'
import { type CountResult, countAllWithin, countWithin, purgeLimits } from '../../../src/limits/counters.ts'
import {
  countGuess,
  MAX_DEVICE_GUESSES,
  MAX_GUESSES,
  readGuesses,
  refundGuesses,
  resetGuesses
} from '../../../src/limits/guesses.ts'
import { type TestClock, testClock } from '../../helpers/app.ts'
import { migratedPool } from '../../helpers/pool.ts'

const SECRET = Buffer.alloc(32, 7)

const LIMIT = { most: 3, within: 60 }

const key = (...what: string[]) => limitKey(SECRET, ...what)

test('the stored limits', async (t) => {
  const pool = await migratedPool(t)
  const database = () => createDatabase(pool, { clock, timeout: 60_000 })
  const stored = async () => (await pool.query('SELECT key, count FROM limits ORDER BY key')).rows
  let clock: TestClock
  t.beforeEach(async () => {
    await pool.query('TRUNCATE limits')
    clock = testClock()
  })
  const address = (name = 'here') => countWithin(database(), key(name), LIMIT)
  const guess = (name = 'ada', device?: string) =>
    countGuess(database(), {
      name: key(name),
      device: device === undefined ? undefined : { own: key(device), all: key(`devices of ${name}`) }
    })
  const byName = (name = 'ada') => ({ counted: [key(name)] })
  const byDevice = (device: string, name = 'ada') => ({ counted: [key(device), key(`devices of ${name}`)] })
  const times = async <Result>(count: number, work: () => Promise<Result>) => {
    const results: Result[] = []
    for (let index = 0; index < count; index++) results.push(await work())
    return results
  }

  await t.test('let so many through within a time, and then say how long to wait', async (t) => {
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

  await t.test('let so many through of any number at once', async (t) => {
    const counts = await Promise.all(Array.from({ length: 20 }, () => address()))
    t.equal(counts.filter((count) => 'counted' in count).length, 3)
    for (const count of counts) if ('wait' in count) t.ok(count.wait >= 1 && count.wait <= 60)
  })

  await t.test('count together what comes at once, and let the first of the same through', async (t) => {
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

  await t.test('count together the same at several instances, without a deadlock', async (t) => {
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

  await t.test('let ten guesses of a name through, and then one after each wait, which doubles', async (t) => {
    t.strictSame(await times(MAX_GUESSES, guess), Array(MAX_GUESSES).fill(byName()))
    for (const wait of [30, 60, 120, 240, 480, 960, 1920, 3600, 3600]) {
      t.strictSame(await guess(), { wait })
      t.strictSame(await guess(), { wait }, 'what is refused is not counted')
      clock.advance(wait - 2)
      t.strictSame(await guess(), { wait: 2 })
      clock.advance(2)
      t.strictSame(await guess(), byName())
    }
    t.strictSame(await guess('grace'), byName('grace'))
  })

  await t.test('let ten guesses through of any number at once', async (t) => {
    const counts = await Promise.all(Array.from({ length: 40 }, () => guess()))
    t.equal(counts.filter((count) => 'counted' in count).length, MAX_GUESSES)
  })

  await t.test('tell what is counted against the names of an account', async (t) => {
    const ada = { username: 'Ada', email: 'ada@example.com' }
    const guesses = (names: { username: string | null; email: string | null } = ada) =>
      readGuesses(database(), SECRET, names)
    const name = nameKeys(SECRET, ada)[0] as Buffer
    const wrong = (count: number) => times(count, () => countGuess(database(), { name, device: undefined }))
    const email = { name: 'email', wrong: 0, blockedFor: 0 }
    t.strictSame(await guesses(), [{ name: 'username', wrong: 0, blockedFor: 0 }, email])
    await wrong(9)
    t.strictSame(await guesses(), [{ name: 'username', wrong: 9, blockedFor: 0 }, email])
    await wrong(1)
    const [username] = await guesses()
    t.match(username, { name: 'username', wrong: 10 })
    t.ok(username && username.blockedFor > 20 && username.blockedFor <= 30)
    t.strictSame(await guesses({ username: null, email: ada.email }), [email])
    clock.advance(30)
    t.match(await guesses(), [{ wrong: 10, blockedFor: 0 }, email])
    clock.advance(86_400)
    t.strictSame(await guesses(), [{ name: 'username', wrong: 0, blockedFor: 0 }, email], 'until it is over')
  })

  await t.test('remember wrong guesses for a day', async (t) => {
    await times(MAX_GUESSES - 1, guess)
    clock.advance(86_400)
    t.strictSame(await times(MAX_GUESSES, guess), Array(MAX_GUESSES).fill(byName()))
    t.strictSame(await guess(), { wait: 30 })
    clock.advance(86_400)
    t.strictSame(await times(MAX_GUESSES, guess), Array(MAX_GUESSES).fill(byName()))
  })

  await t.test('have guesses of their own for a known device, and then those of strangers', async (t) => {
    await times(MAX_GUESSES, guess)
    t.strictSame(await guess(), { wait: 30 })
    const known = () => guess('ada', 'phone')
    t.strictSame(await times(MAX_GUESSES, known), Array(MAX_GUESSES).fill(byDevice('phone')))
    t.strictSame(await known(), { wait: 30 })
    clock.advance(30)
    t.strictSame(await known(), byName())
    t.strictSame(await guess('ada', 'tablet'), byDevice('tablet'), 'another has its own')
    clock.advance(86_400)
    t.strictSame(await known(), byDevice('phone'), 'and so has the first, a day later')
  })

  await t.test('are twenty for all devices of an account together, and then those of strangers', async (t) => {
    const devices = ['phone', 'tablet', 'laptop', 'watch']
    const half = await Promise.all(devices.flatMap((device) => Array.from({ length: 5 }, () => guess('ada', device))))
    t.strictSame(
      half,
      devices.flatMap((device) => Array(5).fill(byDevice(device)))
    )
    t.equal(half.length, MAX_DEVICE_GUESSES)
    const rest = await times(MAX_GUESSES, () => guess('ada', 'watch'))
    t.strictSame(rest, Array(MAX_GUESSES).fill(byName()))
    t.strictSame(await guess('ada', 'phone'), { wait: 30 })
    t.strictSame(await guess('grace', 'the phone of another'), byDevice('the phone of another', 'grace'))
    clock.advance(86_400)
    t.strictSame(await times(MAX_GUESSES, () => guess('ada', 'watch')), Array(MAX_GUESSES).fill(byDevice('watch')))
  })

  await t.test('are no more than twenty for any number of devices at once, nor ten for one', async (t) => {
    const one = await Promise.all(Array.from({ length: 15 }, () => guess('ada', 'phone')))
    t.equal(one.filter((count) => 'counted' in count && count.counted.length === 2).length, MAX_GUESSES)
    const all = await Promise.all(Array.from({ length: 40 }, (_, index) => guess('ada', `device ${index}`)))
    const counted = all.filter((count) => 'counted' in count && count.counted.length === 2)
    t.equal(counted.length, MAX_DEVICE_GUESSES - MAX_GUESSES)
    t.equal(
      all.filter((count) => 'wait' in count).length,
      40 - 15,
      'beside the ten of strangers, of which five are left'
    )
  })

  await t.test('use up no guess of a device where all devices have had theirs', async (t) => {
    for (const device of ['phone', 'tablet']) await times(MAX_GUESSES, () => guess('ada', device))
    await times(MAX_GUESSES, () => guess('ada', 'watch'))
    await resetGuesses(database(), [key('devices of ada')])
    t.strictSame(await times(MAX_GUESSES, () => guess('ada', 'watch')), Array(MAX_GUESSES).fill(byDevice('watch')))
  })

  await t.test('are counted, taken back and forgotten at once, without a deadlock', async (t) => {
    const keys = [key('phone'), key('devices of ada'), key('ada')]
    const works = [
      () => guess('ada', 'phone'),
      () => guess(),
      () => refundGuesses(database(), keys),
      () => resetGuesses(database(), keys)
    ]
    await t.resolves(Promise.all(Array.from({ length: 80 }, (_, index) => works[index % 4]?.())))
  })

  await t.test('count a network of networks by what each of them lets through', async (t) => {
    const from = (...clients: [name: string, wide: string][]) =>
      countAllWithin(
        database(),
        clients.map(([name, wide]) => ({ key: key(name), wide: key(wide) })),
        LIMIT
      )
    const kinds = (counts: CountResult[]) => counts.map((count) => ('counted' in count ? 'through' : count.wait))
    // 10 times as many as from one of them.
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

  await t.test('take back what was counted', async (t) => {
    await times(MAX_GUESSES, guess)
    await refundGuesses(database(), [key('ada')])
    t.strictSame(await guess(), byName(), 'so that nothing is blocked')
    t.strictSame(await guess(), { wait: 30 })
    clock.advance(30)
    t.strictSame(await guess(), byName())
    t.strictSame(await guess(), { wait: 60 })
    await refundGuesses(database(), [key('ada')])
    t.strictSame(await guess(), byName(), 'or no longer')
    t.strictSame(await guess(), { wait: 60 })
    await refundGuesses(database(), [key('nobody')])
    await guess('grace')
    for (let index = 0; index < 3; index++) await refundGuesses(database(), [key('grace')])
    t.match((await stored()).map(({ count }) => count).sort(), [0, 11], 'never below nothing')
  })

  await t.test('forget', async (t) => {
    await times(MAX_GUESSES, guess)
    await times(3, () => guess('ada', 'phone'))
    await guess('grace')
    await resetGuesses(database(), [key('phone'), key('devices of ada'), key('ada')])
    t.strictSame(await stored(), [{ key: key('grace'), count: 1 }])
    t.strictSame(await times(MAX_GUESSES, guess), Array(MAX_GUESSES).fill(byName()))
  })

  await t.test('are deleted when they are over, a few at a time', async (t) => {
    for (const name of ['a', 'b', 'c']) await address(name)
    await guess()
    t.equal(await purgeLimits(database(), 1000), 0)
    clock.advance(60)
    t.equal(await purgeLimits(database(), 2), 2)
    t.equal(await purgeLimits(database(), 2), 1)
    t.strictSame(await stored(), [{ key: key('ada'), count: 1 }])
    clock.advance(86_400)
    t.equal(await purgeLimits(database(), 1000), 1)
  })
})
