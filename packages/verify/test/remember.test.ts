import { test } from 'tap'
import { remember } from '../src/remember.ts'

test('as many entries are kept as fit, and the oldest is forgotten', async (t) => {
  const map = new Map<string, number>()
  for (const [index, key] of ['a', 'b', 'c', 'd'].entries()) remember(map, key, index, 3)
  t.strictSame(
    [...map],
    [
      ['b', 1],
      ['c', 2],
      ['d', 3]
    ]
  )
})
