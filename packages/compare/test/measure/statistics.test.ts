import { test } from 'tap'
import {
  apart,
  cliffsDelta,
  compare,
  confidence,
  intervalOfMedian,
  median,
  present,
  quantile,
  rate,
  spread
} from '../../src/measure/statistics.ts'

test('the median and the spread', (t) => {
  t.strictSame(spread([3, 1, 2]), { median: 2, least: 1, most: 3 })
  t.equal(median([4, 1, 3, 2]), 2.5)
  t.equal(median([7]), 7)
  t.throws(() => spread([]), RangeError)
  t.strictSame(present([3, null, 0]), [3, 0])
  t.end()
})

test('two targets are compared round by round', (t) => {
  const cases = [
    ['more in every round', [20, 44, 63], [10, 20, 30], 'more', 2.1],
    ['less in every round', [10, 20, 30], [20, 50, 60], 'less', 0.5],
    ['now more, now less', [11, 18, 33], [10, 20, 30], 'noise', 1.1],
    ['equal', [10, 20, 30], [10, 20, 30], 'noise', 1],
    ['apart by far, in two rounds', [100, 100], [1, 1], 'unknown', 100],
    ['a round that one has not', [20, null, 40, 60, 80], [10, 20, null, 30, 40], 'more', 2],
    ['a round of zero', [20, 5, 40, 60, 80], [10, 0, 20, 30, 40], 'more', 2]
  ] as const
  for (const [what, values, others, verdict, ratio] of cases) {
    const compared = compare(values, others)
    t.equal(compared?.verdict, verdict, what)
    t.equal(compared?.median.toFixed(6), ratio.toFixed(6), what)
  }
  t.equal(compare([1, null], [null, 1]), undefined)
  t.end()
})

test('a slow spell that falls on both is no difference', (t) => {
  // All of one lie within all of the other, and still it was slower in every round.
  const compared = compare([90, 45, 81, 18], [100, 50, 90, 20])
  t.match(compared, { verdict: 'less', median: 0.9 })
  t.end()
})

test('the interval of the median is right in nine of ten cases, or all of the values', (t) => {
  const upTo = (count: number) => Array.from({ length: count }, (_, index) => index + 1)
  // By the table of the sign test.
  const cases = [
    [3, [1, 3]],
    [5, [1, 5]],
    [7, [1, 7]],
    [8, [2, 7]],
    [11, [3, 9]],
    [20, [6, 15]]
  ] as const
  for (const [count, interval] of cases) t.strictSame(intervalOfMedian(upTo(count).reverse()), interval, `${count}`)
  t.end()
})

test('how often that interval is right', (t) => {
  t.strictSame(
    [3, 4, 5, 7, 8, 20].map((rounds) => confidence(rounds)),
    [
      { right: 0.75, isAll: true },
      { right: 0.875, isAll: true },
      { right: 0.9375, isAll: true },
      { right: 0.984375, isAll: true },
      { right: 0.9, isAll: false },
      { right: 0.9, isAll: false }
    ]
  )
  t.end()
})

test('sets that were not taken side by side', (t) => {
  t.equal(apart([1, 2, 3], [4, 5]), true)
  t.equal(apart([4, 5], [1, 2, 3]), true)
  t.equal(apart([1, 2, 4], [3, 5]), false)
  t.end()
})

test('quantiles by nearest rank', (t) => {
  const values = Array.from({ length: 200 }, (_, index) => 200 - index)
  t.equal(quantile(values, 0.5), 100)
  t.equal(quantile(values, 0.99), 198)
  t.equal(quantile(values, 1), 200)
  t.equal(quantile(values, 0), 1)
  t.ok(Number.isNaN(quantile([], 0.5)))
  t.end()
})

test('a rate counts from the first end to the last', (t) => {
  t.equal(rate([5500, 5000, 6000]), 2)
  t.end()
})

test('how far two samples are apart', (t) => {
  t.equal(cliffsDelta([1, 2, 3], [1, 2, 3]), 0)
  t.equal(cliffsDelta([4, 5], [1, 2, 3]), 1)
  t.equal(cliffsDelta([1], [2, 3]), -1)
  t.equal(cliffsDelta([1, 4], [2, 3]), 0)
  t.equal(cliffsDelta([2, 4], [1, 3]), 0.5)
  t.end()
})
