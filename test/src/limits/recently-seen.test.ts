import { test } from 'tap'
import { createRecentlySeen } from '../../../src/limits/recently-seen.ts'

test('only the first occurrence of a key in a window is new', async (t) => {
  let now = 120_000
  const isFirst = createRecentlySeen(() => now, 60_000)
  t.strictSame(['a', 'b', 'a', 'b'].map(isFirst), [true, true, false, false])
  now += 59_999
  t.notOk(isFirst('a'))
  now += 1
  t.strictSame(['a', 'a'].map(isFirst), [true, false], 'is news again a minute later')
  for (let index = 1; index < 10_000; index++) isFirst(`${index}`)
  t.ok(isFirst('one too many'))
  t.ok(isFirst('a'), 'and where there is too much of it to remember')
})
