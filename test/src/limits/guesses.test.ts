import { test } from 'tap'
import { createDatabase } from '../../../src/database/database.ts'
import { limitKey, nameKeys } from '../../../src/limits/counter-keys.ts'
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
import { times } from '../../helpers/times.ts'

const SECRET = Buffer.alloc(32, 7)

const key = (...parts: string[]) => limitKey(SECRET, ...parts)

test('guesses', async (t) => {
  const pool = await migratedPool(t)
  const database = () => createDatabase(pool, { clock, timeout: 60_000 })
  const stored = async () => (await pool.query('SELECT key, count FROM limits ORDER BY key')).rows
  let clock: TestClock
  t.beforeEach(async () => {
    await pool.query('TRUNCATE limits')
    clock = testClock({ still: true })
  })
  const count = (name = 'ada', device?: string) =>
    countGuess(database(), {
      name: key(name),
      device: device === undefined ? undefined : { own: key(device), all: key(`devices of ${name}`) }
    })
  /** Counts a guess, and leaves the number of failures out of the result. */
  async function guess(name?: string, device?: string) {
    const { failures: _, ...counted } = { failures: 0, ...(await count(name, device)) }
    return counted
  }
  const byName = (name = 'ada') => ({ counted: [key(name)] })
  const byDevice = (device: string, name = 'ada') => ({ counted: [key(device), key(`devices of ${name}`)] })

  await t.test('of a name are ten, and then one after each wait, which doubles up to an hour', async (t) => {
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

  await t.test('say how many they are in a row', async (t) => {
    const failures = async (name?: string, device?: string) => {
      const counted = await count(name, device)
      return 'failures' in counted ? counted.failures : undefined
    }
    t.strictSame(await times(MAX_GUESSES + 1, () => failures()), [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, undefined])
    t.strictSame(await times(MAX_GUESSES, () => failures('ada', 'phone')), [1, 2, 3, 4, 5, 6, 7, 8, 9, 10])
    t.equal(await failures('ada', 'tablet'), 1, 'each device by itself')
    clock.advance(30)
    t.equal(await failures(), 11)
    clock.advance(86_400)
    t.equal(await failures(), 1)
  })

  await t.test('of a name are ten, also if they are concurrent', async (t) => {
    const counts = await Promise.all(Array.from({ length: 40 }, () => guess()))
    t.equal(counts.filter((count) => 'counted' in count).length, MAX_GUESSES)
  })

  await t.test('are shown for each name of an account', async (t) => {
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

  await t.test('expire after a day', async (t) => {
    await times(MAX_GUESSES - 1, guess)
    clock.advance(86_400)
    t.strictSame(await times(MAX_GUESSES, guess), Array(MAX_GUESSES).fill(byName()))
    t.strictSame(await guess(), { wait: 30 })
    clock.advance(86_400)
    t.strictSame(await times(MAX_GUESSES, guess), Array(MAX_GUESSES).fill(byName()))
  })

  await t.test('of a known device are ten of its own, and then those of strangers', async (t) => {
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

  await t.test('of all devices of an account are twenty together, and then those of strangers', async (t) => {
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

  await t.test('of devices stay within ten each and twenty together, also if they are concurrent', async (t) => {
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

  await t.test('are not counted for a device if all devices together have used theirs', async (t) => {
    for (const device of ['phone', 'tablet']) await times(MAX_GUESSES, () => guess('ada', device))
    await times(MAX_GUESSES, () => guess('ada', 'watch'))
    await resetGuesses(database(), [key('devices of ada')])
    t.strictSame(await times(MAX_GUESSES, () => guess('ada', 'watch')), Array(MAX_GUESSES).fill(byDevice('watch')))
  })

  await t.test('are counted, refunded and reset concurrently without a deadlock', async (t) => {
    const keys = [key('phone'), key('devices of ada'), key('ada')]
    const works = [
      () => guess('ada', 'phone'),
      () => guess(),
      () => refundGuesses(database(), keys),
      () => resetGuesses(database(), keys)
    ]
    await t.resolves(Promise.all(Array.from({ length: 80 }, (_, index) => works[index % 4]?.())))
  })

  await t.test('are refunded', async (t) => {
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

  await t.test('are reset', async (t) => {
    await times(MAX_GUESSES, guess)
    await times(3, () => guess('ada', 'phone'))
    await guess('grace')
    await resetGuesses(database(), [key('phone'), key('devices of ada'), key('ada')])
    t.strictSame(await stored(), [{ key: key('grace'), count: 1 }])
    t.strictSame(await times(MAX_GUESSES, guess), Array(MAX_GUESSES).fill(byName()))
  })
})
