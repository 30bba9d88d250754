import { test } from 'tap'
import { bar, duration } from '../../../bench/compare/progress.ts'
import { rotate } from '../../../bench/compare/rounds.ts'

test('each round begins with another', (t) => {
  const rounds = [0, 1, 2, 3].map((round) => rotate(['A', 'B', 'C'], round).join(''))
  t.strictSame(rounds, ['ABC', 'BCA', 'CAB', 'ABC'])
  t.strictSame(rotate([], 2), [])
  t.end()
})

test('how far it is', (t) => {
  t.equal(bar(0.5), '██████████░░░░░░░░░░')
  t.equal(bar(2), '█'.repeat(20))
  t.equal(duration(40_000), '40 s')
  t.equal(duration(250_000), '4 min')
  t.end()
})
