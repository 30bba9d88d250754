import { test } from 'tap'
import { countOf } from '../../src/plural.ts'

test('a number of something', (t) => {
  t.strictSame(
    [0, 1, 2].map((count) => countOf(count, 'session')),
    ['0 sessions', '1 session', '2 sessions']
  )
  t.end()
})
