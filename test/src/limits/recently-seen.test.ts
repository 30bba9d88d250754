import { test } from 'tap'
import { createSieve } from '../../../src/limits/recently-seen.ts'

test('what is news', async (t) => {
  let now = 120_000
  const isNews = createSieve(() => now, 60_000)
  t.strictSame(['a', 'b', 'a', 'b'].map(isNews), [true, true, false, false])
  now += 59_999
  t.notOk(isNews('a'))
  now += 1
  t.strictSame(['a', 'a'].map(isNews), [true, false], 'is news again a minute later')
  for (let index = 1; index < 10_000; index++) isNews(`${index}`)
  t.ok(isNews('one too many'))
  t.ok(isNews('a'), 'and where there is too much of it to remember')
})
