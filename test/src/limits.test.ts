import { test } from 'tap'
import { createDatabase } from '../../src/database.ts'
import {
  countAllWithin,
  countGuess,
  countWithin,
  forgive,
  GUESSES,
  limitKey,
  limitSecret,
  nameKeys,
  purgeLimits,
  readGuesses,
  uncount
} from '../../src/limits.ts'
import { type TestClock, testClock } from '../helper.ts'
import { migratedPool } from '../pool.ts'

const SECRET = Buffer.alloc(32, 7)
const LIMIT = { most: 3, within: 60 }
const key = (...what: string[]) => limitKey(SECRET, ...what)

test('the key of a counter', async (t) => {
  t.equal(key('login', '192.0.2.1').length, 16)
  const keys = [
    key('login', '192.0.2.1'),
    key('login', '192.0.2.2'),
    key('register', '192.0.2.1'),
    key('login,192.0.2.1'),
    limitKey(Buffer.alloc(32, 8), 'login', '192.0.2.1')
  ]
  t.equal(new Set(keys.map((each) => each.toString('hex'))).size, 5)
  t.strictSame(key('login', '192.0.2.1'), keys[0])
})

test('the keys of names', (t) => {
  const both = nameKeys(SECRET, { username: 'Ada', email: 'ada@Example.com' })
  t.strictSame(both, [key('username', 'ada'), key('email', 'ada@example.com')])
  t.strictSame(nameKeys(SECRET, { username: null, email: 'Ada' }), [key('email', 'ada')])
  t.strictSame(nameKeys(SECRET, {}), [])
  t.equal(limitSecret('a root secret').length, 32)
  t.end()
})

test('the stored limits', async (t) => {
  const pool = await migratedPool(t)
  const database = () => createDatabase(pool, 60_000)
  const stored = async () => (await pool.query('SELECT key, count FROM limits ORDER BY key')).rows
  let clock: TestClock
  t.beforeEach(async () => {
    await pool.query('TRUNCATE limits')
    clock = testClock()
  })
  const address = (name = 'here') => countWithin(database(), clock, key(name), LIMIT)
  const guess = (name = 'ada', device?: string) =>
    countGuess(database(), clock, { name: key(name), device: device === undefined ? undefined : key(device) })
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
        clock,
        names.map((name) => key(name)),
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
          clock,
          each.map((name) => key(name)),
          LIMIT
        )
      )
    )
    const through = counts.flat().flatMap((count) => ('counted' in count ? [count.counted.toString('hex')] : []))
    t.strictSame(through.sort(), names.flatMap((name) => Array(3).fill(key(name).toString('hex'))).sort())
  })

  await t.test('let ten guesses of a name through, and then one after each wait, which doubles', async (t) => {
    t.strictSame(await times(GUESSES, guess), Array(GUESSES).fill({ counted: key('ada') }))
    for (const wait of [30, 60, 120, 240, 480, 960, 1920, 3600, 3600]) {
      t.strictSame(await guess(), { wait })
      t.strictSame(await guess(), { wait }, 'what is refused is not counted')
      clock.advance(wait - 2)
      t.strictSame(await guess(), { wait: 2 })
      clock.advance(2)
      t.strictSame(await guess(), { counted: key('ada') })
    }
    t.strictSame(await guess('grace'), { counted: key('grace') })
  })

  await t.test('let ten guesses through of any number at once', async (t) => {
    const counts = await Promise.all(Array.from({ length: 40 }, () => guess()))
    t.equal(counts.filter((count) => 'counted' in count).length, GUESSES)
  })

  await t.test('tell what is counted against the names of an account', async (t) => {
    const ada = { username: 'Ada', email: 'ada@example.com' }
    const guesses = (names: { username: string | null; email: string | null } = ada) =>
      readGuesses(database(), clock, SECRET, names)
    const name = nameKeys(SECRET, ada)[0] as Buffer
    const wrong = (count: number) => times(count, () => countGuess(database(), clock, { name, device: undefined }))
    const email = { name: 'email', wrong: 0, heldOffFor: 0 }
    t.strictSame(await guesses(), [{ name: 'username', wrong: 0, heldOffFor: 0 }, email])
    await wrong(9)
    t.strictSame(await guesses(), [{ name: 'username', wrong: 9, heldOffFor: 0 }, email])
    await wrong(1)
    const [username] = await guesses()
    t.match(username, { name: 'username', wrong: 10 })
    t.ok(username && username.heldOffFor > 20 && username.heldOffFor <= 30)
    t.strictSame(await guesses({ username: null, email: ada.email }), [email])
    clock.advance(30)
    t.match(await guesses(), [{ wrong: 10, heldOffFor: 0 }, email])
    clock.advance(86_400)
    t.strictSame(await guesses(), [{ name: 'username', wrong: 0, heldOffFor: 0 }, email], 'until it is over')
  })

  await t.test('remember wrong guesses for a day', async (t) => {
    await times(GUESSES - 1, guess)
    clock.advance(86_400)
    t.strictSame(await times(GUESSES, guess), Array(GUESSES).fill({ counted: key('ada') }))
    t.strictSame(await guess(), { wait: 30 })
    clock.advance(86_400)
    t.strictSame(await times(GUESSES, guess), Array(GUESSES).fill({ counted: key('ada') }))
  })

  await t.test('have guesses of their own for a known device, and then those of strangers', async (t) => {
    await times(GUESSES, guess)
    t.strictSame(await guess(), { wait: 30 })
    const known = () => guess('ada', 'phone')
    t.strictSame(await times(GUESSES, known), Array(GUESSES).fill({ counted: key('phone') }))
    t.strictSame(await known(), { wait: 30 })
    clock.advance(30)
    t.strictSame(await known(), { counted: key('ada') })
    t.strictSame(await guess('ada', 'tablet'), { counted: key('tablet') }, 'another has its own')
    clock.advance(86_400)
    t.strictSame(await known(), { counted: key('phone') }, 'and so has the first, a day later')
  })

  await t.test('take back what was counted', async (t) => {
    await times(GUESSES, guess)
    await uncount(database(), clock, [key('ada')])
    t.strictSame(await guess(), { counted: key('ada') }, 'so that nothing is blocked')
    t.strictSame(await guess(), { wait: 30 })
    clock.advance(30)
    t.strictSame(await guess(), { counted: key('ada') })
    t.strictSame(await guess(), { wait: 60 })
    await uncount(database(), clock, [key('ada')])
    t.strictSame(await guess(), { counted: key('ada') }, 'or no longer')
    t.strictSame(await guess(), { wait: 60 })
    await uncount(database(), clock, [key('nobody')])
    await guess('grace')
    for (let index = 0; index < 3; index++) await uncount(database(), clock, [key('grace')])
    t.match((await stored()).map(({ count }) => count).sort(), [0, 11], 'never below nothing')
  })

  await t.test('forget', async (t) => {
    await times(GUESSES, guess)
    await times(3, () => guess('ada', 'phone'))
    await guess('grace')
    await forgive(database(), [key('ada'), key('phone')])
    t.strictSame(await stored(), [{ key: key('grace'), count: 1 }])
    t.strictSame(await times(GUESSES, guess), Array(GUESSES).fill({ counted: key('ada') }))
  })

  await t.test('are deleted when they are over, a few at a time', async (t) => {
    for (const name of ['a', 'b', 'c']) await address(name)
    await guess()
    t.equal(await purgeLimits(database(), clock), 0)
    clock.advance(60)
    t.equal(await purgeLimits(database(), clock, 2), 2)
    t.equal(await purgeLimits(database(), clock, 2), 1)
    t.strictSame(await stored(), [{ key: key('ada'), count: 1 }])
    clock.advance(86_400)
    t.equal(await purgeLimits(database(), clock), 1)
  })
})
