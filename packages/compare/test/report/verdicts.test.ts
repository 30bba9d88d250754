import { test } from 'tap'
import { amount, method, pointsOf, range, ratioOf, rowsOf, verdictOf } from '../../src/report/verdicts.ts'
import { curve, example } from '../example.ts'

test('what there is to tell, in the order of the measures', (t) => {
  const figures = {
    memory: { a: [null, null], b: [20, null] },
    secretRate: { a: [100, 200], b: [null, 300], c: [1, 2] },
    startUp: { a: [null], b: [null] },
    unheard: { a: [1] }
  }
  const targets = ['a', 'b', 'none'].map((name) => ({ name, url: '', contract: '', differences: [] }))
  t.strictSame(rowsOf({ figures, targets }), [
    {
      measure: 'secretRate',
      told: [
        { target: 'a', values: [100, 200], median: 150, least: 100, most: 200, ratio: undefined },
        {
          target: 'b',
          values: [300],
          median: 300,
          least: 300,
          most: 300,
          ratio: { median: 1.5, least: 1.5, most: 1.5, ratios: [1.5], verdict: 'unknown' }
        }
      ]
    },
    // Of the first there is none, so that there is no ratio to it.
    { measure: 'memory', told: [{ target: 'b', values: [20], median: 20, least: 20, most: 20, ratio: undefined }] }
  ])
  t.strictSame(rowsOf({ figures: { memory: { b: [1] } }, targets: [] }), [], 'nobody has nothing')
  t.end()
})

test('more is better of some, and less of others', (t) => {
  const ratio = { median: 2, least: 1.5, most: 2.5 }
  const cases = [
    ['secretRate', 'more', 'better'],
    ['secretRate', 'less', 'worse'],
    ['memory', 'more', 'worse'],
    ['memory', 'less', 'better'],
    ['memory', 'noise', 'within noise'],
    ['memory', 'unknown', 'too few rounds to say']
  ] as const
  for (const [measure, verdict, told] of cases) t.equal(verdictOf(measure, { ...ratio, verdict }), told)
  t.equal(range(ratio), '[1.50..2.50]')
  t.equal(ratioOf('memory', { ...ratio, verdict: 'less' }), '2.00 × [1.50..2.50], better')
  t.end()
})

test('where a curve is', (t) => {
  t.strictSame(
    [amount(1, 'clients'), amount(64, 'clients'), amount(100_000, 'accounts')],
    ['1 client', '64 clients', '100,000 accounts']
  )
  t.end()
})

test('of a curve, what has a value', (t) => {
  const series = {
    a: [
      { x: 1, values: [3, 1, null] },
      { x: 2, values: [null] }
    ],
    b: [{ x: 2, values: [5] }]
  }
  t.strictSame(pointsOf({ ...curve, series }), [
    { name: 'a', x: 1, median: 2, least: 1, most: 3 },
    { name: 'b', x: 2, median: 5, least: 5, most: 5 }
  ])
  t.end()
})

const OF_ALL = [
  'Everything was measured in 3 rounds: each takes every measurement of every service in turn, about 4 s each, and the next one begins with another service, so that a slow spell of the machine falls on all of them.',
  'Each figure is the median of the rounds, with the least and the most of them in brackets.',
  '50 connections ask for /secret, 16 clients sign in or register, all at once. In the storm 32 logins are always in flight, and /secret is asked for every 20 ms on top.',
  "The load comes from autocannon on the same machine: of a fast server, the answers a second are partly autocannon's own doing; its CPU time a request, counted by the kernel for all its processes, is not. While passwords are hashed it runs ahead of other programs (nice -10), where it may."
]

test('how it was done', (t) => {
  const [rounds, median, ...load] = OF_ALL
  t.strictSame(method(example()), [
    rounds,
    median,
    "A ratio is to a: the median of the rounds' own ratios. It is within noise where the interval of that median (sign test, 75 %: all of the rounds' ratios) holds 1, and with fewer than 3 rounds that have both nothing is said. Where the machine was busy, the ratios count and not the figures.",
    ...load,
    'bcrypt alone is the library of Node at cost 12 on all cores with nothing beside it, in the same rounds: 10.0 [10.0..10.0] hashes a second. Another language has another implementation, which may be slower or faster.',
    'In the storms an empty server was asked at the same moments, and answered within 1.50 [1.00..2.00] ms (99th percentile): what is near that is the machine and the client, not the service.',
    'Other programs, databases among them, took 2 % of the machine in the middle, 5 % at the most.'
  ])
  t.end()
})

test('how sure the word of noise is depends on the rounds', (t) => {
  const all = "all of the rounds' ratios"
  const cases: [number, string][] = [
    [1, 'With fewer than 3 rounds nothing is said of differences.'],
    [2, 'With fewer than 3 rounds nothing is said of differences.'],
    [3, `(sign test, 75 %: ${all}) holds 1`],
    [4, `(sign test, 87.5 %: ${all}) holds 1`],
    [5, `(sign test, 93.8 %: ${all}) holds 1`],
    [7, `(sign test, 98.4 %: ${all}) holds 1`],
    [8, '(sign test, 90 % or more) holds 1'],
    [100, '(sign test, 90 % or more) holds 1']
  ]
  for (const [rounds, words] of cases) {
    const settings = { ...example().settings, rounds }
    t.ok(method(example({ settings }))[2]?.includes(words), `${rounds}`)
  }
  t.end()
})

test('curves and starts, where there are some', (t) => {
  const short = { ...curve, series: { a: [{ x: 1, values: [1] }] } }
  const starts = { figures: { startUp: { a: [300] } } }
  const told = (changed: Parameters<typeof example>[0]) => method(example({ others: [], ...changed })).slice(6)
  const resting = (rounds: string) =>
    `The curves rest on ${rounds} with half the time for each measurement, and are not taken again where other programs disturbed them.`
  const last = method(example({ others: [] })).at(-1) as string
  t.match(last, /^In the storms/)
  t.strictSame(told({ curves: [short, curve] }), [last, resting('3 rounds')])
  t.strictSame(told({ curves: [short] }), [last, resting('1 round')])
  t.strictSame(told(starts), [last, 'Starts are measured after all else, one service at a time.'])
  t.end()
})

test('what was not measured is not told', (t) => {
  const alone = { targets: example().targets.slice(0, 1), bcrypt: [], control: [], others: [] }
  t.strictSame(method(example(alone)), OF_ALL)
  const settings = { ...example().settings, rounds: 1 }
  t.match(method(example({ settings }))[0], /^Everything was measured in 1 round: /)
  t.end()
})
