import { test } from 'tap'
import { tally } from '../../src/report/tally.ts'

test('how many of each there are, the most frequent first', (t) => {
  t.equal(tally(['429', 'reset', '429', '500', '429', '500']), '3 × 429, 2 × 500, 1 × reset')
  t.equal(tally([]), '')
  t.end()
})
