import { test } from 'tap'
import { frequencies } from '../../src/report/frequencies.ts'

test('how many of each there are, the most frequent first', (t) => {
  t.equal(frequencies(['429', 'reset', '429', '500', '429', '500']), '3 × 429, 2 × 500, 1 × reset')
  t.equal(frequencies([]), '')
  t.end()
})
